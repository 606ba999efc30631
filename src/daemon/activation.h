/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that systemd has opened for us (sd_listen_fds(3), without the library): so that who may not
 * listen at a port below 1024 can, and no client is turned away while the service starts anew. */
#ifndef DAEMON_ACTIVATION_H
#define DAEMON_ACTIVATION_H

#include <netinet/in.h>
#include <stddef.h>

#include "base/log.h"

enum { ACTIVATION_MAX = 64, ACTIVATION_NAME_BYTES = 64 };

struct activation {
    size_t n;
    struct activation_socket {
        int fd; /* -1: taken */
        char name[ACTIVATION_NAME_BYTES];
    } sockets[ACTIVATION_MAX];
};

/* Before any thread: reads the environment, once, and takes it away from children. */
void activation_begin(struct activation *activation, const struct log *log);
/* A socket of this name that listens at the address (port 0: at any port); given: the caller closes it.
 * -1: there is none. -2: there is one that is not good, and why says why. */
int activation_take(struct activation *activation, const char *name,
                    const struct sockaddr_in6 *address, char *why, size_t why_n);
/* Tells of sockets that nobody has taken, and closes them. */
void activation_end(struct activation *activation, const struct log *log);

#endif
