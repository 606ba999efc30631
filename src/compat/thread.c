/* SPDX-License-Identifier: Apache-2.0 */
/* Threads. They run detached: who wants to know of their end waits for their handle, which is set
 * when all of the thread's own code has run, destructors of thread-local objects included. */
#include "compat/thread.h"

#include <limits.h>
#include <process.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "compat/object.h"
#include "compat/token.h"

enum {
    STACK_BYTES = 1024 * 1024, /* as a Windows program's threads have unless it says otherwise */
    STACK_BYTES_MIN = 64 * 1024,
    OTHERS_MS = 50, /* how often it is looked whether threads that were not made here have ended */
};

struct thread {
    LPTHREAD_START_ROUTINE start;
    void(WINAPI *start_plain)(void *); /* of _beginthread: the handle closes itself at the end */
    LPVOID parameter;
    HANDLE self;
    DWORD exit_code;
    bool suspended; /* at first */
    bool stays;     /* the library's own */
};

static pthread_once_t made = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

/* --- the end of the process ---------------------------------------------------------------- */

/* The threads that were made here: those that are to end before the process does, and those that stay. */
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_less = PTHREAD_COND_INITIALIZER;
static size_t running, staying;
static DWORD last_code; /* of the thread that ended last */

static void
count_start(bool stays)
{
    pthread_mutex_lock(&counting);
    ++*(stays ? &staying : &running);
    pthread_mutex_unlock(&counting);
}

static void
count_end(bool stays, DWORD code)
{
    pthread_mutex_lock(&counting);
    --*(stays ? &staying : &running);
    last_code = code;
    pthread_cond_signal(&one_less);
    pthread_mutex_unlock(&counting);
}

/* In a child of fork() none of them is. */
static void
forget_all(void)
{
    pthread_mutex_init(&counting, NULL);
    pthread_cond_init(&one_less, NULL);
    running = staying = 0;
}

/* Whether the program has made threads by itself that run. The directory has a link for each thread. */
static bool
has_others(size_t known)
{
    struct stat tasks;

    return stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink > 2 + 1 + known;
}

/* The end of the thread that the process began with. On Windows the process ends with the last thread, and
 * so with that one's code; here it would not, where the library has threads of its own. */
static void
end_with_the_last(DWORD code)
{
    size_t known;

    pthread_mutex_lock(&counting);
    last_code = code;
    pthread_mutex_unlock(&counting);
    object_abandon_all();
    do {
        pthread_mutex_lock(&counting);
        while (running > 0) {
            pthread_cond_wait(&one_less, &counting);
        }
        code = last_code;
        known = staying;
        pthread_mutex_unlock(&counting);
        if (!has_others(known)) {
            exit((int)code);
        }
        Sleep(OTHERS_MS);
    } while (true);
}

/* --- threads ------------------------------------------------------------------------------- */

/* The end of a thread, after everything else in it. Its handle may have been closed long ago. */
static void
finish(void *at_end)
{
    struct thread *t = at_end;
    struct object *o;

    object_abandon_all();
    object_lock();
    o = object_find(t->self, OBJECT_THREAD);
    if (o) {
        o->exit_code = t->exit_code;
        o->set = true;
        object_wake(o);
        if (t->start_plain) {
            object_close(t->self);
        }
    }
    object_unlock();
    count_end(t->stays, t->exit_code);
    mem_free(t);
}

static void
make_key(void)
{
    key_error = pthread_key_create(&key, finish);
    (void)pthread_atfork(NULL, NULL, forget_all);
}

/* Says who it is and waits until it may run; false: it was closed before it ever did. */
static bool
may_run(const struct thread *t)
{
    struct object *o;

    object_lock();
    o = object_find(t->self, OBJECT_THREAD);
    if (o) {
        o->thread_id = (DWORD)gettid();
        object_wake(o);
    }
    while ((o = object_find(t->self, OBJECT_THREAD)) && o->suspended) {
        object_sleep(t->self);
    }
    object_unlock();
    return o || !t->suspended;
}

static void *
begin(void *thread)
{
    struct thread *t = thread;

    pthread_setspecific(key, t);
    if (!may_run(t)) {
        return NULL;
    }
    if (t->start_plain) {
        t->start_plain(t->parameter);
    } else {
        t->exit_code = t->start(t->parameter);
    }
    return NULL;
}

/* Without STACK_SIZE_PARAM_IS_A_RESERVATION the size is what is there at first; the stack grows. */
static size_t
stack_bytes(SIZE_T size, DWORD flags)
{
    const size_t least =
        flags & STACK_SIZE_PARAM_IS_A_RESERVATION && size ? STACK_BYTES_MIN : STACK_BYTES;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return size <= least || size > SIZE_MAX - page ? least : (size + page - 1) / page * page;
}

static bool
start_detached(struct thread *t, size_t stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool started;

    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_attr_setstacksize(&attributes, stack) == 0 &&
              pthread_create(&thread, &attributes, begin, t) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/* A thread begins as the process, whoever made it: the kernel would have it begin as the client that
 * its maker acts as. */
static bool
start_as_process(struct thread *t, size_t stack)
{
    HANDLE client = NULL;
    SECURITY_STATUS status = OpenSspiOpenThreadToken(&client);
    bool started;

    if (status == SEC_E_NO_IMPERSONATION) {
        return start_detached(t, stack);
    }
    if (status != SEC_E_OK) {
        return false;
    }
    (void)OpenSspiImpersonateToken(NULL);
    started = start_detached(t, stack);
    if (OpenSspiImpersonateToken(client) != SEC_E_OK) {
        abort(); /* a server that takes itself for the client must do nothing more */
    }
    (void)OpenSspiCloseToken(client);
    return started;
}

static HANDLE
open_thread(bool suspended)
{
    HANDLE handle;

    object_lock();
    handle = object_open(&(struct object){
        .kind = OBJECT_THREAD, .manual = true, .suspended = suspended, .exit_code = STILL_ACTIVE });
    object_unlock();
    return handle;
}

/* Waits until a thread has said who it is. */
static DWORD
id_of(HANDLE handle)
{
    struct object *o;
    DWORD id = 0;

    object_lock();
    while ((o = object_find(handle, OBJECT_THREAD)) && o->thread_id == 0) {
        object_sleep(handle);
    }
    if (o) {
        id = o->thread_id;
    }
    object_unlock();
    return id;
}

static HANDLE
create(const struct thread *what, SIZE_T stack, DWORD flags)
{
    struct thread *t = mem_dup(what, sizeof(*what));
    HANDLE handle = NULL;

    pthread_once(&made, make_key);
    if (t && key_error == 0) {
        handle = open_thread(flags & CREATE_SUSPENDED);
    }
    if (!handle) {
        mem_free(t);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    t->self = handle;
    t->suspended = flags & CREATE_SUSPENDED;
    count_start(t->stays);
    if (!start_as_process(t, stack_bytes(stack, flags))) {
        count_end(t->stays, 0);
        mem_free(t);
        CloseHandle(handle);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    return handle;
}

HANDLE
CreateThread(LPSECURITY_ATTRIBUTES lpThreadAttributes, SIZE_T dwStackSize,
             LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter, DWORD dwCreationFlags,
             LPDWORD lpThreadId)
{
    const struct thread what = { .start = lpStartAddress, .parameter = lpParameter };
    HANDLE handle;

    if (!lpStartAddress ||
        dwCreationFlags & ~(DWORD)(CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    handle = create(&what, dwStackSize, dwCreationFlags);
    if (handle && lpThreadId) {
        *lpThreadId = id_of(handle);
    }
    return handle;
}

bool
compat_thread_start(LPTHREAD_START_ROUTINE run, LPVOID parameter, bool stays)
{
    const struct thread what = { .start = run, .parameter = parameter, .stays = stays };
    sigset_t all, before;
    HANDLE thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = create(&what, 0, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (thread) {
        CloseHandle(thread);
    }
    return thread != NULL;
}

uintptr_t
_beginthreadex(void *security, unsigned stack_size, unsigned(WINAPI *start_address)(void *),
               void *arglist, unsigned initflag, unsigned *thrdaddr)
{
    return (uintptr_t)CreateThread(security, stack_size, start_address, arglist, initflag,
                                   thrdaddr);
}

uintptr_t
_beginthread(void(WINAPI *start_address)(void *), unsigned stack_size, void *arglist)
{
    const struct thread what = { .start_plain = start_address, .parameter = arglist };
    HANDLE handle;

    if (!start_address) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return (uintptr_t)-1;
    }
    handle = create(&what, stack_size, 0);
    return handle ? (uintptr_t)handle : (uintptr_t)-1;
}

void
ExitThread(DWORD dwExitCode)
{
    struct thread *t;

    pthread_once(&made, make_key);
    t = key_error == 0 ? pthread_getspecific(key) : NULL;
    if (t) {
        t->exit_code = dwExitCode;
    } else if (gettid() == getpid()) {
        end_with_the_last(dwExitCode);
    }
    pthread_exit(NULL);
}

void
_endthreadex(unsigned retval)
{
    ExitThread(retval);
}

void
_endthread(void)
{
    ExitThread(0);
}

DWORD
ResumeThread(HANDLE hThread)
{
    struct object *o;
    DWORD before = (DWORD)-1;

    object_lock();
    o = object_find(hThread, OBJECT_THREAD);
    if (o) {
        before = o->suspended;
        o->suspended = false;
        object_wake(o);
    }
    object_unlock();
    if (!o) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return before;
}

BOOL
GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode)
{
    const struct object *o;

    if (!lpExitCode) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    object_lock();
    o = object_find(hThread, OBJECT_THREAD);
    if (o) {
        *lpExitCode = o->exit_code;
    }
    object_unlock();
    if (!o) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return o != NULL;
}

DWORD
GetCurrentThreadId(void)
{
    return (DWORD)gettid();
}

DWORD
GetCurrentProcessId(void)
{
    return (DWORD)getpid();
}

void
ExitProcess(UINT uExitCode)
{
    exit((int)uExitCode);
}

BOOL
SwitchToThread(void)
{
    return sched_yield() == 0;
}
