/* SPDX-License-Identifier: Apache-2.0 */
/* A serial line's states; the modem is told what to do by V.250's commands. */
#include "ras/serial_dialog.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ras/tty_mode.h"

enum {
    DRAIN_MS = 100, /* looked so often whether all went out */
    DRAINS = 20,
    DTR_MS = 600,    /* how long it is low: modems ask for 50 to 500 */
    GUARD_MS = 1100, /* silence around "+++": S12 is a second */
    REPLY_MS = 3000, /* to an AT command */
    RING_MS = 8000,  /* after the last RING nobody rings any more */
    CARRIER_POLL_MS = 200,
    RETRY_MS = 10000,
    WHY_BYTES = 256,
};

static int
carrier_of(const struct line_serial *s)
{
    return tty_mode_carrier(s->channel.fd, &s->settings->serial);
}

static void
command(struct line_serial *s, const char *text, bool end_of_line)
{
    (void)channel_send(&s->channel, bytes_of_string(text));
    if (end_of_line) {
        (void)channel_send(&s->channel, bytes_of_string("\r"));
    }
}

/* --- states -------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

void
serial_dialog_enter(struct line_serial *s, enum serial_state state, uint64_t limit_ms)
{
    s->state = state;
    (void)uv_timer_stop(&s->timer);
    if (limit_ms) {
        (void)uv_timer_start(&s->timer, on_timer, limit_ms, 0);
    }
}

static void
on_carrier_poll(uv_timer_t *timer)
{
    struct line_serial *s = timer->data;
    int carrier = carrier_of(s);

    if (s->state == SERIAL_ONLINE && carrier == 0) {
        (void)uv_timer_stop(&s->carrier);
        s->events->lost(s->owner, "no carrier any more");
    } else if (s->state == SERIAL_IDLE && s->listens && carrier == 1 &&
               !s->settings->serial.answer[0]) {
        serial_dialog_enter(s, SERIAL_RINGING, 0);
        s->events->call(s->owner);
    }
}

void
serial_dialog_watch_carrier(struct line_serial *s, bool on)
{
    if (on && carrier_of(s) >= 0) {
        (void)uv_timer_start(&s->carrier, on_carrier_poll, CARRIER_POLL_MS, CARRIER_POLL_MS);
    } else {
        (void)uv_timer_stop(&s->carrier);
    }
}

static void
go_online(struct line_serial *s)
{
    serial_dialog_enter(s, SERIAL_ONLINE, 0);
    s->hung_up_matched = 0;
    serial_dialog_watch_carrier(s, true);
    channel_read(&s->channel, true);
    s->events->carrier(s->owner);
}

/* The line is free, and may be used again. */
static void
be_idle(struct line_serial *s)
{
    bool told = s->hanging_up;

    s->rings = 0;
    s->early_n = 0;
    s->hanging_up = false;
    serial_dialog_enter(s, SERIAL_IDLE, 0);
    channel_read(&s->channel, true);
    serial_dialog_watch_carrier(s, !s->settings->serial.local && !s->settings->serial.answer[0]);
    if (told) {
        s->events->hung_up(s->owner);
    }
}

void
serial_dialog_reset(struct line_serial *s)
{
    modem_init(&s->modem);
    channel_read(&s->channel, true);
    if (s->settings->serial.local || !s->settings->serial.init[0]) {
        be_idle(s);
        return;
    }
    command(s, s->settings->serial.init, true);
    serial_dialog_enter(s, SERIAL_RESET, REPLY_MS);
}

static void
ring(struct line_serial *s)
{
    if (!s->listens || (s->state != SERIAL_IDLE && s->state != SERIAL_RINGING)) {
        return;
    }
    s->rings++;
    if (s->state == SERIAL_RINGING) {
        (void)uv_timer_start(&s->timer, on_timer, RING_MS, 0);
    } else if (s->rings >= s->settings->serial.rings && s->settings->serial.answer[0]) {
        serial_dialog_enter(s, SERIAL_RINGING, RING_MS);
        s->events->call(s->owner);
    } else {
        (void)uv_timer_start(&s->timer, on_timer, RING_MS, 0);
    }
}

/* A modem that answers by itself says CONNECT without having been told to answer. */
static void
connected(struct line_serial *s)
{
    if (s->state == SERIAL_ANSWERING) {
        go_online(s);
    } else if (s->state == SERIAL_IDLE && s->listens) {
        serial_dialog_enter(s, SERIAL_RINGING, 0);
        s->events->call(s->owner);
    }
}

static void
take_word(struct line_serial *s, enum modem_word word)
{
    switch (word) {
    case MODEM_RING: ring(s); break;
    case MODEM_CONNECT: connected(s); break;
    case MODEM_OK:
        if (s->state == SERIAL_RESET) {
            be_idle(s);
        } else if (s->state == SERIAL_ATH) {
            serial_dialog_reset(s);
        }
        break;
    case MODEM_ERROR:
    case MODEM_NO_CARRIER:
        if (s->state == SERIAL_ANSWERING) {
            s->events->no_answer(s->owner, s->modem.line);
        } else if (s->state == SERIAL_ATH) {
            serial_dialog_reset(s);
        }
        break;
    default: break;
    }
}

/* --- time ---------------------------------------------------------------------------------- */

static void
escape(struct line_serial *s)
{
    command(s, "+++", false);
    serial_dialog_enter(s, SERIAL_ESCAPE, GUARD_MS);
}

void
serial_dialog_drain(struct line_serial *s)
{
    int left = 0;

    (void)ioctl(s->channel.fd, TIOCOUTQ, &left);
    if ((left > 0 || s->channel.queued) && s->drains++ < DRAINS) {
        serial_dialog_enter(s, SERIAL_DRAIN, DRAIN_MS);
        return;
    }
    serial_dialog_enter(s, SERIAL_DROP, tty_mode_dtr(s->channel.fd, false) ? DTR_MS : 1);
}

static void
after_drop(struct line_serial *s)
{
    (void)tty_mode_dtr(s->channel.fd, true);
    if (s->settings->serial.local || carrier_of(s) == 0) {
        serial_dialog_reset(s);
    } else {
        serial_dialog_enter(s, SERIAL_GUARD, GUARD_MS);
    }
}

static void
try_again(struct line_serial *s)
{
    char why[WHY_BYTES];

    if (s->open_device(s, why, sizeof(why))) {
        log_info(s->lines->log, "the device is back", log_text("port", s->settings->name));
        serial_dialog_reset(s);
    } else {
        serial_dialog_enter(s, SERIAL_DOWN, RETRY_MS);
    }
}

static void
give_early(struct line_serial *s)
{
    size_t n = s->early_n;

    s->early_n = 0;
    channel_read(&s->channel, true);
    if (n) {
        s->events->input(s->owner, bytes_of(s->early, n));
    }
}

static void
on_timer(uv_timer_t *timer)
{
    struct line_serial *s = timer->data;

    switch (s->state) {
    case SERIAL_DOWN: try_again(s); break;
    case SERIAL_RESET:
        log_warning(s->lines->log, "the modem does not answer", log_text("port", s->settings->name),
                    log_text("command", s->settings->serial.init));
        be_idle(s);
        break;
    case SERIAL_IDLE: s->rings = 0; break;
    case SERIAL_RINGING: s->events->lost(s->owner, "nobody rings any more"); break;
    case SERIAL_ONLINE: give_early(s); break;
    case SERIAL_DRAIN: serial_dialog_drain(s); break;
    case SERIAL_DROP: after_drop(s); break;
    case SERIAL_GUARD: escape(s); break;
    case SERIAL_ESCAPE:
        modem_init(&s->modem);
        command(s, s->settings->serial.hang_up, true);
        serial_dialog_enter(s, SERIAL_ATH, REPLY_MS);
        break;
    case SERIAL_ATH: serial_dialog_reset(s); break;
    default: break;
    }
}

/* --- what the channel says ----------------------------------------------------------------- */

static void
keep_early(struct line_serial *s, struct bytes in)
{
    size_t room = sizeof(s->early) - s->early_n;
    size_t n = in.n < room ? in.n : room;

    bytes_copy(s->early + s->early_n, in.p, n);
    s->early_n += n;
}

/* On a direct cable whoever sends something calls. */
static void
take_local(struct line_serial *s, struct bytes in)
{
    if (s->state == SERIAL_IDLE && s->listens) {
        serial_dialog_enter(s, SERIAL_RINGING, 0);
        keep_early(s, in);
        s->events->call(s->owner);
    } else if (s->state == SERIAL_RINGING) {
        keep_early(s, in);
    }
}

/* Where the device tells nothing of carrier, the modem's own words are the sign that it has gone. Who
 * types them ends his own call. */
static void
take_online(struct line_serial *s, struct bytes in)
{
    bool tells = s->settings->serial.local || carrier_of(s) >= 0;

    if (!tells && modem_has_hung_up(&s->hung_up_matched, in)) {
        s->events->lost(s->owner, "the modem says NO CARRIER");
    } else if (s->early_n) {
        keep_early(s, in);
    } else {
        s->events->input(s->owner, in);
    }
}

void
serial_dialog_input(void *owner, struct bytes in)
{
    struct line_serial *s = owner;

    if (s->state == SERIAL_ONLINE) {
        take_online(s, in);
        return;
    }
    if (s->settings->serial.local) {
        take_local(s, in);
        return;
    }
    while (in.n && s->state != SERIAL_ONLINE) {
        enum modem_word word = modem_read(&s->modem, &in);

        if (word != MODEM_NOTHING) {
            (void)snprintf(s->words, sizeof(s->words), "%s", s->modem.line);
            take_word(s, word);
        }
    }
    if (in.n && in.p[0] == '\n') { /* of CONNECT's line */
        in = bytes_of(in.p + 1, in.n - 1);
    }
    if (in.n && s->state == SERIAL_ONLINE) {
        s->events->input(s->owner, in);
    }
}

/* --- the owner's part ---------------------------------------------------------------------- */

void
serial_dialog_answer(struct line_serial *s)
{
    const char *words = s->settings->serial.answer;

    s->listens = false;
    if (s->channel.ended) {
        s->events->no_answer(s->owner, "the device is gone");
    } else if (s->settings->serial.local || !words[0]) {
        go_online(s);
        if (s->early_n) {
            (void)uv_timer_start(&s->timer, on_timer, 0, 0); /* after this step */
        }
    } else {
        serial_dialog_enter(s, SERIAL_ANSWERING, 0);
        command(s, words, true);
    }
}
