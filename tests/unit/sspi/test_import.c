/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts that are imported under a credential of the caller's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>

#include "tests/support/demo_store.h"
#include "tests/support/moving.h"

static const char *const packages[] = { "NTLM", "Negotiate" };
static const char *const spns[] = { "HTTP/server.domain.test", "HTTP/other.domain.test" };

static char folder[] = "/tmp/opensspi-import-XXXXXX";

static int
load(void **state)
{
    char lines[256];

    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    (void)snprintf(
        lines, sizeof(lines),
        "[policy]\npackages = NTLM\n[export]\nkey_file = %s/key\nspent_file = %s/spent\n", folder,
        folder);
    return OpenSspiLoadConfiguration(demo_store_make("DOMAIN", "demo", "Passw0rd!", lines), NULL,
                                     0) == SEC_E_OK
               ? 0
               : -1;
}

static int
remove_files(void **state)
{
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/key", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/spent", folder);
    (void)unlink(path);
    return rmdir(folder);
}

/* The client's answer to token, and what the server says of it. */
static SECURITY_STATUS
go_on(struct api_pair *p, uint8_t token[static API_TOKEN_BYTES], ULONG n)
{
    uint8_t answer[API_TOKEN_BYTES];
    SecBuffer in = { n, SECBUFFER_TOKEN, token }, out = { sizeof(answer), SECBUFFER_TOKEN, answer };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };

    assert_true(InitializeSecurityContextA(&p->client_cred, &p->client, API_NAME(spns[0]),
                                           PROTECTED, 0, 0, &in_desc, 0, &p->client, &out_desc,
                                           &p->client_flags, NULL) >= 0);
    in = (SecBuffer){ API_TOKEN_BYTES, SECBUFFER_TOKEN, token };
    return AcceptSecurityContext(&p->server_cred, &p->server, &out_desc, 0, 0, &p->server, &in_desc,
                                 &p->server_flags, NULL);
}

static void
acquire_for_service(const char *package, const char *spn, PCredHandle out)
{
    const OPENSSPI_OPTION option = { "spn", spn };

    assert_int_equal(OpenSspiAcquireCredentialsHandle(package, SECPKG_CRED_INBOUND, NULL, &option,
                                                      1, NULL, 0, out, NULL),
                     SEC_E_OK);
}

/* The policy of the credential holds for the leg that is left, and not the process's. */
static void
test_import__under_a_credential__its_policy_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const char *package = packages[i / 2], *spn = spns[i % 2];
        uint8_t token[API_TOKEN_BYTES];
        struct api_pair p;
        CredHandle cred;
        SecBuffer b;
        ULONG n;

        assert_int_equal(api_acquire(&p, package, "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
        api_begin(&p, PROTECTED, token, &n);
        b = exported(&p.server, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
        acquire_for_service(package, spn, &cred);
        assert_int_equal(OpenSspiImportContext(&cred, &b, &p.server), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&cred), SEC_E_OK);
        assert_int_equal(FreeContextBuffer(b.pvBuffer), SEC_E_OK);
        assert_int_equal(go_on(&p, token, n) >= 0, spn == spns[0]);
        api_release(&p);
    }
}

static void
test_import__under_a_credential_that_is_not_for_it__is_refused(void **state)
{
    uint8_t token[API_TOKEN_BYTES];
    struct api_pair p;
    CredHandle cred, none = { 0 };
    SecBuffer b, nothing = { 0 };
    ULONG n;

    (void)state;
    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    api_begin(&p, PROTECTED, token, &n);
    b = exported(&p.server, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
    assert_int_equal(OpenSspiImportContext(&none, &b, &p.server), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiImportContext(NULL, &b, &p.server), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiImportContext(&p.server_cred, &b, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiImportContext(&p.server_cred, NULL, &p.server), SEC_E_INVALID_TOKEN);
    assert_int_equal(OpenSspiImportContext(&p.server_cred, &nothing, &p.server),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(OpenSspiImportContext(&p.client_cred, &b, &p.server), SEC_E_NO_CREDENTIALS);
    acquire_for_service("Negotiate", spns[0], &cred);
    assert_int_equal(OpenSspiImportContext(&cred, &b, &p.server), SEC_E_INVALID_TOKEN);
    assert_int_equal(FreeCredentialsHandle(&cred), SEC_E_OK);
    /* None of these was the one time; the next is. */
    assert_int_equal(OpenSspiImportContext(&p.server_cred, &b, &p.server), SEC_E_OK);
    assert_int_equal(go_on(&p, token, n), SEC_E_OK);
    assert_int_equal(OpenSspiImportContext(&p.server_cred, &b, &p.client), SEC_E_CONTEXT_EXPIRED);
    assert_int_equal(FreeContextBuffer(b.pvBuffer), SEC_E_OK);
    api_release(&p);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import__under_a_credential__its_policy_holds),
        cmocka_unit_test(test_import__under_a_credential_that_is_not_for_it__is_refused),
    };

    return cmocka_run_group_tests_name("sspi/import", tests, load, remove_files);
}
