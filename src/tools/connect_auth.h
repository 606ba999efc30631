/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect's handshake: from a TCP connection to a context that protects messages. */
#ifndef TOOLS_CONNECT_AUTH_H
#define TOOLS_CONNECT_AUTH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <opensspi/opensspi.h>

#include "base/secret.h"

struct connect_auth {
    const char *package, *spn;
    const char *user, *domain;     /* user NULL: the default credentials */
    const struct secret *password; /* NULL as well then */
    bool delegate;                 /* tickets of the user's own, where the service may have them */
    bool verbose;                  /* say which mechanism is used, and why no other */
};

/* Connects to host and port within the deadline (clock_monotonic_ms). The socket is non-blocking.
 * -1: said on standard error. */
int connect_auth_dial(const char *host, const char *port, uint64_t deadline_ms);

/* The whole handshake on a connected socket. false: said on standard error, and there is no
 * context. The context and the credential are the caller's to delete. */
bool connect_auth_run(int fd, const struct connect_auth *auth, uint64_t deadline_ms,
                      CredHandle *credential, CtxtHandle *context);

/* Whether a call on a non-blocking socket that just failed is to be tried again: at once, or once the
 * socket is ready for these events (POLLIN, POLLOUT). false: errno says why not. */
bool connect_auth_wait(int fd, short events, uint64_t deadline_ms);

/* "sspi-connect: WHAT: WHY" */
void connect_auth_complain(const char *what, const char *why);

#endif
