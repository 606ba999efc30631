/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a whole exchange through the interface fails in turn: the call that needed
 * it says so, nothing leaks, nothing is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_store.h"

static const char *store_file;

static int
load(void **state)
{
    store_file = demo_store_make("DOMAIN", "demo", "Passw0rd!", NULL);
    return OpenSspiLoadConfiguration(store_file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static void
exchange(void *package, bool failing)
{
    uint8_t token[16], data[8] = "message";
    SecBuffer b[2] = { { 16, SECBUFFER_TOKEN, token }, { 8, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    SecPkgContext_NamesA names = { NULL };
    POPENSSPI_LOGON logon = NULL;
    POPENSSPI_NEGOTIATION negotiation = NULL;
    struct api_pair p;

    if (api_acquire(&p, package, "demo", "DOMAIN", "Passw0rd!") != SEC_E_OK) {
        assert_true(failing);
        return;
    }
    if (api_establish(&p, ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY, 0) == SEC_E_OK) {
        if (QueryContextAttributesA(&p.server, SECPKG_ATTR_NAMES, &names) == SEC_E_OK) {
            assert_string_equal(names.sUserName, "DOMAIN\\demo");
            assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
        } else {
            assert_true(failing);
        }
        if (OpenSspiQueryLogon(&p.server, &logon) == SEC_E_OK) {
            assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
        } else {
            assert_true(failing);
        }
        if (OpenSspiQueryNegotiation(&p.client, &negotiation) == SEC_E_OK) {
            assert_int_equal(FreeContextBuffer(negotiation), SEC_E_OK);
        } else {
            assert_true(failing);
        }
        /* Messages allocate nothing. */
        assert_int_equal(EncryptMessage(&p.client, 0, &d, 0), SEC_E_OK);
        assert_int_equal(DecryptMessage(&p.server, &d, 0, NULL), SEC_E_OK);
    } else {
        assert_true(failing);
    }
    api_release(&p);
}

static void
test_exchange__without_memory__fails_and_leaks_nothing(void **state)
{
    static const char *const packages[] = { "NTLM", "Negotiate" };

    for (size_t i = 0; i < 2; i++) {
        exchange(API_NAME(packages[i]), false); /* the account is in the cache from here on */
        assert_true(alloc_fail_each(exchange, API_NAME(packages[i])) > 10);
    }
}

/* Handles of the table's first chunk, all taken: the next one needs memory. */
enum { CHUNK_HANDLES = 1024 };

static CtxtHandle taken[3 * CHUNK_HANDLES];
static size_t n_taken;

static void
begin(void *credential, bool failing)
{
    SecBuffer out = { 0, SECBUFFER_TOKEN, NULL };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &out };
    CtxtHandle h;
    ULONG attributes;
    SECURITY_STATUS status = InitializeSecurityContextA(
        credential, NULL, NULL, ISC_REQ_ALLOCATE_MEMORY, 0, 0, NULL, 0, &h, &d, &attributes, NULL);

    if (status != SEC_I_CONTINUE_NEEDED) {
        assert_true(failing);
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_null(out.pvBuffer);
        assert_int_equal(out.cbBuffer, 0);
        return;
    }
    assert_int_equal(FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    assert_true(n_taken < sizeof(taken) / sizeof(taken[0]));
    taken[n_taken++] = h;
}

/* More contexts at once than there is room for: none of them leaves its token behind. */
static void
test_contexts__without_memory_for_a_handle__give_no_token(void **state)
{
    struct api_pair p;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    while (n_taken < CHUNK_HANDLES - 2) { /* the credentials have two */
        begin(&p.client_cred, false);
    }
    assert_true(alloc_fail_each(begin, &p.client_cred) >= 4);
    while (n_taken) {
        assert_int_equal(DeleteSecurityContext(&taken[--n_taken]), SEC_E_OK);
    }
    api_release(&p);
}

static void
configure(void *user, bool failing)
{
    SECURITY_STATUS status = OpenSspiLoadConfiguration(store_file, NULL, 0);

    assert_true(status == SEC_E_OK || failing);
}

static void
test_configuration__without_memory__stays_as_it_was(void **state)
{
    assert_true(alloc_fail_each(configure, NULL) > 5);
    exchange(API_NAME("NTLM"), false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange__without_memory__fails_and_leaks_nothing),
        cmocka_unit_test(test_contexts__without_memory_for_a_handle__give_no_token),
        cmocka_unit_test(test_configuration__without_memory__stays_as_it_was),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
