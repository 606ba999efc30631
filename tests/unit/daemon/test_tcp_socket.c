/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that listen: who may share an address with whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/key.h"
#include "daemon/tcp_socket.h"

/* Where a socket listens, as the daemons write addresses. */
static struct sockaddr_in6
address_of(int fd)
{
    struct sockaddr_in6 address;
    struct sockaddr_in at;
    socklen_t n = sizeof(at);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    assert_int_equal(at.sin_family, AF_INET);
    assert_true(key_parse_address("127.0.0.1:1", &address));
    address.sin6_port = at.sin_port;
    return address;
}

static void
test_listen__any_port__listens_and_blocks_nobody(void **state)
{
    struct sockaddr_in6 address;
    socklen_t n = sizeof(int);
    int fd, listens = 0;

    (void)state;
    assert_true(key_parse_address("127.0.0.1:0", &address));
    fd = tcp_socket_listen(&address, false, 1);
    assert_true(fd >= 0);
    assert_true(address_of(fd).sin6_port != 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n), 0);
    assert_true(listens);
    (void)close(fd);
}

static void
test_listen__an_address_that_is_taken__is_shared_by_those_who_all_want_to(void **state)
{
    struct sockaddr_in6 address;
    int own, shared, another;

    (void)state;
    assert_true(key_parse_address("127.0.0.1:0", &address));
    own = tcp_socket_listen(&address, false, 1);
    assert_true(own >= 0);
    address = address_of(own);
    assert_int_equal(tcp_socket_listen(&address, true, 1), -1);
    assert_int_equal(errno, EADDRINUSE);
    (void)close(own);

    assert_true(key_parse_address("127.0.0.1:0", &address));
    shared = tcp_socket_listen(&address, true, 1);
    assert_true(shared >= 0);
    address = address_of(shared);
    another = tcp_socket_listen(&address, true, 1);
    assert_true(another >= 0);
    assert_int_equal(tcp_socket_listen(&address, false, 1), -1);
    assert_int_equal(errno, EADDRINUSE);
    (void)close(shared);
    (void)close(another);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listen__any_port__listens_and_blocks_nobody),
        cmocka_unit_test(test_listen__an_address_that_is_taken__is_shared_by_those_who_all_want_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
