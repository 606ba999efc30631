/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a call: every pair of state and event, then events at random against what must always be
 * true. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ras/call_bench.h"

/* --- every pair ---------------------------------------------------------------------------- */

static void
to_state(struct bench *b, enum call_state wanted)
{
    switch (wanted) {
    case CALL_LISTENING: set_up(b); break;
    case CALL_ANSWERING:
        set_up(b);
        GIVE(b, EVENT_CALL);
        break;
    case CALL_DIALOG: to_dialog(b); break;
    case CALL_AUTHENTICATING: to_ppp(b); break;
    case CALL_CONNECTED:
        to_ppp(b);
        GIVE(b, EVENT_PPP_AUTHENTICATED, .user = TEXT("alice"));
        GIVE(b, EVENT_PPP_UP);
        break;
    default: to_dialog(b); GIVE(b, EVENT_LINE_LOST);
    }
    IS(b, wanted);
}

/* What each event leads to; ' ' where it means nothing and changes nothing. */
static const char *const next_states[CALL_STATES] = {
    /* CALL CARRIER NOANSW INPUT LOST BEGUN SEND RECV COMPL ENDED DIED AUTH REFUSED UP PPPEND HUNGUP
       TIME HANGUP STOP; letters: L A D P C X */
    [CALL_LISTENING] = "A                  ", [CALL_ANSWERING] = " DX X            XX",
    [CALL_DIALOG] = "   DXDDDXXX      XX",    [CALL_AUTHENTICATING] = "    X      PPXX  XX",
    [CALL_CONNECTED] = "    X         X  XX", [CALL_DISCONNECTING] = "     XXXXXX   XX   ",
};

static void
test_call__every_event_in_every_state_leads_where_the_table_says(void **state)
{
    static const char letters[CALL_STATES + 1] = "LADPCX";

    for (int from = 0; from < CALL_STATES; from++) {
        assert_int_equal(strlen(next_states[from]), CALL_EVENTS);
        for (int kind = 0; kind < CALL_EVENTS; kind++) {
            char wanted = next_states[from][kind];
            struct bench b;

            to_state(&b, (enum call_state)from);
            give(&b, (struct call_event){ .kind = (enum call_event_kind)kind,
                                          .data = TEXT("x"),
                                          .size = 10,
                                          .error = 619,
                                          .outcome = SECURITYMSG_FAILURE,
                                          .user = TEXT("alice") });
            if (wanted == ' ') {
                assert_int_equal(b.call.state, from);
                if (kind != EVENT_STOP) {
                    assert_int_equal(b.out.n, 0);
                }
            } else if (letters[b.call.state] != wanted) {
                fail_msg("%s, event %d: %s", call_state_name((enum call_state)from), kind,
                         call_state_name(b.call.state));
            }
        }
    }
}

/* --- at random ----------------------------------------------------------------------------- */

/* What the world outside owes the call. */
struct world {
    bool line_up, ppp, begun, in_dialog, end_asked, dying;
};

static void
check_actions(struct bench *b, struct world *w)
{
    for (size_t i = 0; i < b->out.n; i++) {
        switch (b->out.list[i].kind) {
        case DO_ANSWER:
            assert_false(w->line_up);
            w->line_up = true;
            break;
        case DO_BEGIN:
            assert_false(w->in_dialog);
            w->in_dialog = true;
            w->begun = w->end_asked = false;
            break;
        case DO_RECEIVED: assert_true(w->in_dialog || w->dying); break;
        case DO_END:
            assert_true((w->in_dialog || w->dying) && !w->end_asked); /* End is called once */
            w->end_asked = true;
            break;
        case DO_FORGET:
        case DO_KILL_MODULE: w->in_dialog = false; break;
        case DO_START_PPP:
            assert_false(w->ppp || w->in_dialog);
            assert_true(w->line_up && b->call.vetted);
            w->ppp = true;
            break;
        case DO_STOP_PPP: assert_true(w->ppp || w->dying); break;
        case DO_LISTEN: assert_false(w->line_up || w->ppp || w->in_dialog); break;
        default: break;
        }
    }
    assert_true(b->out.n < CALL_ACTIONS_MAX);
}

static void
random_event(struct bench *b, struct world *w)
{
    static uint8_t data[64];
    struct call_event e = {
        .kind = (enum call_event_kind)(rand() % CALL_EVENTS),
        .data = bytes_of(data, (size_t)(rand() % 64)),
        .size = (uint32_t)(rand() % 1100),
        .seconds = (uint32_t)(rand() % 3),
        .outcome = (uint32_t)(rand() % 5),
        .error = rand() % 2 ? 0 : 619,
        .user = rand() % 4 ? TEXT("alice") : TEXT(""),
    };

    /* The server's own parts keep their word; the module need not. */
    if ((e.kind == EVENT_HUNG_UP && b->call.state != CALL_DISCONNECTING) ||
        (e.kind == EVENT_PPP_ENDED && !w->ppp) || (e.kind == EVENT_MODULE_DIED && !w->in_dialog)) {
        return;
    }
    if (e.kind == EVENT_HUNG_UP) {
        w->line_up = false;
    } else if (e.kind == EVENT_PPP_ENDED) {
        w->ppp = false;
        w->dying = true;
    } else if (e.kind == EVENT_MODULE_DIED) {
        w->in_dialog = false;
        w->dying = true; /* a deadline that passed may still have asked it something */
    } else if (e.kind == EVENT_STOP && rand() % 50) {
        return;
    }
    b->now += (uint64_t)(rand() % 800);
    give(b, e);
    check_actions(b, w);
    w->dying = false;
}

static void
test_call__whatever_comes_never_breaks_its_promises(void **state)
{
    size_t connected = 0;

    srand(1);
    for (int run = 0; run < 4000; run++) {
        struct world w = { 0 };
        struct bench b;

        set_up(&b);
        for (int i = 0; i < 200; i++) {
            random_event(&b, &w);
            connected += b.call.state == CALL_CONNECTED;
            assert_true(b.call.state != CALL_CONNECTED || b.call.authenticated);
        }
        /* And left alone, with the parts that are owed, it ends. */
        for (int i = 0; i < 20 && b.call.state != CALL_LISTENING; i++) {
            GIVE(&b, EVENT_HANG_UP);
            check_actions(&b, &w);
            if (w.ppp) {
                w.ppp = false;
                GIVE(&b, EVENT_PPP_ENDED);
                check_actions(&b, &w);
            }
            w.line_up = false;
            GIVE(&b, EVENT_HUNG_UP);
            check_actions(&b, &w);
            pass_time(&b, 200000);
            check_actions(&b, &w);
        }
        IS(&b, CALL_LISTENING);
    }
    assert_true(connected > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call__every_event_in_every_state_leads_where_the_table_says),
        cmocka_unit_test(test_call__whatever_comes_never_breaks_its_promises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
