/* SPDX-License-Identifier: Apache-2.0 */
/* ImpersonateSecurityContext, RevertSecurityContext, QuerySecurityContextToken, and this library's functions of tokens.
 *
 * Sources: their pages (errors INVALID_HANDLE and NO_IMPERSONATION); opensspi.h; decisions 0026 and 0028. The account of
 * these scenes maps to no Unix account, so that to act as it is refused, whoever runs this: tests/unit/sspi and
 * tests/system have who does map. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"
#include <opensspi/secext.h>

static SECURITY_STATUS
closed(HANDLE token)
{
    return OpenSspiCloseToken(token) == SEC_E_OK ? SEC_E_OK : WRONG_OUTPUT;
}

static SECURITY_STATUS
query_token(struct scene *s, ULONG there)
{
    HANDLE token = NULL;
    SECURITY_STATUS status = QuerySecurityContextToken(s->at, there ? &token : NULL);

    if (status != SEC_E_OK) {
        return token ? WRONG_OUTPUT : status;
    }
    return closed(token);
}

static SECURITY_STATUS
impersonate(struct scene *s, ULONG unused)
{
    return ImpersonateSecurityContext(s->at);
}

static SECURITY_STATUS
revert(struct scene *s, ULONG unused)
{
    return RevertSecurityContext(s->at);
}

/* --- this library's ------------------------------------------------------------------------ */

/* Handles of tokens that a call is given. */
enum { OF_CLIENT, OF_PROCESS, NO_TOKEN, JUNK, ALL_ONES, CLOSED };

static HANDLE
token_of(struct scene *s, ULONG which)
{
    HANDLE token = NULL;
    SECURITY_STATUS status;

    switch (which) {
    case NO_TOKEN: return NULL;
    case JUNK: return (HANDLE)(uintptr_t)0xdeadbeefcafef00c;
    case ALL_ONES: return (HANDLE)UINTPTR_MAX;
    default: break;
    }
    scene_spare(true);
    status = which == OF_PROCESS ? OpenSspiOpenProcessToken(&token)
                                 : QuerySecurityContextToken(&s->context, &token);
    if (status != SEC_E_OK) {
        abort();
    }
    if (which == CLOSED) {
        (void)OpenSspiCloseToken(token);
    }
    scene_spare(false);
    return token;
}

static void
put_away(ULONG which, HANDLE token)
{
    if (which == OF_CLIENT || which == OF_PROCESS) {
        (void)OpenSspiCloseToken(token);
    }
}

static SECURITY_STATUS
describe(struct scene *s, ULONG which)
{
    HANDLE token = token_of(s, which);
    POPENSSPI_TOKEN info = NULL;
    SECURITY_STATUS status = OpenSspiQueryToken(token, &info);

    if ((status == SEC_E_OK) != (info && FreeContextBuffer(info) == SEC_E_OK)) {
        status = WRONG_OUTPUT;
    }
    put_away(which, token);
    return status;
}

static SECURITY_STATUS
describe_nowhere(struct scene *s, ULONG which)
{
    HANDLE token = token_of(s, which);
    SECURITY_STATUS status = OpenSspiQueryToken(token, NULL);

    put_away(which, token);
    return status;
}

static SECURITY_STATUS
close_token(struct scene *s, ULONG which)
{
    return OpenSspiCloseToken(token_of(s, which));
}

enum { TYPE_SHIFT = 8, LEVEL_SHIFT = 16, NOWHERE = 1 << 24 };
#define COPY(which, type, level) ((which) | (type) << TYPE_SHIFT | (ULONG)(level) << LEVEL_SHIFT)

static SECURITY_STATUS
duplicate(struct scene *s, ULONG how)
{
    HANDLE token = token_of(s, how & 0xff), copy = NULL;
    SECURITY_STATUS status = OpenSspiDuplicateToken(
        token, how >> TYPE_SHIFT & 0xff, how >> LEVEL_SHIFT & 0xff, how & NOWHERE ? NULL : &copy);

    if (status == SEC_E_OK) {
        status = closed(copy);
    } else if (copy) {
        status = WRONG_OUTPUT;
    }
    put_away(how & 0xff, token);
    return status;
}

static SECURITY_STATUS
impersonate_token(struct scene *s, ULONG which)
{
    HANDLE token = token_of(s, which);
    SECURITY_STATUS status = OpenSspiImpersonateToken(token);

    put_away(which, token);
    return status;
}

static SECURITY_STATUS
open_thread(struct scene *s, ULONG there)
{
    HANDLE token = NULL;
    SECURITY_STATUS status = OpenSspiOpenThreadToken(there ? &token : NULL);

    return status == SEC_E_OK ? closed(token) : status;
}

static SECURITY_STATUS
open_process(struct scene *s, ULONG there)
{
    HANDLE token = NULL;
    SECURITY_STATUS status = OpenSspiOpenProcessToken(there ? &token : NULL);

    return status == SEC_E_OK ? closed(token) : status;
}

static const char *const looked_for[] = { "S-1-5-32-544",
                                          "BUILTIN\\Administrators",
                                          "S-1-22-1-0",
                                          "S-1-5-21-1-2-3-77777",
                                          "no such name",
                                          "",
                                          NULL };
enum {
    SID_KNOWN,
    NAME_KNOWN,
    SID_OF_ROOT,
    SID_UNKNOWN,
    NAME_UNKNOWN,
    EMPTY,
    AT_NULL,
    NO_ROOM = 0x100
};

#define LOOK_UP(name, function)                                                    \
    static SECURITY_STATUS name(struct scene *s, ULONG which)                      \
    {                                                                              \
        POPENSSPI_ACCOUNT account = NULL;                                          \
        SECURITY_STATUS status =                                                   \
            function(looked_for[which & 0xff], which & NO_ROOM ? NULL : &account); \
                                                                                   \
        if (status != SEC_E_OK) {                                                  \
            return account ? WRONG_OUTPUT : status;                                \
        }                                                                          \
        return FreeContextBuffer(account) == SEC_E_OK ? status : WRONG_OUTPUT;     \
    }
LOOK_UP(look_up_sid, OpenSspiLookupSid)
LOOK_UP(look_up_name, OpenSspiLookupName)

/* No directory is asked here: tests/peers/test_names.py has one. */
enum { OWN_NAME, SOMEBODYS_NAME, NO_NAME, NO_FORMAT };

static SECURITY_STATUS
translate_name(struct scene *s, ULONG which)
{
    const ULONG what = which & 0xff;
    char *name = NULL;
    SECURITY_STATUS status = OpenSspiTranslateName(
        what == SOMEBODYS_NAME ? "EXAMPLE\\alice"
        : what == NO_NAME      ? ""
                               : NULL,
        NameSamCompatible, what == NO_FORMAT ? NameUnknown : NameFullyQualifiedDN,
        which & NO_ROOM ? NULL : &name);

    return name ? WRONG_OUTPUT : status;
}

static const char *const passwords[] = { "Passw0rd!", "wrong", NULL };
enum { RIGHT, WRONG_ONE, PASSWORD_AT_NULL, USER_AT_NULL = 0x100, LOGON_AT_NULL = 0x200 };

#define LOG_ON(name, form, text)                                                                   \
    static SECURITY_STATUS name(struct scene *s, ULONG how)                                        \
    {                                                                                              \
        POPENSSPI_LOGON logon = NULL;                                                              \
        SECURITY_STATUS status = OpenSspiLogonPassword##form(                                      \
            how & USER_AT_NULL ? NULL : text("demo"), text("DOMAIN"), text(passwords[how & 0xff]), \
            how & LOGON_AT_NULL ? NULL : &logon);                                                  \
                                                                                                   \
        return !logon || FreeContextBuffer(logon) == SEC_E_OK ? status : WRONG_OUTPUT;             \
    }
LOG_ON(log_on_a, A, API_NAME)
LOG_ON(log_on_w, W, wide)

CALLS(querying, "QuerySecurityContextToken", query_token);
CALLS(impersonating, "ImpersonateSecurityContext", impersonate);
CALLS(reverting, "RevertSecurityContext", revert);
CALLS(describing, "OpenSspiQueryToken", describe);
CALLS(describing_nowhere, "OpenSspiQueryToken", describe_nowhere);
CALLS(closing, "OpenSspiCloseToken", close_token);
CALLS(duplicating, "OpenSspiDuplicateToken", duplicate);
CALLS(impersonating_by_token, "OpenSspiImpersonateToken", impersonate_token);
CALLS(opening_thread, "OpenSspiOpenThreadToken", open_thread);
CALLS(opening_process, "OpenSspiOpenProcessToken", open_process);
CALLS(looking_up_sid, "OpenSspiLookupSid", look_up_sid);
CALLS(looking_up_name, "OpenSspiLookupName", look_up_name);
CALLS(translating, "OpenSspiTranslateName", translate_name);
CALLS_OF_BOTH(logging_on, "OpenSspiLogonPassword", log_on_a, log_on_w);

#define OF_A_CLIENT(calls, what, argument, answer)                             \
    {                                                                          \
        calls, what, argument, NO_HANDLE, BY_NTLM, S, WHEN_ESTABLISHED(answer) \
    }
#define BY_ITSELF(calls, what, argument, answer)                           \
    {                                                                      \
        calls, what, argument, NO_HANDLE, BIT(NTLM), S, WHEN_ALONE(answer) \
    }

enum { PRIMARY = OPENSSPI_TOKEN_PRIMARY, IMPERSONATION = OPENSSPI_TOKEN_IMPERSONATION };

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    /*                                           created half-open established failed expired exported imported */
    { querying, "", 1, CONTEXT, BY_NTLM, S, IN_STATES(BADH, BADH, OK, BADH, OK, GONE, OK) },
    { querying, "who has no SID", 1, CONTEXT, BY_KERBEROS, S, IN_STATES(BADH, BADH, NOIMP, BADH, NOIMP, GONE, NOIMP) },
    { querying, "of a client's context", 1, CONTEXT, ANY, C, IN_STATES(BADH, BADH, NOIMP, BADH, NOIMP, GONE, NOIMP) },
    { querying, "nowhere to put it", 0, NO_HANDLE, ANY, CS, EVERYWHERE(PARAM) },
    { impersonating, "who maps to nobody", 0, CONTEXT, ANY, S, IN_STATES(BADH, BADH, NOIMP, BADH, NOIMP, GONE, NOIMP) },
    { impersonating, "of a client's context", 0, CONTEXT, ANY, C, IN_STATES(BADH, BADH, NOIMP, BADH, NOIMP, GONE, NOIMP) },
    /* It says that the thread acts as the process, which it then does. */
    { reverting, "", 0, CONTEXT, ANY, CS, EVERYWHERE(OK) },

    OF_A_CLIENT(describing, "a client's", OF_CLIENT, OK),
    OF_A_CLIENT(describing, "the process's", OF_PROCESS, OK),
    OF_A_CLIENT(describing, "NULL", NO_TOKEN, BADH),
    OF_A_CLIENT(describing, "garbage", JUNK, BADH),
    OF_A_CLIENT(describing, "-1", ALL_ONES, BADH),
    OF_A_CLIENT(describing, "closed", CLOSED, BADH),
    OF_A_CLIENT(describing_nowhere, "nowhere to put it", OF_CLIENT, PARAM),
    OF_A_CLIENT(closing, "a client's", OF_CLIENT, OK),
    OF_A_CLIENT(closing, "NULL", NO_TOKEN, BADH),
    OF_A_CLIENT(closing, "garbage", JUNK, BADH),
    OF_A_CLIENT(closing, "-1", ALL_ONES, BADH),
    OF_A_CLIENT(closing, "twice", CLOSED, BADH),
    OF_A_CLIENT(duplicating, "to impersonate", COPY(OF_CLIENT, IMPERSONATION, 2), OK),
    OF_A_CLIENT(duplicating, "to identify", COPY(OF_CLIENT, IMPERSONATION, 1), OK),
    OF_A_CLIENT(duplicating, "above its level", COPY(OF_CLIENT, IMPERSONATION, 3), NOIMP),
    OF_A_CLIENT(duplicating, "as a primary one", COPY(OF_CLIENT, PRIMARY, 0), OK),
    OF_A_CLIENT(duplicating, "of no type", COPY(OF_CLIENT, 0, 0), PARAM),
    OF_A_CLIENT(duplicating, "of no level", COPY(OF_CLIENT, IMPERSONATION, 4), PARAM),
    OF_A_CLIENT(duplicating, "nowhere to put it", COPY(OF_CLIENT, IMPERSONATION, 2) | NOWHERE, PARAM),
    OF_A_CLIENT(duplicating, "NULL", COPY(NO_TOKEN, IMPERSONATION, 2), BADH),
    OF_A_CLIENT(duplicating, "garbage", COPY(JUNK, IMPERSONATION, 2), BADH),
    OF_A_CLIENT(duplicating, "closed", COPY(CLOSED, IMPERSONATION, 2), BADH),
    OF_A_CLIENT(impersonating_by_token, "who maps to nobody", OF_CLIENT, NOIMP),
    OF_A_CLIENT(impersonating_by_token, "NULL: the process again", NO_TOKEN, OK),
    OF_A_CLIENT(impersonating_by_token, "garbage", JUNK, BADH),
    OF_A_CLIENT(impersonating_by_token, "closed", CLOSED, BADH),
    BY_ITSELF(opening_thread, "of a thread that acts as nobody", 1, NOIMP),
    BY_ITSELF(opening_thread, "nowhere to put it", 0, PARAM),
    BY_ITSELF(opening_process, "", 1, OK),
    BY_ITSELF(opening_process, "nowhere to put it", 0, PARAM),
    BY_ITSELF(looking_up_sid, "a well-known one", SID_KNOWN, OK),
    BY_ITSELF(looking_up_sid, "root's", SID_OF_ROOT, OK),
    BY_ITSELF(looking_up_sid, "nobody's", SID_UNKNOWN, SEC_E_TARGET_UNKNOWN),
    BY_ITSELF(looking_up_sid, "a name", NAME_KNOWN, PARAM),
    BY_ITSELF(looking_up_sid, "empty", EMPTY, PARAM),
    BY_ITSELF(looking_up_sid, "NULL", AT_NULL, PARAM),
    BY_ITSELF(looking_up_sid, "nowhere to put it", SID_KNOWN | NO_ROOM, PARAM),
    BY_ITSELF(looking_up_name, "a well-known one", NAME_KNOWN, OK),
    BY_ITSELF(looking_up_name, "nobody's", NAME_UNKNOWN, SEC_E_TARGET_UNKNOWN),
    BY_ITSELF(looking_up_name, "NULL", AT_NULL, PARAM),
    BY_ITSELF(looking_up_name, "nowhere to put it", NAME_KNOWN | NO_ROOM, PARAM),
    BY_ITSELF(translating, "its own name", OWN_NAME, SEC_E_TARGET_UNKNOWN),
    BY_ITSELF(translating, "somebody's", SOMEBODYS_NAME, SEC_E_TARGET_UNKNOWN),
    BY_ITSELF(translating, "an empty one", NO_NAME, PARAM),
    BY_ITSELF(translating, "into no format", NO_FORMAT, PARAM),
    BY_ITSELF(translating, "nowhere to put it", OWN_NAME | NO_ROOM, PARAM),
    BY_ITSELF(logging_on, "the right password", RIGHT, OK),
    BY_ITSELF(logging_on, "a wrong one", WRONG_ONE, SEC_E_LOGON_DENIED),
    BY_ITSELF(logging_on, "no password", PASSWORD_AT_NULL, PARAM),
    BY_ITSELF(logging_on, "no user", RIGHT | USER_AT_NULL, PARAM),
    BY_ITSELF(logging_on, "nowhere to put it", RIGHT | LOGON_AT_NULL, PARAM),
};
/* clang-format on */

const struct family token_family = FAMILY(rows);
