/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP headers of authentication say. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/der.h"
#include "service/http_auth.h"
#include "service/http_head.h"

static const char *const scheme_names[] = {
    [HTTP_SCHEME_NEGOTIATE] = "Negotiate",
    [HTTP_SCHEME_NTLM] = "NTLM",
    [HTTP_SCHEME_BASIC] = "Basic",
};

const char *
http_auth_scheme_name(enum http_scheme scheme)
{
    return scheme_names[scheme];
}

static bool
is_scheme(struct bytes word, enum http_scheme scheme)
{
    return bytes_equal_nocase(word, bytes_of_string(scheme_names[scheme]));
}

/* The scheme, and what follows it. false: none of ours. */
static bool
split(struct bytes value, enum http_scheme *scheme, struct bytes *token)
{
    struct bytes all = http_head_trim(value), word = { all.p, 0 };

    while (word.n < all.n && !http_head_is_blank(all.p[word.n])) {
        word.n++;
    }
    *token = http_head_trim(bytes_of(all.p + word.n, all.n - word.n));
    *scheme = HTTP_SCHEME_NEGOTIATE;
    while (*scheme < HTTP_SCHEME_BASIC && !is_scheme(word, *scheme)) {
        ++*scheme;
    }
    return is_scheme(word, *scheme);
}

enum http_auth_result
http_auth_parse(struct bytes value, size_t max_token, enum http_scheme *scheme,
                struct wire_writer *w)
{
    enum http_scheme found;
    struct bytes token;

    if (!split(value, &found, &token)) {
        return HTTP_AUTH_OTHER;
    }
    *scheme = found;
    if (token.n == 0) {
        return HTTP_AUTH_NO_TOKEN;
    }
    if (token.n / 4 * 3 > max_token + 2) {
        return HTTP_AUTH_TOO_LONG;
    }
    if (!base64_decode(token, w)) {
        return HTTP_AUTH_BROKEN;
    }
    if (wire_writer_status(w) != WIRE_OK) {
        return HTTP_AUTH_NO_MEMORY;
    }
    return w->len > max_token ? HTTP_AUTH_TOO_LONG : HTTP_AUTH_TOKEN;
}

const char *
http_auth_result_text(enum http_auth_result result)
{
    static const char *const texts[] = {
        [HTTP_AUTH_TOKEN] = "a token",
        [HTTP_AUTH_OTHER] = "a scheme that is not offered here",
        [HTTP_AUTH_NO_TOKEN] = "a scheme without a token",
        [HTTP_AUTH_BROKEN] = "a token that is not base64",
        [HTTP_AUTH_TOO_LONG] = "a token longer than max_token",
        [HTTP_AUTH_NO_MEMORY] = "no memory for the token",
    };

    return texts[result];
}

/* The port, if any, is what follows the last colon, in brackets' absence. */
static struct bytes
without_port(struct bytes text)
{
    for (size_t i = text.n; i > 0; i--) {
        if (text.p[i - 1] == ':') {
            return bytes_of(text.p, i - 1);
        }
        if (text.p[i - 1] < '0' || text.p[i - 1] > '9') {
            break;
        }
    }
    return text;
}

static bool
is_name(const char *text)
{
    return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_")] == 0 &&
           *text != '-';
}

enum http_host
http_auth_host(const char *header, char to[static HTTP_HOST_BYTES])
{
    struct bytes host = without_port(http_head_trim(bytes_of_string(header)));
    struct in6_addr v6;
    struct in_addr v4;

    to[0] = 0;
    if (host.n && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host = bytes_of(host.p + 1, host.n - 2);
    }
    if (host.n && host.p[host.n - 1] == '.') {
        host.n--; /* the root of DNS, which names of services do not have */
    }
    if (host.n == 0 || host.n >= HTTP_HOST_BYTES) {
        return HTTP_HOST_NONE;
    }
    for (size_t i = 0; i < host.n; i++) {
        uint8_t c = host.p[i];

        to[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    to[host.n] = 0;
    if (inet_pton(AF_INET, to, &v4) == 1 || inet_pton(AF_INET6, to, &v6) == 1) {
        return HTTP_HOST_ADDRESS;
    }
    if (is_name(to)) {
        return HTTP_HOST_NAME;
    }
    to[0] = 0;
    return HTTP_HOST_NONE;
}

bool
http_auth_is_ntlm(struct bytes token)
{
    return bytes_starts_with(token, bytes_of("NTLMSSP", 8));
}

bool
http_auth_is_first(struct bytes token)
{
    if (http_auth_is_ntlm(token)) {
        return token.n >= 12 && wire_load_le32(token.p + 8) == 1;
    }
    /* RFC 2743 3.1: an initial token's tag is [APPLICATION 0]; later ones of SPNEGO are [1]. */
    return token.n > 0 && token.p[0] == 0x60;
}

bool
http_auth_goes_on(struct bytes value)
{
    enum { CHARACTERS = 16, BYTES = 12 }; /* enough to tell NTLM's messages from each other */
    uint8_t room[BYTES];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    enum http_scheme scheme;
    struct bytes token;

    if (!split(value, &scheme, &token) || scheme == HTTP_SCHEME_BASIC) {
        return false;
    }
    token.n = token.n < CHARACTERS ? token.n : CHARACTERS;
    return base64_decode(token, &w) && w.len && !http_auth_is_first(wire_written(&w));
}

bool
http_auth_is_basic(struct bytes value)
{
    enum http_scheme scheme;
    struct bytes token;

    return split(value, &scheme, &token) && scheme == HTTP_SCHEME_BASIC;
}

bool
http_auth_is_cut(struct bytes token)
{
    struct wire_reader r = wire_reader_of(token);

    if (token.n == 0 || token.p[0] != 0x60) {
        return false;
    }
    (void)der_take(&r, 0x60);
    return wire_status(&r) == WIRE_SHORT;
}

void
http_auth_put_percent(struct wire_writer *w, struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        char escape[4];

        if (letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~') {
            wire_put_u8(w, c);
        } else {
            (void)snprintf(escape, sizeof(escape), "%%%02X", c);
            wire_put(w, escape, 3);
        }
    }
}
