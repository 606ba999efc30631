/* SPDX-License-Identifier: Apache-2.0 */
/* Whose files are trusted, and by which way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "base/trusted_file.h"

static char folder[] = "/tmp/test_trusted_file.XXXXXX";
static char file[128], link_name[128], why[512];

static int
make_folder(void **state)
{
    return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
    return rmdir(folder);
}

static void
write_file(const char *name)
{
    FILE *f;

    (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
    f = fopen(file, "w");
    assert_non_null(f);
    (void)fputs("x", f);
    (void)fclose(f);
}

static void
link_to(const char *target)
{
    (void)snprintf(link_name, sizeof(link_name), "%s/link.so", folder);
    assert_int_equal(symlink(target, link_name), 0);
}

static void
refused(const char *path, const char *reason)
{
    assert_false(trusted_file_check(path, why, sizeof(why)));
    if (!strstr(why, reason)) {
        fail_msg("%s: %s", path, why);
    }
}

/* /tmp is sticky: what is in it is its owner's. */
static void
test_check__modes__who_could_change_it(void **state)
{
    static const struct {
        mode_t file, folder;
        bool good;
    } modes[] = {
        { 0644, 0755, true },  { 0600, 0700, true },
        { 0664, 0755, false }, { 0646, 0755, false },
        { 0644, 0775, false }, { 0644, 0757, false },
        { 0644, 01777, true }, { 01666, 0755, false } /* a sticky file is no folder */,
    };

    write_file("module.so");
    for (size_t i = 0; i < SEC_ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(file, modes[i].file), 0);
        assert_int_equal(chmod(folder, modes[i].folder), 0);
        assert_int_equal(trusted_file_check(file, why, sizeof(why)), modes[i].good);
    }
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(unlink(file), 0);
}

static void
test_check__what_is_no_file__refused(void **state)
{
    char fifo[128], behind[160];

    write_file("module.so");
    refused(folder, "no regular file");
    refused("/nonexistent.so", "/nonexistent.so: No such file");
    refused("/usr/nonexistent/module.so", "/usr/nonexistent: No such file");
    refused("module.so", "absolute");
    refused("", "absolute");
    (void)snprintf(behind, sizeof(behind), "%s/", file);
    refused(behind, "no folder");
    (void)snprintf(behind, sizeof(behind), "%s/x", file);
    refused(behind, "no folder");
    (void)snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refused(fifo, "no regular file"); /* and waits for nobody */
    refused("/dev/null", "");
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(unlink(file), 0);
}

/* A link is what it points to. */
static void
test_check__a_link__its_target_counts(void **state)
{
    write_file("target.so");
    link_to(file);
    assert_true(trusted_file_check(link_name, why, sizeof(why)));
    assert_int_equal(chmod(file, 0666), 0);
    refused(link_name, "target.so");
    assert_int_equal(unlink(link_name), 0);
    link_to("target.so"); /* relative */
    refused(link_name, "target.so");
    assert_int_equal(chmod(file, 0644), 0);
    assert_true(trusted_file_check(link_name, why, sizeof(why)));
    assert_int_equal(unlink(link_name), 0);
    link_to("link.so");
    refused(link_name, "symbolic links");
    assert_int_equal(unlink(link_name), 0);
    assert_int_equal(unlink(file), 0);
}

/* The folder that a link stands in counts as much as the one that it leads to. */
static void
test_check__a_link_in_a_folder_of_others__refused(void **state)
{
    char inner[128], within[160], up[192];

    write_file("target.so");
    (void)snprintf(inner, sizeof(inner), "%s/open", folder);
    assert_int_equal(mkdir(inner, 0755), 0);
    (void)snprintf(within, sizeof(within), "%s/link.so", inner);
    assert_int_equal(symlink("../target.so", within), 0);
    assert_true(trusted_file_check(within, why, sizeof(why)));
    assert_int_equal(chmod(inner, 0777), 0);
    refused(within, "open can be written by others");
    (void)snprintf(up, sizeof(up), "%s/../target.so", inner);
    refused(up, "open can be written by others");
    assert_int_equal(unlink(within), 0);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(unlink(file), 0);
}

static void
test_open__a_good_file__is_that_file(void **state)
{
    struct stat named, opened;
    int fd;

    write_file("module.so");
    fd = trusted_file_open(file, why, sizeof(why));
    assert_true(fd >= 0);
    assert_int_equal(stat(file, &named), 0);
    assert_int_equal(fstat(fd, &opened), 0);
    assert_int_equal(named.st_ino, opened.st_ino);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(file), 0);
}

enum { SOMEBODY = 12345, NOBODY = 65534 };

/* What only root can stage: files of others; a thread that acts as their owner trusts them no more. */
static void
test_check__files_of_others__refused(void **state)
{
    if (geteuid() != 0) {
        return;
    }
    write_file("module.so");
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chown(file, SOMEBODY, 0), 0);
    refused(file, "belongs to user 12345");
    assert_int_equal(syscall(SYS_setresuid, -1, SOMEBODY, -1), 0);
    refused(file, "belongs to user 12345");
    assert_int_equal(syscall(SYS_setresuid, -1, 0, -1), 0);
    assert_int_equal(chown(file, 0, 0), 0);
    assert_int_equal(syscall(SYS_setresuid, -1, SOMEBODY, -1), 0);
    assert_true(trusted_file_check(file, why, sizeof(why)));
    assert_int_equal(syscall(SYS_setresuid, -1, 0, -1), 0);
    link_to(file);
    assert_int_equal(lchown(link_name, NOBODY, 0), 0);
    refused(link_name, "belongs to user 65534");
    assert_int_equal(unlink(link_name), 0);
    assert_int_equal(unlink(file), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__modes__who_could_change_it),
        cmocka_unit_test(test_check__what_is_no_file__refused),
        cmocka_unit_test(test_check__a_link__its_target_counts),
        cmocka_unit_test(test_check__a_link_in_a_folder_of_others__refused),
        cmocka_unit_test(test_open__a_good_file__is_that_file),
        cmocka_unit_test(test_check__files_of_others__refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
