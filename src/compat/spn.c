/* SPDX-License-Identifier: Apache-2.0 */
/* Service principal names, composed and taken apart in UTF-8; the W functions convert. */
#include <arpa/inet.h>
#include <ntdsapi.h>
#include <opensspi/secext.h>

#include "base/mem.h"
#include "compat/text.h"

/* The parts of class/host[:port][/last], any of which is a view or empty. */
struct spn {
    struct bytes service_class, host, last;
    USHORT port;
};

/* Strings of DsMakeSpn, W or A, as UTF-8. */
struct make_arguments {
    const char *service_class, *service, *instance, *referrer;
    USHORT port;
};

static const struct compat_text_rule rule = { ERROR_BUFFER_OVERFLOW, true };

static bool
is_ip_address(const char *s)
{
    struct in6_addr address;

    return inet_pton(AF_INET, s, &address) == 1 || inet_pton(AF_INET6, s, &address) == 1;
}

/* "/" parts the components, so none may hold it. */
static bool
is_component(const char *s)
{
    return s && *s && !strchr(s, '/');
}

static DWORD
make(const struct make_arguments *a, char **out)
{
    const bool has_instance = a->instance && *a->instance;
    const char *host = has_instance ? a->instance : a->service;
    const char *last = has_instance ? a->service : NULL;
    struct wire_writer w = wire_writer_growing(NULL, 0);
    char port[8] = "";

    *out = NULL;
    if (!is_component(a->service_class) || !is_component(a->service) ||
        (has_instance && !is_component(a->instance))) {
        return ERROR_INVALID_PARAMETER;
    }
    if (a->referrer && *a->referrer && is_ip_address(a->service)) {
        last = a->referrer;
        if (!is_component(last)) {
            return ERROR_INVALID_PARAMETER;
        }
    }
    if (a->port != 0) {
        snprintf(port, sizeof(port), ":%u", (unsigned)a->port);
    }
    wire_put_bytes(&w, bytes_of_string(a->service_class));
    wire_put_u8(&w, '/');
    wire_put_bytes(&w, bytes_of_string(host));
    wire_put_bytes(&w, bytes_of_string(port));
    if (last) {
        wire_put_u8(&w, '/');
        wire_put_bytes(&w, bytes_of_string(last));
    }
    if (wire_writer_status(&w) == WIRE_OK) {
        *out = mem_dup(wire_written(&w).p, wire_written(&w).n);
    }
    wire_writer_clear(&w);
    return *out ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

DWORD
DsMakeSpnA(LPCSTR ServiceClass, LPCSTR ServiceName, LPCSTR InstanceName, USHORT InstancePort,
           LPCSTR Referrer, DWORD *pcSpnLength, LPSTR pszSpn)
{
    const struct make_arguments a = { ServiceClass, ServiceName, InstanceName, Referrer,
                                      InstancePort };
    char *spn = NULL;
    DWORD error = pcSpnLength ? make(&a, &spn) : ERROR_INVALID_PARAMETER;

    if (error == ERROR_SUCCESS) {
        error = compat_text_answer_a(spn, rule, pszSpn, pcSpnLength);
    }
    mem_free(spn);
    return error;
}

/* Converts the strings of a call; `to` is freed by the caller whatever comes out. */
static DWORD
all_to_utf8(const WCHAR *const *from, char **to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const DWORD error = compat_text_to_utf8(from[i], &to[i]);
        if (error == ERROR_NOT_ENOUGH_MEMORY) {
            return error;
        }
        if (error != ERROR_SUCCESS) {
            return ERROR_INVALID_PARAMETER;
        }
    }
    return ERROR_SUCCESS;
}

static void
free_all(char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(strings[i]);
    }
}

DWORD
DsMakeSpnW(LPCWSTR ServiceClass, LPCWSTR ServiceName, LPCWSTR InstanceName, USHORT InstancePort,
           LPCWSTR Referrer, DWORD *pcSpnLength, LPWSTR pszSpn)
{
    const WCHAR *const wide[] = { ServiceClass, ServiceName, InstanceName, Referrer };
    char *text[4] = { NULL };
    char *spn = NULL;
    DWORD error = pcSpnLength ? all_to_utf8(wide, text, 4) : ERROR_INVALID_PARAMETER;

    if (error == ERROR_SUCCESS) {
        const struct make_arguments a = { text[0], text[1], text[2], text[3], InstancePort };
        error = make(&a, &spn);
    }
    if (error == ERROR_SUCCESS) {
        error = compat_text_answer_w(spn, rule, pszSpn, pcSpnLength);
    }
    mem_free(spn);
    free_all(text, 4);
    return error;
}

/* This computer's name as the host of an SPN of this type; owned by the caller. */
static DWORD
local_host(DS_SPN_NAME_TYPE type, char **out)
{
    const bool netbios = type == DS_SPN_NB_HOST || type == DS_SPN_NB_DOMAIN;
    char name[1024];
    DWORD size = sizeof(name);
    BOOL told = type == DS_SPN_DN_HOST ? GetComputerObjectNameA(NameFullyQualifiedDN, name, &size)
                                       : GetComputerNameExA(netbios ? ComputerNameNetBIOS
                                                                    : ComputerNameDnsFullyQualified,
                                                            name, &size);

    if (!told) {
        return GetLastError();
    }
    *out = mem_dup(name, strlen(name));
    return *out ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

/* What DsGetSpn is asked for, in UTF-8. */
struct get_arguments {
    DS_SPN_NAME_TYPE type;
    const char *service_class, *service;
    const char *const *hosts;
    const USHORT *ports;
    USHORT port, count;
};

static bool
are_get_arguments(const struct get_arguments *a)
{
    const bool of_host = a->type <= DS_SPN_NB_HOST;

    return (unsigned)a->type <= DS_SPN_SERVICE && of_host == (a->service == NULL) &&
           (a->count == 0 || a->hosts);
}

/* Makes the names; *out holds `count` strings, or one of this computer. */
static DWORD
get(const struct get_arguments *a, char **out)
{
    DWORD error = ERROR_SUCCESS;
    char *local = NULL;

    if (a->count == 0) {
        error = local_host(a->type, &local);
    }
    for (size_t i = 0; error == ERROR_SUCCESS && i < (a->count ? a->count : 1u); i++) {
        const char *host = a->count ? a->hosts[i] : local;
        const struct make_arguments one = {
            .service_class = a->service_class,
            .service = a->service ? a->service : host,
            .instance = a->service ? host : NULL,
            .port = a->count && a->ports ? a->ports[i] : a->port,
        };
        error = host ? make(&one, &out[i]) : ERROR_INVALID_PARAMETER;
    }
    mem_free(local);
    return error;
}

void
DsFreeSpnArrayA(DWORD cSpn, LPSTR *rpszSpn)
{
    if (rpszSpn) {
        free_all(rpszSpn, cSpn);
        mem_free(rpszSpn);
    }
}

DWORD
DsGetSpnA(DS_SPN_NAME_TYPE ServiceType, LPCSTR ServiceClass, LPCSTR ServiceName,
          USHORT InstancePort, USHORT cInstanceNames, LPCSTR *pInstanceNames,
          const USHORT *pInstancePorts, DWORD *pcSpn, LPSTR **prpszSpn)
{
    const struct get_arguments a = { ServiceType,    ServiceClass, ServiceName,   pInstanceNames,
                                     pInstancePorts, InstancePort, cInstanceNames };
    const DWORD count = cInstanceNames ? cInstanceNames : 1;
    LPSTR *names;
    DWORD error;

    if (!pcSpn || !prpszSpn || !are_get_arguments(&a)) {
        return ERROR_INVALID_PARAMETER;
    }
    names = mem_new_array(count, sizeof(*names));
    if (!names) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    error = get(&a, names);
    if (error != ERROR_SUCCESS) {
        DsFreeSpnArrayA(count, names);
        return error;
    }
    *pcSpn = count;
    *prpszSpn = names;
    return ERROR_SUCCESS;
}

void
DsFreeSpnArrayW(DWORD cSpn, LPWSTR *rpszSpn)
{
    for (DWORD i = 0; rpszSpn && i < cSpn; i++) {
        mem_free(rpszSpn[i]);
    }
    mem_free(rpszSpn);
}

static DWORD
widen(char *const *names, DWORD count, LPWSTR **out)
{
    LPWSTR *wide = mem_new_array(count, sizeof(*wide));
    DWORD error = wide ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;

    for (DWORD i = 0; error == ERROR_SUCCESS && i < count; i++) {
        error = compat_text_to_utf16(names[i], &wide[i]);
    }
    if (error != ERROR_SUCCESS) {
        DsFreeSpnArrayW(count, wide);
        wide = NULL;
    }
    *out = wide;
    return error;
}

DWORD
DsGetSpnW(DS_SPN_NAME_TYPE ServiceType, LPCWSTR ServiceClass, LPCWSTR ServiceName,
          USHORT InstancePort, USHORT cInstanceNames, LPCWSTR *pInstanceNames,
          const USHORT *pInstancePorts, DWORD *pcSpn, LPWSTR **prpszSpn)
{
    /* The class, the service, then the hosts. */
    const size_t given = 2 + (pInstanceNames ? cInstanceNames : 0u);
    const WCHAR **wide = mem_new_array(given, sizeof(*wide));
    char **text = mem_new_array(given, sizeof(*text));
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;
    LPSTR *names = NULL;
    LPWSTR *result = NULL;
    DWORD count = 0;

    if (wide && text) {
        wide[0] = ServiceClass;
        wide[1] = ServiceName;
        for (size_t i = 2; i < given; i++) {
            wide[i] = pInstanceNames[i - 2];
        }
        error = all_to_utf8(wide, text, given);
    }
    if (error == ERROR_SUCCESS) {
        LPCSTR *hosts = pInstanceNames ? (LPCSTR *)(text + 2) : NULL;
        error = pcSpn && prpszSpn ? DsGetSpnA(ServiceType, text[0], text[1], InstancePort,
                                              cInstanceNames, hosts, pInstancePorts, &count, &names)
                                  : ERROR_INVALID_PARAMETER;
    }
    if (error == ERROR_SUCCESS) {
        error = widen(names, count, &result);
    }
    if (error == ERROR_SUCCESS) {
        *pcSpn = count;
        *prpszSpn = result;
    }
    DsFreeSpnArrayA(count, names);
    if (text) {
        free_all(text, given);
    }
    mem_free(text);
    mem_free(wide);
    return error;
}

/* A view of s up to one of the stops; *s goes to the stop. */
static struct bytes
until(const char **s, const char *stops)
{
    const struct bytes part = bytes_of(*s, strcspn(*s, stops));

    *s += part.n;
    return part;
}

static bool
read_port(const char **s, USHORT *port)
{
    unsigned long value = 0;
    const char *start = *s;

    while (**s >= '0' && **s <= '9' && value <= 0xffff) {
        value = value * 10 + (unsigned long)(**s - '0');
        (*s)++;
    }
    *port = (USHORT)value;
    return *s != start && value <= 0xffff;
}

static bool
crack(const char *s, struct spn *spn)
{
    bool good;

    *spn = (struct spn){ 0 };
    spn->service_class = until(&s, "/");
    good = spn->service_class.n > 0 && *s == '/';
    if (good) {
        s++;
        spn->host = until(&s, ":/");
        good = spn->host.n > 0;
    }
    if (good && *s == ':') {
        s++;
        good = read_port(&s, &spn->port);
    }
    spn->last = spn->host;
    if (good && *s == '/') {
        s++;
        spn->last = until(&s, "/");
        good = spn->last.n > 0;
    }
    return good && *s == '\0';
}

typedef DWORD (*answer_function)(struct bytes part, LPDWORD size, void *to);

static DWORD
answer_a(struct bytes part, LPDWORD size, void *to)
{
    char *text = mem_dup(part.p, part.n);
    const DWORD error = text ? compat_text_answer_a(text, rule, to, size) : ERROR_NOT_ENOUGH_MEMORY;

    mem_free(text);
    return error;
}

static DWORD
answer_w(struct bytes part, LPDWORD size, void *to)
{
    char *text = mem_dup(part.p, part.n);
    const DWORD error = text ? compat_text_answer_w(text, rule, to, size) : ERROR_NOT_ENOUGH_MEMORY;

    mem_free(text);
    return error;
}

/* Where one part goes, if it is wanted. */
struct wanted {
    LPDWORD size;
    void *to;
};

/* Answers every part that is wanted, so that all sizes are there even where one is too small. */
static DWORD
crack_into(const char *s, answer_function answer, const struct wanted wanted[3], USHORT *port)
{
    struct spn spn;
    DWORD error = ERROR_SUCCESS;

    if (!s || !crack(s, &spn)) {
        return ERROR_INVALID_PARAMETER;
    }
    const struct bytes parts[] = { spn.service_class, spn.last, spn.host };
    for (size_t i = 0; i < 3; i++) {
        if (wanted[i].size && *wanted[i].size > 0 && wanted[i].to) {
            const DWORD one = answer(parts[i], wanted[i].size, wanted[i].to);
            error = error == ERROR_SUCCESS ? one : error;
        }
    }
    if (port) {
        *port = spn.port;
    }
    return error;
}

DWORD
DsCrackSpnA(LPCSTR pszSpn, LPDWORD pcServiceClass, LPSTR ServiceClass, LPDWORD pcServiceName,
            LPSTR ServiceName, LPDWORD pcInstanceName, LPSTR InstanceName, USHORT *pInstancePort)
{
    const struct wanted wanted[] = { { pcServiceClass, ServiceClass },
                                     { pcServiceName, ServiceName },
                                     { pcInstanceName, InstanceName } };

    return crack_into(pszSpn, answer_a, wanted, pInstancePort);
}

DWORD
DsCrackSpnW(LPCWSTR pszSpn, LPDWORD pcServiceClass, LPWSTR ServiceClass, LPDWORD pcServiceName,
            LPWSTR ServiceName, LPDWORD pcInstanceName, LPWSTR InstanceName, USHORT *pInstancePort)
{
    const struct wanted wanted[] = { { pcServiceClass, ServiceClass },
                                     { pcServiceName, ServiceName },
                                     { pcInstanceName, InstanceName } };
    char *spn = NULL;
    DWORD error = all_to_utf8(&pszSpn, &spn, 1);

    if (error == ERROR_SUCCESS) {
        error = crack_into(spn, answer_w, wanted, pInstancePort);
    }
    mem_free(spn);
    return error;
}
