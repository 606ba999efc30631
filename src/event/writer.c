/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that carries events to their sinks. The lock guards the queue; the sinks are the
 * thread's alone. */
#include "event/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"

enum {
    QUEUE_LINES = 8192, /* some seconds of a busy server; 10 MB at most */
    PATIENCE_S = 5,     /* with a sink that hangs, at the end */
    TELL_AGAIN_S = 60,  /* a sink's trouble, on standard error */
    GATHER_NS = 1000000,
    WINDOW_NS = 10000000,
    BUSY_LINES = 20, /* in a window */
};

struct event_writer {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    pthread_t thread;
    const struct log *log;
    struct event_log *events;
    event_compose compose;

    struct event_line *first, **last;
    size_t queued;     /* in the list */
    uint64_t put, out; /* lines that came, and those that were written or counted */
    struct overflow {
        uint64_t count; /* lines that found no room and are not told yet */
        int64_t since;
    } overflow;
    bool reopen, stop, ended;
    struct event_writer_counts counts;

    struct event_sink sinks[EVENT_SINKS];
    int64_t told_s[EVENT_SINKS]; /* when the log last heard of a sink's trouble */
    bool said[EVENT_SINKS];      /* and that it heard of this one */
};

static int64_t
seconds_of(clockid_t clock)
{
    struct timespec now = { 0 };

    (void)clock_gettime(clock, &now);
    return now.tv_sec;
}

/* --- events of its own --------------------------------------------------------------------- */

struct trouble {
    const struct event_sink *sink; /* NULL: the queue */
    uint64_t count;
    const char *reason;
    int64_t since, until;
};

static void
describe_trouble(struct event_record *record, const void *user)
{
    const struct trouble *t = user;

    if (t->count) {
        event_record_number(record, "EventsDropped", t->count);
    }
    event_record_text(record, "Reason", t->reason);
    if (t->since) {
        event_record_time(record, "from", t->since);
        event_record_time(record, "to", t->until);
    }
    if (t->sink) {
        event_record_text(record, "sink", t->sink->what);
        event_record_text(record, "path", t->sink->path);
    }
}

static struct event_line *
compose(struct event_writer *w, enum event_id id, const char *message,
        void (*describe)(struct event_record *, const void *), const void *user)
{
    return w->compose(w->events, &(struct event_entry){ .id = id,
                                                        .failure = id != EVENT_LOG_TURNED,
                                                        .message = message,
                                                        .describe = describe,
                                                        .user = user });
}

static struct event_line *
compose_dropped(struct event_writer *w, const struct trouble *t)
{
    char message[128];

    (void)snprintf(message, sizeof(message), "%" PRIu64 " events not written: %s", t->count,
                   t->reason);
    return compose(w, EVENT_DROPPED, message, describe_trouble, t);
}

/* --- a sink's troubles --------------------------------------------------------------------- */

static void
say_trouble(struct event_writer *w, const struct event_sink *sink, const char *why)
{
    size_t i = (size_t)(sink - w->sinks);
    int64_t now = seconds_of(CLOCK_MONOTONIC);

    w->said[i] = w->told_s[i] == 0 || now - w->told_s[i] >= TELL_AGAIN_S;
    if (w->said[i]) {
        w->told_s[i] = now;
        log_error(w->log, "events cannot be written; they are counted until they can",
                  log_text("sink", sink->what), log_text("path", sink->path),
                  log_text("error", why));
    }
}

/* The sinks that still work learn of it. */
static void
tell_others(struct event_writer *w, const struct event_sink *troubled, const char *why)
{
    const struct trouble t = { .sink = troubled, .reason = why };
    bool full = troubled->error == ENOSPC || troubled->error == EDQUOT || troubled->error == EFBIG;
    struct event_line *line = compose(
        w, full ? EVENT_LOG_FULL : EVENT_LOG_TROUBLE,
        full ? "the event log is full" : "the event log cannot be written", describe_trouble, &t);

    for (size_t i = 0; line && i < EVENT_SINKS; i++) {
        struct event_sink *sink = &w->sinks[i];

        if (sink != troubled && sink->path && sink->lost == 0) {
            (void)sink->put(sink, line);
        }
    }
    mem_free(line);
}

static void
lose(struct event_writer *w, struct event_sink *sink)
{
    sink->until = seconds_of(CLOCK_REALTIME);
    if (sink->lost++ == 0) {
        sink->since = sink->until;
        say_trouble(w, sink, strerror(sink->error));
        tell_others(w, sink, strerror(sink->error));
    }
}

/* Before the first line that follows lost ones. */
static bool
tell_lost(struct event_writer *w, struct event_sink *sink)
{
    char reason[64];
    const struct trouble t = { sink, sink->lost, reason, sink->since, sink->until };
    struct event_line *line;
    bool told;

    (void)snprintf(reason, sizeof(reason), "the %s could not be written", sink->what);
    line = compose_dropped(w, &t);
    told = line && sink->put(sink, line);
    mem_free(line);
    if (!told) {
        return false;
    }
    if (w->said[sink - w->sinks]) {
        log_warning(w->log, "events can be written again", log_text("sink", sink->what),
                    log_text("path", sink->path), log_number("lost", (int64_t)sink->lost));
    }
    sink->lost = 0;
    return true;
}

static bool
is_in_trouble(const struct event_writer *w)
{
    for (size_t i = 0; i < EVENT_SINKS; i++) {
        if (w->sinks[i].lost) {
            return true;
        }
    }
    return false;
}

/* --- writing ------------------------------------------------------------------------------- */

static void
describe_turned(struct event_record *record, const void *user)
{
    const struct event_sink *sink = user;

    event_record_field(record, "BackupPath", sink->file.moved_to);
    event_record_text(record, "path", sink->path);
}

static void
tell_turned(struct event_writer *w, struct event_sink *sink)
{
    struct event_line *line;

    if (!sink->file.turned) {
        return;
    }
    sink->file.turned = false;
    line = compose(w, EVENT_LOG_TURNED, "the event file was begun anew", describe_turned, sink);
    if (line && !sink->put(sink, line)) {
        lose(w, sink);
    }
    mem_free(line);
}

static bool
write_to(struct event_writer *w, struct event_sink *sink, const struct event_line *line)
{
    if ((sink->lost && !tell_lost(w, sink)) || !sink->put(sink, line)) {
        lose(w, sink);
        return false;
    }
    tell_turned(w, sink);
    return true;
}

static void
write_line(struct event_writer *w, const struct event_line *line)
{
    bool all = true;

    for (size_t i = 0; i < EVENT_SINKS; i++) {
        if (w->sinks[i].path) {
            all &= write_to(w, &w->sinks[i], line);
        }
    }
    (void)pthread_mutex_lock(&w->lock);
    w->out++;
    w->counts.written += all;
    w->counts.lost += !all;
    (void)pthread_cond_broadcast(&w->done);
    (void)pthread_mutex_unlock(&w->lock);
}

static void
tell_overflow(struct event_writer *w, const struct overflow *overflow)
{
    const struct trouble t = { .count = overflow->count,
                               .reason = "they came faster than they could be written",
                               .since = overflow->since,
                               .until = seconds_of(CLOCK_REALTIME) };
    struct event_line *line = overflow->count ? compose_dropped(w, &t) : NULL;

    for (size_t i = 0; line && i < EVENT_SINKS; i++) {
        if (w->sinks[i].path) {
            (void)write_to(w, &w->sinks[i], line);
        }
    }
    mem_free(line);
}

static void
write_all(struct event_writer *w, struct event_line *lines, const struct overflow *overflow)
{
    struct event_line *next;

    for (; lines; lines = next) {
        next = lines->next;
        write_line(w, lines);
        mem_free(lines);
    }
    tell_overflow(w, overflow);
    for (size_t i = 0; i < EVENT_SINKS; i++) {
        if (w->sinks[i].lost) {
            (void)tell_lost(w, &w->sinks[i]);
        }
    }
}

/* With the lock held. What is lost is tried again each second. */
static void
wait_for_work(struct event_writer *w)
{
    struct timespec until = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    while (!w->first && !w->overflow.count && !w->reopen && !w->stop) {
        if (!is_in_trouble(w)) {
            (void)pthread_cond_wait(&w->work, &w->lock);
        } else if (pthread_cond_timedwait(&w->work, &w->lock, &until) != 0) {
            return;
        }
    }
}

/* How many lines came in this window of time, and in the one before. */
struct pace {
    int64_t window;
    size_t lines, before;
};

static bool
is_busy(struct pace *pace)
{
    struct timespec now = { 0 };
    int64_t window;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    window = ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec) / WINDOW_NS;
    if (window != pace->window) {
        pace->before = window == pace->window + 1 ? pace->lines : 0;
        pace->lines = 0;
        pace->window = window;
    }
    return pace->before >= BUSY_LINES;
}

/* When many come, they are gathered for a moment: then who puts them need not wake the thread for
 * each. */
static void
gather(struct event_writer *w, struct pace *pace)
{
    const struct timespec moment = { .tv_nsec = GATHER_NS };

    if (is_busy(pace) && w->queued < QUEUE_LINES / 2 && !w->stop && !w->reopen) {
        (void)pthread_mutex_unlock(&w->lock);
        (void)nanosleep(&moment, NULL);
        (void)pthread_mutex_lock(&w->lock);
    }
    pace->lines += w->queued;
}

static void *
run(void *user)
{
    struct event_writer *w = user;
    struct pace pace = { 0 };
    bool stop = false;

    (void)pthread_setname_np(pthread_self(), "events");
    (void)pthread_mutex_lock(&w->lock);
    while (!stop) {
        struct event_line *lines;
        struct overflow overflow;
        bool reopen;

        wait_for_work(w);
        gather(w, &pace);
        lines = w->first;
        overflow = w->overflow;
        reopen = w->reopen;
        stop = w->stop;
        w->first = NULL;
        w->last = &w->first;
        w->queued = 0;
        w->overflow = (struct overflow){ 0 };
        w->reopen = false;
        (void)pthread_mutex_unlock(&w->lock);
        if (reopen && w->sinks[0].path) {
            event_file_reopen(&w->sinks[0].file);
        }
        write_all(w, lines, &overflow);
        (void)pthread_mutex_lock(&w->lock);
    }
    w->ended = true;
    (void)pthread_cond_broadcast(&w->done);
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* --- from outside -------------------------------------------------------------------------- */

static void
clear(struct event_writer *w)
{
    for (size_t i = 0; i < EVENT_SINKS; i++) {
        event_sink_close(&w->sinks[i]);
    }
    (void)pthread_cond_destroy(&w->work);
    (void)pthread_cond_destroy(&w->done);
    (void)pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

/* No signal is the thread's: a handler of the program's runs where it always did, and a file at
 * its limit is an error. */
static bool
start(struct event_writer *w)
{
    sigset_t all, before;
    bool started;

    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    started = pthread_create(&w->thread, NULL, run, w) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

struct event_writer *
event_writer_open(const struct event_sink sinks[static EVENT_SINKS], const struct log *log,
                  struct event_log *events, event_compose compose_line)
{
    struct event_writer *w = mem_new(sizeof(*w));
    pthread_condattr_t monotonic;

    if (!w) {
        for (size_t i = 0; i < EVENT_SINKS; i++) {
            struct event_sink sink = sinks[i];

            event_sink_close(&sink);
        }
        return NULL;
    }
    w->log = log;
    w->events = events;
    w->compose = compose_line;
    w->last = &w->first;
    bytes_copy(w->sinks, sinks, sizeof(w->sinks));
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->work, &monotonic);
    (void)pthread_cond_init(&w->done, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (!start(w)) {
        clear(w);
        return NULL;
    }
    return w;
}

void
event_writer_put(struct event_writer *w, struct event_line *line)
{
    (void)pthread_mutex_lock(&w->lock);
    if (line && w->queued < QUEUE_LINES) {
        line->next = NULL;
        *w->last = line;
        w->last = &line->next;
        w->queued++;
        w->put++;
        line = NULL;
    } else {
        if (w->overflow.count++ == 0) {
            w->overflow.since = seconds_of(CLOCK_REALTIME);
        }
        w->counts.lost++;
    }
    (void)pthread_cond_signal(&w->work);
    (void)pthread_mutex_unlock(&w->lock);
    mem_free(line);
}

void
event_writer_reopen(struct event_writer *w)
{
    (void)pthread_mutex_lock(&w->lock);
    w->reopen = true;
    (void)pthread_cond_signal(&w->work);
    (void)pthread_mutex_unlock(&w->lock);
}

/* With the lock held. false: it took too long. */
static bool
wait_until(struct event_writer *w, bool (*is_done)(const struct event_writer *, uint64_t),
           uint64_t mark)
{
    struct timespec until = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    while (!is_done(w, mark)) {
        if (pthread_cond_timedwait(&w->done, &w->lock, &until) == ETIMEDOUT) {
            return is_done(w, mark);
        }
    }
    return true;
}

static bool
is_out(const struct event_writer *w, uint64_t mark)
{
    return w->out >= mark;
}

static bool
has_ended(const struct event_writer *w, uint64_t mark)
{
    (void)mark;
    return w->ended;
}

bool
event_writer_flush(struct event_writer *w)
{
    bool done;

    (void)pthread_mutex_lock(&w->lock);
    done = wait_until(w, is_out, w->put);
    (void)pthread_mutex_unlock(&w->lock);
    return done;
}

bool
event_writer_close(struct event_writer *w)
{
    bool ended;

    (void)pthread_mutex_lock(&w->lock);
    w->stop = true;
    (void)pthread_cond_signal(&w->work);
    ended = wait_until(w, has_ended, 0);
    (void)pthread_mutex_unlock(&w->lock);
    if (!ended) {
        log_error(w->log, "events are lost: a sink hangs");
        (void)pthread_detach(w->thread);
        return false;
    }
    (void)pthread_join(w->thread, NULL);
    for (size_t i = 0; i < EVENT_SINKS; i++) {
        if (w->sinks[i].lost) {
            log_error(w->log, "events are lost", log_text("sink", w->sinks[i].what),
                      log_text("path", w->sinks[i].path),
                      log_number("lost", (int64_t)w->sinks[i].lost));
        }
    }
    clear(w);
    return true;
}

struct event_writer_counts
event_writer_counts(struct event_writer *w)
{
    struct event_writer_counts counts;

    (void)pthread_mutex_lock(&w->lock);
    counts = w->counts;
    (void)pthread_mutex_unlock(&w->lock);
    return counts;
}
