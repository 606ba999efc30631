/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of accounts become events: for whoever has the store open. */
#ifndef DAEMON_ACCOUNT_EVENTS_H
#define DAEMON_ACCOUNT_EVENTS_H

#include "account/admin.h"
#include "event/event.h"

struct account_events {
    struct event_log *log; /* borrowed; NULL: nothing is written */
    char *domain;          /* of the accounts */
    uint32_t uid;          /* of who makes the next change */
    struct account_watch watch;
};

/* domain: UTF-16LE. false: no memory. */
SEC_NODISCARD bool account_events_init(struct account_events *, struct event_log *,
                                       struct bytes domain);
/* What came of a new password for the old one, and whether that locked the account. user: UTF-16LE,
 * as it was claimed. */
void account_events_new_password(const struct account_events *, struct bytes user, sec_status,
                                 const struct account_proof *reasons);
/* A process showed a response to a challenge that was answered before; user: as a new password's.
 * named: the name service may be asked for the process's user, however long that takes. From any thread. */
void account_events_replay(const struct account_events *, struct bytes user, uint32_t uid,
                           int64_t pid, bool named);
void account_events_clear(struct account_events *);

#endif
