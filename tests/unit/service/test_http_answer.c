/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers over a scripted library: who a connection is, and when it is nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_sspi.h"
#include "http_fixture.h"

static void
test_http_answer__routes(void **state)
{
    static const struct {
        const char *method, *path, *answer;
    } rows[] = {
        { "GET", "/whoami", NOBODY },
        { "HEAD", "/whoami", NOBODY },
        { "GET", "/auth", "401|WWW-Authenticate: Negotiate|" },
        { "GET", "/", "200|OpenSSPI sspid: /whoami tells who you are, /auth serves proxies\n" },
        { "GET", "/nothing", "404|Not Found\n" },
        { "GET", "/whoami/", "404|Not Found\n" },
        { "POST", "/whoami", "405|Allow: GET, HEAD|Method Not Allowed\n" },
        { "get", "/", "405|Allow: GET, HEAD|Method Not Allowed\n" },
        { "POST", "/nothing", "404|Not Found\n" },
    };
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_string_equal(ask(&f, (struct http_request){ .method = rows[i].method,
                                                           .path = rows[i].path,
                                                           .keeps_alive = true }),
                            rows[i].answer);
    }
    close_fixture(&f);
}

static void
test_http_answer__schemes_are_what_there_are_credentials_for(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "NTLM", NULL);
    assert_string_equal(get(&f, "/whoami", NULL, "", 0),
                        "401|WWW-Authenticate: NTLM|Unauthorized\n");
    assert_string_equal(get(&f, "/auth", NULL, "", 0), "401|");
    STARTS_WITH(WHOAMI(&f, "Negotiate", FAKE_FIRST "yes:demo"), "401|");
    close_fixture(&f);
    fake_denies_ntlm = 1;
    open_fixture(&f, "Negotiate", NULL);
    assert_string_equal(get(&f, "/whoami", NULL, "", 0),
                        "401|WWW-Authenticate: Negotiate|Unauthorized\n");
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "yes:demo"), "401|");
    close_fixture(&f);
    fake_denies_ntlm = 0;
    open_fixture(&f, "Negotiate", NULL);
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_FIRST "yes:demo"), "401|"); /* no message of NTLM's */
    close_fixture(&f);
}

static void
test_http_answer__ntlm_is_the_connection_s(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    assert_string_equal(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "more"),
                        "401|WWW-Authenticate: NTLM Z28gb24=|Unauthorized\n");
    assert_false(f.state.proven);
    STARTS_WITH(WHOAMI(&f, "NTLM", "yes:demo"), "200|{\"user\":\"demo\",\"domain\":\"WEB1\"");
    assert_true(f.state.proven);
    STARTS_WITH(get(&f, "/whoami", NULL, "", 0), "200|{\"user\":\"demo\"");
    close_fixture(&f);
}

static void
test_http_answer__kerberos_is_the_request_s(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    STARTS_WITH(WHOAMI(&f, "Negotiate", FAKE_FIRST "krb:demo"),
                "200|WWW-Authenticate: Negotiate ZmluYWw=|{\"user\":\"demo\"");
    assert_string_equal(get(&f, "/whoami", NULL, "", 0), NOBODY);
    close_fixture(&f);
}

static void
test_http_answer__a_second_user_starts_anew(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), "200|{\"user\":\"alice\"");
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "more"), "401|");
    assert_null(f.state.logon);
    STARTS_WITH(WHOAMI(&f, "NTLM", "yes:bob"), "200|{\"user\":\"bob\"");
    /* one who fails leaves nobody behind */
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "no"), "401|");
    assert_string_equal(get(&f, "/whoami", NULL, "", 0), NOBODY);
    close_fixture(&f);
}

static void
test_http_answer__whatever_else_ends_an_identity(void **state)
{
    static const struct {
        const char *authorization;
        unsigned n;
        const char *answer;
    } rows[] = {
        { "Basic Zm9v", 1, NOBODY },
        { "NTLM", 1, NOBODY },
        { "NTLM !", 1, "400|Bad Request: Authorization\n" },
        { "NTLM Zm9v", 2, "400|Bad Request: several Authorization headers\n" },
    };
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "yes:alice"), "200|");
        assert_string_equal(ask(&f, (struct http_request){ .method = "GET",
                                                           .path = "/whoami",
                                                           .authorization = rows[i].authorization,
                                                           .n_authorization = rows[i].n,
                                                           .keeps_alive = true }),
                            rows[i].answer);
        assert_string_equal(get(&f, "/whoami", NULL, "", 0), NOBODY);
    }
    close_fixture(&f);
}

static void
test_http_answer__a_handshake_left_half_way_is_not_taken_up(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "more"), "401|");
    assert_string_equal(get(&f, "/whoami", NULL, "", 0), NOBODY);
    assert_false(f.state.has_session);
    /* nor is it continued under another scheme */
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "more"), "401|");
    STARTS_WITH(WHOAMI(&f, "Negotiate", "more"), "401|WWW-Authenticate: Negotiate Z28gb24=|");
    assert_int_equal(f.state.session.legs, 1);
    /* and a first token begins another */
    STARTS_WITH(WHOAMI(&f, "Negotiate", FAKE_FIRST "more"), "401|");
    assert_int_equal(f.state.session.legs, 1);
    STARTS_WITH(WHOAMI(&f, "Negotiate", "more"), "401|");
    assert_int_equal(f.state.session.legs, 2);
    close_fixture(&f);
}

static void
test_http_answer__a_refusal_carries_its_token(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    assert_string_equal(
        WHOAMI(&f, "Negotiate", FAKE_FIRST "no"),
        "401|WWW-Authenticate: Negotiate ZXJyb3I=|WWW-Authenticate: NTLM|Unauthorized\n");
    close_fixture(&f);
}

static void
test_http_answer__without_keep_alive_one_leg_at_most(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    assert_string_equal(ask(&f, (struct http_request){ .method = "GET",
                                                       .path = "/whoami",
                                                       .authorization = "Negotiate bW9yZQ==",
                                                       .n_authorization = 1 }),
                        "401 close|WWW-Authenticate: Negotiate|WWW-Authenticate: NTLM|"
                        "Unauthorized\n");
    assert_false(f.state.has_session);
    close_fixture(&f);
}

static void
test_http_answer__auth_proves_each_request_alone(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    assert_string_equal(get(&f, "/auth", "Negotiate", FAKE_FIRST "krb:de mo", 10),
                        "200|Remote-Authenticated: yes|Remote-User: de%20mo|Remote-Domain: WEB1|"
                        "Remote-Sid: S-1-5-21-1-2-3-1000|Remote-Groups: staff,a%2Cb%C3%BC|"
                        "WWW-Authenticate: Negotiate ZmluYWw=|");
    assert_string_equal(get(&f, "/auth", NULL, "", 0), "401|WWW-Authenticate: Negotiate|");
    close_fixture(&f);
}

static void
test_http_answer__auth_takes_no_ntlm_and_no_second_leg(void **state)
{
    static const struct {
        const char *scheme, *token;
        size_t n;
    } rows[] = {
        { "NTLM", FAKE_NTLM_FIRST "yes:demo", 20 },
        { "Negotiate", FAKE_NTLM_FIRST "yes:demo", 20 },
        { "Negotiate", FAKE_FIRST "more", 5 },
    };
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    /* a connection that is somebody is nobody here */
    STARTS_WITH(WHOAMI(&f, "NTLM", FAKE_NTLM_FIRST "yes:demo"), "200|");
    assert_string_equal(get(&f, "/auth", NULL, "", 0), "401|WWW-Authenticate: Negotiate|");
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_string_equal(get(&f, "/auth", rows[i].scheme, rows[i].token, rows[i].n),
                            "401|WWW-Authenticate: Negotiate|");
    }
    close_fixture(&f);
    open_fixture(&f, "Negotiate", "ntlm=deny");
    assert_string_equal(get(&f, "/auth", "Negotiate", FAKE_FIRST "krb:demo", 9),
                        "401|WWW-Authenticate: Negotiate|");
    close_fixture(&f);
}

static void
test_http_answer__a_token_above_the_limit(void **state)
{
    static char token[5000];
    struct fixture f;

    (void)state;
    open_fixture(&f, "Negotiate", NULL);
    assert_string_equal(get(&f, "/whoami", "Negotiate", token, sizeof(token)),
                        "431|Request Header Fields Too Large\n");
    close_fixture(&f);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_answer__routes),
        cmocka_unit_test(test_http_answer__schemes_are_what_there_are_credentials_for),
        cmocka_unit_test(test_http_answer__ntlm_is_the_connection_s),
        cmocka_unit_test(test_http_answer__kerberos_is_the_request_s),
        cmocka_unit_test(test_http_answer__a_second_user_starts_anew),
        cmocka_unit_test(test_http_answer__whatever_else_ends_an_identity),
        cmocka_unit_test(test_http_answer__a_handshake_left_half_way_is_not_taken_up),
        cmocka_unit_test(test_http_answer__a_refusal_carries_its_token),
        cmocka_unit_test(test_http_answer__without_keep_alive_one_leg_at_most),
        cmocka_unit_test(test_http_answer__auth_proves_each_request_alone),
        cmocka_unit_test(test_http_answer__auth_takes_no_ntlm_and_no_second_leg),
        cmocka_unit_test(test_http_answer__a_token_above_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
