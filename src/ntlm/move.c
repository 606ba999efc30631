/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM contexts as bytes, and back: established ones, and either side's that awaits the peer's answer.
 * An initiator's has nothing of its credential with it. */
#include "base/mem.h"
#include "ntlm/context.h"
#include "ntlm/step.h"

/* --- saved --------------------------------------------------------------------------------- */

static bool
can_move(const struct ntlm_context *c)
{
    return c->state == NTLM_ESTABLISHED ||
           c->state == (c->role == SEC_ACCEPTOR ? NTLM_WAIT_AUTHENTICATE : NTLM_WAIT_CHALLENGE);
}

static void
put_names(const struct ntlm_context *c, struct wire_writer *out)
{
    struct bytes names[NTLM_NAMES];

    for (unsigned i = 0; i < NTLM_NAMES; i++) {
        names[i] = ntlm_context_name(c, (enum ntlm_name)i);
    }
    if (c->role == SEC_INITIATOR && c->state == NTLM_ESTABLISHED && c->cred->has_identity) {
        names[NTLM_USER] = c->cred->user;
        names[NTLM_DOMAIN] = c->cred->domain;
    }
    for (unsigned i = 0; i < NTLM_NAMES; i++) {
        wire_put_counted(out, names[i]);
    }
}

static void
put_handshake(const struct ntlm_handshake *h, struct wire_writer *out)
{
    wire_put_le32(out, h->wanted);
    wire_put_u8(out, h->bindings.given);
    wire_put(out, h->bindings.md5, sizeof(h->bindings.md5));
    wire_put_le32(out, h->offered);
    wire_put(out, h->server_challenge, sizeof(h->server_challenge));
    wire_put_le64(out, h->timestamp_100ns);
    wire_put_counted(out, wire_written(&h->messages));
}

static void
put_session(const struct ntlm_session *s, struct wire_writer *out)
{
    wire_put_le32(out, s->flags);
    wire_put_u8(out, s->no_dummy);
    wire_put(out, s->key.b, sizeof(s->key.b));
    ntlm_session_save(s, out);
}

sec_status
ntlm_context_save(const struct sec_ctx *ctx, struct wire_writer *out)
{
    const struct ntlm_context *c = ntlm_context_of(ctx);

    if (!can_move(c)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "ntlm: only an established context is exported, or one that awaits the "
                        "peer's answer");
    }
    wire_put_u8(out, c->state);
    wire_put_u8(out, c->version);
    wire_put_u8(out, c->anonymous);
    wire_put_u8(out, c->mic_used);
    wire_put_u8(out, c->bindings_verified);
    wire_put_u8(out, c->target_sent);
    wire_put_le32(out, c->granted);
    wire_put_le64(out, c->start_100ns);
    put_names(c, out);
    wire_put_u8(out, c->identity != NULL);
    if (c->identity) {
        account_identity_put(c->identity, out);
    }
    if (c->state == NTLM_ESTABLISHED) {
        put_session(&c->session, out);
    } else {
        put_handshake(c->handshake, out);
    }
    return SEC_E_OK;
}

/* --- loaded -------------------------------------------------------------------------------- */

static sec_status
take_names(struct ntlm_context *c, struct wire_reader *in)
{
    struct bytes names[NTLM_NAMES];

    for (unsigned i = 0; i < NTLM_NAMES; i++) {
        names[i] = wire_take_counted(in);
    }
    return ntlm_context_keep_names(c, names);
}

static void
take_handshake(struct ntlm_handshake *h, struct wire_reader *in)
{
    h->wanted = wire_le32(in);
    h->bindings.given = wire_u8(in) != 0;
    wire_copy(in, h->bindings.md5, sizeof(h->bindings.md5));
    h->offered = wire_le32(in);
    wire_copy(in, h->server_challenge, sizeof(h->server_challenge));
    h->timestamp_100ns = wire_le64(in);
    wire_put_bytes(&h->messages, wire_take_counted(in));
}

static void
take_session(struct ntlm_context *c, struct wire_reader *in)
{
    uint32_t flags = wire_le32(in);
    bool no_dummy = wire_u8(in) != 0;
    struct secret16 key = { 0 };

    wire_copy(in, key.b, sizeof(key.b));
    ntlm_session_begin(&c->session, &key, flags, c->role == SEC_ACCEPTOR);
    c->session.no_dummy = no_dummy;
    ntlm_session_load(&c->session, in);
    c->base.half_duplex = ntlm_session_is_half_duplex(&c->session);
    secret_wipe(&key, sizeof(key));
}

static sec_status
take_context(struct ntlm_context *c, struct wire_reader *in)
{
    sec_status status;

    c->state = wire_u8(in);
    c->version = wire_u8(in);
    c->anonymous = wire_u8(in) != 0;
    c->mic_used = wire_u8(in) != 0;
    c->bindings_verified = wire_u8(in) != 0;
    c->target_sent = wire_u8(in) != 0;
    c->granted = wire_le32(in);
    c->start_100ns = wire_le64(in);
    if (!can_move(c) || c->version > SEC_NTLM_V2) {
        wire_fail(in, WIRE_BAD_VALUE);
    }
    status = take_names(c, in);
    if (status == SEC_E_OK && wire_u8(in)) {
        status = account_identity_take(in, &c->identity);
    }
    if (status != SEC_E_OK || wire_status(in) != WIRE_OK) {
        return status;
    }
    if (c->state == NTLM_ESTABLISHED) {
        take_session(c, in);
        ntlm_context_end_handshake(c);
    } else {
        take_handshake(c->handshake, in);
        status = wire_writer_status(&c->handshake->messages) == WIRE_OK ? SEC_E_OK
                                                                        : SEC_E_INSUFFICIENT_MEMORY;
        c->base.awaits_cred = c->role == SEC_INITIATOR;
    }
    return status;
}

sec_status
ntlm_context_load(const struct sec_cred *cred, enum sec_role role, struct wire_reader *in,
                  struct sec_ctx **out)
{
    struct sec_ctx *ctx;
    sec_status status = ntlm_context_open(cred, role, &ctx);

    if (status != SEC_E_OK) {
        return status;
    }
    status = take_context(ntlm_context_of(ctx), in);
    if (status == SEC_E_OK && wire_status(in) != WIRE_OK) {
        status = ntlm_refuse(wire_status(in), "exported context", in->err_at);
    }
    if (status != SEC_E_OK) {
        ntlm_context_free(ctx);
        return status;
    }
    *out = ctx;
    return SEC_E_OK;
}

/* --- resumed ------------------------------------------------------------------------------- */

sec_status
ntlm_context_resume(struct sec_ctx *ctx, const struct sec_cred *cred)
{
    struct ntlm_context *c = ntlm_context_of(ctx);
    sec_status status = ntlm_credential_check_policy(cred);

    if (status == SEC_E_OK) {
        c->cred = (const struct ntlm_credential *)cred;
        c->base.awaits_cred = false;
    }
    return status;
}
