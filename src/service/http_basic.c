/* SPDX-License-Identifier: Apache-2.0 */
/* The scheme Basic. */
#include "service/http_basic.h"

#include <string.h>

#include "base/utf16.h"

/* RFC 7617 2: "the user-id and password MUST NOT contain any control characters". */
static bool
has_control(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

const char *
http_basic_read(struct bytes decoded, struct http_basic *out)
{
    char *text, *colon, *backslash;

    *out = (struct http_basic){ 0 };
    if (has_control(decoded)) {
        return "Basic: a control character in name or password";
    }
    if (!utf8_is_well_formed(decoded)) {
        return "Basic: name or password is not UTF-8";
    }
    if (!secret_resize(&out->room, decoded.n + 1)) {
        return "Basic: no memory";
    }
    bytes_copy(out->room.p, decoded.p, decoded.n);
    text = (char *)out->room.p;
    colon = strchr(text, ':');
    if (!colon) {
        return "Basic: no colon between name and password";
    }
    *colon = 0;
    out->password = colon + 1;
    backslash = strchr(text, '\\');
    out->user = backslash ? backslash + 1 : text;
    out->domain = backslash ? text : "";
    if (backslash) {
        *backslash = 0;
    }
    return *out->user ? NULL : "Basic: no name";
}

void
http_basic_clear(struct http_basic *basic)
{
    secret_clear(&basic->room);
    *basic = (struct http_basic){ 0 };
}

void
http_basic_put_challenge(struct wire_writer *w, const char *realm)
{
    wire_put_bytes(w, bytes_of_string("Basic realm=\""));
    wire_put_bytes(w, bytes_of_string(realm));
    wire_put_bytes(w, bytes_of_string("\", charset=\"UTF-8\""));
}
