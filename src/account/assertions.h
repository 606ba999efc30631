/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What samd gives with a proof, so that another process can be sure of it: a word that nobody can
 * guess, good once, for a short time, and for who was given it. Safe from any thread.
 */
#ifndef ACCOUNT_ASSERTIONS_H
#define ACCOUNT_ASSERTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "account/account.h"
#include "base/attributes.h"

enum {
    ASSERTION_TEXT_BYTES = 8 + 32 + 1, /* which one, the word, a NUL */
    ASSERTION_MS = 30000,
    ASSERTIONS_MOST = 8192, /* a newer one takes the oldest one's place */
};

struct assertions;

/* NULL without memory. Owned by the caller: assertions_free. */
SEC_NODISCARD struct assertions *assertions_new(void);
void assertions_free(struct assertions *); /* NULL is a no-op */

/* For a process of this user, which proved who. false: there is no random, and no text. */
SEC_NODISCARD bool assertion_issue(struct assertions *, const struct account_identity *who,
                                   uid_t asker, uint64_t now_ms,
                                   char text[static ASSERTION_TEXT_BYTES]);
/* Uses it up. NULL: there is none such, or not any more, or it is not this user's. Owned by the
 * caller: account_identity_unref. */
SEC_NODISCARD struct account_identity *assertion_redeem(struct assertions *, const char *text,
                                                        uid_t asker, uint64_t now_ms);

#endif
