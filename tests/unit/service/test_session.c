/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake over a scripted library: legs, completion, protection, what is told of the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_sspi.h"
#include "service/session.h"

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };
static const struct session_rules rules = { 3, 65536, ASC_REQ_CONFIDENTIALITY };
static struct session_client client = { .log = &quiet,
                                        .listener = "front",
                                        .protocol = "framed",
                                        .package = "Negotiate",
                                        .address = "192.0.2.7",
                                        .port = 4711 };
static CredHandle credential = { 7, 7 };

static enum session_state
step(struct session *s, const char *token, char *answer, size_t n)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);
    enum session_state state = session_step(s, bytes_of_string(token), &w);

    (void)snprintf(answer, n, "%.*s", (int)w.len, w.p ? (const char *)w.p : "");
    wire_writer_clear(&w);
    return state;
}

static void
test_session_step__legs_to_the_end(void **state)
{
    struct session s;
    char answer[64];

    (void)state;
    session_init(&s, &client, &rules, &credential);
    assert_int_equal(step(&s, "more", answer, sizeof(answer)), SESSION_OPEN);
    assert_string_equal(answer, "go on");
    assert_int_equal(step(&s, "krb:demo", answer, sizeof(answer)), SESSION_ESTABLISHED);
    assert_string_equal(answer, "final");
    assert_string_equal(s.logon->UserName, "demo");
    assert_true(s.attributes & ASC_RET_MUTUAL_AUTH);
    session_clear(&s);
    assert_int_equal(fake_live, 0);
}

static void
test_session_step__completion_keeps_the_first_status(void **state)
{
    struct session s;
    char answer[64];

    (void)state;
    session_init(&s, &client, &rules, &credential);
    assert_int_equal(step(&s, "complete", answer, sizeof(answer)), SESSION_OPEN);
    assert_string_equal(answer, "COMPLETED");
    assert_int_equal(step(&s, "done:demo", answer, sizeof(answer)), SESSION_ESTABLISHED);
    assert_string_equal(answer, "COMPLETED");
    session_clear(&s);
    assert_int_equal(fake_live, 0);
}

static void
test_session_step__a_refusal_has_its_token_and_reason(void **state)
{
    struct session s;
    char answer[64];

    (void)state;
    session_init(&s, &client, &rules, &credential);
    assert_int_equal(step(&s, "more", answer, sizeof(answer)), SESSION_OPEN);
    assert_int_equal(step(&s, "no", answer, sizeof(answer)), SESSION_REFUSED);
    assert_string_equal(answer, "error");
    assert_string_equal(s.reason, "wrong password");
    assert_int_equal(s.status, SEC_E_LOGON_DENIED);
    session_clear(&s);

    session_init(&s, &client, &rules, &credential);
    assert_int_equal(step(&s, "garbage", answer, sizeof(answer)), SESSION_REFUSED);
    assert_string_equal(s.reason, "the token makes no sense");
    session_clear(&s);
    assert_int_equal(fake_live, 0);
}

static void
test_session_step__more_than_max_legs(void **state)
{
    struct session s;
    char answer[64];

    (void)state;
    session_init(&s, &client, &rules, &credential);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(step(&s, "more", answer, sizeof(answer)), SESSION_OPEN);
    }
    assert_int_equal(step(&s, "yes:demo", answer, sizeof(answer)), SESSION_REFUSED);
    assert_string_equal(s.reason, "more than max_legs = 3 legs");
    session_clear(&s);
    assert_int_equal(fake_live, 0);
}

static void
test_session_step__without_protection_where_it_is_wanted(void **state)
{
    static const struct session_rules lax = { 3, 65536, 0 };
    struct session s;
    char answer[64];

    (void)state;
    session_init(&s, &client, &rules, &credential);
    assert_int_equal(step(&s, "plain:demo", answer, sizeof(answer)), SESSION_REFUSED);
    assert_int_equal(s.status, SEC_E_SECURITY_QOS_FAILED);
    session_clear(&s);
    session_init(&s, &client, &lax, &credential);
    assert_int_equal(step(&s, "plain:demo", answer, sizeof(answer)), SESSION_ESTABLISHED);
    session_clear(&s);
    assert_int_equal(fake_live, 0);
}

/* A Kerberos client may not have asked for it. Of others nothing is known. */
static void
test_session_step__without_order_where_it_is_wanted(void **state)
{
    static const struct session_rules ordered = {
        3, 65536, ASC_REQ_CONFIDENTIALITY | ASC_REQ_SEQUENCE_DETECT
    };
    struct session s;
    char answer[64];

    (void)state;
    session_init(&s, &client, &ordered, &credential);
    assert_int_equal(step(&s, "krb:demo", answer, sizeof(answer)), SESSION_REFUSED);
    assert_int_equal(s.status, SEC_E_SECURITY_QOS_FAILED);
    assert_non_null(strstr(s.reason, "SEQUENCE_DETECT"));
    session_clear(&s);
    session_init(&s, &client, &ordered, &credential);
    assert_int_equal(step(&s, "yes:demo", answer, sizeof(answer)), SESSION_ESTABLISHED);
    session_clear(&s);
    assert_int_equal(fake_live, 0);
}

/* The last answer, too: a client that waits for it is not known meanwhile. */
static void
test_session_step__an_answer_without_room_is_a_refusal(void **state)
{
    static const char *const tokens[] = { "more", "krb:demo" };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(tokens); i++) {
        uint8_t room[3];
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));
        struct session s;

        session_init(&s, &client, &rules, &credential);
        assert_int_equal(session_step(&s, bytes_of_string(tokens[i]), &w), SESSION_REFUSED);
        assert_int_equal(s.status, SEC_E_INSUFFICIENT_MEMORY);
        assert_string_equal(s.reason, "no memory for the answer");
        session_clear(&s);
    }
    assert_int_equal(fake_live, 0);
}

static void
test_session_may_wait__not_for_what_begins(void **state)
{
    static const struct {
        const char *token;
        size_t n;
        bool after_a_leg;
    } rows[] = {
        { FAKE_FIRST "more", 5, false },
        { FAKE_NTLM_FIRST, 12, false },
        { "NTLMSSP\0\3\0\0\0", 12, true },
        { "\xA1more", 5, true },
        { "", 0, true },
    };
    struct session s;
    char answer[64];

    (void)state;
    session_init(&s, &client, &rules, &credential);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_false(session_may_wait(&s, bytes_of(rows[i].token, rows[i].n)));
    }
    assert_int_equal(step(&s, "more", answer, sizeof(answer)), SESSION_OPEN);
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        assert_int_equal(session_may_wait(&s, bytes_of(rows[i].token, rows[i].n)),
                         rows[i].after_a_leg);
    }
    session_clear(&s);
}

static void
test_session_step__the_end_is_an_event(void **state)
{
    char path[] = "/tmp/test_session.XXXXXX", answer[64], text[8192];
    int fd = mkstemp(path);
    const struct event_settings settings = { .file = path, .program = "t", .log = &quiet };
    struct counters counters = { 0 };
    struct session s;
    ssize_t n;

    (void)state;
    client.counters = &counters;
    client.events = event_log_open(&settings);
    session_init(&s, &client, &rules, &credential);
    assert_int_equal(step(&s, "yes:demo", answer, sizeof(answer)), SESSION_ESTABLISHED);
    session_clear(&s);
    session_init(&s, &client, &rules, &credential);
    assert_int_equal(step(&s, "more", answer, sizeof(answer)), SESSION_OPEN);
    session_refuse(&s, SESSION_TIMEOUT, "too slow");
    session_clear(&s);
    session_turn_away(&client, NULL, NULL, SESSION_OUT_OF_BOUNDS, "too many");
    event_log_close(client.events);
    client.events = NULL;
    client.counters = NULL;
    assert_int_equal(counters_get(&counters.established), 1);
    assert_int_equal(counters_get(&counters.refused), 2);
    n = read(fd, text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = 0;
    assert_non_null(strstr(text, "\"EventID\":4776,"));
    assert_non_null(strstr(text, "\"EventID\":4624,"));
    assert_non_null(strstr(text, "\"TargetUserName\":\"demo\""));
    assert_non_null(strstr(text, "\"IpAddress\":\"192.0.2.7\",\"IpPort\":4711"));
    assert_non_null(strstr(text, "\"Status\":\"0xc00000b5\""));
    assert_non_null(strstr(text, "\"reason\":\"too slow\""));
    assert_non_null(strstr(text, "\"Status\":\"0xc000009a\""));
    assert_non_null(strstr(text, "\"reason\":\"too many\""));
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fake_live, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_step__legs_to_the_end),
        cmocka_unit_test(test_session_step__completion_keeps_the_first_status),
        cmocka_unit_test(test_session_step__a_refusal_has_its_token_and_reason),
        cmocka_unit_test(test_session_step__more_than_max_legs),
        cmocka_unit_test(test_session_step__without_protection_where_it_is_wanted),
        cmocka_unit_test(test_session_step__without_order_where_it_is_wanted),
        cmocka_unit_test(test_session_step__an_answer_without_room_is_a_refusal),
        cmocka_unit_test(test_session_may_wait__not_for_what_begins),
        cmocka_unit_test(test_session_step__the_end_is_an_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
