/* SPDX-License-Identifier: Apache-2.0 */
/* What pairs of a client and a server have in common. */
#include "tests/support/sec_pair.h"

#include <string.h>

enum { MESSAGE_TOKEN_BYTES = 128 };

sec_status
sec_pair_open(const struct sec_package *package, const struct sec_host *host,
              const struct sec_acquire_args *args, struct sec_cred **cred, struct sec_ctx **ctx)
{
    sec_status status = package->ops->acquire(host, args, cred);

    if (status == SEC_E_OK) {
        status = package->ops->open(
            *cred, args->use == SEC_USE_OUTBOUND ? SEC_INITIATOR : SEC_ACCEPTOR, ctx);
    }
    return status;
}

void
sec_pair_close(const struct sec_package *package, struct sec_cred **cred, struct sec_ctx **ctx)
{
    package->ops->free_ctx(*ctx);
    package->ops->free_cred(*cred);
    *ctx = NULL;
    *cred = NULL;
}

sec_status
sec_pair_step(struct sec_ctx *ctx, struct sec_step_args *args, struct bytes token,
              struct wire_writer *out)
{
    args->token = token;
    return ctx->package->ops->step(ctx, args, out);
}

static bool
message_passes(struct sec_ctx *from, struct sec_ctx *to, bool sealed, uint32_t seq)
{
    static const char text[] = "a message of some length, sealed or signed, there and back";
    uint8_t copy[sizeof(text)], token[MESSAGE_TOKEN_BYTES];
    struct sec_segment segment = { .p = copy, .n = sizeof(copy) };
    struct sec_msg m = {
        .segments = &segment, .n_segments = 1, .token = token, .token_n = sizeof(token), .seq = seq
    };
    const struct sec_package_ops *ops = from->package->ops;

    memcpy(copy, text, sizeof(text));
    return (sealed ? ops->seal(from, &m) : ops->sign(from, &m)) == SEC_E_OK &&
           (memcmp(copy, text, sizeof(text)) != 0) == sealed &&
           (sealed ? ops->unseal(to, &m) : ops->verify(to, &m)) == SEC_E_OK &&
           memcmp(copy, text, sizeof(text)) == 0;
}

bool
sec_pair_messages_pass(struct sec_ctx *client, struct sec_ctx *server, bool sealed)
{
    bool pass = true;

    for (uint32_t seq = 0; seq < 3 && pass; seq++) {
        pass = message_passes(client, server, sealed, seq) &&
               message_passes(server, client, sealed, seq);
    }
    return pass;
}

struct sec_facts
sec_pair_facts(const struct sec_ctx *ctx)
{
    struct sec_facts facts;

    ctx->package->ops->describe(ctx, &facts);
    return facts;
}

bool
sec_pair_has_failed(const struct sec_ctx *ctx)
{
    struct sec_facts facts = sec_pair_facts(ctx);

    return facts.phase == SEC_PHASE_FAILED && !facts.user.n && !facts.domain.n &&
           !facts.session_key.n && !facts.identity && !facts.flags;
}
