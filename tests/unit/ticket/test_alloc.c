/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation fails in turn: nothing leaks, and what was not done is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "base/clock.h"
#include "tests/support/ccache_file.h"
#include "tests/support/keytab_file.h"
#include "ticket/principal.h"
#include "ticket/ticket.h"

struct files {
    char keytab[64], replay[64];
};

static void
use_a_keytab(struct ticket_authority *a, bool failing)
{
    struct krb_ticket of = { .enc = { .enctype = KRB_AES256_SHA1, .has_kvno = true, .kvno = 3 } };
    struct ticket_keytab *k = NULL;
    struct ticket_keys keys;
    sec_status status = ticket_keytab_open(a, NULL, &k);

    assert_true(principal_split(bytes_of_string("HTTP/web@R"), &of.sname, &of.realm));
    if (status != SEC_E_OK) {
        assert_true(failing && status == SEC_E_INSUFFICIENT_MEMORY && !k);
        return;
    }
    status = ticket_keytab_check(k, "HTTP/web");
    assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
    ticket_keys_hold(k, NULL, &of, &keys);
    assert_true(keys.n == 1 || (failing && keys.n == 0 && keys.verdict == TICKET_KEY_NO_MEMORY));
    ticket_keys_release(&keys);
    ticket_keytab_close(k);
}

static void
run(void *user, bool failing)
{
    const struct files *files = user;
    static const int32_t enctypes[] = { KRB_AES256_SHA1, KRB_AES128_SHA1 };
    const struct ticket_options options = {
        .keytab = files->keytab,
        .replay = TICKET_REPLAY_SHARED,
        .replay_file = files->replay,
        .replay_capacity = 100,
        .enctypes = enctypes,
        .n_enctypes = 2,
    };
    const uint8_t hash[TICKET_REPLAY_HASH_BYTES] = { 1 };
    struct ticket_authority *a = NULL;
    sec_status status = ticket_authority_open(&options, &a);
    enum ticket_replay_verdict verdict;

    if (status != SEC_E_OK) {
        assert_true(failing && status == SEC_E_INSUFFICIENT_MEMORY && !a);
        return;
    }
    use_a_keytab(a, failing);
    verdict = ticket_replay_check(a, hash, UINT64_C(1) << 62, UINT64_C(1) << 62);
    assert_true(verdict == TICKET_FRESH || verdict == TICKET_REPLAYED ||
                (failing && verdict == TICKET_REPLAY_BROKEN));
    ticket_authority_close(a);
}

static void
test_keys_and_replays__any_allocation_fails__is_survived(void **state)
{
    static const uint8_t bytes[32] = "the key of a service, 32 bytes.";
    const struct keytab_file_entry entries[] = {
        { "HTTP/web@R", 3, KRB_AES256_SHA1, bytes_of(bytes, 32), false },
        { "HTTP/web@R", 3, KRB_AES128_SHA1, bytes_of(bytes, 16), false },
    };
    char folder[] = "/tmp/opensspi-alloc-XXXXXX";
    struct files files;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(files.keytab, sizeof(files.keytab), "%s/keytab", folder);
    (void)snprintf(files.replay, sizeof(files.replay), "%s/replay", folder);
    keytab_file_write(files.keytab, entries, 2);
    assert_true(alloc_fail_each(run, &files) > 10);
    assert_int_equal(unlink(files.keytab), 0);
    assert_int_equal(unlink(files.replay), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* --- tickets ------------------------------------------------------------------------------- */

static sec_status
get(struct ticket_holder *h, struct ticket *t)
{
    static const uint8_t target[] = "H\0T\0T\0P\0/\0w\0e\0b\0";
    const struct ticket_request r = { .target = bytes_of(target, sizeof(target) - 1) };

    return ticket_get(h, &r, t, NULL);
}

static bool
is_right(sec_status status, bool failing)
{
    return status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY);
}

static void
run_holder(void *user, bool failing)
{
    const struct ticket_holder_args process = { 0 };
    const struct ticket_holder_args alice = { true, bytes_of("a\0", 2), bytes_of("B\0", 2),
                                              bytes_of("x\0", 2) };
    SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);
    struct ticket_authority *a = user;
    struct ticket_holder *h = NULL, *explicit = NULL;
    struct ticket t;
    sec_status status = ticket_holder_new(a, &process, &h);

    assert_true(is_right(status, failing) && (status == SEC_E_OK) == (h != NULL));
    if (h) {
        status = get(h, &t);
        assert_true(is_right(status, failing));
        assert_true((status == SEC_E_OK) == (t.block.p != NULL));
        ticket_clear(&t);
        assert_true(is_right(ticket_holder_name(h, &name), failing));
    }
    status = ticket_holder_new(a, &alice, &explicit);
    assert_true(is_right(status, failing) && (status == SEC_E_OK) == (explicit != NULL));
    ticket_holder_free(h);
    ticket_holder_free(explicit);
}

static void
write_cache(const char *path)
{
    const struct krb_name service = {
        .type = KRB_NT_SRV_HST, .n = 2, .parts = { bytes_of_string("HTTP"), bytes_of_string("web") }
    };
    const struct krb_ticket ticket = {
        .realm = bytes_of_string("EXAMPLE.TEST"),
        .sname = service,
        .enc = { .enctype = 18, .has_kvno = true, .kvno = 7, .cipher = bytes_of("0123456789", 10) },
    };
    SEC_AUTO(wire_writer) der = wire_writer_growing(NULL, 0);
    struct ccache_file_entry e = { .service = "HTTP/web",
                                   .start_100ns = clock_now_100ns() - CLOCK_SECOND_100NS,
                                   .end_100ns = clock_now_100ns() + 3600 * CLOCK_SECOND_100NS };

    assert_true(krb_key_set(&e.key, 18, bytes_of("a session key, which has 32 byte", 32)));
    krb_ticket_encode(&der, &ticket);
    e.ticket = wire_written(&der);
    ccache_file_write(path, "alice", "EXAMPLE.TEST", &e, 1);
}

static void
test_tickets__any_allocation_fails__is_survived(void **state)
{
    char path[] = "/tmp/opensspi-alloc-XXXXXX";
    struct ticket_authority *a = NULL;

    assert_int_equal(close(mkstemp(path)), 0);
    write_cache(path);
    assert_int_equal(setenv("KRB5CCNAME", path, 1), 0);
    assert_int_equal(setenv("KRB5_CONFIG", "/dev/null", 1), 0);
    assert_int_equal(
        ticket_authority_open(&(struct ticket_options){ .replay = TICKET_REPLAY_OFF }, &a),
        SEC_E_OK);
    assert_true(alloc_fail_each(run_holder, a) > 10);
    ticket_authority_close(a);
    assert_int_equal(unlink(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_and_replays__any_allocation_fails__is_survived),
        cmocka_unit_test(test_tickets__any_allocation_fails__is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
