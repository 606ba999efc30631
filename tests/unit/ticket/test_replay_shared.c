/* SPDX-License-Identifier: Apache-2.0 */
/* The replay cache in a file: between processes, over their ends, and what it must not be. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ticket/replay.h"

#define START  UINT64_C(132038640000000000)
#define SECOND CLOCK_SECOND_100NS
#define SKEW   (300 * SECOND)

enum { CAPACITY = 1000 };

static const struct replay_options usual = { CAPACITY, SKEW, START };

struct fixture {
    char folder[64], path[128];
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/opensspi-replay-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/cache", f->folder);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static struct replay *
must_open(const struct fixture *f)
{
    struct replay *r = NULL;

    assert_int_equal(replay_shared_open(f->path, &usual, &r), SEC_E_OK);
    return r;
}

static void
must_refuse(const struct fixture *f, const struct replay_options *options, const char *why)
{
    struct replay *r = NULL;

    assert_true(sec_failed(replay_shared_open(f->path, options, &r)));
    assert_null(r);
    if (!strstr(sec_reason(), why)) {
        fail_msg("\"%s\" has no \"%s\"", sec_reason(), why);
    }
}

static enum ticket_replay_verdict
check(struct replay *r, uint64_t name, uint64_t ctime)
{
    uint8_t hash[TICKET_REPLAY_HASH_BYTES] = { 0 };

    memcpy(hash, &name, sizeof(name));
    return replay_check(r, hash, ctime, START);
}

static void
test_open__makes_a_file_for_its_owner_alone(void **state)
{
    const struct fixture *f = *state;
    struct replay *r = must_open(f);
    struct stat st;

    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(st.st_blocks * 512 >= st.st_size); /* no page that a full disk could deny */
    replay_close(r);
}

static void
test_check__through_two_openings__is_one_memory(void **state)
{
    struct replay *one = must_open(*state), *two = must_open(*state);

    assert_int_equal(check(one, 1, START), TICKET_FRESH);
    assert_int_equal(check(two, 1, START), TICKET_REPLAYED);
    assert_int_equal(check(two, 2, START), TICKET_FRESH);
    replay_close(one);
    assert_int_equal(check(two, 1, START), TICKET_REPLAYED);
    replay_close(two);
}

/* Nobody could take anything in between, so nothing is unknown. */
static void
test_open__after_all_have_closed__remembers_and_knows_since_when(void **state)
{
    const struct fixture *f = *state;
    struct replay *r = must_open(f);
    struct replay_options later = { CAPACITY, SKEW, START + 60 * SECOND };

    assert_int_equal(check(r, 1, START), TICKET_FRESH);
    replay_close(r);
    assert_int_equal(replay_shared_open(f->path, &later, &r), SEC_E_OK);
    assert_int_equal(check(r, 1, START), TICKET_REPLAYED);
    assert_int_equal(check(r, 2, START), TICKET_FRESH);
    assert_int_equal(check(r, 3, START - 1), TICKET_BEFORE_START);
    replay_close(r);
}

static void
test_open__with_other_options__begins_anew_only_where_nobody_else_is(void **state)
{
    const struct fixture *f = *state;
    const struct replay_options others[] = {
        { 2 * CAPACITY, SKEW, START + SECOND },
        { CAPACITY, 2 * SKEW, START + SECOND },
        { CAPACITY + 1, SKEW, START + SECOND },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(others); i++) {
        struct replay *r = must_open(f);

        assert_int_equal(check(r, 1, START), TICKET_FRESH);
        must_refuse(f, &others[i], "in use by processes with another");
        assert_int_equal(check(r, 1, START), TICKET_REPLAYED);
        replay_close(r);
        assert_int_equal(replay_shared_open(f->path, &others[i], &r), SEC_E_OK);
        assert_int_equal(check(r, 1, START), TICKET_BEFORE_START);
        assert_int_equal(check(r, 1, START + SECOND), TICKET_FRESH);
        replay_close(r);
    }
}

/* Another machine's, another boot's, another version's, half made: none is believed. */
static void
test_open__a_file_with_any_byte_of_its_head_changed__begins_anew(void **state)
{
    const struct fixture *f = *state;

    for (off_t at = 0; at < 100; at++) {
        struct replay *r = must_open(f);
        struct replay_options later = { CAPACITY, SKEW, START + SECOND };
        uint8_t byte;
        int fd;

        (void)check(r, 1, START);
        replay_close(r);
        fd = open(f->path, O_RDWR);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        (void)close(fd);
        assert_int_equal(replay_shared_open(f->path, &later, &r), SEC_E_OK);
        if (at < 48 || at >= 64) { /* in between is the seed: any is good */
            assert_int_equal(check(r, 1, START), TICKET_BEFORE_START);
        }
        replay_close(r);
        assert_int_equal(unlink(f->path), 0);
    }
}

/* As under ProcSubset=pid: a file that goes with the boot is shared, any other has one process at a time,
 * which begins it anew. */
static void
test_open__without_the_boot_s_name__shares_what_a_restart_empties(void **state)
{
    struct replay_options nameless = usual;
    struct fixture passing = { .folder = "/dev/shm/opensspi-replay-XXXXXX" };
    struct fixture lasting = { .folder = "/var/tmp/opensspi-replay-XXXXXX" };
    struct replay *one, *other;

    (void)state;
    nameless.boot_id_file = "/nonexistent/boot_id";
    assert_non_null(mkdtemp(passing.folder));
    (void)snprintf(passing.path, sizeof(passing.path), "%s/cache", passing.folder);
    assert_int_equal(replay_shared_open(passing.path, &nameless, &one), SEC_E_OK);
    assert_int_equal(check(one, 1, START), TICKET_FRESH);
    assert_int_equal(replay_shared_open(passing.path, &nameless, &other), SEC_E_OK);
    assert_int_equal(check(other, 1, START), TICKET_REPLAYED);
    replay_close(other);
    assert_int_equal(replay_shared_open(passing.path, &usual, &other), SEC_E_OK);
    assert_int_equal(check(other, 1, START), TICKET_REPLAYED);
    replay_close(one);
    replay_close(other);
    assert_int_equal(unlink(passing.path), 0);
    assert_int_equal(rmdir(passing.folder), 0);

    assert_non_null(mkdtemp(lasting.folder));
    (void)snprintf(lasting.path, sizeof(lasting.path), "%s/cache", lasting.folder);
    assert_int_equal(replay_shared_open(lasting.path, &nameless, &one), SEC_E_OK);
    assert_int_equal(check(one, 1, START), TICKET_FRESH);
    must_refuse(&lasting, &nameless, "boot_id cannot be read");
    replay_close(one);
    nameless.start_100ns = START + SECOND;
    assert_int_equal(replay_shared_open(lasting.path, &nameless, &one), SEC_E_OK);
    assert_int_equal(check(one, 1, START), TICKET_BEFORE_START);
    replay_close(one);
    assert_int_equal(unlink(lasting.path), 0);
    assert_int_equal(rmdir(lasting.folder), 0);
}

static void
test_open__a_file_cut_short_or_of_something_else__begins_anew(void **state)
{
    const struct fixture *f = *state;
    const off_t sizes[] = { 0, 1, 4095, 4096, 20000 };

    for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
        struct replay *r = must_open(f);

        assert_int_equal(check(r, 1, START), TICKET_FRESH);
        replay_close(r);
        assert_int_equal(truncate(f->path, sizes[i]), 0);
        r = must_open(f);
        assert_int_equal(check(r, 1, START), TICKET_FRESH);
        replay_close(r);
        assert_int_equal(unlink(f->path), 0);
    }
}

static void
test_open__a_file_that_others_could_write__is_refused(void **state)
{
    const struct fixture *f = *state;
    char second[160];

    replay_close(must_open(f));
    assert_int_equal(chmod(f->path, 0606), 0);
    must_refuse(f, &usual, "open to everybody (mode 606)");
    assert_int_equal(chmod(f->path, 0660), 0);
    replay_close(must_open(f));
    if (geteuid() == 0) {
        assert_int_equal(chown(f->path, 65534, (gid_t)-1), 0);
        must_refuse(f, &usual, "belongs to user 65534");
        assert_int_equal(chown(f->path, 0, (gid_t)-1), 0);
    }
    (void)snprintf(second, sizeof(second), "%s/second", f->folder);
    assert_int_equal(link(f->path, second), 0);
    must_refuse(f, &usual, "one name");
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(symlink(second, f->path), 0);
    must_refuse(f, &usual, "cannot be opened");
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    must_refuse(f, &usual, "not a file");
    assert_int_equal(unlink(second), 0);
}

static void
test_open__where_there_is_no_folder__says_so(void **state)
{
    struct fixture missing = { .path = "/nonexistent/opensspi/cache" };

    must_refuse(&missing, &usual, "/nonexistent/opensspi/cache: cannot be opened: No such file");
}

/* Others would begin a new file and not know what is in this one. */
static void
test_check__after_the_file_was_removed__refuses(void **state)
{
    const struct fixture *f = *state;
    struct replay *r = must_open(f), *second;
    enum ticket_replay_verdict verdict = TICKET_FRESH;

    assert_int_equal(check(r, 1, START), TICKET_FRESH);
    assert_int_equal(unlink(f->path), 0);
    for (uint64_t i = 2; i < 500 && verdict == TICKET_FRESH; i++) {
        verdict = check(r, i, START);
        (void)usleep(10000);
    }
    assert_int_equal(verdict, TICKET_REPLAY_BROKEN);
    assert_non_null(strstr(sec_reason(), "moved or removed"));
    second = must_open(f);
    assert_int_equal(check(r, 1, START), TICKET_REPLAY_BROKEN);
    replay_close(second);
    replay_close(r);
}

/* What others can write bounds no access and no loop. */
static void
test_check__in_a_damaged_file__ends(void **state)
{
    const struct fixture *f = *state;
    struct replay *r = must_open(f);
    struct stat st;
    uint64_t random = 7;
    uint8_t *bytes;
    int fd = open(f->path, O_RDWR);

    assert_int_equal(fstat(fd, &st), 0);
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(bytes != MAP_FAILED);
    for (unsigned round = 0; round < 20; round++) {
        /* Past the head and the shard's lock, which has 40 bytes. */
        for (size_t i = 4096 + 40; i < (size_t)st.st_size; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (uint8_t)(random >> (round % 2 ? 33 : 61));
        }
        for (uint64_t i = 0; i < 100; i++) {
            (void)check(r, random ^ i, START);
        }
    }
    (void)munmap(bytes, (size_t)st.st_size);
    (void)close(fd);
    replay_close(r);
}

/* A number that says that all were remembered, of entries that are all so old as to be forgotten:
 * whoever counts up to it is never done. */
static void
test_check__in_a_file_with_a_number_of_its_own__refuses(void **state)
{
    enum { NUMBERS_AT = 4096 + 40 }; /* past the head and the shard's lock: first and next */
    static const uint64_t numbers[][2] = { { 1, UINT64_MAX }, { 0, 1 }, { 2, 1 }, { 1, 1 << 20 } };
    const struct fixture *f = *state;
    struct replay *r = must_open(f);
    int fd = open(f->path, O_RDWR);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_int_equal(pwrite(fd, numbers[i], sizeof(numbers[i]), NUMBERS_AT),
                         sizeof(numbers[i]));
        assert_int_equal(check(r, i, START), TICKET_REPLAY_BROKEN);
        assert_non_null(strstr(sec_reason(), "damaged"));
    }
    (void)close(fd);
    replay_close(r);
}

enum { ROUNDS = 20, TOLD_MAX = 1 << 20, FULL = 16383 /* as one shard */ };

struct told {
    _Atomic uint64_t n;
    uint64_t names[TOLD_MAX];
};

static void
check_until_killed(const struct fixture *f, struct told *told, uint64_t child)
{
    const struct replay_options large = { FULL, SKEW, START };
    struct replay *r = NULL;

    if (replay_shared_open(f->path, &large, &r) != SEC_E_OK) {
        _exit(3);
    }
    for (uint64_t i = 0; i < TOLD_MAX; i++) {
        uint64_t name = child << 32 | i;
        enum ticket_replay_verdict verdict = check(r, name, START);

        if (verdict == TICKET_REPLAY_FULL) {
            (void)pause();
        }
        if (verdict != TICKET_FRESH) {
            _exit(1);
        }
        told->names[i] = name;
        told->n = i + 1;
    }
    _exit(2);
}

/* Two at work on one lock, one of them killed: the other goes on, and nothing that was told is
 * lost, to processes that open the file later either. What the killed one was about to be told may
 * be remembered or not. */
static void
test_check__with_processes_killed_within__loses_nothing(void **state)
{
    const struct fixture *f = *state;
    const struct replay_options large = { FULL, SKEW, START };
    struct told *told =
        mmap(NULL, 2 * sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(told != MAP_FAILED);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct replay *r = NULL;
        pid_t children[2];
        uint64_t seen;
        int status;

        told[0].n = told[1].n = 0;
        for (unsigned i = 0; i < 2; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                check_until_killed(f, &told[i], 2 * round + i);
            }
        }
        while ((told[0].n < 50 * round || told[1].n < 10) && told[0].n + told[1].n < FULL) {
            assert_int_equal(waitpid(-1, &status, WNOHANG), 0);
        }
        assert_int_equal(kill(children[0], SIGKILL), 0);
        assert_int_equal(waitpid(children[0], &status, 0), children[0]);
        for (seen = told[1].n; told[1].n < seen + 10 && told[0].n + told[1].n < FULL - 1;) {
            assert_int_equal(waitpid(children[1], &status, WNOHANG), 0);
        }
        assert_int_equal(kill(children[1], SIGKILL), 0);
        assert_int_equal(waitpid(children[1], &status, 0), children[1]);
        assert_int_equal(replay_shared_open(f->path, &large, &r), SEC_E_OK);
        for (unsigned i = 0; i < 2; i++) {
            for (uint64_t n = 0; n < told[i].n; n++) {
                assert_int_equal(check(r, told[i].names[n], START), TICKET_REPLAYED);
            }
        }
        replay_close(r);
        assert_int_equal(unlink(f->path), 0);
    }
    (void)munmap(told, 2 * sizeof(*told));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open__makes_a_file_for_its_owner_alone),
        TEST(test_check__through_two_openings__is_one_memory),
        TEST(test_open__after_all_have_closed__remembers_and_knows_since_when),
        TEST(test_open__with_other_options__begins_anew_only_where_nobody_else_is),
        TEST(test_open__a_file_with_any_byte_of_its_head_changed__begins_anew),
        TEST(test_open__without_the_boot_s_name__shares_what_a_restart_empties),
        TEST(test_open__a_file_cut_short_or_of_something_else__begins_anew),
        TEST(test_open__a_file_that_others_could_write__is_refused),
        TEST(test_open__where_there_is_no_folder__says_so),
        TEST(test_check__after_the_file_was_removed__refuses),
        TEST(test_check__in_a_damaged_file__ends),
        TEST(test_check__in_a_file_with_a_number_of_its_own__refuses),
        TEST(test_check__with_processes_killed_within__loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
