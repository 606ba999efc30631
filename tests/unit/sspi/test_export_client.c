/* SPDX-License-Identifier: Apache-2.0 */
/* Clients' contexts that go from one process to another half-way: without the password's keys, which
 * are the credential's that goes on with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>
#include <opensspi/security.h>

#include "base/clock.h"
#include "base/utf16.h"
#include "crypto/ntlm_key.h"
#include "sspi/export_seal.h"

#include "tests/support/alloc_fail.h"
#include "tests/support/demo_export.h"
#include "tests/support/hex.h"
#include "tests/support/moving.h"

#define MUTUAL (PROTECTED | ISC_REQ_MUTUAL_AUTH)

/* How they come to an end: the client's last leg with a token or without, in SPNEGO with MICs and
 * without, after the first choice or the second. */
static const struct kind {
    const char *package;
    bool password;         /* else Alice's ticket, and demo's password for NTLM */
    const char *mechanism; /* that alone the server has; NULL: all */
    ULONG request;
} kinds[] = {
    { "NTLM", true, NULL, PROTECTED },       { "Negotiate", true, NULL, PROTECTED },
    { "Kerberos", false, NULL, MUTUAL },     { "Kerberos", false, NULL, DCE },
    { "Negotiate", false, NULL, PROTECTED }, { "Negotiate", false, NULL, MUTUAL },
    { "Negotiate", false, NULL, DCE },       { "Negotiate", false, "NTLM", MUTUAL },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]), WITH_KEYS = 2 /* whose last leg needs some */ };

static char credentials[80];

static int
load(void **state)
{
    FILE *f;

    if (demo_export_load(state) != 0) {
        return -1;
    }
    (void)snprintf(credentials, sizeof(credentials), "%s/credentials", demo_export_folder);
    f = fopen(credentials, "w");
    if (!f || fputs("DOMAIN:demo:Passw0rd!\n", f) < 0 || fclose(f) != 0) {
        return -1;
    }
    return chmod(credentials, 0600) == 0 ? setenv("OPENSSPI_CREDENTIALS", credentials, 1) : -1;
}

static int
remove_files(void **state)
{
    (void)unlink(credentials);
    return demo_export_remove(state);
}

static SECURITY_STATUS
acquire_client(const struct kind *k, const char *user, const char *password, PCredHandle out)
{
    struct api_pair p;
    SECURITY_STATUS status = k->password ? api_acquire(&p, k->package, user, "DOMAIN", password)
                                         : api_acquire_own(&p, k->package);

    if (status == SEC_E_OK) {
        (void)FreeCredentialsHandle(&p.server_cred);
        *out = p.client_cred;
    }
    return status;
}

static SECURITY_STATUS
acquire_server(const struct kind *k, PCredHandle out)
{
    const OPENSSPI_OPTION option = { "packages", k->mechanism ? k->mechanism : "Kerberos,NTLM" };

    return OpenSspiAcquireCredentialsHandle(k->package, SECPKG_CRED_INBOUND, NULL, &option, 1, NULL,
                                            0, out, NULL);
}

static void
acquire(struct api_pair *p, const struct kind *k)
{
    *p = (struct api_pair){ 0 };
    assert_int_equal(acquire_client(k, "demo", "Passw0rd!", &p->client_cred), SEC_E_OK);
    assert_int_equal(acquire_server(k, &p->server_cred), SEC_E_OK);
}

/* A client's leg; token is what came, and what goes. */
static SECURITY_STATUS
client_leg(const struct kind *k, PCredHandle cred, PCtxtHandle h, bool first, uint8_t *token,
           ULONG *n)
{
    uint8_t got[API_TOKEN_BYTES];
    SecBuffer in = { *n, SECBUFFER_TOKEN, got }, out = { API_TOKEN_BYTES, SECBUFFER_TOKEN, token };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS status;
    ULONG flags;

    memcpy(got, token, sizeof(got));
    status = InitializeSecurityContextA(cred, first ? NULL : h, API_NAME("HTTP/server.domain.test"),
                                        k->request, 0, 0, &in_desc, 0, h, &out_desc, &flags, NULL);
    *n = status >= 0 ? out.cbBuffer : *n;
    if (status < 0) {
        memcpy(token, got, sizeof(got));
    }
    return status;
}

static SECURITY_STATUS
server_leg(PCredHandle cred, PCtxtHandle h, bool first, uint8_t *token, ULONG *n)
{
    uint8_t got[API_TOKEN_BYTES];
    SecBuffer in = { *n, SECBUFFER_TOKEN, got }, out = { API_TOKEN_BYTES, SECBUFFER_TOKEN, token };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS status;
    ULONG flags;

    memcpy(got, token, sizeof(got));
    status =
        AcceptSecurityContext(cred, first ? NULL : h, &in_desc, 0, 0, h, &out_desc, &flags, NULL);
    *n = out.cbBuffer;
    return status;
}

/* --- from process to process ---------------------------------------------------------------- */

enum { PACKED_MAX = 8192 };

/* What a process leaves for the next. */
struct end {
    bool server;
    SECURITY_STATUS status;
    ULONG n, token_n; /* n 0: before the first leg */
    uint8_t packed[PACKED_MAX], token[API_TOKEN_BYTES];
    char reason[256];
};

/* In a process of its own: its credential, what was left, one leg, and what that leaves. */
static void
take_leg(const struct kind *k, struct end *e)
{
    SecBuffer b = { e->n, SECBUFFER_EMPTY, e->packed }, left = { 0 };
    bool first = e->n == 0;
    CtxtHandle h = { 0 };
    CredHandle cred;

    e->status =
        e->server ? acquire_server(k, &cred) : acquire_client(k, "demo", "Passw0rd!", &cred);
    if (e->status == SEC_E_OK && !first) {
        e->status = ImportSecurityContextA(API_NAME(k->package), &b, NULL, &h);
    }
    if (e->status == SEC_E_OK) {
        e->status = e->server ? server_leg(&cred, &h, first, e->token, &e->token_n)
                              : client_leg(k, &cred, &h, first, e->token, &e->token_n);
        (void)FreeCredentialsHandle(&cred);
    }
    if (e->status >= 0) {
        SECURITY_STATUS status = ExportSecurityContext(&h, 0, &left, NULL);

        e->status = status == SEC_E_OK ? e->status : status;
    }
    (void)snprintf(e->reason, sizeof(e->reason), "%s", OpenSspiReason());
    if (e->status >= 0) {
        assert_true(left.cbBuffer <= sizeof(e->packed));
        memcpy(e->packed, left.pvBuffer, left.cbBuffer);
        e->n = left.cbBuffer;
    }
}

static void
leg_elsewhere(const struct kind *k, struct end *e)
{
    size_t got = 0;
    int pipes[2], status = -1;
    pid_t child;

    assert_int_equal(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        take_leg(k, e);
        _exit(write(pipes[1], e, sizeof(*e)) == (ssize_t)sizeof(*e) ? 0 : 1);
    }
    assert_true(child > 0);
    (void)close(pipes[1]);
    while (got < sizeof(*e)) {
        ssize_t n = read(pipes[0], (uint8_t *)e + got, sizeof(*e) - got);

        assert_true(n > 0);
        got += (size_t)n;
    }
    (void)close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    if (e->status < 0) {
        fail_msg("%s, %s: %s: %s", k->package, e->server ? "server" : "client",
                 OpenSspiStatusName(e->status), e->reason);
    }
}

static CtxtHandle
taken_up(const struct kind *k, struct end *e)
{
    SecBuffer b = { e->n, SECBUFFER_EMPTY, e->packed };
    CtxtHandle h = { 0 };

    assert_int_equal(ImportSecurityContextA(API_NAME(k->package), &b, NULL, &h), SEC_E_OK);
    return h;
}

static void
test_legs__each_in_a_process_of_its_own__both_sides__finish(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct end ends[2] = { { .server = false, .status = SEC_I_CONTINUE_NEEDED },
                               { .server = true, .status = SEC_I_CONTINUE_NEEDED } };
        CtxtHandle client, server;
        unsigned turn = 0;

        while (ends[0].status != SEC_E_OK || ends[1].status != SEC_E_OK) {
            struct end *e = &ends[turn % 2], *before = &ends[(turn + 1) % 2];

            assert_true(turn < API_LEGS_MAX && e->status == SEC_I_CONTINUE_NEEDED);
            memcpy(e->token, before->token, before->token_n);
            e->token_n = before->token_n;
            leg_elsewhere(&kinds[i], e);
            turn++;
        }
        client = taken_up(&kinds[i], &ends[0]);
        server = taken_up(&kinds[i], &ends[1]);
        for (unsigned n = 0; n < 3; n++) {
            assert_passes(&client, &server);
            assert_passes(&server, &client);
        }
        assert_int_equal(DeleteSecurityContext(&client), SEC_E_OK);
        assert_int_equal(DeleteSecurityContext(&server), SEC_E_OK);
    }
}

/* --- whose it is ---------------------------------------------------------------------------- */

/* Up to the server's first answer, then the client exported. */
static SecBuffer
begin_and_export(struct api_pair *p, const struct kind *k, uint8_t *token, ULONG *n)
{
    SecBuffer b;

    acquire(p, k);
    api_begin(p, k->request, token, n);
    b = exported(&p->client, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
    p->have_client = 0;
    return b;
}

static void
assert_finishes(struct api_pair *p, const struct kind *k, CtxtHandle h, uint8_t *token, ULONG n)
{
    p->client = h;
    p->have_client = 1;
    api_finish(p, k->request, token, n);
    assert_passes(&p->client, &p->server);
    assert_passes(&p->server, &p->client);
    api_release(p);
}

/* Another user's credential goes on with nothing. */
static void
assert_refuses_another(const struct kind *k, const struct kind *others, PCtxtHandle h,
                       uint8_t token[static API_TOKEN_BYTES], ULONG *n)
{
    CredHandle other;

    assert_int_equal(acquire_client(others, "other", "Passw0rd!", &other), SEC_E_OK);
    assert_int_equal(client_leg(k, &other, h, false, token, n), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(FreeCredentialsHandle(&other), SEC_E_OK);
}

static void
test_leg__without_the_credential_or_with_another__is_refused_and_the_right_one_goes_on(void **state)
{
    for (size_t i = 0; i < WITH_KEYS; i++) {
        const struct kind *k = &kinds[i],
                          other_package = { i ? "NTLM" : "Negotiate", true, NULL, PROTECTED };
        uint8_t token[API_TOKEN_BYTES];
        CredHandle foreign, gone, none = { 0 };
        struct api_pair p;
        CtxtHandle h;
        SecBuffer b;
        ULONG n;

        b = begin_and_export(&p, k, token, &n);
        h = imported(k->package, &b);
        assert_int_equal(acquire_client(&other_package, "demo", "Passw0rd!", &foreign), SEC_E_OK);
        assert_int_equal(acquire_client(k, "demo", "Passw0rd!", &gone), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&gone), SEC_E_OK);
        assert_int_equal(client_leg(k, NULL, &h, false, token, &n), SEC_E_INVALID_HANDLE);
        assert_int_equal(client_leg(k, &none, &h, false, token, &n), SEC_E_INVALID_HANDLE);
        assert_int_equal(client_leg(k, &gone, &h, false, token, &n), SEC_E_INVALID_HANDLE);
        assert_int_equal(client_leg(k, &foreign, &h, false, token, &n), SEC_E_INVALID_HANDLE);
        assert_int_equal(client_leg(k, &p.server_cred, &h, false, token, &n), SEC_E_NO_CREDENTIALS);
        assert_refuses_another(k, k, &h, token, &n);
        assert_int_equal(FreeCredentialsHandle(&foreign), SEC_E_OK);
        assert_finishes(&p, k, h, token, n);
    }
}

/* Its ticket has been used, and nobody asks for another. */
static void
test_leg__of_kerberos__needs_no_credential_and_takes_no_other(void **state)
{
    const struct kind *k = &kinds[2];
    uint8_t token[API_TOKEN_BYTES];
    const struct kind named = { "Kerberos", true, NULL, MUTUAL };
    CtxtHandle h, client = { 0 }, server = { 0 };
    struct api_pair p;
    SecBuffer b;
    ULONG n = 0;

    acquire(&p, k);
    assert_int_equal(client_leg(k, &p.client_cred, &client, true, token, &n),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(server_leg(&p.server_cred, &server, true, token, &n), SEC_E_OK);
    b = exported(&client, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
    h = imported("Kerberos", &b);
    assert_refuses_another(k, &named, &h, token, &n);
    assert_int_equal(client_leg(k, NULL, &h, false, token, &n), SEC_E_OK);
    assert_passes(&h, &server);
    assert_passes(&server, &h);
    assert_int_equal(DeleteSecurityContext(&h), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&server), SEC_E_OK);
    api_release(&p);
}

static void
test_import__under_a_credential__of_the_same_identity__needs_it_no_more(void **state)
{
    for (size_t i = 0; i < WITH_KEYS; i++) {
        const struct kind *k = &kinds[i];
        uint8_t token[API_TOKEN_BYTES];
        CtxtHandle h = { 0 };
        CredHandle other;
        struct api_pair p;
        SecBuffer b;
        ULONG n;

        b = begin_and_export(&p, k, token, &n);
        assert_int_equal(acquire_client(k, "other", "Passw0rd!", &other), SEC_E_OK);
        assert_int_equal(OpenSspiImportContext(&other, &b, &h), SEC_E_UNKNOWN_CREDENTIALS);
        assert_int_equal(OpenSspiImportContext(&p.server_cred, &b, &h), SEC_E_NO_CREDENTIALS);
        assert_int_equal(OpenSspiImportContext(&p.client_cred, &b, &h), SEC_E_OK);
        assert_int_equal(OpenSspiImportContext(&p.client_cred, &b, &other), SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(FreeContextBuffer(b.pvBuffer), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&other), SEC_E_OK);
        assert_int_equal(client_leg(k, NULL, &h, false, token, &n) >= 0, true);
        assert_int_equal(DeleteSecurityContext(&h), SEC_E_OK);
        api_release(&p);
    }
}

/* Who carries it from one place to another is not asked who it is of; who goes on with it is. */
static void
test_export__of_what_was_imported__stays_its_owners(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        const struct kind *k = &kinds[i];
        uint8_t token[API_TOKEN_BYTES];
        CtxtHandle client = { 0 }, server = { 0 };
        SECURITY_STATUS status;
        struct api_pair p;
        SecBuffer b;
        ULONG n = 0;

        acquire(&p, k);
        assert_int_equal(client_leg(k, &p.client_cred, &client, true, token, &n),
                         SEC_I_CONTINUE_NEEDED);
        assert_true(server_leg(&p.server_cred, &server, true, token, &n) >= 0);
        for (unsigned times = 0; times < 3; times++) {
            b = exported(&client, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
            client = imported(k->package, &b);
        }
        if (k->password) {
            assert_refuses_another(k, k, &client, token, &n);
        }
        status = client_leg(k, &p.client_cred, &client, false, token, &n);
        assert_true(status >= 0);
        assert_int_equal(DeleteSecurityContext(&client), SEC_E_OK);
        assert_int_equal(DeleteSecurityContext(&server), SEC_E_OK);
        api_release(&p);
    }
}

/* --- the source ----------------------------------------------------------------------------- */

static void
test_source__after_the_export__is_out(void **state)
{
    for (size_t i = 0; i < WITH_KEYS; i++) {
        uint8_t token[API_TOKEN_BYTES];
        SecBuffer b, again = { 0 };
        struct api_pair p;
        ULONG n;

        acquire(&p, &kinds[i]);
        api_begin(&p, kinds[i].request, token, &n);
        b = exported(&p.client, 0);
        assert_int_equal(client_leg(&kinds[i], &p.client_cred, &p.client, false, token, &n),
                         SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(ExportSecurityContext(&p.client, 0, &again, NULL), SEC_E_CONTEXT_EXPIRED);
        assert_null(again.pvBuffer);
        assert_int_equal(FreeContextBuffer(b.pvBuffer), SEC_E_OK);
        api_release(&p);
    }
}

/* --- once, and whole ------------------------------------------------------------------------ */

static void
test_import__twice_in_pieces_altered_or_by_another_package__is_refused(void **state)
{
    for (size_t i = 0; i < WITH_KEYS; i++) {
        const char *package = kinds[i].package;
        uint8_t token[API_TOKEN_BYTES];
        CtxtHandle h = { 0 }, again = { 0 };
        struct api_pair p;
        ULONG whole, n;
        SecBuffer b;

        b = begin_and_export(&p, &kinds[i], token, &n);
        whole = b.cbBuffer;
        for (b.cbBuffer = 0; b.cbBuffer < whole; b.cbBuffer++) {
            assert_int_equal(ImportSecurityContextA(API_NAME(package), &b, NULL, &h),
                             SEC_E_INVALID_TOKEN);
        }
        for (ULONG k = 0; k < whole; k++) {
            ((uint8_t *)b.pvBuffer)[k] ^= 0x40;
            assert_int_equal(ImportSecurityContextA(API_NAME(package), &b, NULL, &h),
                             SEC_E_INVALID_TOKEN);
            ((uint8_t *)b.pvBuffer)[k] ^= 0x40;
        }
        ((uint8_t *)b.pvBuffer)[3]--; /* the version before */
        assert_int_equal(ImportSecurityContextA(API_NAME(package), &b, NULL, &h),
                         SEC_E_INVALID_TOKEN);
        assert_non_null(strstr(OpenSspiReason(), "version"));
        ((uint8_t *)b.pvBuffer)[3]++;
        assert_int_equal(ImportSecurityContextA(API_NAME(i ? "NTLM" : "Negotiate"), &b, NULL, &h),
                         SEC_E_INVALID_TOKEN);
        assert_int_equal(ImportSecurityContextA(API_NAME(package), &b, NULL, &h), SEC_E_OK);
        assert_int_equal(ImportSecurityContextA(API_NAME(package), &b, NULL, &again),
                         SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(FreeContextBuffer(b.pvBuffer), SEC_E_OK);
        assert_finishes(&p, &kinds[i], h, token, n);
    }
}

/* --- by who has the key --------------------------------------------------------------------- */

static void
open_seal(struct export_seal **seal)
{
    char key[128], spent[128];
    const struct export_options options = { key, spent, 60 };

    (void)snprintf(key, sizeof(key), "%s/key", demo_export_folder);
    (void)snprintf(spent, sizeof(spent), "%s/spent", demo_export_folder);
    assert_int_equal(export_seal_open(&options, seal), SEC_E_OK);
}

static void
open_packed(struct export_seal *seal, SecBuffer *b, struct export_opened *out)
{
    assert_int_equal(
        export_seal_take(seal, bytes_of(b->pvBuffer, b->cbBuffer), clock_now_100ns(), out),
        SEC_E_OK);
    assert_int_equal(FreeContextBuffer(b->pvBuffer), SEC_E_OK);
}

static bool
holds(const struct export_opened *o, const void *what, size_t n)
{
    for (size_t at = 0; at + n <= o->plain.n; at++) {
        if (bytes_equal(bytes_of(o->plain.p + at, n), bytes_of(what, n))) {
            return true;
        }
    }
    return false;
}

static void
test_export__holds_neither_password_nor_its_keys_nor_names(void **state)
{
    const struct bytes user = UTF16("demo"), upper = UTF16("DEMO"), domain = UTF16("DOMAIN"),
                       password = UTF16("Passw0rd!");
    struct secret16 hash, v2;

    ntlm_key_nt_hash(password, &hash);
    ntlm_key_v2(&hash, upper, domain, &v2);
    for (size_t i = 0; i < WITH_KEYS; i++) {
        uint8_t token[API_TOKEN_BYTES];
        struct export_opened opened;
        struct export_seal *seal;
        struct api_pair p;
        SecBuffer b;
        ULONG n;

        b = begin_and_export(&p, &kinds[i], token, &n);
        open_seal(&seal);
        open_packed(seal, &b, &opened);
        assert_true(holds(&opened, "NTLM", 4));
        assert_false(holds(&opened, password.p, password.n));
        assert_false(holds(&opened, "Passw0rd!", 9));
        assert_false(holds(&opened, hash.b, sizeof(hash.b)));
        assert_false(holds(&opened, v2.b, sizeof(v2.b)));
        assert_false(holds(&opened, user.p, user.n));
        secret_clear(&opened.plain);
        export_seal_close(seal);
        api_release(&p);
    }
}

static void
import_altered(const struct kind *k, PCredHandle cred, struct export_seal *seal, struct bytes plain,
               const uint8_t *token, ULONG n)
{
    SEC_AUTO(wire_writer) sealed = wire_writer_growing(NULL, 0);
    uint8_t copy[API_TOKEN_BYTES];
    SecPkgContext_NamesA names;
    CtxtHandle h = { 0 };
    SecBuffer b;

    assert_int_equal(export_seal_put(seal, plain, clock_now_100ns(), &sealed), SEC_E_OK);
    b = (SecBuffer){ (ULONG)sealed.len, SECBUFFER_EMPTY, sealed.p };
    if (ImportSecurityContextA(API_NAME(k->package), &b, NULL, &h) != SEC_E_OK) {
        return;
    }
    for (unsigned turn = 0; turn < 2; turn++) {
        ULONG of = n;

        memcpy(copy, token, sizeof(copy));
        (void)client_leg(k, turn ? cred : NULL, &h, false, copy, &of);
        (void)pass(&h, &h);
        if (QueryContextAttributesA(&h, SECPKG_ATTR_NAMES, &names) == SEC_E_OK) {
            (void)FreeContextBuffer(names.sUserName);
        }
    }
    if (ExportSecurityContext(&h, 0, &b, NULL) == SEC_E_OK) {
        (void)FreeContextBuffer(b.pvBuffer);
    }
    (void)DeleteSecurityContext(&h);
}

static void
test_import__by_who_has_the_key__of_what_was_altered__breaks_nothing(void **state)
{
    static const uint8_t bytes[] = { 0, 1, 2, 0x7F, 0xFF };

    for (size_t i = 0; i < N_KINDS; i++) {
        uint8_t token[API_TOKEN_BYTES];
        CtxtHandle client = { 0 }, server = { 0 };
        struct export_opened opened;
        struct export_seal *seal;
        struct api_pair p;
        SecBuffer b;
        ULONG n = 0;

        acquire(&p, &kinds[i]);
        assert_int_equal(client_leg(&kinds[i], &p.client_cred, &client, true, token, &n),
                         SEC_I_CONTINUE_NEEDED);
        assert_true(server_leg(&p.server_cred, &server, true, token, &n) >= 0);
        b = exported(&client, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
        open_seal(&seal);
        open_packed(seal, &b, &opened);
        for (size_t at = 1; at < opened.plain.n; at++) {
            uint8_t was = opened.plain.p[at];

            import_altered(&kinds[i], &p.client_cred, seal, bytes_of(opened.plain.p, at), token, n);
            for (size_t k = 0; k < sizeof(bytes); k++) {
                opened.plain.p[at] = bytes[k];
                import_altered(&kinds[i], &p.client_cred, seal, secret_bytes(&opened.plain), token,
                               n);
            }
            opened.plain.p[at] = was;
        }
        secret_clear(&opened.plain);
        export_seal_close(seal);
        assert_int_equal(DeleteSecurityContext(&server), SEC_E_OK);
        api_release(&p);
    }
}

/* --- failed allocations --------------------------------------------------------------------- */

/* What fails leaves a context that the next call finds as it was, or that is over. */
static void
move_once(void *user, bool failing)
{
    const struct kind *k = user;
    uint8_t token[API_TOKEN_BYTES];
    CtxtHandle client = { 0 }, server = { 0 }, moved = { 0 };
    SecBuffer b = { 0 };
    SECURITY_STATUS status;
    struct api_pair p;
    ULONG n = 0;

    alloc_fail_spare(true);
    acquire(&p, k);
    assert_int_equal(client_leg(k, &p.client_cred, &client, true, token, &n),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(server_leg(&p.server_cred, &server, true, token, &n) >= 0);
    alloc_fail_spare(false);
    status = ExportSecurityContext(&client, 0, &b, NULL);
    if (status == SEC_E_OK) {
        status = ImportSecurityContextA(API_NAME(k->package), &b, NULL, &moved);
    }
    if (status == SEC_E_OK) {
        status = client_leg(k, &p.client_cred, &moved, false, token, &n);
    }
    assert_true(status >= 0 || failing);
    alloc_fail_spare(true);
    (void)FreeContextBuffer(b.pvBuffer);
    (void)DeleteSecurityContext(&moved);
    (void)DeleteSecurityContext(&client);
    (void)DeleteSecurityContext(&server);
    api_release(&p);
    alloc_fail_spare(false);
}

static void
test_moving__under_failed_allocations__fails_whole(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        assert_true(alloc_fail_each(move_once, (void *)(uintptr_t)&kinds[i]) > 5);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legs__each_in_a_process_of_its_own__both_sides__finish),
        cmocka_unit_test(
            test_leg__without_the_credential_or_with_another__is_refused_and_the_right_one_goes_on),
        cmocka_unit_test(test_leg__of_kerberos__needs_no_credential_and_takes_no_other),
        cmocka_unit_test(test_import__under_a_credential__of_the_same_identity__needs_it_no_more),
        cmocka_unit_test(test_export__of_what_was_imported__stays_its_owners),
        cmocka_unit_test(test_source__after_the_export__is_out),
        cmocka_unit_test(test_import__twice_in_pieces_altered_or_by_another_package__is_refused),
        cmocka_unit_test(test_export__holds_neither_password_nor_its_keys_nor_names),
        cmocka_unit_test(test_import__by_who_has_the_key__of_what_was_altered__breaks_nothing),
        cmocka_unit_test(test_moving__under_failed_allocations__fails_whole),
    };

    return cmocka_run_group_tests_name("sspi/export_client", tests, load, remove_files);
}
