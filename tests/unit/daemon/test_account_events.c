/* SPDX-License-Identifier: Apache-2.0 */
/* What samd tells of accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/account_events.h"
#include "tests/unit/event/event_file.h"

static const uint8_t domain[] = { 'W', 0 }, user[] = { 'd', 0 };

static void
assert_replay_is_by(bool named, const char *name)
{
    struct event_log *log = open_log(0);
    struct account_events events;
    json_t *event;

    assert_true(account_events_init(&events, log, bytes_of(domain, sizeof(domain))));
    account_events_replay(&events, bytes_of(user, sizeof(user)), 0, 812, named);
    account_events_clear(&events);
    event_log_close(log);
    event = json_load_file(path, 0, NULL);
    assert_non_null(event);
    assert_text(event, "TargetUserName", "d");
    assert_text(event, "SubjectUserSid", "S-1-22-1-0");
    assert_text(event, "SubjectUserName", name);
    json_decref(event);
}

static void
test_account_events_replay__with_its_user_s_name(void **state)
{
    (void)state;
    assert_replay_is_by(true, "root");
}

/* Nobody's files are opened for it, and no other machine is asked. */
static void
test_account_events_replay__with_its_user_s_number(void **state)
{
    (void)state;
    assert_replay_is_by(false, "0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_account_events_replay__with_its_user_s_name,
                                        empty_file, NULL),
        cmocka_unit_test_setup_teardown(test_account_events_replay__with_its_user_s_number,
                                        empty_file, NULL),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
