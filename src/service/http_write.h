/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP reply as bytes (RFC 9112 section 4). Pure functions. */
#ifndef SERVICE_HTTP_WRITE_H
#define SERVICE_HTTP_WRITE_H

#include <stdbool.h>

#include "base/wire.h"
#include "service/http_answer.h"

enum { HTTP_DATE_BYTES = 30 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */

struct http_write_to {
    const char *date; /* RFC 9110 5.6.7 */
    unsigned minor;   /* of the request's version */
    bool is_head;     /* the method: no body follows */
};

void http_write_reply(struct wire_writer *w, const struct http_reply *reply,
                      const struct http_write_to *to);
/* What a request is answered that nobody but its reader has seen: its status, and the end. */
void http_write_refusal(struct http_reply *reply, unsigned status);
/* Seconds since 1970. */
void http_write_date(int64_t seconds, char date[static HTTP_DATE_BYTES]);

#endif
