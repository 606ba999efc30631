/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol-independent half of Winsock: getaddrinfo and its kin are the platform's own, and 16-bit
 * forms of them are here. */
#ifndef OPENSSPI_COMPAT_WS2TCPIP_H
#define OPENSSPI_COMPAT_WS2TCPIP_H

#include "winsock.h"
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

typedef struct addrinfo ADDRINFOA, *PADDRINFOA, ADDRINFO, *LPADDRINFO;
typedef struct sockaddr_in6 SOCKADDR_IN6, *PSOCKADDR_IN6, *LPSOCKADDR_IN6;
typedef struct in6_addr IN6_ADDR, *PIN6_ADDR, *LPIN6_ADDR;

OPENSSPI_BEGIN

typedef struct addrinfoW {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    size_t ai_addrlen;
    PWSTR ai_canonname;
    struct sockaddr *ai_addr;
    struct addrinfoW *ai_next;
} ADDRINFOW, *PADDRINFOW, *LPADDRINFOW;

/* 0 or an EAI_ code as getaddrinfo's, and then a WSA code is the last error (WSAHOST_NOT_FOUND,
 * WSATRY_AGAIN, WSANO_RECOVERY, WSATYPE_NOT_FOUND …). EAI_NONAME: the name is no UTF-16, too. */
SEC_EXPORT INT WINAPI GetAddrInfoW(PCWSTR pNodeName, PCWSTR pServiceName, const ADDRINFOW *pHints,
                                   PADDRINFOW *ppResult);
/* NULL is no error. */
SEC_EXPORT void WINAPI FreeAddrInfoW(PADDRINFOW pAddrInfo);

/* pStringBuf, or NULL: WSAEAFNOSUPPORT for another family, ERROR_INVALID_PARAMETER for a NULL pointer
 * or a buffer of fewer characters than the text and its NUL. */
SEC_EXPORT PCWSTR WINAPI InetNtopW(INT Family, const VOID *pAddr, PWSTR pStringBuf,
                                   size_t StringBufSize);
/* 1, 0 where it is no such address, or -1: WSAEAFNOSUPPORT, WSAEFAULT for a NULL pointer. */
SEC_EXPORT INT WINAPI InetPtonW(INT Family, PCWSTR pszAddrString, PVOID pAddrBuf);
#define InetNtopA inet_ntop
#define InetPtonA inet_pton

#ifdef UNICODE
typedef ADDRINFOW ADDRINFOT, *PADDRINFOT;
#define GetAddrInfo  GetAddrInfoW
#define FreeAddrInfo FreeAddrInfoW
#define InetNtop     InetNtopW
#define InetPton     InetPtonW
#else
typedef ADDRINFOA ADDRINFOT, *PADDRINFOT;
#define GetAddrInfo  getaddrinfo
#define FreeAddrInfo freeaddrinfo
#define InetNtop     InetNtopA
#define InetPton     InetPtonA
#endif
#define GetAddrInfoA  getaddrinfo
#define FreeAddrInfoA freeaddrinfo

OPENSSPI_END

#endif
