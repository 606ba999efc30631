/* SPDX-License-Identifier: Apache-2.0 */
/* The handle table: what finds an object, and what finds nothing. Its statics too, since no test
 * lives to see a slot through four billion objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sspi/handles.c"

static atomic_uint destroyed;

static void
destroy(void *object)
{
    destroyed++;
    mem_free(object);
}

const handle_destroy handle_destroyers[HANDLE_KINDS] = { destroy, destroy };

static struct handle
make(enum handle_kind kind)
{
    struct handle h;

    assert_true(handle_new(kind, mem_new(1), &h));
    return h;
}

static void
test_handle_acquire__live__finds_the_object(void **state)
{
    void *object = mem_new(1);
    struct handle h;
    struct handle_ref ref;

    assert_true(handle_new(HANDLE_CONTEXT, object, &h));
    ref = handle_acquire(HANDLE_CONTEXT, h);
    assert_ptr_equal(ref.object, object);
    handle_release(ref);
    assert_true(handle_delete(HANDLE_CONTEXT, h));
}

static void
test_handle_acquire__of_another_kind__finds_nothing(void **state)
{
    struct handle h = make(HANDLE_CONTEXT);

    assert_null(handle_acquire(HANDLE_CREDENTIAL, h).object);
    assert_false(handle_delete(HANDLE_CREDENTIAL, h));
    assert_true(handle_delete(HANDLE_CONTEXT, h));
}

static void
test_handle_acquire__garbage__finds_nothing(void **state)
{
    struct handle live = make(HANDLE_CONTEXT);
    const struct handle bad[] = {
        { 0, 0 },
        { UINT64_MAX, UINT64_MAX },
        { UINT64_MAX - 1, UINT64_MAX - 1 },
        { live.lower, 0 },
        { live.lower, live.upper + 1 },
        { live.lower, live.upper | UINT64_C(1) << 32 },
        { live.lower + 1, live.upper },
        { live.lower | 0xFFFFFFFF, live.upper },
        { live.lower ^ UINT64_C(1) << 40, live.upper },
        { live.upper, live.lower },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(handle_acquire(HANDLE_CONTEXT, bad[i]).object);
        assert_false(handle_delete(HANDLE_CONTEXT, bad[i]));
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        struct handle flipped = { live.lower ^ UINT64_C(1) << bit, live.upper };

        assert_null(handle_acquire(HANDLE_CONTEXT, flipped).object);
    }
    assert_true(handle_delete(HANDLE_CONTEXT, live));
}

static void
test_handle_delete__twice__is_refused(void **state)
{
    struct handle h = make(HANDLE_CONTEXT);
    unsigned before = destroyed;

    assert_true(handle_delete(HANDLE_CONTEXT, h));
    assert_int_equal(destroyed, before + 1);
    assert_false(handle_delete(HANDLE_CONTEXT, h));
    assert_null(handle_acquire(HANDLE_CONTEXT, h).object);
    assert_int_equal(destroyed, before + 1);
}

static void
test_handle_delete__while_held__destroys_at_the_last_release(void **state)
{
    struct handle h = make(HANDLE_CONTEXT);
    struct handle_ref held = handle_acquire(HANDLE_CONTEXT, h);
    struct handle_ref shared = handle_share(held);
    unsigned before = destroyed;

    assert_true(handle_delete(HANDLE_CONTEXT, h));
    assert_null(handle_acquire(HANDLE_CONTEXT, h).object);
    handle_release(held);
    assert_int_equal(destroyed, before);
    handle_release(shared);
    assert_int_equal(destroyed, before + 1);
}

static void
test_handle_new__in_a_slot_used_before__is_another_handle(void **state)
{
    struct handle first = make(HANDLE_CONTEXT), second;

    assert_true(handle_delete(HANDLE_CONTEXT, first));
    second = make(HANDLE_CREDENTIAL);
    assert_int_equal((uint32_t)second.lower, (uint32_t)first.lower);
    assert_int_not_equal(second.upper, first.upper);
    assert_null(handle_acquire(HANDLE_CONTEXT, first).object);
    assert_true(handle_delete(HANDLE_CREDENTIAL, second));
}

static void
test_handle_new__thousands__are_all_found(void **state)
{
    enum { MANY = 5000 };
    static struct handle handles[MANY];

    for (size_t i = 0; i < MANY; i++) {
        handles[i] = make(i % 2 ? HANDLE_CONTEXT : HANDLE_CREDENTIAL);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_true(handle_delete(i % 2 ? HANDLE_CONTEXT : HANDLE_CREDENTIAL, handles[i]));
    }
}

/* Its last generation was never another object's: a handle that is kept so long is still stale. */
static void
test_handle_new__in_a_slot_that_had_every_generation__is_elsewhere(void **state)
{
    struct handle first = make(HANDLE_CONTEXT), last, next;
    struct handle_slot *slot = slot_of(HANDLE_CONTEXT, first);
    struct handle_ref held;

    assert_true(handle_delete(HANDLE_CONTEXT, first));
    atomic_store(&slot->word, word_of(UINT32_MAX, 0));
    last = make(HANDLE_CONTEXT);
    assert_int_equal(last.lower, first.lower);
    assert_int_equal(last.upper, UINT32_MAX);
    held = handle_acquire(HANDLE_CONTEXT, last);
    assert_true(handle_delete(HANDLE_CONTEXT, last));
    assert_null(handle_acquire(HANDLE_CONTEXT, (struct handle){ last.lower, 0 }).object);
    assert_null(handle_acquire(HANDLE_CONTEXT, (struct handle){ last.lower, 1 }).object);
    handle_release(held);
    next = make(HANDLE_CONTEXT);
    assert_int_not_equal(next.lower, first.lower);
    assert_null(handle_acquire(HANDLE_CONTEXT, first).object);
    assert_true(handle_delete(HANDLE_CONTEXT, next));
}

/* --- threads ------------------------------------------------------------------------------- */

enum { THREADS = SHARDS + 1, HANDED = 8, ROUNDS = 3000, FORKS = 20 };

static _Atomic uint64_t handed_lower[HANDED], handed_upper[HANDED];
static atomic_uint made, ended;

/* Makes, hands over, acquires what others handed over (or half of it, and half of another's), and
 * deletes by its own handle and by theirs. */
static void *
stress(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        enum handle_kind kind = (seed = seed * 1103515245 + 12345) >> 16 & 1;
        unsigned at = seed >> 20 & (HANDED - 1);
        struct handle own, other;
        struct handle_ref ref, shared;

        if (!handle_new(kind, mem_new(8), &own)) {
            continue;
        }
        atomic_fetch_add(&made, 1);
        other.lower = atomic_exchange(&handed_lower[at], own.lower);
        other.upper = atomic_exchange(&handed_upper[at], own.upper);
        ref = handle_acquire(kind, other);
        if (ref.object) {
            shared = handle_share(ref);
            handle_release(ref);
            *(volatile char *)shared.object;
            handle_release(shared);
        }
        if (seed & 1) {
            atomic_fetch_add(&ended, handle_delete(HANDLE_CREDENTIAL, other));
            atomic_fetch_add(&ended, handle_delete(HANDLE_CONTEXT, other));
        }
        atomic_fetch_add(&ended, handle_delete(kind, own));
    }
    return NULL;
}

static void
run_threads(void *(*run)(void *), pthread_t threads[static THREADS])
{
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)(i + 1)), 0);
    }
}

static void
join_threads(pthread_t threads[static THREADS])
{
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void
test_handle_delete__by_threads_with_each_others_handles__ends_each_once(void **state)
{
    pthread_t threads[THREADS];
    unsigned before = destroyed;

    run_threads(stress, threads);
    join_threads(threads);
    assert_int_equal(atomic_load(&ended), atomic_load(&made));
    assert_int_equal(atomic_load(&destroyed) - before, atomic_load(&made));
}

/* The sanitizers' own locks do not pass a fork. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static atomic_bool stop;

static void *
churn(void *arg)
{
    while (!atomic_load(&stop)) {
        struct handle h;

        if (handle_new(HANDLE_CONTEXT, mem_new(1), &h)) {
            (void)!handle_delete(HANDLE_CONTEXT, h);
        }
    }
    return NULL;
}

/* A child has none of the threads that may hold a lock at that moment. */
static void
test_handle_new__in_a_child_of_a_process_with_threads__works(void **state)
{
    pthread_t threads[THREADS];
    int status = 0;

    atomic_store(&stop, false);
    run_threads(churn, threads);
    for (unsigned i = 0; i < FORKS && status == 0; i++) {
        pid_t child = fork();

        if (child == 0) {
            struct handle h;

            (void)alarm(60);
            _exit(handle_new(HANDLE_CONTEXT, NULL, &h) && handle_delete(HANDLE_CONTEXT, h) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    atomic_store(&stop, true);
    join_threads(threads);
    assert_int_equal(status, 0);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handle_acquire__live__finds_the_object),
        cmocka_unit_test(test_handle_acquire__of_another_kind__finds_nothing),
        cmocka_unit_test(test_handle_acquire__garbage__finds_nothing),
        cmocka_unit_test(test_handle_delete__twice__is_refused),
        cmocka_unit_test(test_handle_delete__while_held__destroys_at_the_last_release),
        cmocka_unit_test(test_handle_new__in_a_slot_used_before__is_another_handle),
        cmocka_unit_test(test_handle_new__thousands__are_all_found),
        cmocka_unit_test(test_handle_new__in_a_slot_that_had_every_generation__is_elsewhere),
        cmocka_unit_test(test_handle_delete__by_threads_with_each_others_handles__ends_each_once),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_handle_new__in_a_child_of_a_process_with_threads__works),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
