/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of target names, statuses that call for other credentials, flags of channel bindings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <opensspi/sspi.h>

#include "codec/channel_bindings.h"
#include "sspi/given.h"
#include "tests/support/hex.h"

#define UNTOUCHED ((void *)(uintptr_t)0x5a)

static void
test_SspiGetTargetHostName__each_form(void **state)
{
    static const struct {
        PCWSTR target, host;
    } cases[] = {
        { u"HTTP/web.example.test", u"web.example.test" },
        { u"HTTP/web.example.test:8080", u"web.example.test" },
        { u"ldap/dc1.example.test/example.test", u"dc1.example.test" },
        { u"ldap/dc1.example.test:389/example.test", u"dc1.example.test" },
        { u"web.example.test", u"web.example.test" },
        { u"web:80", u"web" },
        { u"HTTP/[2001:db8::1]:80", u"2001:db8::1" },
        { u"HTTP/[2001:db8::1", u"[2001:db8::1" },
        { u"HTTP/2001:db8::1", u"2001:db8::1" },
        { u"HTTP/h:", u"h" },
        { u"", NULL },
        { u"HTTP/", NULL },
        { u"HTTP//x", NULL },
        { u"HTTP/:80", NULL },
        { u"HTTP/[]", NULL },
        { u"/", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PWSTR host = UNTOUCHED;
        sec_status status = SspiGetTargetHostName(cases[i].target, &host);

        print_message("# %zu\n", i);
        if (!cases[i].host) {
            assert_int_equal(status, SEC_E_INVALID_PARAMETER);
            assert_ptr_equal(host, UNTOUCHED);
            continue;
        }
        assert_int_equal(status, SEC_E_OK);
        for (size_t k = 0;; k++) {
            assert_int_equal(host[k], cases[i].host[k]);
            if (!host[k]) {
                break;
            }
        }
        SspiLocalFree(host);
    }
    assert_int_equal(SspiGetTargetHostName(NULL, &(PWSTR){ NULL }), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiGetTargetHostName(u"HTTP/h", NULL), SEC_E_INVALID_PARAMETER);
}

static void
test_SspiIsPromptingNeeded__statuses_about_credentials_alone(void **state)
{
    (void)state;
    assert_true(SspiIsPromptingNeeded((ULONG)SEC_E_LOGON_DENIED));
    assert_true(SspiIsPromptingNeeded((ULONG)SEC_E_NO_CREDENTIALS));
    assert_true(SspiIsPromptingNeeded(0xC000006D));
    assert_true(SspiIsPromptingNeeded(1326));
    assert_false(SspiIsPromptingNeeded(SEC_E_OK));
    assert_false(SspiIsPromptingNeeded(SEC_I_CONTINUE_NEEDED));
    assert_false(SspiIsPromptingNeeded(SEC_I_INCOMPLETE_CREDENTIALS));
    assert_false(SspiIsPromptingNeeded((ULONG)SEC_E_INVALID_TOKEN));
    assert_false(SspiIsPromptingNeeded((ULONG)SEC_E_NO_AUTHENTICATING_AUTHORITY));
}

/* As Schannel lays them out: a head of zeros but for the data's place, then the data. */
static SecPkgContext_Bindings
schannel_bindings(const char *data)
{
    size_t n = sizeof(SEC_CHANNEL_BINDINGS) + strlen(data);
    SEC_CHANNEL_BINDINGS *b = given_new(n);

    assert_non_null(b);
    b->cbApplicationDataLength = (ULONG)strlen(data);
    b->dwApplicationDataOffset = sizeof(*b);
    memcpy(b + 1, data, strlen(data));
    return (SecPkgContext_Bindings){ (ULONG)n, b };
}

static void
test_SspiSetChannelBindingFlags__becomes_ex_and_means_the_same(void **state)
{
    static const char data[] = "tls-server-end-point:0123456789abcdef";
    SecPkgContext_Bindings b = schannel_bindings(data);
    const SEC_CHANNEL_BINDINGS_EX *ex;
    struct channel_bindings read;

    (void)state;
    for (ULONG flags = 0; flags < 3; flags++) {
        /* plain with no flags, then the _EX form with the flag, and without it again */
        assert_int_equal(SspiSetChannelBindingFlags(&b, flags & 1), SEC_E_OK);
        ex = (const SEC_CHANNEL_BINDINGS_EX *)b.Bindings;
        assert_int_equal(ex->magicNumber, SEC_CHANNEL_BINDINGS_EX_MAGIC);
        assert_int_equal(ex->flags, flags & 1);
        assert_int_equal(ex->cbHeaderLength, sizeof(*ex));
        assert_int_equal(ex->cbStructureLength, b.BindingsLength);
        assert_int_equal(b.BindingsLength, sizeof(*ex) + sizeof(data) - 1);
        assert_int_equal(channel_bindings_decode(&read, bytes_of(b.Bindings, b.BindingsLength)),
                         WIRE_OK);
        assert_bytes_equal(read.application, bytes_of_string(data));
        assert_int_equal(read.initiator.n + read.acceptor.n, 0);
    }
    assert_int_equal(FreeContextBuffer(b.Bindings), SEC_E_OK);
}

static void
test_SspiSetChannelBindingFlags__addresses_are_kept_and_strangers_memory_too(void **state)
{
    struct {
        SEC_CHANNEL_BINDINGS head;
        char data[9];
    } mine = { { 2, 2, 32, 3, 3, 34, 4, 37 }, "iIaaADDDD" };
    SecPkgContext_Bindings b = { 41, &mine.head };
    struct channel_bindings read;

    (void)state;
    assert_int_equal(SspiSetChannelBindingFlags(&b, SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS), SEC_E_OK);
    assert_true(b.Bindings != &mine.head);
    assert_int_equal(channel_bindings_decode(&read, bytes_of(b.Bindings, b.BindingsLength)),
                     WIRE_OK);
    assert_int_equal(read.initiator_type, 2);
    assert_int_equal(read.acceptor_type, 3);
    assert_bytes_equal(read.initiator, bytes_of("iI", 2));
    assert_bytes_equal(read.acceptor, bytes_of("aaA", 3));
    assert_bytes_equal(read.application, bytes_of("DDDD", 4));
    assert_int_equal(FreeContextBuffer(b.Bindings), SEC_E_OK);
    assert_int_equal(mine.head.cbApplicationDataLength, 4);
}

static void
test_SspiSetChannelBindingFlags__refused_leaves_them_alone(void **state)
{
    SecPkgContext_Bindings b = schannel_bindings("data"), none = { 0, NULL };
    SEC_CHANNEL_BINDINGS *was = b.Bindings;

    (void)state;
    assert_int_equal(SspiSetChannelBindingFlags(NULL, 0), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiSetChannelBindingFlags(&none, 0), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiSetChannelBindingFlags(&b, 2), SEC_E_INVALID_PARAMETER);
    for (b.BindingsLength = 0; b.BindingsLength < 36; b.BindingsLength++) {
        assert_int_equal(SspiSetChannelBindingFlags(&b, 1), SEC_E_INVALID_TOKEN);
    }
    assert_ptr_equal(b.Bindings, was);
    assert_int_equal(FreeContextBuffer(b.Bindings), SEC_E_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_SspiGetTargetHostName__each_form),
        cmocka_unit_test(test_SspiIsPromptingNeeded__statuses_about_credentials_alone),
        cmocka_unit_test(test_SspiSetChannelBindingFlags__becomes_ex_and_means_the_same),
        cmocka_unit_test(
            test_SspiSetChannelBindingFlags__addresses_are_kept_and_strangers_memory_too),
        cmocka_unit_test(test_SspiSetChannelBindingFlags__refused_leaves_them_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
