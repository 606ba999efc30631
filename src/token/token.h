/* SPDX-License-Identifier: Apache-2.0 */
/* Security tokens: a logon, and how far who holds the token may go in its name. Immutable. */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "token/logon.h"

/* SECURITY_IMPERSONATION_LEVEL */
enum token_level {
    TOKEN_LEVEL_ANONYMOUS,
    TOKEN_LEVEL_IDENTIFICATION,
    TOKEN_LEVEL_IMPERSONATION,
    TOKEN_LEVEL_DELEGATION,
};

struct sec_token {
    atomic_uint references;
    bool primary; /* a process's; it has no level */
    enum token_level level;
    uint64_t id; /* LUID */
    struct logon *logon;
};

/* *out is the caller's: token_unref. SEC_E_INSUFFICIENT_MEMORY; SEC_E_INTERNAL_ERROR: no random. */
SEC_NODISCARD sec_status token_new(struct logon *, bool primary, enum token_level,
                                   struct sec_token **out);
struct sec_token *token_ref(struct sec_token *);
void token_unref(struct sec_token *); /* NULL is a no-op */

/* Another one of the same logon. SEC_E_NO_IMPERSONATION: a level above its own, or a process's token
 * of one that says only who somebody is. */
SEC_NODISCARD sec_status token_duplicate(const struct sec_token *, bool primary, enum token_level,
                                         struct sec_token **out);

#endif
