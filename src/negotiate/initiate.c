/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of SPNEGO: RFC 4178 4.2, 5 (the letters and numbers below are its cases), C;
 * [MS-SPNG] 3.2.5. */
#include "base/der.h"
#include "negotiate/context.h"

/* --- the offer ----------------------------------------------------------------------------- */

/* Who cannot prove anybody is not offered behind another: a server that chose it would be led on,
 * and a list that is shorter is a list that less can be chosen from. */
static bool
is_worth_offering(const struct nego_context *c, const struct nego_leg *leg, size_t index)
{
    return (leg->args->wanted & SEC_NULL_SESSION) || !nego_credential_names_nobody(c->cred, index);
}

/* RFC 4178 4.2.1: mechToken is for the first mechanism of the list, so the list begins with the
 * one that has a token to send; those before it are not offered. */
static sec_status
send_offer(struct nego_context *c, struct nego_leg *leg, size_t index, sec_status mech_status,
           struct bytes token)
{
    struct nego_handshake *h = c->handshake;
    struct spnego_init m = { 0 };

    h->first = (uint8_t)index;
    h->offered = (uint8_t)(1u << index);
    for (size_t i = index + 1; i < c->cred->n; i++) {
        h->offered |= (uint8_t)(is_worth_offering(c, leg, i) ? 1u << i : 0);
    }
    nego_credential_put_list(c->cred, h->offered, &h->mech_list);
    if (wire_writer_status(&h->mech_list) != WIRE_OK) {
        return nego_sent(&h->mech_list);
    }
    m.mech_list = wire_written(&h->mech_list);
    m.mech_token = token.n ? token : (struct bytes){ 0 };
    spnego_init_encode(leg->out, &m);
    if (mech_status == SEC_E_OK) {
        leg->next = NEGO_OFFERED_WHOLE;
    }
    return sec_failed(nego_sent(leg->out)) ? nego_sent(leg->out) : SEC_I_CONTINUE_NEEDED;
}

static int32_t
krb_error_of(const struct nego_context *c)
{
    struct sec_facts facts;

    c->mech->package->ops->describe(c->mech, &facts);
    return facts.kerberos.error_code;
}

/* The first token of one mechanism. Whether the next may be tried where this one fails is for its
 * status to say (docs/decisions/0015). */
static sec_status
begin(struct nego_context *c, struct nego_leg *leg, size_t index, struct wire_writer *token,
      bool *go_on)
{
    const struct sec_package *package = c->cred->mechs[index]->package;
    bool behind_another = c->attempts || c->cred->refused.n;
    sec_status status, kept;

    sec_reason_clear();
    *go_on = false;
    if (behind_another && !is_worth_offering(c, leg, index)) {
        *go_on = true;
        kept = nego_context_note(c, package, SEC_E_NO_CREDENTIALS);
        return kept == SEC_E_OK ? SEC_E_NO_CREDENTIALS : kept;
    }
    status = nego_mech_open(c, index);
    if (status == SEC_E_OK) {
        status = nego_mech_step(c, leg->args, (struct bytes){ 0 }, token);
        *go_on = nego_attempts_may_go_on(status, krb_error_of(c));
    }
    if (!sec_failed(status) || status == SEC_E_INSUFFICIENT_MEMORY) {
        return status;
    }
    kept = nego_context_note(c, package, status);
    return kept == SEC_E_OK ? status : kept;
}

sec_status
nego_initiator_offer(struct nego_context *c, struct nego_leg *leg)
{
    /* Falling back is for the first token alone: what fails later fails. */
    for (size_t i = 0; i < c->cred->n; i++) {
        uint8_t room[NEGO_TOKEN_ROOM];
        SEC_AUTO(wire_writer) token = wire_writer_growing(room, sizeof(room));
        bool go_on;
        sec_status status = begin(c, leg, i, &token, &go_on);

        if (status == SEC_E_INSUFFICIENT_MEMORY || (sec_failed(status) && !go_on)) {
            return status;
        }
        if (!go_on) {
            return send_offer(c, leg, i, status, wire_written(&token));
        }
    }
    return nego_attempts_fail(c->attempts ? c->attempts : &c->cred->refused);
}

/* [MS-SPNG] 3.2.5.2: the server spoke first. What it says is not protected and tells nothing that
 * its answer to our own list will not: it is read, and forgotten. */
sec_status
nego_initiator_take_hint(struct nego_context *c, struct nego_leg *leg)
{
    struct spnego_init m;
    enum wire_err err = spnego_init_decode(&m, leg->args->token);

    if (err != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: NegTokenInit2: %s at offset %u %s",
                        m.fault.field, m.fault.at, wire_err_text(err));
    }
    return nego_initiator_offer(c, leg);
}

/* --- answers ------------------------------------------------------------------------------- */

/* Windows 2000 repeats the token where the MIC belongs (RFC 4178 C); and without integrity there
 * is no MIC. */
static struct bytes
mic_of(const struct nego_context *c, const struct spnego_resp *m)
{
    bool repeated = m->token.n && bytes_equal(m->mic, m->token);

    return repeated || !c->handshake->integrity ? (struct bytes){ 0 } : m->mic;
}

/* A mechanism's own error token says more than "reject". */
static sec_status
take_rejection(struct nego_context *c, struct nego_leg *leg, const struct spnego_resp *m)
{
    SEC_AUTO(wire_writer) unsent = wire_writer_growing(NULL, 0);
    bool listens = c->state == NEGO_OFFERED || c->state == NEGO_RUNNING;
    sec_status status = SEC_E_OK;

    leg->args->peer_gave_up = true;
    if (m->token.n && listens) {
        status = nego_mech_step(c, leg->args, m->token, &unsent);
    }
    return sec_failed(status) ? status
                              : sec_fail(SEC_E_LOGON_DENIED, "negotiate: the server rejected us");
}

/* RFC 4178 5 b): the acceptor sent the last token of the mechanism, and m came with it; or ours
 * was the only one. */
static sec_status
conclude(struct nego_context *c, struct nego_leg *leg, const struct spnego_resp *m)
{
    uint8_t room[NEGO_MIC_ROOM];
    SEC_AUTO(wire_writer) ours = wire_writer_growing(room, sizeof(room));
    struct bytes mic = mic_of(c, m);
    bool due;
    sec_status status = nego_mic_due(c, &due);

    if (sec_failed(status)) {
        return status;
    }
    if (mic.n == 0) {
        if (due) { /* (IV) */
            return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: no mechListMIC where one is due");
        }
        if (m->state == SPNEGO_ACCEPT_INCOMPLETE || m->state == SPNEGO_REQUEST_MIC) {
            return sec_fail(SEC_E_INVALID_TOKEN,
                            "negotiate: the server awaits something when nothing is left");
        }
        return SEC_E_OK; /* (III) */
    }
    status = nego_mic_check(c, mic);
    if (status != SEC_E_OK || m->state == SPNEGO_ACCEPT_COMPLETED) {
        return status; /* (II); or a server that is content: one more token would find no reader */
    }
    status = nego_mic_make(c, &ours); /* (I) */
    if (status != SEC_E_OK) {
        return status;
    }
    return nego_resp_send(leg, SPNEGO_ACCEPT_COMPLETED, (struct bytes){ 0 }, (struct bytes){ 0 },
                          wire_written(&ours));
}

/* RFC 4178 5 c): ours is the last token of the mechanism. The server's word ends the exchange. */
static sec_status
send_last_token(struct nego_context *c, struct nego_leg *leg, struct bytes token)
{
    uint8_t room[NEGO_MIC_ROOM];
    SEC_AUTO(wire_writer) mic = wire_writer_growing(room, sizeof(room));
    bool due;
    sec_status status = nego_mic_due(c, &due);

    if (status == SEC_E_OK && due) {
        status = nego_mic_make(c, &mic);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    leg->next = due ? NEGO_AWAIT_MIC : NEGO_AWAIT_VERDICT;
    status = nego_resp_send(leg, SPNEGO_NO_STATE, (struct bytes){ 0 }, token, wire_written(&mic));
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

/* The mechanism awaits a token, and m must bring it. */
static sec_status
continue_mechanism(struct nego_context *c, struct nego_leg *leg, const struct spnego_resp *m)
{
    uint8_t room[NEGO_TOKEN_ROOM];
    SEC_AUTO(wire_writer) token = wire_writer_growing(room, sizeof(room));
    sec_status status;

    if (m->token.n == 0) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: no responseToken where %s awaits one",
                        c->mech->package->name);
    }
    status = nego_mech_step(c, leg->args, m->token, &token);
    if (sec_failed(status)) {
        return status;
    }
    if (status == SEC_E_OK && token.len == 0) {
        return conclude(c, leg, m);
    }
    if (m->state == SPNEGO_ACCEPT_COMPLETED) {
        /* Accepted without our proof: not by who knows us. */
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: accept-completed before %s is done",
                        c->mech->package->name);
    }
    if (status == SEC_E_OK) {
        return send_last_token(c, leg, wire_written(&token));
    }
    status = nego_resp_send(leg, SPNEGO_NO_STATE, (struct bytes){ 0 }, wire_written(&token),
                            (struct bytes){ 0 });
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

/* Ours was not what the server wants. */
static sec_status
note_refusal(struct nego_context *c, const struct sec_package *chosen)
{
    sec_status status =
        sec_fail(SEC_E_SECPKG_NOT_FOUND, "negotiate: the server chose %s instead", chosen->name);

    status = nego_context_note(c, c->mech->package, status);
    sec_reason_clear();
    return status;
}

/* RFC 4178 4.2.2: the server chose another mechanism of our list, which begins anew. That this
 * is its choice, and the list ours, only the MICs can prove. */
static sec_status
take_second_choice(struct nego_context *c, struct nego_leg *leg, const struct spnego_resp *m)
{
    uint8_t room[NEGO_TOKEN_ROOM];
    SEC_AUTO(wire_writer) token = wire_writer_growing(room, sizeof(room));
    size_t index = nego_credential_find(c->cred, m->mech, c->handshake->offered);
    sec_status status;

    if (index == c->cred->n) {
        char oid[DER_OID_TEXT_BYTES];

        der_oid_text(m->mech, oid);
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "negotiate: the server chose %s, which we did not "
                        "offer",
                        oid);
    }
    if (m->token.n || m->state == SPNEGO_ACCEPT_COMPLETED) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: an answer of %s, which has not begun yet",
                        c->cred->mechs[index]->package->name);
    }
    nego_mic_raise(c, NEGO_MIC_VITAL);
    status = note_refusal(c, c->cred->mechs[index]->package);
    if (status == SEC_E_OK) {
        status = nego_mech_open(c, index);
    }
    if (status == SEC_E_OK) {
        status = nego_mech_step(c, leg->args, (struct bytes){ 0 }, &token);
    }
    if (status == SEC_E_OK) {
        return send_last_token(c, leg, wire_written(&token));
    }
    if (sec_failed(status)) {
        return status;
    }
    status = nego_resp_send(leg, SPNEGO_NO_STATE, (struct bytes){ 0 }, wire_written(&token),
                            (struct bytes){ 0 });
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

static sec_status
refuse_stray_token(const struct nego_context *c, const struct spnego_resp *m)
{
    if (m->token.n) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: a responseToken when %s is done",
                        c->mech->package->name);
    }
    return SEC_E_OK;
}

/* --- handlers ------------------------------------------------------------------------------ */

sec_status
nego_initiator_first_reply(struct nego_context *c, struct nego_leg *leg)
{
    const struct sec_package *offered = c->mech->package;
    struct spnego_resp m;
    sec_status status = nego_resp_read(c, leg->args->token, &m);
    size_t index;

    if (status != SEC_E_OK) {
        return status;
    }
    if (m.state == SPNEGO_REJECT) {
        return take_rejection(c, leg, &m);
    }
    /* Java leaves supportedMech out; Samba answers with another of Kerberos' identifiers. */
    index = m.mech.p ? nego_credential_find(c->cred, m.mech, c->handshake->offered)
                     : c->handshake->first;
    if (index == c->cred->n || c->cred->mechs[index]->package != offered) {
        return take_second_choice(c, leg, &m);
    }
    if (c->state == NEGO_OFFERED) {
        return continue_mechanism(c, leg, &m);
    }
    status = refuse_stray_token(c, &m);
    return status == SEC_E_OK ? conclude(c, leg, &m) : status;
}

static sec_status
read_later_reply(struct nego_context *c, struct nego_leg *leg, struct spnego_resp *m)
{
    sec_status status = nego_resp_read(c, leg->args->token, m);

    if (status != SEC_E_OK) {
        return status;
    }
    if (m->state == SPNEGO_REJECT) {
        return take_rejection(c, leg, m);
    }
    if (m->mech.p && !nego_has_oid(c->mech->package, m->mech)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: the server changed its choice");
    }
    return SEC_E_OK;
}

sec_status
nego_initiator_reply(struct nego_context *c, struct nego_leg *leg)
{
    struct spnego_resp m;
    sec_status status = read_later_reply(c, leg, &m);

    return status == SEC_E_OK ? continue_mechanism(c, leg, &m) : status;
}

sec_status
nego_initiator_verdict(struct nego_context *c, struct nego_leg *leg)
{
    struct spnego_resp m;
    sec_status status = read_later_reply(c, leg, &m);

    if (status == SEC_E_OK) {
        status = refuse_stray_token(c, &m);
    }
    return status == SEC_E_OK ? conclude(c, leg, &m) : status;
}

/* RFC 4178 5 c) (I): to our MIC belongs the server's. */
sec_status
nego_initiator_mic(struct nego_context *c, struct nego_leg *leg)
{
    struct spnego_resp m;
    sec_status status = read_later_reply(c, leg, &m);

    if (status == SEC_E_OK) {
        status = refuse_stray_token(c, &m);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (m.state != SPNEGO_ACCEPT_COMPLETED && m.state != SPNEGO_NO_STATE) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "negotiate: the server awaits something when nothing is left");
    }
    if (m.mic.n == 0) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: no mechListMIC where one is due");
    }
    return nego_mic_check(c, m.mic);
}
