/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that hold keys while the file is replaced under them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/keytab_file.h"
#include "ticket/principal.h"
#include "ticket/ticket.h"

enum { THREADS = 6, RUN_MS = 3500 };

struct storm {
    struct ticket_keytab *keytab;
    _Atomic uint32_t newest;
    atomic_bool stop;
    atomic_uint held, wrong;
};

/* The key of version n is n, all over. */
static void
write_version(const char *path, uint32_t n)
{
    uint8_t bytes[2][32];
    struct keytab_file_entry entries[2];

    for (uint32_t i = 0; i < 2; i++) {
        memset(bytes[i], (int)(n + i), sizeof(bytes[i]));
        entries[i] = (struct keytab_file_entry){ "HTTP/web@R", n + i, KRB_AES256_SHA1,
                                                 bytes_of(bytes[i], sizeof(bytes[i])), false };
    }
    keytab_file_write(path, entries, 2);
}

static bool
is_right(const struct ticket_key *key)
{
    uint8_t wanted[32];

    memset(wanted, (int)key->kvno, sizeof(wanted));
    return memcmp(key->key.b, wanted, sizeof(wanted)) == 0 && key->open_ticket && key->verify_pac;
}

static void *
hold_keys(void *user)
{
    struct storm *s = user;

    while (!atomic_load(&s->stop)) {
        struct krb_ticket of = { .enc = { .enctype = KRB_AES256_SHA1, .has_kvno = true } };
        struct ticket_keys keys;

        of.enc.kvno = atomic_load(&s->newest);
        assert_true(principal_split(bytes_of_string("HTTP/web@R"), &of.sname, &of.realm));
        ticket_keys_hold(s->keytab, NULL, &of, &keys);
        for (size_t i = 0; i < keys.n; i++) {
            atomic_fetch_add(is_right(keys.keys[i]) ? &s->held : &s->wrong, 1);
        }
        ticket_keys_release(&keys);
        if (ticket_keytab_check(s->keytab, NULL) != SEC_E_OK) {
            atomic_fetch_add(&s->wrong, 1);
        }
    }
    return NULL;
}

static void
test_hold__while_the_file_is_replaced__always_has_whole_keys(void **state)
{
    char path[] = "/tmp/opensspi-keytab-storm-XXXXXX";
    const struct timespec pause = { 0, 50000000 };
    const struct ticket_options options = { .keytab = path, .replay = TICKET_REPLAY_OFF };
    struct ticket_authority *a = NULL;
    struct storm s = { 0 };
    pthread_t threads[THREADS];
    uint32_t n = 1;

    assert_true(close(mkstemp(path)) == 0);
    write_version(path, n);
    s.newest = n;
    assert_int_equal(ticket_authority_open(&options, &a), SEC_E_OK);
    assert_int_equal(ticket_keytab_open(a, NULL, &s.keytab), SEC_E_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hold_keys, &s), 0);
    }
    for (unsigned ms = 0; ms < RUN_MS; ms += 50) {
        write_version(path, ++n);
        atomic_store(&s.newest, n);
        (void)nanosleep(&pause, NULL);
    }
    atomic_store(&s.stop, true);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(s.wrong, 0);
    assert_true(s.held > 0);
    ticket_keytab_close(s.keytab);
    ticket_authority_close(a);
    assert_int_equal(unlink(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hold__while_the_file_is_replaced__always_has_whole_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
