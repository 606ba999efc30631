/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that ask: who they are, what they may, and how often. */
#ifndef SAMD_PEER_H
#define SAMD_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"

/* Whom samd serves. (gid_t)-1: no group; root and samd's own user are served always. */
struct peer_rules {
    gid_t group, administrators;
    unsigned long requests_per_second; /* 0: no limit */
};

/* A process, with all of its connections. */
struct peer {
    pid_t pid;
    uid_t uid;
    unsigned connections; /* this and next under the lock of all */
    struct peer *next;
    pthread_mutex_t lock; /* of what follows */
    uint64_t allowance_us, counted_us, told_us;
    unsigned untold; /* since told_us */
};

struct peers {
    struct peer_rules rules;
    pthread_mutex_t lock; /* of what follows */
    struct peer *first;
};

/* Safe from any thread, all of them. */

enum peer_answer { PEER_WELCOME, PEER_STRANGER, PEER_TOO_MANY, PEER_NO_MEMORY };

/* The process at the other end of a connection, by SO_PEERCRED: it may ask at least, where it is
 * welcome. */
struct peer_who {
    pid_t pid; /* 0: it is not known */
    uid_t uid;
    bool may_administer;
};
SEC_NODISCARD enum peer_answer peer_take(struct peers *, int fd, struct peer **out,
                                         struct peer_who *who);
/* Rules from now on. Whether a process may still do what it might when it connected. */
void peer_change_rules(struct peers *, const struct peer_rules *);
bool peer_may_still(struct peers *, int fd, const struct peer_who *);
/* A process that has asked within the last second stays known without a connection: it does not get
 * another second's worth by coming anew. */
void peer_leave(struct peers *, struct peer *);
/* Nobody is connected any more. */
void peer_clear_all(struct peers *);

/* Counts a request. false: it is one too many; *tell: say so in the log. */
SEC_NODISCARD bool peer_may_ask_now(const struct peers *, struct peer *, uint64_t now_us,
                                    bool *tell);

/* Whether the log has room for a line about it: there is one a second. *others: how many there were
 * since the last one. */
SEC_NODISCARD bool peer_is_told_of_now(struct peer *, uint64_t now_us, unsigned *others);

#endif
