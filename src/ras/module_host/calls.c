/* SPDX-License-Identifier: Apache-2.0 */
/* The table of calls. */
#include "ras/module_host/calls.h"

#include "base/mem.h"

enum { BUCKETS = 1024, HANDLE_STEP = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct calls_call *by_number[BUCKETS], *by_handle[BUCKETS];
static size_t count;
static uintptr_t last_handle;

void
calls_lock(void)
{
    pthread_mutex_lock(&lock);
}

void
calls_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void
calls_wait(pthread_cond_t *cond)
{
    pthread_cond_wait(cond, &lock);
}

static struct calls_call **
number_bucket(uint64_t number)
{
    return &by_number[number % BUCKETS];
}

static struct calls_call **
handle_bucket(HPORT handle)
{
    return &by_handle[(uintptr_t)handle / HANDLE_STEP % BUCKETS];
}

struct calls_call *
calls_by_number(uint64_t number)
{
    struct calls_call *c = *number_bucket(number);

    while (c && c->number != number) {
        c = c->next_by_number;
    }
    return c;
}

struct calls_call *
calls_by_handle(HPORT handle)
{
    struct calls_call *c = *handle_bucket(handle);

    while (c && c->handle != handle) {
        c = c->next_by_handle;
    }
    return c;
}

size_t
calls_count(void)
{
    return count;
}

static void
release(struct calls_call *c)
{
    guard_retire(&c->send);
    guard_retire(&c->receive);
    mem_free(c);
}

/* Handles count up and do not come again. They stay small for long: old source keeps an HPORT in a
 * DWORD. */
struct calls_call *
calls_add(uint64_t number, size_t send_size, size_t receive_size, struct bytes device)
{
    struct calls_call *c = mem_new(sizeof(*c));

    if (!c || last_handle > UINTPTR_MAX - HANDLE_STEP || !guard_new(&c->send, send_size) ||
        !guard_new(&c->receive, receive_size)) {
        if (c) {
            release(c);
        }
        return NULL;
    }
    last_handle += HANDLE_STEP;
    c->number = number;
    c->handle = (HPORT)last_handle;
    bytes_copy(c->device, device.p, device.n < sizeof(c->device) ? device.n : 0);
    c->next_by_number = *number_bucket(number);
    *number_bucket(number) = c;
    c->next_by_handle = *handle_bucket(c->handle);
    *handle_bucket(c->handle) = c;
    count++;
    return c;
}

void
calls_end_checks(struct calls_call *c)
{
    for (struct calls_check *check = c->checks; check; check = check->next) {
        check->done = true;
        check->error = ERROR_PORT_DISCONNECTED;
        pthread_cond_signal(&check->cond);
    }
    c->checks = NULL;
}

void
calls_remove(struct calls_call *c)
{
    struct calls_call **at = number_bucket(c->number);

    while (*at != c) {
        at = &(*at)->next_by_number;
    }
    *at = c->next_by_number;
    at = handle_bucket(c->handle);
    while (*at != c) {
        at = &(*at)->next_by_handle;
    }
    *at = c->next_by_handle;
    count--;
    calls_end_checks(c);
    release(c);
}
