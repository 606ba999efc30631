/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of proof that PPP has, each in the form of proof.c's table. */
#ifndef ACCOUNT_PROOF_PPP_H
#define ACCOUNT_PROOF_PPP_H

#include "account/account.h"
#include "account/record.h"

/* RFC 1334: the password itself, in UTF-8. */
SEC_NODISCARD bool proof_ppp_password(const struct account_record *, const struct account_claim *,
                                      struct bytes user_upper, bool even, struct account_proof *);
/* RFC 1994. An account that keeps no clear text is checked against an empty one, and refused. */
SEC_NODISCARD bool proof_ppp_chap_md5(const struct account_record *, const struct account_claim *,
                                      struct bytes user_upper, bool even, struct account_proof *);
/* RFC 2433, RFC 2759: with MPPE's keys. */
SEC_NODISCARD bool proof_ppp_mschap(const struct account_record *, const struct account_claim *,
                                    struct bytes user_upper, bool even, struct account_proof *);
SEC_NODISCARD bool proof_ppp_mschap_v2(const struct account_record *, const struct account_claim *,
                                       struct bytes user_upper, bool even, struct account_proof *);

#endif
