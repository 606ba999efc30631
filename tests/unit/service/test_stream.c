/* SPDX-License-Identifier: Apache-2.0 */
/* The framed protocol: frames however they are cut, lengths that lie, messages sealed and opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fake_sspi.h"
#include "service/stream.h"

static void
test_stream_read__frames_however_they_are_cut(void **state)
{
    static const char wire[] = "\3\0\0\0abc\1\0\0\0d\5\0\0\0hello";
    static const char *const frames[] = { "abc", "d", "hello" };

    (void)state;
    for (size_t step = 1; step < sizeof(wire); step++) {
        struct stream_reader r = { .max_bytes = 5 };
        size_t got = 0;

        for (size_t at = 0; at < sizeof(wire) - 1; at += step) {
            size_t n = sizeof(wire) - 1 - at < step ? sizeof(wire) - 1 - at : step;
            struct bytes in = bytes_of(wire + at, n);

            while (in.n) {
                enum stream_result result = stream_read(&r, &in);

                if (result == STREAM_MORE) {
                    assert_int_equal(in.n, 0);
                    continue;
                }
                assert_int_equal(result, STREAM_WHOLE);
                assert_true(bytes_equal(bytes_of(r.p, r.length), bytes_of_string(frames[got])));
                got++;
                assert_false(stream_within(&r));
            }
        }
        assert_int_equal(got, 3);
        stream_reader_clear(&r);
    }
}

static void
test_stream_read__lengths_that_lie_allocate_nothing(void **state)
{
    static const struct {
        const char *head;
        enum stream_result result;
    } rows[] = {
        { "\0\0\0\0", STREAM_EMPTY },
        { "\1\0\1\0", STREAM_TOO_LONG },
        { "\xFF\xFF\xFF\xFF", STREAM_TOO_LONG },
        { "\0\0\0\x80", STREAM_TOO_LONG },
        { "\xFF\xFF\xFF\x7F", STREAM_TOO_LONG },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct stream_reader r = { .max_bytes = 65536 };
        struct bytes in = bytes_of(rows[i].head, 4);

        assert_int_equal(stream_read(&r, &in), rows[i].result);
        assert_null(r.p);
        assert_true(stream_within(&r));
        stream_reader_clear(&r);
    }
}

static void
test_stream_read__memory_grows_with_what_came(void **state)
{
    struct stream_reader r = { .max_bytes = 1 << 30 };
    uint8_t room[1024] = { 0 };
    struct bytes in = bytes_of("\0\0\0\x3F", 4);

    (void)state;
    assert_int_equal(stream_read(&r, &in), STREAM_MORE);
    assert_int_equal(r.capacity, 0);
    for (int i = 0; i < 64; i++) {
        in = bytes_of(room, sizeof(room));
        assert_int_equal(stream_read(&r, &in), STREAM_MORE);
        assert_true(r.capacity <= 2 * r.n);
    }
    stream_reader_clear(&r);
}

static void
test_stream_read__keeps_little_between_frames(void **state)
{
    static uint8_t wire[100004] = { 0xA0, 0x86, 0x01, 0 };
    struct stream_reader r = { .max_bytes = 100000 };
    struct bytes in = bytes_of(wire, sizeof(wire));

    (void)state;
    assert_int_equal(stream_read(&r, &in), STREAM_WHOLE);
    assert_int_equal(in.n, 0);
    in = bytes_of(wire, 2);
    assert_int_equal(stream_read(&r, &in), STREAM_MORE);
    assert_null(r.p);
    assert_true(stream_within(&r));
    stream_reader_clear(&r);
}

static void
test_stream_room__never_reaches_into_the_next_frame(void **state)
{
    static const uint8_t wire[] = "\3\0\0\0abc\1\0\0\0d\xB8\x0B\0\0";
    struct stream_reader r = { .max_bytes = 3000 };
    size_t at = 0, got = 0, n;

    (void)state;
    while (at < sizeof(wire) - 1) {
        uint8_t *room = stream_room(&r, &n);

        assert_non_null(room);
        assert_true(n > 0 && n <= sizeof(wire) - 1 - at);
        bytes_copy(room, wire + at, n);
        at += n;
        got += stream_filled(&r, n) == STREAM_WHOLE;
    }
    assert_int_equal(got, 2);
    assert_non_null(stream_room(&r, &n));
    assert_true(n <= 512); /* of 3000: little at first */
    stream_reader_clear(&r);

    r.first_bytes = 65536;
    at = sizeof(wire) - 5;
    assert_int_equal(stream_read(&r, &(struct bytes){ wire + at, 4 }), STREAM_MORE);
    assert_non_null(stream_room(&r, &n));
    assert_int_equal(n, 3000);
    stream_reader_clear(&r);
    assert_int_equal(r.first_bytes, 65536);
}

static void
test_stream_reader_take__leaves_an_empty_reader(void **state)
{
    struct stream_reader r = { .max_bytes = 10 };
    struct bytes in = bytes_of("\3\0\0\0abc\2\0\0\0de", 13);
    uint8_t *taken;

    (void)state;
    assert_int_equal(stream_read(&r, &in), STREAM_WHOLE);
    taken = stream_reader_take(&r);
    assert_false(stream_within(&r));
    assert_int_equal(stream_read(&r, &in), STREAM_WHOLE);
    assert_true(bytes_equal(bytes_of(taken, 3), bytes_of("abc", 3)));
    assert_true(bytes_equal(bytes_of(r.p, r.length), bytes_of("de", 2)));
    mem_free(taken);
    stream_reader_clear(&r);
}

static void
test_stream_fit__a_bulk_or_what_the_peer_takes(void **state)
{
    static const SecPkgContext_Sizes padded = { .cbSecurityTrailer = 60, .cbBlockSize = 8 };
    static const struct {
        size_t max_message, plain;
    } rows[] = {
        { 64, 1 }, /* not even the overhead */
        { 72, 1 }, /* 4 + 60 + 8 */
        { 73, 1 },        { 74, 2 },          { 1000, 928 },
        { 65531, 65459 }, { 65532, 65460 }, /* with the length before it 65536 */
        { 65533, 65460 }, { 1 << 20, 65460 },
    };

    (void)state;
    assert_int_equal(stream_before(&padded), 68);
    assert_int_equal(stream_overhead(&padded), 76);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(stream_fit(&padded, rows[i].max_message), rows[i].plain);
    }
}

static const SecPkgContext_Sizes sizes = { .cbSecurityTrailer = 4, .cbBlockSize = 1 };

static void
seal_and_open(struct bytes plain, const SecPkgContext_Sizes *with)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);
    struct stream_reader r = { .max_bytes = 1 << 20 };
    CtxtHandle context = { 0 };
    struct bytes in, opened;

    assert_int_equal(stream_seal(&context, with, plain, &w), SEC_E_OK);
    in = wire_written(&w);
    assert_int_equal(stream_read(&r, &in), STREAM_WHOLE);
    assert_int_equal(in.n, 0);
    assert_int_equal(stream_open(&context, r.p, r.length, &opened), SEC_E_OK);
    opened.n = opened.n > plain.n ? plain.n : opened.n; /* padding is the package's to drop */
    assert_true(bytes_equal(opened, plain));
    wire_writer_clear(&w);
    stream_reader_clear(&r);
}

static void
test_stream_seal__opens_again(void **state)
{
    static uint8_t large[70000];

    (void)state;
    seal_and_open(bytes_of_string("hello"), &sizes);
    seal_and_open(bytes_of(NULL, 0), &sizes);
    seal_and_open(bytes_of(large, sizeof(large)), &sizes);
}

static void
test_stream_seal__layout_with_padding_and_a_short_trailer(void **state)
{
    static const SecPkgContext_Sizes padded = { .cbSecurityTrailer = 9, .cbBlockSize = 8 };
    struct wire_writer w = wire_writer_growing(NULL, 0);
    CtxtHandle context = { 0 };

    (void)state;
    assert_int_equal(stream_seal(&context, &padded, bytes_of("\xFF\xFE", 2), &w), SEC_E_OK);
    fake_short_trailer = 1;
    assert_int_equal(stream_seal(&context, &padded, bytes_of("\xFF", 1), &w), SEC_E_OK);
    fake_short_trailer = 0;
    assert_true(bytes_equal(wire_written(&w), bytes_of("\x0B\0\0\0\4\0\0\0TRAI\0\1P"
                                                       "\x08\0\0\0\2\0\0\0TR\0P",
                                                       27)));
    wire_writer_clear(&w);
}

static void
test_stream_open__what_is_no_message(void **state)
{
    static const struct {
        const char *message;
        size_t n;
        SECURITY_STATUS status;
    } rows[] = {
        { "", 0, SEC_E_INVALID_TOKEN },
        { "\4\0\0", 3, SEC_E_INVALID_TOKEN },
        { "\4\0\0\0", 4, SEC_E_INVALID_TOKEN },
        { "\4\0\0\0TRA", 7, SEC_E_INVALID_TOKEN },
        { "\xFF\xFF\xFF\xFFTRAI", 8, SEC_E_INVALID_TOKEN },
        { "\0\0\0\0TRAI", 8, SEC_E_MESSAGE_ALTERED },
        { "\4\0\0\0TRAX", 8, SEC_E_MESSAGE_ALTERED },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        uint8_t message[16];
        CtxtHandle context = { 0 };
        struct bytes plain;

        bytes_copy(message, rows[i].message, rows[i].n);
        assert_int_equal(stream_open(&context, message, rows[i].n, &plain), rows[i].status);
    }
}

static void
test_stream_open__only_signed_is_refused(void **state)
{
    uint8_t message[] = "\4\0\0\0TRAIxyz";
    CtxtHandle context = { 0 };
    struct bytes plain;

    (void)state;
    fake_only_signed = 1;
    assert_int_equal(stream_open(&context, message, sizeof(message) - 1, &plain),
                     SEC_E_MESSAGE_ALTERED);
    fake_only_signed = 0;
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_read__frames_however_they_are_cut),
        cmocka_unit_test(test_stream_read__lengths_that_lie_allocate_nothing),
        cmocka_unit_test(test_stream_read__memory_grows_with_what_came),
        cmocka_unit_test(test_stream_read__keeps_little_between_frames),
        cmocka_unit_test(test_stream_room__never_reaches_into_the_next_frame),
        cmocka_unit_test(test_stream_reader_take__leaves_an_empty_reader),
        cmocka_unit_test(test_stream_fit__a_bulk_or_what_the_peer_takes),
        cmocka_unit_test(test_stream_seal__opens_again),
        cmocka_unit_test(test_stream_seal__layout_with_padding_and_a_short_trailer),
        cmocka_unit_test(test_stream_open__what_is_no_message),
        cmocka_unit_test(test_stream_open__only_signed_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
