/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes of one process, with and without names. */
#include "compat/error.h"
#include "compat/named.h"

static const struct object any_mutex = { .kind = OBJECT_MUTEX };

/* false and the last error: no memory. */
static bool
mutex_of(BOOL owned, struct object *out)
{
    *out = any_mutex;
    if (owned) {
        out->owner = object_self();
        out->depth = 1;
    }
    return compat_error_answer(owned && !out->owner ? ERROR_NOT_ENOUGH_MEMORY : ERROR_SUCCESS);
}

HANDLE
CreateMutexA(LPSECURITY_ATTRIBUTES lpMutexAttributes, BOOL bInitialOwner, LPCSTR lpName)
{
    struct object like;

    return mutex_of(bInitialOwner, &like) ? compat_named_create_a(&like, lpName) : NULL;
}

HANDLE
CreateMutexW(LPSECURITY_ATTRIBUTES lpMutexAttributes, BOOL bInitialOwner, LPCWSTR lpName)
{
    struct object like;

    return mutex_of(bInitialOwner, &like) ? compat_named_create_w(&like, lpName) : NULL;
}

HANDLE
OpenMutexA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName)
{
    return compat_named_open_a(&any_mutex, lpName);
}

HANDLE
OpenMutexW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
{
    return compat_named_open_w(&any_mutex, lpName);
}

/* With the lock held. */
static DWORD
release(struct object *mutex, const void *self)
{
    if (!mutex) {
        return ERROR_INVALID_HANDLE;
    }
    if (!self || mutex->owner != self) {
        return ERROR_NOT_OWNER;
    }
    if (--mutex->depth == 0) {
        mutex->owner = NULL;
        object_wake(mutex);
    }
    return ERROR_SUCCESS;
}

BOOL
ReleaseMutex(HANDLE hMutex)
{
    DWORD error;

    object_lock();
    error = release(object_find(hMutex, OBJECT_MUTEX), object_self());
    object_unlock();
    return compat_error_answer(error);
}
