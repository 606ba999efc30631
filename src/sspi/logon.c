/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSspiQueryLogon: what a server knows of a logon, as one block. */
#include <opensspi/opensspi.h>

#include "account/account.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/given.h"
#include "sspi/objects.h"

static const char *const ntlm_versions[] = {
    [SEC_NTLM_NONE] = "",          [SEC_NTLM_LM] = "LM",      [SEC_NTLM_V1] = "NTLM V1",
    [SEC_NTLM_V1_ESS] = "NTLM V1", [SEC_NTLM_V2] = "NTLM V2",
};

/* Strings one after the other, each with its NUL; a mark is where one begins. */
static size_t
put_utf8(struct wire_writer *w, const char *s)
{
    size_t mark = w->len;

    wire_put(w, s ? s : "", s ? strlen(s) + 1 : 1);
    return mark;
}

static size_t
put_utf16(struct wire_writer *w, struct bytes utf16)
{
    char *utf8 = utf8_from_utf16(utf16);
    size_t mark = put_utf8(w, utf8);

    if (!utf8 && w->err == WIRE_OK) {
        w->err = WIRE_NO_MEMORY;
    }
    mem_free(utf8);
    return mark;
}

/* What goes into the block: the fixed part, and where its strings begin among the others. */
struct report {
    OPENSSPI_LOGON logon;
    size_t package, version, user, domain, claimed_user, claimed_domain;
    size_t workstation, target, sid, unix_user, groups, reason;
    struct wire_writer strings;
};

static void
put_identity(struct report *r, const struct account_identity *id)
{
    r->sid = put_utf8(&r->strings, id ? id->sid : "");
    r->unix_user = put_utf8(&r->strings, id ? id->unix_user : "");
    r->logon.GroupCount = id ? (ULONG)id->n_groups : 0;
    r->groups = r->strings.len;
    for (ULONG i = 0; i < r->logon.GroupCount; i++) {
        (void)put_utf8(&r->strings, id->groups[i]);
        (void)put_utf8(&r->strings, id->group_sids[i]);
    }
}

static void
fill(struct report *r, const struct context *c, const struct sec_facts *f)
{
    bool proven = f->phase == SEC_PHASE_ESTABLISHED && !f->anonymous;

    r->logon = (OPENSSPI_LOGON){
        .Status = c->last_status,
        .SubStatus = f->sub_status,
        .Anonymous = f->anonymous,
        .LockedOutNow = f->locked_out_now,
        .MicVerified = f->mic_verified,
        .BindingsVerified = f->bindings_verified,
        /* A session key that protects nothing was asked for by nobody. */
        .KeyLength = f->flags & (SEC_INTEGRITY | SEC_CONFIDENTIALITY) ? f->key_bits : 0,
    };
    r->package = put_utf8(&r->strings, f->mechanism ? f->mechanism->name : "");
    r->version = put_utf8(&r->strings, ntlm_versions[f->ntlm_version]);
    r->user = put_utf16(&r->strings, proven ? f->user : f->claimed_user);
    r->domain = put_utf16(&r->strings, proven ? f->domain : f->claimed_domain);
    r->claimed_user = put_utf16(&r->strings, f->claimed_user);
    r->claimed_domain = put_utf16(&r->strings, f->claimed_domain);
    r->workstation = put_utf16(&r->strings, f->claimed_workstation);
    r->target = put_utf16(&r->strings, f->target);
    put_identity(r, f->identity);
    r->reason = put_utf8(&r->strings, c->reason);
}

/* The names and SIDs of groups stand in turn. */
static void
point_at_groups(OPENSSPI_LOGON *out, const char **pointers, const char *strings)
{
    for (ULONG i = 0; i < out->GroupCount; i++) {
        pointers[i] = strings;
        strings += strlen(strings) + 1;
        pointers[out->GroupCount + i] = strings;
        strings += strlen(strings) + 1;
    }
    out->Groups = pointers;
    out->GroupSids = pointers + out->GroupCount;
}

static sec_status
give(const struct report *r, POPENSSPI_LOGON *out)
{
    struct bytes strings = wire_written(&r->strings);
    size_t n_pointers = 2 * (size_t)r->logon.GroupCount;
    size_t fixed = sizeof(OPENSSPI_LOGON) + n_pointers * sizeof(char *);
    OPENSSPI_LOGON *logon;
    const char *s;

    if (wire_writer_status(&r->strings) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    logon = given_new(fixed + strings.n);
    if (!logon) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    s = (const char *)logon + fixed;
    bytes_copy((char *)logon + fixed, strings.p, strings.n);
    *logon = r->logon;
    logon->PackageName = s + r->package;
    logon->NtlmVersion = s + r->version;
    logon->UserName = s + r->user;
    logon->DomainName = s + r->domain;
    logon->ClaimedUserName = s + r->claimed_user;
    logon->ClaimedDomainName = s + r->claimed_domain;
    logon->Workstation = s + r->workstation;
    logon->TargetName = s + r->target;
    logon->UserSid = s + r->sid;
    logon->UnixUser = s + r->unix_user;
    logon->Reason = s + r->reason;
    point_at_groups(logon, (const char **)(logon + 1), s + r->groups);
    *out = logon;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiQueryLogon(PCtxtHandle handle, POPENSSPI_LOGON *out)
{
    struct report r = { .strings = wire_writer_growing(NULL, 0) };
    struct sec_facts facts;
    struct context *c;
    struct handle_ref ref;
    sec_status status;

    sec_reason_clear();
    if (!out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the report");
    }
    ref = objects_context(handle, &c);
    if (!c) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a context's handle");
    }
    if (c->role != SEC_ACCEPTOR) {
        handle_release(ref);
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: a client's context has no logon");
    }
    (void)pthread_mutex_lock(&c->step);
    c->ctx->package->ops->describe(c->ctx, &facts);
    fill(&r, c, &facts);
    (void)pthread_mutex_unlock(&c->step);
    status = give(&r, out);
    wire_writer_clear(&r.strings);
    handle_release(ref);
    return status;
}
