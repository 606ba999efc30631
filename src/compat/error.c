/* SPDX-License-Identifier: Apache-2.0 */
/* The calling thread's last error, of Windows' functions and of the sockets alike. */
#include <errno.h>
#include <winsock.h>

#include "compat/error.h"

/* Socket calls report through errno alone, so errno is the newer error unless it is 0: SetLastError,
 * which each failing function here calls, clears it. */
static _Thread_local DWORD last_error;

static const struct {
    int from;
    DWORD to;
} errors[] = {
    { EINTR, WSAEINTR },
    { EBADF, WSAENOTSOCK },
    { EACCES, WSAEACCES },
    { EPERM, WSAEACCES },
    { EFAULT, WSAEFAULT },
    { EINVAL, WSAEINVAL },
    { EMFILE, WSAEMFILE },
    { ENFILE, WSAEMFILE },
    { EAGAIN, WSAEWOULDBLOCK },
    { EINPROGRESS, WSAEWOULDBLOCK }, /* a connect that does not block, as Windows says it */
    { EALREADY, WSAEALREADY },
    { ENOTSOCK, WSAENOTSOCK },
    { EDESTADDRREQ, WSAEDESTADDRREQ },
    { EMSGSIZE, WSAEMSGSIZE },
    { EPROTOTYPE, WSAEPROTOTYPE },
    { ENOPROTOOPT, WSAENOPROTOOPT },
    { EPROTONOSUPPORT, WSAEPROTONOSUPPORT },
    { ESOCKTNOSUPPORT, WSAESOCKTNOSUPPORT },
    { EOPNOTSUPP, WSAEOPNOTSUPP },
    { EPFNOSUPPORT, WSAEPFNOSUPPORT },
    { EAFNOSUPPORT, WSAEAFNOSUPPORT },
    { EADDRINUSE, WSAEADDRINUSE },
    { EADDRNOTAVAIL, WSAEADDRNOTAVAIL },
    { ENETDOWN, WSAENETDOWN },
    { ENETUNREACH, WSAENETUNREACH },
    { ENETRESET, WSAENETRESET },
    { ECONNABORTED, WSAECONNABORTED },
    { ECONNRESET, WSAECONNRESET },
    { EPIPE, WSAECONNABORTED }, /* a send to a peer that has gone */
    { ENOBUFS, WSAENOBUFS },
    { EISCONN, WSAEISCONN },
    { ENOTCONN, WSAENOTCONN },
    { ESHUTDOWN, WSAESHUTDOWN },
    { ETIMEDOUT, WSAETIMEDOUT },
    { ECONNREFUSED, WSAECONNREFUSED },
    { ELOOP, WSAELOOP },
    { ENAMETOOLONG, WSAENAMETOOLONG },
    { EHOSTDOWN, WSAEHOSTDOWN },
    { EHOSTUNREACH, WSAEHOSTUNREACH },
    { ENOMEM, ERROR_NOT_ENOUGH_MEMORY },
    { ENOENT, ERROR_FILE_NOT_FOUND },
    { EEXIST, ERROR_ALREADY_EXISTS },
    { ENOSYS, ERROR_CALL_NOT_IMPLEMENTED },
};

DWORD
compat_error_of_errno(int code)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].from == code) {
            return errors[i].to;
        }
    }
    return ERROR_GEN_FAILURE;
}

DWORD
GetLastError(void)
{
    const int code = errno;

    return code == 0 ? last_error : compat_error_of_errno(code);
}

void
SetLastError(DWORD dwErrCode)
{
    last_error = dwErrCode;
    errno = 0;
}

BOOL
compat_error_answer(DWORD error)
{
    if (error != ERROR_SUCCESS) {
        SetLastError(error);
    }
    return error == ERROR_SUCCESS;
}

int
WSAGetLastError(void)
{
    return (int)GetLastError();
}

void
WSASetLastError(int iError)
{
    SetLastError((DWORD)iError);
}
