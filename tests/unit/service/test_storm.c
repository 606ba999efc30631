/* SPDX-License-Identifier: Apache-2.0 */
/* What the loops share, from several threads at once: limits, credentials, the event log. */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/event.h"
#include "fake_sspi.h"
#include "service/credential.h"
#include "service/limits.h"

enum { THREADS = 4, ROUNDS = 2000 };

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };

static void
in_threads(void *(*run)(void *), void *shared)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, shared), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void *
come_and_go(void *user)
{
    struct limits *limits = user;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct in6_addr from = { .s6_addr = { 0x20, 1, 0, 0, 0, 0, (uint8_t)(i % 7) } };
        struct limits_ticket ticket = { 0 };

        if (limits_enter(limits, &from, &ticket) == LIMITS_WELCOME && i % 3) {
            limits_set_authenticated(limits, &ticket, true);
        }
        limits_leave(limits, &ticket);
    }
    return NULL;
}

static void
test_limits__come_to_nothing_again(void **state)
{
    static struct limits limits;

    (void)state;
    limits_init(&limits, 3, 2);
    in_threads(come_and_go, &limits);
    assert_int_equal(limits.unauthenticated, 0);
    assert_int_equal(limits.connections, 0);
    limits_clear(&limits);
}

static void *
get_credential(void *user)
{
    char why[64];

    return credential_get(user, CREDENTIAL_MAIN, why, sizeof(why));
}

static void
test_credential_get__one_for_all(void **state)
{
    static const struct listener_settings settings = { .package = (char *)"Negotiate" };
    struct credential credential;

    (void)state;
    credential_init(&credential, &settings);
    in_threads(get_credential, &credential);
    assert_int_equal(fake_live, 1);
    credential_clear(&credential);
    assert_int_equal(fake_live, 0);
}

static void *
write_events(void *user)
{
    static const struct event_logon granted = { .user = "demo", .mechanism = "NTLM" };
    static const struct event_logon refused = { .status = SEC_E_INVALID_TOKEN,
                                                .address = "192.0.2.7" };

    for (int i = 0; i < ROUNDS / 10; i++) {
        event_log_logon(user, &granted);
        event_log_logon(user, &refused);
        if (i % 50 == 0) {
            event_log_reopen(user);
            event_log_tick(user);
        }
    }
    return NULL;
}

static void
test_event_log__whole_lines_and_every_logon(void **state)
{
    char path[] = "/tmp/test_storm.XXXXXX", line[4096];
    int fd = mkstemp(path);
    const struct event_settings settings = {
        .file = path, .program = "test", .refusals_per_second = 10, .log = &quiet
    };
    struct event_log *log = event_log_open(&settings);
    unsigned granted = 0;
    FILE *file;

    (void)state;
    assert_non_null(log);
    in_threads(write_events, log);
    event_log_close(log);
    file = fdopen(fd, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        assert_int_equal(line[0], '{');
        assert_string_equal(line + strlen(line) - 2, "}\n");
        granted += strstr(line, "\"EventID\":4624,") != NULL;
    }
    assert_int_equal(granted, THREADS * ROUNDS / 10);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(unlink(path), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits__come_to_nothing_again),
        cmocka_unit_test(test_credential_get__one_for_all),
        cmocka_unit_test(test_event_log__whole_lines_and_every_logon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
