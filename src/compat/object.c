/* SPDX-License-Identifier: Apache-2.0 */
/* The table of objects, and the waits. */
#include <pthread.h>
#include <time.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "compat/object.h"
#include "compat/token.h"

enum { CHUNK = 256, CHUNKS = 64 };
#define GENERATION_MASK 0x3fffu /* what is left of 32 bits beside the index and two zero bits */
#define NO_INDEX        SIZE_MAX

/* A thread that waits, and its place in the list of each object that it waits for. */
struct waiter {
    pthread_cond_t cond;
};
struct object_link {
    struct waiter *waiter;
    struct object_link *next, **from;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *chunks[CHUNKS];
static size_t count;
/* The slot that was closed longest ago comes next: the later a handle's bits come again. */
static size_t first_free = NO_INDEX, last_free = NO_INDEX;

/* --- the table ----------------------------------------------------------------------------- */

static struct object *
slot(size_t index)
{
    return &chunks[index / CHUNK][index % CHUNK];
}

static void
lock_for_fork(void)
{
    pthread_mutex_lock(&lock);
}

/* Who waited is not there, and nor is the stack with its links. */
static void
unlock_in_child(void)
{
    for (size_t i = 0; i < count; i++) {
        slot(i)->links = NULL;
    }
    object_unlock();
}

static void
watch_fork(void)
{
    (void)pthread_atfork(lock_for_fork, object_unlock, unlock_in_child);
}

void
object_watch_fork(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;

    (void)pthread_once(&watched, watch_fork);
}

void
object_lock(void)
{
    object_watch_fork();
    pthread_mutex_lock(&lock);
}

void
object_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static HANDLE
handle_of(size_t index)
{
    return (HANDLE)(((uintptr_t)slot(index)->generation << 18) | (uintptr_t)(index + 1) << 2);
}

static size_t
index_of(HANDLE handle)
{
    const uintptr_t value = (uintptr_t)handle;
    const size_t index = (size_t)(value >> 2 & 0xffff) - 1;

    return (value & 3) == 0 && index < count && handle_of(index) == handle ? index : NO_INDEX;
}

static struct object *
find_any(HANDLE handle)
{
    const size_t index = index_of(handle);

    if (index == NO_INDEX || slot(index)->kind == OBJECT_CLOSED) {
        return NULL;
    }
    return slot(index)->kind == OBJECT_ALIAS ? slot(index_of(slot(index)->original)) : slot(index);
}

struct object *
object_find(HANDLE handle, enum object_kind kind)
{
    struct object *o = find_any(handle);

    return o && o->kind == kind ? o : NULL;
}

static void
free_slot(size_t index)
{
    slot(index)->next_free = NO_INDEX;
    if (last_free == NO_INDEX) {
        first_free = index;
    } else {
        slot(last_free)->next_free = index;
    }
    last_free = index;
}

static bool
grow(void)
{
    struct object *chunk =
        count < (size_t)CHUNK * CHUNKS ? mem_new_array(CHUNK, sizeof(*chunk)) : NULL;

    if (!chunk) {
        return false;
    }
    chunks[count / CHUNK] = chunk;
    for (size_t i = 0; i < CHUNK; i++) {
        free_slot(count++);
    }
    return true;
}

HANDLE
object_open(enum object_kind kind, struct object **out)
{
    size_t index;
    struct object *o;

    if (first_free == NO_INDEX && !grow()) {
        return NULL;
    }
    index = first_free;
    o = slot(index);
    first_free = o->next_free;
    if (first_free == NO_INDEX) {
        last_free = NO_INDEX;
    }
    /* A thread that waited for its predecessor may still be in the list: it takes itself out. */
    *o = (struct object){ .kind = kind, .generation = o->generation, .links = o->links };
    *out = o;
    return handle_of(index);
}

static void
close_slot(size_t index)
{
    struct object *o = slot(index);

    mem_free(o->name);
    o->name = NULL;
    o->kind = OBJECT_CLOSED;
    o->generation = (o->generation + 1) & GENERATION_MASK;
    free_slot(index);
}

void
object_close(HANDLE handle)
{
    const size_t index = index_of(handle);
    const HANDLE original = slot(index)->kind == OBJECT_ALIAS ? slot(index)->original : NULL;

    object_wake(find_any(handle));
    close_slot(index);
    if (original && --slot(index_of(original))->aliases == 0) {
        close_slot(index_of(original));
    }
}

HANDLE
object_alias(HANDLE original)
{
    struct object *alias;
    HANDLE handle = object_open(OBJECT_ALIAS, &alias);

    if (handle) {
        alias->original = original;
        slot(index_of(original))->aliases++;
    }
    return handle;
}

HANDLE
object_named(const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const char *its = slot(i)->name;

        if (its && bytes_equal(bytes_of_string(its), bytes_of_string(name))) {
            return handle_of(i);
        }
    }
    return NULL;
}

BOOL
CloseHandle(HANDLE hObject)
{
    bool known;

    if (compat_token_is(hObject)) {
        return compat_token_close(hObject);
    }
    object_lock();
    known = find_any(hObject) != NULL;
    if (known) {
        object_close(hObject);
    }
    object_unlock();
    if (!known) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return known;
}

/* --- waiting ------------------------------------------------------------------------------- */

void
object_wake(const struct object *o)
{
    for (struct object_link *link = o->links; link; link = link->next) {
        pthread_cond_signal(&link->waiter->cond);
    }
}

static void
put_in(struct object_link *link, struct waiter *waiter, struct object *o)
{
    *link = (struct object_link){ waiter, o->links, &o->links };
    if (link->next) {
        link->next->from = &link->next;
    }
    o->links = link;
}

static void
take_out(const struct object_link *link)
{
    *link->from = link->next;
    if (link->next) {
        link->next->from = link->from;
    }
}

void
object_sleep(HANDLE handle)
{
    struct waiter waiter = { PTHREAD_COND_INITIALIZER };
    struct object *o = find_any(handle);
    struct object_link link;

    if (o) {
        put_in(&link, &waiter, o);
        pthread_cond_wait(&waiter.cond, &lock);
        take_out(&link);
    }
    pthread_cond_destroy(&waiter.cond);
}

/* What a wait is for, and what became of it. */
struct wait {
    const HANDLE *handles;
    DWORD n;
    bool all;
    DWORD result, error;
};

static void
take(struct object *o)
{
    o->set = o->manual;
}

/* Whether the wait is over. */
static bool
look(struct wait *w)
{
    DWORD set = 0, first = 0;

    for (DWORD i = 0; i < w->n; i++) {
        const struct object *o = find_any(w->handles[i]);

        if (!o) {
            w->result = WAIT_FAILED;
            w->error = ERROR_INVALID_HANDLE;
            return true;
        }
        if (o->set && set++ == 0) {
            first = i;
        }
    }
    if (set == 0 || (w->all && set < w->n)) {
        return false;
    }
    for (DWORD i = first; i < (w->all ? w->n : first + 1); i++) {
        take(find_any(w->handles[i]));
    }
    w->result = WAIT_OBJECT_0 + (w->all ? 0 : first);
    return true;
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

static void
wait_for(struct wait *w, DWORD ms)
{
    const struct timespec deadline = deadline_of(ms == INFINITE ? 0 : ms);
    struct object_link links[MAXIMUM_WAIT_OBJECTS];
    struct waiter waiter = { PTHREAD_COND_INITIALIZER };
    int error = 0;

    for (DWORD i = 0; i < w->n; i++) {
        put_in(&links[i], &waiter, find_any(w->handles[i]));
    }
    do {
        error = ms == INFINITE
                    ? pthread_cond_wait(&waiter.cond, &lock)
                    : pthread_cond_clockwait(&waiter.cond, &lock, CLOCK_MONOTONIC, &deadline);
    } while (!look(w) && error == 0);
    for (DWORD i = 0; i < w->n; i++) {
        take_out(&links[i]);
    }
    pthread_cond_destroy(&waiter.cond);
}

/* With the lock held: two handles may be one object's. */
static bool
has_doubles(const HANDLE *handles, DWORD n)
{
    for (DWORD i = 0; i < n; i++) {
        for (DWORD k = i + 1; k < n; k++) {
            if (handles[i] == handles[k] ||
                (find_any(handles[i]) && find_any(handles[i]) == find_any(handles[k]))) {
                return true;
            }
        }
    }
    return false;
}

DWORD
WaitForMultipleObjects(DWORD nCount, const HANDLE *lpHandles, BOOL bWaitAll, DWORD dwMilliseconds)
{
    struct wait w = { lpHandles, nCount, bWaitAll != FALSE, WAIT_TIMEOUT, 0 };

    if (nCount == 0 || nCount > MAXIMUM_WAIT_OBJECTS || !lpHandles) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    object_lock();
    if (bWaitAll && has_doubles(lpHandles, nCount)) {
        w.result = WAIT_FAILED;
        w.error = ERROR_INVALID_PARAMETER;
    } else if (!look(&w) && dwMilliseconds != 0) {
        wait_for(&w, dwMilliseconds);
    }
    object_unlock();
    if (w.result == WAIT_FAILED) {
        SetLastError(w.error);
    }
    return w.result;
}

DWORD
WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds)
{
    return WaitForMultipleObjects(1, &hHandle, FALSE, dwMilliseconds);
}
