/* SPDX-License-Identifier: Apache-2.0 */
/* One request while it is answered. */
#include "service/http_turn.h"

#include "service/http_anonymous.h"
#include "service/http_basic.h"
#include "service/http_remote.h"
#include "service/identity.h"
#include "service/session_tell.h"

const struct http_settings *
http_turn_settings(const struct http_turn *t)
{
    return &t->state->credential->settings->http;
}

void
http_turn_answer(const struct http_turn *t, unsigned status, const char *body)
{
    if (t->auth) {
        t->reply->status = status;
    } else {
        http_reply_body(t->reply, status, body);
    }
}

void
http_turn_challenge(const struct http_turn *t, enum http_scheme scheme, struct bytes token)
{
    const struct bytes none = bytes_of(NULL, 0);

    http_turn_answer(t, 401, "Unauthorized\n");
    if (t->state->offers_negotiate) {
        http_reply_challenge(t->reply, HTTP_SCHEME_NEGOTIATE,
                             scheme == HTTP_SCHEME_NEGOTIATE ? token : none);
    }
    if (t->state->offers_ntlm && t->names_own) {
        http_reply_challenge(t->reply, HTTP_SCHEME_NTLM, scheme == HTTP_SCHEME_NTLM ? token : none);
    }
    if (t->takes_basic) {
        http_basic_put_challenge(http_reply_header(t->reply, "WWW-Authenticate"),
                                 settings_http_realm(http_turn_settings(t)));
    }
}

void
http_turn_answer_malformed(const struct http_turn *t, unsigned status, const char *body)
{
    if (t->auth) {
        http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
    } else {
        http_reply_body(t->reply, status, body);
    }
}

void
http_turn_note(const struct http_turn *t, unsigned status, const char *what)
{
    const struct session_client *client = t->client;

    log_info(client->log, "request refused", log_text("listener", client->listener),
             log_text("address", client->address), log_number("port", client->port),
             log_number("status", status), log_text("reason", what));
}

void
http_turn_refuse(const struct http_turn *t, enum event_request how, CredHandle *credential,
                 sec_status status, const char *why)
{
    struct session_request asked = t->asked;

    asked.how = how;
    session_turn_away(t->client, &asked, credential, status, why);
}

static void
answer_remote(const struct http_turn *t, const OPENSSPI_LOGON *logon)
{
    size_t cut;

    http_turn_answer(t, 200, "");
    cut = http_remote_put(t->reply, logon, http_turn_settings(t)->max_remote_groups);
    if (cut) {
        log_warning(t->client->log, "groups were cut from Remote-Groups: max_remote_groups",
                    log_text("listener", t->client->listener), log_text("user", logon->UserName),
                    log_number("groups", (int64_t)cut));
    }
}

void
http_turn_grant(const struct http_turn *t, const OPENSSPI_LOGON *logon, ULONG attributes)
{
    struct http_reply *reply = t->reply;

    if (t->auth && http_remote_is_nobody(logon) &&
        http_turn_settings(t)->require != HTTP_REQUIRE_OPTIONAL) {
        http_turn_note(t, 401, "an anonymous logon, and require = yes");
        http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
        return;
    }
    if (t->auth) {
        answer_remote(t, logon);
        return;
    }
    reply->status = 200;
    reply->type = "application/json";
    if (!identity_put_json(&reply->body, logon, attributes)) {
        wire_writer_clear(&reply->body);
        reply->body = wire_writer_growing(NULL, 0);
        http_reply_body(reply, 500, "Internal Server Error\n");
    }
}

void
http_turn_answer_nothing(const struct http_turn *t)
{
    bool own_connection = t->own == t->state;

    if (t->own && t->own->logon) {
        http_turn_grant(t, t->own->logon, t->own->attributes);
        return;
    }
    if (t->own) {
        http_state_clear(t->own); /* a handshake that was left half-way is not taken up again */
    }
    if (http_turn_settings(t)->require == HTTP_REQUIRE_OPTIONAL) {
        http_turn_grant(t, &identity_nobody, 0);
        return;
    }
    http_anonymous_challenged(t->state, &t->asked, t->request->now_s, own_connection);
    http_turn_challenge(t, HTTP_SCHEME_NEGOTIATE, bytes_of(NULL, 0));
}
