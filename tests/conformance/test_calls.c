/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tables: each row is a case, and says of each state in which another answer came which one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/conformance/families.h"

static const char *
answer_name(SECURITY_STATUS status)
{
    static char number[2][16];
    static unsigned next;
    const char *name = OpenSspiStatusName(status);

    if (status == (SECURITY_STATUS)WRONG_OUTPUT) {
        return "the right status and wrong output";
    }
    if (name[0] == 'S') {
        return name;
    }
    next = !next;
    (void)snprintf(number[next], sizeof(number[next]), "0x%08x", (ULONG)status);
    return number[next];
}

static unsigned wrong;

static void
expect(const struct row *r, const struct call *call, const struct scene *s, const char *where,
       SECURITY_STATUS wanted, SECURITY_STATUS got)
{
    if (got == wanted) {
        return;
    }
    wrong++;
    print_error("%s %s, %s, %s, %s: %s, not %s (%s)\n", call->function, r->what,
                mechanism_name(s->mechanism), side_name(s->side), where, answer_name(got),
                answer_name(wanted), OpenSspiReason());
}

static void
run_in_states(const struct row *r, const struct call *call, enum mechanism m, enum side side)
{
    for (int state = 0; state < STATES; state++) {
        struct scene s;
        SECURITY_STATUS got;

        if (r->answers[state] == __) {
            continue;
        }
        scene_open(&s, m, side, (enum state)state);
        got = call->make(&s, r->argument);
        expect(r, call, &s, state_name((enum state)state), r->answers[state], got);
        scene_close(&s);
    }
}

static void
run_without_handle(const struct row *r, const struct call *call, enum mechanism m, enum side side)
{
    for (int kind = 0; kind < NO_HANDLES; kind++) {
        SecHandle room;
        struct scene s;

        scene_open(&s, m, side, r->takes == CONTEXT ? ESTABLISHED : ALONE);
        if (r->takes == CONTEXT) {
            s.at = scene_no_context(&s, (enum no_handle)kind, &room);
        } else {
            s.with = scene_no_credential(&s, (enum no_handle)kind, &room);
        }
        expect(r, call, &s, no_handle_name((enum no_handle)kind), SEC_E_INVALID_HANDLE,
               call->make(&s, r->argument));
        scene_close(&s);
    }
}

static void
test_row(void **state)
{
    const struct row *r = *state;

    wrong = 0;
    for (const struct call *call = r->calls; call->function; call++) {
        bool first = true;

        for (int m = 0; m < MECHANISMS; m++) {
            for (int side = 0; side < SIDES; side++) {
                if (!(r->mechanisms & BIT(m)) || !(r->sides & BIT(side))) {
                    continue;
                }
                run_in_states(r, call, (enum mechanism)m, (enum side)side);
                if (first && r->takes != NO_HANDLE) {
                    run_without_handle(r, call, (enum mechanism)m, (enum side)side);
                }
                first = false;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* Each exported function stands in a table. */
static void
test_tables__name_each_function_of_the_map(void **state)
{
    FILE *map = fopen(getenv("OPENSSPI_MAP"), "r");
    char line[256];
    unsigned missing = 0, found = 0;

    assert_non_null(map);
    while (fgets(line, sizeof(line), map)) {
        const char *name = line + strspn(line, " ");
        size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

        if (n == 0 || name[n] != ';') {
            continue;
        }
        line[(size_t)(name - line) + n] = 0;
        if (families_have(name)) {
            found++;
        } else {
            print_error("%s is in no table\n", name);
            missing++;
        }
    }
    assert_int_equal(fclose(map), 0);
    assert_true(found > 90);
    assert_int_equal(missing, 0);
}

int
main(void)
{
    size_t n = families_rows();
    struct CMUnitTest *tests = calloc(n + 1, sizeof(*tests));
    int failed;

    if (!tests) {
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        tests[i] = (struct CMUnitTest){ .name = families_row_name(i),
                                        .test_func = test_row,
                                        .initial_state = (void *)(uintptr_t)families_row(i) };
    }
    tests[n] = (struct CMUnitTest)cmocka_unit_test(test_tables__name_each_function_of_the_map);
    failed = _cmocka_run_group_tests("conformance", tests, n + 1, scene_begin, scene_end);
    free(tests);
    families_clear();
    return failed;
}
