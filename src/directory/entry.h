/* SPDX-License-Identifier: Apache-2.0 */
/* An account's names, of what a directory has of it. */
#ifndef DIRECTORY_ENTRY_H
#define DIRECTORY_ENTRY_H

#include "directory/session.h"

/* What has to be asked for; ends with NULL. */
extern const char *const entry_attributes[];

/* How well an entry that was found is what a name means: 0 not at all, else more is better. */
unsigned entry_rank(struct session *, LDAPMessage *entry, ULONG format, const char *name);

/* Appends the entry's name in a format, and a NUL; the NUL alone where it has none. */
void entry_put_name(struct session *, LDAPMessage *entry, ULONG format, struct wire_writer *);

#endif
