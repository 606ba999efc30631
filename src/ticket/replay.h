/* SPDX-License-Identifier: Apache-2.0 */
/* The replay cache: where its table lies. */
#ifndef TICKET_REPLAY_H
#define TICKET_REPLAY_H

#include "ticket/replay_table.h"

struct replay;

struct replay_options {
    size_t capacity;
    uint64_t skew_100ns, start_100ns;
    const char *boot_id_file; /* what tells this boot from others; NULL: the kernel's */
};

/* In memory that this process shares with the children it forks. *out is owned by the caller:
 * replay_close. */
SEC_NODISCARD sec_status replay_open(const struct replay_options *, struct replay **out);
/* In a file, which is made where there is none. A file that somebody else may write to, or that
 * other processes use with other options, is refused. What is in it counts as long as the machine
 * is not started anew; where the kernel's boot_id cannot be read, several processes share one on tmpfs
 * alone. */
SEC_NODISCARD sec_status replay_shared_open(const char *path, const struct replay_options *,
                                            struct replay **out);
/* One that is full forgets the oldest entry instead of refusing, and refuses what may have been made
 * before that one came: for clocks that differ by no more than ahead. It forgets nothing else, whatever the
 * skew. */
void replay_let_oldest_go(struct replay *, uint64_t ahead_100ns);
void replay_close(struct replay *); /* NULL is a no-op */

void replay_name(const struct replay *, uint8_t name[static REPLAY_NAME_BYTES]);
enum ticket_replay_verdict replay_check(struct replay *,
                                        const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                                        uint64_t ctime_100ns, uint64_t now_100ns);

/* --- between replay.c and replay_shared.c --------------------------------------------------- */

struct replay_file;

struct replay {
    struct replay_table table;
    size_t bytes;
    struct replay_file *file; /* NULL: anonymous memory */
};

/* Whether the path still names the file; asked once a second. */
bool replay_shared_is_current(struct replay_file *);
void replay_shared_close(struct replay_file *); /* NULL is a no-op */

#endif
