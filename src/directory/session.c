/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4511, by libldap; RFC 4513 5.2.1: the bind, in legs of this library's own. */
#include "directory/session.h"

#include <openldap.h>
#include <opensspi/opensspi.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"

enum { LEGS_MAX = 10, TARGET_BYTES = 2 * HOST_PORT_HOST_BYTES + 2 * SESSION_NAME_BYTES };

#define WANTED                                                                                   \
    (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | \
     ISC_REQ_SEQUENCE_DETECT | ISC_REQ_ALLOCATE_MEMORY)
#define GRANTED (ISC_RET_MUTUAL_AUTH | ISC_RET_CONFIDENTIALITY)

static struct timeval
time_left(const struct session *s)
{
    const uint64_t now = clock_monotonic_ms(), deadline = s->channel.deadline_ms;
    const uint64_t left = now < deadline ? deadline - now : 1;

    return (struct timeval){ (long)(left / 1000), (long)(left % 1000 * 1000) };
}

/* --- libldap ------------------------------------------------------------------------------- */

/* Nothing of ldap.conf(5), of files in the current folder or of the environment counts. */
static bool
set_options(struct session *s)
{
    const int version = LDAP_VERSION3, none = LDAP_NO_LIMIT, most = SESSION_RESULTS_MAX;
    const int deref = LDAP_DEREF_NEVER;
    struct timeval left = time_left(s);
    Sockbuf *socket = NULL;

    return ldap_set_option(s->ldap, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_SUCCESS &&
           ldap_set_option(s->ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_SUCCESS &&
           ldap_set_option(s->ldap, LDAP_OPT_RESTART, LDAP_OPT_OFF) == LDAP_SUCCESS &&
           ldap_set_option(s->ldap, LDAP_OPT_DEREF, &deref) == LDAP_SUCCESS &&
           ldap_set_option(s->ldap, LDAP_OPT_TIMELIMIT, &none) == LDAP_SUCCESS &&
           ldap_set_option(s->ldap, LDAP_OPT_SIZELIMIT, &most) == LDAP_SUCCESS &&
           ldap_set_option(s->ldap, LDAP_OPT_TIMEOUT, &left) == LDAP_SUCCESS &&
           ldap_get_option(s->ldap, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS && socket &&
           channel_serve(&s->channel, socket);
}

static sec_status
start(struct session *s)
{
    static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER; /* libldap's own start */
    int error;

    (void)pthread_mutex_lock(&first);
    error = ldap_init_fd(s->channel.fd, LDAP_PROTO_EXT, NULL, &s->ldap);
    (void)pthread_mutex_unlock(&first);
    if (error != LDAP_SUCCESS || !set_options(s)) {
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "directory: libldap does not start");
    }
    return SEC_E_OK;
}

static sec_status
ldap_fail(int error, const char *what)
{
    switch (error) {
    case LDAP_NO_MEMORY: return SEC_E_INSUFFICIENT_MEMORY;
    case LDAP_SERVER_DOWN:
    case LDAP_TIMEOUT:
    case LDAP_CONNECT_ERROR:
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "directory: %s: %s", what,
                        ldap_err2string(error));
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_REFERRAL:
    case LDAP_SIZELIMIT_EXCEEDED:
    case LDAP_INVALID_DN_SYNTAX:
        return sec_fail(SEC_E_TARGET_UNKNOWN, "directory: %s: %s", what, ldap_err2string(error));
    default: return sec_fail(SEC_E_LOGON_DENIED, "directory: %s: %s", what, ldap_err2string(error));
    }
}

/* --- the bind ------------------------------------------------------------------------------ */

/* One of ours; *out is given to the caller (FreeContextBuffer). */
static sec_status
leg(struct session *s, PCredHandle credential, const char *target, struct bytes in, SecBuffer *out)
{
    SecBuffer token = { (ULONG)in.n, SECBUFFER_TOKEN, (void *)(uintptr_t)in.p };
    SecBufferDesc input = { SECBUFFER_VERSION, 1, &token }, output = { SECBUFFER_VERSION, 1, out };
    TimeStamp expiry;
    ULONG granted = 0;
    sec_status status = SaslInitializeSecurityContextA(
        credential, s->has_context ? &s->context : NULL, (SEC_CHAR *)(uintptr_t)target, WANTED, 0,
        SECURITY_NATIVE_DREP, s->has_context ? &input : NULL, 0, &s->context, &output, &granted,
        &expiry);

    if (sec_failed(status)) {
        return sec_fail(status, "directory: %s: %s", target, OpenSspiReason());
    }
    s->has_context = true;
    if (status == SEC_E_OK && (granted & GRANTED) != GRANTED) {
        return sec_fail(SEC_E_LOGON_DENIED, "directory: the connection is not sealed");
    }
    return status;
}

/* The server's answer to one of ours: LDAP_SUCCESS or LDAP_SASL_BIND_IN_PROGRESS. */
static int
exchange(struct session *s, const SecBuffer *token, struct berval **answer)
{
    struct berval credentials = { token->cbBuffer, token->pvBuffer };
    struct timeval left = time_left(s);
    LDAPMessage *result = NULL;
    int id, error;

    credentials.bv_val = credentials.bv_val ? credentials.bv_val : (char *)(uintptr_t) "";
    error = ldap_sasl_bind(s->ldap, "", "GSSAPI", &credentials, NULL, NULL, &id);
    if (error != LDAP_SUCCESS) {
        return error;
    }
    error = ldap_result(s->ldap, id, LDAP_MSG_ALL, &left, &result);
    if (error <= 0 || !result) {
        return error == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN;
    }
    error = ldap_parse_sasl_bind_result(s->ldap, result, answer, 0);
    if (error == LDAP_SUCCESS) {
        int code = LDAP_OTHER;

        error = ldap_parse_result(s->ldap, result, &code, NULL, NULL, NULL, NULL, 0);
        error = error == LDAP_SUCCESS ? code : error;
    }
    (void)ldap_msgfree(result);
    return error;
}

/* The KDC, the ticket and the server's proof are told apart in the reason alone. */
static sec_status
refused(sec_status status)
{
    return status == SEC_E_NO_AUTHENTICATING_AUTHORITY || status == SEC_E_NO_CREDENTIALS ||
                   status == SEC_E_INSUFFICIENT_MEMORY
               ? status
               : SEC_E_LOGON_DENIED;
}

/* Our legs and the server's results, until both are done: ours first. */
static sec_status
bind_legs(struct session *s, PCredHandle credential, const char *target)
{
    struct berval *answer = NULL;
    sec_status status = SEC_I_CONTINUE_NEEDED;
    int result = LDAP_SASL_BIND_IN_PROGRESS;

    for (int i = 0; i < LEGS_MAX && status == SEC_I_CONTINUE_NEEDED; i++) {
        SecBuffer token = { 0, SECBUFFER_TOKEN, NULL };
        const struct bytes in =
            answer ? bytes_of(answer->bv_val, answer->bv_len) : bytes_of(NULL, 0);

        status = result == LDAP_SASL_BIND_IN_PROGRESS
                     ? leg(s, credential, target, in, &token)
                     : sec_fail(SEC_E_LOGON_DENIED, "directory: it ends the bind without proof");
        ber_bvfree(answer);
        answer = NULL;
        if (!sec_failed(status)) {
            result = exchange(s, &token, &answer);
            if (result != LDAP_SUCCESS && result != LDAP_SASL_BIND_IN_PROGRESS) {
                status = ldap_fail(result, "the bind");
            }
        }
        if (token.pvBuffer) {
            (void)FreeContextBuffer(token.pvBuffer);
        }
    }
    ber_bvfree(answer);
    if (sec_failed(status)) {
        return refused(status);
    }
    return status == SEC_E_OK && result == LDAP_SUCCESS
               ? SEC_E_OK
               : sec_fail(SEC_E_LOGON_DENIED, "directory: the bind does not end");
}

/* --- what is read -------------------------------------------------------------------------- */

sec_status
session_search(struct session *s, const char *base, int scope, const char *filter,
               const char *const *attributes, LDAPMessage **out)
{
    struct timeval left = time_left(s);
    LDAPMessage *found = NULL;
    const int error =
        ldap_search_ext_s(s->ldap, base, scope, filter, (char **)(uintptr_t)attributes, 0, NULL,
                          NULL, &left, SESSION_RESULTS_MAX, &found);

    if (error == LDAP_SUCCESS && found) {
        *out = found;
        return SEC_E_OK;
    }
    (void)ldap_msgfree(found);
    return ldap_fail(error == LDAP_SUCCESS ? LDAP_DECODING_ERROR : error, "a search");
}

static bool
is_text(struct bytes b)
{
    struct wire_writer w = wire_writer_measuring();

    utf16_put_utf8(&w, b);
    return b.n && !memchr(b.p, 0, b.n) && wire_writer_status(&w) == WIRE_OK;
}

void
session_put_text(struct session *s, LDAPMessage *entry, const char *attribute,
                 struct wire_writer *out)
{
    struct berval **values = ldap_get_values_len(s->ldap, entry, attribute);

    if (ldap_count_values_len(values) == 1) {
        const struct bytes b = bytes_of(values[0]->bv_val, values[0]->bv_len);

        if (is_text(b)) {
            wire_put_bytes(out, b);
        }
    }
    wire_put_u8(out, 0);
    ldap_value_free_len(values);
}

/* One attribute of the first entry, into a name's room. */
static bool
take_name(struct session *s, LDAPMessage *found, const char *attribute,
          char to[static SESSION_NAME_BYTES])
{
    struct wire_writer w = wire_writer_fixed(to, SESSION_NAME_BYTES);
    LDAPMessage *entry = ldap_first_entry(s->ldap, found);

    if (entry) {
        session_put_text(s, entry, attribute, &w);
    }
    return entry && wire_writer_status(&w) == WIRE_OK && to[0];
}

/* The domain's NetBIOS name is with its naming context, in the forest's list of partitions. */
static sec_status
read_partition(struct session *s, const char *configuration)
{
    static const char *const attributes[] = { "nETBIOSName", "dnsRoot", NULL };
    SEC_AUTO(wire_writer) base = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) filter = wire_writer_growing(NULL, 0);
    LDAPMessage *found = NULL;
    sec_status status;
    bool taken;

    wire_put(&base, "CN=Partitions,", strlen("CN=Partitions,"));
    wire_put(&base, configuration, strlen(configuration) + 1);
    wire_put(&filter, "(&(objectClass=crossRef)", strlen("(&(objectClass=crossRef)"));
    filter_put_equal(&filter, "nCName", bytes_of_string(s->naming_context));
    wire_put(&filter, ")", 2);
    if (wire_writer_status(&base) != WIRE_OK || wire_writer_status(&filter) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = session_search(s, (const char *)base.p, LDAP_SCOPE_ONELEVEL, (const char *)filter.p,
                            attributes, &found);
    if (status != SEC_E_OK) {
        return status;
    }
    taken =
        take_name(s, found, "nETBIOSName", s->netbios) && take_name(s, found, "dnsRoot", s->dns);
    (void)ldap_msgfree(found);
    return taken ? SEC_E_OK
                 : sec_fail(SEC_E_LOGON_DENIED, "directory: it does not tell its domain's names");
}

static sec_status
read_domain(struct session *s, const char *domain)
{
    static const char *const attributes[] = { "defaultNamingContext", "configurationNamingContext",
                                              NULL };
    char configuration[SESSION_NAME_BYTES];
    LDAPMessage *found = NULL;
    sec_status status =
        session_search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, &found);
    bool taken;

    if (status != SEC_E_OK) {
        return status;
    }
    taken = take_name(s, found, attributes[0], s->naming_context) &&
            take_name(s, found, attributes[1], configuration);
    (void)ldap_msgfree(found);
    status = taken ? read_partition(s, configuration)
                   : sec_fail(SEC_E_LOGON_DENIED, "directory: it does not tell its contexts");
    if (status == SEC_E_OK &&
        !bytes_equal_nocase(bytes_of_string(s->dns), bytes_of_string(domain))) {
        status = sec_fail(SEC_E_LOGON_DENIED, "directory: it has another domain than %s", domain);
    }
    s->domain = (struct filter_domain){ s->dns, s->netbios };
    return status == SEC_E_TARGET_UNKNOWN ? SEC_E_LOGON_DENIED : status;
}

/* --- life ---------------------------------------------------------------------------------- */

sec_status
session_open(struct session *s, const struct locate_server *server, PCredHandle credential,
             const char *domain, const char *realm, uint64_t deadline_ms)
{
    char target[TARGET_BYTES];
    const int n = snprintf(target, sizeof(target), "ldap/%s/%s@%s", server->host, domain, realm);
    sec_status status;

    *s = (struct session){ .channel = { .fd = -1 } };
    if (n < 0 || (size_t)n >= sizeof(target)) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "directory: the domain's name is too long");
    }
    status = channel_open(&s->channel, server->host, server->port, deadline_ms);
    if (status == SEC_E_OK) {
        status = start(s);
    }
    if (status == SEC_E_OK) {
        status = bind_legs(s, credential, target);
    }
    if (status == SEC_E_OK) {
        status = channel_seal(&s->channel, &s->context);
    }
    if (status == SEC_E_OK) {
        status = read_domain(s, domain);
    }
    if (status != SEC_E_OK) {
        session_close(s);
    }
    return status;
}

void
session_close(struct session *s)
{
    if (s->ldap) {
        (void)ldap_unbind_ext(s->ldap, NULL, NULL);
    }
    if (s->has_context) {
        (void)DeleteSecurityContext(&s->context);
    }
    channel_close(&s->channel);
    *s = (struct session){ .channel = { .fd = -1 } };
}
