/* SPDX-License-Identifier: Apache-2.0 */
/* A context's names, in one block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/name_block.h"

enum { NAMES = 4 };

static void
test_name_block_put__each_comes_back(void **state)
{
    const struct bytes names[NAMES] = { bytes_of("one", 3), { 0 }, bytes_of("three", 5), { 0 } };
    uint16_t lengths[NAMES] = { 0 };
    uint8_t *block = NULL;

    (void)state;
    assert_int_equal(name_block_get(block, lengths, 2).n, 0); /* before there is any */
    assert_int_equal(name_block_put(&block, lengths, names, NAMES, "test"), SEC_E_OK);
    for (size_t i = 0; i < NAMES; i++) {
        assert_true(bytes_equal(name_block_get(block, lengths, i), names[i]));
    }
    assert_null(name_block_get(block, lengths, 1).p);
    mem_free(block);
}

static void
test_name_block_put__from_views_into_itself(void **state)
{
    struct bytes names[NAMES] = { bytes_of("one", 3), bytes_of("two", 3) };
    uint16_t lengths[NAMES] = { 0 };
    uint8_t *block = NULL;

    (void)state;
    assert_int_equal(name_block_put(&block, lengths, names, NAMES, "test"), SEC_E_OK);
    names[0] = name_block_get(block, lengths, 1);
    names[1] = name_block_get(block, lengths, 0);
    assert_int_equal(name_block_put(&block, lengths, names, NAMES, "test"), SEC_E_OK);
    assert_true(bytes_equal(name_block_get(block, lengths, 0), bytes_of("two", 3)));
    assert_true(bytes_equal(name_block_get(block, lengths, 1), bytes_of("one", 3)));
    mem_free(block);
}

static void
test_name_block_put__too_long_changes_nothing(void **state)
{
    static const uint8_t much[UINT16_MAX + 1];
    struct bytes names[NAMES] = { bytes_of("one", 3), bytes_of(much, UINT16_MAX) };
    uint16_t lengths[NAMES] = { 0 };
    uint8_t *block = NULL;

    (void)state;
    assert_int_equal(name_block_put(&block, lengths, names, NAMES, "test"), SEC_E_OK);
    names[3] = bytes_of(much, sizeof(much));
    assert_int_equal(name_block_put(&block, lengths, names, NAMES, "test"), SEC_E_INVALID_TOKEN);
    assert_string_equal(sec_reason(), "test: a name of 65536 bytes");
    assert_true(bytes_equal(name_block_get(block, lengths, 0), bytes_of("one", 3)));
    assert_int_equal(name_block_get(block, lengths, 1).n, UINT16_MAX);
    mem_free(block);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_block_put__each_comes_back),
        cmocka_unit_test(test_name_block_put__from_views_into_itself),
        cmocka_unit_test(test_name_block_put__too_long_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
