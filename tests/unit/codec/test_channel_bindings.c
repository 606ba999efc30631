/* SPDX-License-Identifier: Apache-2.0 */
/* Channel bindings: both forms, offsets that point outside, and the hash of a published vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/channel_bindings.h"
#include "crypto/digest.h"
#include "tests/support/hex.h"

/* "tls-server-end-point:" and the SHA-256 of a certificate, as Schannel hands them over: an offset
 * of 32 and no addresses. The MD5 is the one that peers publish for it. */
#define APPLICATION                              \
    "746c732d7365727665722d656e642d706f696e743a" \
    "ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95"
#define SCHANNEL     "0000000000000000000000000000000000000000000000003500000020000000" APPLICATION
#define SCHANNEL_MD5 "6586e99d81c2fc984e47172fd4dd0310"
#define SCHANNEL_EX \
    "43424558"      \
    "01000000"      \
    "30000000"      \
    "65000000"      \
    "0000000000000000000000000000000000000000000000003500000030000000" APPLICATION
/* Two addresses and data: "init" of type 2, "accept" of type 0xff, "data". */
#define ADDRESSES              \
    "020000000400000024000000" \
    "ff0000000600000028000000" \
    "0400000020000000"         \
    "64617461"                 \
    "696e6974"                 \
    "616363657074"

static void
hash(const struct channel_bindings *b, uint8_t md5[static 16])
{
    uint8_t room[256];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    struct bytes hashed;

    channel_bindings_put_hashed(&w, b);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    hashed = wire_written(&w);
    digest_md5(&hashed, 1, md5);
}

static void
test_channel_bindings_decode__schannel_form_hashes_to_the_published_value(void **state)
{
    static const char *const forms[] = { SCHANNEL, SCHANNEL_EX };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct channel_bindings b;
        uint8_t in[160], md5[16];

        assert_int_equal(channel_bindings_decode(&b, hex_into(in, sizeof(in), forms[i])), WIRE_OK);
        assert_bytes_equal(b.application, HEX(APPLICATION));
        assert_int_equal(b.flags, i);
        hash(&b, md5);
        assert_bytes_equal(bytes_of(md5, 16), HEX(SCHANNEL_MD5));
    }
}

static void
test_channel_bindings_put_hashed__empty_bindings(void **state)
{
    struct channel_bindings b = { 0 };
    uint8_t md5[16];

    (void)state;
    hash(&b, md5);
    assert_bytes_equal(bytes_of(md5, 16), HEX("441018525208457705bf09a8ee3c1093"));
}

static void
test_channel_bindings_decode__addresses_in_any_order(void **state)
{
    struct channel_bindings b;
    uint8_t room[64];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    (void)state;
    assert_int_equal(channel_bindings_decode(&b, HEX(ADDRESSES)), WIRE_OK);
    assert_int_equal(b.initiator_type, 2);
    assert_bytes_equal(b.initiator, bytes_of_string("init"));
    assert_int_equal(b.acceptor_type, 0xff);
    assert_bytes_equal(b.acceptor, bytes_of_string("accept"));
    assert_bytes_equal(b.application, bytes_of_string("data"));
    channel_bindings_put_hashed(&w, &b);
    assert_bytes_equal(wire_written(&w), HEX("02000000"
                                             "04000000"
                                             "696e6974"
                                             "ff000000"
                                             "06000000"
                                             "616363657074"
                                             "04000000"
                                             "64617461"));
}

static void
test_channel_bindings_decode__offsets_outside_refused(void **state)
{
    static const struct {
        const char *name, *hex;
        enum wire_err err;
    } cases[] = {
        { "data one past the end",
          "0000000000000000000000000000000000000000000000000100000020000000", WIRE_RANGE },
        { "sum wraps to 0", "000000000000000000000000000000000000000000000000e0ffffff20000000",
          WIRE_RANGE },
        { "sum wraps to the middle",
          "000000000000000000000000000000000000000000000000ffffffff10000000", WIRE_RANGE },
        { "initiator outside", "0000000001000000ffffffff0000000000000000000000000000000000000000",
          WIRE_RANGE },
        { "acceptor longer than everything",
          "0000000000000000000000000000000021000000000000000000000000000000", WIRE_RANGE },
        { "acceptor outside", "0000000000000000000000000000000001000000200000000000000000000000",
          WIRE_RANGE },
        { "nothing, at an offset outside",
          "0000000000000000000000000000000000000000000000000000000020ffffff", WIRE_OK },
        { "empty", "", WIRE_SHORT },
        { "EX, header too small",
          "43424558"
          "00000000"
          "20000000"
          "30000000"
          "0000000000000000000000000000000000000000000000000000000000000000",
          WIRE_BAD_VALUE },
        { "EX, structure smaller than its header",
          "43424558"
          "00000000"
          "30000000"
          "2f000000"
          "0000000000000000000000000000000000000000000000000000000000000000",
          WIRE_BAD_VALUE },
        { "EX, structure larger than the buffer",
          "43424558"
          "00000000"
          "30000000"
          "31000000"
          "0000000000000000000000000000000000000000000000000000000000000000",
          WIRE_SHORT },
        { "EX, magic alone", "43424558", WIRE_SHORT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct channel_bindings b;
        uint8_t in[64];

        print_message("# %s\n", cases[i].name);
        assert_int_equal(channel_bindings_decode(&b, hex_into(in, sizeof(in), cases[i].hex)),
                         cases[i].err);
    }
}

/* Each length in memory of its own, so that a read past it is found by the sanitizer. */
static void
test_channel_bindings_decode__no_prefix_succeeds(void **state)
{
    static const char *const forms[] = { SCHANNEL, SCHANNEL_EX, ADDRESSES };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t room[160];
        struct bytes in = hex_into(room, sizeof(room), forms[i]);

        for (size_t n = 0; n < in.n; n++) {
            struct channel_bindings b;
            uint8_t *copy = test_malloc(n ? n : 1);

            bytes_copy(copy, in.p, n);
            assert_int_not_equal(channel_bindings_decode(&b, bytes_of(copy, n)), WIRE_OK);
            test_free(copy);
        }
    }
}

static void
test_channel_bindings_decode__each_flipped_bit_stays_inside(void **state)
{
    static const char *const forms[] = { SCHANNEL, SCHANNEL_EX, ADDRESSES };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t room[160];
        struct bytes in = hex_into(room, sizeof(room), forms[i]);

        for (size_t bit = 0; bit < 8 * in.n; bit++) {
            struct channel_bindings b;
            struct wire_writer w = wire_writer_growing(NULL, 0);

            room[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (channel_bindings_decode(&b, in) == WIRE_OK) {
                channel_bindings_put_hashed(&w, &b);
            }
            wire_writer_clear(&w);
            room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_bindings_decode__schannel_form_hashes_to_the_published_value),
        cmocka_unit_test(test_channel_bindings_put_hashed__empty_bindings),
        cmocka_unit_test(test_channel_bindings_decode__addresses_in_any_order),
        cmocka_unit_test(test_channel_bindings_decode__offsets_outside_refused),
        cmocka_unit_test(test_channel_bindings_decode__no_prefix_succeeds),
        cmocka_unit_test(test_channel_bindings_decode__each_flipped_bit_stays_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
