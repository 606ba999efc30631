/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an HTTP/1.x request (RFC 9112), read strictly: what two readers could take for two
 * different requests is none. Pure functions. */
#ifndef SERVICE_HTTP_HEAD_H
#define SERVICE_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "service/http_answer.h"

enum {
    HTTP_MAX_FIELDS = 100,
    HTTP_METHOD_BYTES = 32,
    HTTP_TARGET_BYTES = 8000, /* RFC 9112 3: what every recipient should take */
};

struct http_head {
    const char *method, *path; /* without the query */
    unsigned minor;            /* HTTP/1.minor */
    bool keeps_alive, expects_continue;
    bool chunked;
    uint64_t body_bytes;       /* Content-Length; UINT64_MAX: more than can be said */
    const char *host;          /* NULL: HTTP/1.0 without one */
    const char *authorization; /* the last; NULL: there is none */
    unsigned n_authorization;
    struct http_field fields[HTTP_MAX_FIELDS];
    size_t n_fields;
    /* Of a head that was refused: what it is answered, and why. */
    unsigned status;
    const char *why;
};

/* How long the head is that in begins with; 0: its end has not come. Before *scanned no end can
 * begin; 0 for a new head, it is moved on. */
size_t http_head_end(struct bytes in, size_t *scanned);
/* Whether a request may begin like this: else there is no use in waiting for more. */
bool http_head_may_begin(struct bytes in);

/* Reads a whole head of n bytes, whose texts then are strings within text, which changes. false: it
 * is refused, and the connection with it. */
SEC_NODISCARD bool http_head_read(struct http_head *head, char *text, size_t n);
/* After text was copied elsewhere: head's strings are those of the copy. */
void http_head_move(struct http_head *head, const char *from, char *to);

/* RFC 9110 5.6.3, OWS: a space or a tab, and text without those around it. */
bool http_head_is_blank(uint8_t c);
struct bytes http_head_trim(struct bytes text);

#endif
