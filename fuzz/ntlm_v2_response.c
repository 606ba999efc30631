/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_v2_response_decode */
#include "codec/ntlm_msg.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct ntlm_v2_response m;

    if (ntlm_v2_response_decode(&m, in) != WIRE_OK) {
        return 0;
    }
    fuzz_must(ntlm_v2_response_is(in));
    fuzz_view(in, m.proof);
    fuzz_view(in, m.blob);
    fuzz_view(in, m.client_challenge);
    fuzz_view(in, m.av.target_name);
    fuzz_must(m.proof.n == 16 && m.client_challenge.n == 8 && m.proof.n + m.blob.n == in.n);
    return 0;
}
