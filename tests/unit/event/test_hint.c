/* SPDX-License-Identifier: Apache-2.0 */
/* Causes and remedies: each fault is told from the others by what is known of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "event/hint.h"

#define SERVICE "HTTP/web.example.test@EXAMPLE.TEST"

/* What must and what must not stand in the hint; NULL: there is none. */
static const struct {
    const char *name;
    struct event_hint facts;
    const char *has, *lacks;
} rows[] = {
    { "nothing known", { .status = SEC_E_INVALID_TOKEN }, NULL, "" },
    { "empty header",
      { .status = SEC_E_INVALID_TOKEN, .request = EVENT_REQUEST_EMPTY },
      "took it off (a proxy",
      "SPN" },
    { "cut header", { .request = EVENT_REQUEST_BROKEN }, "cut or rewritten", "SPN" },
    { "token cut short",
      { .request = EVENT_REQUEST_CUT, .first_token = "NTLM", .kerberos_here = true },
      "large_client_header_buffers",
      "SPN" },
    { "huge token", { .request = EVENT_REQUEST_TOO_LONG }, "max_token", "SPN" },
    { "keep-alive off", { .request = EVENT_REQUEST_CLOSED }, "keep-alive on", "SPN" },

    { "nothing comes, for an address",
      { .request = EVENT_REQUEST_NOTHING,
        .host_kind = EVENT_HOST_ADDRESS,
        .host = "10.1.2.3",
        .kerberos_here = true },
      "DNS name in the link, and send who comes by address (10.1.2.3)",
      "setspn" },
    { "nothing comes, for a name without a key",
      { .request = EVENT_REQUEST_NOTHING,
        .host_kind = EVENT_HOST_KEYLESS,
        .host = "noreg.example.test",
        .kerberos_here = true },
      "setspn -S HTTP/noreg.example.test ACCOUNT",
      "kinit" },
    { "nothing comes, and the name is right",
      { .request = EVENT_REQUEST_NOTHING,
        .host_kind = EVENT_HOST_KEYED,
        .host = "web.example.test",
        .kerberos_here = true },
      "kinit",
      "setspn" },
    { "nothing comes, and Kerberos is not here",
      { .request = EVENT_REQUEST_NOTHING, .host_kind = EVENT_HOST_KEYLESS, .host = "web" },
      NULL,
      "" },

    { "NTLM in SPNEGO, Kerberos not listed",
      { .status = SEC_E_INVALID_TOKEN, .first_token = "NTLM", .kerberos_here = true },
      "intranet zone",
      "domain controller" },
    { "NTLM in SPNEGO, Kerberos listed",
      { .status = SEC_E_INVALID_TOKEN,
        .first_token = "NTLM",
        .kerberos_offered = true,
        .kerberos_here = true },
      "could get no ticket",
      "intranet zone" },
    { "NTLM for an address",
      { .first_token = "NTLM",
        .kerberos_here = true,
        .host_kind = EVENT_HOST_ADDRESS,
        .host = "10.1.2.3" },
      "10.1.2.3",
      "setspn" },
    { "NTLM for a name without a key",
      { .first_token = "NTLM",
        .kerberos_here = true,
        .host_kind = EVENT_HOST_KEYLESS,
        .host = "noreg.example.test" },
      "HTTP/noreg.example.test",
      "zone" },
    { "NegoEx first", { .first_token = "NegoEx", .kerberos_here = true }, "zone", "kinit" },
    { "IAKERB first", { .first_token = "IAKERB", .kerberos_here = true }, "zone", "kinit" },
    { "NTLM where there is no Kerberos", { .first_token = "NTLM" }, NULL, "" },
    { "NTLM behind a proxy",
      { .request = EVENT_REQUEST_PROXY_NTLM, .kerberos_here = true },
      "allow NTLM",
      "" },
    { "NTLM was taken, and failed for a reason of its own",
      { .status = SEC_E_LOGON_DENIED,
        .first_token = "NTLM",
        .mechanism = "NTLM",
        .kerberos_here = true },
      NULL,
      "" },

    { "another account's keytab",
      { .krb_error = 35, .service = SERVICE, .mechanism = "Kerberos" },
      "owns " SERVICE " (setspn -Q",
      "klist purge" },
    { "old key", { .krb_error = 44, .service = SERVICE }, "klist purge", "setspn" },
    { "no key at all", { .krb_error = 45 }, "klist -k", "setspn" },
    { "wrong key", { .krb_error = 41, .service = SERVICE }, "setspn -X", "klist purge" },
    { "wrong key, service unknown", { .krb_error = 31 }, "owns the service's name", "%" },
    { "RC4 only", { .krb_error = 14 }, "msDS-SupportedEncryptionTypes 24", "" },
    { "clock", { .status = SEC_E_TIME_SKEW, .krb_error = 37 }, "chrony", "kinit" },
    { "clock behind", { .krb_error = 33 }, "is behind", "kinit" },
    { "ticket run out", { .krb_error = 32 }, "kinit again", "" },
    { "replay", { .krb_error = 34 }, "proxy_next_upstream off", "" },
    { "another service", { .status = SEC_E_WRONG_PRINCIPAL, .sub_status = 0 }, "spn", "" },
    { "NTLM for no service",
      { .status = SEC_E_WRONG_PRINCIPAL, .mechanism = "NTLM", .target = "" },
      "names no service",
      "spn" },
    { "NTLM for another service",
      { .status = SEC_E_WRONG_PRINCIPAL, .mechanism = "NTLM", .target = "HTTP/other" },
      "that spn does not list",
      "names no service" },
    { "a ticket to another service of the same key",
      { .status = SEC_E_WRONG_PRINCIPAL, .krb_error = 35, .opened = true, .service = SERVICE },
      "asked for " SERVICE ", which spn does not list",
      "keytab" },
    { "bindings", { .status = SEC_E_BAD_BINDINGS }, "TLS", "" },
    { "bindings by NTSTATUS", { .sub_status = 0xC000035B }, "TLS", "" },

    { "disabled", { .sub_status = 0xC0000072, .user = "demo" }, "account enable demo", "" },
    { "locked out", { .sub_status = 0xC0000234, .user = "demo" }, "account unlock demo", "" },
    { "locked out, by a strange name",
      { .sub_status = 0xC0000234, .user = "demo; rm -rf ~" },
      "account unlock NAME,",
      ";" },
    { "locked out, by what looks like an option",
      { .sub_status = 0xC0000234, .user = "--all" },
      "account unlock NAME,",
      "--" },
    { "old client", { .sub_status = 0xC0000418 }, "LmCompatibilityLevel", "" },
    { "no account store", { .sub_status = 0xC000005E }, "see that samd runs", "" },
    { "wrong password",
      { .status = SEC_E_LOGON_DENIED, .sub_status = 0xC000006A },
      "types it again",
      "sspictl" },
    { "account expired",
      { .sub_status = 0xC0000193, .user = "demo" },
      "account modify demo --expires",
      "" },
    { "the scheme NTLM, which is not taken",
      { .request = EVENT_REQUEST_NTLM, .kerberos_here = true },
      "make Kerberos work for it",
      "keytab" },
    { "what is no token",
      { .status = SEC_E_INVALID_TOKEN, .no_token = true, .kerberos_here = true },
      "something on the way changed it",
      "SPN" },
};

static void
test_event_hint__each_fault_has_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        char text[EVENT_HINT_BYTES];

        event_hint(&rows[i].facts, text, sizeof(text));
        print_message("# %s: %s\n", rows[i].name, text);
        if (!rows[i].has) {
            assert_string_equal(text, "");
            continue;
        }
        assert_non_null(strstr(text, rows[i].has));
        assert_true(!rows[i].lacks[0] || !strstr(text, rows[i].lacks));
        assert_int_equal(text[strlen(text) - 1], '.'); /* nothing was cut */
    }
}

/* The longest names: the text is cut, and ends. */
static void
test_event_hint__long_names_are_cut(void **state)
{
    char host[256], text[EVENT_HINT_BYTES + 1];
    struct event_hint facts = { .request = EVENT_REQUEST_NOTHING,
                                .host_kind = EVENT_HOST_KEYLESS,
                                .host = host,
                                .kerberos_here = true };

    (void)state;
    memset(host, 'a', sizeof(host) - 1);
    host[255] = 0;
    for (size_t n = 1; n <= EVENT_HINT_BYTES; n++) {
        memset(text, '!', sizeof(text));
        event_hint(&facts, text, n);
        assert_true(strlen(text) < n);
        assert_int_equal(text[n], '!');
    }
    assert_int_equal(strlen(text), EVENT_HINT_BYTES - 1);
}

static void
test_event_hint_is_name__what_names_are_made_of(void **state)
{
    static const char *const good[] = { "a", "web-1.example.test", "[::1]", SERVICE, "10.1.2.3" };
    static const char *const bad[] = { "",    "-a",  "a b", "a\nb", "$(a)",
                                       "`a`", "a;b", "a\"", "%s",   "J\xC3\xBCrgen" };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(good); i++) {
        assert_true(event_hint_is_name(good[i]));
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        assert_false(event_hint_is_name(bad[i]));
    }
    assert_false(event_hint_is_name(NULL));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_hint__each_fault_has_its_own),
        cmocka_unit_test(test_event_hint__long_names_are_cut),
        cmocka_unit_test(test_event_hint_is_name__what_names_are_made_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
