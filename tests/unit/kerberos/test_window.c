/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence numbers: docs/decisions/0014. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerberos/session.h"

struct step {
    uint64_t sequence;
    bool passes;
};

static void
run(uint64_t first, bool in_order, const struct step *steps)
{
    struct krb_window w;

    krb_window_begin(&w, first);
    for (size_t i = 0; steps[i].sequence != UINT64_MAX / 3; i++) {
        if (krb_window_take(&w, steps[i].sequence, in_order) != steps[i].passes) {
            fail_msg("step %zu, number %llu", i, (unsigned long long)steps[i].sequence);
        }
    }
}

#define END                   \
    {                         \
        UINT64_MAX / 3, false \
    }

static void
test_window_take__in_order__takes_the_next_alone(void **state)
{
    static const struct step steps[] = {
        { 101, false }, { 99, false }, { 100, true },         { 100, false },
        { 102, false }, { 101, true }, { 100, false },        { 103, false },
        { 102, true },  { 103, true }, { UINT64_MAX, false }, END,
    };

    run(100, true, steps);
}

static void
test_window_take__any_order__takes_each_once(void **state)
{
    static const struct step steps[] = {
        { 100, true },  { 100, false },
        { 99, false },  { 36, false },
        { 105, true },  { 105, false },
        { 101, true },  { 104, true },
        { 101, false }, { 102, true },
        { 103, true },  { 103, false },
        { 106, true },  END,
    };

    run(100, false, steps);
}

static void
test_window_take__any_order__forgets_what_is_64_behind(void **state)
{
    static const struct step steps[] = {
        { 0, true },     { 63, true },
        { 0, false },    { 1, true },
        { 64, true },    { 1, false },
        { 2, true },     { 66, true },
        { 2, false },    { 3, true },
        { 1000, true },  { 936, false },
        { 937, true },   { 937, false },
        { 999, true },   { 1063, true },
        { 1000, false }, { 1001, true },
        { 1127, true },  { 1064, true },
        { 1063, false }, END,
    };

    run(0, false, steps);
}

/* Nothing before the first was ever sent, whatever the window has room for. */
static void
test_window_take__before_the_first__is_refused(void **state)
{
    for (uint64_t i = 1; i < 200; i++) {
        struct krb_window w;

        krb_window_begin(&w, 1000);
        assert_false(krb_window_take(&w, 1000 - i, false));
        assert_true(krb_window_take(&w, 1003, false));
        assert_false(krb_window_take(&w, 1000 - i, false));
        assert_true(krb_window_take(&w, 1000, false));
        krb_window_begin(&w, i - 1);
        assert_false(krb_window_take(&w, (i - 1) - i, false));
    }
}

static void
test_window_take__where_numbers_wrap__goes_on(void **state)
{
    static const struct step steps[] = {
        { UINT64_MAX - 1, true },
        { UINT64_MAX, true },
        { 0, true },
        { UINT64_MAX, false },
        { 2, true },
        { 1, true },
        { 0, false },
        { UINT64_MAX - 1, false },
        END,
    };
    static const struct step in_order[] = {
        { UINT64_MAX - 1, true }, { UINT64_MAX, true }, { 0, true }, { 1, true }, { 0, false }, END,
    };

    run(UINT64_MAX - 1, false, steps);
    run(UINT64_MAX - 1, true, in_order);
}

/* Against a model that remembers everything. */
static void
test_window_take__at_random__agrees_with_the_model(void **state)
{
    enum { N = 4096 };
    static bool seen[N];
    uint32_t lot = 12345;
    uint64_t highest = 0;
    struct krb_window w;

    krb_window_begin(&w, 0);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t sequence;
        bool fits;

        lot = lot * 1664525 + 1013904223;
        sequence = highest / 2 + (lot >> 8) % (highest / 2 + 40);
        if (sequence >= N) {
            break;
        }
        fits = !seen[sequence] && sequence + 64 > highest;
        assert_int_equal(krb_window_take(&w, sequence, false), fits);
        seen[sequence] |= fits;
        highest = sequence > highest ? sequence : highest;
    }
    assert_true(highest > N / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_take__in_order__takes_the_next_alone),
        cmocka_unit_test(test_window_take__any_order__takes_each_once),
        cmocka_unit_test(test_window_take__any_order__forgets_what_is_64_behind),
        cmocka_unit_test(test_window_take__before_the_first__is_refused),
        cmocka_unit_test(test_window_take__where_numbers_wrap__goes_on),
        cmocka_unit_test(test_window_take__at_random__agrees_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
