/* SPDX-License-Identifier: Apache-2.0 */
/* Memory given to the caller: its size, its way back, and what is no way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <opensspi/sspi.h>

#include "alloc_fail.h"
#include "sspi/given.h"
#include "tests/support/hex.h"

static void
test_given_new__sizes_are_zeroed_aligned_and_known(void **state)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 48256, 1 << 20 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *p = given_new(sizes[i]);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_int_equal(given_size(p), sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(p[k], 0);
        }
        memset(p, 0xFF, sizes[i]);
        assert_int_equal(FreeContextBuffer(p), SEC_E_OK);
    }
}

static void
test_given_new__size_that_would_wrap_is_null(void **state)
{
    (void)state;
    assert_null(given_new(SIZE_MAX));
    assert_null(given_new(SIZE_MAX - 15));
    assert_null(given_new(SIZE_MAX / 2 + 1));
}

static void
test_FreeContextBuffer__null_is_refused(void **state)
{
    (void)state;
    assert_int_equal(FreeContextBuffer(NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(given_size(NULL), 0);
    assert_string_not_equal(sec_reason(), "");
}

static void
test_FreeContextBuffer__memory_of_others_is_refused(void **state)
{
    static const char literal[64] __attribute__((aligned(16))) = "a table of the program";
    char on_stack[64] __attribute__((aligned(16))) = { 0 };
    char *heap = malloc(64);
    char *given = given_new(64);

    (void)state;
    assert_non_null(heap);
    assert_non_null(given);
    assert_int_equal(FreeContextBuffer((void *)(uintptr_t)literal), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeContextBuffer(on_stack), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeContextBuffer(on_stack + 16), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeContextBuffer(heap), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeContextBuffer(heap + 16), SEC_E_INVALID_HANDLE);
    for (size_t i = 1; i < 64; i++) {
        assert_int_equal(FreeContextBuffer(given + i), SEC_E_INVALID_HANDLE);
    }
    for (uintptr_t wild = 1; wild <= 4096; wild++) {
        assert_int_equal(FreeContextBuffer((void *)wild), SEC_E_INVALID_HANDLE);
    }
    assert_int_equal(FreeContextBuffer(given), SEC_E_OK);
    free(heap);
}

/* The page in front of it is not there: nothing may be read from it. */
static void
test_FreeContextBuffer__a_page_of_others_is_refused(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(two != MAP_FAILED);
    assert_int_equal(mprotect(two, page, PROT_NONE), 0);
    assert_int_equal(FreeContextBuffer(two + page), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeContextBuffer(two + page + 16), SEC_E_INVALID_HANDLE);
    assert_int_equal(given_size(two + page), 0);
    assert_int_equal(munmap(two, 2 * page), 0);
}

/* Many sizes, so that some would begin a page. */
static void
test_given_new__no_block_begins_a_page(void **state)
{
    enum { BLOCKS = 2000 };
    static void *blocks[BLOCKS];

    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = given_new(16 * (i % 7));
        assert_non_null(blocks[i]);
        assert_true((uintptr_t)blocks[i] % 4096 != 0);
        assert_int_equal(given_size(blocks[i]), 16 * (i % 7));
        memset(blocks[i], 0xFF, 16 * (i % 7));
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_int_equal(given_free(blocks[i]), SEC_E_OK);
    }
}

static void
test_FreeContextBuffer__second_free_is_refused(void **state)
{
    void *p = given_new(100);
    uintptr_t again = (uintptr_t)p;

    (void)state;
    assert_int_equal(FreeContextBuffer(p), SEC_E_OK);
    assert_int_equal(FreeContextBuffer((void *)again), SEC_E_INVALID_HANDLE);
    assert_int_equal(given_size((void *)again), 0);
}

/* A header that was copied elsewhere is not a block. */
static void
test_FreeContextBuffer__a_copied_block_is_refused(void **state)
{
    char copy[48] __attribute__((aligned(16)));
    char *p = given_new(16);

    (void)state;
    assert_non_null(p);
    memcpy(copy, p - 16, 32);
    assert_int_equal(FreeContextBuffer(copy + 16), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeContextBuffer(p), SEC_E_OK);
}

static void
test_given_string_w__text_is_copied_and_terminated(void **state)
{
    static const SEC_WCHAR want[] = u"d\u00e9mo \U0001f511";
    struct bytes le = HEX("6400e9006d006f0020003dd811dd");
    SEC_WCHAR *out = NULL;

    (void)state;
    assert_int_equal(given_string_w(le, &out), SEC_E_OK);
    assert_memory_equal(out, want, sizeof(want));
    assert_int_equal(given_size(out), sizeof(want));
    assert_int_equal(FreeContextBuffer(out), SEC_E_OK);

    assert_int_equal(given_string_w((struct bytes){ 0 }, &out), SEC_E_OK);
    assert_int_equal(out[0], 0);
    assert_int_equal(FreeContextBuffer(out), SEC_E_OK);
}

static void
test_given_string_a__text_is_utf8_and_terminated(void **state)
{
    SEC_CHAR *out = NULL;

    (void)state;
    assert_int_equal(given_string_a(HEX("6400e9006d006f0020003dd811dd"), &out), SEC_E_OK);
    assert_string_equal(out, "d\u00e9mo \U0001f511");
    assert_int_equal(FreeContextBuffer(out), SEC_E_OK);

    assert_int_equal(given_string_a((struct bytes){ 0 }, &out), SEC_E_OK);
    assert_string_equal(out, "");
    assert_int_equal(FreeContextBuffer(out), SEC_E_OK);
}

static void
test_given_string__ill_formed_text_leaves_out_alone(void **state)
{
    SEC_WCHAR *w = (SEC_WCHAR *)(uintptr_t)1;
    SEC_CHAR *a = (SEC_CHAR *)(uintptr_t)1;

    (void)state;
    assert_int_equal(given_string_w(HEX("640065"), &w), SEC_E_CANNOT_PACK);
    assert_int_equal(given_string_a(HEX("640065"), &a), SEC_E_CANNOT_PACK);
    assert_int_equal(given_string_a(HEX("3dd86400"), &a), SEC_E_CANNOT_PACK);
    /* Cut at its NUL, "a" NUL "b" would be another's name. */
    assert_int_equal(given_string_w(HEX("610000006200"), &w), SEC_E_CANNOT_PACK);
    assert_int_equal(given_string_a(HEX("610000006200"), &a), SEC_E_CANNOT_PACK);
    assert_int_equal(given_string_w(HEX("61000000"), &w), SEC_E_CANNOT_PACK);
    assert_int_equal(given_string_a(HEX("61000000"), &a), SEC_E_CANNOT_PACK);
    assert_ptr_equal(w, (SEC_WCHAR *)(uintptr_t)1);
    assert_ptr_equal(a, (SEC_CHAR *)(uintptr_t)1);
}

static void
make_strings(void *user, bool failing)
{
    SEC_WCHAR *w = NULL;
    SEC_CHAR *a = NULL;
    sec_status status_w = given_string_w(UTF16("demo"), &w);
    sec_status status_a = given_string_a(UTF16("demo"), &a);

    (void)user;
    assert_true(status_w == SEC_E_OK || (failing && status_w == SEC_E_INSUFFICIENT_MEMORY && !w));
    assert_true(status_a == SEC_E_OK || (failing && status_a == SEC_E_INSUFFICIENT_MEMORY && !a));
    (void)given_free(w);
    (void)given_free(a);
}

static void
test_given_string__each_allocation_fails(void **state)
{
    (void)state;
    assert_int_equal(alloc_fail_each(make_strings, NULL), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_new__sizes_are_zeroed_aligned_and_known),
        cmocka_unit_test(test_given_new__size_that_would_wrap_is_null),
        cmocka_unit_test(test_FreeContextBuffer__null_is_refused),
        cmocka_unit_test(test_FreeContextBuffer__memory_of_others_is_refused),
        cmocka_unit_test(test_FreeContextBuffer__a_page_of_others_is_refused),
        cmocka_unit_test(test_given_new__no_block_begins_a_page),
        cmocka_unit_test(test_FreeContextBuffer__second_free_is_refused),
        cmocka_unit_test(test_FreeContextBuffer__a_copied_block_is_refused),
        cmocka_unit_test(test_given_string_w__text_is_copied_and_terminated),
        cmocka_unit_test(test_given_string_a__text_is_utf8_and_terminated),
        cmocka_unit_test(test_given_string__ill_formed_text_leaves_out_alone),
        cmocka_unit_test(test_given_string__each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
