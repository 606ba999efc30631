/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for requests that come from now on. It never changes; others take its place, and it goes
 * when nobody works under it any more. */
#ifndef SAMD_TERMS_H
#define SAMD_TERMS_H

#include "account/admin.h"
#include "samd/peer.h"

struct terms {
    unsigned references; /* atomic */
    struct account_authority *accounts;
    const struct account_admin_options *store; /* opened for changes when one is asked for */
    struct account_events *events;             /* of changes; NULL: none */
    struct peer_rules rules;
    void (*release)(struct terms *); /* by any thread; NULL: they are somebody else's */
};

static inline struct terms *
terms_ref(struct terms *t)
{
    (void)__atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
    return t;
}

static inline void
terms_unref(struct terms *t)
{
    if (t && __atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL) == 0 && t->release) {
        t->release(t);
    }
}

#endif
