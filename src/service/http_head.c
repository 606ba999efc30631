/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of HTTP/1.x requests, RFC 9112 sections 2 to 6 and 9. */
#include "service/http_head.h"

#include <string.h>

#include "base/wire.h"

enum { MAX_LENGTH_DIGITS = 18 };

static bool
refuse(struct http_head *head, unsigned status, const char *why)
{
    head->status = status;
    head->why = why;
    return false;
}

/* --- characters ---------------------------------------------------------------------------- */

/* RFC 9110 5.6.2 tchar */
static bool
is_token_character(uint8_t c)
{
    uint8_t lower = c | 0x20;

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool
is_token(struct bytes text)
{
    size_t i = 0;

    while (i < text.n && is_token_character(text.p[i])) {
        i++;
    }
    return text.n && i == text.n;
}

/* RFC 9110 5.5 field-content: no control but the tab. Without a way out early the compiler takes
 * many at once. */
static bool
is_field_content(struct bytes text)
{
    unsigned bad = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        bad |= (unsigned)((c < 0x20) & (c != '\t')) | (unsigned)(c == 0x7F);
    }
    return !bad;
}

bool
http_head_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct bytes
http_head_trim(struct bytes text)
{
    while (text.n && http_head_is_blank(text.p[0])) {
        text = bytes_of(text.p + 1, text.n - 1);
    }
    while (text.n && http_head_is_blank(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

static bool
is_word(struct bytes text, const char *word)
{
    return bytes_equal_nocase(text, bytes_of_string(word));
}

/* Up to, and without, the first c, which is consumed; all of it where there is none: *found. */
static struct bytes
take_until(struct wire_reader *r, uint8_t c, bool *found)
{
    const uint8_t *at = wire_left(r) ? memchr(r->cur, c, wire_left(r)) : NULL;
    struct bytes text = wire_take(r, at ? (size_t)(at - r->cur) : wire_left(r));

    *found = at != NULL;
    wire_skip(r, at ? 1 : 0);
    return text;
}

/* --- where it ends ------------------------------------------------------------------------- */

/* An empty line ends a head. A bare LF ends lines as well, here alone: so that such a head is
 * refused instead of waited for. */
size_t
http_head_end(struct bytes in, size_t *scanned)
{
    while (*scanned < in.n) {
        const uint8_t *lf = memchr(in.p + *scanned, '\n', in.n - *scanned);
        size_t after = lf ? (size_t)(lf - in.p) + 1 : in.n;

        if (!lf) {
            *scanned = in.n;
            return 0;
        }
        if (after < in.n && in.p[after] == '\n') {
            return after + 1;
        }
        if (after + 1 < in.n && in.p[after] == '\r' && in.p[after + 1] == '\n') {
            return after + 2;
        }
        if (after == in.n || (after + 1 == in.n && in.p[after] == '\r')) {
            return 0; /* this LF is looked at again */
        }
        *scanned = after;
    }
    return 0;
}

bool
http_head_may_begin(struct bytes in)
{
    return in.n == 0 || is_token_character(in.p[0]) ||
           (in.p[0] == '\r' && (in.n == 1 || in.p[1] == '\n'));
}

/* --- its lines ----------------------------------------------------------------------------- */

/* The string that text holds at a view's place: a delimiter follows each view, and is not needed
 * any more. */
static const char *
string_at(char *text, struct bytes view)
{
    size_t at = (size_t)(view.p - (const uint8_t *)text);

    text[at + view.n] = 0;
    return text + at;
}

/* A line without its CR LF. false: it ends in a bare LF, or not at all. */
static bool
take_line(struct wire_reader *r, struct bytes *line)
{
    bool ended;

    *line = take_until(r, '\n', &ended);
    if (!ended || line->n == 0 || line->p[line->n - 1] != '\r') {
        return false;
    }
    line->n--;
    return true;
}

/* RFC 9112 2.3. A minor version that is not known is spoken to as 1.1. */
static bool
read_version(struct http_head *head, struct bytes version)
{
    bool formed = version.n == 8 && bytes_starts_with(version, bytes_of_string("HTTP/")) &&
                  version.p[5] >= '0' && version.p[5] <= '9' && version.p[6] == '.' &&
                  version.p[7] >= '0' && version.p[7] <= '9';

    if (!formed) {
        return refuse(head, 400, "the request line does not end in a version of HTTP");
    }
    if (version.p[5] != '1') {
        return refuse(head, 505, "a version that is not HTTP/1.0 or 1.1");
    }
    head->minor = version.p[7] == '0' ? 0 : 1;
    return true;
}

/* RFC 9112 3.2: a path, or "*" of OPTIONS. Who sends a whole URL takes us for a proxy. */
static bool
check_target(struct http_head *head, struct bytes target, struct bytes method)
{
    bool is_star =
        target.n == 1 && target.p[0] == '*' && bytes_equal(method, bytes_of_string("OPTIONS"));

    if (target.n > HTTP_TARGET_BYTES) {
        return refuse(head, 414, "the request's target is too long");
    }
    if (target.n == 0 || (target.p[0] != '/' && !is_star)) {
        return refuse(head, 400, "the request's target is no path");
    }
    for (size_t i = 0; i < target.n; i++) {
        if (target.p[i] <= ' ' || target.p[i] >= 0x7F || target.p[i] == '#') {
            return refuse(head, 400, "a character in the request's target that may not be there");
        }
    }
    return true;
}

static bool
read_request_line(struct http_head *head, char *text, struct bytes line)
{
    struct wire_reader r = wire_reader_of(line);
    bool after_method, after_target, has_query;
    struct bytes method = take_until(&r, ' ', &after_method);
    struct bytes target = take_until(&r, ' ', &after_target);
    struct wire_reader in_target = wire_reader_of(target);

    if (!is_token(method)) {
        return refuse(head, 400, "the request does not begin with a method");
    }
    if (method.n > HTTP_METHOD_BYTES) {
        return refuse(head, 501, "a method of that length is not known");
    }
    if (!after_method || !after_target) {
        return refuse(head, 400, "the request line is not three words");
    }
    if (!read_version(head, wire_rest(&r)) || !check_target(head, target, method)) {
        return false;
    }
    head->method = string_at(text, method);
    head->path = string_at(text, take_until(&in_target, '?', &has_query));
    return true;
}

/* --- the fields that this end must know ---------------------------------------------------- */

struct seen {
    unsigned hosts, lengths, codings;
    bool close, keep_alive;
};

static bool
read_length(struct http_head *head, struct bytes value)
{
    uint64_t n = 0;

    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') {
            return refuse(head, 400, "Content-Length is no number");
        }
        n = i < MAX_LENGTH_DIGITS ? n * 10 + (uint64_t)(value.p[i] - '0') : UINT64_MAX;
    }
    head->body_bytes = n;
    return value.n > 0 || refuse(head, 400, "Content-Length is empty");
}

static void
read_connection(struct seen *seen, struct bytes value)
{
    struct wire_reader r = wire_reader_of(value);
    bool more = true;

    while (more) {
        struct bytes word = http_head_trim(take_until(&r, ',', &more));

        seen->close = seen->close || is_word(word, "close");
        seen->keep_alive = seen->keep_alive || is_word(word, "keep-alive");
    }
}

static bool
read_known(struct http_head *head, struct seen *seen, struct bytes name, struct bytes value)
{
    const struct http_field *field = &head->fields[head->n_fields - 1];

    if (is_word(name, "Host")) {
        seen->hosts++;
        head->host = field->value;
    } else if (is_word(name, "Authorization")) {
        head->n_authorization++;
        head->authorization = field->value;
    } else if (is_word(name, "Content-Length")) {
        seen->lengths++;
        return read_length(head, value);
    } else if (is_word(name, "Transfer-Encoding")) {
        seen->codings++;
        head->chunked = is_word(value, "chunked");
    } else if (is_word(name, "Connection")) {
        read_connection(seen, value);
    } else if (is_word(name, "Expect") && head->minor) {
        head->expects_continue = is_word(value, "100-continue");
        return head->expects_continue || refuse(head, 417, "an expectation that is not known");
    }
    return true;
}

/* RFC 9112 6.1 and 6.3: where a proxy may read another length than we do, the bytes of one client
 * would become the request of another. */
static bool
check_framing(struct http_head *head, const struct seen *seen)
{
    if (seen->lengths + seen->codings > 1) {
        return refuse(head, 400, "it does not say once how long its body is");
    }
    if (seen->codings && (!head->chunked || head->minor == 0)) {
        return refuse(head, 400, "how long its body is, it says in a coding that is not taken");
    }
    return true;
}

static bool
check_all(struct http_head *head, const struct seen *seen)
{
    if (!check_framing(head, seen)) {
        return false;
    }
    /* RFC 9112 3.2 */
    if (seen->hosts > 1 || (seen->hosts == 0 && head->minor)) {
        return refuse(head, 400, seen->hosts ? "several Host fields" : "no Host field");
    }
    head->keeps_alive = !seen->close && (head->minor || seen->keep_alive);
    return true;
}

/* --- fields -------------------------------------------------------------------------------- */

static bool
read_field(struct http_head *head, char *text, struct seen *seen, struct bytes line)
{
    struct wire_reader r = wire_reader_of(line);
    bool has_colon;
    struct bytes name = take_until(&r, ':', &has_colon), value = http_head_trim(wire_rest(&r));

    if (http_head_is_blank(line.p[0])) {
        return refuse(head, 400, "a folded field");
    }
    if (!has_colon || !is_token(name)) {
        return refuse(head, 400, "a field without a name, or with blanks in it");
    }
    if (!is_field_content(value)) {
        return refuse(head, 400, "a control character in a field");
    }
    if (head->n_fields == HTTP_MAX_FIELDS) {
        return refuse(head, 431, "too many fields");
    }
    head->fields[head->n_fields].name = string_at(text, name);
    /* An empty value's view may begin after the CR: at the line's end, where the CR was. */
    head->fields[head->n_fields].value = value.n ? string_at(text, value) : "";
    head->n_fields++;
    return read_known(head, seen, name, value);
}

static void
clear(struct http_head *head)
{
    /* All but the fields: they are many, and n_fields says which are there. */
    head->method = head->path = head->host = head->authorization = head->why = NULL;
    head->minor = head->n_authorization = head->status = 0;
    head->keeps_alive = head->expects_continue = head->chunked = false;
    head->body_bytes = 0;
    head->n_fields = 0;
}

bool
http_head_read(struct http_head *head, char *text, size_t n)
{
    struct wire_reader r = wire_reader_of(bytes_of(text, n));
    struct seen seen = { 0 };
    struct bytes line;

    clear(head);
    /* RFC 9112 2.2: one empty line before a request is overlooked. */
    if (n > 2 && text[0] == '\r' && text[1] == '\n') {
        wire_skip(&r, 2);
    }
    if (!take_line(&r, &line)) {
        return refuse(head, 400, "the request line does not end in CR LF");
    }
    if (!read_request_line(head, text, line)) {
        return false;
    }
    for (;;) {
        if (!take_line(&r, &line)) {
            return refuse(head, 400, "a line that does not end in CR LF");
        }
        if (line.n == 0) {
            return check_all(head, &seen);
        }
        if (!read_field(head, text, &seen, line)) {
            return false;
        }
    }
}

static const char *
moved(const char *string, const char *from, const char *to)
{
    return string && *string ? to + (string - from) : string;
}

void
http_head_move(struct http_head *head, const char *from, char *to)
{
    head->method = moved(head->method, from, to);
    head->path = moved(head->path, from, to);
    head->host = moved(head->host, from, to);
    head->authorization = moved(head->authorization, from, to);
    for (size_t i = 0; i < head->n_fields; i++) {
        head->fields[i].name = moved(head->fields[i].name, from, to);
        head->fields[i].value = moved(head->fields[i].value, from, to);
    }
}
