/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: http_answer, proxied_enter, proxied_leave, http_basic_read. Over a scripted
 * library (tests/unit/service); each line is a request that a proxy passes on: the letter of its
 * client's connection, that of the client, that of its scheme and path, then Authorization. Whoever
 * sends none is who that connection proved last, or nobody. */
#include <string.h>

#include "base/mem.h"
#include "fake_sspi.h"
#include "fuzz.h"
#include "service/http_answer.h"
#include "service/proxied.h"

enum { CONNECTIONS = 4, CLIENTS = 2, NAME_BYTES = 400 };

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "fuzz" };
static const struct session_rules rules = { 3, 1000, 0 };
static const struct session_client client = { .log = &quiet, .address = "192.0.2.7" };

/* Whom each connection proved last: a copy of Remote-User; "" is nobody. */
struct proven {
    char names[CONNECTIONS][CLIENTS][NAME_BYTES];
};

static const char *
remote_user(const struct http_reply *reply)
{
    for (size_t i = 0; i < reply->n_headers; i++) {
        if (strcmp(reply->headers[i].name, "Remote-User") == 0) {
            return (const char *)reply->headers[i].value.p;
        }
    }
    return "";
}

static void
ask(struct http_state *state, struct proven *proven, const char *line)
{
    static const char *const connections[] = { "1", "2", "3", "33" };
    static const char *const clients[] = { "192.0.2.1", "2001:db8::1" };
    size_t n = strlen(line);
    unsigned a = n > 0 ? (uint8_t)line[0] % CONNECTIONS : 0;
    unsigned b = n > 1 ? (uint8_t)line[1] % CLIENTS : 0;
    const struct http_field fields[] = { { "X-Connection", connections[a] },
                                         { "X-Client", clients[b] },
                                         { "X-Scheme", n > 2 && line[2] & 1 ? "https" : "http" } };
    const struct http_request request = {
        .method = "GET",
        .path = "/auth",
        .fields = { fields, 3 },
        .keeps_alive = true,
        .authorization = n > 3 ? line + 3 : NULL,
        .n_authorization = n > 3 ? 1 : 0,
    };
    char *name = proven->names[a][b];
    struct http_reply reply;

    http_answer(state, &request, &reply);
    fuzz_must(reply.status == 200 || reply.status == 401 || reply.status == 503);
    if (!request.authorization) {
        fuzz_must(reply.status == 401 || (*name && strcmp(remote_user(&reply), name) == 0));
    } else {
        const char *user = reply.status == 200 ? remote_user(&reply) : "";

        fuzz_must(strlen(user) < NAME_BYTES);
        memcpy(name, user, strlen(user) + 1);
    }
    http_reply_clear(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct proxied_table table;
    static struct proven proven;
    struct listener_settings settings = { .package = (char *)"Negotiate" };
    struct credential credential;
    struct http_state state;
    char *text = mem_dup(data, n), *rest = text, *line;

    memset(&proven, 0, sizeof(proven));
    settings_http_init(&settings.http);
    settings.http.basic = true;
    settings.http.proxies.connection_header = (char *)"X-Connection";
    settings.http.proxies.client_header = (char *)"X-Client";
    settings.http.proxies.scheme_header = (char *)"X-Scheme";
    credential_init(&credential, &settings);
    http_state_init(&state, &client, &rules, &credential);
    proxied_init(&table, 3, 2, 20, 90);
    http_state_set_peer(&state, &in6addr_loopback, &table);
    state.is_proxy = true;
    while (text && (line = strsep(&rest, "\n")) != NULL) {
        ask(&state, &proven, line);
    }
    http_state_end(&state, 0);
    proxied_clear(&table);
    credential_clear(&credential);
    fuzz_must(fake_live == 0);
    mem_free(text);
    return 0;
}
