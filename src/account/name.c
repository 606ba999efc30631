/* SPDX-License-Identifier: Apache-2.0 */
/* Names. Reasons never repeat a name that was refused: it may hold anything. */
#include <string.h>

#include "account/name.h"
#include "base/utf16.h"

enum { UNIX_NAME_BYTES_MAX = 32 }; /* useradd(8) */

static sec_status
refuse(const char *what, const char *why)
{
    return sec_fail(SEC_E_INVALID_PARAMETER, "accounts: not a name for %s: %s", what, why);
}

/* U+0000 to U+001F, U+007F to U+009F. */
static bool
has_control(struct bytes utf16)
{
    for (size_t i = 0; i < utf16.n; i += 2) {
        uint16_t unit = wire_load_le16(utf16.p + i);

        if (unit < 0x20 || (unit >= 0x7F && unit < 0xA0)) {
            return true;
        }
    }
    return false;
}

sec_status
name_check(const char *what, const char *utf8, struct wire_writer *upper)
{
    uint8_t held[2 * NAME_UNITS_MAX];
    struct wire_writer w = wire_writer_fixed(held, sizeof(held));
    size_t n = strlen(utf8);

    if (n == 0) {
        return refuse(what, "it is empty");
    }
    utf16_put_utf8(&w, bytes_of(utf8, n));
    if (wire_writer_status(&w) == WIRE_NO_SPACE) {
        return refuse(what, "it is longer than 256 characters");
    }
    if (wire_writer_status(&w) != WIRE_OK) {
        return refuse(what, "it is not UTF-8");
    }
    if (has_control(wire_written(&w))) {
        return refuse(what, "it has a control character");
    }
    if (strpbrk(utf8, "\"/\\[]:;|=,+*?<>")) {
        return refuse(what, "it has one of \"/\\[]:;|=,+*?<>");
    }
    if (utf8[0] == ' ' || utf8[n - 1] == ' ' || utf8[n - 1] == '.') {
        return refuse(what, "it begins or ends with a space, or ends with a dot");
    }
    utf16_put_upper(upper, wire_written(&w));
    return wire_writer_status(upper) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
name_check_unix(const char *utf8)
{
    size_t n = strlen(utf8);

    if (n == 0 || n > UNIX_NAME_BYTES_MAX || utf8[0] == '-') {
        return refuse("a Unix user", "it is empty, longer than 32 characters, or begins with -");
    }
    for (size_t i = 0; i < n; i++) {
        if (utf8[i] <= ' ' || utf8[i] == 0x7F || utf8[i] == ':' || utf8[i] == '/') {
            return refuse("a Unix user", "it has a character other than letters, digits and -_.$");
        }
    }
    return SEC_E_OK;
}
