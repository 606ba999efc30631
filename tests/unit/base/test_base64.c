/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: RFC 4648's vectors, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

/* RFC 4648 section 10 */
static const struct {
    const char *bytes, *text;
} vectors[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
    { "\xFF\xEF\xBE", "/+++" },
};

static void
test_base64_encode__rfc_4648_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        char to[32] = "";
        struct wire_writer w = wire_writer_fixed(to, sizeof(to) - 1);

        base64_encode(bytes_of_string(vectors[i].bytes), &w);
        assert_string_equal(to, vectors[i].text);
    }
}

static void
test_base64_decode__rfc_4648_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        char to[32] = "";
        struct wire_writer w = wire_writer_fixed(to, sizeof(to) - 1);

        assert_true(base64_decode(bytes_of_string(vectors[i].text), &w));
        assert_string_equal(to, vectors[i].bytes);
        assert_int_equal(w.len, strlen(vectors[i].bytes));
    }
}

static void
test_base64_decode__what_is_not_base64(void **state)
{
    static const char *const bad[] = {
        "Z",     "Zg",   "Zg=",  "=",    "====", "Z===", "Zg==Zg==", "Zm9v\n",
        "Zm 9v", "Zm9-", "Zm9_", "Zh==", "Zm9=", "Z=g=", "\x80m9v",  "Zm9v="
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(bad); i++) {
        char to[32];
        struct wire_writer w = wire_writer_fixed(to, sizeof(to));

        assert_false(base64_decode(bytes_of_string(bad[i]), &w));
    }
}

static void
test_base64_decode__undoes_encode_at_every_length(void **state)
{
    uint8_t bytes[100];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        struct wire_writer text = wire_writer_growing(NULL, 0);
        struct wire_writer back = wire_writer_growing(NULL, 0);

        base64_encode(bytes_of(bytes, n), &text);
        assert_true(base64_decode(wire_written(&text), &back));
        assert_true(bytes_equal(wire_written(&back), bytes_of(bytes, n)));
        wire_writer_clear(&text);
        wire_writer_clear(&back);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64_encode__rfc_4648_vectors),
        cmocka_unit_test(test_base64_decode__rfc_4648_vectors),
        cmocka_unit_test(test_base64_decode__what_is_not_base64),
        cmocka_unit_test(test_base64_decode__undoes_encode_at_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
