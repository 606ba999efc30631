/* SPDX-License-Identifier: Apache-2.0 */
/* Events of one process. */
#include "compat/object.h"

static HANDLE
create(BOOL manual, BOOL initial, bool named)
{
    struct object *event;
    HANDLE handle;

    if (named) {
        SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
        return NULL;
    }
    object_lock();
    handle = object_open(OBJECT_EVENT, &event);
    if (handle) {
        event->manual = manual != FALSE;
        event->set = initial != FALSE;
    }
    object_unlock();
    if (!handle) {
        SetLastError(ERROR_TOO_MANY_OPEN_FILES);
    }
    return handle;
}

HANDLE
CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
             LPCSTR lpName)
{
    return create(bManualReset, bInitialState, lpName != NULL);
}

HANDLE
CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
             LPCWSTR lpName)
{
    return create(bManualReset, bInitialState, lpName != NULL);
}

static BOOL
change(HANDLE handle, bool set)
{
    struct object *event;

    object_lock();
    event = object_find(handle, OBJECT_EVENT);
    if (event) {
        event->set = set;
        if (set) {
            object_wake(event);
        }
    }
    object_unlock();
    if (!event) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return event != NULL;
}

BOOL
SetEvent(HANDLE hEvent)
{
    return change(hEvent, true);
}

BOOL
ResetEvent(HANDLE hEvent)
{
    return change(hEvent, false);
}
