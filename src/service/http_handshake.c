/* SPDX-License-Identifier: Apache-2.0 */
/* What an Authorization proves. */
#include "service/http_handshake.h"

#include <stdio.h>
#include <string.h>

#include "service/http_basic.h"
#include "service/session_tell.h"

/* The logon is kept, the context is not: nothing of it is needed any more. */
static void
keep_logon(struct http_state *state)
{
    OPENSSPI_LOGON *logon = state->session.logon;

    state->session.logon = NULL;
    state->attributes = state->session.attributes;
    session_clear(&state->session);
    state->has_session = false;
    state->logon = logon;
    state->logon_id = state->session.logon_id;
    state->proven = true;
}

/* What the request says of itself, with the token at hand. */
static struct session_request
with_token(const struct session_request *asked, struct bytes token)
{
    struct session_request r = *asked;

    r.how = http_auth_is_cut(token) ? EVENT_REQUEST_CUT : EVENT_REQUEST_TOKEN;
    return r;
}

/* One leg of the connection's handshake. */
static void
step(const struct http_turn *t, struct bytes token)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct session_request asked = with_token(&t->asked, token);
    struct http_state *state = t->own;
    enum session_state now;

    state->session.request = &asked;
    now = session_step(&state->session, token, &out);
    if (now == SESSION_OPEN && state == t->state && !t->request->keeps_alive) {
        asked.how = EVENT_REQUEST_CLOSED;
        session_refuse(&state->session, SEC_E_INVALID_TOKEN,
                       "the client does not keep its connection open, and the handshake needs "
                       "more than one request of it");
        now = SESSION_REFUSED;
        out.len = 0;
    }
    state->session.request = NULL;
    if (now == SESSION_OPEN) {
        http_turn_answer(t, 401, "Unauthorized\n");
        http_reply_challenge(t->reply, state->scheme, wire_written(&out));
        return;
    }
    if (now == SESSION_REFUSED) {
        http_turn_challenge(t, state->scheme, wire_written(&out));
        http_state_clear(state);
        return;
    }
    keep_logon(state);
    http_turn_grant(t, state->logon, state->attributes);
    if (out.len) {
        http_reply_challenge(t->reply, state->scheme, wire_written(&out));
    }
    /* Kerberos proves a request, NTLM a connection. */
    if (strcmp(state->logon->PackageName, "NTLM") != 0) {
        (void)FreeContextBuffer(state->logon);
        state->logon = NULL;
    }
}

/* A handshake of this scheme begins. false: it does not, and why says why. Negotiate's credential
 * serves NTLM too: raw NTLM is answered raw, under the same policy. */
static bool
begin(struct http_state *state, enum http_scheme scheme, struct bytes token, char *why,
      size_t why_n)
{
    bool offered = scheme == HTTP_SCHEME_NTLM ? state->offers_ntlm : state->offers_negotiate;
    CredHandle *handle;

    if (!offered) {
        (void)snprintf(why, why_n, "the scheme %s is not offered here",
                       http_auth_scheme_name(scheme));
        return false;
    }
    if (scheme == HTTP_SCHEME_NTLM && !http_auth_is_ntlm(token)) {
        (void)snprintf(why, why_n, "a token of the scheme NTLM that is no message of NTLM's");
        return false;
    }
    handle = credential_get(state->credential, CREDENTIAL_MAIN, why, why_n);
    if (!handle) {
        return false;
    }
    session_init(&state->session, state->client, state->rules, handle);
    state->has_session = true;
    state->scheme = scheme;
    return true;
}

void
http_handshake_own(const struct http_turn *t, enum http_scheme scheme, struct bytes token,
                   bool goes_on)
{
    bool not_offered = scheme == HTTP_SCHEME_NTLM && !t->own->offers_ntlm;
    char why[SESSION_REASON_BYTES];

    if (!goes_on && !begin(t->own, scheme, token, why, sizeof(why))) {
        http_turn_refuse(t, not_offered ? EVENT_REQUEST_NTLM : t->asked.how, NULL,
                         SEC_E_INVALID_TOKEN, why);
        http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
    } else {
        step(t, token);
    }
}

/* The request alone, where the client's connection is not known. */
static void
prove_alone(const struct http_turn *t, CredHandle *handle, struct bytes token)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    const struct session_request with = with_token(&t->asked, token);
    struct session session;

    session_init(&session, t->client, t->state->rules, handle);
    session.request = &with;
    if (session_step(&session, token, &out) == SESSION_OPEN) {
        session_refuse(&session, SEC_E_INVALID_TOKEN,
                       "each request is proven alone here, and this handshake needs more than one "
                       "(trusted_proxy and connection_header tell clients' connections apart)");
        out.len = 0;
    }
    if (session.state == SESSION_ESTABLISHED) {
        http_turn_grant(t, session.logon, session.attributes);
        if (out.len) {
            http_reply_challenge(t->reply, HTTP_SCHEME_NEGOTIATE, wire_written(&out));
        }
    } else {
        http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, wire_written(&out));
    }
    session_clear(&session);
}

void
http_handshake_alone(const struct http_turn *t, enum http_scheme scheme, struct bytes token)
{
    char why[SESSION_REASON_BYTES];
    CredHandle *handle =
        credential_get(t->state->credential, CREDENTIAL_EACH_REQUEST, why, sizeof(why));

    if (scheme == HTTP_SCHEME_NTLM || http_auth_is_ntlm(token)) {
        http_turn_refuse(
            t, EVENT_REQUEST_PROXY_NTLM, handle, SEC_E_SECPKG_NOT_FOUND,
            "/auth takes no NTLM: it belongs to the client's TCP connection, and behind a "
            "proxy that connection is not this one (trusted_proxy and connection_header tell "
            "clients' connections apart)");
        http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
    } else if (!handle) {
        http_turn_refuse(t, t->asked.how, NULL, SEC_E_SECPKG_NOT_FOUND, why);
        http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
    } else {
        prove_alone(t, handle, token);
    }
}

void
http_handshake_basic(const struct http_turn *t, struct bytes decoded)
{
    struct session_request asked = t->asked;
    struct http_basic basic;
    const char *wrong = http_basic_read(decoded, &basic);
    OPENSSPI_LOGON *logon = NULL;
    char reason[SESSION_REASON_BYTES] = "";
    SECURITY_STATUS status;

    asked.clear_text = true;
    if (wrong) {
        session_turn_away(t->client, &asked, NULL, SEC_E_INVALID_TOKEN, wrong);
        http_turn_answer_malformed(t, 400, "Bad Request: Authorization\n");
        http_basic_clear(&basic);
        return;
    }
    status = OpenSspiLogonPasswordA(basic.user, basic.domain, basic.password, &logon);
    http_basic_clear(&basic);
    if (status != SEC_E_OK) {
        (void)snprintf(reason, sizeof(reason), "%s", OpenSspiReason());
    }
    (void)session_tell(&(struct session_end){ .client = t->client,
                                              .request = &asked,
                                              .logon = logon,
                                              .status = status,
                                              .reason = reason });
    if (status == SEC_E_OK) {
        http_turn_grant(t, logon, 0);
    } else {
        http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
    }
    if (logon) {
        (void)FreeContextBuffer(logon);
    }
}
