/* SPDX-License-Identifier: Apache-2.0 */
/* The cache: what it gives back, when it does not, and that it is bounded. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "account/cache.h"
#include "account/account.h"
#include "tests/support/hex.h"

static const struct sqlite_stamp now = { .generation = 2, .epoch = 1 };

static struct account_record
make_record(uint32_t rid, const char *sid)
{
    struct account_record r = { .rid = rid };

    r.identity =
        account_identity_new(&(struct account_identity){ .user = UTF16("User"), .sid = sid });
    assert_non_null(r.identity);
    return r;
}

/* Everything in one part: the thread stays on its processor. */
static int
stay(void **state)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    return sched_setaffinity(0, sizeof(set), &set);
}

static void
put(struct cache *c, const char *name, uint32_t rid, struct sqlite_stamp stamp)
{
    SEC_AUTO(account_record) r = make_record(rid, "S-1-5-21-1-2-3-4");

    cache_put(c, bytes_of_string(name), stamp, &r);
}

/* The RID under a name; 0: none. */
static uint32_t
get(struct cache *c, const char *name, struct sqlite_stamp stamp)
{
    SEC_AUTO(account_record) r = { 0 };

    return cache_get(c, bytes_of_string(name), stamp, &r) ? r.rid : 0;
}

static void
test_get__of_what_was_put__gives_it(void **state)
{
    struct cache *c = cache_new();

    assert_int_equal(get(c, "A", now), 0);
    put(c, "A", 1, now);
    put(c, "B", 2, now);
    assert_int_equal(get(c, "A", now), 1);
    assert_int_equal(get(c, "B", now), 2);
    assert_int_equal(get(c, "AB", now), 0);
    assert_int_equal(get(c, "", now), 0);
    put(c, "A", 3, now);
    assert_int_equal(get(c, "A", now), 3);
    cache_free(c);
    cache_free(NULL);
}

static void
test_get__at_another_stamp__finds_nothing(void **state)
{
    struct cache *c = cache_new();

    put(c, "A", 1, now);
    assert_int_equal(get(c, "A", (struct sqlite_stamp){ 4, 1 }), 0);
    assert_int_equal(get(c, "A", (struct sqlite_stamp){ 2, 2 }), 0);
    put(c, "A", 2, (struct sqlite_stamp){ 4, 1 });
    assert_int_equal(get(c, "A", (struct sqlite_stamp){ 4, 1 }), 2);
    assert_int_equal(get(c, "A", now), 0);
    cache_free(c);
}

/* The identity outlives the cache that it came from. */
static void
test_get__identity__is_counted(void **state)
{
    struct cache *c = cache_new();
    struct account_record r;

    put(c, "A", 1, now);
    assert_true(cache_get(c, bytes_of("A", 1), now, &r));
    cache_free(c);
    assert_string_equal(r.identity->sid, "S-1-5-21-1-2-3-4");
    account_record_clear(&r);
}

static void
test_put__of_more_than_fits__keeps_what_is_used(void **state)
{
    struct cache *c = cache_new();
    unsigned kept = 0;
    char name[16];

    put(c, "HOT", 7, now);
    for (uint32_t i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof(name), "N%u", i);
        put(c, name, i + 10, now);
        assert_int_equal(get(c, "HOT", now), 7);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t rid;

        (void)snprintf(name, sizeof(name), "N%u", i);
        rid = get(c, name, now);
        assert_true(rid == 0 || rid == i + 10);
        kept += rid != 0;
    }
    assert_true(kept > 3000 && kept < 4096);
    cache_free(c);
}

static void
test_identity__of_many_groups__is_copied_whole(void **state)
{
    const char *groups[300], *sids[300];
    struct account_identity *copy;

    for (size_t i = 0; i < SEC_ARRAY_LEN(groups); i++) {
        groups[i] = i % 2 ? "odd" : "";
        sids[i] = "S-1-5-32-544";
    }
    copy = account_identity_new(&(struct account_identity){ .user = UTF16("u"),
                                                            .domain = { 0 },
                                                            .sid = "S-1-0-0",
                                                            .groups = groups,
                                                            .group_sids = sids,
                                                            .n_groups = 300,
                                                            .password_expires_100ns = 5 });
    assert_non_null(copy);
    assert_ptr_equal(account_identity_ref(copy), copy);
    account_identity_unref(copy);
    for (size_t i = 0; i < SEC_ARRAY_LEN(groups); i++) {
        assert_string_equal(copy->groups[i], groups[i]);
        assert_string_equal(copy->group_sids[i], sids[i]);
    }
    assert_null(copy->unix_user);
    assert_int_equal(copy->password_expires_100ns, 5);
    account_identity_unref(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get__of_what_was_put__gives_it),
        cmocka_unit_test(test_get__at_another_stamp__finds_nothing),
        cmocka_unit_test(test_get__identity__is_counted),
        cmocka_unit_test(test_put__of_more_than_fits__keeps_what_is_used),
        cmocka_unit_test(test_identity__of_many_groups__is_copied_whole),
    };

    return cmocka_run_group_tests(tests, stay, NULL);
}
