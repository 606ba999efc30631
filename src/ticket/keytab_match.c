/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a keytab's keys may open a ticket. */
#include "ticket/keytab_match.h"

#include "base/secret.h"
#include "ticket/principal.h"

enum { OLD_KVNO_MAX = 255 }; /* old keytabs, and old tools, keep the lowest 8 bits */

/* --- one entry ----------------------------------------------------------------------------- */

struct keytab_wanted
keytab_match_wanted(const char *principal, const struct krb_ticket *ticket)
{
    struct keytab_wanted w = { .any = !principal };

    if (principal) {
        w.nobody = !principal_split(bytes_of_string(principal), &w.name, &w.realm);
    } else {
        w.name = ticket->sname;
        w.realm = ticket->realm;
    }
    return w;
}

enum name_fit { NAME_OWN, NAME_OWN_OTHER_REALM, NAME_OTHER };

static enum name_fit
fit_name(const struct keytab_wanted *w, const struct keytab_entry *e)
{
    if (w->nobody || !principal_names_equal(&w->name, &e->key.name)) {
        return NAME_OTHER;
    }
    return w->realm.n == 0 || bytes_equal(w->realm, e->key.realm) ? NAME_OWN : NAME_OWN_OTHER_REALM;
}

/* A principal with a realm means that realm; a ticket's own realm only says which key comes
 * first. */
bool
keytab_match_name(const struct keytab_wanted *w, const struct keytab_entry *e)
{
    enum name_fit fit = fit_name(w, e);

    return fit == NAME_OWN || (fit == NAME_OWN_OTHER_REALM && w->any);
}

enum keytab_kvno_fit
keytab_match_kvno(const struct krb_ticket *ticket, const struct keytab_entry *e)
{
    if (!ticket->enc.has_kvno || e->key.kvno == ticket->enc.kvno) {
        return KEYTAB_KVNO_SAME;
    }
    return e->key.kvno <= OLD_KVNO_MAX && e->key.kvno == (ticket->enc.kvno & OLD_KVNO_MAX)
               ? KEYTAB_KVNO_LOW_BITS
               : KEYTAB_KVNO_OTHER;
}

bool
keytab_match_usable(const struct keytab_entry *e)
{
    return e->key.key.n != 0;
}

/* --- all of them --------------------------------------------------------------------------- */

/* Smaller is likelier. */
struct rank {
    unsigned name, kvno;
    uint32_t older; /* where the ticket does not tell its version: the newest first */
};

static bool
is_likelier(struct rank a, struct rank b)
{
    if (a.name != b.name) {
        return a.name < b.name;
    }
    return a.kvno != b.kvno ? a.kvno < b.kvno : a.older < b.older;
}

/* Behind those that are as likely: as the file has them. The least likely falls out at the end. */
static void
insert(struct ticket_keys *keys, struct rank ranks[static TICKET_KEYS_MAX],
       const struct ticket_key *key, struct rank rank)
{
    size_t at = keys->n;

    while (at > 0 && is_likelier(rank, ranks[at - 1])) {
        at--;
    }
    if (at == TICKET_KEYS_MAX) {
        return;
    }
    keys->n += keys->n < TICKET_KEYS_MAX;
    for (size_t i = keys->n - 1; i > at; i--) {
        keys->keys[i] = keys->keys[i - 1];
        ranks[i] = ranks[i - 1];
    }
    keys->keys[at] = key;
    ranks[at] = rank;
}

/* What entries of the wanted name lack for the ticket. */
enum ticket_key_verdict
keytab_match_judge(const struct keytab_entries *entries, const struct keytab_wanted *w,
                   const struct krb_ticket *ticket)
{
    enum ticket_key_verdict verdict = entries->n ? TICKET_KEY_NO_PRINCIPAL : TICKET_KEY_NO_KEYTAB;

    for (size_t i = 0; i < entries->n; i++) {
        const struct keytab_entry *e = entries->list[i];

        if (!keytab_match_name(w, e)) {
            continue;
        }
        if (keytab_match_kvno(ticket, e) == KEYTAB_KVNO_OTHER) {
            verdict = verdict == TICKET_KEY_NO_PRINCIPAL ? TICKET_KEY_NO_KVNO : verdict;
        } else if (!keytab_match_usable(e) || e->key.key.enctype != ticket->enc.enctype) {
            verdict = TICKET_KEY_NO_ENCTYPE;
        } else {
            return TICKET_KEY_FOUND;
        }
    }
    return verdict;
}

void
keytab_match(const struct keytab_entries *entries, const char *principal,
             const struct krb_ticket *ticket, struct ticket_keys *out)
{
    const struct keytab_wanted w = keytab_match_wanted(principal, ticket);
    struct rank ranks[TICKET_KEYS_MAX];

    out->n = 0;
    for (size_t i = 0; i < entries->n; i++) {
        const struct keytab_entry *e = entries->list[i];
        struct rank rank;

        /* What costs least first: a keytab may be long. */
        if (e->key.key.enctype != ticket->enc.enctype || !keytab_match_usable(e)) {
            continue;
        }
        rank.kvno = keytab_match_kvno(ticket, e);
        if (rank.kvno == KEYTAB_KVNO_OTHER || (principal && !keytab_match_name(&w, e))) {
            continue;
        }
        rank.name = fit_name(&w, e);
        rank.older = ticket->enc.has_kvno ? 0 : UINT32_MAX - e->key.kvno;
        insert(out, ranks, &e->key, rank);
    }
    out->verdict = out->n ? TICKET_KEY_FOUND : keytab_match_judge(entries, &w, ticket);
}

/* --- whose a key is ------------------------------------------------------------------------ */

static bool
is_same_key(const struct krb_key *a, const struct krb_key *b)
{
    return a->enctype == b->enctype && a->n == b->n && secret_equal(a->b, b->b, a->n);
}

enum ticket_key_owner
keytab_match_owner(const struct keytab_entries *entries, const struct krb_key *key,
                   ticket_name_fits fits, const void *user)
{
    enum ticket_key_owner owner = TICKET_KEY_NAMELESS;

    for (size_t i = 0; i < entries->n; i++) {
        const struct keytab_entry *e = entries->list[i];
        bool same = is_same_key(&e->key.key, key);

        if ((same || owner == TICKET_KEY_NAMELESS) && keytab_match_usable(e) &&
            fits(user, &e->key.name)) {
            if (same) {
                return TICKET_KEY_OWN;
            }
            owner = TICKET_KEY_OTHERS;
        }
    }
    return owner;
}
