/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect's stream. A sealed empty message ends a direction; end of file without one is
 * a cut. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/stream.h"
#include "tools/connect_auth.h"
#include "tools/connect_pump.h"

enum {
    MAX_MESSAGE = 64 * 1024 * 1024, /* the most that sspid can be told to send */
    OUT_BYTES = 4096,               /* PIPE_BUF: a pipe that is ready takes as much at once */
    IDLE_MS = 1000, /* after the server's end: as socat does it, input that is idle is over */
};

struct pump {
    struct connect_pump given;
    bool is_socket; /* what in and out are */
    SecPkgContext_Sizes sizes;
    size_t most;         /* of input in one message */
    struct bytes unsent; /* sealed, on its way to the server: in room */
    struct stream_reader reader;
    struct bytes unwritten; /* opened, on its way out: in the reader */
    bool sent_end, got_end, got_any, told_end;
    uint8_t room[STREAM_BULK_BYTES];
};

static bool
fail(const char *what, const char *why)
{
    connect_auth_complain(what, why);
    return false;
}

static bool
fail_status(const char *what, SECURITY_STATUS status)
{
    const char *reason = OpenSspiReason();

    return fail(what, *reason ? reason : OpenSspiStatusName(status));
}

static bool
may_go_on(int error)
{
    return error == EINTR || error == EAGAIN;
}

/* --- to the server ------------------------------------------------------------------------- */

static bool
send_some(struct pump *p)
{
    ssize_t n = send(p->given.server, p->unsent.p, p->unsent.n, MSG_NOSIGNAL);

    if (n < 0) {
        return may_go_on(errno) || fail("the connection", strerror(errno));
    }
    p->unsent = bytes_of(p->unsent.p + n, p->unsent.n - (size_t)n);
    if (p->unsent.n == 0 && p->sent_end) {
        (void)shutdown(p->given.server, SHUT_WR);
    }
    return true;
}

/* Seals what lies in room where it is to lie, and sends what goes at once. */
static bool
seal(struct pump *p, size_t plain_n)
{
    size_t n;
    SECURITY_STATUS status = stream_seal_at(p->given.context, &p->sizes, p->room, plain_n, &n);

    if (status != SEC_E_OK) {
        return fail_status("a message could not be sealed", status);
    }
    p->unsent = bytes_of(p->room, n);
    return send_some(p);
}

static bool
end_input(struct pump *p)
{
    p->sent_end = true;
    return seal(p, 0);
}

static bool
take_input(struct pump *p)
{
    ssize_t n = read(p->given.in, p->room + stream_before(&p->sizes), p->most);

    if (n > 0) {
        return seal(p, (size_t)n);
    }
    if (n == 0) {
        return end_input(p);
    }
    return may_go_on(errno) ||
           fail(p->is_socket ? "the local client" : "standard input", strerror(errno));
}

/* --- from the server ----------------------------------------------------------------------- */

static bool
write_some(struct pump *p)
{
    size_t most = p->is_socket || p->unwritten.n < OUT_BYTES ? p->unwritten.n : OUT_BYTES;
    ssize_t n = p->is_socket ? send(p->given.out, p->unwritten.p, most, MSG_NOSIGNAL)
                             : write(p->given.out, p->unwritten.p, most);

    if (n < 0) {
        return may_go_on(errno) ||
               fail(p->is_socket ? "the local client" : "standard output", strerror(errno));
    }
    p->unwritten = bytes_of(p->unwritten.p + n, p->unwritten.n - (size_t)n);
    return true;
}

static bool
fail_end(const struct pump *p, ssize_t n)
{
    if (!p->got_any) {
        return fail("refused", "the server closed the connection after the handshake, before its "
                               "first message: it did not accept the logon, its backend cannot be "
                               "reached, or its command was not started or failed");
    }
    return fail("the stream was cut",
                n < 0 ? strerror(errno) : "end of file without the message that ends it");
}

/* A whole frame is in the reader. */
static bool
open_message(struct pump *p)
{
    SECURITY_STATUS status =
        stream_open(p->given.context, p->reader.p, p->reader.length, &p->unwritten);

    if (status != SEC_E_OK) {
        return fail_status("a message was refused", status);
    }
    p->got_any = true;
    p->got_end = p->unwritten.n == 0;
    return p->got_end || !p->is_socket || write_some(p);
}

/* What has come, up to one message. */
static bool
receive_some(struct pump *p)
{
    enum stream_result result = STREAM_MORE;

    while (result == STREAM_MORE) {
        size_t most;
        uint8_t *room = stream_room(&p->reader, &most);
        ssize_t n;

        if (!room) {
            return fail("not enough memory", NULL);
        }
        n = recv(p->given.server, room, most, 0);
        if (n <= 0) {
            return (n < 0 && may_go_on(errno)) || fail_end(p, n);
        }
        result = stream_filled(&p->reader, (size_t)n);
    }
    return result == STREAM_WHOLE ? open_message(p) : fail("the server's frame is broken", NULL);
}

/* --- both ---------------------------------------------------------------------------------- */

static bool
is_done(const struct pump *p)
{
    return p->sent_end && p->unsent.n == 0 && p->got_end && p->unwritten.n == 0;
}

/* A local client is told of the server's end; a reader of standard output, when we end. */
static void
tell_end(struct pump *p)
{
    if (p->is_socket && p->got_end && p->unwritten.n == 0 && !p->told_end) {
        (void)shutdown(p->given.out, SHUT_WR);
        p->told_end = true;
    }
}

/* What poll says of the descriptors, as it was asked in turn. */
static bool
act(struct pump *p, const struct pollfd polled[static 3])
{
    const short broken = POLLERR | POLLHUP;

    if (p->is_socket && polled[0].revents & POLLERR) {
        return fail("the local client", "its connection broke");
    }
    if (polled[0].events && polled[0].revents && !take_input(p)) {
        return false;
    }
    if (polled[1].revents && !write_some(p)) {
        return false;
    }
    if (polled[2].events & POLLOUT && polled[2].revents & (POLLOUT | broken) && !send_some(p)) {
        return false;
    }
    return !(polled[2].events & POLLIN && polled[2].revents & (POLLIN | broken)) || receive_some(p);
}

/* One round: waits until something can be done, and does it. */
static bool
turn(struct pump *p)
{
    bool reads = !p->sent_end && p->unsent.n == 0;
    bool hears = !p->got_end && !p->unwritten.n;
    bool watches = p->is_socket && !p->told_end; /* also where nothing is to be read from it */
    struct pollfd polled[3] = {
        { .fd = reads || watches ? p->given.in : -1, .events = (short)(reads ? POLLIN : 0) },
        { .fd = p->unwritten.n ? p->given.out : -1, .events = POLLOUT },
        { .fd = hears || p->unsent.n ? p->given.server : -1,
          .events = (short)((hears ? POLLIN : 0) | (p->unsent.n ? POLLOUT : 0)) },
    };
    int n = poll(polled, 3, !p->is_socket && p->got_end && reads ? IDLE_MS : -1);

    if (n < 0) {
        return errno == EINTR || fail("poll", strerror(errno));
    }
    if (n == 0) {
        return end_input(p);
    }
    if (!act(p, polled)) {
        return false;
    }
    tell_end(p);
    return true;
}

bool
connect_pump_run(const struct connect_pump *given)
{
    struct pump *p = mem_new(sizeof(*p));
    SECURITY_STATUS status;
    bool good = true;

    if (!p) {
        return fail("not enough memory", NULL);
    }
    p->given = *given;
    p->is_socket = given->in == given->out;
    p->reader =
        (struct stream_reader){ .max_bytes = MAX_MESSAGE, .first_bytes = STREAM_BULK_BYTES };
    status = QueryContextAttributesA(given->context, SECPKG_ATTR_SIZES, &p->sizes);
    if (status != SEC_E_OK) {
        good = fail_status("the context does not tell its sizes", status);
    }
    p->most = stream_fit(&p->sizes, given->max_message);
    while (good && !is_done(p)) {
        good = turn(p);
    }
    stream_reader_clear(&p->reader);
    mem_free(p);
    return good;
}
