/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes a text means. */
#include "base/base64.h"
#include "codec/ntlm_msg.h"
#include "tools/decode_input.h"

enum { WRAP_COLUMNS_MAX = 128 }; /* base64(1) wraps at 76, others at 64 */

bool
decode_input_is_text(struct bytes in)
{
    if (bytes_starts_with(in, ntlm_msg_signature)) {
        return false;
    }
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];

        if (c >= 0x7F || (c < 0x20 && c != '\n' && c != '\r' && c != '\t')) {
            return false;
        }
    }
    return true;
}

static struct bytes
trim(struct bytes text, const char *what)
{
    struct bytes set = bytes_of_string(what);
    bool more = true;

    while (text.n && more) {
        bool front = memchr(set.p, text.p[0], set.n),
             back = memchr(set.p, text.p[text.n - 1], set.n);

        text = bytes_of(text.p + front, text.n - (front || back));
        more = front || back;
    }
    return text;
}

static struct bytes
next_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->p, '\n', text->n);
    size_t n = end ? (size_t)(end - text->p) : text->n;
    struct bytes line = bytes_of(text->p, n);

    *text = bytes_of(text->p + n + (end ? 1 : 0), text->n - n - (end ? 1 : 0));
    return line;
}

/* --- HTTP ---------------------------------------------------------------------------------- */

/* Up to and without one of the characters; *text goes past it and blanks. Empty: none is there. */
static struct bytes
take_until(struct bytes *text, char c)
{
    const uint8_t *at = text->n ? memchr(text->p, c, text->n) : NULL;
    size_t n = at ? (size_t)(at - text->p) : 0;
    struct bytes before = bytes_of(text->p, n);

    if (at) {
        *text = trim(bytes_of(at + 1, text->n - n - 1), " \t");
    }
    return before;
}

static bool
is_one_of(struct bytes word, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal_nocase(word, bytes_of_string(names[i]))) {
            return true;
        }
    }
    return false;
}

static bool
is_scheme(struct bytes word)
{
    static const char *const names[] = { "Negotiate", "NTLM", "Kerberos" };

    return is_one_of(word, names, SEC_ARRAY_LEN(names));
}

enum header { NO_HEADER, FROM_CLIENT, FROM_SERVER };

/* "Authorization: ", also behind the "> " that curl -v writes. *rest: what follows. */
static enum header
header_of(struct bytes line, struct bytes *rest)
{
    static const char *const client[] = { "Authorization", "Proxy-Authorization" };
    static const char *const server[] = { "WWW-Authenticate", "Proxy-Authenticate" };
    struct bytes name;

    *rest = trim(line, " \t\r\"'<>*");
    name = trim(take_until(rest, ':'), " \t");
    if (is_one_of(name, client, SEC_ARRAY_LEN(client))) {
        return FROM_CLIENT;
    }
    return is_one_of(name, server, SEC_ARRAY_LEN(server)) ? FROM_SERVER : NO_HEADER;
}

/* A line's scheme, or nothing; *rest: the token's text. */
static struct bytes
take_scheme(struct bytes *rest)
{
    struct bytes copy = *rest, word = take_until(&copy, ' ');

    if (is_scheme(word.n ? word : *rest)) {
        word = word.n ? word : *rest;
        *rest = word.n == rest->n ? bytes_of(rest->p + rest->n, 0) : copy;
        return word;
    }
    return (struct bytes){ 0 };
}

/* --- bytes --------------------------------------------------------------------------------- */

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "6082…", "60 82 …", "60:82:…", "0x60, 0x82, …". */
static bool
hex_decode(struct bytes text, struct wire_writer *w)
{
    int high = -1;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        int value = hex_value(c);

        if (c == '0' && high < 0 && i + 1 < text.n && (text.p[i + 1] | 0x20) == 'x') {
            i++;
        } else if (value >= 0 && high >= 0) {
            wire_put_u8(w, (uint8_t)(high << 4 | value));
            high = -1;
        } else if (value >= 0) {
            high = value;
        } else if (high >= 0 || !memchr(" \t:,;\r\n-", c, 9)) {
            return false;
        }
    }
    return high < 0 && w->len > 0;
}

static bool
is_base64_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* As much as there is: of text that was cut, the whole groups. */
static bool
lax_base64_decode(struct bytes text, struct wire_writer *w, const char **remark)
{
    struct bytes letters = trim(text, "=");
    struct bytes groups = bytes_of(letters.p, letters.n - letters.n % 4);

    for (size_t i = 0; i < letters.n; i++) {
        if (!is_base64_letter(letters.p[i])) {
            return false;
        }
    }
    if (!groups.n || !base64_decode(groups, w)) {
        return false;
    }
    *remark = text.n % 4 ? "its base64 is cut: its length is not a multiple of 4"
                         : "its base64 has padding or bits where none belong";
    return true;
}

static bool
begins_a_token(struct bytes b)
{
    static const uint8_t firsts[] = { 0x60, 0xA0, 0xA1, 0x6E, 0x6F, 0x7E, 0x30 };

    return b.n > 1 && (memchr(firsts, b.p[0], sizeof(firsts)) != NULL ||
                       ((b.p[0] == 0x04 || b.p[0] == 0x05) && b.p[1] == 0x04) ||
                       bytes_starts_with(b, ntlm_msg_signature) ||
                       bytes_starts_with(b, bytes_of_string("NEGOEXTS")));
}

/* The bytes of a text. What could be both is what begins a token; then base64 behind a scheme, where
 * RFC 9110 has nothing else, and hexadecimal by itself. */
static void
take_bytes(struct bytes text, struct decode_input_token *out, struct wire_writer *token)
{
    SEC_AUTO(wire_writer) hex = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) base64 = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) lax = wire_writer_growing(NULL, 0);
    bool is_hex = hex_decode(text, &hex), is_base64 = base64_decode(text, &base64);

    if (is_hex && (!is_base64 || begins_a_token(wire_written(&hex)) ||
                   (!out->scheme.n && !begins_a_token(wire_written(&base64))))) {
        wire_put_bytes(token, wire_written(&hex));
        out->form = "hexadecimal";
    } else if (is_base64) {
        wire_put_bytes(token, wire_written(&base64));
        out->form = "base64";
    } else if (lax_base64_decode(text, &lax, &out->remark)) {
        wire_put_bytes(token, wire_written(&lax));
        out->form = "base64";
    } else {
        out->fault = "neither base64 nor hexadecimal, nor a header that holds a token";
    }
}

/* --- lines --------------------------------------------------------------------------------- */

struct decode_input
decode_input_of(struct bytes text)
{
    struct decode_input input = { .rest = text };
    struct bytes rest;

    while (text.n && !input.headers) {
        input.headers = header_of(next_line(&text), &rest) != NO_HEADER;
    }
    return input;
}

static bool
is_base64(struct bytes text)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    return text.n && base64_decode(text, &w);
}

/* Base64 that was wrapped: lines of one length, and a last one that is not longer. */
static void
join_lines(struct decode_input *input, struct bytes line, struct wire_writer *text)
{
    size_t columns = line.n;

    wire_put_bytes(text, line);
    while (line.n == columns && columns % 4 == 0 && columns <= WRAP_COLUMNS_MAX && columns >= 60 &&
           is_base64(line) && input->rest.n) {
        struct bytes rest = input->rest, next = trim(next_line(&rest), " \t\r");

        if (next.n == 0 || next.n > columns || !is_base64(next)) {
            break;
        }
        wire_put_bytes(text, next);
        input->rest = rest;
        input->line++;
        line = next;
    }
}

bool
decode_input_next(struct decode_input *input, struct decode_input_token *out,
                  struct wire_writer *token)
{
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);

    while (input->rest.n) {
        struct bytes line = next_line(&input->rest), rest;
        enum header header = header_of(line, &rest);

        input->line++;
        if (input->headers && header == NO_HEADER) {
            continue;
        }
        rest = header != NO_HEADER ? rest : trim(line, " \t\r\"'");
        if (rest.n == 0 && header == NO_HEADER) {
            continue;
        }
        *out = (struct decode_input_token){ .line = input->line, .scheme = take_scheme(&rest) };
        wire_writer_clear(token);
        *token = wire_writer_growing(NULL, 0);
        if (header != NO_HEADER && !out->scheme.n) {
            out->fault = "its scheme has no tokens: not Negotiate, NTLM or Kerberos";
        } else if (rest.n == 0) {
            out->offer = header == FROM_SERVER;
        } else {
            join_lines(input, rest, &text);
            take_bytes(wire_written(&text), out, token);
        }
        return true;
    }
    return false;
}
