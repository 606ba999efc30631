/* SPDX-License-Identifier: Apache-2.0 */
/* Reports for callers, one block each. */
#include "sspi/report.h"

#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/given.h"

struct place {
    size_t at, mark; /* of the pointer in the fixed part, of its string among the strings */
};

void
report_init(struct report *r)
{
    *r = (struct report){ wire_writer_growing(NULL, 0), wire_writer_growing(NULL, 0) };
}

void
report_auto(struct report *r)
{
    wire_writer_clear(&r->strings);
    wire_writer_clear(&r->places);
}

void
report_utf8(struct report *r, size_t at, const char *text)
{
    const struct place place = { at, r->strings.len };

    wire_put(&r->places, &place, sizeof(place));
    wire_put(&r->strings, text ? text : "", text ? strlen(text) + 1 : 1);
}

void
report_utf16(struct report *r, size_t at, struct bytes text)
{
    char *utf8 = utf8_from_utf16(text);

    report_utf8(r, at, utf8);
    if (!utf8 && r->strings.err == WIRE_OK) {
        r->strings.err = WIRE_NO_MEMORY;
    }
    mem_free(utf8);
}

sec_status
report_give(const struct report *r, const void *fixed, size_t n_fixed, size_t n, void **out)
{
    struct bytes strings = wire_written(&r->strings);
    struct wire_reader places = wire_reader_of(wire_written(&r->places));
    char *block;

    if (wire_writer_status(&r->strings) != WIRE_OK || wire_writer_status(&r->places) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    block = given_new(n + strings.n);
    if (!block) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    bytes_copy(block, fixed, n_fixed);
    bytes_copy(block + n, strings.p, strings.n);
    while (wire_left(&places)) {
        const char *string;
        struct place place;

        wire_copy(&places, &place, sizeof(place));
        string = block + n + place.mark;
        bytes_copy(block + place.at, &string, sizeof(string));
    }
    *out = block;
    return SEC_E_OK;
}
