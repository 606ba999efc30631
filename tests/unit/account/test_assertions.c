/* SPDX-License-Identifier: Apache-2.0 */
/* What samd gives with a proof: good once, in time, and for who was given it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/assertions.h"

enum { ASKER = 42, NOW = 1000 };

struct scene {
    struct assertions *all;
    struct account_identity *alice, *bob;
};

static struct account_identity *
identity_of(const char *sid)
{
    return account_identity_new(&(struct account_identity){ .user = { (const uint8_t *)"a\0", 2 },
                                                            .domain = { (const uint8_t *)"d\0", 2 },
                                                            .sid = sid });
}

static int
set_up(void **state)
{
    static struct scene scene;

    scene = (struct scene){ assertions_new(), identity_of("S-1-1"), identity_of("S-1-2") };
    *state = &scene;
    return scene.all && scene.alice && scene.bob ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct scene *s = *state;

    assertions_free(s->all);
    account_identity_unref(s->alice);
    account_identity_unref(s->bob);
    return 0;
}

static void
assert_redeems(struct scene *s, const char *text, const char *sid)
{
    struct account_identity *who = assertion_redeem(s->all, text, ASKER, NOW);

    if (sid) {
        assert_non_null(who);
        assert_string_equal(who->sid, sid);
    } else {
        assert_null(who);
    }
    account_identity_unref(who);
}

static void
test_redeem__each_for_its_own__and_once(void **state)
{
    char alice[ASSERTION_TEXT_BYTES], bob[ASSERTION_TEXT_BYTES], again[ASSERTION_TEXT_BYTES];
    struct scene *s = *state;

    assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, alice));
    assert_true(assertion_issue(s->all, s->bob, ASKER, NOW, bob));
    assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, again));
    assert_int_equal(strlen(alice), ASSERTION_TEXT_BYTES - 1);
    assert_string_not_equal(alice, bob);
    assert_string_not_equal(alice + 8, again + 8);
    assert_redeems(s, bob, "S-1-2");
    assert_redeems(s, bob, NULL);
    assert_redeems(s, alice, "S-1-1");
    assert_redeems(s, alice, NULL);
    assert_redeems(s, again, "S-1-1");
}

static void
test_redeem__in_time(void **state)
{
    char text[ASSERTION_TEXT_BYTES];
    struct account_identity *who;
    struct scene *s = *state;

    assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, text));
    who = assertion_redeem(s->all, text, ASKER, NOW + ASSERTION_MS - 1);
    assert_non_null(who);
    account_identity_unref(who);
    assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, text));
    assert_null(assertion_redeem(s->all, text, ASKER, NOW + ASSERTION_MS));
    assert_redeems(s, text, NULL); /* nor when the clock comes back */
}

/* Who found another's is not told whose it was, and it is of no more use to anybody. */
static void
test_redeem__by_another__uses_it_up(void **state)
{
    char text[ASSERTION_TEXT_BYTES];
    struct scene *s = *state;

    assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, text));
    assert_null(assertion_redeem(s->all, text, ASKER + 1, NOW));
    assert_redeems(s, text, NULL);
}

static void
test_redeem__each_changed_character_and_each_prefix__nothing(void **state)
{
    char text[ASSERTION_TEXT_BYTES], changed[ASSERTION_TEXT_BYTES + 1];
    struct scene *s = *state;

    assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, text));
    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        for (int c = 1; c < 256; c++) {
            bytes_copy(changed, text, sizeof(text));
            changed[i] = (char)c;
            if (changed[i] != text[i]) {
                assert_redeems(s, changed, NULL);
            }
        }
        bytes_copy(changed, text, sizeof(text));
        changed[i] = 0;
        assert_redeems(s, changed, NULL);
    }
    bytes_copy(changed, text, sizeof(text));
    changed[sizeof(text) - 1] = '0';
    changed[sizeof(text)] = 0;
    assert_redeems(s, changed, NULL);
    assert_redeems(s, text, "S-1-1");
}

static void
test_issue__more_than_there_is_room_for__the_oldest_goes(void **state)
{
    char first[ASSERTION_TEXT_BYTES], second[ASSERTION_TEXT_BYTES], text[ASSERTION_TEXT_BYTES];
    struct scene *s = *state;

    assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, first));
    assert_true(assertion_issue(s->all, s->bob, ASKER, NOW, second));
    for (size_t i = 0; i < ASSERTIONS_MOST - 1; i++) {
        assert_true(assertion_issue(s->all, s->alice, ASKER, NOW, text));
    }
    assert_redeems(s, first, NULL);
    assert_redeems(s, second, "S-1-2");
    assert_redeems(s, text, "S-1-1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_redeem__each_for_its_own__and_once),
        TEST(test_redeem__in_time),
        TEST(test_redeem__by_another__uses_it_up),
        TEST(test_redeem__each_changed_character_and_each_prefix__nothing),
        TEST(test_issue__more_than_there_is_room_for__the_oldest_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
