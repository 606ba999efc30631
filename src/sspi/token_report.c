/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSspiQueryToken: what a token says, as one block. */
#include <opensspi/opensspi.h>

#include "sspi/report.h"
#include "sspi/tokens.h"

/* What stands behind the structure: of each group its SID, its name and its domain, each kind in a
 * row, and then the attributes. */
enum { GROUP_TEXTS = 3 };

static size_t
text_at(size_t n, size_t kind, size_t i)
{
    return sizeof(OPENSSPI_TOKEN) + (kind * n + i) * sizeof(char *);
}

static void
put_sid(struct report *r, size_t at, const struct sid *sid)
{
    char text[SID_TEXT_BYTES];

    sid_text(sid, text);
    report_utf8(r, at, text);
}

static LUID
luid_of(uint64_t id)
{
    return (LUID){ (DWORD)id, (LONG)(id >> 32) };
}

static void
fill(struct report *r, OPENSSPI_TOKEN *to, const struct sec_token *t)
{
    const struct logon *l = t->logon;

    *to = (OPENSSPI_TOKEN){
        .Type = t->primary ? OPENSSPI_TOKEN_PRIMARY : OPENSSPI_TOKEN_IMPERSONATION,
        .Level = t->level,
        .TokenId = luid_of(t->id),
        .LogonId = luid_of(l->id),
        .Expiry.QuadPart = l->expires_100ns > INT64_MAX ? INT64_MAX : (int64_t)l->expires_100ns,
        .GroupCount = (ULONG)l->n_groups,
        .LogonGroup = (ULONG)l->logon_group,
        .Anonymous = l->anonymous,
    };
    put_sid(r, offsetof(OPENSSPI_TOKEN, UserSid), &l->user.sid);
    report_utf8(r, offsetof(OPENSSPI_TOKEN, UserName), l->user.name);
    report_utf8(r, offsetof(OPENSSPI_TOKEN, DomainName), l->user.domain);
    report_utf8(r, offsetof(OPENSSPI_TOKEN, UserPrincipalName), l->upn);
    report_utf8(r, offsetof(OPENSSPI_TOKEN, PackageName), l->package);
    report_utf8(r, offsetof(OPENSSPI_TOKEN, UnixUser), l->unix_user);
    for (size_t i = 0; i < l->n_groups; i++) {
        put_sid(r, text_at(l->n_groups, 0, i), &l->groups[i].sid);
        report_utf8(r, text_at(l->n_groups, 1, i), l->groups[i].name);
        report_utf8(r, text_at(l->n_groups, 2, i), l->groups[i].domain);
    }
}

static sec_status
give(const struct report *r, const OPENSSPI_TOKEN *fixed, const struct logon *l,
     POPENSSPI_TOKEN *out)
{
    size_t n = l->n_groups, pointers = GROUP_TEXTS * n * sizeof(char *);
    POPENSSPI_TOKEN to;
    ULONG *attributes;
    void *block;
    sec_status status = report_give(r, fixed, sizeof(*fixed),
                                    sizeof(*fixed) + pointers + n * sizeof(*attributes), &block);

    if (status != SEC_E_OK) {
        return status;
    }
    to = block;
    to->GroupSids = (const char *const *)(to + 1);
    to->GroupNames = to->GroupSids + n;
    to->GroupDomains = to->GroupNames + n;
    attributes = (ULONG *)(uintptr_t)(to->GroupDomains + n);
    for (size_t i = 0; i < n; i++) {
        attributes[i] = l->groups[i].attributes;
    }
    to->GroupAttributes = attributes;
    *out = to;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiQueryToken(HANDLE token, POPENSSPI_TOKEN *out)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    SEC_AUTO(report) r;
    OPENSSPI_TOKEN fixed;
    struct token_object *o;
    sec_status status;

    sec_reason_clear();
    report_init(&r);
    if (!out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the report");
    }
    status = tokens_hold(&ref, token, &o);
    if (status != SEC_E_OK) {
        return status;
    }
    fill(&r, &fixed, o->token);
    return give(&r, &fixed, o->token->logon, out);
}
