/* SPDX-License-Identifier: Apache-2.0 */
/* Lines whose calls come as a stream of bytes. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/line_stream.h"

enum { LINGER_MS = 1000, DECODED_BYTES = CALL_CHUNK_BYTES, REPLY_BYTES = 512 };

static struct line_stream *
of(struct line *line)
{
    return (struct line_stream *)(void *)line;
}

/* --- what the channel says ----------------------------------------------------------------- */

/* The caller's bytes, to the owner or to pppd. */
static void
give(struct line_stream *s, struct bytes data)
{
    if (data.n == 0) {
        return;
    }
    if (!s->pump) {
        s->events->input(s->owner, data);
        return;
    }
    (void)pump_send(s->pump, data);
    if (pump_is_full(s->pump)) {
        channel_read(&s->channel, false);
    }
}

static void
on_input(void *owner, struct bytes in)
{
    struct line_stream *s = owner;
    uint8_t data[DECODED_BYTES], reply[REPLY_BYTES];
    struct wire_writer to = wire_writer_fixed(data, sizeof(data));
    struct wire_writer back = wire_writer_fixed(reply, sizeof(reply));

    if (s->lingering) {
        return;
    }
    if (!s->settings->telnet) {
        give(s, in);
        return;
    }
    telnet_decode(&s->telnet, in, &to, &back);
    (void)channel_send(&s->channel, bytes_of(reply, back.len));
    give(s, bytes_of(data, to.len));
}

static void
finish(struct line_stream *s)
{
    (void)uv_timer_stop(&s->linger);
    if (s->attached) {
        s->attached = false;
        channel_close(&s->channel);
    }
}

static void
on_ended(void *owner, const char *why)
{
    struct line_stream *s = owner;

    if (s->hanging_up || s->closing) {
        finish(s);
    } else {
        s->events->lost(s->owner, why);
    }
}

static void
on_drained(void *owner)
{
    struct line_stream *s = owner;

    if (s->lingering) {
        (void)shutdown(s->channel.fd, SHUT_WR);
    }
    if (s->pump) {
        pump_read(s->pump, true);
    }
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct line_stream *s = handle->data;

    s->freed(s);
}

static void
let_go(struct line_stream *s)
{
    uv_close((uv_handle_t *)&s->linger, on_timer_closed);
}

static void
on_closed(void *owner)
{
    struct line_stream *s = owner;

    s->answered = s->lingering = s->hanging_up = false;
    s->peer[0] = 0;
    if (s->closing) {
        let_go(s);
        return;
    }
    s->ready(s);
    s->events->hung_up(s->owner);
}

static const struct channel_events channel_events = { on_input, on_ended, on_drained, on_closed };

/* --- a call -------------------------------------------------------------------------------- */

void
line_stream_init(struct line_stream *s, struct lines *lines, const struct port_settings *settings,
                 const struct line_events *events, void *owner)
{
    s->lines = lines;
    s->settings = settings;
    s->events = events;
    s->owner = owner;
    s->channel.fd = -1;
    (void)uv_timer_init(lines->loop, &s->linger);
    s->linger.data = s;
}

void
line_stream_attach(struct line_stream *s, int fd)
{
    telnet_init(&s->telnet);
    if (!channel_open(&s->channel, s->lines->loop, fd, &channel_events, s)) {
        s->ready(s);
        return;
    }
    s->attached = true;
    s->events->call(s->owner);
}

void
line_stream_answer(struct line *line)
{
    struct line_stream *s = of(line);
    uint8_t room[32];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    if (!s->attached || s->channel.ended) {
        s->events->no_answer(s->owner, "the caller is gone");
        return;
    }
    s->answered = true;
    if (s->settings->telnet) {
        telnet_open(&w);
        (void)channel_send(&s->channel, bytes_of(room, w.len));
    }
    channel_read(&s->channel, true);
    s->events->carrier(s->owner);
}

bool
line_stream_send(struct line *line, struct bytes data)
{
    struct line_stream *s = of(line);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    if (!s->attached) {
        return false;
    }
    if (!s->settings->telnet) {
        return channel_send(&s->channel, data);
    }
    telnet_encode(&s->telnet, data, &w);
    return wire_writer_status(&w) == WIRE_OK && channel_send(&s->channel, wire_written(&w));
}

void
line_stream_read(struct line *line, bool on)
{
    struct line_stream *s = of(line);

    if (s->attached && s->answered && !s->pump && !s->lingering) {
        channel_read(&s->channel, on);
    }
}

/* What came before is gone; the place in a telnet command is not. */
void
line_stream_flush(struct line *line)
{
    struct line_stream *s = of(line);
    uint8_t data[DECODED_BYTES], reply[REPLY_BYTES];
    ssize_t n;

    for (int i = 0; i < 64 && s->attached; i++) {
        struct wire_writer to = wire_writer_fixed(data, sizeof(data));
        struct wire_writer back = wire_writer_fixed(reply, sizeof(reply));
        uint8_t in[DECODED_BYTES];

        n = read(s->channel.fd, in, sizeof(in));
        if (n <= 0) {
            return;
        }
        if (s->settings->telnet) {
            telnet_decode(&s->telnet, bytes_of(in, (size_t)n), &to, &back);
            (void)channel_send(&s->channel, bytes_of(reply, back.len));
        }
    }
}

/* --- pppd ---------------------------------------------------------------------------------- */

static void
on_output(void *owner, struct bytes data)
{
    struct line_stream *s = owner;

    (void)line_stream_send(&s->line, data);
    if (s->channel.queued > CHANNEL_QUEUE_BYTES / 2) {
        pump_read(s->pump, false);
    }
}

static void
on_pump_drained(void *owner)
{
    struct line_stream *s = owner;

    channel_read(&s->channel, true);
}

static const struct pump_events pump_events = { on_output, on_pump_drained };

int
line_stream_hand_over(struct line *line)
{
    struct line_stream *s = of(line);
    int slave = -1;

    if (!s->attached || s->channel.ended) {
        return -1;
    }
    s->pump = pump_new(s->lines->loop, &pump_events, s, &slave);
    if (!s->pump) {
        return -1;
    }
    channel_read(&s->channel, true);
    return slave;
}

void
line_stream_take_back(struct line *line)
{
    struct line_stream *s = of(line);

    if (s->pump) {
        pump_close(s->pump);
        s->pump = NULL;
    }
}

/* --- the end ------------------------------------------------------------------------------- */

static void
on_linger(uv_timer_t *timer)
{
    finish(timer->data);
}

/* A close with unread input would make the peer lose what it was told last. */
void
line_stream_hang_up(struct line *line)
{
    struct line_stream *s = of(line);

    line_stream_take_back(line);
    if (s->hanging_up) {
        return;
    }
    if (!s->attached) {
        s->ready(s);
        s->events->hung_up(s->owner);
        return;
    }
    s->hanging_up = true;
    if (s->channel.ended) {
        finish(s);
        return;
    }
    s->lingering = true;
    if (s->channel.queued == 0) {
        (void)shutdown(s->channel.fd, SHUT_WR);
    }
    channel_read(&s->channel, true);
    (void)uv_timer_start(&s->linger, on_linger, LINGER_MS, 0);
}

void
line_stream_close(struct line *line)
{
    struct line_stream *s = of(line);

    line_stream_take_back(line);
    s->closing = true;
    if (s->attached) {
        finish(s);
    } else if (!s->hanging_up) {
        let_go(s); /* else the channel's end does it */
    }
}

size_t
line_stream_describe(const struct line *line, char *text, size_t n)
{
    const struct line_stream *s = (const struct line_stream *)(const void *)line;
    int len = snprintf(text, n, "%s", s->peer);

    return len > 0 ? (size_t)len : 0;
}

void
line_stream_count(const struct line *line, uint64_t *in, uint64_t *out)
{
    const struct line_stream *s = (const struct line_stream *)(const void *)line;

    *in = s->channel.bytes_in;
    *out = s->channel.bytes_out;
}
