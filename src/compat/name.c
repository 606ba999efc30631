/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the user and of the computer. */
#include <netdb.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <windows.h>
#include <opensspi/secext.h>

#include "base/mem.h"
#include "compat/error.h"
#include "compat/text.h"
#include "compat/token.h"

/* A name's longest form: DNS gives 255, user names and display names are shorter. */
#define NAME_MAX_BYTES 1024

struct name {
    char text[NAME_MAX_BYTES];
};

static DWORD
put(struct name *name, const char *text, size_t n)
{
    if (n >= sizeof(name->text)) {
        return ERROR_BUFFER_OVERFLOW;
    }
    bytes_copy(name->text, text, n);
    name->text[n] = '\0';
    return ERROR_SUCCESS;
}

/* A user of this system, or, where user is NULL, the effective one: its name, and its full name (the
 * first part of GECOS). */
static DWORD
names_of(const char *user, struct name *bare, struct name *display)
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
        error = put(bare, entry.pw_name, strlen(entry.pw_name));
        if (error == ERROR_SUCCESS) {
            error = put(display, full, strcspn(full, ","));
        }
    }
    mem_free(strings);
    return error;
}

static DWORD
user_names(struct name *bare, struct name *display)
{
    return names_of(NULL, bare, display);
}

/* The client that the calling thread acts as; ERROR_NO_TOKEN: it acts as the process. */
static DWORD
client_names(struct name *bare, struct name *domain, struct name *principal)
{
    POPENSSPI_TOKEN t;
    DWORD error = compat_token_query(GetCurrentThreadToken(), &t);

    if (error != ERROR_SUCCESS) {
        return error;
    }
    error = put(bare, t->UserName, strlen(t->UserName));
    if (error == ERROR_SUCCESS) {
        error = put(domain, t->DomainName, strlen(t->DomainName));
    }
    if (error == ERROR_SUCCESS) {
        error = put(principal, t->UserPrincipalName, strlen(t->UserPrincipalName));
    }
    (void)FreeContextBuffer(t);
    return error;
}

static DWORD
user_name(struct name *name)
{
    struct name unused, more;
    DWORD error = client_names(name, &unused, &more);

    return error == ERROR_NO_TOKEN ? user_names(name, &unused) : error;
}

/* What the resolver says that this host is called in full, or its bare name. */
static DWORD
full_host_name(struct name *name)
{
    const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    struct utsname host;
    DWORD error;

    if (uname(&host) != 0) {
        return ERROR_GEN_FAILURE;
    }
    error = put(name, host.nodename, strlen(host.nodename));
    if (error != ERROR_SUCCESS || strchr(name->text, '.')) {
        return error;
    }
    if (getaddrinfo(host.nodename, NULL, &hints, &found) == 0) {
        /* Only an answer that begins with our own name is ours: "localhost" is not. */
        const size_t n = strlen(host.nodename);
        if (found->ai_canonname && strncasecmp(found->ai_canonname, host.nodename, n) == 0 &&
            found->ai_canonname[n] == '.') {
            error = put(name, found->ai_canonname, strlen(found->ai_canonname));
        }
        freeaddrinfo(found);
    }
    return error;
}

/* The first label in upper case, at most 15 characters: NetBIOS' limit. */
static DWORD
netbios_name(struct name *name)
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
computer_name(COMPUTER_NAME_FORMAT format, struct name *name)
{
    struct name full;
    DWORD error;
    size_t label;

    switch (format) {
    case ComputerNameNetBIOS:
    case ComputerNamePhysicalNetBIOS: return netbios_name(name);
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
        return put(name, full.text, label);
    }
    if (format == ComputerNameDnsDomain || format == ComputerNamePhysicalDnsDomain) {
        const char *domain = full.text + label + (full.text[label] == '.' ? 1 : 0);
        return put(name, domain, strlen(domain));
    }
    return put(name, full.text, strlen(full.text));
}

static DWORD
put_with_domain(struct name *to, const struct name *domain, const struct name *bare)
{
    const int n = snprintf(to->text, sizeof(to->text), "%s\\%s", domain->text, bare->text);

    return n < 0 || (size_t)n >= sizeof(to->text) ? ERROR_BUFFER_OVERFLOW : ERROR_SUCCESS;
}

static DWORD
own_extended_name(EXTENDED_NAME_FORMAT format, struct name *name)
{
    struct name bare, display, computer;
    DWORD error = user_names(&bare, &display);

    if (error != ERROR_SUCCESS) {
        return error;
    }
    if (format == NameDisplay && display.text[0] != '\0') {
        return put(name, display.text, strlen(display.text));
    }
    if (format != NameSamCompatible) {
        return ERROR_NONE_MAPPED;
    }
    error = netbios_name(&computer);
    return error == ERROR_SUCCESS ? put_with_domain(name, &computer, &bare) : error;
}

/* A name for GetUserNameEx: those that need no directory. */
static DWORD
extended_user_name(EXTENDED_NAME_FORMAT format, struct name *name)
{
    struct name bare, domain, principal;
    DWORD error = client_names(&bare, &domain, &principal);

    if (error == ERROR_NO_TOKEN) {
        return own_extended_name(format, name);
    }
    if (error != ERROR_SUCCESS) {
        return error;
    }
    if (format == NameUserPrincipal && principal.text[0] != '\0') {
        return put(name, principal.text, strlen(principal.text));
    }
    return format == NameSamCompatible ? put_with_domain(name, &domain, &bare) : ERROR_NONE_MAPPED;
}

static const struct compat_text_rule user_rule = { ERROR_INSUFFICIENT_BUFFER, true };
static const struct compat_text_rule netbios_rule = { ERROR_BUFFER_OVERFLOW, false };
static const struct compat_text_rule extended_rule = { ERROR_MORE_DATA, false };

BOOL
GetUserNameA(LPSTR lpBuffer, LPDWORD pcbBuffer)
{
    struct name name;
    DWORD error = user_name(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_a(name.text, user_rule, lpBuffer, pcbBuffer));
}

BOOL
GetUserNameW(LPWSTR lpBuffer, LPDWORD pcbBuffer)
{
    struct name name;
    DWORD error = user_name(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_w(name.text, user_rule, lpBuffer, pcbBuffer));
}

BOOL
GetComputerNameA(LPSTR lpBuffer, LPDWORD nSize)
{
    struct name name;
    DWORD error = netbios_name(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_a(name.text, netbios_rule, lpBuffer, nSize));
}

BOOL
GetComputerNameW(LPWSTR lpBuffer, LPDWORD nSize)
{
    struct name name;
    DWORD error = netbios_name(&name);

    return compat_error_answer(
        error ? error : compat_text_answer_w(name.text, netbios_rule, lpBuffer, nSize));
}

BOOL
GetComputerNameExA(COMPUTER_NAME_FORMAT NameType, LPSTR lpBuffer, LPDWORD nSize)
{
    struct name name;
    DWORD error = computer_name(NameType, &name);

    return compat_error_answer(
        error ? error : compat_text_answer_a(name.text, extended_rule, lpBuffer, nSize));
}

BOOL
GetComputerNameExW(COMPUTER_NAME_FORMAT NameType, LPWSTR lpBuffer, LPDWORD nSize)
{
    struct name name;
    DWORD error = computer_name(NameType, &name);

    return compat_error_answer(
        error ? error : compat_text_answer_w(name.text, extended_rule, lpBuffer, nSize));
}

BOOLEAN
GetUserNameExA(EXTENDED_NAME_FORMAT NameFormat, LPSTR lpNameBuffer, PULONG nSize)
{
    struct name name;
    DWORD error = extended_user_name(NameFormat, &name);

    error = error ? error : compat_text_answer_a(name.text, extended_rule, lpNameBuffer, nSize);
    return (BOOLEAN)compat_error_answer(error);
}

BOOLEAN
GetUserNameExW(EXTENDED_NAME_FORMAT NameFormat, LPWSTR lpNameBuffer, PULONG nSize)
{
    struct name name;
    DWORD error = extended_user_name(NameFormat, &name);

    error = error ? error : compat_text_answer_w(name.text, extended_rule, lpNameBuffer, nSize);
    return (BOOLEAN)compat_error_answer(error);
}

/* The computer's account lives in a directory, which nothing here asks: the answer is the one of a
 * computer that is in no domain. */
BOOLEAN
GetComputerObjectNameA(EXTENDED_NAME_FORMAT NameFormat, LPSTR lpNameBuffer, PULONG nSize)
{
    SetLastError(ERROR_CANT_ACCESS_DOMAIN_INFO);
    return FALSE;
}

BOOLEAN
GetComputerObjectNameW(EXTENDED_NAME_FORMAT NameFormat, LPWSTR lpNameBuffer, PULONG nSize)
{
    SetLastError(ERROR_CANT_ACCESS_DOMAIN_INFO);
    return FALSE;
}

/* --- from one format into another ---------------------------------------------------------- */

/* The names of an account; "" for one that nobody told. */
struct user_forms {
    struct name sam, principal, display;
};

static DWORD
optional_name(EXTENDED_NAME_FORMAT format, struct name *name)
{
    const DWORD error = extended_user_name(format, name);

    if (error != ERROR_NONE_MAPPED) {
        return error;
    }
    name->text[0] = '\0';
    return ERROR_SUCCESS;
}

/* Of the user that the calling thread is. */
static DWORD
user_forms(struct user_forms *forms)
{
    DWORD error = extended_user_name(NameSamCompatible, &forms->sam);

    if (error == ERROR_SUCCESS) {
        error = optional_name(NameUserPrincipal, &forms->principal);
    }
    return error == ERROR_SUCCESS ? optional_name(NameDisplay, &forms->display) : error;
}

/* Of an account that this server knows: its store's, a live client's, this system's. */
static DWORD
account_forms(const char *from, struct user_forms *forms)
{
    POPENSSPI_ACCOUNT found;
    struct name domain, bare;
    SECURITY_STATUS status = OpenSspiLookupName(from, &found);
    DWORD error;

    if (status != SEC_E_OK) {
        return status == SEC_E_NO_AUTHENTICATING_AUTHORITY ? ERROR_NO_SUCH_DOMAIN
                                                           : compat_token_error(status);
    }
    forms->principal.text[0] = forms->display.text[0] = '\0';
    error = put(&domain, found->Domain, strlen(found->Domain));
    if (error == ERROR_SUCCESS) {
        error = put(&bare, found->Name, strlen(found->Name));
    }
    if (error == ERROR_SUCCESS) {
        error = found->Domain[0] ? put_with_domain(&forms->sam, &domain, &bare) : ERROR_NONE_MAPPED;
    }
    if (error == ERROR_SUCCESS && found->Use == SidTypeUser &&
        bytes_equal(bytes_of_string(found->Domain), bytes_of_string("Unix User"))) {
        error = names_of(found->Name, &bare, &forms->display);
    }
    (void)FreeContextBuffer(found);
    return error;
}

static const char *
form_of(const struct user_forms *forms, EXTENDED_NAME_FORMAT format)
{
    switch (format) {
    case NameSamCompatible: return forms->sam.text;
    case NameUserPrincipal: return forms->principal.text;
    case NameDisplay: return forms->display.text;
    default: return "";
    }
}

static bool
is_name(const char *a, const char *b)
{
    return b[0] != '\0' && bytes_equal_nocase(bytes_of_string(a), bytes_of_string(b));
}

static DWORD
translate(const char *from, EXTENDED_NAME_FORMAT format, EXTENDED_NAME_FORMAT wanted,
          struct name *out)
{
    struct user_forms forms;
    const char *to;
    bool known;
    DWORD error;

    if (!from || wanted == NameUnknown) {
        return ERROR_INVALID_PARAMETER;
    }
    error = user_forms(&forms);
    if (error != ERROR_SUCCESS) {
        return error;
    }
    known = format == NameUnknown
                ? is_name(from, forms.sam.text) || is_name(from, forms.principal.text)
                : format != NameDisplay && is_name(from, form_of(&forms, format));
    if (!known && from[0] &&
        (format == NameUnknown || (format == NameSamCompatible && strchr(from, '\\')))) {
        error = account_forms(from, &forms);
        known = error == ERROR_SUCCESS;
    }
    if (error != ERROR_SUCCESS) {
        return error;
    }
    to = form_of(&forms, wanted);
    return known && to[0] ? put(out, to, strlen(to)) : ERROR_NONE_MAPPED;
}

BOOLEAN
TranslateNameA(LPCSTR lpAccountName, EXTENDED_NAME_FORMAT AccountNameFormat,
               EXTENDED_NAME_FORMAT DesiredNameFormat, LPSTR lpTranslatedName, PULONG nSize)
{
    struct name name;
    DWORD error = translate(lpAccountName, AccountNameFormat, DesiredNameFormat, &name);

    error = error ? error : compat_text_answer_a(name.text, extended_rule, lpTranslatedName, nSize);
    return (BOOLEAN)compat_error_answer(error);
}

BOOLEAN
TranslateNameW(LPCWSTR lpAccountName, EXTENDED_NAME_FORMAT AccountNameFormat,
               EXTENDED_NAME_FORMAT DesiredNameFormat, LPWSTR lpTranslatedName, PULONG nSize)
{
    struct name name;
    char *from = NULL;
    DWORD error = compat_text_to_utf8(lpAccountName, &from);

    error = error ? error : translate(from, AccountNameFormat, DesiredNameFormat, &name);
    error = error ? error : compat_text_answer_w(name.text, extended_rule, lpTranslatedName, nSize);
    mem_free(from);
    return (BOOLEAN)compat_error_answer(error);
}
