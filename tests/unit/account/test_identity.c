/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: copies in one piece of memory, counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/account.h"
#include "base/attributes.h"
#include "tests/support/hex.h"

/* Writes over what identity was made from, so that what still points there shows. */
static struct account_identity *
copy_of_three_groups(bool with_attributes)
{
    char sid[] = "S-1-5-21-1-2-3-1001", unix_user[] = "alice";
    char group[] = "Domain Users", group_sid[] = "S-1-5-21-1-2-3-513";
    const char *groups[] = { group, "S-1-18-1", "" };
    const char *group_sids[] = { group_sid, "S-1-18-1", "S-1-5-32-544" };
    uint32_t attributes[] = { 7, 0x20000007, 0x10 };
    uint8_t user[] = { 'a', 0, 'l', 0, 'i', 0 };
    struct account_identity *copy = account_identity_new(&(struct account_identity){
        .user = bytes_of(user, sizeof(user)),
        .domain = UTF16("EXAMPLE"),
        .sid = sid,
        .groups = groups,
        .group_sids = group_sids,
        .group_attributes = with_attributes ? attributes : NULL,
        .n_groups = 3,
        .unix_user = unix_user,
        .password_expires_100ns = 77,
    });

    sid[0] = unix_user[0] = group[0] = group_sid[0] = '?';
    groups[1] = groups[2] = group_sids[1] = group_sids[2] = NULL;
    attributes[0] = attributes[1] = attributes[2] = 99;
    user[0] = '?';
    return copy;
}

static void
test_account_identity_new__copies_everything(void **state)
{
    struct account_identity *copy = copy_of_three_groups(true);

    assert_non_null(copy);
    assert_bytes_equal(copy->user, UTF16("ali"));
    assert_bytes_equal(copy->domain, UTF16("EXAMPLE"));
    assert_string_equal(copy->sid, "S-1-5-21-1-2-3-1001");
    assert_string_equal(copy->unix_user, "alice");
    assert_int_equal(copy->n_groups, 3);
    assert_string_equal(copy->groups[0], "Domain Users");
    assert_string_equal(copy->groups[1], "S-1-18-1");
    assert_string_equal(copy->groups[2], "");
    assert_string_equal(copy->group_sids[0], "S-1-5-21-1-2-3-513");
    assert_string_equal(copy->group_sids[1], "S-1-18-1");
    assert_string_equal(copy->group_sids[2], "S-1-5-32-544");
    assert_int_equal((uintptr_t)copy->group_attributes % _Alignof(uint32_t), 0);
    assert_int_equal(copy->group_attributes[0], 7);
    assert_int_equal(copy->group_attributes[1], 0x20000007);
    assert_int_equal(copy->group_attributes[2], 0x10);
    assert_true(copy->password_expires_100ns == 77);
    account_identity_unref(copy);
}

static void
test_account_identity_new__what_is_not_there_stays_away(void **state)
{
    struct account_identity *copy = copy_of_three_groups(false);

    assert_non_null(copy);
    assert_null(copy->group_attributes);
    assert_string_equal(copy->group_sids[2], "S-1-5-32-544");
    account_identity_unref(copy);
    copy = account_identity_new(&(struct account_identity){ .user = UTF16("bob") });
    assert_non_null(copy);
    assert_null(copy->sid);
    assert_null(copy->unix_user);
    assert_int_equal(copy->n_groups, 0);
    account_identity_unref(copy);
}

static void
test_account_identity_ref__the_last_reference_frees(void **state)
{
    struct account_identity *copy = copy_of_three_groups(true);

    assert_ptr_equal(account_identity_ref(copy), copy);
    account_identity_unref(copy);
    assert_string_equal(copy->groups[0], "Domain Users");
    account_identity_unref(copy);
    account_identity_unref(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_identity_new__copies_everything),
        cmocka_unit_test(test_account_identity_new__what_is_not_there_stays_away),
        cmocka_unit_test(test_account_identity_ref__the_last_reference_frees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
