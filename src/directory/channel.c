/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4422 3.7: each message behind four bytes of its length, the highest first. */
#include "directory/channel.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/wire.h"

enum {
    LENGTH_BYTES = 4,
    /* Before the bind anybody may be there, and libldap has room for whatever length it is told. */
    MESSAGE_BYTES_MAX = 1 << 20,
    RECEIVED_BYTES_MAX = 8 << 20, /* of one connection */
};

/* --- the socket ---------------------------------------------------------------------------- */

/* errno says so. Also where there is always more to read. */
static bool
is_late(const struct channel *c)
{
    if (clock_monotonic_ms() < c->deadline_ms) {
        return false;
    }
    errno = ETIMEDOUT;
    return true;
}

/* false: the deadline has come; errno says so. */
static bool
wait_for(const struct channel *c, short what)
{
    struct pollfd p = { c->fd, what, 0 };

    for (;;) {
        const uint64_t now = clock_monotonic_ms();
        int n;

        if (now >= c->deadline_ms) {
            errno = ETIMEDOUT;
            return false;
        }
        n = poll(&p, 1, (int)(c->deadline_ms - now));
        if (n > 0 || (n < 0 && errno != EINTR)) {
            return n > 0;
        }
    }
}

static bool
would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Some of n bytes; 0: there are no more; -1: errno. */
static ssize_t
receive(struct channel *c, void *to, size_t n)
{
    if (is_late(c)) {
        return -1;
    }
    if (c->received == RECEIVED_BYTES_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    n = n < RECEIVED_BYTES_MAX - c->received ? n : RECEIVED_BYTES_MAX - c->received;
    for (;;) {
        ssize_t got = recv(c->fd, to, n, MSG_DONTWAIT);

        if (got >= 0 || !would_block()) {
            c->received += got > 0 ? (size_t)got : 0;
            return got;
        }
        if (!wait_for(c, POLLIN)) {
            return -1;
        }
    }
}

static bool
receive_all(struct channel *c, void *to, size_t n)
{
    uint8_t *p = to;

    for (size_t have = 0; have < n;) {
        ssize_t got = receive(c, p + have, n - have);

        if (got <= 0) {
            errno = got ? errno : ECONNRESET;
            return false;
        }
        have += (size_t)got;
    }
    return true;
}

static bool
send_all(const struct channel *c, struct bytes b)
{
    for (size_t sent = 0; sent < b.n;) {
        ssize_t n = send(c->fd, b.p + sent, b.n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && (!would_block() || !wait_for(c, POLLOUT))) {
            return false;
        }
        sent += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* --- opening ------------------------------------------------------------------------------- */

static bool
connect_to(struct channel *c, const struct addrinfo *a)
{
    int error = 0;
    socklen_t n = sizeof(error);

    c->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (c->fd < 0) {
        return false;
    }
    if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0 ||
        (errno == EINPROGRESS && wait_for(c, POLLOUT) &&
         getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0)) {
        return true;
    }
    errno = error ? error : errno;
    error = errno;
    (void)close(c->fd);
    c->fd = -1;
    errno = error;
    return false;
}

sec_status
channel_open(struct channel *c, const char *host, uint16_t port, uint64_t deadline_ms)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char service[8];
    int error;

    *c = (struct channel){ .fd = -1, .deadline_ms = deadline_ms };
    (void)snprintf(service, sizeof(service), "%u", port);
    error = getaddrinfo(host, service, &hints, &found);
    if (error) {
        return error == EAI_MEMORY ? SEC_E_INSUFFICIENT_MEMORY
                                   : sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                              "directory: %s: %s", host, gai_strerror(error));
    }
    for (const struct addrinfo *a = found; a && c->fd < 0; a = a->ai_next) {
        (void)connect_to(c, a);
    }
    error = errno;
    freeaddrinfo(found);
    return c->fd < 0 ? sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "directory: %s, port %u: %s",
                                host, port, strerror(error))
                     : SEC_E_OK;
}

void
channel_close(struct channel *c)
{
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    mem_free(c->frame);
    *c = (struct channel){ .fd = -1 };
}

sec_status
channel_seal(struct channel *c, PCtxtHandle context)
{
    SecPkgContext_Sizes sizes;
    sec_status status = QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes);

    if (status == SEC_E_OK) {
        status = SaslGetContextOption(context, SASL_OPTION_SEND_SIZE, &c->send_max,
                                      sizeof(c->send_max), NULL);
    }
    if (status == SEC_E_OK) {
        status = SaslGetContextOption(context, SASL_OPTION_RECV_SIZE, &c->receive_max,
                                      sizeof(c->receive_max), NULL);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (c->send_max == 0) {
        return sec_fail(SEC_E_LOGON_DENIED, "directory: it takes no message");
    }
    c->trailer_bytes = sizes.cbSecurityTrailer;
    c->padding_bytes = sizes.cbBlockSize;
    c->context = context;
    return SEC_E_OK;
}

/* --- messages ------------------------------------------------------------------------------ */

/* The four bytes, trailer, data and padding of one message, in room for all of them. */
static bool
seal(const struct channel *c, struct bytes data, uint8_t *room, size_t *n)
{
    uint8_t *trailer = room + LENGTH_BYTES, *text = trailer + c->trailer_bytes;
    SecBuffer b[3] = { { c->trailer_bytes, SECBUFFER_TOKEN, trailer },
                       { (ULONG)data.n, SECBUFFER_DATA, text },
                       { c->padding_bytes, SECBUFFER_PADDING, text + data.n } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 3, b };
    struct wire_writer w = wire_writer_fixed(room, LENGTH_BYTES);

    bytes_copy(text, data.p, data.n);
    if (EncryptMessage(c->context, 0, &desc, 0) != SEC_E_OK) {
        return false;
    }
    /* What was used of the trailer's room may be less. */
    bytes_move(trailer + b[0].cbBuffer, text, data.n);
    bytes_move(trailer + b[0].cbBuffer + data.n, b[2].pvBuffer, b[2].cbBuffer);
    *n = b[0].cbBuffer + data.n + b[2].cbBuffer;
    wire_put_be32(&w, (uint32_t)*n);
    *n += LENGTH_BYTES;
    return true;
}

static bool
send_sealed(const struct channel *c, struct bytes data)
{
    uint8_t *room = mem_new(LENGTH_BYTES + c->trailer_bytes + data.n + c->padding_bytes);
    size_t n = 0;
    bool sent;

    if (!room) {
        errno = ENOMEM;
        return false;
    }
    sent = seal(c, data, room, &n);
    errno = sent ? errno : EIO;
    sent = sent && send_all(c, bytes_of(room, n));
    mem_free(room);
    return sent;
}

static bool
unseal(struct channel *c, size_t n)
{
    SecBuffer b[2] = { { (ULONG)n, SECBUFFER_STREAM, c->frame }, { 0, SECBUFFER_DATA, NULL } };
    SecBufferDesc desc = { SECBUFFER_VERSION, 2, b };
    ULONG qop = 0;

    if (DecryptMessage(c->context, &desc, 0, &qop) != SEC_E_OK || qop != 0) {
        return false;
    }
    c->pending = bytes_of(b[1].pvBuffer, b[1].cbBuffer);
    return true;
}

/* The next message; what is no message, or none of the context's, ends the connection. */
static bool
next_message(struct channel *c)
{
    uint8_t head[LENGTH_BYTES];
    struct wire_reader r = wire_reader_of(bytes_of(head, sizeof(head)));
    uint32_t n;

    mem_free(c->frame);
    c->frame = NULL;
    if (!receive_all(c, head, sizeof(head))) {
        return false;
    }
    n = wire_be32(&r);
    if (n == 0 || n > c->receive_max) {
        errno = EPROTO;
        return false;
    }
    c->frame = mem_new(n);
    if (!c->frame || !receive_all(c, c->frame, n)) {
        errno = c->frame ? errno : ENOMEM;
        return false;
    }
    if (!unseal(c, n)) {
        errno = EPROTO;
        return false;
    }
    return true;
}

/* --- for libldap --------------------------------------------------------------------------- */

static int
io_setup(Sockbuf_IO_Desc *d, void *channel)
{
    d->sbiod_pvt = channel;
    return 0;
}

static int
io_nothing(Sockbuf_IO_Desc *d)
{
    return 0;
}

static int
io_control(Sockbuf_IO_Desc *d, int option, void *argument)
{
    const struct channel *c = d->sbiod_pvt;

    return option == LBER_SB_OPT_DATA_READY && c->pending.n ? 1 : 0;
}

static ber_slen_t
io_read(Sockbuf_IO_Desc *d, void *to, ber_len_t n)
{
    struct channel *c = d->sbiod_pvt;

    if (!c->context) {
        return receive(c, to, n);
    }
    while (c->pending.n == 0) {
        if (!next_message(c)) {
            return -1;
        }
    }
    n = n < c->pending.n ? n : c->pending.n;
    bytes_copy(to, c->pending.p, n);
    c->pending = bytes_of(c->pending.p + n, c->pending.n - n);
    return (ber_slen_t)n;
}

static ber_slen_t
io_write(Sockbuf_IO_Desc *d, void *from, ber_len_t n)
{
    const struct channel *c = d->sbiod_pvt;

    if (!c->context) {
        return send_all(c, bytes_of(from, n)) ? (ber_slen_t)n : -1;
    }
    n = n < c->send_max ? n : c->send_max;
    return send_sealed(c, bytes_of(from, n)) ? (ber_slen_t)n : -1;
}

bool
channel_serve(struct channel *c, Sockbuf *socket)
{
    static Sockbuf_IO io = { io_setup, io_nothing, io_control, io_read, io_write, io_nothing };
    ber_len_t most = MESSAGE_BYTES_MAX;

    return ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1 &&
           ber_sockbuf_add_io(socket, &io, LBER_SBIOD_LEVEL_PROVIDER, c) == 0;
}
