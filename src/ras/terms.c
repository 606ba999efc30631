/* SPDX-License-Identifier: Apache-2.0 */
/* Terms of calls. */
#include "ras/terms.h"

#include "base/mem.h"

struct ras_terms *
ras_terms_new(struct ras_settings *settings, struct account_authority *accounts)
{
    struct ras_terms *t = mem_new(sizeof(*t));

    if (!t) {
        ras_settings_clear(settings);
        account_authority_close(accounts);
        return NULL;
    }
    *t = (struct ras_terms){ .references = 1, .settings = *settings, .accounts = accounts };
    *settings = (struct ras_settings){ 0 };
    return t;
}

struct ras_terms *
ras_terms_ref(struct ras_terms *t)
{
    t->references++;
    return t;
}

void
ras_terms_unref(struct ras_terms *t)
{
    if (t && --t->references == 0) {
        ras_settings_clear(&t->settings);
        account_authority_close(t->accounts);
        mem_free(t);
    }
}
