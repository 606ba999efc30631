/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphores of one process, with and without names. */
#include "compat/error.h"
#include "compat/named.h"

static const struct object any_semaphore = { .kind = OBJECT_SEMAPHORE };

/* false and the last error: no such counts. */
static bool
semaphore_of(LONG initial, LONG most, struct object *out)
{
    *out = (struct object){ .kind = OBJECT_SEMAPHORE, .count = initial, .most = most };
    return compat_error_answer(initial < 0 || most <= 0 || initial > most ? ERROR_INVALID_PARAMETER
                                                                          : ERROR_SUCCESS);
}

HANDLE
CreateSemaphoreA(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes, LONG lInitialCount,
                 LONG lMaximumCount, LPCSTR lpName)
{
    struct object like;

    return semaphore_of(lInitialCount, lMaximumCount, &like) ? compat_named_create_a(&like, lpName)
                                                             : NULL;
}

HANDLE
CreateSemaphoreW(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes, LONG lInitialCount,
                 LONG lMaximumCount, LPCWSTR lpName)
{
    struct object like;

    return semaphore_of(lInitialCount, lMaximumCount, &like) ? compat_named_create_w(&like, lpName)
                                                             : NULL;
}

HANDLE
OpenSemaphoreA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName)
{
    return compat_named_open_a(&any_semaphore, lpName);
}

HANDLE
OpenSemaphoreW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
{
    return compat_named_open_w(&any_semaphore, lpName);
}

/* With the lock held. */
static DWORD
release(struct object *semaphore, LONG n, LPLONG before)
{
    if (!semaphore) {
        return ERROR_INVALID_HANDLE;
    }
    if (n > semaphore->most - semaphore->count) {
        return ERROR_TOO_MANY_POSTS;
    }
    if (before) {
        *before = semaphore->count;
    }
    semaphore->count += n;
    object_wake(semaphore);
    return ERROR_SUCCESS;
}

BOOL
ReleaseSemaphore(HANDLE hSemaphore, LONG lReleaseCount, LPLONG lpPreviousCount)
{
    DWORD error;

    if (lReleaseCount <= 0) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    object_lock();
    error = release(object_find(hSemaphore, OBJECT_SEMAPHORE), lReleaseCount, lpPreviousCount);
    object_unlock();
    return compat_error_answer(error);
}
