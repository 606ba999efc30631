/* SPDX-License-Identifier: Apache-2.0 */
/* The table of objects, and the waits. */
#include <pthread.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "compat/deadline.h"
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

static _Thread_local bool is_owner; /* its address is who the thread is */

static void
abandon(struct object *o)
{
    o->owner = NULL;
    o->depth = 0;
    o->abandoned = true;
}

/* Who waited is not there, nor is the stack with its links; nor are the other threads with what they own. */
static void
unlock_in_child(void)
{
    for (size_t i = 0; i < count; i++) {
        slot(i)->links = NULL;
        if (slot(i)->kind == OBJECT_MUTEX && slot(i)->owner && slot(i)->owner != &is_owner) {
            abandon(slot(i));
        }
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
object_open(const struct object *like)
{
    size_t index;
    struct object *o, fresh = *like;

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
    fresh.generation = o->generation;
    fresh.links = o->links;
    *o = fresh;
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
    HANDLE handle = object_open(&(struct object){ .kind = OBJECT_ALIAS, .original = original });

    if (handle) {
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

/* --- owners -------------------------------------------------------------------------------- */

static pthread_once_t owners_made = PTHREAD_ONCE_INIT;
static pthread_key_t owner_key;
static int owner_key_error;

void
object_abandon_all(void)
{
    if (!is_owner) {
        return;
    }
    is_owner = false;
    object_lock();
    for (size_t i = 0; i < count; i++) {
        if (slot(i)->kind == OBJECT_MUTEX && slot(i)->owner == &is_owner) {
            abandon(slot(i));
            object_wake(slot(i));
        }
    }
    object_unlock();
}

/* Of threads that the library did not make, too. */
static void
at_thread_end(void *unused)
{
    (void)unused;
    object_abandon_all();
}

static void
make_owner_key(void)
{
    owner_key_error = pthread_key_create(&owner_key, at_thread_end);
}

const void *
object_self(void)
{
    if (!is_owner) {
        pthread_once(&owners_made, make_owner_key);
        is_owner = owner_key_error == 0 && pthread_setspecific(owner_key, &is_owner) == 0;
    }
    return is_owner ? &is_owner : NULL;
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
    const void *self; /* where there is a mutex among them */
};

static bool
is_set(const struct object *o, const void *self)
{
    switch (o->kind) {
    case OBJECT_MUTEX: return !o->owner || o->owner == self;
    case OBJECT_SEMAPHORE: return o->count > 0;
    default: return o->set;
    }
}

/* Whether its last owner had abandoned it. */
static bool
take(struct object *o, const void *self)
{
    const bool abandoned = o->abandoned;

    switch (o->kind) {
    case OBJECT_MUTEX:
        o->owner = self;
        o->depth++;
        o->abandoned = false;
        break;
    case OBJECT_SEMAPHORE: o->count--; break;
    default: o->set = o->manual;
    }
    return abandoned;
}

/* ERROR_SUCCESS: a thread may wait for it. */
static DWORD
check(const struct object *o, struct wait *w)
{
    if (!o) {
        return ERROR_INVALID_HANDLE;
    }
    if (o->kind == OBJECT_MUTEX && !w->self) {
        w->self = object_self();
        return w->self ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    return ERROR_SUCCESS;
}

/* Whether the wait is over. */
static bool
look(struct wait *w)
{
    DWORD set = 0, first = 0;
    bool abandoned = false;

    for (DWORD i = 0; i < w->n; i++) {
        const struct object *o = find_any(w->handles[i]);

        w->error = check(o, w);
        if (w->error != ERROR_SUCCESS) {
            w->result = WAIT_FAILED;
            return true;
        }
        if (is_set(o, w->self) && set++ == 0) {
            first = i;
        }
    }
    if (set == 0 || (w->all && set < w->n)) {
        return false;
    }
    for (DWORD i = first; i < (w->all ? w->n : first + 1); i++) {
        abandoned |= take(find_any(w->handles[i]), w->self);
    }
    w->result = (abandoned ? WAIT_ABANDONED_0 : WAIT_OBJECT_0) + (w->all ? 0 : first);
    return true;
}

static void
wait_for(struct wait *w, DWORD ms)
{
    const struct timespec deadline = compat_deadline_of(ms);
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
    struct wait w = { lpHandles, nCount, bWaitAll != FALSE, WAIT_TIMEOUT, 0, NULL };

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
