/* SPDX-License-Identifier: Apache-2.0 */
/* What was read of accounts, by name: one part per processor, so that threads do not meet in it.
 * Only names that were proven enter, so that nobody can fill it with names that do not exist. */
#ifndef ACCOUNT_CACHE_H
#define ACCOUNT_CACHE_H

#include <stdbool.h>

#include "account/record.h"
#include "account/sqlite_store.h"
#include "base/bytes.h"

struct cache;

/* NULL without memory. Owned by the caller: cache_free, which wipes. */
SEC_NODISCARD struct cache *cache_new(void);
void cache_free(struct cache *); /* NULL is a no-op */

/* A copy of what was put under an upper-cased name at that stamp; false: not here. It never waits:
 * where another thread is in this processor's part, nothing is found. */
SEC_NODISCARD bool cache_get(struct cache *, struct bytes name, struct sqlite_stamp,
                             struct account_record *out);
/* May forget another name, and may do nothing. */
void cache_put(struct cache *, struct bytes name, struct sqlite_stamp,
               const struct account_record *);

#endif
