/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the user and of the computer. */
#include <netdb.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <windows.h>

#include "base/mem.h"
#include "compat/error.h"
#include "compat/name.h"
#include "compat/text.h"
#include "compat/token.h"

DWORD
compat_name_put(struct compat_name *name, const char *text, size_t n)
{
    if (n >= sizeof(name->text)) {
        return ERROR_BUFFER_OVERFLOW;
    }
    bytes_copy(name->text, text, n);
    name->text[n] = '\0';
    return ERROR_SUCCESS;
}

DWORD
compat_name_of_user(const char *user, struct compat_name *bare, struct compat_name *display)
{
    const long hint = sysconf(_SC_GETPW_R_SIZE_MAX);
    const size_t room = hint > 0 && hint < 65536 ? (size_t)hint : 65536;
    char *strings = mem_new(room);
    struct passwd entry, *found = NULL;
    DWORD error;
    int failed;

    if (!strings) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    failed = user ? getpwnam_r(user, &entry, strings, room, &found)
                  : getpwuid_r(geteuid(), &entry, strings, room, &found);
    if (failed || !found) {
        error = ERROR_NONE_MAPPED;
    } else {
        const char *full = entry.pw_gecos ? entry.pw_gecos : "";
        error = compat_name_put(bare, entry.pw_name, strlen(entry.pw_name));
        if (error == ERROR_SUCCESS) {
            error = compat_name_put(display, full, strcspn(full, ","));
        }
    }
    mem_free(strings);
    return error;
}

DWORD
compat_name_of_client(struct compat_name *bare, struct compat_name *domain,
                      struct compat_name *principal)
{
    POPENSSPI_TOKEN t;
    DWORD error = compat_token_query(GetCurrentThreadToken(), &t);

    if (error != ERROR_SUCCESS) {
        return error;
    }
    error = compat_name_put(bare, t->UserName, strlen(t->UserName));
    if (error == ERROR_SUCCESS) {
        error = compat_name_put(domain, t->DomainName, strlen(t->DomainName));
    }
    if (error == ERROR_SUCCESS) {
        error = compat_name_put(principal, t->UserPrincipalName, strlen(t->UserPrincipalName));
    }
    (void)FreeContextBuffer(t);
    return error;
}

static DWORD
user_name(struct compat_name *name)
{
    struct compat_name unused, more;
    DWORD error = compat_name_of_client(name, &unused, &more);

    return error == ERROR_NO_TOKEN ? compat_name_of_user(NULL, name, &unused) : error;
}

/* What the resolver says that this host is called in full, or its bare name. */
static DWORD
full_host_name(struct compat_name *name)
{
    const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    struct utsname host;
    DWORD error;

    if (uname(&host) != 0) {
        return ERROR_GEN_FAILURE;
    }
    error = compat_name_put(name, host.nodename, strlen(host.nodename));
    if (error != ERROR_SUCCESS || strchr(name->text, '.')) {
        return error;
    }
    if (getaddrinfo(host.nodename, NULL, &hints, &found) == 0) {
        /* Only an answer that begins with our own name is ours: "localhost" is not. */
        const size_t n = strlen(host.nodename);
        if (found->ai_canonname && strncasecmp(found->ai_canonname, host.nodename, n) == 0 &&
            found->ai_canonname[n] == '.') {
            error = compat_name_put(name, found->ai_canonname, strlen(found->ai_canonname));
        }
        freeaddrinfo(found);
    }
    return error;
}

DWORD
compat_name_of_computer(struct compat_name *name)
{
    struct utsname host;
    size_t n;

    if (uname(&host) != 0) {
        return ERROR_GEN_FAILURE;
    }
    n = strcspn(host.nodename, ".");
    n = n < MAX_COMPUTERNAME_LENGTH ? n : MAX_COMPUTERNAME_LENGTH;
    for (size_t i = 0; i < n; i++) {
        const char c = host.nodename[i];
        name->text[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    name->text[n] = '\0';
    return ERROR_SUCCESS;
}

static DWORD
computer_name(COMPUTER_NAME_FORMAT format, struct compat_name *name)
{
    struct compat_name full;
    DWORD error;
    size_t label;

    switch (format) {
    case ComputerNameNetBIOS:
    case ComputerNamePhysicalNetBIOS: return compat_name_of_computer(name);
    case ComputerNameDnsHostname:
    case ComputerNamePhysicalDnsHostname:
    case ComputerNameDnsDomain:
    case ComputerNamePhysicalDnsDomain:
    case ComputerNameDnsFullyQualified:
    case ComputerNamePhysicalDnsFullyQualified: break;
    default: return ERROR_INVALID_PARAMETER;
    }
    error = full_host_name(&full);
    if (error != ERROR_SUCCESS) {
        return error;
    }
    label = strcspn(full.text, ".");
    if (format == ComputerNameDnsHostname || format == ComputerNamePhysicalDnsHostname) {
        return compat_name_put(name, full.text, label);
    }
    if (format == ComputerNameDnsDomain || format == ComputerNamePhysicalDnsDomain) {
        const char *domain = full.text + label + (full.text[label] == '.' ? 1 : 0);
        return compat_name_put(name, domain, strlen(domain));
    }
    return compat_name_put(name, full.text, strlen(full.text));
}

static const struct compat_text_rule user_rule = { ERROR_INSUFFICIENT_BUFFER, true };
static const struct compat_text_rule netbios_rule = { ERROR_BUFFER_OVERFLOW, false };
static const struct compat_text_rule extended_rule = { ERROR_MORE_DATA, false };

BOOL
GetUserNameA(LPSTR lpBuffer, LPDWORD pcbBuffer)
{
    struct compat_name name;
    DWORD error = user_name(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_a(name.text, user_rule, lpBuffer, pcbBuffer));
}

BOOL
GetUserNameW(LPWSTR lpBuffer, LPDWORD pcbBuffer)
{
    struct compat_name name;
    DWORD error = user_name(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_w(name.text, user_rule, lpBuffer, pcbBuffer));
}

BOOL
GetComputerNameA(LPSTR lpBuffer, LPDWORD nSize)
{
    struct compat_name name;
    DWORD error = compat_name_of_computer(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_a(name.text, netbios_rule, lpBuffer, nSize));
}

BOOL
GetComputerNameW(LPWSTR lpBuffer, LPDWORD nSize)
{
    struct compat_name name;
    DWORD error = compat_name_of_computer(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_w(name.text, netbios_rule, lpBuffer, nSize));
}

BOOL
GetComputerNameExA(COMPUTER_NAME_FORMAT NameType, LPSTR lpBuffer, LPDWORD nSize)
{
    struct compat_name name;
    DWORD error = computer_name(NameType, &name);

    return compat_error_answer(
        error ? error : compat_text_answer_a(name.text, extended_rule, lpBuffer, nSize));
}

BOOL
GetComputerNameExW(COMPUTER_NAME_FORMAT NameType, LPWSTR lpBuffer, LPDWORD nSize)
{
    struct compat_name name;
    DWORD error = computer_name(NameType, &name);

    return compat_error_answer(
        error ? error : compat_text_answer_w(name.text, extended_rule, lpBuffer, nSize));
}
