/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, from files and from a terminal; signals at a terminal are tests/system/test_prompt.py's. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/terminal.h"

static void
read_from(const void *text, size_t n, enum terminal_result wanted, const char *line)
{
    SEC_AUTO(secret) got = { 0 };
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, n), n);
    assert_int_equal(close(ends[1]), 0);
    assert_true(secret_set(&got, "before", 6));
    assert_int_equal(terminal_read_line(ends[0], &got), wanted);
    assert_int_equal(got.n, line ? strlen(line) : 0);
    if (line) {
        assert_memory_equal(got.p, line, got.n);
    }
    assert_int_equal(close(ends[0]), 0);
}

static void
test_read_line__what_files_hold(void **state)
{
    char long_line[TERMINAL_LINE_BYTES + 2];

    read_from("secret\nrest\n", 12, TERMINAL_DONE, "secret");
    read_from("secret\r\n", 8, TERMINAL_DONE, "secret");
    read_from("secret", 6, TERMINAL_DONE, "secret");
    read_from("", 0, TERMINAL_DONE, "");
    read_from("\n", 1, TERMINAL_DONE, "");
    read_from("a\0b\n", 4, TERMINAL_NUL, NULL);
    memset(long_line, 'x', sizeof(long_line));
    long_line[TERMINAL_LINE_BYTES] = 0;
    read_from(long_line, TERMINAL_LINE_BYTES, TERMINAL_DONE, long_line);
    long_line[TERMINAL_LINE_BYTES] = 'x';
    read_from(long_line, TERMINAL_LINE_BYTES + 1, TERMINAL_TOO_LONG, NULL);
}

static void
test_read_line__of_nothing__fails(void **state)
{
    SEC_AUTO(secret) got = { 0 };

    assert_int_equal(terminal_read_line(-1, &got), TERMINAL_FAILED);
}

static void
test_ask__at_what_is_no_terminal__is_refused(void **state)
{
    SEC_AUTO(secret) got = { 0 };
    int fd = open("/dev/null", O_RDWR);

    assert_int_equal(terminal_ask(fd, "Password: ", true, &got), TERMINAL_NONE);
    assert_int_equal(close(fd), 0);
    assert_int_equal(terminal_ask(-1, "Password: ", true, &got), TERMINAL_NONE);
}

/* An end of file, typed beforehand, is thrown away with the rest; one that hangs up is none. */
static void
test_ask__at_a_terminal_that_is_gone__fails(void **state)
{
    SEC_AUTO(secret) got = { 0 };
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

    assert_int_equal(grantpt(master) | unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(close(master), 0);
    assert_int_not_equal(terminal_ask(slave, "Password: ", true, &got), TERMINAL_DONE);
    assert_int_equal(got.n, 0);
    assert_int_equal(close(slave), 0);
}

static void
test_reason__each_has_one(void **state)
{
    for (int i = TERMINAL_NONE; i <= TERMINAL_NO_MEMORY; i++) {
        assert_true(terminal_reason((enum terminal_result)i)[0]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_line__what_files_hold),
        cmocka_unit_test(test_read_line__of_nothing__fails),
        cmocka_unit_test(test_ask__at_what_is_no_terminal__is_refused),
        cmocka_unit_test(test_ask__at_a_terminal_that_is_gone__fails),
        cmocka_unit_test(test_reason__each_has_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
