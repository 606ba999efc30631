/* SPDX-License-Identifier: Apache-2.0 */
/* Files of what clients delegated: whose they are, and when they go. As who runs it: other users' are
 * tests/system/test_sspid_exec_delegated.py's. */
#include <fcntl.h>
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

#include "execd/credentials.h"

struct place {
    char parent[64], socket[80], folder[CREDENTIALS_PATH_BYTES];
};

static int
setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    (void)snprintf(p->parent, sizeof(p->parent), "/tmp/test-credentials-XXXXXX");
    assert_non_null(mkdtemp(p->parent));
    assert_int_equal(chown(p->parent, geteuid(), getegid()), 0);
    (void)snprintf(p->socket, sizeof(p->socket), "%s/socket", p->parent);
    assert_true(credentials_folder(p->socket, p->folder));
    (void)umask(0);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct place *p = *state;

    credentials_close(p->folder);
    assert_int_equal(rmdir(p->parent), 0); /* nothing is left */
    free(p);
    return 0;
}

static bool
is_there(const char *path)
{
    struct stat s;

    return lstat(path, &s) == 0;
}

static void
make(const struct place *p, pid_t session, char path[static CREDENTIALS_PATH_BYTES])
{
    assert_true(credentials_path(p->folder, session, path));
    assert_true(credentials_write(path, geteuid(), bytes_of("secret", 6)));
}

static void
test_credentials_open__others_pass_through_and_no_more(void **state)
{
    const struct place *p = *state;
    struct stat s;

    for (int i = 0; i < 2; i++) {
        assert_true(credentials_open(p->folder));
        assert_int_equal(stat(p->folder, &s), 0);
        assert_int_equal(s.st_mode & 07777, 01731);
        assert_int_equal(s.st_uid, geteuid());
        assert_int_equal(s.st_gid, getegid());
    }
}

static void
test_credentials_open__what_is_no_folder_is_refused(void **state)
{
    const struct place *p = *state;

    assert_int_equal(symlink("/tmp", p->folder), 0);
    assert_false(credentials_open(p->folder));
    assert_int_equal(unlink(p->folder), 0);
}

static void
test_credentials_write__the_users_alone(void **state)
{
    const struct place *p = *state;
    char path[CREDENTIALS_PATH_BYTES], other[CREDENTIALS_PATH_BYTES], read_back[16];
    struct stat s;
    int fd;

    assert_true(credentials_open(p->folder));
    make(p, 7, path);
    assert_true(credentials_path(p->folder, 7, other));
    assert_string_not_equal(path, other);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    assert_int_equal(s.st_uid, geteuid());
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, read_back, sizeof(read_back)), 6);
    assert_memory_equal(read_back, "secret", 6);
    (void)close(fd);
}

static void
test_credentials_write__what_is_there_is_not_taken(void **state)
{
    const struct place *p = *state;
    char path[CREDENTIALS_PATH_BYTES];

    assert_true(credentials_open(p->folder));
    make(p, 7, path);
    assert_false(credentials_write(path, geteuid(), bytes_of("other", 5)));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_false(credentials_write(path, geteuid(), bytes_of("other", 5)));
}

static void
test_credentials__what_is_left_is_swept(void **state)
{
    const struct place *p = *state;
    char seven[CREDENTIALS_PATH_BYTES], again[CREDENTIALS_PATH_BYTES];
    char seventy[CREDENTIALS_PATH_BYTES];

    assert_true(credentials_open(p->folder));
    make(p, 7, seven);
    make(p, 7, again);
    make(p, 70, seventy);
    credentials_sweep(p->folder, 7);
    assert_false(is_there(seven) || is_there(again));
    assert_true(is_there(seventy));
    assert_true(credentials_open(p->folder));
    assert_false(is_there(seventy));
    make(p, 7, seven);
    credentials_close(p->folder);
    assert_false(is_there(p->folder));
}

static void
test_credentials_folder__too_long(void **state)
{
    char socket[200], folder[CREDENTIALS_PATH_BYTES], path[CREDENTIALS_PATH_BYTES];

    (void)state;
    memset(socket, 'a', sizeof(socket));
    socket[107] = 0; /* as long as a socket's can be */
    assert_true(credentials_folder(socket, folder));
    assert_true(credentials_path(folder, 2147483647, path));
    socket[107] = 'a';
    socket[199] = 0;
    assert_false(credentials_folder(socket, folder));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_credentials_open__others_pass_through_and_no_more,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_credentials_open__what_is_no_folder_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_credentials_write__the_users_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_credentials_write__what_is_there_is_not_taken, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_credentials__what_is_left_is_swept, setup, teardown),
        cmocka_unit_test(test_credentials_folder__too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
