/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files of serial devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "ras/error_name.h"
#include "ras/tty_lock.h"

static char folder[] = "/tmp/test_tty_lock.XXXXXX";
static char path[TTY_LOCK_BYTES], file[128], why[256];

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    (void)remove(file);
    return rmdir(folder);
}

static void
write_file(const char *name, const char *text)
{
    FILE *f;

    (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
    f = fopen(file, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

static void
test_take__nobody_has_it__ours_until_dropped(void **state)
{
    char text[32] = "", wanted[64];
    FILE *f;

    (void)state;
    assert_true(tty_lock_take(folder, "/dev/ttyS7", path, why, sizeof(why)));
    (void)snprintf(wanted, sizeof(wanted), "%s/LCK..ttyS7", folder);
    assert_string_equal(path, wanted);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    (void)fclose(f);
    (void)snprintf(wanted, sizeof(wanted), "%10d\n", (int)getpid());
    assert_string_equal(text, wanted);
    tty_lock_drop(path);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void
test_take__a_living_process_has_it__refused(void **state)
{
    char text[32];

    (void)state;
    (void)snprintf(text, sizeof(text), "%10d\n", (int)getppid());
    write_file("LCK..pts_3", text);
    assert_false(tty_lock_take(folder, "/dev/pts/3", path, why, sizeof(why)));
    assert_non_null(strstr(why, "has the device"));
    tty_lock_drop(path); /* is not ours */
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(unlink(file), 0);
}

static void
test_take__what_a_dead_process_left__taken_over(void **state)
{
    static const char *const left[] = { "   4194305\n", "", "nonsense", "-5\n", "0\n" };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(left); i++) {
        write_file("LCK..ttyS8", left[i]);
        assert_true(tty_lock_take(folder, "/dev/ttyS8", path, why, sizeof(why)));
        tty_lock_drop(path);
    }
}

static void
test_take__no_folder__no_lock(void **state)
{
    (void)state;
    assert_true(tty_lock_take("/nonexistent", "/dev/ttyS8", path, why, sizeof(why)));
    assert_string_equal(path, "");
    tty_lock_drop(path);
}

static void
test_error_name__some(void **state)
{
    (void)state;
    assert_string_equal(error_name(0), "SUCCESS");
    assert_string_equal(error_name(600), "PENDING");
    assert_string_equal(error_name(619), "ERROR_PORT_DISCONNECTED");
    assert_string_equal(error_name(763), "ERROR_CANNOT_SHARE_CONNECTION");
    assert_null(error_name(599));
    assert_null(error_name(5));
    assert_null(error_name(100000));
    assert_null(error_name(UINT32_MAX));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take__nobody_has_it__ours_until_dropped),
        cmocka_unit_test(test_take__a_living_process_has_it__refused),
        cmocka_unit_test(test_take__what_a_dead_process_left__taken_over),
        cmocka_unit_test(test_take__no_folder__no_lock),
        cmocka_unit_test(test_error_name__some),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
