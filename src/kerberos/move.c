/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos contexts as bytes, and back: established ones, an acceptor's that awaits DCE style's third
 * leg, an initiator's that awaits an answer. Delegated credentials stay where they are, and so do
 * tickets: an initiator that was moved does not try a second AP-REQ. */
#include "base/mem.h"
#include "kerberos/step.h"

/* --- saved --------------------------------------------------------------------------------- */

/* An acceptor of user-to-user needs the session key of its own TGT, which no context hands on. */
static bool
can_move(const struct krb_context *c)
{
    switch ((enum krb_state)c->state) {
    case KRB_ESTABLISHED: return true;
    case KRB_WAIT_TGT_REP:
    case KRB_WAIT_AP_REP: return c->role == SEC_INITIATOR;
    case KRB_WAIT_DCE_AP_REP: return c->role == SEC_ACCEPTOR;
    default: return false;
    }
}

static void
put_key(const struct krb_key *key, struct wire_writer *out)
{
    wire_put_le32(out, (uint32_t)key->enctype);
    wire_put_counted(out, bytes_of(key->b, key->n));
}

static void
put_facts(const struct krb_context *c, struct wire_writer *out)
{
    wire_put_u8(out, c->state);
    wire_put_u8(out, c->bindings_verified);
    wire_put_u8(out, c->pac_verified);
    wire_put_u8(out, c->target_sent);
    wire_put_u8(out, c->has_kvno);
    wire_put_le32(out, c->granted & ~(c->delegated ? (uint32_t)SEC_DELEGATE : 0));
    wire_put_le32(out, c->kvno);
    wire_put_le32(out, c->ticket_flags);
    wire_put_le32(out, (uint32_t)c->ticket_enctype);
    wire_put_le32(out, (uint32_t)c->session_enctype);
    wire_put_le64(out, c->start_100ns);
    wire_put_le64(out, c->expires_100ns);
    wire_put_u8(out, c->logon_known);
    wire_put_le64(out, c->logoff_100ns);
    wire_put_le32(out, c->user_flags);
    for (unsigned i = 0; i < KRB_NAMES; i++) {
        wire_put_counted(out, krb_context_name(c, (enum krb_context_name)i));
    }
    wire_put_u8(out, c->identity != NULL);
    if (c->identity) {
        account_identity_put(c->identity, out);
    }
}

static void
put_session(const struct krb_session *s, struct wire_writer *out)
{
    put_key(&s->key, out);
    wire_put_u8(out, s->acceptor_subkey);
    wire_put_u8(out, s->dce_style);
    wire_put_u8(out, s->replay_detect);
    wire_put_u8(out, s->sequence_detect);
    wire_put_le64(out, s->send_sequence);
    wire_put_le64(out, s->window.next);
    wire_put_le64(out, s->window.seen);
}

static void
put_handshake(const struct krb_handshake *h, struct wire_writer *out)
{
    wire_put_le32(out, h->wanted);
    wire_put_le32(out, h->offered);
    wire_put_u8(out, h->bindings.given);
    wire_put(out, h->bindings.md5, sizeof(h->bindings.md5));
    put_key(&h->session_key, out);
    put_key(&h->initiator_subkey, out);
    put_key(&h->acceptor_subkey, out);
    wire_put_le64(out, h->ctime_100ns);
    wire_put_le32(out, h->initiator_sequence);
    wire_put_le32(out, h->acceptor_sequence);
    wire_put_u8(out, h->bare);
    wire_put_u8(out, h->user_to_user);
}

sec_status
krb_context_save(const struct sec_ctx *ctx, struct wire_writer *out)
{
    const struct krb_context *c = krb_context_of(ctx);

    if (!can_move(c)) {
        return sec_fail(
            SEC_E_UNSUPPORTED_FUNCTION,
            "kerberos: only an established context is exported, an initiator's that "
            "awaits an answer, or an acceptor's that awaits the third leg of DCE style");
    }
    put_facts(c, out);
    if (c->state == KRB_ESTABLISHED) {
        put_session(&c->session, out);
    } else {
        put_handshake(c->handshake, out);
    }
    return SEC_E_OK;
}

/* --- loaded -------------------------------------------------------------------------------- */

/* A key of no bytes is none. */
static void
take_key(struct wire_reader *in, struct krb_key *key)
{
    int32_t enctype = (int32_t)wire_le32(in);
    struct bytes b = wire_take_counted(in);

    *key = (struct krb_key){ 0 };
    if (b.n && !krb_key_set(key, enctype, b)) {
        wire_fail(in, WIRE_BAD_VALUE);
    }
}

static sec_status
take_facts(struct krb_context *c, struct wire_reader *in)
{
    struct bytes names[KRB_NAMES];
    sec_status status;

    c->state = wire_u8(in);
    c->bindings_verified = wire_u8(in) != 0;
    c->pac_verified = wire_u8(in) != 0;
    c->target_sent = wire_u8(in) != 0;
    c->has_kvno = wire_u8(in) != 0;
    c->granted = wire_le32(in);
    c->kvno = wire_le32(in);
    c->ticket_flags = wire_le32(in);
    c->ticket_enctype = (int32_t)wire_le32(in);
    c->session_enctype = (int32_t)wire_le32(in);
    c->start_100ns = wire_le64(in);
    c->expires_100ns = wire_le64(in);
    c->logon_known = wire_u8(in) != 0;
    c->logoff_100ns = wire_le64(in);
    c->user_flags = wire_le32(in);
    for (unsigned i = 0; i < KRB_NAMES; i++) {
        names[i] = wire_take_counted(in);
    }
    if (!can_move(c)) {
        wire_fail(in, WIRE_BAD_VALUE);
    }
    status = krb_context_keep_names(c, names);
    return status == SEC_E_OK && wire_u8(in) ? account_identity_take(in, &c->identity) : status;
}

static void
take_session(struct krb_context *c, struct wire_reader *in)
{
    struct krb_key key;
    struct krb_session_args args = { .host = krb_host(c),
                                     .key = &key,
                                     .acceptor = c->role == SEC_ACCEPTOR };

    take_key(in, &key);
    args.acceptor_subkey = wire_u8(in) != 0;
    args.dce_style = wire_u8(in) != 0;
    args.replay_detect = wire_u8(in) != 0;
    args.sequence_detect = wire_u8(in) != 0;
    if (!key.n) {
        wire_fail(in, WIRE_BAD_VALUE);
    }
    krb_session_begin(&c->session, &args);
    c->session.send_sequence = wire_le64(in);
    c->session.window.next = wire_le64(in);
    c->session.window.seen = wire_le64(in);
    secret_wipe(&key, sizeof(key));
}

static void
take_handshake(struct krb_context *c, struct wire_reader *in)
{
    struct krb_handshake *h = c->handshake;

    h->wanted = wire_le32(in);
    h->offered = wire_le32(in);
    h->bindings.given = wire_u8(in) != 0;
    wire_copy(in, h->bindings.md5, sizeof(h->bindings.md5));
    take_key(in, &h->session_key);
    take_key(in, &h->initiator_subkey);
    take_key(in, &h->acceptor_subkey);
    h->ctime_100ns = wire_le64(in);
    h->initiator_sequence = wire_le32(in);
    h->acceptor_sequence = wire_le32(in);
    h->bare = wire_u8(in) != 0;
    h->user_to_user = wire_u8(in) != 0;
    h->retried = true; /* without the ticket, there is nothing to try again with */
    /* Before the ticket there is no key; after it nothing goes on without. */
    if ((h->session_key.n != 0) != (c->state != KRB_WAIT_TGT_REP)) {
        wire_fail(in, WIRE_BAD_VALUE);
    }
    c->base.awaits_cred = c->state == KRB_WAIT_TGT_REP;
}

sec_status
krb_context_load(const struct sec_cred *cred, enum sec_role role, struct wire_reader *in,
                 struct sec_ctx **out)
{
    struct krb_context *c;
    sec_status status = krb_context_new((const struct krb_credential *)cred, role, &c);

    if (status != SEC_E_OK) {
        return status;
    }
    status = take_facts(c, in);
    if (status == SEC_E_OK && wire_status(in) == WIRE_OK) {
        if (c->state == KRB_ESTABLISHED) {
            take_session(c, in);
            krb_context_end_handshake(c);
        } else {
            take_handshake(c, in);
        }
    }
    if (status == SEC_E_OK && wire_status(in) != WIRE_OK) {
        status = krb_refuse(wire_status(in), "exported context", NULL, in->err_at);
    }
    if (status != SEC_E_OK) {
        krb_context_free(&c->base);
        return status;
    }
    *out = &c->base;
    return SEC_E_OK;
}

/* --- resumed ------------------------------------------------------------------------------- */

sec_status
krb_context_resume(struct sec_ctx *ctx, const struct sec_cred *cred)
{
    struct krb_context *c = krb_context_of(ctx);
    sec_status status = krb_credential_check_role((const struct krb_credential *)cred, c->role);

    if (status == SEC_E_OK) {
        c->cred = (const struct krb_credential *)cred;
        c->base.awaits_cred = false;
        c->handshake->retried = false; /* no AP-REQ has been sent */
    }
    return status;
}
