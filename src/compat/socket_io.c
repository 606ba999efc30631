/* SPDX-License-Identifier: Apache-2.0 */
/* Winsock's own forms of socket(), send(), recv() and ioctl(): they block, or do not, as the socket
 * does, and nothing is overlapped. */
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <winsock.h>

#include "base/bytes.h"
#include "compat/network_event.h"

static int
fail(DWORD error)
{
    SetLastError(error);
    return SOCKET_ERROR;
}

static SOCKET
open_socket(int family, int type, int protocol, bool described, GROUP group, DWORD flags)
{
    const DWORD known = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;

    if (described || group != 0 || (flags & ~known) || (type & (SOCK_NONBLOCK | SOCK_CLOEXEC))) {
        return fail(WSAEINVAL);
    }
    return socket(family, type | (flags & WSA_FLAG_NO_HANDLE_INHERIT ? SOCK_CLOEXEC : 0), protocol);
}

SOCKET
WSASocketA(int af, int type, int protocol, LPWSAPROTOCOL_INFOA lpProtocolInfo, GROUP g,
           DWORD dwFlags)
{
    return open_socket(af, type, protocol, lpProtocolInfo != NULL, g, dwFlags);
}

SOCKET
WSASocketW(int af, int type, int protocol, LPWSAPROTOCOL_INFOW lpProtocolInfo, GROUP g,
           DWORD dwFlags)
{
    return open_socket(af, type, protocol, lpProtocolInfo != NULL, g, dwFlags);
}

/* --- bytes in several buffers -------------------------------------------------------------- */

struct gathered {
    struct iovec parts[WSABUFS_MAX];
    struct msghdr message;
};

/* Who asks for a completion asks for what is not there. */
static DWORD
gather(struct gathered *g, LPWSABUF buffers, DWORD n, bool overlapped, DWORD flags, DWORD known)
{
    *g = (struct gathered){ .message = { .msg_iov = g->parts, .msg_iovlen = n } };
    if (overlapped || (flags & ~known)) {
        return WSAEOPNOTSUPP;
    }
    if (!buffers) {
        return WSAEFAULT;
    }
    if (n == 0 || n > WSABUFS_MAX) {
        return n == 0 ? WSAEINVAL : WSAENOBUFS;
    }
    for (DWORD i = 0; i < n; i++) {
        g->parts[i] = (struct iovec){ buffers[i].buf, buffers[i].len };
    }
    return ERROR_SUCCESS;
}

int
WSASendTo(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, LPDWORD lpNumberOfBytesSent,
          DWORD dwFlags, const struct sockaddr *lpTo, int iTolen, LPWSAOVERLAPPED lpOverlapped,
          LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
    struct gathered g;
    const DWORD error = gather(&g, lpBuffers, dwBufferCount, lpOverlapped || lpCompletionRoutine,
                               dwFlags, MSG_OOB | MSG_DONTROUTE);
    struct sockaddr_storage to;
    ssize_t n;

    if (error != ERROR_SUCCESS) {
        return fail(error);
    }
    if (!lpNumberOfBytesSent || (lpTo && (iTolen < 0 || (size_t)iTolen > sizeof(to)))) {
        return fail(WSAEFAULT);
    }
    if (lpTo) {
        bytes_copy(&to, lpTo, (size_t)iTolen);
        g.message.msg_name = &to;
        g.message.msg_namelen = (socklen_t)iTolen;
    }
    n = sendmsg(s, &g.message, (int)dwFlags | MSG_NOSIGNAL);
    network_event_sent(s, n);
    if (n < 0) {
        return SOCKET_ERROR;
    }
    *lpNumberOfBytesSent = (DWORD)n;
    return 0;
}

int
WSASend(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, LPDWORD lpNumberOfBytesSent,
        DWORD dwFlags, LPWSAOVERLAPPED lpOverlapped,
        LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
    return WSASendTo(s, lpBuffers, dwBufferCount, lpNumberOfBytesSent, dwFlags, NULL, 0,
                     lpOverlapped, lpCompletionRoutine);
}

int
WSARecvFrom(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, LPDWORD lpNumberOfBytesRecvd,
            LPDWORD lpFlags, struct sockaddr *lpFrom, LPINT lpFromlen, LPWSAOVERLAPPED lpOverlapped,
            LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
    struct gathered g;
    const DWORD error = gather(&g, lpBuffers, dwBufferCount, lpOverlapped || lpCompletionRoutine,
                               lpFlags ? *lpFlags : 0, MSG_OOB | MSG_PEEK | MSG_WAITALL);
    ssize_t n;

    if (error != ERROR_SUCCESS) {
        return fail(error);
    }
    if (!lpFlags || !lpNumberOfBytesRecvd || (lpFrom && (!lpFromlen || *lpFromlen < 0))) {
        return fail(WSAEFAULT);
    }
    if (lpFrom) {
        g.message.msg_name = lpFrom;
        g.message.msg_namelen = (socklen_t)*lpFromlen;
    }
    n = network_event_received(s, recvmsg(s, &g.message, (int)*lpFlags));
    if (n < 0) {
        return SOCKET_ERROR;
    }
    if (lpFrom) {
        *lpFromlen = (int)g.message.msg_namelen;
    }
    *lpNumberOfBytesRecvd = (DWORD)n;
    *lpFlags = 0;
    return g.message.msg_flags & MSG_TRUNC ? fail(WSAEMSGSIZE) : 0;
}

int
WSARecv(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, LPDWORD lpNumberOfBytesRecvd,
        LPDWORD lpFlags, LPWSAOVERLAPPED lpOverlapped,
        LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
    return WSARecvFrom(s, lpBuffers, dwBufferCount, lpNumberOfBytesRecvd, lpFlags, NULL, NULL,
                       lpOverlapped, lpCompletionRoutine);
}

/* --- control ------------------------------------------------------------------------------- */

/* A DWORD, or the platform's unsigned long, which "unsigned long" in a program is. */
static bool
is_number(const void *p, DWORD size)
{
    return p && (size == sizeof(DWORD) || size == sizeof(unsigned long));
}

int
WSAIoctl(SOCKET s, DWORD dwIoControlCode, LPVOID lpvInBuffer, DWORD cbInBuffer, LPVOID lpvOutBuffer,
         DWORD cbOutBuffer, LPDWORD lpcbBytesReturned, LPWSAOVERLAPPED lpOverlapped,
         LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine)
{
    const bool sets = dwIoControlCode == FIONBIO;
    const DWORD size = sets ? cbInBuffer : cbOutBuffer;
    unsigned long value = 0;

    if (lpOverlapped || lpCompletionRoutine || (!sets && dwIoControlCode != FIONREAD)) {
        return fail(WSAEOPNOTSUPP);
    }
    if (!lpcbBytesReturned || !is_number(sets ? lpvInBuffer : lpvOutBuffer, size)) {
        return fail(WSAEFAULT);
    }
    if (sets) {
        static const unsigned char zeros[sizeof(value)];
        value = !bytes_equal(bytes_of(lpvInBuffer, size), bytes_of(zeros, size));
    }
    if (ioctlsocket(s, (long)dwIoControlCode, &value) != 0) {
        return SOCKET_ERROR;
    }
    if (!sets) {
        const DWORD narrow = (DWORD)value;
        bytes_copy(lpvOutBuffer, size == sizeof(narrow) ? (const void *)&narrow : &value, size);
    }
    *lpcbBytesReturned = sets ? 0 : size;
    return 0;
}
