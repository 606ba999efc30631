/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate's states, as one table, and the package. RFC 4178, [MS-SPNG]. */
#include "base/clock.h"
#include "base/der.h"
#include "negotiate/context.h"
#include "negotiate/negotiate.h"

/* --- messages ------------------------------------------------------------------------------ */

enum message { NO_TOKEN, INIT, RESP, FOREIGN, ANY };

/* By the first octet; a broken SPNEGO token is still SPNEGO's to refuse. */
static enum message
message_of(struct bytes token)
{
    struct bytes mech;

    if (token.n == 0) {
        return NO_TOKEN;
    }
    switch (token.p[0]) {
    case DER_APPLICATION_0:
        mech = spnego_token_mech(token);
        return mech.n && !bytes_equal(mech, spnego_oid) ? FOREIGN : INIT;
    case DER_CONTEXT_0 + 1: return RESP;
    default: return FOREIGN;
    }
}

sec_status
nego_resp_read(struct nego_context *c, struct bytes token, struct spnego_resp *out)
{
    enum wire_err err = spnego_resp_decode(out, token);

    if (err != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: NegTokenResp: %s at offset %u %s",
                        out->fault.field, out->fault.at, wire_err_text(err));
    }
    if (out->state == SPNEGO_REQUEST_MIC && c->role == SEC_INITIATOR) {
        nego_mic_raise(c, NEGO_MIC_REQUESTED);
    }
    return SEC_E_OK;
}

sec_status
nego_sent(const struct wire_writer *out)
{
    switch (wire_writer_status(out)) {
    case WIRE_OK: return SEC_E_OK;
    case WIRE_NO_SPACE:
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "negotiate: the token does not fit");
    default: return SEC_E_INSUFFICIENT_MEMORY;
    }
}

sec_status
nego_resp_send(struct nego_leg *leg, enum spnego_neg_state state, struct bytes mech,
               struct bytes token, struct bytes mic)
{
    struct spnego_resp m = { .state = state, .mech = mech };

    if (token.n) {
        m.token = token;
    }
    if (mic.n) {
        m.mic = mic;
    }
    spnego_resp_encode(leg->out, &m);
    return nego_sent(leg->out);
}

/* --- states -------------------------------------------------------------------------------- */

/* next: after SEC_I_CONTINUE_NEEDED, unless the handler says otherwise. SEC_E_OK leads to
 * NEGO_ESTABLISHED, an error to NEGO_FAILED. */
static const struct nego_rule {
    enum nego_state state;
    enum sec_role role;
    enum message message;
    sec_status (*handle)(struct nego_context *, struct nego_leg *);
    enum nego_state next;
} rules[] = {
    { NEGO_START, SEC_INITIATOR, NO_TOKEN, nego_initiator_offer, NEGO_OFFERED },
    { NEGO_START, SEC_INITIATOR, INIT, nego_initiator_take_hint, NEGO_OFFERED },
    { NEGO_OFFERED, SEC_INITIATOR, RESP, nego_initiator_first_reply, NEGO_RUNNING },
    { NEGO_OFFERED_WHOLE, SEC_INITIATOR, RESP, nego_initiator_first_reply, NEGO_RUNNING },
    { NEGO_RUNNING, SEC_INITIATOR, RESP, nego_initiator_reply, NEGO_RUNNING },
    { NEGO_AWAIT_VERDICT, SEC_INITIATOR, RESP, nego_initiator_verdict, NEGO_FAILED },
    { NEGO_AWAIT_MIC, SEC_INITIATOR, RESP, nego_initiator_mic, NEGO_FAILED },

    { NEGO_START, SEC_ACCEPTOR, NO_TOKEN, nego_acceptor_hint, NEGO_HINTED },
    { NEGO_START, SEC_ACCEPTOR, INIT, nego_acceptor_init, NEGO_RUNNING },
    { NEGO_START, SEC_ACCEPTOR, FOREIGN, nego_acceptor_raw, NEGO_RAW },
    { NEGO_HINTED, SEC_ACCEPTOR, INIT, nego_acceptor_init, NEGO_RUNNING },
    { NEGO_HINTED, SEC_ACCEPTOR, FOREIGN, nego_acceptor_raw, NEGO_RAW },
    { NEGO_RUNNING, SEC_ACCEPTOR, RESP, nego_acceptor_reply, NEGO_RUNNING },
    { NEGO_AWAIT_MIC, SEC_ACCEPTOR, RESP, nego_acceptor_mic, NEGO_FAILED },
    { NEGO_RAW, SEC_ACCEPTOR, ANY, nego_acceptor_raw_reply, NEGO_RAW },
};

static const struct nego_rule *
find_rule(const struct nego_context *c, enum message message)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(rules); i++) {
        const struct nego_rule *r = &rules[i];

        if (r->state == (enum nego_state)c->state && r->role == (enum sec_role)c->role &&
            (r->message == message || r->message == ANY)) {
            return r;
        }
    }
    return NULL;
}

static sec_status
take_leg(struct nego_context *c, struct nego_leg *leg)
{
    struct bytes token = leg->args->token;
    const struct nego_rule *rule = find_rule(c, message_of(token));

    if (token.n > NEGO_INPUT_BYTES_MAX) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: a token of %zu bytes", token.n);
    }
    if (++c->handshake->legs > NEGO_LEGS_MAX) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: more than %d legs", NEGO_LEGS_MAX);
    }
    if (!rule) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "negotiate: a token of %zu bytes that has no place "
                        "in state %u",
                        token.n, c->state);
    }
    leg->next = rule->next;
    return rule->handle(c, leg);
}

/* One leg; the only place that changes a context's state. */
static sec_status
step(struct sec_ctx *ctx, struct sec_step_args *args, struct wire_writer *out)
{
    struct nego_context *c = nego_context_of(ctx);
    struct nego_leg leg = { .args = args, .out = out, .next = NEGO_FAILED };
    sec_status status;

    args->granted = 0;
    args->expires_100ns = CLOCK_NEVER_100NS;
    if (c->state == NEGO_ESTABLISHED || c->state == NEGO_FAILED) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "negotiate: the handshake is over");
    }
    status = take_leg(c, &leg);
    if (sec_failed(status)) {
        c->state = NEGO_FAILED;
        nego_context_end_handshake(c);
        return status;
    }
    args->granted = c->handshake->granted & ~c->hidden;
    args->expires_100ns = c->handshake->expires_100ns;
    c->state = (uint8_t)(status == SEC_E_OK ? NEGO_ESTABLISHED : leg.next);
    if (c->state == NEGO_ESTABLISHED) {
        c->base.half_duplex = c->mech->half_duplex;
        nego_context_end_handshake(c);
    }
    return status;
}

/* --- the established context --------------------------------------------------------------- */

/* Straight to the mechanism, once Negotiate too is done: the same check in front of each. */
#define MESSAGE_FUNCTION(name)                                                                   \
    static sec_status name##_message(struct sec_ctx *ctx, struct sec_msg *m)                     \
    {                                                                                            \
        struct nego_context *c = nego_context_of(ctx);                                           \
                                                                                                 \
        if (c->state != NEGO_ESTABLISHED) {                                                      \
            return sec_fail(SEC_E_OUT_OF_SEQUENCE, "negotiate: the context is not established"); \
        }                                                                                        \
        return c->mech->package->ops->name ? c->mech->package->ops->name(c->mech, m)             \
                                           : SEC_E_UNSUPPORTED_FUNCTION;                         \
    }

MESSAGE_FUNCTION(sign)
MESSAGE_FUNCTION(verify)
MESSAGE_FUNCTION(seal)
MESSAGE_FUNCTION(unseal)

/* --- the package --------------------------------------------------------------------------- */

static const struct sec_package_ops nego_ops = {
    .acquire = nego_credential_acquire,
    .free_cred = nego_credential_free,
    .cred_name = nego_credential_name,
    .add = nego_credential_add,
    .check_service = nego_credential_check_service,
    .change_password = nego_credential_change_password,
    .open = nego_context_open,
    .step = step,
    .free_ctx = nego_context_free,
    .sign = sign_message,
    .verify = verify_message,
    .seal = seal_message,
    .unseal = unseal_message,
    .describe = nego_context_describe,
    .save = nego_context_save,
    .load = nego_context_load,
    .identify = nego_context_identify,
    .resume = nego_context_resume,
};

/* 1.3.6.1.5.5.2 */
static const uint8_t oid_spnego[] = { 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02 };
static const struct bytes oids[] = { { oid_spnego, sizeof(oid_spnego) } };

const struct sec_package negotiate_package = {
    .name = "Negotiate",
    .comment = "Chooses a security package with the peer (SPNEGO)",
    .rpc_id = 9,
    .max_token_bytes = 48256,
    .traits = SEC_TRAIT_CONNECTION | SEC_TRAIT_MULTI_REQUIRED | SEC_TRAIT_WIN32_NAMES |
              SEC_TRAIT_LOGON | SEC_TRAIT_EXTENDED_ERROR | SEC_TRAIT_GSS_COMPATIBLE |
              SEC_TRAIT_IMPERSONATION | SEC_TRAIT_READONLY_CHECKSUM,
    .oids = oids,
    .n_oids = 1,
    .ops = &nego_ops,
};
