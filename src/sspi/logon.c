/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSspiQueryLogon: what a server knows of a logon, as one block. */
#include "sspi/logon.h"

#include "account/account.h"
#include "codec/krb_msg.h"
#include "sspi/objects.h"
#include "sspi/report.h"

static const char *const ntlm_versions[] = {
    [SEC_NTLM_NONE] = "",          [SEC_NTLM_LM] = "LM",      [SEC_NTLM_V1] = "NTLM V1",
    [SEC_NTLM_V1_ESS] = "NTLM V1", [SEC_NTLM_V2] = "NTLM V2",
};

static const char *
enctype_name(int32_t enctype)
{
    const char *name = krb_enctype_name(enctype);

    return name ? name : "";
}

#define UTF8(member, text)  report_utf8(r, offsetof(OPENSSPI_LOGON, member), text)
#define UTF16(member, text) report_utf16(r, offsetof(OPENSSPI_LOGON, member), text)

/* SE_GROUP_MANDATORY, _ENABLED_BY_DEFAULT and _ENABLED: what a group is whose attributes nobody has
 * written down. */
#define USUAL_ATTRIBUTES 7u

/* The names and SIDs of groups: pointers behind the structure, all names before all SIDs; behind
 * those their attributes, which are numbers and wait beside the report. */
static void
put_identity(struct report *r, struct wire_writer *attributes, OPENSSPI_LOGON *logon,
             const struct account_identity *id)
{
    size_t n = id ? id->n_groups : 0;

    UTF8(UserSid, id ? id->sid : "");
    UTF8(UnixUser, id ? id->unix_user : "");
    UTF8(Assertion, id ? id->assertion : "");
    logon->GroupCount = (ULONG)n;
    for (size_t i = 0; i < n; i++) {
        report_utf8(r, sizeof(*logon) + i * sizeof(char *), id->groups[i]);
        report_utf8(r, sizeof(*logon) + (n + i) * sizeof(char *), id->group_sids[i]);
        wire_put(attributes,
                 &(ULONG){ id->group_attributes ? id->group_attributes[i] : USUAL_ATTRIBUTES },
                 sizeof(ULONG));
    }
}

static void
put_kerberos(struct report *r, OPENSSPI_LOGON *logon, const struct sec_kerberos_facts *k)
{
    logon->TicketEncryptionType = k->ticket_enctype;
    logon->SessionEncryptionType = k->session_enctype;
    logon->HasKeyVersion = k->has_kvno;
    logon->KeyVersion = k->has_kvno ? k->kvno : 0;
    logon->PacVerified = k->pac_verified;
    logon->KerberosError = k->error_code;
    UTF16(ClientPrincipal, k->client);
    UTF16(ServicePrincipal, k->service);
    UTF8(TicketEncryption, enctype_name(k->ticket_enctype));
    UTF8(SessionEncryption, enctype_name(k->session_enctype));
    UTF8(DelegatedCache, k->delegated_cache);
    UTF16(UserPrincipalName, k->upn);
    UTF16(LogonServer, k->logon_server);
}

static void
fill(struct report *r, OPENSSPI_LOGON *logon, sec_status status, const char *reason,
     const struct sec_facts *f)
{
    bool proven = f->phase == SEC_PHASE_ESTABLISHED && !f->anonymous;

    *logon = (OPENSSPI_LOGON){
        .Status = status,
        .SubStatus = f->sub_status,
        .Anonymous = f->anonymous,
        .LockedOutNow = f->locked_out_now,
        .MicVerified = f->mic_verified,
        .BindingsVerified = f->bindings_verified,
        /* A session key that protects nothing was asked for by nobody. */
        .KeyLength = f->flags & (SEC_INTEGRITY | SEC_CONFIDENTIALITY) ? f->key_bits : 0,
    };
    UTF8(PackageName, f->mechanism ? f->mechanism->name : "");
    UTF8(NtlmVersion, ntlm_versions[f->ntlm_version]);
    UTF16(UserName, proven ? f->user : f->claimed_user);
    UTF16(DomainName, proven ? f->domain : f->claimed_domain);
    UTF16(ClaimedUserName, f->claimed_user);
    UTF16(ClaimedDomainName, f->claimed_domain);
    UTF16(Workstation, f->claimed_workstation);
    UTF16(TargetName, f->target);
    UTF8(Reason, reason);
    UTF8(RefusedSid, proven ? "" : f->refused_sid);
    put_kerberos(r, logon, &f->kerberos);
}

static sec_status
give(const struct report *r, const struct wire_writer *attributes, const OPENSSPI_LOGON *logon,
     POPENSSPI_LOGON *out)
{
    size_t n = logon->GroupCount, pointers = 2 * n * sizeof(char *);
    ULONG *numbers;
    void *block;
    sec_status status;

    if (wire_writer_status(attributes) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = report_give(r, logon, sizeof(*logon), sizeof(*logon) + pointers + n * sizeof(*numbers),
                         &block);
    if (status == SEC_E_OK) {
        *out = block;
        (*out)->Groups = (const char *const *)(*out + 1);
        (*out)->GroupSids = (*out)->Groups + n;
        numbers = (ULONG *)(uintptr_t)((*out)->GroupSids + n);
        bytes_copy(numbers, attributes->p, n * sizeof(*numbers));
        (*out)->GroupAttributes = numbers;
    }
    return status;
}

sec_status
logon_describe(sec_status status, const char *reason, const struct sec_facts *facts,
               POPENSSPI_LOGON *out)
{
    SEC_AUTO(wire_writer) attributes = wire_writer_growing(NULL, 0);
    SEC_AUTO(report) r;
    OPENSSPI_LOGON logon;

    report_init(&r);
    fill(&r, &logon, status, reason, facts);
    put_identity(&r, &attributes, &logon, facts->identity);
    return give(&r, &attributes, &logon, out);
}

SECURITY_STATUS SEC_ENTRY
OpenSspiQueryLogon(PCtxtHandle handle, POPENSSPI_LOGON *out)
{
    SEC_AUTO(objects_hold) hold = { 0 };
    struct sec_facts facts;
    struct context *c;
    sec_status status;

    sec_reason_clear();
    if (!out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the report");
    }
    status = objects_hold_context(&hold, handle, OBJECTS_STEP, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    if (c->role != SEC_ACCEPTOR) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: a client's context has no logon");
    }
    objects_describe(c, &facts);
    return logon_describe(c->last_status, c->reason, &facts, out);
}
