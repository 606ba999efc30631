/* SPDX-License-Identifier: Apache-2.0 */
/* Every attribute that the headers name, of every package in every state, against the tables of
 * docs/ATTRIBUTES.md: whoever adds a constant, or an answer, has to say there what it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>
#include <opensspi/schannel.h>
#include <opensspi/security.h>

#include "base/clock.h"
#include "codec/krb_msg.h"
#include "crypto/krb_crypt.h"
#include "tests/support/api_pair.h"
#include "tests/support/attribute_table.h"
#include "tests/support/demo_export.h"

/* --- the clock ----------------------------------------------------------------------------- */

static uint64_t clock_ahead_100ns;

uint64_t __real_clock_now_100ns(void);
uint64_t __wrap_clock_now_100ns(void);

uint64_t
__wrap_clock_now_100ns(void)
{
    return __real_clock_now_100ns() + clock_ahead_100ns;
}

/* --- the table ------------------------------------------------------------------------------ */

static void
test_document__has_each_constant_of_the_headers_once(void **state)
{
    assert_true(attribute_n_constants > 70);
    for (size_t i = 0; i < attribute_n_constants; i++) {
        if (!attribute_row(attribute_constants[i].name)) {
            fail_msg("%s is in no table of docs/ATTRIBUTES.md", attribute_constants[i].name);
        }
    }
    assert_int_equal(attribute_n_rows, attribute_n_constants);
}

enum { ROOM_BYTES = 64, FILL = 0xA5 };

union answer {
    uint8_t bytes[ROOM_BYTES];
    void *words[ROOM_BYTES / sizeof(void *)];
};

static void *
pointer_at(const union answer *a, size_t at)
{
    return a->words[at / sizeof(void *)];
}

static bool
is_untouched(const union answer *a, size_t from)
{
    for (size_t i = from; i < ROOM_BYTES; i++) {
        if (a->bytes[i] != FILL) {
            return false;
        }
    }
    return true;
}

static void
assert_same_text(const char *a, const SEC_WCHAR *w)
{
    do {
        assert_int_equal((unsigned char)*a, *w++);
    } while (*a++);
}

/* The same in both widths, and each pointer is the caller's. */
static void
compare_and_free(const struct attribute_shape *s, union answer *a, union answer *w)
{
    for (size_t i = 0; i < s->n_members; i++) {
        void *in_a = pointer_at(a, s->members[i].at), *in_w = pointer_at(w, s->members[i].at);
        const SecPkgInfoA *package_a = in_a;
        const SecPkgInfoW *package_w = in_w;
        const SEC_WCHAR *units_a = in_a, *units_w = in_w;

        switch (s->members[i].kind) {
        case ATTRIBUTE_TEXT: assert_same_text(in_a, in_w); break;
        case ATTRIBUTE_WIDE:
            for (size_t k = 0; k == 0 || units_a[k - 1]; k++) {
                assert_int_equal(units_a[k], units_w[k]);
            }
            break;
        case ATTRIBUTE_PACKAGE:
            assert_same_text(package_a->Name, package_w->Name);
            assert_int_equal(package_a->fCapabilities, package_w->fCapabilities);
            break;
        case ATTRIBUTE_BYTES: assert_memory_equal(in_a, in_w, 8); break;
        default: assert_ptr_equal(in_a, in_w);
        }
        if (s->members[i].kind != ATTRIBUTE_LENT) {
            assert_int_equal(FreeContextBuffer(in_a), SEC_E_OK);
            assert_int_equal(FreeContextBuffer(in_w), SEC_E_OK);
        }
        a->words[s->members[i].at / sizeof(void *)] = w->words[s->members[i].at / sizeof(void *)] =
            NULL;
    }
    assert_memory_equal(a->bytes, w->bytes, s->bytes);
}

/* --- contexts ------------------------------------------------------------------------------ */

static const struct kind {
    const char *package;
    bool password;  /* else Alice's ticket */
    size_t columns; /* of the table: the package's, and then the mechanism's */
    size_t mechanism;
} kinds[] = {
    { "Kerberos", false, 0, 0 },
    { "NTLM", true, 1, 1 },
    { "Negotiate", false, 2, 0 },
    { "Negotiate", true, 2, 1 },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

enum condition { HALF_OPEN, ESTABLISHED, EXPIRED, EXPORTED, IMPORTED, FAILED, DELETED };

struct subject {
    const struct kind *kind;
    CtxtHandle *context;
    bool server;
    enum condition condition;
};

static const char NONE[] = "–";

static bool
is_supported(const struct attribute_row *r)
{
    return strcmp(r->cells[0], NONE) != 0 || strcmp(r->cells[1], NONE) != 0 ||
           strcmp(r->cells[2], NONE) != 0;
}

/* What differs with the state is in the text beside the row. */
static SECURITY_STATUS
exception(const struct subject *s, ULONG id, SECURITY_STATUS usual)
{
    if (id == SECPKG_ATTR_ACCESS_TOKEN) {
        if (s->condition == EXPORTED) {
            return SEC_E_CONTEXT_EXPIRED;
        }
        /* Alice has no PAC, and nobody here is called like her. */
        return s->server && s->kind->mechanism == 1 ? usual : SEC_E_NO_IMPERSONATION;
    }
    if ((id == SECPKG_ATTR_NEGO_STATUS || id == SECPKG_ATTR_NEGO_PKG_INFO) &&
        s->condition == IMPORTED) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    return usual;
}

static SECURITY_STATUS
expected(const struct subject *s, const struct attribute_constant *c)
{
    const struct attribute_row *r = attribute_row(c->name);
    const char *cell = r->cells[s->kind->columns];
    bool early = s->condition == HALF_OPEN && strcmp(r->cells[ATTRIBUTE_BEFORE], "yes") != 0;

    if (s->condition == DELETED) {
        return SEC_E_INVALID_HANDLE;
    }
    if (!is_supported(r)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (s->condition == FAILED || early) {
        return SEC_E_INVALID_HANDLE;
    }
    cell = strcmp(cell, "mechanism") == 0 ? r->cells[s->kind->mechanism] : cell;
    if (strcmp(cell, "both") == 0 || strcmp(cell, s->server ? "server" : "client") == 0) {
        return exception(s, c->id, SEC_E_OK);
    }
    return exception(s, c->id, SEC_E_UNSUPPORTED_FUNCTION);
}

static SECURITY_STATUS
query(const struct subject *s, ULONG id, bool wide, union answer *to)
{
    memset(to, FILL, sizeof(*to));
    return wide ? QueryContextAttributesW(s->context, id, to)
                : QueryContextAttributesA(s->context, id, to);
}

static SECURITY_STATUS
query_n(const struct subject *s, ULONG id, bool wide, union answer *to, ULONG n)
{
    memset(to, FILL, sizeof(*to));
    return wide ? QueryContextAttributesExW(s->context, id, to, n)
                : QueryContextAttributesExA(s->context, id, to, n);
}

static void
check_refused(const struct subject *s, const struct attribute_constant *c, SECURITY_STATUS status)
{
    for (int wide = 0; wide < 2; wide++) {
        union answer a;

        assert_int_equal(query(s, c->id, wide, &a), status);
        assert_true(is_untouched(&a, 0));
        assert_int_equal(query_n(s, c->id, wide, &a, sizeof(a)), status);
        assert_true(is_untouched(&a, 0));
        assert_int_not_equal(OpenSspiReason()[0], 0);
    }
}

static void
check_answered(const struct subject *s, const struct attribute_constant *c)
{
    const struct attribute_shape *shape = attribute_shape(c->id);
    union answer a, w;

    for (int ex = 0; ex < 2; ex++) {
        ULONG n = (ULONG)shape->bytes;

        assert_int_equal(ex ? query_n(s, c->id, false, &a, n) : query(s, c->id, false, &a),
                         SEC_E_OK);
        assert_int_equal(ex ? query_n(s, c->id, true, &w, n) : query(s, c->id, true, &w), SEC_E_OK);
        assert_true(is_untouched(&a, shape->bytes) && is_untouched(&w, shape->bytes));
        compare_and_free(shape, &a, &w);
    }
    for (int wide = 0; wide < 2; wide++) {
        for (ULONG n = 0; n < shape->bytes; n++) {
            assert_int_equal(query_n(s, c->id, wide, &a, n), SEC_E_BUFFER_TOO_SMALL);
            assert_true(is_untouched(&a, 0));
        }
    }
    assert_int_equal(QueryContextAttributesA(s->context, c->id, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(QueryContextAttributesExW(s->context, c->id, NULL, 64),
                     SEC_E_INVALID_PARAMETER);
}

static void
check(const struct subject *s)
{
    static const char *const conditions[] = { "half open", "established", "expired", "exported",
                                              "imported",  "failed",      "deleted" };

    for (size_t i = 0; i < attribute_n_constants; i++) {
        const struct attribute_constant *c = &attribute_constants[i];
        SECURITY_STATUS status, wanted;
        union answer a;

        if (c->of_credentials) {
            continue;
        }
        wanted = expected(s, c);
        status = query(s, c->id, true, &a);
        if (status != wanted) {
            fail_msg("%s of a %s %s's context of %s, which is %s: %s, where the table has %s: %s",
                     c->name, s->kind->package, s->server ? "server" : "client",
                     s->kind->mechanism ? "NTLM" : "Kerberos", conditions[s->condition],
                     OpenSspiStatusName(status), OpenSspiStatusName(wanted), OpenSspiReason());
        }
        if (status != SEC_E_OK) {
            check_refused(s, c, status);
        } else {
            const struct attribute_shape *shape = attribute_shape(c->id);

            for (size_t k = 0; k < shape->n_members; k++) {
                if (shape->members[k].kind != ATTRIBUTE_LENT) {
                    (void)FreeContextBuffer(pointer_at(&a, shape->members[k].at));
                }
            }
            check_answered(s, c);
        }
        assert_int_equal(SetContextAttributesA(s->context, c->id, &a, sizeof(a)),
                         s->condition == DELETED ? SEC_E_INVALID_HANDLE
                                                 : SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(SetContextAttributesW(s->context, c->id, &a, sizeof(a)),
                         s->condition == DELETED ? SEC_E_INVALID_HANDLE
                                                 : SEC_E_UNSUPPORTED_FUNCTION);
    }
}

static void
check_both(struct api_pair *p, const struct kind *kind, enum condition condition)
{
    check(&(struct subject){ kind, &p->client, false, condition });
    check(&(struct subject){ kind, &p->server, true, condition });
}

/* --- in each state ------------------------------------------------------------------------- */

static void
acquire(struct api_pair *p, const struct kind *kind)
{
    SECURITY_STATUS status = kind->password
                                 ? api_acquire(p, kind->package, "demo", "DOMAIN", "Passw0rd!")
                                 : api_acquire_own(p, kind->package);

    assert_int_equal(status, SEC_E_OK);
}

static void
create(struct api_pair *p)
{
    assert_int_equal(OpenSspiCreateContext(&p->client_cred, SECPKG_CRED_OUTBOUND, &p->client),
                     SEC_E_OK);
    assert_int_equal(OpenSspiCreateContext(&p->server_cred, SECPKG_CRED_INBOUND, &p->server),
                     SEC_E_OK);
    p->have_client = p->have_server = 1;
}

static void
establish(struct api_pair *p, const struct kind *kind)
{
    acquire(p, kind);
    if (api_establish(p, ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH, 0) != SEC_E_OK) {
        fail_msg("%s: %s", kind->package, OpenSspiReason());
    }
}

static void
test_half_open(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        uint8_t to_server[API_TOKEN_BYTES], to_client[API_TOKEN_BYTES];
        SecBuffer in = { 0 }, out = { sizeof(to_server), SECBUFFER_TOKEN, to_server };
        SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                      out_desc = { SECBUFFER_VERSION, 1, &out };
        struct api_pair p;
        ULONG flags;

        acquire(&p, &kinds[i]);
        create(&p);
        check_both(&p, &kinds[i], HALF_OPEN);
        assert_int_equal(InitializeSecurityContextA(&p.client_cred, &p.client,
                                                    API_NAME("HTTP/server.domain.test"),
                                                    ISC_REQ_MUTUAL_AUTH, 0, 0, NULL, 0, &p.client,
                                                    &out_desc, &flags, NULL),
                         SEC_I_CONTINUE_NEEDED);
        check(&(struct subject){ &kinds[i], &p.client, false, HALF_OPEN });
        if (kinds[i].mechanism == 1) {
            in = (SecBuffer){ out.cbBuffer, SECBUFFER_TOKEN, to_server };
            out = (SecBuffer){ sizeof(to_client), SECBUFFER_TOKEN, to_client };
            assert_int_equal(AcceptSecurityContext(&p.server_cred, &p.server, &in_desc, 0, 0,
                                                   &p.server, &out_desc, &flags, NULL),
                             SEC_I_CONTINUE_NEEDED);
            check(&(struct subject){ &kinds[i], &p.server, true, HALF_OPEN });
        }
        api_release(&p);
    }
}

static void
test_established__and_when_the_ticket_has_run_out(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct api_pair p;

        establish(&p, &kinds[i]);
        check_both(&p, &kinds[i], ESTABLISHED);
        clock_ahead_100ns = 20 * 3600 * CLOCK_SECOND_100NS;
        check_both(&p, &kinds[i], EXPIRED);
        clock_ahead_100ns = 0;
        api_release(&p);
    }
}

static void
move(const struct kind *kind, struct api_pair *p, bool server)
{
    CtxtHandle *context = server ? &p->server : &p->client;
    SecBuffer b = { 0 };

    assert_int_equal(ExportSecurityContext(context, 0, &b, NULL), SEC_E_OK);
    check(&(struct subject){ kind, context, server, EXPORTED });
    assert_int_equal(DeleteSecurityContext(context), SEC_E_OK);
    check(&(struct subject){ kind, context, server, DELETED });
    assert_int_equal(ImportSecurityContextA(API_NAME(kind->package), &b, NULL, context), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(b.pvBuffer), SEC_E_OK);
    check(&(struct subject){ kind, context, server, IMPORTED });
}

static void
test_exported_deleted_and_imported(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct api_pair p;

        establish(&p, &kinds[i]);
        move(&kinds[i], &p, false);
        move(&kinds[i], &p, true);
        api_release(&p);
    }
}

static void
test_failed(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        uint8_t room[API_TOKEN_BYTES], garbage[] = "this is no token";
        SecBuffer in = { sizeof(garbage), SECBUFFER_TOKEN, garbage };
        SecBuffer out = { sizeof(room), SECBUFFER_TOKEN, room };
        SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                      out_desc = { SECBUFFER_VERSION, 1, &out };
        struct api_pair p;
        ULONG flags;

        acquire(&p, &kinds[i]);
        create(&p);
        assert_true(AcceptSecurityContext(&p.server_cred, &p.server, &in_desc, 0, 0, &p.server,
                                          &out_desc, &flags, NULL) < 0);
        for (int leg = 0; leg < 2; leg++) {
            out.cbBuffer = sizeof(room);
            (void)InitializeSecurityContextA(&p.client_cred, &p.client, API_NAME(DEMO_SERVICE),
                                             ISC_REQ_MUTUAL_AUTH, 0, 0, leg ? &in_desc : NULL, 0,
                                             &p.client, &out_desc, &flags, NULL);
        }
        check_both(&p, &kinds[i], FAILED);
        api_release(&p);
    }
}

/* --- values -------------------------------------------------------------------------------- */

static void
assert_text(CtxtHandle *h, ULONG id, const char *text)
{
    union answer a;

    assert_int_equal(QueryContextAttributesA(h, id, &a), SEC_E_OK);
    assert_string_equal(a.words[0], text);
    assert_int_equal(FreeContextBuffer(a.words[0]), SEC_E_OK);
}

static void
assert_protocol(CtxtHandle *h, const char *name, ULONG major)
{
    SecPkgContext_ProtoInfoA p;

    assert_int_equal(QueryContextAttributesA(h, SECPKG_ATTR_PROTO_INFO, &p), SEC_E_OK);
    assert_string_equal(p.sProtocolName, name);
    assert_int_equal(p.majorVersion, major);
    assert_int_equal(p.minorVersion, 0);
    assert_int_equal(FreeContextBuffer(p.sProtocolName), SEC_E_OK);
}

static void
assert_dce_info(CtxtHandle *h, const char *name)
{
    SecPkgContext_DceInfo d;

    assert_int_equal(QueryContextAttributesA(h, SECPKG_ATTR_DCE_INFO, &d), SEC_E_OK);
    assert_int_equal(d.AuthzSvc, 1);
    assert_same_text(name, d.pPac);
    assert_int_equal(FreeContextBuffer(d.pPac), SEC_E_OK);
}

static void
test_values__of_each_mechanism(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        bool ntlm = kinds[i].mechanism == 1;
        SecPkgContext_UserFlags flags;
        SecPkgContext_LogoffTime logoff;
        SecPkgContext_PasswordExpiry password;
        struct api_pair p;

        establish(&p, &kinds[i]);
        assert_protocol(&p.client, ntlm ? "NTLM" : "Kerberos", ntlm ? 2 : 5);
        assert_protocol(&p.server, ntlm ? "NTLM" : "Kerberos", ntlm ? 2 : 5);
        assert_dce_info(&p.server, ntlm ? "DOMAIN\\demo" : DEMO_REALM "\\alice");
        assert_text(&p.server, SECPKG_ATTR_AUTHORITY, ntlm ? "DOMAIN" : DEMO_REALM);
        if (ntlm) {
            assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_USER_FLAGS, &flags),
                             SEC_E_OK);
            assert_int_equal(flags.UserFlags, 0x100); /* LOGON_NTLMV2_ENABLED */
            assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_LOGOFF_TIME, &logoff),
                             SEC_E_OK);
            assert_int_equal(logoff.tsLogoffTime.QuadPart, INT64_MAX);
            assert_int_equal(
                QueryContextAttributesA(&p.server, SECPKG_ATTR_PASSWORD_EXPIRY, &password),
                SEC_E_OK);
            assert_int_equal(password.tsPasswordExpires.QuadPart, INT64_MAX);
        }
        api_release(&p);
    }
}

static ULONG
number(CtxtHandle *h, ULONG id)
{
    union answer a = { { 0 } };
    ULONG n;

    assert_int_equal(QueryContextAttributesA(h, id, &a), SEC_E_OK);
    memcpy(&n, a.bytes, sizeof(n));
    return n;
}

static void
test_values__of_a_negotiation(void **state)
{
    static const struct {
        const char *policy;
        ULONG lacks;
    } table[] = {
        { "Kerberos,NTLM", 0 },
        { "NTLM", SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS },
        { "!ntlm", SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const OPENSSPI_OPTION option = { "packages", table[i].policy };
        struct api_pair p;

        acquire(&p, &kinds[2]);
        assert_int_equal(FreeCredentialsHandle(&p.server_cred), SEC_E_OK);
        assert_int_equal(OpenSspiAcquireCredentialsHandle("Negotiate", SECPKG_CRED_INBOUND, NULL,
                                                          &option, 1, NULL, 0, &p.server_cred,
                                                          NULL),
                         SEC_E_OK);
        create(&p);
        assert_int_equal(number(&p.server, SECPKG_ATTR_NEGO_PKG_INFO), table[i].lacks);
        assert_int_equal(number(&p.server, SECPKG_ATTR_NEGO_STATUS), SEC_E_OK);
        assert_int_equal(number(&p.client, SECPKG_ATTR_NEGO_PKG_INFO), 0);
        api_release(&p);
    }
}

/* Alice's client has no password: NTLM is not offered, and the server sees that. */
static void
test_values__of_what_the_client_offers(void **state)
{
    struct api_pair p;

    establish(&p, &kinds[2]);
    assert_int_equal(number(&p.server, SECPKG_ATTR_NEGO_PKG_INFO),
                     SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM);
    assert_int_equal(number(&p.client, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS),
                     SecPkgAttrLastClientTokenYes);
    api_release(&p);
    /* Demo's has no ticket, and says why. */
    establish(&p, &kinds[3]);
    assert_int_equal(
        number(&p.server, SECPKG_ATTR_NEGO_PKG_INFO) & SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM, 0);
    assert_int_equal(number(&p.client, SECPKG_ATTR_NEGO_PKG_INFO),
                     SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS);
    assert_true((SECURITY_STATUS)number(&p.client, SECPKG_ATTR_NEGO_STATUS) < 0);
    api_release(&p);
}

/* --- credentials --------------------------------------------------------------------------- */

static SECURITY_STATUS
expected_of_credential(const struct kind *kind, const struct attribute_constant *c, bool server)
{
    const struct attribute_row *r = attribute_row(c->name);

    if (strcmp(r->cells[kind->columns], NONE) == 0) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    return server ? SEC_E_NO_CREDENTIALS : SEC_E_OK;
}

static void
check_credential(const struct kind *kind, CredHandle *h, bool server)
{
    for (size_t i = 0; i < attribute_n_constants; i++) {
        const struct attribute_constant *c = &attribute_constants[i];
        SECURITY_STATUS status = c->of_credentials ? expected_of_credential(kind, c, server)
                                                   : SEC_E_UNSUPPORTED_FUNCTION;
        union answer a = { { 0 } }, w = { { 0 } };

        if (!c->of_credentials && c->id <= SECPKG_CRED_ATTR_PAC_BYPASS) {
            continue; /* the same number */
        }
        memset(&a, FILL, sizeof(a));
        memset(&w, FILL, sizeof(w));
        assert_int_equal(QueryCredentialsAttributesA(h, c->id, &a), status);
        assert_int_equal(QueryCredentialsAttributesExW(h, c->id, &w, sizeof(w)), status);
        if (status == SEC_E_OK) {
            assert_same_text(a.words[0], w.words[0]);
            assert_int_equal(FreeContextBuffer(a.words[0]), SEC_E_OK);
            assert_int_equal(FreeContextBuffer(w.words[0]), SEC_E_OK);
            for (ULONG n = 0; n < sizeof(void *); n++) {
                memset(&a, FILL, sizeof(a));
                assert_int_equal(QueryCredentialsAttributesExA(h, c->id, &a, n),
                                 SEC_E_BUFFER_TOO_SMALL);
                assert_true(is_untouched(&a, 0));
            }
        } else {
            assert_true(is_untouched(&a, 0) && is_untouched(&w, 0));
        }
        assert_int_equal(SetCredentialsAttributesA(h, c->id, &a, sizeof(a)),
                         SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(SetCredentialsAttributesW(h, c->id, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_not_equal(OpenSspiReason()[0], 0);
    }
}

static void
test_credentials(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        CredHandle gone;
        union answer a;
        struct api_pair p;

        acquire(&p, &kinds[i]);
        check_credential(&kinds[i], &p.client_cred, false);
        check_credential(&kinds[i], &p.server_cred, true);
        gone = p.server_cred;
        api_release(&p);
        assert_int_equal(QueryCredentialsAttributesA(&gone, SECPKG_CRED_ATTR_NAMES, &a),
                         SEC_E_INVALID_HANDLE);
        assert_int_equal(SetCredentialsAttributesA(&gone, SECPKG_CRED_ATTR_NAMES, &a, sizeof(a)),
                         SEC_E_INVALID_HANDLE);
    }
}

/* --- tokens of control --------------------------------------------------------------------- */

static void
test_control__no_package_has_any(void **state)
{
    static const ULONG tokens[] = { SCHANNEL_RENEGOTIATE, SCHANNEL_SHUTDOWN, SCHANNEL_ALERT,
                                    SCHANNEL_SESSION, 0xFFFFFFFF };

    for (size_t i = 0; i < N_KINDS * sizeof(tokens) / sizeof(tokens[0]); i++) {
        ULONG token = tokens[i / N_KINDS];
        SecBuffer b = { sizeof(token), SECBUFFER_TOKEN, &token };
        SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };
        struct api_pair p;

        establish(&p, &kinds[i % N_KINDS]);
        assert_int_equal(ApplyControlToken(&p.client, &d), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(ApplyControlToken(&p.server, NULL), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(token, tokens[i / N_KINDS]);
        assert_int_equal(
            DelegateSecurityContext(&p.client, API_NAME("HTTP/other"), SecFull, NULL, NULL, &d),
            SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(ApplyControlToken(&p.client_cred, &d), SEC_E_INVALID_HANDLE);
        assert_int_equal(DelegateSecurityContext(NULL, NULL, SecFull, NULL, NULL, NULL),
                         SEC_E_INVALID_HANDLE);
        api_release(&p);
    }
}

/* --- set up -------------------------------------------------------------------------------- */

static int
load(void **state)
{
    attribute_table_read();
    return demo_export_load(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document__has_each_constant_of_the_headers_once),
        cmocka_unit_test(test_half_open),
        cmocka_unit_test(test_established__and_when_the_ticket_has_run_out),
        cmocka_unit_test(test_exported_deleted_and_imported),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_values__of_each_mechanism),
        cmocka_unit_test(test_values__of_a_negotiation),
        cmocka_unit_test(test_values__of_what_the_client_offers),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_control__no_package_has_any),
    };

    return cmocka_run_group_tests(tests, load, demo_export_remove);
}
