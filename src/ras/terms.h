/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for a call, from its first moment to its last. It never changes; other terms take its place
 * for the calls that come then. Of the loop's thread. */
#ifndef RAS_TERMS_H
#define RAS_TERMS_H

#include "account/account.h"
#include "ras/settings.h"

struct ras_terms {
    unsigned references;
    struct ras_settings settings;
    struct account_authority *accounts;
};

/* Takes both, also when it fails. NULL: no memory. Owned by the caller: ras_terms_unref. */
SEC_NODISCARD struct ras_terms *ras_terms_new(struct ras_settings *, struct account_authority *);
struct ras_terms *ras_terms_ref(struct ras_terms *);
void ras_terms_unref(struct ras_terms *); /* NULL is a no-op */

#endif
