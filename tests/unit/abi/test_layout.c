/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sizes that were measured on Windows x64, the layouts that mingw-w64's headers lack, and the
 * arithmetic that a 64-bit `long` would break. tests/abi/compare_mingw.py compares everything else.
 */
#define SECURITY_WIN32
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <cmocka.h>

#include <opensspi/security.h>
#include <opensspi/schannel.h>

#define SIZE(type, bytes) \
    _Static_assert(sizeof(void *) != 8 || sizeof(type) == (bytes), #type " has another size")
#define AT(type, member, bytes)                                              \
    _Static_assert(sizeof(void *) != 8 || offsetof(type, member) == (bytes), \
                   #type "." #member " stands elsewhere")

SIZE(SecHandle, 16);
SIZE(SecBuffer, 16);
SIZE(SecBufferDesc, 16);
SIZE(SecPkgInfoA, 32);
SIZE(SecPkgInfoW, 32);
SIZE(SEC_WINNT_AUTH_IDENTITY_A, 48);
SIZE(SEC_WINNT_AUTH_IDENTITY_W, 48);
SIZE(SEC_WINNT_AUTH_IDENTITY_EXA, 72);
SIZE(SEC_WINNT_AUTH_IDENTITY_EXW, 72);
SIZE(SEC_WINNT_AUTH_IDENTITY_EX2, 48);
SIZE(SEC_CHANNEL_BINDINGS, 32);
SIZE(SEC_CHANNEL_BINDINGS_EX, 48);
SIZE(SEC_CHANNEL_BINDINGS_RESULT, 4);
SIZE(SEC_FLAGS, 8);
SIZE(TimeStamp, 8);
SIZE(SecPkgContext_Sizes, 16);
SIZE(SecPkgContext_StreamSizes, 20);
SIZE(SecPkgContext_NegotiationInfoA, 16);
SIZE(SecPkgContext_KeyInfoA, 32);
SIZE(SecPkgContext_SessionKey, 16);
SIZE(SecPkgContext_Lifespan, 16);
SIZE(SecPkgContext_NegoKeys, 32);
SIZE(SecPkgContext_Bindings, 16);
SIZE(SecPkgContext_NativeNamesA, 16);
SIZE(SecPkgContext_CredentialNameA, 16);
SIZE(SecPkgContext_ApplicationProtocol, 264);
SIZE(SecurityFunctionTableA, 256);
SIZE(SecurityFunctionTableW, 256);

AT(SEC_CHANNEL_BINDINGS, dwApplicationDataOffset, 28);
AT(SEC_CHANNEL_BINDINGS_EX, dwInitiatorAddrType, 16);
AT(SEC_CHANNEL_BINDINGS_EX, dwApplicationDataOffset, 44);
AT(SEC_WINNT_AUTH_IDENTITY_W, Flags, 44);
AT(SEC_WINNT_AUTH_IDENTITY_EXW, PackageList, 56);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, PackageListLength, 44);
AT(SecurityFunctionTableW, SetContextAttributesW, 216);
AT(SecurityFunctionTableW, QueryContextAttributesExW, 240);

_Static_assert(SECBUFFER_CERTIFICATE_REQUEST_CONTEXT == 29, "newer buffer types");
_Static_assert(SECBUFFER_CHANNEL_BINDINGS_RESULT == 30, "newer buffer types");
_Static_assert(SECBUFFER_APP_SESSION_STATE == 31 && SECBUFFER_SESSION_TICKET == 32, "likewise");
_Static_assert(SECPKG_ATTR_CREDS_2 == 0x80000086, "CredSSP's credentials");
_Static_assert(SEC_CHANNEL_BINDINGS_EX_MAGIC == 0x58454243, "CBEX");
_Static_assert(SEC_CHANNEL_BINDINGS_RESULT_VALID == 0x70, "binding results");
_Static_assert(SEC_CHANNEL_BINDINGS_RESULT_NOTVALID == 0xc, "binding results");

static void
test_status__failures_are_negative(void **state)
{
    assert_true(SEC_E_INVALID_TOKEN < 0);
    assert_true(SEC_E_OK >= 0);
    assert_true(SEC_I_CONTINUE_NEEDED > 0);
    assert_true(sizeof(SEC_E_INVALID_TOKEN) == 4);
    assert_true((ULONG)SEC_E_INVALID_TOKEN == 0x80090308u);
}

static void
test_handle_macros__mark_and_recognise_no_handle(void **state)
{
    CredHandle handle = { 1, 2 };

    assert_true(SecIsValidHandle(&handle));
    SecInvalidateHandle(&handle);
    assert_false(SecIsValidHandle(&handle));
}

static void
test_large_integer__halves_are_the_whole(void **state)
{
    TimeStamp time;

    time.QuadPart = 0x0123456789abcdefLL;
    assert_true(time.HighPart == 0x01234567);
    assert_true(time.u.LowPart == 0x89abcdef);
}

static void
test_names__unicode_is_off_here(void **state)
{
    const WCHAR *wide = NTLMSP_NAME;

    assert_string_equal(NEGOSSP_NAME, "Negotiate");
    assert_string_equal(UNISP_NAME, "Microsoft Unified Security Protocol Provider");
    assert_true(wide[0] == 'N' && wide[3] == 'M' && wide[4] == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status__failures_are_negative),
        cmocka_unit_test(test_handle_macros__mark_and_recognise_no_handle),
        cmocka_unit_test(test_large_integer__halves_are_the_whole),
        cmocka_unit_test(test_names__unicode_is_off_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
