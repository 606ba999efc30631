/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP answer, while it is put together. */
#ifndef SERVICE_HTTP_REPLY_H
#define SERVICE_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/wire.h"
#include "service/http_auth.h"

enum { HTTP_MAX_HEADERS = 16 };

struct http_header {
    const char *name; /* static */
    struct wire_writer value;
};

struct http_reply {
    unsigned status;
    const char *type; /* Content-Type */
    bool close;       /* the connection is not to be used again */
    struct wire_writer body;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t n_headers;
};

void http_reply_init(struct http_reply *reply);
void http_reply_clear(struct http_reply *reply);
/* Ends each header's value in NUL; where one could not be written the answer is 503: a challenge or
 * an identity would be missing. */
void http_reply_finish(struct http_reply *reply);

/* The value of one header more, to be written to. */
struct wire_writer *http_reply_header(struct http_reply *reply, const char *name);
void http_reply_body(struct http_reply *reply, unsigned status, const char *text);
/* WWW-Authenticate of a scheme and, where there is one, its token. */
void http_reply_challenge(struct http_reply *reply, enum http_scheme scheme, struct bytes token);

#endif
