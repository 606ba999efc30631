/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file of a test's own: made before all tests, written anew for each text. */
#ifndef TESTS_SUPPORT_SETTINGS_FILE_H
#define TESTS_SUPPORT_SETTINGS_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char settings_file[] = "/tmp/opensspi-settings-XXXXXX";

static inline int
settings_file_make(void **state)
{
    int fd = mkstemp(settings_file);

    return fd < 0 ? -1 : close(fd);
}

static inline int
settings_file_remove(void **state)
{
    return unlink(settings_file);
}

static inline void
settings_file_write(const char *text)
{
    FILE *file = fopen(settings_file, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#endif
