/* SPDX-License-Identifier: Apache-2.0 */
/* A call under a clock that stands where the test puts it, and what it wants done. */
#ifndef TESTS_UNIT_RAS_CALL_BENCH_H
#define TESTS_UNIT_RAS_CALL_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <opensspi/rasshost.h>

#include "ras/call.h"

enum {
    ANSWER_MS = 60000,
    BEGIN_MS = 5000,
    DIALOG_MS = 120000,
    GUARD_MS = 3000,
    AUTHENTICATE_MS = 30000,
    HANG_UP_MS = 4000,
};

struct bench {
    struct call_rules rules;
    struct call call;
    uint64_t now, next_id;
    struct call_actions out;
};

static inline void
set_up(struct bench *b)
{
    *b = (struct bench){
        .rules = { .has_module = true,
                   .answer_ms = ANSWER_MS,
                   .begin_ms = BEGIN_MS,
                   .dialog_ms = DIALOG_MS,
                   .end_guard_ms = GUARD_MS,
                   .authenticate_ms = AUTHENTICATE_MS,
                   .hang_up_ms = HANG_UP_MS,
                   .send_size = 1024,
                   .receive_size = 1024,
                   .same_user = SAME_USER_LOG },
        .now = 1000000,
        .next_id = 1,
    };
    call_init(&b->call, &b->rules, b->now);
}

static inline void
give(struct bench *b, struct call_event e)
{
    if (e.kind == EVENT_CALL && b->call.state == CALL_LISTENING && !b->call.stopping) {
        b->next_id++;
    }
    call_step(&b->call, &e, b->now, b->next_id, &b->out);
}

#define GIVE(b, ...) give((b), (struct call_event){ __VA_ARGS__ })
#define TEXT(s)      bytes_of_string(s)

static inline void
pass_time(struct bench *b, uint64_t ms)
{
    b->now += ms;
    GIVE(b, EVENT_TIME);
}

static inline const struct call_action *
action(const struct bench *b, enum call_action_kind kind)
{
    for (size_t i = 0; i < b->out.n; i++) {
        if (b->out.list[i].kind == kind) {
            return &b->out.list[i];
        }
    }
    return NULL;
}

static inline const struct call_action *
recorded(const struct bench *b, enum call_record record)
{
    for (size_t i = 0; i < b->out.n; i++) {
        if (b->out.list[i].kind == DO_LOG && b->out.list[i].record == record) {
            return &b->out.list[i];
        }
    }
    return NULL;
}

#define MUST(b, kind)       assert_non_null(action((b), (kind)))
#define MUST_NOT(b, kind)   assert_null(action((b), (kind)))
#define MUST_LOG(b, record) assert_non_null(recorded((b), (record)))
#define IS(b, wanted)       assert_int_equal((b)->call.state, (wanted))

static inline void
to_dialog(struct bench *b)
{
    set_up(b);
    GIVE(b, EVENT_CALL);
    MUST(b, DO_ANSWER);
    GIVE(b, EVENT_CARRIER);
    MUST(b, DO_BEGIN);
    MUST_LOG(b, RECORD_CALL);
    GIVE(b, EVENT_BEGUN);
    IS(b, CALL_DIALOG);
}

static inline void
to_ppp(struct bench *b)
{
    to_dialog(b);
    GIVE(b, EVENT_COMPLETE, .outcome = SECURITYMSG_SUCCESS, .user = TEXT("alice"),
         .domain = TEXT("EXAMPLE"));
    MUST(b, DO_END);
    MUST_NOT(b, DO_START_PPP);
    GIVE(b, EVENT_ENDED, .error = ERROR_PORT_DISCONNECTED);
    MUST(b, DO_FORGET);
    MUST(b, DO_FLUSH);
    MUST(b, DO_START_PPP);
    IS(b, CALL_AUTHENTICATING);
}

#endif
