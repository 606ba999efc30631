/* SPDX-License-Identifier: Apache-2.0 */
/* Why a keytab's keys do not do. */
#include "ticket/keytab_reason.h"

#include <stdio.h>

enum {
    LISTED_MAX = 6, /* names, versions or types in a reason */
    ITEM_BYTES = 104,
    LIST_BYTES = 160,
    NAME_BYTES = 100, /* of a name in a reason: a peer can make it as long as it likes */
};

/* --- texts --------------------------------------------------------------------------------- */

struct item {
    char b[ITEM_BYTES];
};

static struct item
name_item(const struct krb_name *name, struct bytes realm)
{
    struct item item;
    struct wire_writer w = wire_writer_fixed(item.b, NAME_BYTES);

    krb_name_put(&w, name, realm);
    (void)snprintf(item.b + w.len, ITEM_BYTES - NAME_BYTES, "%s",
                   wire_writer_status(&w) == WIRE_OK ? "" : "...");
    return item;
}

static struct item
enctype_item(int32_t enctype)
{
    const struct krb_profile *profile = krb_profile_of(enctype);
    struct item item;

    if (profile) {
        (void)snprintf(item.b, sizeof(item.b), "%s", profile->name);
    } else {
        (void)snprintf(item.b, sizeof(item.b), "encryption type %d", enctype);
    }
    return item;
}

static struct item
kvno_item(uint32_t kvno)
{
    struct item item;

    (void)snprintf(item.b, sizeof(item.b), "%u", kvno);
    return item;
}

/* "a, b, c, ...", each once. */
struct list {
    char b[LIST_BYTES];
    size_t n, items;
};

static bool
is_listed(const struct list *l, struct bytes item)
{
    for (const char *at = l->b; l->n;) {
        size_t n = strcspn(at, ",");

        if (bytes_equal(bytes_of(at, n), item)) {
            return true;
        }
        if (!at[n]) {
            break;
        }
        at += n + 2;
    }
    return false;
}

static void
list_add(struct list *l, struct item item)
{
    int n;

    if (l->items > LISTED_MAX || is_listed(l, bytes_of_string(item.b))) {
        return;
    }
    n = snprintf(l->b + l->n, sizeof(l->b) - l->n, "%s%s", l->n ? ", " : "",
                 l->items == LISTED_MAX ? "..." : item.b);
    if ((size_t)n >= sizeof(l->b) - l->n) {
        l->b[l->n] = 0;
        l->items = LISTED_MAX;
        return;
    }
    l->n += (size_t)n;
    l->items++;
}

/* What entries of the wanted name have in place of what is missing; of names, all. */
static struct list
list_present(const struct keytab_entries *entries, const struct keytab_wanted *w,
             const struct krb_ticket *ticket, enum ticket_key_verdict missing)
{
    struct list l = { 0 };

    for (size_t i = 0; i < entries->n; i++) {
        const struct keytab_entry *e = entries->list[i];

        if (missing == TICKET_KEY_NO_PRINCIPAL) {
            list_add(&l, name_item(&e->key.name, e->key.realm));
        } else if (!keytab_match_name(w, e)) {
            continue;
        } else if (missing == TICKET_KEY_NO_KVNO) {
            list_add(&l, kvno_item(e->key.kvno));
        } else if (keytab_match_kvno(ticket, e) != KEYTAB_KVNO_OTHER) {
            list_add(&l, enctype_item(e->key.key.enctype));
        }
    }
    return l;
}

/* --- reasons ------------------------------------------------------------------------------- */

enum ticket_key_verdict
keytab_reason_explain(const struct keytab_entries *entries, const char *principal,
                      const struct krb_ticket *ticket)
{
    const struct keytab_wanted w = keytab_match_wanted(principal, ticket);
    enum ticket_key_verdict verdict = keytab_match_judge(entries, &w, ticket);
    struct list has = list_present(entries, &w, ticket, verdict);
    struct item name = name_item(&ticket->sname, bytes_of(NULL, 0));
    const char *of = principal ? " of " : "", *whom = principal ? principal : "";
    char kvno[24] = "";

    if (ticket->enc.has_kvno) {
        (void)snprintf(kvno, sizeof(kvno), " kvno %u", ticket->enc.kvno);
    }
    switch (verdict) {
    case TICKET_KEY_FOUND:
        (void)sec_fail(SEC_E_OK, "ticket for %s%s, keytab %s has another key of this version",
                       name.b, kvno, entries->name);
        break;
    case TICKET_KEY_NO_MEMORY:
    case TICKET_KEY_NO_KEYTAB:
        (void)sec_fail(SEC_E_OK, "ticket for %s%s, keytab %s is empty", name.b, kvno,
                       entries->name);
        break;
    case TICKET_KEY_NO_PRINCIPAL:
        name = name_item(&ticket->sname, ticket->realm);
        (void)sec_fail(SEC_E_OK, "ticket for %s%s, keytab %s has no key%s%s but of %s", name.b,
                       kvno, entries->name, of, whom, has.b);
        break;
    case TICKET_KEY_NO_KVNO:
        (void)sec_fail(SEC_E_OK, "ticket for %s%s, keytab %s has kvno %s%s%s", name.b, kvno,
                       entries->name, has.b, of, whom);
        break;
    case TICKET_KEY_NO_ENCTYPE:
        (void)sec_fail(SEC_E_OK, "ticket for %s%s %s, keytab %s has %s%s%s", name.b, kvno,
                       enctype_item(ticket->enc.enctype).b, entries->name, has.b, of, whom);
        break;
    }
    return verdict;
}

sec_status
keytab_reason_check(const struct keytab_entries *entries, const char *principal)
{
    const struct krb_ticket none = { 0 };
    const struct keytab_wanted w = keytab_match_wanted(principal, &none);
    struct list types = { 0 }, names = { 0 };

    if (w.nobody) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s: %.100s is no principal's name",
                        entries->name, principal);
    }
    for (size_t i = 0; i < entries->n; i++) {
        const struct keytab_entry *e = entries->list[i];

        list_add(&names, name_item(&e->key.name, e->key.realm));
        if (!principal || keytab_match_name(&w, e)) {
            if (keytab_match_usable(e)) {
                return SEC_E_OK;
            }
            list_add(&types, enctype_item(e->key.key.enctype));
        }
    }
    if (entries->n == 0) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s is empty", entries->name);
    }
    if (types.n) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s has no key but with %s", entries->name,
                        types.b);
    }
    return sec_fail(SEC_E_NO_CREDENTIALS, "keytab %s has no key of %.100s but of %s", entries->name,
                    principal, names.b);
}
