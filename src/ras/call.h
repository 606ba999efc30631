/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port and the call on it, as a state machine: (state, event, time) to (state, actions). No I/O,
 * no clock, no memory but its own; rasd's loops feed it and carry out what it asks for.
 *
 *   Listening -> Answering -> Dialog -> Authenticating -> Connected -> Disconnecting -> Listening
 *
 * Without a security module Answering leads to Authenticating. Each state has its deadline.
 */
#ifndef RAS_CALL_H
#define RAS_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum call_state {
    CALL_LISTENING,
    CALL_ANSWERING,      /* the modem answers, carrier is awaited */
    CALL_DIALOG,         /* the security module talks to the caller */
    CALL_AUTHENTICATING, /* pppd runs; the caller has not been authenticated yet */
    CALL_CONNECTED,
    CALL_DISCONNECTING, /* hanging up; module and pppd finish */
    CALL_STATES,
};
/* "Listening" and so on. Static. */
const char *call_state_name(enum call_state);

/* Part of a dialogue, while the state is CALL_DIALOG or CALL_DISCONNECTING. */
enum call_dialog {
    DIALOG_NONE,
    DIALOG_BEGINNING, /* Begin has not returned */
    DIALOG_RUNNING,
    DIALOG_ENDING, /* End was called; what it returns decides whether Complete is still owed */
    DIALOG_OWED,   /* End returned NO_ERROR: Complete must come, within the guard's time */
};

enum call_event_kind {
    EVENT_CALL,      /* ring, or a connection */
    EVENT_CARRIER,   /* answered */
    EVENT_NO_ANSWER, /* the modem gave up */
    EVENT_INPUT,     /* bytes from the caller */
    EVENT_LINE_LOST, /* DCD dropped, end of file */
    EVENT_BEGUN,     /* from the module: error */
    EVENT_SEND,      /* data */
    EVENT_RECEIVE,   /* size, seconds */
    EVENT_COMPLETE,  /* outcome, error, user, domain */
    EVENT_ENDED,     /* error */
    EVENT_MODULE_DIED,
    EVENT_PPP_AUTHENTICATED, /* user, domain */
    EVENT_PPP_REFUSED,       /* the account authority said no; user, domain */
    EVENT_PPP_UP,
    EVENT_PPP_ENDED, /* error: pppd's exit status */
    EVENT_HUNG_UP,   /* the line is ready for the next call */
    EVENT_TIME,      /* nothing happened: deadlines alone */
    EVENT_HANG_UP,   /* the operator's wish */
    EVENT_STOP,      /* the server stops */
    CALL_EVENTS,
};

struct call_event {
    enum call_event_kind kind;
    struct bytes data;
    uint32_t error, size, seconds, outcome;
    struct bytes user, domain;
};

enum call_action_kind {
    DO_ANSWER,
    DO_BEGIN,    /* the module's Begin; the caller's name is none of its business yet */
    DO_SEND,     /* data to the line */
    DO_RECEIVED, /* to the module: data and error */
    DO_END,      /* the module's End */
    DO_FORGET,   /* the module's handle is stale from now on */
    DO_FLUSH,    /* what the caller typed ahead is discarded */
    DO_START_PPP,
    DO_STOP_PPP,
    DO_HANG_UP,     /* the line; EVENT_HUNG_UP is owed */
    DO_LISTEN,      /* ready for the next call */
    DO_KILL_MODULE, /* it is dead, or talks nonsense: text says how */
    DO_LOG,         /* an outcome to record: enum call_record */
};

/* What the event log is told of a call, once for each that applies. */
enum call_record {
    RECORD_CALL, /* a call was answered */
    RECORD_NO_ANSWER,
    RECORD_DIALOG_SUCCESS, /* user, domain */
    RECORD_DIALOG_FAILURE, /* user, domain */
    RECORD_DIALOG_ERROR,   /* error */
    RECORD_MODULE_FAULT,   /* text: which rule it broke, or that it died */
    RECORD_PPP_EARLY,      /* the caller began PPP while the dialogue ran */
    RECORD_PPP_SUCCESS,    /* user, domain */
    RECORD_PPP_FAILURE,
    RECORD_USER_MISMATCH, /* the PPP user is not the one whom the module vetted */
    RECORD_CONNECTED,
    RECORD_ENDED, /* how the call ended: text */
};

struct call_action {
    enum call_action_kind kind;
    enum call_record record;
    uint32_t error;
    struct bytes data;         /* views into the event or the call: until the next step */
    struct bytes user, domain; /* likewise */
    const char *text;          /* static */
};

enum { CALL_ACTIONS_MAX = 16 };
struct call_actions {
    struct call_action list[CALL_ACTIONS_MAX];
    size_t n;
};

enum call_ppp_early { PPP_EARLY_REFUSE, PPP_EARLY_LOG };
enum call_same_user { SAME_USER_IGNORE, SAME_USER_LOG, SAME_USER_REQUIRE };

/* Borrowed for the port's life. */
struct call_rules {
    bool has_module;
    uint32_t answer_ms, begin_ms, dialog_ms, end_guard_ms, authenticate_ms, hang_up_ms;
    uint32_t send_size, receive_size; /* of the module's buffers */
    enum call_ppp_early ppp_early;
    enum call_same_user same_user;
};

enum {
    CALL_INPUT_BYTES = 4096,
    CALL_CHUNK_BYTES = 1024 /* of EVENT_INPUT, at most */,
    CALL_USER_BYTES = 257,
    CALL_DOMAIN_BYTES = 16
};

/* Below 32 KB with all that rasd keeps beside it. Input that no Receive has asked for waits here;
 * rasd stops reading the line while it is full (call_wants_input). */
struct call {
    const struct call_rules *rules;
    enum call_state state;
    enum call_dialog dialog;
    uint64_t id;          /* of the call: counts up, never 0; 0: no call */
    uint64_t since_ms;    /* when the state was entered */
    uint64_t deadline_ms; /* UINT64_MAX: none */
    bool receiving, vetted, completed, authenticated;
    bool line_busy, ppp_runs; /* what must end before the next call */
    bool stopping;            /* no further call is taken */
    uint32_t receive_size;
    uint64_t receive_deadline_ms;
    size_t input_n, delivered; /* of input, delivered bytes were handed out by the last step */
    uint8_t input[CALL_INPUT_BYTES];
    uint8_t ppp_match; /* bytes of 7E FF 7D 23 that were seen in a row */
    char user[CALL_USER_BYTES], domain[CALL_DOMAIN_BYTES]; /* whom the module vetted */
    const char *end_text;
};

void call_init(struct call *, const struct call_rules *, uint64_t now_ms);
/* What an event means in the state that the call is in; what does not belong there is passed by.
 * Deadlines that have passed count first. next_id: of the call that EVENT_CALL begins. */
void call_step(struct call *, const struct call_event *, uint64_t now_ms, uint64_t next_id,
               struct call_actions *out);
/* The earliest of its deadlines, for a timer; UINT64_MAX: none. */
uint64_t call_deadline(const struct call *);
/* Whether another chunk fits. */
bool call_wants_input(const struct call *);

#endif
