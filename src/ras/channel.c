/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors on rasd's loop. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/call.h"
#include "ras/channel.h"

static void on_poll(uv_poll_t *poll, int status, int events);

static void
watch(struct channel *c)
{
    int wanted = (c->reads ? UV_READABLE : 0) | (c->queued ? UV_WRITABLE : 0) | UV_DISCONNECT;

    if (c->ended || c->idle) {
        wanted = 0;
    }
    if (wanted == c->polled) {
        return;
    }
    c->polled = wanted;
    if (wanted) {
        (void)uv_poll_start(&c->poll, wanted, on_poll);
    } else {
        (void)uv_poll_stop(&c->poll);
    }
}

static void
end(struct channel *c, const char *why)
{
    if (!c->ended) {
        c->ended = true;
        c->queued = 0;
        watch(c);
        c->events->ended(c->owner, why);
    }
}

/* Once for each turn of the loop, so that one line does not keep the others waiting. */
static void
read_some(struct channel *c)
{
    uint8_t data[CALL_CHUNK_BYTES];
    ssize_t n = read(c->fd, data, sizeof(data));

    if (n > 0) {
        c->bytes_in += (uint64_t)n;
        c->events->input(c->owner, bytes_of(data, (size_t)n));
    } else if (n == 0 || errno == EIO) { /* EIO: the other side of a pty */
        end(c, "the caller hung up");
    } else if (errno != EAGAIN && errno != EINTR) {
        end(c, strerror(errno));
    }
}

static size_t
write_some(struct channel *c, struct bytes data)
{
    ssize_t n = write(c->fd, data.p, data.n);

    if (n < 0) {
        return 0; /* a fault shows when it is polled */
    }
    c->bytes_out += (uint64_t)n;
    return (size_t)n;
}

static void
write_queue(struct channel *c)
{
    size_t n = write_some(c, bytes_of(c->queue, c->queued));

    c->queued -= n;
    bytes_move(c->queue, c->queue + n, c->queued);
    if (c->queued == 0) {
        mem_free(c->queue);
        c->queue = NULL;
        c->capacity = 0;
        watch(c);
        if (c->events->drained) {
            c->events->drained(c->owner);
        }
    }
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    struct channel *c = poll->data;

    if (status < 0) {
        end(c, uv_strerror(status));
        return;
    }
    if (events & UV_WRITABLE && c->queued) {
        write_queue(c);
    }
    if (c->ended || c->idle || c->fd < 0) {
        return;
    }
    if (events & UV_READABLE && c->reads) {
        read_some(c);
    } else if (events & UV_DISCONNECT) {
        end(c, "the caller hung up");
    }
}

bool
channel_open(struct channel *c, uv_loop_t *loop, int fd, const struct channel_events *events,
             void *owner)
{
    *c = (struct channel){ .fd = fd, .events = events, .owner = owner };
    if (uv_poll_init(loop, &c->poll, fd) != 0) {
        (void)close(fd);
        c->fd = -1;
        return false;
    }
    c->poll.data = c;
    watch(c);
    return true;
}

void
channel_read(struct channel *c, bool on)
{
    c->reads = on;
    watch(c);
}

static bool
enqueue(struct channel *c, struct bytes data)
{
    size_t needed = c->queued + data.n;

    if (needed > CHANNEL_QUEUE_BYTES) {
        return false;
    }
    if (needed > c->capacity) {
        size_t capacity = needed < CHANNEL_QUEUE_BYTES / 2 ? 2 * needed : CHANNEL_QUEUE_BYTES;
        uint8_t *grown = mem_resize(c->queue, capacity);

        if (!grown) {
            return false;
        }
        c->queue = grown;
        c->capacity = capacity;
    }
    bytes_copy(c->queue + c->queued, data.p, data.n);
    c->queued = needed;
    watch(c);
    return true;
}

bool
channel_send(struct channel *c, struct bytes data)
{
    if (c->ended || c->fd < 0) {
        return false;
    }
    if (c->queued == 0 && data.n) {
        size_t n = write_some(c, data);

        data = bytes_of(data.p + n, data.n - n);
    }
    return data.n == 0 || enqueue(c, data);
}

void
channel_idle(struct channel *c, bool idle)
{
    c->idle = idle;
    watch(c);
}

static void
on_closed(uv_handle_t *handle)
{
    struct channel *c = handle->data;

    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    c->fd = -1;
    mem_free(c->queue);
    c->queue = NULL;
    c->queued = c->capacity = 0;
    c->events->closed(c->owner);
}

void
channel_close(struct channel *c)
{
    c->ended = true;
    watch(c);
    uv_close((uv_handle_t *)&c->poll, on_closed);
}
