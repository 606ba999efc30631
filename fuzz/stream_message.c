/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: stream_open, stream_seal_at: a message of the framed protocol behind its length,
 * which is all that the socket sample's server says. The first two bytes are the sizes that the package
 * announces, the rest is the message. */
#include "base/mem.h"
#include "fake_sspi.h"
#include "fuzz.h"
#include "service/stream.h"

enum { SHORT_TRAILER = 1, ONLY_SIGNED = 2, TRAILER = 4 };

/* What was opened, sealed again and opened again, is the same. */
static void
there_and_back(struct bytes plain, const SecPkgContext_Sizes *sizes)
{
    size_t room_n = stream_overhead(sizes) + plain.n, n;
    uint8_t *room = mem_new(room_n);
    CtxtHandle context = { 0 };
    struct bytes opened;

    fuzz_must(room != NULL);
    bytes_copy(room + stream_before(sizes), plain.p, plain.n);
    fuzz_must(stream_seal_at(&context, sizes, room, plain.n, &n) == SEC_E_OK);
    fuzz_must(n <= room_n && wire_load_le32(room) == n - STREAM_HEAD_BYTES);
    if (!fake_short_trailer) {
        fuzz_must(stream_open(&context, room + STREAM_HEAD_BYTES, n - STREAM_HEAD_BYTES, &opened) ==
                  SEC_E_OK);
        /* The fake leaves its padding to us. */
        fuzz_must(opened.n >= plain.n && opened.n <= plain.n + 1);
        fuzz_must(bytes_equal(bytes_of(opened.p, plain.n), plain));
    }
    mem_free(room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SecPkgContext_Sizes sizes = { 0 };
    CtxtHandle context = { 0 };
    struct bytes plain = { 0 };
    uint8_t *message;
    SECURITY_STATUS status;

    if (n < 2) {
        return 0;
    }
    fake_short_trailer = data[0] & SHORT_TRAILER;
    fake_only_signed = (data[0] & ONLY_SIGNED) != 0;
    sizes.cbSecurityTrailer = TRAILER + (data[0] >> 2);
    sizes.cbBlockSize = data[1];
    message = mem_dup(data + 2, n - 2); /* no byte more than it has */
    fuzz_must(message != NULL);
    status = stream_open(&context, message, n - 2, &plain);
    fuzz_must(status != SEC_E_OK || !fake_only_signed);
    if (status == SEC_E_OK) {
        fuzz_must(plain.n == n - 2 - STREAM_HEAD_BYTES - TRAILER);
        fuzz_view(bytes_of(message, n - 2), plain);
        there_and_back(plain, &sizes);
    }
    mem_free(message);
    return 0;
}
