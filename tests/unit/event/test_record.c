/* SPDX-License-Identifier: Apache-2.0 */
/* One event as a line of JSON: whatever a peer sends, the line is one line and reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "event/record.h"

static void
line_of(struct bytes text, char *to, size_t n)
{
    struct event_record record = event_record_new();
    struct wire_writer w = wire_writer_fixed(to, n - 1);

    event_record_bytes(&record, "t", text);
    assert_true(event_record_put(&record, &w));
    to[w.len] = 0;
    event_record_clear(&record);
}

static void
test_event_record_bytes__each_row_as_told(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *line;
    } rows[] = {
        { "", 0, "{\"t\":\"\"}\n" },
        { "J\xC3\xBCrgen", 7, "{\"t\":\"J\xC3\xBCrgen\"}\n" },
        { "\xF0\x9F\x98\x80", 4, "{\"t\":\"\xF0\x9F\x98\x80\"}\n" },
        { "a\"b\\c", 5, "{\"t\":\"a\\\"b\\\\c\"}\n" },
        { "a\nb\r\t", 5, "{\"t\":\"a\\nb\\r\\t\"}\n" },
        { "\0\x1b[2J", 5, "{\"t\":\"\\u0000\\u001B[2J\"}\n" },
        { "\x7f", 1, "{\"t\":\"\\u007f\"}\n" },
        { "\xC2\x80\xC2\x9F", 4, "{\"t\":\"\\u0080\\u009f\"}\n" },
        { "\xE2\x80\xA8\xE2\x80\xA9", 6, "{\"t\":\"\\u2028\\u2029\"}\n" },
        { "\xE2\x80\xAE", 3, "{\"t\":\"\\u202e\"}\n" },
        { "\xFF"
          "a\xC3",
          3, "{\"t\":\"\\\\xffa\\\\xc3\"}\n" },
        { "\xED\xA0\x80", 3, "{\"t\":\"\\\\xed\\\\xa0\\\\x80\"}\n" },
        { "\"}\n{\"EventID\":4624", 18, "{\"t\":\"\\\"}\\n{\\\"EventID\\\":4624\"}\n" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        char line[256];

        line_of(bytes_of(rows[i].text, rows[i].n), line, sizeof(line));
        assert_string_equal(line, rows[i].line);
    }
}

static void
test_event_record_bytes__every_byte_reads_back_as_json(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t text[3] = { (uint8_t)a, (uint8_t)b, 'z' };
            char line[64];
            json_t *read;

            line_of(bytes_of(text, 3), line, sizeof(line));
            assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
            read = json_loads(line, JSON_ALLOW_NUL, NULL);
            assert_non_null(read);
            json_decref(read);
        }
    }
}

static void
test_event_record_bytes__long_text_is_cut(void **state)
{
    static char text[100000], line[8192];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = '\xFF';
    }
    line_of(bytes_of(text, sizeof(text)), line, sizeof(line));
    assert_int_equal(strlen(line), 512 * 5 + strlen("{\"t\":\"\"}\n"));
}

static void
test_event_record_field__kinds(void **state)
{
    struct event_record record = event_record_new();
    char line[256] = "";
    struct wire_writer w = wire_writer_fixed(line, sizeof(line) - 1);

    (void)state;
    event_record_field(&record, "a", NULL);
    event_record_field(&record, "b", "x");
    event_record_text(&record, "c", "");
    event_record_number(&record, "d", 4624);
    event_record_flag(&record, "e", true);
    event_record_hex(&record, "f", 0xC000006A);
    event_record_hex(&record, "g", 0);
    assert_true(event_record_put(&record, &w));
    assert_string_equal(line, "{\"a\":\"-\",\"b\":\"x\",\"d\":4624,\"e\":true,"
                              "\"f\":\"0xc000006a\",\"g\":\"0x0\"}\n");
    event_record_clear(&record);
    assert_false(event_record_put(&record, &w));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_record_bytes__each_row_as_told),
        cmocka_unit_test(test_event_record_bytes__every_byte_reads_back_as_json),
        cmocka_unit_test(test_event_record_bytes__long_text_is_cut),
        cmocka_unit_test(test_event_record_field__kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
