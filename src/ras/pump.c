/* SPDX-License-Identifier: Apache-2.0 */
/* Between pppd's tty and a line that is none. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/call.h"
#include "ras/channel.h"
#include "ras/pump.h"

enum { DRAIN_CHUNKS = 64 };

struct pump {
    struct channel channel;
    const struct pump_events *events;
    void *owner; /* NULL: closed */
};

static void
on_input(void *owner, struct bytes data)
{
    struct pump *p = owner;

    if (p->owner) {
        p->events->output(p->owner, data);
    }
}

/* pppd has let go; that it ended is told by its exit. */
static void
on_ended(void *owner, const char *why)
{
    (void)owner;
    (void)why;
}

static void
on_drained(void *owner)
{
    struct pump *p = owner;

    if (p->owner) {
        p->events->drained(p->owner);
    }
}

static void
on_closed(void *owner)
{
    mem_free(owner);
}

static const struct channel_events channel_events = { on_input, on_ended, on_drained, on_closed };

static bool
make_raw(int fd)
{
    struct termios mode;

    if (tcgetattr(fd, &mode) != 0) {
        return false;
    }
    cfmakeraw(&mode);
    return tcsetattr(fd, TCSANOW, &mode) == 0;
}

int
pump_open_pty(int *slave)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int unlock = 0;

    if (master < 0) {
        return -1;
    }
    *slave = -1;
    if (ioctl(master, TIOCSPTLCK, &unlock) == 0) {
        *slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    if (*slave < 0 || !make_raw(*slave)) {
        if (*slave >= 0) {
            (void)close(*slave);
        }
        (void)close(master);
        return -1;
    }
    return master;
}

struct pump *
pump_new(uv_loop_t *loop, const struct pump_events *events, void *owner, int *slave)
{
    struct pump *p = mem_new(sizeof(*p));
    int master = p ? pump_open_pty(slave) : -1;

    if (master < 0) {
        mem_free(p);
        return NULL;
    }
    p->events = events;
    p->owner = owner;
    if (!channel_open(&p->channel, loop, master, &channel_events, p)) {
        (void)close(*slave);
        mem_free(p);
        return NULL;
    }
    channel_read(&p->channel, true);
    return p;
}

bool
pump_send(struct pump *p, struct bytes data)
{
    return channel_send(&p->channel, data);
}

bool
pump_is_full(const struct pump *p)
{
    return p->channel.queued > CHANNEL_QUEUE_BYTES / 2;
}

void
pump_read(struct pump *p, bool on)
{
    channel_read(&p->channel, on);
}

/* What pppd said last, to the line. */
static void
drain(struct pump *p)
{
    uint8_t data[CALL_CHUNK_BYTES];
    ssize_t n = 1;

    for (int i = 0; i < DRAIN_CHUNKS && n > 0; i++) {
        n = read(p->channel.fd, data, sizeof(data));
        if (n > 0) {
            p->events->output(p->owner, bytes_of(data, (size_t)n));
        }
    }
}

void
pump_close(struct pump *p)
{
    drain(p);
    p->owner = NULL;
    channel_close(&p->channel);
}
