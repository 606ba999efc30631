/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_negotiate_decode, ntlm_negotiate_encode */
#include "base/wire.h"
#include "codec/ntlm_msg.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_negotiate m, again;

    if (ntlm_negotiate_decode(&m, in, NULL) != WIRE_OK) {
        return 0;
    }
    fuzz_view(in, m.domain);
    fuzz_view(in, m.workstation);

    ntlm_negotiate_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
    fuzz_must(ntlm_negotiate_decode(&again, wire_written(&w), NULL) == WIRE_OK);
    fuzz_must(again.flags == m.flags && bytes_equal(again.domain, m.domain));
    fuzz_must(bytes_equal(again.workstation, m.workstation));
    return 0;
}
