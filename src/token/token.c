/* SPDX-License-Identifier: Apache-2.0 */
/* Security tokens. */
#include "token/token.h"

#include "base/mem.h"
#include "token/luid.h"

sec_status
token_new(struct logon *logon, bool primary, enum token_level level, struct sec_token **out)
{
    struct sec_token *t = mem_new(sizeof(*t));

    if (!t) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!luid_next(&t->id)) {
        mem_free(t);
        return sec_fail(SEC_E_INTERNAL_ERROR, "token: no random bytes");
    }
    atomic_init(&t->references, 1);
    t->primary = primary;
    t->level = level;
    t->logon = logon_ref(logon);
    *out = t;
    return SEC_E_OK;
}

struct sec_token *
token_ref(struct sec_token *t)
{
    atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed);
    return t;
}

void
token_unref(struct sec_token *t)
{
    if (t && atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) == 1) {
        logon_unref(t->logon);
        mem_free(t);
    }
}

sec_status
token_duplicate(const struct sec_token *t, bool primary, enum token_level level,
                struct sec_token **out)
{
    if (!t->primary && (primary ? t->level < TOKEN_LEVEL_IMPERSONATION : level > t->level)) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: a token of level %d has none of level %d or of a process", t->level,
                        level);
    }
    return token_new(t->logon, primary, level, out);
}
