/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The challenges that were answered: who asks names the challenge itself, so that a response which
 * was captured could be shown again, for ever. Each challenge is good for one response.
 * docs/decisions/0043. Safe from any thread.
 */
#ifndef SAMD_CHALLENGES_H
#define SAMD_CHALLENGES_H

#include "account/account.h"

/* How long a CHALLENGE of NTLM may be under way, which is longer than any handshake of sspid's. */
enum { CHALLENGE_SECONDS = 900 };

struct challenges;

/* NULL: no memory, or no random. Owned by the caller: challenges_free. */
SEC_NODISCARD struct challenges *challenges_new(void);
void challenges_free(struct challenges *); /* NULL is a no-op */

enum challenge_verdict {
    CHALLENGE_FIRST,
    CHALLENGE_AGAIN,
    CHALLENGE_NOT_OF_NOW, /* an NTLMv2 response to a challenge that is old, or has no time, or
                           * is older than what is remembered */
    CHALLENGE_BROKEN,     /* nobody knows */
};

/* Uses up the challenge of a claim, whatever comes of its response. What has no challenge, a password
 * or a one-time code, is always the first. sec_fail's text says what is wrong. */
SEC_NODISCARD enum challenge_verdict challenge_take(struct challenges *,
                                                    const struct account_claim *);

#endif
