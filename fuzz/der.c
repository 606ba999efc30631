/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: der_peek, der_take_whole, der_enter, der_leave, der_put, der_oid_text */
#include <string.h>

#include "base/der.h"
#include "fuzz.h"

enum { MAX_DEPTH = 64 }; /* of this walk; the reader itself does not recurse */

static void
walk(struct bytes in, struct wire_reader *r, unsigned depth)
{
    while (wire_left(r) && wire_status(r) == WIRE_OK) {
        uint8_t tag = der_peek(r);
        struct wire_reader again = *r;
        struct bytes whole = der_take_whole(r, 0);
        struct bytes contents = tag ? der_take(&again, tag) : der_take_whole(&again, 0);
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

        fuzz_must(wire_status(r) == wire_status(&again));
        if (wire_status(r) != WIRE_OK) {
            return;
        }
        fuzz_view(in, whole);
        fuzz_view(in, contents);
        fuzz_must(whole.n == der_size(contents.n));

        /* One form alone is DER, so what was read is what would be written. */
        der_put(&w, tag, contents);
        fuzz_must(wire_writer_status(&w) == WIRE_OK && bytes_equal(wire_written(&w), whole));

        if (tag == DER_OID) {
            char text[DER_OID_TEXT_BYTES];

            der_oid_text(whole, text);
            fuzz_must(memchr(text, 0, sizeof(text)) != NULL);
        }
        if ((tag & 0x20) && depth < MAX_DEPTH) {
            struct wire_reader outer = wire_reader_of(whole);
            struct wire_reader inner = der_enter(&outer, tag);

            walk(in, &inner, depth + 1);
            der_leave(&outer, &inner);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct wire_reader r = wire_reader_of(in);

    walk(in, &r, 0);
    return 0;
}
