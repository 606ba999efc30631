/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_step of an initiator */
/* The first byte says what the caller and the settings want, the rest is the server's CHALLENGE. */
#include "codec/ntlm_msg.h"
#include "fuzz.h"
#include "ntlm/ntlm.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

enum {
    INTEGRITY = 1,
    CONFIDENTIALITY = 2,
    DATAGRAM = 4,
    NOBODY = 8,
    LEVELS_AT = 4,
    SHORT_KEYS = 128
};

static void
set_wishes(struct ntlm_pair *p, uint8_t wishes)
{
    p->client_args.wanted = (wishes & INTEGRITY ? SEC_INTEGRITY : 0u) |
                            (wishes & CONFIDENTIALITY ? SEC_CONFIDENTIALITY : 0u) |
                            (wishes & DATAGRAM ? SEC_DATAGRAM : 0u) |
                            (wishes & NOBODY ? SEC_NULL_SESSION : 0u);
    p->client_args.target = UTF16("HTTP/server");
    p->client_args.bindings = (struct sec_bindings){ true, { 1, 2, 3 } };
    p->client_host.settings.lm_level_client = (wishes >> LEVELS_AT) % 6;
    p->client_host.settings.require_128bit = !(wishes & SHORT_KEYS);
}

/* What the client has said can be read, and says what the caller wanted. */
static void
check_authenticate(struct ntlm_pair *p, uint8_t wishes, struct bytes token)
{
    struct sec_facts facts = sec_pair_facts(p->client);
    struct ntlm_authenticate m;
    struct ntlm_v2_response v2;

    fuzz_must(facts.phase == SEC_PHASE_ESTABLISHED);
    fuzz_must(ntlm_authenticate_decode(&m, token, NULL) == WIRE_OK);
    fuzz_must(facts.anonymous == ((wishes & NOBODY) != 0));
    if (facts.anonymous) {
        fuzz_must(m.user.n == 0 && m.nt_response.n == 0 && m.lm_response.n == 1);
        return;
    }
    fuzz_must(m.user.n && m.nt_response.n >= 24);
    fuzz_must(!(wishes & INTEGRITY) || facts.flags & SEC_INTEGRITY);
    fuzz_must(!(wishes & CONFIDENTIALITY) || facts.flags & SEC_CONFIDENTIALITY);
    fuzz_must(facts.key_bits == 128 || wishes & SHORT_KEYS ||
              !(wishes & (INTEGRITY | CONFIDENTIALITY)));
    if (facts.ntlm_version == SEC_NTLM_V2) {
        fuzz_must(ntlm_v2_response_decode(&v2, m.nt_response) == WIRE_OK);
        fuzz_must(m.has_mic == ((v2.av.flags & NTLM_AV_FLAG_MIC) != 0));
    } else {
        fuzz_must(p->client_host.settings.lm_level_client < 3);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct wire_reader r = wire_reader_of(bytes_of(data, n));
    struct wire_writer negotiate = wire_writer_growing(NULL, 0);
    struct wire_writer authenticate = wire_writer_growing(NULL, 0);
    uint8_t wishes = wire_u8(&r);
    struct ntlm_pair p;
    sec_status status;

    ntlm_pair_init(&p);
    set_wishes(&p, wishes);
    fuzz_must(ntlm_pair_open(&p));
    status = sec_pair_step(p.client, &p.client_args, (struct bytes){ 0 }, &negotiate);
    fuzz_must(status == SEC_I_CONTINUE_NEEDED);
    status = sec_pair_step(p.client, &p.client_args, wire_rest(&r), &authenticate);
    if (status == SEC_E_OK) {
        check_authenticate(&p, wishes, wire_written(&authenticate));
    } else {
        fuzz_must(sec_failed(status) && authenticate.len == 0);
        fuzz_must(sec_pair_facts(p.client).phase == SEC_PHASE_FAILED);
    }
    wire_writer_clear(&negotiate);
    wire_writer_clear(&authenticate);
    ntlm_pair_clear(&p);
    return 0;
}
