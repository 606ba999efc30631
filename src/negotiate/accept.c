/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of SPNEGO: RFC 4178 4.2, 5 (the letters and numbers below are its cases);
 * [MS-SPNG] 3.1.5, 3.2.5. */
#include <stdio.h>

#include "base/der.h"
#include "negotiate/context.h"

/* RFC 4178 4.2.2: "reject", with the mechanism's own error token where it has one. What had been
 * decided stands; whether the token is sent is the caller's decision. */
static sec_status
refuse(struct nego_leg *leg, sec_status status, struct bytes token)
{
    if (status != SEC_E_INSUFFICIENT_MEMORY) {
        (void)nego_resp_send(leg, SPNEGO_REJECT, (struct bytes){ 0 }, token, (struct bytes){ 0 });
    }
    return status;
}

/* --- speaking first ------------------------------------------------------------------------ */

/* [MS-SPNG] 3.2.5.2: no token from the client yet, so here is what we have. */
sec_status
nego_acceptor_hint(struct nego_context *c, struct nego_leg *leg)
{
    static const char hint[] = "not_defined_in_RFC4178@please_ignore";
    uint8_t room[NEGO_LIST_ROOM];
    SEC_AUTO(wire_writer) list = wire_writer_growing(room, sizeof(room));
    struct spnego_init m = { .hint_name = bytes_of_string(hint) };
    sec_status status;

    if (c->cred->n == 0) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "negotiate: no mechanism may be used");
    }
    nego_credential_put_list(c->cred, NEGO_ALL_MECHS, &list);
    m.mech_list = wire_written(&list);
    status = nego_sent(&list);
    if (status == SEC_E_OK) {
        spnego_init_encode(leg->out, &m);
        status = nego_sent(leg->out);
    }
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

/* --- answers ------------------------------------------------------------------------------- */

/* What a client's message brought beside the mechanism's token. */
struct answer {
    struct bytes chosen; /* supportedMech, in our first reply alone */
    struct bytes mic;    /* the client's */
};

/* The mechanism is done: what of the MICs of RFC 4178 5? */
static sec_status
conclude(struct nego_context *c, struct nego_leg *leg, const struct answer *a, struct bytes token)
{
    const struct nego_handshake *h = c->handshake;
    uint8_t room[NEGO_MIC_ROOM];
    SEC_AUTO(wire_writer) ours = wire_writer_growing(room, sizeof(room));
    bool first = a->chosen.p != NULL;
    bool sent_one = a->mic.n && h->integrity;
    bool due;
    sec_status status = nego_mic_due(c, &due);

    if (status == SEC_E_OK && sent_one) {
        status = nego_mic_check(c, a->mic);
    }
    if (status == SEC_E_OK && !sent_one && due && h->mic_need >= NEGO_MIC_REQUESTED && !first &&
        token.n == 0) {
        /* c) (V): we asked for it in our first reply */
        status = sec_fail(SEC_E_INVALID_TOKEN, "negotiate: no mechListMIC where one is due");
    }
    if (status == SEC_E_OK && (sent_one || due)) {
        status = nego_mic_make(c, &ours);
    }
    if (status != SEC_E_OK) {
        return refuse(leg, status, (struct bytes){ 0 });
    }
    if (!due || sent_one) { /* b), c) (I), (III) */
        return nego_resp_send(leg, SPNEGO_ACCEPT_COMPLETED, a->chosen, token, wire_written(&ours));
    }
    /* b), c) (IV). Where it is the mechanism alone that wants them, the client cannot have known
     * that it was to send one: it is asked now, as Samba asks. */
    leg->next = NEGO_AWAIT_MIC;
    status = nego_resp_send(leg, first ? SPNEGO_REQUEST_MIC : SPNEGO_ACCEPT_INCOMPLETE, a->chosen,
                            token, wire_written(&ours));
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

static sec_status
answer(struct nego_context *c, struct nego_leg *leg, struct bytes token, const struct answer *a)
{
    uint8_t room[NEGO_TOKEN_ROOM];
    SEC_AUTO(wire_writer) reply = wire_writer_growing(room, sizeof(room));
    bool ask = a->chosen.p && c->handshake->mic_need >= NEGO_MIC_REQUESTED;
    sec_status status = SEC_I_CONTINUE_NEEDED;

    if (token.n) {
        status = nego_mech_step(c, leg->args, token, &reply);
    }
    if (sec_failed(status)) {
        return refuse(leg, status, wire_written(&reply));
    }
    if (status == SEC_E_OK) {
        return conclude(c, leg, a, wire_written(&reply));
    }
    /* 4.2.2: "request-mic [...] can only be present in the first reply message" */
    status = nego_resp_send(leg, ask ? SPNEGO_REQUEST_MIC : SPNEGO_ACCEPT_INCOMPLETE, a->chosen,
                            wire_written(&reply), (struct bytes){ 0 });
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

/* --- choosing ------------------------------------------------------------------------------ */

struct choice {
    size_t index;      /* of the sub-credential; the credential's n where nothing fits */
    struct bytes mech; /* as the client spells it */
    bool clients_first;
};

/* The client's order decides among what we have. */
static struct choice
choose(const struct nego_credential *cred, struct bytes mech_list)
{
    struct wire_reader mechs = spnego_mechs_of(mech_list);
    struct choice k = { .index = cred->n, .clients_first = true };

    while (spnego_next_mech(&mechs, &k.mech)) {
        k.index = nego_credential_find(cred, k.mech, NEGO_ALL_MECHS);
        if (k.index < cred->n) {
            return k;
        }
        k.clients_first = false;
    }
    return k;
}

/* Why a client that might have come with a ticket came without one, or came in vain; "" where
 * Kerberos has nothing to do with it. */
static void
explain(const struct nego_context *c, char *text, size_t n)
{
    bool offered = nego_offer_has_kerberos(&c->offer), here = false;

    text[0] = 0;
    for (size_t i = 0; i < c->cred->n; i++) {
        const struct sec_package *p = c->cred->mechs[i]->package;

        here = here || nego_offer_is_kerberos(nego_offer_mechanism(p->oids[0]));
    }
    if (here && !offered) {
        /* Windows, when it could get no ticket, offers all but Kerberos. */
        (void)snprintf(text, n,
                       ", as who has no ticket for this service: is its SPN registered, "
                       "is the host in the client's intranet zone?");
    } else if (offered && c->cred->refused.n) {
        (void)snprintf(text, n, "; here %s: %s", c->cred->refused.list[0].package->name,
                       c->cred->refused.list[0].reason);
    }
}

static sec_status
refuse_all(const struct nego_context *c, struct nego_leg *leg, struct bytes mech_list)
{
    char offers[NEGO_OFFER_TEXT_BYTES], why[SEC_REASON_BYTES];

    if (c->cred->n == 0) {
        return refuse(leg, nego_attempts_fail(&c->cred->refused), (struct bytes){ 0 });
    }
    nego_offer_text(mech_list, offers);
    explain(c, why, sizeof(why));
    return refuse(leg,
                  sec_fail(SEC_E_INVALID_TOKEN,
                           "negotiate: no mechanism in common: the client offers %s%s", offers,
                           why),
                  (struct bytes){ 0 });
}

/* A client that lists Kerberos first and sends another mechanism's token has told all that it
 * can do: to ask it for a ticket would be to ask for what it could not get. */
static sec_status
check_token(const struct nego_context *c, const struct choice *k, struct bytes token)
{
    enum sec_mechanism sent = (enum sec_mechanism)c->offer.token;

    if (!token.n || !k->clients_first || sent == SEC_MECHANISM_NONE ||
        sent == SEC_MECHANISM_OTHER || nego_offer_is_kerberos(sent) ||
        !nego_offer_is_kerberos(nego_offer_mechanism(k->mech))) {
        return SEC_E_OK;
    }
    return sec_fail(SEC_E_INVALID_TOKEN,
                    "negotiate: the client offers Kerberos and sends a token of %s: it could not "
                    "get a ticket for this service",
                    nego_offer_name(sent));
}

/* --- handlers ------------------------------------------------------------------------------ */

sec_status
nego_acceptor_init(struct nego_context *c, struct nego_leg *leg)
{
    struct nego_handshake *h = c->handshake;
    struct spnego_init m;
    enum wire_err err = spnego_init_decode(&m, leg->args->token);
    struct answer a = { 0 };
    struct choice k;
    sec_status status;

    if (err != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: NegTokenInit: %s at offset %u %s",
                        m.fault.field, m.fault.at, wire_err_text(err));
    }
    c->offer = nego_offer_of(m.mech_list, m.mech_token);
    k = choose(c->cred, m.mech_list);
    if (k.index == c->cred->n) {
        return refuse_all(c, leg, m.mech_list);
    }
    status = check_token(c, &k, m.mech_token);
    if (status == SEC_E_OK) {
        wire_put_bytes(&h->mech_list, m.mech_list);
        status = nego_sent(&h->mech_list);
    }
    if (status == SEC_E_OK) {
        status = nego_mech_open(c, k.index);
    }
    if (status != SEC_E_OK) {
        return refuse(leg, status, (struct bytes){ 0 });
    }
    /* RFC 4178 5: optional where it is "the most preferred mechanism of both the initiator and
     * the acceptor". Else somebody may have struck a better one off the list. */
    if (!k.clients_first) {
        nego_mic_raise(c, NEGO_MIC_VITAL);
    } else if (k.index != 0) {
        nego_mic_raise(c, NEGO_MIC_REQUESTED);
    }
    a.chosen = k.mech;
    a.mic = m.mic;
    /* 4.2.1: the optimistic token is the first mechanism's; another's is dropped. */
    return answer(c, leg, k.clients_first ? m.mech_token : (struct bytes){ 0 }, &a);
}

static sec_status
read_reply(struct nego_context *c, struct nego_leg *leg, struct spnego_resp *m)
{
    sec_status status = nego_resp_read(c, leg->args->token, m);

    if (status == SEC_E_OK && m->state == SPNEGO_REJECT) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: the client gave up");
    }
    return status;
}

sec_status
nego_acceptor_reply(struct nego_context *c, struct nego_leg *leg)
{
    struct answer a = { 0 };
    struct spnego_resp m;
    sec_status status = read_reply(c, leg, &m);

    if (status == SEC_E_OK && m.token.n == 0) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "negotiate: no responseToken where %s awaits one",
                          c->mech->package->name);
    }
    if (status != SEC_E_OK) {
        return refuse(leg, status, (struct bytes){ 0 });
    }
    a.mic = m.mic;
    return answer(c, leg, m.token, &a);
}

/* RFC 4178 5 b) (I): ours was sent, and the client answers with its own. Nothing is left to say. */
sec_status
nego_acceptor_mic(struct nego_context *c, struct nego_leg *leg)
{
    struct spnego_resp m;
    sec_status status = read_reply(c, leg, &m);

    if (status == SEC_E_OK && (m.token.n || m.mic.n == 0)) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "negotiate: no mechListMIC where one is due");
    }
    if (status == SEC_E_OK) {
        status = nego_mic_check(c, m.mic);
    }
    return status == SEC_E_OK ? status : refuse(leg, status, (struct bytes){ 0 });
}

/* --- without SPNEGO ------------------------------------------------------------------------ */

/* [MS-SPNG] 3.1.5.1: a mechanism's own first token; all that follows is the mechanism's, too. */
sec_status
nego_acceptor_raw(struct nego_context *c, struct nego_leg *leg)
{
    size_t index = nego_credential_find_raw(c->cred, leg->args->token);
    char why[SEC_REASON_BYTES];
    sec_status status;

    c->offer = nego_offer_of_raw(leg->args->token);
    if (c->cred->n == 0) {
        return nego_attempts_fail(&c->cred->refused);
    }
    if (index < c->cred->n) {
        status = nego_mech_open(c, index);
        return status == SEC_E_OK ? nego_acceptor_raw_reply(c, leg) : status;
    }
    if (c->offer.token == SEC_MECHANISM_NONE || c->offer.token == SEC_MECHANISM_OTHER) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: a first token neither of SPNEGO nor of a "
                                             "mechanism that may be used");
    }
    explain(c, why, sizeof(why));
    return sec_fail(SEC_E_INVALID_TOKEN,
                    "negotiate: a first token of %s without SPNEGO, which may not be used here%s",
                    nego_offer_name((enum sec_mechanism)c->offer.token), why);
}

sec_status
nego_acceptor_raw_reply(struct nego_context *c, struct nego_leg *leg)
{
    return nego_mech_step(c, leg->args, leg->args->token, leg->out);
}
