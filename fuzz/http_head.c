/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: http_head_end, http_head_may_begin, http_head_read, http_head_move,
 * http_body_init, http_body_skip. A stream of requests, whole and in pieces: both must be read alike. */
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "service/http_body.h"
#include "service/http_head.h"

enum { BODY_BYTES = 4096 };

/* Strings without what would end a line of a log or a header. */
static void
must_be_text(const char *s)
{
    for (; *s; s++) {
        fuzz_must(*s != '\n' && *s != '\r');
    }
}

static void
check_head(const struct http_head *head)
{
    fuzz_must(*head->method && (*head->path == '/' || *head->path == '*'));
    fuzz_must(!strchr(head->path, '?') && !strchr(head->path, ' '));
    fuzz_must(!head->chunked || (head->minor && head->body_bytes == 0));
    fuzz_must((head->n_authorization != 0) == (head->authorization != NULL));
    fuzz_must(head->host || head->minor == 0);
    fuzz_must(head->n_fields <= HTTP_MAX_FIELDS);
    for (size_t i = 0; i < head->n_fields; i++) {
        fuzz_must(*head->fields[i].name);
        must_be_text(head->fields[i].name);
        must_be_text(head->fields[i].value);
    }
}

/* The head at the beginning of data, found in pieces. */
static size_t
end_in_pieces(struct bytes in, size_t step)
{
    size_t scanned = 0, end = 0;

    for (size_t n = step; end == 0; n += step) {
        end = http_head_end(bytes_of(in.p, n < in.n ? n : in.n), &scanned);
        if (n >= in.n) {
            break;
        }
    }
    return end;
}

/* How many bytes the body has, in pieces; SIZE_MAX: it is refused, or cut. */
static size_t
skip_body(const struct http_head *head, struct bytes in, size_t step)
{
    enum http_body_result result = HTTP_BODY_MORE;
    struct http_body body;
    size_t at = 0;

    http_body_init(&body, head->chunked, head->body_bytes, BODY_BYTES);
    do {
        struct bytes piece = bytes_of(in.p + at, in.n - at < step ? in.n - at : step);
        size_t had = piece.n;

        result = http_body_skip(&body, &piece);
        fuzz_must(piece.n <= had);
        at += had - piece.n;
        fuzz_must(result != HTTP_BODY_MORE || piece.n == 0);
    } while (result == HTTP_BODY_MORE && at < in.n);
    fuzz_must(result != HTTP_BODY_WHOLE || at <= BODY_BYTES);
    return result == HTTP_BODY_WHOLE ? at : SIZE_MAX;
}

/* How many bytes of in are one request; 0: none. */
static size_t
one_request(struct bytes in, size_t step)
{
    size_t scanned = 0, n = http_head_end(in, &scanned), body;
    struct http_head head;
    char *text, *copy;
    bool good;

    fuzz_must(n <= in.n && n == end_in_pieces(in, step));
    if (n == 0) {
        return 0;
    }
    text = mem_dup(in.p, n);
    fuzz_must(text != NULL);
    good = http_head_read(&head, text, n);
    fuzz_must(good || (head.status >= 400 && *head.why));
    if (!good) {
        mem_free(text);
        return 0;
    }
    fuzz_must(http_head_may_begin(in));
    copy = mem_dup(text, n);
    fuzz_must(copy != NULL);
    http_head_move(&head, text, copy);
    mem_free(text);
    check_head(&head);
    in = bytes_of(in.p + n, in.n - n);
    body = skip_body(&head, in, in.n + 1);
    fuzz_must(body == skip_body(&head, in, step));
    mem_free(copy);
    return body == SIZE_MAX ? 0 : n + body;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    size_t step = n ? (size_t)data[0] % 64 + 1 : 1, took;
    struct bytes in = bytes_of(data + (n ? 1 : 0), n ? n - 1 : 0);

    (void)http_head_may_begin(in);
    while ((took = one_request(in, step)) != 0) {
        in = bytes_of(in.p + took, in.n - took);
    }
    return 0;
}
