/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection has proven. */
#include <string.h>

#include "base/mem.h"
#include "service/http_anonymous.h"
#include "service/http_answer.h"

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
http_state_set_peer(struct http_state *state, const struct in6_addr *peer,
                    struct proxied_table *table)
{
    state->peer = *peer;
    state->is_local = proxy_is_loopback(peer);
    state->is_proxy = proxy_is_trusted(&state->credential->settings->http.proxies, peer);
    state->proxied = table;
}

void
http_state_like(struct http_state *state, const struct http_state *from,
                const struct session_client *client)
{
    *state = (struct http_state){ .client = client,
                                  .rules = from->rules,
                                  .credential = from->credential,
                                  .offers_negotiate = from->offers_negotiate,
                                  .offers_ntlm = from->offers_ntlm };
}

void
http_state_hand_over(struct http_state *state)
{
    if (state->has_session) {
        session_clear(&state->session);
    }
    if (state->logon_is_copy) {
        mem_free(state->logon);
    } else if (state->logon) {
        (void)FreeContextBuffer(state->logon);
    }
    state->has_session = state->proven = state->logon_is_copy = false;
    state->logon = NULL;
    state->attributes = 0;
}

void
http_state_clear(struct http_state *state)
{
    if (state->logon) {
        session_log_off(state->client, state->logon, state->logon_id);
    }
    http_state_hand_over(state);
}

void
http_state_end(struct http_state *state, uint64_t now_s)
{
    http_anonymous_end(state, now_s);
    http_state_clear(state);
}

bool
http_state_is_known(const struct http_state *state)
{
    return state->proven || state->is_proxy;
}
