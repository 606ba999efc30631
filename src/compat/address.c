/* SPDX-License-Identifier: Apache-2.0 */
/* Internet addresses as text, and names' addresses, with 16-bit strings. */
#include <stdio.h>
#include <stdlib.h>
#include <ws2tcpip.h>

#include "base/mem.h"
#include "compat/error.h"
#include "compat/text.h"

/* "[address%scope]:port" and a NUL. */
enum { ADDRESS_TEXT = INET6_ADDRSTRLEN + 32 };

static int
answer(DWORD error)
{
    return compat_error_answer(error) ? 0 : SOCKET_ERROR;
}

/* --- an address as text -------------------------------------------------------------------- */

static void
put_in6(char *to, const struct sockaddr_in6 *in6)
{
    const unsigned port = ntohs(in6->sin6_port);
    char host[INET6_ADDRSTRLEN], scope[16] = "", after[8] = "";

    (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
    if (in6->sin6_scope_id) {
        snprintf(scope, sizeof(scope), "%%%u", (unsigned)in6->sin6_scope_id);
    }
    if (port) {
        snprintf(after, sizeof(after), "]:%u", port);
    }
    snprintf(to, ADDRESS_TEXT, "%s%s%s%s", port ? "[" : "", host, scope, after);
}

static DWORD
address_text(const SOCKADDR *address, DWORD n, char to[static ADDRESS_TEXT])
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    char host[INET_ADDRSTRLEN], after[8] = "";

    if (!address || n < sizeof(address->sa_family)) {
        return WSAEFAULT;
    }
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6) {
        return WSAEINVAL;
    }
    if (n < (address->sa_family == AF_INET ? sizeof(in) : sizeof(in6))) {
        return WSAEFAULT;
    }
    if (address->sa_family == AF_INET6) {
        bytes_copy(&in6, address, sizeof(in6));
        put_in6(to, &in6);
        return ERROR_SUCCESS;
    }
    bytes_copy(&in, address, sizeof(in));
    (void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
    if (in.sin_port) {
        snprintf(after, sizeof(after), ":%u", (unsigned)ntohs(in.sin_port));
    }
    snprintf(to, ADDRESS_TEXT, "%s%s", host, after);
    return ERROR_SUCCESS;
}

static const struct compat_text_rule address_rule = { WSAEFAULT, true };

INT
WSAAddressToStringA(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
                    LPWSAPROTOCOL_INFOA lpProtocolInfo, LPSTR lpszAddressString,
                    LPDWORD lpdwAddressStringLength)
{
    char text[ADDRESS_TEXT];
    DWORD error = lpProtocolInfo || !lpdwAddressStringLength
                      ? WSAEINVAL
                      : address_text(lpsaAddress, dwAddressLength, text);

    return answer(error ? error
                        : compat_text_answer_a(text, address_rule, lpszAddressString,
                                               lpdwAddressStringLength));
}

INT
WSAAddressToStringW(LPSOCKADDR lpsaAddress, DWORD dwAddressLength,
                    LPWSAPROTOCOL_INFOW lpProtocolInfo, LPWSTR lpszAddressString,
                    LPDWORD lpdwAddressStringLength)
{
    char text[ADDRESS_TEXT];
    DWORD error = lpProtocolInfo || !lpdwAddressStringLength
                      ? WSAEINVAL
                      : address_text(lpsaAddress, dwAddressLength, text);

    return answer(error ? error
                        : compat_text_answer_w(text, address_rule, lpszAddressString,
                                               lpdwAddressStringLength));
}

/* --- and back ------------------------------------------------------------------------------ */

static bool
take_port(const char *digits, in_port_t *port)
{
    unsigned value = 0;

    for (const char *d = digits; *d; d++) {
        if (*d < '0' || *d > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(*d - '0');
        if (value > UINT16_MAX) {
            return false;
        }
    }
    *port = htons((uint16_t)value);
    return digits[0] != '\0';
}

/* Divides it: *port is its digits, NULL where there are none. */
static bool
divide(char *text, int family, char **host, char **port)
{
    char *end = strchr(text, family == AF_INET ? ':' : ']');

    *host = text;
    *port = NULL;
    if (family == AF_INET6 && text[0] == '[') {
        *host = text + 1;
        if (!end || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
        *port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
    } else if (family == AF_INET && end) {
        *port = end + 1;
        *end = '\0';
    }
    return true;
}

/* text is written to. */
static DWORD
parse_address(char *text, int family, LPSOCKADDR to, LPINT size)
{
    const struct addrinfo hints = { .ai_family = family, .ai_flags = AI_NUMERICHOST };
    const int n = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    struct addrinfo *found = NULL;
    char *host, *digits;
    in_port_t port = 0;

    if (family != AF_INET && family != AF_INET6) {
        return WSAEINVAL;
    }
    if (!to || *size < n) {
        *size = n;
        return WSAEFAULT;
    }
    if (!divide(text, family, &host, &digits) || (digits && !take_port(digits, &port)) ||
        getaddrinfo(host, NULL, &hints, &found) != 0) {
        return WSAEINVAL;
    }
    if (family == AF_INET) {
        ((struct sockaddr_in *)found->ai_addr)->sin_port = port;
    } else {
        ((struct sockaddr_in6 *)found->ai_addr)->sin6_port = port;
    }
    bytes_copy(to, found->ai_addr, (size_t)n);
    *size = n;
    freeaddrinfo(found);
    return ERROR_SUCCESS;
}

INT
WSAStringToAddressA(LPSTR AddressString, INT AddressFamily, LPWSAPROTOCOL_INFOA lpProtocolInfo,
                    LPSOCKADDR lpAddress, LPINT lpAddressLength)
{
    char *text = AddressString ? mem_dup(AddressString, strlen(AddressString)) : NULL;
    DWORD error;

    if (!AddressString || !lpAddressLength) {
        error = AddressString ? WSAEFAULT : WSAEINVAL;
    } else if (!text) {
        error = WSA_NOT_ENOUGH_MEMORY;
    } else {
        error = lpProtocolInfo ? WSAEINVAL
                               : parse_address(text, AddressFamily, lpAddress, lpAddressLength);
    }
    mem_free(text);
    return answer(error);
}

INT
WSAStringToAddressW(LPWSTR AddressString, INT AddressFamily, LPWSAPROTOCOL_INFOW lpProtocolInfo,
                    LPSOCKADDR lpAddress, LPINT lpAddressLength)
{
    char *text = NULL;
    DWORD error = compat_text_to_utf8(AddressString, &text);

    if (error == ERROR_NO_UNICODE_TRANSLATION || lpProtocolInfo || !AddressString) {
        error = WSAEINVAL;
    } else if (error == ERROR_SUCCESS) {
        error = lpAddressLength ? parse_address(text, AddressFamily, lpAddress, lpAddressLength)
                                : WSAEFAULT;
    }
    mem_free(text);
    return answer(error);
}

PCWSTR
InetNtopW(INT Family, const VOID *pAddr, PWSTR pStringBuf, size_t StringBufSize)
{
    char text[INET6_ADDRSTRLEN];
    DWORD size = StringBufSize < UINT32_MAX ? (DWORD)StringBufSize : UINT32_MAX, error;

    if (Family != AF_INET && Family != AF_INET6) {
        error = WSAEAFNOSUPPORT;
    } else if (!pAddr || !inet_ntop(Family, pAddr, text, sizeof(text))) {
        error = ERROR_INVALID_PARAMETER;
    } else {
        error = compat_text_answer_w(
            text, (struct compat_text_rule){ ERROR_INVALID_PARAMETER, true }, pStringBuf, &size);
    }
    return compat_error_answer(error) ? pStringBuf : NULL;
}

INT
InetPtonW(INT Family, PCWSTR pszAddrString, PVOID pAddrBuf)
{
    char *text = NULL;
    int n = 0;

    if (Family != AF_INET && Family != AF_INET6) {
        return answer(WSAEAFNOSUPPORT);
    }
    if (!pszAddrString || !pAddrBuf) {
        return answer(WSAEFAULT);
    }
    if (compat_text_to_utf8(pszAddrString, &text) == ERROR_NOT_ENOUGH_MEMORY) {
        return answer(ERROR_NOT_ENOUGH_MEMORY);
    }
    n = text ? inet_pton(Family, text, pAddrBuf) : 0;
    mem_free(text);
    return n;
}

/* --- names' addresses ---------------------------------------------------------------------- */

static int
resolved(int status)
{
    static const struct {
        int from;
        DWORD to;
    } errors[] = {
        { EAI_AGAIN, WSATRY_AGAIN },        { EAI_BADFLAGS, WSAEINVAL },
        { EAI_FAIL, WSANO_RECOVERY },       { EAI_FAMILY, WSAEAFNOSUPPORT },
        { EAI_NONAME, WSAHOST_NOT_FOUND },  { EAI_MEMORY, WSA_NOT_ENOUGH_MEMORY },
        { EAI_SERVICE, WSATYPE_NOT_FOUND }, { EAI_SOCKTYPE, WSAESOCKTNOSUPPORT },
    };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]) && status != EAI_SYSTEM; i++) {
        if (errors[i].from == status) {
            SetLastError(errors[i].to);
            return status;
        }
    }
    if (status != 0 && status != EAI_SYSTEM) {
        SetLastError(WSANO_RECOVERY);
    }
    return status;
}

/* One of them with its address behind it. */
static ADDRINFOW *
wide_of(const struct addrinfo *a)
{
    ADDRINFOW *w = mem_new(sizeof(*w) + a->ai_addrlen);

    if (!w) {
        return NULL;
    }
    *w = (ADDRINFOW){ a->ai_flags,
                      a->ai_family,
                      a->ai_socktype,
                      a->ai_protocol,
                      a->ai_addrlen,
                      NULL,
                      (struct sockaddr *)(w + 1),
                      NULL };
    bytes_copy(w->ai_addr, a->ai_addr, a->ai_addrlen);
    if (compat_text_to_utf16(a->ai_canonname, &w->ai_canonname) == ERROR_NOT_ENOUGH_MEMORY) {
        mem_free(w);
        return NULL;
    }
    return w;
}

static int
resolve(const char *node, const char *service, const ADDRINFOW *asked, PADDRINFOW *out)
{
    struct addrinfo hints = { 0 }, *found = NULL;
    ADDRINFOW *first = NULL, **last = &first;
    int status;

    if (asked) {
        hints = (struct addrinfo){ .ai_flags = asked->ai_flags,
                                   .ai_family = asked->ai_family,
                                   .ai_socktype = asked->ai_socktype,
                                   .ai_protocol = asked->ai_protocol };
    }
    status = getaddrinfo(node, service, asked ? &hints : NULL, &found);
    if (status != 0) {
        return status;
    }
    for (const struct addrinfo *a = found; a; a = a->ai_next) {
        *last = wide_of(a);
        if (!*last) {
            freeaddrinfo(found);
            FreeAddrInfoW(first);
            return EAI_MEMORY;
        }
        last = &(*last)->ai_next;
    }
    freeaddrinfo(found);
    *out = first;
    return 0;
}

INT
GetAddrInfoW(PCWSTR pNodeName, PCWSTR pServiceName, const ADDRINFOW *pHints, PADDRINFOW *ppResult)
{
    char *node = NULL, *service = NULL;
    DWORD error = compat_text_to_utf8(pNodeName, &node);
    int status;

    if (error == ERROR_SUCCESS) {
        error = compat_text_to_utf8(pServiceName, &service);
    }
    if (error == ERROR_SUCCESS && ppResult) {
        *ppResult = NULL;
        status = resolve(node, service, pHints, ppResult);
    } else {
        status = error == ERROR_NOT_ENOUGH_MEMORY ? EAI_MEMORY
                 : ppResult                       ? EAI_NONAME
                                                  : EAI_BADFLAGS;
    }
    mem_free(node);
    mem_free(service);
    return resolved(status);
}

void
FreeAddrInfoW(PADDRINFOW pAddrInfo)
{
    while (pAddrInfo) {
        PADDRINFOW next = pAddrInfo->ai_next;
        mem_free(pAddrInfo->ai_canonname);
        mem_free(pAddrInfo);
        pAddrInfo = next;
    }
}
