/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of the security module. */
#include <stdio.h>

#include "base/mem.h"
#include "base/trusted_file.h"
#include "ras/module_pool.h"

enum {
    READY_MS = 10000, /* to load the module */
    BACK_OFF_FIRST_MS = 100,
    BACK_OFF_MAX_MS = 30000,
    STEADY_MS = 60000,     /* who ran so long begins with a short pause again */
    BEGIN_EXTRA_MS = 1000, /* the call's own limit comes first */
    WHY_BYTES = 512,
};

enum process_state { PROCESS_DOWN, PROCESS_STARTING, PROCESS_READY };

struct module_process {
    struct module_pool *pool;
    enum process_state state;
    struct module_child *child; /* NULL while it is down */
    uv_timer_t timer;           /* down: until it is started; else what it takes too long for */
    uint64_t beginning;         /* the call that it is in Begin for; 0: none */
    uint64_t started_ms, back_off_ms;
    struct module_call *calls;
    size_t n_calls;
};

struct module_pool {
    struct module_pool_args args;
    struct module_process *processes;
    size_t open_timers;
    struct module_call **slots; /* by the low bits of a call's number */
    struct module_call *queue, **queue_end;
    bool opening, closing;
    char why[WHY_BYTES]; /* while opening: what failed */
};

/* --- calls --------------------------------------------------------------------------------- */

static size_t
slot_of(uint64_t id)
{
    return (size_t)(id & ((1U << MODULE_SLOT_BITS) - 1));
}

static struct module_call *
call_of(const struct module_process *p, uint64_t id)
{
    size_t slot = slot_of(id);
    struct module_call *c = slot < p->pool->args.slots ? p->pool->slots[slot] : NULL;

    return c && c->id == id && c->process == p ? c : NULL;
}

static void
link_call(struct module_process *p, struct module_call *c)
{
    c->process = p;
    c->at = &p->calls;
    c->next = p->calls;
    if (c->next) {
        c->next->at = &c->next;
    }
    p->calls = c;
    p->n_calls++;
    p->pool->slots[slot_of(c->id)] = c;
}

static void
unlink_call(struct module_pool *pool, struct module_call *c)
{
    if (!c->process && !c->queued) {
        return;
    }
    *c->at = c->next;
    if (c->next) {
        c->next->at = c->at;
    } else if (c->queued) {
        pool->queue_end = c->at;
    }
    if (c->process) {
        c->process->n_calls--;
        pool->slots[slot_of(c->id)] = NULL;
    }
    c->process = NULL;
    c->queued = false;
}

static bool
is_free(const struct module_process *p)
{
    return p->state == PROCESS_READY && !p->beginning;
}

static struct module_process *
least_loaded(const struct module_pool *pool)
{
    struct module_process *best = NULL;

    for (size_t i = 0; i < pool->args.processes; i++) {
        struct module_process *p = &pool->processes[i];

        if (is_free(p) && (!best || p->n_calls < best->n_calls)) {
            best = p;
        }
    }
    return best;
}

bool
module_pool_is_free(const struct module_pool *pool)
{
    return !pool->queue && least_loaded(pool) != NULL;
}

static void on_begin_time(uv_timer_t *timer);

static void
begin_in(struct module_process *p, struct module_call *c)
{
    link_call(p, c);
    p->beginning = c->id;
    (void)uv_timer_start(&p->timer, on_begin_time, c->rules->begin_ms + BEGIN_EXTRA_MS, 0);
    module_child_send(p->child, &(struct host_msg){ .type = HOST_MSG_BEGIN,
                                                    .call = c->id,
                                                    .send_size = c->rules->send_size,
                                                    .size = c->rules->receive_size,
                                                    .text = bytes_of_string(c->device) });
}

void
module_pool_begin(struct module_pool *pool, struct module_call *c)
{
    struct module_process *p = pool->queue ? NULL : least_loaded(pool);

    if (p) {
        begin_in(p, c);
        return;
    }
    c->process = NULL;
    c->queued = true;
    c->next = NULL;
    c->at = pool->queue_end;
    *pool->queue_end = c;
    pool->queue_end = &c->next;
}

/* A process is out of Begin, or has come up. */
static void
on_free(struct module_process *p)
{
    struct module_pool *pool = p->pool;
    struct module_call *c = pool->queue;

    if (pool->opening || pool->closing) {
        return;
    }
    if (c) {
        unlink_call(pool, c);
        begin_in(p, c);
    } else {
        pool->args.events->ready(pool->args.owner);
    }
}

void
module_pool_send(struct module_call *c, struct host_msg *m)
{
    if (c->process) {
        m->call = c->id;
        module_child_send(c->process->child, m);
    }
}

void
module_pool_forget(struct module_pool *pool, struct module_call *c)
{
    module_pool_send(c, &(struct host_msg){ .type = HOST_MSG_FORGET });
    unlink_call(pool, c);
}

/* --- processes ----------------------------------------------------------------------------- */

static void start(struct module_process *p);

static void
on_start_time(uv_timer_t *timer)
{
    start(timer->data);
}

/* The child is gone, or is let go of, with its calls. */
static void
process_down(struct module_process *p, const char *why)
{
    struct module_pool *pool = p->pool;
    uint64_t now = uv_now(pool->args.child.loop);
    int pid = p->child ? module_child_pid(p->child) : 0;

    if (p->state == PROCESS_READY && now - p->started_ms > STEADY_MS) {
        p->back_off_ms = 0;
    }
    p->back_off_ms = p->back_off_ms ? 2 * p->back_off_ms : BACK_OFF_FIRST_MS;
    p->back_off_ms = p->back_off_ms < BACK_OFF_MAX_MS ? p->back_off_ms : BACK_OFF_MAX_MS;
    p->state = PROCESS_DOWN;
    p->child = NULL;
    p->beginning = 0;
    if (pool->opening || pool->closing) {
        (void)uv_timer_stop(&p->timer);
        (void)snprintf(pool->why, sizeof(pool->why), "%s", why);
        return;
    }
    (void)uv_timer_start(&p->timer, on_start_time, p->back_off_ms, 0);
    log_warning(pool->args.child.log, "a module process is down", log_number("process", pid),
                log_text("why", why), log_number("calls", (int64_t)p->n_calls),
                log_number("again_in_ms", (int64_t)p->back_off_ms));
    pool->args.events->process(pool->args.owner, pid, false, why);
    while (p->calls) {
        struct module_call *c = p->calls;

        unlink_call(pool, c);
        pool->args.events->died(c->owner);
    }
}

static void
process_kill(struct module_process *p, const char *why)
{
    struct module_child *child = p->child;

    if (child) {
        module_child_end(child, true);
        process_down(p, why);
    }
}

static void
on_begin_time(uv_timer_t *timer)
{
    struct module_process *p = timer->data;

    if (p->beginning) {
        process_kill(p, "Begin did not return in time");
    }
}

static void
on_ready_time(uv_timer_t *timer)
{
    process_kill(timer->data, "it took too long to load the module");
}

static void
take_ready(struct module_process *p, const struct host_msg *m)
{
    struct module_pool *pool = p->pool;
    char why[WHY_BYTES];

    if (p->state != PROCESS_STARTING || m->version != HOST_MSG_VERSION) {
        process_kill(p, p->state != PROCESS_STARTING ? "a second READY" : "another version");
        return;
    }
    if (m->error) {
        (void)snprintf(why, sizeof(why), "%.*s (error %u)", (int)m->text.n,
                       m->text.n ? (const char *)m->text.p : "", m->error);
        process_kill(p, why);
        return;
    }
    (void)uv_timer_stop(&p->timer);
    p->state = PROCESS_READY;
    p->started_ms = uv_now(pool->args.child.loop);
    log_info(pool->args.child.log, "the security module is loaded",
             log_text("module", pool->args.child.module),
             log_number("process", module_child_pid(p->child)));
    pool->args.events->process(pool->args.owner, module_child_pid(p->child), true, NULL);
    on_free(p);
}

static void
on_message(void *owner, const struct host_msg *m)
{
    struct module_process *p = owner;
    struct module_call *c;

    if (m->type == HOST_MSG_READY) {
        take_ready(p, m);
        return;
    }
    if (p->state != PROCESS_READY) {
        process_kill(p, "it spoke before READY");
        return;
    }
    c = call_of(p, m->call);
    if (m->type == HOST_MSG_BEGUN && m->call == p->beginning) {
        p->beginning = 0;
        (void)uv_timer_stop(&p->timer);
    }
    if (c) { /* else it crossed a FORGET */
        p->pool->args.events->message(c->owner, m);
    }
    if (m->type == HOST_MSG_BEGUN && is_free(p)) {
        on_free(p);
    }
}

static void
on_ended(void *owner, const char *why)
{
    process_down(owner, why);
}

static const struct module_child_events child_events = { on_message, on_ended };

static void
start(struct module_process *p)
{
    struct module_pool *pool = p->pool;
    const struct module_child_args *args = &pool->args.child;
    char why[WHY_BYTES];

    p->child = NULL;
    if (trusted_file_check(args->module, why, sizeof(why))) {
        p->child = module_child_start(args, &child_events, p, why, sizeof(why));
    }
    if (!p->child) {
        process_down(p, why);
        return;
    }
    p->state = PROCESS_STARTING;
    (void)uv_timer_start(&p->timer, on_ready_time, READY_MS, 0);
}

void
module_pool_kill(struct module_pool *pool, struct module_call *c, const char *why)
{
    struct module_process *p = c->process;

    unlink_call(pool, c);
    if (p) {
        process_kill(p, why);
    }
}

/* --- the pool ------------------------------------------------------------------------------ */

static bool
all_ready(const struct module_pool *pool)
{
    for (size_t i = 0; i < pool->args.processes; i++) {
        if (pool->processes[i].state != PROCESS_READY) {
            return false;
        }
    }
    return true;
}

static void
free_pool(struct module_pool *pool)
{
    mem_free(pool->processes);
    mem_free(pool->slots);
    mem_free(pool);
}

struct module_pool *
module_pool_open(const struct module_pool_args *args, char *why, size_t why_n)
{
    struct module_pool *pool = mem_new(sizeof(*pool));

    if (pool) {
        pool->args = *args;
        pool->queue_end = &pool->queue;
        pool->opening = true;
        pool->processes = mem_new_array(args->processes, sizeof(*pool->processes));
        pool->slots = mem_new_array(args->slots, sizeof(struct module_call *));
    }
    if (!pool || !pool->processes || !pool->slots) {
        if (pool) {
            free_pool(pool);
        }
        (void)snprintf(why, why_n, "no memory");
        return NULL;
    }
    for (size_t i = 0; i < args->processes; i++) {
        struct module_process *p = &pool->processes[i];

        p->pool = pool;
        (void)uv_timer_init(args->child.loop, &p->timer);
        p->timer.data = p;
        pool->open_timers++;
    }
    for (size_t i = 0; i < args->processes && !pool->why[0]; i++) {
        start(&pool->processes[i]);
    }
    while (!pool->why[0] && !all_ready(pool)) {
        (void)uv_run(args->child.loop, UV_RUN_ONCE);
    }
    pool->opening = false;
    if (pool->why[0]) {
        (void)snprintf(why, why_n, "%s", pool->why);
        module_pool_close(pool, true);
        return NULL;
    }
    return pool;
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct module_process *p = handle->data;

    if (--p->pool->open_timers == 0) {
        free_pool(p->pool);
    }
}

void
module_pool_close(struct module_pool *pool, bool at_once)
{
    pool->closing = true;
    for (size_t i = 0; i < pool->args.processes; i++) {
        struct module_process *p = &pool->processes[i];

        if (p->child) {
            module_child_end(p->child, at_once);
            p->child = NULL;
        }
        p->state = PROCESS_DOWN;
        uv_close((uv_handle_t *)&p->timer, on_timer_closed);
    }
}
