/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to samd: made, held to be samd's, and frames both ways, each within a deadline. */
#ifndef ACCOUNT_AUTHORITY_LINK_H
#define ACCOUNT_AUTHORITY_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/secret.h"

enum { AUTHORITY_LINK_REASON_BYTES = 160 };

enum authority_link_result {
    AUTHORITY_LINK_OK,
    AUTHORITY_LINK_NO_CONNECTION, /* there is no socket, or it may not be used */
    AUTHORITY_LINK_CLOSED,        /* the other side closed it; nothing was sent of what was asked */
    AUTHORITY_LINK_CUT,           /* the same, after it was sent */
    AUTHORITY_LINK_TIMEOUT,
    AUTHORITY_LINK_NONSENSE,
    AUTHORITY_LINK_NO_MEMORY,
};

/* What came and was not looked at yet. A secret as a whole. */
struct authority_inbox {
    uint8_t *p; /* first or held */
    size_t room, n, taken;
    struct secret held;
    uint8_t first[4096];
};
void authority_inbox_init(struct authority_inbox *);
void authority_inbox_clear(struct authority_inbox *);

/* Takes only a server that runs as root, as this process, or as the socket's owner where nobody
 * else could have put it there. *fd is owned by the caller: close. reason is set where it fails. */
enum authority_link_result authority_link_open(const char *path, unsigned timeout_ms, int *fd,
                                               char reason[static AUTHORITY_LINK_REASON_BYTES]);
/* How long each further send may take. */
SEC_NODISCARD bool authority_link_limit(int fd, unsigned timeout_ms);
enum authority_link_result authority_link_send(int fd, struct bytes frame);
/* Takes what is there into the inbox, without waiting. false: there is nothing. An end or an error is
 * left for who waits. */
bool authority_link_look(int fd, struct authority_inbox *);
/* The next frame, without its length; a view of the inbox until the next one is read. deadline_ms
 * by clock_monotonic_ms. */
enum authority_link_result authority_link_receive(int fd, struct authority_inbox *,
                                                  uint64_t deadline_ms, struct bytes *frame);

#endif
