/* SPDX-License-Identifier: Apache-2.0 */
/* A name into another: which domain, which of its controllers, which entry, which of its names. */
#include "directory/query.h"

#include <stdio.h>

#include <opensspi/secext.h>

#include "base/clock.h"
#include "directory/entry.h"

/* Beyond it nobody waits for a name; KDC and resolver have times of their own. */
enum { QUESTION_MS = 8000 };

struct question {
    const struct directory_question *question;
    char domain[SESSION_NAME_BYTES]; /* "example.test" */
    const char *realm;               /* "EXAMPLE.TEST" */
};

/* --- the entry ----------------------------------------------------------------------------- */

/* The one that is meant; NULL: none, or nobody can tell which. */
static LDAPMessage *
best_entry(struct session *s, LDAPMessage *found, ULONG format, const char *name)
{
    LDAPMessage *best = NULL;
    unsigned best_rank = 0;

    for (LDAPMessage *e = ldap_first_entry(s->ldap, found); e; e = ldap_next_entry(s->ldap, e)) {
        const unsigned rank = entry_rank(s, e, format, name);

        if (rank > best_rank) {
            best = e;
            best_rank = rank;
        } else if (rank && rank == best_rank) {
            best = NULL;
        }
    }
    return best;
}

static sec_status
tell(struct session *s, LDAPMessage *entry, const struct directory_question *q)
{
    SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);

    entry_put_name(s, entry, q->wanted, &name);
    if (wire_writer_status(&name) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (name.len <= 1) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "directory: it has no name in that format");
    }
    q->take(q->user, (const char *)name.p);
    return SEC_E_OK;
}

static sec_status
look_up(struct session *s, ULONG format, const char *name, const struct directory_question *q)
{
    SEC_AUTO(wire_writer) filter = wire_writer_growing(NULL, 0);
    LDAPMessage *found = NULL, *entry;
    sec_status status;

    format = format == NameUnknown ? filter_guess(&s->domain, name) : format;
    status = filter_put_name(&filter, &s->domain, format, name);
    if (status == SEC_E_OK) {
        status = session_search(s, s->naming_context, LDAP_SCOPE_SUBTREE, (const char *)filter.p,
                                entry_attributes, &found);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    entry = best_entry(s, found, format, name);
    status = entry ? tell(s, entry, q)
                   : sec_fail(SEC_E_TARGET_UNKNOWN, "directory: nobody, or several, by that name");
    (void)ldap_msgfree(found);
    return status;
}

/* --- the domain ---------------------------------------------------------------------------- */

/* example.test of alice@EXAMPLE.TEST: an Active Directory's realm is its DNS name in capitals. */
static sec_status
take_realm(const char *principal, char domain[static SESSION_NAME_BYTES], const char **realm)
{
    const char *at = strrchr(principal, '@');
    size_t n = at ? strlen(at + 1) : 0;

    if (n == 0 || n >= SESSION_NAME_BYTES) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "directory: the ticket is nobody's in a realm");
    }
    *realm = at + 1;
    for (size_t i = 0; i <= n; i++) {
        const char c = at[1 + i];

        domain[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return SEC_E_OK;
}

/* A ticket's owner: its account's name, before a principal name that was written down. */
static sec_status
look_up_own(struct session *s, const struct directory_question *q)
{
    char bare[SESSION_NAME_BYTES];
    const int n = (int)(strrchr(q->principal, '@') - q->principal);
    sec_status status;

    if (n >= (int)sizeof(bare)) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "directory: the ticket's name is too long");
    }
    (void)snprintf(bare, sizeof(bare), "%.*s", n, q->principal);
    status = look_up(s, NameSamCompatible, bare, q);
    return status == SEC_E_TARGET_UNKNOWN ? look_up(s, NameUserPrincipal, q->principal, q) : status;
}

/* --- the controllers ----------------------------------------------------------------------- */

static sec_status
ask_one(const struct question *asked, const struct locate_server *server, uint64_t deadline_ms)
{
    const struct directory_question *q = asked->question;
    struct session s;
    sec_status status =
        session_open(&s, server, q->credential, asked->domain, asked->realm, deadline_ms);

    if (status != SEC_E_OK) {
        return status;
    }
    status = q->name ? look_up(&s, q->format, q->name, q) : look_up_own(&s, q);
    session_close(&s);
    return status;
}

/* What one says of itself, or fails at, another may do better; what holds for all of them ends it. */
static bool
is_of_one(sec_status status)
{
    return status == SEC_E_NO_AUTHENTICATING_AUTHORITY || status == SEC_E_LOGON_DENIED;
}

/* One that says nothing, before or after it takes the connection, keeps nobody from the next: the time
 * that is left is shared among those that were not asked yet. Of failures that one is told in which
 * somebody was there. */
static sec_status
ask_any(const struct question *asked, const struct locate_list *servers, uint64_t deadline_ms)
{
    sec_status status = sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                 "directory: to find the controllers of %s took too long",
                                 asked->domain); /* where nobody can be asked any more */
    char refusal[SEC_REASON_BYTES];
    bool refused = false;

    for (size_t i = 0; i < servers->n && is_of_one(status); i++) {
        const uint64_t now = clock_monotonic_ms();

        if (now >= deadline_ms) {
            break;
        }
        status = ask_one(asked, &servers->at[i], now + (deadline_ms - now) / (servers->n - i));
        if (status == SEC_E_LOGON_DENIED) {
            refused = true;
            (void)snprintf(refusal, sizeof(refusal), "%s", sec_reason());
        }
    }
    return status == SEC_E_NO_AUTHENTICATING_AUTHORITY && refused
               ? sec_fail(SEC_E_LOGON_DENIED, "%s", refusal)
               : status;
}

static sec_status
ask(const struct directory_question *q)
{
    const uint64_t deadline_ms = clock_monotonic_ms() + QUESTION_MS;
    struct question asked = { .question = q, .realm = "" };
    struct locate_list servers;
    sec_status status = take_realm(q->principal, asked.domain, &asked.realm);

    if (status == SEC_E_OK) {
        status = locate(q->servers, asked.domain, &servers);
    }
    return status == SEC_E_OK ? ask_any(&asked, &servers, deadline_ms) : status;
}

SECURITY_STATUS
opensspi_directory_ask(const struct directory_question *q)
{
    sec_status status;

    if (!q || q->size != sizeof(*q)) {
        return SEC_E_INVALID_PARAMETER;
    }
    sec_reason_clear();
    status = ask(q);
    (void)snprintf(q->why, DIRECTORY_WHY_BYTES, "%s", status == SEC_E_OK ? "" : sec_reason());
    return status;
}
