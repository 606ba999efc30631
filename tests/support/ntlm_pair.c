/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM client and server in one process. */
#include "tests/support/ntlm_pair.h"

#include "base/utf16.h"
#include "codec/ntlm_msg.h"
#include "crypto/cipher.h"
#include "crypto/ntlm_key.h"
#include "ntlm/ntlm.h"
#include "tests/support/hex.h"

void
ntlm_pair_init(struct ntlm_pair *p)
{
    *p = (struct ntlm_pair){ 0 };
    fake_host_init(&p->client_host);
    fake_host_init(&p->server_host);
    fake_account_init(&p->accounts);
    p->client_host.random_state = 1000;
    p->client_host.settings.computer = UTF16("CLIENT");
    p->server_host.host.accounts = &p->accounts;
    p->identity = (struct sec_identity){
        .user = UTF16("User"),
        .domain = UTF16("Domain"),
        .password = UTF16("Password"),
    };
    p->client_status = SEC_E_INTERNAL_ERROR;
    p->server_status = SEC_E_INTERNAL_ERROR;
}

bool
ntlm_pair_open(struct ntlm_pair *p)
{
    const struct sec_acquire_args outbound = { .use = SEC_USE_OUTBOUND, .identity = &p->identity };
    const struct sec_acquire_args inbound = { .use = SEC_USE_INBOUND };
    sec_status status =
        sec_pair_open(&ntlm_package, &p->client_host.host, &outbound, &p->client_cred, &p->client);

    if (status == SEC_E_OK) {
        status = sec_pair_open(&ntlm_package, &p->server_host.host, &inbound, &p->server_cred,
                               &p->server);
    }
    p->client_status = status;
    return status == SEC_E_OK;
}

/* One leg, its token kept as it arrives. */
static sec_status
leg(struct ntlm_pair *p, bool client, int from, int to)
{
    struct bytes token = from < 0 ? (struct bytes){ 0 } : wire_written(&p->messages[from]);
    struct wire_writer none = wire_writer_growing(NULL, 0);
    struct wire_writer *out = to < 0 ? &none : &p->messages[to];
    sec_status status = client ? sec_pair_step(p->client, &p->client_args, token, out)
                               : sec_pair_step(p->server, &p->server_args, token, out);

    *(client ? &p->client_status : &p->server_status) = status;
    if (p->tamper && to >= 0 && !sec_failed(status)) {
        p->tamper(p, (enum ntlm_pair_message)to, out);
    }
    wire_writer_clear(&none);
    return status;
}

void
ntlm_pair_exchange(struct ntlm_pair *p)
{
    bool datagram = p->client_args.wanted & SEC_DATAGRAM;

    for (size_t i = 0; i < SEC_ARRAY_LEN(p->messages); i++) {
        p->messages[i] = wire_writer_growing(NULL, 0);
    }
    if (leg(p, true, -1, NTLM_PAIR_NEGOTIATE) != SEC_I_CONTINUE_NEEDED ||
        leg(p, false, datagram ? -1 : NTLM_PAIR_NEGOTIATE, NTLM_PAIR_CHALLENGE) !=
            SEC_I_CONTINUE_NEEDED ||
        leg(p, true, NTLM_PAIR_CHALLENGE, NTLM_PAIR_AUTHENTICATE) != SEC_E_OK) {
        return;
    }
    (void)leg(p, false, NTLM_PAIR_AUTHENTICATE, -1);
}

bool
ntlm_pair_run(struct ntlm_pair *p)
{
    if (!ntlm_pair_open(p)) {
        return false;
    }
    ntlm_pair_exchange(p);
    return p->client_status == SEC_E_OK && p->server_status == SEC_E_OK;
}

void
ntlm_pair_clear(struct ntlm_pair *p)
{
    sec_pair_close(&ntlm_package, &p->client_cred, &p->client);
    sec_pair_close(&ntlm_package, &p->server_cred, &p->server);
    for (size_t i = 0; i < SEC_ARRAY_LEN(p->messages); i++) {
        wire_writer_clear(&p->messages[i]);
    }
    p->client_status = p->server_status = SEC_E_INTERNAL_ERROR;
}

static void
make_mic(struct ntlm_pair *p, const uint8_t key[static 16])
{
    static const uint8_t zeros[NTLM_MIC_BYTES];
    struct bytes sent = wire_written(&p->messages[NTLM_PAIR_AUTHENTICATE]);
    const struct bytes parts[] = {
        wire_written(&p->messages[NTLM_PAIR_NEGOTIATE]),
        wire_written(&p->messages[NTLM_PAIR_CHALLENGE]),
        bytes_of(sent.p, NTLM_MIC_OFFSET),
        bytes_of(zeros, sizeof(zeros)),
        bytes_of(sent.p + NTLM_MIC_END, sent.n - NTLM_MIC_END),
    };

    digest_hmac_md5(key, parts, SEC_ARRAY_LEN(parts),
                    p->messages[NTLM_PAIR_AUTHENTICATE].p + NTLM_MIC_OFFSET);
}

/* The key that the client has exported, sealed with the key that goes with the new proof. */
static void
seal_key(struct ntlm_pair *p, const struct ntlm_authenticate *m, struct secret16 *session)
{
    struct bytes key = sec_pair_facts(p->client).session_key;
    struct wire_writer *w = &p->messages[NTLM_PAIR_AUTHENTICATE];

    if ((m->flags & NTLMSSP_NEGOTIATE_KEY_EXCH) && m->session_key.n == NTLM_SESSION_KEY_BYTES &&
        key.n == NTLM_SESSION_KEY_BYTES) {
        cipher_rc4_once(session->b, w->p + (m->session_key.p - w->p), key.p);
        bytes_copy(session->b, key.p, sizeof(session->b));
    }
}

bool
ntlm_pair_prove_again(struct ntlm_pair *p)
{
    struct wire_writer *w = &p->messages[NTLM_PAIR_AUTHENTICATE];
    SEC_AUTO(wire_writer) upper = wire_writer_growing(NULL, 0);
    struct ntlm_authenticate m;
    struct ntlm_challenge challenge;
    struct secret16 hash, v2, session;
    uint8_t *proof;

    if (ntlm_authenticate_decode(&m, wire_written(w), NULL) != WIRE_OK ||
        ntlm_challenge_decode(&challenge, wire_written(&p->messages[NTLM_PAIR_CHALLENGE]), NULL) !=
            WIRE_OK ||
        !ntlm_v2_response_is(m.nt_response)) {
        return false;
    }
    ntlm_key_nt_hash(p->identity.password, &hash);
    utf16_put_upper(&upper, m.user);
    ntlm_key_v2(&hash, wire_written(&upper), m.domain, &v2);
    proof = w->p + (m.nt_response.p - w->p);
    ntlm_key_v2_proof(
        &v2, challenge.server_challenge,
        bytes_of(m.nt_response.p + NTLM_PROOF_BYTES, m.nt_response.n - NTLM_PROOF_BYTES), proof);
    ntlm_key_v2_session(&v2, proof, &session);
    seal_key(p, &m, &session);
    if (m.has_mic) {
        make_mic(p, session.b);
    }
    return true;
}

bool
ntlm_pair_messages_pass(struct ntlm_pair *p, bool sealed)
{
    return sec_pair_messages_pass(p->client, p->server, sealed);
}
