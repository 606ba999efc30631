/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Winsock's events: what happens to a socket is recorded, and an event set. On Windows all of it is in
 * winsock2.h, and so is it here, by inclusion. Source: the public documentation of winsock2.h.
 */
#ifndef OPENSSPI_COMPAT_WSAEVENTS_H
#define OPENSSPI_COMPAT_WSAEVENTS_H

#include "winsock.h"

OPENSSPI_BEGIN

#define WSAEVENT                HANDLE
#define LPWSAEVENT              LPHANDLE
#define WSA_INVALID_EVENT       ((WSAEVENT)NULL)
#define WSA_MAXIMUM_WAIT_EVENTS MAXIMUM_WAIT_OBJECTS
#define WSA_WAIT_FAILED         WAIT_FAILED
#define WSA_WAIT_EVENT_0        WAIT_OBJECT_0
#define WSA_WAIT_IO_COMPLETION  WAIT_IO_COMPLETION
#define WSA_WAIT_TIMEOUT        WAIT_TIMEOUT
#define WSA_INFINITE            INFINITE

/* CreateEvent's without a name, that stay set; handles are those of synchapi.h, and all its functions
 * take them. */
SEC_EXPORT WSAEVENT WINAPI WSACreateEvent(void);
/* FALSE and WSA_INVALID_HANDLE for what is no open event. */
SEC_EXPORT BOOL WINAPI WSASetEvent(WSAEVENT hEvent);
SEC_EXPORT BOOL WINAPI WSAResetEvent(WSAEVENT hEvent);
SEC_EXPORT BOOL WINAPI WSACloseEvent(WSAEVENT hEvent);
/* WaitForMultipleObjects. There are no completion routines: fAlertable is of no effect. */
SEC_EXPORT DWORD WINAPI WSAWaitForMultipleEvents(DWORD cEvents, const WSAEVENT *lphEvents,
                                                 BOOL fWaitAll, DWORD dwTimeout, BOOL fAlertable);

#define FD_READ_BIT                     0
#define FD_READ                         (1 << FD_READ_BIT)
#define FD_WRITE_BIT                    1
#define FD_WRITE                        (1 << FD_WRITE_BIT)
#define FD_OOB_BIT                      2
#define FD_OOB                          (1 << FD_OOB_BIT)
#define FD_ACCEPT_BIT                   3
#define FD_ACCEPT                       (1 << FD_ACCEPT_BIT)
#define FD_CONNECT_BIT                  4
#define FD_CONNECT                      (1 << FD_CONNECT_BIT)
#define FD_CLOSE_BIT                    5
#define FD_CLOSE                        (1 << FD_CLOSE_BIT)
#define FD_QOS_BIT                      6
#define FD_QOS                          (1 << FD_QOS_BIT)
#define FD_GROUP_QOS_BIT                7
#define FD_GROUP_QOS                    (1 << FD_GROUP_QOS_BIT)
#define FD_ROUTING_INTERFACE_CHANGE_BIT 8
#define FD_ROUTING_INTERFACE_CHANGE     (1 << FD_ROUTING_INTERFACE_CHANGE_BIT)
#define FD_ADDRESS_LIST_CHANGE_BIT      9
#define FD_ADDRESS_LIST_CHANGE          (1 << FD_ADDRESS_LIST_CHANGE_BIT)
#define FD_MAX_EVENTS                   10
#define FD_ALL_EVENTS                   ((1 << FD_MAX_EVENTS) - 1)

typedef struct _WSANETWORKEVENTS {
    LONG lNetworkEvents;
    int iErrorCode[FD_MAX_EVENTS];
} WSANETWORKEVENTS, *LPWSANETWORKEVENTS;

/*
 * Records what happens to the socket, of the kinds in lNetworkEvents, and sets the event when it does;
 * what holds already is recorded at once. 0 ends it. The socket does not block from here on, and cannot
 * be told to while it is selected (WSAEINVAL). A connection that it accepts is selected likewise. Of one
 * kind nothing more is recorded until
 *   FD_READ, FD_OOB  recv, recvfrom, WSARecv or WSARecvFrom was called; at once, where there is more
 *   FD_ACCEPT        accept or WSAAccept was called, but for WSATRY_AGAIN; at once, where one waits
 *   FD_WRITE         send, sendto, WSASend or WSASendTo failed with WSAEWOULDBLOCK, and there is room
 *                    again; the first time where the connection is there
 *   FD_CONNECT, FD_CLOSE  WSAEventSelect is called again. FD_CLOSE comes after all data has been read,
 *                    or with an error
 * FD_CONNECT is recorded of connections that are there already, too, unless they were accepted
 * from a socket that was selected; without it how one failed is left to getsockopt's SO_ERROR. FD_QOS and
 * those after it are taken and never recorded. Whoever reads or writes by other functions than these
 * (read(), a library's own recv()) re-enables nothing.
 * 0, or SOCKET_ERROR: WSAENOTSOCK; WSAEINVAL for an event that is none or other bits; WSAENOBUFS.
 * A thread of the library watches all such sockets, from the first one on. In a child of fork() none is
 * selected until it selects one itself, and what it closes its parent goes on watching.
 */
SEC_EXPORT int WINAPI WSAEventSelect(SOCKET s, WSAEVENT hEventObject, long lNetworkEvents);
/* Gives the record, empties it, and resets hEventObject, if it is not NULL, in one step. Codes of what
 * is not recorded are 0. 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEFAULT, WSAEINVAL. */
SEC_EXPORT int WINAPI WSAEnumNetworkEvents(SOCKET s, WSAEVENT hEventObject,
                                           LPWSANETWORKEVENTS lpNetworkEvents);

typedef struct pollfd WSAPOLLFD, *PWSAPOLLFD, *LPWSAPOLLFD;

/*
 * poll(), whose flags it takes: POLLRDNORM, POLLRDBAND, POLLIN, POLLWRNORM and POLLOUT are asked for,
 * the others are answers. How many have an answer, 0 after that many milliseconds (less than 0: none),
 * or SOCKET_ERROR: WSAEINVAL for no sockets or other flags, WSAENOTSOCK where none of them is a socket,
 * WSAEFAULT.
 */
SEC_EXPORT int WINAPI WSAPoll(LPWSAPOLLFD fdArray, ULONG fds, INT timeout);

OPENSSPI_END

#endif
