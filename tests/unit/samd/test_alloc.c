/* SPDX-License-Identifier: Apache-2.0 */
/* No memory in the process that asks: nobody is let in, nobody is refused as if the password were
 * wrong, and what is asked next is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "tests/unit/samd/served.h"

static void
see_nothing(void *user, const struct account_view *view)
{
    unsigned *n = user;

    (*n)++;
}

static sec_status
open_asker(const struct served *s, struct account_authority **a)
{
    struct account_options options = s->store.options.accounts;

    options.store = s->name;
    return account_authority_open(&options, a);
}

/* Nobody is refused for a reason that is not so. */
static void
close_asker(struct account_authority *a, sec_status status, bool failing)
{
    assert_true(status == SEC_E_OK || (failing && (status == SEC_E_INSUFFICIENT_MEMORY ||
                                                   status == SEC_E_NO_AUTHENTICATING_AUTHORITY)));
    account_authority_close(a);
}

static void
log_on(void *user, bool failing)
{
    struct account_authority *a = NULL;
    struct test_claim t;
    struct account_proof proof;
    sec_status status;

    status = open_asker(user, &a);
    if (status == SEC_E_OK) {
        test_claim_make(&t, "user", "TESTS", "p1");
        status = account_prove(a, &t.claim, &proof);
        assert_true((status == SEC_E_OK) == (proof.identity != NULL));
        assert_int_equal(proof.sub_status, 0);
        account_proof_clear(&proof);
    }
    close_asker(a, status, failing);
}

static void
look_up(void *user, bool failing)
{
    struct account_authority *a = NULL;
    struct account_entry entry;
    sec_status status;

    status = open_asker(user, &a);
    if (status == SEC_E_OK) {
        status = account_look_up(a, UTF16("USER"), NULL, &entry);
        assert_true(status != SEC_E_OK || strcmp(entry.name, "user") == 0);
    }
    close_asker(a, status, failing);
}

/* As much as there is of it: the password is another one, or it is not. */
static void
change_password(void *user, bool failing)
{
    struct account_authority *a = NULL;
    struct account_proof out;
    sec_status status;

    status = open_asker(user, &a);
    if (status == SEC_E_OK) {
        status = account_change_password(
            a,
            &(struct account_new_password){ .user = UTF16("user"),
                                            .old_password = bytes_of_string("p1"),
                                            .password = bytes_of_string("p1") },
            &out);
        assert_int_equal(out.sub_status, 0);
    }
    close_asker(a, status, failing);
}

static void
administer(void *user, bool failing)
{
    struct served *s = user;
    struct account_admin_options options = s->store.options;
    struct account_admin *a = NULL;
    sec_status status;
    unsigned n = 0;

    options.accounts.store = s->name;
    status = account_admin_open(&options, &a);
    if (status == SEC_E_OK) {
        status = account_admin_list(a, see_nothing, &n);
    }
    assert_true((status == SEC_E_OK && n == 1) || (failing && status != SEC_E_OK));
    account_admin_close(a);
}

static void
test_authority__each_allocation_failing__is_survived(void **state)
{
    struct served s = { .fd = -1 };

    served_make(&s);
    served_start(&s);
    assert_true(alloc_fail_each(log_on, &s) > 3);
    assert_true(alloc_fail_each(administer, &s) > 3);
    assert_true(alloc_fail_each(change_password, &s) > 3);
    assert_true(alloc_fail_each(look_up, &s) > 2);
    served_stop(&s);
    served_clear(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority__each_allocation_failing__is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
