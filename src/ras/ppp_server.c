/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that the plugin of each pppd connects to. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "ras/ppp_server.h"

#define SOCKET_NAME "/ppp.socket"

enum { BACKLOG = 64 };

void
ppp_server_ref(struct ppp_server *s)
{
    s->references++;
}

void
ppp_server_unref(struct ppp_server *s)
{
    if (--s->references) {
        return;
    }
    mem_free(s->socket_path);
    mem_free((void *)(uintptr_t)s->args.pppd);
    mem_free((void *)(uintptr_t)s->args.plugin);
    mem_free(s);
}

static bool
keep_strings(struct ppp_server *s, const struct ppp_server_args *args)
{
    size_t n = strlen(args->run_directory) + sizeof(SOCKET_NAME);

    s->args = *args;
    s->args.run_directory = NULL;
    s->args.pppd = mem_dup(args->pppd, strlen(args->pppd));
    s->args.plugin = mem_dup(args->plugin, strlen(args->plugin));
    s->socket_path = mem_new(n);
    if (!s->args.pppd || !s->args.plugin || !s->socket_path) {
        return false;
    }
    (void)snprintf(s->socket_path, n, "%s%s", args->run_directory, SOCKET_NAME);
    return true;
}

static void
on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        ppp_peer_accept(listener->data);
    }
}

/* What a server that crashed left behind goes; a socket is never there with another mode than
 * 0600, not for a moment. */
static int
listen_there(struct ppp_server *s)
{
    mode_t before;
    int rc;

    if (unlink(s->socket_path) && errno != ENOENT) {
        return uv_translate_sys_error(errno);
    }
    before = umask(0177);
    rc = uv_pipe_bind(&s->listener, s->socket_path);
    (void)umask(before);
    return rc ? rc : uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
}

static void
on_closed(uv_handle_t *handle)
{
    ppp_server_unref(handle->data);
}

struct ppp_server *
ppp_server_open(const struct ppp_server_args *args, char *why, size_t why_n)
{
    struct ppp_server *s = mem_new(sizeof(*s));
    int rc;

    if (!s) {
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    s->references = 1;
    if (!keep_strings(s, args)) {
        (void)snprintf(why, why_n, "no memory");
        ppp_server_unref(s);
        return NULL;
    }
    rc = uv_pipe_init(args->loop, &s->listener, 0);
    s->listener.data = s;
    rc = rc ? rc : listen_there(s);
    if (rc) {
        (void)snprintf(why, why_n, "%s: %s", s->socket_path, uv_strerror(rc));
        uv_close((uv_handle_t *)&s->listener, on_closed);
        return NULL;
    }
    return s;
}

void
ppp_server_close(struct ppp_server *s)
{
    if (!s || s->closing) {
        return;
    }
    s->closing = true;
    for (struct ppp *call = s->calls; call; call = call->next) {
        ppp_stop(call);
    }
    (void)unlink(s->socket_path);
    uv_close((uv_handle_t *)&s->listener, on_closed);
}
