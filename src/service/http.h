/* SPDX-License-Identifier: Apache-2.0 */
/* A connection of an HTTP listener, as its parts see it: http.c has its bytes, its time and its end,
 * http_requests.c what is made of the bytes. */
#ifndef SERVICE_HTTP_H
#define SERVICE_HTTP_H

#include <sys/types.h>

#include "service/http_body.h"
#include "service/http_head.h"
#include "service/http_write.h"
#include "service/service.h"

struct http_port {
    size_t head_max;
    int epoll;
    uv_poll_t poll;
    int64_t date_s;
    char date[HTTP_DATE_BYTES];
};

enum http_stage {
    HTTP_READING, /* a head, or the body after it */
    HTTP_BUSY,    /* the answer is made on the pool: state and pending are not ours */
    HTTP_WRITING, /* the answer does not fit into the socket yet; or it is others' turn */
    HTTP_SAID,    /* it was the last one */
    HTTP_LINGER,  /* what still comes is dropped */
    HTTP_CLOSED,
};

/* What the deadline is for. */
enum http_clock {
    HTTP_CLOCK_HANDSHAKE, /* from the first to the last byte of who is not known */
    HTTP_CLOCK_REQUEST,   /* of who is known */
    HTTP_CLOCK_IDLE,      /* between two of them */
    HTTP_CLOCK_LINGER,
};

struct http_pending;

struct http {
    struct connection connection; /* first */
    struct http_port *port;
    int fd;
    enum http_stage stage;
    enum http_clock clock;
    uint32_t watched; /* events */
    bool is_watched;  /* the port's epoll descriptor has it */
    bool proven;      /* http_state_is_known, when state was ours last */
    bool closes;      /* the answer that is being sent is the last */
    bool refused;     /* more may be on its way */
    size_t scanned;   /* of in, for the end of a head */
    struct wire_writer in;
    struct wire_writer out;
    size_t sent; /* of out */
    size_t dropped;
    struct http_pending *pending; /* a request that has to wait */
    struct http_body body;
    struct http_state state;
};

/* What was read and not used yet. */
struct http_text {
    char *p;
    size_t n;
};

/* Ends it now, wherever it stands. What the pool has is released when it comes back. */
void http_end(struct http *h);
/* The pool gave back what belongs to a connection that has ended. */
void http_release(struct http *h);
void http_note(const struct http *h, const char *what);
/* The answer, which closes ends the connection after. What does not go at once is kept. */
void http_send(struct http *h, struct bytes bytes);
/* How many bytes went; -1: it is at its end. */
ssize_t http_send_some(struct http *h, struct bytes bytes);
/* After an answer from the pool: what was read before. */
void http_resume(struct http *h);

/* Uses what came as far as may be now. */
void http_requests_use(struct http *h, struct http_text *text);
void http_pending_free(struct http_pending *pending);
/* Takes back what has not begun. */
void http_pending_cancel(struct http_pending *pending);

#endif
