/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation failed in turn: nobody gets in by it, nothing leaks, and it goes on afterwards. */
#include <jansson.h>
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
#include "base/mem.h"
#include "fake_sspi.h"
#include "service/http_answer.h"
#include "service/proxied.h"
#include "service/settings.h"
#include "service/status.h"
#include "service/stream.h"
#include "tests/support/settings_file.h"

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };
static const struct session_rules rules = { 3, 65536, 0 };

static int
make_file(void **state)
{
    json_set_alloc_funcs(mem_new, mem_free);
    return settings_file_make(state);
}

static void
read_settings(void *user, bool failing)
{
    struct settings settings;
    struct config_error error;
    bool good = settings_read(settings_file, &settings, &error);

    (void)user;
    assert_true(good || failing);
    if (good) {
        assert_int_equal(settings.n_listeners, 2);
        settings_clear(&settings);
    } else {
        assert_true(error.text[0]);
    }
}

static void
write_two_listeners(void)
{
    settings_file_write("[events]\nfile = /x\n[listener a]\nprotocol = framed\n"
                        "address = 127.0.0.1:1\nspn = a\nntlm = deny\nbackend = proxy:h:1\n"
                        "[listener b]\nprotocol = http\naddress = [::1]:1\npackage = NTLM\n"
                        "trusted_proxy = ::1 10.0.0.0/8\nconnection_header = X\nrealm = r\n");
}

static void
test_settings_read__survives_each_allocation_failed(void **state)
{
    (void)state;
    write_two_listeners();
    assert_true(alloc_fail_each(read_settings, NULL) > 10);
}

static unsigned
ask(struct http_state *state, const char *authorization)
{
    const struct http_request request = { .method = "GET",
                                          .path = "/whoami",
                                          .authorization = authorization,
                                          .n_authorization = authorization != NULL,
                                          .keeps_alive = true };
    struct http_reply reply;
    unsigned status;

    http_answer(state, &request, &reply);
    status = reply.status;
    http_reply_clear(&reply);
    return status;
}

static void
log_on(void *user, bool failing)
{
    static const struct listener_settings settings = { .package = (char *)"Negotiate" };
    const struct event_settings events = { .file = settings_file,
                                           .program = "test",
                                           .log = &quiet };
    struct session_client client = { .log = &quiet, .address = "192.0.2.7" };
    struct credential credential;
    struct http_state state;
    unsigned status;

    (void)user;
    client.events = event_log_open(&events); /* NULL: goes on without */
    assert_true(client.events || failing);
    credential_init(&credential, &settings);
    http_state_init(&state, &client, &rules, &credential);
    status = ask(&state, NULL);
    assert_true(status == 401 || (failing && status == 503));
    status = ask(&state, "Negotiate bW9yZQ=="); /* more */
    assert_true(status == 401 || (failing && (status == 503 || status == 500)));
    status = ask(&state, "Negotiate eWVzOmRlbW8="); /* yes:demo */
    assert_true(status == 200 || (failing && status >= 400));
    status = ask(&state, "Negotiate bm8="); /* no */
    assert_true(status == 401 || (failing && status == 503));
    assert_null(state.logon);
    http_state_clear(&state);
    credential_clear(&credential);
    event_log_close(client.events);
    assert_int_equal(fake_live, 0);
}

static void
test_http_answer__survives_each_allocation_failed(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(log_on, NULL) > 20);
}

static unsigned
ask_proxied(struct http_state *state, const char *authorization)
{
    static const struct http_field name = { "X", "7" };
    const struct http_request request = { .method = "GET",
                                          .path = "/auth",
                                          .fields = { &name, 1 },
                                          .authorization = authorization,
                                          .n_authorization = authorization != NULL };
    struct http_reply reply;
    unsigned status;

    http_answer(state, &request, &reply);
    status = reply.status;
    http_reply_clear(&reply);
    return status;
}

static void
log_on_proxied(void *user, bool failing)
{
    static struct proxied_table table;
    struct listener_settings settings = { .package = (char *)"Negotiate" };
    const struct session_client client = { .log = &quiet, .address = "192.0.2.7" };
    struct credential credential;
    struct http_state state;
    unsigned status;

    (void)user;
    settings_http_init(&settings.http);
    settings.http.proxies.connection_header = (char *)"X";
    credential_init(&credential, &settings);
    http_state_init(&state, &client, &rules, &credential);
    proxied_init(&table, 10, 10, 20, 90);
    http_state_set_peer(&state, &in6addr_loopback, &table);
    state.is_proxy = true;
    status = ask_proxied(&state, "Negotiate bW9yZQ=="); /* more */
    assert_true(status == 401 || (failing && (status == 503 || status == 500)));
    status = ask_proxied(&state, "Negotiate eWVzOmRlbW8="); /* yes:demo */
    assert_true(status == 200 || (failing && status >= 400));
    status = ask_proxied(&state, NULL);
    assert_true(status == 200 || (failing && status >= 400));
    state.is_proxy = false;
    settings.http.basic = state.is_local = true;
    status = ask_proxied(&state, "Basic YTpyaWdodA=="); /* a:right */
    assert_true(status == 200 || (failing && status >= 400));
    proxied_clear(&table);
    http_state_clear(&state);
    credential_clear(&credential);
    assert_int_equal(fake_live, 0);
}

static void
test_http_answer__through_a_proxy_survives_each_allocation_failed(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(log_on_proxied, NULL) > 15);
}

static void
read_frames(void *user, bool failing)
{
    static const uint8_t wire[5000] = { 0x84, 0x13 }; /* 4996 bytes */
    struct stream_reader r = { .max_bytes = 65536 };
    struct bytes in = bytes_of(wire, sizeof(wire));
    enum stream_result result = STREAM_MORE;

    (void)user;
    while (in.n && result == STREAM_MORE) {
        result = stream_read(&r, &in);
    }
    assert_true(result == STREAM_WHOLE || (failing && result == STREAM_NO_MEMORY));
    stream_reader_clear(&r);
}

static void
test_stream_read__survives_each_allocation_failed(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(read_frames, NULL) > 3);
}

/* A configuration takes another one's place, and tells how it fares. */
static void
replace_site(void *user, bool failing)
{
    struct site *before = user, *now;
    struct settings settings;
    struct config_error error;
    SEC_AUTO(wire_writer) metrics = wire_writer_growing(NULL, 0);

    if (!settings_read(settings_file, &settings, &error)) {
        assert_true(failing);
        return;
    }
    now = site_new(&settings, before);
    assert_true(now || failing);
    if (now) {
        const struct status status = { .version = "0", .site = now };
        json_t *told = status_json(&status);

        assert_true(site_acquire(now, &quiet) || failing);
        assert_ptr_equal(now->listeners[0].endpoint, before->listeners[0].endpoint);
        status_put_metrics(&status, &metrics);
        assert_true(failing || (told && wire_writer_status(&metrics) == WIRE_OK));
        json_decref(told);
        site_unref(now);
    }
    assert_int_equal(before->listeners[0].endpoint->references, 1);
}

static void
test_site_new__survives_each_allocation_failed(void **state)
{
    struct settings settings;
    struct config_error error;
    struct site *before;

    (void)state;
    write_two_listeners();
    assert_true(settings_read(settings_file, &settings, &error));
    before = site_new(&settings, NULL);
    assert_non_null(before);
    assert_true(alloc_fail_each(replace_site, before) > 50);
    site_unref(before);
    assert_int_equal(fake_live, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_read__survives_each_allocation_failed),
        cmocka_unit_test(test_site_new__survives_each_allocation_failed),
        cmocka_unit_test(test_http_answer__survives_each_allocation_failed),
        cmocka_unit_test(test_http_answer__through_a_proxy_survives_each_allocation_failed),
        cmocka_unit_test(test_stream_read__survives_each_allocation_failed),
    };

    return cmocka_run_group_tests(tests, make_file, settings_file_remove);
}
