/* SPDX-License-Identifier: Apache-2.0 */
/* Base32: RFC 4648's vectors, the forms that people copy, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base32.h"

/* RFC 4648 section 10 */
static const struct {
    const char *bytes, *text, *padded;
} vectors[] = {
    { "", "", "" },
    { "f", "MY", "MY======" },
    { "fo", "MZXQ", "MZXQ====" },
    { "foo", "MZXW6", "MZXW6===" },
    { "foob", "MZXW6YQ", "MZXW6YQ=" },
    { "fooba", "MZXW6YTB", "MZXW6YTB" },
    { "foobar", "MZXW6YTBOI", "MZXW6YTBOI======" },
};

static void
assert_means(const char *text, const char *bytes)
{
    char to[64] = "";
    struct wire_writer w = wire_writer_fixed(to, sizeof(to) - 1);

    assert_true(base32_decode(bytes_of_string(text), &w));
    assert_string_equal(to, bytes);
    assert_int_equal(w.len, strlen(bytes));
}

static void
test_base32__rfc_4648_vectors(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        char to[32] = "";
        struct wire_writer w = wire_writer_fixed(to, sizeof(to) - 1);

        base32_encode(bytes_of_string(vectors[i].bytes), &w);
        assert_string_equal(to, vectors[i].text);
        assert_means(vectors[i].text, vectors[i].bytes);
        assert_means(vectors[i].padded, vectors[i].bytes);
    }
}

static void
test_base32_decode__as_people_copy_it(void **state)
{
    assert_means("mzxw 6ytb oi", "foobar");
    assert_means(" MZXW-6YTB-OI ", "foobar");
    assert_means("mzxw6ytb oi== ====", "foobar");
}

static void
test_base32_decode__what_is_not_base32(void **state)
{
    static const char *const bad[] = {
        "M",        "MZX",       "MZXW6Y",           "MZ",       "MY=", "MY===", "=",
        "========", "MZXW6YTB=", "MZXW6YTB========", "MY=====Y", "M0",  "M1",    "M8",
        "MY\n",     "M\xC3\x9F"
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        char to[32];
        struct wire_writer w = wire_writer_fixed(to, sizeof(to));

        print_message("%s\n", bad[i]);
        assert_false(base32_decode(bytes_of_string(bad[i]), &w));
    }
}

static void
test_base32__round_trips(void **state)
{
    uint8_t from[64], held[128], back[64];

    for (size_t n = 0; n <= sizeof(from); n++) {
        struct wire_writer text = wire_writer_fixed(held, sizeof(held));
        struct wire_writer bytes = wire_writer_fixed(back, sizeof(back));

        for (size_t i = 0; i < n; i++) {
            from[i] = (uint8_t)(i * 37 + n);
        }
        base32_encode(bytes_of(from, n), &text);
        assert_true(base32_decode(wire_written(&text), &bytes));
        assert_int_equal(bytes.len, n);
        assert_memory_equal(back, from, n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base32__rfc_4648_vectors),
        cmocka_unit_test(test_base32_decode__as_people_copy_it),
        cmocka_unit_test(test_base32_decode__what_is_not_base32),
        cmocka_unit_test(test_base32__round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
