/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of identities are checked here, whichever layout they came in. */
#include "sspi/identity_text.h"

#include <stdint.h>

#include "base/utf16.h"
#include "base/wire.h"
#include "sspi/identity.h"

struct rule {
    const char *what;
    size_t max_units;
    bool is_name; /* well-formed UTF-16 */
};

static const struct rule rules[] = {
    [IDENTITY_USER] = { "user", IDENTITY_MAX_UNITS, true },
    [IDENTITY_DOMAIN] = { "domain", IDENTITY_MAX_UNITS, true },
    [IDENTITY_PASSWORD] = { "password", IDENTITY_MAX_UNITS, false },
    [IDENTITY_PACKAGE_LIST] = { "package list", IDENTITY_MAX_LIST_UNITS, true },
};

const char *
identity_part_name(enum identity_part part)
{
    return rules[part].what;
}

static sec_status
refuse(const struct rule *rule, const char *why)
{
    return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "identity: the %s %s", rule->what, why);
}

static bool
has_nul(struct bytes utf16)
{
    for (size_t i = 0; i + 1 < utf16.n; i += 2) {
        if (wire_load_le16(utf16.p + i) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_well_formed(struct bytes utf16)
{
    struct wire_writer w = wire_writer_measuring();

    utf8_put_utf16(&w, utf16);
    return wire_writer_status(&w) == WIRE_OK;
}

static sec_status
keep_text(struct secret *to, struct bytes utf16, const struct rule *rule)
{
    if (utf16.n >= 2 && wire_load_le16(utf16.p + utf16.n - 2) == 0) {
        utf16.n -= 2;
    }
    if (utf16.n > 2 * rule->max_units) {
        return refuse(rule, "is too long");
    }
    if (has_nul(utf16)) {
        return refuse(rule, "has a NUL within");
    }
    if (rule->is_name && !is_well_formed(utf16)) {
        return refuse(rule, "is not well-formed UTF-16");
    }
    return secret_set(to, utf16.p, utf16.n) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
identity_text_take(struct secret *to, const void *p, size_t n, bool wide, enum identity_part part)
{
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);
    const struct rule *rule = &rules[part];

    if (!p || n == 0) {
        return SEC_E_OK;
    }
    if (n > (wide ? 1 : 3) * (rule->max_units + 1)) {
        return refuse(rule, "is too long");
    }
    if (wide) {
        for (size_t i = 0; i < n; i++) {
            uint16_t unit;

            bytes_copy(&unit, (const uint8_t *)p + 2 * i, sizeof(unit));
            wire_put_le16(&w, unit);
        }
    } else {
        utf16_put_utf8(&w, bytes_of(p, n));
    }
    if (wire_writer_status(&w) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (wire_writer_status(&w) != WIRE_OK) {
        return refuse(rule, "is not well-formed UTF-8");
    }
    return keep_text(to, wire_written(&w), rule);
}
