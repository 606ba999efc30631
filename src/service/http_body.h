/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of HTTP requests, which nobody here wants: where they end. Pure functions. */
#ifndef SERVICE_HTTP_BODY_H
#define SERVICE_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"

enum http_body_result {
    HTTP_BODY_MORE,
    HTTP_BODY_WHOLE,
    HTTP_BODY_BROKEN,
    HTTP_BODY_TOO_LARGE,
};

enum http_body_state {
    HTTP_BODY_BYTES,     /* Content-Length */
    HTTP_BODY_SIZE,      /* the digits of a chunk's size */
    HTTP_BODY_EXTENSION, /* after them */
    HTTP_BODY_SIZE_LF,   /* after the CR of that line */
    HTTP_BODY_CHUNK,     /* its bytes */
    HTTP_BODY_CHUNK_CR,  /* after them */
    HTTP_BODY_CHUNK_LF,
    HTTP_BODY_TRAILER, /* the beginning of a line of the trailer */
    HTTP_BODY_FIELD,   /* within it */
    HTTP_BODY_FIELD_LF,
    HTTP_BODY_END_LF, /* of the empty line that ends the trailer */
    HTTP_BODY_DONE,
};

struct http_body {
    enum http_body_state state;
    unsigned digits;
    uint64_t left;   /* of the body, or of the chunk */
    uint64_t budget; /* bytes that may still come, sizes and trailer included */
};

/* chunked: bytes is of no importance. more than budget is HTTP_BODY_TOO_LARGE. */
void http_body_init(struct http_body *body, bool chunked, uint64_t bytes, uint64_t budget);
/* Takes from in what belongs to the body. */
SEC_NODISCARD enum http_body_result http_body_skip(struct http_body *body, struct bytes *in);

#endif
