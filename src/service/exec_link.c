/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to opensspi-execd. */
#include "service/exec_link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

enum { ANSWER_MS = 15000 /* it may ask a name service */ };

enum link_state { LINK_ASKED, LINK_RUNS, LINK_OVER, LINK_CLOSED };

struct exec_link {
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned handles;
    int fd;
    enum link_state state;
    const struct exec_link_events *events;
    void *user;
    int descriptors[EXEC_MSG_DESCRIPTORS]; /* that came, and were not given */
    size_t n_descriptors, n;
    uint8_t in[EXEC_MSG_LENGTH_BYTES + EXEC_MSG_ANSWER_BYTES_MAX];
};

/* --- the end ------------------------------------------------------------------------------- */

static void
on_closed(uv_handle_t *handle)
{
    struct exec_link *l = handle->data;

    if (--l->handles == 0) {
        (void)close(l->fd);
        for (size_t i = 0; i < l->n_descriptors; i++) {
            (void)close(l->descriptors[i]);
        }
        mem_free(l);
    }
}

void
exec_link_close(struct exec_link *l)
{
    if (l && l->state != LINK_CLOSED) {
        l->state = LINK_CLOSED;
        (void)shutdown(l->fd, SHUT_RDWR); /* execd hears it now, and not when the loop turns */
        uv_close((uv_handle_t *)&l->poll, on_closed);
        uv_close((uv_handle_t *)&l->timer, on_closed);
    }
}

/* Waits to be closed. */
static void
rest(struct exec_link *l)
{
    l->state = LINK_OVER;
    (void)uv_poll_stop(&l->poll);
    (void)uv_timer_stop(&l->timer);
}

static void
fail(struct exec_link *l, const char *why)
{
    rest(l);
    l->events->broken(l->user, why);
}

static void
on_timeout(uv_timer_t *timer)
{
    fail(timer->data, "opensspi-execd does not answer");
}

/* --- what it says -------------------------------------------------------------------------- */

static void
take_started(struct exec_link *l, const struct exec_msg *m)
{
    int given[EXEC_MSG_DESCRIPTORS];
    size_t n = l->n_descriptors;

    if (l->state != LINK_ASKED || m->version != EXEC_MSG_VERSION || n != m->descriptors) {
        fail(l, "opensspi-execd talks nonsense");
        return;
    }
    bytes_copy(given, l->descriptors, sizeof(given));
    l->n_descriptors = 0;
    l->state = LINK_RUNS;
    (void)uv_timer_stop(&l->timer);
    l->events->started(l->user, given, n, m->process);
}

static void
take(struct exec_link *l, const struct exec_msg *m)
{
    if (m->type == EXEC_MSG_STARTED) {
        take_started(l, m);
    } else if (m->type == EXEC_MSG_REFUSED && l->state == LINK_ASKED) {
        rest(l);
        l->events->refused(l->user, m->refusal, m->reason);
    } else if (m->type == EXEC_MSG_EXITED && l->state == LINK_RUNS) {
        rest(l);
        l->events->exited(l->user, m->signaled, m->status);
    } else {
        fail(l, "opensspi-execd talks nonsense");
    }
}

/* Whole frames, as long as somebody wants to hear them. */
static void
take_all(struct exec_link *l)
{
    size_t at = 0;

    while ((l->state == LINK_ASKED || l->state == LINK_RUNS) &&
           l->n - at >= EXEC_MSG_LENGTH_BYTES) {
        size_t whole = wire_load_le32(l->in + at);
        struct exec_msg m;

        if (whole > EXEC_MSG_ANSWER_BYTES_MAX) {
            fail(l, "opensspi-execd talks nonsense");
            return;
        }
        if (l->n - at - EXEC_MSG_LENGTH_BYTES < whole) {
            break;
        }
        if (exec_msg_decode(&m, bytes_of(l->in + at + EXEC_MSG_LENGTH_BYTES, whole)) != WIRE_OK) {
            fail(l, "opensspi-execd talks nonsense");
            return;
        }
        at += EXEC_MSG_LENGTH_BYTES + whole;
        take(l, &m);
    }
    l->n -= at;
    bytes_move(l->in, l->in + at, l->n);
}

/* More than fit are closed: what came with them is nonsense then. */
static void
keep_descriptors(struct exec_link *l, struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        size_t n = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS
                       ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int)
                       : 0;

        for (size_t i = 0; i < n; i++) {
            int fd;

            bytes_copy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (l->n_descriptors < EXEC_MSG_DESCRIPTORS) {
                l->descriptors[l->n_descriptors++] = fd;
            } else {
                (void)close(fd);
            }
        }
    }
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct exec_link *l = poll->data;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(EXEC_MSG_DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec bytes = { l->in + l->n, sizeof(l->in) - l->n };
    struct msghdr message = { .msg_iov = &bytes,
                              .msg_iovlen = 1,
                              .msg_control = control.room,
                              .msg_controllen = sizeof(control.room) };
    ssize_t n;

    (void)events;
    n = status == 0 ? recvmsg(l->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        fail(l, "opensspi-execd hung up");
        return;
    }
    keep_descriptors(l, &message);
    if (message.msg_flags & MSG_CTRUNC) {
        fail(l, "opensspi-execd talks nonsense"); /* more descriptors than there can be */
        return;
    }
    l->n += (size_t)n;
    take_all(l);
}

/* --- the beginning ------------------------------------------------------------------------- */

/* Only root's and our own socket is execd's: who else put one there would be told who the clients
 * are, and could run what he likes in their name. */
static bool
is_execd(int fd)
{
    struct ucred who;
    socklen_t n = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

/* NULL: it was sent. */
static const char *
ask(int fd, const char *path, const struct exec_msg *start)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0); /* session keys may be in it */
    struct exec_msg m = *start;

    if (fd < 0) {
        return strerror(errno);
    }
    if (snprintf(to.sun_path, sizeof(to.sun_path), "%s", path) >= (int)sizeof(to.sun_path)) {
        return "the path is too long for a socket";
    }
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        return errno == ENOENT || errno == ECONNREFUSED ? "nobody listens: does opensspi-execd run?"
               : errno == EAGAIN                        ? "opensspi-execd takes no connections"
               : errno == EACCES
                   ? "the socket lets this process not in: its group is not that of [execd] user"
                   : strerror(errno);
    }
    if (!is_execd(fd)) {
        return "the socket is not opensspi-execd's: it is another user's";
    }
    m.type = EXEC_MSG_START;
    m.version = EXEC_MSG_VERSION;
    if (!exec_msg_encode(&w, &m)) {
        return "who the client is, or what it delegated, does not fit in a question";
    }
    return send(fd, w.p, w.len, MSG_NOSIGNAL) == (ssize_t)w.len ? NULL
                                                                : "the question was not taken";
}

struct exec_link *
exec_link_open(uv_loop_t *loop, const char *path, const struct exec_msg *start,
               const struct exec_link_events *events, void *user, const char **why)
{
    struct exec_link *l = mem_new(sizeof(*l));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    *why = l ? ask(fd, path, start) : "not enough memory";
    if (!*why && uv_poll_init(loop, &l->poll, fd) != 0) {
        *why = "its socket cannot be waited for";
    }
    if (*why) {
        if (fd >= 0) {
            (void)close(fd);
        }
        mem_free(l);
        return NULL;
    }
    l->fd = fd;
    l->events = events;
    l->user = user;
    l->handles = 2;
    (void)uv_timer_init(loop, &l->timer);
    l->poll.data = l->timer.data = l;
    (void)uv_timer_start(&l->timer, on_timeout, ANSWER_MS, 0);
    (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
    return l;
}
