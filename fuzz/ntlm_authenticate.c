/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_authenticate_decode, ntlm_authenticate_encode */
#include "base/wire.h"
#include "codec/ntlm_msg.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_authenticate m, again;

    if (ntlm_authenticate_decode(&m, in, NULL) != WIRE_OK) {
        return 0;
    }
    fuzz_view(in, m.lm_response);
    fuzz_view(in, m.nt_response);
    fuzz_view(in, m.domain);
    fuzz_view(in, m.user);
    fuzz_view(in, m.workstation);
    fuzz_view(in, m.session_key);
    fuzz_view(in, m.mic);
    fuzz_must(!m.has_mic || m.mic.n == NTLM_MIC_BYTES);

    ntlm_authenticate_encode(&w, &m);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
    fuzz_must(ntlm_authenticate_decode(&again, wire_written(&w), NULL) == WIRE_OK);
    fuzz_must(again.flags == m.flags && bytes_equal(again.user, m.user));
    fuzz_must(bytes_equal(again.domain, m.domain) && bytes_equal(again.workstation, m.workstation));
    fuzz_must(bytes_equal(again.lm_response, m.lm_response));
    fuzz_must(bytes_equal(again.nt_response, m.nt_response));
    fuzz_must(bytes_equal(again.session_key, m.session_key));
    return 0;
}
