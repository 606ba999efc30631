/* SPDX-License-Identifier: Apache-2.0 */
/* rasshost.h's layouts, as mingw-w64's compiler measured them, and the codes that modules meet. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <cmocka.h>

#include <opensspi/rasshost.h>

static void
test_SECURITY_MESSAGE__on_64_bits_has_windows_layout(void **state)
{
    assert_int_equal(sizeof(SECURITY_MESSAGE), 296);
    assert_int_equal(offsetof(SECURITY_MESSAGE, hPort), 8);
    assert_int_equal(offsetof(SECURITY_MESSAGE, dwError), 16);
    assert_int_equal(offsetof(SECURITY_MESSAGE, UserName), 20);
    assert_int_equal(offsetof(SECURITY_MESSAGE, Domain), 277);
}

static void
test_RAS_SECURITY_INFO__has_windows_layout(void **state)
{
    assert_int_equal(sizeof(RAS_SECURITY_INFO), 140);
    assert_int_equal(offsetof(RAS_SECURITY_INFO, BytesReceived), 4);
    assert_int_equal(offsetof(RAS_SECURITY_INFO, DeviceName), 8);
}

static void
test_raserror__codes_of_the_dialogue_have_their_numbers(void **state)
{
    const struct {
        uint32_t ours, documented;
    } codes[] = {
        { SUCCESS, 0 },
        { PENDING, 600 },
        { ERROR_INVALID_PORT_HANDLE, 601 },
        { ERROR_PORT_NOT_CONNECTED, 606 },
        { ERROR_EVENT_INVALID, 607 },
        { ERROR_BUFFER_INVALID, 610 },
        { ERROR_OUT_OF_BUFFERS, 614 },
        { ERROR_ASYNC_REQUEST_PENDING, 616 },
        { ERROR_PORT_DISCONNECTED, 619 },
        { ERROR_INVALID_SIZE, 632 },
        { ERROR_REQUEST_TIMEOUT, 638 },
        { ERROR_NO_CARRIER, 679 },
        { ERROR_AUTHENTICATION_FAILURE, 691 },
        { ERROR_INTERACTIVE_MODE, 703 },
        { ERROR_PPP_TIMEOUT, 718 },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        assert_int_equal(codes[i].ours, codes[i].documented);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_SECURITY_MESSAGE__on_64_bits_has_windows_layout),
        cmocka_unit_test(test_RAS_SECURITY_INFO__has_windows_layout),
        cmocka_unit_test(test_raserror__codes_of_the_dialogue_have_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
