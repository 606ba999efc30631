/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that two processes serve, with each allocation failed in turn: nobody gets in by it,
 * nothing leaks, and it goes on afterwards. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "base/boot_id.h"
#include "base/mem.h"
#include "fake_sspi.h"
#include "service/logon_state.h"
#include "service/proxied_shared.h"

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };
static const struct session_rules rules = { 5, 4096, 0 };
static const struct session_client client = {
    .log = &quiet, .listener = "web", .protocol = "http", .package = "Negotiate"
};
static char root[] = "/tmp/alloc-shared-XXXXXX";
static char folder[64], key[64];

static int
make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(root)) {
        return -1;
    }
    (void)snprintf(folder, sizeof(folder), "%s/f", root);
    (void)snprintf(key, sizeof(key), "%s/key", root);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    (void)unlink(key);
    (void)rmdir(folder);
    return rmdir(root);
}

static void
remove_it(void *user, const struct proxied_store_name *name)
{
    struct secret held;
    uint64_t unused_s;

    assert_int_not_equal(proxied_store_claim(user, name, &held, &unused_s), PROXIED_STORE_NONE);
    secret_clear(&held);
}

/* A handshake that one leaves and the other finishes; then both look. */
static void
serve(struct proxied_shared shared[static 2], struct http_state *from, bool failing)
{
    const struct proxied_key name = { .connection = "1" };
    struct proxied e[2] = { { .key = name, .client = client }, { .key = name, .client = client } };
    struct proxied seen;
    uint8_t room[256];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    bool there;

    for (size_t i = 0; i < 2; i++) {
        http_state_like(&e[i].state, from, &e[i].client);
    }
    proxied_shared_load(&shared[0], &e[0], 100);
    session_init(&e[0].state.session, &e[0].client, &rules, NULL);
    e[0].state.has_session = true;
    e[0].state.scheme = HTTP_SCHEME_NTLM;
    if (session_step(&e[0].state.session, bytes_of(FAKE_NTLM_FIRST "more", 16), &w) !=
        SESSION_OPEN) {
        assert_true(failing);
        http_state_clear(&e[0].state);
        return;
    }
    proxied_shared_save(&shared[0], &e[0], 100);
    assert_true(failing || e[0].kept == PROXIED_HALF_OPEN);
    proxied_shared_load(&shared[1], &e[1], 101);
    assert_true(failing || e[1].state.has_session);
    http_state_clear(&e[1].state);
    (void)OpenSspiLogonPasswordA("alice", "", "right", &e[1].state.logon);
    proxied_shared_save(&shared[1], &e[1], 101);
    assert_true(!e[1].state.logon && !e[1].state.has_session);
    there = proxied_shared_look(&shared[0], &name, from, &client, 102, &seen);
    assert_true(there || failing);
    if (there) {
        assert_string_equal(seen.state.logon->UserName, "alice");
        assert_int_equal(seen.state.logon->GroupCount, 4);
    }
    http_state_hand_over(&seen.state);
    proxied_shared_sweep(&shared[1], &client, 100000);
    proxied_store_each(shared[0].store, 0, remove_it, shared[0].store);
}

static void
run(void *user, bool failing)
{
    struct listener_settings settings = { .package = (char *)(uintptr_t) "Negotiate" };
    struct credential credential;
    struct http_state from = { .rules = &rules, .credential = &credential };
    struct proxied_shared shared[2] = { { .listener = "web" }, { .listener = "web" } };
    const struct proxied_store_place place = { folder, key, BOOT_ID_FILE };
    char why[256];

    (void)user;
    credential_init(&credential, &settings);
    for (size_t i = 0; i < 2; i++) {
        shared[i].store = proxied_store_open(&place, why, sizeof(why));
        shared[i].handshake_timeout_s = shared[i].idle_s = 20;
        assert_true(shared[i].store || failing);
    }
    if (shared[0].store && shared[1].store) {
        serve(shared, &from, failing);
    }
    proxied_store_close(shared[0].store);
    proxied_store_close(shared[1].store);
    credential_clear(&credential);
    assert_int_equal(fake_live, 0);
}

static void
test_shared__survives_each_allocation_failed(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(run, NULL) > 8);
}

/* Every prefix and every flipped byte of a logon: nothing of it is read beyond its end. */
static void
test_logon_state_take__of_what_is_none__is_refused(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    OPENSSPI_LOGON *logon = NULL, *again;

    (void)state;
    assert_int_equal(OpenSspiLogonPasswordA("alice", "", "right", &logon), SEC_E_OK);
    logon_state_put(logon, &w);
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    again = logon_state_take(wire_written(&w));
    assert_string_equal(again->UserName, logon->UserName);
    assert_string_equal(again->Groups[3], logon->Groups[3]);
    assert_int_equal(again->GroupAttributes[1], logon->GroupAttributes[1]);
    assert_string_equal(again->LogonServer, "");
    assert_string_equal(again->Assertion, ""); /* good for seconds, and not behind proxies */
    mem_free(again);
    for (size_t n = 0; n < w.len; n++) {
        uint8_t *copy = mem_dup(w.p, n);

        assert_null(logon_state_take(bytes_of(copy, n)));
        mem_free(copy);
    }
    for (size_t i = 0; i < w.len; i++) {
        w.p[i] ^= 0xFF;
        mem_free(logon_state_take(wire_written(&w)));
        w.p[i] ^= 0xFF;
    }
    (void)FreeContextBuffer(logon);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared__survives_each_allocation_failed),
        cmocka_unit_test(test_logon_state_take__of_what_is_none__is_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
