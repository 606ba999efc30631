/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys of a keytab may open a ticket, in which order, and why none may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ticket/keytab_match.h"
#include "ticket/keytab_reason.h"
#include "ticket/principal.h"

enum { AES256 = KRB_AES256_SHA1, AES128 = KRB_AES128_SHA1, RC4 = KRB_RC4_HMAC, DES = 3 };

struct line {
    const char *principal;
    uint32_t kvno;
    int32_t enctype;
};

enum { LINES_MAX = 24 };

/* A keytab as a table. */
struct table {
    struct keytab_entry entries[LINES_MAX];
    const struct keytab_entry *list[LINES_MAX];
    struct keytab_entries all;
};

static void
make(struct table *t, const struct line *lines, size_t n)
{
    *t = (struct table){ .all = { "FILE:/x", t->list, n } };
    for (size_t i = 0; i < n; i++) {
        struct ticket_key *key = &t->entries[i].key;

        assert_true(principal_split(bytes_of_string(lines[i].principal), &key->name, &key->realm));
        key->kvno = lines[i].kvno;
        key->key.enctype = lines[i].enctype;
        key->key.n = lines[i].enctype == DES ? 0 : 16;
        t->list[i] = &t->entries[i];
    }
}

static struct krb_ticket
ticket(const char *name, int64_t kvno, int32_t enctype)
{
    struct krb_ticket t = { .enc = { .enctype = enctype } };

    assert_true(principal_split(bytes_of_string(name), &t.sname, &t.realm));
    t.enc.has_kvno = kvno >= 0;
    t.enc.kvno = (uint32_t)kvno;
    return t;
}

struct want {
    const char *name;
    int64_t kvno; /* -1: none */
    int32_t enctype;
    const char *principal;
    enum ticket_key_verdict verdict;
    size_t n;
    size_t order[6]; /* lines */
};

static void
check(const struct line *lines, size_t n_lines, const struct want *wants, size_t n)
{
    struct table t;

    make(&t, lines, n_lines);
    for (size_t i = 0; i < n; i++) {
        const struct want *w = &wants[i];
        const struct krb_ticket of = ticket(w->name, w->kvno, w->enctype);
        struct ticket_keys keys;

        keytab_match(&t.all, w->principal, &of, &keys);
        if (keys.n != w->n || keys.verdict != w->verdict) {
            fail_msg("want %zu: %zu keys, verdict %d", i, keys.n, keys.verdict);
        }
        for (size_t j = 0; j < keys.n; j++) {
            if (keys.keys[j] != &t.entries[w->order[j]].key) {
                fail_msg("want %zu: key %zu is another", i, j);
            }
        }
        if (w->n == 0) {
            assert_int_equal(keytab_reason_explain(&t.all, w->principal, &of), w->verdict);
        }
    }
}

#define CHECK(lines, wants) check(lines, SEC_ARRAY_LEN(lines), wants, SEC_ARRAY_LEN(wants))

static const struct line web[] = {
    { "host/web.example.test@R", 4, AES256 }, /* 0 */
    { "HTTP/web.example.test@R", 3, AES256 }, /* 1 */
    { "HTTP/web.example.test@R", 4, AES256 }, /* 2 */
    { "HTTP/web.example.test@R", 4, AES128 }, /* 3 */
    { "HTTP/web.example.test@Q", 4, AES256 }, /* 4 */
    { "HTTP/Alias@R", 4, AES256 },            /* 5 */
    { "HTTP/old@R", 2, DES },                 /* 6 */
};

static void
test_match__without_a_principal__own_name_first_then_others(void **state)
{
    static const struct want wants[] = {
        { "HTTP/web.example.test@R", 4, AES256, NULL, TICKET_KEY_FOUND, 4, { 2, 4, 0, 5 } },
        { "HTTP/WEB.EXAMPLE.TEST@R", 4, AES256, NULL, TICKET_KEY_FOUND, 4, { 2, 4, 0, 5 } },
        { "HTTP/alias@R", 4, AES256, NULL, TICKET_KEY_FOUND, 4, { 5, 0, 2, 4 } },
        { "HTTP/web.example.test@R", 3, AES256, NULL, TICKET_KEY_FOUND, 1, { 1 } },
        { "HTTP/web.example.test@R", 4, AES128, NULL, TICKET_KEY_FOUND, 1, { 3 } },
        { "HTTP/www@R", 4, AES256, NULL, TICKET_KEY_FOUND, 4, { 0, 2, 4, 5 } },
        { "http/web.example.test@R", 3, AES256, NULL, TICKET_KEY_FOUND, 1, { 1 } },
    };

    CHECK(web, wants);
}

static void
test_match__with_a_principal__its_keys_alone(void **state)
{
    static const struct want wants[] = {
        { "HTTP/www@R", 4, AES256, "HTTP/web.example.test", TICKET_KEY_FOUND, 2, { 2, 4 } },
        { "HTTP/www@R", 4, AES256, "HTTP/web.example.test@R", TICKET_KEY_FOUND, 1, { 2 } },
        { "HTTP/www@R", 4, AES256, "HTTP/web.example.test@Q", TICKET_KEY_FOUND, 1, { 4 } },
        { "HTTP/www@R", 4, AES256, "HTTP/web.example.test@r", TICKET_KEY_NO_PRINCIPAL, 0, { 0 } },
        { "HTTP/alias@R", 4, AES256, "HTTP/none", TICKET_KEY_NO_PRINCIPAL, 0, { 0 } },
        { "HTTP/alias@R", 4, AES256, "", TICKET_KEY_NO_PRINCIPAL, 0, { 0 } },
        { "HTTP/alias@R", 4, AES256, "HTTP/", TICKET_KEY_NO_PRINCIPAL, 0, { 0 } },
        { "host/web.example.test@R",
          3,
          AES256,
          "host/web.example.test",
          TICKET_KEY_NO_KVNO,
          0,
          { 0 } },
        { "host/web.example.test@R",
          4,
          RC4,
          "host/web.example.test",
          TICKET_KEY_NO_ENCTYPE,
          0,
          { 0 } },
    };

    CHECK(web, wants);
}

static void
test_match__nothing_fits__says_what_is_missing_first(void **state)
{
    static const struct want wants[] = {
        { "HTTP/www@R", 9, AES256, NULL, TICKET_KEY_NO_PRINCIPAL, 0, { 0 } },
        { "HTTP/web.example.test@R", 9, AES256, NULL, TICKET_KEY_NO_KVNO, 0, { 0 } },
        { "HTTP/web.example.test@R", 4, RC4, NULL, TICKET_KEY_NO_ENCTYPE, 0, { 0 } },
        { "HTTP/web.example.test@R", 3, AES128, NULL, TICKET_KEY_NO_ENCTYPE, 0, { 0 } },
        { "HTTP/old@R", 2, DES, NULL, TICKET_KEY_NO_ENCTYPE, 0, { 0 } },
        { "HTTP/old@R", -1, AES128 + 100, NULL, TICKET_KEY_NO_ENCTYPE, 0, { 0 } },
    };

    CHECK(web, wants);
    check(web, 0,
          (struct want[]){ { "HTTP/w@R", 1, AES256, NULL, TICKET_KEY_NO_KEYTAB, 0, { 0 } } }, 1);
}

static void
test_match__versions__in_32_bits_then_in_8(void **state)
{
    static const struct line lines[] = {
        { "HTTP/web@R", 4, AES256 },     /* 0: an old keytab's 260, or 4 */
        { "HTTP/web@R", 260, AES256 },   /* 1 */
        { "HTTP/web@R", 516, AES256 },   /* 2 */
        { "HTTP/web@R", 0, AES256 },     /* 3 */
        { "HTTP/web@R", 65541, AES256 }, /* 4 */
    };
    static const struct want wants[] = {
        { "HTTP/web@R", 260, AES256, NULL, TICKET_KEY_FOUND, 2, { 1, 0 } },
        { "HTTP/web@R", 516, AES256, NULL, TICKET_KEY_FOUND, 2, { 2, 0 } },
        { "HTTP/web@R", 772, AES256, NULL, TICKET_KEY_FOUND, 1, { 0 } },
        { "HTTP/web@R", 4, AES256, NULL, TICKET_KEY_FOUND, 1, { 0 } },
        { "HTTP/web@R", 256, AES256, NULL, TICKET_KEY_FOUND, 1, { 3 } },
        { "HTTP/web@R", 5, AES256, NULL, TICKET_KEY_NO_KVNO, 0, { 0 } },
        { "HTTP/web@R", 65541, AES256, NULL, TICKET_KEY_FOUND, 1, { 4 } },
        { "HTTP/web@R", -1, AES256, NULL, TICKET_KEY_FOUND, 5, { 4, 2, 1, 0, 3 } },
    };

    CHECK(lines, wants);
}

/* A name beats a version, and the least likely fall out where there are too many. */
static void
test_match__more_than_it_holds__keeps_the_likeliest(void **state)
{
    struct line lines[LINES_MAX];
    struct ticket_keys keys;
    struct table t;
    struct krb_ticket of = ticket("HTTP/web@R", 300, AES256);

    for (size_t i = 0; i < LINES_MAX; i++) {
        lines[i] = (struct line){ "HTTP/other@R", 300, AES256 };
    }
    lines[LINES_MAX - 1] = (struct line){ "HTTP/web@R", 300 & 0xFF, AES256 };
    lines[LINES_MAX - 2] = (struct line){ "HTTP/web@Q", 300, AES256 };
    make(&t, lines, LINES_MAX);
    keytab_match(&t.all, NULL, &of, &keys);
    assert_int_equal(keys.n, TICKET_KEYS_MAX);
    assert_ptr_equal(keys.keys[0], &t.entries[LINES_MAX - 1].key);
    assert_ptr_equal(keys.keys[1], &t.entries[LINES_MAX - 2].key);
    for (size_t i = 2; i < TICKET_KEYS_MAX; i++) {
        assert_ptr_equal(keys.keys[i], &t.entries[i - 2].key);
    }
}

static void
test_explain__each_verdict__in_words(void **state)
{
    static const struct {
        const char *name;
        int64_t kvno;
        int32_t enctype;
        const char *principal, *reason;
    } table[] = {
        { "HTTP/old@R", 4, AES256, NULL, "ticket for HTTP/old kvno 4, keytab FILE:/x has kvno 2" },
        { "HTTP/web.example.test@R", 9, AES256, NULL,
          "ticket for HTTP/web.example.test kvno 9, keytab FILE:/x has kvno 3, 4" },
        { "HTTP/www@R", 9, AES256, "HTTP/web.example.test",
          "ticket for HTTP/www kvno 9, keytab FILE:/x has kvno 3, 4 of HTTP/web.example.test" },
        { "HTTP/web.example.test@R", 4, RC4, NULL,
          "ticket for HTTP/web.example.test kvno 4 rc4-hmac, keytab FILE:/x has "
          "aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96" },
        { "HTTP/old@R", -1, AES256, NULL,
          "ticket for HTTP/old aes256-cts-hmac-sha1-96, keytab FILE:/x has encryption type 3" },
        { "HTTP/www@R", 9, AES256, NULL,
          "ticket for HTTP/www@R kvno 9, keytab FILE:/x has no key but of host/web.example.test@R, "
          "HTTP/web.example.test@R, HTTP/web.example.test@Q, HTTP/Alias@R, HTTP/old@R" },
        { "HTTP/web.example.test@R", 4, AES256, NULL,
          "ticket for HTTP/web.example.test kvno 4, keytab FILE:/x has another key of this "
          "version" },
    };
    struct table t;

    make(&t, web, SEC_ARRAY_LEN(web));
    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        struct krb_ticket of = ticket(table[i].name, table[i].kvno, table[i].enctype);

        (void)keytab_reason_explain(&t.all, table[i].principal, &of);
        assert_string_equal(sec_reason(), table[i].reason);
    }
}

/* A peer's name can be of any length and of any bytes; a keytab may be long. */
static void
test_explain__long_names__are_cut(void **state)
{
    char name[2000];
    struct line lines[LINES_MAX];
    char names[LINES_MAX][16];
    struct krb_ticket of;
    struct table t;

    memset(name, 'n', sizeof(name));
    memcpy(name, "HTTP/", 5);
    name[sizeof(name) - 1] = 0;
    for (size_t i = 0; i < LINES_MAX; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "HTTP/web%zu@R", i);
        lines[i] = (struct line){ names[i], 1, AES256 };
    }
    make(&t, lines, LINES_MAX);
    of = ticket(name, 9, AES256);
    assert_int_equal(keytab_reason_explain(&t.all, NULL, &of), TICKET_KEY_NO_PRINCIPAL);
    assert_non_null(
        strstr(sec_reason(), "nnn... kvno 9, keytab FILE:/x has no key but of HTTP/web0@R"));
    assert_true(sec_failed(keytab_reason_check(&t.all, "HTTP/www")));
    assert_string_equal(sec_reason(),
                        "keytab FILE:/x has no key of HTTP/www but of HTTP/web0@R, HTTP/web1@R, "
                        "HTTP/web2@R, HTTP/web3@R, HTTP/web4@R, HTTP/web5@R, ...");
}

static void
test_check__a_keytab__says_what_it_lacks(void **state)
{
    static const struct line des[] = { { "HTTP/web@R", 1, DES }, { "HTTP/web@R", 2, DES } };
    struct table t;

    make(&t, web, SEC_ARRAY_LEN(web));
    assert_int_equal(keytab_reason_check(&t.all, NULL), SEC_E_OK);
    assert_int_equal(keytab_reason_check(&t.all, "HTTP/alias"), SEC_E_OK);
    assert_int_equal(keytab_reason_check(&t.all, "HTTP/alias@R"), SEC_E_OK);
    assert_int_equal(keytab_reason_check(&t.all, "HTTP/old"), SEC_E_NO_CREDENTIALS);
    assert_string_equal(sec_reason(), "keytab FILE:/x has no key but with encryption type 3");
    assert_int_equal(keytab_reason_check(&t.all, "HTTP//"), SEC_E_NO_CREDENTIALS);
    assert_string_equal(sec_reason(), "keytab FILE:/x: HTTP// is no principal's name");
    make(&t, des, SEC_ARRAY_LEN(des));
    assert_int_equal(keytab_reason_check(&t.all, NULL), SEC_E_NO_CREDENTIALS);
    make(&t, des, 0);
    assert_int_equal(keytab_reason_check(&t.all, NULL), SEC_E_NO_CREDENTIALS);
    assert_string_equal(sec_reason(), "keytab FILE:/x is empty");
}

static bool
begins_with_http(const void *user, const struct krb_name *name)
{
    assert_ptr_equal(user, web);
    return bytes_equal(name->parts[0], bytes_of_string("HTTP"));
}

static enum ticket_key_owner
owner_of(const struct table *t, size_t line)
{
    return keytab_match_owner(&t->all, &t->entries[line].key.key, begins_with_http, web);
}

/* host/ has a key of its own in version 4, and HTTP/'s in version 3; the rest is of one account. */
static void
test_owner__of_a_key__by_all_names_that_have_it(void **state)
{
    static const struct line lines[] = {
        { "host/web@R", 4, AES256 }, { "HTTP/web@R", 4, AES256 }, { "host/web@R", 3, AES256 },
        { "HTTP/web@R", 3, AES256 }, { "HTTP/web@R", 4, AES128 }, { "HTTP/web@R", 4, DES },
        { "WEB$@R", 4, AES256 },
    };
    struct table t;

    make(&t, lines, SEC_ARRAY_LEN(lines));
    t.entries[0].key.key.b[15] = 1;
    t.entries[1].key.key.b[15] = t.entries[6].key.key.b[15] = 2;
    assert_int_equal(owner_of(&t, 0), TICKET_KEY_OTHERS);
    assert_int_equal(owner_of(&t, 1), TICKET_KEY_OWN);
    assert_int_equal(owner_of(&t, 2), TICKET_KEY_OWN);
    assert_int_equal(owner_of(&t, 4), TICKET_KEY_OWN);
    assert_int_equal(owner_of(&t, 6), TICKET_KEY_OWN);
    t.entries[4].key.key.enctype = AES256; /* not of this type: equal bytes are another key */
    t.entries[4].key.key.b[15] = 3;
    t.entries[2].key.key.enctype = AES128;
    assert_int_equal(owner_of(&t, 2), TICKET_KEY_OTHERS);
    t.all.n = 1;
    assert_int_equal(owner_of(&t, 0), TICKET_KEY_NAMELESS);
    t.list[0] = &t.entries[5]; /* of a type that opens nothing */
    assert_int_equal(owner_of(&t, 0), TICKET_KEY_NAMELESS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match__without_a_principal__own_name_first_then_others),
        cmocka_unit_test(test_match__with_a_principal__its_keys_alone),
        cmocka_unit_test(test_match__nothing_fits__says_what_is_missing_first),
        cmocka_unit_test(test_match__versions__in_32_bits_then_in_8),
        cmocka_unit_test(test_match__more_than_it_holds__keeps_the_likeliest),
        cmocka_unit_test(test_owner__of_a_key__by_all_names_that_have_it),
        cmocka_unit_test(test_explain__each_verdict__in_words),
        cmocka_unit_test(test_explain__long_names__are_cut),
        cmocka_unit_test(test_check__a_keytab__says_what_it_lacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
