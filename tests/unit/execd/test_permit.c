/* SPDX-License-Identifier: Apache-2.0 */
/* Who may run a command. Groups are those of this system: root alone is everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "execd/permit.h"

static const struct {
    const char *name;
    uid_t uid;
    gid_t gid;
    const char *users; /* one of them, or "*" */
    const char *groups;
    bool may;
} rows[] = {
    { "alice", 1001, 1001, "alice", NULL, true },
    { "alice", 1001, 1001, "bob", NULL, false },
    { "alice", 1001, 1001, "Alice", NULL, false },
    { "alice", 1001, 1001, "*", NULL, true },
    { "alice", 1001, 1, NULL, "daemon", true },
    { "alice", 1001, 1001, NULL, "root", false },
    { "alice", 1001, 1001, NULL, "no-group-of-that-name", false },
    { "alice", 1001, 1, "bob", "daemon", true },
    /* Who has root's group has what root's files are to nobody else. */
    { "alice", 1001, 0, "alice", "root", false },
    { "alice", 1001, 0, "*", NULL, false },
    { "alice", 1001, 1001, NULL, NULL, false },
    { "daemon", 999, 999, "*", NULL, false },
    { "daemon", 999, 1, NULL, "daemon", false },
    { "daemon", 999, 999, "daemon", NULL, true },
    { "edge", 1000, 1000, "*", NULL, true },
    { "root", 0, 0, "*", "root", false },
    { "root", 0, 0, "root", NULL, true },
    { "toor", 0, 0, "root", NULL, false },
};

static void
test_permit_account__by_name_group_and_uid(void **state)
{
    const struct execd_settings settings = { .minimum_uid = 1000 };
    char why[400];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        char *users[] = { (char *)"other", (char *)rows[i].users, NULL };
        char *groups[] = { (char *)rows[i].groups, NULL };
        const struct execd_command c = {
            .name = (char *)"id",
            .everybody = rows[i].users && strcmp(rows[i].users, "*") == 0,
            .users = rows[i].users ? users : NULL,
            .groups = rows[i].groups ? groups : NULL,
        };
        struct unix_account *a = unix_account_new(rows[i].name, rows[i].uid, rows[i].gid, NULL, 0);

        print_message("%zu: %s\n", i, rows[i].name);
        assert_non_null(a);
        why[0] = 0;
        assert_int_equal(permit_account(&settings, &c, a, why, sizeof(why)), rows[i].may);
        assert_int_equal(why[0] != 0, !rows[i].may);
        unix_account_free(a);
    }
}

static void
test_permit_account__supplementary_groups_count(void **state)
{
    const struct execd_settings settings = { .minimum_uid = 1000 };
    char *groups[] = { (char *)"no-group-of-that-name", (char *)"root", NULL };
    const struct execd_command c = { .name = (char *)"id", .groups = groups };
    const gid_t two[] = { 5, 0 };
    struct unix_account *a = unix_account_new("alice", 1001, 1001, two, 2);
    char why[400];

    (void)state;
    assert_non_null(a);
    assert_true(permit_account(&settings, &c, a, why, sizeof(why)));
    unix_account_free(a);
}

static void
test_permit_account__of_root_s_group__says_so(void **state)
{
    const struct execd_settings settings = { .minimum_uid = 1000 };
    const struct execd_command c = { .name = (char *)"id", .everybody = true };
    struct unix_account *a = unix_account_new("alice", 1001, 0, NULL, 0);
    char why[400] = "";

    (void)state;
    assert_non_null(a);
    assert_false(permit_account(&settings, &c, a, why, sizeof(why)));
    assert_string_equal(
        why, "the primary group of alice is root's (gid 0): only root's commands have it");
    unix_account_free(a);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permit_account__by_name_group_and_uid),
        cmocka_unit_test(test_permit_account__supplementary_groups_count),
        cmocka_unit_test(test_permit_account__of_root_s_group__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
