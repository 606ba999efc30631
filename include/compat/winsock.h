/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Winsock on the platform's own sockets: what differs is here, the rest is socket(), bind() and so
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
#include <poll.h>
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

/* FIONBIO and FIONREAD; *argp is 32 bits wide there, an unsigned long here. WSAEINVAL: a socket of
 * which events are selected cannot block. */
SEC_EXPORT int WINAPI compat_ioctlsocket(SOCKET s, long cmd, unsigned long *argp);
#define ioctlsocket compat_ioctlsocket
#ifndef FIONBIO
#define FIONBIO 0x5421
#endif
#ifndef FIONREAD
#define FIONREAD 0x541B
#endif

/*
 * The platform's own, and besides what wsaevents.h says of them. A connection that was accepted does
 * not block where its listener does not. A send to a peer that has gone is an error and no signal.
 */
SEC_EXPORT SOCKET WINAPI compat_accept(SOCKET s, struct sockaddr *addr, socklen_t *addrlen);
SEC_EXPORT ssize_t WINAPI compat_recv(SOCKET s, void *buf, size_t len, int flags);
SEC_EXPORT ssize_t WINAPI compat_recvfrom(SOCKET s, void *buf, size_t len, int flags,
                                          struct sockaddr *from, socklen_t *fromlen);
SEC_EXPORT ssize_t WINAPI compat_send(SOCKET s, const void *buf, size_t len, int flags);
SEC_EXPORT ssize_t WINAPI compat_sendto(SOCKET s, const void *buf, size_t len, int flags,
                                        const struct sockaddr *to, socklen_t tolen);
#define accept   compat_accept
#define recv     compat_recv
#define recvfrom compat_recvfrom
#define send     compat_send
#define sendto   compat_sendto

/* Nothing is overlapped and no protocol is described: NULL wherever these stand. */
typedef struct _OVERLAPPED WSAOVERLAPPED, *LPWSAOVERLAPPED;
typedef struct _WSAPROTOCOL_INFOA WSAPROTOCOL_INFOA, *LPWSAPROTOCOL_INFOA;
typedef struct _WSAPROTOCOL_INFOW WSAPROTOCOL_INFOW, *LPWSAPROTOCOL_INFOW;
typedef void(CALLBACK *LPWSAOVERLAPPED_COMPLETION_ROUTINE)(DWORD dwError, DWORD cbTransferred,
                                                           LPWSAOVERLAPPED lpOverlapped,
                                                           DWORD dwFlags);
typedef unsigned int GROUP;

typedef struct _WSABUF {
    ULONG len;
    CHAR *buf;
} WSABUF, *LPWSABUF;

#define WSA_FLAG_OVERLAPPED        0x01 /* taken, and of no effect, as where nobody overlaps */
#define WSA_FLAG_NO_HANDLE_INHERIT 0x80
#define WSABUFS_MAX                64 /* this library's limit of one call */

typedef struct _QualityOfService QOS, *LPQOS;

/* As connect(). WSAEOPNOTSUPP: data for the other end, a quality of service. None comes from there. */
SEC_EXPORT int WINAPI WSAConnect(SOCKET s, const struct sockaddr *name, int namelen,
                                 LPWSABUF lpCallerData, LPWSABUF lpCalleeData, LPQOS lpSQOS,
                                 LPQOS lpGQOS);

#define CF_ACCEPT 0
#define CF_REJECT 1
#define CF_DEFER  2

/* Is told both ends' addresses; what else it could be told is NULL. */
typedef int(CALLBACK *LPCONDITIONPROC)(LPWSABUF lpCallerId, LPWSABUF lpCallerData, LPQOS lpSQOS,
                                       LPQOS lpGQOS, LPWSABUF lpCalleeId, LPWSABUF lpCalleeData,
                                       GROUP *g, DWORD_PTR dwCallbackData);

/*
 * As accept(), where the condition answers CF_ACCEPT. Else INVALID_SOCKET and
 *   WSAECONNREFUSED  CF_REJECT: the connection, which was there before it was asked about, is reset
 *   WSATRY_AGAIN     CF_DEFER: the same connection is what comes next, though select() does not tell
 *   WSAEINVAL        another answer, with which the connection is gone; s does not listen
 *   WSAEFAULT        an address without its length
 */
SEC_EXPORT SOCKET WINAPI WSAAccept(SOCKET s, struct sockaddr *addr, LPINT addrlen,
                                   LPCONDITIONPROC lpfnCondition, DWORD_PTR dwCallbackData);

/* As socket(). INVALID_SOCKET and WSAEINVAL for a protocol's description, a group or other flags. */
SEC_EXPORT SOCKET WINAPI WSASocketW(int af, int type, int protocol,
                                    LPWSAPROTOCOL_INFOW lpProtocolInfo, GROUP g, DWORD dwFlags);
SEC_EXPORT SOCKET WINAPI WSASocketA(int af, int type, int protocol,
                                    LPWSAPROTOCOL_INFOA lpProtocolInfo, GROUP g, DWORD dwFlags);

/*
 * As send(), sendto(), recv() and recvfrom(), with the buffers one after the other. 0, or SOCKET_ERROR
 * and those functions' errors, or
 *   WSAEOPNOTSUPP  overlapped, or a flag other than MSG_OOB, MSG_DONTROUTE and MSG_OOB, MSG_PEEK, MSG_WAITALL
 *   WSAEFAULT      no buffers, no place for the number of bytes or for the flags, an address too long
 *   WSAEINVAL      dwBufferCount is 0; WSAENOBUFS: above WSABUFS_MAX
 *   WSAEMSGSIZE    a datagram was longer: its first bytes are there, the others are gone
 * The end of a stream is a success with 0 bytes.
 */
SEC_EXPORT int WINAPI WSASend(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
                              LPDWORD lpNumberOfBytesSent, DWORD dwFlags,
                              LPWSAOVERLAPPED lpOverlapped,
                              LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
SEC_EXPORT int WINAPI WSASendTo(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
                                LPDWORD lpNumberOfBytesSent, DWORD dwFlags,
                                const struct sockaddr *lpTo, int iTolen,
                                LPWSAOVERLAPPED lpOverlapped,
                                LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
SEC_EXPORT int WINAPI WSARecv(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
                              LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags,
                              LPWSAOVERLAPPED lpOverlapped,
                              LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
SEC_EXPORT int WINAPI WSARecvFrom(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount,
                                  LPDWORD lpNumberOfBytesRecvd, LPDWORD lpFlags,
                                  struct sockaddr *lpFrom, LPINT lpFromlen,
                                  LPWSAOVERLAPPED lpOverlapped,
                                  LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);

/* FIONBIO and FIONREAD, of a DWORD or an unsigned long by their buffers' sizes, else WSAEFAULT.
 * WSAEOPNOTSUPP: another code, or overlapped. */
SEC_EXPORT int WINAPI WSAIoctl(SOCKET s, DWORD dwIoControlCode, LPVOID lpvInBuffer,
                               DWORD cbInBuffer, LPVOID lpvOutBuffer, DWORD cbOutBuffer,
                               LPDWORD lpcbBytesReturned, LPWSAOVERLAPPED lpOverlapped,
                               LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);

/*
 * "192.0.2.1:80", "[2001:db8::1%2]:80", and without a port (0) "192.0.2.1", "2001:db8::1%2". The
 * string's length in characters counts its NUL, in and out. 0, or SOCKET_ERROR and
 *   WSAEFAULT  the buffer is too small, and its size is what is needed; the address is too short, or NULL
 *   WSAEINVAL  another family, a protocol's description; no such address in the string
 *   WSA_NOT_ENOUGH_MEMORY
 */
SEC_EXPORT INT WINAPI WSAAddressToStringW(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
                                          LPWSAPROTOCOL_INFOW lpProtocolInfo,
                                          LPWSTR lpszAddressString,
                                          LPDWORD lpdwAddressStringLength);
SEC_EXPORT INT WINAPI WSAAddressToStringA(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
                                          LPWSAPROTOCOL_INFOA lpProtocolInfo,
                                          LPSTR lpszAddressString, LPDWORD lpdwAddressStringLength);
SEC_EXPORT INT WINAPI WSAStringToAddressW(LPWSTR AddressString, INT AddressFamily,
                                          LPWSAPROTOCOL_INFOW lpProtocolInfo, LPSOCKADDR lpAddress,
                                          LPINT lpAddressLength);
SEC_EXPORT INT WINAPI WSAStringToAddressA(LPSTR AddressString, INT AddressFamily,
                                          LPWSAPROTOCOL_INFOA lpProtocolInfo, LPSOCKADDR lpAddress,
                                          LPINT lpAddressLength);

#ifdef UNICODE
#define WSASocket          WSASocketW
#define WSAAddressToString WSAAddressToStringW
#define WSAStringToAddress WSAStringToAddressW
#else
#define WSASocket          WSASocketA
#define WSAAddressToString WSAAddressToStringA
#define WSAStringToAddress WSAStringToAddressA
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
#define WSASERVICE_NOT_FOUND   10108
#define WSATYPE_NOT_FOUND      10109
#define WSAEREFUSED            10112
#define WSAHOST_NOT_FOUND      11001
#define WSATRY_AGAIN           11002
#define WSANO_RECOVERY         11003
#define WSANO_DATA             11004
#define WSA_INVALID_HANDLE     ERROR_INVALID_HANDLE
#define WSA_NOT_ENOUGH_MEMORY  ERROR_NOT_ENOUGH_MEMORY
#define WSA_INVALID_PARAMETER  ERROR_INVALID_PARAMETER
#define WSA_IO_PENDING         ERROR_IO_PENDING

OPENSSPI_END

#include "wsaevents.h"

#endif
