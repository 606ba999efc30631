/* SPDX-License-Identifier: Apache-2.0 */
/* What is told once in a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "service/told.h"

static struct told told;

static void
test_told_is_due__again_after_its_time(void **state)
{
    (void)state;
    told_init(&told);
    assert_true(told_is_due(&told, "host", "web1", 1000));
    assert_false(told_is_due(&told, "host", "web1", 1000));
    assert_false(told_is_due(&told, "host", "web1", 1000 + TOLD_SECONDS - 1));
    assert_true(told_is_due(&told, "host", "web1", 1000 + TOLD_SECONDS));
    assert_false(told_is_due(&told, "host", "web1", 1001 + TOLD_SECONDS));
    told_clear(&told);
}

static void
test_told_is_due__each_thing_by_itself(void **state)
{
    (void)state;
    told_init(&told);
    assert_true(told_is_due(&told, "host", "web1", 0));
    assert_true(told_is_due(&told, "host", "web2", 0));
    assert_true(told_is_due(&told, "silent", "web1", 0));
    assert_true(told_is_due(&told, "hos", "tweb1", 0));
    assert_true(told_is_due(&told, "", "", 0));
    assert_false(told_is_due(&told, "host", "web1", 1));
    told_clear(&told);
}

/* More than there are slots: none is lost, the memory is what it was. */
static void
test_told_is_due__many_are_told_rather_than_none(void **state)
{
    char name[32];

    (void)state;
    told_init(&told);
    for (unsigned i = 0; i < 10 * TOLD_SLOTS; i++) {
        (void)snprintf(name, sizeof(name), "host%u", i);
        assert_true(told_is_due(&told, "host", name, 0));
    }
    told_clear(&told);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_is_due__again_after_its_time),
        cmocka_unit_test(test_told_is_due__each_thing_by_itself),
        cmocka_unit_test(test_told_is_due__many_are_told_rather_than_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
