/* SPDX-License-Identifier: Apache-2.0 */
/* A thread sleeps on a word of memory: what the small locks are made of, which need no end. Leaves the last
 * error alone. */
#ifndef COMPAT_FUTEX_H
#define COMPAT_FUTEX_H

#include <time.h>
#include <windows.h>

enum futex_end {
    FUTEX_WOKEN,
    FUTEX_EXPIRED,
    FUTEX_OTHER, /* the word was another one, or a signal came */
};
/* Sleeps while the word is `expected`. until: of CLOCK_MONOTONIC, NULL: for ever. */
enum futex_end futex_wait(ULONG *word, ULONG expected, const struct timespec *until);
void futex_wake_one(ULONG *word);
void futex_wake_all(ULONG *word);

#endif
