/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3961 A.1, RFC 8009 appendix A; DK is in RFC 3962's keys of passwords (test_krb_key.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/krb_derive.h"
#include "tests/support/hex.h"

static void
test_nfold__of_rfc_3961_a_1__matches(void **state)
{
    static const struct {
        const char *in, *out;
    } vectors[] = {
        { "012345", "be072631276b1955" },
        { "password", "78a07b6caf85fa" },
        { "Rough Consensus, and Running Code", "bb6ed30870b7f0e0" },
        { "password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e" },
        { "MASSACHVSETTS INSTITVTE OF TECHNOLOGY",
          "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b" },
        { "Q", "518a54a215a8452a518a54a215a8452a518a54a215" },
        { "ba", "fb25d531ae8974499f52fd92ea9857c4ba24cf297e" },
        { "kerberos", "6b65726265726f73" },
        { "kerberos", "6b65726265726f737b9b5b2b93132b93" },
        { "kerberos", "8372c236344e5f1550cd0747e15d62ca7a5a3bcea4" },
        { "kerberos", "6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        uint8_t want[64], have[64];
        struct bytes out = hex_into(want, sizeof(want), vectors[i].out);

        krb_derive_nfold(bytes_of_string(vectors[i].in), have, out.n);
        assert_bytes_equal(bytes_of(have, out.n), out);
    }
}

static void
test_derive__of_rfc_8009_a__matches(void **state)
{
    static const struct {
        int32_t enctype;
        const char *base, *kc, *ke, *ki;
    } vectors[] = {
        { KRB_AES128_SHA256, "3705d96080c17728a0e800eab6e0d23c", "b31a018a48f54776f403e9a396325dc3",
          "9b197dd1e8c5609d6e67c3e37c62c72e", "9fda0e56ab2d85e1569a688696c26a6c" },
        { KRB_AES256_SHA384, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52",
          "ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d",
          "56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49",
          "69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(vectors); i++) {
        const struct {
            enum krb_purpose purpose;
            const char *want;
        } keys[] = {
            { KRB_FOR_CHECKSUM, vectors[i].kc },
            { KRB_FOR_ENCRYPTION, vectors[i].ke },
            { KRB_FOR_INTEGRITY, vectors[i].ki },
        };
        uint8_t base[KRB_KEY_MAX_BYTES];
        struct krb_derivation d;

        hex_into(base, sizeof(base), vectors[i].base);
        krb_derive_begin(&d, krb_type_of(vectors[i].enctype), base);
        for (size_t k = 0; k < SEC_ARRAY_LEN(keys); k++) {
            uint8_t want[KRB_KEY_MAX_BYTES], have[KRB_KEY_MAX_BYTES];
            struct bytes out = hex_into(want, sizeof(want), keys[k].want);

            krb_derive_for_usage(&d, 2, keys[k].purpose, have, out.n);
            assert_bytes_equal(bytes_of(have, out.n), out);
        }
    }
}

/* Some labels are folded beforehand. */
static void
test_derive_for_usage__of_each_usage__is_that_of_its_label(void **state)
{
    static const enum krb_purpose purposes[] = { KRB_FOR_CHECKSUM, KRB_FOR_ENCRYPTION,
                                                 KRB_FOR_INTEGRITY };
    static const int32_t enctypes[] = { KRB_AES128_SHA1, KRB_AES256_SHA1, KRB_AES128_SHA256,
                                        KRB_AES256_SHA384 };
    struct krb_derivation d;

    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        krb_derive_begin(&d, krb_type_of(enctypes[e]),
                         (const uint8_t *)"0123456789abcdef0123456789abcdef");
        for (uint32_t usage = 0; usage < 100; usage++) {
            for (size_t p = 0; p < SEC_ARRAY_LEN(purposes); p++) {
                uint8_t label[5] = { 0, 0, 0, (uint8_t)usage, (uint8_t)purposes[p] };
                uint8_t want[16], have[16];

                krb_derive_key(&d, bytes_of(label, sizeof(label)), want, sizeof(want));
                krb_derive_for_usage(&d, usage, purposes[p], have, sizeof(have));
                assert_memory_equal(have, want, sizeof(want));
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nfold__of_rfc_3961_a_1__matches),
        cmocka_unit_test(test_derive__of_rfc_8009_a__matches),
        cmocka_unit_test(test_derive_for_usage__of_each_usage__is_that_of_its_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
