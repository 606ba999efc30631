/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to requests that come through a proxy, to those that need not log on, and to passwords. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fake_sspi.h"
#include "http_fixture.h"

#define AUTH(f, scheme, token)  get(f, "/auth", scheme, token, sizeof(token) - 1)
#define NOTHING(f)              get(f, "/auth", NULL, "", 0)
#define BOTH                    "401|WWW-Authenticate: Negotiate|WWW-Authenticate: NTLM|"
#define NOBODY_ALONE            "401|WWW-Authenticate: Negotiate|"
#define GRANTED(name)           "200|Remote-Authenticated: yes|Remote-User: " name "|"
#define ASSERT_IS(text, wanted) assert_string_equal(text, wanted)

/* A listener that believes 192.0.2.80, and a connection from peer. */
static void
open_behind(struct fixture *f, const char *peer, const char *client_header,
            const char *scheme_header)
{
    struct in6_addr from = { 0 };
    char why[256];

    open_fixture(f, "Negotiate", NULL);
    assert_true(proxy_take_addresses(&f->settings.http.proxies, "192.0.2.80", why, sizeof(why)));
    f->settings.http.proxies.connection_header = mem_dup("X-Connection", 12);
    f->settings.http.proxies.client_header =
        client_header ? mem_dup(client_header, strlen(client_header)) : NULL;
    f->settings.http.proxies.scheme_header =
        scheme_header ? mem_dup(scheme_header, strlen(scheme_header)) : NULL;
    from.s6_addr[10] = from.s6_addr[11] = 0xFF;
    assert_int_equal(inet_pton(AF_INET, peer, from.s6_addr + 12), 1);
    http_state_set_peer(&f->state, &from, &f->proxied);
    f->state.told = &f->told;
}

/* The next requests belong to this connection of that client's. */
static void
as(struct fixture *f, const char *connection, const char *client)
{
    static struct http_field fields[3];

    fields[0] = (struct http_field){ "X-Connection", connection };
    fields[1] = (struct http_field){ "X-Real-IP", client };
    fields[2] = (struct http_field){ "X-Forwarded-Proto", "http" };
    f->fields = (struct http_fields){ fields, 3 };
}

static void
test_http_answer__ntlm_is_the_named_connection_s(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    as(&f, "1", "");
    ASSERT_IS(NOTHING(&f), BOTH);
    ASSERT_IS(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "more"), "401|WWW-Authenticate: NTLM Z28gb24=|");
    as(&f, "2", ""); /* in between, another client over the same upstream connection */
    ASSERT_IS(NOTHING(&f), BOTH);
    ASSERT_IS(AUTH(&f, "Negotiate", FAKE_NTLM_FIRST "more"),
              "401|WWW-Authenticate: Negotiate Z28gb24=|");
    as(&f, "1", "");
    STARTS_WITH(AUTH(&f, "NTLM", "yes:alice"), GRANTED("alice"));
    as(&f, "2", "");
    STARTS_WITH(AUTH(&f, "Negotiate", "yes:bob"), GRANTED("bob"));
    as(&f, "1", "");
    STARTS_WITH(NOTHING(&f), GRANTED("alice"));
    STARTS_WITH(get(&f, "/whoami", NULL, "", 0), "200|{\"user\":\"alice\"");
    as(&f, "2", "");
    STARTS_WITH(NOTHING(&f), GRANTED("bob"));
    as(&f, "3", "");
    ASSERT_IS(NOTHING(&f), BOTH);
    close_fixture(&f);
}

static void
test_http_answer__without_a_name_each_request_is_alone(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    ASSERT_IS(NOTHING(&f), NOBODY_ALONE);
    ASSERT_IS(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), NOBODY_ALONE);
    STARTS_WITH(get(&f, "/whoami", "NTLM", FAKE_NTLM_FIRST "yes:alice", 21), NOBODY_ALONE);
    STARTS_WITH(get(&f, "/whoami", NULL, "", 0), NOBODY_ALONE);
    STARTS_WITH(AUTH(&f, "Negotiate", FAKE_FIRST "krb:alice"), GRANTED("alice"));
    ASSERT_IS(NOTHING(&f), NOBODY_ALONE);
    as(&f, "", ""); /* a variable without a value */
    ASSERT_IS(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), NOBODY_ALONE);
    close_fixture(&f);
}

static void
test_http_answer__nobody_else_may_name_a_connection(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    as(&f, "1", "");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), GRANTED("alice"));
    /* the same header from elsewhere */
    http_state_set_peer(&f.state, &(struct in6_addr){ { { 0x20, 1 } } }, &f.proxied);
    ASSERT_IS(NOTHING(&f), NOBODY_ALONE);
    ASSERT_IS(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), NOBODY_ALONE);
    assert_false(told_is_due(&f.told, "impostor", "192.0.2.7", 0));
    assert_false(http_state_is_known(&f.state));
    close_fixture(&f);
}

static void
test_http_answer__another_client_s_address_is_another_connection(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", "X-Real-IP", NULL);
    as(&f, "1", "203.0.113.1");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), GRANTED("alice"));
    STARTS_WITH(NOTHING(&f), GRANTED("alice"));
    as(&f, "1", "203.0.113.2");
    ASSERT_IS(NOTHING(&f), BOTH);
    as(&f, "1", "");
    ASSERT_IS(NOTHING(&f), BOTH);
    as(&f, "1", "nonsense");
    ASSERT_IS(NOTHING(&f), "400|Bad Request: a header of the proxy's\n");
    close_fixture(&f);
}

static void
test_http_answer__whatever_else_ends_a_named_identity(void **state)
{
    static const struct {
        const char *authorization;
        unsigned n, status;
    } rows[] = {
        { "Basic Zm9v", 1, 401 }, { "NTLM", 1, 401 },           { "NTLM !", 1, 401 },
        { "NTLM Zm9v", 2, 401 },  { "Negotiate YG5v", 1, 401 }, /* no */
    };
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    as(&f, "1", "");
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        char status[8];

        (void)snprintf(status, sizeof(status), "%u", rows[i].status);
        STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), GRANTED("alice"));
        STARTS_WITH(ask(&f, (struct http_request){ .method = "GET",
                                                   .path = "/auth",
                                                   .fields = f.fields,
                                                   .authorization = rows[i].authorization,
                                                   .n_authorization = rows[i].n,
                                                   .keeps_alive = true }),
                    status);
        ASSERT_IS(NOTHING(&f), BOTH);
        assert_int_equal(f.proxied.known.n + f.proxied.half_open.n, 0);
    }
    close_fixture(&f);
}

static void
test_http_answer__kerberos_under_a_name_is_the_request_s(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    as(&f, "1", "");
    STARTS_WITH(AUTH(&f, "Negotiate", FAKE_FIRST "krb:alice"), GRANTED("alice"));
    ASSERT_IS(NOTHING(&f), BOTH);
    /* and a handshake of more than one leg has where to stay */
    ASSERT_IS(AUTH(&f, "Negotiate", FAKE_FIRST "more"),
              "401|WWW-Authenticate: Negotiate Z28gb24=|");
    STARTS_WITH(AUTH(&f, "Negotiate", "krb:bob"), GRANTED("bob"));
    close_fixture(&f);
}

static void
test_http_answer__a_named_connection_needs_no_keep_alive_of_the_proxy(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    as(&f, "1", "");
    ASSERT_IS(ask(&f, (struct http_request){ .method = "GET",
                                             .path = "/auth",
                                             .fields = f.fields,
                                             .authorization = "Negotiate YG1vcmU=",
                                             .n_authorization = 1 }),
              "401 close|WWW-Authenticate: Negotiate Z28gb24=|");
    STARTS_WITH(AUTH(&f, "Negotiate", "krb:alice"), GRANTED("alice"));
    close_fixture(&f);
}

/* Streams of one HTTP/2 connection come side by side: what is alone is proven, what is not has no
 * place meanwhile. */
static void
test_http_answer__a_connection_that_is_busy_is_not_known(void **state)
{
    static struct fixture f;
    struct proxied_key key = { .connection = "1" };
    struct proxied *busy;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    as(&f, "1", "");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), GRANTED("alice"));
    key.proxy = f.state.peer;
    assert_int_equal(proxied_enter(&f.proxied, &key, NULL, f.state.client, 0, &busy), PROXIED_HERE);
    ASSERT_IS(NOTHING(&f), NOBODY_ALONE);
    ASSERT_IS(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:bob"), NOBODY_ALONE);
    STARTS_WITH(AUTH(&f, "Negotiate", FAKE_FIRST "krb:bob"), GRANTED("bob"));
    proxied_leave(&f.proxied, busy, 0);
    STARTS_WITH(NOTHING(&f), GRANTED("alice"));
    close_fixture(&f);
}

static void
test_http_answer__too_many_exchanges_of_one_client(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", "X-Real-IP", NULL);
    as(&f, "1", "203.0.113.1");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "more"), "401|");
    as(&f, "2", "203.0.113.1");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "more"), "401|");
    as(&f, "3", "203.0.113.1");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:x"), "200|");
    as(&f, "4", "203.0.113.1");
    ASSERT_IS(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "more"), "503|Service Unavailable\n");
    as(&f, "4", "203.0.113.2");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "more"), "401|");
    close_fixture(&f);
}

static void
test_http_answer__a_proxy_s_connection_counts_as_known(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    assert_true(http_state_is_known(&f.state));
    close_fixture(&f);
    open_behind(&f, "192.0.2.81", NULL, NULL);
    assert_false(http_state_is_known(&f.state));
    close_fixture(&f);
}

static void
test_http_answer__optional_lets_silence_pass_and_no_failure(void **state)
{
    static struct fixture f;

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, NULL);
    f.settings.http.require = HTTP_REQUIRE_OPTIONAL;
    ASSERT_IS(NOTHING(&f), "200|Remote-Authenticated: no|");
    STARTS_WITH(get(&f, "/whoami", NULL, "", 0), "200|{\"user\":null,");
    STARTS_WITH(AUTH(&f, "Negotiate", FAKE_FIRST "krb:alice"), GRANTED("alice"));
    ASSERT_IS(AUTH(&f, "Negotiate", FAKE_FIRST "no"), "401|WWW-Authenticate: Negotiate ZXJyb3I=|");
    as(&f, "1", "");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "no"), "401|");
    ASSERT_IS(NOTHING(&f), "200|Remote-Authenticated: no|");
    STARTS_WITH(AUTH(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), GRANTED("alice"));
    STARTS_WITH(NOTHING(&f), GRANTED("alice"));
    STARTS_WITH(AUTH(&f, "Bearer", "x"), "401|");
    close_fixture(&f);
}

static void
test_http_answer__somebody_is_somebody(void **state)
{
    static struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    f.settings.http.basic = f.state.is_local = true;
    STARTS_WITH(AUTH(&f, "Basic", "nobody:right"), "401|");
    STARTS_WITH(AUTH(&f, "Negotiate", FAKE_FIRST "krb:"), "401|"); /* a name that is empty */
    f.settings.http.require = HTTP_REQUIRE_OPTIONAL;
    ASSERT_IS(AUTH(&f, "Basic", "nobody:right"), "200|Remote-Authenticated: no|");
    close_fixture(&f);
}

#define BASIC_NOBODY                                                               \
    "401|WWW-Authenticate: Negotiate|WWW-Authenticate: Basic realm=\"OpenSSPI\", " \
    "charset=\"UTF-8\"|"

static void
test_http_answer__basic_on_loopback(void **state)
{
    static struct fixture f;
    struct http_request request = { .authorization = "Basic YTpi", .n_authorization = 1 };

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    assert_false(http_answer_may_wait(&f.state, &request));
    f.settings.http.basic = true;
    assert_true(http_answer_may_wait(&f.state, &request));
    STARTS_WITH(AUTH(&f, "Basic", "alice:right"), NOBODY_ALONE); /* from the network */
    f.state.is_local = true;
    ASSERT_IS(NOTHING(&f), BASIC_NOBODY);
    STARTS_WITH(AUTH(&f, "Basic", "alice:right"), GRANTED("alice"));
    STARTS_WITH(AUTH(&f, "Basic", "WEB1\\alice:right"), GRANTED("WEB1%2Falice"));
    STARTS_WITH(WHOAMI(&f, "Basic", "alice:right"), "200|{\"user\":\"alice\"");
    ASSERT_IS(get(&f, "/whoami", NULL, "", 0), /* each request alone */
              "401|WWW-Authenticate: Negotiate|WWW-Authenticate: NTLM|WWW-Authenticate: Basic "
              "realm=\"OpenSSPI\", charset=\"UTF-8\"|Unauthorized\n");
    ASSERT_IS(AUTH(&f, "Basic", "alice:wrong"), BASIC_NOBODY);
    ASSERT_IS(AUTH(&f, "Basic", "alice"), BASIC_NOBODY);
    ASSERT_IS(WHOAMI(&f, "Basic", "alice"), "400|Bad Request: Authorization\n");
    ASSERT_IS(AUTH(&f, "Basic", "alice:\xFC"), BASIC_NOBODY);
    close_fixture(&f);
}

static void
test_http_answer__basic_behind_tls(void **state)
{
    static struct fixture f;
    static const struct http_field https = { "X-Forwarded-Proto", "https" };

    (void)state;
    open_behind(&f, "192.0.2.80", NULL, "X-Forwarded-Proto");
    f.settings.http.basic = true;
    as(&f, "1", "");
    STARTS_WITH(AUTH(&f, "Basic", "alice:right"), BOTH);
    f.state.is_local = true; /* the proxy is, its client need not be */
    STARTS_WITH(AUTH(&f, "Basic", "alice:right"), BOTH);
    f.fields = (struct http_fields){ &https, 1 };
    ASSERT_IS(NOTHING(&f), BASIC_NOBODY);
    STARTS_WITH(AUTH(&f, "Basic", "alice:right"), GRANTED("alice"));
    f.fields.n = 0;
    ASSERT_IS(AUTH(&f, "Basic", "alice:right"), NOBODY_ALONE);
    close_fixture(&f);
}

static void
test_http_answer__groups_are_cut_and_it_says_so(void **state)
{
    static const struct {
        unsigned long max;
        const char *answer;
    } rows[] = {
        { 17, "|Remote-Groups: staff,a%2Cb%C3%BC|WWW" },
        { 16, "|Remote-Groups: staff|Remote-Groups-Cut: 1|WWW" },
        { 5, "|Remote-Groups: staff|Remote-Groups-Cut: 1|WWW" },
        { 4, "|Remote-Groups: |Remote-Groups-Cut: 2|WWW" },
        { 0, "|Remote-Groups: |Remote-Groups-Cut: 2|WWW" },
    };
    static struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        f.settings.http.max_remote_groups = rows[i].max;
        assert_non_null(strstr(AUTH(&f, "Negotiate", FAKE_FIRST "krb:alice"), rows[i].answer));
    }
    close_fixture(&f);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_answer__ntlm_is_the_named_connection_s),
        cmocka_unit_test(test_http_answer__without_a_name_each_request_is_alone),
        cmocka_unit_test(test_http_answer__nobody_else_may_name_a_connection),
        cmocka_unit_test(test_http_answer__another_client_s_address_is_another_connection),
        cmocka_unit_test(test_http_answer__whatever_else_ends_a_named_identity),
        cmocka_unit_test(test_http_answer__kerberos_under_a_name_is_the_request_s),
        cmocka_unit_test(test_http_answer__a_named_connection_needs_no_keep_alive_of_the_proxy),
        cmocka_unit_test(test_http_answer__a_connection_that_is_busy_is_not_known),
        cmocka_unit_test(test_http_answer__too_many_exchanges_of_one_client),
        cmocka_unit_test(test_http_answer__a_proxy_s_connection_counts_as_known),
        cmocka_unit_test(test_http_answer__optional_lets_silence_pass_and_no_failure),
        cmocka_unit_test(test_http_answer__somebody_is_somebody),
        cmocka_unit_test(test_http_answer__basic_on_loopback),
        cmocka_unit_test(test_http_answer__basic_behind_tls),
        cmocka_unit_test(test_http_answer__groups_are_cut_and_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
