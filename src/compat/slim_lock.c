/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slim reader/writer locks. The state counts who reads, or says that somebody writes, and has a bit for
 * that somebody waits; who finds that bit set waits, too, so that readers do not keep writers out for ever.
 * Whoever leaves it free empties the state and wakes all.
 */
#include <stdbool.h>

#include "compat/futex.h"

#define WRITING 0x80000000u
#define WAITING 0x40000000u

_Static_assert(sizeof(SRWLOCK) == sizeof(PVOID), "as on Windows");

static ULONG *
state_of(PSRWLOCK lock)
{
    return &lock->Opaque[0];
}

/* *seen: what is there now, where it was not what was expected. */
static bool
change(ULONG *state, ULONG *seen, ULONG to)
{
    return __atomic_compare_exchange_n(state, seen, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* What the state becomes for one more of these; 0: there is no room for him. */
static ULONG
with_writer(ULONG state)
{
    return (state & ~WAITING) == 0 ? state | WRITING : 0;
}

static ULONG
with_reader(ULONG state)
{
    return state < WAITING - 1 ? state + 1 : 0;
}

static bool
try_to_enter(ULONG *state, ULONG *seen, ULONG (*with)(ULONG))
{
    ULONG to;

    *seen = __atomic_load_n(state, __ATOMIC_ACQUIRE);
    while ((to = with(*seen)) != 0) {
        if (change(state, seen, to)) {
            return true;
        }
    }
    return false;
}

static void
enter(ULONG *state, ULONG (*with)(ULONG))
{
    ULONG seen;

    while (!try_to_enter(state, &seen, with)) {
        if (seen & WAITING || change(state, &seen, seen | WAITING)) {
            (void)futex_wait(state, seen | WAITING, NULL);
        }
    }
}

void
InitializeSRWLock(PSRWLOCK SRWLock)
{
    *SRWLock = (SRWLOCK)SRWLOCK_INIT;
}

void
AcquireSRWLockExclusive(PSRWLOCK SRWLock)
{
    enter(state_of(SRWLock), with_writer);
}

BOOLEAN
TryAcquireSRWLockExclusive(PSRWLOCK SRWLock)
{
    ULONG seen;

    return try_to_enter(state_of(SRWLock), &seen, with_writer);
}

void
ReleaseSRWLockExclusive(PSRWLOCK SRWLock)
{
    ULONG *state = state_of(SRWLock);

    if (__atomic_exchange_n(state, 0, __ATOMIC_ACQ_REL) & WAITING) {
        futex_wake_all(state);
    }
}

void
AcquireSRWLockShared(PSRWLOCK SRWLock)
{
    enter(state_of(SRWLock), with_reader);
}

BOOLEAN
TryAcquireSRWLockShared(PSRWLOCK SRWLock)
{
    ULONG seen;

    return try_to_enter(state_of(SRWLock), &seen, with_reader);
}

void
ReleaseSRWLockShared(PSRWLOCK SRWLock)
{
    ULONG *state = state_of(SRWLock);
    ULONG seen = __atomic_load_n(state, __ATOMIC_ACQUIRE), to;

    do {
        to = (seen & ~WAITING) == 1 ? 0 : seen - 1;
    } while (!change(state, &seen, to));
    if (to == 0 && seen & WAITING) {
        futex_wake_all(state);
    }
}
