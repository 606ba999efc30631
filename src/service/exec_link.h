/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to opensspi-execd, on a loop: one command. */
#ifndef SERVICE_EXEC_LINK_H
#define SERVICE_EXEC_LINK_H

#include <uv.h>

#include "execd/exec_msg.h"

struct exec_link;

/* From the loop. After refused, exited and broken nothing else comes. */
struct exec_link_events {
    /* The other ends of its standard streams, which are given; n is 2 or 3. */
    void (*started)(void *user, const int *descriptors, size_t n, uint32_t process);
    void (*refused)(void *user, uint32_t refusal, struct bytes reason);
    void (*exited)(void *user, bool signaled, uint32_t status);
    /* It is not to be had, is gone, or talks nonsense. */
    void (*broken)(void *user, const char *why);
};

/* Sends start, of which the type and the version are given here. NULL: why says why; nothing is
 * called then. The link lasts until exec_link_close. */
SEC_NODISCARD struct exec_link *exec_link_open(uv_loop_t *, const char *path,
                                               const struct exec_msg *start,
                                               const struct exec_link_events *, void *user,
                                               const char **why);
/* Hangs up, and calls nothing any more. NULL is a no-op. */
void exec_link_close(struct exec_link *);

#endif
