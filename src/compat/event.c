/* SPDX-License-Identifier: Apache-2.0 */
/* Events of one process. A handle is an index and a generation, so that a stale one is told from
 * the event that took its place; one lock and one condition serve them all. */
#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <windows.h>

#include "base/mem.h"

#define EVENTS_MAX      16384
#define GENERATION_MASK 0x3fffu /* what is left of 32 bits beside the index and two zero bits */

struct event {
    unsigned generation;
    bool open, manual, set;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct event *events;
static size_t count;

static HANDLE
handle_of(size_t index)
{
    return (HANDLE)(((uintptr_t)events[index].generation << 18) | (uintptr_t)(index + 1) << 2);
}

/* The open event of a handle, or NULL; with the lock held. */
static struct event *
event_of(HANDLE handle)
{
    const uintptr_t value = (uintptr_t)handle;
    const size_t index = (size_t)(value >> 2 & 0xffff) - 1;

    if ((value & 3) != 0 || index >= count || handle_of(index) != handle || !events[index].open) {
        return NULL;
    }
    return &events[index];
}

/* The index of a closed slot, made where there is none; EVENTS_MAX where that cannot be. */
static size_t
free_slot(void)
{
    struct event *grown;
    const size_t more = count ? count * 2 : 16;

    for (size_t i = 0; i < count; i++) {
        if (!events[i].open) {
            return i;
        }
    }
    if (more > EVENTS_MAX) {
        return EVENTS_MAX;
    }
    grown = mem_resize(events, more * sizeof(*events));
    if (!grown) {
        return EVENTS_MAX;
    }
    events = grown;
    const size_t first = count;
    for (size_t i = first; i < more; i++) {
        events[i] = (struct event){ 0 };
    }
    count = more;
    return first;
}

static HANDLE
create(BOOL manual, BOOL initial, bool named)
{
    HANDLE handle = NULL;
    size_t index;

    if (named) {
        SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
        return NULL;
    }
    pthread_mutex_lock(&lock);
    index = free_slot();
    if (index < EVENTS_MAX) {
        events[index].open = true;
        events[index].manual = manual != FALSE;
        events[index].set = initial != FALSE;
        handle = handle_of(index);
    }
    pthread_mutex_unlock(&lock);
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
change(HANDLE handle, bool set, bool close)
{
    struct event *event;

    pthread_mutex_lock(&lock);
    event = event_of(handle);
    if (event) {
        event->set = set;
        event->open = !close;
        event->generation = (event->generation + (close ? 1 : 0)) & GENERATION_MASK;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (!event) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return event != NULL;
}

BOOL
SetEvent(HANDLE hEvent)
{
    return change(hEvent, true, false);
}

BOOL
ResetEvent(HANDLE hEvent)
{
    return change(hEvent, false, false);
}

BOOL
CloseHandle(HANDLE hObject)
{
    return change(hObject, false, true);
}

static struct timespec
deadline_of(DWORD ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

DWORD
WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds)
{
    const struct timespec deadline = deadline_of(dwMilliseconds == INFINITE ? 0 : dwMilliseconds);
    DWORD result = WAIT_OBJECT_0;
    struct event *event;
    int error = 0;

    pthread_mutex_lock(&lock);
    /* Looked up anew after each wait: it may have been closed, and the table may have moved. */
    while ((event = event_of(hHandle)) && !event->set && error == 0) {
        if (dwMilliseconds == INFINITE) {
            pthread_cond_wait(&changed, &lock);
        } else {
            error = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &deadline);
        }
    }
    if (!event) {
        result = WAIT_FAILED;
    } else if (!event->set) {
        result = WAIT_TIMEOUT;
    } else if (!event->manual) {
        event->set = false;
    }
    pthread_mutex_unlock(&lock);
    if (result == WAIT_FAILED) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return result;
}
