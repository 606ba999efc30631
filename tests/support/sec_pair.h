/* SPDX-License-Identifier: Apache-2.0 */
/* What pairs of a client and a server of one package have in common, whichever it is: the ends of each
 * side, a leg, messages. */
#ifndef TESTS_SUPPORT_SEC_PAIR_H
#define TESTS_SUPPORT_SEC_PAIR_H

#include "package.h"

/* A credential and a context of one side; where it fails, what was made is left for sec_pair_close. */
sec_status sec_pair_open(const struct sec_package *package, const struct sec_host *host,
                         const struct sec_acquire_args *args, struct sec_cred **cred,
                         struct sec_ctx **ctx);
void sec_pair_close(const struct sec_package *package, struct sec_cred **cred,
                    struct sec_ctx **ctx);

/* One leg of either side; the token out is appended to out. */
sec_status sec_pair_step(struct sec_ctx *ctx, struct sec_step_args *args, struct bytes token,
                         struct wire_writer *out);
/* Whether each can open what the other sealed, or verify what it signed, three times over. */
bool sec_pair_messages_pass(struct sec_ctx *client, struct sec_ctx *server, bool sealed);
struct sec_facts sec_pair_facts(const struct sec_ctx *ctx);
/* Whether it failed, and tells nothing of its peer: no name, no identity, no key, no flag. */
bool sec_pair_has_failed(const struct sec_ctx *ctx);

#endif
