/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to a service on loopback: addresses and names, one after the other, given up in time. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "service/dial.h"

/* What came of it. */
struct outcome {
    unsigned calls;
    uv_tcp_t *connected;
    char why[128];
};

static void
on_done(void *user, uv_tcp_t *connected, const char *why)
{
    struct outcome *o = user;

    o->calls++;
    o->connected = connected;
    (void)snprintf(o->why, sizeof(o->why), "%s", why ? why : "");
}

static void
on_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

/* A port of 127.0.0.1, listened at if fd is kept. */
static int
listen_at(char port[static 8])
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    (void)snprintf(port, 8, "%u", ntohs(a.sin_port));
    return fd;
}

static struct outcome
dial(const char *host, const char *port, bool cancel)
{
    struct outcome o = { 0 };
    struct dial *d;
    uv_loop_t loop;

    assert_int_equal(uv_loop_init(&loop), 0);
    d = dial_start(&loop, host, port, on_done, &o);
    assert_non_null(d);
    assert_int_equal(o.calls, 0);
    if (cancel) {
        dial_cancel(d);
    }
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    if (o.connected) {
        uv_close((uv_handle_t *)o.connected, on_closed);
        assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    }
    assert_int_equal(uv_loop_close(&loop), 0); /* nothing of it is left */
    return o;
}

static void
test_dial_start__addresses_and_names(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost", "::ffff:127.0.0.1" };
    char port[8];
    int fd = listen_at(port);

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(hosts); i++) {
        struct outcome o = dial(hosts[i], port, false);

        assert_int_equal(o.calls, 1);
        assert_non_null(o.connected);
        assert_string_equal(o.why, "");
    }
    assert_int_equal(close(fd), 0);
}

static void
test_dial_start__says_why_not(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost" };
    char port[8];
    struct outcome o;

    (void)state;
    assert_int_equal(close(listen_at(port)), 0);
    for (size_t i = 0; i < SEC_ARRAY_LEN(hosts); i++) {
        o = dial(hosts[i], port, false);
        assert_int_equal(o.calls, 1);
        assert_null(o.connected);
        assert_string_equal(o.why, "connection refused");
    }
    o = dial("a..b", port, false); /* no name at all: nobody is asked */
    assert_int_equal(o.calls, 1);
    assert_null(o.connected);
    assert_true(o.why[0] != 0);
}

static void
test_dial_cancel__is_never_called(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost", "a..b" };
    char port[8];
    int fd = listen_at(port);

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(hosts); i++) {
        struct outcome o = dial(hosts[i], port, true);

        assert_int_equal(o.calls, 0);
    }
    assert_int_equal(close(fd), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dial_start__addresses_and_names),
        cmocka_unit_test(test_dial_start__says_why_not),
        cmocka_unit_test(test_dial_cancel__is_never_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
