/* SPDX-License-Identifier: Apache-2.0 */
/* Signals, told to functions: each test is a process of its own, which signals itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <windows.h>

static const int numbers[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

static HANDLE told;
static LONG volatile asked[8]; /* what the handlers were asked, in order */
static LONG volatile asked_count;

/* How the child ended: its code, or less than 0, the signal. */
static int
end_of(void (*run)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        for (size_t i = 0; i < ARRAYSIZE(numbers); i++) {
            signal(numbers[i], SIG_DFL); /* whoever runs the tests may ignore some */
        }
        told = CreateEventA(NULL, FALSE, FALSE, NULL);
        run();
        _exit(100);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* In a child. */
static void
check(bool right, int line)
{
    if (!right) {
        _exit(line & 0x7f ? line & 0x7f : 1);
    }
}
#define CHECK(right) check(right, __LINE__)

static void
wait_until_told(void)
{
    CHECK(WaitForSingleObject(told, INFINITE) == WAIT_OBJECT_0);
}

static void
note(LONG what)
{
    asked[InterlockedIncrement(&asked_count) - 1] = what;
}

static BOOL WINAPI
first(DWORD event)
{
    note(100 + (LONG)event);
    CHECK(GetCurrentThreadId() != (DWORD)getpid());
    SetEvent(told);
    return TRUE;
}

static BOOL WINAPI
second(DWORD event)
{
    note(200 + (LONG)event);
    return FALSE;
}

static void
asks_the_last_first(void)
{
    CHECK(SetConsoleCtrlHandler(first, TRUE) && SetConsoleCtrlHandler(second, TRUE));
    raise(SIGINT);
    wait_until_told();
    raise(SIGQUIT);
    wait_until_told();
    CHECK(asked_count == 4 && asked[0] == 200 && asked[1] == 100);
    CHECK(asked[2] == 201 && asked[3] == 101);
    CHECK(SetConsoleCtrlHandler(second, FALSE));
    raise(SIGINT);
    wait_until_told();
    CHECK(asked_count == 5 && asked[4] == 100);
    _exit(0);
}

static void
nobody_handles_it(void)
{
    CHECK(SetConsoleCtrlHandler(second, TRUE));
    raise(SIGINT);
    Sleep(INFINITE);
}

static int ends[2];

static BOOL WINAPI
tidy_up(DWORD event)
{
    const char byte = (char)event;

    return write(ends[1], &byte, 1) == 1;
}

static void
is_closed(void)
{
    CHECK(SetConsoleCtrlHandler(tidy_up, TRUE));
    raise(SIGTERM);
    Sleep(INFINITE);
}

static void
hangs_up(void)
{
    CHECK(SetConsoleCtrlHandler(tidy_up, TRUE));
    raise(SIGHUP);
    Sleep(INFINITE);
}

static void
test_console__asks_the_last_first(void **state)
{
    assert_int_equal(end_of(asks_the_last_first), 0);
}

static void
test_console__ends_what_nobody_handles(void **state)
{
    assert_int_equal(end_of(nobody_handles_it), -SIGINT);
}

/* And what is closed, when its handler is done. */
static void
test_console__ends_what_is_closed(void **state)
{
    char events[2] = { 0 };

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(end_of(is_closed), -SIGTERM);
    assert_int_equal(end_of(hangs_up), -SIGHUP);
    assert_int_equal(read(ends[0], events, 2), 2);
    assert_int_equal(events[0], CTRL_CLOSE_EVENT);
    assert_int_equal(events[1], CTRL_CLOSE_EVENT);
    close(ends[0]);
    close(ends[1]);
}

static bool
is_set_to(int number, void (*handler)(int))
{
    struct sigaction now;

    return sigaction(number, NULL, &now) == 0 && now.sa_handler == handler;
}

static void
own_handler(int number)
{
}

static void
takes_what_is_free(void)
{
    signal(SIGTERM, own_handler);
    signal(SIGHUP, SIG_IGN);
    CHECK(SetConsoleCtrlHandler(first, TRUE) && SetConsoleCtrlHandler(first, TRUE));
    CHECK(is_set_to(SIGTERM, own_handler) && is_set_to(SIGHUP, SIG_IGN));
    CHECK(!is_set_to(SIGINT, SIG_DFL) && !is_set_to(SIGQUIT, SIG_DFL));
    CHECK(SetConsoleCtrlHandler(first, FALSE));
    CHECK(!is_set_to(SIGINT, SIG_DFL));
    signal(SIGQUIT, own_handler);
    CHECK(SetConsoleCtrlHandler(first, FALSE));
    CHECK(is_set_to(SIGINT, SIG_DFL) && is_set_to(SIGQUIT, own_handler));
    CHECK(is_set_to(SIGTERM, own_handler) && is_set_to(SIGHUP, SIG_IGN));
    CHECK(!SetConsoleCtrlHandler(first, FALSE) && GetLastError() == ERROR_INVALID_PARAMETER);
    _exit(0);
}

static void
test_console__takes_what_the_program_leaves(void **state)
{
    assert_int_equal(end_of(takes_what_is_free), 0);
}

static void
ignores_interrupts(void)
{
    CHECK(SetConsoleCtrlHandler(NULL, TRUE) && is_set_to(SIGINT, SIG_IGN));
    CHECK(SetConsoleCtrlHandler(NULL, FALSE) && is_set_to(SIGINT, SIG_DFL));
    CHECK(SetConsoleCtrlHandler(NULL, TRUE));
    CHECK(SetConsoleCtrlHandler(first, TRUE) && is_set_to(SIGINT, SIG_IGN));
    CHECK(SetConsoleCtrlHandler(NULL, FALSE) && !is_set_to(SIGINT, SIG_DFL));
    raise(SIGINT);
    wait_until_told();
    CHECK(SetConsoleCtrlHandler(NULL, TRUE) && is_set_to(SIGINT, SIG_IGN));
    signal(SIGINT, own_handler);
    CHECK(SetConsoleCtrlHandler(NULL, TRUE) && SetConsoleCtrlHandler(NULL, FALSE));
    CHECK(is_set_to(SIGINT, own_handler));
    _exit(0);
}

static void
test_console__ignores_interrupts(void **state)
{
    assert_int_equal(end_of(ignores_interrupts), 0);
}

static HANDLE other_came;

static BOOL WINAPI
wait_for_the_other(DWORD event)
{
    if (event == CTRL_BREAK_EVENT) {
        SetEvent(other_came);
    } else {
        WaitForSingleObject(other_came, INFINITE);
        SetEvent(told);
    }
    return TRUE;
}

/* Each signal has a thread of its own. */
static void
one_waits_for_another(void)
{
    other_came = CreateEventA(NULL, TRUE, FALSE, NULL);
    CHECK(SetConsoleCtrlHandler(wait_for_the_other, TRUE));
    raise(SIGINT);
    raise(SIGQUIT);
    wait_until_told();
    _exit(0);
}

static void
test_console__handlers_do_not_wait_for_each_other(void **state)
{
    assert_int_equal(end_of(one_waits_for_another), 0);
}

static BOOL WINAPI
look_at_mask(DWORD event)
{
    sigset_t set;

    note(pthread_sigmask(SIG_SETMASK, NULL, &set) != 0 || sigismember(&set, SIGUSR1));
    SetEvent(told);
    return TRUE;
}

/* So that children of a handler have what the program's children have. */
static void
handlers_have_the_usual_mask(void)
{
    CHECK(SetConsoleCtrlHandler(look_at_mask, TRUE));
    raise(SIGINT);
    wait_until_told();
    CHECK(asked_count == 1 && asked[0] == 0);
    _exit(0);
}

static void
test_console__blocks_nothing(void **state)
{
    assert_int_equal(end_of(handlers_have_the_usual_mask), 0);
}

/* A child has its parent's handlers no more, and may have some of its own. */
static void
forks(void)
{
    int status = 0;
    pid_t child;

    CHECK(SetConsoleCtrlHandler(first, TRUE));
    child = fork();
    if (child == 0) {
        CHECK(is_set_to(SIGINT, SIG_DFL) && is_set_to(SIGTERM, SIG_DFL));
        CHECK(!SetConsoleCtrlHandler(first, FALSE));
#ifndef __SANITIZE_THREAD__ /* which wants no threads there */
        CHECK(SetConsoleCtrlHandler(first, TRUE));
        raise(SIGINT);
        wait_until_told();
#endif
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    raise(SIGINT);
    wait_until_told();
    CHECK(asked_count == 1);
    _exit(0);
}

static void
test_console__children_have_no_handlers(void **state)
{
    assert_int_equal(end_of(forks), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_console__asks_the_last_first),
        cmocka_unit_test(test_console__ends_what_nobody_handles),
        cmocka_unit_test(test_console__ends_what_is_closed),
        cmocka_unit_test(test_console__takes_what_the_program_leaves),
        cmocka_unit_test(test_console__ignores_interrupts),
        cmocka_unit_test(test_console__handlers_do_not_wait_for_each_other),
        cmocka_unit_test(test_console__blocks_nothing),
        cmocka_unit_test(test_console__children_have_no_handlers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
