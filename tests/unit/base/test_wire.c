/* SPDX-License-Identifier: Apache-2.0 */
/* The cursors: sticky errors, offsets that wrap, writers of each kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wire.h"
#include "tests/support/hex.h"

/* --- reading ------------------------------------------------------------------------------- */

static void
test_wire_numbers__read_in_their_order(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("01 0203 04050607 08090a0b0c0d0e0f 1011 12131415"));

    (void)state;
    assert_int_equal(wire_u8(&r), 0x01);
    assert_int_equal(wire_le16(&r), 0x0302);
    assert_int_equal(wire_le32(&r), 0x07060504);
    assert_true(wire_le64(&r) == UINT64_C(0x0f0e0d0c0b0a0908));
    assert_int_equal(wire_be16(&r), 0x1011);
    assert_int_equal(wire_be32(&r), 0x12131415);
    assert_int_equal(wire_finish(&r), WIRE_OK);
}

static void
test_wire_reader__first_error_stays_and_reads_give_zero(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("aabbcc"));
    uint8_t copy[2] = { 1, 1 };

    (void)state;
    assert_int_equal(wire_u8(&r), 0xaa);
    assert_int_equal(wire_le32(&r), 0);
    assert_int_equal(wire_status(&r), WIRE_SHORT);
    assert_int_equal(r.err_at, 1);
    assert_int_equal(wire_left(&r), 0);

    wire_fail(&r, WIRE_LIMIT);
    assert_int_equal(wire_u8(&r), 0);
    assert_int_equal(wire_le64(&r), 0);
    assert_null(wire_take(&r, 0).p);
    assert_null(wire_at(&r, 0, 1).p);
    wire_copy(&r, copy, sizeof(copy));
    assert_int_equal(copy[0] | copy[1], 0);
    assert_int_equal(wire_finish(&r), WIRE_SHORT);
    assert_int_equal(r.err_at, 1);
}

static void
test_wire_reader_of__null_is_empty(void **state)
{
    struct wire_reader r = wire_reader_of((struct bytes){ NULL, 7 });

    (void)state;
    assert_int_equal(wire_left(&r), 0);
    assert_int_equal(wire_finish(&r), WIRE_OK);
    assert_int_equal(wire_u8(&r), 0);
    assert_int_equal(wire_status(&r), WIRE_SHORT);
}

static void
test_wire_finish__bytes_left_are_trailing(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("0102"));

    (void)state;
    wire_skip(&r, 1);
    assert_int_equal(wire_status(&r), WIRE_OK);
    assert_int_equal(wire_finish(&r), WIRE_TRAILING);
    assert_bytes_equal(wire_rest(&r), HEX("02"));
    assert_int_equal(wire_finish(&r), WIRE_OK);
}

static void
test_wire_take__length_that_would_wrap_the_cursor_is_short(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("0102"));

    (void)state;
    assert_null(wire_take(&r, SIZE_MAX).p);
    assert_int_equal(wire_status(&r), WIRE_SHORT);
}

/* CVE-2023-25563: an offset and a length whose sum wraps passed gss-ntlmssp's check. */
static void
test_wire_at__cve_2023_25563_sums_that_wrap_are_refused(void **state)
{
    static const struct {
        uint32_t off, len;
        enum wire_err err;
    } cases[] = {
        { 0, 8, WIRE_OK },
        { 7, 1, WIRE_OK },
        { 8, 0, WIRE_OK },
        { 0xFFFFFFFF, 0, WIRE_OK }, /* nothing, wherever it is said to be */
        { 8, 1, WIRE_RANGE },
        { 0, 9, WIRE_RANGE },
        { 9, 0xFFFFFFFF, WIRE_RANGE },
        { 4, 0xFFFFFFFC, WIRE_RANGE }, /* the sum is 0 */
        { 4, 0xFFFFFFFE, WIRE_RANGE }, /* the sum is 2 */
        { 0xFFFFFFFF, 1, WIRE_RANGE }, /* the sum is 0 */
        { 0xFFFFFFFF, 0xFFFFFFFF, WIRE_RANGE },
        { 0x80000000, 0x80000000, WIRE_RANGE }, /* the sum is 0 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_reader r = wire_reader_of(HEX("0001020304050607"));
        struct bytes got = wire_at(&r, cases[i].off, cases[i].len);

        assert_int_equal(wire_status(&r), cases[i].err);
        assert_int_equal(got.n, cases[i].err == WIRE_OK ? cases[i].len : 0);
        if (got.n) {
            assert_int_equal(got.p[0], cases[i].off);
        }
        if (cases[i].err != WIRE_OK) {
            assert_int_equal(r.err_at, cases[i].off);
        }
    }
}

static void
test_wire_at__leaves_the_cursor(void **state)
{
    struct wire_reader r = wire_reader_of(HEX("0001020304"));

    (void)state;
    wire_skip(&r, 3);
    assert_bytes_equal(wire_at(&r, 0, 2), HEX("0001"));
    assert_int_equal(wire_u8(&r), 3);
}

/* --- writing ------------------------------------------------------------------------------- */

static void
put_one_of_each(struct wire_writer *w)
{
    size_t mark;

    wire_put_u8(w, 0x01);
    wire_put_le16(w, 0x0203);
    mark = wire_hold_le32(w);
    wire_put_le32(w, 0x04050607);
    wire_put_le64(w, UINT64_C(0x08090a0b0c0d0e0f));
    wire_fill_len32(w, mark);
    wire_put_be16(w, 0x1011);
    wire_put_be32(w, 0x12131415);
    wire_put_zero(w, 3);
    wire_put_bytes(w, bytes_of_string("end"));
    wire_put(w, NULL, 0);
}

static const char one_of_each[] =
    "01 0302 0c000000 07060504 0f0e0d0c0b0a0908 1011 12131415 000000 656e64";

static void
test_wire_put__fixed_growing_and_measuring_agree(void **state)
{
    uint8_t room[64], want_room[64];
    struct bytes want = hex_into(want_room, sizeof(want_room), one_of_each);
    struct wire_writer fixed = wire_writer_fixed(room, want.n);
    struct wire_writer growing = wire_writer_growing(NULL, 0);
    struct wire_writer measuring = wire_writer_measuring();

    (void)state;
    put_one_of_each(&fixed);
    put_one_of_each(&growing);
    put_one_of_each(&measuring);
    assert_int_equal(wire_writer_status(&fixed), WIRE_OK);
    assert_bytes_equal(wire_written(&fixed), want);
    assert_bytes_equal(wire_written(&growing), want);
    assert_int_equal(measuring.len, want.n);
    assert_int_equal(wire_writer_status(&measuring), WIRE_OK);
    assert_null(wire_written(&measuring).p);
    wire_writer_clear(&growing);
    wire_writer_clear(&growing);
}

static void
test_wire_put__fixed_too_small_at_each_size(void **state)
{
    uint8_t room[64];
    size_t whole;
    struct wire_writer measuring = wire_writer_measuring();

    (void)state;
    put_one_of_each(&measuring);
    whole = measuring.len;
    for (size_t n = 0; n < whole; n++) {
        struct wire_writer w = wire_writer_fixed(room, n);

        memset(room, 0xEE, sizeof(room));
        put_one_of_each(&w);
        assert_int_equal(wire_writer_status(&w), WIRE_NO_SPACE);
        assert_null(wire_written(&w).p);
        assert_int_equal(room[n], 0xEE);
    }
}

static void
test_wire_put__growing_leaves_the_callers_memory_when_it_is_full(void **state)
{
    uint8_t room[8];
    struct wire_writer w = wire_writer_growing(room, sizeof(room));

    (void)state;
    wire_put_zero(&w, 8);
    assert_ptr_equal(wire_written(&w).p, room);
    for (unsigned i = 0; i < 10000; i++) {
        wire_put_u8(&w, (uint8_t)i);
    }
    assert_ptr_not_equal(wire_written(&w).p, room);
    assert_int_equal(wire_written(&w).n, 10008);
    assert_int_equal(wire_written(&w).p[10007], (uint8_t)9999);
    wire_writer_clear(&w);
}

static void
test_wire_writer_secret__memory_left_behind_is_wiped(void **state)
{
    uint8_t room[8];
    struct wire_writer w = wire_writer_secret(room, sizeof(room));

    (void)state;
    wire_put(&w, "password", 8);
    wire_put_u8(&w, '!');
    assert_memory_equal(room, "\0\0\0\0\0\0\0\0", 8);
    assert_bytes_equal(wire_written(&w), bytes_of_string("password!"));
    wire_writer_clear(&w);

    w = wire_writer_secret(room, sizeof(room));
    wire_put(&w, "pass", 4);
    wire_writer_clear(&w);
    assert_memory_equal(room, "\0\0\0\0", 4);
}

static void
test_wire_reserve__zeroed_and_null_after_an_error(void **state)
{
    uint8_t room[4];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    uint8_t *at;

    (void)state;
    memset(room, 0xEE, sizeof(room));
    at = wire_reserve(&w, 4);
    assert_ptr_equal(at, room);
    assert_memory_equal(room, "\0\0\0\0", 4);
    assert_null(wire_reserve(&w, 1));
    assert_null(wire_reserve(&w, 0));
}

/* An offset from NULL is undefined, and be it 0: the sanitizer sees it. */
static void
test_wire_put__nothing_into_a_writer_without_memory(void **state)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);

    (void)state;
    wire_put(&w, NULL, 0);
    wire_put_zero(&w, 0);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    assert_int_equal(wire_written(&w).n, 0);
    wire_put_u8(&w, 1);
    assert_int_equal(wire_written(&w).n, 1);
    wire_writer_clear(&w);
}

static void
test_wire_put__length_that_would_wrap_is_a_limit(void **state)
{
    struct wire_writer w = wire_writer_measuring();

    (void)state;
    wire_put_zero(&w, SIZE_MAX);
    wire_put_u8(&w, 0);
    assert_int_equal(wire_writer_status(&w), WIRE_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_numbers__read_in_their_order),
        cmocka_unit_test(test_wire_reader__first_error_stays_and_reads_give_zero),
        cmocka_unit_test(test_wire_reader_of__null_is_empty),
        cmocka_unit_test(test_wire_finish__bytes_left_are_trailing),
        cmocka_unit_test(test_wire_take__length_that_would_wrap_the_cursor_is_short),
        cmocka_unit_test(test_wire_at__cve_2023_25563_sums_that_wrap_are_refused),
        cmocka_unit_test(test_wire_at__leaves_the_cursor),
        cmocka_unit_test(test_wire_put__fixed_growing_and_measuring_agree),
        cmocka_unit_test(test_wire_put__fixed_too_small_at_each_size),
        cmocka_unit_test(test_wire_put__growing_leaves_the_callers_memory_when_it_is_full),
        cmocka_unit_test(test_wire_writer_secret__memory_left_behind_is_wiped),
        cmocka_unit_test(test_wire_reserve__zeroed_and_null_after_an_error),
        cmocka_unit_test(test_wire_put__nothing_into_a_writer_without_memory),
        cmocka_unit_test(test_wire_put__length_that_would_wrap_is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
