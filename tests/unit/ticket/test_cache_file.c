/* SPDX-License-Identifier: Apache-2.0 */
/* A cache as a file: the bytes that libkrb5 itself writes, and what libkrb5 reads from them. */
#include <krb5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "ticket/cache_file.h"

enum { MOST = 4096, START = 4 /* behind version and header */ };

struct fixture {
    krb5_context context;
    krb5_ccache cache;
    krb5_principal alice;
    char *name;
    char path[64];
    size_t whole;
};

static krb5_principal
principal_of(struct fixture *f, const char *name)
{
    krb5_principal p;

    assert_int_equal(krb5_parse_name(f->context, name, &p), 0);
    return p;
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    int fd;

    assert_non_null(f);
    assert_int_equal(setenv("KRB5_CONFIG", "/dev/null", 1), 0);
    assert_int_equal(krb5_init_context(&f->context), 0);
    f->alice = principal_of(f, "alice/admin@EXAMPLE.TEST");
    assert_int_equal(krb5_cc_new_unique(f->context, "MEMORY", NULL, &f->cache), 0);
    assert_int_equal(krb5_cc_initialize(f->context, f->cache, f->alice), 0);
    assert_int_equal(krb5_cc_get_full_name(f->context, f->cache, &f->name), 0);
    (void)snprintf(f->path, sizeof(f->path), "/tmp/test-cache-XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    (void)close(fd);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    krb5_free_string(f->context, f->name);
    krb5_free_principal(f->context, f->alice);
    (void)krb5_cc_destroy(f->context, f->cache);
    krb5_free_context(f->context);
    free(f);
    return 0;
}

/* With all that a credential can have. */
static void
store(struct fixture *f, const char *server, int enctype, unsigned key_n, bool full)
{
    static krb5_octet key[32] = { 1, 2, 3, 0, 5 }, contents[] = { 127, 0, 0, 1 };
    krb5_address address = { .addrtype = ADDRTYPE_INET, .length = 4, .contents = contents };
    krb5_authdata ad = { .ad_type = 128, .length = 4, .contents = contents };
    krb5_address *addresses[] = { &address, &address, NULL };
    krb5_authdata *authdata[] = { &ad, NULL };
    krb5_creds c = {
        .client = f->alice,
        .server = principal_of(f, server),
        .keyblock = { .enctype = enctype, .length = key_n, .contents = key },
        .times = { 0x01020304, 0x11121314, (krb5_timestamp)0x91929394, 0x31323334 },
        .is_skey = full,
        .ticket_flags = TKT_FLG_FORWARDED | TKT_FLG_FORWARDABLE,
        .addresses = full ? addresses : NULL,
        .authdata = full ? authdata : NULL,
        .ticket = { .length = 9, .data = (char *)"the\0ticket" },
        .second_ticket = { .length = full ? 5 : 0, .data = (char *)"other" },
    };

    assert_int_equal(krb5_cc_store_cred(f->context, f->cache, &c), 0);
    krb5_free_principal(f->context, c.server);
}

static void
fill(struct fixture *f)
{
    store(f, "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST", 18, 32, false);
    store(f, "HTTP/web.example.test@OTHER.TEST", -17, 16, true);
}

/* From where the default principal stands. */
static size_t
read_file(const char *path, uint8_t to[static MOST])
{
    FILE *file = fopen(path, "rb");
    size_t n, header;

    assert_non_null(file);
    n = fread(to, 1, MOST, file);
    (void)fclose(file);
    assert_true(n > START && n < MOST && to[0] == 5 && to[1] == 4);
    header = START + (size_t)(to[2] << 8 | to[3]);
    assert_true(header < n);
    memmove(to, to + header, n - header);
    return n - header;
}

static void
test_cache_file_write__the_bytes_of_libkrb5(void **state)
{
    struct fixture *f = *state;
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);
    uint8_t theirs[MOST];
    krb5_ccache file;
    char name[80];
    size_t n;

    fill(f);
    assert_int_equal(cache_file_write(f->name, &w), SEC_E_OK);
    (void)snprintf(name, sizeof(name), "FILE:%s", f->path);
    assert_int_equal(krb5_cc_resolve(f->context, name, &file), 0);
    assert_int_equal(krb5_cc_initialize(f->context, file, f->alice), 0);
    assert_int_equal(krb5_cc_copy_creds(f->context, f->cache, file), 0);
    assert_int_equal(krb5_cc_close(f->context, file), 0);
    n = read_file(f->path, theirs);
    assert_int_equal(w.len, START + n);
    assert_memory_equal(w.p, "\5\4\0\0", START);
    assert_memory_equal(w.p + START, theirs, n);
}

static void
assert_same(struct fixture *f, const krb5_creds *a, const krb5_creds *b)
{
    assert_true(krb5_principal_compare(f->context, a->client, b->client));
    assert_true(krb5_principal_compare(f->context, a->server, b->server));
    assert_int_equal(a->keyblock.enctype, b->keyblock.enctype);
    assert_int_equal(a->keyblock.length, b->keyblock.length);
    assert_memory_equal(a->keyblock.contents, b->keyblock.contents, a->keyblock.length);
    assert_memory_equal(&a->times, &b->times, sizeof(a->times));
    assert_int_equal(a->is_skey, b->is_skey);
    assert_int_equal(a->ticket_flags, b->ticket_flags);
    assert_int_equal(a->ticket.length, b->ticket.length);
    assert_memory_equal(a->ticket.data, b->ticket.data, a->ticket.length);
    assert_int_equal(a->second_ticket.length, b->second_ticket.length);
    assert_int_equal(a->addresses && a->addresses[0], b->addresses && b->addresses[0]);
    assert_int_equal(a->authdata && a->authdata[0], b->authdata && b->authdata[0]);
}

static void
test_cache_file_write__libkrb5_reads_it(void **state)
{
    struct fixture *f = *state;
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);
    krb5_cc_cursor here, there;
    krb5_principal client;
    krb5_creds a, b;
    krb5_ccache file;
    char name[80];
    FILE *out;
    int n = 0;

    fill(f);
    assert_int_equal(cache_file_write(f->name, &w), SEC_E_OK);
    out = fopen(f->path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(w.p, 1, w.len, out), w.len);
    assert_int_equal(fclose(out), 0);
    (void)snprintf(name, sizeof(name), "FILE:%s", f->path);
    assert_int_equal(krb5_cc_resolve(f->context, name, &file), 0);
    assert_int_equal(krb5_cc_get_principal(f->context, file, &client), 0);
    assert_true(krb5_principal_compare(f->context, client, f->alice));
    krb5_free_principal(f->context, client);
    assert_int_equal(krb5_cc_start_seq_get(f->context, f->cache, &here), 0);
    assert_int_equal(krb5_cc_start_seq_get(f->context, file, &there), 0);
    while (krb5_cc_next_cred(f->context, f->cache, &here, &a) == 0) {
        assert_int_equal(krb5_cc_next_cred(f->context, file, &there, &b), 0);
        assert_same(f, &a, &b);
        krb5_free_cred_contents(f->context, &a);
        krb5_free_cred_contents(f->context, &b);
        n++;
    }
    assert_int_equal(n, 2);
    assert_int_equal(krb5_cc_next_cred(f->context, file, &there, &b), KRB5_CC_END);
    (void)krb5_cc_end_seq_get(f->context, f->cache, &here);
    (void)krb5_cc_end_seq_get(f->context, file, &there);
    (void)krb5_cc_close(f->context, file);
}

static void
test_cache_file_write__no_such_cache(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);

    (void)state;
    assert_int_equal(cache_file_write("MEMORY:nobody-has-made-it", &w), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(sec_reason(), "cannot be read"));
    assert_int_equal(cache_file_write("NO-SUCH-TYPE:x", &w), SEC_E_NO_CREDENTIALS);
}

static void
write_once(void *user, bool failing)
{
    struct fixture *f = user;
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);
    sec_status status = cache_file_write(f->name, &w);

    assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
    assert_true(status != SEC_E_OK || w.len == f->whole);
}

static void
test_cache_file_write__without_memory(void **state)
{
    struct fixture *f = *state;
    SEC_AUTO(wire_writer) w = wire_writer_secret(NULL, 0);

    fill(f);
    assert_int_equal(cache_file_write(f->name, &w), SEC_E_OK);
    f->whole = w.len;
    assert_true(alloc_fail_each(write_once, f) > 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cache_file_write__the_bytes_of_libkrb5, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_cache_file_write__libkrb5_reads_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache_file_write__no_such_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache_file_write__without_memory, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
