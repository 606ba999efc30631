/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos contexts: their life, their names, and what both sides of an exchange do alike.
 * RFC 4120 3.2.4, 3.2.5, 5.5.2; RFC 4121 2, 4.1. */
#include "kerberos/context.h"

#include "base/mem.h"
#include "base/name_block.h"
#include "kerberos/kerberos.h"
#include "kerberos/step.h"

static void
handshake_free(struct krb_handshake *h)
{
    if (h) {
        ticket_clear(&h->ticket);
        mem_free_wiped(h, sizeof(*h));
    }
}

void
krb_context_end_handshake(struct krb_context *c)
{
    handshake_free(c->handshake);
    c->handshake = NULL;
}

sec_status
krb_context_new(const struct krb_credential *cred, enum sec_role role, struct krb_context **out)
{
    struct krb_context *c = mem_new(sizeof(*c));
    struct krb_handshake *h = mem_new(sizeof(*h));

    if (!c || !h) {
        mem_free(c);
        mem_free(h);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->base.package = &kerberos_package;
    c->cred = cred;
    c->handshake = h;
    c->role = role == SEC_ACCEPTOR;
    c->state = KRB_START;
    *out = c;
    return SEC_E_OK;
}

sec_status
krb_context_open(const struct sec_cred *base, enum sec_role role, struct sec_ctx **out)
{
    const struct krb_credential *cred = (const struct krb_credential *)base;
    struct krb_context *c;
    sec_status status = krb_credential_check_role(cred, role);

    if (status == SEC_E_OK) {
        status = krb_context_new(cred, role, &c);
    }
    if (status == SEC_E_OK) {
        *out = &c->base;
    }
    return status;
}

void
krb_context_free(struct sec_ctx *ctx)
{
    struct krb_context *c = krb_context_of(ctx);

    if (!c) {
        return;
    }
    handshake_free(c->handshake);
    krb_session_clear(&c->session);
    ticket_delegated_free(c->delegated);
    account_identity_unref(c->identity);
    mem_free(c->delegation_refused);
    mem_free(c->names);
    mem_free_wiped(c, sizeof(*c));
}

/* --- names --------------------------------------------------------------------------------- */

struct bytes
krb_context_name(const struct krb_context *c, enum krb_context_name which)
{
    return name_block_get(c->names, c->name_bytes, which);
}

sec_status
krb_context_keep_names(struct krb_context *c, const struct bytes names[KRB_NAMES])
{
    return name_block_put(&c->names, c->name_bytes, names, KRB_NAMES, "kerberos");
}

/* --- errors -------------------------------------------------------------------------------- */

sec_status
krb_refuse(enum wire_err err, const char *message, const char *field, uint32_t at)
{
    switch (err) {
    case WIRE_NO_MEMORY:
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "kerberos: %s: no memory", message);
    case WIRE_NO_SPACE:
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "kerberos: %s does not fit", message);
    default:
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: %s: %s at offset %u %s", message,
                        field ? field : "?", at, wire_err_text(err));
    }
}

/* --- random -------------------------------------------------------------------------------- */

static sec_status
draw(struct krb_context *c, void *to, size_t n)
{
    if (!krb_host(c)->random(krb_host(c), to, n)) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "kerberos: no random");
    }
    return SEC_E_OK;
}

sec_status
krb_context_new_subkey(struct krb_context *c, const struct krb_key *like, struct krb_key *out)
{
    struct krb_key key = { .enctype = like->enctype, .n = like->n };
    sec_status status = draw(c, key.b, key.n);

    *out = status == SEC_E_OK ? key : (struct krb_key){ 0 };
    secret_wipe(&key, sizeof(key));
    return status;
}

sec_status
krb_context_new_sequence(struct krb_context *c, uint32_t *out)
{
    uint8_t b[4];
    sec_status status = draw(c, b, sizeof(b));

    if (status == SEC_E_OK) {
        *out = wire_load_le32(b) & UINT32_C(0x3FFFFFFF);
    }
    return status;
}

/* --- encryption types ---------------------------------------------------------------------- */

bool
krb_context_permits(const struct krb_context *c, int32_t enctype)
{
    const struct sec_kerberos_settings *s = &krb_host(c)->settings->kerberos;

    for (size_t i = 0; i < s->n_enctypes; i++) {
        if (s->enctypes[i] == enctype) {
            return krb_profile_of(enctype) != NULL;
        }
    }
    return s->n_enctypes == 0 && krb_profile_of(enctype) != NULL;
}

/* --- encryption ---------------------------------------------------------------------------- */

sec_status
krb_context_encrypt(struct krb_context *c, const struct krb_key *key, uint32_t usage,
                    struct bytes plain, struct wire_writer *out)
{
    const struct krb_profile *profile = krb_profile_of(key->enctype);
    uint8_t confounder[KRB_CONFOUNDER_MAX_BYTES];
    union krb_cipher_room room;
    sec_status status;
    size_t n;
    uint8_t *to;

    if (!profile) {
        return sec_fail(SEC_E_KDC_UNKNOWN_ETYPE, "kerberos: encryption type %d is not one of ours",
                        key->enctype);
    }
    status = draw(c, confounder, profile->confounder_bytes);
    if (status != SEC_E_OK) {
        return status;
    }
    n = plain.n + profile->confounder_bytes + profile->mac_bytes;
    to = wire_reserve(out, n);
    if (!to) {
        return krb_refuse(wire_writer_status(out), "ciphertext", NULL, 0);
    }
    (void)krb_encrypt(krb_cipher_init(&room, key, usage, KRB_ENCRYPT), confounder, plain, to);
    secret_wipe(&room, sizeof(room));
    secret_wipe(confounder, sizeof(confounder));
    return SEC_E_OK;
}

/* --- AP-REP -------------------------------------------------------------------------------- */

/* What a reply that proves nothing is called: an initiator did not reach whom it wanted. */
static sec_status
refuse_proof(const struct krb_context *c, const char *what)
{
    return sec_fail(c->role == SEC_INITIATOR ? SEC_E_WRONG_PRINCIPAL : SEC_E_LOGON_DENIED,
                    "kerberos: AP-REP: %s", what);
}

static struct krb_keyblock
keyblock_of(const struct krb_key *key)
{
    return key->n ? (struct krb_keyblock){ key->enctype, bytes_of(key->b, key->n) }
                  : (struct krb_keyblock){ 0 };
}

void
krb_context_put_token(const struct krb_context *c, enum gss_krb_token_id id, bool bare,
                      struct bytes body, struct wire_writer *out)
{
    if (!bare) {
        gss_krb_token_put(out, c->handshake->user_to_user ? gss_krb5_u2u_oid : gss_krb5_oid,
                          (uint16_t)id, body.n);
    }
    wire_put_bytes(out, body);
}

sec_status
krb_context_put_ap_rep(struct krb_context *c, const struct krb_key *subkey,
                       const uint32_t *sequence, bool bare, struct wire_writer *out)
{
    const struct krb_handshake *h = c->handshake;
    uint8_t plain_room[KRB_AP_REP_ROOM], cipher_room[KRB_AP_REP_ROOM];
    SEC_AUTO(wire_writer) plain = wire_writer_secret(plain_room, sizeof(plain_room));
    SEC_AUTO(wire_writer) cipher = wire_writer_growing(cipher_room, sizeof(cipher_room));
    uint8_t room[KRB_AP_REP_ROOM];
    SEC_AUTO(wire_writer) body = wire_writer_growing(room, sizeof(room));
    const struct krb_enc_ap_rep part = {
        .ctime_100ns = h->ctime_100ns,
        .subkey = subkey ? keyblock_of(subkey) : (struct krb_keyblock){ 0 },
        .has_sequence = sequence != NULL,
        .sequence = sequence ? *sequence : 0,
    };
    struct krb_ap_rep m = { .enc = { .enctype = h->session_key.enctype } };
    sec_status status;

    krb_enc_ap_rep_encode(&plain, &part);
    if (wire_writer_status(&plain) != WIRE_OK) {
        return krb_refuse(wire_writer_status(&plain), "AP-REP", NULL, 0);
    }
    status =
        krb_context_encrypt(c, &h->session_key, KRB_USAGE_AP_REP, wire_written(&plain), &cipher);
    if (status != SEC_E_OK) {
        return status;
    }
    m.enc.cipher = wire_written(&cipher);
    krb_ap_rep_encode(&body, &m);
    krb_context_put_token(c, GSS_KRB_AP_REP, bare, wire_written(&body), out);
    if (wire_writer_status(&body) != WIRE_OK || wire_writer_status(out) != WIRE_OK) {
        enum wire_err err = wire_writer_status(&body);

        return krb_refuse(err != WIRE_OK ? err : wire_writer_status(out), "AP-REP", NULL, 0);
    }
    return SEC_E_OK;
}

sec_status
krb_context_open_ap_rep(struct krb_context *c, struct bytes ap_rep,
                        uint8_t room[static KRB_AP_REP_ROOM], struct krb_enc_ap_rep *out)
{
    const struct krb_handshake *h = c->handshake;
    struct krb_ap_rep m;
    enum wire_err err = krb_ap_rep_decode(&m, ap_rep);
    union krb_cipher_room cipher;
    struct bytes plain;
    bool opened;

    if (err != WIRE_OK) {
        return krb_refuse(err, "AP-REP", m.fault.field, m.fault.at);
    }
    if (m.enc.enctype != h->session_key.enctype) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "kerberos: AP-REP: enc-part has encryption type %d, the session key %d",
                        m.enc.enctype, h->session_key.enctype);
    }
    if (m.enc.cipher.n > KRB_AP_REP_ROOM) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: AP-REP: enc-part of %zu bytes",
                        m.enc.cipher.n);
    }
    opened = krb_decrypt(krb_cipher_init(&cipher, &h->session_key, KRB_USAGE_AP_REP, KRB_DECRYPT),
                         m.enc.cipher, room, &plain);
    secret_wipe(&cipher, sizeof(cipher));
    if (!opened) {
        return refuse_proof(c, "enc-part was not made with the session key");
    }
    err = krb_enc_ap_rep_decode(out, plain);
    if (err != WIRE_OK) {
        return krb_refuse(err, "EncAPRepPart", out->fault.field, out->fault.at);
    }
    /* RFC 4120 3.2.5: both must be those of the authenticator. In the third leg of DCE style, MIT's
     * client has them from its clock. */
    if (c->role == SEC_INITIATOR && out->ctime_100ns != h->ctime_100ns) {
        return refuse_proof(c, "ctime and cusec are not those of the authenticator");
    }
    return SEC_E_OK;
}

/* --- the end of a handshake ---------------------------------------------------------------- */

sec_status
krb_context_establish(struct krb_context *c, uint32_t granted, struct sec_step_args *args)
{
    struct krb_handshake *h = c->handshake;
    const struct krb_key *key = h->acceptor_subkey.n    ? &h->acceptor_subkey
                                : h->initiator_subkey.n ? &h->initiator_subkey
                                                        : &h->session_key;
    bool acceptor = c->role == SEC_ACCEPTOR;
    struct krb_session_args session = {
        .host = krb_host(c),
        .key = key,
        .acceptor = acceptor,
        .acceptor_subkey = h->acceptor_subkey.n != 0,
        .dce_style = granted & SEC_DCE_STYLE,
        .replay_detect = granted & SEC_REPLAY_DETECT,
        .sequence_detect = granted & SEC_SEQUENCE_DETECT,
        .send_sequence = acceptor ? h->acceptor_sequence : h->initiator_sequence,
        .receive_sequence = acceptor ? h->initiator_sequence : h->acceptor_sequence,
    };

    if (key->n == 0) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "kerberos: a handshake that ends without a key");
    }
    /* Without an AP-REP the acceptor has not said where it begins: both begin at the same. */
    if (!(granted & SEC_MUTUAL_AUTH)) {
        session.send_sequence = session.receive_sequence = h->initiator_sequence;
    }
    krb_session_begin(&c->session, &session);
    c->granted = granted;
    c->session_enctype = key->enctype;
    args->granted = granted;
    args->expires_100ns = c->expires_100ns;
    return SEC_E_OK;
}
