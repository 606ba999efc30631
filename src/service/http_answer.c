/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP request is answered (RFC 9110, RFC 4559, and NTLM over HTTP as IIS does it). */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "service/http_anonymous.h"
#include "service/identity.h"

/* SE_GROUP_ENABLED, SE_GROUP_USE_FOR_DENY_ONLY */
enum { GROUP_ENABLED = 0x4, GROUP_DENY_ONLY = 0x10 };

void
http_state_init(struct http_state *state, const struct session_client *client,
                const struct session_rules *rules, struct credential *credential)
{
    const char *package = credential->settings->package;
    bool negotiate = strcasecmp(package, "Negotiate") == 0;
    bool ntlm = strcasecmp(package, "NTLM") == 0;

    *state = (struct http_state){ .client = client, .rules = rules, .credential = credential };
    state->offers_negotiate = !ntlm;
    state->offers_ntlm = (ntlm || negotiate) && credential_takes_ntlm(credential);
}

void
http_state_clear(struct http_state *state)
{
    if (state->has_session) {
        session_clear(&state->session);
    }
    if (state->logon) {
        (void)FreeContextBuffer(state->logon);
    }
    state->has_session = state->proven = false;
    state->logon = NULL;
    state->attributes = 0;
}

void
http_state_end(struct http_state *state, uint64_t now_s)
{
    http_anonymous_end(state, now_s);
    http_state_clear(state);
}

void
http_reply_clear(struct http_reply *reply)
{
    wire_writer_clear(&reply->body);
    for (size_t i = 0; i < reply->n_headers; i++) {
        wire_writer_clear(&reply->headers[i].value);
    }
    *reply = (struct http_reply){ 0 };
}

/* --- putting a reply together -------------------------------------------------------------- */

/* The value of one header more, to be written to; ends in NUL at the end. */
static struct wire_writer *
add_header(struct http_reply *reply, const char *name)
{
    struct http_header *header = &reply->headers[reply->n_headers];

    if (reply->n_headers + 1 < HTTP_MAX_HEADERS) {
        reply->n_headers++;
    }
    *header = (struct http_header){ name, wire_writer_growing(NULL, 0) };
    return &header->value;
}

static void
put_text(struct wire_writer *w, const char *text)
{
    wire_put_bytes(w, bytes_of_string(text));
}

static void
set_body(struct http_reply *reply, unsigned status, const char *text)
{
    reply->status = status;
    reply->type = "text/plain; charset=utf-8";
    put_text(&reply->body, text);
}

static void
add_challenge(struct http_reply *reply, enum http_scheme scheme, struct bytes token)
{
    struct wire_writer *w = add_header(reply, "WWW-Authenticate");

    put_text(w, http_auth_scheme_name(scheme));
    if (token.n) {
        put_text(w, " ");
        base64_encode(token, w);
    }
}

/* 401 with each scheme that is offered; token, an error token, goes with the scheme it belongs to. */
static void
challenge(const struct http_state *state, struct http_reply *reply, enum http_scheme scheme,
          struct bytes token)
{
    set_body(reply, 401, "Unauthorized\n");
    if (state->offers_negotiate) {
        add_challenge(reply, HTTP_SCHEME_NEGOTIATE,
                      scheme == HTTP_SCHEME_NEGOTIATE ? token : bytes_of(NULL, 0));
    }
    if (state->offers_ntlm) {
        add_challenge(reply, HTTP_SCHEME_NTLM,
                      scheme == HTTP_SCHEME_NTLM ? token : bytes_of(NULL, 0));
    }
}

/* What was wrong with a request, for the operator. */
static void
note(const struct http_state *state, unsigned status, const char *what)
{
    const struct session_client *client = state->client;

    log_info(client->log, "request refused", log_text("listener", client->listener),
             log_text("address", client->address), log_number("port", client->port),
             log_number("status", status), log_text("reason", what));
}

/* --- who is it? ---------------------------------------------------------------------------- */

static void
answer_identity(const OPENSSPI_LOGON *logon, ULONG attributes, struct http_reply *reply)
{
    reply->status = 200;
    reply->type = "application/json";
    if (!identity_put_json(&reply->body, logon, attributes)) {
        wire_writer_clear(&reply->body);
        reply->body = wire_writer_growing(NULL, 0);
        set_body(reply, 500, "Internal Server Error\n");
    }
}

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
step(struct http_state *state, const struct http_request *request, struct bytes token,
     struct http_reply *reply)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    struct session_request asked = with_token(&request->asked, token);
    enum session_state now;

    state->session.request = &asked;
    now = session_step(&state->session, token, &out);
    if (now == SESSION_OPEN && !request->keeps_alive) {
        asked.how = EVENT_REQUEST_CLOSED;
        session_refuse(&state->session, SEC_E_INVALID_TOKEN,
                       "the client does not keep its connection open, and the handshake needs "
                       "more than one request of it");
        now = SESSION_REFUSED;
        out.len = 0;
    }
    state->session.request = NULL;
    if (now == SESSION_OPEN) {
        set_body(reply, 401, "Unauthorized\n");
        add_challenge(reply, state->scheme, wire_written(&out));
        return;
    }
    if (now == SESSION_REFUSED) {
        challenge(state, reply, state->scheme, wire_written(&out));
        http_state_clear(state);
        return;
    }
    keep_logon(state);
    if (out.len) {
        add_challenge(reply, state->scheme, wire_written(&out));
    }
    answer_identity(state->logon, state->attributes, reply);
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

/* A value of Authorization that holds no token. What a client of Negotiate's or NTLM's was to
 * send, and did not arrive as such, is a refusal. false: 401 remains to be answered. */
static bool
answer_no_token(const struct http_state *state, const struct session_request *from,
                enum http_auth_result result, struct http_reply *reply)
{
    static const struct {
        enum event_request how;
        unsigned status;
        const char *body;
    } rows[] = {
        [HTTP_AUTH_NO_TOKEN] = { EVENT_REQUEST_EMPTY, 401, "" },
        [HTTP_AUTH_BROKEN] = { EVENT_REQUEST_BROKEN, 400, "Bad Request: Authorization\n" },
        [HTTP_AUTH_TOO_LONG] = { EVENT_REQUEST_TOO_LONG, 431, "Request Header Fields Too Large\n" },
        [HTTP_AUTH_NO_MEMORY] = { EVENT_REQUEST_TOKEN, 503, "Service Unavailable\n" },
    };
    const char *what = http_auth_result_text(result);
    struct session_request asked = *from;

    if (result == HTTP_AUTH_OTHER || result == HTTP_AUTH_NO_MEMORY) {
        note(state, result == HTTP_AUTH_OTHER ? 401 : 503, what);
    } else {
        asked.how = rows[result].how;
        session_turn_away(state->client, &asked, NULL, SEC_E_INVALID_TOKEN, what);
    }
    if (result == HTTP_AUTH_OTHER || rows[result].status == 401) {
        return false;
    }
    set_body(reply, rows[result].status, rows[result].body);
    return true;
}

static void
answer_whoami(struct http_state *state, const struct http_request *request,
              struct http_reply *reply)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    enum http_scheme scheme = HTTP_SCHEME_NEGOTIATE;
    struct session_request asked;
    enum http_auth_result result;
    char why[SESSION_REASON_BYTES];
    bool goes_on;

    if (!request->authorization) {
        if (state->logon) {
            answer_identity(state->logon, state->attributes, reply);
            return;
        }
        http_state_clear(state); /* a handshake that was left half-way is not taken up again */
        http_anonymous_challenged(state, &request->asked, request->now_s, true);
        challenge(state, reply, scheme, bytes_of(NULL, 0));
        return;
    }
    result = http_auth_parse(bytes_of_string(request->authorization), state->rules->max_token,
                             &scheme, &token);
    goes_on = result == HTTP_AUTH_TOKEN && state->has_session && state->scheme == scheme &&
              !http_auth_is_first(wire_written(&token));
    if (!goes_on) {
        http_state_clear(state); /* whoever this connection was: it starts anew */
    }
    if (result != HTTP_AUTH_TOKEN) {
        if (!answer_no_token(state, &request->asked, result, reply)) {
            challenge(state, reply, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
        }
    } else if (!goes_on && !begin(state, scheme, wire_written(&token), why, sizeof(why))) {
        asked = request->asked;
        if (scheme == HTTP_SCHEME_NTLM && !state->offers_ntlm) {
            asked.how = EVENT_REQUEST_NTLM;
        }
        session_turn_away(state->client, &asked, NULL, SEC_E_INVALID_TOKEN, why);
        challenge(state, reply, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
    } else {
        step(state, request, wire_written(&token), reply);
    }
}

/* --- /auth: each request alone ------------------------------------------------------------- */

static void
add_remote(struct http_reply *reply, const char *name, const char *value)
{
    if (value && *value) {
        http_auth_put_percent(add_header(reply, name), bytes_of_string(value));
    }
}

/* Who reads the header grants by it: a group that only ever denies is not in it. */
static void
add_remote_groups(const OPENSSPI_LOGON *logon, struct http_reply *reply)
{
    struct wire_writer *groups = NULL;

    for (ULONG i = 0; i < logon->GroupCount; i++) {
        if ((logon->GroupAttributes[i] & (GROUP_ENABLED | GROUP_DENY_ONLY)) != GROUP_ENABLED) {
            continue;
        }
        if (groups) {
            put_text(groups, ",");
        } else {
            groups = add_header(reply, "Remote-Groups");
        }
        http_auth_put_percent(groups, bytes_of_string(logon->Groups[i]));
    }
}

static void
answer_remote_user(const OPENSSPI_LOGON *logon, struct http_reply *reply)
{
    set_body(reply, 200, "OK\n");
    add_remote(reply, "Remote-User", logon->UserName);
    add_remote(reply, "Remote-Domain", logon->DomainName);
    add_remote(reply, "Remote-Sid", logon->UserSid);
    add_remote(reply, "Remote-Unix-User", logon->UnixUser);
    add_remote_groups(logon, reply);
}

static void
refuse_each(const struct http_state *state, struct http_reply *reply, struct bytes token)
{
    set_body(reply, 401, "Unauthorized\n");
    if (state->offers_negotiate) {
        add_challenge(reply, HTTP_SCHEME_NEGOTIATE, token);
    }
}

/* The connection is the proxy's, and carries the requests of many: nothing of one is kept. */
static void
prove_alone(const struct http_state *state, const struct session_request *asked, CredHandle *handle,
            struct bytes token, struct http_reply *reply)
{
    SEC_AUTO(wire_writer) out = wire_writer_growing(NULL, 0);
    const struct session_request with = with_token(asked, token);
    struct session session;

    session_init(&session, state->client, state->rules, handle);
    session.request = &with;
    if (session_step(&session, token, &out) == SESSION_OPEN) {
        session_refuse(&session, SEC_E_INVALID_TOKEN,
                       "/auth proves each request alone, and this handshake needs more than one");
        out.len = 0;
    }
    if (session.state == SESSION_ESTABLISHED) {
        answer_remote_user(session.logon, reply);
        if (out.len) {
            add_challenge(reply, HTTP_SCHEME_NEGOTIATE, wire_written(&out));
        }
    } else {
        refuse_each(state, reply, wire_written(&out));
    }
    session_clear(&session);
}

static void
answer_auth(struct http_state *state, const struct http_request *request, struct http_reply *reply)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    enum http_scheme scheme = HTTP_SCHEME_NEGOTIATE;
    enum http_auth_result result;
    struct session_request asked = request->asked;
    char why[SESSION_REASON_BYTES];
    CredHandle *handle;

    if (asked.host_is_address) {
        asked.host = NULL; /* a proxy's name for us, and not in its clients' links */
    }
    if (!request->authorization) {
        http_anonymous_challenged(state, &asked, request->now_s, false);
        refuse_each(state, reply, bytes_of(NULL, 0));
        return;
    }
    result = http_auth_parse(bytes_of_string(request->authorization), state->rules->max_token,
                             &scheme, &token);
    if (result != HTTP_AUTH_TOKEN) {
        if (!answer_no_token(state, &asked, result, reply)) {
            refuse_each(state, reply, bytes_of(NULL, 0));
        }
        return;
    }
    handle = credential_get(state->credential, CREDENTIAL_EACH_REQUEST, why, sizeof(why));
    if (scheme == HTTP_SCHEME_NTLM || http_auth_is_ntlm(wire_written(&token))) {
        asked.how = EVENT_REQUEST_PROXY_NTLM;
        session_turn_away(state->client, &asked, handle, SEC_E_SECPKG_NOT_FOUND,
                          "/auth takes no NTLM: it belongs to the client's TCP connection, and "
                          "behind a proxy that connection is not this one");
        refuse_each(state, reply, bytes_of(NULL, 0));
    } else if (!handle) {
        session_turn_away(state->client, &asked, NULL, SEC_E_SECPKG_NOT_FOUND, why);
        refuse_each(state, reply, bytes_of(NULL, 0));
    } else {
        prove_alone(state, &asked, handle, wire_written(&token), reply);
    }
}

/* --- what may wait ------------------------------------------------------------------------- */

bool
http_answer_may_wait(const struct http_state *state, const struct http_request *request)
{
    (void)state;
    return request->n_authorization == 1 &&
           http_auth_goes_on(bytes_of_string(request->authorization));
}

/* --- routes -------------------------------------------------------------------------------- */

static void
route(struct http_state *state, const struct http_request *request, struct http_reply *reply)
{
    bool whoami = strcmp(request->path, "/whoami") == 0;
    bool auth = strcmp(request->path, "/auth") == 0;

    if (!whoami && !auth && strcmp(request->path, "/") != 0) {
        set_body(reply, 404, "Not Found\n");
    } else if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
        set_body(reply, 405, "Method Not Allowed\n");
        put_text(add_header(reply, "Allow"), "GET, HEAD");
    } else if (request->n_authorization > 1) {
        http_state_clear(state);
        set_body(reply, 400, "Bad Request: several Authorization headers\n");
        note(state, 400, "several Authorization headers");
    } else if (whoami) {
        answer_whoami(state, request, reply);
    } else if (auth) {
        answer_auth(state, request, reply);
    } else {
        set_body(reply, 200, "OpenSSPI sspid: /whoami tells who you are, /auth serves proxies\n");
    }
}

void
http_answer(struct http_state *state, const struct http_request *request, struct http_reply *reply)
{
    *reply = (struct http_reply){ .status = 500, .body = wire_writer_growing(NULL, 0) };
    state->has_spoken = state->has_spoken || request->n_authorization;
    route(state, request, reply);
    put_text(add_header(reply, "Cache-Control"), "no-store");
    for (size_t i = 0; i < reply->n_headers; i++) {
        wire_put_u8(&reply->headers[i].value, 0);
        if (wire_writer_status(&reply->headers[i].value) != WIRE_OK) {
            reply->close = true; /* a challenge or an identity would be missing */
            reply->status = 503;
        }
    }
    reply->close = reply->close || !request->keeps_alive;
}
