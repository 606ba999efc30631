/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. Each loop has one of its own for each listener (SO_REUSEPORT), and the kernel
 * deals the clients out among them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/tcp_socket.h"
#include "service/service.h"

enum {
    BACKLOG = 1024,
    ACCEPTS = 64,   /* in a row, before other events have their turn */
    PAUSE_MS = 100, /* when there is no descriptor left */
    RESERVE = 32,   /* descriptors that are no client's, or a quarter where they are few */
};

/* Whether somebody listens there: SO_REUSEPORT would let us share with another sspid of the same
 * user without a word. Linux tells at listen(), since SO_REUSEADDR is set. */
static bool
is_taken(const struct sockaddr_in6 *address)
{
    int fd = tcp_socket_listen(address, false, 1);

    if (fd >= 0) {
        (void)close(fd);
    }
    return fd < 0;
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_in6 at = { 0 };
    socklen_t n = sizeof(at);

    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
        return 0;
    }
    return ntohs(at.sin6_port); /* at the same place for IPv4 */
}

bool
port_bind(struct port *port, bool first, char *why, size_t why_n)
{
    struct sockaddr_in6 address = port->listener->settings->address;

    if (!first) {
        address.sin6_port = htons(port->listener->endpoint->port);
    }
    if ((!first || !address.sin6_port || !is_taken(&address))) {
        port->fd = tcp_socket_listen(&address, true, BACKLOG);
        if (port->fd >= 0) {
            port->listener->endpoint->port = port_of(port->fd);
            return true;
        }
    }
    (void)snprintf(why, why_n, "%s", tcp_socket_error(errno));
    return false;
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void
resume(uv_timer_t *timer)
{
    struct port *port = timer->data;

    (void)uv_poll_start(&port->poll, UV_READABLE, on_readable);
}

static void
welcome(struct port *port, int fd, const struct sockaddr_in6 *from)
{
    if (port->http) {
        http_accept(port, fd, from);
    } else {
        framed_accept(port, fd, from);
    }
}

/* IPv4 as ::ffff:a.b.c.d, so that one form serves. */
static void
widen(struct sockaddr_in6 *from)
{
    struct sockaddr_in v4;

    if (from->sin6_family == AF_INET) {
        bytes_copy(&v4, from, sizeof(v4));
        *from = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
        from->sin6_addr.s6_addr[10] = from->sin6_addr.s6_addr[11] = 0xFF;
        bytes_copy(from->sin6_addr.s6_addr + 12, &v4.sin_addr, sizeof(v4.sin_addr));
    }
}

/* Said once, until a client was accepted again. */
static void
note_shortage(struct port *port, const char *what, int error)
{
    if (!port->is_out_of_fds) {
        log_warning(port->loop->service->log, what,
                    log_text("listener", port->listener->settings->name),
                    log_text("error", strerror(error)));
    }
    port->is_out_of_fds = true;
}

/* Out of descriptors or memory the socket stays readable: without a pause the loop would spin. */
static void
pause_accepting(struct port *port, int error)
{
    note_shortage(port, "clients wait: they cannot be accepted", error);
    (void)uv_poll_stop(&port->poll);
    (void)uv_timer_start(&port->pause, resume, PAUSE_MS, 0);
}

/* A descriptor that is not to be a client's, or was. */
static void
take_back(struct port *port, int fd)
{
    struct counters *counters = &port->listener->endpoint->counters;

    (void)close(fd);
    counters_add(&counters->accepted);
    counters_add(&counters->turned_away[COUNTERS_NO_DESCRIPTOR]);
    note_shortage(port, "clients are turned away: the rest of the descriptors is for files",
                  EMFILE);
}

/* Moves a client to a descriptor that one may have. false: there is none. */
static bool
lower(struct port *port, int *fd)
{
    int other;

    if (!connection_make_room(port)) {
        return false;
    }
    other = fcntl(*fd, F_DUPFD_CLOEXEC, 0);
    if (other >= 0) {
        (void)close(*fd);
        *fd = other;
    }
    return true;
}

/* false: there is nobody more to accept now. */
static bool
accept_one(struct port *port)
{
    struct sockaddr_in6 from = { 0 };
    socklen_t n = sizeof(from);
    int fd = accept4(port->fd, (struct sockaddr *)&from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int error = errno;

    if (fd >= 0) {
        if (fd > port->last_fd && !lower(port, &fd)) {
            take_back(port, fd);
            return true;
        }
        port->is_out_of_fds = port->is_out_of_fds && fd > port->last_fd;
        widen(&from);
        welcome(port, fd, &from);
        return true;
    }
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        if (connection_make_room(port)) {
            return true;
        }
        pause_accepting(port, error);
        return false;
    }
    return error != EAGAIN;
}

static void
accept_some(struct port *port)
{
    int i = 0;

    while (i < ACCEPTS && accept_one(port)) {
        i++;
    }
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    accept_some(poll->data);
}

/* --- its handshakes ------------------------------------------------------------------------ */

static struct handshakes *
handshakes_new(void)
{
    struct handshakes *handshakes = mem_new(sizeof(*handshakes));

    if (handshakes) {
        handshakes->references = 1;
        TAILQ_INIT(&handshakes->silent);
        TAILQ_INIT(&handshakes->waiting);
    }
    return handshakes;
}

static void
handshakes_unref(struct handshakes *handshakes)
{
    if (--handshakes->references == 0) {
        mem_free(handshakes);
    }
}

/* --- its life ------------------------------------------------------------------------------ */

struct port *
port_new(struct loop *loop, struct listener *listener, struct port **list)
{
    struct port *port = mem_new(sizeof(*port));
    struct handshakes *handshakes = port ? handshakes_new() : NULL;

    if (!handshakes) {
        mem_free(port);
        return NULL;
    }
    *port = (struct port){ .loop = loop, .listener = listener, .next = *list, .fd = -1 };
    port->handshakes = handshakes;
    (void)site_ref(listener->site);
    *list = port;
    return port;
}

static void
free_port(struct port *port)
{
    if (port->fd >= 0) {
        (void)close(port->fd);
    }
    if (port->http) {
        http_port_stop(port->http);
    }
    handshakes_unref(port->handshakes);
    site_unref(port->listener->site);
    mem_free(port);
}

void
port_free_all(struct port *list)
{
    while (list) {
        struct port *port = list;

        list = port->next;
        free_port(port);
    }
}

static int
last_fd_of_a_client(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX) {
        return INT32_MAX;
    }
    return (int)(limit.rlim_cur - (limit.rlim_cur / 4 < RESERVE ? limit.rlim_cur / 4 : RESERVE)) -
           1;
}

void
port_adopt(struct port *port, int fd)
{
    port->fd = fd;
    port->listener->endpoint->port = port_of(fd);
    port->listener->endpoint->is_shared = true;
}

bool
port_share(struct port *port, const struct port *with)
{
    port->fd = fcntl(with->fd, F_DUPFD_CLOEXEC, 0);
    return port->fd >= 0;
}

bool
port_start(struct port *port)
{
    int yes = 1;

    /* What is accepted inherits it: one call less for each client. */
    (void)setsockopt(port->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (port->listener->settings->protocol == LISTENER_HTTP) {
        port->http = http_port_new(port);
        if (!port->http) {
            return false;
        }
    }
    port->poll.data = port->pause.data = port;
    port->last_fd = last_fd_of_a_client();
    if (uv_timer_init(&port->loop->uv, &port->pause) != 0 ||
        uv_poll_init(&port->loop->uv, &port->poll, port->fd) != 0 ||
        uv_poll_start(&port->poll, UV_READABLE, on_readable) != 0) {
        return false;
    }
    port->references = 2;
    return true;
}

bool
port_is_stopped(const struct port *port)
{
    return port->fd < 0;
}

struct port *
port_ref(struct port *port)
{
    port->references++;
    return port;
}

void
port_unref(struct port *port)
{
    if (--port->references == 0) {
        free_port(port);
    }
}

static void
on_closed(uv_handle_t *handle)
{
    port_unref(handle->data);
}

static void
close_handles(struct port *port)
{
    uv_close((uv_handle_t *)&port->pause, on_closed);
    uv_close((uv_handle_t *)&port->poll, on_closed);
}

void
port_stop(struct port *port)
{
    accept_some(port);
    close_handles(port);
    (void)close(port->fd); /* libuv has let go of it */
    port->fd = -1;
}

void
port_take_over(struct port *port, struct port *from)
{
    close_handles(from);
    port->fd = from->fd;
    from->fd = -1;
    handshakes_unref(port->handshakes);
    port->handshakes = from->handshakes;
    port->handshakes->references++;
}
