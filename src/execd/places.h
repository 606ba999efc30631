/* SPDX-License-Identifier: Apache-2.0 */
/* How many commands there are, in all and of each user: in memory that execd and its sessions' processes
 * share, so that each counts itself. */
#ifndef EXECD_PLACES_H
#define EXECD_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"

enum { PLACES_MOST = 10000 };

struct places;

/* NULL: no memory. Owned by the caller: places_free. */
SEC_NODISCARD struct places *places_new(void);
void places_free(struct places *); /* NULL is a no-op */

/* execd's: a place below max that nobody has. false: there is none. */
SEC_NODISCARD bool places_find(const struct places *, size_t max, size_t *place);
void places_take(struct places *, size_t place, pid_t session);
/* The session has ended. false: it is none. */
bool places_leave(struct places *, pid_t session);
/* Whether it is one. */
bool places_has(const struct places *, pid_t session);
size_t places_taken(const struct places *);
/* Sends each a signal. */
void places_signal(const struct places *, int signal);

/* A session's: counts its place as the user's. false: the user has more than max then; two that come
 * at one time may both be the one too many. */
SEC_NODISCARD bool places_enter(struct places *, size_t place, uid_t uid, size_t max);
/* Counts it as nobody's any more, before the client hears that the command has ended. */
void places_exit(struct places *, size_t place);

#endif
