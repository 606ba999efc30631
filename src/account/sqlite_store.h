/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite store as the authority reads it: one connection a process, for what the cache does
 * not answer. Safe from any thread. */
#ifndef ACCOUNT_SQLITE_STORE_H
#define ACCOUNT_SQLITE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/record.h"
#include "base/bytes.h"
#include "base/status.h"

struct shared_state;
struct sqlite_store;
struct store_code;

/* Borrowed for the store's life. */
struct sqlite_store_options {
    const char *path, *key_file;
    struct bytes domain; /* of the identities */
    bool lm_hashes;      /* whether to read them where there are any */
};

/* Opens nothing yet. NULL without memory. Owned by the caller: sqlite_store_free. */
SEC_NODISCARD struct sqlite_store *sqlite_store_new(const struct sqlite_store_options *);
void sqlite_store_free(struct sqlite_store *); /* NULL is a no-op */

/* At which point a record was read; two that are equal and trusted say that nothing changed. */
struct sqlite_stamp {
    uint64_t generation, epoch;
};
struct sqlite_stamp sqlite_store_stamp(const struct sqlite_store *);
bool sqlite_stamp_is_trusted(struct sqlite_stamp);
bool sqlite_stamp_equal(struct sqlite_stamp a, struct sqlite_stamp b);

/* Never NULL; valid for the store's life. */
struct shared_state *sqlite_store_shared(const struct sqlite_store *);

/* The account that goes by the first of the upper-cased names that exists; *found false: none
 * does, and *out is zeroed. What is done for a name that does not exist is what is done for one
 * that does. What else is wanted of it is zeroed where there is none. */
struct sqlite_wanted {
    struct clear_text *clear_text; /* NULL: not asked for */
    struct store_code *code;       /* likewise */
};
SEC_NODISCARD sec_status sqlite_store_find(struct sqlite_store *, const struct bytes *names,
                                           size_t n_names, struct account_record *out,
                                           struct sqlite_wanted, bool *found);

/* What goes by an upper-cased name, or, where sid is not NULL, has that SID. */
struct account_entry;
SEC_NODISCARD sec_status sqlite_store_look_up(struct sqlite_store *, struct bytes upper,
                                              const char *sid, struct account_entry *out,
                                              bool *found);

/* Sees whether the database was replaced, removed or changed behind the generation's back; if so,
 * older stamps are no longer equal to new ones. Waits for nobody. */
void sqlite_store_check(struct sqlite_store *);

#endif
