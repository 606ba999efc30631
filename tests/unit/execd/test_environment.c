/* SPDX-License-Identifier: Apache-2.0 */
/* A command's environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "execd/environment.h"
#include "tests/support/alloc_fail.h"

static char *more[] = { (char[]){ "LANG=C" }, NULL };
static const struct execd_command command = { .name = (char *)"id",
                                              .path = (char *)"/bin",
                                              .environment = more };
static const struct unix_account account = { .name = "alice", .home = "/home/a", .shell = "" };

static struct exec_msg
start_of(const char *user)
{
    return (struct exec_msg){ .type = EXEC_MSG_START,
                              .port = 7,
                              .user = bytes_of_string(user),
                              .domain = bytes_of_string("WG1"),
                              .package = bytes_of_string("NTLM") };
}

static void
assert_environment(char **found, const char *const *expected)
{
    size_t i = 0;

    assert_non_null(found);
    for (; expected[i]; i++) {
        assert_non_null(found[i]);
        assert_string_equal(found[i], expected[i]);
    }
    assert_null(found[i]);
    mem_free(found);
}

static void
test_environment__what_is_known_and_what_is_configured(void **state)
{
    static const char *const expected[] = { "USER=alice",
                                            "LOGNAME=alice",
                                            "HOME=/home/a",
                                            "PATH=/bin",
                                            "OPENSSPI_COMMAND=id",
                                            "OPENSSPI_USER=alice",
                                            "OPENSSPI_DOMAIN=WG1",
                                            "OPENSSPI_PACKAGE=NTLM",
                                            "REMOTE_PORT=7",
                                            "LANG=C",
                                            NULL };
    const struct exec_msg start = start_of("alice");

    (void)state;
    assert_environment(environment_new(&command, &account, &start, ""), expected);
}

static void
test_environment__what_was_delegated_takes_the_place_of_what_is_configured(void **state)
{
    char cache[] = "KRB5CCNAME=DIR:/x", other[] = "KRB5CCNAMES=y";
    char *configured[] = { cache, other, NULL };
    static const char *const without[] = { "USER=alice",
                                           "LOGNAME=alice",
                                           "HOME=/home/a",
                                           "OPENSSPI_COMMAND=id",
                                           "OPENSSPI_USER=a",
                                           "OPENSSPI_DOMAIN=WG1",
                                           "OPENSSPI_PACKAGE=NTLM",
                                           "REMOTE_PORT=7",
                                           "KRB5CCNAME=DIR:/x",
                                           "KRB5CCNAMES=y",
                                           NULL };
    static const char *const with[] = { "USER=alice",
                                        "LOGNAME=alice",
                                        "HOME=/home/a",
                                        "OPENSSPI_COMMAND=id",
                                        "OPENSSPI_USER=a",
                                        "OPENSSPI_DOMAIN=WG1",
                                        "OPENSSPI_PACKAGE=NTLM",
                                        "REMOTE_PORT=7",
                                        "KRB5CCNAME=FILE:/run/c/1.x",
                                        "KRB5CCNAMES=y",
                                        NULL };
    const struct execd_command own = { .name = (char *)"id", .environment = configured };
    const struct exec_msg start = start_of("a");

    (void)state;
    assert_environment(environment_new(&own, &account, &start, ""), without);
    assert_environment(environment_new(&own, &account, &start, "/run/c/1.x"), with);
}

/* A variable of two lines has fooled more than one reader. */
static void
test_environment__control_characters_of_a_client__no_variable(void **state)
{
    static const char *const expected[] = { "USER=alice",
                                            "LOGNAME=alice",
                                            "HOME=/home/a",
                                            "PATH=/bin",
                                            "OPENSSPI_COMMAND=id",
                                            "OPENSSPI_DOMAIN=WG1",
                                            "OPENSSPI_PACKAGE=NTLM",
                                            "REMOTE_PORT=7",
                                            "LANG=C",
                                            NULL };
    static const char *const users[] = { "a\nPATH=/tmp", "a\x7f", "\x1b[2J", "" };

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        const struct exec_msg start = start_of(users[i]);

        assert_environment(environment_new(&command, &account, &start, ""), expected);
    }
}

static void
make_once(void *user, bool failing)
{
    const struct exec_msg start = start_of("alice");
    char **made = environment_new(&command, &account, &start, "/run/c/1.x");

    assert_true(made || failing);
    mem_free(made);
    (void)user;
}

static void
test_environment__without_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(make_once, NULL) > 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment__what_is_known_and_what_is_configured),
        cmocka_unit_test(test_environment__control_characters_of_a_client__no_variable),
        cmocka_unit_test(
            test_environment__what_was_delegated_takes_the_place_of_what_is_configured),
        cmocka_unit_test(test_environment__without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
