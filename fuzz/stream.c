/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: stream_read, and with it stream_room and stream_filled. The first byte says in what pieces the rest arrives. */
#include "fuzz.h"
#include "service/stream.h"

enum { MAX_BYTES = 5000 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct stream_reader r = { .max_bytes = MAX_BYTES };
    size_t step = n ? (size_t)data[0] + 1 : 1, at = 1, expect = 1;
    enum stream_result result = STREAM_MORE;

    while (at < n && (result == STREAM_MORE || result == STREAM_WHOLE)) {
        struct bytes in = bytes_of(data + at, n - at < step ? n - at : step);

        at += in.n;
        while (in.n && (result == STREAM_MORE || result == STREAM_WHOLE)) {
            result = stream_read(&r, &in);
            fuzz_must(r.capacity <= 512 || r.capacity <= 2 * r.n || r.capacity <= 2048);
            if (result == STREAM_WHOLE) {
                /* A frame is what was sent, where it was sent. */
                fuzz_must(r.length == wire_load_le32(data + expect));
                fuzz_must(
                    bytes_equal(bytes_of(r.p, r.length), bytes_of(data + expect + 4, r.length)));
                expect += 4 + (size_t)r.length;
                fuzz_must(!stream_within(&r));
            }
        }
        fuzz_must(result != STREAM_EMPTY || r.length == 0);
        fuzz_must(result != STREAM_TOO_LONG || r.length > MAX_BYTES);
    }
    stream_reader_clear(&r);
    return 0;
}
