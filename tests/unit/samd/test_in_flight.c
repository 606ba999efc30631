/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on a connection, one after the other and many in flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/authority_link.h"
#include "account/authority_msg.h"
#include "base/clock.h"
#include "tests/unit/samd/served.h"

static int
set_up(void **state)
{
    struct served *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    served_make(s);
    served_start(s);
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    struct served *s = *state;

    served_stop(s);
    served_clear(s);
    free(s);
    return 0;
}

/* Who asks samd without the library, and need not wait for answers. */
struct asker {
    int fd;
    struct authority_inbox in;
    uint64_t id;
};

static void
send_request(struct asker *a, struct authority_msg *m, struct wire_writer *w)
{
    m->id = a->id++;
    assert_int_equal(authority_msg_encode(w, m), WIRE_OK);
}

/* In whichever order they come: their numbers are told by the sum. */
static void
take_answers(struct asker *a, unsigned n, uint8_t type)
{
    uint64_t sum = 0, expected = 0;
    struct bytes frame;

    for (unsigned i = 1; i <= n; i++) {
        assert_int_equal(
            authority_link_receive(a->fd, &a->in, clock_monotonic_ms() + 60000, &frame),
            AUTHORITY_LINK_OK);
        assert_int_equal(frame.p[0], type);
        sum += wire_load_le64(frame.p + 1);
        expected += a->id - i;
    }
    assert_int_equal(sum, expected);
}

static void
asker_begin(struct asker *a, const char *path)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_HELLO, .version = AUTHORITY_MSG_VERSION };
    char why[AUTHORITY_LINK_REASON_BYTES];
    uint8_t room[64];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    a->id = 0;
    assert_int_equal(authority_link_open(path, 10000, &a->fd, why), AUTHORITY_LINK_OK);
    authority_inbox_init(&a->in);
    send_request(a, &m, &w);
    assert_int_equal(authority_link_send(a->fd, wire_written(&w)), AUTHORITY_LINK_OK);
    take_answers(a, 1, AUTHORITY_MSG_WELCOME);
}

static void
asker_end(struct asker *a)
{
    authority_inbox_clear(&a->in);
    (void)close(a->fd);
}

enum { AT_ONCE = 5 };

/* As one, or each by itself. */
static void
send_some(struct asker *a, unsigned n, bool each_by_itself)
{
    uint8_t room[4096];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    for (unsigned i = 0; i < n; i++) {
        struct test_claim claim;

        test_claim_make(&claim, "user", "TESTS", "p1");
        send_request(a,
                     &(struct authority_msg){ .type = AUTHORITY_MSG_PROVE,
                                              .kind = (uint8_t)ACCOUNT_NTLM_V2,
                                              .claim = claim.claim },
                     &w);
        if (each_by_itself || i + 1 == n) {
            assert_int_equal(authority_link_send(a->fd, wire_written(&w)), AUTHORITY_LINK_OK);
            w = wire_writer_fixed(room, sizeof(room));
        }
    }
}

static void
ask_at_once(struct asker *a, unsigned n, bool each_by_itself)
{
    send_some(a, n, each_by_itself);
    take_answers(a, n, AUTHORITY_MSG_PROVEN);
}

/* All of them at once, again and again: each is answered, whichever thread has the connection. */
static void
test_server__requests_that_do_not_wait_for_answers__are_answered(void **state)
{
    struct served *s = *state;
    struct asker a;

    asker_begin(&a, s->socket);
    for (unsigned round = 1; round <= 200; round++) {
        ask_at_once(&a, 1 + round % AT_ONCE, false);
    }
    asker_end(&a);
}

/* Its connection is a thread's until it is answered, then everybody's first, then a thread's again:
 * none of its requests is lost between them. */
static void
test_server__who_waits_for_answers_and_then_does_not__is_answered(void **state)
{
    struct served *s = *state;
    struct asker a;

    asker_begin(&a, s->socket);
    for (unsigned round = 0; round < 600; round++) {
        ask_at_once(&a, round / 100 % 2 ? AT_ONCE : 1, round / 200 % 2);
    }
    asker_end(&a);
}

/* More who ask one thing after the other than there are threads. */
static void
test_server__more_connections_than_threads__are_all_answered(void **state)
{
    struct served *s = *state;
    struct asker a[8];

    for (size_t i = 0; i < SEC_ARRAY_LEN(a); i++) {
        asker_begin(&a[i], s->socket);
    }
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 0; i < SEC_ARRAY_LEN(a); i++) {
            ask_at_once(&a[(i * 3 + round) % SEC_ARRAY_LEN(a)], 1, false);
        }
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(a); i++) {
        asker_end(&a[i]);
    }
}

/* Whoever has a connection just then gives it back or ends with it. */
static void
test_server_stop__with_requests_in_flight__ends(void **state)
{
    struct served *s = *state;

    for (unsigned i = 0; i < 20; i++) {
        struct asker a;

        asker_begin(&a, s->socket);
        ask_at_once(&a, 1, false);
        send_some(&a, 1 + i % AT_ONCE, true);
        served_stop(s);
        asker_end(&a);
        served_start(s);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_server__requests_that_do_not_wait_for_answers__are_answered),
        TEST(test_server__who_waits_for_answers_and_then_does_not__is_answered),
        TEST(test_server__more_connections_than_threads__are_all_answered),
        TEST(test_server_stop__with_requests_in_flight__ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
