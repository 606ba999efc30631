/* SPDX-License-Identifier: Apache-2.0 */
/* One client's handshake. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "service/http_auth.h"
#include "service/session_tell.h"

void
session_init(struct session *session, const struct session_client *client,
             const struct session_rules *rules, CredHandle *credential)
{
    *session = (struct session){
        .client = client, .rules = rules, .credential = credential, .began_us = clock_monotonic_us()
    };
    SecInvalidateHandle(&session->context);
}

void
session_set_context(struct session *session, bool has)
{
    struct counters *counters = session->client->counters;

    session->has_context = has;
    if (counters && has) {
        counters_add(&counters->contexts);
    } else if (counters) {
        counters_take(&counters->contexts);
    }
}

void
session_clear(struct session *session)
{
    if (session->has_context) {
        (void)DeleteSecurityContext(&session->context);
        session_set_context(session, false);
    }
    if (session->logon) {
        (void)FreeContextBuffer(session->logon);
    }
    if (session->negotiation) {
        (void)FreeContextBuffer(session->negotiation);
    }
    session->logon = NULL;
    session->negotiation = NULL;
}

/* Of a session that was looked at. */
static bool
is_kerberos(const struct session *session)
{
    return session->logon && strcmp(session->logon->PackageName, "Kerberos") == 0;
}

/* What the library knows of the context, as far as it knows anything; how it came to the
 * mechanism is of interest where it led nowhere, or not to Kerberos: who has a ticket has nothing to
 * explain. */
static void
look(struct session *session, bool refused)
{
    if (session->has_context && !session->logon &&
        OpenSspiQueryLogon(&session->context, &session->logon) != SEC_E_OK) {
        session->logon = NULL;
    }
    if ((refused || !is_kerberos(session)) && session->has_context && !session->negotiation &&
        OpenSspiQueryNegotiation(&session->context, &session->negotiation) != SEC_E_OK) {
        session->negotiation = NULL;
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
    look(session, state == SESSION_REFUSED);
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
    if (status == SEC_E_OK && session->client->counters) {
        counters_add_handshake(session->client->counters, clock_monotonic_us() - session->began_us);
    }
    session->logon_id = session_tell(&(struct session_end){
        .client = session->client,
        .request = session->request,
        .logon = session->logon,
        .negotiation = session->negotiation,
        .credential = session->credential,
        .status = status,
        .reason = session->reason,
    });
}

void
session_refuse(struct session *session, sec_status status, const char *reason)
{
    (void)snprintf(session->reason, sizeof(session->reason), "%s", reason);
    end(session, SESSION_REFUSED, status);
}

void
session_turn_away(const struct session_client *client, const struct session_request *request,
                  CredHandle *credential, sec_status status, const char *reason)
{
    (void)session_tell(&(struct session_end){ .client = client,
                                              .request = request,
                                              .credential = credential,
                                              .status = status,
                                              .reason = reason });
}

void
session_log_off(const struct session_client *client, const OPENSSPI_LOGON *logon, uint64_t id)
{
    if (id && logon) {
        event_log_logoff(client->events, &(struct event_logoff){ .logon = id,
                                                                 .user = logon->UserName,
                                                                 .domain = logon->DomainName,
                                                                 .sid = logon->UserSid,
                                                                 .address = client->address,
                                                                 .port = client->port,
                                                                 .listener = client->listener,
                                                                 .anonymous = logon->Anonymous });
    }
}

/* A context before the first leg, which may be the one that is refused: it is there to be asked
 * why. */
static sec_status
open_context(struct session *session)
{
    sec_status status = SEC_E_OK;

    if (!session->has_context) {
        status = OpenSspiCreateContext(session->credential, SECPKG_CRED_INBOUND, &session->context);
        if (status == SEC_E_OK) {
            session_set_context(session, true);
        }
    }
    return status;
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

    status = open_context(session);
    if (status == SEC_E_OK) {
        status = AcceptSecurityContext(session->credential, &session->context, &in,
                                       session->rules->wanted | ASC_REQ_ALLOCATE_MEMORY,
                                       SECURITY_NATIVE_DREP, &session->context, &out,
                                       &session->attributes, NULL);
    }
    (void)snprintf(session->reason, sizeof(session->reason), "%s",
                   sec_failed(status) ? OpenSspiReason() : "");
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

/* What is wanted of these is needed; their ASC_RET_ values are the same. NULL: it is there. */
static const char *
missing(struct session *session)
{
    ULONG lacks = session->rules->wanted & ~session->attributes;

    if (lacks & (ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY)) {
        return "the client's context has no confidentiality and integrity, and this listener sends "
               "nothing unprotected";
    }
    look(session, false);
    /* With Kerberos it is the client's to ask for; others' packages may do so and not say so. */
    return (lacks & ASC_REQ_SEQUENCE_DETECT) && is_kerberos(session)
               ? "the client's context does not find messages that come twice or out of order "
                 "(ISC_REQ_SEQUENCE_DETECT, GSS_C_SEQUENCE_FLAG), and this listener's are a stream"
               : NULL;
}

static void
judge(struct session *session, sec_status status)
{
    const char *lacks;

    if (sec_failed(status)) {
        end(session, SESSION_REFUSED, status);
    } else if (status == SEC_I_CONTINUE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        return;
    } else if (status != SEC_E_OK && status != SEC_I_COMPLETE_NEEDED) {
        session_refuse(session, SEC_E_INTERNAL_ERROR, "an outcome that means neither yes nor no");
    } else if ((lacks = missing(session))) {
        session_refuse(session, SEC_E_SECURITY_QOS_FAILED, lacks);
    } else {
        end(session, SESSION_ESTABLISHED, SEC_E_OK);
    }
}

bool
session_may_wait(const struct session *session, struct bytes token)
{
    return session->legs > 0 && !http_auth_is_first(token);
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
    if (!sec_failed(status) && wire_writer_status(out) != WIRE_OK) {
        /* Whoever waits for it would wait in vain, and be known meanwhile. */
        session_refuse(session, SEC_E_INSUFFICIENT_MEMORY, "no memory for the answer");
    } else {
        judge(session, status);
    }
    return session->state;
}
