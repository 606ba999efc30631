/* SPDX-License-Identifier: Apache-2.0 */
/* Managing accounts: what is stored, and what is refused. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "account/seal.h"
#include "crypto/krb_key.h"
#include "tests/support/account_store.h"

struct fixture {
    struct test_store store;
    struct account_admin *admin;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    test_store_make(&f->store);
    assert_int_equal(account_admin_open(&f->store.options, &f->admin), SEC_E_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    account_admin_close(f->admin);
    test_store_remove(&f->store);
    free(f);
    return 0;
}

static sec_status
add(struct fixture *f, const char *name)
{
    return account_admin_add(f->admin,
                             &(struct account_new){ .name = name,
                                                    .password = bytes_of_string("Password"),
                                                    .expires_100ns = CLOCK_NEVER_100NS,
                                                    .password_expires_100ns = CLOCK_NEVER_100NS });
}

static sec_status
change(struct fixture *f, const char *name, const struct account_change *what)
{
    return account_admin_change(f->admin, name, what);
}

/* What a test keeps of a view. */
struct seen {
    unsigned n, n_groups, n_keys;
    char sid[80], name[64], first_group[64], unix_user[40], salt[80];
    uint32_t rid, key_version;
    bool disabled;
    uint64_t expires_100ns, password_expires_100ns;
};

static void
keep(void *user, const struct account_view *v)
{
    struct seen *s = user;

    s->n++;
    s->n_groups = (unsigned)v->n_groups;
    s->n_keys = (unsigned)v->n_keys;
    (void)snprintf(s->sid, sizeof(s->sid), "%s", v->sid);
    (void)snprintf(s->name, sizeof(s->name), "%s", v->name);
    (void)snprintf(s->salt, sizeof(s->salt), "%s", v->key_salt);
    (void)snprintf(s->first_group, sizeof(s->first_group), "%s", v->n_groups ? v->groups[0] : "");
    (void)snprintf(s->unix_user, sizeof(s->unix_user), "%s", v->unix_user ? v->unix_user : "none");
    s->rid = v->rid;
    s->key_version = v->key_version;
    s->disabled = v->disabled;
    s->expires_100ns = v->expires_100ns;
    s->password_expires_100ns = v->password_expires_100ns;
}

static struct seen
show(struct fixture *f, const char *name)
{
    struct seen seen = { 0 };

    assert_int_equal(account_admin_show(f->admin, name, keep, &seen), SEC_E_OK);
    return seen;
}

/* --- names and numbers --------------------------------------------------------------------- */

static void
test_add__of_a_name_in_use__refuses(void **state)
{
    struct fixture *f = *state;
    const char *const groups[] = { "Staff", "user" };

    assert_int_equal(add(f, "User"), SEC_E_OK);
    assert_int_equal(add(f, "uSER"), SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(sec_reason(), "in use"));
    assert_int_equal(add(f, "J\xc3\xbcrgen"), SEC_E_OK);
    assert_int_equal(add(f, "j\xc3\x9cRGEN"), SEC_E_INVALID_PARAMETER);
    /* Accounts and groups share their names; what failed leaves nothing behind. */
    assert_int_equal(change(f, "User", &(struct account_change){ .join = groups, .n_join = 2 }),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(show(f, "user").n_groups, 0);
    assert_int_equal(change(f, "User", &(struct account_change){ .join = groups, .n_join = 1 }),
                     SEC_E_OK);
    assert_int_equal(add(f, "STAFF"), SEC_E_INVALID_PARAMETER);
}

static void
test_add__after_a_removal__gives_a_number_of_its_own(void **state)
{
    struct fixture *f = *state;
    const char *const group = "Staff";

    assert_int_equal(add(f, "one"), SEC_E_OK);
    assert_int_equal(show(f, "one").rid, 1001);
    assert_int_equal(account_admin_remove(f->admin, "ONE"), SEC_E_OK);
    assert_int_equal(account_admin_remove(f->admin, "one"), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(add(f, "one"), SEC_E_OK);
    assert_int_equal(show(f, "one").rid, 1002);
    assert_int_equal(change(f, "one", &(struct account_change){ .join = &group, .n_join = 1 }),
                     SEC_E_OK);
    assert_int_equal(add(f, "two"), SEC_E_OK);
    assert_int_equal(show(f, "two").rid, 1004);
}

/* A lock-out goes with the number it was for. */
static void
test_add__of_a_first_account__has_no_failures(void **state)
{
    struct fixture *f = *state;
    struct account_authority *a = NULL;

    assert_int_equal(account_authority_open(&f->store.options.accounts, &a), SEC_E_OK);
    for (unsigned i = 0; i < 3000; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(test_logon(a, name, "x", NULL), SEC_E_LOGON_DENIED);
    }
    assert_int_equal(add(f, "one"), SEC_E_OK);
    assert_int_equal(test_logon(a, "one", "Password", NULL), SEC_E_OK);
    account_authority_close(a);
}

static void
test_add__of_bad_values__refuses(void **state)
{
    struct fixture *f = *state;
    char long_password[300] = { 0 };
    struct account_new wanted = { .name = "user",
                                  .expires_100ns = CLOCK_NEVER_100NS,
                                  .password_expires_100ns = CLOCK_NEVER_100NS };
    const char *const group = "a/b";

    assert_int_equal(add(f, "a/b"), SEC_E_INVALID_PARAMETER);
    assert_int_equal(account_admin_add(f->admin, &wanted), SEC_E_INVALID_PARAMETER);
    wanted.password = bytes_of_string("\xff");
    assert_int_equal(account_admin_add(f->admin, &wanted), SEC_E_INVALID_PARAMETER);
    memset(long_password, 'x', 257);
    wanted.password = bytes_of_string(long_password);
    assert_int_equal(account_admin_add(f->admin, &wanted), SEC_E_INVALID_PARAMETER);
    wanted.password.n = 256;
    wanted.unix_user = "a:b";
    assert_int_equal(account_admin_add(f->admin, &wanted), SEC_E_INVALID_PARAMETER);
    wanted.unix_user = NULL;
    wanted.groups = &group;
    wanted.n_groups = 1;
    assert_int_equal(account_admin_add(f->admin, &wanted), SEC_E_INVALID_PARAMETER);
    wanted.n_groups = 0;
    assert_int_equal(account_admin_show(f->admin, "user", keep, NULL), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(account_admin_add(f->admin, &wanted), SEC_E_OK);
}

static void
test_changes__of_no_account__say_so(void **state)
{
    struct fixture *f = *state;
    const struct account_change nothing = { 0 };

    assert_int_equal(change(f, "nobody", &nothing), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(account_admin_unlock(f->admin, "nobody"), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(account_admin_set_password(f->admin, "nobody", bytes_of_string("x"), false),
                     SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(account_admin_remove(f->admin, ""), SEC_E_INVALID_PARAMETER);
}

static void
test_change__of_some_fields__leaves_the_others(void **state)
{
    struct fixture *f = *state;
    const char *const groups[] = { "Staff", "Guests" };
    const bool yes = true;
    const uint64_t when = 134000000000000000;
    struct seen s;

    assert_int_equal(add(f, "user"), SEC_E_OK);
    assert_int_equal(change(f, "user",
                            &(struct account_change){ .disabled = &yes,
                                                      .expires_100ns = &when,
                                                      .unix_user = "daemon",
                                                      .join = groups,
                                                      .n_join = 2 }),
                     SEC_E_OK);
    assert_int_equal(change(f, "user", &(struct account_change){ .leave = groups, .n_leave = 1 }),
                     SEC_E_OK);
    s = show(f, "user");
    assert_true(s.disabled);
    assert_int_equal(s.expires_100ns, when);
    assert_true(s.password_expires_100ns == CLOCK_NEVER_100NS);
    assert_string_equal(s.unix_user, "daemon");
    assert_int_equal(s.n_groups, 1);
    assert_string_equal(s.first_group, "Guests");
    assert_int_equal(change(f, "user", &(struct account_change){ .unix_user = "" }), SEC_E_OK);
    assert_string_equal(show(f, "user").unix_user, "none");
    assert_int_equal(
        change(f, "user",
               &(struct account_change){ .leave = &(const char *){ "None" }, .n_leave = 1 }),
        SEC_E_INVALID_PARAMETER);
}

static void
test_list__shows_all_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct seen s = { 0 };

    assert_int_equal(account_admin_list(f->admin, keep, &s), SEC_E_OK);
    assert_int_equal(s.n, 0);
    assert_int_equal(add(f, "b"), SEC_E_OK);
    assert_int_equal(add(f, "a"), SEC_E_OK);
    assert_int_equal(account_admin_list(f->admin, keep, &s), SEC_E_OK);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.name, "a");
}

/* --- what is sealed ------------------------------------------------------------------------ */

/* The secret of a field, unsealed; its length, or 0 where there is none. */
static size_t
unsealed(struct fixture *f, const char *sid, const char *field, uint8_t out[static 32], size_t n)
{
    struct seal_key *key = NULL;
    sqlite3_stmt *statement;
    sqlite3 *db;
    size_t found = 0;

    assert_int_equal(seal_key_load(f->store.key_file, getuid(), &key), SEC_E_OK);
    assert_int_equal(sqlite3_open(f->store.database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT sealed FROM secret JOIN account ON account = rid"
                                        " WHERE sid = ?1 AND field = ?2",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    (void)sqlite3_bind_text(statement, 1, sid, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 2, field, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        struct bytes sealed =
            bytes_of(sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));

        found = n;
        assert_true(seal_open(key, (struct seal_place){ sid, field }, sealed, out, n));
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    seal_key_free(key);
    return found;
}

static void
assert_keys(struct fixture *f, const struct seen *s, const char *password)
{
    uint8_t have[32], want[32];

    for (size_t i = 0; i < KRB_KEY_TYPES; i++) {
        size_t n = krb_key_types[i].key_bytes;

        assert_int_equal(unsealed(f, s->sid, krb_key_types[i].name, have, n), n);
        assert_true(krb_key_from_password(&krb_key_types[i], bytes_of_string(password),
                                          bytes_of_string("TESTS.EXAMPLEUser"), 0, want));
        assert_memory_equal(have, want, n);
    }
}

static void
test_add__seals_the_hash_and_the_kerberos_keys(void **state)
{
    struct fixture *f = *state;
    uint8_t hash[32];
    struct seen s;

    assert_int_equal(add(f, "User"), SEC_E_OK);
    s = show(f, "user");
    assert_string_equal(s.salt, "TESTS.EXAMPLEUser");
    assert_int_equal(s.n_keys, 1 + KRB_KEY_TYPES);
    assert_int_equal(s.key_version, 1);
    assert_int_equal(unsealed(f, s.sid, "nt-hash", hash, 16), 16);
    assert_bytes_equal(bytes_of(hash, 16), HEX("a4f49c406510bdcab6824ee7c30fd852"));
    assert_keys(f, &s, "Password");
}

static void
test_set_password__makes_all_keys_anew(void **state)
{
    struct fixture *f = *state;
    const uint64_t past = 1;
    struct seen s;

    assert_int_equal(add(f, "User"), SEC_E_OK);
    assert_int_equal(change(f, "user", &(struct account_change){ .password_expires_100ns = &past }),
                     SEC_E_OK);
    assert_int_equal(
        account_admin_set_password(f->admin, "USER", bytes_of_string("another"), false), SEC_E_OK);
    s = show(f, "user");
    assert_int_equal(s.key_version, 2);
    assert_true(s.password_expires_100ns == CLOCK_NEVER_100NS);
    assert_keys(f, &s, "another");
    assert_int_equal(account_admin_set_password(f->admin, "user", bytes_of_string(""), false),
                     SEC_E_INVALID_PARAMETER);
}

static void
test_lm_hash__is_kept_only_where_policy_says_so(void **state)
{
    struct fixture *f = *state;
    struct account_admin_options options = f->store.options;
    uint8_t hash[32];
    struct seen s;

    options.accounts.keep_lm_hashes = true;
    account_admin_close(f->admin);
    assert_int_equal(account_admin_open(&options, &f->admin), SEC_E_OK);
    assert_int_equal(add(f, "User"), SEC_E_OK);
    s = show(f, "user");
    assert_int_equal(unsealed(f, s.sid, "lm-hash", hash, 16), 16);
    assert_bytes_equal(bytes_of(hash, 16), HEX("e52cac67419a9a224a3b108f3fa6cb6d"));

    account_admin_close(f->admin);
    assert_int_equal(account_admin_open(&f->store.options, &f->admin), SEC_E_OK);
    assert_int_equal(
        account_admin_set_password(f->admin, "user", bytes_of_string("Password"), false), SEC_E_OK);
    assert_int_equal(unsealed(f, s.sid, "lm-hash", hash, 16), 0);
}

static bool
file_holds(const char *path, struct bytes what)
{
    static uint8_t all[1 << 20];
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(all, 1, sizeof(all), file) : 0;

    if (file) {
        (void)fclose(file);
    }
    return n >= what.n && memmem(all, n, what.p, what.n);
}

/* The hash is nowhere in the files, log and deleted rows included. */
static void
test_files__hold_no_hash_and_are_the_owner_s_alone(void **state)
{
    struct fixture *f = *state;
    static const char *const ends[] = { "", "-wal", "-shm", "-shared" };
    struct bytes hash = HEX("a4f49c406510bdcab6824ee7c30fd852");
    struct stat st;

    assert_int_equal(add(f, "User"), SEC_E_OK);
    for (size_t i = 0; i < SEC_ARRAY_LEN(ends); i++) {
        char path[200];

        (void)snprintf(path, sizeof(path), "%s%s", f->store.database, ends[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_false(file_holds(path, hash));
        assert_false(file_holds(path, bytes_of_string("Password")));
    }
    assert_int_equal(stat(f->store.key_file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* --- opening ------------------------------------------------------------------------------- */

static void
test_open__without_creates__makes_nothing(void **state)
{
    struct test_store other;
    struct account_admin *admin = NULL;

    test_store_make(&other);
    other.options.creates = false;
    assert_int_equal(account_admin_open(&other.options, &admin), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(access(other.database, F_OK), -1);
    assert_int_equal(access(other.key_file, F_OK), -1);
    test_store_remove(&other);
}

/* A store whose key is gone gets no new one: its hashes would be lost without a word. */
static void
test_open__of_a_store_without_its_key_file__refuses(void **state)
{
    struct fixture *f = *state;
    struct account_admin *admin = NULL;

    assert_int_equal(unlink(f->store.key_file), 0);
    assert_int_equal(account_admin_open(&f->store.options, &admin),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(access(f->store.key_file, F_OK), -1);
}

static void
test_open__in_a_folder_that_is_not_there__says_which(void **state)
{
    struct fixture *f = *state;
    struct account_admin_options options = f->store.options;
    struct account_admin *admin = NULL;

    options.accounts.store = "sqlite:/nonexistent/accounts.db";
    assert_int_equal(account_admin_open(&options, &admin), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_non_null(strstr(sec_reason(), "/nonexistent/accounts.db: No such file"));
    options.accounts.store = "mysql:x";
    assert_int_equal(account_admin_open(&options, &admin), SEC_E_INVALID_PARAMETER);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_add__of_a_name_in_use__refuses),
        TEST(test_add__after_a_removal__gives_a_number_of_its_own),
        TEST(test_add__of_a_first_account__has_no_failures),
        TEST(test_add__of_bad_values__refuses),
        TEST(test_changes__of_no_account__say_so),
        TEST(test_change__of_some_fields__leaves_the_others),
        TEST(test_list__shows_all_in_their_order),
        TEST(test_add__seals_the_hash_and_the_kerberos_keys),
        TEST(test_set_password__makes_all_keys_anew),
        TEST(test_lm_hash__is_kept_only_where_policy_says_so),
        TEST(test_files__hold_no_hash_and_are_the_owner_s_alone),
        TEST(test_open__without_creates__makes_nothing),
        TEST(test_open__of_a_store_without_its_key_file__refuses),
        TEST(test_open__in_a_folder_that_is_not_there__says_which),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
