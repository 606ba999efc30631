/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of RAS security modules ("third-party security hosts"): before PPP, and before any
 * authentication of its own, the remote access server lets one module talk to the caller.
 *
 * A module exports RasSecurityDialogBegin and RasSecurityDialogEnd. It finds
 * RasSecurityDialogSend, RasSecurityDialogReceive and RasSecurityDialogGetInfo at run time, by
 * LoadLibrary("RASMAN.DLL") and GetProcAddress or by dlsym(RTLD_DEFAULT, ...), and reports the
 * outcome through the function that Begin was given. Everything is ANSI. Source: the public
 * documentation of rasshost.h and of "RAS Security Host Support".
 */
#ifndef OPENSSPI_RASSHOST_H
#define OPENSSPI_RASSHOST_H

#include <opensspi/raserror.h>
#include <opensspi/wintypes.h>

OPENSSPI_BEGIN

/* A call; good from Begin until the outcome was reported or End returned nonzero, and in these
 * functions alone. */
typedef HANDLE HPORT;

#define SECURITYMSG_SUCCESS 1 /* go on to PPP, which authenticates the caller as ever */
#define SECURITYMSG_FAILURE 2 /* hang up: the caller could not prove itself */
#define SECURITYMSG_ERROR   3 /* hang up: dwError says what went wrong */

/* UNLEN + 1, DNLEN + 1 of lmcons.h; MAX_DEVICE_NAME + 1 of mprapi.h: parts of the binary layout. */
#define OPENSSPI_RAS_USER_BYTES   257
#define OPENSSPI_RAS_DOMAIN_BYTES 16
#define OPENSSPI_RAS_DEVICE_BYTES 129

/* UserName and Domain are terminated; both are filled in for SUCCESS and FAILURE. dwError is 0 but
 * for ERROR. */
typedef struct _SECURITY_MESSAGE {
    DWORD dwMsgId;
    HPORT hPort;
    DWORD dwError;
    CHAR UserName[OPENSSPI_RAS_USER_BYTES];
    CHAR Domain[OPENSSPI_RAS_DOMAIN_BYTES];
} SECURITY_MESSAGE, *PSECURITY_MESSAGE;

typedef struct _RAS_SECURITY_INFO {
    DWORD LastError;     /* of the last Receive: SUCCESS, PENDING, or why it failed */
    DWORD BytesReceived; /* where LastError is SUCCESS */
    CHAR DeviceName[OPENSSPI_RAS_DEVICE_BYTES];
} RAS_SECURITY_INFO, *PRAS_SECURITY_INFO;

typedef void(WINAPI *OPENSSPI_RAS_COMPLETE)(SECURITY_MESSAGE *);

/* A module shows these two, however it is built. */
#define OPENSSPI_RAS_EXPORT __attribute__((visibility("default")))

/* --- what a module exports ------------------------------------------------------------------- */

/*
 * A call has come. Returns soon: the server takes no other call meanwhile. The buffers are the
 * server's; they and hPort may be used until the outcome is reported. NO_ERROR: the module talks to
 * the caller from a thread of its own and then calls RasSecurityDialogComplete, once. Anything
 * else: the server hangs up, and Complete must not be called.
 */
OPENSSPI_RAS_EXPORT DWORD WINAPI RasSecurityDialogBegin(
    HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    void(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *pSecMsg));

/*
 * The call is over: after Complete, as part of the cleaning up, or before it, when the caller hung
 * up or the server stops. May come in any thread, also from inside Complete. Nonzero
 * (ERROR_PORT_DISCONNECTED): the module is done with hPort. NO_ERROR: not yet, and Complete will
 * be called; a server waits only so long for it.
 */
OPENSSPI_RAS_EXPORT DWORD WINAPI RasSecurityDialogEnd(HPORT hPort);

/* --- what a module calls ---------------------------------------------------------------------
 * In no import library: found at run time, as above. */

/*
 * Sends the first BufferLength bytes of the send buffer that Begin was given. PENDING (600): they
 * are on their way, and the buffer may be filled again. Otherwise ERROR_INVALID_PORT_HANDLE,
 * ERROR_BUFFER_INVALID (not the send buffer), ERROR_INVALID_SIZE, ERROR_PORT_DISCONNECTED or
 * ERROR_OUT_OF_BUFFERS.
 */
DWORD WINAPI RasSecurityDialogSend(HPORT hPort, PBYTE pBuffer, WORD BufferLength);

/*
 * Waits for what the caller types, as it comes: a keystroke or many lines. pBuffer is the receive
 * buffer that Begin was given; *pBufferLength is its size, and when hEvent is set, the number of
 * bytes in it: it must stay until then. Timeout is in seconds, 0: none. The event is set too when
 * the time is up or the line lost, with 0 bytes: RasSecurityDialogGetInfo tells which
 * (ERROR_REQUEST_TIMEOUT, ERROR_PORT_DISCONNECTED). What does not fit waits for the next Receive.
 * PENDING (600): the event will be set. Otherwise ERROR_INVALID_PORT_HANDLE,
 * ERROR_ASYNC_REQUEST_PENDING (a Receive is pending), ERROR_EVENT_INVALID, ERROR_BUFFER_INVALID,
 * ERROR_INVALID_SIZE or ERROR_PORT_DISCONNECTED.
 */
DWORD WINAPI RasSecurityDialogReceive(HPORT hPort, PBYTE pBuffer, PWORD pBufferLength,
                                      DWORD Timeout, HANDLE hEvent);

/* NO_ERROR and *pBuffer filled in, or ERROR_INVALID_PORT_HANDLE, ERROR_BUFFER_INVALID. */
DWORD WINAPI RasSecurityDialogGetInfo(HPORT hPort, RAS_SECURITY_INFO *pBuffer);

/* Reports the outcome; the server's. Modules call it through Begin's parameter. */
void WINAPI RasSecurityDialogComplete(SECURITY_MESSAGE *pSecMsg);

/* What GetProcAddress gives, to be cast: in C, a function without a prototype. */
#pragma GCC diagnostic push
#ifndef __cplusplus
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#endif
typedef DWORD(WINAPI *RASSECURITYPROC)();
#pragma GCC diagnostic pop

OPENSSPI_END

#endif
