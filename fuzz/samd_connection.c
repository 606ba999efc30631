/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: connection_read, connection_incoming_next, authority_link_receive. The input is a
 * stream of bytes to either side, in pieces; the first byte says how long these are. Both sides find
 * the same frames in it, however it is cut. */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account/authority_link.h"
#include "account/authority_msg.h"
#include "base/clock.h"
#include "fuzz.h"
#include "samd/connection.h"

enum { PIECE_MAX = 60000, FRAME_BYTES_MIN = 9 };

/* The frame that begins here; false: there is none that is whole and of a length that may be. */
static bool
expected(struct bytes stream, size_t at, size_t min, struct bytes *frame)
{
    uint32_t n;

    if (stream.n - at < AUTHORITY_MSG_LENGTH_BYTES) {
        return false;
    }
    n = wire_load_le32(stream.p + at);
    *frame = bytes_of(stream.p + at + AUTHORITY_MSG_LENGTH_BYTES, n);
    return n >= min && n <= AUTHORITY_MSG_BYTES_MAX &&
           n <= stream.n - at - AUTHORITY_MSG_LENGTH_BYTES;
}

static void
check_frame(struct bytes stream, size_t *at, size_t min, struct bytes frame)
{
    struct bytes wanted = { 0 };

    fuzz_must(expected(stream, *at, min, &wanted) && bytes_equal(wanted, frame));
    *at += AUTHORITY_MSG_LENGTH_BYTES + frame.n;
}

static bool
has_bytes(int fd)
{
    int n = 0;

    return ioctl(fd, FIONREAD, &n) == 0 && n > 0;
}

static void
run_server(struct bytes stream, size_t piece)
{
    static struct incoming in;
    struct peers peers = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct peer *peer;
    struct peer_who who;
    struct connection *c;
    const char *why = NULL;
    size_t at = 0;
    int pair[2];

    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    fuzz_must(peer_take(&peers, pair[0], &peer, &who) == PEER_WELCOME);
    c = connection_new(pair[0], &peers, peer, &who);
    fuzz_must(c != NULL);
    for (size_t sent = 0; sent < stream.n && !why; sent += piece) {
        size_t n = stream.n - sent < piece ? stream.n - sent : piece;
        struct bytes frame;

        fuzz_must(send(pair[1], stream.p + sent, n, MSG_DONTWAIT) == (ssize_t)n);
        while (has_bytes(pair[0]) && !why) {
            why = connection_read(c, &in);
            while (!why && connection_incoming_next(&in, &frame)) {
                check_frame(stream, &at, FRAME_BYTES_MIN, frame);
            }
            connection_incoming_clear(&in);
        }
    }
    fuzz_must(why || !expected(stream, at, FRAME_BYTES_MIN, &(struct bytes){ 0 }));
    connection_unref(c);
    (void)close(pair[1]);
}

static void
run_client(struct bytes stream)
{
    struct authority_inbox in;
    struct bytes frame;
    size_t at = 0;
    int pair[2];

    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    fuzz_must(send(pair[1], stream.p, stream.n, MSG_DONTWAIT) == (ssize_t)stream.n);
    (void)close(pair[1]);
    authority_inbox_init(&in);
    while (authority_link_receive(pair[0], &in, clock_monotonic_ms() + 10000, &frame) ==
           AUTHORITY_LINK_OK) {
        check_frame(stream, &at, 0, frame);
    }
    fuzz_must(!expected(stream, at, 0, &frame)); /* it has found them all */
    authority_inbox_clear(&in);
    (void)close(pair[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes stream;

    if (n < 1 || n > PIECE_MAX) {
        return 0;
    }
    stream = bytes_of(data + 1, n - 1);
    run_server(stream, data[0] ? data[0] : PIECE_MAX);
    run_client(stream);
    return 0;
}
