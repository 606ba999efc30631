/* SPDX-License-Identifier: Apache-2.0 */
/* Events of one process, with and without names. */
#include "compat/event.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "compat/error.h"
#include "compat/object.h"
#include "compat/text.h"

/* What stands before a name's backslash; names of all sessions are of all processes, too. */
static bool
takes_prefix(const char **name, const char *prefix)
{
    const size_t n = strlen(prefix);

    if (strncmp(*name, prefix, n) != 0) {
        return false;
    }
    *name += n;
    return true;
}

/* *out: a copy on the heap without its prefix; NULL for an empty name, which is none. */
static DWORD
name_of(const char *name, char **out)
{
    if (takes_prefix(&name, "Global\\")) {
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
    (void)takes_prefix(&name, "Local\\");
    if (strchr(name, '\\')) {
        return ERROR_PATH_NOT_FOUND;
    }
    if (strlen(name) > MAX_PATH) {
        return ERROR_FILENAME_EXCED_RANGE;
    }
    *out = name[0] ? mem_dup(name, strlen(name)) : NULL;
    return *out || !name[0] ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

static HANDLE
open_event(BOOL manual, BOOL initial, struct object **event)
{
    HANDLE handle = object_open(OBJECT_EVENT, event);

    if (handle) {
        (*event)->manual = manual != FALSE;
        (*event)->set = initial != FALSE;
    }
    return handle;
}

/* Given a name; *existed: of an event that was there. */
static HANDLE
open_named(BOOL manual, BOOL initial, char *name, bool *existed)
{
    HANDLE original = object_named(name), handle;
    struct object *event;

    *existed = original != NULL;
    if (original) {
        mem_free(name);
        return object_alias(original);
    }
    original = open_event(manual, initial, &event);
    if (!original) {
        mem_free(name);
        return NULL;
    }
    event->name = name;
    handle = object_alias(original);
    if (!handle) {
        object_close(original);
    }
    return handle;
}

static HANDLE
create(BOOL manual, BOOL initial, const char *name)
{
    char *own = NULL;
    const DWORD error = name ? name_of(name, &own) : ERROR_SUCCESS;
    struct object *event;
    bool existed = false;
    HANDLE handle;

    if (error != ERROR_SUCCESS) {
        SetLastError(error);
        return NULL;
    }
    object_lock();
    handle = own ? open_named(manual, initial, own, &existed) : open_event(manual, initial, &event);
    object_unlock();
    SetLastError(!handle   ? ERROR_TOO_MANY_OPEN_FILES
                 : existed ? ERROR_ALREADY_EXISTS
                           : ERROR_SUCCESS);
    return handle;
}

HANDLE
CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
             LPCSTR lpName)
{
    return create(bManualReset, bInitialState, lpName);
}

HANDLE
CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
             LPCWSTR lpName)
{
    char *name = NULL;
    const DWORD error = compat_text_to_utf8(lpName, &name);
    HANDLE handle = NULL;

    if (error == ERROR_SUCCESS) {
        handle = create(bManualReset, bInitialState, name);
    } else {
        SetLastError(error);
    }
    mem_free(name);
    return handle;
}

static HANDLE
open_existing(const char *name)
{
    char *own = NULL;
    DWORD error = name ? name_of(name, &own) : ERROR_INVALID_PARAMETER;
    HANDLE handle = NULL, original;

    if (error == ERROR_SUCCESS) {
        object_lock();
        original = own ? object_named(own) : NULL;
        handle = original ? object_alias(original) : NULL;
        object_unlock();
        error = !original ? ERROR_FILE_NOT_FOUND : !handle ? ERROR_TOO_MANY_OPEN_FILES : error;
    }
    mem_free(own);
    if (error != ERROR_SUCCESS) {
        SetLastError(error);
    }
    return handle;
}

HANDLE
OpenEventA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName)
{
    return open_existing(lpName);
}

HANDLE
OpenEventW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName)
{
    char *name = NULL;
    const DWORD error = compat_text_to_utf8(lpName, &name);
    HANDLE handle = NULL;

    if (error == ERROR_SUCCESS) {
        handle = open_existing(name);
    } else {
        SetLastError(error);
    }
    mem_free(name);
    return handle;
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
