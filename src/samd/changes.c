/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of accounts, and looks at them. */
#include "samd/changes.h"

#include <sys/socket.h>

#include "base/mem.h"
#include "daemon/account_events.h"
#include "samd/answer.h"

enum { WAITING_MAX = 64, OTHERS_WAITING_MAX = 16 };

struct job {
    struct connection *connection;
    struct secret frame;
    struct job *next;
};

struct changes {
    const struct log *log;
    struct terms *terms;         /* this and the next are the thread's */
    struct account_admin *admin; /* NULL: it is not open */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t come;
    struct job *first, **last;
    unsigned waiting;
    struct terms *fresh; /* NULL: no others have come */
    bool stops;
};

static void
free_job(struct job *job)
{
    secret_clear(&job->frame);
    connection_unref(job->connection);
    mem_free(job);
}

/* --- one of them --------------------------------------------------------------------------- */

static const char *
name_of(const struct authority_msg *m)
{
    switch (m->type) {
    case AUTHORITY_MSG_ADD: return "add";
    case AUTHORITY_MSG_SET_PASSWORD: return "set the password";
    case AUTHORITY_MSG_REMOVE: return "remove";
    case AUTHORITY_MSG_UNLOCK: return "unlock";
    case AUTHORITY_MSG_CHANGE: return "change";
    case AUTHORITY_MSG_ENROLL_CODE: return "enrol a one-time code";
    case AUTHORITY_MSG_REMOVE_CODE: return "remove the one-time code";
    case AUTHORITY_MSG_LIST: return "list";
    default: return "show";
    }
}

/* A store that could not be opened before may have been repaired. */
static sec_status
open_store(struct changes *c)
{
    sec_status status = c->admin ? SEC_E_OK : account_admin_open(c->terms->store, &c->admin);

    if (status == SEC_E_OK && c->terms->events) {
        account_admin_watch(c->admin, &c->terms->events->watch);
    }
    return status;
}

static void
open_store_or_tell(struct changes *c)
{
    if (open_store(c) != SEC_E_OK) {
        log_error(c->log, "the store cannot be opened",
                  log_text("store", c->terms->store->accounts.store),
                  log_text("error", sec_reason()));
    }
}

/* Takes them. */
static void
enter(struct changes *c, struct terms *fresh)
{
    account_admin_close(c->admin);
    c->admin = NULL;
    terms_unref(c->terms);
    c->terms = fresh;
    open_store_or_tell(c);
}

/* For an administrator. */
static void
administer(struct changes *c, const struct peer_who *who, const struct authority_msg *m,
           struct wire_writer *out)
{
    bool looks = m->type == AUTHORITY_MSG_LIST || m->type == AUTHORITY_MSG_SHOW;
    sec_status status = open_store(c);

    if (status == SEC_E_OK) {
        status = answer_administrator(c->admin, m, out);
    } else {
        answer_refusal(m->id, status, sec_reason(), out);
    }
    log_write(c->log, looks && status == SEC_E_OK ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
              "an administrator's request",
              LOG_FIELDS(log_text("request", name_of(m)), log_text("account", m->admin.name),
                         log_number("pid", who->pid), log_number("uid", who->uid),
                         log_status("status", status)));
}

/* For who knows the old password. */
static void
change_password(struct changes *c, const struct peer_who *who, const struct authority_msg *m,
                struct wire_writer *out)
{
    struct account_proof reasons;
    sec_status status = answer_new_password(c->terms->accounts, m, &reasons, out);

    if (c->terms->events) {
        account_events_new_password(c->terms->events, m->claim.user, status, &reasons);
    }
    log_write(c->log, LOG_LEVEL_INFO, "a new password for the old one",
              LOG_FIELDS(log_text("sid", reasons.sid), log_number("pid", who->pid),
                         log_number("uid", who->uid), log_status("status", status)));
}

static void
run(struct changes *c, const struct job *job)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    const struct peer_who *who = &job->connection->who;
    struct authority_msg m;

    if (authority_msg_decode(&m, secret_bytes(&job->frame)) != WIRE_OK) {
        return; /* it was decoded before it was put here */
    }
    sec_reason_clear();
    if (c->terms->events) {
        c->terms->events->uid = who->uid;
    }
    if (m.type == AUTHORITY_MSG_CHANGE_PASSWORD) {
        change_password(c, who, &m, &out);
    } else {
        administer(c, who, &m, &out);
    }
    if (out.len == 0 || !connection_send(job->connection, wire_written(&out), true)) {
        (void)shutdown(job->connection->fd, SHUT_RDWR);
    }
    authority_msg_wipe(&m);
}

/* --- the queue ----------------------------------------------------------------------------- */

/* *job NULL: there is none. false: it is time to stop. */
static bool
wait_for_work(struct changes *c, struct job **out, struct terms **fresh)
{
    struct job *job = NULL;
    bool goes_on;

    (void)pthread_mutex_lock(&c->lock);
    while (!c->stops && !c->first && !c->fresh) {
        (void)pthread_cond_wait(&c->come, &c->lock);
    }
    goes_on = !c->stops;
    *fresh = goes_on ? c->fresh : NULL;
    c->fresh = goes_on ? NULL : c->fresh;
    if (goes_on && c->first) {
        job = c->first;
        c->first = job->next;
        c->last = c->first ? c->last : &c->first;
        c->waiting--;
    }
    (void)pthread_mutex_unlock(&c->lock);
    *out = job;
    return goes_on;
}

static void *
run_all(void *user)
{
    struct changes *c = user;
    struct terms *fresh;
    struct job *job;

    while (wait_for_work(c, &job, &fresh)) {
        if (fresh) {
            enter(c, fresh);
        }
        if (job) {
            run(c, job);
            free_job(job);
        }
    }
    return NULL;
}

struct changes *
changes_start(struct terms *terms, const struct log *log)
{
    struct changes *c = mem_new(sizeof(*c));

    if (!c) {
        return NULL;
    }
    c->log = log;
    c->last = &c->first;
    c->terms = terms_ref(terms);
    open_store_or_tell(c);
    if (pthread_mutex_init(&c->lock, NULL) == 0 && pthread_cond_init(&c->come, NULL) == 0 &&
        pthread_create(&c->thread, NULL, run_all, c) == 0) {
        return c;
    }
    account_admin_close(c->admin);
    terms_unref(c->terms);
    mem_free(c);
    return NULL;
}

void
changes_change(struct changes *c, struct terms *terms)
{
    struct terms *before;

    (void)pthread_mutex_lock(&c->lock);
    before = c->fresh;
    c->fresh = terms_ref(terms);
    (void)pthread_cond_signal(&c->come);
    (void)pthread_mutex_unlock(&c->lock);
    terms_unref(before);
}

bool
changes_put(struct changes *c, struct connection *connection, struct bytes frame,
            bool by_administrator)
{
    const unsigned room = by_administrator ? WAITING_MAX : OTHERS_WAITING_MAX;
    struct job *job = mem_new(sizeof(*job));
    bool taken = false;

    if (!job || !secret_set(&job->frame, frame.p, frame.n)) {
        mem_free(job);
        return false;
    }
    job->connection = connection;
    connection_ref(connection);
    (void)pthread_mutex_lock(&c->lock);
    if (c->waiting < room) {
        taken = true;
        c->waiting++;
        *c->last = job;
        c->last = &job->next;
        (void)pthread_cond_signal(&c->come);
    }
    (void)pthread_mutex_unlock(&c->lock);
    if (!taken) {
        free_job(job);
    }
    return taken;
}

void
changes_stop(struct changes *c)
{
    if (!c) {
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    c->stops = true;
    (void)pthread_cond_signal(&c->come);
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->thread, NULL);
    while (c->first) {
        struct job *job = c->first;

        c->first = job->next;
        free_job(job);
    }
    account_admin_close(c->admin);
    terms_unref(c->terms);
    terms_unref(c->fresh);
    (void)pthread_cond_destroy(&c->come);
    (void)pthread_mutex_destroy(&c->lock);
    mem_free(c);
}
