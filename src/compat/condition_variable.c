/* SPDX-License-Identifier: Apache-2.0 */
/* Condition variables: a number that each wake changes, and how many sleep. */
#include <stdbool.h>

#include "compat/deadline.h"
#include "compat/error.h"
#include "compat/futex.h"

_Static_assert(sizeof(CONDITION_VARIABLE) == sizeof(PVOID), "as on Windows");

enum { WAKES, SLEEPERS };

/* With the caller's lock, which he leaves next. Who wakes changes the number first and then asks whether
 * anybody sleeps: one of the two sees the other. */
static ULONG
begin(PCONDITION_VARIABLE variable)
{
    __atomic_add_fetch(&variable->Opaque[SLEEPERS], 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&variable->Opaque[WAKES], __ATOMIC_SEQ_CST);
}

/* Whether anybody woke it. Whom the kernel wakes comes back even where the number is as he saw it: of two
 * threads with unlike priorities that may be the one that came after the wake, and then nobody else is
 * woken for it. */
static bool
sleep_until_woken(PCONDITION_VARIABLE variable, ULONG seen, DWORD ms)
{
    const struct timespec deadline = compat_deadline_of(ms);
    ULONG *wakes = &variable->Opaque[WAKES];
    enum futex_end end = FUTEX_OTHER;

    while (end == FUTEX_OTHER && __atomic_load_n(wakes, __ATOMIC_SEQ_CST) == seen) {
        end = futex_wait(wakes, seen, ms == INFINITE ? NULL : &deadline);
    }
    __atomic_sub_fetch(&variable->Opaque[SLEEPERS], 1, __ATOMIC_SEQ_CST);
    return end != FUTEX_EXPIRED || __atomic_load_n(wakes, __ATOMIC_SEQ_CST) != seen;
}

void
InitializeConditionVariable(PCONDITION_VARIABLE ConditionVariable)
{
    *ConditionVariable = (CONDITION_VARIABLE)CONDITION_VARIABLE_INIT;
}

BOOL
SleepConditionVariableCS(PCONDITION_VARIABLE ConditionVariable, PCRITICAL_SECTION CriticalSection,
                         DWORD dwMilliseconds)
{
    const ULONG seen = begin(ConditionVariable);
    bool woken;

    LeaveCriticalSection(CriticalSection);
    woken = sleep_until_woken(ConditionVariable, seen, dwMilliseconds);
    EnterCriticalSection(CriticalSection);
    return compat_error_answer(woken ? ERROR_SUCCESS : ERROR_TIMEOUT);
}

BOOL
SleepConditionVariableSRW(PCONDITION_VARIABLE ConditionVariable, PSRWLOCK SRWLock,
                          DWORD dwMilliseconds, ULONG Flags)
{
    const bool shared = Flags == CONDITION_VARIABLE_LOCKMODE_SHARED;
    ULONG seen;
    bool woken;

    if (Flags & ~(ULONG)CONDITION_VARIABLE_LOCKMODE_SHARED) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    seen = begin(ConditionVariable);
    (shared ? ReleaseSRWLockShared : ReleaseSRWLockExclusive)(SRWLock);
    woken = sleep_until_woken(ConditionVariable, seen, dwMilliseconds);
    (shared ? AcquireSRWLockShared : AcquireSRWLockExclusive)(SRWLock);
    return compat_error_answer(woken ? ERROR_SUCCESS : ERROR_TIMEOUT);
}

static void
wake(PCONDITION_VARIABLE variable, void (*who)(ULONG *))
{
    __atomic_add_fetch(&variable->Opaque[WAKES], 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&variable->Opaque[SLEEPERS], __ATOMIC_SEQ_CST) > 0) {
        who(&variable->Opaque[WAKES]);
    }
}

void
WakeConditionVariable(PCONDITION_VARIABLE ConditionVariable)
{
    wake(ConditionVariable, futex_wake_one);
}

void
WakeAllConditionVariable(PCONDITION_VARIABLE ConditionVariable)
{
    wake(ConditionVariable, futex_wake_all);
}
