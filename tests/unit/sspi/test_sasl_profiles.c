/* SPDX-License-Identifier: Apache-2.0 */
/* SASL's profiles: listed, found by name and by a first token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <opensspi/security.h>

#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"
#include "tests/support/hex.h"
#include "tests/support/sasl_pair.h"

static int
load(void **state)
{
    const char *file;

    demo_realm_make();
    file = demo_store_make("DOMAIN", "demo", "Passw0rd!", NULL);
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static void
test_enumerate__a_list_that_one_call_frees(void **state)
{
    static const char narrow[] = "GSS-SPNEGO\0GSSAPI\0NTLM\0";
    static const SEC_WCHAR wide[] = u"GSS-SPNEGO\0GSSAPI\0NTLM\0";
    LPSTR a = NULL;
    LPWSTR w = NULL;
    ULONG n = 0;

    assert_int_equal(SaslEnumerateProfilesA(&a, &n), SEC_E_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(a, narrow, sizeof(narrow));
    assert_int_equal(FreeContextBuffer(a), SEC_E_OK);
    n = 0;
    assert_int_equal(SaslEnumerateProfilesW(&w, &n), SEC_E_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(w, wide, sizeof(wide));
    assert_int_equal(FreeContextBuffer(w), SEC_E_OK);
    assert_int_equal(SaslEnumerateProfilesA(NULL, &n), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SaslEnumerateProfilesW(&w, NULL), SEC_E_INVALID_PARAMETER);
}

static void
test_get_profile_package__in_any_case(void **state)
{
    static const struct {
        const char *profile, *package;
    } table[] = {
        { "GSS-SPNEGO", "Negotiate" },
        { "gss-spnego", "Negotiate" },
        { "GSSAPI", "Kerberos" },
        { "GssApi", "Kerberos" },
        { "NTLM", "NTLM" },
    };
    static const char *const unknown[] = { "DIGEST-MD5", "EXTERNAL", "PLAIN", "",
                                           "Negotiate",  "GSSAPI ",  "GSS" };
    PSecPkgInfoW w = NULL;
    PSecPkgInfoA a = NULL;

    for (size_t i = 0; i < N_OF(table); i++) {
        assert_int_equal(SaslGetProfilePackageA(API_NAME(table[i].profile), &a), SEC_E_OK);
        assert_string_equal(a->Name, table[i].package);
        assert_int_equal(FreeContextBuffer(a), SEC_E_OK);
    }
    assert_int_equal(SaslGetProfilePackageW((SEC_WCHAR *)(uintptr_t)u"gssapi", &w), SEC_E_OK);
    assert_memory_equal(w->Name, u"Kerberos", sizeof(u"Kerberos"));
    assert_int_equal(FreeContextBuffer(w), SEC_E_OK);
    a = NULL;
    for (size_t i = 0; i < N_OF(unknown); i++) {
        assert_int_equal(SaslGetProfilePackageA(API_NAME(unknown[i]), &a), SEC_E_SECPKG_NOT_FOUND);
    }
    assert_int_equal(SaslGetProfilePackageA(NULL, &a), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(SaslGetProfilePackageA(API_NAME("NTLM"), NULL), SEC_E_INVALID_PARAMETER);
    assert_null(a);
}

static SECURITY_STATUS
identify(struct bytes token, PSecPkgInfoA *out)
{
    SecBuffer b = { (ULONG)token.n, SECBUFFER_TOKEN, (void *)(uintptr_t)token.p };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };

    return SaslIdentifyPackageA(&d, out);
}

static void
test_identify__by_real_first_tokens(void **state)
{
    for (size_t i = 0; i < N_OF(sasl_kinds); i++) {
        PSecPkgInfoA info = NULL;
        struct sasl_both b;

        assert_int_equal(sasl_acquire(&b, sasl_kinds[i].package, sasl_kinds[i].user), SEC_E_OK);
        assert_int_equal(sasl_leg(&b.client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(identify(bytes_of(b.client.said, b.client.n), &info), SEC_E_OK);
        assert_string_equal(info->Name, sasl_kinds[i].package);
        assert_int_equal(FreeContextBuffer(info), SEC_E_OK);
        for (ULONG n = 0; n < 8; n++) { /* too short to say */
            info = NULL;
            if (identify(bytes_of(b.client.said, n), &info) == SEC_E_OK) {
                fail_msg("%u bytes are %s", n, info->Name);
            }
        }
        sasl_release(&b);
    }
}

static void
test_identify__what_is_no_token(void **state)
{
    SecBuffer data = { 4, SECBUFFER_DATA, (uint8_t[4]){ 0 } };
    SecBuffer wild = { 4, SECBUFFER_TOKEN, NULL };
    SecBufferDesc none = { SECBUFFER_VERSION, 1, &data }, bad = { SECBUFFER_VERSION, 1, &wild };
    PSecPkgInfoA info = NULL;

    assert_int_equal(identify(HEX("00112233"), &info), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(identify(HEX(""), &info), SEC_E_SECPKG_NOT_FOUND);
    /* A frame of GSS-API around an unknown mechanism, 1.2.3.4. */
    assert_int_equal(identify(HEX("600906032a0304deadbeef"), &info), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(SaslIdentifyPackageA(NULL, &info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageA(&none, &info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageA(&bad, &info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageW(&none, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(identify(bytes_of("NTLMSSP\0\1\0\0\0", 12), NULL), SEC_E_INVALID_PARAMETER);
    assert_null(info);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enumerate__a_list_that_one_call_frees),
        cmocka_unit_test(test_get_profile_package__in_any_case),
        cmocka_unit_test(test_identify__by_real_first_tokens),
        cmocka_unit_test(test_identify__what_is_no_token),
    };

    return cmocka_run_group_tests_name("sspi/sasl_profiles", tests, load, NULL);
}
