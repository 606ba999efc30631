/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: a value from another implementation (Python's cryptography, AESSIV), and what must
 * not open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "tests/support/hex.h"

static const char plain[] = "plain text of a secret";
static const char associated[] = "S-1-5-21-1-2-3-1001\0nt-hash";

enum { PLAIN_BYTES = sizeof(plain) - 1, SEALED_BYTES = PLAIN_BYTES + AEAD_TAG_BYTES };

struct box {
    uint8_t key[AEAD_KEY_BYTES], nonce[AEAD_NONCE_BYTES];
    uint8_t associated[sizeof(associated) - 1];
    uint8_t sealed[SEALED_BYTES];
};

static struct box
sealed_box(void)
{
    struct box b;

    for (unsigned i = 0; i < sizeof(b.key); i++) {
        b.key[i] = (uint8_t)i;
    }
    for (unsigned i = 0; i < sizeof(b.nonce); i++) {
        b.nonce[i] = (uint8_t)(0xA0 + i);
    }
    memcpy(b.associated, associated, sizeof(b.associated));
    aead_seal(b.key, b.nonce, bytes_of(b.associated, sizeof(b.associated)),
              bytes_of(plain, PLAIN_BYTES), b.sealed);
    return b;
}

static bool
opens(const struct box *b, size_t associated_n, size_t sealed_n, uint8_t *out)
{
    return aead_open(b->key, b->nonce, bytes_of(b->associated, associated_n),
                     bytes_of(b->sealed, sealed_n), out);
}

static void
test_seal__of_a_known_value__matches_another_implementation(void **state)
{
    struct box b = sealed_box();

    assert_bytes_equal(bytes_of(b.sealed, sizeof(b.sealed)),
                       HEX("6d61aee70361d55e108437624b55434780d62b7d31cb3a8e23acce39811d2bebfb4d"
                           "ac21a67a"));
}

static void
test_open__of_what_was_sealed__gives_it_back(void **state)
{
    struct box b = sealed_box();
    uint8_t out[PLAIN_BYTES];

    assert_true(opens(&b, sizeof(b.associated), sizeof(b.sealed), out));
    assert_bytes_equal(bytes_of(out, sizeof(out)), bytes_of(plain, PLAIN_BYTES));
}

static void
test_open__after_any_flip__refuses_and_leaves_nothing(void **state)
{
    struct box b = sealed_box();
    static const uint8_t nothing[PLAIN_BYTES];
    uint8_t *bytes = (uint8_t *)&b;
    uint8_t out[PLAIN_BYTES];

    for (size_t i = 0; i < sizeof(b) * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(opens(&b, sizeof(b.associated), sizeof(b.sealed), out));
        assert_memory_equal(out, nothing, sizeof(out));
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void
test_open__of_a_part__refuses(void **state)
{
    struct box b = sealed_box();
    uint8_t out[PLAIN_BYTES];

    for (size_t n = 0; n < sizeof(b.sealed); n++) {
        assert_false(opens(&b, sizeof(b.associated), n, out));
    }
    for (size_t n = 0; n < sizeof(b.associated); n++) {
        assert_false(opens(&b, n, sizeof(b.sealed), out));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal__of_a_known_value__matches_another_implementation),
        cmocka_unit_test(test_open__of_what_was_sealed__gives_it_back),
        cmocka_unit_test(test_open__after_any_flip__refuses_and_leaves_nothing),
        cmocka_unit_test(test_open__of_a_part__refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
