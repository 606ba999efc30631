/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_challenge_decode, ntlm_challenge_encode */
#include <string.h>

#include "base/wire.h"
#include "codec/ntlm_msg.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_challenge m, again;

    if (ntlm_challenge_decode(&m, in, NULL) != WIRE_OK) {
        return 0;
    }
    fuzz_view(in, m.target_name);
    fuzz_view(in, m.target_info);

    ntlm_challenge_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
    fuzz_must(ntlm_challenge_decode(&again, wire_written(&w), NULL) == WIRE_OK);
    fuzz_must(again.flags == m.flags && bytes_equal(again.target_name, m.target_name));
    fuzz_must(bytes_equal(again.target_info, m.target_info));
    fuzz_must(memcmp(again.server_challenge, m.server_challenge, 8) == 0);
    return 0;
}
