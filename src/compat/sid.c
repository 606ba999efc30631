/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers in callers' memory. */
#include "compat/sid.h"

#include "base/mem.h"
#include "codec/sid_name.h"
#include "compat/error.h"

enum { HEAD_BYTES = 8, ALLOCATE_PARTS_MAX = 8 };

/* --- our own form -------------------------------------------------------------------------- */

bool
compat_sid_of(PSID sid, struct sid *out)
{
    const SID *s = sid;
    struct wire_reader r;

    if (!s || s->Revision != SID_REVISION || s->SubAuthorityCount > SID_MAX_SUB_AUTHORITIES) {
        return false;
    }
    r = wire_reader_of(bytes_of(sid, HEAD_BYTES + s->SubAuthorityCount * sizeof(DWORD)));
    sid_read(&r, out);
    return wire_finish(&r) == WIRE_OK;
}

DWORD
compat_sid_bytes(const struct sid *sid)
{
    return HEAD_BYTES + sid->n * (DWORD)sizeof(DWORD);
}

void
compat_sid_put(PSID to, const struct sid *sid)
{
    struct wire_writer w = wire_writer_fixed(to, compat_sid_bytes(sid));

    sid_put(&w, sid);
}

struct sid
compat_sid_of_text(const char *text)
{
    struct sid sid = { 0 };

    (void)!sid_parse(&sid, bytes_of_string(text));
    return sid;
}

/* --- SIDs ---------------------------------------------------------------------------------- */

BOOL
IsValidSid(PSID pSid)
{
    struct sid sid;

    return compat_sid_of(pSid, &sid);
}

BOOL
EqualSid(PSID pSid1, PSID pSid2)
{
    struct sid a, b;

    return compat_sid_of(pSid1, &a) && compat_sid_of(pSid2, &b)
               ? sid_equal(&a, &b)
               : compat_error_answer(ERROR_INVALID_SID);
}

BOOL
EqualPrefixSid(PSID pSid1, PSID pSid2)
{
    struct sid a, b;

    if (!compat_sid_of(pSid1, &a) || !compat_sid_of(pSid2, &b)) {
        return compat_error_answer(ERROR_INVALID_SID);
    }
    if (a.n == 0 || b.n == 0) {
        return sid_equal(&a, &b);
    }
    a.n--;
    b.n--;
    return sid_equal(&a, &b);
}

DWORD
GetLengthSid(PSID pSid)
{
    struct sid sid;

    return compat_sid_of(pSid, &sid) ? compat_sid_bytes(&sid) : 0;
}

DWORD
GetSidLengthRequired(UCHAR nSubAuthorityCount)
{
    return HEAD_BYTES + nSubAuthorityCount * (DWORD)sizeof(DWORD);
}

BOOL
CopySid(DWORD nDestinationSidLength, PSID pDestinationSid, PSID pSourceSid)
{
    struct sid sid;

    if (!compat_sid_of(pSourceSid, &sid)) {
        return compat_error_answer(ERROR_INVALID_SID);
    }
    if (!pDestinationSid || nDestinationSidLength < compat_sid_bytes(&sid)) {
        return compat_error_answer(ERROR_INSUFFICIENT_BUFFER);
    }
    compat_sid_put(pDestinationSid, &sid);
    return TRUE;
}

BOOL
InitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY pIdentifierAuthority, BYTE nSubAuthorityCount)
{
    SID *s = Sid;

    if (!s || !pIdentifierAuthority || nSubAuthorityCount > SID_MAX_SUB_AUTHORITIES) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    s->Revision = SID_REVISION;
    s->SubAuthorityCount = nSubAuthorityCount;
    s->IdentifierAuthority = *pIdentifierAuthority;
    return TRUE;
}

BOOL
AllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY pIdentifierAuthority, BYTE nSubAuthorityCount,
                         DWORD nSubAuthority0, DWORD nSubAuthority1, DWORD nSubAuthority2,
                         DWORD nSubAuthority3, DWORD nSubAuthority4, DWORD nSubAuthority5,
                         DWORD nSubAuthority6, DWORD nSubAuthority7, PSID *pSid)
{
    const DWORD parts[ALLOCATE_PARTS_MAX] = { nSubAuthority0, nSubAuthority1, nSubAuthority2,
                                              nSubAuthority3, nSubAuthority4, nSubAuthority5,
                                              nSubAuthority6, nSubAuthority7 };
    SID *s;

    if (!pIdentifierAuthority || !pSid || nSubAuthorityCount > ALLOCATE_PARTS_MAX) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    s = mem_new(HEAD_BYTES + sizeof(parts));
    if (!s) {
        return compat_error_answer(ERROR_NOT_ENOUGH_MEMORY);
    }
    (void)InitializeSid(s, pIdentifierAuthority, nSubAuthorityCount);
    bytes_copy(s->SubAuthority, parts, nSubAuthorityCount * sizeof(*parts));
    *pSid = s;
    return TRUE;
}

PVOID
FreeSid(PSID pSid)
{
    mem_free(pSid);
    return NULL;
}

PUCHAR
GetSidSubAuthorityCount(PSID pSid)
{
    return IsValidSid(pSid) ? &((SID *)pSid)->SubAuthorityCount : NULL;
}

PDWORD
GetSidSubAuthority(PSID pSid, DWORD nSubAuthority)
{
    SID *s = pSid;

    return IsValidSid(s) && nSubAuthority < s->SubAuthorityCount ? s->SubAuthority + nSubAuthority
                                                                 : NULL;
}

PSID_IDENTIFIER_AUTHORITY
GetSidIdentifierAuthority(PSID pSid)
{
    return IsValidSid(pSid) ? &((SID *)pSid)->IdentifierAuthority : NULL;
}

BOOL
IsWellKnownSid(PSID pSid, WELL_KNOWN_SID_TYPE WellKnownSidType)
{
    struct sid sid;

    return compat_sid_of(pSid, &sid) && sid_name_is_of_type(&sid, (int)WellKnownSidType);
}

BOOL
CreateWellKnownSid(WELL_KNOWN_SID_TYPE WellKnownSidType, PSID DomainSid, PSID pSid, DWORD *cbSid)
{
    struct sid domain, sid;
    DWORD room;

    if (!cbSid || (DomainSid && !compat_sid_of(DomainSid, &domain)) ||
        !sid_name_of_type(&sid, (int)WellKnownSidType, DomainSid ? &domain : NULL)) {
        return compat_error_answer(ERROR_INVALID_PARAMETER);
    }
    room = *cbSid;
    *cbSid = compat_sid_bytes(&sid);
    if (!pSid || room < *cbSid) {
        return compat_error_answer(ERROR_INSUFFICIENT_BUFFER);
    }
    compat_sid_put(pSid, &sid);
    return TRUE;
}
