/* SPDX-License-Identifier: Apache-2.0 */
/* Processes below a process: they end with it, wherever they hide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "execd/descendants.h"

enum { PATIENCE_MS = 120000, DEEP = 4 };

static uint64_t
deadline(void)
{
    return clock_monotonic_ms() + PATIENCE_MS;
}

/* A daemon and its children, so many deep: each in a session of its own, deaf to what asks politely;
 * each has to_us as long as it lives. */
static void
become_family(int to_us)
{
    for (int depth = DEEP;; depth--) {
        (void)setsid();
        (void)signal(SIGHUP, SIG_IGN);
        (void)signal(SIGTERM, SIG_IGN);
        if (depth == 0 || fork() != 0) {
            break;
        }
    }
    (void)!write(to_us, "x", 1);
    for (;;) {
        (void)pause();
    }
}

static bool
has_no_child(void)
{
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

/* What is left of a process that is gone: so many deep. */
static int
leave_family(void)
{
    int pipes[2], status;
    char told[DEEP + 1];
    size_t n = 0;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            become_family(pipes[1]);
        }
        _exit(7);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    (void)close(pipes[1]);
    while (n < sizeof(told)) {
        ssize_t got = read(pipes[0], told, sizeof(told) - n);

        assert_true(got > 0);
        n += (size_t)got;
    }
    return pipes[0];
}

static void
test_end__whoever_hides_below(void **state)
{
    char one;
    int fd;

    (void)state;
    assert_true(descendants_adopt());
    fd = leave_family();
    assert_true(descendants_end(deadline()));
    assert_true(has_no_child());
    assert_int_equal(read(fd, &one, 1), 0); /* nobody has the other end any more */
    (void)close(fd);
    assert_true(descendants_end(0)); /* nobody is there */
}

static bool
is_it(const void *user, pid_t pid)
{
    return pid == *(const pid_t *)user;
}

static void
test_kill__who_is_spared_lives(void **state)
{
    pid_t spared = fork(), other;

    (void)state;
    if (spared == 0) {
        (void)pause();
        _exit(0);
    }
    other = fork();
    if (other == 0) {
        (void)pause();
        _exit(0);
    }
    assert_true(descendants_kill(is_it, &spared));
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
    assert_true(descendants_end(deadline()));
}

/* Of one whose status is wanted nothing is taken. */
static void
test_reap__leaves_the_one(void **state)
{
    siginfo_t info = { 0 };
    pid_t one, wanted;
    int status;

    (void)state;
    one = fork();
    if (one == 0) {
        _exit(3);
    }
    assert_int_equal(waitid(P_PID, (id_t)one, &info, WEXITED | WNOWAIT), 0);
    descendants_reap(0);
    assert_true(has_no_child());
    wanted = fork();
    if (wanted == 0) {
        _exit(5);
    }
    assert_int_equal(waitid(P_PID, (id_t)wanted, &info, WEXITED | WNOWAIT), 0);
    descendants_reap(wanted);
    assert_int_equal(waitpid(wanted, &status, 0), wanted);
    assert_int_equal(WEXITSTATUS(status), 5);
}

/* As of one whose place this process took. */
static void
test_has_others__a_child(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    assert_false(descendants_has_others());
    pid = fork();
    if (pid == 0) {
        for (;;) {
            (void)pause();
        }
    }
    assert_true(pid > 0);
    assert_true(descendants_has_others());
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_false(descendants_has_others());
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_has_others__a_child),
        cmocka_unit_test(test_end__whoever_hides_below),
        cmocka_unit_test(test_kill__who_is_spared_lives),
        cmocka_unit_test(test_reap__leaves_the_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
