/* SPDX-License-Identifier: Apache-2.0 */
/* What lines have in common whose calls come as a stream of bytes without a modem: tcp and pty. */
#ifndef RAS_LINE_STREAM_H
#define RAS_LINE_STREAM_H

#include "ras/channel.h"
#include "ras/line.h"
#include "ras/pump.h"
#include "ras/settings.h"
#include "ras/telnet.h"

enum { LINE_PEER_BYTES = 64 };

/* The first member of both. */
struct line_stream {
    struct line line;
    struct lines *lines;
    const struct port_settings *settings;
    const struct line_events *events;
    void *owner;
    struct channel channel; /* of the call */
    uv_timer_t linger;      /* the end of a call: until the caller has read what was said last */
    struct pump *pump;      /* while pppd has the line */
    struct telnet telnet;
    bool attached;            /* the channel is open */
    bool answered, lingering; /* input is the caller's; it was told the end */
    bool hanging_up, closing;
    char peer[LINE_PEER_BYTES];
    void (*ready)(struct line_stream *); /* the channel is closed: before hung_up */
    void (*freed)(struct line_stream *); /* after close: frees it */
};

void line_stream_init(struct line_stream *, struct lines *, const struct port_settings *,
                      const struct line_events *, void *owner);
/* A call: takes fd. It tells the owner of it. */
void line_stream_attach(struct line_stream *, int fd);

/* What both fill in alike in their struct line_ops. Their close does more, and ends with
 * line_stream_close. */
#define LINE_STREAM_OPS                                                               \
    .answer = line_stream_answer, .send = line_stream_send, .read = line_stream_read, \
    .flush = line_stream_flush, .hand_over = line_stream_hand_over,                   \
    .take_back = line_stream_take_back, .hang_up = line_stream_hang_up,               \
    .describe = line_stream_describe, .count = line_stream_count
void line_stream_answer(struct line *);
bool line_stream_send(struct line *, struct bytes data);
void line_stream_read(struct line *, bool on);
void line_stream_flush(struct line *);
int line_stream_hand_over(struct line *);
void line_stream_take_back(struct line *);
void line_stream_hang_up(struct line *);
void line_stream_close(struct line *);
size_t line_stream_describe(const struct line *, char *text, size_t n);
void line_stream_count(const struct line *, uint64_t *in, uint64_t *out);

#endif
