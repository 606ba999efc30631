/* SPDX-License-Identifier: Apache-2.0 */
/* What clients forward: opened under the right key, for the right client, and gone afterwards. */
#include <krb5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "base/mem.h"
#include "ticket/convert.h"
#include "ticket/ticket.h"

#define REALM "EXAMPLE.TEST"

struct fixture {
    krb5_context context;
    struct ticket_authority *authority;
    struct krb_key session, subkey, strange;
    struct krb_name alice;
};

static struct krb_key
key_of(uint8_t fill)
{
    uint8_t bytes[32];
    struct krb_key key;

    memset(bytes, fill, sizeof(bytes));
    assert_true(krb_key_set(&key, KRB_AES256_SHA1, bytes_of(bytes, sizeof(bytes))));
    return key;
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_int_equal(setenv("KRB5_CONFIG", "/dev/null", 1), 0);
    assert_int_equal(krb5_init_context(&f->context), 0);
    assert_int_equal(ticket_authority_open(&(struct ticket_options){ .replay = TICKET_REPLAY_OFF },
                                           &f->authority),
                     SEC_E_OK);
    f->session = key_of(1);
    f->subkey = key_of(2);
    f->strange = key_of(3);
    f->alice = (struct krb_name){ .type = KRB_NT_PRINCIPAL,
                                  .n = 1,
                                  .parts = { bytes_of_string("alice") } };
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    ticket_authority_close(f->authority);
    krb5_free_context(f->context);
    free(f);
    return 0;
}

/* A KRB-CRED with one ticket for each client, as libkrb5 writes it; key NULL: not encrypted.
 * The caller's: mem_free. */
static struct bytes
make(struct fixture *f, const struct krb_key *key, const char *const *clients, size_t n)
{
    const struct krb_name tgs = { .type = KRB_NT_SRV_INST,
                                  .n = 2,
                                  .parts = { bytes_of_string("krbtgt"), bytes_of_string(REALM) } };
    const struct krb_ticket ticket = {
        .realm = bytes_of_string(REALM),
        .sname = tgs,
        .enc = { .enctype = 18, .has_kvno = true, .kvno = 1, .cipher = bytes_of("0123456789", 10) },
    };
    SEC_AUTO(wire_writer) der = wire_writer_growing(NULL, 0);
    krb5_creds creds[3] = { { 0 } }, *list[4] = { NULL };
    krb5_auth_context auth;
    krb5_keyblock block;
    krb5_data *message;
    struct bytes made;

    krb_ticket_encode(&der, &ticket);
    for (size_t i = 0; i < n; i++) {
        list[i] = &creds[i];
        creds[i].keyblock = convert_key(&f->strange);
        creds[i].ticket = (krb5_data){ .data = (char *)der.p, .length = (unsigned)der.len };
        creds[i].times.endtime = (krb5_timestamp)(time(NULL) + 3600);
        assert_int_equal(krb5_parse_name(f->context, clients[i], &creds[i].client), 0);
        assert_int_equal(krb5_parse_name(f->context, "krbtgt/" REALM "@" REALM, &creds[i].server),
                         0);
    }
    assert_int_equal(krb5_auth_con_init(f->context, &auth), 0);
    assert_int_equal(krb5_auth_con_setflags(f->context, auth, 0), 0);
    if (key) {
        block = convert_key(key);
        assert_int_equal(krb5_auth_con_setuseruserkey(f->context, auth, &block), 0);
    }
    assert_int_equal(krb5_mk_ncred(f->context, auth, list, &message, NULL), 0);
    made = bytes_of(mem_dup(message->data, message->length), message->length);
    krb5_free_data(f->context, message);
    (void)krb5_auth_con_free(f->context, auth);
    for (size_t i = 0; i < n; i++) {
        krb5_free_principal(f->context, creds[i].client);
        krb5_free_principal(f->context, creds[i].server);
    }
    return made;
}

static void
unmake(struct bytes b)
{
    mem_free((void *)(uintptr_t)b.p);
}

static sec_status
take(struct fixture *f, struct bytes message, const struct krb_key *first,
     const struct krb_key *second, struct ticket_delegated **out)
{
    const struct krb_key *const keys[] = { first, second };

    return ticket_delegated_new(f->authority, message, keys,
                                second  ? 2
                                : first ? 1
                                        : 0,
                                &f->alice, bytes_of_string(REALM), out);
}

/* How many tickets a cache has; 0: it is not there. */
static unsigned
count_tickets(struct fixture *f, const char *name)
{
    krb5_ccache cache;
    krb5_cc_cursor cursor;
    krb5_creds creds;
    unsigned n = 0;

    assert_int_equal(krb5_cc_resolve(f->context, name, &cache), 0);
    if (krb5_cc_start_seq_get(f->context, cache, &cursor) == 0) {
        for (; krb5_cc_next_cred(f->context, cache, &cursor, &creds) == 0; n++) {
            krb5_free_cred_contents(f->context, &creds);
        }
        (void)krb5_cc_end_seq_get(f->context, cache, &cursor);
    }
    (void)krb5_cc_destroy(f->context, cache);
    return n;
}

static const char *const alice[] = { "alice@" REALM, "alice@" REALM };

static void
test_new__under_either_key__is_a_cache_that_goes_with_it(void **state)
{
    struct fixture *f = *state;
    const struct krb_key *const keys[] = { &f->session, &f->subkey };

    for (size_t i = 0; i < SEC_ARRAY_LEN(keys); i++) {
        struct bytes message = make(f, keys[i], alice, 2);
        struct ticket_delegated *one = NULL, *two = NULL;
        char *name;

        assert_int_equal(take(f, message, &f->subkey, &f->session, &one), SEC_E_OK);
        assert_int_equal(take(f, message, &f->subkey, &f->session, &two), SEC_E_OK);
        assert_int_equal(strncmp(ticket_delegated_cache(one), "MEMORY:", 7), 0);
        assert_string_not_equal(ticket_delegated_cache(one), ticket_delegated_cache(two));
        assert_int_equal(count_tickets(f, ticket_delegated_cache(two)), 2);
        name = mem_dup(ticket_delegated_cache(one), strlen(ticket_delegated_cache(one)));
        ticket_delegated_free(one);
        assert_int_equal(count_tickets(f, name), 0);
        ticket_delegated_free(two);
        mem_free(name);
        unmake(message);
    }
}

static void
test_new__under_another_key__is_refused(void **state)
{
    struct fixture *f = *state;
    struct bytes message = make(f, &f->strange, alice, 1);
    struct ticket_delegated *d = NULL;

    assert_int_equal(take(f, message, &f->subkey, &f->session, &d), SEC_E_INVALID_TOKEN);
    assert_int_equal(take(f, message, NULL, NULL, &d), SEC_E_INVALID_TOKEN);
    assert_null(d);
    unmake(message);
}

/* Heimdal's: the authenticator around it is encrypted. */
static void
test_new__not_encrypted_once_more__is_taken(void **state)
{
    struct fixture *f = *state;
    struct bytes message = make(f, NULL, alice, 1);
    struct ticket_delegated *d = NULL;

    assert_int_equal(take(f, message, &f->subkey, &f->session, &d), SEC_E_OK);
    ticket_delegated_free(d);
    unmake(message);
}

/* Whoever forwarded another's ticket would be let act as him; one among others is enough. */
static void
test_new__of_another_client__is_refused(void **state)
{
    static const char *const table[][2] = {
        { "bob@" REALM, "bob@" REALM },           { "alice@OTHER.TEST", "alice@OTHER.TEST" },
        { "alice@" REALM, "bob@" REALM },         { "bob@" REALM, "alice@" REALM },
        { "alice/x@" REALM, "alice@" REALM },     { "Alice@" REALM, "Alice@" REALM },
        { "alice@" REALM, "alice@example.test" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        struct bytes message = make(f, &f->session, table[i], 2);
        struct ticket_delegated *d = NULL;

        assert_int_equal(take(f, message, &f->session, NULL, &d), SEC_E_INVALID_TOKEN);
        assert_null(d);
        assert_non_null(strstr(sec_reason(), "somebody else"));
        unmake(message);
    }
}

/* Every prefix, and every byte changed: refused, or what it was. */
static void
test_new__damaged__is_refused_or_the_same(void **state)
{
    struct fixture *f = *state;
    struct bytes message = make(f, &f->session, alice, 1);
    uint8_t *bytes = mem_dup(message.p, message.n);

    for (size_t i = 0; i < message.n; i++) {
        struct ticket_delegated *d = NULL;

        assert_int_equal(take(f, bytes_of(bytes, i), &f->session, NULL, &d), SEC_E_INVALID_TOKEN);
        bytes[i] ^= 0x41;
        if (take(f, bytes_of(bytes, message.n), &f->session, NULL, &d) == SEC_E_OK) {
            assert_int_equal(count_tickets(f, ticket_delegated_cache(d)), 1);
            ticket_delegated_free(d);
        }
        bytes[i] ^= 0x41;
    }
    mem_free(bytes);
    unmake(message);
}

struct trial {
    struct fixture *f;
    struct bytes message;
};

static void
run(void *user, bool failing)
{
    struct trial *t = user;
    struct ticket_delegated *d = NULL;
    sec_status status = take(t->f, t->message, &t->f->session, NULL, &d);

    assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY && !d));
    ticket_delegated_free(d);
}

static void
test_new__any_allocation_fails__is_survived(void **state)
{
    struct fixture *f = *state;
    struct trial t = { f, make(f, &f->session, alice, 1) };

    assert_true(alloc_fail_each(run, &t) >= 2);
    unmake(t.message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_new__under_either_key__is_a_cache_that_goes_with_it),
        TEST(test_new__under_another_key__is_refused),
        TEST(test_new__not_encrypted_once_more__is_taken),
        TEST(test_new__of_another_client__is_refused),
        TEST(test_new__damaged__is_refused_or_the_same),
        TEST(test_new__any_allocation_fails__is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
