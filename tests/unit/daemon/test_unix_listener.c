/* SPDX-License-Identifier: Apache-2.0 */
/* What stands where a socket is to be made: a socket that was left is taken away, and nothing else is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/unix_listener.h"

static char folder[] = "/tmp/opensspi-listener-XXXXXX", path[64];

static int
set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/opensspi-listener-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/socket", folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void
test_open__again_after_a_kill(void **state)
{
    char why[200] = "";
    int first, second;

    (void)state;
    assert_true(unix_listener_open(path, UNIX_LISTENER_EVERYBODY, &first, why, sizeof(why)));
    assert_false(unix_listener_open(path, UNIX_LISTENER_EVERYBODY, &second, why, sizeof(why)));
    assert_non_null(strstr(why, "another one listens there"));
    assert_int_equal(close(first), 0);
    assert_true(unix_listener_open(path, UNIX_LISTENER_EVERYBODY, &second, why, sizeof(why)));
    assert_int_equal(close(second), 0);
}

static void
test_open__a_file_is_there__it_stays(void **state)
{
    FILE *file = fopen(path, "w");
    char why[200] = "";
    struct stat st;
    int fd;

    (void)state;
    assert_non_null(file);
    assert_int_equal(fputs("accounts", file), 1);
    assert_int_equal(fclose(file), 0);
    assert_false(unix_listener_open(path, UNIX_LISTENER_EVERYBODY, &fd, why, sizeof(why)));
    assert_non_null(strstr(why, "no socket"));
    assert_false(unix_listener_clear(path, why, sizeof(why)));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 8);
}

static void
test_open__no_folder__is_told(void **state)
{
    char why[200] = "";
    int fd;

    (void)state;
    assert_true(unix_listener_clear(path, why, sizeof(why)));
    assert_false(
        unix_listener_open("/nonexistent/socket", UNIX_LISTENER_EVERYBODY, &fd, why, sizeof(why)));
    assert_string_equal(why, "the folder /nonexistent: No such file or directory");
    assert_false(unix_listener_clear("/nonexistent/socket", why, sizeof(why)));
    assert_string_equal(why, "the folder /nonexistent: No such file or directory");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open__again_after_a_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open__a_file_is_there__it_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open__no_folder__is_told, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
