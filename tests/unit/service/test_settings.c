/* SPDX-License-Identifier: Apache-2.0 */
/* sspid's part of the configuration: what is taken, and what each fault is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake_sspi.h"
#include "service/credential.h"
#include "service/settings.h"
#include "tests/support/settings_file.h"

#define WEB   "[listener web]\nprotocol = http\naddress = 127.0.0.1:8080\n"
#define FRONT "[listener front]\nprotocol = framed\naddress = 127.0.0.1:2000\n"

/* Reads text as a file; the error without the file's name. */
static bool
read_text(const char *text, struct settings *settings, char *error, size_t error_n)
{
    struct config_error why;
    bool good;

    settings_file_write(text);
    good = settings_read(settings_file, settings, &why);
    for (size_t i = 0; good && i < settings->n_listeners; i++) {
        if (!credential_check(settings, &settings->listeners[i], &why)) {
            settings_clear(settings);
            good = false;
        }
    }
    (void)snprintf(error, error_n, "%s", why.text + (good ? 0 : strlen(settings_file)));
    return good;
}

static void
test_settings_read__defaults_and_every_key(void **state)
{
    struct settings s;
    char error[512];

    (void)state;
    assert_true(read_text(FRONT
                          "[events]\nfile = /var/log/e\n[server]\nanything = x\n[policy]\nx = y\n"
                          "[kerberos]\n[accounts]\n[ras]\nq = r\n[port tty1]\na = b\n"
                          "[listener web-1.x]\nprotocol = HTTP\naddress = [::1]:80\n"
                          "backend = whoami\npackage = NTLM\ncredential = at-first-client\n"
                          "handshake_timeout = 600\nmax_legs = 3\nmax_token = 64\n"
                          "max_message = 64\nmax_unauthenticated = 1\nmax_per_address = 1\n"
                          "ntlm = audit\nspn = HTTP/a HTTP/b\nchannel_bindings = off\n",
                          &s, error, sizeof(error)) ||
                strstr(error, "channel_bindings: unknown key"));
    assert_true(read_text(FRONT "[events]\nfile = /var/log/e\n"
                                "[listener web-1.x]\nprotocol = HTTP\naddress = [::1]:80\n"
                                "backend = whoami\npackage = NTLM\ncredential = at-first-client\n"
                                "handshake_timeout = 600\nmax_legs = 3\nmax_token = 64\n"
                                "max_message = 64\nmax_unauthenticated = 1\nmax_per_address = 1\n"
                                "ntlm = audit\nspn = HTTP/a HTTP/b\n",
                          &s, error, sizeof(error)));
    assert_int_equal(s.n_listeners, 2);
    assert_string_equal(s.events.file, "/var/log/e");
    assert_string_equal(s.listeners[0].name, "front");
    assert_int_equal(s.listeners[0].protocol, LISTENER_FRAMED);
    assert_int_equal(s.listeners[0].backend, BACKEND_WHOAMI);
    assert_string_equal(s.listeners[0].package, "Negotiate");
    assert_false(s.listeners[0].at_first_client);
    assert_int_equal(s.listeners[0].handshake_timeout_s, 20);
    assert_int_equal(s.listeners[0].max_legs, 10);
    assert_int_equal(s.listeners[0].max_token, 65536);
    assert_int_equal(s.listeners[0].max_message, 1048576);
    assert_int_equal(s.listeners[0].max_unauthenticated, 10000);
    assert_int_equal(s.listeners[0].max_per_address, 256);
    assert_int_equal(s.listeners[0].idle_timeout_s, 43200);
    assert_int_equal(s.listeners[1].protocol, LISTENER_HTTP);
    assert_string_equal(s.listeners[1].package, "NTLM");
    assert_true(s.listeners[1].at_first_client);
    assert_int_equal(s.listeners[1].handshake_timeout_s, 600);
    assert_int_equal(s.listeners[1].n_options, 2);
    assert_string_equal(s.listeners[1].options[1].option.pszName, "spn");
    assert_string_equal(s.listeners[1].options[1].option.pszValue, "HTTP/a HTTP/b");
    settings_clear(&s);
}

static void
test_settings_read__a_proxy_has_host_and_port(void **state)
{
    static const struct {
        const char *backend, *host, *port;
    } rows[] = {
        { "proxy:127.0.0.1:25", "127.0.0.1", "25" },
        { "proxy:[::1]:65535", "::1", "65535" },
        { "proxy:db_1.example.test:5432", "db_1.example.test", "5432" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct settings s;
        char text[256], error[512];

        (void)snprintf(text, sizeof(text), FRONT "idle_timeout = 0\nbackend = %s\n",
                       rows[i].backend);
        assert_true(read_text(text, &s, error, sizeof(error)));
        assert_int_equal(s.listeners[0].backend, BACKEND_PROXY);
        assert_string_equal(s.listeners[0].proxy_host, rows[i].host);
        assert_string_equal(s.listeners[0].proxy_port, rows[i].port);
        assert_int_equal(s.listeners[0].idle_timeout_s, 0);
        settings_clear(&s);
    }
}

#define PROXY_EXPECTED                                                                     \
    ":4: [listener front] backend: expected proxy:HOST:PORT or proxy:[ADDRESS]:PORT, the " \
    "port in digits"

static void
test_settings_read__each_fault_names_line_and_cause(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        { "", ": expected at least one section [listener NAME]" },
        { "[listner x]\n", ":1: [listner x]: unknown section; did you mean \"listener\"?" },
        { "[listener]\n",
          ":1: [listener]: expected [listener NAME], the name of letters, digits, \"_\", \".\", "
          "\"-\"" },
        { "[listener a/b]\n",
          ":1: [listener a/b]: expected [listener NAME], the name of letters, digits, \"_\", "
          "\".\", \"-\"" },
        { "[events x]\n", ":1: [events x]: expected [events] without a name" },
        { "[events]\nfil = /x\n", ":2: [events] fil: unknown key; did you mean \"file\"?" },
        { "[events]\nfile = x\n", ":2: [events] file: expected a path that begins with \"/\"" },
        { "[listener a]\naddress = 127.0.0.1:1\n",
          ":1: [listener a]: expected a key protocol = framed, http or sample" },
        { "[listener a]\nprotocol = http\n",
          ":1: [listener a]: expected a key address = ADDRESS:PORT" },
        { "[listener a]\nprotocol = udp\n",
          ":2: [listener a] protocol: expected framed, http or sample" },
        { "[listener a]\nprotocol = sample\naddress = 127.0.0.1:1\nbackend = whoami\n",
          ":1: [listener a]: expected no key backend: protocol = sample has one message to say" },
        { "[listener a]\naddress = localhost:1\n",
          ":2: [listener a] address: expected ADDRESS:PORT or [ADDRESS]:PORT, in numbers" },
        { FRONT "backend = proxy:127.0.0.1\n", PROXY_EXPECTED },
        { FRONT "backend = proxy:\n", PROXY_EXPECTED },
        { FRONT "backend = proxy:HOST:PORT\n", PROXY_EXPECTED },
        { FRONT "backend = exec:\n",
          ":4: [listener front] backend: expected exec:NAME, of a section [exec NAME]" },
        { FRONT "backend = exec:a b\n",
          ":4: [listener front] backend: expected exec:NAME, of a section [exec NAME]" },
        { FRONT "backend = exec:a\n[exec b]\n",
          ":1: [listener front]: expected a section [exec NAME] of the name that backend = "
          "exec:NAME says" },
        { FRONT "[execd]\nsocket = x\n",
          ":5: [execd] socket: expected a path that begins with \"/\"" },
        { FRONT "backend = proxy:a host:1\n", PROXY_EXPECTED },
        { FRONT "backend = proxy:::1:25\n", PROXY_EXPECTED },
        { FRONT "backend = proxy:host:0\n", PROXY_EXPECTED },
        { FRONT "backend = proxy:host:65536\n", PROXY_EXPECTED },
        { FRONT "backend = proxy:host:ssh\n", PROXY_EXPECTED },
        { FRONT "backend = cat\n",
          ":4: [listener front] backend: expected whoami, echo, proxy:HOST:PORT or exec:NAME" },
        { FRONT "idle_timeout = 604801\n",
          ":4: [listener front] idle_timeout: expected a number from 0 to 604800" },
        { FRONT "trusted_proxy = 127.0.0.1\n",
          ":1: [listener front]: expected protocol = http: there is a key that only such listeners "
          "have" },
        { WEB "trusted_proxy = proxy1\n",
          ":4: [listener web] trusted_proxy: expected addresses and networks in numbers "
          "(192.0.2.1, 10.0.0.0/8, 2001:db8::/32), not \"proxy1\"" },
        { WEB "trusted_proxy = 10.0.0.1/8\n",
          ":4: [listener web] trusted_proxy: expected addresses and networks in numbers "
          "(192.0.2.1, 10.0.0.0/8, 2001:db8::/32), not \"10.0.0.1/8\"" },
        { WEB "trusted_proxy = ,\n",
          ":4: [listener web] trusted_proxy: expected at least one address" },
        { WEB "connection_header = X-Connection\n",
          ":1: [listener web]: expected a key trusted_proxy: from anybody else no such header is "
          "believed" },
        { WEB "trusted_proxy = ::1\nconnection_header = X Connection\n",
          ":5: [listener web] connection_header: expected the name of a header that the proxy "
          "sets, such as X-Connection" },
        { WEB "trusted_proxy = ::1\nconnection_header = authorization\n",
          ":5: [listener web] connection_header: expected the name of a header that the proxy "
          "sets, such as X-Connection" },
        { WEB "trusted_proxy = ::1\nconnection_age_header = X-Age\n",
          ":1: [listener web]: expected a key connection_header beside connection_age_header" },
        { WEB "connection_idle = 0\n",
          ":4: [listener web] connection_idle: expected a number from 1 to 86400" },
        { WEB "max_remote_groups = 65537\n",
          ":4: [listener web] max_remote_groups: expected a number from 0 to 65536" },
        { WEB "require = no\n", ":4: [listener web] require: expected yes or optional" },
        { WEB "basic = perhaps\n", ":4: [listener web] basic: expected yes or no" },
        { WEB "realm = a \"realm\"\n",
          ":4: [listener web] realm: expected 1 to 128 characters of ASCII without quotes and "
          "backslashes" },
        { "[listener web]\nprotocol = http\naddress = 0.0.0.0:1\nbasic = yes\n",
          ":1: [listener web]: expected basic = no: passwords would cross the network in clear; it "
          "takes an address on loopback, or trusted_proxy and scheme_header, by which a proxy says "
          "that its client came with TLS" },
        { FRONT "credential = never\n",
          ":4: [listener front] credential: expected at-start or at-first-client" },
        { FRONT "handshake_timeout = 0\n",
          ":4: [listener front] handshake_timeout: expected a number from 1 to 600" },
        { FRONT "max_legs = 101\n",
          ":4: [listener front] max_legs: expected a number from 1 to 100" },
        { FRONT "max_token = many\n",
          ":4: [listener front] max_token: expected a number from 64 to 1048576" },
        { FRONT "max_tokens = 100\n",
          ":4: [listener front] max_tokens: unknown key; did you mean \"max_token\"?" },
        { FRONT "channel_bindings = Required\n",
          ":4: [listener front] channel_bindings: expected off or allow-missing: a listener "
          "without TLS has no channel to bind to, so that every client would be refused" },
        { "[policy]\nchannel_bindings = required\n" FRONT,
          ":3: [listener front]: expected channel_bindings = off or allow-missing: [policy] has "
          "required, and a listener without TLS has no channel to bind to" },
        { "[listener a]\nprotocol = http\naddress = 127.0.0.1:1\nbackend = echo\n",
          ":1: [listener a]: expected backend = whoami: echo, proxy and exec are for framed "
          "listeners" },
        { "[listener a]\nprotocol = http\naddress = 127.0.0.1:1\nbackend = proxy:h:1\n",
          ":1: [listener a]: expected backend = whoami: echo, proxy and exec are for framed "
          "listeners" },
        { FRONT "[listener b]\nprotocol = http\naddress = 127.0.0.1:2000\n",
          ":4: [listener b]: expected an address that no listener above has" },
        { FRONT "package = Nonsense\n",
          ":4: [listener front] package: expected a package that there is, not \"Nonsense\"" },
    };

    (void)state;
    fake_missing = "Nonsense";
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct settings s;
        char error[512];

        assert_false(read_text(rows[i].text, &s, error, sizeof(error)));
        assert_string_equal(error, rows[i].error);
    }
    fake_missing = NULL;
}

static void
test_settings_read__http_keys(void **state)
{
    struct settings s;
    const struct http_settings *http;
    char error[512];

    (void)state;
    assert_true(read_text(WEB, &s, error, sizeof(error)));
    http = &s.listeners[0].http;
    assert_int_equal(http->require, HTTP_REQUIRE_YES);
    assert_int_equal(http->connection_idle_s, 90);
    assert_int_equal(http->max_remote_groups, 2048);
    assert_string_equal(settings_http_realm(http), "OpenSSPI");
    assert_true(!http->basic && http->proxies.n_prefixes == 0);
    settings_clear(&s);
    assert_true(
        read_text("[listener web]\nprotocol = http\naddress = 0.0.0.0:1\n"
                  "trusted_proxy = 192.0.2.1, 10.0.0.0/8\nconnection_header = X-Connection\n"
                  "connection_age_header = X-Age\nclient_header = X-Forwarded-For\n"
                  "scheme_header = X-Forwarded-Proto\nconnection_idle = 5\n"
                  "require = optional\nbasic = yes\nrealm = The house\n"
                  "max_remote_groups = 0\n",
                  &s, error, sizeof(error)));
    http = &s.listeners[0].http;
    assert_int_equal(http->require, HTTP_REQUIRE_OPTIONAL);
    assert_int_equal(http->connection_idle_s, 5);
    assert_int_equal(http->max_remote_groups, 0);
    assert_string_equal(settings_http_realm(http), "The house");
    assert_string_equal(http->proxies.connection_header, "X-Connection");
    assert_string_equal(http->proxies.age_header, "X-Age");
    assert_string_equal(http->proxies.client_header, "X-Forwarded-For");
    assert_string_equal(http->proxies.scheme_header, "X-Forwarded-Proto");
    assert_true(http->basic && http->proxies.n_prefixes == 2);
    settings_clear(&s);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_read__defaults_and_every_key),
        cmocka_unit_test(test_settings_read__a_proxy_has_host_and_port),
        cmocka_unit_test(test_settings_read__http_keys),
        cmocka_unit_test(test_settings_read__each_fault_names_line_and_cause),
    };

    return cmocka_run_group_tests(tests, settings_file_make, settings_file_remove);
}
