/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a response proves the knowledge of a hash: [MS-NLMP] 3.3 from the server's side. */
#ifndef ACCOUNT_PROOF_H
#define ACCOUNT_PROOF_H

#include "account/account.h"
#include "account/record.h"

/* user_upper: the claim's user through utf16_put_upper. On true the proof's keys are set. Every
 * kind computes the same whatever comes of it; but that a right response may be quicker, where even
 * is not asked for. */
SEC_NODISCARD bool proof_check(const struct account_record *, const struct account_claim *,
                               struct bytes user_upper, bool even, struct account_proof *out);

/* The first n bytes of a response, zeroes where it is shorter: a length that is wrong is refused
 * after the work, not instead of it. */
SEC_NODISCARD bool proof_take(struct bytes response, uint8_t *to, size_t n);

#endif
