/* SPDX-License-Identifier: Apache-2.0 */
/* opensspi-execd's part of the configuration: what is taken, and what each fault is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "execd/settings.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/settings_file.h"

#define HEAD "[execd]\nuser = root\n"
#define ID   HEAD "[exec id]\ncommand = /usr/bin/id -u\nusers = *\ntrust_sspid = yes\n"

/* The error without the file's name. */
static bool
read_text(const char *text, struct execd_settings *s, char *error, size_t error_n)
{
    struct config_error why = { 0 };
    bool good;

    settings_file_write(text);
    good = execd_settings_read(settings_file, s, &why);
    (void)snprintf(error, error_n, "%s", why.text + (good ? 0 : strlen(settings_file)));
    return good;
}

static void
test_read__little__defaults(void **state)
{
    struct execd_settings s;
    char error[512];
    const struct execd_command *c;

    (void)state;
    assert_true(read_text(ID, &s, error, sizeof(error)));
    assert_string_equal(s.socket, "/run/opensspi-execd/socket");
    assert_int_equal(s.user_id, 0);
    assert_int_equal(s.minimum_uid, 1000);
    assert_int_equal(s.max_commands, 256);
    assert_int_equal(s.max_per_user, 32);
    c = execd_settings_find(&s, bytes_of_string("id"));
    assert_non_null(c);
    assert_string_equal(c->argv[0], "/usr/bin/id");
    assert_string_equal(c->argv[1], "-u");
    assert_null(c->argv[2]);
    assert_true(c->everybody);
    assert_null(execd_settings_authority(&s));
    assert_null(c->users);
    assert_null(c->groups);
    assert_null(c->directory);
    assert_string_equal(c->path, "/usr/local/bin:/usr/bin:/bin");
    assert_int_equal(c->umask, 022);
    assert_int_equal(c->errors, EXECD_ERRORS_TO_LOG);
    assert_int_equal(c->grace_s, 5);
    assert_true(!c->cpu_s && !c->memory_mib && !c->processes && !c->files);
    assert_null(execd_settings_find(&s, bytes_of_string("i")));
    assert_null(execd_settings_find(&s, bytes_of("id\0", 3)));
    execd_settings_clear(&s);
}

static void
test_read__all_keys(void **state)
{
    struct execd_settings s;
    char error[512];
    const struct execd_command *c;

    (void)state;
    assert_true(read_text("[execd]\nsocket = /run/x\nuser = root\nminimum_uid = 500\n"
                          "max_commands = 9\nmax_per_user = 2\n"
                          "[accounts]\nstore = authority:/run/a\n"
                          "[exec a]\ncommand = /bin/a\nusers = u v\ngroups = g\n"
                          "directory = /srv\npath = /bin\nenvironment = A=1 \"B_2=x y\" C=\n"
                          "umask = 077\nerrors = stream\nhang_up_grace = 0\nmax_cpu_seconds = 1\n"
                          "max_memory = 2\nmax_processes = 3\nmax_files = 4\n"
                          "[exec b]\ncommand = /bin/b\ngroups = h\ndirectory = home\n"
                          "trust_sspid = yes\n",
                          &s, error, sizeof(error)));
    assert_int_equal(s.n_commands, 2);
    assert_string_equal(s.socket, "/run/x");
    assert_true(s.minimum_uid == 500 && s.max_commands == 9 && s.max_per_user == 2);
    c = &s.commands[0];
    assert_string_equal(execd_settings_authority(&s), "/run/a");
    assert_false(c->trusts_sspid);
    assert_true(s.commands[1].trusts_sspid);
    assert_false(c->everybody);
    assert_string_equal(c->users[1], "v");
    assert_string_equal(c->groups[0], "g");
    assert_string_equal(c->directory, "/srv");
    assert_string_equal(c->environment[1], "B_2=x y");
    assert_string_equal(c->environment[2], "C=");
    assert_int_equal(c->umask, 077);
    assert_int_equal(c->errors, EXECD_ERRORS_TO_STREAM);
    assert_true(c->grace_s == 0 && c->cpu_s == 1 && c->memory_mib == 2);
    assert_true(c->processes == 3 && c->files == 4);
    assert_null(s.commands[1].directory);
    execd_settings_clear(&s);
}

static const struct {
    const char *text, *error;
} faults[] = {
    { HEAD "[exec]\n", ":3: [exec]: expected [exec NAME], the name of letters, digits, \"_\", "
                       "\".\", \"-\"" },
    { HEAD "[exec a/b]\n", ":3: [exec a/b]: expected [exec NAME], the name of letters, digits, "
                           "\"_\", \".\", \"-\"" },
    { "[execd x]\n", ":1: [execd x]: expected [execd] without a name" },
    { HEAD "[exec a]\nusers = *\n", ":3: [exec a]: expected a key command = PATH ARGUMENT…" },
    { HEAD "[exec a]\ncommand = /bin/a\n",
      ":3: [exec a]: expected a key users or groups: who may run it" },
    { HEAD "[exec a]\ncommand = /bin/a\nusers = *\n",
      ":3: [exec a]: expected trust_sspid = yes, or [accounts] store = authority: and samd's "
      "socket: else nobody vouches for clients" },
    { HEAD "[exec a]\ncommand = id\n", ":4: [exec a] command: expected the program's path, from "
                                       "\"/\" on, and its arguments" },
    { HEAD "[exec a]\ncommand = /bin/a \"b\n",
      ":4: [exec a] command: expected words, and those in quotes up to the closing quote" },
    { HEAD "[exec a]\nenvironment = 1 A=2\n",
      ":4: [exec a] environment: expected NAME=VALUE, and more of them" },
    { HEAD "[exec a]\nenvironment = =2\n",
      ":4: [exec a] environment: expected NAME=VALUE, and more of them" },
    { HEAD "[exec a]\numask = 8\n",
      ":4: [exec a] umask: expected an octal number from 000 to 777" },
    { HEAD "[exec a]\numask = 1000\n",
      ":4: [exec a] umask: expected an octal number from 000 to 777" },
    { HEAD "[exec a]\nerrors = file\n", ":4: [exec a] errors: expected log or stream" },
    { HEAD "[exec a]\ndirectory = x\n",
      ":4: [exec a] directory: expected a path that begins with \"/\"" },
    { HEAD "[exec a]\nuser = x\n", ":4: [exec a] user: unknown key; did you mean \"users\"?" },
    { "[execd]\nminimum_uid = 0\n",
      ":2: [execd] minimum_uid: expected a number from 1 to 4294967294" },
    { "[execd]\nuser = nobody-of-that-name\n",
      ":2: [execd] user: there is no user nobody-of-that-name: make it, or name the one that "
      "sspid runs as" },
};

static void
test_read__faults(void **state)
{
    struct execd_settings s;
    char error[512];

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        assert_false(read_text(faults[i].text, &s, error, sizeof(error)));
        assert_string_equal(error, faults[i].error);
        assert_null(s.socket);
    }
}

static void
read_once(void *user, bool failing)
{
    struct config_error why;
    struct execd_settings s;
    bool good = execd_settings_read(settings_file, &s, &why);

    assert_true(good || failing);
    if (good) {
        execd_settings_clear(&s);
    } else {
        assert_true(why.text[0] != 0);
    }
    (void)user;
}

static void
test_read__without_memory(void **state)
{
    (void)state;
    settings_file_write(ID "environment = A=1\n");
    assert_true(alloc_fail_each(read_once, NULL) > 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__little__defaults),
        cmocka_unit_test(test_read__all_keys),
        cmocka_unit_test(test_read__faults),
        cmocka_unit_test(test_read__without_memory),
    };

    return cmocka_run_group_tests(tests, settings_file_make, settings_file_remove);
}
