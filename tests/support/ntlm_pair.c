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
    const struct sec_package_ops *ops = ntlm_package.ops;
    const struct sec_acquire_args outbound = { .use = SEC_USE_OUTBOUND, .identity = &p->identity };
    const struct sec_acquire_args inbound = { .use = SEC_USE_INBOUND };
    sec_status status;

    status = ops->acquire(&p->client_host.host, &outbound, &p->client_cred);
    if (status == SEC_E_OK) {
        status = ops->acquire(&p->server_host.host, &inbound, &p->server_cred);
    }
    if (status == SEC_E_OK) {
        status = ops->open(p->client_cred, SEC_INITIATOR, &p->client);
    }
    if (status == SEC_E_OK) {
        status = ops->open(p->server_cred, SEC_ACCEPTOR, &p->server);
    }
    p->client_status = status;
    return status == SEC_E_OK;
}

sec_status
ntlm_pair_step(struct sec_ctx *ctx, struct sec_step_args *args, struct bytes token,
               struct wire_writer *out)
{
    args->token = token;
    return ctx->package->ops->step(ctx, args, out);
}

/* One leg, its token kept as it arrives. */
static sec_status
leg(struct ntlm_pair *p, bool client, int from, int to)
{
    struct bytes token = from < 0 ? (struct bytes){ 0 } : wire_written(&p->messages[from]);
    struct wire_writer none = wire_writer_growing(NULL, 0);
    struct wire_writer *out = to < 0 ? &none : &p->messages[to];
    sec_status status = client ? ntlm_pair_step(p->client, &p->client_args, token, out)
                               : ntlm_pair_step(p->server, &p->server_args, token, out);

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
    const struct sec_package_ops *ops = ntlm_package.ops;

    ops->free_ctx(p->client);
    ops->free_ctx(p->server);
    ops->free_cred(p->client_cred);
    ops->free_cred(p->server_cred);
    p->client = p->server = NULL;
    p->client_cred = p->server_cred = NULL;
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
    struct bytes key = ntlm_pair_facts(p->client).session_key;
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

static bool
message_passes(struct sec_ctx *from, struct sec_ctx *to, bool sealed, uint32_t seq)
{
    static const char text[] = "a message of some length, sealed or signed, there and back";
    uint8_t copy[sizeof(text)], token[16];
    struct sec_segment segment = { .p = copy, .n = sizeof(copy) };
    struct sec_msg m = {
        .segments = &segment, .n_segments = 1, .token = token, .token_n = 16, .seq = seq
    };
    const struct sec_package_ops *ops = from->package->ops;

    bytes_copy(copy, text, sizeof(text));
    return (sealed ? ops->seal(from, &m) : ops->sign(from, &m)) == SEC_E_OK &&
           (memcmp(copy, text, sizeof(text)) != 0) == sealed &&
           (sealed ? ops->unseal(to, &m) : ops->verify(to, &m)) == SEC_E_OK &&
           memcmp(copy, text, sizeof(text)) == 0;
}

bool
ntlm_pair_messages_pass(struct ntlm_pair *p, bool sealed)
{
    bool pass = true;

    for (uint32_t seq = 0; seq < 3 && pass; seq++) {
        pass = message_passes(p->client, p->server, sealed, seq) &&
               message_passes(p->server, p->client, sealed, seq);
    }
    return pass;
}

struct sec_facts
ntlm_pair_facts(const struct sec_ctx *ctx)
{
    struct sec_facts facts;

    ctx->package->ops->describe(ctx, &facts);
    return facts;
}
