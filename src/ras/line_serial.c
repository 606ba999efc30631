/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of type serial: a tty, and a modem on it that is told what to do by V.250's commands. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/channel.h"
#include "ras/line.h"
#include "ras/modem.h"
#include "ras/settings.h"
#include "ras/tty_lock.h"

#ifndef LOCK_FOLDER
#define LOCK_FOLDER "/run/lock"
#endif

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

enum serial_state {
    SERIAL_DOWN,  /* the device cannot be opened */
    SERIAL_RESET, /* the initialization was sent */
    SERIAL_IDLE,
    SERIAL_RINGING, /* the owner was told */
    SERIAL_ANSWERING,
    SERIAL_ONLINE,
    SERIAL_HANDED, /* pppd has it */
    SERIAL_DRAIN,  /* what was said last goes out */
    SERIAL_DROP,   /* DTR is low */
    SERIAL_GUARD,  /* silence, then "+++" */
    SERIAL_ESCAPE, /* silence again */
    SERIAL_ATH,    /* hang-up was sent */
    SERIAL_CLOSING,
};

struct line_serial {
    struct line line;
    struct lines *lines;
    const struct port_settings *settings;
    const struct line_events *events;
    void *owner; /* NULL: closed */
    enum serial_state state;
    struct channel channel;
    uv_timer_t timer, carrier; /* of the state; of DCD */
    uint8_t hung_up_matched;   /* of what the modem says when a call is over */
    struct modem modem;
    char lock[TTY_LOCK_BYTES], words[MODEM_LINE_BYTES + 1];
    bool attached, listens, hanging_up, closing_device;
    unsigned long rings;
    int drains;
    int open_timers;
    uint8_t early[CALL_CHUNK_BYTES]; /* came before the owner could take it */
    size_t early_n;
};

static void reset(struct line_serial *s);
static bool open_device(struct line_serial *s, char *why, size_t why_n);

static struct line_serial *
of(struct line *line)
{
    return (struct line_serial *)(void *)line;
}

/* --- the tty ------------------------------------------------------------------------------- */

static speed_t
speed_of(unsigned long speed)
{
    static const struct {
        unsigned long speed;
        speed_t code;
    } speeds[] = {
        { 300, B300 },       { 1200, B1200 },     { 2400, B2400 },     { 4800, B4800 },
        { 9600, B9600 },     { 19200, B19200 },   { 38400, B38400 },   { 57600, B57600 },
        { 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 921600, B921600 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(speeds); i++) {
        if (speeds[i].speed == speed) {
            return speeds[i].code;
        }
    }
    return B115200;
}

static bool
set_mode(int fd, const struct serial_settings *s)
{
    struct termios mode;

    if (tcgetattr(fd, &mode) != 0) {
        return false;
    }
    cfmakeraw(&mode);
    mode.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | PARENB | PARODD | CRTSCTS);
    mode.c_cflag |= CREAD | CLOCAL | HUPCL; /* DCD is looked at by us */
    mode.c_cflag |= s->data_bits == 7 ? CS7 : CS8;
    mode.c_cflag |= s->stop_bits == 2 ? CSTOPB : 0;
    mode.c_cflag |= s->parity == 'n' ? 0 : s->parity == 'o' ? PARENB | PARODD : PARENB;
    mode.c_cflag |= s->flow_rts_cts ? CRTSCTS : 0;
    (void)cfsetspeed(&mode, speed_of(s->speed));
    return tcsetattr(fd, TCSANOW, &mode) == 0;
}

/* -1: the device does not tell. */
static int
has_carrier(const struct line_serial *s)
{
    int bits;

    if (s->settings->serial.local || ioctl(s->channel.fd, TIOCMGET, &bits) != 0) {
        return -1;
    }
    return (bits & TIOCM_CD) != 0;
}

static bool
set_dtr(struct line_serial *s, bool on)
{
    int bit = TIOCM_DTR;

    return ioctl(s->channel.fd, on ? TIOCMBIS : TIOCMBIC, &bit) == 0;
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

static void
enter(struct line_serial *s, enum serial_state state, uint64_t limit_ms)
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
    int carrier = has_carrier(s);

    if (s->state == SERIAL_ONLINE && carrier == 0) {
        (void)uv_timer_stop(&s->carrier);
        s->events->lost(s->owner, "no carrier any more");
    } else if (s->state == SERIAL_IDLE && s->listens && carrier == 1 &&
               !s->settings->serial.answer[0]) {
        enter(s, SERIAL_RINGING, 0);
        s->events->call(s->owner);
    }
}

static void
watch_carrier(struct line_serial *s, bool on)
{
    if (on && has_carrier(s) >= 0) {
        (void)uv_timer_start(&s->carrier, on_carrier_poll, CARRIER_POLL_MS, CARRIER_POLL_MS);
    } else {
        (void)uv_timer_stop(&s->carrier);
    }
}

static void
go_online(struct line_serial *s)
{
    enter(s, SERIAL_ONLINE, 0);
    s->hung_up_matched = 0;
    watch_carrier(s, true);
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
    enter(s, SERIAL_IDLE, 0);
    channel_read(&s->channel, true);
    watch_carrier(s, !s->settings->serial.local && !s->settings->serial.answer[0]);
    if (told) {
        s->events->hung_up(s->owner);
    }
}

static void
reset(struct line_serial *s)
{
    modem_init(&s->modem);
    channel_read(&s->channel, true);
    if (s->settings->serial.local || !s->settings->serial.init[0]) {
        be_idle(s);
        return;
    }
    command(s, s->settings->serial.init, true);
    enter(s, SERIAL_RESET, REPLY_MS);
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
        enter(s, SERIAL_RINGING, RING_MS);
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
        enter(s, SERIAL_RINGING, 0);
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
            reset(s);
        }
        break;
    case MODEM_ERROR:
    case MODEM_NO_CARRIER:
        if (s->state == SERIAL_ANSWERING) {
            s->events->no_answer(s->owner, s->modem.line);
        } else if (s->state == SERIAL_ATH) {
            reset(s);
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
    enter(s, SERIAL_ESCAPE, GUARD_MS);
}

static void
drain(struct line_serial *s)
{
    int left = 0;

    (void)ioctl(s->channel.fd, TIOCOUTQ, &left);
    if ((left > 0 || s->channel.queued) && s->drains++ < DRAINS) {
        enter(s, SERIAL_DRAIN, DRAIN_MS);
        return;
    }
    enter(s, SERIAL_DROP, set_dtr(s, false) ? DTR_MS : 1);
}

static void
after_drop(struct line_serial *s)
{
    (void)set_dtr(s, true);
    if (s->settings->serial.local || has_carrier(s) == 0) {
        reset(s);
    } else {
        enter(s, SERIAL_GUARD, GUARD_MS);
    }
}

static void
try_again(struct line_serial *s)
{
    char why[WHY_BYTES];

    if (open_device(s, why, sizeof(why))) {
        log_info(s->lines->log, "the device is back", log_text("port", s->settings->name));
        reset(s);
    } else {
        enter(s, SERIAL_DOWN, RETRY_MS);
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
    case SERIAL_DRAIN: drain(s); break;
    case SERIAL_DROP: after_drop(s); break;
    case SERIAL_GUARD: escape(s); break;
    case SERIAL_ESCAPE:
        modem_init(&s->modem);
        command(s, s->settings->serial.hang_up, true);
        enter(s, SERIAL_ATH, REPLY_MS);
        break;
    case SERIAL_ATH: reset(s); break;
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
        enter(s, SERIAL_RINGING, 0);
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
    bool tells = s->settings->serial.local || has_carrier(s) >= 0;

    if (!tells && modem_has_hung_up(&s->hung_up_matched, in)) {
        s->events->lost(s->owner, "the modem says NO CARRIER");
    } else if (s->early_n) {
        keep_early(s, in);
    } else {
        s->events->input(s->owner, in);
    }
}

static void
on_input(void *owner, struct bytes in)
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

static void
close_device(struct line_serial *s)
{
    watch_carrier(s, false);
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
    enter(s, SERIAL_DOWN, 1);
    if (told) {
        s->events->hung_up(s->owner);
    }
}

static const struct channel_events channel_events = { on_input, on_ended, NULL, on_closed };

static bool
open_device(struct line_serial *s, char *why, size_t why_n)
{
    const char *device = s->settings->device;
    int fd;

    if (!tty_lock_take(LOCK_FOLDER, device, s->lock, why, why_n)) {
        return false;
    }
    fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || !set_mode(fd, &s->settings->serial)) {
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
    (void)set_dtr(s, true);
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
    if (!open_device(s, why, why_n)) {
        mem_free(s);
        return NULL;
    }
    (void)uv_timer_init(lines->loop, &s->timer);
    (void)uv_timer_init(lines->loop, &s->carrier);
    s->timer.data = s->carrier.data = s;
    s->open_timers = 2;
    reset(s);
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
    struct line_serial *s = of(line);
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
        enter(s, SERIAL_ANSWERING, 0);
        command(s, words, true);
    }
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

static bool
set_blocking(int fd, bool blocking)
{
    int flags = fcntl(fd, F_GETFL);
    int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;

    return flags >= 0 && fcntl(fd, F_SETFL, wanted) == 0;
}

static int
hand_over(struct line *line)
{
    struct line_serial *s = of(line);
    int fd = -1;

    if (s->state == SERIAL_ONLINE && !s->channel.ended) {
        fd = fcntl(s->channel.fd, F_DUPFD_CLOEXEC, 0);
    }
    if (fd < 0 || !set_blocking(fd, true)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    watch_carrier(s, false);
    channel_idle(&s->channel, true);
    enter(s, SERIAL_HANDED, 0);
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
    (void)set_blocking(s->channel.fd, false);
    (void)set_mode(s->channel.fd, &s->settings->serial);
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
    watch_carrier(s, false);
    if (!s->attached) {
        s->hanging_up = s->closing_device; /* else there is nothing to wait for */
        if (!s->closing_device) {
            s->events->hung_up(s->owner);
        }
    } else if (s->channel.ended) {
        close_device(s);
    } else {
        s->drains = 0;
        drain(s);
    }
}

static void
close_line(struct line *line)
{
    struct line_serial *s = of(line);

    take_back(line);
    s->state = SERIAL_CLOSING;
    if (s->attached) {
        (void)set_dtr(s, false);
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
