/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers as text. */
#include <sddl.h>

#include "base/mem.h"
#include "codec/sid_name.h"
#include "compat/error.h"
#include "compat/sid.h"
#include "compat/text.h"

/* SDDL's two letters for what is the same in every domain. */
static const struct {
    char letters[3];
    WELL_KNOWN_SID_TYPE type;
} aliases[] = {
    { "AN", WinAnonymousSid },
    { "AO", WinBuiltinAccountOperatorsSid },
    { "AU", WinAuthenticatedUserSid },
    { "BA", WinBuiltinAdministratorsSid },
    { "BG", WinBuiltinGuestsSid },
    { "BO", WinBuiltinBackupOperatorsSid },
    { "BU", WinBuiltinUsersSid },
    { "CG", WinCreatorGroupSid },
    { "CO", WinCreatorOwnerSid },
    { "CY", WinBuiltinCryptoOperatorsSid },
    { "ED", WinEnterpriseControllersSid },
    { "ER", WinBuiltinEventLogReadersGroup },
    { "HI", WinHighLabelSid },
    { "IS", WinBuiltinIUsersSid },
    { "IU", WinInteractiveSid },
    { "LS", WinLocalServiceSid },
    { "LU", WinBuiltinPerfLoggingUsersSid },
    { "LW", WinLowLabelSid },
    { "ME", WinMediumLabelSid },
    { "MU", WinBuiltinPerfMonitoringUsersSid },
    { "NO", WinBuiltinNetworkConfigurationOperatorsSid },
    { "NS", WinNetworkServiceSid },
    { "NU", WinNetworkSid },
    { "OW", WinCreatorOwnerRightsSid },
    { "PO", WinBuiltinPrintOperatorsSid },
    { "PS", WinSelfSid },
    { "PU", WinBuiltinPowerUsersSid },
    { "RC", WinRestrictedCodeSid },
    { "RD", WinBuiltinRemoteDesktopUsersSid },
    { "RE", WinBuiltinReplicatorSid },
    { "RU", WinBuiltinPreWindows2000CompatibleAccessSid },
    { "SI", WinSystemLabelSid },
    { "SO", WinBuiltinSystemOperatorsSid },
    { "SU", WinServiceSid },
    { "SY", WinLocalSystemSid },
    { "WD", WinWorldSid },
};

static BOOL
give(const void *from, size_t n, PVOID *to)
{
    *to = LocalAlloc(LMEM_FIXED, n);
    if (!*to) {
        return FALSE; /* it has said why */
    }
    bytes_copy(*to, from, n);
    return TRUE;
}

/* --- to text ------------------------------------------------------------------------------- */

BOOL
ConvertSidToStringSidA(PSID Sid, LPSTR *StringSid)
{
    char text[SID_TEXT_BYTES];
    struct sid sid;

    if (!StringSid) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    if (!compat_sid_of(Sid, &sid)) {
        return compat_error_answer(ERROR_INVALID_SID);
    }
    sid_text(&sid, text);
    return give(text, strlen(text) + 1, (PVOID *)StringSid);
}

BOOL
ConvertSidToStringSidW(PSID Sid, LPWSTR *StringSid)
{
    WCHAR wide[SID_TEXT_BYTES];
    char text[SID_TEXT_BYTES];
    struct sid sid;
    size_t n = 0;

    if (!StringSid) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    if (!compat_sid_of(Sid, &sid)) {
        return compat_error_answer(ERROR_INVALID_SID);
    }
    sid_text(&sid, text);
    do {
        wide[n] = (WCHAR)text[n];
    } while (text[n++]);
    return give(wide, n * sizeof(*wide), (PVOID *)StringSid);
}

/* --- from text ----------------------------------------------------------------------------- */

static bool
parse(const char *text, struct sid *out)
{
    struct bytes whole = bytes_of_string(text);
    char capital[SID_TEXT_BYTES];

    for (size_t i = 0; i < SEC_ARRAY_LEN(aliases); i++) {
        if (bytes_equal_nocase(whole, bytes_of_string(aliases[i].letters))) {
            return sid_name_of_type(out, (int)aliases[i].type, NULL);
        }
    }
    if (text[0] == 's' && whole.n <= sizeof(capital)) { /* Windows takes either */
        bytes_copy(capital, text, whole.n);
        capital[0] = 'S';
        whole = bytes_of(capital, whole.n);
    }
    return sid_parse(out, whole) && out->n != 0;
}

BOOL
ConvertStringSidToSidA(LPCSTR StringSid, PSID *Sid)
{
    BYTE room[SECURITY_MAX_SID_SIZE];
    struct sid sid;

    if (!StringSid || !Sid) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    if (!parse(StringSid, &sid)) {
        return compat_error_answer(ERROR_INVALID_SID);
    }
    compat_sid_put(room, &sid);
    return give(room, compat_sid_bytes(&sid), Sid);
}

BOOL
ConvertStringSidToSidW(LPCWSTR StringSid, PSID *Sid)
{
    char *text;
    DWORD error = compat_text_to_utf8(StringSid, &text);
    BOOL done;

    if (error != ERROR_SUCCESS) {
        return compat_error_answer(error);
    }
    done = ConvertStringSidToSidA(text, Sid);
    mem_free(text);
    return done;
}
