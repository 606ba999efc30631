/* SPDX-License-Identifier: Apache-2.0 */
/* What is done once: the caller's pointer, with the state in its two lowest bits. */
#include <stdbool.h>

#include "compat/futex.h"

_Static_assert(sizeof(INIT_ONCE) == sizeof(PVOID), "as on Windows");

enum { FRESH, RUNNING, DONE, STATES = 3 };
enum { LOW_HALF = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

static void
become(PINIT_ONCE once, ULONG_PTR value)
{
    __atomic_store_n(&once->Value, value, __ATOMIC_RELEASE);
    futex_wake_all(&once->Opaque[LOW_HALF]);
}

/* By the one thread that made it RUNNING. */
static BOOL
run(PINIT_ONCE once, PINIT_ONCE_FN function, PVOID parameter)
{
    PVOID context = NULL;
    BOOL done = function(once, parameter, &context);

    if (done && (ULONG_PTR)context & STATES) {
        SetLastError(ERROR_INVALID_PARAMETER);
        done = FALSE;
    }
    become(once, done ? (ULONG_PTR)context | DONE : FRESH);
    return done;
}

void
InitOnceInitialize(PINIT_ONCE InitOnce)
{
    *InitOnce = (INIT_ONCE)INIT_ONCE_STATIC_INIT;
}

BOOL
InitOnceExecuteOnce(PINIT_ONCE InitOnce, PINIT_ONCE_FN InitFn, PVOID Parameter, LPVOID *Context)
{
    ULONG_PTR seen;

    while (((seen = __atomic_load_n(&InitOnce->Value, __ATOMIC_ACQUIRE)) & STATES) != DONE) {
        if (seen == RUNNING) {
            (void)futex_wait(&InitOnce->Opaque[LOW_HALF], RUNNING, NULL);
        } else if (__atomic_compare_exchange_n(&InitOnce->Value, &seen, RUNNING, false,
                                               __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
                   !run(InitOnce, InitFn, Parameter)) {
            return FALSE;
        }
    }
    if (Context) {
        *Context = (LPVOID)(seen & ~(ULONG_PTR)STATES);
    }
    return TRUE;
}
