/* SPDX-License-Identifier: Apache-2.0 */
/* The acceptor's side of Kerberos. RFC 4120 3.2.3, 3.2.4; RFC 4121 2, 4.1; RFC 4537; [MS-KILE]
 * 3.4.5. Nothing of a client is believed before its authenticator has proven that it has the
 * ticket's session key, and nothing is answered before every check is over. */
#include "kerberos/accept.h"

#include "base/der.h"

enum {
    TICKET_ROOM = 4096, /* a ticket with the PAC of a member of some hundred groups */
    AUTHENTICATOR_ROOM = 1024,
    NAMES_ROOM = 1024,
    TGT_REP_ROOM = 2048,
};

/* --- what a proven client gets ------------------------------------------------------------- */

static sec_status
read_names(struct krb_accept *a)
{
    enum wire_err err = krb_accept_read_names(a);

    return err == WIRE_OK ? SEC_E_OK : krb_refuse(err, "AP-REQ", "cname or sname", 0);
}

/* Who that is; and its names, which outlive the exchange. What krb_authorize says of them lives no
 * longer than its room: a refusal that comes later goes by the ticket's. */
static sec_status
authorize(struct krb_accept *a)
{
    struct krb_proven proven = { .ticket = &a->ticket, .clear = &a->req.ticket, .key = a->key };
    struct krb_checksum_key tgt_pac_key;
    struct bytes names[KRB_NAMES];
    uint8_t memory[NAMES_ROOM];
    SEC_AUTO(wire_writer) room = wire_writer_growing(memory, sizeof(memory));
    sec_status status;

    if (a->c->handshake->user_to_user) {
        krb_checksum_key_init(&tgt_pac_key, &a->c->handshake->ticket.key, KRB_USAGE_PAC);
        proven.tgt_pac_key = &tgt_pac_key;
    }
    bytes_copy(names, a->names, sizeof(names));
    status = krb_authorize(a->c, &proven, &room, names);
    if (proven.tgt_pac_key) {
        secret_wipe(&tgt_pac_key, sizeof(tgt_pac_key));
    }
    return status == SEC_E_OK ? krb_context_keep_names(a->c, names) : status;
}

/* A client that means to delegate and whose KRB-CRED cannot be opened is refused: it would go on
 * as somebody whose credentials this service has. */
static sec_status
take_delegated(struct krb_accept *a)
{
    const struct krb_handshake *h = a->c->handshake;
    const struct krb_key *keys[2];
    size_t n = 0;

    if (!(a->checksum.flags & GSS_KRB_DELEG) || !a->checksum.krb_cred.n) {
        return SEC_E_OK;
    }
    if (h->initiator_subkey.n) {
        keys[n++] = &h->initiator_subkey;
    }
    keys[n++] = &h->session_key;
    return ticket_delegated_new(krb_host(a->c)->tickets, a->checksum.krb_cred, keys, n,
                                &a->ticket.cname, a->ticket.crealm, &a->c->delegated);
}

/* What the initiator's checksum asks for is what the context is; as with NTLM, the acceptor's own
 * flags take nothing away and demand nothing. */
static uint32_t
granted(const struct krb_accept *a)
{
    static const struct {
        uint32_t gss, flag;
    } rows[] = {
        { GSS_KRB_MUTUAL, SEC_MUTUAL_AUTH },
        { GSS_KRB_REPLAY, SEC_REPLAY_DETECT },
        { GSS_KRB_SEQUENCE, SEC_SEQUENCE_DETECT },
        { GSS_KRB_CONF, SEC_CONFIDENTIALITY },
        { GSS_KRB_INTEG, SEC_INTEGRITY },
        { GSS_KRB_DCE_STYLE, SEC_DCE_STYLE | SEC_MUTUAL_AUTH },
        { GSS_KRB_IDENTIFY, SEC_IDENTIFY },
        { GSS_KRB_EXTENDED_ERROR, SEC_EXTENDED_ERROR },
    };
    uint32_t flags = SEC_CONNECTION;

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        if (a->checksum.flags & rows[i].gss) {
            flags |= rows[i].flag;
        }
    }
    if (a->c->delegated) {
        flags |= SEC_DELEGATE;
    }
    if (a->c->handshake->user_to_user) {
        flags |= SEC_USE_SESSION_KEY;
    }
    return flags;
}

/* --- the answer ---------------------------------------------------------------------------- */

/* RFC 4537: whether the client's list has it. A list that makes no sense is nobody's wish. */
static bool
is_offered(struct bytes list, int32_t enctype)
{
    struct wire_reader r = wire_reader_of(list);
    struct wire_reader items = der_enter(&r, DER_SEQUENCE);

    while (wire_left(&items)) {
        if (der_take_int32(&items) == enctype && wire_status(&items) == WIRE_OK) {
            return true;
        }
    }
    return false;
}

/* What both sides have and this one prefers: of what the client lists, or the type it uses now. */
static int32_t
choose_enctype(const struct krb_accept *a, int32_t used)
{
    const struct sec_kerberos_settings *s = krb_accept_settings(a);
    struct bytes all = a->authenticator.authorization_data;
    enum wire_err err = WIRE_OK;
    struct bytes list =
        all.p ? krb_ad_find(all, KRB_AD_ETYPE_NEGOTIATION, &err) : (struct bytes){ 0 };

    for (size_t i = 0; i < s->n_enctypes && s->enctypes[i] != used; i++) {
        if (krb_profile_of(s->enctypes[i]) && is_offered(list, s->enctypes[i])) {
            return s->enctypes[i];
        }
    }
    return used;
}

/* Headers of RFC 1964's kind do not say which key was used: with RC4 both sides stay with the
 * initiator's, but in DCE style, where it is always the acceptor's. */
static sec_status
make_subkey(struct krb_accept *a)
{
    struct krb_handshake *h = a->c->handshake;
    int32_t used = h->initiator_subkey.n ? h->initiator_subkey.enctype : h->session_key.enctype;
    struct krb_key like = { .enctype = choose_enctype(a, used) };

    if (like.enctype == KRB_RC4_HMAC && !(a->checksum.flags & GSS_KRB_DCE_STYLE)) {
        return SEC_E_OK;
    }
    like.n = krb_profile_of(like.enctype)->key_bytes;
    return krb_context_new_subkey(a->c, &like, &h->acceptor_subkey);
}

static sec_status
answer(struct krb_accept *a, struct wire_writer *out)
{
    struct krb_context *c = a->c;
    struct krb_handshake *h = c->handshake;
    uint32_t flags = granted(a);
    bool bare = flags & SEC_DCE_STYLE; /* also where the AP-REQ came in a frame */
    sec_status status;

    if (!(flags & SEC_MUTUAL_AUTH)) {
        h->acceptor_sequence = h->initiator_sequence;
        return krb_context_establish(c, flags, a->args);
    }
    status = make_subkey(a);
    if (status == SEC_E_OK) {
        status = krb_context_new_sequence(c, &h->acceptor_sequence);
    }
    if (status == SEC_E_OK) {
        status = krb_context_put_ap_rep(c, &h->acceptor_subkey, &h->acceptor_sequence, bare, out);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (flags & SEC_DCE_STYLE) {
        c->granted = flags;
        c->state = KRB_WAIT_DCE_AP_REP;
        return SEC_I_CONTINUE_NEEDED;
    }
    return krb_context_establish(c, flags, a->args);
}

/* --- the AP-REQ ---------------------------------------------------------------------------- */

/* In this order. What the peer could have made up is not looked at before what proves it: the
 * ticket's contents after its decryption, the authenticator's after its own; before policy has a
 * word the authenticator is used up, so that none is tried twice; what has to be undone is last. */
static sec_status (*const checks[])(struct krb_accept *) = {
    krb_accept_open_ticket,
    krb_accept_check_ticket,
    krb_accept_open_authenticator,
    krb_accept_check_client,
    krb_accept_read_checksum,
    krb_accept_check_clock,
    krb_accept_check_replay,
    krb_accept_read_authorization,
    read_names,
    krb_accept_check_bindings,
    krb_accept_check_target,
    authorize,
    take_delegated,
};

static sec_status
check_and_answer(struct krb_accept *a, struct wire_writer *out)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(checks); i++) {
        sec_status status = checks[i](a);

        if (status != SEC_E_OK) {
            return status;
        }
    }
    return answer(a, out);
}

static sec_status
accept_ap_req(struct krb_context *c, struct sec_step_args *args, const struct gss_krb_token *token,
              struct wire_writer *out)
{
    uint8_t ticket_memory[TICKET_ROOM], authenticator_memory[AUTHENTICATOR_ROOM];
    uint8_t names_memory[NAMES_ROOM];
    SEC_AUTO(wire_writer) ticket = wire_writer_secret(ticket_memory, sizeof(ticket_memory));
    SEC_AUTO(wire_writer)
    authenticator = wire_writer_secret(authenticator_memory, sizeof(authenticator_memory));
    SEC_AUTO(wire_writer) names = wire_writer_growing(names_memory, sizeof(names_memory));
    struct krb_accept a = {
        .c = c,
        .args = args,
        .now_100ns = krb_host(c)->now_100ns(krb_host(c)),
        .bare = token->bare,
        .ticket_room = &ticket,
        .authenticator_room = &authenticator,
        .names_room = &names,
    };
    enum wire_err err = krb_ap_req_decode(&a.req, token->body);
    size_t start = out->len;
    sec_status status;

    if (err != WIRE_OK) {
        return krb_refuse(err, "AP-REQ", a.req.fault.field, a.req.fault.at);
    }
    c->handshake->bare = token->bare;
    krb_accept_expect_replay_check(&a);
    status = check_and_answer(&a, out);
    if (sec_failed(status)) {
        out->len = start;
        krb_accept_end_refused(&a, out);
    }
    ticket_keys_release(&a.keys);
    return status;
}

/* --- user-to-user -------------------------------------------------------------------------- */

static sec_status
put_tgt_rep(struct krb_context *c, struct wire_writer *out)
{
    uint8_t memory[TGT_REP_ROOM];
    SEC_AUTO(wire_writer) body = wire_writer_growing(memory, sizeof(memory));
    struct krb_tgt_rep m = { 0 };
    enum wire_err err = krb_ticket_decode(&m.ticket, c->handshake->ticket.der);

    if (err != WIRE_OK) {
        return krb_refuse(err, "own TGT", m.ticket.fault.field, m.ticket.fault.at);
    }
    krb_tgt_rep_encode(&body, &m);
    err = wire_writer_status(&body);
    if (err == WIRE_OK) {
        krb_context_put_token(c, GSS_KRB_TGT_REP, false, wire_written(&body), out);
        err = wire_writer_status(out);
    }
    return err == WIRE_OK ? SEC_I_CONTINUE_NEEDED : krb_refuse(err, "TGT-REP", NULL, 0);
}

/* Whose TGT the initiator would like is its own affair: there is one, and a ticket to it names who
 * that is. */
static sec_status
answer_tgt_req(struct krb_context *c, const struct gss_krb_token *token, struct wire_writer *out)
{
    struct krb_tgt_req m;
    enum wire_err err = krb_tgt_req_decode(&m, token->body);
    sec_status status;

    if (err != WIRE_OK) {
        return krb_refuse(err, "TGT-REQ", m.fault.field, m.fault.at);
    }
    if (!c->cred->holder) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: TGT-REQ: this acceptor acts as no user, "
                                              "and has no TGT");
    }
    status = ticket_get_tgt(c->cred->holder, &c->handshake->ticket);
    if (status != SEC_E_OK) {
        return status;
    }
    c->handshake->user_to_user = true;
    c->state = KRB_WAIT_AP_REQ;
    return put_tgt_rep(c, out);
}

/* --- the legs ------------------------------------------------------------------------------ */

static sec_status
decode_token(struct bytes in, struct gss_krb_token *token)
{
    enum wire_err err = gss_krb_token_decode(token, in);

    if (err != WIRE_OK) {
        return krb_refuse(err, "token", token->fault.field, token->fault.at);
    }
    if (!token->bare && bytes_equal(token->oid, gss_iakerb_oid)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: a token of IAKERB");
    }
    return SEC_E_OK;
}

static sec_status
refuse_token(const struct gss_krb_token *token, const char *due)
{
    return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: a token 0x%04x, where %s is due", token->id,
                    due);
}

sec_status
krb_acceptor_begin(struct krb_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    struct gss_krb_token token;
    sec_status status = decode_token(args->token, &token);

    c->handshake->wanted = args->wanted;
    if (status != SEC_E_OK) {
        return status;
    }
    switch (token.id) {
    case GSS_KRB_AP_REQ: return accept_ap_req(c, args, &token, out);
    case GSS_KRB_TGT_REQ: return answer_tgt_req(c, &token, out);
    default: return refuse_token(&token, "an AP-REQ");
    }
}

sec_status
krb_acceptor_take_ap_req(struct krb_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    struct gss_krb_token token;
    sec_status status = decode_token(args->token, &token);

    if (status != SEC_E_OK) {
        return status;
    }
    return token.id == GSS_KRB_AP_REQ ? accept_ap_req(c, args, &token, out)
                                      : refuse_token(&token, "an AP-REQ");
}

/* [MS-KILE] 3.4.5.1: the client's AP-REP has the sequence number of ours. Its ctime is that of the
 * authenticator (Heimdal) or of the client's clock (MIT), and proves nothing. Our own AP-REP has
 * the right number, too: one with our subkey in it is not the client's. */
static sec_status
check_third(struct krb_context *c, const struct krb_enc_ap_rep *m)
{
    const struct krb_handshake *h = c->handshake;

    if (!m->has_sequence || m->sequence != h->acceptor_sequence) {
        return sec_fail(SEC_E_LOGON_DENIED,
                        "kerberos: AP-REP: the third leg does not repeat the sequence number");
    }
    if (m->subkey.value.n == h->acceptor_subkey.n &&
        secret_equal(m->subkey.value.p, h->acceptor_subkey.b, h->acceptor_subkey.n)) {
        return sec_fail(SEC_E_LOGON_DENIED, "kerberos: AP-REP: the third leg is our own second");
    }
    return SEC_E_OK;
}

sec_status
krb_acceptor_take_third(struct krb_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    uint8_t room[KRB_AP_REP_ROOM];
    struct krb_enc_ap_rep m;
    struct gss_krb_token token;
    sec_status status = decode_token(args->token, &token);

    if (status == SEC_E_OK && token.id != GSS_KRB_AP_REP) {
        status = refuse_token(&token, "an AP-REP");
    }
    if (status == SEC_E_OK) {
        status = krb_context_open_ap_rep(c, token.body, room, &m);
        if (status == SEC_E_OK) {
            status = check_third(c, &m);
        }
        secret_wipe(room, sizeof(room));
    }
    return status == SEC_E_OK ? krb_context_establish(c, c->granted, args) : status;
}
