/* SPDX-License-Identifier: Apache-2.0 */
/* A connection of a framed listener, as its parts see it: framed.c has its beginning, its handshake
 * and its end, framed_stream.c what is said after the handshake, tunnel.c the way to a backend. */
#ifndef SERVICE_FRAMED_H
#define SERVICE_FRAMED_H

#include "service/outbox.h"
#include "service/service.h"
#include "service/stream.h"

enum framed_state {
    FRAMED_HANDSHAKE, /* tokens */
    FRAMED_LEG,       /* a token is on the pool: the session is not ours to touch */
    FRAMED_STREAM,    /* messages */
    FRAMED_LINGER,    /* all is said: what still comes is dropped */
    FRAMED_CLOSED,
};

struct framed_leg;
struct tunnel;

struct framed {
    struct connection connection; /* first */
    uv_tcp_t tcp;
    struct outbox outbox;
    enum framed_state state;
    bool at_eof;    /* the peer closed its direction */
    bool overdue;   /* the deadline came while a leg was out */
    unsigned holds; /* what refers to it: handles that are not closed, a leg that is out */
    uint64_t moved_ms;
    struct session session;
    struct framed_leg *leg;
    struct tunnel *tunnel;
    struct stream_reader reader;
    SecPkgContext_Sizes sizes;
};

/* Something refers to it until it lets go again. */
void framed_hold(struct framed *f);
void framed_release(struct framed *f);

/* Bytes came or went: it is not idle. */
void framed_moved(struct framed *f);
/* Reads, or waits until somebody says so again. */
void framed_read_on(struct framed *f);
void framed_pause(struct framed *f);
/* What does not go at once is copied. Closes the connection where it fails. */
void framed_send(struct framed *f, struct bytes bytes);

/* Ends our direction and waits for the peer's end, so that what was sent last arrives: a close with
 * unread bytes would be a reset, which may overtake it. Who is known may take his time to read what
 * is on its way; who is not may not. */
void framed_linger(struct framed *f);
void framed_close(struct framed *f);

/* A line in the log. */
void framed_note(const struct framed *f, const char *what);
/* The same, for what the library says is wrong; and closes. */
void framed_fail(struct framed *f, const char *what, SECURITY_STATUS status);

/* After the handshake, for framed.c: it begins, a whole frame is in f->reader, the peer's direction
 * ended on TCP (UV_EOF, or an error), all that was queued went out. */
void framed_stream_begin(struct framed *f);
void framed_stream_message(struct framed *f);
void framed_stream_eof(struct framed *f, int status);
void framed_stream_drained(struct framed *f);

#endif
