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
#include "service/proxied.h"

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

/* Each thread's requests name connections of all; whoever is known there is who proved it. */
static void *
ask_behind_proxy(void *user)
{
    struct proxied_table *table = user;
    static const struct session_client client = { .log = &quiet };
    static const struct session_rules rules = { 5, 4096, 0 };
    static const struct http_state from = { .rules = &rules };

    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[8];
        const struct proxied_key key = { .connection = name };
        struct proxied *e;

        (void)snprintf(name, sizeof(name), "%u", i % 13);
        if (proxied_enter(table, &key, i % 3 ? &from : NULL, &client, i / 100, &e) !=
            PROXIED_HERE) {
            continue;
        }
        if (e->state.logon) {
            assert_string_equal(e->state.logon->UserName, name);
        }
        http_state_clear(&e->state);
        if (i % 4) {
            (void)OpenSspiLogonPasswordA(name, "", "right", &e->state.logon);
        }
        proxied_leave(table, e, i / 100);
        if (i % 50 == 0) {
            proxied_sweep(table, i / 100);
        }
    }
    return NULL;
}

static void
test_proxied__an_entry_is_one_request_s(void **state)
{
    static struct proxied_table table;

    (void)state;
    proxied_init(&table, 100, 100, 2, 3);
    table.known_max = 7;
    in_threads(ask_behind_proxy, &table);
    proxied_clear(&table);
    assert_int_equal(table.limits.connections, 0);
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
        cmocka_unit_test(test_proxied__an_entry_is_one_request_s),
        cmocka_unit_test(test_event_log__whole_lines_and_every_logon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
