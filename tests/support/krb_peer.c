/* SPDX-License-Identifier: Apache-2.0 */
/* An acceptor under a test's control. */
#include "tests/support/krb_peer.h"

#include "tests/support/fake_ticket.h"

static bool
decrypt(const struct krb_key *key, uint32_t usage, const struct krb_encrypted *enc,
        uint8_t room[static KRB_PEER_ROOM], struct bytes *plain)
{
    union krb_cipher_room cipher;

    return enc->enctype == key->enctype && enc->cipher.n <= KRB_PEER_ROOM &&
           krb_decrypt(krb_cipher_init(&cipher, key, usage, KRB_DECRYPT), enc->cipher, room, plain);
}

static void
service_key(const struct krb_ticket *t, struct krb_key *out)
{
    char name[256];
    struct wire_writer w = wire_writer_fixed(name, sizeof(name) - 1);

    krb_name_put(&w, &t->sname, (struct bytes){ 0 });
    name[w.len] = 0;
    fake_ticket_key(name, t->enc.enctype, t->enc.kvno, out);
}

bool
krb_peer_open(struct krb_peer_request *out, struct bytes token, const struct krb_key *key)
{
    struct krb_key long_term;
    struct bytes plain;

    if (gss_krb_token_decode(&out->token, token) != WIRE_OK || out->token.id != GSS_KRB_AP_REQ ||
        krb_ap_req_decode(&out->ap_req, out->token.body) != WIRE_OK) {
        return false;
    }
    if (!key) {
        service_key(&out->ap_req.ticket, &long_term);
        key = &long_term;
    }
    if (!decrypt(key, KRB_USAGE_TICKET, &out->ap_req.ticket.enc, out->ticket_room, &plain) ||
        krb_enc_ticket_decode(&out->ticket, plain) != WIRE_OK ||
        !krb_key_set(&out->session, out->ticket.key.enctype, out->ticket.key.value)) {
        return false;
    }
    if (!decrypt(&out->session, KRB_USAGE_AUTHENTICATOR, &out->ap_req.authenticator,
                 out->authenticator_room, &plain) ||
        krb_authenticator_decode(&out->authenticator, plain) != WIRE_OK ||
        out->authenticator.checksum_type != GSS_KRB_CHECKSUM_TYPE ||
        gss_krb_checksum_decode(&out->checksum, out->authenticator.checksum) != WIRE_OK) {
        return false;
    }
    out->subkey = (struct krb_key){ 0 };
    return !out->authenticator.subkey.value.p ||
           krb_key_set(&out->subkey, out->authenticator.subkey.enctype,
                       out->authenticator.subkey.value);
}

struct bytes
krb_peer_ad(const struct krb_peer_request *r, int32_t type)
{
    enum wire_err err = WIRE_OK;
    struct bytes none = { 0 };

    if (!r->authenticator.authorization_data.p) {
        return none;
    }
    return krb_ad_find(r->authenticator.authorization_data, type, &err);
}

/* --- answers ------------------------------------------------------------------------------- */

static void
put_token(struct wire_writer *w, struct bytes oid, uint16_t id, bool bare, struct bytes body)
{
    if (!bare) {
        gss_krb_token_put(w, oid, id, body.n);
    }
    wire_put_bytes(w, body);
}

struct krb_peer_reply
krb_peer_reply_to(const struct krb_peer_request *r)
{
    return (struct krb_peer_reply){
        .key = &r->session,
        .part = { .ctime_100ns = r->authenticator.ctime_100ns },
        .bare = r->token.bare,
    };
}

void
krb_peer_put_ap_rep(struct wire_writer *w, const struct krb_peer_reply *r)
{
    static const uint8_t confounder[KRB_CONFOUNDER_MAX_BYTES];
    const struct krb_profile *profile = krb_profile_of(r->key->enctype);
    struct wire_writer plain = wire_writer_growing(NULL, 0), body = wire_writer_growing(NULL, 0);
    uint8_t cipher[512];
    union krb_cipher_room room;
    struct krb_ap_rep m = { .enc = { .enctype = r->enctype ? r->enctype : r->key->enctype } };

    krb_enc_ap_rep_encode(&plain, &r->part);
    if (plain.len + profile->confounder_bytes + profile->mac_bytes <= sizeof(cipher)) {
        m.enc.cipher = bytes_of(
            cipher, krb_encrypt(krb_cipher_init(&room, r->key, KRB_USAGE_AP_REP, KRB_ENCRYPT),
                                confounder, wire_written(&plain), cipher));
    }
    krb_ap_rep_encode(&body, &m);
    put_token(w, r->oid ? *r->oid : gss_krb5_oid, GSS_KRB_AP_REP, r->bare, wire_written(&body));
    wire_writer_clear(&plain);
    wire_writer_clear(&body);
}

void
krb_peer_put_error(struct wire_writer *w, const struct krb_error *e, bool bare)
{
    struct wire_writer body = wire_writer_growing(NULL, 0);

    krb_error_encode(&body, e);
    put_token(w, gss_krb5_oid, GSS_KRB_ERROR, bare, wire_written(&body));
    wire_writer_clear(&body);
}

void
krb_peer_put_tgt_rep(struct wire_writer *w, struct bytes ticket_der)
{
    struct wire_writer body = wire_writer_growing(NULL, 0);
    struct krb_tgt_rep m = { 0 };

    if (krb_ticket_decode(&m.ticket, ticket_der) == WIRE_OK) {
        krb_tgt_rep_encode(&body, &m);
    }
    put_token(w, gss_krb5_u2u_oid, GSS_KRB_TGT_REP, false, wire_written(&body));
    wire_writer_clear(&body);
}
