/* SPDX-License-Identifier: Apache-2.0 */
/* NegoEx's messages: a token in the manner of Windows, what is refused, and the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/negoex_msg.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

enum { ROOM = 4096 };

#define SIGNATURE    "4e45474f45585453"
#define CONVERSATION "a1a2a3a4a5a6a7a8a9aaabacadaeafb0"
#define RANDOM       "0101010101010101010101010101010101010101010101010101010101010101"
#define SCHEME       "5c33530deaf90d4db2ec4ae3786ec308" /* Windows' own */
#define PKU2U        "ad695f23fb73bc4d82030629e739339b"

/* [MS-NEGOEX] 2.2.6.3: Random, ProtocolVersion, the vectors of schemes and extensions, the schemes
 * behind them. */
#define NEGO                                                    \
    SIGNATURE "00000000"                                        \
              "00000000"                                        \
              "60000000"                                        \
              "80000000" CONVERSATION RANDOM "0000000000000000" \
              "60000000"                                        \
              "02000000"                                        \
              "00000000"                                        \
              "00000000" SCHEME PKU2U
/* 2.2.6.4: scheme, offset and length of its data, the data. */
#define META                                            \
    SIGNATURE "02000000"                                \
              "01000000"                                \
              "40000000"                                \
              "44000000" CONVERSATION SCHEME "40000000" \
              "04000000"                                \
              "deadbeef"
/* 2.2.6.6: scheme, ErrorCode, no alerts. */
#define ALERT                                          \
    SIGNATURE "07000000"                               \
              "02000000"                               \
              "48000000"                               \
              "48000000" CONVERSATION PKU2U "220309c0" \
              "00000000"                               \
              "00000000"                               \
              "00000000"

static void
test_negoex_next__messages_in_a_row(void **state)
{
    struct bytes in = HEX(NEGO META ALERT);
    struct wire_reader r = wire_reader_of(in);
    struct negoex_message m;

    (void)state;
    assert_true(negoex_next(&r, &m));
    assert_int_equal(m.type, NEGOEX_INITIATOR_NEGO);
    assert_int_equal(m.sequence, 0);
    assert_int_equal(m.header_bytes, 96);
    assert_int_equal(m.message_bytes, 128);
    assert_int_equal(m.at, 0);
    assert_bytes_equal(bytes_of(m.conversation, 16), HEX(CONVERSATION));
    assert_bytes_equal(m.schemes, HEX(SCHEME PKU2U));
    assert_bytes_equal(m.whole, HEX(NEGO));

    assert_true(negoex_next(&r, &m));
    assert_int_equal(m.type, NEGOEX_INITIATOR_META);
    assert_int_equal(m.sequence, 1);
    assert_int_equal(m.at, 128);
    assert_bytes_equal(m.schemes, HEX(SCHEME));

    assert_true(negoex_next(&r, &m));
    assert_int_equal(m.type, NEGOEX_ALERT);
    assert_bytes_equal(m.schemes, HEX(PKU2U));

    assert_false(negoex_next(&r, &m));
    assert_int_equal(wire_status(&r), WIRE_OK);
}

static void
test_negoex_next__an_unknown_message_is_passed_by(void **state)
{
    struct wire_reader r = wire_reader_of(HEX(SIGNATURE "08000000"
                                                        "00000000"
                                                        "28000000"
                                                        "29000000" CONVERSATION "ff" ALERT));
    struct negoex_message m;

    (void)state;
    assert_true(negoex_next(&r, &m));
    assert_int_equal(m.type, 8);
    assert_null(m.schemes.p);
    assert_true(negoex_next(&r, &m));
    assert_int_equal(m.type, NEGOEX_ALERT);
}

static void
test_negoex_next__refused_and_where(void **state)
{
    static const struct {
        const char *name, *hex;
        enum wire_err err;
    } cases[] = {
        { "another signature",
          "4e45474f45585443000000000000000028000000280000"
          "00" CONVERSATION,
          WIRE_BAD_VALUE },
        { "a header that is cut", SIGNATURE "000000000000000028000000", WIRE_SHORT },
        { "a header smaller than a header",
          SIGNATURE "07000000"
                    "00000000"
                    "27000000"
                    "38000000" CONVERSATION PKU2U,
          WIRE_RANGE },
        { "a header larger than its message",
          SIGNATURE "07000000"
                    "00000000"
                    "39000000"
                    "38000000" CONVERSATION PKU2U,
          WIRE_RANGE },
        { "a message past the end",
          SIGNATURE "07000000"
                    "00000000"
                    "38000000"
                    "39000000" CONVERSATION PKU2U,
          WIRE_SHORT },
        { "a length that wraps",
          SIGNATURE "07000000"
                    "00000000"
                    "38000000"
                    "ffffffff" CONVERSATION PKU2U,
          WIRE_SHORT },
        { "no scheme",
          SIGNATURE "05000000"
                    "00000000"
                    "28000000"
                    "28000000" CONVERSATION,
          WIRE_SHORT },
        { "CVE-2026-40355: schemes past the end of the message",
          SIGNATURE "00000000"
                    "00000000"
                    "60000000"
                    "80000000" CONVERSATION RANDOM "0000000000000000"
                    "60000000"
                    "03000000"
                    "00000000"
                    "00000000" SCHEME PKU2U PKU2U,
          WIRE_RANGE },
        { "an offset that wraps",
          SIGNATURE "00000000"
                    "00000000"
                    "60000000"
                    "60000000" CONVERSATION RANDOM "0000000000000000"
                    "f8ffffff"
                    "01000000"
                    "00000000"
                    "00000000",
          WIRE_RANGE },
        { "a NEGO without its vectors",
          SIGNATURE "00000000"
                    "00000000"
                    "48000000"
                    "48000000" CONVERSATION RANDOM,
          WIRE_SHORT },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[ROOM];
        struct wire_reader r = wire_reader_of(hex_into(room, sizeof(room), cases[i].hex));
        struct negoex_message m;

        print_message("# %s\n", cases[i].name);
        assert_false(negoex_next(&r, &m));
        assert_int_equal(wire_status(&r), cases[i].err);
        assert_int_equal(r.err_at, 0);
        assert_false(negoex_next(&r, &m));
    }
}

static void
test_negoex_next__as_many_as_the_limit(void **state)
{
    static uint8_t in[(NEGOEX_MESSAGES_MAX + 1) * 72];
    struct bytes alert = HEX(ALERT);
    struct wire_reader r;
    struct negoex_message m;
    size_t count = 0;

    (void)state;
    assert_int_equal(alert.n, 72);
    for (size_t i = 0; i <= NEGOEX_MESSAGES_MAX; i++) {
        bytes_copy(in + i * alert.n, alert.p, alert.n);
    }
    r = wire_reader_of(bytes_of(in, NEGOEX_MESSAGES_MAX * alert.n));
    while (negoex_next(&r, &m)) {
        count++;
    }
    assert_int_equal(count, NEGOEX_MESSAGES_MAX);
    assert_int_equal(wire_status(&r), WIRE_OK);
    r = wire_reader_of(bytes_of(in, sizeof(in)));
    while (negoex_next(&r, &m)) {
    }
    assert_int_equal(wire_status(&r), WIRE_LIMIT);
    assert_int_equal(r.err_at, NEGOEX_MESSAGES_MAX * alert.n);
}

static void
walk(struct bytes in, size_t at, void *user)
{
    struct wire_reader r = wire_reader_of(in);
    struct negoex_message m;
    size_t sum = 0;

    (void)user;
    while (negoex_next(&r, &m)) {
        assert_true(mutate_is_inside(in, m.whole));
        assert_true(mutate_is_inside(m.whole, m.schemes));
        assert_int_equal(m.schemes.n % 16, 0);
        assert_int_equal(m.at, sum);
        sum += m.message_bytes;
    }
    assert_true(wire_status(&r) != WIRE_OK || sum == in.n);
    assert_true(sum <= in.n && at <= in.n);
}

static void
test_negoex_next__no_prefix_or_flip_crashes(void **state)
{
    (void)state;
    mutate_prefixes(HEX(NEGO META ALERT), walk, NULL);
    mutate_bytes(HEX(NEGO META ALERT), walk, NULL);
}

static void
test_negoex_type_name__table(void **state)
{
    (void)state;
    assert_string_equal(negoex_type_name(NEGOEX_INITIATOR_NEGO), "INITIATOR_NEGO");
    assert_string_equal(negoex_type_name(NEGOEX_ALERT), "ALERT");
    assert_string_equal(negoex_type_name(8), "unknown message");
    assert_string_equal(negoex_type_name(UINT32_MAX), "unknown message");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_negoex_next__messages_in_a_row),
        cmocka_unit_test(test_negoex_next__an_unknown_message_is_passed_by),
        cmocka_unit_test(test_negoex_next__refused_and_where),
        cmocka_unit_test(test_negoex_next__as_many_as_the_limit),
        cmocka_unit_test(test_negoex_next__no_prefix_or_flip_crashes),
        cmocka_unit_test(test_negoex_type_name__table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
