/* SPDX-License-Identifier: Apache-2.0 */
/* sspid's part of the configuration file: [service], [events] and [listener NAME]. */
#ifndef SERVICE_SETTINGS_H
#define SERVICE_SETTINGS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "base/config.h"
#include "daemon/events_section.h"
#include "service/settings_http.h"

/* LISTENER_SAMPLE: what Microsoft's second socket sample speaks. */
enum listener_protocol { LISTENER_FRAMED, LISTENER_HTTP, LISTENER_SAMPLE };
enum listener_backend { BACKEND_WHOAMI, BACKEND_ECHO, BACKEND_PROXY, BACKEND_EXEC };

/* A key of [policy] that stands in a listener; its value is the library's to judge. */
struct listener_option {
    OPENSSPI_OPTION option;
    unsigned line;
};

struct listener_settings {
    char *name;
    unsigned line;                 /* of the section */
    int protocol;                  /* enum listener_protocol; -1: not given */
    int backend;                   /* enum listener_backend */
    char *proxy_host, *proxy_port; /* of BACKEND_PROXY */
    char *exec_name;               /* of BACKEND_EXEC */
    char *address_text;
    struct sockaddr_in6 address; /* IPv4 as ::ffff:a.b.c.d; sin6_family 0: not given */
    char *package;
    unsigned package_line;
    int at_first_client; /* when the credential is acquired */
    bool metrics;        /* HTTP: shows /metrics */
    unsigned long handshake_timeout_s, max_legs, max_token, max_message;
    unsigned long max_unauthenticated, max_per_address;
    unsigned long idle_timeout_s; /* 0: none */
    struct http_settings http;
    uint64_t scope; /* of all that the section says but its address */
    struct listener_option *options;
    size_t n_options;
};

struct settings {
    char *file;
    char *control_socket;   /* NULL: the default one */
    char *store, *key_file; /* of [accounts], as they stand there; NULL: they do not */
    char *exec_socket;      /* of [execd]; NULL: the default one */
    char **exec_names;      /* of each [exec NAME] */
    size_t n_exec_names;
    char *export_key, *export_spent; /* of [export], likewise */
    uint64_t scope;                  /* of all that the library's sections say */
    struct events_section events;
    struct listener_settings *listeners;
    size_t n_listeners;
    bool policy_requires_bindings; /* [policy] channel_bindings = required */
};

/* Reads and checks all that can be without the library. false: error says where and why, and there
 * is nothing to clear. */
SEC_NODISCARD bool settings_read(const char *file, struct settings *settings,
                                 struct config_error *error);
void settings_clear(struct settings *settings);

/* "framed", "http" */
const char *settings_protocol_name(const struct listener_settings *listener);

/* "unknown key", with the nearest one of a listener; those of [policy] are the library's. */
bool settings_unknown_listener_key(const char *key, char *why, size_t why_n);

/* "FILE:LINE: [listener NAME] KEY: text"; key NULL: of the whole section, and line is its. */
void settings_fail(const struct settings *settings, const struct listener_settings *listener,
                   const char *key, unsigned line, const char *text, struct config_error *error);

#endif
