/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of ras-module-host: guarded buffers, and the table of calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "ras/module_host/calls.h"
#include "ras/module_host/guard.h"

/* --- guarded buffers ----------------------------------------------------------------------- */

static void
touch(volatile uint8_t *p)
{
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would say more of it */
    *p = 1;
    _exit(0);
}

static bool
crashes(uint8_t *p)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        touch(p);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void
test_guard_new__between_pages(void **state)
{
    static const size_t sizes[] = { 1, 16, 100, 4096, 5000, 65535 };
    struct guard g;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const size_t padding = (16 - sizes[i] % 16) % 16;

        assert_true(guard_new(&g, sizes[i]));
        assert_int_equal(g.n, sizes[i]);
        assert_int_equal((uintptr_t)g.p % 16, 0);
        for (size_t k = 0; k < g.n; k++) {
            assert_int_equal(g.p[k], 0);
        }
        memset(g.p, 'x', g.n);
        assert_false(crashes(g.p + g.n - 1));
        assert_true(crashes(g.p + g.n + padding));
        guard_retire(&g);
        assert_null(g.p);
    }
    assert_false(guard_new(&g, SIZE_MAX / 2));
    guard_retire(&g);
}

static void
test_guard_retire__who_touches_it_crashes(void **state)
{
    struct guard g;
    uint8_t *p;

    (void)state;
    assert_true(guard_new(&g, 100));
    p = g.p;
    assert_false(crashes(p));
    assert_false(guard_was_retired(p));
    guard_retire(&g);
    assert_true(crashes(p));
    assert_true(guard_was_retired(p) && guard_was_retired(p + 99));
    assert_false(guard_was_retired(&g));
}

/* Addresses do not come back soon, and the kernel does not run out of mappings. */
static void
test_guard_retire__many(void **state)
{
    struct guard g;
    uint8_t *first = NULL;

    (void)state;
    for (size_t i = 0; i < 40000; i++) {
        assert_true(guard_new(&g, 200));
        assert_true(i > 8000 || g.p != first);
        first = first ? first : g.p;
        guard_retire(&g);
    }
}

/* --- calls --------------------------------------------------------------------------------- */

static void
test_calls__handles_do_not_come_again(void **state)
{
    HPORT handles[500];
    struct calls_call *c;

    (void)state;
    calls_lock();
    for (uint64_t i = 0; i < 500; i++) {
        c = calls_add(i + 1, 64, 64, bytes_of_string("COM1"));
        assert_non_null(c);
        handles[i] = c->handle;
        assert_non_null(handles[i]);
        assert_ptr_equal(calls_by_handle(handles[i]), c);
        assert_ptr_equal(calls_by_number(i + 1), c);
        assert_string_equal(c->device, "COM1");
        if (i % 3) {
            calls_remove(c);
            assert_null(calls_by_handle(handles[i]));
            assert_null(calls_by_number(i + 1));
        }
        for (uint64_t k = 0; k < i; k++) {
            assert_ptr_not_equal(handles[k], handles[i]);
        }
    }
    assert_int_equal(calls_count(), 167);
    for (uint64_t i = 0; i < 500; i += 3) {
        calls_remove(calls_by_number(i + 1));
    }
    assert_int_equal(calls_count(), 0);
    calls_unlock();
}

static void
test_calls__numbers_are_of_64_bits(void **state)
{
    const uint64_t numbers[] = { 1, UINT64_C(1) << 32 | 1, UINT64_MAX, 1025 };

    (void)state;
    calls_lock();
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(calls_add(numbers[i], 1, 1, bytes_of_string("")));
    }
    for (size_t i = 0; i < 4; i++) {
        struct calls_call *c = calls_by_number(numbers[i]);

        assert_int_equal(c->number, numbers[i]);
        assert_ptr_equal(calls_by_handle(c->handle), c);
        assert_null(calls_by_handle((HPORT)((uintptr_t)c->handle + 1)));
        calls_remove(c);
    }
    calls_unlock();
}

static void
add_one(void *user, bool failing)
{
    struct calls_call *c;

    (void)user;
    calls_lock();
    c = calls_add(9, 64, 64, bytes_of_string("COM1"));
    assert_true(c || failing);
    if (c) {
        calls_remove(c);
    }
    assert_int_equal(calls_count(), 0);
    calls_unlock();
}

static void
test_calls__without_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(add_one, NULL) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard_new__between_pages),
        cmocka_unit_test(test_guard_retire__who_touches_it_crashes),
        cmocka_unit_test(test_guard_retire__many),
        cmocka_unit_test(test_calls__handles_do_not_come_again),
        cmocka_unit_test(test_calls__numbers_are_of_64_bits),
        cmocka_unit_test(test_calls__without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
