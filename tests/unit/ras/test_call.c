/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a call: scenarios. Every pair of state and event, and events at random:
 * test_call_states.c. */
#include "tests/unit/ras/call_bench.h"

static void
test_call__good_one_goes_through_every_state_and_listens_again(void **state)
{
    struct bench b;

    to_ppp(&b);
    GIVE(&b, EVENT_PPP_AUTHENTICATED, .user = TEXT("Alice"));
    MUST_LOG(&b, RECORD_PPP_SUCCESS);
    assert_null(recorded(&b, RECORD_USER_MISMATCH));
    GIVE(&b, EVENT_PPP_UP);
    IS(&b, CALL_CONNECTED);
    assert_int_equal(call_deadline(&b.call), UINT64_MAX);
    GIVE(&b, EVENT_PPP_ENDED);
    MUST(&b, DO_HANG_UP);
    IS(&b, CALL_DISCONNECTING);
    GIVE(&b, EVENT_HUNG_UP);
    MUST(&b, DO_LISTEN);
    MUST_LOG(&b, RECORD_ENDED);
    IS(&b, CALL_LISTENING);
    assert_int_equal(b.call.id, 0);
}

static void
test_call__without_module_goes_to_ppp_at_once(void **state)
{
    struct bench b;

    set_up(&b);
    b.rules.has_module = false;
    GIVE(&b, EVENT_CALL);
    GIVE(&b, EVENT_CARRIER);
    MUST(&b, DO_START_PPP);
    MUST_NOT(&b, DO_BEGIN);
    IS(&b, CALL_AUTHENTICATING);
}

static void
test_begin__error_hangs_up_and_neither_ends_nor_awaits_complete(void **state)
{
    struct bench b;

    set_up(&b);
    GIVE(&b, EVENT_CALL);
    GIVE(&b, EVENT_CARRIER);
    GIVE(&b, EVENT_BEGUN, .error = 8);
    MUST(&b, DO_HANG_UP);
    MUST(&b, DO_FORGET);
    MUST_NOT(&b, DO_END);
    assert_int_equal(recorded(&b, RECORD_DIALOG_ERROR)->error, 8);
    GIVE(&b, EVENT_HUNG_UP);
    IS(&b, CALL_LISTENING);
}

static void
test_begin__that_does_not_return_is_a_dead_module(void **state)
{
    struct bench b;

    set_up(&b);
    GIVE(&b, EVENT_CALL);
    GIVE(&b, EVENT_CARRIER);
    pass_time(&b, BEGIN_MS - 1);
    MUST_NOT(&b, DO_KILL_MODULE);
    pass_time(&b, 1);
    MUST(&b, DO_KILL_MODULE);
    MUST(&b, DO_HANG_UP);
    MUST_LOG(&b, RECORD_MODULE_FAULT);
}

static void
test_begin__caller_gone_meanwhile_is_ended_after_it_returned(void **state)
{
    struct bench b;

    set_up(&b);
    GIVE(&b, EVENT_CALL);
    GIVE(&b, EVENT_CARRIER);
    GIVE(&b, EVENT_LINE_LOST);
    MUST_NOT(&b, DO_END);
    GIVE(&b, EVENT_HUNG_UP);
    IS(&b, CALL_DISCONNECTING); /* Begin has not returned */
    GIVE(&b, EVENT_BEGUN);
    MUST(&b, DO_END);
    GIVE(&b, EVENT_ENDED, .error = ERROR_PORT_DISCONNECTED);
    MUST(&b, DO_FORGET);
    IS(&b, CALL_LISTENING);
}

static void
test_receive__keeps_what_does_not_fit_for_the_next(void **state)
{
    const struct call_action *a;
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_INPUT, .data = TEXT("abcdefgh"));
    MUST_NOT(&b, DO_RECEIVED);
    GIVE(&b, EVENT_RECEIVE, .size = 5);
    a = action(&b, DO_RECEIVED);
    assert_non_null(a);
    assert_true(bytes_equal(a->data, TEXT("abcde")));
    GIVE(&b, EVENT_RECEIVE, .size = 100);
    a = action(&b, DO_RECEIVED);
    assert_true(bytes_equal(a->data, TEXT("fgh")));
    GIVE(&b, EVENT_RECEIVE, .size = 100, .seconds = 7);
    MUST_NOT(&b, DO_RECEIVED);
    assert_int_equal(call_deadline(&b.call), b.now + 7000);
    GIVE(&b, EVENT_INPUT, .data = TEXT("i"));
    a = action(&b, DO_RECEIVED);
    assert_true(bytes_equal(a->data, TEXT("i")));
    assert_int_equal(a->error, SUCCESS);
}

static void
test_receive__timeout_is_in_seconds_and_gives_no_bytes(void **state)
{
    const struct call_action *a;
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_RECEIVE, .size = 10, .seconds = 2);
    pass_time(&b, 1999);
    MUST_NOT(&b, DO_RECEIVED);
    pass_time(&b, 1);
    a = action(&b, DO_RECEIVED);
    assert_non_null(a);
    assert_int_equal(a->data.n, 0);
    assert_int_equal(a->error, ERROR_REQUEST_TIMEOUT);
    IS(&b, CALL_DIALOG);
}

static void
test_receive__zero_seconds_waits_for_the_dialogue(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_RECEIVE, .size = 10);
    pass_time(&b, DIALOG_MS - 1);
    MUST_NOT(&b, DO_RECEIVED);
    pass_time(&b, 1);
    assert_int_equal(action(&b, DO_RECEIVED)->error, ERROR_PORT_DISCONNECTED);
    MUST(&b, DO_END);
    MUST(&b, DO_HANG_UP);
}

static void
test_receive__second_one_pending_or_too_large_kills_the_host(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_RECEIVE, .size = 10);
    GIVE(&b, EVENT_RECEIVE, .size = 10);
    MUST(&b, DO_KILL_MODULE);
    to_dialog(&b);
    GIVE(&b, EVENT_RECEIVE, .size = 1025);
    MUST(&b, DO_KILL_MODULE);
    MUST(&b, DO_HANG_UP);
}

static void
test_line_lost__in_dialog_ends_the_module_before_complete(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_RECEIVE, .size = 10);
    GIVE(&b, EVENT_LINE_LOST);
    assert_int_equal(action(&b, DO_RECEIVED)->error, ERROR_PORT_DISCONNECTED);
    MUST(&b, DO_END);
    GIVE(&b, EVENT_HUNG_UP);
    IS(&b, CALL_DISCONNECTING);
    GIVE(&b, EVENT_ENDED, .error = ERROR_PORT_DISCONNECTED);
    MUST(&b, DO_FORGET);
    MUST(&b, DO_LISTEN);
}

static void
test_end__no_error_owes_a_complete_which_a_guard_awaits(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_LINE_LOST);
    GIVE(&b, EVENT_HUNG_UP);
    GIVE(&b, EVENT_ENDED, .error = 0);
    MUST_NOT(&b, DO_FORGET);
    assert_int_equal(b.call.dialog, DIALOG_OWED);
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_SUCCESS, .user = TEXT("late"));
    MUST_NOT(&b, DO_START_PPP);
    MUST(&b, DO_FORGET);
    IS(&b, CALL_LISTENING);

    to_dialog(&b);
    GIVE(&b, EVENT_LINE_LOST);
    GIVE(&b, EVENT_HUNG_UP);
    GIVE(&b, EVENT_ENDED, .error = 0);
    pass_time(&b, GUARD_MS);
    MUST(&b, DO_KILL_MODULE);
    IS(&b, CALL_LISTENING);
}

static void
test_end__that_does_not_return_is_a_dead_module(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_SUCCESS, .user = TEXT("alice"));
    pass_time(&b, GUARD_MS);
    MUST(&b, DO_KILL_MODULE);
    MUST(&b, DO_HANG_UP);
    MUST_NOT(&b, DO_START_PPP);
}

static void
test_complete__failure_and_error_hang_up_and_say_so(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_FAILURE, .user = TEXT("mallory"));
    assert_true(bytes_equal(recorded(&b, RECORD_DIALOG_FAILURE)->user, TEXT("mallory")));
    MUST(&b, DO_HANG_UP);
    MUST(&b, DO_END);
    to_dialog(&b);
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_ERROR, .error = 645);
    assert_int_equal(recorded(&b, RECORD_DIALOG_ERROR)->error, 645);
    MUST(&b, DO_HANG_UP);
}

static void
test_complete__unknown_outcome_or_nobody_vetted_never_reaches_ppp(void **state)
{
    struct bench b;

    for (uint32_t outcome = 0; outcome < 6; outcome++) {
        to_dialog(&b);
        GIVE(&b, EVENT_COMPLETE, .outcome = outcome);
        MUST(&b, DO_HANG_UP);
        IS(&b, CALL_DISCONNECTING);
        GIVE(&b, EVENT_ENDED, .error = ERROR_PORT_DISCONNECTED);
        MUST_NOT(&b, DO_START_PPP);
    }
}

static void
test_complete__twice_is_logged_and_changes_nothing(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_FAILURE, .user = TEXT("mallory"));
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_SUCCESS, .user = TEXT("mallory"));
    MUST_LOG(&b, RECORD_MODULE_FAULT);
    assert_false(b.call.vetted);
    GIVE(&b, EVENT_ENDED, .error = 619);
    MUST_NOT(&b, DO_START_PPP);
}

static void
test_complete__before_begin_returned_counts(void **state)
{
    struct bench b;

    set_up(&b);
    GIVE(&b, EVENT_CALL);
    GIVE(&b, EVENT_CARRIER);
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_SUCCESS, .user = TEXT("alice"));
    MUST(&b, DO_END);
    GIVE(&b, EVENT_BEGUN);
    GIVE(&b, EVENT_ENDED, .error = 619);
    MUST(&b, DO_START_PPP);
}

static void
test_ppp_early__refused_or_logged_by_policy(void **state)
{
    static const uint8_t lcp[] = { 'x', 0x7E, 0x7E, 0xFF, 0x7D, 0x23, 0xC0 };
    struct bench b;

    for (size_t split = 0; split <= sizeof(lcp); split++) {
        bool found = false;

        to_dialog(&b);
        b.rules.ppp_early = PPP_EARLY_LOG;
        GIVE(&b, EVENT_INPUT, .data = bytes_of(lcp, split));
        found = recorded(&b, RECORD_PPP_EARLY);
        GIVE(&b, EVENT_INPUT, .data = bytes_of(lcp + split, sizeof(lcp) - split));
        assert_true(found != (recorded(&b, RECORD_PPP_EARLY) != NULL)); /* once */
        IS(&b, CALL_DIALOG);
    }
    to_dialog(&b);
    GIVE(&b, EVENT_INPUT, .data = bytes_of(lcp, sizeof(lcp)));
    MUST_LOG(&b, RECORD_PPP_EARLY);
    MUST(&b, DO_HANG_UP);
}

static void
test_ppp__another_user_than_vetted_is_told_by_policy(void **state)
{
    const struct {
        enum call_same_user policy;
        const char *user, *domain;
        bool logged, refused;
    } rows[] = {
        { SAME_USER_LOG, "bob", "", true, false },
        { SAME_USER_LOG, "ALICE", "example", false, false },
        { SAME_USER_LOG, "alice", "OTHER", true, false },
        { SAME_USER_REQUIRE, "alice", "", false, false },
        { SAME_USER_REQUIRE, "bob", "", true, true },
        { SAME_USER_IGNORE, "bob", "", false, false },
    };
    struct bench b;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        to_ppp(&b);
        b.rules.same_user = rows[i].policy;
        GIVE(&b, EVENT_PPP_AUTHENTICATED, .user = TEXT(rows[i].user),
             .domain = TEXT(rows[i].domain));
        assert_int_equal(recorded(&b, RECORD_USER_MISMATCH) != NULL, rows[i].logged);
        assert_int_equal(action(&b, DO_STOP_PPP) != NULL, rows[i].refused);
    }
}

static void
test_ppp__up_without_authentication_is_stopped(void **state)
{
    struct bench b;

    to_ppp(&b);
    GIVE(&b, EVENT_PPP_UP);
    MUST(&b, DO_STOP_PPP);
    IS(&b, CALL_DISCONNECTING);
    GIVE(&b, EVENT_PPP_ENDED);
    MUST(&b, DO_HANG_UP);
    GIVE(&b, EVENT_HUNG_UP);
    IS(&b, CALL_LISTENING);
}

static void
test_ppp__deadline_of_authentication_ends_it(void **state)
{
    struct bench b;

    to_ppp(&b);
    pass_time(&b, AUTHENTICATE_MS);
    MUST(&b, DO_STOP_PPP);
    pass_time(&b, HANG_UP_MS);
    MUST(&b, DO_STOP_PPP); /* asked again */
}

static void
test_module_died__hangs_up_without_end(void **state)
{
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_MODULE_DIED);
    MUST(&b, DO_HANG_UP);
    MUST_NOT(&b, DO_END);
    MUST_LOG(&b, RECORD_MODULE_FAULT);
    GIVE(&b, EVENT_HUNG_UP);
    IS(&b, CALL_LISTENING);
}

static void
test_stop__ends_the_call_and_takes_no_other(void **state)
{
    struct bench b;

    to_ppp(&b);
    GIVE(&b, EVENT_STOP);
    MUST(&b, DO_STOP_PPP);
    GIVE(&b, EVENT_PPP_ENDED);
    GIVE(&b, EVENT_HUNG_UP);
    MUST_NOT(&b, DO_LISTEN);
    GIVE(&b, EVENT_CALL);
    MUST_NOT(&b, DO_ANSWER);
    IS(&b, CALL_LISTENING);
}

static void
test_input__is_bounded_and_never_reaches_ppp(void **state)
{
    uint8_t flood[CALL_INPUT_BYTES + 100] = { 'x' };
    struct bench b;

    to_dialog(&b);
    GIVE(&b, EVENT_INPUT, .data = bytes_of(flood, sizeof(flood)));
    assert_false(call_wants_input(&b.call));
    GIVE(&b, EVENT_RECEIVE, .size = CALL_CHUNK_BYTES - 1);
    assert_int_equal(action(&b, DO_RECEIVED)->data.n, CALL_CHUNK_BYTES - 1);
    assert_false(call_wants_input(&b.call)); /* a whole chunk would not fit */
    GIVE(&b, EVENT_RECEIVE, .size = 1);
    assert_true(call_wants_input(&b.call));
    GIVE(&b, EVENT_COMPLETE, .outcome = SECURITYMSG_SUCCESS, .user = TEXT("alice"));
    GIVE(&b, EVENT_INPUT, .data = TEXT("typed ahead"));
    GIVE(&b, EVENT_ENDED, .error = 619);
    MUST(&b, DO_FLUSH);
    assert_int_equal(b.call.input_n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call__good_one_goes_through_every_state_and_listens_again),
        cmocka_unit_test(test_call__without_module_goes_to_ppp_at_once),
        cmocka_unit_test(test_begin__error_hangs_up_and_neither_ends_nor_awaits_complete),
        cmocka_unit_test(test_begin__that_does_not_return_is_a_dead_module),
        cmocka_unit_test(test_begin__caller_gone_meanwhile_is_ended_after_it_returned),
        cmocka_unit_test(test_receive__keeps_what_does_not_fit_for_the_next),
        cmocka_unit_test(test_receive__timeout_is_in_seconds_and_gives_no_bytes),
        cmocka_unit_test(test_receive__zero_seconds_waits_for_the_dialogue),
        cmocka_unit_test(test_receive__second_one_pending_or_too_large_kills_the_host),
        cmocka_unit_test(test_line_lost__in_dialog_ends_the_module_before_complete),
        cmocka_unit_test(test_end__no_error_owes_a_complete_which_a_guard_awaits),
        cmocka_unit_test(test_end__that_does_not_return_is_a_dead_module),
        cmocka_unit_test(test_complete__failure_and_error_hang_up_and_say_so),
        cmocka_unit_test(test_complete__unknown_outcome_or_nobody_vetted_never_reaches_ppp),
        cmocka_unit_test(test_complete__twice_is_logged_and_changes_nothing),
        cmocka_unit_test(test_complete__before_begin_returned_counts),
        cmocka_unit_test(test_ppp_early__refused_or_logged_by_policy),
        cmocka_unit_test(test_ppp__another_user_than_vetted_is_told_by_policy),
        cmocka_unit_test(test_ppp__up_without_authentication_is_stopped),
        cmocka_unit_test(test_ppp__deadline_of_authentication_ends_it),
        cmocka_unit_test(test_module_died__hangs_up_without_end),
        cmocka_unit_test(test_stop__ends_the_call_and_takes_no_other),
        cmocka_unit_test(test_input__is_bounded_and_never_reaches_ppp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
