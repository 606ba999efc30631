/* SPDX-License-Identifier: Apache-2.0 */
/* Who a client is, as JSON. */
#include <jansson.h>

#include "service/identity.h"

const OPENSSPI_LOGON identity_nobody = {
    .Anonymous = 1,
    .PackageName = "",
    .NtlmVersion = "",
    .UserName = "",
    .DomainName = "",
    .ClaimedUserName = "",
    .ClaimedDomainName = "",
    .Workstation = "",
    .TargetName = "",
    .UserSid = "",
    .UnixUser = "",
    .Reason = "",
    .ClientPrincipal = "",
    .ServicePrincipal = "",
    .TicketEncryption = "",
    .SessionEncryption = "",
    .DelegatedCache = "",
    .UserPrincipalName = "",
    .LogonServer = "",
    .RefusedSid = "",
    .Assertion = "",
};

static int
put_run(const char *run, size_t n, void *user)
{
    wire_put(user, run, n);
    return 0;
}

/* "" is null: not known, or not there. */
static json_t *
text(const char *value)
{
    return value && *value ? json_string(value) : json_null();
}

static json_t *
list(const char *const *values, ULONG n)
{
    json_t *array = json_array();

    for (ULONG i = 0; i < n && array; i++) {
        if (json_array_append_new(array, json_string(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *
numbers(const ULONG *values, ULONG n)
{
    json_t *array = json_array();

    for (ULONG i = 0; i < n && array; i++) {
        if (json_array_append_new(array, json_integer(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* null for who came without a ticket. */
static json_t *
kerberos(const OPENSSPI_LOGON *logon)
{
    if (!*logon->ClientPrincipal) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "client", text(logon->ClientPrincipal),
                     "service", text(logon->ServicePrincipal), "ticket_encryption",
                     text(logon->TicketEncryption), "session_encryption",
                     text(logon->SessionEncryption), "kvno",
                     logon->HasKeyVersion ? json_integer(logon->KeyVersion) : json_null(),
                     "pac_verified", logon->PacVerified, "delegated", *logon->DelegatedCache != 0);
}

bool
identity_put_json(struct wire_writer *w, const OPENSSPI_LOGON *logon, ULONG attributes)
{
    json_t *who = json_object();
    bool good =
        json_object_set_new(who, "user", text(logon->UserName)) == 0 &&
        json_object_set_new(who, "domain", text(logon->DomainName)) == 0 &&
        json_object_set_new(who, "sid", text(logon->UserSid)) == 0 &&
        json_object_set_new(who, "groups", list(logon->Groups, logon->GroupCount)) == 0 &&
        json_object_set_new(who, "group_sids", list(logon->GroupSids, logon->GroupCount)) == 0 &&
        json_object_set_new(who, "group_attributes",
                            numbers(logon->GroupAttributes, logon->GroupCount)) == 0 &&
        json_object_set_new(who, "unix_user", text(logon->UnixUser)) == 0 &&
        json_object_set_new(who, "anonymous", json_boolean(logon->Anonymous)) == 0 &&
        json_object_set_new(who, "package", text(logon->PackageName)) == 0 &&
        json_object_set_new(who, "ntlm_version", text(logon->NtlmVersion)) == 0 &&
        json_object_set_new(who, "key_length", json_integer(logon->KeyLength)) == 0 &&
        json_object_set_new(who, "mutual", json_boolean((attributes & ASC_RET_MUTUAL_AUTH) != 0)) ==
            0 &&
        json_object_set_new(who, "mic_verified", json_boolean(logon->MicVerified)) == 0 &&
        json_object_set_new(who, "workstation", text(logon->Workstation)) == 0 &&
        json_object_set_new(who, "target_name", text(logon->TargetName)) == 0 &&
        json_object_set_new(who, "upn", text(logon->UserPrincipalName)) == 0 &&
        json_object_set_new(who, "logon_server", text(logon->LogonServer)) == 0 &&
        json_object_set_new(who, "kerberos", kerberos(logon)) == 0 &&
        json_dump_callback(who, put_run, w, JSON_COMPACT) == 0;

    json_decref(who);
    wire_put_u8(w, '\n');
    return good && wire_writer_status(w) == WIRE_OK;
}
