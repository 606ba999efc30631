/* SPDX-License-Identifier: Apache-2.0 */
/* Requests without Authorization. */
#include "service/http_anonymous.h"

#include <stdio.h>

#include "base/mem.h"
#include "service/session_tell.h"

/* The listener's credential, which has the keys. */
static CredHandle *
credential_of(const struct http_state *state)
{
    char why[SESSION_REASON_BYTES];

    return credential_get(state->credential, CREDENTIAL_MAIN, why, sizeof(why));
}

/* Of a host once in a while, whoever comes for it; of a host that is as it should be, of the
 * client. */
static void
tell(struct http_state *state, const struct session_request *asked, enum event_host kind,
     uint64_t now_s)
{
    struct session_request nothing = *asked;
    bool keyed = kind == EVENT_HOST_KEYED;
    char reason[SESSION_REASON_BYTES];

    if (!told_is_due(state->told, keyed ? "silent" : "host",
                     keyed ? state->client->address : asked->host, now_s)) {
        return;
    }
    nothing.how = EVENT_REQUEST_NOTHING;
    if (keyed) {
        (void)snprintf(reason, sizeof(reason),
                       "the client was asked to log on, and ended the connection");
    } else {
        (void)snprintf(
            reason, sizeof(reason), "a request without Authorization for %s: %s", asked->host,
            kind == EVENT_HOST_ADDRESS ? "an address" : "there is no key for it in the keytab");
    }
    session_turn_away(state->client, &nothing, credential_of(state), SEC_E_NO_CREDENTIALS, reason);
}

void
http_anonymous_challenged(struct http_state *state, const struct session_request *asked,
                          uint64_t now_s, bool own_connection)
{
    enum event_host kind;

    if (!state->told || !state->offers_negotiate || state->has_spoken || !asked->host ||
        state->silent_host) {
        return;
    }
    kind = session_tell_host(credential_of(state), asked);
    if (kind == EVENT_HOST_UNKNOWN) {
        return;
    }
    if (kind != EVENT_HOST_KEYED && (!state->offers_ntlm || !own_connection)) {
        tell(state, asked, kind, now_s);
    } else if (own_connection) {
        state->silent_host = mem_dup(asked->host, strlen(asked->host));
        state->silent_address = asked->host_is_address;
    }
}

void
http_anonymous_end(struct http_state *state, uint64_t now_s)
{
    const struct session_request asked = { .host = state->silent_host,
                                           .host_is_address = state->silent_address };

    if (state->told && asked.host && !state->has_spoken) {
        tell(state, &asked, session_tell_host(credential_of(state), &asked), now_s);
    }
    mem_free(state->silent_host);
    state->silent_host = NULL;
}
