/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: event_record_bytes, event_record_put, text_put_escaped, text_cut */
#include "base/text.h"
#include "event/record.h"
#include "fuzz.h"

/* Nothing in a line acts on a terminal or ends the line early. */
static void
must_be_one_line(struct bytes line)
{
    while (line.n) {
        uint32_t c;

        fuzz_must(text_next(&line, &c));
        fuzz_must(!text_is_control(c) || (c == '\n' && line.n == 0));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct event_record record = event_record_new();
    SEC_AUTO(wire_writer) json = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    json_t *back;

    event_record_bytes(&record, "text", bytes_of(data, n));
    fuzz_must(event_record_put(&record, &json));
    must_be_one_line(wire_written(&json));
    back = json_loadb((const char *)json.p, json.len, JSON_ALLOW_NUL, NULL);
    fuzz_must(json_is_string(json_object_get(back, "text")));
    json_decref(back);
    event_record_clear(&record);

    text_put_escaped(&text, bytes_of(data, n));
    must_be_one_line(wire_written(&text));
    return 0;
}
