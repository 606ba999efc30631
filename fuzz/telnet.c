/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: telnet_decode, telnet_encode. The first byte says in what pieces. */
#include "fuzz.h"
#include "ras/telnet.h"

static void
decode(struct bytes in, size_t piece, struct wire_writer *data, struct wire_writer *reply)
{
    struct telnet t;

    telnet_init(&t);
    for (size_t at = 0; at < in.n; at += piece) {
        size_t left = in.n - at;

        telnet_decode(&t, bytes_of(in.p + at, left < piece ? left : piece), data, reply);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SEC_AUTO(wire_writer) whole = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) pieces = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) sent = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) back = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) reply = wire_writer_growing(NULL, 0);
    struct bytes in;
    struct telnet t;

    if (n < 2) {
        return 0;
    }
    in = bytes_of(data + 1, n - 1);
    decode(in, in.n, &whole, &reply);
    fuzz_must(whole.len <= in.n && reply.len <= 300);
    decode(in, data[0] ? data[0] : 1U, &pieces, &reply);
    fuzz_must(bytes_equal(wire_written(&whole), wire_written(&pieces)));
    /* What is escaped comes out as it was. */
    telnet_init(&t);
    telnet_encode(&t, in, &sent);
    decode(wire_written(&sent), data[0] ? data[0] : 1U, &back, &reply);
    fuzz_must(wire_writer_status(&back) == WIRE_OK);
    fuzz_must(bytes_equal(wire_written(&back), in) || memchr(in.p, 0, in.n));
    return 0;
}
