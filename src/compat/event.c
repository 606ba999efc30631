/* SPDX-License-Identifier: Apache-2.0 */
/* Events of one process, with and without names. */
#include "compat/event.h"

#include "compat/error.h"
#include "compat/named.h"

static struct object
event_of(BOOL manual, BOOL initial)
{
    return (
        struct object){ .kind = OBJECT_EVENT, .manual = manual != FALSE, .set = initial != FALSE };
}

static const struct object any_event = { .kind = OBJECT_EVENT };

HANDLE
CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
             LPCSTR lpName)
{
    const struct object like = event_of(bManualReset, bInitialState);

    return compat_named_create_a(&like, lpName);
}

HANDLE
CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
             LPCWSTR lpName)
{
    const struct object like = event_of(bManualReset, bInitialState);

    return compat_named_create_w(&like, lpName);
}

HANDLE
OpenEventA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName)
{
    return compat_named_open_a(&any_event, lpName);
}

HANDLE
OpenEventW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
{
    return compat_named_open_w(&any_event, lpName);
}

bool
compat_event_is(HANDLE handle)
{
    bool is;

    object_lock();
    is = object_find(handle, OBJECT_EVENT) != NULL;
    object_unlock();
    return is;
}

bool
compat_event_change(HANDLE handle, bool set)
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
    return event != NULL;
}

BOOL
SetEvent(HANDLE hEvent)
{
    return compat_error_answer(compat_event_change(hEvent, true) ? ERROR_SUCCESS
                                                                 : ERROR_INVALID_HANDLE);
}

BOOL
ResetEvent(HANDLE hEvent)
{
    return compat_error_answer(compat_event_change(hEvent, false) ? ERROR_SUCCESS
                                                                  : ERROR_INVALID_HANDLE);
}
