/* SPDX-License-Identifier: Apache-2.0 */
/* A thread sleeps on a word of memory: what the small locks are made of, which need no end. Leaves the last
 * error alone. */
#ifndef COMPAT_FUTEX_H
#define COMPAT_FUTEX_H

#include <stdbool.h>
#include <time.h>
#include <windows.h>

/* Sleeps while the word is `expected`, and may return without a reason. until: of CLOCK_MONOTONIC, NULL:
 * for ever. false: it has come. */
bool futex_wait(ULONG *word, ULONG expected, const struct timespec *until);
void futex_wake_one(ULONG *word);
void futex_wake_all(ULONG *word);

#endif
