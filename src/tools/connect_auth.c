/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect's handshake. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/stream.h"
#include "tools/connect_auth.h"

enum {
    MAX_TOKEN = 1048576, /* of a server's; no package sends as much */
    MAX_LEGS = 20,
};

static const ULONG wanted = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT |
                            ISC_REQ_SEQUENCE_DETECT | ISC_REQ_MUTUAL_AUTH | ISC_REQ_ALLOCATE_MEMORY;

void
connect_auth_complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "sspi-connect: %s%s%s\n", what, why && *why ? ": " : "", why ? why : "");
}

/* Until the socket is ready for this, or the deadline. */
static bool
wait_for(int fd, short events, uint64_t deadline_ms)
{
    struct pollfd p = { .fd = fd, .events = events };
    uint64_t now = clock_monotonic_ms();
    int n;

    do {
        now = clock_monotonic_ms();
        n = now < deadline_ms ? poll(&p, 1, (int)(deadline_ms - now)) : 0;
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        errno = ETIMEDOUT;
    }
    return n > 0;
}

bool
connect_auth_wait(int fd, short events, uint64_t deadline_ms)
{
    return errno == EINTR || (errno == EAGAIN && wait_for(fd, events, deadline_ms));
}

static int
dial_one(const struct addrinfo *to, uint64_t deadline_ms)
{
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0, yes = 1;
    socklen_t n = sizeof(error);

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) {
        return fd;
    }
    if (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline_ms) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0) {
        if (error == 0) {
            return fd;
        }
        errno = error;
    }
    error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

int
connect_auth_dial(const char *host, const char *port, uint64_t deadline_ms)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, port, &hints, &found), fd = -1;

    if (error) {
        connect_auth_complain(host, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return -1;
    }
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
        fd = dial_one(a, deadline_ms);
    }
    if (fd < 0) {
        connect_auth_complain(host, strerror(errno));
    }
    freeaddrinfo(found);
    return fd;
}

static bool
send_all(int fd, struct bytes bytes, uint64_t deadline_ms)
{
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n > 0) {
            bytes = bytes_of(bytes.p + n, bytes.n - (size_t)n);
        } else if (!connect_auth_wait(fd, POLLOUT, deadline_ms)) {
            return false;
        }
    }
    return true;
}

static bool
send_token(int fd, const SecBuffer *token, uint64_t deadline_ms)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    if (token->cbBuffer == 0) {
        return true;
    }
    stream_put_token(&w, bytes_of(token->pvBuffer, token->cbBuffer));
    return wire_writer_status(&w) == WIRE_OK && send_all(fd, wire_written(&w), deadline_ms);
}

/* One whole token. No byte beyond it is read: what follows belongs to the stream. */
static bool
receive_token(int fd, struct stream_reader *reader, uint64_t deadline_ms)
{
    enum stream_result result = STREAM_MORE;

    while (result == STREAM_MORE) {
        size_t most;
        uint8_t *room = stream_room(reader, &most);
        ssize_t n = room ? recv(fd, room, most, 0) : -1;

        if (!room) {
            result = STREAM_NO_MEMORY;
        } else if (n > 0) {
            result = stream_filled(reader, (size_t)n);
        } else if (n == 0) {
            connect_auth_complain("refused", "the server closed the connection in the handshake");
            return false;
        } else if (!connect_auth_wait(fd, POLLIN, deadline_ms)) {
            connect_auth_complain("no answer", strerror(errno));
            return false;
        }
    }
    if (result != STREAM_WHOLE) {
        connect_auth_complain("the server's frame is broken", "is it sspid that listens there?");
    }
    return result == STREAM_WHOLE;
}

/* A credential, and a context before its first leg: what fails there can be asked about. */
static bool
acquire(const struct connect_auth *auth, CredHandle *credential, CtxtHandle *context)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = { .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };
    SECURITY_STATUS status;

    if (auth->user) {
        identity.User = (unsigned char *)auth->user;
        identity.UserLength = (ULONG)strlen(auth->user);
        identity.Domain = (unsigned char *)auth->domain;
        identity.DomainLength = (ULONG)strlen(auth->domain);
        identity.Password = auth->password->n ? auth->password->p : (unsigned char *)(void *)"";
        identity.PasswordLength = (ULONG)auth->password->n;
    }
    status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)auth->package, SECPKG_CRED_OUTBOUND, NULL,
                                       auth->user ? &identity : NULL, NULL, NULL, credential, NULL);
    if (status == SEC_E_OK) {
        status = OpenSspiCreateContext(credential, SECPKG_CRED_OUTBOUND, context);
        if (status != SEC_E_OK) {
            (void)FreeCredentialsHandle(credential);
        }
    }
    if (status != SEC_E_OK) {
        connect_auth_complain(OpenSspiStatusName(status), OpenSspiReason());
    }
    return status == SEC_E_OK;
}

/* On standard error: standard output is the service's. Unasked, where several have failed. */
static void
tell(CtxtHandle *context, const struct connect_auth *auth, bool good, ULONG attributes)
{
    bool undelegated = good && auth->delegate && !(attributes & ISC_RET_DELEGATE);
    POPENSSPI_NEGOTIATION n = NULL;

    if (OpenSspiQueryNegotiation(context, &n) != SEC_E_OK) {
        return;
    }
    if (undelegated || (auth->verbose && *n->DelegationRefused)) {
        connect_auth_complain("nothing was delegated", n->DelegationRefused);
    }
    if (!auth->verbose && (good || n->AttemptCount < 2)) {
        (void)FreeContextBuffer(n);
        return;
    }
    for (ULONG i = 0; i < n->AttemptCount; i++) {
        (void)fprintf(stderr, "sspi-connect: not %s: %s: %s\n", n->Attempts[i].PackageName,
                      OpenSspiStatusName(n->Attempts[i].Status), n->Attempts[i].Reason);
    }
    if (good) {
        (void)fprintf(stderr, "sspi-connect: authenticated with %s; the server has %s itself\n",
                      n->PackageName, attributes & ISC_RET_MUTUAL_AUTH ? "proven" : "not proven");
    }
    (void)FreeContextBuffer(n);
}

/* One leg: token in (n 0 at first), token out sent. */
static SECURITY_STATUS
leg(int fd, const struct connect_auth *auth, uint64_t deadline_ms, CredHandle *credential,
    CtxtHandle *context, bool first, struct bytes in, ULONG *attributes)
{
    SecBuffer given = { (ULONG)in.n, SECBUFFER_TOKEN, (void *)in.p };
    SecBuffer made = { 0, SECBUFFER_TOKEN, NULL };
    SecBufferDesc input = { SECBUFFER_VERSION, 1, &given };
    SecBufferDesc output = { SECBUFFER_VERSION, 1, &made };
    SECURITY_STATUS status = InitializeSecurityContextA(
        credential, context, (SEC_CHAR *)auth->spn,
        wanted | (auth->delegate ? ISC_REQ_DELEGATE : 0), 0, SECURITY_NATIVE_DREP,
        first ? NULL : &input, 0, context, &output, attributes, NULL);
    SECURITY_STATUS completed = SEC_E_OK;

    if (status < 0) {
        connect_auth_complain(OpenSspiStatusName(status), OpenSspiReason());
    } else if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        completed = CompleteAuthToken(context, &output);
        if (completed < 0) {
            connect_auth_complain(OpenSspiStatusName(completed), OpenSspiReason());
            status = completed;
        }
    }
    if (completed == SEC_E_OK && !send_token(fd, &made, deadline_ms) && status >= 0) {
        connect_auth_complain("the connection", strerror(errno));
        status = SEC_E_INTERNAL_ERROR;
    }
    if (made.pvBuffer) {
        (void)FreeContextBuffer(made.pvBuffer);
    }
    return status;
}

static bool
is_protected(ULONG attributes)
{
    const ULONG needed = ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY;

    if ((attributes & needed) != needed) {
        connect_auth_complain("refused", "the context that was agreed on protects nothing");
        return false;
    }
    return true;
}

static bool
goes_on(SECURITY_STATUS status)
{
    return status == SEC_I_CONTINUE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE;
}

bool
connect_auth_run(int fd, const struct connect_auth *auth, uint64_t deadline_ms,
                 CredHandle *credential, CtxtHandle *context)
{
    struct stream_reader reader = { .max_bytes = MAX_TOKEN };
    struct bytes in = { 0 };
    ULONG attributes = 0;
    SECURITY_STATUS status;
    bool good;

    if (!acquire(auth, credential, context)) {
        return false;
    }
    status = leg(fd, auth, deadline_ms, credential, context, true, in, &attributes);
    for (int legs = 1; goes_on(status); legs++) {
        if (legs == MAX_LEGS) {
            connect_auth_complain("refused", "the handshake does not come to an end");
            status = SEC_E_INVALID_TOKEN;
        } else if (!receive_token(fd, &reader, deadline_ms)) {
            status = SEC_E_INCOMPLETE_MESSAGE;
        } else {
            in = bytes_of(reader.p, reader.length);
            status = leg(fd, auth, deadline_ms, credential, context, false, in, &attributes);
        }
    }
    stream_reader_clear(&reader);
    good = status >= 0 && is_protected(attributes);
    tell(context, auth, good, attributes);
    if (!good) {
        (void)DeleteSecurityContext(context);
        (void)FreeCredentialsHandle(credential);
    }
    return good;
}
