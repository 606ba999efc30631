/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect --listen: the other end of a tunnel, for programs of this machine. */
#ifndef TOOLS_CONNECT_LISTEN_H
#define TOOLS_CONNECT_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/connect_auth.h"

struct connect_listen {
    const char *address; /* ADDRESS:PORT or [ADDRESS]:PORT, in numbers */
    bool any_address;    /* others than loopback may be listened at */
    const char *host, *port;
    const struct connect_auth *auth;
    size_t max_message;
};

/* For each client that connects, a connection to host and port that is authenticated; until SIGINT
 * or SIGTERM. false: said on standard error. */
bool connect_listen_run(const struct connect_listen *listen);

#endif
