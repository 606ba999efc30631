/* SPDX-License-Identifier: Apache-2.0 */
/* A listener over the scripted library, and requests to it. Its answers are texts. */
#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H

#include <string.h>

#include "service/http_answer.h"
#include "service/proxied.h"

struct fixture {
    struct listener_settings settings;
    struct credential credential;
    struct told told;
    struct proxied_table proxied;
    struct http_state state;
    struct http_fields fields; /* of get's next requests */
    uint64_t now_s;
    char text[4096]; /* of the last answer: "STATUS|Name: value|...|body" */
};

/* missing: as fake_missing. */
void open_fixture(struct fixture *f, const char *package, const char *missing);
void close_fixture(struct fixture *f);
const char *ask(struct fixture *f, struct http_request request);
/* GET path with a token under a scheme; NULL: without Authorization. */
const char *get(struct fixture *f, const char *path, const char *scheme, const char *token,
                size_t n);

#define WHOAMI(f, scheme, token) get(f, "/whoami", scheme, token, sizeof(token) - 1)
#define NOBODY                   "401|WWW-Authenticate: Negotiate|WWW-Authenticate: NTLM|Unauthorized\n"
#define STARTS_WITH(text, start) assert_memory_equal(text, start, strlen(start))

#endif
