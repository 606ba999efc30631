/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect's stream: input to sealed messages, sealed messages to output. */
#ifndef TOOLS_CONNECT_PUMP_H
#define TOOLS_CONNECT_PUMP_H

#include <stdbool.h>
#include <stddef.h>

#include <opensspi/opensspi.h>

struct connect_pump {
    int server;  /* non-blocking */
    int in, out; /* one socket, non-blocking, where they are the same */
    CtxtHandle *context;
    size_t max_message; /* bytes of a sealed one that the server takes */
};

/* Until both directions have ended. false: said on standard error. */
bool connect_pump_run(const struct connect_pump *pump);

#endif
