/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers: [MS-DTYP] 2.4.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/sid.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

/* Both forms of one SID. */
static const struct vector {
    const char *binary, *text;
} vectors[] = {
    /* [MS-PAC] 3.1 */
    { "0104000000000005150000005951b81766725d2564633b0b",
      "S-1-5-21-397955417-626881126-188441444" },
    /* [MS-DTYP] 2.4.2.4 */
    { "010100000000000000000000", "S-1-0-0" },
    { "010100000000000100000000", "S-1-1-0" },
    { "010100000000000512000000", "S-1-5-18" },
    { "01020000000000052000000020020000", "S-1-5-32-544" },
    { "010100000000001201000000", "S-1-18-1" },
    { "0100000000000005", "S-1-5" },
};

static struct sid
read_whole(struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct sid sid;

    sid_read(&r, &sid);
    assert_int_equal(wire_finish(&r), WIRE_OK);
    return sid;
}

static void
check_text(const struct sid *sid, const char *want)
{
    char text[SID_TEXT_BYTES];
    struct sid again;

    sid_text(sid, text);
    assert_string_equal(text, want);
    assert_true(sid_parse(&again, bytes_of_string(text)));
    assert_true(sid_equal(&again, sid));
}

static void
test_sid__both_forms_of_published_sids(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        uint8_t room[80], written[80];
        struct bytes binary = hex_into(room, sizeof(room), vectors[i].binary);
        struct wire_writer w = wire_writer_fixed(written, sizeof(written));
        struct sid sid = read_whole(binary);

        check_text(&sid, vectors[i].text);
        sid_put(&w, &sid);
        assert_bytes_equal(wire_written(&w), binary);
    }
}

static void
test_sid_text__large_authority_in_hexadecimal(void **state)
{
    struct sid sid = { .authority = UINT32_MAX, .n = 1, .parts = { 7 } };

    check_text(&sid, "S-1-4294967295-7");
    sid.authority++;
    check_text(&sid, "S-1-0x000100000000-7");
    sid.authority = UINT64_C(0xABCDEF012345);
    check_text(&sid, "S-1-0xABCDEF012345-7");
}

static void
test_sid_text__longest_of_all(void **state)
{
    struct sid sid = { .authority = UINT64_C(0xFFFFFFFFFFFF) };
    char text[SID_TEXT_BYTES];

    while (sid_append(&sid, UINT32_MAX)) {
    }
    assert_int_equal(sid.n, SID_PARTS_MAX);
    sid_text(&sid, text);
    assert_int_equal(strlen(text), 4 + 14 + 15 * 11);
    check_text(&sid, text);
}

static void
test_sid_read__what_is_no_sid_refused(void **state)
{
    static const struct {
        const char *binary;
        enum wire_err err;
    } cases[] = {
        { "", WIRE_SHORT },
        { "00010000000000000000000000", WIRE_BAD_VALUE },
        { "020100000000000000000000", WIRE_BAD_VALUE },
        { "0110000000000005", WIRE_BAD_VALUE },
        { "01ff000000000005", WIRE_BAD_VALUE },
        { "0102000000000005200000002002", WIRE_SHORT },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        uint8_t room[80];
        struct wire_reader r = wire_reader_of(hex_into(room, sizeof(room), cases[i].binary));
        struct sid sid = { .n = 3 };

        sid_read(&r, &sid);
        assert_int_equal(wire_status(&r), cases[i].err);
        assert_int_equal(sid.n, 0);
    }
}

static void
try_binary(struct bytes in, size_t at, void *user)
{
    struct wire_reader r = wire_reader_of(in);
    struct sid sid;
    char text[SID_TEXT_BYTES];

    sid_read(&r, &sid);
    assert_true(sid.n <= SID_PARTS_MAX);
    sid_text(&sid, text);
    if (*(const bool *)user) {
        assert_int_equal(wire_status(&r), WIRE_SHORT);
    }
}

static void
test_sid_read__prefixes_and_flips(void **state)
{
    bool whole = true, flipped = false;

    mutate_prefixes(HEX("0104000000000005150000005951b81766725d2564633b0b"), try_binary, &whole);
    mutate_bytes(HEX("0104000000000005150000005951b81766725d2564633b0b"), try_binary, &flipped);
}

/* One text for one SID: who compares texts compares SIDs. */
static void
test_sid_parse__other_spellings_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "S",
        "S-1",
        "S-1-",
        "S-2-5",
        "s-1-5-18",
        " S-1-5-18",
        "S-1-5-18 ",
        "S-1-5-",
        "S-1-5--18",
        "S-1-5-+18",
        "S-1-5-018",
        "S-1-05-18",
        "S-1-00",
        "S-1-5-4294967296",
        "S-1-5-99999999999999999999",
        "S-1-4294967296-1",
        "S-1-0x000000000005-18",
        "S-1-0xABCDEF01234-7",
        "S-1-0xABCDEF0123456-7",
        "S-1-0XABCDEF012345-7",
        "S-1-0xABCDEG012345-7",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
        "S-1-5-18\n",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(texts); i++) {
        struct sid sid = { .n = 3 };

        assert_false(sid_parse(&sid, bytes_of_string(texts[i])));
        assert_int_equal(sid.n, 0);
    }
    assert_false(sid_parse(&(struct sid){ 0 }, bytes_of("S-1-5\0", 6)));
    assert_false(sid_parse(&(struct sid){ 0 }, (struct bytes){ 0 }));
}

static void
test_sid_equal__each_part_counts(void **state)
{
    struct sid a = { .authority = 5, .n = 2, .parts = { 32, 544 } };
    struct sid b = a;

    assert_true(sid_equal(&a, &b));
    b.parts[1]++;
    assert_false(sid_equal(&a, &b));
    b = a;
    b.n = 1;
    assert_false(sid_equal(&a, &b));
    b = a;
    b.authority |= UINT64_C(1) << 40;
    assert_false(sid_equal(&a, &b));
    b = a;
    b.parts[2] = 1; /* behind the last */
    assert_true(sid_equal(&a, &b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sid__both_forms_of_published_sids),
        cmocka_unit_test(test_sid_text__large_authority_in_hexadecimal),
        cmocka_unit_test(test_sid_text__longest_of_all),
        cmocka_unit_test(test_sid_read__what_is_no_sid_refused),
        cmocka_unit_test(test_sid_read__prefixes_and_flips),
        cmocka_unit_test(test_sid_parse__other_spellings_refused),
        cmocka_unit_test(test_sid_equal__each_part_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
