/* SPDX-License-Identifier: Apache-2.0 */
/* One client's handshake. */
#include <stdio.h>

#include "service/session.h"

static const OPENSSPI_LOGON nobody = {
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
};

void
session_init(struct session *session, const struct session_client *client,
             const struct session_rules *rules, CredHandle *credential)
{
    *session = (struct session){ .client = client, .rules = rules, .credential = credential };
    SecInvalidateHandle(&session->context);
}

void
session_clear(struct session *session)
{
    if (session->has_context) {
        (void)DeleteSecurityContext(&session->context);
    }
    if (session->logon) {
        (void)FreeContextBuffer(session->logon);
    }
    session->has_context = false;
    session->logon = NULL;
}

static void
tell(const struct session_client *client, const OPENSSPI_LOGON *known, sec_status status,
     const char *reason)
{
    /* A refusal of our own (an NTSTATUS) is not for what the library found. */
    bool of_library = (uint32_t)status >> 16 == 0x8009;
    const struct event_logon logon = {
        .status = status,
        .sub_status = of_library ? known->SubStatus : 0,
        .anonymous = known->Anonymous,
        .locked_out_now = known->LockedOutNow,
        .mic_verified = known->MicVerified,
        .bindings_verified = known->BindingsVerified,
        .listener = client->listener,
        .protocol = client->protocol,
        .address = client->address,
        .port = client->port,
        .package = client->package,
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
        .unix_user = known->UnixUser,
        .reason = reason,
    };

    event_log_logon(client->events, &logon);
    if (status == SEC_E_OK) {
        log_info(client->log, "logon", log_text("listener", client->listener),
                 log_text("address", client->address), log_number("port", client->port),
                 log_text("user", known->UserName), log_text("domain", known->DomainName),
                 log_text("package", known->PackageName),
                 log_text("ntlm_version", known->NtlmVersion));
    } else {
        log_info(client->log, "refused", log_text("listener", client->listener),
                 log_text("address", client->address), log_number("port", client->port),
                 log_text("user", known->UserName), log_text("domain", known->DomainName),
                 log_text("reason", reason));
    }
}

/* What the library knows of the context, as far as it knows anything. */
static void
look(struct session *session)
{
    if (session->has_context && !session->logon &&
        OpenSspiQueryLogon(&session->context, &session->logon) != SEC_E_OK) {
        session->logon = NULL;
    }
}

/* Of a refusal for which the library left no words. */
static const char *
cause_of(const OPENSSPI_LOGON *logon, sec_status status)
{
    const char *cause = NULL;

    if (logon && logon->LockedOutNow) {
        cause = "wrong password, which locked the account out";
    } else if (logon) {
        cause = *logon->Reason ? logon->Reason : event_log_cause(logon->SubStatus);
    }
    return cause ? cause : OpenSspiStatusName(status);
}

static void
end(struct session *session, enum session_state state, sec_status status)
{
    look(session);
    if (state == SESSION_ESTABLISHED && !session->logon) {
        state = SESSION_REFUSED;
        status = SEC_E_INTERNAL_ERROR;
        (void)snprintf(session->reason, sizeof(session->reason), "nothing is known of the logon");
    }
    if (status != SEC_E_OK && !session->reason[0]) {
        (void)snprintf(session->reason, sizeof(session->reason), "%s",
                       cause_of(session->logon, status));
    }
    session->state = state;
    session->status = status;
    tell(session->client, session->logon ? session->logon : &nobody, status, session->reason);
}

void
session_refuse(struct session *session, sec_status status, const char *reason)
{
    (void)snprintf(session->reason, sizeof(session->reason), "%s", reason);
    end(session, SESSION_REFUSED, status);
}

void
session_turn_away(const struct session_client *client, sec_status status, const char *reason)
{
    tell(client, &nobody, status, reason);
}

/* AcceptSecurityContext, and CompleteAuthToken where it asks for it: what it answers then takes
 * nothing from the first answer, which says whether the handshake goes on. */
static sec_status
accept_token(struct session *session, struct bytes token, SecBuffer *answer)
{
    SecBuffer given = { (ULONG)token.n, SECBUFFER_TOKEN, (void *)token.p };
    SecBufferDesc in = { SECBUFFER_VERSION, 1, &given };
    SecBufferDesc out = { SECBUFFER_VERSION, 1, answer };
    sec_status status, completed;

    status = AcceptSecurityContext(
        session->credential, session->has_context ? &session->context : NULL, &in,
        session->rules->wanted | ASC_REQ_ALLOCATE_MEMORY, SECURITY_NATIVE_DREP, &session->context,
        &out, &session->attributes, NULL);
    (void)snprintf(session->reason, sizeof(session->reason), "%s",
                   sec_failed(status) ? OpenSspiReason() : "");
    session->has_context = session->has_context || !sec_failed(status);
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        completed = CompleteAuthToken(&session->context, &out);
        if (sec_failed(completed)) {
            (void)snprintf(session->reason, sizeof(session->reason), "the token's completion: %s",
                           OpenSspiReason());
            answer->cbBuffer = 0; /* half made: not to be sent */
            return completed;
        }
    }
    return status;
}

static void
judge(struct session *session, sec_status status)
{
    const ULONG sealed = ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY;

    if (sec_failed(status)) {
        end(session, SESSION_REFUSED, status);
    } else if (status == SEC_I_CONTINUE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        return;
    } else if (status != SEC_E_OK && status != SEC_I_COMPLETE_NEEDED) {
        session_refuse(session, SEC_E_INTERNAL_ERROR, "an outcome that means neither yes nor no");
    } else if ((session->rules->wanted & ASC_REQ_CONFIDENTIALITY) &&
               (session->attributes & sealed) != sealed) {
        session_refuse(session, SEC_E_SECURITY_QOS_FAILED,
                       "the client's context has no confidentiality and integrity, and this "
                       "listener sends nothing unprotected");
    } else {
        end(session, SESSION_ESTABLISHED, SEC_E_OK);
    }
}

enum session_state
session_step(struct session *session, struct bytes token, struct wire_writer *out)
{
    SecBuffer answer = { 0, SECBUFFER_TOKEN, NULL };
    char reason[SESSION_REASON_BYTES];
    sec_status status;

    if (session->legs == session->rules->max_legs) {
        (void)snprintf(reason, sizeof(reason), "more than max_legs = %u legs",
                       session->rules->max_legs);
        session_refuse(session, SEC_E_INVALID_TOKEN, reason);
        return session->state;
    }
    session->legs++;
    status = accept_token(session, token, &answer);
    wire_put_bytes(out, bytes_of(answer.pvBuffer, answer.cbBuffer));
    if (answer.pvBuffer) {
        (void)FreeContextBuffer(answer.pvBuffer);
    }
    judge(session, status);
    if (session->state == SESSION_OPEN && wire_writer_status(out) != WIRE_OK) {
        session_refuse(session, SEC_E_INSUFFICIENT_MEMORY, "no memory for the answer");
    }
    return session->state;
}
