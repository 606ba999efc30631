/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of SIDs, and the other way: what is the same everywhere, the account store, what the logons
 * that live say, and what the name service says of this system. No domain is asked. A bare name is
 * this server's: one of the store's, else the system's; what it means must not hang on who is logged on.
 */
#include <opensspi/opensspi.h>

#include "account/account.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/configuration.h"
#include "sspi/report.h"
#include "sspi/tokens.h"
#include "token/unix_name.h"

static const char unix_users[] = "Unix User", unix_groups[] = "Unix Group";

/* What was found. */
struct found {
    struct sid sid;
    enum sid_use use;
    ULONG source;
    struct wire_writer name, domain, upn; /* UTF-8 with their NULs; upn may be empty */
};

static void
found_auto(struct found *f)
{
    wire_writer_clear(&f->name);
    wire_writer_clear(&f->domain);
    wire_writer_clear(&f->upn);
}

static void
found_init(struct found *f)
{
    *f = (struct found){ .name = wire_writer_growing(NULL, 0),
                         .domain = wire_writer_growing(NULL, 0),
                         .upn = wire_writer_growing(NULL, 0) };
}

static void
put_texts(struct found *f, const char *name, const char *domain)
{
    wire_put(&f->name, name, strlen(name) + 1);
    wire_put(&f->domain, domain, strlen(domain) + 1);
}

static sec_status
give(const struct found *f, POPENSSPI_ACCOUNT *out)
{
    SEC_AUTO(report) r;
    OPENSSPI_ACCOUNT fixed = { .Use = f->use, .Source = f->source };
    char text[SID_TEXT_BYTES];
    void *block = NULL;
    sec_status status;

    report_init(&r);
    if (wire_writer_status(&f->name) != WIRE_OK || wire_writer_status(&f->domain) != WIRE_OK ||
        wire_writer_status(&f->upn) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    sid_text(&f->sid, text);
    report_utf8(&r, offsetof(OPENSSPI_ACCOUNT, Sid), text);
    report_utf8(&r, offsetof(OPENSSPI_ACCOUNT, Name), (const char *)f->name.p);
    report_utf8(&r, offsetof(OPENSSPI_ACCOUNT, Domain), (const char *)f->domain.p);
    report_utf8(&r, offsetof(OPENSSPI_ACCOUNT, UserPrincipalName), (const char *)f->upn.p);
    status = report_give(&r, &fixed, sizeof(fixed), sizeof(fixed), &block);
    if (status == SEC_E_OK) {
        *out = block;
    }
    return status;
}

static void
take_member(void *user, const struct logon_member *m, const char *upn)
{
    struct found *f = user;

    f->sid = m->sid;
    f->use = m->use;
    f->source = OPENSSPI_ACCOUNT_CLIENT;
    put_texts(f, m->name, m->domain);
    wire_put(&f->upn, upn, strlen(upn) + 1);
}

static void
take_well_known(struct found *f, const struct sid_name *known)
{
    f->use = known->use;
    f->source = OPENSSPI_ACCOUNT_WELL_KNOWN;
    put_texts(f, known->name, sid_name_authority(&f->sid));
}

/* --- the account store --------------------------------------------------------------------- */

/* Whether a domain's name means this server's own accounts. */
static bool
is_own(const struct sec_settings *s, struct bytes domain)
{
    const struct bytes own[] = { s->domain, s->computer, s->dns_domain, s->dns_computer };
    uint8_t room[512];
    SEC_AUTO(wire_writer) name = wire_writer_growing(room, sizeof(room));
    bool is = bytes_equal(domain, bytes_of_string("."));

    utf16_put_utf8(&name, domain);
    for (size_t i = 0; i < SEC_ARRAY_LEN(own) && wire_writer_status(&name) == WIRE_OK && !is; i++) {
        is = own[i].n && utf16_equal_nocase(wire_written(&name), own[i]);
    }
    return is;
}

static sec_status
take_entry(struct found *f, const struct sec_settings *s, const struct account_entry *entry)
{
    if (!sid_parse(&f->sid, bytes_of_string(entry->sid))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "sspi: the account store has no SID for a name");
    }
    f->use = entry->is_group ? SID_USE_ALIAS : SID_USE_USER;
    f->source = OPENSSPI_ACCOUNT_STORE;
    wire_put(&f->name, entry->name, strlen(entry->name) + 1);
    utf8_put_utf16(&f->domain, s->domain);
    wire_put_u8(&f->domain, 0);
    if (!entry->is_group && s->dns_domain.n) {
        wire_put(&f->upn, entry->name, strlen(entry->name));
        wire_put_u8(&f->upn, '@');
        utf8_put_utf16(&f->upn, s->dns_domain);
        wire_put_u8(&f->upn, 0);
    }
    return SEC_E_OK;
}

/* By name, domain n 0: there is none; or, where sid is not NULL, by SID. */
static sec_status
find_in_store(struct found *f, struct bytes domain, const char *name, const char *sid)
{
    struct configuration *configuration;
    uint8_t room[512];
    SEC_AUTO(wire_writer) name16 = wire_writer_growing(room, sizeof(room));
    const struct sec_host *host;
    struct account_entry entry;
    sec_status status = configuration_current(&configuration);

    if (status != SEC_E_OK) {
        return status;
    }
    host = configuration_host(configuration);
    utf16_put_utf8(&name16, bytes_of_string(name));
    if (!host->accounts || wire_writer_status(&name16) != WIRE_OK ||
        (domain.n && !is_own(host->settings, domain))) {
        status = sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: not one of the account store's");
    } else {
        status = account_look_up(host->accounts, wire_written(&name16), sid, &entry);
    }
    if (status == SEC_E_OK) {
        status = take_entry(f, host->settings, &entry);
    }
    configuration_unref(configuration);
    return status;
}

/* Whether [server]'s dns_domain is this one, which is UTF-8. */
static sec_status
check_own_suffix(struct bytes suffix)
{
    struct configuration *configuration;
    uint8_t room[512];
    SEC_AUTO(wire_writer) suffix16 = wire_writer_growing(room, sizeof(room));
    sec_status status = configuration_current(&configuration);
    struct bytes own;

    if (status != SEC_E_OK) {
        return status;
    }
    own = configuration_host(configuration)->settings->dns_domain;
    utf16_put_utf8(&suffix16, suffix);
    if (!own.n || wire_writer_status(&suffix16) != WIRE_OK ||
        !utf16_equal_nocase(wire_written(&suffix16), own)) {
        status = sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: not a principal name of the store's");
    }
    configuration_unref(configuration);
    return status;
}

/* A user of the store's by its principal name; n is how much of it goes before the @. */
static sec_status
find_own_principal(struct found *f, const char *whole, size_t n)
{
    sec_status status = n ? check_own_suffix(bytes_of_string(whole + n + 1)) : SEC_E_TARGET_UNKNOWN;
    char *name;

    if (status != SEC_E_OK) {
        return status;
    }
    name = mem_dup(whole, n);
    if (!name) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = find_in_store(f, (struct bytes){ 0 }, name, NULL);
    mem_free(name);
    if (status == SEC_E_OK && f->use != SID_USE_USER) {
        found_auto(f); /* others are still to be asked, and theirs is not to be mixed with it */
        found_init(f);
        status = sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: groups have no principal name");
    }
    return status;
}

/* S-1-5-21-…: of a domain, or of a computer. */
static bool
is_domains(const struct sid *sid)
{
    return sid->authority == 5 && sid->n == 5 && sid->parts[0] == 21;
}

/* A store that does not know it, or cannot be asked, leaves it to the others: but for a bare name. */
static bool
is_settled(sec_status status)
{
    return status != SEC_E_TARGET_UNKNOWN && status != SEC_E_NO_AUTHENTICATING_AUTHORITY;
}

/* --- by SID -------------------------------------------------------------------------------- */

static sec_status
find_unix_sid(struct found *f)
{
    uid_t uid;
    gid_t gid;

    f->source = OPENSSPI_ACCOUNT_SYSTEM;
    if (unix_name_is_user(&f->sid, &uid)) {
        f->use = SID_USE_USER;
        wire_put(&f->domain, unix_users, sizeof(unix_users));
        return unix_name_of_user(uid, &f->name);
    }
    if (unix_name_is_group(&f->sid, &gid)) {
        f->use = SID_USE_GROUP;
        wire_put(&f->domain, unix_groups, sizeof(unix_groups));
        return unix_name_of_group(gid, &f->name);
    }
    return sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: nobody here knows the SID");
}

static sec_status
find_sid(struct found *f)
{
    const struct sid_name *known = sid_name_find(&f->sid, NULL);
    const struct sid wanted = f->sid;
    char text[SID_TEXT_BYTES];
    sec_status status;

    if (known) {
        take_well_known(f, known);
        return SEC_E_OK;
    }
    sid_text(&wanted, text);
    status =
        is_domains(&wanted) ? find_in_store(f, bytes_of(NULL, 0), "", text) : SEC_E_TARGET_UNKNOWN;
    if (is_settled(status)) {
        return status;
    }
    f->sid = wanted;
    return logon_find_sid(&wanted, take_member, f) ? SEC_E_OK : find_unix_sid(f);
}

SECURITY_STATUS SEC_ENTRY
OpenSspiLookupSid(const char *sid, POPENSSPI_ACCOUNT *out)
{
    SEC_AUTO(found) f;
    sec_status status;

    sec_reason_clear();
    found_init(&f);
    if (!sid || !out || !sid_parse(&f.sid, bytes_of_string(sid))) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: no SID to look up");
    }
    status = find_sid(&f);
    return status == SEC_E_OK ? give(&f, out) : status;
}

/* --- by name ------------------------------------------------------------------------------- */

static sec_status
find_unix_user(struct found *f, const char *name)
{
    uid_t uid;
    sec_status status = unix_name_find_user(name, &uid);

    if (status == SEC_E_OK) {
        f->sid = unix_name_user_sid(uid);
        f->use = SID_USE_USER;
        f->source = OPENSSPI_ACCOUNT_SYSTEM;
        put_texts(f, name, unix_users);
    }
    return status;
}

static sec_status
find_unix_group(struct found *f, const char *name)
{
    gid_t gid;
    sec_status status = unix_name_find_group(name, &gid);

    if (status == SEC_E_OK) {
        f->sid = unix_name_group_sid(gid);
        f->use = SID_USE_GROUP;
        f->source = OPENSSPI_ACCOUNT_SYSTEM;
        put_texts(f, name, unix_groups);
    }
    return status;
}

/* What is no account of the store's under the whole of its name. */
static sec_status
find_elsewhere(struct found *f, const char *name)
{
    const char *at = strrchr(name, '@');
    sec_status status =
        at ? find_own_principal(f, name, (size_t)(at - name)) : SEC_E_TARGET_UNKNOWN;

    if (status != SEC_E_TARGET_UNKNOWN) {
        return status;
    }
    status = find_unix_user(f, name);
    if (status == SEC_E_TARGET_UNKNOWN) {
        status = find_unix_group(f, name);
    }
    return status == SEC_E_TARGET_UNKNOWN && at &&
                   logon_find_upn(bytes_of_string(name), take_member, f)
               ? SEC_E_OK
               : status;
}

static bool
is(struct bytes text, const char *word)
{
    return bytes_equal_nocase(text, bytes_of_string(word));
}

/* domain n 0: there is none. */
static sec_status
find_name(struct found *f, struct bytes whole, struct bytes domain, const char *name)
{
    sec_status status;

    if (sid_name_parse(&f->sid, whole)) {
        take_well_known(f, sid_name_find(&f->sid, NULL));
        return SEC_E_OK;
    }
    if (is(domain, unix_users)) {
        return find_unix_user(f, name);
    }
    if (is(domain, unix_groups)) {
        return find_unix_group(f, name);
    }
    status = find_in_store(f, domain, name, NULL);
    if (is_settled(status) || (!domain.n && status != SEC_E_TARGET_UNKNOWN)) {
        return status; /* while the store does not answer, the name is nobody else's */
    }
    if (domain.n) {
        return logon_find_name(domain, bytes_of_string(name), take_member, f) ? SEC_E_OK : status;
    }
    return find_elsewhere(f, name);
}

SECURITY_STATUS SEC_ENTRY
OpenSspiLookupName(const char *name, POPENSSPI_ACCOUNT *out)
{
    SEC_AUTO(found) f;
    struct bytes whole = bytes_of_string(name), domain = { 0 };
    const char *backslash, *bare = name;
    sec_status status;

    sec_reason_clear();
    found_init(&f);
    if (!name || !name[0] || !out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: no name to look up");
    }
    backslash = strchr(name, '\\');
    if (backslash) {
        domain = bytes_of(name, (size_t)(backslash - name));
        bare = backslash + 1;
    }
    status = find_name(&f, whole, domain, bare);
    return status == SEC_E_OK ? give(&f, out) : status;
}
