/* SPDX-License-Identifier: Apache-2.0 */
/* The handle table: what finds an object, and what finds nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sspi/handles.h"

static unsigned destroyed;

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
