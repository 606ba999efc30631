/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to who takes them slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "samd/connection.h"

enum { ANSWER_BYTES = 64 * 1024 * 1024, SIP_BYTES = 4096, SIP_MS = 20 };

/* Would take minutes for all of it, and never stops. */
static void *
sip(void *user)
{
    const int *fd = user;
    char room[SIP_BYTES];

    while (recv(*fd, room, sizeof(room), 0) > 0) {
        (void)poll(NULL, 0, SIP_MS);
    }
    return NULL;
}

static void
test_connection_send__to_who_takes_it_byte_after_byte__ends(void **state)
{
    const struct timeval limit = { 2, 0 };
    struct peers all = { .rules = { (gid_t)-1, (gid_t)-1, 0 } };
    uint8_t *answer = mem_new(ANSWER_BYTES);
    struct connection *c;
    struct peer *peer = NULL;
    struct peer_who who;
    pthread_t thread;
    int pair[2];

    (void)pthread_mutex_init(&all.lock, NULL);
    assert_non_null(answer);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_return_code(setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
    assert_int_equal(peer_take(&all, pair[0], &peer, &who), PEER_WELCOME);
    c = connection_new(pair[0], &all, peer, &who);
    assert_non_null(c);
    assert_int_equal(pthread_create(&thread, NULL, sip, &pair[1]), 0);
    assert_false(connection_send(c, bytes_of(answer, ANSWER_BYTES), true));
    (void)shutdown(pair[0], SHUT_RDWR);
    connection_unref(c);
    (void)shutdown(pair[1], SHUT_RDWR);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(pair[1]);
    peer_clear_all(&all);
    mem_free(answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection_send__to_who_takes_it_byte_after_byte__ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
