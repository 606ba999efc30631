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

#include "sspi/settings.h"

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
test_settings_take_policy__a_list_of_packages__is_one_or_is_refused(void **state)
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

        assert_int_equal(settings_take_policy(*state, "packages", table[i].list, why, sizeof(why)),
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_settings_take_policy__a_list_of_packages__is_one_or_is_refused, make, clear),
        cmocka_unit_test_setup_teardown(test_settings_read__a_section_with_a_name__is_refused, make,
                                        clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
