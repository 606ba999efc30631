/* SPDX-License-Identifier: Apache-2.0 */
/* Which line a value is told to stand in. */
#include "base/config_place.h"

#include <string.h>

#include "base/bytes.h"
#include "tests/support/settings_file.h"

/* The error without the file's name. */
static const char *
fail_at(const char *file, const char *section, const char *key)
{
    static struct config_error error;

    error = (struct config_error){ .no_memory = true };
    config_place_fail(&error, file, section, key, "there is no user %s", "alice");
    assert_false(error.no_memory);
    assert_memory_equal(error.text, file, strlen(file));
    return error.text + strlen(file);
}

static void
test_fail__line_of_the_key(void **state)
{
    (void)state;
    settings_file_write(
        "# first\n[other]\nuser = a\n\n[samd]\ngroup = b\nUser = c\n[last]\nuser = d\n");
    assert_string_equal(fail_at(settings_file, "samd", "user"),
                        ":7: [samd] user: there is no user alice");
    assert_string_equal(fail_at(settings_file, "samd", "group"),
                        ":6: [samd] group: there is no user alice");
    assert_string_equal(fail_at(settings_file, "samd", "administrators"),
                        ": [samd] administrators: there is no user alice");
}

static void
test_fail__a_file_that_is_gone(void **state)
{
    (void)state;
    assert_string_equal(fail_at("/nonexistent/file", "samd", "user"),
                        ": [samd] user: there is no user alice");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail__line_of_the_key),
        cmocka_unit_test(test_fail__a_file_that_is_gone),
    };

    return cmocka_run_group_tests(tests, settings_file_make, settings_file_remove);
}
