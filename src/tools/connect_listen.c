/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect --listen. Each client has a thread of its own, since a handshake may wait; the main
 * thread accepts them, and ends them when it is told to. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/host_port.h"
#include "base/mem.h"
#include "tools/connect_listen.h"
#include "tools/connect_pump.h"

enum {
    HANDSHAKE_MS = 30000,
    MAX_CLIENTS = 256, /* at once; more wait in the backlog */
    BACKLOG = 128,
    PAUSE_MS = 100,  /* when there is no descriptor left */
    END_SECONDS = 5, /* for those that still run when it is told to end */
};

struct listener {
    const struct connect_listen *given;
    int fd, signals;
    pthread_mutex_t lock;
    pthread_cond_t gone;
    struct client *clients;
    size_t n_clients;
    bool stopping;
};

/* In the list while its thread runs, which frees it. */
struct client {
    struct listener *listener;
    struct client *next, **at;
    int local, server; /* server -1: not yet */
};

static bool
fail(const char *what, const char *why)
{
    connect_auth_complain(what, why);
    return false;
}

/* --- a client ------------------------------------------------------------------------------ */

/* From any thread: the other side gets a reset, so that it takes no cut for an end, and who waits for
 * the socket is woken. */
static void
reset(int fd)
{
    const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

    (void)connect(fd, &nobody, sizeof(nobody));
}

static void
leave(struct client *c, bool good)
{
    struct listener *l = c->listener;

    (void)pthread_mutex_lock(&l->lock);
    *c->at = c->next;
    if (c->next) {
        c->next->at = c->at;
    }
    if (!good) {
        reset(c->local);
    }
    (void)close(c->local);
    if (c->server >= 0) {
        (void)close(c->server);
    }
    l->n_clients--;
    (void)pthread_cond_signal(&l->gone);
    (void)pthread_mutex_unlock(&l->lock);
    mem_free(c);
}

/* false: all is being ended. */
static bool
set_server(struct client *c, int fd)
{
    bool goes_on;

    (void)pthread_mutex_lock(&c->listener->lock);
    c->server = fd;
    goes_on = !c->listener->stopping;
    (void)pthread_mutex_unlock(&c->listener->lock);
    return goes_on;
}

static bool
serve(struct client *c)
{
    const struct connect_listen *given = c->listener->given;
    uint64_t deadline = clock_monotonic_ms() + HANDSHAKE_MS;
    int fd = connect_auth_dial(given->host, given->port, deadline);
    CredHandle credential;
    CtxtHandle context;
    bool good;

    if (fd < 0 || !set_server(c, fd) ||
        !connect_auth_run(fd, given->auth, deadline, &credential, &context)) {
        return false;
    }
    good = connect_pump_run(&(struct connect_pump){ .server = fd,
                                                    .in = c->local,
                                                    .out = c->local,
                                                    .context = &context,
                                                    .max_message = given->max_message });
    (void)DeleteSecurityContext(&context);
    (void)FreeCredentialsHandle(&credential);
    return good;
}

static void *
run_client(void *user)
{
    leave(user, serve(user));
    return NULL;
}

static bool
start_client(struct listener *l, int fd)
{
    struct client *c = mem_new(sizeof(*c));
    pthread_t thread;
    int yes = 1;

    if (!c) {
        (void)close(fd);
        return fail("not enough memory", NULL);
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    *c = (struct client){ .listener = l, .at = &l->clients, .local = fd, .server = -1 };
    (void)pthread_mutex_lock(&l->lock);
    c->next = l->clients;
    if (c->next) {
        c->next->at = &c->next;
    }
    l->clients = c;
    l->n_clients++;
    (void)pthread_mutex_unlock(&l->lock);
    if (pthread_create(&thread, NULL, run_client, c) != 0) {
        leave(c, false);
        return fail("a client is turned away", "no thread for it");
    }
    (void)pthread_detach(thread);
    return true;
}

/* --- listening ----------------------------------------------------------------------------- */

static bool
is_loopback(const struct sockaddr *a)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;

    return a->sa_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
                                   : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static bool
bind_to(struct listener *l, const struct addrinfo *a)
{
    int yes = 1;

    if (!l->given->any_address && !is_loopback(a->ai_addr)) {
        return fail(l->given->address, "whoever reaches it acts as you: an address of loopback, or "
                                       "--any-address as well");
    }
    l->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(l->fd, a->ai_addr, a->ai_addrlen) != 0 || listen(l->fd, BACKLOG) != 0) {
        return fail(l->given->address, strerror(errno));
    }
    return true;
}

static bool
open_listener(struct listener *l)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    char host[HOST_PORT_HOST_BYTES], text[NI_MAXHOST], port_text[NI_MAXSERV];
    struct sockaddr_storage at;
    struct addrinfo *found = NULL;
    socklen_t n = sizeof(at);
    const char *port;
    bool good;

    if (!host_port_split(l->given->address, host, &port) ||
        getaddrinfo(host, port, &hints, &found) != 0) {
        return fail(l->given->address, "expected ADDRESS:PORT or [ADDRESS]:PORT, in numbers");
    }
    good = bind_to(l, found);
    freeaddrinfo(found);
    if (good && getsockname(l->fd, (struct sockaddr *)&at, &n) == 0 &&
        getnameinfo((struct sockaddr *)&at, n, text, sizeof(text), port_text, sizeof(port_text),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        (void)fprintf(stderr, "sspi-connect: listening at %s%s%s:%s\n",
                      at.ss_family == AF_INET6 ? "[" : "", text,
                      at.ss_family == AF_INET6 ? "]" : "", port_text);
    }
    return good;
}

/* Signals come to a descriptor, and to no thread. */
static bool
open_signals(struct listener *l)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    l->signals = pthread_sigmask(SIG_BLOCK, &set, NULL) == 0
                     ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)
                     : -1;
    return l->signals >= 0 || fail("signals", strerror(errno));
}

static bool
has_room(struct listener *l)
{
    bool has;

    (void)pthread_mutex_lock(&l->lock);
    has = l->n_clients < MAX_CLIENTS;
    (void)pthread_mutex_unlock(&l->lock);
    return has;
}

/* Until a signal comes. */
static bool
accept_clients(struct listener *l)
{
    for (;;) {
        bool room = has_room(l);
        struct pollfd polled[2] = { { .fd = l->signals, .events = POLLIN },
                                    { .fd = room ? l->fd : -1, .events = POLLIN } };
        int n = poll(polled, 2, room ? -1 : PAUSE_MS), fd;

        if (n < 0 && errno != EINTR) {
            return fail("poll", strerror(errno));
        }
        if (n > 0 && polled[0].revents) {
            return true;
        }
        if (n <= 0 || !polled[1].revents) {
            continue;
        }
        fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            (void)start_client(l, fd);
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            connect_auth_complain("a client cannot be accepted", strerror(errno));
            (void)poll(polled, 1, PAUSE_MS);
        }
    }
}

/* What runs is cut, on both sides, and waited for. */
static void
end_clients(struct listener *l)
{
    struct timespec end;

    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += END_SECONDS;
    (void)pthread_mutex_lock(&l->lock);
    l->stopping = true;
    for (struct client *c = l->clients; c; c = c->next) {
        reset(c->local);
        reset(c->server);
    }
    while (l->n_clients > 0 && pthread_cond_timedwait(&l->gone, &l->lock, &end) == 0) {
    }
    if (l->n_clients > 0) {
        _exit(0); /* they wait for a KDC or a name, and have this stack's memory */
    }
    (void)pthread_mutex_unlock(&l->lock);
}

bool
connect_listen_run(const struct connect_listen *given)
{
    struct listener l = { .given = given,
                          .fd = -1,
                          .signals = -1,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .gone = PTHREAD_COND_INITIALIZER };
    bool good = open_signals(&l) && open_listener(&l) && accept_clients(&l);

    if (l.fd >= 0) {
        (void)close(l.fd);
    }
    end_clients(&l);
    if (l.signals >= 0) {
        (void)close(l.signals);
    }
    return good;
}
