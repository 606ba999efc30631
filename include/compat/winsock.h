/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Winsock on the platform's own sockets: what differs is here, the rest is socket(), send() and so
 * on as they are. A SOCKET is a file descriptor: compare it with INVALID_SOCKET, select() by
 * descriptor, and close it with closesocket().
 *
 * WSAStartup makes the process ignore SIGPIPE, which Windows does not have, unless the program
 * handles it itself.
 */
#ifndef OPENSSPI_COMPAT_WINSOCK_H
#define OPENSSPI_COMPAT_WINSOCK_H

#ifndef OPENSSPI_COMPAT_WINDOWS_H
#include "windows.h"
#endif
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/select.h>
#include <sys/socket.h>

OPENSSPI_BEGIN

typedef int SOCKET;
#define INVALID_SOCKET (-1)
#define SOCKET_ERROR   (-1)

typedef struct sockaddr SOCKADDR, *PSOCKADDR, *LPSOCKADDR;
typedef struct sockaddr_in SOCKADDR_IN, *PSOCKADDR_IN, *LPSOCKADDR_IN;
typedef struct sockaddr_storage SOCKADDR_STORAGE, *PSOCKADDR_STORAGE;
typedef struct in_addr IN_ADDR, *PIN_ADDR, *LPIN_ADDR;
typedef struct hostent HOSTENT, *PHOSTENT, *LPHOSTENT;
typedef struct linger LINGER, *PLINGER, *LPLINGER;
typedef struct timeval TIMEVAL, *PTIMEVAL, *LPTIMEVAL;
typedef fd_set FD_SET, *PFD_SET, *LPFD_SET;

#define SD_RECEIVE 0
#define SD_SEND    1
#define SD_BOTH    2

#define WSADESCRIPTION_LEN 256
#define WSASYS_STATUS_LEN  128

typedef struct WSAData {
    WORD wVersion;
    WORD wHighVersion;
    unsigned short iMaxSockets;
    unsigned short iMaxUdpDg;
    char *lpVendorInfo;
    char szDescription[WSADESCRIPTION_LEN + 1];
    char szSystemStatus[WSASYS_STATUS_LEN + 1];
} WSADATA, *LPWSADATA;

/* Counted: each success wants a WSACleanup. 0, WSAVERNOTSUPPORTED below version 1, or WSAEFAULT. */
SEC_EXPORT int WINAPI WSAStartup(WORD wVersionRequested, LPWSADATA lpWSAData);
/* 0, or SOCKET_ERROR and WSANOTINITIALISED. */
SEC_EXPORT int WINAPI WSACleanup(void);
/* The same as GetLastError and SetLastError. */
SEC_EXPORT int WINAPI WSAGetLastError(void);
SEC_EXPORT void WINAPI WSASetLastError(int iError);

/* 0, or SOCKET_ERROR: WSAENOTSOCK for what is no socket, which stays open. */
SEC_EXPORT int WINAPI compat_closesocket(SOCKET s);
#define closesocket compat_closesocket

/* FIONBIO and FIONREAD; *argp is 32 bits wide there, an unsigned long here. */
SEC_EXPORT int WINAPI compat_ioctlsocket(SOCKET s, long cmd, unsigned long *argp);
#define ioctlsocket compat_ioctlsocket
#ifndef FIONBIO
#define FIONBIO 0x5421
#endif
#ifndef FIONREAD
#define FIONREAD 0x541B
#endif

/* What GetLastError and WSAGetLastError answer after a socket call that failed. */
#define WSABASEERR             10000
#define WSAEINTR               10004
#define WSAEBADF               10009
#define WSAEACCES              10013
#define WSAEFAULT              10014
#define WSAEINVAL              10022
#define WSAEMFILE              10024
#define WSAEWOULDBLOCK         10035
#define WSAEINPROGRESS         10036
#define WSAEALREADY            10037
#define WSAENOTSOCK            10038
#define WSAEDESTADDRREQ        10039
#define WSAEMSGSIZE            10040
#define WSAEPROTOTYPE          10041
#define WSAENOPROTOOPT         10042
#define WSAEPROTONOSUPPORT     10043
#define WSAESOCKTNOSUPPORT     10044
#define WSAEOPNOTSUPP          10045
#define WSAEPFNOSUPPORT        10046
#define WSAEAFNOSUPPORT        10047
#define WSAEADDRINUSE          10048
#define WSAEADDRNOTAVAIL       10049
#define WSAENETDOWN            10050
#define WSAENETUNREACH         10051
#define WSAENETRESET           10052
#define WSAECONNABORTED        10053
#define WSAECONNRESET          10054
#define WSAENOBUFS             10055
#define WSAEISCONN             10056
#define WSAENOTCONN            10057
#define WSAESHUTDOWN           10058
#define WSAETOOMANYREFS        10059
#define WSAETIMEDOUT           10060
#define WSAECONNREFUSED        10061
#define WSAELOOP               10062
#define WSAENAMETOOLONG        10063
#define WSAEHOSTDOWN           10064
#define WSAEHOSTUNREACH        10065
#define WSAENOTEMPTY           10066
#define WSAEPROCLIM            10067
#define WSAEUSERS              10068
#define WSAEDQUOT              10069
#define WSAESTALE              10070
#define WSAEREMOTE             10071
#define WSASYSNOTREADY         10091
#define WSAVERNOTSUPPORTED     10092
#define WSANOTINITIALISED      10093
#define WSAEDISCON             10101
#define WSAENOMORE             10102
#define WSAECANCELLED          10103
#define WSAEINVALIDPROCTABLE   10104
#define WSAEINVALIDPROVIDER    10105
#define WSAEPROVIDERFAILEDINIT 10106
#define WSASYSCALLFAILURE      10107
#define WSAEREFUSED            10112
#define WSAHOST_NOT_FOUND      11001
#define WSATRY_AGAIN           11002
#define WSANO_RECOVERY         11003
#define WSANO_DATA             11004

OPENSSPI_END

#endif
