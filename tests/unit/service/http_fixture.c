/* SPDX-License-Identifier: Apache-2.0 */
/* A listener over the scripted library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base64.h"
#include "fake_sspi.h"
#include "http_fixture.h"

static const struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };
static const struct session_rules rules = { 5, 4096, 0 };
static const struct session_client client = { .log = &quiet,
                                              .listener = "web",
                                              .protocol = "http",
                                              .package = "Negotiate",
                                              .address = "192.0.2.7" };

void
open_fixture(struct fixture *f, const char *package, const char *missing)
{
    *f = (struct fixture){ .settings = { .package = (char *)package } };
    fake_missing = missing;
    settings_http_init(&f->settings.http);
    told_init(&f->told);
    proxied_init(&f->proxied, 3, 3, 20, 90);
    credential_init(&f->credential, &f->settings);
    http_state_init(&f->state, &client, &rules, &f->credential);
}

void
close_fixture(struct fixture *f)
{
    http_state_clear(&f->state);
    proxied_clear(&f->proxied);
    told_clear(&f->told);
    credential_clear(&f->credential);
    settings_http_clear(&f->settings.http);
    fake_missing = NULL;
    assert_int_equal(fake_live, 0);
}

const char *
ask(struct fixture *f, struct http_request request)
{
    struct http_reply reply;
    size_t n;

    http_answer(&f->state, &request, &reply);
    n = (size_t)snprintf(f->text, sizeof(f->text), "%u%s|", reply.status,
                         reply.close ? " close" : "");
    for (size_t i = 0; i < reply.n_headers; i++) {
        if (strcmp(reply.headers[i].name, "Cache-Control") != 0) {
            n += (size_t)snprintf(f->text + n, sizeof(f->text) - n, "%s: %s|",
                                  reply.headers[i].name, (const char *)reply.headers[i].value.p);
        }
    }
    (void)snprintf(f->text + n, sizeof(f->text) - n, "%.*s", (int)reply.body.len,
                   (const char *)reply.body.p);
    http_reply_clear(&reply);
    return f->text;
}

const char *
get(struct fixture *f, const char *path, const char *scheme, const char *token, size_t n)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);
    const char *answer;

    if (scheme) {
        wire_put_bytes(&w, bytes_of_string(scheme));
        wire_put_u8(&w, ' ');
        base64_encode(bytes_of(token, n), &w);
        wire_put_u8(&w, 0);
    }
    answer = ask(f, (struct http_request){ .method = "GET",
                                           .path = path,
                                           .fields = f->fields,
                                           .now_s = f->now_s,
                                           .authorization = (const char *)w.p,
                                           .n_authorization = scheme != NULL,
                                           .keeps_alive = true });
    wire_writer_clear(&w);
    return answer;
}
