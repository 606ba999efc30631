/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect's stream. A sealed empty message ends a direction; end of file without one is
 * a cut. */
#include <errno.h>
#include <fcntl.h>
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
    MESSAGE_BYTES = 32768,          /* of standard input in one message */
    MAX_MESSAGE = 64 * 1024 * 1024, /* the most that sspid can be told to send */
    OUT_BYTES = 4096,               /* PIPE_BUF: a pipe that is ready takes as much at once */
    IDLE_MS = 1000, /* after the server's end: as socat does it, input that is idle is over */
};

struct pump {
    int fd;
    CtxtHandle *context;
    SecPkgContext_Sizes sizes;
    struct wire_writer unsent; /* sealed, on its way to the server */
    size_t sent;
    struct stream_reader reader;
    struct bytes arrived;   /* read and not taken apart yet: in room */
    struct bytes unwritten; /* opened, on its way to standard output: in the reader */
    bool sent_end, got_end, got_any;
    uint8_t room[65536];
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

/* --- to the server ------------------------------------------------------------------------- */

static bool
seal(struct pump *p, struct bytes plain)
{
    SECURITY_STATUS status = stream_seal(p->context, &p->sizes, plain, &p->unsent);

    return status == SEC_E_OK || fail_status("a message could not be sealed", status);
}

static bool
end_input(struct pump *p)
{
    p->sent_end = true;
    return seal(p, bytes_of(NULL, 0));
}

static bool
take_input(struct pump *p)
{
    uint8_t plain[MESSAGE_BYTES];
    ssize_t n = read(STDIN_FILENO, plain, sizeof(plain));
    bool good = true;

    if (n > 0) {
        good = seal(p, bytes_of(plain, (size_t)n));
    } else if (n == 0) {
        good = end_input(p);
    } else if (errno != EINTR && errno != EAGAIN) {
        good = fail("standard input", strerror(errno));
    }
    return good;
}

static bool
send_some(struct pump *p)
{
    ssize_t n = send(p->fd, p->unsent.p + p->sent, p->unsent.len - p->sent, MSG_NOSIGNAL);

    if (n < 0) {
        return errno == EINTR || errno == EAGAIN || fail("the connection", strerror(errno));
    }
    p->sent += (size_t)n;
    if (p->sent == p->unsent.len) {
        p->sent = p->unsent.len = 0;
        if (p->sent_end) {
            (void)shutdown(p->fd, SHUT_WR);
        }
    }
    return true;
}

/* --- from the server ----------------------------------------------------------------------- */

static bool
receive_some(struct pump *p)
{
    ssize_t n = recv(p->fd, p->room, sizeof(p->room), 0);

    if (n > 0) {
        p->arrived = bytes_of(p->room, (size_t)n);
        return true;
    }
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return true;
    }
    if (!p->got_any) {
        return fail("refused", "the server closed the connection after the handshake, before its "
                               "first message: it did not accept the logon, or its backend "
                               "cannot be reached");
    }
    return fail("the stream was cut",
                n < 0 ? strerror(errno) : "end of file without the message that ends it");
}

/* Messages out of what arrived, up to one that has something to write. */
static bool
open_some(struct pump *p)
{
    while (p->arrived.n && !p->unwritten.n && !p->got_end) {
        enum stream_result result = stream_read(&p->reader, &p->arrived);
        SECURITY_STATUS status;

        if (result == STREAM_MORE) {
            continue;
        }
        if (result != STREAM_WHOLE) {
            return fail("the server's frame is broken", NULL);
        }
        status = stream_open(p->context, p->reader.p, p->reader.length, &p->unwritten);
        if (status != SEC_E_OK) {
            return fail_status("a message was refused", status);
        }
        p->got_any = true;
        p->got_end = p->unwritten.n == 0;
    }
    return true;
}

static bool
write_some(struct pump *p)
{
    size_t most = p->unwritten.n < OUT_BYTES ? p->unwritten.n : OUT_BYTES;
    ssize_t n = write(STDOUT_FILENO, p->unwritten.p, most);

    if (n < 0) {
        return errno == EINTR || errno == EAGAIN || fail("standard output", strerror(errno));
    }
    p->unwritten = bytes_of(p->unwritten.p + n, p->unwritten.n - (size_t)n);
    return true;
}

/* --- both ---------------------------------------------------------------------------------- */

static bool
is_done(const struct pump *p)
{
    return p->sent_end && p->unsent.len == 0 && p->got_end && p->unwritten.n == 0;
}

/* One round: waits until something can be done, and does it. */
static bool
turn(struct pump *p)
{
    bool reads = !p->sent_end && p->unsent.len == 0;
    bool hears = !p->got_end && !p->unwritten.n && !p->arrived.n;
    struct pollfd polled[3] = {
        { .fd = reads ? STDIN_FILENO : -1, .events = POLLIN },
        { .fd = p->unwritten.n ? STDOUT_FILENO : -1, .events = POLLOUT },
        { .fd = hears || p->unsent.len ? p->fd : -1,
          .events = (short)((hears ? POLLIN : 0) | (p->unsent.len ? POLLOUT : 0)) },
    };
    int n = poll(polled, 3, p->got_end && reads ? IDLE_MS : -1);

    if (n < 0) {
        return errno == EINTR || fail("poll", strerror(errno));
    }
    if (n == 0) {
        return end_input(p);
    }
    if (polled[0].revents && !take_input(p)) {
        return false;
    }
    if (polled[1].revents && !write_some(p)) {
        return false;
    }
    if (p->unsent.len && (polled[2].revents & (POLLOUT | POLLERR | POLLHUP)) && !send_some(p)) {
        return false;
    }
    if (hears && (polled[2].revents & (POLLIN | POLLERR | POLLHUP)) && !receive_some(p)) {
        return false;
    }
    return open_some(p);
}

bool
connect_pump_run(int fd, CtxtHandle *context)
{
    struct pump *p = mem_new(sizeof(*p));
    SECURITY_STATUS status;
    bool good = true;

    if (!p) {
        return fail("not enough memory", NULL);
    }
    p->fd = fd;
    p->context = context;
    p->unsent = wire_writer_growing(NULL, 0);
    p->reader.max_bytes = MAX_MESSAGE;
    status = QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &p->sizes);
    if (status != SEC_E_OK) {
        good = fail_status("the context does not tell its sizes", status);
    }
    while (good && !is_done(p)) {
        good = turn(p);
    }
    wire_writer_clear(&p->unsent);
    stream_reader_clear(&p->reader);
    mem_free(p);
    return good;
}
