/* SPDX-License-Identifier: Apache-2.0 */
/* ppp.h without pppd: the caller says in words what should happen, one a line, and is told "OK" or
 * "NO". AUTH user domain, REFUSE user domain, LOCK user domain (a refusal that locks), UP, BYE; anything else is echoed in brackets. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/ppp.h"

enum { LINE_BYTES = 4096, STOP_MS = 10 };

struct ppp_server {
    uv_loop_t *loop;
};

struct ppp {
    uv_poll_t poll;
    uv_timer_t timer; /* stopping */
    int fd, open_handles;
    const struct ppp_events *events;
    void *owner;
    bool is_up, freed;
    char remote[16];
    size_t n;
    char line[LINE_BYTES + 1];
};

struct ppp_server *
ppp_server_open(const struct ppp_server_args *args, char *why, size_t why_n)
{
    struct ppp_server *server = mem_new(sizeof(*server));

    (void)why;
    (void)why_n;
    server->loop = args->loop;
    return server;
}

void
ppp_server_close(struct ppp_server *server)
{
    mem_free(server);
}

static void
say(struct ppp *p, const char *text)
{
    (void)!write(p->fd, text, strlen(text));
}

static void
end(struct ppp *p, const char *reason)
{
    struct ppp_accounting accounting = { .seconds = 1, .bytes_in = 1234, .bytes_out = 5678 };

    accounting.reason = reason;
    (void)uv_poll_stop(&p->poll);
    (void)uv_timer_stop(&p->timer);
    p->events->ended(p->owner, 0, &accounting);
}

static void
obey(struct ppp *p)
{
    char none[] = "";
    char *word[3] = { p->line, none, none };

    for (int i = 1; i < 3; i++) {
        char *blank = strchr(word[i - 1], ' ');

        if (blank) {
            *blank = 0;
            word[i] = blank + 1;
        }
    }
    if (strcmp(word[0], "AUTH") == 0) {
        bool good = p->events->authenticated(p->owner, word[1], word[2], "S-1-5-21-1-2-3-1001");

        say(p, good ? "OK\n" : "NO\n");
    } else if (strcmp(word[0], "REFUSE") == 0 || strcmp(word[0], "LOCK") == 0) {
        p->events->refused(p->owner, word[1], word[2], "wrong password",
                           word[0][0] == 'L' ? "S-1-5-21-1-2-3-1001" : NULL);
        say(p, "NO\n");
    } else if (strcmp(word[0], "UP") == 0) {
        p->events->up(p->owner, "ppp7", "192.0.2.1", p->remote);
        say(p, "OK\n");
    } else if (strcmp(word[0], "BYE") == 0) {
        end(p, "the peer ended");
    } else {
        char text[LINE_BYTES + 8];

        (void)snprintf(text, sizeof(text), "[%s]\n", word[0]);
        say(p, text);
    }
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct ppp *p = poll->data;
    char byte;

    (void)status;
    (void)events;
    if (read(p->fd, &byte, 1) != 1) {
        end(p, "the line was lost");
    } else if (byte == '\n') {
        p->line[p->n] = 0;
        p->n = 0;
        obey(p);
    } else if (p->n < LINE_BYTES) {
        p->line[p->n++] = byte;
    }
}

struct ppp *
ppp_start(struct ppp_server *server, int fd, const struct port_settings *settings,
          struct ppp_call call, const struct ppp_events *events, void *owner, char *why,
          size_t why_n)
{
    struct ppp *p = mem_new(sizeof(*p));

    (void)settings;
    if (!isatty(fd) || fcntl(fd, F_GETFL) & O_NONBLOCK) {
        (void)snprintf(why, why_n, "no tty in blocking mode");
        (void)close(fd);
        mem_free(p);
        return NULL;
    }
    p->fd = fd;
    (void)snprintf(p->remote, sizeof(p->remote), "%s", *call.remote ? call.remote : "192.0.2.2");
    p->events = events;
    p->owner = owner;
    p->open_handles = 2;
    (void)uv_poll_init(server->loop, &p->poll, fd);
    (void)uv_timer_init(server->loop, &p->timer);
    p->poll.data = p->timer.data = p;
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK); /* libuv has set it */
    (void)uv_poll_start(&p->poll, UV_READABLE, on_readable);
    say(p, "PPP\n");
    return p;
}

static void
on_stopped(uv_timer_t *timer)
{
    end(timer->data, "stopped");
}

void
ppp_stop(struct ppp *p)
{
    (void)uv_timer_start(&p->timer, on_stopped, STOP_MS, 0);
}

static void
on_closed(uv_handle_t *handle)
{
    struct ppp *p = handle->data;

    if (--p->open_handles == 0) {
        (void)close(p->fd);
        mem_free(p);
    }
}

void
ppp_free(struct ppp *p)
{
    uv_close((uv_handle_t *)&p->poll, on_closed);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}
