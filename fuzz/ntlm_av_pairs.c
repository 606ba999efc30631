/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_av_pairs_decode, ntlm_av_pairs_answer */
#include "base/wire.h"
#include "codec/ntlm_msg.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t bindings[NTLM_BINDINGS_BYTES] = { 1 };
    const struct ntlm_av_answer answer = {
        .set_flags = NTLM_AV_FLAG_MIC,
        .channel_bindings = bindings,
        .has_target_name = true,
        .target_name = bytes_of("H\0T\0", 4),
    };
    struct bytes in = bytes_of(data, n), rest;
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct ntlm_av_pairs av, again;

    if (ntlm_av_pairs_decode(&av, in, &rest) != WIRE_OK) {
        return 0;
    }
    fuzz_view(in, rest);
    fuzz_view(in, av.nb_computer);
    fuzz_view(in, av.nb_domain);
    fuzz_view(in, av.dns_computer);
    fuzz_view(in, av.dns_domain);
    fuzz_view(in, av.dns_tree);
    fuzz_view(in, av.target_name);
    fuzz_view(in, av.channel_bindings);
    fuzz_view(in, av.single_host);

    /* What a server offers, a client can answer, and the answer says what was asked for. */
    if (ntlm_av_pairs_answer(&w, in, &answer) == WIRE_OK) {
        fuzz_must(wire_writer_status(&w) == WIRE_OK);
        fuzz_must(ntlm_av_pairs_decode(&again, wire_written(&w), NULL) == WIRE_OK);
        fuzz_must(again.flags == (av.flags | NTLM_AV_FLAG_MIC));
        fuzz_must(bytes_equal(again.channel_bindings, bytes_of(bindings, sizeof(bindings))));
        fuzz_must(bytes_equal(again.target_name, answer.target_name));
        fuzz_must(bytes_equal(again.nb_computer, av.nb_computer));
    }
    return 0;
}
