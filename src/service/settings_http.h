/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of an HTTP listener. */
#ifndef SERVICE_SETTINGS_HTTP_H
#define SERVICE_SETTINGS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "daemon/key.h"
#include "service/proxy.h"

enum http_require { HTTP_REQUIRE_YES, HTTP_REQUIRE_OPTIONAL };

struct http_settings {
    struct proxy_rules proxies;
    int require; /* enum http_require */
    bool basic;
    char *realm; /* NULL: settings_http_realm's */
    unsigned long connection_idle_s, max_remote_groups;
    char *connection_store; /* a folder; NULL: what is proven is this process's alone */
    bool is_set;            /* one of these keys is there */
};

void settings_http_init(struct http_settings *http);
void settings_http_clear(struct http_settings *http);

struct key_table settings_http_keys(struct http_settings *http);
/* What only all keys together show: NULL, or what is wrong. */
SEC_NODISCARD const char *settings_http_check(const struct http_settings *http, bool is_http,
                                              bool is_loopback);

const char *settings_http_realm(const struct http_settings *http);

#endif
