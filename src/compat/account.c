/* SPDX-License-Identifier: Apache-2.0 */
/* LookupAccountSid and LookupAccountName. */
#include "base/mem.h"
#include "compat/error.h"
#include "compat/sid.h"
#include "compat/text.h"
#include "compat/token.h"

/* A caller's buffer for a name, of either width. */
struct place {
    void *to;
    LPDWORD size;
    bool wide;
};

static const struct compat_text_rule rule = { ERROR_INSUFFICIENT_BUFFER, false };

static DWORD
put(const struct place *p, const char *text)
{
    return p->wide ? compat_text_answer_w(text, rule, p->to, p->size)
                   : compat_text_answer_a(text, rule, p->to, p->size);
}

/* What of several buffers is too small is too small for the call, and each size is answered. */
static DWORD
worse(DWORD a, DWORD b)
{
    return a != ERROR_SUCCESS ? a : b;
}

/* Whether a computer is this one. */
static bool
is_here(const char *system)
{
    char name[MAX_COMPUTERNAME_LENGTH + 1];
    DWORD size = sizeof(name);

    if (!system || !system[0]) {
        return true;
    }
    system += system[0] == '\\' && system[1] == '\\' ? 2 : 0;
    return GetComputerNameA(name, &size) &&
           bytes_equal_nocase(bytes_of_string(system), bytes_of_string(name));
}

static DWORD
lookup_sid(const char *system, PSID Sid, struct place name, struct place domain,
           PSID_NAME_USE peUse)
{
    char text[SID_TEXT_BYTES];
    POPENSSPI_ACCOUNT found;
    struct sid sid;
    DWORD error;

    if (!name.size || !domain.size || !peUse || !compat_sid_of(Sid, &sid)) {
        return ERROR_INVALID_PARAMETER;
    }
    if (!is_here(system)) {
        return ERROR_NONE_MAPPED;
    }
    sid_text(&sid, text);
    error = compat_token_error(OpenSspiLookupSid(text, &found));
    if (error != ERROR_SUCCESS) {
        return error;
    }
    error = put(&name, found->Name);
    error = worse(error, put(&domain, found->Domain));
    *peUse = (SID_NAME_USE)found->Use;
    (void)FreeContextBuffer(found);
    return error;
}

BOOL
LookupAccountSidA(LPCSTR lpSystemName, PSID Sid, LPSTR Name, LPDWORD cchName,
                  LPSTR ReferencedDomainName, LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse)
{
    return compat_error_answer(
        lookup_sid(lpSystemName, Sid, (struct place){ Name, cchName, false },
                   (struct place){ ReferencedDomainName, cchReferencedDomainName, false }, peUse));
}

BOOL
LookupAccountSidW(LPCWSTR lpSystemName, PSID Sid, LPWSTR Name, LPDWORD cchName,
                  LPWSTR ReferencedDomainName, LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse)
{
    char *system;
    DWORD error = compat_text_to_utf8(lpSystemName, &system);

    if (error == ERROR_SUCCESS) {
        error = lookup_sid(system, Sid, (struct place){ Name, cchName, true },
                           (struct place){ ReferencedDomainName, cchReferencedDomainName, true },
                           peUse);
    }
    mem_free(system);
    return compat_error_answer(error);
}

static DWORD
put_sid(PSID to, LPDWORD size, const char *text)
{
    struct sid sid = compat_sid_of_text(text);
    DWORD room = *size;

    *size = compat_sid_bytes(&sid);
    if (!to || room < *size) {
        return ERROR_INSUFFICIENT_BUFFER;
    }
    compat_sid_put(to, &sid);
    return ERROR_SUCCESS;
}

static DWORD
lookup_name(const char *system, const char *name, PSID Sid, LPDWORD cbSid, struct place domain,
            PSID_NAME_USE peUse)
{
    POPENSSPI_ACCOUNT found;
    DWORD error;

    if (!name || !cbSid || !domain.size || !peUse) {
        return ERROR_INVALID_PARAMETER;
    }
    if (!is_here(system)) {
        return ERROR_NONE_MAPPED;
    }
    error = compat_token_error(OpenSspiLookupName(name, &found));
    if (error != ERROR_SUCCESS) {
        return error == ERROR_INVALID_PARAMETER ? ERROR_NONE_MAPPED : error;
    }
    error = put_sid(Sid, cbSid, found->Sid);
    error = worse(error, put(&domain, found->Domain));
    *peUse = (SID_NAME_USE)found->Use;
    (void)FreeContextBuffer(found);
    return error;
}

BOOL
LookupAccountNameA(LPCSTR lpSystemName, LPCSTR lpAccountName, PSID Sid, LPDWORD cbSid,
                   LPSTR ReferencedDomainName, LPDWORD cchReferencedDomainName, PSID_NAME_USE peUse)
{
    return compat_error_answer(
        lookup_name(lpSystemName, lpAccountName, Sid, cbSid,
                    (struct place){ ReferencedDomainName, cchReferencedDomainName, false }, peUse));
}

BOOL
LookupAccountNameW(LPCWSTR lpSystemName, LPCWSTR lpAccountName, PSID Sid, LPDWORD cbSid,
                   LPWSTR ReferencedDomainName, LPDWORD cchReferencedDomainName,
                   PSID_NAME_USE peUse)
{
    char *system, *name = NULL;
    DWORD error = compat_text_to_utf8(lpSystemName, &system);

    if (error == ERROR_SUCCESS) {
        error = compat_text_to_utf8(lpAccountName, &name);
    }
    if (error == ERROR_SUCCESS) {
        error = lookup_name(system, name, Sid, cbSid,
                            (struct place){ ReferencedDomainName, cchReferencedDomainName, true },
                            peUse);
    }
    mem_free(name);
    mem_free(system);
    return compat_error_answer(error);
}
