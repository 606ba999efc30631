/* SPDX-License-Identifier: Apache-2.0 */
/* Events and log lines of handshakes. */
#include "service/session_tell.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "service/identity.h"

enum { OFFERED_BYTES = 128, SERVICE_BYTES = 272 };
enum { STATUS_NO_LOGON_SERVERS = 0xC000005E };

/* --- keys ---------------------------------------------------------------------------------- */

/* With a key or without. */
static bool
takes_kerberos(CredHandle *credential)
{
    SECURITY_STATUS status = credential ? OpenSspiCheckService(credential, NULL) : SEC_E_NOT_OWNER;

    return status == SEC_E_OK || status == SEC_E_NO_CREDENTIALS;
}

enum event_host
session_tell_host(CredHandle *credential, const struct session_request *request)
{
    char service[SERVICE_BYTES];

    if (!request || !request->host || !takes_kerberos(credential)) {
        return EVENT_HOST_UNKNOWN;
    }
    if (request->host_is_address) {
        return EVENT_HOST_ADDRESS;
    }
    (void)snprintf(service, sizeof(service), "HTTP/%s", request->host);
    if (OpenSspiCheckService(credential, service) == SEC_E_OK) {
        return EVENT_HOST_KEYED;
    }
    /* Without any key a name makes no difference. */
    return OpenSspiCheckService(credential, NULL) == SEC_E_OK ? EVENT_HOST_KEYLESS
                                                              : EVENT_HOST_UNKNOWN;
}

/* --- texts --------------------------------------------------------------------------------- */

static bool
offers_kerberos(const OPENSSPI_NEGOTIATION *n)
{
    for (ULONG i = 0; n && i < n->OfferedCount; i++) {
        const char *name = n->Offered[i];

        if (strcmp(name, "Kerberos") == 0 || strcmp(name, "MS-Kerberos") == 0) {
            return true;
        }
    }
    return false;
}

static void
list_offer(const OPENSSPI_NEGOTIATION *n, char text[static OFFERED_BYTES])
{
    size_t used = 0;

    text[0] = 0;
    for (ULONG i = 0; n && i < n->OfferedCount && used < OFFERED_BYTES; i++) {
        used += (size_t)snprintf(text + used, OFFERED_BYTES - used, "%s%s", i ? ", " : "",
                                 n->Offered[i]);
    }
}

static bool
is_of_library(sec_status status)
{
    return (uint32_t)status >> 16 == 0x8009;
}

/* Negotiate looked for a token, and what came named no mechanism. */
static bool
is_no_token(const struct session_end *e)
{
    const OPENSSPI_NEGOTIATION *n = e->negotiation;

    return n && e->status == SEC_E_INVALID_TOKEN && n->OfferedCount == 0 && !n->FirstToken[0];
}

/* Where the accounts could not be asked the library has no cause of the client's to tell. A ticket
 * asks no accounts. A refusal of our own (an NTSTATUS) is not for what the library found. */
static uint32_t
sub_status_of(const struct session_end *e, const OPENSSPI_LOGON *known)
{
    if (!is_of_library(e->status)) {
        return 0;
    }
    if (!known->SubStatus && e->status == SEC_E_NO_AUTHENTICATING_AUTHORITY &&
        strcmp(known->PackageName, "NTLM") == 0) {
        return STATUS_NO_LOGON_SERVERS;
    }
    return known->SubStatus;
}

static void
advise(const struct session_end *e, const OPENSSPI_LOGON *known, char hint[static EVENT_HINT_BYTES])
{
    const struct event_hint facts = {
        .status = e->status,
        .sub_status = sub_status_of(e, known),
        .request = e->request ? e->request->how : EVENT_REQUEST_TOKEN,
        .host = e->request ? e->request->host : NULL,
        .host_kind = session_tell_host(e->credential, e->request),
        .service = known->ServicePrincipal,
        .user = known->UserName,
        .target = known->TargetName,
        .mechanism = known->PackageName,
        .first_token = e->negotiation ? e->negotiation->FirstToken : "",
        .kerberos_offered = offers_kerberos(e->negotiation),
        .no_token = is_no_token(e),
        .kerberos_here = takes_kerberos(e->credential),
        .opened = known->ClientPrincipal[0] != 0,
        .krb_error = known->KerberosError,
    };

    event_hint(&facts, hint, EVENT_HINT_BYTES);
}

/* --- telling ------------------------------------------------------------------------------- */

static struct event_kerberos
ticket_of(const OPENSSPI_LOGON *known)
{
    return (struct event_kerberos){
        .client = known->ClientPrincipal,
        .service = known->ServicePrincipal,
        .upn = known->UserPrincipalName,
        .logon_server = known->LogonServer,
        .ticket_enctype = known->TicketEncryptionType,
        .session_enctype = known->SessionEncryptionType,
        .kvno = known->KeyVersion,
        .error = known->KerberosError,
        .has_kvno = known->HasKeyVersion,
        .pac_verified = known->PacVerified,
        .delegated = known->DelegatedCache[0] != 0,
    };
}

static void
write_line(const struct session_end *e, const OPENSSPI_LOGON *known, const char *hint)
{
    const struct session_client *c = e->client;

    if (e->status == SEC_E_OK) {
        log_info(c->log, "logon", log_text("listener", c->listener),
                 log_text("address", c->address), log_number("port", c->port),
                 log_text("user", known->UserName), log_text("domain", known->DomainName),
                 log_text("package", known->PackageName),
                 log_text("ntlm_version", known->NtlmVersion));
    } else {
        log_info(c->log, "refused", log_text("listener", c->listener),
                 log_text("address", c->address), log_number("port", c->port),
                 log_text("user", known->UserName), log_text("domain", known->DomainName),
                 log_text("reason", e->reason), log_text("hint", hint));
    }
}

static void
count(const struct session_end *e, uint32_t sub_status)
{
    struct counters *counters = e->client->counters;

    if (counters && e->status == SEC_E_OK) {
        counters_add(&counters->established);
    } else if (counters) {
        counters_add(&counters->refused);
        counters_add(&counters->refusals[counters_refusal_of(e->status, sub_status)]);
    }
}

uint64_t
session_tell(const struct session_end *e)
{
    const OPENSSPI_LOGON *known = e->logon ? e->logon : &identity_nobody;
    char offered[OFFERED_BYTES], hint[EVENT_HINT_BYTES] = "";
    uint64_t id;
    struct event_logon logon = {
        .status = e->status,
        .sub_status = sub_status_of(e, known),
        .anonymous = e->logon && known->Anonymous,
        .clear_text = e->request && e->request->clear_text,
        .locked_out_now = known->LockedOutNow,
        .mic_verified = known->MicVerified,
        .bindings_verified = known->BindingsVerified,
        .listener = e->client->listener,
        .protocol = e->client->protocol,
        .address = e->client->address,
        .port = e->client->port,
        .package = e->client->package,
        .mechanism = known->PackageName,
        .ntlm_version = known->NtlmVersion,
        .key_bits = known->KeyLength,
        .user = known->UserName,
        .domain = known->DomainName,
        .claimed_user = known->ClaimedUserName,
        .claimed_domain = known->ClaimedDomainName,
        .workstation = known->Workstation,
        .target = known->TargetName,
        .sid = known->UserSid,
        .refused_sid = known->RefusedSid,
        .unix_user = known->UnixUser,
        .reason = e->reason,
        .hint = hint,
        .kerberos = ticket_of(known),
        .offered = offered,
        .first_token = e->negotiation ? e->negotiation->FirstToken : "",
        .host = e->request ? e->request->host : "",
    };

    count(e, logon.sub_status);
    list_offer(e->negotiation, offered);
    if (is_of_library(e->status)) {
        advise(e, known, hint);
    }
    id = event_log_logon(e->client->events, &logon);
    write_line(e, known, hint);
    return id;
}
