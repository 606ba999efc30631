/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of HTTP requests, RFC 9112 sections 6.3 and 7.1. */
#include "service/http_body.h"

enum { MAX_SIZE_DIGITS = 8 };

void
http_body_init(struct http_body *body, bool chunked, uint64_t bytes, uint64_t budget)
{
    *body = (struct http_body){ .state = chunked ? HTTP_BODY_SIZE : HTTP_BODY_BYTES,
                                .left = chunked ? 0 : bytes,
                                .budget = budget };
    if (!chunked && bytes == 0) {
        body->state = HTTP_BODY_DONE;
    }
}

static int
digit_of(uint8_t c)
{
    uint8_t lower = c | 0x20;

    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool
is_text(uint8_t c)
{
    return c == '\t' || (c >= ' ' && c != 0x7F);
}

/* A character of a chunk's first line, before its LF. */
static bool
take_size(struct http_body *body, uint8_t c)
{
    int digit = body->state == HTTP_BODY_SIZE ? digit_of(c) : -1;

    if (digit >= 0) {
        body->left = body->left << 4 | (uint64_t)digit;
        return ++body->digits <= MAX_SIZE_DIGITS;
    }
    if (body->digits == 0) {
        return false;
    }
    if (c == '\r') {
        body->state = HTTP_BODY_SIZE_LF;
        return true;
    }
    /* An extension, which says nothing to us. */
    if (body->state == HTTP_BODY_SIZE && c != ';' && c != ' ' && c != '\t') {
        return false;
    }
    body->state = HTTP_BODY_EXTENSION;
    return is_text(c);
}

static bool
take_trailer(struct http_body *body, uint8_t c)
{
    if (c == '\r') {
        body->state = body->state == HTTP_BODY_TRAILER ? HTTP_BODY_END_LF : HTTP_BODY_FIELD_LF;
        return true;
    }
    /* A folded line at its beginning is refused, as in the head. */
    if (body->state == HTTP_BODY_TRAILER && (c == ' ' || c == '\t')) {
        return false;
    }
    body->state = HTTP_BODY_FIELD;
    return is_text(c);
}

static bool
take_end_of_line(struct http_body *body, uint8_t c)
{
    switch (body->state) {
    case HTTP_BODY_SIZE_LF: body->state = body->left ? HTTP_BODY_CHUNK : HTTP_BODY_TRAILER; break;
    case HTTP_BODY_CHUNK_LF:
        body->state = HTTP_BODY_SIZE;
        body->digits = 0;
        break;
    case HTTP_BODY_FIELD_LF: body->state = HTTP_BODY_TRAILER; break;
    default: body->state = HTTP_BODY_DONE; break;
    }
    return c == '\n';
}

static bool
take(struct http_body *body, uint8_t c)
{
    switch (body->state) {
    case HTTP_BODY_SIZE:
    case HTTP_BODY_EXTENSION: return take_size(body, c);
    case HTTP_BODY_CHUNK_CR: body->state = HTTP_BODY_CHUNK_LF; return c == '\r';
    case HTTP_BODY_TRAILER:
    case HTTP_BODY_FIELD: return take_trailer(body, c);
    default: return take_end_of_line(body, c);
    }
}

/* As much of what is counted as came. */
static size_t
take_counted(struct http_body *body, size_t n)
{
    size_t took = body->left < n ? (size_t)body->left : n;

    body->left -= took;
    if (body->left == 0) {
        body->state = body->state == HTTP_BODY_BYTES ? HTTP_BODY_DONE : HTTP_BODY_CHUNK_CR;
    }
    return took;
}

enum http_body_result
http_body_skip(struct http_body *body, struct bytes *in)
{
    while (body->state != HTTP_BODY_DONE && in->n) {
        bool counted = body->state == HTTP_BODY_BYTES || body->state == HTTP_BODY_CHUNK;
        size_t n = counted ? take_counted(body, in->n) : 1;

        if (!counted && !take(body, in->p[0])) {
            return HTTP_BODY_BROKEN;
        }
        if (n > body->budget) {
            return HTTP_BODY_TOO_LARGE;
        }
        body->budget -= n;
        *in = bytes_of(in->p + n, in->n - n);
    }
    return body->state == HTTP_BODY_DONE ? HTTP_BODY_WHOLE : HTTP_BODY_MORE;
}
