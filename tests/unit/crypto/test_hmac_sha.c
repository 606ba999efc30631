/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2202 section 3, RFC 4231 section 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "crypto/hmac_sha.h"
#include "tests/support/hex.h"

#define TIMES_20(text)                                                                             \
    text text text text text text text text text text text text text text text text text text text \
        text

static const struct {
    const char *key, *data;
    const char *out[3]; /* SHA-1, SHA-256, SHA-384 */
} vectors[] = {
    { TIMES_20("0b"),
      "4869205468657265",
      { "b617318655057264e28bc0b6fb378c8ef146be00",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
        "faea9ea9076ede7f4af152e8b2fa9cb6" } },
    { "4a656665",
      "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      { "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
        "8e2240ca5e69e2c78b3239ecfab21649" } },
    { TIMES_20("aa"),
      TIMES_20("dddd") "dddddddddddddddddddd",
      { "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
        "2a5ab39dc13814b94e3ab6e101a34f27" } },
};

struct kept {
    uint8_t inner[HMAC_SHA_STATE_MAX_BYTES], outer[HMAC_SHA_STATE_MAX_BYTES];
    struct hmac_sha_key key;
};

static void
keep(struct kept *k, enum hmac_sha_digest digest, struct bytes secret)
{
    k->key = (struct hmac_sha_key){ digest, k->inner, k->outer };
    hmac_sha_key_init(digest, secret, k->inner, k->outer);
}

static void
test_hmac__of_the_rfcs__matches_whole_and_cut(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        for (unsigned digest = HMAC_SHA1; digest <= HMAC_SHA384; digest++) {
            uint8_t secret[64], data[64], want[64], have[64];
            struct bytes key = hex_into(secret, sizeof(secret), vectors[i].key);
            struct bytes in = hex_into(data, sizeof(data), vectors[i].data);
            struct bytes out = hex_into(want, sizeof(want), vectors[i].out[digest]);
            struct hmac_sha h;
            struct kept k;

            keep(&k, (enum hmac_sha_digest)digest, key);
            for (size_t n = 1; n <= out.n; n++) {
                hmac_sha_begin(&h, &k.key);
                hmac_sha_add(&h, in);
                hmac_sha_end(&h, have, n);
                assert_memory_equal(have, want, n);
            }
        }
    }
}

static void
test_hmac__of_data_in_two_parts__is_that_of_the_whole(void **state)
{
    uint8_t data[300];

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 11);
    }
    for (unsigned digest = HMAC_SHA1; digest <= HMAC_SHA384; digest++) {
        uint8_t whole[48] = { 0 }, parts[48] = { 0 };
        struct hmac_sha h;
        struct kept k;

        keep(&k, (enum hmac_sha_digest)digest, bytes_of("0123456789abcdef", 16));
        hmac_sha_begin(&h, &k.key);
        hmac_sha_add(&h, bytes_of(data, sizeof(data)));
        hmac_sha_end(&h, whole, 20);
        for (size_t at = 0; at <= sizeof(data); at++) {
            hmac_sha_begin(&h, &k.key);
            hmac_sha_add(&h, bytes_of(data, at));
            hmac_sha_add(&h, bytes_of(NULL, 0));
            hmac_sha_add(&h, bytes_of(data + at, sizeof(data) - at));
            hmac_sha_end(&h, parts, 20);
            assert_memory_equal(parts, whole, sizeof(whole));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac__of_the_rfcs__matches_whole_and_cut),
        cmocka_unit_test(test_hmac__of_data_in_two_parts__is_that_of_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
