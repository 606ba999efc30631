/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: what is taken, and what each fault is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/config.h"

struct taken {
    char text[8192]; /* "[section|instance]" and "key=value", a line each */
};

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    static const char *const sections[] = { "server", "policy", "listener", NULL };
    struct taken *t = user;
    size_t n = strlen(t->text);
    unsigned long number;

    if (!e->key) {
        (void)snprintf(t->text + n, sizeof(t->text) - n, "[%s|%s]@%u\n", e->section, e->instance,
                       e->line);
        for (size_t i = 0; sections[i]; i++) {
            if (strcmp(sections[i], e->section) == 0) {
                return true;
            }
        }
        return config_unknown("section", e->section, sections, why, why_n);
    }
    (void)snprintf(t->text + n, sizeof(t->text) - n, "%s=%s@%u\n", e->key, e->value, e->line);
    return strcmp(e->key, "number") != 0 || config_number(e->value, 1, 600, &number, why, why_n);
}

static bool
read_text(const void *text, size_t n, struct taken *t, struct config_error *error)
{
    char file[] = "/tmp/test_config.XXXXXX";
    int fd = mkstemp(file);
    bool good;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    assert_int_equal(close(fd), 0);
    t->text[0] = 0;
    good = config_read(file, take, t, error);
    assert_int_equal(unlink(file), 0);
    if (!good && strncmp(error->text, file, strlen(file)) == 0) {
        memmove(error->text, error->text + strlen(file), strlen(error->text + strlen(file)) + 1);
    }
    return good;
}

static void
test_config_read__good_files_every_entry(void **state)
{
    static const struct {
        const char *text, *taken;
    } rows[] = {
        { "", "" },
        { "[server]\n", "[server|]@1\n" },
        { "[server]", "[server|]@1\n" },
        { "# c\n; c\n\n  # c\n[ server ] ; c\nname = WEB1\n", "[server|]@5\nname=WEB1@6\n" },
        { "[listener a b]\nx=1\n[listener c]\nx=2\n",
          "[listener|a b]@1\nx=1@2\n[listener|c]@3\nx=2@4\n" },
        { "[server]\r\na = b c \r\n", "[server|]@1\na=b c@2\n" },
        { "[server]\na = b ; comment\nb = c;d\nc = d # e\n",
          "[server|]@1\na=b@2\nb=c;d@3\nc=d # e@4\n" },
        { "\xEF\xBB\xBF[server]\na=\n", "[server|]@1\na=@2\n" },
        { "[server]\na = http://x=y:z\nb\t=\tc", "[server|]@1\na=http://x=y:z@2\nb=c@3\n" },
        { "[server]\nnumber = 600\n", "[server|]@1\nnumber=600@2\n" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct taken t;
        struct config_error error;

        assert_true(read_text(rows[i].text, strlen(rows[i].text), &t, &error));
        assert_string_equal(error.text, "");
        assert_string_equal(t.text, rows[i].taken);
    }
}

static void
test_config_read__each_fault_names_line_and_cause(void **state)
{
    static const char nul[] = "[server]\na = b\0c\n";
    static const struct {
        const char *text;
        size_t n;
        const char *error;
    } rows[] = {
        { "a = b\n", 0, ":1: expected a \"[section]\" before the first key" },
        { "[server\n", 0, ":1: expected \"]\" at the end of a section's name" },
        { "[]\n", 0, ":1: expected a section's name of 1 to 49 bytes" },
        { "[  ]\n", 0, ":1: expected a section's name of 1 to 49 bytes" },
        { "[listener 01234567890123456789012345678901234567890]\n", 0,
          ":1: expected a section's name of 1 to 49 bytes" },
        { "[server] name = x\n", 0, ":1: expected the end of the line after a section's \"]\"" },
        { "[servr]\n", 0, ":1: [servr]: unknown section; did you mean \"server\"?" },
        { "[anything]\n", 0, ":1: [anything]: unknown section" },
        { "\n[server]\na = b\n  c\n", 0,
          ":4: [server]: expected no blanks before a section or key; there are no continued "
          "lines" },
        { "[server]\na = 1\nb = 2\nA = 3\n", 0,
          ":4: [server] A: stands here a second time; the first is line 2" },
        { "[server]\na = 1\n[policy]\na = 1\n[server]\n", 0,
          ":5: [server]: stands here a second time; the first is line 1" },
        { "[listener x]\n[listener  x ]\n", 0,
          ":2: [listener x]: stands here a second time; the first is line 1" },
        { "[server]\nnonsense\n", 0,
          ":2: [server]: expected \"key = value\", \"[section]\" or a comment" },
        { "[server]\na : b\n", 0,
          ":2: [server]: expected \"key = value\", \"[section]\" or a comment" },
        { "[server]\n= b\n", 0,
          ":2: [server]: expected \"key = value\", \"[section]\" or a comment" },
        { nul, sizeof(nul) - 1,
          ":2: [server]: expected text; there is a control character or a NUL byte" },
        { "[server]\na = \x1b[31m\n", 0,
          ":2: [server]: expected text; there is a control character or a NUL byte" },
        { "[listener x]\nnumber = 601\n", 0,
          ":2: [listener x] number: expected a number from 1 to 600" },
        { "[listener x]\nnumber = 60 # seconds\n", 0,
          ":2: [listener x] number: expected a number from 1 to 600; a comment behind a value "
          "begins with a semicolon" },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct taken t;
        struct config_error error;

        assert_false(
            read_text(rows[i].text, rows[i].n ? rows[i].n : strlen(rows[i].text), &t, &error));
        assert_string_equal(error.text, rows[i].error);
    }
}

static void
test_config_read__long_lines_to_the_limit(void **state)
{
    static char text[8192];
    struct taken t;
    struct config_error error;

    (void)state;
#ifdef HAVE_INI_MAX_LINE
    (void)snprintf(text, sizeof(text), "[server]\na = %0*d\n", 4000, 7);
    assert_true(read_text(text, strlen(text), &t, &error));
    assert_int_equal(strlen(t.text), strlen("[server|]@1\na=@2\n") + 4000);
#endif
    (void)snprintf(text, sizeof(text), "[server]\na = %0*d\n", 5000, 7);
    assert_false(read_text(text, strlen(text), &t, &error));
    assert_non_null(strstr(error.text, ":2: [server]: expected a line of at most"));
}

static void
test_config_read__no_file_or_a_folder_says_so(void **state)
{
    struct taken t = { "" };
    struct config_error error;

    (void)state;
    assert_false(config_read("/nonexistent/opensspi.conf", take, &t, &error));
    assert_string_equal(error.text,
                        "/nonexistent/opensspi.conf: cannot be opened: No such file or directory");
    assert_false(config_read("/", take, &t, &error));
    assert_string_equal(error.text, "/:1: cannot be read: Is a directory");
}

static void
test_config_default_file__environment_first(void **state)
{
    (void)state;
    assert_int_equal(setenv("OPENSSPI_CONFIG", "/x/y.conf", 1), 0);
    assert_string_equal(config_default_file(), "/x/y.conf");
    assert_int_equal(setenv("OPENSSPI_CONFIG", "", 1), 0);
    assert_string_equal(config_default_file(), "/etc/opensspi/opensspi.conf");
    assert_int_equal(unsetenv("OPENSSPI_CONFIG"), 0);
    assert_string_equal(config_default_file(), "/etc/opensspi/opensspi.conf");
}

static void
test_config_number__only_digits_within_bounds(void **state)
{
    static const char *const bad[] = {
        "", " 5", "5 ", "+5", "-5", "0x5", "5s", "0", "11", "1.5", "99999999999999999999999"
    };
    unsigned long n = 0;
    char why[64];

    (void)state;
    assert_true(config_number("1", 1, 10, &n, why, sizeof(why)));
    assert_int_equal(n, 1);
    assert_true(config_number("010", 1, 10, &n, why, sizeof(why)));
    assert_int_equal(n, 10);
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        assert_false(config_number(bad[i], 1, 10, &n, why, sizeof(why)));
        assert_string_equal(why, "a number from 1 to 10");
    }
}

static void
test_config_choice__without_case_or_names_all(void **state)
{
    static const char *const choices[] = { "off", "allow-missing", "required", NULL };
    int i = -1;
    bool flag = false;
    char why[64];

    (void)state;
    assert_true(config_choice("Allow-Missing", choices, &i, why, sizeof(why)));
    assert_int_equal(i, 1);
    assert_false(config_choice("allow", choices, &i, why, sizeof(why)));
    assert_string_equal(why, "off, allow-missing or required");
    assert_true(config_flag("Yes", &flag, why, sizeof(why)) && flag);
    assert_true(config_flag("off", &flag, why, sizeof(why)) && !flag);
    assert_false(config_flag("maybe", &flag, why, sizeof(why)));
    assert_string_equal(why, "yes or no");
}

static void
test_config_unknown__nearest_or_none(void **state)
{
    static const char *const known[] = { "lockout_threshold", "lockout_minutes", "spn", NULL };
    char why[96];

    (void)state;
    assert_false(config_unknown("key", "lockout_treshold", known, why, sizeof(why)));
    assert_string_equal(why, "unknown key; did you mean \"lockout_threshold\"?");
    assert_false(config_unknown("key", "xyz", known, why, sizeof(why)));
    assert_string_equal(why, "unknown key");
    assert_false(config_unknown("key", "spns", known, why, sizeof(why)));
    assert_string_equal(why, "unknown key; did you mean \"spn\"?");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_read__good_files_every_entry),
        cmocka_unit_test(test_config_read__each_fault_names_line_and_cause),
        cmocka_unit_test(test_config_read__long_lines_to_the_limit),
        cmocka_unit_test(test_config_read__no_file_or_a_folder_says_so),
        cmocka_unit_test(test_config_default_file__environment_first),
        cmocka_unit_test(test_config_number__only_digits_within_bounds),
        cmocka_unit_test(test_config_choice__without_case_or_names_all),
        cmocka_unit_test(test_config_unknown__nearest_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
