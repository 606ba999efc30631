/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's futexes. */
#include "compat/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum futex_end
futex_wait(ULONG *word, ULONG expected, const struct timespec *until)
{
    const int before = errno;
    enum futex_end end = FUTEX_WOKEN;

    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, until, NULL,
                FUTEX_BITSET_MATCH_ANY) != 0) {
        end = errno == ETIMEDOUT ? FUTEX_EXPIRED : FUTEX_OTHER;
    }
    errno = before;
    return end;
}

static void
wake(ULONG *word, int n)
{
    const int before = errno;

    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, NULL, NULL, 0);
    errno = before;
}

void
futex_wake_one(ULONG *word)
{
    wake(word, 1);
}

void
futex_wake_all(ULONG *word)
{
    wake(word, INT_MAX);
}
