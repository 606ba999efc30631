/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd passes: sockets, and that it watches. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/activation.h"
#include "daemon/key.h"
#include "daemon/notify.h"

static const struct log quiet = { .fd = -1, .program = "testd" };

/* Descriptor 3: a socket of 127.0.0.1. 4: a pipe's end. */
static struct sockaddr_in6
make_descriptors(void)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in6 address;
    socklen_t n = sizeof(v4);
    int fd = socket(AF_INET, SOCK_STREAM, 0), ends[2];
    char text[64];

    assert_int_equal(bind(fd, (const struct sockaddr *)&v4, n), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&v4, &n), 0);
    assert_int_equal(pipe(ends), 0);
    fd = fcntl(fd, F_DUPFD, 20);
    ends[0] = fcntl(ends[0], F_DUPFD, 20);
    for (int i = 3; i < 20; i++) {
        (void)close(i);
    }
    assert_int_equal(dup2(fd, 3), 3);
    assert_int_equal(dup2(ends[0], 4), 4);
    (void)snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(v4.sin_port));
    assert_true(key_parse_address(text, &address));
    return address;
}

static void
set_environment(int pid, const char *fds, const char *names)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%d", pid);
    (void)setenv("LISTEN_PID", text, 1);
    (void)setenv("LISTEN_FDS", fds, 1);
    (void)setenv("LISTEN_FDNAMES", names, 1);
}

static void
test_activation__by_name_and_address__once(void **state)
{
    struct sockaddr_in6 address = make_descriptors(), other = address, any = address;
    struct activation a;
    char why[200] = "";

    (void)state;
    set_environment((int)getpid(), "2", "web:pipe");
    activation_begin(&a, &quiet);
    assert_int_equal(a.n, 2);
    assert_null(getenv("LISTEN_FDS"));
    assert_int_equal(fcntl(3, F_GETFD), FD_CLOEXEC);
    assert_int_equal(activation_take(&a, "nobody", &address, why, sizeof(why)), -1);
    assert_int_equal(activation_take(&a, "pipe", &address, why, sizeof(why)), -2);
    assert_non_null(strstr(why, "not a TCP socket that listens"));
    other.sin6_addr.s6_addr[15] = 2;
    assert_int_equal(activation_take(&a, "web", &other, why, sizeof(why)), -2);
    assert_non_null(strstr(why, "another address"));
    any.sin6_port = 0;
    assert_int_equal(activation_take(&a, "web", &any, why, sizeof(why)), 3);
    assert_true(fcntl(3, F_GETFL) & O_NONBLOCK);
    assert_int_equal(activation_take(&a, "web", &address, why, sizeof(why)), -1);
    activation_end(&a, &quiet);
    assert_int_equal(fcntl(4, F_GETFD), -1);
    assert_true(fcntl(3, F_GETFD) >= 0);
}

static void
test_activation_begin__not_for_us__none(void **state)
{
    static const struct {
        int pid; /* 0: ours */
        const char *fds;
    } rows[] = { { 1, "2" }, { 0, "0" }, { 0, "-1" }, { 0, "65" }, { 0, "2x" }, { 0, "" } };
    struct activation a;

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        set_environment(rows[i].pid ? rows[i].pid : (int)getpid(), rows[i].fds, "web");
        activation_begin(&a, &quiet);
        assert_int_equal(a.n, 0);
    }
}

static void
test_activation_begin__names_that_are_missing_or_long__no_name(void **state)
{
    char names[200], why[100];
    struct sockaddr_in6 address = make_descriptors();
    struct activation a;

    (void)state;
    (void)snprintf(names, sizeof(names), "%0100d:b", 0);
    set_environment((int)getpid(), "2", names);
    activation_begin(&a, &quiet);
    assert_string_equal(a.sockets[0].name, "");
    assert_string_equal(a.sockets[1].name, "b");
    set_environment((int)getpid(), "2", "only");
    activation_begin(&a, &quiet);
    assert_string_equal(a.sockets[1].name, "");
    (void)unsetenv("LISTEN_FDNAMES");
    assert_true(activation_take(&a, "only", &address, why, sizeof(why)) == 3);
}

static void
test_notify_is_watched__this_process_or_any(void **state)
{
    char pid[16];

    (void)state;
    (void)unsetenv("WATCHDOG_USEC");
    assert_false(notify_is_watched());
    (void)setenv("WATCHDOG_USEC", "30000000", 1);
    assert_true(notify_is_watched());
    (void)setenv("WATCHDOG_PID", "1", 1);
    assert_false(notify_is_watched());
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    (void)setenv("WATCHDOG_PID", pid, 1);
    assert_true(notify_is_watched());
    (void)setenv("WATCHDOG_USEC", "often", 1);
    assert_false(notify_is_watched());
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activation__by_name_and_address__once),
        cmocka_unit_test(test_activation_begin__not_for_us__none),
        cmocka_unit_test(test_activation_begin__names_that_are_missing_or_long__no_name),
        cmocka_unit_test(test_notify_is_watched__this_process_or_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
