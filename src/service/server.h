/* SPDX-License-Identifier: Apache-2.0 */
/* sspid at work: its loops, and the configuration that they serve. */
#ifndef SERVICE_SERVER_H
#define SERVICE_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/config.h"
#include "daemon/activation.h"
#include "daemon/control.h"
#include "daemon/in_effect.h"
#include "daemon/signals.h"
#include "service/service.h"

enum { SERVER_LOOPS_MAX = 64, SERVER_WHY_BYTES = 400 };

struct server {
    struct service service;
    const char *config_file;
    struct in_effect in_effect;
    pthread_mutex_t site_lock; /* a loop may ask for the site while it is replaced */
    struct site *site;         /* what new clients come under */
    struct loop *loops;
    size_t n_loops;
    uv_loop_t control; /* the main thread's: signals, and what the loops tell */
    struct signals signals;
    uv_async_t told; /* a loop has something to tell */
    size_t running;  /* loops; atomic */
    size_t changing; /* loops that have not taken the last configuration yet; atomic */
    bool reloading, reload_again;
    bool watched; /* systemd waits for a sign of life */
    unsigned ticks;
    uv_work_t sweep;    /* of what is shared with other processes, on the pool */
    struct site *swept; /* meanwhile; NULL: it is not under way */
    struct activation activation;
    uint64_t reloads, reloads_refused; /* atomic */
    int64_t started;
    uint64_t started_us;
    struct control_requests requests;
    struct control *socket; /* NULL: none */
};

/* What the server's file says now: before its settings are read. */
struct in_effect server_read_file(const struct server *server);

/* Takes settings. Runs until it is told to stop; a program's exit status. */
int server_run(struct server *server, struct settings *settings, const struct log *log,
               size_t loops);

/* A socket of each of the site's listeners for each loop, offers[i] being loop i's: only where the
 * endpoint has none yet. false: the log and why say which, and offers are as they were. */
SEC_NODISCARD bool server_bind(struct server *server, struct site *site, struct port **offers,
                               char why[static SERVER_WHY_BYTES]);

/* Answers on the control socket, from the configuration's section [service]. Where the file names
 * none, the default one is tried, and nothing is wrong without it. */
SEC_NODISCARD bool server_open_control(struct server *server);
/* For an HTTP listener that shows them. From any thread. */
void server_put_metrics(void *server, struct wire_writer *w);

/* SIGHUP: reads the file anew. */
void server_reload(struct server *server);
/* All loops may have taken it. */
void server_check_reloaded(struct server *server);

#endif
