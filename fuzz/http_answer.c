/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: http_answer, session_step. Over a scripted library (tests/unit/service); each
 * line is a request on one connection: the path's letter, keep-alive's, then Authorization. The path's
 * letter also says which host it is for. */
#include <string.h>

#include "base/mem.h"
#include "fake_sspi.h"
#include "fuzz.h"
#include "service/http_answer.h"

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "fuzz" };
static const struct session_rules rules = { 3, 1000, 0 };
static const struct session_client client = { .log = &quiet, .address = "192.0.2.7" };

static void
ask(struct http_state *state, const char *line)
{
    static const char *const paths[] = { "/whoami", "/auth", "/", "/x" };
    static const char *const hosts[] = { NULL, "web1", "192.0.2.1", "noreg" };
    size_t n = strlen(line);
    const struct http_request request = {
        .method = "GET",
        .path = paths[n > 0 ? (uint8_t)line[0] % 4 : 0],
        .keeps_alive = n > 1 && line[1] != 'c',
        .authorization = n > 2 ? line + 2 : NULL,
        .n_authorization = n > 2 ? 1 : 0,
        .asked = { .host = hosts[n > 0 ? (uint8_t)line[0] / 4 % 4 : 0],
                   .host_is_address = n > 0 && (uint8_t)line[0] / 4 % 4 == 2 },
    };
    bool was_known = state->logon != NULL;
    struct http_reply reply;

    http_answer(state, &request, &reply);
    fuzz_must(reply.status >= 200 && reply.status < 600);
    /* Nobody is let in for having said nothing, but who is known. */
    if (strcmp(request.path, "/whoami") == 0 && !request.authorization) {
        fuzz_must(reply.status != 200 || was_known);
    }
    fuzz_must(state->proven || !state->logon);
    http_reply_clear(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct listener_settings settings = { .package = (char *)"Negotiate" };
    struct credential credential;
    struct http_state state;
    static struct told told;
    char *text = mem_dup(data, n), *rest = text, *line;

    fake_keyed = "HTTP/web1";
    told_init(&told);
    credential_init(&credential, &settings);
    http_state_init(&state, &client, &rules, &credential);
    state.told = &told;
    while (text && (line = strsep(&rest, "\n")) != NULL) {
        ask(&state, line);
    }
    http_state_end(&state, 0);
    told_clear(&told);
    credential_clear(&credential);
    fuzz_must(fake_live == 0);
    mem_free(text);
    return 0;
}
