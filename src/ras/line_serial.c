/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of type serial: the device, and what a call's owner asks of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/serial_dialog.h"
#include "ras/tty_mode.h"

#ifndef LOCK_FOLDER
#define LOCK_FOLDER "/run/lock"
#endif

static struct line_serial *
of(struct line *line)
{
    return (struct line_serial *)(void *)line;
}

static void
close_device(struct line_serial *s)
{
    serial_dialog_watch_carrier(s, false);
    (void)uv_timer_stop(&s->timer);
    if (s->attached) {
        s->attached = false;
        s->closing_device = true;
        channel_close(&s->channel);
    }
}

static void
on_ended(void *owner, const char *why)
{
    struct line_serial *s = owner;
    bool call = s->state >= SERIAL_RINGING && s->state <= SERIAL_HANDED;

    log_warning(s->lines->log, "the device is gone", log_text("port", s->settings->name),
                log_text("why", why));
    if (call) {
        s->events->lost(s->owner, why); /* hang_up comes */
    } else {
        close_device(s);
    }
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct line_serial *s = handle->data;

    if (--s->open_timers == 0) {
        mem_free(s);
    }
}

static void
free_line(struct line_serial *s)
{
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
    uv_close((uv_handle_t *)&s->carrier, on_timer_closed);
}

static void
on_closed(void *owner)
{
    struct line_serial *s = owner;
    bool told = s->hanging_up;

    s->closing_device = false;
    tty_lock_drop(s->lock);
    if (s->state == SERIAL_CLOSING) {
        free_line(s);
        return;
    }
    s->hanging_up = false;
    serial_dialog_enter(s, SERIAL_DOWN, 1);
    if (told) {
        s->events->hung_up(s->owner);
    }
}

static const struct channel_events channel_events = { serial_dialog_input, on_ended, NULL,
                                                      on_closed };

static bool
open_device(struct line_serial *s, char *why, size_t why_n)
{
    const char *device = s->settings->device;
    int fd;

    if (!tty_lock_take(LOCK_FOLDER, device, s->lock, why, why_n)) {
        return false;
    }
    fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || !tty_mode_set(fd, &s->settings->serial)) {
        (void)snprintf(why, why_n, "%s: %s", device, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        tty_lock_drop(s->lock);
        return false;
    }
    (void)tcflush(fd, TCIOFLUSH);
    s->attached = channel_open(&s->channel, s->lines->loop, fd, &channel_events, s);
    if (!s->attached) {
        (void)snprintf(why, why_n, "%s: it cannot be waited for", device);
        tty_lock_drop(s->lock);
        return false;
    }
    (void)tty_mode_dtr(s->channel.fd, true);
    return true;
}

/* --- the line ------------------------------------------------------------------------------ */

static struct line *
open_line(struct lines *lines, const struct port_settings *settings,
          const struct line_events *events, void *owner, char *why, size_t why_n)
{
    struct line_serial *s = mem_new(sizeof(*s));

    if (!s) {
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    s->line.ops = &line_serial;
    s->lines = lines;
    s->settings = settings;
    s->events = events;
    s->owner = owner;
    s->open_device = open_device;
    if (!open_device(s, why, why_n)) {
        mem_free(s);
        return NULL;
    }
    (void)uv_timer_init(lines->loop, &s->timer);
    (void)uv_timer_init(lines->loop, &s->carrier);
    s->timer.data = s->carrier.data = s;
    s->open_timers = 2;
    serial_dialog_reset(s);
    return &s->line;
}

static void
listen_for_call(struct line *line)
{
    of(line)->listens = true;
}

static void
answer(struct line *line)
{
    serial_dialog_answer(of(line));
}

static bool
send_data(struct line *line, struct bytes data)
{
    struct line_serial *s = of(line);

    return s->state == SERIAL_ONLINE && channel_send(&s->channel, data);
}

static void
read_on(struct line *line, bool on)
{
    struct line_serial *s = of(line);

    if (s->state == SERIAL_ONLINE && s->early_n == 0) {
        channel_read(&s->channel, on);
    }
}

static void
flush(struct line *line)
{
    struct line_serial *s = of(line);

    s->early_n = 0;
    if (s->attached) {
        (void)tcflush(s->channel.fd, TCIFLUSH);
    }
}

static int
hand_over(struct line *line)
{
    struct line_serial *s = of(line);
    int fd = -1;

    if (s->state == SERIAL_ONLINE && !s->channel.ended) {
        fd = fcntl(s->channel.fd, F_DUPFD_CLOEXEC, 0);
    }
    if (fd < 0 || !tty_mode_blocking(fd, true)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    serial_dialog_watch_carrier(s, false);
    channel_idle(&s->channel, true);
    serial_dialog_enter(s, SERIAL_HANDED, 0);
    return fd;
}

static void
take_back(struct line *line)
{
    struct line_serial *s = of(line);

    if (s->state != SERIAL_HANDED) {
        return;
    }
    s->state = SERIAL_ONLINE;
    (void)tty_mode_blocking(s->channel.fd, false);
    (void)tty_mode_set(s->channel.fd, &s->settings->serial);
    channel_idle(&s->channel, false);
}

static void
hang_up(struct line *line)
{
    struct line_serial *s = of(line);

    take_back(line);
    if (s->hanging_up) {
        return;
    }
    s->hanging_up = true;
    serial_dialog_watch_carrier(s, false);
    if (!s->attached) {
        s->hanging_up = s->closing_device; /* else there is nothing to wait for */
        if (!s->closing_device) {
            s->events->hung_up(s->owner);
        }
    } else if (s->channel.ended) {
        close_device(s);
    } else {
        s->drains = 0;
        serial_dialog_drain(s);
    }
}

static void
close_line(struct line *line)
{
    struct line_serial *s = of(line);

    take_back(line);
    s->state = SERIAL_CLOSING;
    if (s->attached) {
        (void)tty_mode_dtr(s->channel.fd, false);
        close_device(s);
    } else if (!s->closing_device) {
        free_line(s);
    }
}

static size_t
describe(const struct line *line, char *text, size_t n)
{
    const struct line_serial *s = (const struct line_serial *)(const void *)line;
    int len = snprintf(text, n, "%s", s->state == SERIAL_DOWN ? "no device" : s->words);

    return len > 0 ? (size_t)len : 0;
}

static void
count(const struct line *line, uint64_t *in, uint64_t *out)
{
    const struct line_serial *s = (const struct line_serial *)(const void *)line;

    *in = s->channel.bytes_in;
    *out = s->channel.bytes_out;
}

const struct line_ops line_serial = {
    .type = "serial",
    .open = open_line,
    .listen = listen_for_call,
    .answer = answer,
    .send = send_data,
    .read = read_on,
    .flush = flush,
    .hand_over = hand_over,
    .take_back = take_back,
    .hang_up = hang_up,
    .close = close_line,
    .describe = describe,
    .count = count,
};
