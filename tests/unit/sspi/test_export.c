/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts that go from one place to another: by each package, established and half-way, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>
#include <opensspi/security.h>

#include "base/clock.h"
#include "sspi/export_seal.h"

#include "tests/support/alloc_fail.h"
#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"
#include "tests/support/moving.h"

/* Negotiate with Alice's ticket, and with a password for NTLM. */
static const struct kind {
    const char *package;
    bool password;
} kinds[] = {
    { "NTLM", true }, { "Negotiate", true }, { "Kerberos", false }, { "Negotiate", false }
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static char folder[] = "/tmp/opensspi-export-XXXXXX";

static int
load_with(const char *lifetime)
{
    char extra[512];

    (void)snprintf(extra, sizeof(extra),
                   "[kerberos]\nkeytab = %s\n[export]\nkey_file = %s/key\nspent_file = %s/spent%s\n"
                   "lifetime = %s\n",
                   demo_realm_keytab(), folder, folder, lifetime, lifetime);
    return OpenSspiLoadConfiguration(demo_store_make("DOMAIN", "demo", "Passw0rd!", extra), NULL,
                                     0) == SEC_E_OK
               ? 0
               : -1;
}

static int
load(void **state)
{
    demo_realm_make();
    return folder[strlen(folder) - 1] != 'X' || mkdtemp(folder) ? load_with("60") : -1;
}

static int
remove_files(void **state)
{
    static const char *const names[] = { "key", "spent60", "spent1" };
    char path[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

static void
acquire(struct api_pair *p, const struct kind *kind)
{
    SECURITY_STATUS status = kind->password
                                 ? api_acquire(p, kind->package, "demo", "DOMAIN", "Passw0rd!")
                                 : api_acquire_own(p, kind->package);

    assert_int_equal(status, SEC_E_OK);
}

static void
establish(struct api_pair *p, const struct kind *kind)
{
    acquire(p, kind);
    if (api_establish(p, PROTECTED | ISC_REQ_MUTUAL_AUTH, 0) != SEC_E_OK) {
        fail_msg("%s: %s, %s: %s", kind->package, OpenSspiStatusName(p->client_status),
                 OpenSspiStatusName(p->server_status), OpenSspiReason());
    }
}

static void
move(PCtxtHandle context, const char *package)
{
    SecBuffer b = exported(context, SECPKG_CONTEXT_EXPORT_DELETE_OLD);

    assert_int_equal(DeleteSecurityContext(context), SEC_E_INVALID_HANDLE);
    *context = imported(package, &b);
}

/* --- established --------------------------------------------------------------------------- */

static void
assert_same_facts(PCtxtHandle context, const char *names, ULONG flags, const uint8_t *key)
{
    SecPkgContext_NamesA n;
    SecPkgContext_Flags f;
    SecPkgContext_SessionKey k;

    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &n), SEC_E_OK);
    assert_string_equal(n.sUserName, names);
    assert_int_equal(FreeContextBuffer(n.sUserName), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_FLAGS, &f), SEC_E_OK);
    assert_int_equal(f.Flags, flags);
    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_SESSION_KEY, &k), SEC_E_OK);
    assert_memory_equal(k.SessionKey, key, 16);
    assert_int_equal(FreeContextBuffer(k.SessionKey), SEC_E_OK);
}

static void
test_established__both_sides_move__and_go_on_where_they_were(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct api_pair p;
        SecPkgContext_NamesA names[2];
        SecPkgContext_Flags flags[2];
        SecPkgContext_SessionKey key;

        establish(&p, &kinds[i]);
        assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_NAMES, &names[0]),
                         SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NAMES, &names[1]),
                         SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_FLAGS, &flags[0]),
                         SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_FLAGS, &flags[1]),
                         SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_SESSION_KEY, &key),
                         SEC_E_OK);
        for (unsigned n = 0; n < 3; n++) {
            assert_passes(&p.client, &p.server);
            assert_passes(&p.server, &p.client);
            assert_passes(&p.client, &p.server);
            move(&p.server, kinds[i].package);
            if (n) {
                move(&p.client, kinds[i].package);
            }
        }
        assert_passes(&p.client, &p.server);
        assert_passes(&p.server, &p.client);
        assert_same_facts(&p.client, names[0].sUserName, flags[0].Flags, key.SessionKey);
        assert_same_facts(&p.server, names[1].sUserName, flags[1].Flags, key.SessionKey);
        (void)FreeContextBuffer(names[0].sUserName);
        (void)FreeContextBuffer(names[1].sUserName);
        (void)FreeContextBuffer(key.SessionKey);
        api_release(&p);
    }
}

static void
test_who_the_client_is__moves_with_the_context(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct api_pair p;
        POPENSSPI_LOGON before = NULL, after = NULL;

        establish(&p, &kinds[i]);
        assert_int_equal(OpenSspiQueryLogon(&p.server, &before), SEC_E_OK);
        move(&p.server, kinds[i].package);
        assert_int_equal(OpenSspiQueryLogon(&p.server, &after), SEC_E_OK);
        assert_string_equal(after->UserName, before->UserName);
        assert_string_equal(after->DomainName, before->DomainName);
        assert_int_equal(after->GroupCount, before->GroupCount);
        for (ULONG g = 0; g < before->GroupCount; g++) {
            assert_string_equal(after->Groups[g], before->Groups[g]);
        }
        (void)FreeContextBuffer(before);
        (void)FreeContextBuffer(after);
        api_release(&p);
    }
}

static void
test_source__after_the_export__takes_part_in_nothing(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct api_pair p;
        SecBuffer b, again = { 0 };
        CtxtHandle moved;

        establish(&p, &kinds[i]);
        b = exported(&p.server, 0);
        assert_null(again.pvBuffer);
        assert_int_equal(pass(&p.server, &p.client), SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(pass(&p.client, &p.server), SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(ExportSecurityContext(&p.server, 0, &again, NULL), SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(again.cbBuffer, 0);
        moved = imported(kinds[i].package, &b);
        assert_passes(&moved, &p.client);
        assert_int_equal(DeleteSecurityContext(&moved), SEC_E_OK);
        api_release(&p);
    }
}

/* --- half-way ------------------------------------------------------------------------------- */

static void
test_half_open__acceptor__finishes_elsewhere(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        ULONG request = kinds[i].password ? PROTECTED : DCE;
        struct api_pair p;
        uint8_t token[API_TOKEN_BYTES];
        SecBuffer b;
        ULONG n;

        acquire(&p, &kinds[i]);
        api_begin(&p, request, token, &n);
        b = exported(&p.server, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
        p.server = imported(kinds[i].package, &b);
        api_finish(&p, request, token, n);
        assert_passes(&p.client, &p.server);
        assert_passes(&p.server, &p.client);
        api_release(&p);
    }
}

static void
test_half_open__source__is_out(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct api_pair p;
        uint8_t token[API_TOKEN_BYTES], answer[API_TOKEN_BYTES];
        SecBuffer in = { 0, SECBUFFER_TOKEN, token },
                  out = { sizeof(answer), SECBUFFER_TOKEN, answer }, b;
        SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                      out_desc = { SECBUFFER_VERSION, 1, &out };
        ULONG n;

        acquire(&p, &kinds[i]);
        api_begin(&p, PROTECTED, token, &n);
        b = exported(&p.server, 0);
        in.cbBuffer = n;
        assert_int_equal(AcceptSecurityContext(&p.server_cred, &p.server, &in_desc, 0, 0, &p.server,
                                               &out_desc, &p.server_flags, NULL),
                         SEC_E_CONTEXT_EXPIRED);
        (void)FreeContextBuffer(b.pvBuffer);
        api_release(&p);
    }
}

/* --- once, and whole ------------------------------------------------------------------------ */

static void
test_import__a_second_time__is_refused_in_any_process(void **state)
{
    struct api_pair p;
    CtxtHandle moved, none = { 0 };
    SecBuffer b;
    int status = -1;
    pid_t child;

    establish(&p, &kinds[0]);
    b = exported(&p.server, 0);
    child = fork();
    if (child == 0) {
        /* Opens the message that the parent's client will seal first. */
        _exit(ImportSecurityContextA(API_NAME("NTLM"), &b, NULL, &moved) == SEC_E_OK &&
                      pass(&p.client, &moved) == SEC_E_OK
                  ? 0
                  : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(ImportSecurityContextA(API_NAME("NTLM"), &b, NULL, &none),
                     SEC_E_CONTEXT_EXPIRED);
    assert_int_equal(none.dwLower | none.dwUpper, 0);
    (void)FreeContextBuffer(b.pvBuffer);
    api_release(&p);
}

static void
test_import__of_every_prefix_and_every_flipped_byte__is_refused(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct api_pair p;
        CtxtHandle moved = { 0 };
        SecBuffer b;
        ULONG n;

        establish(&p, &kinds[i]);
        b = exported(&p.server, 0);
        n = b.cbBuffer;
        for (b.cbBuffer = 0; b.cbBuffer < n; b.cbBuffer++) {
            assert_int_equal(ImportSecurityContextA(API_NAME(kinds[i].package), &b, NULL, &moved),
                             SEC_E_INVALID_TOKEN);
        }
        for (ULONG k = 0; k < n; k++) {
            ((uint8_t *)b.pvBuffer)[k] ^= 0x10;
            assert_int_equal(ImportSecurityContextA(API_NAME(kinds[i].package), &b, NULL, &moved),
                             SEC_E_INVALID_TOKEN);
            ((uint8_t *)b.pvBuffer)[k] ^= 0x10;
        }
        moved = imported(kinds[i].package, &b);
        assert_passes(&p.client, &moved);
        assert_int_equal(DeleteSecurityContext(&moved), SEC_E_OK);
        api_release(&p);
    }
}

static void
test_import__by_another_package_or_without_what_is_due__is_refused(void **state)
{
    struct api_pair p;
    CtxtHandle moved;
    SecBuffer b;

    establish(&p, &kinds[0]);
    b = exported(&p.server, 0);
    assert_int_equal(ImportSecurityContextA(API_NAME("Negotiate"), &b, NULL, &moved),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(ImportSecurityContextA(API_NAME("Kerberos"), &b, NULL, &moved),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(ImportSecurityContextA(API_NAME("Nothing"), &b, NULL, &moved),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(ImportSecurityContextA(API_NAME("NTLM"), NULL, NULL, &moved),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(ImportSecurityContextA(API_NAME("NTLM"), &b, NULL, NULL),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(
        ImportSecurityContextW((SEC_WCHAR[]){ 'N', 'T', 'L', 'M', 0 }, &b, NULL, &moved), SEC_E_OK);
    assert_passes(&p.client, &moved);
    assert_int_equal(DeleteSecurityContext(&moved), SEC_E_OK);
    (void)FreeContextBuffer(b.pvBuffer);
    api_release(&p);
}

static void
test_import__after_its_lifetime__is_refused(void **state)
{
    struct api_pair p;
    CtxtHandle moved;
    SecBuffer b;

    assert_int_equal(load_with("1"), 0);
    establish(&p, &kinds[0]);
    b = exported(&p.server, 0);
    (void)sleep(3);
    assert_int_equal(ImportSecurityContextA(API_NAME("NTLM"), &b, NULL, &moved),
                     SEC_E_CONTEXT_EXPIRED);
    (void)FreeContextBuffer(b.pvBuffer);
    api_release(&p);
    assert_int_equal(load_with("60"), 0);
}

/* With the same key: beside another list, one context would be in two places. */
static void
test_import__beside_another_list__is_refused(void **state)
{
    struct api_pair p;
    CtxtHandle moved = { 0 };
    SecBuffer b;

    establish(&p, &kinds[0]);
    b = exported(&p.server, 0);
    assert_int_equal(load_with("1"), 0); /* and its list */
    assert_int_equal(ImportSecurityContextA(API_NAME("NTLM"), &b, NULL, &moved),
                     SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(OpenSspiReason(), "spent_file"));
    assert_int_equal(load_with("60"), 0);
    moved = imported("NTLM", &b);
    assert_passes(&p.client, &moved);
    assert_int_equal(DeleteSecurityContext(&moved), SEC_E_OK);
    api_release(&p);
}

/* --- flags ---------------------------------------------------------------------------------- */

static void
test_export__flags__do_what_they_say(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        struct api_pair p;
        SecBuffer b = { 0 };
        void *token = &p;

        establish(&p, &kinds[i]);
        assert_int_equal(
            ExportSecurityContext(&p.server, SECPKG_CONTEXT_EXPORT_TO_KERNEL, &b, NULL),
            SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(ExportSecurityContext(&p.server, 0x100, &b, NULL),
                         SEC_E_INVALID_PARAMETER);
        assert_int_equal(ExportSecurityContext(&p.server, 0, NULL, NULL), SEC_E_INVALID_PARAMETER);
        assert_int_equal(ExportSecurityContext(NULL, 0, &b, NULL), SEC_E_INVALID_HANDLE);
        assert_null(b.pvBuffer);
        assert_int_equal(
            ExportSecurityContext(&p.server, SECPKG_CONTEXT_EXPORT_RESET_NEW, &b, &token),
            SEC_E_OK);
        assert_null(token);
        assert_int_equal(b.BufferType, SECBUFFER_EMPTY);
        (void)DeleteSecurityContext(&p.server);
        p.server = imported(kinds[i].package, &b);
        assert_passes(&p.client, &p.server);
        assert_int_equal(
            ExportSecurityContext(&p.server, SECPKG_CONTEXT_EXPORT_RESET_NEW, &b, NULL),
            SEC_E_OUT_OF_SEQUENCE);
        move(&p.server, kinds[i].package);
        assert_int_equal(
            ExportSecurityContext(&p.server, SECPKG_CONTEXT_EXPORT_RESET_NEW, &b, NULL),
            SEC_E_OUT_OF_SEQUENCE);
        assert_passes(&p.server, &p.client);
        api_release(&p);
    }
}

/* --- by who has the key -------------------------------------------------------------------- */

static void
query(PCtxtHandle h, ULONG attribute)
{
    union {
        void *pointers[8];
        uint8_t bytes[512];
    } to = { { NULL } };
    SECURITY_STATUS status = QueryContextAttributesA(h, attribute, &to);

    if (status != SEC_E_OK) {
        return;
    }
    switch (attribute) {
    case SECPKG_ATTR_NATIVE_NAMES: (void)FreeContextBuffer(to.pointers[1]); /* fallthrough */
    case SECPKG_ATTR_NAMES:
    case SECPKG_ATTR_NEGOTIATION_INFO:
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET: (void)FreeContextBuffer(to.pointers[0]); break;
    case SECPKG_ATTR_SESSION_KEY:
    case SECPKG_ATTR_TARGET_INFORMATION: (void)FreeContextBuffer(to.pointers[1]); break;
    default: break;
    }
}

/* All that may be asked of a context, whatever it is; token: for who still waits for one. */
static void
use(struct api_pair *p, CtxtHandle *h, const uint8_t *token, ULONG n)
{
    static const ULONG attributes[] = { SECPKG_ATTR_SIZES,       SECPKG_ATTR_NAMES,
                                        SECPKG_ATTR_LIFESPAN,    SECPKG_ATTR_FLAGS,
                                        SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_NEGOTIATION_INFO,
                                        SECPKG_ATTR_NATIVE_NAMES };
    uint8_t copy[API_TOKEN_BYTES], answer[API_TOKEN_BYTES], data[64] = { 0 }, mac[256] = { 0 };
    SecBuffer in = { n, SECBUFFER_TOKEN, copy }, out = { sizeof(answer), SECBUFFER_TOKEN, answer };
    SecBuffer b[2] = { { sizeof(mac), SECBUFFER_TOKEN, mac },
                       { sizeof(data), SECBUFFER_DATA, data } };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    SecBuffer again = { 0 };
    OPENSSPI_LOGON *logon = NULL;
    ULONG got;

    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
            query(h, attributes[i]);
        }
        if (OpenSspiQueryLogon(h, &logon) == SEC_E_OK) {
            (void)FreeContextBuffer(logon);
        }
        b[0].cbBuffer = sizeof(mac);
        (void)EncryptMessage(h, 0, &d, 0);
        (void)DecryptMessage(h, &d, 0, NULL);
        b[1] = (SecBuffer){ sizeof(data), SECBUFFER_DATA, data };
        b[0].cbBuffer = sizeof(mac);
        (void)MakeSignature(h, 0, &d, 0);
        (void)VerifySignature(h, &d, 0, NULL);
        if (turn == 0) {
            memcpy(copy, token, n);
            (void)AcceptSecurityContext(&p->server_cred, h, &in_desc, 0, 0, h, &out_desc, &got,
                                        NULL);
        }
    }
    if (ExportSecurityContext(h, 0, &again, NULL) == SEC_E_OK) {
        (void)FreeContextBuffer(again.pvBuffer);
    }
}

static void
import_altered(struct api_pair *p, const char *package, struct export_seal *seal,
               struct bytes plain, const uint8_t *token, ULONG n)
{
    SEC_AUTO(wire_writer) sealed = wire_writer_growing(NULL, 0);
    CtxtHandle moved = { 0 };
    SecBuffer b;

    assert_int_equal(export_seal_put(seal, plain, clock_now_100ns(), &sealed), SEC_E_OK);
    b = (SecBuffer){ (ULONG)sealed.len, SECBUFFER_EMPTY, sealed.p };
    if (ImportSecurityContextA(API_NAME(package), &b, NULL, &moved) == SEC_E_OK) {
        use(p, &moved, token, n);
        (void)DeleteSecurityContext(&moved);
    }
}

/* The key is what keeps others out. Whoever has it may make a context of anybody, and no more. */
static void
alter(struct api_pair *p, const char *package, const uint8_t *token, ULONG token_n)
{
    static const uint8_t bytes[] = { 0, 1, 2, 0x7F, 0xFF };
    char key[128], spent[128];
    const struct export_options options = { key, spent, 60 };
    struct export_opened opened;
    struct export_seal *seal;
    SecBuffer b = exported(&p->server, 0);

    (void)snprintf(key, sizeof(key), "%s/key", folder);
    (void)snprintf(spent, sizeof(spent), "%s/spent60", folder);
    assert_int_equal(export_seal_open(&options, &seal), SEC_E_OK);
    assert_int_equal(
        export_seal_take(seal, bytes_of(b.pvBuffer, b.cbBuffer), clock_now_100ns(), &opened),
        SEC_E_OK);
    (void)FreeContextBuffer(b.pvBuffer);
    for (size_t i = 1; i < opened.plain.n; i++) {
        uint8_t was = opened.plain.p[i];

        import_altered(p, package, seal, bytes_of(opened.plain.p, i), token, token_n);
        for (size_t k = 0; k < sizeof(bytes); k++) {
            opened.plain.p[i] = bytes[k];
            import_altered(p, package, seal, secret_bytes(&opened.plain), token, token_n);
        }
        opened.plain.p[i] = was;
    }
    secret_clear(&opened.plain);
    export_seal_close(seal);
}

static void
test_import__by_who_has_the_key__of_what_was_altered__breaks_nothing(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        uint8_t token[API_TOKEN_BYTES] = { 0 }, last[API_TOKEN_BYTES];
        SecBuffer in = { 0, SECBUFFER_TOKEN, token }, out = { sizeof(last), SECBUFFER_TOKEN, last };
        SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                      out_desc = { SECBUFFER_VERSION, 1, &out };
        ULONG n = 16, request = kinds[i].password ? PROTECTED : DCE;
        struct api_pair p;

        assert_int_equal(load_with("60"), 0); /* nobody is locked out by what was altered */
        establish(&p, &kinds[i]);
        alter(&p, kinds[i].package, token, n);
        api_release(&p);
        acquire(&p, &kinds[i]);
        api_begin(&p, request, token, &in.cbBuffer);
        assert_true(InitializeSecurityContextA(&p.client_cred, &p.client, NULL, request, 0, 0,
                                               &in_desc, 0, &p.client, &out_desc, &p.client_flags,
                                               NULL) >= 0);
        alter(&p, kinds[i].package, last, out.cbBuffer);
        api_release(&p);
    }
}

static void
test_export__without_a_key__says_so(void **state)
{
    struct api_pair p;
    SecBuffer b = { 0 };
    CtxtHandle moved;

    assert_int_equal(
        OpenSspiLoadConfiguration(demo_store_make("DOMAIN", "demo", "Passw0rd!", NULL), NULL, 0),
        SEC_E_OK);
    establish(&p, &kinds[0]);
    assert_int_equal(ExportSecurityContext(&p.server, 0, &b, NULL), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(OpenSspiReason(), "key_file"));
    assert_int_equal(ImportSecurityContextA(API_NAME("NTLM"), &b, NULL, &moved),
                     SEC_E_NO_CREDENTIALS);
    assert_passes(&p.client, &p.server);
    api_release(&p);
    assert_int_equal(load_with("60"), 0);
}

/* What fails is neither half exported nor spent. */
static void
move_once(void *user, bool failing)
{
    const struct kind *kind = user;
    struct api_pair p = { 0 };
    CtxtHandle moved = { 0 };
    SecBuffer b = { 0 };
    SECURITY_STATUS status;

    if (kind->password
            ? api_acquire(&p, kind->package, "demo", "DOMAIN", "Passw0rd!") != SEC_E_OK
            : AcquireCredentialsHandleA(NULL, API_NAME(kind->package), SECPKG_CRED_OUTBOUND, NULL,
                                        NULL, NULL, NULL, &p.client_cred, NULL) != SEC_E_OK) {
        assert_true(failing);
        return;
    }
    if (!kind->password &&
        AcquireCredentialsHandleA(NULL, API_NAME(kind->package), SECPKG_CRED_INBOUND, NULL, NULL,
                                  NULL, NULL, &p.server_cred, NULL) != SEC_E_OK) {
        assert_true(failing);
        (void)FreeCredentialsHandle(&p.client_cred);
        return;
    }
    if (api_establish(&p, PROTECTED, 0) != SEC_E_OK) {
        assert_true(failing);
        api_release(&p);
        return;
    }
    status = ExportSecurityContext(&p.server, 0, &b, NULL);
    assert_true(failing || status == SEC_E_OK);
    if (status != SEC_E_OK) {
        assert_null(b.pvBuffer);
    } else if (ImportSecurityContextA(API_NAME(kind->package), &b, NULL, &moved) == SEC_E_OK) {
        assert_true(failing || pass(&p.client, &moved) == SEC_E_OK);
        (void)DeleteSecurityContext(&moved);
    } else {
        assert_true(failing);
    }
    (void)FreeContextBuffer(b.pvBuffer);
    api_release(&p);
}

static void
test_moving__under_failed_allocations__fails_whole(void **state)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        assert_true(alloc_fail_each(move_once, (void *)(uintptr_t)&kinds[i]) > 10);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_established__both_sides_move__and_go_on_where_they_were),
        cmocka_unit_test(test_who_the_client_is__moves_with_the_context),
        cmocka_unit_test(test_source__after_the_export__takes_part_in_nothing),
        cmocka_unit_test(test_half_open__acceptor__finishes_elsewhere),
        cmocka_unit_test(test_half_open__source__is_out),
        cmocka_unit_test(test_import__a_second_time__is_refused_in_any_process),
        cmocka_unit_test(test_import__of_every_prefix_and_every_flipped_byte__is_refused),
        cmocka_unit_test(test_import__by_another_package_or_without_what_is_due__is_refused),
        cmocka_unit_test(test_import__after_its_lifetime__is_refused),
        cmocka_unit_test(test_import__beside_another_list__is_refused),
        cmocka_unit_test(test_export__flags__do_what_they_say),
        cmocka_unit_test(test_import__by_who_has_the_key__of_what_was_altered__breaks_nothing),
        cmocka_unit_test(test_export__without_a_key__says_so),
        cmocka_unit_test(test_moving__under_failed_allocations__fails_whole),
    };

    return cmocka_run_group_tests_name("sspi/export", tests, load, remove_files);
}
