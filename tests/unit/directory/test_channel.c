/* SPDX-License-Identifier: Apache-2.0 */
/* For how long a host is waited for, and what a peer that is nobody yet has libldap read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "directory/channel.h"

enum { AN_HOUR_MS = 3600 * 1000, MESSAGE_BYTES = 1 << 16 };

struct place {
    struct channel channel;
    Sockbuf *socket;
    int peer;
};

static int
set_up(void **state)
{
    static struct place p;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    p = (struct place){ .channel = { .fd = ends[0],
                                     .deadline_ms = clock_monotonic_ms() + AN_HOUR_MS },
                        .socket = ber_sockbuf_alloc(),
                        .peer = ends[1] };
    assert_non_null(p.socket);
    assert_true(channel_serve(&p.channel, p.socket));
    *state = &p;
    return 0;
}

static int
tear_down(void **state)
{
    struct place *p = *state;

    ber_sockbuf_free(p->socket);
    channel_close(&p->channel);
    if (p->peer >= 0) {
        (void)close(p->peer);
    }
    return 0;
}

static void
sends(const struct place *p, const void *bytes, size_t n)
{
    assert_int_equal(send(p->peer, bytes, n, MSG_NOSIGNAL), n);
}

/* errno; 0: there was a message. */
static int
next(const struct place *p, ber_len_t *n)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    int error;

    assert_non_null(ber);
    do { /* it comes back now and then, with a part of a head */
        errno = 0;
        error = ber_get_next(p->socket, n, ber) != LBER_DEFAULT ? 0 : errno ? errno : EIO;
    } while (error == EAGAIN);
    ber_free(ber, 1);
    return error;
}

static void
test_read__a_message(void **state)
{
    static const uint8_t message[] = { 0x30, 0x0c, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0 };
    const struct place *p = *state;
    ber_len_t n = 0;

    sends(p, message, sizeof(message));
    assert_int_equal(next(p, &n), 0);
    assert_int_equal(n, 12);
}

/* Refused by its head: nobody waits for it, and has room for it. */
static void
test_read__a_message_that_is_too_long(void **state)
{
    static const uint8_t head[] = { 0x30, 0x83, 0x10, 0x00, 0x01, 2, 1, 1, 0x61, 7, 10, 1 };
    const struct place *p = *state;
    ber_len_t n;

    sends(p, head, sizeof(head));
    assert_int_equal(next(p, &n), ERANGE);
}

static void
test_read__the_longest_message_there_is(void **state)
{
    static const uint8_t head[] = { 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1, 0x61, 7, 10 };
    const struct place *p = *state;
    ber_len_t n;

    sends(p, head, sizeof(head));
    assert_int_equal(next(p, &n), ERANGE);
}

static void *
flood(void *user)
{
    static const uint8_t head[] = { 0x30, 0x82, 0xff, 0xfc }; /* MESSAGE_BYTES in all */
    static uint8_t message[MESSAGE_BYTES];
    const struct place *p = user;

    memcpy(message, head, sizeof(head));
    while (send(p->peer, message, sizeof(message), MSG_NOSIGNAL) > 0) {
    }
    return NULL;
}

static void
test_read__messages_without_end(void **state)
{
    struct place *p = *state;
    pthread_t sender;
    ber_len_t n;
    unsigned most = 8 * 1024 * 1024 / MESSAGE_BYTES;

    assert_int_equal(pthread_create(&sender, NULL, flood, p), 0);
    for (unsigned i = 0; i < most; i++) {
        assert_int_equal(next(p, &n), 0);
        assert_int_equal(n, MESSAGE_BYTES - 4);
    }
    assert_int_equal(next(p, &n), EMSGSIZE);
    assert_int_equal(next(p, &n), EMSGSIZE);
    channel_close(&p->channel);
    assert_int_equal(pthread_join(sender, NULL), 0);
}

/* There are bytes, always: nobody waits, and the time is over all the same. */
static void
test_read__after_the_deadline(void **state)
{
    static const uint8_t some[1024];
    struct place *p = *state;
    ber_len_t n;

    sends(p, some, sizeof(some));
    p->channel.deadline_ms = clock_monotonic_ms();
    assert_int_equal(next(p, &n), ETIMEDOUT);
}

/* --- opening ------------------------------------------------------------------------------- */

/* Who takes nobody: what comes beyond one waits for a machine that says nothing. */
static int
listen_at(uint16_t *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* There is room for one connection that nobody takes: the next is not answered at all. */
static void
test_open__nobody_answers_until_the_deadline(void **state)
{
    const uint64_t deadline_ms = clock_monotonic_ms() + AN_HOUR_MS;
    struct channel first, second;
    uint16_t port;
    int listener = listen_at(&port);

    (void)state;
    assert_int_equal(channel_open(&first, "127.0.0.1", port, deadline_ms), SEC_E_OK);
    assert_int_equal(first.deadline_ms, deadline_ms);
    assert_int_equal(channel_open(&second, "127.0.0.1", port, clock_monotonic_ms() + 10),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    channel_close(&second);
    channel_close(&first);
    (void)close(listener);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__nobody_answers_until_the_deadline),
        cmocka_unit_test_setup_teardown(test_read__a_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read__a_message_that_is_too_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read__the_longest_message_there_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read__messages_without_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read__after_the_deadline, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
