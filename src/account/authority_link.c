/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to samd. */
#include "account/authority_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "account/authority_msg.h"
#include "base/clock.h"
#include "base/wire.h"

/* --- whose socket it is -------------------------------------------------------------------- */

/* Whether the socket was made by its owner: nobody else may write to the folder. */
static bool
is_owners(const struct sockaddr_un *address, uid_t uid)
{
    char folder[sizeof(address->sun_path)];
    const char *slash = strrchr(address->sun_path, '/');
    struct stat socket_st, folder_st;

    if (!slash) {
        return false;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - address->sun_path),
                   address->sun_path);
    return stat(address->sun_path, &socket_st) == 0 && socket_st.st_uid == uid &&
           stat(*folder ? folder : "/", &folder_st) == 0 && !(folder_st.st_mode & 0022) &&
           (folder_st.st_uid == 0 || folder_st.st_uid == uid);
}

static bool
is_samd(int fd, const struct sockaddr_un *address)
{
    struct ucred who;
    socklen_t n = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == 0 || who.uid == geteuid() || is_owners(address, who.uid));
}

/* --- opening ------------------------------------------------------------------------------- */

static enum authority_link_result
fail_open(int fd, char reason[static AUTHORITY_LINK_REASON_BYTES], const char *why)
{
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)snprintf(reason, AUTHORITY_LINK_REASON_BYTES, "%s", why);
    return AUTHORITY_LINK_NO_CONNECTION;
}

static const char *
connect_error(int error)
{
    switch (error) {
    case ENOENT: return "there is no such socket: is samd running?";
    case ECONNREFUSED: return "nobody listens at the socket: is samd running?";
    case EACCES: return "no permission to use the socket";
    case EAGAIN: return "timed out: samd takes no connections";
    default: return strerror(error);
    }
}

bool
authority_link_limit(int fd, unsigned timeout_ms)
{
    const struct timeval limit = { (time_t)(timeout_ms / 1000),
                                   (suseconds_t)(timeout_ms % 1000) * 1000 };

    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0;
}

enum authority_link_result
authority_link_open(const char *path, unsigned timeout_ms, int *out,
                    char reason[static AUTHORITY_LINK_REASON_BYTES])
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
        (int)sizeof(address.sun_path)) {
        return fail_open(-1, reason, "the path is too long for a socket");
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !authority_link_limit(fd, timeout_ms)) {
        return fail_open(fd, reason, strerror(errno));
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
        return fail_open(fd, reason, connect_error(errno));
    }
    if (!is_samd(fd, &address)) {
        return fail_open(fd, reason,
                         "the socket may not be samd's: it runs as another user, and"
                         " others may write to the socket's folder");
    }
    *out = fd;
    return AUTHORITY_LINK_OK;
}

/* --- bytes --------------------------------------------------------------------------------- */

enum authority_link_result
authority_link_send(int fd, struct bytes frame)
{
    size_t at = 0;

    while (at < frame.n) {
        ssize_t n = send(fd, frame.p + at, frame.n - at, MSG_NOSIGNAL);

        if (n >= 0) {
            at += (size_t)n;
        } else if (errno == EAGAIN) {
            return AUTHORITY_LINK_TIMEOUT;
        } else if (errno != EINTR) {
            return AUTHORITY_LINK_CLOSED; /* not a whole frame has gone out: it asks nothing */
        }
    }
    return AUTHORITY_LINK_OK;
}

void
authority_inbox_init(struct authority_inbox *in)
{
    in->p = in->first;
    in->room = sizeof(in->first);
    in->n = in->taken = 0;
    in->held = (struct secret){ 0 };
}

void
authority_inbox_clear(struct authority_inbox *in)
{
    if (in->p == in->first) {
        secret_wipe(in->first, in->n);
    } else {
        secret_wipe(in->first, sizeof(in->first));
    }
    secret_clear(&in->held);
    authority_inbox_init(in);
}

/* What was taken goes; then there is room for `whole` bytes. */
static bool
make_room(struct authority_inbox *in, size_t whole)
{
    struct secret larger = { 0 };

    if (in->taken) {
        bytes_move(in->p, in->p + in->taken, in->n - in->taken);
        secret_wipe(in->p + in->n - in->taken, in->taken);
        in->n -= in->taken;
        in->taken = 0;
    }
    if (whole <= in->room) {
        return true;
    }
    if (!secret_resize(&larger, whole)) {
        return false;
    }
    bytes_copy(larger.p, in->p, in->n);
    secret_clear(&in->held);
    in->held = larger;
    in->p = larger.p;
    in->room = larger.n;
    return true;
}

bool
authority_link_look(int fd, struct authority_inbox *in)
{
    ssize_t n = recv(fd, in->p + in->n, in->room - in->n, MSG_DONTWAIT);

    in->n += n > 0 ? (size_t)n : 0;
    return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

/* In poll, not in recv: who sleeps in recv is woken also when the other side has read what was sent,
 * for nothing, and before an answer is there. */
static enum authority_link_result
receive_some(int fd, struct authority_inbox *in, uint64_t deadline_ms)
{
    struct pollfd waits = { .fd = fd, .events = POLLIN };
    uint64_t now = clock_monotonic_ms();
    ssize_t n;

    if (now >= deadline_ms || poll(&waits, 1, (int)(deadline_ms - now)) == 0) {
        return AUTHORITY_LINK_TIMEOUT;
    }
    n = recv(fd, in->p + in->n, in->room - in->n, MSG_DONTWAIT);
    if (n > 0) {
        in->n += (size_t)n;
        return AUTHORITY_LINK_OK;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? AUTHORITY_LINK_OK : AUTHORITY_LINK_CUT;
}

enum authority_link_result
authority_link_receive(int fd, struct authority_inbox *in, uint64_t deadline_ms,
                       struct bytes *frame)
{
    enum authority_link_result result = AUTHORITY_LINK_OK;

    while (result == AUTHORITY_LINK_OK) {
        size_t have = in->n - in->taken, whole = AUTHORITY_MSG_LENGTH_BYTES;

        if (have >= AUTHORITY_MSG_LENGTH_BYTES) {
            uint32_t n = wire_load_le32(in->p + in->taken);

            if (n > AUTHORITY_MSG_BYTES_MAX) {
                return AUTHORITY_LINK_NONSENSE;
            }
            whole += n;
            if (have >= whole) {
                *frame = bytes_of(in->p + in->taken + AUTHORITY_MSG_LENGTH_BYTES, n);
                in->taken += whole;
                return AUTHORITY_LINK_OK;
            }
        }
        if (!make_room(in, whole)) {
            return AUTHORITY_LINK_NO_MEMORY;
        }
        result = receive_some(fd, in, deadline_ms);
    }
    return result;
}
