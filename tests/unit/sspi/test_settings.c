/* SPDX-License-Identifier: Apache-2.0 */
/* The library's sections of the configuration: what is read as a restriction restricts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sspi/settings_kerberos.h"

static int
make(void **state)
{
    static struct settings_text t;

    *state = &t;
    return settings_init(&t) == SEC_E_OK ? 0 : -1;
}

static int
clear(void **state)
{
    settings_clear(*state);
    return 0;
}

/* One file with this text; whether it is good. */
static bool
read_text(struct settings_text *t, const char *text, struct config_error *error)
{
    char name[] = "/tmp/opensspi-settings-XXXXXX";
    int fd = mkstemp(name);
    bool good;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    good = settings_read(t, name, error);
    assert_int_equal(unlink(name), 0);
    return good;
}

/* A list that Negotiate would read otherwise than it looks excludes nothing: it must not pass. */
static void
test_settings_take_option__a_list_of_packages__is_one_or_is_refused(void **state)
{
    static const struct {
        const char *list;
        bool good;
    } table[] = {
        { "Kerberos,NTLM", true },
        { "ntlm", true },
        { "!NTLM", true },
        { "! NTLM", true },
        { " Kerberos , NTLM ", true },
        { "Kerberos,!NTLM", true },
        { "", false },
        { ",", false },
        { "!", false },
        { "Kerberos,", false },
        { "Kerberos,,NTLM", false },
        { "!!NTLM", false },
        { "! !NTLM", false },
        { "!NTLM Kerberos", false },
        { "!NTLM !Kerberos", false },
        { "Kerberos NTLM", false },
        { "NTLM\r", false },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char why[128] = "";

        assert_int_equal(settings_take_option(*state, "packages", table[i].list, why, sizeof(why)),
                         table[i].good);
        assert_true(table[i].good || why[0]);
    }
}

/* "[policy web]" would be a second [policy], which overrides the first without a word. */
static void
test_settings_read__a_section_with_a_name__is_refused(void **state)
{
    static const char *const sections[] = { "server", "accounts", "policy", "kerberos" };

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        struct config_error error;
        char text[64];

        (void)snprintf(text, sizeof(text), "[%s web]\n", sections[i]);
        assert_false(read_text(*state, text, &error));
        assert_non_null(strstr(error.text, "without a name"));
        (void)snprintf(text, sizeof(text), "[%s]\n", sections[i]);
        assert_true(read_text(*state, text, &error));
    }
}

/* --- [kerberos] ---------------------------------------------------------------------------- */

static bool
read_kerberos(struct settings_text *t, const char *key, const char *value)
{
    struct config_error error;
    char text[512];

    (void)snprintf(text, sizeof(text), "[kerberos]\n%s = %s\n", key, value);
    return read_text(t, text, &error);
}

static void
test_settings_read__keys_of_kerberos__are_good_or_refused(void **state)
{
    static const struct {
        const char *key, *value;
        bool good;
    } table[] = {
        { "keytab", "FILE:/etc/krb5.keytab", true },
        { "keytab", "/etc/krb5.keytab", true },
        { "keytab", "krb5.keytab", false },
        { "keytab", "MEMORY:x", false },
        { "keytab", "", false },
        { "principal", "HTTP/web1.example.test", true },
        { "principal", "HTTP/web1.example.test@EXAMPLE.TEST", true },
        { "principal", "web1", false },
        { "principal", "HTTP/", false },
        { "principal", "/web1", false },
        { "principal", "HTTP/@EXAMPLE.TEST", false },
        { "principal", "HTTP/web1 HTTP/web2", false },
        { "clock_skew", "1", true },
        { "clock_skew", "3600", true },
        { "clock_skew", "0", false },
        { "clock_skew", "3601", false },
        { "pac", "verify", true },
        { "pac", "Required", true },
        { "pac", "ignore", true },
        { "pac", "yes", false },
        { "permitted_enctypes", "aes256-cts-hmac-sha1-96 aes128-cts", true },
        { "permitted_enctypes", "AES256-SHA2, rc4-hmac", true },
        { "permitted_enctypes", "des-cbc-crc", false },
        { "permitted_enctypes", "aes256", false },
        { "permitted_enctypes", "", false },
        { "permitted_enctypes", " , ", false },
        { "permitted_enctypes",
          "rc4-hmac rc4-hmac rc4-hmac rc4-hmac rc4-hmac rc4-hmac rc4-hmac rc4-hmac "
          "rc4-hmac",
          false },
        { "replay_cache", "process", true },
        { "replay_cache", "off", true },
        { "replay_cache", "shared:/run/opensspi/replay", true },
        { "replay_cache", "shared:replay", false },
        { "replay_cache", "shared:", false },
        { "replay_cache", "/run/opensspi/replay", false },
        { "replay_cache", "", false },
        { "replay_capacity", "1000", true },
        { "replay_capacity", "999", false },
        { "replay_capacity", "100000001", false },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        print_message("# %s = %s\n", table[i].key, table[i].value);
        assert_int_equal(read_kerberos(*state, table[i].key, table[i].value), table[i].good);
    }
}

static void
test_settings_compile__defaults_of_kerberos__are_the_safe_ones(void **state)
{
    struct settings s;
    struct ticket_options o;

    assert_int_equal(settings_compile(&s, *state), SEC_E_OK);
    assert_null(s.sec.kerberos.keytab);
    assert_null(s.sec.kerberos.principal);
    assert_int_equal(s.sec.kerberos.skew_100ns, 300 * UINT64_C(10000000));
    assert_int_equal(s.sec.kerberos.pac, SEC_PAC_VERIFY);
    assert_int_equal(s.sec.kerberos.n_enctypes, 0); /* as krb5.conf has it */
    settings_free(&s);
    o = settings_kerberos_options(*state);
    assert_int_equal(o.replay, TICKET_REPLAY_PROCESS);
    assert_null(o.keytab);
    assert_null(o.replay_file);
}

static void
test_settings_compile__what_kerberos_says__is_passed_on(void **state)
{
    struct settings_text copy;
    struct settings s;
    struct ticket_options o;

    assert_true(read_kerberos(*state, "permitted_enctypes", "rc4-hmac aes256-cts"));
    assert_true(read_kerberos(*state, "keytab", "/etc/a.keytab"));
    assert_true(read_kerberos(*state, "principal", "HTTP/web1"));
    assert_true(read_kerberos(*state, "clock_skew", "60"));
    assert_true(read_kerberos(*state, "pac", "required"));
    assert_true(read_kerberos(*state, "replay_cache", "shared:/run/r"));
    assert_int_equal(settings_copy(&copy, *state), SEC_E_OK);
    assert_int_equal(settings_compile(&s, &copy), SEC_E_OK);
    assert_string_equal(s.sec.kerberos.keytab, "/etc/a.keytab");
    assert_string_equal(s.sec.kerberos.principal, "HTTP/web1");
    assert_int_equal(s.sec.kerberos.skew_100ns, 60 * UINT64_C(10000000));
    assert_int_equal(s.sec.kerberos.pac, SEC_PAC_REQUIRED);
    assert_int_equal(s.sec.kerberos.n_enctypes, 2);
    assert_int_equal(s.sec.kerberos.enctypes[0], 23);
    assert_int_equal(s.sec.kerberos.enctypes[1], 18);
    o = settings_kerberos_options(&copy);
    assert_int_equal(o.replay, TICKET_REPLAY_SHARED);
    assert_string_equal(o.replay_file, "/run/r");
    assert_int_equal(o.n_enctypes, 2);
    settings_free(&s);
    settings_clear(&copy);
}

/* What one listener may have otherwise than another, and what all of a process share. */
static void
test_settings_take_option__keys_of_kerberos__are_a_credentials_or_the_processes(void **state)
{
    struct settings_text *t = *state;
    char why[128] = "";

    assert_true(settings_take_option(t, "keytab", "FILE:/etc/web.keytab", why, sizeof(why)));
    assert_string_equal(t->keytab, "FILE:/etc/web.keytab");
    assert_true(settings_take_option(t, "principal", "HTTP/web", why, sizeof(why)));
    assert_true(settings_take_option(t, "pac", "required", why, sizeof(why)));
    assert_int_equal(t->kerberos.pac, SEC_PAC_REQUIRED);
    assert_false(settings_take_option(t, "pac", "perhaps", why, sizeof(why)));
    assert_false(settings_take_option(t, "clock_skew", "60", why, sizeof(why)));
    assert_non_null(strstr(why, "[kerberos] alone"));
    assert_false(settings_take_option(t, "replay_cache", "off", why, sizeof(why)));
    assert_false(settings_take_option(t, "permitted_enctypes", "rc4-hmac", why, sizeof(why)));
    assert_false(settings_take_option(t, "computer", "WEB1", why, sizeof(why)));
    assert_false(settings_take_option(t, "keytap", "FILE:/x", why, sizeof(why)));
    assert_non_null(strstr(why, "did you mean \"keytab\"?"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_settings_take_option__a_list_of_packages__is_one_or_is_refused, make, clear),
        cmocka_unit_test_setup_teardown(test_settings_read__a_section_with_a_name__is_refused, make,
                                        clear),
        cmocka_unit_test_setup_teardown(test_settings_read__keys_of_kerberos__are_good_or_refused,
                                        make, clear),
        cmocka_unit_test_setup_teardown(
            test_settings_compile__defaults_of_kerberos__are_the_safe_ones, make, clear),
        cmocka_unit_test_setup_teardown(test_settings_compile__what_kerberos_says__is_passed_on,
                                        make, clear),
        cmocka_unit_test_setup_teardown(
            test_settings_take_option__keys_of_kerberos__are_a_credentials_or_the_processes, make,
            clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
