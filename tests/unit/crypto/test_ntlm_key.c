/* SPDX-License-Identifier: Apache-2.0 */
/* The values of [MS-NLMP] 4.2: user "User", domain "Domain", password "Password". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/cipher.h"
#include "crypto/ntlm_key.h"
#include "tests/support/hex.h"

static const uint8_t server_challenge[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF };
static const uint8_t client_challenge[8] = { 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA };
static const struct secret16 random_session_key = { { 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                                      0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                                      0x55, 0x55 } };

#define KEY(secret) bytes_of((secret).b, 16)

static struct secret16
nt_hash(void)
{
    struct secret16 out;

    ntlm_key_nt_hash(UTF16("Password"), &out);
    return out;
}

static struct secret16
lm_hash(void)
{
    struct secret16 out;

    assert_true(ntlm_key_lm_hash(UTF16("Password"), &out));
    return out;
}

static struct bytes
sealed_session_key(const struct secret16 *exchange_key)
{
    static uint8_t out[16];

    cipher_rc4_once(exchange_key->b, out, random_session_key.b);
    return bytes_of(out, 16);
}

static void
test_hashes__of_4_2_2_1__match(void **state)
{
    struct secret16 nt = nt_hash(), lm = lm_hash();

    assert_bytes_equal(KEY(nt), HEX("a4f49c406510bdcab6824ee7c30fd852"));
    assert_bytes_equal(KEY(lm), HEX("e52cac67419a9a224a3b108f3fa6cb6d"));
}

static void
test_lm_hash__of_a_long_or_foreign_password__is_none(void **state)
{
    struct secret16 out;

    assert_false(ntlm_key_lm_hash(UTF16("fifteen letters"), &out));
    assert_false(ntlm_key_lm_hash(HEX("e4006200"), &out));
    assert_true(ntlm_key_lm_hash(UTF16("14 characters!"), &out));
}

static void
test_v1__of_4_2_2__matches(void **state)
{
    struct secret16 nt = nt_hash(), lm = lm_hash(), key;
    uint8_t response[24];

    ntlm_key_v1_response(&nt, server_challenge, response);
    assert_bytes_equal(bytes_of(response, 24),
                       HEX("67c43011f30298a2ad35ece64f16331c44bdbed927841f94"));
    ntlm_key_v1_session(&nt, &key);
    assert_bytes_equal(KEY(key), HEX("d87262b0cde4b1cb7499becccdf10784"));
    assert_bytes_equal(sealed_session_key(&key), HEX("518822b1b3f350c8958682ecbb3e3cb7"));

    ntlm_key_v1_response(&lm, server_challenge, response);
    assert_bytes_equal(bytes_of(response, 24),
                       HEX("98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13"));
    ntlm_key_exchange_non_nt(&lm, &key);
    assert_bytes_equal(KEY(key), HEX("e52cac67419a9a220000000000000000"));
    assert_bytes_equal(sealed_session_key(&key), HEX("7452ca55c225a1ca04b48fae32cf56fc"));
    ntlm_key_exchange_lm(&lm, response, &key);
    assert_bytes_equal(KEY(key), HEX("b09e379f7fbecb1eaf0afdcb0383c8a0"));
    assert_bytes_equal(sealed_session_key(&key), HEX("4cd7bb57d697ef9b549f02b8f9b37864"));
}

static void
test_v1_ess__of_4_2_3__matches(void **state)
{
    struct secret16 nt = nt_hash(), base, key, out;
    uint8_t response[24];

    ntlm_key_v1_ess_response(&nt, server_challenge, client_challenge, response);
    assert_bytes_equal(bytes_of(response, 24),
                       HEX("7537f803ae367128ca458204bde7caf81e97ed2683267232"));
    ntlm_key_v1_session(&nt, &base);
    ntlm_key_exchange_ess(&base, server_challenge, client_challenge, &key);
    assert_bytes_equal(KEY(key), HEX("eb93429a8bd952f8b89c55b87f475edc"));
    ntlm_key_seal(&key, NTLM_CLIENT_TO_SERVER, 56, &out);
    assert_bytes_equal(KEY(out), HEX("04dd7f014d8504d265a25cc86a3a7c06"));
    ntlm_key_sign(&key, NTLM_CLIENT_TO_SERVER, &out);
    assert_bytes_equal(KEY(out), HEX("60e799be5c72fc92922ae8ebe961fb8d"));
}

static void
test_v2__of_4_2_4__matches(void **state)
{
    struct bytes temp = HEX("01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c00"
                            "44006f006d00610069006e0001000c0053006500720076006500720000000000"
                            "00000000");
    struct secret16 nt = nt_hash(), v2, key, again;
    struct hmac_md5_key prepared;
    uint8_t proof[16];

    ntlm_key_v2(&nt, UTF16("USER"), UTF16("Domain"), &v2);
    assert_bytes_equal(KEY(v2), HEX("0c868a403bfd7a93a3001ef22ef02e3f"));
    hmac_md5_key_init(&prepared, KEY(nt));
    ntlm_key_v2_prepared(&prepared, UTF16("USER"), UTF16("Domain"), &again);
    assert_memory_equal(&v2, &again, sizeof(v2));
    ntlm_key_v2_proof(&v2, server_challenge, temp, proof);
    assert_bytes_equal(bytes_of(proof, 16), HEX("68cd0ab851e51c96aabc927bebef6a1c"));
    ntlm_key_v2_session(&v2, proof, &key);
    assert_bytes_equal(KEY(key), HEX("8de40ccadbc14a82f15cb0ad0de95ca3"));
    assert_bytes_equal(sealed_session_key(&key), HEX("c5dad2544fc9799094ce1ce90bc9d03e"));
    ntlm_key_v2_proof(&v2, server_challenge, bytes_of(client_challenge, 8), proof);
    assert_bytes_equal(bytes_of(proof, 16), HEX("86c35097ac9cec102554764a57cccc19"));
}

static void
test_message_keys__of_4_2_4__match(void **state)
{
    struct secret16 out;

    ntlm_key_seal(&random_session_key, NTLM_CLIENT_TO_SERVER, 128, &out);
    assert_bytes_equal(KEY(out), HEX("59f600973cc4960a25480a7c196e4c58"));
    ntlm_key_sign(&random_session_key, NTLM_CLIENT_TO_SERVER, &out);
    assert_bytes_equal(KEY(out), HEX("4788dc861b4782f35d43fd98fe1a2d39"));
    ntlm_key_seal(&random_session_key, NTLM_SERVER_TO_CLIENT, 128, &out);
    assert_bytes_equal(KEY(out), HEX("9355f3a957c1583d25c4c2f11e40390e"));
    ntlm_key_sign(&random_session_key, NTLM_SERVER_TO_CLIENT, &out);
    assert_bytes_equal(KEY(out), HEX("d04d6f10741041d1d246d64188d7a8ad"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes__of_4_2_2_1__match),
        cmocka_unit_test(test_lm_hash__of_a_long_or_foreign_password__is_none),
        cmocka_unit_test(test_v1__of_4_2_2__matches),
        cmocka_unit_test(test_v1_ess__of_4_2_3__matches),
        cmocka_unit_test(test_v2__of_4_2_4__matches),
        cmocka_unit_test(test_message_keys__of_4_2_4__match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
