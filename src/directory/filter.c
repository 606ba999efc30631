/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4515: search filters; [MS-DRSR] 4.1.4: which attributes names are in. */
#include "directory/filter.h"

#include <string.h>

#include <opensspi/secext.h>

#include "base/utf16.h"

enum { GUID_BYTES = 16, GUID_CHARS = 38 };

/* --- values -------------------------------------------------------------------------------- */

static bool
is_plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c >= 0x80 || (c && strchr(" -._@$,=/", c));
}

/* RFC 4515 wants it of NUL ( ) * and \; done to all that is not harmless for sure. */
void
filter_put_value(struct wire_writer *w, struct bytes value)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < value.n; i++) {
        const uint8_t c = value.p[i];

        if (is_plain(c)) {
            wire_put_u8(w, c);
        } else {
            const char escape[] = { '\\', digits[c >> 4], digits[c & 15] };
            wire_put(w, escape, sizeof(escape));
        }
    }
}

static void
put(struct wire_writer *w, const char *text)
{
    wire_put(w, text, strlen(text));
}

void
filter_put_equal(struct wire_writer *w, const char *attribute, struct bytes value)
{
    put(w, "(");
    put(w, attribute);
    put(w, "=");
    filter_put_value(w, value);
    put(w, ")");
}

/* --- names --------------------------------------------------------------------------------- */

static bool
is_same(struct bytes a, const char *b)
{
    return bytes_equal_nocase(a, bytes_of_string(b));
}

static sec_status
not_ours(const char *what)
{
    return sec_fail(SEC_E_TARGET_UNKNOWN, "directory: not %s", what);
}

/* DOMAIN\name; without a domain it is this one's. */
static sec_status
put_sam(struct wire_writer *w, const struct filter_domain *d, const char *name, bool by_dns)
{
    const char *backslash = strchr(name, '\\'), *bare = backslash ? backslash + 1 : name;
    const struct bytes domain = bytes_of(name, backslash ? (size_t)(backslash - name) : 0);

    if (!*bare || strchr(bare, '\\') || (!backslash && by_dns) ||
        (backslash && !is_same(domain, d->dns) && (by_dns || !is_same(domain, d->netbios)))) {
        return not_ours("an account's name in this domain");
    }
    filter_put_equal(w, "sAMAccountName", bytes_of_string(bare));
    return SEC_E_OK;
}

/* As it is written down; or, where the suffix is the domain, the account's name: each has that one. */
static sec_status
put_principal(struct wire_writer *w, const struct filter_domain *d, const char *name)
{
    const char *at = strrchr(name, '@');

    if (!at || at == name || !at[1]) {
        return not_ours("a user principal name");
    }
    put(w, "(|");
    filter_put_equal(w, "userPrincipalName", bytes_of_string(name));
    if (is_same(bytes_of_string(at + 1), d->dns)) {
        filter_put_equal(w, "sAMAccountName", bytes_of(name, (size_t)(at - name)));
    }
    put(w, ")");
    return SEC_E_OK;
}

/* class/instance, which "@" and the domain may follow. */
static sec_status
put_service(struct wire_writer *w, const struct filter_domain *d, const char *name)
{
    const char *slash = strchr(name, '/'), *at = strrchr(name, '@');
    size_t n = strlen(name);

    if (!slash || slash == name || !slash[1] || slash + 1 == at) {
        return not_ours("a service principal name");
    }
    if (at && at > slash) {
        if (!is_same(bytes_of_string(at + 1), d->dns)) {
            return not_ours("a service of this domain");
        }
        n = (size_t)(at - name);
    }
    filter_put_equal(w, "servicePrincipalName", bytes_of(name, n));
    return SEC_E_OK;
}

static int
digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* {4fa050f0-f561-11cf-bdd9-00aa003a77b6}: the first three numbers are little-endian in the bytes. */
static sec_status
put_guid(struct wire_writer *w, const char *name)
{
    static const uint8_t place[GUID_BYTES] = {
        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
    };
    uint8_t guid[GUID_BYTES] = { 0 };
    size_t n = 0;

    if (strlen(name) != GUID_CHARS || name[0] != '{' || name[GUID_CHARS - 1] != '}') {
        return not_ours("a GUID");
    }
    for (const char *p = name + 1; n < 2 * GUID_BYTES; p++) {
        if (p - name == 9 || p - name == 14 || p - name == 19 || p - name == 24) {
            if (*p != '-') {
                return not_ours("a GUID");
            }
            continue;
        }
        if (digit(*p) < 0) {
            return not_ours("a GUID");
        }
        guid[place[n / 2]] = (uint8_t)(guid[place[n / 2]] << 4 | digit(*p));
        n++;
    }
    filter_put_equal(w, "objectGUID", bytes_of(guid, sizeof(guid)));
    return SEC_E_OK;
}

/* Where the last part of example.test/Users/name begins; \/ is no end of a part. NULL: there is none. */
static const char *
last_part(const char *name, char separator)
{
    const char *last = NULL;

    for (const char *p = name; *p; p++) {
        if (*p == separator) {
            last = p + 1;
        } else if (*p == '\\' && p[1]) {
            p++;
        }
    }
    return last && *last ? last : NULL;
}

/* Nothing tells which attributes name the parts, nor what of the last is an escape: Active Directory has \/,
 * Samba what a DN has. Who is found is compared as a whole. */
static sec_status
put_canonical(struct wire_writer *w, const struct filter_domain *d, const char *name,
              char separator)
{
    SEC_AUTO(wire_writer) part = wire_writer_growing(NULL, 0);
    const char *last = last_part(name, separator);

    if (!last || !is_same(bytes_of(name, strcspn(name, "/\n")), d->dns)) {
        return not_ours("a canonical name of this domain");
    }
    for (const char *p = last; *p; p++) {
        p += *p == '\\' && p[1] ? 1 : 0;
        wire_put_u8(&part, (uint8_t)*p);
    }
    if (wire_writer_status(&part) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    put(w, "(|");
    filter_put_equal(w, "name", bytes_of_string(last));
    filter_put_equal(w, "name", wire_written(&part));
    put(w, ")");
    return SEC_E_OK;
}

static bool
is_text(const char *name)
{
    struct wire_writer w = wire_writer_measuring();

    utf16_put_utf8(&w, bytes_of_string(name));
    return wire_writer_status(&w) == WIRE_OK;
}

ULONG
filter_guess(const struct filter_domain *d, const char *name)
{
    const size_t equals = strcspn(name, "="), n = strcspn(name, "/\n");

    if (name[0] == '{') {
        return NameUniqueId;
    }
    if (name[equals] && strcspn(name, "\\/@,") > equals) {
        return NameFullyQualifiedDN;
    }
    if (name[n] && is_same(bytes_of(name, n), d->dns)) {
        return strchr(name, '\n') ? NameCanonicalEx : NameCanonical;
    }
    if (name[strcspn(name, "\\")]) {
        return NameSamCompatible;
    }
    if (name[n] == '/') {
        return NameServicePrincipal;
    }
    return strchr(name, '@') ? NameUserPrincipal : NameUnknown;
}

sec_status
filter_put_name(struct wire_writer *w, const struct filter_domain *d, ULONG format,
                const char *name)
{
    sec_status status = SEC_E_OK;

    if (!*name || !is_text(name)) {
        return not_ours("a name");
    }
    switch (format) {
    case NameFullyQualifiedDN:
        filter_put_equal(w, "distinguishedName", bytes_of_string(name));
        break;
    case NameSamCompatible: status = put_sam(w, d, name, false); break;
    case NameDnsDomain: status = put_sam(w, d, name, true); break;
    case NameDisplay: filter_put_equal(w, "displayName", bytes_of_string(name)); break;
    case NameUniqueId: status = put_guid(w, name); break;
    case NameCanonical: status = put_canonical(w, d, name, '/'); break;
    case NameCanonicalEx: status = put_canonical(w, d, name, '\n'); break;
    case NameUserPrincipal: status = put_principal(w, d, name); break;
    case NameServicePrincipal: status = put_service(w, d, name); break;
    default: return not_ours("a format in which names are looked up");
    }
    wire_put_u8(w, 0);
    if (status == SEC_E_OK && wire_writer_status(w) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return status;
}
