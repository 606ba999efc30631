/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's states, as one table, and the package. [MS-NLMP] 3.1.5, 3.2.5. */
#include "ntlm/step.h"

#include "base/clock.h"
#include "ntlm/ntlm.h"

enum input { NO_TOKEN, TOKEN };

/* Connectionless, the server speaks first and there is no NEGOTIATE ([MS-NLMP] 1.3.1.3). */
enum connection { CONNECTED, DATAGRAM, EITHER };

static const struct ntlm_rule {
    enum ntlm_state state;
    enum sec_role role;
    enum input input;
    enum connection connection;
    sec_status (*handle)(struct ntlm_context *, struct sec_step_args *, struct wire_writer *);
    enum ntlm_state next;
} rules[] = {
    { NTLM_START, SEC_INITIATOR, NO_TOKEN, CONNECTED, ntlm_send_negotiate, NTLM_WAIT_CHALLENGE },
    { NTLM_START, SEC_INITIATOR, NO_TOKEN, DATAGRAM, ntlm_await_challenge, NTLM_WAIT_CHALLENGE },
    { NTLM_START, SEC_INITIATOR, TOKEN, DATAGRAM, ntlm_answer_challenge, NTLM_ESTABLISHED },
    { NTLM_WAIT_CHALLENGE, SEC_INITIATOR, TOKEN, EITHER, ntlm_answer_challenge, NTLM_ESTABLISHED },
    { NTLM_START, SEC_ACCEPTOR, TOKEN, CONNECTED, ntlm_send_challenge, NTLM_WAIT_AUTHENTICATE },
    { NTLM_START, SEC_ACCEPTOR, NO_TOKEN, DATAGRAM, ntlm_send_challenge, NTLM_WAIT_AUTHENTICATE },
    { NTLM_WAIT_AUTHENTICATE, SEC_ACCEPTOR, TOKEN, EITHER, ntlm_check_authenticate,
      NTLM_ESTABLISHED },
};

static const struct ntlm_rule *
find_rule(const struct ntlm_context *c, const struct sec_step_args *args)
{
    enum input input = args->token.n ? TOKEN : NO_TOKEN;
    enum connection connection = args->wanted & SEC_DATAGRAM ? DATAGRAM : CONNECTED;

    for (size_t i = 0; i < SEC_ARRAY_LEN(rules); i++) {
        const struct ntlm_rule *r = &rules[i];

        if (r->state == (enum ntlm_state)c->state && r->role == (enum sec_role)c->role &&
            r->input == input && (r->connection == EITHER || r->connection == connection)) {
            return r;
        }
    }
    return NULL;
}

static sec_status
refuse_step(struct ntlm_context *c, const struct sec_step_args *args)
{
    if (c->state == NTLM_ESTABLISHED || c->state == NTLM_FAILED) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "ntlm: the handshake is over");
    }
    /* No message, where one is due: an empty continuation token must not be read as anything. */
    return sec_fail(SEC_E_INVALID_TOKEN, "ntlm: a token of %zu bytes in state %u", args->token.n,
                    c->state);
}

/* The handlers look at args: bindings that came with one leg hold for those after it, so that none
 * is taken for a call without any. */
static void
keep_bindings(struct ntlm_context *c, struct sec_step_args *args)
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

sec_status
ntlm_step(struct sec_ctx *ctx, struct sec_step_args *args, struct wire_writer *out)
{
    struct ntlm_context *c = ntlm_context_of(ctx);
    const struct ntlm_rule *rule = find_rule(c, args);
    size_t start = out->len;
    sec_status status;

    args->granted = 0;
    args->expires_100ns = CLOCK_NEVER_100NS;
    keep_bindings(c, args);
    if (!rule) {
        status = refuse_step(c, args);
    } else if (args->token.n > NTLM_MAX_INPUT_BYTES) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "ntlm: a message of %zu bytes", args->token.n);
    } else {
        status = rule->handle(c, args, out);
    }
    if (c->state == NTLM_ESTABLISHED || c->state == NTLM_FAILED) {
        return status;
    }
    c->state = (uint8_t)(sec_failed(status) ? NTLM_FAILED : rule->next);
    if (c->state == NTLM_FAILED) {
        ntlm_session_clear(&c->session);
        args->granted = 0;
        out->len = start; /* NTLM has no error tokens: a leg that fails says nothing */
    }
    if (c->state == NTLM_ESTABLISHED || c->state == NTLM_FAILED) {
        ntlm_context_end_handshake(c);
    }
    return status;
}

/* --- messages ------------------------------------------------------------------------------ */

static sec_status
require_established(const struct ntlm_context *c)
{
    if (c->state != NTLM_ESTABLISHED) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "ntlm: the context is not established");
    }
    return SEC_E_OK;
}

/* The same check in front of each of the session's message functions. */
#define MESSAGE_FUNCTION(name)                                                    \
    static sec_status name##_message(struct sec_ctx *ctx, struct sec_msg *m)      \
    {                                                                             \
        struct ntlm_context *c = ntlm_context_of(ctx);                            \
        sec_status status = require_established(c);                               \
                                                                                  \
        return status == SEC_E_OK ? ntlm_session_##name(&c->session, m) : status; \
    }

MESSAGE_FUNCTION(sign)
MESSAGE_FUNCTION(verify)
MESSAGE_FUNCTION(seal)
MESSAGE_FUNCTION(unseal)

static sec_status
make_mic(struct sec_ctx *ctx, struct bytes data, struct wire_writer *out)
{
    struct ntlm_context *c = ntlm_context_of(ctx);
    sec_status status = require_established(c);

    return status == SEC_E_OK ? ntlm_session_make_mic(&c->session, data, out) : status;
}

static sec_status
check_mic(struct sec_ctx *ctx, struct bytes data, struct bytes mic)
{
    struct ntlm_context *c = ntlm_context_of(ctx);
    sec_status status = require_established(c);

    return status == SEC_E_OK ? ntlm_session_check_mic(&c->session, data, mic) : status;
}

/* Windows exchanges them wherever NTLM's own MIC was used, even for a first and only mechanism. */
static bool
wants_mic(const struct sec_ctx *ctx)
{
    const struct ntlm_context *c = ntlm_context_of(ctx);

    return c->state == NTLM_ESTABLISHED && c->mic_used && ntlm_session_protects(&c->session);
}

/* --- the package --------------------------------------------------------------------------- */

static const struct sec_package_ops ntlm_ops = {
    .acquire = ntlm_credential_acquire,
    .free_cred = ntlm_credential_free,
    .add = ntlm_credential_add,
    .cred_name = ntlm_credential_name,
    .change_password = ntlm_credential_change_password,
    .open = ntlm_context_open,
    .step = ntlm_step,
    .free_ctx = ntlm_context_free,
    .sign = sign_message,
    .verify = verify_message,
    .seal = seal_message,
    .unseal = unseal_message,
    .describe = ntlm_context_describe,
    .save = ntlm_context_save,
    .load = ntlm_context_load,
    .resume = ntlm_context_resume,
    .make_mic = make_mic,
    .check_mic = check_mic,
    .wants_mic = wants_mic,
};

/* 1.3.6.1.4.1.311.2.2.10 */
static const uint8_t oid_ntlmssp[] = { 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04,
                                       0x01, 0x82, 0x37, 0x02, 0x02, 0x0A };
static const struct bytes oids[] = { { oid_ntlmssp, sizeof(oid_ntlmssp) } };

const struct sec_package ntlm_package = {
    .name = "NTLM",
    .comment = "NTLM Security Package",
    .rpc_id = 10,
    .max_token_bytes = NTLM_MAX_TOKEN_BYTES,
    .traits = SEC_TRAIT_TOKEN_ONLY | SEC_TRAIT_CONNECTION | SEC_TRAIT_MULTI_REQUIRED |
              SEC_TRAIT_WIN32_NAMES | SEC_TRAIT_LOGON | SEC_TRAIT_IMPERSONATION |
              SEC_TRAIT_READONLY_CHECKSUM,
    .oids = oids,
    .n_oids = 1,
    .raw_token_prefix = { (const uint8_t *)"NTLMSSP", 8 },
    .ops = &ntlm_ops,
};
