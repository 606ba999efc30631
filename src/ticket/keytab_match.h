/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a keytab's keys may open a ticket, and why none may. Pure. */
#ifndef TICKET_KEYTAB_MATCH_H
#define TICKET_KEYTAB_MATCH_H

#include "ticket/ticket.h"

/* A key of a keytab. One of an encryption type that is not ours is there for the reasons alone: its
 * key is empty but for the type. */
struct keytab_entry {
    struct ticket_key key;
};

struct keytab_entries {
    const char *name; /* of the keytab: "FILE:/etc/krb5.keytab" */
    const struct keytab_entry *const *list;
    size_t n;
};

/* ticket_keys_hold's rules. Fills keys, n and verdict of *out. */
void keytab_match(const struct keytab_entries *, const char *principal, const struct krb_ticket *,
                  struct ticket_keys *out);

/* ticket_keys_owner's. */
enum ticket_key_owner keytab_match_owner(const struct keytab_entries *, const struct krb_key *,
                                         ticket_name_fits, const void *user);

/* --- what it consists of -------------------------------------------------------------------- */

/* Whom a key must be of: principal, or where it is NULL, the ticket's own name. */
struct keytab_wanted {
    struct krb_name name;
    struct bytes realm; /* empty: any */
    bool any;           /* no principal: others may open the ticket as well */
    bool nobody;        /* a principal that is no name fits no entry */
};
struct keytab_wanted keytab_match_wanted(const char *principal, const struct krb_ticket *);

bool keytab_match_name(const struct keytab_wanted *, const struct keytab_entry *);
enum keytab_kvno_fit { KEYTAB_KVNO_SAME, KEYTAB_KVNO_LOW_BITS, KEYTAB_KVNO_OTHER };
enum keytab_kvno_fit keytab_match_kvno(const struct krb_ticket *, const struct keytab_entry *);
/* Whether the entry's encryption type is one of ours. */
bool keytab_match_usable(const struct keytab_entry *);
/* What entries of the wanted name lack for the ticket. */
enum ticket_key_verdict keytab_match_judge(const struct keytab_entries *,
                                           const struct keytab_wanted *, const struct krb_ticket *);

#endif
