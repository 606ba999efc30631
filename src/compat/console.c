/* SPDX-License-Identifier: Apache-2.0 */
/* SetConsoleCtrlHandler: signals, told to functions in threads. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/mem.h"
#include "compat/error.h"
#include "compat/thread.h"

static const struct signal_event {
    int number;
    DWORD event;
} signals[] = {
    { SIGINT, CTRL_C_EVENT },
    { SIGQUIT, CTRL_BREAK_EVENT },
    { SIGTERM, CTRL_CLOSE_EVENT },
    { SIGHUP, CTRL_CLOSE_EVENT },
};

/* One call changes something at a time; to make a thread takes locks that fork() may take before `lock`,
 * so it has one of its own for that. */
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these two, after the other */
static PHANDLER_ROUTINE *handlers;                       /* in the order in which they were added */
static size_t count;
static sigset_t usual_mask; /* of who added the first: what functions run with */

/* What on_signal() touches. */
static atomic_int owner; /* the process that has the thread which waits; 0: none */
static sem_t arrived;
static atomic_int pending[SEC_ARRAY_LEN(signals)];

/* --- signals ------------------------------------------------------------------------------- */

/* What becomes of a process without functions. Returns in the first one of a container alone, which has no
 * default actions. */
static void
end_by(int number)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t set;

    sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
    (void)raise(number);
    sigemptyset(&set);
    sigaddset(&set, number);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void
on_signal(int number)
{
    const int before = errno;

    if (atomic_load(&owner) != getpid()) {
        end_by(number); /* in a child of fork() */
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(signals); i++) {
        if (signals[i].number == number) {
            atomic_fetch_add(&pending[i], 1);
            (void)sem_post(&arrived);
        }
    }
    errno = before;
}

/* Changes what becomes of a signal, where it is one of these two now. */
static void
replace(int number, void (*either)(int), void (* or)(int), void (*by)(int))
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
        (action.sa_handler == either || action.sa_handler == or)) {
        action = (struct sigaction){ .sa_handler = by, .sa_flags = SA_RESTART | SA_ONSTACK };
        sigemptyset(&action.sa_mask);
        (void)sigaction(number, &action, NULL);
    }
}

static void
take_signals(void)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(signals); i++) {
        replace(signals[i].number, SIG_DFL, SIG_DFL, on_signal);
    }
}

static void
give_signals_back(void)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(signals); i++) {
        replace(signals[i].number, on_signal, on_signal, SIG_DFL);
    }
}

/* --- threads ------------------------------------------------------------------------------- */

/* The i-th; NULL: there are not so many. */
static PHANDLER_ROUTINE
handler_at(size_t i)
{
    PHANDLER_ROUTINE found;

    pthread_mutex_lock(&lock);
    found = i < count ? handlers[i] : NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

static bool
is_handled(DWORD event)
{
    size_t i;
    bool handled = false;

    pthread_mutex_lock(&lock);
    i = count;
    pthread_mutex_unlock(&lock);
    while (!handled && i-- > 0) {
        const PHANDLER_ROUTINE handler = handler_at(i);
        handled = handler && handler(event);
    }
    return handled;
}

static DWORD WINAPI
tell(LPVOID parameter)
{
    const struct signal_event *s = parameter;

    (void)pthread_sigmask(SIG_SETMASK, &usual_mask, NULL);
    if (!is_handled(s->event) || s->event == CTRL_CLOSE_EVENT) {
        end_by(s->number);
        _exit(128 + s->number);
    }
    return 0;
}

static DWORD WINAPI
wait_for_signals(LPVOID unused)
{
    (void)unused;
    for (;;) {
        while (sem_wait(&arrived) != 0) {
        }
        for (size_t i = 0; i < SEC_ARRAY_LEN(signals); i++) {
            while (atomic_load(&pending[i]) > 0) {
                atomic_fetch_sub(&pending[i], 1);
                if (!compat_thread_start(tell, (LPVOID)&signals[i], false)) {
                    (void)tell((LPVOID)&signals[i]);
                }
            }
        }
    }
    return 0;
}

/* --- fork() -------------------------------------------------------------------------------- */

static void
lock_for_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void
unlock_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* The thread that waits is the parent's. */
static void
forget_all(void)
{
    give_signals_back();
    atomic_store(&owner, 0);
    count = 0;
    pthread_mutex_init(&changing, NULL);
    pthread_mutex_unlock(&lock);
}

static void
watch_fork(void)
{
    (void)pthread_atfork(lock_for_fork, unlock_after_fork, forget_all);
}

/* --- the function -------------------------------------------------------------------------- */

/* There is a thread that waits. Without the lock. */
static bool
start(void)
{
    if (atomic_load(&owner) == getpid()) {
        return true;
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(signals); i++) {
        atomic_store(&pending[i], 0);
    }
    (void)pthread_sigmask(SIG_SETMASK, NULL, &usual_mask);
    if (sem_init(&arrived, 0, 0) != 0 || !compat_thread_start(wait_for_signals, NULL, true)) {
        return false;
    }
    atomic_store(&owner, getpid());
    return true;
}

/* Below: with it. */

static DWORD
add(PHANDLER_ROUTINE handler)
{
    PHANDLER_ROUTINE *grown = mem_resize(handlers, (count + 1) * sizeof(PHANDLER_ROUTINE));

    if (!grown) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    handlers = grown;
    handlers[count] = handler;
    if (count++ == 0) {
        take_signals();
    }
    return ERROR_SUCCESS;
}

/* The one that was added last. */
static DWORD
take_away(PHANDLER_ROUTINE handler)
{
    size_t i = count;

    while (i > 0 && handlers[i - 1] != handler) {
        i--;
    }
    if (i == 0) {
        return ERROR_INVALID_PARAMETER;
    }
    for (; i < count; i++) {
        handlers[i - 1] = handlers[i];
    }
    if (--count == 0) {
        give_signals_back();
    }
    return ERROR_SUCCESS;
}

static DWORD
ignore_interrupts(bool ignore)
{
    if (ignore) {
        replace(SIGINT, SIG_DFL, on_signal, SIG_IGN);
    } else {
        replace(SIGINT, SIG_IGN, SIG_IGN, count > 0 ? on_signal : SIG_DFL);
    }
    return ERROR_SUCCESS;
}

/* Above: with it. */

BOOL
SetConsoleCtrlHandler(PHANDLER_ROUTINE HandlerRoutine, BOOL Add)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    DWORD error = ERROR_SUCCESS;

    (void)pthread_once(&watched, watch_fork);
    pthread_mutex_lock(&changing);
    if (HandlerRoutine && Add && !start()) {
        error = ERROR_NOT_ENOUGH_MEMORY;
    }
    pthread_mutex_lock(&lock);
    if (error == ERROR_SUCCESS) {
        error = !HandlerRoutine ? ignore_interrupts(Add != FALSE)
                : Add           ? add(HandlerRoutine)
                                : take_away(HandlerRoutine);
    }
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&changing);
    return compat_error_answer(error);
}
