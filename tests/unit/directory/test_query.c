/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a domain's controllers are asked, for how long, and whose answer ends the search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <opensspi/secext.h>

#include "base/clock.h"
#include "directory/entry.h"
#include "directory/query.h"

enum { QUESTION_MS = 8000 };

#define THREE "ldap://dc1.example.test ldap://dc2.example.test ldap://dc3.example.test"
#define ALICE "CN=alice,DC=example,DC=test"

/* --- controllers and a clock of the test's own --------------------------------------------- */

struct controller {
    sec_status opens, finds;
    uint64_t takes_ms;
    bool hangs;    /* takes the connection, and nothing else */
    bool hangs_up; /* after the bind */
};

static struct scene {
    struct controller at[LOCATE_SERVERS_MAX];
    size_t asked, open;
    uint64_t now_ms, share_ms[LOCATE_SERVERS_MAX];
    uint64_t look_ms; /* what goes by from one look at the clock to the next */
} scene;

uint64_t __wrap_clock_monotonic_ms(void);
uint64_t
__wrap_clock_monotonic_ms(void)
{
    return scene.now_ms += scene.look_ms;
}

static sec_status
answer(const struct controller *c, sec_status status)
{
    return status == SEC_E_OK ? SEC_E_OK
                              : sec_fail(status, "controller %d", (int)(c - scene.at) + 1);
}

sec_status
session_open(struct session *s, const struct locate_server *server, PCredHandle credential,
             const char *domain, const char *realm, uint64_t deadline_ms)
{
    const size_t i = (size_t)(server->host[2] - '1');
    const struct controller *c = &scene.at[i];

    (void)credential;
    assert_int_equal(i, scene.asked);
    assert_string_equal(domain, "example.test");
    assert_string_equal(realm, "EXAMPLE.TEST");
    assert_true(deadline_ms > scene.now_ms);
    scene.share_ms[scene.asked++] = deadline_ms - scene.now_ms;
    *s = (struct session){ .channel = { .deadline_ms = deadline_ms } };
    s->domain = (struct filter_domain){ "example.test", "EXAMPLE" };
    scene.now_ms = c->hangs ? deadline_ms : scene.now_ms + c->takes_ms;
    if (c->hangs) {
        return answer(c, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    }
    scene.open += c->opens == SEC_E_OK;
    return answer(c, c->opens);
}

void
session_close(struct session *s)
{
    (void)s;
    scene.open--;
}

sec_status
session_search(struct session *s, const char *base, int scope, const char *filter,
               const char *const *attributes, LDAPMessage **out)
{
    const struct controller *c = &scene.at[scene.asked - 1];

    (void)base;
    (void)scope;
    (void)filter;
    (void)attributes;
    *out = NULL;
    if (c->hangs_up) {
        scene.now_ms = s->channel.deadline_ms;
        return answer(c, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    }
    return answer(c, c->finds);
}

const char *const entry_attributes[] = { NULL };
static char entry;

unsigned
entry_rank(struct session *s, LDAPMessage *e, ULONG format, const char *name)
{
    (void)s;
    (void)e;
    (void)format;
    (void)name;
    return 1;
}

void
entry_put_name(struct session *s, LDAPMessage *e, ULONG format, struct wire_writer *out)
{
    (void)s;
    (void)e;
    (void)format;
    wire_put(out, ALICE, sizeof(ALICE));
}

LDAPMessage *
ldap_first_entry(LDAP *ldap, LDAPMessage *chain)
{
    (void)ldap;
    (void)chain;
    return (LDAPMessage *)(void *)&entry;
}

LDAPMessage *
ldap_next_entry(LDAP *ldap, LDAPMessage *e)
{
    (void)ldap;
    (void)e;
    return NULL;
}

int
ldap_msgfree(LDAPMessage *message)
{
    (void)message;
    return 0;
}

/* --- questions ----------------------------------------------------------------------------- */

static size_t taken;
static char why[DIRECTORY_WHY_BYTES];

static void
take(void *user, const char *name)
{
    (void)user;
    taken++;
    assert_string_equal(name, ALICE);
}

static sec_status
ask_slowly(const struct controller controllers[static 3], uint64_t look_ms)
{
    const struct directory_question q = { .size = sizeof(q),
                                          .principal = "alice@EXAMPLE.TEST",
                                          .servers = THREE,
                                          .format = NameSamCompatible,
                                          .wanted = NameFullyQualifiedDN,
                                          .name = "EXAMPLE\\alice",
                                          .take = take,
                                          .why = why };
    sec_status status;

    scene = (struct scene){ .now_ms = 1000000, .look_ms = look_ms };
    for (size_t i = 0; i < 3; i++) {
        scene.at[i] = controllers[i];
    }
    taken = 0;
    status = opensspi_directory_ask(&q);
    assert_int_equal(scene.open, 0);
    assert_int_equal(taken, status == SEC_E_OK);
    return status;
}

static sec_status
ask(const struct controller controllers[static 3])
{
    return ask_slowly(controllers, 0);
}

static void
test_ask__the_first_answers(void **state)
{
    (void)state;
    assert_int_equal(ask((struct controller[3]){ { 0 } }), SEC_E_OK);
    assert_int_equal(scene.asked, 1);
    assert_string_equal(why, "");
}

/* Whether it hangs before the bind is done, or behind it. */
static void
test_ask__who_hangs_has_a_share_of_the_time(void **state)
{
    const struct controller hang = { .hangs = true }, later = { .hangs_up = true };

    (void)state;
    assert_int_equal(ask((struct controller[3]){ hang, later, { 0 } }), SEC_E_OK);
    assert_int_equal(scene.asked, 3);
    assert_int_equal(scene.share_ms[0], QUESTION_MS / 3);
    assert_in_range(scene.share_ms[1], QUESTION_MS / 3, QUESTION_MS / 3 + 1);
    assert_in_range(scene.share_ms[2], QUESTION_MS / 3, QUESTION_MS / 3 + 2);
    assert_int_equal(ask((struct controller[3]){ hang, hang, hang }),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(scene.now_ms, 1000000 + QUESTION_MS);
    assert_string_equal(why, "controller 3");
}

/* What one did not need is the others'; past the end nobody is asked. */
static void
test_ask__time_that_is_left_and_none(void **state)
{
    const struct controller quick = { .opens = SEC_E_NO_AUTHENTICATING_AUTHORITY };
    const struct controller slow = { .opens = SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                     .takes_ms = QUESTION_MS };

    (void)state;
    assert_int_equal(ask((struct controller[3]){ quick, quick, { 0 } }), SEC_E_OK);
    assert_int_equal(scene.share_ms[2], QUESTION_MS);
    assert_int_equal(ask((struct controller[3]){ slow, { 0 }, { 0 } }),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(scene.asked, 1);
}

/* DNS may take all of it. */
static void
test_ask__no_time_for_anybody__says_so(void **state)
{
    (void)state;
    assert_int_equal(ask_slowly((struct controller[3]){ { 0 } }, QUESTION_MS),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(scene.asked, 0);
    assert_string_equal(why, "directory: to find the controllers of example.test took too long");
}

/* One that is not believed, or refuses, is not the whole domain; what ends it for all does. */
static void
test_ask__whose_answer_ends_it(void **state)
{
    static const sec_status final[] = { SEC_E_TARGET_UNKNOWN, SEC_E_NO_CREDENTIALS,
                                        SEC_E_INSUFFICIENT_MEMORY };
    const struct controller denies = { .opens = SEC_E_LOGON_DENIED };
    const struct controller unwilling = { .finds = SEC_E_LOGON_DENIED };
    const struct controller gone = { .opens = SEC_E_NO_AUTHENTICATING_AUTHORITY };

    (void)state;
    assert_int_equal(ask((struct controller[3]){ denies, unwilling, { 0 } }), SEC_E_OK);
    assert_int_equal(scene.asked, 3);
    for (size_t i = 0; i < SEC_ARRAY_LEN(final); i++) {
        const struct controller opens = { .opens = final[i] }, finds = { .finds = final[i] };

        assert_int_equal(ask((struct controller[3]){ opens, { 0 }, { 0 } }), final[i]);
        assert_int_equal(scene.asked, 1);
        assert_int_equal(ask((struct controller[3]){ denies, finds, { 0 } }), final[i]);
        assert_int_equal(scene.asked, 2);
        assert_string_equal(why, "controller 2");
    }
    assert_int_equal(ask((struct controller[3]){ gone, denies, gone }), SEC_E_LOGON_DENIED);
    assert_string_equal(why, "controller 2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask__the_first_answers),
        cmocka_unit_test(test_ask__who_hangs_has_a_share_of_the_time),
        cmocka_unit_test(test_ask__time_that_is_left_and_none),
        cmocka_unit_test(test_ask__no_time_for_anybody__says_so),
        cmocka_unit_test(test_ask__whose_answer_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
