/* SPDX-License-Identifier: Apache-2.0 */
/* Which account a client is: the rules, over a name service in a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "token/unix_account.h"

static const struct {
    const char *name;
    uid_t uid;
} known[] = {
    { "alice", 2001 },
    { "DOMAIN\\alice", 3001 },
    { "bob", 2002 },
    { "root", 0 },
    { "DOMAIN\\toor", 0 },
    { "nobody", (uid_t)-1 },
    { "daemon", 1 },
    { "last", 999 },
    { "first", 1000 },
    { "a/b", 2009 },
    { "EXAMPLE.TEST\\carol", 3005 },
    { "carol smith", 2007 },
    { "before", 61183 },
    { "dynamic", 61184 },
    { "overflow", 65534 },
    { "sixteen", 65535 },
    { "behind", 65536 },
    { "DOMAIN\\winbind", 62000 },
};

static int broken; /* what the name service answers to all; 0: what it knows */
static int wide;   /* bytes and groups that an account needs at least */
static char asked[512];

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *room, size_t n,
                      struct passwd **found);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n);

int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *room, size_t n,
                  struct passwd **found)
{
    size_t used = strlen(asked);

    *found = NULL;
    if (broken) {
        return broken;
    }
    if (n < (size_t)wide) {
        return ERANGE;
    }
    (void)snprintf(asked + used, sizeof(asked) - used, "[%s]", name);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, name) == 0) {
            (void)snprintf(room, n, "%s", name);
            *entry = (struct passwd){ .pw_name = room, .pw_uid = known[i].uid, .pw_gid = 100 };
            *found = entry;
        }
    }
    return 0;
}

int
__wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n)
{
    int wanted = 2 + wide, room = *n;

    *n = wanted;
    for (int i = 0; i < wanted && i < room; i++) {
        groups[i] = i == 0 ? group : 500 + (gid_t)i;
    }
    return wanted > room ? -1 : wanted;
}

static const char *const own[] = { "DOMAIN", "SERVER", "" };

static sec_status
map(const char *user, const char *domain, const char *unix_user, struct unix_account_policy p,
    uid_t *uid)
{
    const struct unix_account_client c = { user, domain, unix_user };
    struct unix_account *a = NULL;
    sec_status status;

    asked[0] = 0;
    p.own_domains = own;
    p.n_own_domains = 3;
    status = unix_account_map(&c, &p, &a);
    *uid = a ? a->uid : (uid_t)-2;
    assert_true((a != NULL) == (status == SEC_E_OK));
    unix_account_free(a);
    return status;
}

#define ANY                                               \
    {                                                     \
        .bare = UNIX_ACCOUNT_BARE_ALWAYS, .min_uid = 1000 \
    }

static void
test_map__rules(void **state)
{
    const struct {
        const char *user, *domain, *unix_user;
        struct unix_account_policy policy;
        uid_t uid; /* -2: none */
        const char *asked;
    } table[] = {
        { "alice",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_OWN_DOMAIN },
          3001,
          "[DOMAIN\\alice]" },
        { "bob",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_OWN_DOMAIN },
          2002,
          "[DOMAIN\\bob][bob]" },
        { "bob",
          "domain",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_OWN_DOMAIN },
          2002,
          "[domain\\bob][bob]" },
        { "bob",
          "SERVER",
          "",
          { .bare = UNIX_ACCOUNT_BARE_OWN_DOMAIN },
          2002,
          "[SERVER\\bob][bob]" },
        /* Another domain's bob is not ours. */
        { "bob", "EVIL", NULL, { .bare = UNIX_ACCOUNT_BARE_OWN_DOMAIN }, (uid_t)-2, "[EVIL\\bob]" },
        { "bob", "", NULL, { .bare = UNIX_ACCOUNT_BARE_OWN_DOMAIN }, (uid_t)-2, "" },
        { "bob", "DOMAIN", NULL, { .bare = UNIX_ACCOUNT_BARE_NEVER }, (uid_t)-2, "[DOMAIN\\bob]" },
        { "bob", "EVIL", NULL, { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, 2002, "[EVIL\\bob][bob]" },
        { "carol", "EXAMPLE.TEST", NULL, { 0 }, 3005, "[EXAMPLE.TEST\\carol]" },
        { "carol smith",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_OWN_DOMAIN },
          2007,
          "[DOMAIN\\carol smith][carol smith]" },
        /* The store's word alone counts. */
        { "bob", "DOMAIN", "alice", { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, 2001, "[alice]" },
        { "bob", "DOMAIN", "nosuch", { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, (uid_t)-2, "[nosuch]" },
        /* Names that are none. */
        { "a/b", "DOMAIN", NULL, { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, (uid_t)-2, "" },
        { "", "DOMAIN", NULL, { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, (uid_t)-2, "" },
        { "-bob", "DOMAIN", NULL, { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, (uid_t)-2, "" },
        { "bob\n", "DOMAIN", NULL, { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, (uid_t)-2, "" },
        { "DOMAIN\\alice", "EVIL", NULL, { .bare = UNIX_ACCOUNT_BARE_ALWAYS }, (uid_t)-2, "" },
        { "alice", "DOMAIN\\alice", NULL, { .bare = UNIX_ACCOUNT_BARE_NEVER }, (uid_t)-2, "" },
        /* uid 0, by name, by the store, by an alias. */
        { "root",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_ALWAYS },
          (uid_t)-2,
          "[DOMAIN\\root][root]" },
        { "bob", "DOMAIN", "root", { 0 }, (uid_t)-2, "[root]" },
        { "toor", "DOMAIN", NULL, { 0 }, (uid_t)-2, "[DOMAIN\\toor]" },
        { "toor", "DOMAIN", NULL, { .root = true }, 0, "[DOMAIN\\toor]" },
        { "bob", "DOMAIN", "nobody", { .root = true }, (uid_t)-2, "[nobody]" },
        /* System users: by their names alone not; the store's word is enough. */
        { "daemon",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_ALWAYS, .min_uid = 1000 },
          (uid_t)-2,
          "[DOMAIN\\daemon][daemon]" },
        { "last",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_ALWAYS, .min_uid = 1000 },
          (uid_t)-2,
          "[DOMAIN\\last][last]" },
        { "first",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_ALWAYS, .min_uid = 1000 },
          1000,
          "[DOMAIN\\first][first]" },
        { "alice", "DOMAIN", NULL, { .min_uid = 3002 }, (uid_t)-2, "[DOMAIN\\alice]" },
        { "daemon",
          "DOMAIN",
          NULL,
          { .bare = UNIX_ACCOUNT_BARE_ALWAYS },
          1,
          "[DOMAIN\\daemon][daemon]" },
        { "bob", "DOMAIN", "daemon", { .min_uid = 1000 }, 1, "[daemon]" },
        /* Nor those that have no low ids: services' of systemd's, and nobody. */
        { "before", "DOMAIN", NULL, ANY, 61183, "[DOMAIN\\before][before]" },
        { "dynamic", "DOMAIN", NULL, ANY, (uid_t)-2, "[DOMAIN\\dynamic][dynamic]" },
        { "overflow", "DOMAIN", NULL, ANY, (uid_t)-2, "[DOMAIN\\overflow][overflow]" },
        { "sixteen", "DOMAIN", NULL, ANY, (uid_t)-2, "[DOMAIN\\sixteen][sixteen]" },
        { "behind", "DOMAIN", NULL, ANY, 65536, "[DOMAIN\\behind][behind]" },
        { "winbind", "DOMAIN", NULL, ANY, 62000, "[DOMAIN\\winbind]" },
        { "bob", "DOMAIN", "dynamic", ANY, 61184, "[dynamic]" },
        { "toor", "DOMAIN", NULL, { .root = true, .min_uid = 1000 }, 0, "[DOMAIN\\toor]" },
        { "toor", "DOMAIN", NULL, { .min_uid = 0 }, (uid_t)-2, "[DOMAIN\\toor]" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uid_t uid;
        sec_status status =
            map(table[i].user, table[i].domain, table[i].unix_user, table[i].policy, &uid);

        if (uid != table[i].uid || strcmp(asked, table[i].asked) != 0) {
            fail_msg("row %zu: uid %d, asked %s, %s", i, (int)uid, asked, sec_reason());
        }
        assert_int_equal(status, uid == (uid_t)-2 ? SEC_E_NO_IMPERSONATION : SEC_E_OK);
    }
}

static void
test_map__a_name_service_that_cannot_answer__is_told_from_one_that_knows_nobody(void **state)
{
    static const int errors[][2] = { { EIO, SEC_E_NO_AUTHENTICATING_AUTHORITY },
                                     { EMFILE, SEC_E_NO_AUTHENTICATING_AUTHORITY },
                                     { ENOMEM, SEC_E_INSUFFICIENT_MEMORY },
                                     { ENOENT, SEC_E_NO_IMPERSONATION },
                                     { ERANGE, SEC_E_NO_AUTHENTICATING_AUTHORITY } };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        uid_t uid;

        broken = errors[i][0];
        assert_int_equal(map("bob", "DOMAIN", NULL,
                             (struct unix_account_policy){ .bare = UNIX_ACCOUNT_BARE_ALWAYS },
                             &uid),
                         errors[i][1]);
    }
    broken = 0;
}

static void
test_find__an_account_that_is_large__is_whole(void **state)
{
    struct unix_account *a;

    wide = 3000;
    assert_int_equal(unix_account_find("alice", &a), SEC_E_OK);
    wide = 0;
    assert_int_equal(a->n_groups, 3002);
    assert_int_equal(a->groups[0], 100);
    assert_int_equal(a->groups[3001], 3501);
    assert_string_equal(a->name, "alice");
    unix_account_free(a);
    wide = 70000;
    assert_int_equal(unix_account_find("alice", &a), SEC_E_NO_IMPERSONATION);
    wide = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map__rules),
        cmocka_unit_test(
            test_map__a_name_service_that_cannot_answer__is_told_from_one_that_knows_nobody),
        cmocka_unit_test(test_find__an_account_that_is_large__is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
