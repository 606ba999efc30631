/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: channel_bindings_decode, channel_bindings_put_hashed */
#include "base/wire.h"
#include "codec/channel_bindings.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct channel_bindings b;

    if (channel_bindings_decode(&b, in) != WIRE_OK) {
        return 0;
    }
    fuzz_view(in, b.initiator);
    fuzz_view(in, b.acceptor);
    fuzz_view(in, b.application);
    channel_bindings_put_hashed(&w, &b);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
    fuzz_must(wire_written(&w).n == 20 + b.initiator.n + b.acceptor.n + b.application.n);
    return 0;
}
