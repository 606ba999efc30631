/* SPDX-License-Identifier: Apache-2.0 */
/* sspid at work: its loops, and the configuration that they serve. */
#ifndef SERVICE_SERVER_H
#define SERVICE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/config.h"
#include "daemon/signals.h"
#include "service/service.h"

enum { SERVER_LOOPS_MAX = 64, SERVER_WHY_BYTES = 400 };

struct server {
    struct service service;
    const char *config_file;
    struct site *site; /* what new clients come under */
    struct loop *loops;
    size_t n_loops;
    uv_loop_t control; /* the main thread's: signals, and what the loops tell */
    struct signals signals;
    uv_async_t told; /* a loop has something to tell */
    size_t running;  /* loops; atomic */
    size_t changing; /* loops that have not taken the last configuration yet; atomic */
    bool reloading, reload_again;
};

/* Takes settings. Runs until it is told to stop; a program's exit status. */
int server_run(struct server *server, struct settings *settings, const struct log *log,
               size_t loops);

/* A socket of each of the site's listeners for each loop, offers[i] being loop i's: only where the
 * endpoint has none yet. false: the log says which, and offers are as they were. */
SEC_NODISCARD bool server_bind(struct server *server, struct site *site, struct port **offers);

/* SIGHUP: reads the file anew. */
void server_reload(struct server *server);
/* All loops may have taken it. */
void server_check_reloaded(struct server *server);

#endif
