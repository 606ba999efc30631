/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, by their kind. */
#include "samd/request.h"

#include "base/clock.h"
#include "daemon/account_events.h"

enum { ANSWER_BYTES = 4096 /* of usual ones */ };

static void
send_answer(const struct server *s, struct connection *c, struct wire_writer *out)
{
    if (out->len == 0 || !connection_send(c, wire_written(out), false)) {
        server_hang_up(s, c, out->len ? "it does not take its answer" : "no memory for its answer");
    }
}

/* What is answered at once costs a part of the allowance. false: refused. */
static bool
may_ask(const struct server *s, struct connection *c, const struct authority_msg *m,
        struct wire_writer *out)
{
    bool tell;

    if (peer_may_ask_now(&s->peers, c->peer, clock_monotonic_us(), &tell)) {
        return true;
    }
    if (tell) {
        log_warning(s->log, "a process asks too often: requests are refused",
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid));
    }
    answer_refusal(m->id, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                   "accounts: authority: this process asks more often than it may", out);
    return false;
}

static void
refuse_administrator(const struct server *s, struct connection *c, const struct authority_msg *m,
                     struct wire_writer *out)
{
    unsigned others;

    if (!may_ask(s, c, m, out)) {
        return;
    }
    if (peer_is_told_of_now(c->peer, clock_monotonic_us(), &others)) {
        log_warning(s->log, "a process may not look at accounts or change them",
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid),
                    log_number("others", others));
    }
    answer_refusal(m->id, SEC_E_NOT_OWNER,
                   "accounts: authority: only root and the group [samd] administrators may look"
                   " at accounts or change them",
                   out);
}

/* Answered by another thread, unless it is refused here. */
static void
administer(const struct server *s, struct connection *c, const struct authority_msg *m,
           struct bytes frame, struct wire_writer *out)
{
    if (!c->who.may_administer) {
        refuse_administrator(s, c, m, out);
    } else if (!changes_put(s->changes, c, frame, true)) {
        answer_refusal(m->id, SEC_E_INSUFFICIENT_MEMORY,
                       "accounts: authority: too many requests of administrators wait", out);
    }
}

/* Who knows the old password may: nobody else is asked whether. What waits for the thread that
 * derives keys costs a part of the allowance, as a proof does. */
static void
change_password(const struct server *s, struct connection *c, const struct authority_msg *m,
                struct bytes frame, struct wire_writer *out)
{
    if (may_ask(s, c, m, out) && !changes_put(s->changes, c, frame, false)) {
        answer_refusal(m->id, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                       "accounts: authority: too many changes of passwords wait", out);
    }
}

/* It is a word about somebody else's client: only root, which may be anybody, is told. */
static void
redeem(const struct server *s, struct connection *c, const struct authority_msg *m,
       struct wire_writer *out)
{
    if (!may_ask(s, c, m, out)) {
        return;
    }
    if (c->who.uid == 0) {
        answer_assertion(s->assertions, m, out);
    } else {
        answer_refusal(m->id, SEC_E_NOT_OWNER,
                       "accounts: authority: only root may redeem an assertion", out);
    }
}

static struct terms *
take_terms(struct server *s)
{
    struct terms *t;

    (void)pthread_mutex_lock(&s->lock);
    t = terms_ref(s->terms);
    (void)pthread_mutex_unlock(&s->lock);
    return t;
}

/* A response that is shown again is somebody's who captured it. Who shows many has the name service asked
 * for him now and then alone: the thread is everybody's. */
static void
prove(struct server *s, struct connection *c, const struct authority_msg *m,
      struct wire_writer *out)
{
    struct terms *t = take_terms(s);
    const struct answer_proofs with = { t->accounts, s->assertions, s->challenges };
    bool again = answer_proof(&with, c->who.uid, m, out) == CHALLENGE_AGAIN;
    unsigned others;
    bool told = again && peer_is_told_of_now(c->peer, clock_monotonic_us(), &others);

    if (again && t->events) {
        account_events_replay(t->events, m->claim.user, c->who.uid, c->who.pid, told);
    }
    terms_unref(t);
    if (told) {
        log_warning(s->log, "a process shows a response to a challenge that was answered before",
                    log_number("pid", c->who.pid), log_number("uid", c->who.uid),
                    log_number("others", others));
    }
}

static void
look_up(struct server *s, const struct authority_msg *m, struct wire_writer *out)
{
    struct terms *t = take_terms(s);

    answer_look_up(t->accounts, m, out);
    terms_unref(t);
}

void
request_answer(struct server *s, struct connection *c, struct bytes frame)
{
    uint8_t usual[ANSWER_BYTES];
    SEC_AUTO(wire_writer) out = wire_writer_secret(usual, sizeof(usual));
    struct authority_msg m;
    bool expects = true;

    if (authority_msg_decode(&m, frame) != WIRE_OK || m.type >= AUTHORITY_MSG_WELCOME) {
        server_hang_up(s, c, m.fault.field ? m.fault.field : "it speaks as samd does");
        return;
    }
    if (m.type == AUTHORITY_MSG_HELLO && atomic_exchange(&c->welcomed, true)) {
        server_hang_up(s, c,
                       "it says hello again"); /* which would cost it nothing of its allowance */
        return;
    }
    if (m.type == AUTHORITY_MSG_HELLO) {
        answer_welcome(m.id, &out);
    } else if (m.type == AUTHORITY_MSG_PROVE) {
        if (may_ask(s, c, &m, &out)) {
            prove(s, c, &m, &out);
        }
    } else if (m.type == AUTHORITY_MSG_LOOK_UP) {
        if (may_ask(s, c, &m, &out)) {
            look_up(s, &m, &out);
        }
    } else if (m.type == AUTHORITY_MSG_REDEEM) {
        redeem(s, c, &m, &out);
    } else {
        (m.type == AUTHORITY_MSG_CHANGE_PASSWORD ? change_password : administer)(s, c, &m, frame,
                                                                                 &out);
        expects = out.len != 0;
    }
    if (expects) {
        send_answer(s, c, &out);
    }
    if (m.type == AUTHORITY_MSG_HELLO && m.version != AUTHORITY_MSG_VERSION) {
        server_hang_up(s, c, "it is of another version");
    }
    authority_msg_wipe(&m);
}
