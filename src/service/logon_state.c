/* SPDX-License-Identifier: Apache-2.0 */
/* Logons as bytes: the number of groups, numbers, texts with their NULs, and the groups. */
#include "service/logon_state.h"

#include <string.h>

#include "base/mem.h"

enum { GROUPS_MAX = 65536 };

#define TEXT(member) offsetof(OPENSSPI_LOGON, member)

static const size_t texts[] = {
    TEXT(PackageName),       TEXT(NtlmVersion), TEXT(UserName),
    TEXT(DomainName),        TEXT(UserSid),     TEXT(ClaimedUserName),
    TEXT(ClaimedDomainName), TEXT(Workstation), TEXT(TargetName),
    TEXT(UnixUser),          TEXT(Reason),
};
static const size_t empty_texts[] = {
    TEXT(ClientPrincipal),   TEXT(ServicePrincipal), TEXT(TicketEncryption),
    TEXT(SessionEncryption), TEXT(DelegatedCache),   TEXT(UserPrincipalName),
    TEXT(LogonServer),       TEXT(RefusedSid),       TEXT(Assertion),
};

static void
put_text(struct wire_writer *w, const char *text)
{
    wire_put_counted(w, bytes_of(text, strlen(text) + 1));
}

/* A string where it lies. */
static const char *
take_text(struct wire_reader *r)
{
    struct bytes text = wire_take_counted(r);

    if (wire_status(r) == WIRE_OK &&
        (!text.n || memchr(text.p, 0, text.n) != text.p + text.n - 1)) {
        wire_fail(r, WIRE_BAD_VALUE);
    }
    return wire_status(r) == WIRE_OK ? (const char *)text.p : "";
}

static const char **
text_at(OPENSSPI_LOGON *logon, size_t offset)
{
    return (const char **)(void *)((char *)logon + offset);
}

void
logon_state_put(const OPENSSPI_LOGON *logon, struct wire_writer *w)
{
    wire_put_le32(w, logon->GroupCount);
    wire_put_le32(w, (uint32_t)logon->Status);
    wire_put_le32(w, logon->SubStatus);
    wire_put_le32(w, logon->KeyLength);
    wire_put_u8(w, logon->Anonymous);
    wire_put_u8(w, logon->MicVerified);
    wire_put_u8(w, logon->BindingsVerified);
    for (size_t i = 0; i < SEC_ARRAY_LEN(texts); i++) {
        put_text(w, *(const char *const *)(const void *)((const char *)logon + texts[i]));
    }
    for (ULONG i = 0; i < logon->GroupCount; i++) {
        put_text(w, logon->Groups[i]);
        put_text(w, logon->GroupSids[i]);
        wire_put_le32(w, logon->GroupAttributes[i]);
    }
}

static void
read_fixed(struct wire_reader *r, OPENSSPI_LOGON *logon)
{
    logon->Status = (SECURITY_STATUS)wire_le32(r);
    logon->SubStatus = wire_le32(r);
    logon->KeyLength = wire_le32(r);
    logon->Anonymous = wire_u8(r) != 0;
    logon->MicVerified = wire_u8(r) != 0;
    logon->BindingsVerified = wire_u8(r) != 0;
    for (size_t i = 0; i < SEC_ARRAY_LEN(texts); i++) {
        *text_at(logon, texts[i]) = take_text(r);
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(empty_texts); i++) {
        *text_at(logon, empty_texts[i]) = "";
    }
}

/* One piece of memory: the structure, its lists, and the bytes that they point into. */
OPENSSPI_LOGON *
logon_state_take(struct bytes from)
{
    struct wire_reader r = wire_reader_of(from);
    size_t n = wire_le32(&r);
    OPENSSPI_LOGON *logon;
    const char **names, **sids;
    ULONG *attributes;
    uint8_t *held;

    if (wire_status(&r) != WIRE_OK || n > GROUPS_MAX || n > from.n) {
        return NULL;
    }
    logon = mem_new(sizeof(*logon) + n * (2 * sizeof(*names) + sizeof(*attributes)) + from.n);
    if (!logon) {
        return NULL;
    }
    names = (const char **)(void *)(logon + 1);
    sids = names + n;
    attributes = (ULONG *)(void *)(sids + n);
    held = (uint8_t *)(attributes + n);
    bytes_copy(held, from.p, from.n);
    r = wire_reader_of(bytes_of(held, from.n));
    logon->GroupCount = wire_le32(&r);
    read_fixed(&r, logon);
    for (size_t i = 0; i < n; i++) {
        names[i] = take_text(&r);
        sids[i] = take_text(&r);
        attributes[i] = wire_le32(&r);
    }
    if (wire_finish(&r) != WIRE_OK) {
        mem_free(logon);
        return NULL;
    }
    logon->Groups = names;
    logon->GroupSids = sids;
    logon->GroupAttributes = attributes;
    return logon;
}
