/* SPDX-License-Identifier: Apache-2.0 */
/* A file of whole lines: rotated, filled up, shared. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/file.h"

static char folder[] = "/tmp/test_event_file.XXXXXX";
static char path[64], moved[64];

static int
make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/e", folder);
    (void)snprintf(moved, sizeof(moved), "%s/e.1", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int
remove_files(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(moved);
    return 0;
}

static void
assert_holds(const char *file, const char *text)
{
    char got[256];
    int fd = open(file, O_RDONLY);
    ssize_t n;

    assert_true(fd >= 0);
    n = read(fd, got, sizeof(got) - 1);
    assert_true(n >= 0);
    got[n] = 0;
    assert_int_equal(close(fd), 0);
    assert_string_equal(got, text);
}

static bool
append(struct event_file *file, const char *line, int64_t second)
{
    return event_file_append(file, bytes_of_string(line), second);
}

static void
test_event_file_append__appends_with_mode_0640(void **state)
{
    struct event_file file = { .fd = -1 };
    struct stat st;
    mode_t before = umask(0);

    (void)state;
    assert_true(event_file_open(&file, path));
    assert_true(append(&file, "one\n", 1));
    event_file_close(&file);
    assert_true(event_file_open(&file, path));
    assert_true(append(&file, "two\n", 1));
    event_file_close(&file);
    assert_holds(path, "one\ntwo\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    (void)umask(before);
}

static void
test_event_file_append__rotation_is_noticed_in_a_second(void **state)
{
    struct event_file file = { .fd = -1 };

    (void)state;
    assert_true(event_file_open(&file, path));
    assert_true(append(&file, "one\n", 1));
    assert_int_equal(rename(path, moved), 0);
    assert_true(append(&file, "two\n", 1));
    assert_true(append(&file, "three\n", 2));
    assert_true(append(&file, "four\n", 2));
    assert_holds(moved, "one\ntwo\n");
    assert_holds(path, "three\nfour\n");
    assert_int_equal(unlink(path), 0);
    assert_true(append(&file, "five\n", 3));
    assert_holds(path, "five\n");
    event_file_close(&file);
}

static void
test_event_file_append__after_a_full_disk_a_line_of_its_own(void **state)
{
    struct event_file file = { .fd = -1 };
    const struct rlimit full = { 10, RLIM_INFINITY };
    struct rlimit before;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_true(event_file_open(&file, path));
    assert_true(append(&file, "one\n", 1));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    assert_false(append(&file, "two is long\n", 1));
    assert_true(file.torn);
    assert_false(append(&file, "three\n", 1));
    assert_int_equal(file.error, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(append(&file, "four\n", 1));
    assert_holds(path, "one\ntwo is\nfour\n");
    event_file_close(&file);
}

static void
test_event_file_open__no_folder_says_why(void **state)
{
    struct event_file file = { .fd = -1 };

    (void)state;
    assert_false(event_file_open(&file, "/nonexistent/e"));
    assert_int_equal(file.error, ENOENT);
    assert_false(append(&file, "x\n", 1));
}

static void
test_event_file_append__several_processes_whole_lines(void **state)
{
    enum { PROCESSES = 4, LINES = 500, LINE = 200 };
    static char got[PROCESSES * LINES * (LINE + 1) + 1];
    int fd;

    (void)state;
    for (int p = 0; p < PROCESSES; p++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            struct event_file file = { .fd = -1 };
            char line[LINE + 1];
            bool good = event_file_open(&file, path);

            for (int i = 0; i < LINE; i++) {
                line[i] = (char)('a' + p);
            }
            line[LINE] = '\n';
            for (int i = 0; i < LINES && good; i++) {
                good = event_file_append(&file, bytes_of(line, sizeof(line)), i);
            }
            _exit(good ? 0 : 1);
        }
    }
    for (int p = 0; p < PROCESSES; p++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, got, sizeof(got)), sizeof(got) - 1);
    assert_int_equal(close(fd), 0);
    for (size_t i = 0; i < PROCESSES * LINES; i++) {
        const char *line = got + i * (LINE + 1);

        assert_int_equal(line[LINE], '\n');
        assert_int_equal(strspn(line, (char[]){ line[0], 0 }), LINE);
    }
}

/* The process that wrote it may have been killed, or another one's disk was full. */
static void
test_event_file_append__after_anothers_cut_line_a_line_of_its_own(void **state)
{
    struct event_file file = { .fd = -1 };
    int other = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    (void)state;
    assert_int_equal(write(other, "cut", 3), 3);
    assert_true(event_file_open(&file, path));
    assert_true(append(&file, "one\n", 1));
    assert_int_equal(write(other, "again", 5), 5);
    assert_true(append(&file, "two\n", 2));
    assert_true(append(&file, "three\n", 3));
    assert_holds(path, "cut\none\nagain\ntwo\nthree\n");
    event_file_close(&file);
    assert_int_equal(close(other), 0);
}

static void
test_event_file_reopen__tells_where_the_old_one_went(void **state)
{
    struct event_file file = { .fd = -1 };

    (void)state;
    assert_true(event_file_open(&file, path));
    event_file_reopen(&file);
    assert_false(file.turned);
    assert_int_equal(rename(path, moved), 0);
    event_file_reopen(&file);
    assert_true(file.turned);
    assert_string_equal(file.moved_to, moved);
    assert_true(append(&file, "one\n", 1));
    assert_holds(path, "one\n");
    event_file_close(&file);
}

/* Root may come first to a file that a service shares with it. */
static void
test_open__root_in_anothers_folder__the_folders_owners(void **state)
{
    struct event_file file = { .fd = -1 };
    struct stat st;

    (void)state;
    if (geteuid() != 0) {
        return; /* who is not root cannot give anything away */
    }
    assert_int_equal(chown(folder, 65534, 65534), 0);
    assert_true(event_file_open(&file, path));
    assert_int_equal(fstat(file.fd, &st), 0);
    assert_int_equal(st.st_uid, 65534);
    event_file_close(&file);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(moved, path), 0);
    assert_false(event_file_open(&file, path));
    assert_int_equal(file.error, ELOOP);
    assert_int_equal(chown(folder, 0, 0), 0);
}

/* Its owner could have linked any file of root's there: to be written to, and, an empty one, to be his. */
static void
test_open__root_in_anothers_folder__no_file_that_has_two_names(void **state)
{
    struct event_file file = { .fd = -1 };
    struct stat st;

    (void)state;
    if (geteuid() != 0) {
        return;
    }
    assert_true(event_file_open(&file, moved));
    event_file_close(&file);
    assert_int_equal(link(moved, path), 0);
    assert_int_equal(chown(folder, 65534, 65534), 0);
    assert_false(event_file_open(&file, path));
    assert_int_equal(file.error, EMLINK);
    assert_int_equal(stat(moved, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(chown(folder, 0, 0), 0);
    assert_true(event_file_open(&file, path));
    event_file_close(&file);
}

#define TEST(f) cmocka_unit_test_teardown(f, remove_files)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_open__root_in_anothers_folder__the_folders_owners),
        TEST(test_open__root_in_anothers_folder__no_file_that_has_two_names),
        TEST(test_event_file_append__appends_with_mode_0640),
        TEST(test_event_file_append__rotation_is_noticed_in_a_second),
        TEST(test_event_file_append__after_a_full_disk_a_line_of_its_own),
        TEST(test_event_file_append__after_anothers_cut_line_a_line_of_its_own),
        TEST(test_event_file_reopen__tells_where_the_old_one_went),
        TEST(test_event_file_open__no_folder_says_why),
        TEST(test_event_file_append__several_processes_whole_lines),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
