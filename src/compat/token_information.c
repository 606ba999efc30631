/* SPDX-License-Identifier: Apache-2.0 */
/* GetTokenInformation and CheckTokenMembership. */
#include "base/bytes.h"
#include "compat/error.h"
#include "compat/sid.h"
#include "compat/token.h"

/* One answer: written where there is room for all of it, else only measured. */
struct place {
    BYTE *to;
    DWORD room, used;
};

static bool
fits(const struct place *p)
{
    return p->to && p->used <= p->room;
}

static DWORD
put_fixed(struct place *p, const void *from, DWORD n)
{
    p->used = n;
    if (fits(p)) {
        bytes_copy(p->to, from, n);
    }
    return ERROR_SUCCESS;
}

/* SIDs that stand behind n bytes, the first sid_at bytes behind where. */
static DWORD
put_sids(struct place *p, DWORD n, const char *const *texts, const ULONG *attributes, DWORD count,
         SID_AND_ATTRIBUTES *entries)
{
    DWORD at = n;

    for (DWORD i = 0; i < count; i++) {
        struct sid sid = compat_sid_of_text(texts[i]);

        if (entries) {
            entries[i] = (SID_AND_ATTRIBUTES){ p->to + at, attributes ? attributes[i] : 0 };
            compat_sid_put(p->to + at, &sid);
        }
        at += compat_sid_bytes(&sid);
    }
    return at;
}

/* Measured first, so that nothing is written where not all fits. */
static DWORD
put_groups_of(struct place *p, const char *const *texts, const ULONG *attributes, DWORD count)
{
    DWORD head = (DWORD)(offsetof(TOKEN_GROUPS, Groups) + count * sizeof(SID_AND_ATTRIBUTES));
    TOKEN_GROUPS *groups;

    p->used = put_sids(p, head, texts, attributes, count, NULL);
    if (fits(p)) {
        groups = (TOKEN_GROUPS *)(void *)p->to;
        groups->GroupCount = count;
        (void)put_sids(p, head, texts, attributes, count, groups->Groups);
    }
    return ERROR_SUCCESS;
}

/* TOKEN_USER, and TOKEN_OWNER and TOKEN_PRIMARY_GROUP, which are a pointer alone. */
static DWORD
put_one(struct place *p, const char *text, DWORD head)
{
    struct sid sid = compat_sid_of_text(text);

    p->used = head + compat_sid_bytes(&sid);
    if (fits(p)) {
        const SID_AND_ATTRIBUTES entry = { p->to + head, 0 };

        bytes_copy(p->to, &entry, head);
        compat_sid_put(p->to + head, &sid);
    }
    return ERROR_SUCCESS;
}

static DWORD
put_user(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_one(p, t->UserSid, sizeof(TOKEN_USER));
}

static DWORD
put_groups(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_groups_of(p, t->GroupSids, t->GroupAttributes, t->GroupCount);
}

static DWORD
put_logon_sid(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_groups_of(p, t->GroupSids + t->LogonGroup, t->GroupAttributes + t->LogonGroup, 1);
}

static DWORD
put_privileges(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_fixed(p, &(DWORD){ 0 }, sizeof(DWORD));
}

static DWORD
put_owner(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_one(p, t->UserSid, sizeof(TOKEN_OWNER));
}

/* Domain Users of the user's domain; else the first of the groups. */
static DWORD
put_primary_group(struct place *p, const OPENSSPI_TOKEN *t)
{
    struct sid users = compat_sid_of_text(t->UserSid), sid;
    const char *group = t->GroupSids[0];

    if (users.n) {
        users.parts[users.n - 1] = DOMAIN_GROUP_RID_USERS;
    }
    for (ULONG i = 0; i < t->GroupCount; i++) {
        sid = compat_sid_of_text(t->GroupSids[i]);
        if (sid_equal(&sid, &users)) {
            group = t->GroupSids[i];
        }
    }
    return put_one(p, group, sizeof(TOKEN_PRIMARY_GROUP));
}

static DWORD
put_source(struct place *p, const OPENSSPI_TOKEN *t)
{
    static const char ntlm[TOKEN_SOURCE_LENGTH] = "NtLmSsp ";
    TOKEN_SOURCE source = { .SourceIdentifier = t->LogonId };
    struct bytes name = bytes_of_string(t->PackageName);

    name = bytes_equal(name, bytes_of_string("NTLM")) ? bytes_of(ntlm, sizeof(ntlm)) : name;
    bytes_copy(source.SourceName, name.p,
               name.n < TOKEN_SOURCE_LENGTH ? name.n : TOKEN_SOURCE_LENGTH);
    return put_fixed(p, &source, sizeof(source));
}

static DWORD
put_type(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_fixed(p, &(TOKEN_TYPE){ (TOKEN_TYPE)t->Type }, sizeof(TOKEN_TYPE));
}

static DWORD
put_level(struct place *p, const OPENSSPI_TOKEN *t)
{
    const SECURITY_IMPERSONATION_LEVEL level = (SECURITY_IMPERSONATION_LEVEL)t->Level;

    return t->Type == OPENSSPI_TOKEN_IMPERSONATION ? put_fixed(p, &level, sizeof(level))
                                                   : ERROR_INVALID_PARAMETER;
}

static DWORD
put_statistics(struct place *p, const OPENSSPI_TOKEN *t)
{
    const TOKEN_STATISTICS statistics = {
        .TokenId = t->TokenId,
        .AuthenticationId = t->LogonId,
        .ExpirationTime = t->Expiry,
        .TokenType = (TOKEN_TYPE)t->Type,
        .ImpersonationLevel = (SECURITY_IMPERSONATION_LEVEL)t->Level,
        .GroupCount = t->GroupCount,
        .ModifiedId = t->TokenId,
    };

    return put_fixed(p, &statistics, sizeof(statistics));
}

static DWORD
put_session(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_fixed(p, &(DWORD){ 0 }, sizeof(DWORD));
}

/* 0: of a logon that gave no password to this computer. */
static DWORD
put_origin(struct place *p, const OPENSSPI_TOKEN *t)
{
    return put_fixed(p, &(TOKEN_ORIGIN){ { 0, 0 } }, sizeof(TOKEN_ORIGIN));
}

static const struct {
    TOKEN_INFORMATION_CLASS what;
    DWORD (*put)(struct place *, const OPENSSPI_TOKEN *);
} classes[] = {
    { TokenUser, put_user },
    { TokenGroups, put_groups },
    { TokenPrivileges, put_privileges },
    { TokenOwner, put_owner },
    { TokenPrimaryGroup, put_primary_group },
    { TokenSource, put_source },
    { TokenType, put_type },
    { TokenImpersonationLevel, put_level },
    { TokenStatistics, put_statistics },
    { TokenSessionId, put_session },
    { TokenOrigin, put_origin },
    { TokenLogonSid, put_logon_sid },
};

static DWORD
put_class(struct place *p, TOKEN_INFORMATION_CLASS what, const OPENSSPI_TOKEN *t)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(classes); i++) {
        if (classes[i].what == what) {
            return classes[i].put(p, t);
        }
    }
    return ERROR_INVALID_PARAMETER;
}

BOOL
GetTokenInformation(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass,
                    LPVOID TokenInformation, DWORD TokenInformationLength, PDWORD ReturnLength)
{
    struct place p = { TokenInformation, TokenInformationLength, 0 };
    POPENSSPI_TOKEN t;
    DWORD error;

    if (!ReturnLength) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    error = compat_token_query(TokenHandle, &t);
    if (error != ERROR_SUCCESS) {
        return compat_error_answer(error);
    }
    error = put_class(&p, TokenInformationClass, t);
    if (error == ERROR_SUCCESS) {
        *ReturnLength = p.used;
        error = fits(&p) ? ERROR_SUCCESS : ERROR_INSUFFICIENT_BUFFER;
    }
    (void)FreeContextBuffer(t);
    return compat_error_answer(error);
}

/* --- membership ---------------------------------------------------------------------------- */

/* As a list of access rights would count it. */
static bool
is_member(const OPENSSPI_TOKEN *t, const struct sid *wanted)
{
    struct sid sid = compat_sid_of_text(t->UserSid);
    bool enabled = sid_equal(&sid, wanted);

    for (ULONG i = 0; i < t->GroupCount; i++) {
        sid = compat_sid_of_text(t->GroupSids[i]);
        if (sid_equal(&sid, wanted)) {
            if (t->GroupAttributes[i] & SE_GROUP_USE_FOR_DENY_ONLY) {
                return false;
            }
            enabled = enabled || (t->GroupAttributes[i] & SE_GROUP_ENABLED);
        }
    }
    return enabled;
}

BOOL
CheckTokenMembership(HANDLE TokenHandle, PSID SidToCheck, PBOOL IsMember)
{
    HANDLE token = TokenHandle ? TokenHandle : GetCurrentThreadEffectiveToken();
    POPENSSPI_TOKEN t;
    struct sid sid;
    DWORD error;

    if (!IsMember) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    *IsMember = FALSE;
    if (!compat_sid_of(SidToCheck, &sid)) {
        return compat_error_answer(ERROR_INVALID_SID);
    }
    error = compat_token_query(token, &t);
    if (error != ERROR_SUCCESS) {
        return compat_error_answer(error);
    }
    if (TokenHandle && t->Type != OPENSSPI_TOKEN_IMPERSONATION) {
        error = ERROR_NO_IMPERSONATION_TOKEN;
    } else {
        *IsMember = is_member(t, &sid);
    }
    (void)FreeContextBuffer(t);
    return compat_error_answer(error);
}
