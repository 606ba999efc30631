/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos' states, as one table; and messages, which need the last of them. [MS-KILE] 3.2.5, 3.4.5. */
#include "kerberos/step.h"

#include "base/clock.h"

enum input { NO_TOKEN, TOKEN };

/* Which state comes next, the handlers say: how many legs there are was agreed in the messages. */
static const struct krb_rule {
    enum krb_state state;
    enum sec_role role;
    enum input input;
    sec_status (*handle)(struct krb_context *, struct sec_step_args *, struct wire_writer *);
} rules[] = {
    { KRB_START, SEC_INITIATOR, NO_TOKEN, krb_initiator_begin },
    { KRB_WAIT_TGT_REP, SEC_INITIATOR, TOKEN, krb_initiator_take_tgt_rep },
    { KRB_WAIT_AP_REP, SEC_INITIATOR, TOKEN, krb_initiator_take_ap_rep },
    { KRB_START, SEC_ACCEPTOR, TOKEN, krb_acceptor_begin },
    { KRB_WAIT_AP_REQ, SEC_ACCEPTOR, TOKEN, krb_acceptor_take_ap_req },
    { KRB_WAIT_DCE_AP_REP, SEC_ACCEPTOR, TOKEN, krb_acceptor_take_third },
};

static const struct krb_rule *
find_rule(const struct krb_context *c, const struct sec_step_args *args)
{
    enum input input = args->token.n ? TOKEN : NO_TOKEN;

    for (size_t i = 0; i < SEC_ARRAY_LEN(rules); i++) {
        const struct krb_rule *r = &rules[i];

        if (r->state == (enum krb_state)c->state && r->role == (enum sec_role)c->role &&
            r->input == input) {
            return r;
        }
    }
    return NULL;
}

static bool
is_over(const struct krb_context *c)
{
    return c->state == KRB_ESTABLISHED || c->state == KRB_FAILED;
}

static sec_status
refuse_step(const struct krb_context *c, const struct sec_step_args *args)
{
    if (is_over(c)) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "kerberos: the handshake is over");
    }
    if (c->state == KRB_WAIT_TGT_REP) {
        return sec_fail(SEC_E_NO_TGT_REPLY, "kerberos: no TGT-REP, where one is due");
    }
    /* No message, where one is due: an empty continuation token must not be read as anything. */
    return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: a token of %zu bytes in state %u",
                    args->token.n, c->state);
}

/* Bindings that came with one leg hold for those after it. */
static void
keep_bindings(struct krb_context *c, struct sec_step_args *args)
{
    if (!c->handshake) {
        return;
    }
    if (args->bindings.given) {
        c->handshake->bindings = args->bindings;
    } else {
        args->bindings = c->handshake->bindings;
    }
}

static sec_status
take_leg(struct krb_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    const struct krb_rule *rule = find_rule(c, args);

    if (!rule) {
        return refuse_step(c, args);
    }
    if (args->token.n > KRB_MAX_INPUT_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: a token of %zu bytes", args->token.n);
    }
    return rule->handle(c, args, out);
}

/* What was proven so far is not: a leg that fails may be the second. */
static void
drop_proofs(struct krb_context *c)
{
    account_identity_unref(c->identity);
    c->identity = NULL;
    ticket_delegated_free(c->delegated);
    c->delegated = NULL;
    c->pac_verified = c->bindings_verified = false;
}

/* An acceptor's error token stays in out; an initiator that fails says nothing. */
static void
fail(struct krb_context *c, struct sec_step_args *args, struct wire_writer *out, size_t start)
{
    c->state = KRB_FAILED;
    krb_session_clear(&c->session);
    drop_proofs(c);
    c->granted = 0;
    args->granted = 0;
    args->expires_100ns = CLOCK_NEVER_100NS;
    if (c->role == SEC_INITIATOR) {
        out->len = start;
    }
}

sec_status
krb_step(struct sec_ctx *ctx, struct sec_step_args *args, struct wire_writer *out)
{
    struct krb_context *c = krb_context_of(ctx);
    size_t start = out->len;
    sec_status status;

    args->granted = 0;
    args->expires_100ns = CLOCK_NEVER_100NS;
    if (is_over(c)) {
        return refuse_step(c, args);
    }
    keep_bindings(c, args);
    status = take_leg(c, args, out);
    if (sec_failed(status)) {
        fail(c, args, out, start);
    } else if (status == SEC_E_OK) {
        c->state = KRB_ESTABLISHED;
    }
    if (is_over(c)) {
        krb_context_end_handshake(c);
    }
    return status;
}

/* --- messages ------------------------------------------------------------------------------ */

static sec_status
require_established(const struct krb_context *c)
{
    if (c->state != KRB_ESTABLISHED) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "kerberos: the context is not established");
    }
    return SEC_E_OK;
}

/* The same check in front of each of the session's message functions. */
#define MESSAGE_FUNCTION(name)                                                   \
    sec_status krb_##name(struct sec_ctx *ctx, struct sec_msg *m)                \
    {                                                                            \
        struct krb_context *c = krb_context_of(ctx);                             \
        sec_status status = require_established(c);                              \
                                                                                 \
        return status == SEC_E_OK ? krb_session_##name(&c->session, m) : status; \
    }

MESSAGE_FUNCTION(sign)
MESSAGE_FUNCTION(verify)
MESSAGE_FUNCTION(seal)
MESSAGE_FUNCTION(unseal)

sec_status
krb_make_mic(struct sec_ctx *ctx, struct bytes data, struct wire_writer *out)
{
    struct krb_context *c = krb_context_of(ctx);
    sec_status status = require_established(c);

    return status == SEC_E_OK ? krb_session_make_mic(&c->session, data, out) : status;
}

sec_status
krb_check_mic(struct sec_ctx *ctx, struct bytes data, struct bytes mic)
{
    struct krb_context *c = krb_context_of(ctx);
    sec_status status = require_established(c);

    return status == SEC_E_OK ? krb_session_check_mic(&c->session, data, mic) : status;
}
