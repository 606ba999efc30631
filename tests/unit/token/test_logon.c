/* SPDX-License-Identifier: Apache-2.0 */
/* Logons and tokens: groups, names, ids, levels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/alloc_fail.h"
#include "token/luid.h"
#include "token/token.h"

static const char *const groups[] = { "Domain Users", "readers", "S-1-18-1", "old" };
static const char *const group_sids[] = { "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1105", "S-1-18-1",
                                          "S-1-5-21-9-9-9-7" };
static const uint32_t attributes[] = { 7, 7, 7, 0x10 };

static struct logon_facts
alice(void)
{
    return (struct logon_facts){
        .user = "alice",
        .domain = "EXAMPLE",
        .upn = "alice@example.test",
        .sid = "S-1-5-21-1-2-3-1001",
        .groups = groups,
        .group_sids = group_sids,
        .group_attributes = attributes,
        .n_groups = 4,
        .package = "Kerberos",
        .expires_100ns = 77,
    };
}

/* The user's own SID, or a group's that counts. */
static bool
is_member(const struct logon *l, const char *text)
{
    struct sid sid;
    bool found;

    assert_true(sid_parse(&sid, bytes_of_string(text)));
    found = sid_equal(&l->user.sid, &sid);
    for (size_t i = 0; i < l->n_groups; i++) {
        found = found || (sid_equal(&l->groups[i].sid, &sid) &&
                          (l->groups[i].attributes & TOKEN_GROUP_ENABLED));
    }
    return found;
}

static struct logon *
make(const struct logon_facts *f)
{
    struct logon *l = NULL;

    assert_int_equal(logon_new(f, &l), SEC_E_OK);
    return l;
}

static void
test_logon_new__a_domains_user(void **state)
{
    struct logon_facts f = alice();
    struct logon *l = make(&f);

    assert_string_equal(l->user.name, "alice");
    assert_string_equal(l->user.domain, "EXAMPLE");
    assert_string_equal(l->upn, "alice@example.test");
    assert_string_equal(l->package, "Kerberos");
    assert_string_equal(l->unix_user, "");
    assert_string_equal(l->delegated_cache, "");
    assert_int_equal(l->expires_100ns, 77);
    assert_int_equal(l->n_groups, 9);
    assert_string_equal(l->groups[0].domain, "EXAMPLE");
    assert_string_equal(l->groups[2].name, "Authentication authority asserted identity");
    assert_string_equal(l->groups[3].domain, "");
    assert_int_equal(l->groups[l->logon_group].attributes, 0xC0000007);
    assert_true(is_member(l, "S-1-5-21-1-2-3-1001"));
    assert_true(is_member(l, "S-1-5-21-1-2-3-1105"));
    assert_true(is_member(l, "S-1-1-0"));
    assert_true(is_member(l, "S-1-5-11"));
    assert_true(is_member(l, "S-1-5-2"));
    assert_true(is_member(l, "S-1-5-15"));
    assert_false(is_member(l, "S-1-5-64-10"));
    assert_false(is_member(l, "S-1-5-21-9-9-9-7")); /* for denials alone */
    assert_false(is_member(l, "S-1-5-21-1-2-3-512"));
    logon_unref(l);
}

static void
test_logon_new__ntlm_anonymous_and_local(void **state)
{
    struct logon_facts f = alice();
    struct logon *l;

    f.ntlm = true;
    f.group_attributes = NULL;
    l = make(&f);
    assert_true(is_member(l, "S-1-5-64-10"));
    assert_true(is_member(l, "S-1-5-21-9-9-9-7"));
    logon_unref(l);
    l = make(&(struct logon_facts){ .anonymous = true, .ntlm = true, .package = "NTLM" });
    assert_string_equal(l->user.name, "ANONYMOUS LOGON");
    assert_string_equal(l->user.domain, "NT AUTHORITY");
    assert_true(is_member(l, "S-1-5-7"));
    assert_true(is_member(l, "S-1-5-2"));
    assert_false(is_member(l, "S-1-1-0"));
    assert_false(is_member(l, "S-1-5-11"));
    assert_false(is_member(l, "S-1-5-64-10"));
    logon_unref(l);
    l = make(&(struct logon_facts){ .local = true, .user = "me", .sid = "S-1-22-1-1000" });
    assert_true(is_member(l, "S-1-5-11"));
    assert_false(is_member(l, "S-1-5-2"));
    logon_unref(l);
}

static void
test_logon_new__what_is_no_sid__is_refused(void **state)
{
    static const char *const bad[] = { NULL, "", "S-1-5", "alice", "S-1-5-21-1-2-3-1001x" };
    struct logon *l = NULL;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct logon_facts f = alice();
        const char *const sids[] = { bad[i] };

        f.sid = bad[i];
        assert_int_equal(logon_new(&f, &l), SEC_E_NO_IMPERSONATION);
        f = alice();
        f.group_sids = sids;
        f.n_groups = 1;
        assert_int_equal(logon_new(&f, &l), SEC_E_NO_IMPERSONATION);
    }
}

static void
count(void *user, const struct logon_member *m, const char *upn)
{
    assert_string_equal(m->name, "readers");
    assert_string_equal(upn, "");
    ++*(unsigned *)user;
}

static void
count_user(void *user, const struct logon_member *m, const char *upn)
{
    assert_string_equal(m->name, "alice");
    assert_string_equal(upn, "alice@example.test");
    ++*(unsigned *)user;
}

static void
test_logon_find_upn__of_users_alone(void **state)
{
    struct logon_facts f = alice(), nameless = alice();
    struct logon *l, *other;
    unsigned n = 0;

    nameless.upn = "";
    other = make(&nameless);
    assert_false(logon_find_upn(bytes_of_string(""), count_user, &n));
    assert_false(logon_find_upn(bytes_of_string("alice@example.test"), count_user, &n));
    l = make(&f);
    assert_true(logon_find_upn(bytes_of_string("Alice@EXAMPLE.test"), count_user, &n));
    assert_true(
        logon_find_name(bytes_of_string("EXAMPLE"), bytes_of_string("alice"), count_user, &n));
    assert_false(logon_find_upn(bytes_of_string("readers@example.test"), count_user, &n));
    assert_false(logon_find_upn(bytes_of_string("alice"), count_user, &n));
    logon_unref(l);
    logon_unref(other);
    assert_int_equal(n, 2);
}

static void
test_logon_find__those_that_live(void **state)
{
    struct logon_facts f = alice();
    struct logon *l = make(&f), *other = make(&f);
    struct sid sid;
    unsigned n = 0;

    assert_true(l->id != other->id);
    assert_true(sid_parse(&sid, bytes_of_string(group_sids[1])));
    assert_true(logon_find_sid(&sid, count, &n));
    assert_true(logon_find_name(bytes_of_string("example"), bytes_of_string("READERS"), count, &n));
    assert_false(logon_find_name(bytes_of_string(""), bytes_of_string("readers"), count, &n));
    logon_unref(l);
    assert_true(logon_find_sid(&sid, count, &n));
    logon_unref(other);
    assert_false(logon_find_sid(&sid, count, &n));
    assert_int_equal(n, 3);
}

static void
test_token_duplicate__no_level_above_its_own(void **state)
{
    struct logon_facts f = alice();
    struct logon *l = make(&f);
    struct sec_token *t, *d;

    for (int level = TOKEN_LEVEL_ANONYMOUS; level <= TOKEN_LEVEL_DELEGATION; level++) {
        assert_int_equal(token_new(l, false, (enum token_level)level, &t), SEC_E_OK);
        for (int to = TOKEN_LEVEL_ANONYMOUS; to <= TOKEN_LEVEL_DELEGATION; to++) {
            sec_status status = token_duplicate(t, false, (enum token_level)to, &d);

            assert_int_equal(status, to <= level ? SEC_E_OK : SEC_E_NO_IMPERSONATION);
            if (status == SEC_E_OK) {
                assert_true(d->logon == l && d->id != t->id && (int)d->level == to);
                token_unref(d);
            }
        }
        if (token_duplicate(t, true, TOKEN_LEVEL_ANONYMOUS, &d) == SEC_E_OK) {
            assert_true(level >= TOKEN_LEVEL_IMPERSONATION);
            assert_true(d->primary);
            token_unref(d);
        }
        token_unref(t);
    }
    logon_unref(l);
}

static void
test_luid_next__never_the_same_and_positive(void **state)
{
    uint64_t a, b;

    assert_true(luid_next(&a) && luid_next(&b));
    assert_true(a != b && a >> 32 != 0 && (int64_t)a > 0);
}

static void
make_and_free(void *user, bool failing)
{
    struct logon_facts f = alice();
    struct logon *l = NULL;
    struct sec_token *t = NULL;
    sec_status status = logon_new(&f, &l);

    if (status == SEC_E_OK) {
        status = token_new(l, false, TOKEN_LEVEL_IMPERSONATION, &t);
        logon_unref(l);
    }
    if (status == SEC_E_OK) {
        token_unref(t);
    } else {
        assert_true(failing);
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
    }
}

static void
test_logon_new__without_memory(void **state)
{
    assert_int_equal(alloc_fail_each(make_and_free, NULL), 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logon_new__a_domains_user),
        cmocka_unit_test(test_logon_new__ntlm_anonymous_and_local),
        cmocka_unit_test(test_logon_new__what_is_no_sid__is_refused),
        cmocka_unit_test(test_logon_find__those_that_live),
        cmocka_unit_test(test_logon_find_upn__of_users_alone),
        cmocka_unit_test(test_token_duplicate__no_level_above_its_own),
        cmocka_unit_test(test_luid_next__never_the_same_and_positive),
        cmocka_unit_test(test_logon_new__without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
