/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes: all of them, no two alike, and none of a parent's in its child. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/random.h"

enum { DRAW_BYTES = 16, DRAWS = 64 };

static void
test_random_bytes__each_size__fills_all_of_it_and_nothing_behind(void **state)
{
    static const size_t sizes[] = { 0, 1, 24, 511, 512, 513, 2000 };
    uint8_t room[2001];

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t seen[2001] = { 0 };

        for (unsigned n = 0; n < 8; n++) {
            memset(room, 0, sizeof(room));
            assert_true(random_bytes(room, sizes[i]));
            for (size_t k = 0; k < sizeof(room); k++) {
                seen[k] |= room[k];
            }
        }
        for (size_t k = 0; k < sizeof(room); k++) {
            assert_int_equal(seen[k] != 0, k < sizes[i]);
        }
    }
}

static void
test_random_bytes__many_draws__are_all_different(void **state)
{
    uint8_t draws[DRAWS][DRAW_BYTES];

    (void)state;
    for (unsigned i = 0; i < DRAWS; i++) {
        assert_true(random_bytes(draws[i], DRAW_BYTES));
        for (unsigned k = 0; k < i; k++) {
            assert_memory_not_equal(draws[i], draws[k], DRAW_BYTES);
        }
    }
}

/* fork(), of which libraries hear, and one that they do not, as _Fork() is. */
static pid_t
fork_loudly(void)
{
    return fork();
}

static pid_t
fork_silently(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void
check_child(pid_t (*make_child)(void))
{
    uint8_t ours[DRAW_BYTES], childs[DRAW_BYTES];
    int ends[2], status;
    pid_t child;

    assert_true(random_bytes(ours, sizeof(ours))); /* the block is there, and not used up */
    assert_int_equal(pipe(ends), 0);
    child = make_child();
    if (child == 0) {
        _exit(random_bytes(childs, sizeof(childs)) &&
                      write(ends[1], childs, sizeof(childs)) == sizeof(childs)
                  ? 0
                  : 1);
    }
    assert_true(child > 0);
    assert_true(random_bytes(ours, sizeof(ours)));
    assert_int_equal(read(ends[0], childs, sizeof(childs)), sizeof(childs));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(ours, childs, sizeof(ours));
    assert_int_equal(close(ends[0]) + close(ends[1]), 0);
}

static void
test_random_bytes__in_a_child__are_not_its_parents(void **state)
{
    (void)state;
    check_child(fork_loudly);
    check_child(fork_silently);
    check_child(fork_silently);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_bytes__each_size__fills_all_of_it_and_nothing_behind),
        cmocka_unit_test(test_random_bytes__many_draws__are_all_different),
        cmocka_unit_test(test_random_bytes__in_a_child__are_not_its_parents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
