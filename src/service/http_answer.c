/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP request is answered (RFC 9110, RFC 4559, RFC 7617, and NTLM over HTTP as IIS does
 * it). */
#include <stdio.h>
#include <string.h>

#include "service/http_handshake.h"
#include "service/proxied_shared.h"

/* --- Authorization ------------------------------------------------------------------------- */

/* A value of Authorization that holds no token. What a client of Negotiate's or NTLM's was to
 * send, and did not arrive as such, is a refusal. false: 401 remains to be answered. */
static bool
answer_no_token(const struct http_turn *t, enum http_auth_result result)
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

    if (result == HTTP_AUTH_OTHER || result == HTTP_AUTH_NO_MEMORY) {
        http_turn_note(t, result == HTTP_AUTH_OTHER ? 401 : 503, what);
    } else {
        http_turn_refuse(t, rows[result].how, NULL, SEC_E_INVALID_TOKEN, what);
    }
    if (result == HTTP_AUTH_OTHER || rows[result].status == 401) {
        return false;
    }
    if (rows[result].status == 503) {
        http_reply_body(t->reply, 503, rows[result].body);
    } else {
        http_turn_answer_malformed(t, rows[result].status, rows[result].body);
    }
    return true;
}

static void
authenticate(const struct http_turn *t)
{
    SEC_AUTO(wire_writer) token = wire_writer_secret(NULL, 0);
    struct http_state *own = t->own;
    enum http_scheme scheme = HTTP_SCHEME_NEGOTIATE;
    enum http_auth_result result;
    struct bytes value = bytes_of_string(t->request->authorization);
    bool goes_on;

    if (!t->request->authorization) {
        http_turn_answer_nothing(t);
        return;
    }
    if (t->request->n_authorization > 1) {
        if (own) {
            http_state_clear(own);
        }
        http_turn_note(t, t->auth ? 401 : 400, "several Authorization headers");
        http_turn_answer_malformed(t, 400, "Bad Request: several Authorization headers\n");
        return;
    }
    if (http_auth_is_basic(value) && !t->takes_basic) {
        result = HTTP_AUTH_OTHER;
    } else {
        result = http_auth_parse(value, t->state->rules->max_token, &scheme, &token);
    }
    goes_on = result == HTTP_AUTH_TOKEN && own && own->has_session && own->scheme == scheme &&
              !http_auth_is_first(wire_written(&token));
    if (own && !goes_on) {
        http_state_clear(own); /* whoever this connection was: it starts anew */
    }
    if (result != HTTP_AUTH_TOKEN) {
        if (!answer_no_token(t, result)) {
            http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
        }
    } else if (scheme == HTTP_SCHEME_BASIC) {
        http_handshake_basic(t, wire_written(&token));
    } else if (own) {
        http_handshake_own(t, scheme, wire_written(&token), goes_on);
    } else {
        http_handshake_alone(t, scheme, wire_written(&token));
    }
}

/* --- whose request it is ------------------------------------------------------------------- */

static void
refuse_crowd(const struct http_turn *t, enum proxied_answer answer)
{
    static const char *const texts[] = {
        [PROXIED_TOO_MANY] = "max_unauthenticated handshakes behind proxies are under way",
        [PROXIED_TOO_MANY_OF_CLIENT] = "max_per_address exchanges of this client's are kept",
        [PROXIED_NO_MEMORY] = "no memory",
    };

    http_turn_refuse(t, t->asked.how, NULL, SESSION_OUT_OF_BOUNDS, texts[answer]);
    http_reply_body(t->reply, 503, "Service Unavailable\n");
}

/* A request without an Authorization, of a connection that other processes serve, too: it only looks. */
static void
answer_looked(struct http_turn *t, const struct proxied_key *key)
{
    struct proxied seen;

    t->names_own = true;
    if (proxied_shared_look(t->state->proxied->shared, key, t->state, t->client, t->request->now_s,
                            &seen)) {
        t->own = &seen.state;
        t->client = &seen.client;
    }
    authenticate(t);
    http_state_hand_over(&seen.state);
}

/* With what is known of the connection that the proxy names. */
static void
answer_named(struct http_turn *t, const struct proxy_said *said)
{
    const struct proxied_key key = { .proxy = t->state->peer,
                                     .client = said->client,
                                     .connection = said->connection,
                                     .age_s = said->age_s,
                                     .has_age = said->has_age };
    const struct http_state *from = t->request->authorization ? t->state : NULL;
    struct proxied *entry = NULL;
    enum proxied_answer answer;

    if (!from && t->state->proxied->shared) {
        answer_looked(t, &key);
        return;
    }
    answer = proxied_enter(t->state->proxied, &key, from, t->client, t->request->now_s, &entry);
    t->names_own = answer != PROXIED_BUSY;
    if (answer == PROXIED_HERE) {
        t->own = &entry->state;
        t->client = &entry->client;
        authenticate(t);
        proxied_leave(t->state->proxied, entry, t->request->now_s);
    } else if (answer == PROXIED_UNKNOWN || answer == PROXIED_BUSY) {
        authenticate(t); /* busy: streams of one HTTP/2 connection come side by side, each alone */
    } else {
        refuse_crowd(t, answer);
    }
}

static void
answer_proxy(const struct http_turn *of_proxy)
{
    const struct http_settings *http = http_turn_settings(of_proxy);
    struct http_turn t = *of_proxy;
    struct session_client client = *of_proxy->client;
    struct proxy_said said;
    const char *wrong = proxy_read(&http->proxies, &t.request->fields, &said);

    if (wrong) {
        http_turn_note(&t, 400, wrong);
        http_reply_body(t.reply, 400, "Bad Request: a header of the proxy's\n");
        return;
    }
    if (said.client_text[0]) {
        (void)snprintf(client.address, sizeof(client.address), "%s", said.client_text);
        client.port = 0;
    }
    t.client = &client;
    t.takes_basic = http->basic && said.https;
    if (t.asked.host_is_address) {
        t.asked.host = NULL; /* a proxy's name for us, and not in its clients' links */
    }
    if (said.connection && t.state->proxied) {
        answer_named(&t, &said);
    } else {
        authenticate(&t);
    }
}

/* Somebody who says of himself what only a proxy may. */
static void
tell_of_impostor(const struct http_turn *t)
{
    const struct proxy_rules *p = &http_turn_settings(t)->proxies;
    unsigned n = 0;

    if (p->connection_header && t->state->told) {
        (void)http_fields_find(&t->request->fields, p->connection_header, &n);
        if (n && told_is_due(t->state->told, "impostor", t->client->address, t->request->now_s)) {
            log_warning(
                t->client->log, "connection_header is ignored: its sender is not in trusted_proxy",
                log_text("listener", t->client->listener), log_text("address", t->client->address));
        }
    }
}

static void
answer_direct(struct http_turn *t)
{
    tell_of_impostor(t);
    t->takes_basic = http_turn_settings(t)->basic && t->state->is_local;
    if (t->auth) {
        if (t->asked.host_is_address) {
            t->asked.host = NULL;
        }
    } else {
        t->own = t->state;
        t->names_own = true;
    }
    authenticate(t);
}

bool
http_answer_may_wait(const struct http_state *state, const struct http_request *request)
{
    struct bytes value = bytes_of_string(request->authorization);

    if (state->is_proxy && state->proxied && state->proxied->shared) {
        return true; /* for the folder where connections' states are */
    }
    return request->n_authorization == 1 &&
           (http_auth_goes_on(value) ||
            (state->credential->settings->http.basic && http_auth_is_basic(value)));
}

/* --- routes -------------------------------------------------------------------------------- */

static void
route(struct http_turn *t)
{
    const struct http_request *request = t->request;
    bool whoami = strcmp(request->path, "/whoami") == 0;

    t->auth = strcmp(request->path, "/auth") == 0;
    if (!whoami && !t->auth && strcmp(request->path, "/") != 0) {
        http_reply_body(t->reply, 404, "Not Found\n");
    } else if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
        http_reply_body(t->reply, 405, "Method Not Allowed\n");
        wire_put_bytes(http_reply_header(t->reply, "Allow"), bytes_of_string("GET, HEAD"));
    } else if (!whoami && !t->auth) {
        http_reply_body(t->reply, 200,
                        "OpenSSPI sspid: /whoami tells who you are, /auth serves proxies\n");
    } else if (t->state->is_proxy) {
        answer_proxy(t);
    } else {
        answer_direct(t);
    }
}

void
http_answer(struct http_state *state, const struct http_request *request, struct http_reply *reply)
{
    struct http_turn t = { .state = state,
                           .client = state->client,
                           .request = request,
                           .asked = request->asked,
                           .reply = reply };

    http_reply_init(reply);
    state->has_spoken = state->has_spoken || request->n_authorization;
    route(&t);
    wire_put_bytes(http_reply_header(reply, "Cache-Control"), bytes_of_string("no-store"));
    http_reply_finish(reply);
    reply->close = reply->close || !request->keeps_alive;
}
