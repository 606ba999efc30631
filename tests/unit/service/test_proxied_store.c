/* SPDX-License-Identifier: Apache-2.0 */
/* The folder where processes leave connections for each other: named, sealed, claimed once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/boot_id.h"
#include "service/proxied_store.h"

struct fixture {
    char root[64], folder[96], key[96];
    struct proxied_store *store, *other; /* of two processes */
};

static struct proxied_store *
open_at(const char *folder, const char *key, const char *boot_id_file, char *why, size_t why_n)
{
    const struct proxied_store_place place = { folder, key, boot_id_file };

    return proxied_store_open(&place, why, why_n);
}

static struct proxied_store *
open_store(const struct fixture *f)
{
    char why[400] = "";
    struct proxied_store *s = open_at(f->folder, f->key, BOOT_ID_FILE, why, sizeof(why));

    if (!s) {
        print_message("%s\n", why);
    }
    return s;
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->root, sizeof(f->root), "/tmp/connections-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    (void)snprintf(f->folder, sizeof(f->folder), "%s/folder", f->root);
    (void)snprintf(f->key, sizeof(f->key), "%s/key", f->root);
    f->store = open_store(f);
    f->other = open_store(f);
    assert_non_null(f->store);
    assert_non_null(f->other);
    *state = f;
    return 0;
}

static int
unlink_it(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    proxied_store_close(f->store);
    proxied_store_close(f->other);
    (void)nftw(f->root, unlink_it, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static struct proxied_store_name
name_of(const struct proxied_store *s, const char *key)
{
    struct proxied_store_name name;

    proxied_store_name(s, bytes_of_string(key), &name);
    return name;
}

static unsigned
files(const struct fixture *f)
{
    DIR *d = opendir(f->folder);
    unsigned n = 0;

    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    (void)closedir(d);
    return n;
}

static void
path_of(const struct fixture *f, const struct proxied_store_name *name, char to[static 160])
{
    (void)snprintf(to, 160, "%s/%s", f->folder, name->text);
}

static void
age(const struct fixture *f, const struct proxied_store_name *name, time_t by_s)
{
    const struct timespec at = { time(NULL) - by_s, 0 }, times[2] = { at, at };
    char path[160];

    path_of(f, name, path);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
test_put__another_process__finds_it_and_one_claims_it(void **state)
{
    struct fixture *f = *state;
    struct proxied_store_name name = name_of(f->store, "7"), same = name_of(f->other, "7");
    struct secret held = { 0 };
    uint64_t unused_s = 99;

    assert_string_equal(name.text, same.text);
    assert_string_not_equal(name.text, name_of(f->store, "8").text);
    assert_int_equal(proxied_store_look(f->other, &name, &held, &unused_s), PROXIED_STORE_NONE);
    assert_true(proxied_store_put(f->store, &name, bytes_of_string("alice")));
    assert_false(proxied_store_put(f->other, &name, bytes_of_string("bob")));
    assert_int_equal(files(f), 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(proxied_store_look(f->other, &name, &held, &unused_s),
                         PROXIED_STORE_FOUND);
        assert_true(bytes_equal(secret_bytes(&held), bytes_of_string("alice")));
        assert_int_equal(unused_s, 0);
        secret_clear(&held);
    }
    assert_int_equal(proxied_store_claim(f->other, &name, &held, &unused_s), PROXIED_STORE_FOUND);
    assert_true(bytes_equal(secret_bytes(&held), bytes_of_string("alice")));
    secret_clear(&held);
    assert_int_equal(proxied_store_claim(f->store, &name, &held, &unused_s), PROXIED_STORE_NONE);
    assert_int_equal(files(f), 0);
}

/* Nothing of a name or of a content is to be read without the key, and no file goes by another's
 * name. */
static void
test_look__what_was_altered_or_moved__is_not_taken(void **state)
{
    struct fixture *f = *state;
    struct proxied_store_name name = name_of(f->store, "7"), other = name_of(f->store, "8");
    struct secret held = { 0 };
    uint64_t unused_s;
    uint8_t bytes[64], whole[64];
    char path[160], moved[160];
    ssize_t n;
    int fd;

    assert_true(proxied_store_put(f->store, &name, bytes_of_string("alice")));
    path_of(f, &name, path);
    path_of(f, &other, moved);
    fd = open(path, O_RDWR);
    n = pread(fd, whole, sizeof(whole), 0);
    assert_int_equal(n, 5 + 32);
    n = 5 + 32;
    assert_null(memmem(whole, (size_t)n, "alice", 5));
    for (ssize_t i = 0; i < n; i++) {
        memcpy(bytes, whole, sizeof(bytes));
        bytes[i] ^= 1;
        assert_int_equal(pwrite(fd, bytes, (size_t)n, 0), n);
        assert_int_equal(proxied_store_look(f->store, &name, &held, &unused_s),
                         PROXIED_STORE_TROUBLE);
    }
    assert_int_equal(pwrite(fd, whole, (size_t)n, 0), n);
    for (ssize_t i = n - 1; i >= 0; i--) {
        assert_int_equal(ftruncate(fd, i), 0);
        assert_int_equal(proxied_store_look(f->store, &name, &held, &unused_s),
                         PROXIED_STORE_TROUBLE);
    }
    assert_int_equal(pwrite(fd, whole, (size_t)n, 0), n);
    assert_int_equal(proxied_store_look(f->store, &name, &held, &unused_s), PROXIED_STORE_FOUND);
    secret_clear(&held);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(proxied_store_look(f->store, &other, &held, &unused_s), PROXIED_STORE_TROUBLE);
    assert_int_equal(proxied_store_claim(f->store, &other, &held, &unused_s),
                     PROXIED_STORE_TROUBLE);
    assert_int_equal(files(f), 0);
    /* No file at all. */
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(proxied_store_look(f->store, &name, &held, &unused_s), PROXIED_STORE_TROUBLE);
    assert_null(held.p);
    (void)close(fd);
}

static void
test_look__under_another_key__is_nothing(void **state)
{
    struct fixture *f = *state;
    struct proxied_store_name name = name_of(f->store, "7");
    struct fixture another = *f;
    struct proxied_store *s;
    struct secret held = { 0 };
    uint64_t unused_s;

    assert_true(proxied_store_put(f->store, &name, bytes_of_string("alice")));
    (void)snprintf(another.key, sizeof(another.key), "%s/another", f->root);
    s = open_store(&another);
    assert_non_null(s);
    assert_string_not_equal(name_of(s, "7").text, name.text);
    assert_int_equal(proxied_store_look(s, &name, &held, &unused_s), PROXIED_STORE_TROUBLE);
    proxied_store_close(s);
}

static void
test_open__a_folder_of_others__is_refused(void **state)
{
    struct fixture *f = *state;
    struct fixture another = *f;
    char why[256];

    assert_int_equal(chmod(f->folder, 0750), 0);
    assert_null(open_at(f->folder, f->key, BOOT_ID_FILE, why, sizeof(why)));
    assert_non_null(strstr(why, "0700"));
    assert_int_equal(chmod(f->folder, 0700), 0);
    (void)snprintf(another.folder, sizeof(another.folder), "%s/link", f->root);
    assert_int_equal(symlink(f->folder, another.folder), 0);
    assert_null(open_at(another.folder, f->key, BOOT_ID_FILE, why, sizeof(why)));
    assert_null(open_at("/nonexistent/folder", f->key, BOOT_ID_FILE, why, sizeof(why)));
    assert_int_equal(chmod(f->key, 0644), 0);
    assert_null(open_at(f->folder, f->key, BOOT_ID_FILE, why, sizeof(why)));
    assert_non_null(strstr(why, f->key));
}

/* Where nothing tells this boot from another, nothing of another must be there. */
static void
test_open__without_the_boot_s_name__takes_what_a_restart_empties(void **state)
{
    struct fixture *f = *state;
    char why[400] = "", lasting[64] = "/var/tmp/connections-XXXXXX";
    char empty[96], passing[64] = "/dev/shm/connections-XXXXXX";
    const char *none = "/nonexistent/boot_id";
    struct proxied_store *s;

    assert_non_null(mkdtemp(lasting));
    (void)snprintf(empty, sizeof(empty), "%s/empty", f->root);
    assert_int_equal(close(open(empty, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
    assert_null(open_at(lasting, f->key, empty, why, sizeof(why)));
    assert_null(open_at(lasting, f->key, none, why, sizeof(why)));
    assert_non_null(strstr(why, lasting));
    assert_non_null(strstr(why, "boot_id cannot be read"));
    s = open_at(lasting, f->key, BOOT_ID_FILE, why, sizeof(why));
    assert_non_null(s);
    proxied_store_close(s);
    assert_int_equal(rmdir(lasting), 0);

    assert_non_null(mkdtemp(passing));
    s = open_at(passing, f->key, none, why, sizeof(why));
    assert_non_null(s);
    proxied_store_close(s);
    assert_int_equal(rmdir(passing), 0);
}

static void
test_put__too_much__is_refused(void **state)
{
    struct fixture *f = *state;
    struct proxied_store_name name = name_of(f->store, "7");
    uint8_t *large = calloc(1, PROXIED_STORE_BYTES_MAX + 1);
    struct secret held = { 0 };
    uint64_t unused_s;

    assert_false(proxied_store_put(f->store, &name, bytes_of(large, PROXIED_STORE_BYTES_MAX + 1)));
    assert_false(proxied_store_put(f->store, &name, bytes_of(large, 0)));
    assert_int_equal(files(f), 0);
    assert_true(proxied_store_put(f->store, &name, bytes_of(large, PROXIED_STORE_BYTES_MAX)));
    assert_int_equal(proxied_store_claim(f->other, &name, &held, &unused_s), PROXIED_STORE_FOUND);
    assert_int_equal(held.n, PROXIED_STORE_BYTES_MAX);
    secret_clear(&held);
    free(large);
}

/* --- all of them --------------------------------------------------------------------------- */

static void
count(void *user, const struct proxied_store_name *name)
{
    unsigned *n = user;

    (*n)++;
    assert_int_equal(strlen(name->text), PROXIED_STORE_NAME_CHARS - 1);
}

static void
test_each__finds_the_old_ones_and_puts_away_what_was_left_behind(void **state)
{
    struct fixture *f = *state;
    struct proxied_store_name old = name_of(f->store, "1"), fresh = name_of(f->store, "2");
    struct proxied_store_name left = { ".12345.0" };
    struct secret held = { 0 };
    uint64_t unused_s;
    unsigned n = 0;
    char path[160];

    assert_true(proxied_store_put(f->store, &old, bytes_of_string("a")));
    assert_true(proxied_store_put(f->store, &fresh, bytes_of_string("b")));
    path_of(f, &left, path);
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    age(f, &old, 100);
    proxied_store_each(f->store, 50, count, &n);
    assert_int_equal(n, 1);
    assert_int_equal(files(f), 3);
    age(f, &left, 100);
    proxied_store_each(f->store, 0, count, &n);
    assert_int_equal(n, 3);
    assert_int_equal(files(f), 2);
    assert_int_equal(proxied_store_look(f->store, &old, &held, &unused_s), PROXIED_STORE_FOUND);
    assert_true(unused_s >= 100 && unused_s < 200);
    secret_clear(&held);
    proxied_store_touch(f->store, &old);
    assert_int_equal(proxied_store_look(f->store, &old, &held, &unused_s), PROXIED_STORE_FOUND);
    assert_true(unused_s < 50);
    secret_clear(&held);
    /* The clock was set back. */
    age(f, &old, -1000);
    assert_int_equal(proxied_store_look(f->store, &old, &held, &unused_s), PROXIED_STORE_FOUND);
    assert_true(unused_s == UINT64_MAX);
    secret_clear(&held);
}

/* --- at once ------------------------------------------------------------------------------- */

enum { ROUNDS = 500, RACERS = 4 };

struct race {
    struct proxied_store *store;
    struct proxied_store_name name;
    atomic_uint claimed;
    pthread_barrier_t barrier;
};

static void *
run(void *user)
{
    struct race *r = user;

    for (int i = 0; i < ROUNDS; i++) {
        struct secret held = { 0 };
        uint64_t unused_s;

        (void)pthread_barrier_wait(&r->barrier);
        if (proxied_store_claim(r->store, &r->name, &held, &unused_s) == PROXIED_STORE_FOUND) {
            atomic_fetch_add(&r->claimed, 1);
        }
        secret_clear(&held);
        (void)pthread_barrier_wait(&r->barrier);
    }
    return NULL;
}

static void
test_claim__by_many_at_once__one_has_it(void **state)
{
    struct fixture *f = *state;
    struct race r = { .store = f->store, .name = name_of(f->store, "7") };
    pthread_t threads[RACERS];

    assert_int_equal(pthread_barrier_init(&r.barrier, NULL, RACERS + 1), 0);
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, &r), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        assert_true(proxied_store_put(f->other, &r.name, bytes_of_string("alice")));
        (void)pthread_barrier_wait(&r.barrier);
        (void)pthread_barrier_wait(&r.barrier);
        assert_int_equal(atomic_load(&r.claimed), i + 1);
    }
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(files(f), 0);
    (void)pthread_barrier_destroy(&r.barrier);
}

/* Two listeners of one process, or a configuration and the one after it: their own names differ. */
struct pair {
    struct proxied_store *store;
    char key[2];
};

static void *
put_and_claim(void *user)
{
    const struct pair *p = user;
    struct proxied_store_name name = name_of(p->store, p->key);

    for (int i = 0; i < ROUNDS; i++) {
        struct secret held = { 0 };
        uint64_t unused_s;

        if (!proxied_store_put(p->store, &name, bytes_of_string(p->key)) ||
            proxied_store_claim(p->store, &name, &held, &unused_s) != PROXIED_STORE_FOUND ||
            !bytes_equal(secret_bytes(&held), bytes_of_string(p->key))) {
            return (void *)"lost";
        }
        secret_clear(&held);
    }
    return NULL;
}

static void
test_two_stores_of_a_process__do_not_meet(void **state)
{
    struct fixture *f = *state;
    struct pair pairs[] = { { f->store, "1" }, { f->other, "2" } };
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, put_and_claim, &pairs[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        void *wrong;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(files(f), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_put__another_process__finds_it_and_one_claims_it),
        TEST(test_look__what_was_altered_or_moved__is_not_taken),
        TEST(test_look__under_another_key__is_nothing),
        TEST(test_open__a_folder_of_others__is_refused),
        TEST(test_open__without_the_boot_s_name__takes_what_a_restart_empties),
        TEST(test_put__too_much__is_refused),
        TEST(test_each__finds_the_old_ones_and_puts_away_what_was_left_behind),
        TEST(test_claim__by_many_at_once__one_has_it),
        TEST(test_two_stores_of_a_process__do_not_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
