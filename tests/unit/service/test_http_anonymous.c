/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that come without a ticket: what the event log says of them, and how often. */
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

#include "base/base64.h"
#include "fake_sspi.h"
#include "service/http_anonymous.h"

static char path[] = "/tmp/test_http_anonymous.XXXXXX";
static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };
static const struct session_rules rules = { 5, 4096, 0 };

struct fixture {
    struct session_client client;
    struct listener_settings settings;
    struct credential credential;
    struct told told;
    struct http_state state;
    uint64_t now_s;
};

static int
make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0 ? -1 : 0;
}

static int
remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void
begin_connection(struct fixture *f)
{
    http_state_init(&f->state, &f->client, &rules, &f->credential);
    f->state.told = &f->told;
}

static void
end_connection(struct fixture *f)
{
    http_state_end(&f->state, f->now_s);
    assert_null(f->state.silent_host);
}

static void
open_fixture(struct fixture *f)
{
    const struct event_settings events = { .file = path, .program = "sspid", .log = &quiet };

    assert_int_equal(truncate(path, 0), 0);
    fake_keyed = "HTTP/web1.example.test";
    *f = (struct fixture){ .settings = { .package = (char *)"Negotiate" } };
    f->client = (struct session_client){ .events = event_log_open(&events),
                                         .log = &quiet,
                                         .listener = "web",
                                         .protocol = "http",
                                         .package = "Negotiate",
                                         .address = "192.0.2.7" };
    credential_init(&f->credential, &f->settings);
    fake_denies_ntlm = 1;
    told_init(&f->told);
    begin_connection(f);
}

/* Closes all, and answers what was written: an array of objects, owned by the caller. */
static json_t *
close_fixture(struct fixture *f)
{
    json_t *all = json_array();
    char line[16384];
    FILE *file;

    end_connection(f);
    credential_clear(&f->credential);
    told_clear(&f->told);
    event_log_close(f->client.events);
    assert_int_equal(fake_live, 0);
    fake_keyed = NULL;
    fake_first_token = "";
    fake_krb_error = 0;
    fake_denies_ntlm = 0;
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        assert_int_equal(json_array_append_new(all, json_loads(line, 0, NULL)), 0);
    }
    assert_int_equal(fclose(file), 0);
    return all;
}

/* GET of a path for a Host, with this value of Authorization or none. */
static unsigned
get(struct fixture *f, const char *where, const char *host_header, const char *authorization)
{
    char host[HTTP_HOST_BYTES];
    enum http_host kind = http_auth_host(host_header, host);
    const struct http_request request = {
        .method = "GET",
        .path = where,
        .authorization = authorization,
        .n_authorization = authorization != NULL,
        .keeps_alive = true,
        .asked = { .host = kind == HTTP_HOST_NONE ? NULL : host,
                   .host_is_address = kind == HTTP_HOST_ADDRESS },
        .now_s = f->now_s,
    };
    struct http_reply reply;
    unsigned status;

    http_answer(&f->state, &request, &reply);
    status = reply.status;
    http_reply_clear(&reply);
    return status;
}

static const char *
text_of(json_t *event, const char *name)
{
    const char *text = json_string_value(json_object_get(event, name));

    return text ? text : "";
}

/* One event 4625, with this in its reason and that in its hint. */
static void
assert_one(struct fixture *f, const char *reason, const char *hint)
{
    json_t *all = close_fixture(f), *event = json_array_get(all, 0);

    assert_int_equal(json_array_size(all), 1);
    assert_int_equal(json_integer_value(json_object_get(event, "EventID")), 4625);
    print_message("# %s: %s\n", text_of(event, "reason"), text_of(event, "hint"));
    assert_non_null(strstr(text_of(event, "reason"), reason));
    assert_non_null(strstr(text_of(event, "hint"), hint));
    json_decref(all);
}

static void
assert_none(struct fixture *f)
{
    json_t *all = close_fixture(f);

    assert_int_equal(json_array_size(all), 0);
    json_decref(all);
}

/* --- nothing comes ------------------------------------------------------------------------- */

static void
test_challenged__host_without_a_key_is_told_once(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(get(&f, "/whoami", "noreg.example.test:8080", NULL), 401);
        end_connection(&f);
        begin_connection(&f);
    }
    assert_one(&f, "noreg.example.test: there is no key", "setspn -S HTTP/noreg.example.test");
}

static void
test_challenged__told_again_after_a_while(void **state)
{
    struct fixture f;
    json_t *all;

    (void)state;
    open_fixture(&f);
    (void)get(&f, "/whoami", "noreg.example.test", NULL);
    f.now_s = TOLD_SECONDS;
    (void)get(&f, "/whoami", "noreg.example.test", NULL);
    (void)get(&f, "/whoami", "other.example.test", NULL);
    all = close_fixture(&f);
    assert_int_equal(json_array_size(all), 3);
    assert_string_equal(text_of(json_array_get(all, 2), "host"), "other.example.test");
    json_decref(all);
}

static void
test_challenged__address_is_told(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f);
    assert_int_equal(get(&f, "/whoami", "192.0.2.1:8080", NULL), 401);
    assert_one(&f, "for 192.0.2.1: an address", "use the server's DNS name");
}

/* A proxy's own name for us says nothing about its clients' links. */
static void
test_challenged__address_behind_a_proxy_is_not(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f);
    assert_int_equal(get(&f, "/auth", "127.0.0.1:8080", NULL), 401);
    assert_none(&f);
    open_fixture(&f);
    assert_int_equal(get(&f, "/auth", "noreg.example.test", NULL), 401);
    assert_one(&f, "noreg.example.test", "setspn -S HTTP/noreg.example.test");
}

static void
test_challenged__without_kerberos_or_a_host_nothing_is_told(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f);
    fake_keyed = NULL;
    (void)get(&f, "/whoami", "noreg.example.test", NULL);
    (void)get(&f, "/whoami", "192.0.2.1", NULL);
    assert_none(&f);
    open_fixture(&f);
    (void)get(&f, "/whoami", NULL, NULL);
    (void)get(&f, "/whoami", "a b", NULL);
    (void)get(&f, "/", "noreg.example.test", NULL);
    assert_none(&f);
}

/* The client's first request asks whether it has to log on at all: no fault. */
static void
test_challenged__first_request_of_a_client_that_logs_on_is_not_told(void **state)
{
    struct fixture f;
    json_t *all;

    (void)state;
    open_fixture(&f);
    assert_int_equal(get(&f, "/whoami", "web1.example.test", NULL), 401);
    assert_int_equal(get(&f, "/whoami", "web1.example.test", "Negotiate YGtyYjpkZW1v"), 200);
    all = close_fixture(&f); /* `krb:demo` */
    assert_int_equal(json_array_size(all), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 0), "EventID")), 4624);
    json_decref(all);
}

static void
test_end__silent_client_is_told_once(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(get(&f, "/whoami", "web1.example.test", NULL), 401);
        assert_int_equal(get(&f, "/whoami", "web1.example.test", NULL), 401);
        end_connection(&f);
        begin_connection(&f);
    }
    assert_one(&f, "asked to log on, and ended", "kinit");
}

/* Where NTLM would do, a client that comes with nothing may be about to use that. */
static void
test_end__host_without_a_key_is_told_at_the_end_where_ntlm_is_taken(void **state)
{
    static const struct {
        const char *host, *hint;
    } rows[] = { { "noreg.example.test", "setspn -S HTTP/noreg.example.test" },
                 { "192.0.2.1:80", "(192.0.2.1)" } };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        open_fixture(&f);
        f.state.offers_ntlm = true;
        assert_int_equal(get(&f, "/whoami", rows[i].host, NULL), 401);
        assert_non_null(f.state.silent_host);
        assert_one(&f, "without Authorization", rows[i].hint);
    }
    open_fixture(&f);
    f.state.offers_ntlm = true;
    (void)get(&f, "/whoami", "noreg.example.test", NULL);
    assert_int_equal(get(&f, "/whoami", "noreg.example.test", "Basic eDp5"), 401);
    assert_none(&f);
}

static void
test_end__proxys_connection_is_not_told(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f);
    assert_int_equal(get(&f, "/auth", "web1.example.test", NULL), 401);
    assert_none(&f);
    open_fixture(&f);
    assert_int_equal(get(&f, "/whoami", "web1.example.test", NULL), 401);
    f.state.told = NULL; /* as when the service stops */
    assert_none(&f);
}

/* --- something else comes ------------------------------------------------------------------ */

static void
test_no_token__is_a_refusal_with_a_hint(void **state)
{
    static const struct {
        const char *where, *authorization;
        unsigned status;
        const char *reason, *hint;
    } rows[] = {
        { "/whoami", "Negotiate", 401, "a scheme without a token", "took it off" },
        { "/auth", "Negotiate", 401, "a scheme without a token", "took it off" },
        { "/whoami", "Negotiate AAA%", 400, "not base64", "cut or rewritten" },
        { "/auth", "Negotiate AAA%", 401, "not base64", "cut or rewritten" },
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        open_fixture(&f);
        assert_int_equal(get(&f, rows[i].where, "web1.example.test", rows[i].authorization),
                         rows[i].status);
        assert_one(&f, rows[i].reason, rows[i].hint);
    }
    open_fixture(&f);
    assert_int_equal(get(&f, "/whoami", "web1.example.test", "Basic eDp5"), 401);
    assert_none(&f);
}

/* What the library found, and what the request says, meet in the hint. */
static void
test_refusal__hint_knows_the_request(void **state)
{
    static const struct {
        const char *host, *first;
        LONG krb_error;
        const char *hint;
    } rows[] = {
        { "noreg.example.test", "NTLM", 0, "setspn -S HTTP/noreg.example.test" },
        { "192.0.2.1", "NTLM", 0, "DNS name" },
        { "web1.example.test", "NTLM", 0, "could get no ticket" },
        { "web1.example.test", "Kerberos", 44, "klist purge" },
        { "web1.example.test", "Kerberos", 35, "HTTP/web1.example.test@EXAMPLE.TEST" },
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        open_fixture(&f);
        fake_first_token = rows[i].first;
        fake_krb_error = rows[i].krb_error;
        assert_int_equal(get(&f, "/whoami", rows[i].host, "Negotiate YAN6eno="), 401);
        assert_one(&f, "the token makes no sense", rows[i].hint);
    }
}

static void
test_refusal__ntlm_behind_a_proxy_has_a_hint(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f);
    assert_int_equal(get(&f, "/auth", "noreg.example.test", "NTLM TlRMTVNTUAABAAAA"), 401);
    assert_one(&f, "/auth takes no NTLM", "setspn -S HTTP/noreg.example.test");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenged__host_without_a_key_is_told_once),
        cmocka_unit_test(test_challenged__told_again_after_a_while),
        cmocka_unit_test(test_challenged__address_is_told),
        cmocka_unit_test(test_challenged__address_behind_a_proxy_is_not),
        cmocka_unit_test(test_challenged__without_kerberos_or_a_host_nothing_is_told),
        cmocka_unit_test(test_challenged__first_request_of_a_client_that_logs_on_is_not_told),
        cmocka_unit_test(test_end__silent_client_is_told_once),
        cmocka_unit_test(test_end__host_without_a_key_is_told_at_the_end_where_ntlm_is_taken),
        cmocka_unit_test(test_end__proxys_connection_is_not_told),
        cmocka_unit_test(test_no_token__is_a_refusal_with_a_hint),
        cmocka_unit_test(test_refusal__hint_knows_the_request),
        cmocka_unit_test(test_refusal__ntlm_behind_a_proxy_has_a_hint),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
