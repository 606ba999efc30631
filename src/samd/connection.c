/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of one connection, in and out. */
#include "samd/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account/authority_msg.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/wire.h"

enum {
    FRAME_BYTES_MIN = 9, /* type and number */
    SEND_MS = 4000,      /* for all of an answer */
    SEND_PART_BYTES = 65536,
};

/* --- life ---------------------------------------------------------------------------------- */

struct connection *
connection_new(int fd, struct peers *peers, struct peer *peer, const struct peer_who *who)
{
    struct connection *c = mem_new(sizeof(*c));

    if (!c || pthread_mutex_init(&c->write_lock, NULL)) {
        mem_free(c);
        return NULL;
    }
    c->fd = fd;
    c->peers = peers;
    c->peer = peer;
    c->who = *who;
    atomic_init(&c->references, 1);
    return c;
}

void
connection_ref(struct connection *c)
{
    atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
}

void
connection_unref(struct connection *c)
{
    if (atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    (void)close(c->fd);
    peer_leave(c->peers, c->peer);
    secret_clear(&c->held);
    (void)pthread_mutex_destroy(&c->write_lock);
    mem_free(c);
}

/* --- in ------------------------------------------------------------------------------------ */

static bool
is_length(uint32_t n)
{
    return n >= FRAME_BYTES_MIN && n <= AUTHORITY_MSG_BYTES_MAX;
}

/* Room for the frame that begins with these bytes, as far as they tell. */
static const char *
hold(struct connection *c, struct bytes begin)
{
    bool told = begin.n >= AUTHORITY_MSG_LENGTH_BYTES;
    struct secret held = { 0 };

    if (!secret_resize(&held, AUTHORITY_MSG_LENGTH_BYTES + (told ? wire_load_le32(begin.p) : 0))) {
        return "no memory";
    }
    bytes_copy(held.p, begin.p, begin.n);
    secret_clear(&c->held);
    c->held = held;
    c->n_held = begin.n;
    return NULL;
}

/* More of a frame of which the beginning is held. */
static const char *
read_held(struct connection *c, struct incoming *in, size_t n)
{
    c->n_held += n;
    if (c->n_held < c->held.n) {
        return NULL;
    }
    if (c->held.n == AUTHORITY_MSG_LENGTH_BYTES) {
        return is_length(wire_load_le32(c->held.p)) ? hold(c, secret_bytes(&c->held))
                                                    : "a frame of no good length";
    }
    in->large = c->held;
    in->frames = secret_bytes(&in->large);
    c->held = (struct secret){ 0 };
    c->n_held = 0;
    return NULL;
}

static const char *
read_usual(struct connection *c, struct incoming *in, size_t n)
{
    size_t at = 0;

    in->n = n;
    while (n - at >= AUTHORITY_MSG_LENGTH_BYTES) {
        uint32_t length = wire_load_le32(in->usual + at);

        if (!is_length(length)) {
            return "a frame of no good length";
        }
        if (n - at - AUTHORITY_MSG_LENGTH_BYTES < length) {
            break;
        }
        at += AUTHORITY_MSG_LENGTH_BYTES + length;
    }
    in->frames = bytes_of(in->usual, at);
    return at < n ? hold(c, bytes_of(in->usual + at, n - at)) : NULL;
}

const char *
connection_read(struct connection *c, struct incoming *in)
{
    bool holds = c->held.p != NULL;
    ssize_t n;

    in->frames = (struct bytes){ 0 };
    in->large = (struct secret){ 0 };
    in->n = 0;
    n = recv(c->fd, holds ? c->held.p + c->n_held : in->usual,
             holds ? c->held.n - c->n_held : sizeof(in->usual), MSG_DONTWAIT);
    if (n > 0) {
        return holds ? read_held(c, in, (size_t)n) : read_usual(c, in, (size_t)n);
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? NULL : "";
}

bool
connection_incoming_is_one(const struct incoming *in)
{
    return in->frames.n >= AUTHORITY_MSG_LENGTH_BYTES &&
           in->frames.n == AUTHORITY_MSG_LENGTH_BYTES + wire_load_le32(in->frames.p);
}

bool
connection_incoming_next(struct incoming *in, struct bytes *frame)
{
    size_t n;

    if (in->frames.n == 0) {
        return false;
    }
    n = wire_load_le32(in->frames.p);
    *frame = bytes_of(in->frames.p + AUTHORITY_MSG_LENGTH_BYTES, n);
    in->frames.p += AUTHORITY_MSG_LENGTH_BYTES + n;
    in->frames.n -= AUTHORITY_MSG_LENGTH_BYTES + n;
    return true;
}

void
connection_incoming_clear(struct incoming *in)
{
    secret_wipe(in->usual, in->n);
    secret_clear(&in->large);
    in->n = 0;
}

/* --- out ----------------------------------------------------------------------------------- */

/* The socket's limit is for a part of it: who takes byte after byte would have the thread that waits,
 * and those behind it, for as long as he likes. */
bool
connection_send(struct connection *c, struct bytes frames, bool waits)
{
    const int flags = MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT);
    uint64_t end_ms;
    size_t at = 0;
    bool good = true;

    (void)pthread_mutex_lock(&c->write_lock);
    end_ms = clock_monotonic_ms() + SEND_MS;
    while (good && at < frames.n) {
        size_t part = frames.n - at < SEND_PART_BYTES ? frames.n - at : SEND_PART_BYTES;
        ssize_t n = send(c->fd, frames.p + at, part, flags);

        at += n > 0 ? (size_t)n : 0;
        good = (n > 0 || errno == EINTR) && (at == frames.n || clock_monotonic_ms() < end_ms);
    }
    (void)pthread_mutex_unlock(&c->write_lock);
    return good;
}
