/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of the AP exchange, once the acceptor has answered. RFC 4120 3.2.5, 3.2.6,
 * 5.9.1; RFC 4121 4.1.2; [MS-KILE] 2.2.2, 3.2.5.8. */
#include <stdio.h>

#include "base/clock.h"
#include "base/der.h"
#include "kerberos/initiate.h"

enum {
    ERROR_TEXT_MAX = 80,    /* of e-text, in a reason */
    SKEW_RECOVERY_TYPE = 2, /* KERB_AP_ERR_TYPE_SKEW_RECOVERY */
    OFFSET_TEXT_BYTES = 64,
};

/* --- the frame ----------------------------------------------------------------------------- */

static bool
is_ours(const struct krb_context *c, const struct gss_krb_token *t)
{
    if (c->handshake->user_to_user && bytes_equal(t->oid, gss_krb5_u2u_oid)) {
        return true;
    }
    return bytes_equal(t->oid, gss_krb5_oid) || bytes_equal(t->oid, gss_ms_krb5_oid);
}

/* An error may come with or without a frame; what goes on with the exchange comes as it was agreed:
 * DCE style has none. */
static sec_status
read_token(const struct krb_context *c, struct bytes in, struct gss_krb_token *out)
{
    enum wire_err err = gss_krb_token_decode(out, in);

    if (err != WIRE_OK) {
        return krb_refuse(err, "reply", out->fault.field, out->fault.at);
    }
    if (!out->bare && !is_ours(c, out)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: reply: of another mechanism");
    }
    if (out->id != GSS_KRB_ERROR && out->bare != !!(c->handshake->offered & SEC_DCE_STYLE)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: reply: %s a frame",
                        out->bare ? "without" : "in");
    }
    return SEC_E_OK;
}

/* --- KRB-ERROR ----------------------------------------------------------------------------- */

/* It proves nothing and nobody: it ends the exchange, or has us try once more. */

static const struct {
    int32_t code;
    sec_status status;
} error_statuses[] = {
    { KRB_KDC_ERR_C_PRINCIPAL_UNKNOWN, SEC_E_LOGON_DENIED },
    { KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN, SEC_E_TARGET_UNKNOWN },
    { KRB_KDC_ERR_ETYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE },
    { KRB_AP_ERR_BAD_INTEGRITY, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_TKT_EXPIRED, SEC_E_CONTEXT_EXPIRED },
    { KRB_AP_ERR_TKT_NYV, SEC_E_TIME_SKEW },
    { KRB_AP_ERR_REPEAT, SEC_E_LOGON_DENIED },
    { KRB_AP_ERR_NOT_US, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_BADMATCH, SEC_E_LOGON_DENIED },
    { KRB_AP_ERR_SKEW, SEC_E_TIME_SKEW },
    { KRB_AP_ERR_BADADDR, SEC_E_LOGON_DENIED },
    { KRB_AP_ERR_BADVERSION, SEC_E_INVALID_TOKEN },
    { KRB_AP_ERR_MSG_TYPE, SEC_E_INVALID_TOKEN },
    { KRB_AP_ERR_MODIFIED, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_BADORDER, SEC_E_OUT_OF_SEQUENCE },
    { KRB_AP_ERR_BADKEYVER, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_NOKEY, SEC_E_WRONG_PRINCIPAL },
    { KRB_AP_ERR_MUT_FAIL, SEC_E_MUTUAL_AUTH_FAILED },
    { KRB_AP_ERR_METHOD, SEC_E_UNSUPPORTED_FUNCTION },
    { KRB_AP_ERR_INAPP_CKSUM, SEC_E_MESSAGE_ALTERED },
    { KRB_AP_ERR_USER_TO_USER_REQUIRED, SEC_E_UNSUPPORTED_FUNCTION },
};

static sec_status
status_of(int32_t code)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(error_statuses); i++) {
        if (error_statuses[i].code == code) {
            return error_statuses[i].status;
        }
    }
    return SEC_E_LOGON_DENIED;
}

/* How far the server's clock is from ours. */
static void
put_offset(const struct krb_context *c, const struct krb_error *e, char to[OFFSET_TEXT_BYTES])
{
    int64_t offset = (int64_t)(e->stime_100ns - krb_host(c)->now_100ns(krb_host(c)));
    int64_t seconds = offset / (int64_t)CLOCK_SECOND_100NS;

    to[0] = 0;
    if (e->code == KRB_AP_ERR_SKEW && e->stime_100ns) {
        (void)snprintf(to, OFFSET_TEXT_BYTES, ": its clock is %lld s %s ours",
                       (long long)(seconds < 0 ? -seconds : seconds),
                       seconds < 0 ? "behind" : "ahead of");
    }
}

static sec_status
refuse_error(const struct krb_context *c, const struct krb_error *e)
{
    size_t text_n = e->text.n < ERROR_TEXT_MAX ? e->text.n : ERROR_TEXT_MAX;
    char offset[OFFSET_TEXT_BYTES];

    put_offset(c, e, offset);
    return sec_fail(status_of(e->code), "kerberos: the server answers %s (%d)%s%s%.*s",
                    krb_error_name(e->code), e->code, offset, text_n ? ": " : "", (int)text_n,
                    text_n ? (const char *)e->text.p : "");
}

/* [MS-KILE] 2.2.2 KERB-ERROR-DATA: the acceptor waits for another AP-REQ. Of one that does not say
 * so the context is gone, and a second token would find nobody. */
static bool
offers_skew_recovery(struct bytes data)
{
    struct wire_reader r = wire_reader_of(data);
    struct wire_reader sequence = der_enter(&r, DER_SEQUENCE);
    struct wire_reader type = der_enter(&sequence, DER_CONTEXT_0 + 1);
    struct bytes value = der_take(&type, DER_INTEGER);

    return wire_finish(&type) == WIRE_OK && value.n == 1 && value.p[0] == SKEW_RECOVERY_TYPE;
}

/* Nobody proved the server's time: an authenticator for a moment outside the ticket's life would
 * serve an attacker alone. */
static sec_status
take_server_time(struct krb_context *c, const struct krb_error *e, bool *again)
{
    struct krb_handshake *h = c->handshake;

    if (!e->stime_100ns || !offers_skew_recovery(e->data) ||
        e->stime_100ns >= h->ticket.end_100ns || e->stime_100ns < h->ticket.start_100ns) {
        return SEC_E_OK;
    }
    h->clock_offset_100ns = e->stime_100ns - krb_host(c)->now_100ns(krb_host(c));
    *again = true;
    return SEC_E_OK;
}

/* The service's key has changed, or so it says: only a ticket under another key, or one that lives
 * longer, is worth a second try. What comes stays in the cache, for the next context too. */
static sec_status
take_fresh_ticket(struct krb_context *c, const struct krb_error *e, bool *again)
{
    uint64_t end_100ns = c->handshake->ticket.end_100ns;
    int32_t enctype = c->ticket_enctype;
    uint32_t kvno = c->kvno;
    sec_status status = krb_initiator_get_ticket(c, (struct bytes){ 0 }, true);

    c->error_code = e->code;
    if (status == SEC_E_OK) {
        *again = e->code == KRB_AP_ERR_TKT_EXPIRED
                     ? c->handshake->ticket.end_100ns > end_100ns
                     : c->kvno != kvno || c->ticket_enctype != enctype;
    }
    return status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_OK;
}

/* Whether a new AP-REQ may help: once, and where the legs are not counted. */
static sec_status
prepare_retry(struct krb_context *c, const struct sec_step_args *args, const struct krb_error *e,
              bool *again)
{
    struct krb_handshake *h = c->handshake;

    *again = false;
    if (args->peer_gave_up || h->retried || c->state != KRB_WAIT_AP_REP || h->user_to_user ||
        h->offered & SEC_DCE_STYLE) {
        return SEC_E_OK;
    }
    h->retried = true;
    switch (e->code) {
    case KRB_AP_ERR_SKEW: return take_server_time(c, e, again);
    case KRB_AP_ERR_REPEAT: *again = true; return SEC_E_OK;
    case KRB_AP_ERR_TKT_EXPIRED:
    case KRB_AP_ERR_MODIFIED:
    case KRB_AP_ERR_BADKEYVER: return take_fresh_ticket(c, e, again);
    default: return SEC_E_OK;
    }
}

static sec_status
take_error(struct krb_context *c, struct sec_step_args *args, struct bytes body,
           struct wire_writer *out)
{
    struct krb_error e;
    enum wire_err err = krb_error_decode(&e, body);
    sec_status status;
    bool again;

    if (err != WIRE_OK) {
        return krb_refuse(err, "KRB-ERROR", e.fault.field, e.fault.at);
    }
    c->error_code = e.code;
    status = prepare_retry(c, args, &e, &again);
    if (status != SEC_E_OK) {
        return status;
    }
    return again ? krb_initiator_send_ap_req(c, args, out) : refuse_error(c, &e);
}

/* --- AP-REP -------------------------------------------------------------------------------- */

static sec_status
take_acceptor_keys(struct krb_context *c, const struct krb_enc_ap_rep *part)
{
    struct krb_handshake *h = c->handshake;

    h->acceptor_sequence = part->has_sequence ? part->sequence : 0;
    if (!part->subkey.value.p) {
        return SEC_E_OK;
    }
    if (!krb_context_permits(c, part->subkey.enctype)) {
        return sec_fail(SEC_E_KDC_UNKNOWN_ETYPE,
                        "kerberos: EncAPRepPart: encryption type %d of the subkey is not permitted",
                        part->subkey.enctype);
    }
    if (!krb_key_set(&h->acceptor_subkey, part->subkey.enctype, part->subkey.value)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: EncAPRepPart: subkey of %zu bytes",
                        part->subkey.value.n);
    }
    return SEC_E_OK;
}

/* [MS-KILE] 3.2.5.8: the third leg of DCE style repeats the acceptor's sequence number to it. */
static sec_status
finish(struct krb_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    struct krb_handshake *h = c->handshake;
    sec_status status = SEC_E_OK;

    if (h->offered & SEC_DCE_STYLE) {
        status = krb_context_put_ap_rep(c, NULL, &h->acceptor_sequence, true, out);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    c->error_code = 0; /* of what was got over */
    return krb_context_establish(c, h->offered, args);
}

sec_status
krb_initiator_take_ap_rep(struct krb_context *c, struct sec_step_args *args,
                          struct wire_writer *out)
{
    uint8_t room[KRB_AP_REP_ROOM];
    struct krb_enc_ap_rep part;
    struct gss_krb_token t;
    sec_status status = read_token(c, args->token, &t);

    if (status != SEC_E_OK) {
        return status;
    }
    if (t.id == GSS_KRB_ERROR) {
        return take_error(c, args, t.body, out);
    }
    if (t.id != GSS_KRB_AP_REP) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: reply: token 0x%04x, not AP-REP", t.id);
    }
    status = krb_context_open_ap_rep(c, t.body, room, &part);
    if (status == SEC_E_OK) {
        status = take_acceptor_keys(c, &part);
    }
    secret_wipe(room, sizeof(room));
    return status == SEC_E_OK ? finish(c, args, out) : status;
}

/* --- user-to-user -------------------------------------------------------------------------- */

/* Whose TGT it is nobody has proved: the KDC gives a ticket for our target by it, or none. */
sec_status
krb_initiator_take_tgt_rep(struct krb_context *c, struct sec_step_args *args,
                           struct wire_writer *out)
{
    struct krb_tgt_rep m;
    struct gss_krb_token t;
    enum wire_err err;
    sec_status status = read_token(c, args->token, &t);

    if (status != SEC_E_OK) {
        return status;
    }
    if (t.id == GSS_KRB_ERROR) {
        return take_error(c, args, t.body, out);
    }
    if (t.id != GSS_KRB_TGT_REP) {
        return sec_fail(SEC_E_NO_TGT_REPLY, "kerberos: reply: token 0x%04x, not TGT-REP", t.id);
    }
    err = krb_tgt_rep_decode(&m, t.body);
    if (err != WIRE_OK) {
        return krb_refuse(err, "TGT-REP", m.fault.field, m.fault.at);
    }
    status = krb_initiator_get_ticket(c, m.ticket.whole, false);
    return status == SEC_E_OK ? krb_initiator_send_ap_req(c, args, out) : status;
}
