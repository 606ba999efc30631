/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireCredentialsHandle, FreeCredentialsHandle, QueryCredentialsAttributes and its Ex forms, SetCredentialsAttributes,
 * AddCredentials, ChangeAccountPassword, and what this library adds.
 *
 * Sources: their pages, and Windows as it was seen. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"
#include "tests/support/passing.h"

/* How a credential is asked for. */
enum how {
    FOR_IN,
    FOR_OUT,
    FOR_BOTH,
    FOR_NONE,
    FOR_POLICY,
    RESTRICTED,
    WITH_IDENTITY,
    WITH_OTHER_FORM, /* the W call with an ANSI identity, the A call with a wide one */
    WITH_EMPTY,
    WITH_JUNK, /* a length without a string */
    OF_NOBODY,
    OF_NULL,
    OF_ANOTHER_LOGON,
    WITH_KEY_FUNCTION,
    NOWHERE,
};

struct asked {
    ULONG use;
    const char *package;
    void *logon_id, *identity;
    SEC_GET_KEY_FN get_key;
    CredHandle h;
    SEC_WINNT_AUTH_IDENTITY_A ansi;
    SEC_WINNT_AUTH_IDENTITY_W utf16;
};

static void WINAPI
no_key(void *arg, void *principal, ULONG version, void **key, SECURITY_STATUS *status)
{
}

static void
fill_identities(struct asked *a)
{
    a->ansi = (SEC_WINNT_AUTH_IDENTITY_A){ .User = (unsigned char *)API_NAME("demo"),
                                           .UserLength = 4,
                                           .Domain = (unsigned char *)API_NAME("DOMAIN"),
                                           .DomainLength = 6,
                                           .Password = (unsigned char *)API_NAME("Passw0rd!"),
                                           .PasswordLength = 9,
                                           .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };
    a->utf16 = (SEC_WINNT_AUTH_IDENTITY_W){ .User = wide("demo"),
                                            .UserLength = 4,
                                            .Domain = wide("DOMAIN"),
                                            .DomainLength = 6,
                                            .Password = wide("Passw0rd!"),
                                            .PasswordLength = 9,
                                            .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE };
}

static void
ask(struct asked *a, const struct scene *s, enum how how, bool is_wide)
{
    static int another_logon;

    *a = (struct asked){ .use = SECPKG_CRED_OUTBOUND, .package = package_name(s->mechanism) };
    fill_identities(a);
    switch (how) {
    case FOR_IN: a->use = SECPKG_CRED_INBOUND; break;
    case FOR_BOTH: a->use = SECPKG_CRED_BOTH; break;
    case FOR_NONE: a->use = 0; break;
    case FOR_POLICY: a->use = SECPKG_CRED_INBOUND | SECPKG_CRED_PROCESS_POLICY_ONLY; break;
    case RESTRICTED: a->use |= SECPKG_CRED_AUTOLOGON_RESTRICTED; break;
    case WITH_IDENTITY: a->identity = is_wide ? (void *)&a->utf16 : (void *)&a->ansi; break;
    case WITH_OTHER_FORM: a->identity = is_wide ? (void *)&a->ansi : (void *)&a->utf16; break;
    case WITH_EMPTY:
        a->ansi = (SEC_WINNT_AUTH_IDENTITY_A){ .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };
        a->identity = &a->ansi;
        break;
    case WITH_JUNK:
        a->ansi.User = NULL;
        a->identity = &a->ansi;
        break;
    case OF_NOBODY: a->package = "absent"; break;
    case OF_NULL: a->package = NULL; break;
    case OF_ANOTHER_LOGON: a->logon_id = &another_logon; break;
    case WITH_KEY_FUNCTION: a->get_key = no_key; break;
    default: break;
    }
}

static SECURITY_STATUS
freed(CredHandle *h, SECURITY_STATUS status)
{
    if (status != SEC_E_OK) {
        return h->dwLower || h->dwUpper ? WRONG_OUTPUT : status;
    }
    return FreeCredentialsHandle(h) == SEC_E_OK ? status : WRONG_OUTPUT;
}

static SECURITY_STATUS
acquire_a(struct scene *s, ULONG how)
{
    struct asked a;
    TimeStamp expiry;

    ask(&a, s, (enum how)how, false);
    return freed(&a.h,
                 AcquireCredentialsHandleA(NULL, API_NAME(a.package), a.use, a.logon_id, a.identity,
                                           a.get_key, NULL, how == NOWHERE ? NULL : &a.h, &expiry));
}

static SECURITY_STATUS
acquire_w(struct scene *s, ULONG how)
{
    struct asked a;

    ask(&a, s, (enum how)how, true);
    return freed(&a.h,
                 AcquireCredentialsHandleW(NULL, wide(a.package), a.use, a.logon_id, a.identity,
                                           a.get_key, NULL, how == NOWHERE ? NULL : &a.h, NULL));
}

enum { GOOD_OPTION, NO_OPTIONS, OPTIONS_AT_NULL, UNKNOWN_OPTION, BAD_VALUE, CHECK_ALONE };

static SECURITY_STATUS
acquire_with(struct scene *s, ULONG what)
{
    const OPENSSPI_OPTION options[] = { [GOOD_OPTION] = { "require_mic", "yes" },
                                        [UNKNOWN_OPTION] = { "no_such_option", "1" },
                                        [BAD_VALUE] = { "require_mic", "perhaps" } };
    const OPENSSPI_OPTION *given = what == NO_OPTIONS || what == OPTIONS_AT_NULL
                                       ? NULL
                                       : &options[what == CHECK_ALONE ? GOOD_OPTION : what];
    char error[128] = "unset";
    CredHandle h = { 0 };
    SECURITY_STATUS status = OpenSspiAcquireCredentialsHandle(
        package_name(s->mechanism), SECPKG_CRED_INBOUND, NULL, given, what == NO_OPTIONS ? 0 : 1,
        error, sizeof(error), what == CHECK_ALONE ? NULL : &h, NULL);

    if (status != SEC_E_INSUFFICIENT_MEMORY && (status == SEC_E_OK) != (error[0] == 0)) {
        return WRONG_OUTPUT;
    }
    return what == CHECK_ALONE ? status : freed(&h, status);
}

static SECURITY_STATUS
free_once(struct scene *s, ULONG unused)
{
    CredHandle h;

    if (s->with != &s->credential) {
        return FreeCredentialsHandle(s->with);
    }
    scene_spare(true);
    if (scene_acquire(s->mechanism, SECPKG_CRED_BOTH, &h) != SEC_E_OK) {
        abort();
    }
    scene_spare(false);
    return FreeCredentialsHandle(&h);
}

/* A context keeps what it was made of. */
static SECURITY_STATUS
free_under(struct scene *s, ULONG unused)
{
    SECURITY_STATUS status = FreeCredentialsHandle(&s->pair.client_cred);

    if (status == SEC_E_OK) {
        status = FreeCredentialsHandle(&s->pair.server_cred);
    }
    return status == SEC_E_OK ? pass(&s->context, &s->peer) : status;
}

/* --- attributes ---------------------------------------------------------------------------- */

enum { SMALL_BUFFER = 0x100, NO_BUFFER = 0x200 };

#define QUERY(name, form, call)                                                        \
    static SECURITY_STATUS name(struct scene *s, ULONG id)                             \
    {                                                                                  \
        SecPkgCredentials_Names##form names = { NULL };                                \
        void *to = id & NO_BUFFER ? NULL : &names;                                     \
        ULONG n = id & SMALL_BUFFER ? sizeof(names) - 1 : sizeof(names);               \
        SECURITY_STATUS status = call;                                                 \
                                                                                       \
        (void)n;                                                                       \
        if (status != SEC_E_OK) {                                                      \
            return names.sUserName ? WRONG_OUTPUT : status;                            \
        }                                                                              \
        return FreeContextBuffer(names.sUserName) == SEC_E_OK ? status : WRONG_OUTPUT; \
    }
QUERY(query_a, A, QueryCredentialsAttributesA(s->with, id & 0xff, to))
QUERY(query_w, W, QueryCredentialsAttributesW(s->with, id & 0xff, to))
QUERY(query_ex_a, A, QueryCredentialsAttributesExA(s->with, id & 0xff, to, n))
QUERY(query_ex_w, W, QueryCredentialsAttributesExW(s->with, id & 0xff, to, n))

static SECURITY_STATUS
set_a(struct scene *s, ULONG id)
{
    uint64_t room[8] = { 0 };

    return SetCredentialsAttributesA(s->with, id, room, sizeof(room));
}

static SECURITY_STATUS
set_w(struct scene *s, ULONG id)
{
    uint64_t room[8] = { 0 };

    return SetCredentialsAttributesW(s->with, id, room, sizeof(room));
}

static SECURITY_STATUS
add_a(struct scene *s, ULONG how)
{
    struct asked a;

    ask(&a, s, (enum how)how, false);
    return AddCredentialsA(s->with, NULL, API_NAME(a.package), a.use, a.identity, NULL, NULL, NULL);
}

static SECURITY_STATUS
add_w(struct scene *s, ULONG how)
{
    struct asked a;

    ask(&a, s, (enum how)how, true);
    return AddCredentialsW(s->with, NULL, wide(a.package), a.use, a.identity, NULL, NULL, NULL);
}

/* --- passwords ----------------------------------------------------------------------------- */

enum { CHANGE, CHANGE_LOCAL, CHANGE_NOBODYS, CHANGE_BY_NOBODY, CHANGE_VERSION };

static SecBufferDesc *
output_for(ULONG what)
{
    static SecBuffer b = { 0, SECBUFFER_CHANGE_PASS_RESPONSE, NULL };
    static SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };

    d.ulVersion = what == CHANGE_VERSION ? 5 : SECBUFFER_VERSION;
    return &d;
}

static const char *
changer(const struct scene *s, ULONG what)
{
    return what == CHANGE_BY_NOBODY ? "absent" : package_name(s->mechanism);
}

static SECURITY_STATUS
change_a(struct scene *s, ULONG what)
{
    return ChangeAccountPasswordA(API_NAME(changer(s, what)),
                                  API_NAME(what == CHANGE_LOCAL ? "SERVER" : "NOWHERE.TEST"),
                                  API_NAME(what == CHANGE_NOBODYS ? NULL : "demo"), API_NAME("old"),
                                  API_NAME("New12345!"), 0, 0, output_for(what));
}

static SECURITY_STATUS
change_w(struct scene *s, ULONG what)
{
    return ChangeAccountPasswordW(wide(changer(s, what)),
                                  wide(what == CHANGE_LOCAL ? "SERVER" : "NOWHERE.TEST"),
                                  wide(what == CHANGE_NOBODYS ? NULL : "demo"), wide("old"),
                                  wide("New12345!"), 0, 0, output_for(what));
}

static const char *const services[] = { "HTTP/server.domain.test", NULL,
                                        "HTTP/another.domain.test" };
enum { SERVICE_OF_KEYTAB, SERVICE_ANY, SERVICE_UNKNOWN };

static SECURITY_STATUS
check_service(struct scene *s, ULONG which)
{
    return OpenSspiCheckService(s->with, services[which]);
}

CALLS_OF_BOTH(acquiring, "AcquireCredentialsHandle", acquire_a, acquire_w);
CALLS(acquiring_with, "OpenSspiAcquireCredentialsHandle", acquire_with);
CALLS(freeing, "FreeCredentialsHandle", free_once);
CALLS(freeing_under, "FreeCredentialsHandle", free_under);
static const struct call query[] = { { "QueryCredentialsAttributesA", query_a },
                                     { "QueryCredentialsAttributesW", query_w },
                                     { "QueryCredentialsAttributesExA", query_ex_a },
                                     { "QueryCredentialsAttributesExW", query_ex_w },
                                     { NULL, NULL } };
static const struct call query_ex[] = { { "QueryCredentialsAttributesExA", query_ex_a },
                                        { "QueryCredentialsAttributesExW", query_ex_w },
                                        { NULL, NULL } };
CALLS_OF_BOTH(setting, "SetCredentialsAttributes", set_a, set_w);
CALLS_OF_BOTH(adding, "AddCredentials", add_a, add_w);
CALLS_OF_BOTH(changing, "ChangeAccountPassword", change_a, change_w);
CALLS(checking, "OpenSspiCheckService", check_service);

#define ACQUIRE(what, how, mechanisms, answer)                             \
    {                                                                      \
        acquiring, what, how, NO_HANDLE, mechanisms, C, WHEN_ALONE(answer) \
    }
#define OF_CREDENTIAL(calls, what, argument, mechanisms, sides, answer)          \
    {                                                                            \
        calls, what, argument, CREDENTIAL, mechanisms, sides, WHEN_ALONE(answer) \
    }

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    ACQUIRE("inbound", FOR_IN, ANY, OK),
    ACQUIRE("outbound", FOR_OUT, ANY, OK),
    ACQUIRE("both", FOR_BOTH, ANY, OK),
    ACQUIRE("for no use", FOR_NONE, ANY, UNKNO),
    ACQUIRE("for policy alone", FOR_POLICY, ANY, NOCRD),
    ACQUIRE("without default credentials", RESTRICTED, BY_NEGOTIATE, OK),
    ACQUIRE("with an identity", WITH_IDENTITY, BY_NTLM, OK),
    ACQUIRE("with an identity of the other form", WITH_OTHER_FORM, BY_NTLM, OK),
    ACQUIRE("with an empty identity", WITH_EMPTY, BY_NTLM, OK),
    /* Windows was seen to take it; Kerberos has nobody to ask for. */
    ACQUIRE("with a user at NULL", WITH_JUNK, BY_NTLM | BIT(NEGO_KERBEROS), OK),
    ACQUIRE("with a user at NULL", WITH_JUNK, BIT(KERBEROS), UNKNO),
    ACQUIRE("of nobody's package", OF_NOBODY, ANY, NOPKG),
    ACQUIRE("of NULL", OF_NULL, ANY, NOPKG),
    ACQUIRE("of another logon", OF_ANOTHER_LOGON, ANY, SEC_E_NOT_OWNER),
    ACQUIRE("with a function for keys", WITH_KEY_FUNCTION, ANY, UNSUP),
    ACQUIRE("nowhere to put it", NOWHERE, ANY, BADH),
    { acquiring_with, "an option", GOOD_OPTION, NO_HANDLE, ANY, S, WHEN_ALONE(OK) },
    { acquiring_with, "no options", NO_OPTIONS, NO_HANDLE, ANY, S, WHEN_ALONE(OK) },
    { acquiring_with, "options at NULL", OPTIONS_AT_NULL, NO_HANDLE, ANY, S, WHEN_ALONE(PARAM) },
    { acquiring_with, "an unknown option", UNKNOWN_OPTION, NO_HANDLE, ANY, S, WHEN_ALONE(PARAM) },
    { acquiring_with, "a bad value", BAD_VALUE, NO_HANDLE, ANY, S, WHEN_ALONE(PARAM) },
    { acquiring_with, "to be checked alone", CHECK_ALONE, NO_HANDLE, ANY, S, WHEN_ALONE(OK) },
    OF_CREDENTIAL(freeing, "", 0, ANY, CS, OK),
    { freeing_under, "under an established context", 0, NO_HANDLE, ANY, CS, WHEN_ESTABLISHED(OK) },

    /* "The credential's name is the only attribute" (the page's table, for these packages). */
    OF_CREDENTIAL(query, "NAMES", SECPKG_CRED_ATTR_NAMES, ANY, C, OK),
    OF_CREDENTIAL(query, "SSI_PROVIDER", SECPKG_CRED_ATTR_SSI_PROVIDER, ANY, CS, UNSUP),
    OF_CREDENTIAL(query, "KDC_PROXY_SETTINGS", SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, ANY, CS, UNSUP),
    OF_CREDENTIAL(query, "CERT", SECPKG_CRED_ATTR_CERT, ANY, CS, UNSUP),
    OF_CREDENTIAL(query, "an attribute of nobody", 0x77, ANY, CS, UNSUP),
    OF_CREDENTIAL(query, "NAMES, no buffer", SECPKG_CRED_ATTR_NAMES | NO_BUFFER, ANY, CS, PARAM),
    OF_CREDENTIAL(query_ex, "NAMES, a byte too small", SECPKG_CRED_ATTR_NAMES | SMALL_BUFFER, ANY, CS, SMALL),
    { setting, "KDC_PROXY_SETTINGS", SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, CREDENTIAL, ANY, CS, WHEN_ALONE(UNSUP) },
    { setting, "NAMES", SECPKG_CRED_ATTR_NAMES, CREDENTIAL, ANY, CS, WHEN_ALONE(UNSUP) },
    /* sspi.h, and decision 0034 where its page is silent. */
    OF_CREDENTIAL(adding, "a client's to a server's", WITH_IDENTITY, ANY, S, OK),
    OF_CREDENTIAL(adding, "one more mechanism", WITH_IDENTITY, BIT(NEGO_KERBEROS), C, OK),
    OF_CREDENTIAL(adding, "a second identity", WITH_IDENTITY, BY_NTLM | BIT(KERBEROS), C, UNSUP),
    OF_CREDENTIAL(adding, "for no use", FOR_NONE, ANY, CS, UNKNO),
    OF_CREDENTIAL(adding, "of nobody's package", OF_NOBODY, ANY, CS, NOPKG),

    { changing, "without a KDC", CHANGE, NO_HANDLE, BIT(KERBEROS), C, WHEN_ALONE(SEC_E_NO_AUTHENTICATING_AUTHORITY) },
    { changing, "of another domain", CHANGE, NO_HANDLE, BIT(NTLM), C, WHEN_ALONE(SEC_E_NO_AUTHENTICATING_AUTHORITY) },
    { changing, "of this computer, the old one wrong", CHANGE_LOCAL, NO_HANDLE, BIT(NTLM), C, WHEN_ALONE(SEC_E_LOGON_DENIED) },
    { changing, "of nobody", CHANGE_NOBODYS, NO_HANDLE, BIT(KERBEROS), C, WHEN_ALONE(UNKNO) },
    { changing, "by nobody's package", CHANGE_BY_NOBODY, NO_HANDLE, ANY, C, WHEN_ALONE(NOPKG) },
    { changing, "output of another version", CHANGE_VERSION, NO_HANDLE, BIT(KERBEROS), C, WHEN_ALONE(TOKEN) },

    OF_CREDENTIAL(checking, "of the keytab", SERVICE_OF_KEYTAB, BY_KERBEROS, S, OK),
    OF_CREDENTIAL(checking, "any", SERVICE_ANY, BY_KERBEROS, S, OK),
    OF_CREDENTIAL(checking, "unknown", SERVICE_UNKNOWN, BY_KERBEROS, S, NOCRD),
    OF_CREDENTIAL(checking, "of NTLM", SERVICE_ANY, BIT(NTLM), S, UNSUP),
    OF_CREDENTIAL(checking, "of a client", SERVICE_ANY, ANY, C, UNSUP),
};
/* clang-format on */

const struct family credential_family = FAMILY(rows);
