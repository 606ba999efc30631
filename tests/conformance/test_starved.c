/* SPDX-License-Identifier: Apache-2.0 */
/* Each row that succeeds, once for each of its allocations with that one failing: it says SEC_E_INSUFFICIENT_MEMORY or
 * succeeds all the same, leaves nothing behind, and the same call succeeds afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "tests/conformance/families.h"

/* One call of a row in one state. */
struct course {
    const struct row *row;
    const struct call *call;
    enum mechanism mechanism;
    enum side side;
    enum state state;
};

static unsigned wrong;

static void
tell(const struct course *c, const char *when, SECURITY_STATUS got)
{
    wrong++;
    print_error("%s %s, %s, %s, %s: %s: %s (%s)\n", c->call->function, c->row->what,
                mechanism_name(c->mechanism), side_name(c->side), state_name(c->state), when,
                got == (SECURITY_STATUS)WRONG_OUTPUT ? "wrong output" : OpenSspiStatusName(got),
                OpenSspiReason());
}

/* A credential that was freed is no argument of a second call. */
static bool
is_spent(const struct course *c)
{
    return strcmp(c->call->function, "FreeCredentialsHandle") == 0;
}

/* A leg that fails is the last one of its context, for whatever reason it fails. */
static bool
may_end(const struct course *c)
{
    return (strstr(c->call->function, "InitializeSecurityContext") ||
            strstr(c->call->function, "AcceptSecurityContext")) &&
           c->state != ALONE;
}

/* What proves a Kerberos client is remembered before anything else that can fail: it is good for one leg. */
static bool
is_replay(const struct course *c, SECURITY_STATUS again)
{
    return again == SEC_E_LOGON_DENIED && strstr(OpenSspiReason(), "replay") &&
           strcmp(c->call->function, "AcceptSecurityContext") == 0;
}

static void
starve(void *user, bool failing)
{
    const struct course *c = user;
    SECURITY_STATUS wanted = c->row->answers[c->state], got, again;
    struct scene s;

    alloc_fail_spare(true);
    scene_open(&s, c->mechanism, c->side, c->state);
    alloc_fail_spare(false);
    got = c->call->make(&s, c->row->argument);
    alloc_fail_spare(true);
    if (got != wanted && (!failing || got != SEC_E_INSUFFICIENT_MEMORY)) {
        tell(c, "without memory", got);
    } else if (got != wanted && !is_spent(c)) {
        again = c->call->make(&s, c->row->argument);
        if (again != wanted && !(may_end(c) && again == SEC_E_OUT_OF_SEQUENCE) &&
            !is_replay(c, again)) {
            tell(c, "once more", again);
        }
    }
    scene_close(&s);
    alloc_fail_spare(false);
}

/* The state in which a row succeeds: one is enough, and an established context has most to lose. */
static int
state_of(const struct row *r)
{
    static const enum state preferred[] = { ESTABLISHED, ALONE, HALF_OPEN, CREATED };

    for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++) {
        if (r->answers[preferred[i]] == SEC_E_OK ||
            r->answers[preferred[i]] == SEC_I_CONTINUE_NEEDED) {
            return (int)preferred[i];
        }
    }
    return -1;
}

static void
test_row(void **state)
{
    const struct row *r = *state;
    struct course c = { .row = r, .state = (enum state)state_of(r) };

    wrong = 0;
    for (c.call = r->calls; c.call->function; c.call++) {
        for (int m = 0; m < MECHANISMS; m++) {
            for (int side = 0; side < SIDES; side++) {
                if ((r->mechanisms & BIT(m)) && (r->sides & BIT(side))) {
                    c.mechanism = (enum mechanism)m;
                    c.side = (enum side)side;
                    (void)alloc_fail_each(starve, &c);
                }
            }
        }
    }
    assert_int_equal(wrong, 0);
}

int
main(void)
{
    size_t rows = families_rows(), n = 0;
    struct CMUnitTest *tests = calloc(rows, sizeof(*tests));
    int failed;

    if (!tests) {
        return 1;
    }
    scene_spare = alloc_fail_spare;
    for (size_t i = 0; i < rows; i++) {
        if (state_of(families_row(i)) >= 0) {
            tests[n++] = (struct CMUnitTest){ .name = families_row_name(i),
                                              .test_func = test_row,
                                              .initial_state = (void *)(uintptr_t)families_row(i) };
        }
    }
    failed = _cmocka_run_group_tests("starved", tests, n, scene_begin, scene_end);
    free(tests);
    families_clear();
    return failed;
}
