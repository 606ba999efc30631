/* SPDX-License-Identifier: Apache-2.0 */
/* A keytab as it was at one moment: read whole, its keys made ready, then never changed. */
#ifndef TICKET_KEYTAB_LOAD_H
#define TICKET_KEYTAB_LOAD_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "ticket/authority.h"
#include "ticket/keytab_match.h"

struct keytab_snapshot {
    atomic_uint references;
    struct keytab_entries entries;
    struct keytab_block **blocks; /* what entries.list points to */
    char *name;                   /* "FILE:/etc/krb5.keytab" */
    char *path;                   /* NULL: it is no file */
    bool readable;
    struct stat st;                /* where it is a file, and readable */
    char reason[SEC_REASON_BYTES]; /* where it is not readable: why */
};

/* name NULL: libkrb5's default. A keytab that cannot be read is a snapshot without entries. The
 * reference is the caller's: keytab_snapshot_unref. SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status keytab_load(struct ticket_authority *, const char *name,
                                     struct keytab_snapshot **out);
struct keytab_snapshot *keytab_load_ref(struct keytab_snapshot *);
void keytab_load_unref(struct keytab_snapshot *); /* NULL is a no-op; wipes */

/* Whether the file is as it was read. A keytab that is no file always is. */
bool keytab_load_is_current(const struct keytab_snapshot *);

#endif
