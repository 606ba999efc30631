/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP answer. */
#include "service/http_reply.h"

#include "base/base64.h"

void
http_reply_init(struct http_reply *reply)
{
    *reply = (struct http_reply){ .status = 500, .body = wire_writer_growing(NULL, 0) };
}

void
http_reply_clear(struct http_reply *reply)
{
    wire_writer_clear(&reply->body);
    for (size_t i = 0; i < reply->n_headers; i++) {
        wire_writer_clear(&reply->headers[i].value);
    }
    *reply = (struct http_reply){ 0 };
}

void
http_reply_finish(struct http_reply *reply)
{
    for (size_t i = 0; i < reply->n_headers; i++) {
        wire_put_u8(&reply->headers[i].value, 0);
        if (wire_writer_status(&reply->headers[i].value) != WIRE_OK) {
            reply->close = true;
            reply->status = 503;
        }
    }
}

struct wire_writer *
http_reply_header(struct http_reply *reply, const char *name)
{
    struct http_header *header = &reply->headers[reply->n_headers];

    if (reply->n_headers + 1 < HTTP_MAX_HEADERS) {
        reply->n_headers++;
    }
    *header = (struct http_header){ name, wire_writer_growing(NULL, 0) };
    return &header->value;
}

void
http_reply_body(struct http_reply *reply, unsigned status, const char *text)
{
    reply->status = status;
    reply->type = "text/plain; charset=utf-8";
    wire_put_bytes(&reply->body, bytes_of_string(text));
}

void
http_reply_challenge(struct http_reply *reply, enum http_scheme scheme, struct bytes token)
{
    struct wire_writer *w = http_reply_header(reply, "WWW-Authenticate");

    wire_put_bytes(w, bytes_of_string(http_auth_scheme_name(scheme)));
    if (token.n) {
        wire_put_u8(w, ' ');
        base64_encode(token, w);
    }
}
