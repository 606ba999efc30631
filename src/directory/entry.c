/* SPDX-License-Identifier: Apache-2.0 */
/* [MS-DRSR] 4.1.4.2: the attributes that each format is made of; [MS-ADTS] 5.1.1.1.1: principal
 * names that nobody wrote down. */
#include "directory/entry.h"

#include <stdio.h>

#include <opensspi/secext.h>

enum { GUID_BYTES = 16, GUID_CHARS = 38 };

const char *const entry_attributes[] = {
    "canonicalName",
    "displayName",
    "distinguishedName",
    "givenName",
    "objectClass",
    "objectGUID",
    "sn",
    "sAMAccountName",
    "servicePrincipalName",
    "userPrincipalName",
    NULL,
};

static void
put_bare(struct session *s, LDAPMessage *e, const char *before, const char *between,
         struct wire_writer *w)
{
    const size_t start = w->len;
    size_t name;

    wire_put(w, before, strlen(before));
    wire_put(w, between, strlen(between));
    name = w->len;
    session_put_text(s, e, "sAMAccountName", w);
    if (w->len == name + 1 && wire_writer_status(w) == WIRE_OK) {
        w->len = start;
        wire_put_u8(w, 0);
    }
}

static bool
is_user(struct session *s, LDAPMessage *e)
{
    struct berval **values = ldap_get_values_len(s->ldap, e, "objectClass");
    bool is = false;

    for (int i = 0; i < ldap_count_values_len(values) && !is; i++) {
        is = bytes_equal_nocase(bytes_of(values[i]->bv_val, values[i]->bv_len),
                                bytes_of_string("user"));
    }
    ldap_value_free_len(values);
    return is;
}

/* Who has none written down is called by its account's name in the domain. */
static void
put_principal(struct session *s, LDAPMessage *e, struct wire_writer *w)
{
    const size_t start = w->len;
    size_t bare;

    session_put_text(s, e, "userPrincipalName", w);
    if (wire_writer_status(w) != WIRE_OK || w->len > start + 1 || !is_user(s, e)) {
        return;
    }
    w->len = start;
    session_put_text(s, e, "sAMAccountName", w);
    bare = w->len - 1;
    if (wire_writer_status(w) == WIRE_OK && bare > start) {
        w->len = bare;
        wire_put_u8(w, '@');
        wire_put(w, s->dns, strlen(s->dns) + 1);
    }
}

static void
put_guid(struct session *s, LDAPMessage *e, struct wire_writer *w)
{
    struct berval **values = ldap_get_values_len(s->ldap, e, "objectGUID");
    char text[GUID_CHARS + 1] = "";

    if (ldap_count_values_len(values) == 1 && values[0]->bv_len == GUID_BYTES) {
        struct wire_reader r = wire_reader_of(bytes_of(values[0]->bv_val, GUID_BYTES));
        const uint32_t a = wire_le32(&r);
        const uint16_t b = wire_le16(&r), c = wire_le16(&r), d = wire_be16(&r), f = wire_be16(&r);
        const uint32_t g = wire_be32(&r);

        (void)snprintf(text, sizeof(text), "{%08x-%04x-%04x-%04x-%04x%08x}", a, b, c, d, f, g);
    }
    ldap_value_free_len(values);
    wire_put(w, text, strlen(text) + 1);
}

/* As NameCanonical, but that the last part stands after a line's end. */
static void
put_canonical_ex(struct session *s, LDAPMessage *e, struct wire_writer *w)
{
    const size_t start = w->len;

    session_put_text(s, e, "canonicalName", w);
    for (size_t i = w->len; wire_writer_status(w) == WIRE_OK && i > start; i--) {
        if (w->p[i - 1] == '/' && (i - 1 == start || w->p[i - 2] != '\\')) {
            w->p[i - 1] = '\n';
            return;
        }
    }
}

void
entry_put_name(struct session *s, LDAPMessage *e, ULONG format, struct wire_writer *w)
{
    switch (format) {
    case NameFullyQualifiedDN: session_put_text(s, e, "distinguishedName", w); break;
    case NameSamCompatible: put_bare(s, e, s->netbios, "\\", w); break;
    case NameDnsDomain: put_bare(s, e, s->dns, "\\", w); break;
    case NameDisplay: session_put_text(s, e, "displayName", w); break;
    case NameUniqueId: put_guid(s, e, w); break;
    case NameCanonical: session_put_text(s, e, "canonicalName", w); break;
    case NameCanonicalEx: put_canonical_ex(s, e, w); break;
    case NameUserPrincipal: put_principal(s, e, w); break;
    case NameServicePrincipal: session_put_text(s, e, "servicePrincipalName", w); break;
    case NameGivenName: session_put_text(s, e, "givenName", w); break;
    case NameSurname: session_put_text(s, e, "sn", w); break;
    default: wire_put_u8(w, 0); break;
    }
}

/* Whether an attribute, or what is made of them, is this text. */
static bool
is_called(struct session *s, LDAPMessage *e, ULONG format, const char *attribute, struct bytes text)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    if (attribute) {
        session_put_text(s, e, attribute, &w);
    } else {
        entry_put_name(s, e, format, &w);
    }
    return wire_writer_status(&w) == WIRE_OK && bytes_equal_nocase(bytes_of(w.p, w.len - 1), text);
}

unsigned
entry_rank(struct session *s, LDAPMessage *e, ULONG format, const char *name)
{
    const struct bytes text = bytes_of_string(name);

    switch (format) {
    case NameCanonical:
    case NameCanonicalEx: return is_called(s, e, format, NULL, text) ? 1 : 0;
    case NameUserPrincipal:
        /* What is written down is before what is not. */
        return is_called(s, e, 0, "userPrincipalName", text) ? 2 : is_user(s, e) ? 1 : 0;
    default: return 1;
    }
}
