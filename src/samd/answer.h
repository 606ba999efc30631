/* SPDX-License-Identifier: Apache-2.0 */
/* What samd answers: a request in, a frame or some out. */
#ifndef SAMD_ANSWER_H
#define SAMD_ANSWER_H

#include "account/assertions.h"
#include "account/authority_msg.h"
#include "samd/challenges.h"

/* PROVEN, with an assertion for this user's processes, or REFUSED. */
struct answer_proofs {
    struct account_authority *accounts;
    struct assertions *assertions;
    struct challenges *challenges;
};
enum challenge_verdict answer_proof(const struct answer_proofs *, uid_t asker,
                                    const struct authority_msg *request, struct wire_writer *out);
/* DONE or REFUSED. Answers what came of it; *reasons has no secret. */
sec_status answer_new_password(struct account_authority *, const struct authority_msg *request,
                               struct account_proof *reasons, struct wire_writer *out);
/* FOUND or REFUSED. */
void answer_look_up(struct account_authority *, const struct authority_msg *request,
                    struct wire_writer *out);
/* VIEW, in any number, and DONE; or REFUSED. The request is one of administrators. Answers what
 * came of it. */
sec_status answer_administrator(struct account_admin *, const struct authority_msg *request,
                                struct wire_writer *out);
/* VOUCHED or REFUSED. */
void answer_assertion(struct assertions *, const struct authority_msg *request,
                      struct wire_writer *out);
void answer_refusal(uint64_t id, sec_status, const char *reason, struct wire_writer *out);
void answer_welcome(uint64_t id, struct wire_writer *out);

#endif
