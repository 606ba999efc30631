/* SPDX-License-Identifier: Apache-2.0 */
/* Begin and End, when rasd asks for them. */
#include <pthread.h>
#include <unistd.h>
#include <windows.h>

#include "base/mem.h"
#include "ras/module_host/calls.h"
#include "ras/module_host/dialog.h"
#include "ras/module_host/link.h"
#include "ras/module_host/server.h"

enum { BUFFER_MAX = 65535 }; /* lengths are WORDs */

static const struct module *module;
static const struct log *server_log;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static struct calls_call *first_to_begin, **last_to_begin = &first_to_begin;
static bool stopping;

/* A dialogue in this process; sticks to what rasd said of it. */
struct dialog {
    uint64_t number;
    HPORT handle;
};

/* --- End ----------------------------------------------------------------------------------- */

static void *
call_end(void *dialog)
{
    const struct dialog d = *(struct dialog *)dialog;
    struct host_msg m = { .type = HOST_MSG_ENDED, .call = d.number };
    struct calls_call *c;

    mem_free(dialog);
    m.error = module->end(d.handle);
    calls_lock();
    c = calls_by_number(d.number);
    c->ending = false;
    c->over = m.error != NO_ERROR;
    link_answer(&m);
    calls_unlock();
    return NULL;
}

/* The worker may wait for what this thread would have to hear from rasd: so another one calls. */
static void
start_end(struct calls_call *c)
{
    struct dialog *d = mem_new(sizeof(*d));
    pthread_attr_t detached;
    pthread_t thread;

    c->end_wanted = false;
    c->ending = true;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (d) {
        *d = (struct dialog){ c->number, c->handle };
    }
    if (!d || pthread_create(&thread, &detached, call_end, d) != 0) {
        log_error(server_log, "no thread for the end of a call");
        _exit(1);
    }
    pthread_attr_destroy(&detached);
}

static void
on_end(const struct host_msg *m)
{
    struct calls_call *c;

    calls_lock();
    c = calls_by_number(m->call);
    if (!c || c->ended) {
        link_nonsense("the end of a call that has none");
    }
    c->ended = true;
    calls_end_checks(c);
    if (c->beginning) {
        c->end_wanted = true;
    } else {
        start_end(c);
    }
    calls_unlock();
}

static void
on_forget(const struct host_msg *m)
{
    struct calls_call *c;

    calls_lock();
    c = calls_by_number(m->call);
    if (c && (c->beginning || c->ending)) {
        link_nonsense("a call forgotten that is in use");
    }
    if (c) {
        calls_remove(c);
    }
    calls_unlock();
}

/* --- Begin --------------------------------------------------------------------------------- */

static void
answer_begin(uint64_t number, DWORD error)
{
    const struct host_msg m = { .type = HOST_MSG_BEGUN, .call = number, .error = error };

    link_answer(&m);
}

static size_t
buffer_size(uint32_t asked_for)
{
    return asked_for < BUFFER_MAX ? asked_for : BUFFER_MAX;
}

static void
on_begin(const struct host_msg *m)
{
    struct calls_call *c;

    calls_lock();
    if (calls_by_number(m->call) || m->send_size == 0 || m->size == 0) {
        link_nonsense("a call that is there already, or without buffers");
    }
    c = calls_add(m->call, buffer_size(m->send_size), buffer_size(m->size), m->text);
    if (c) {
        c->beginning = true;
        *last_to_begin = c;
        last_to_begin = &c->next_to_begin;
        pthread_cond_signal(&asked);
    } else {
        answer_begin(m->call, ERROR_OUT_OF_BUFFERS);
    }
    calls_unlock();
}

static void
begin(struct calls_call *c)
{
    const struct dialog d = { c->number, c->handle };
    const struct guard send = c->send, receive = c->receive;
    DWORD error;

    calls_unlock();
    error = module->begin(d.handle, send.p, (DWORD)send.n, receive.p, (DWORD)receive.n,
                          RasSecurityDialogComplete);
    calls_lock();
    c->beginning = false; /* which kept it from being forgotten */
    c->over = error != NO_ERROR;
    answer_begin(d.number, error);
    if (c->end_wanted) {
        start_end(c);
    }
}

/* --- both ---------------------------------------------------------------------------------- */

static void
on_stop(void)
{
    calls_lock();
    stopping = true;
    pthread_cond_signal(&asked);
    calls_unlock();
}

static void *
listen_to_rasd(void *unused)
{
    (void)unused;
    for (;;) {
        const struct host_msg m = link_receive();

        switch (m.type) {
        case HOST_MSG_BEGIN: on_begin(&m); break;
        case HOST_MSG_RECEIVED: dialog_on_received(&m); break;
        case HOST_MSG_END: on_end(&m); break;
        case HOST_MSG_FORGET: on_forget(&m); break;
        case HOST_MSG_OTP_RESULT: dialog_on_otp_result(&m); break;
        case HOST_MSG_STOP: on_stop(); return NULL;
        default: link_nonsense("a message of that type, now");
        }
    }
}

size_t
server_run(const struct module *loaded, const struct log *log)
{
    pthread_t listener;
    size_t left;

    module = loaded;
    server_log = log;
    if (pthread_create(&listener, NULL, listen_to_rasd, NULL) != 0) {
        log_error(log, "no thread to listen to rasd");
        _exit(1);
    }
    pthread_detach(listener);
    calls_lock();
    while (!stopping) {
        struct calls_call *c = first_to_begin;

        if (!c) {
            calls_wait(&asked);
            continue;
        }
        first_to_begin = c->next_to_begin;
        last_to_begin = first_to_begin ? last_to_begin : &first_to_begin;
        begin(c);
    }
    left = calls_count();
    calls_unlock();
    return left;
}
