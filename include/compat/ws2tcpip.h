/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol-independent half of Winsock: getaddrinfo and its kin are the platform's own. */
#ifndef OPENSSPI_COMPAT_WS2TCPIP_H
#define OPENSSPI_COMPAT_WS2TCPIP_H

#include "winsock.h"
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

typedef struct addrinfo ADDRINFOA, *PADDRINFOA, ADDRINFO, *LPADDRINFO;
typedef struct sockaddr_in6 SOCKADDR_IN6, *PSOCKADDR_IN6, *LPSOCKADDR_IN6;
typedef struct in6_addr IN6_ADDR, *PIN6_ADDR, *LPIN6_ADDR;

#endif
