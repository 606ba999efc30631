/* SPDX-License-Identifier: Apache-2.0 */
/* MS-CHAP's hashes and MPPE's keys against the RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/mschap_key.h"
#include "crypto/ntlm_key.h"
#include "tests/support/hex.h"

/* RFC 2759 9.2. */
static const char user[] = "User";
static const char password_utf16[] = "c\0l\0i\0e\0n\0t\0P\0a\0s\0s";
static const char challenge[] = "5b5d7c7d7b3f2f3e3c2c602132262628";
static const char peer_challenge[] = "21402324255e262a28295f2b3a337c7e";
static const char challenge_hash[] = "d02e4386bce91226";
static const char nt_hash[] = "44ebba8d5312b8d611474411f56989ae";
static const char nt_response[] = "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df";
static const char hash_of_hash[] = "41c00c584bd2d91c4017a2a12fa59f3f";
static const char authenticator[] = "407a5589115fd0d6209f510fe9c04566932cda56";

static struct secret16
secret_of(const char *hex)
{
    struct secret16 s;

    (void)hex_into(s.b, sizeof(s.b), hex);
    return s;
}

static void
test_mschap_key_challenge__rfc2759_9_2_gives_the_hash_and_the_response(void **state)
{
    uint8_t hash[8], response[24];
    struct secret16 nt, of_nt;

    mschap_key_challenge(HEX(peer_challenge).p, HEX(challenge).p, bytes_of_string(user), hash);
    assert_bytes_equal(bytes_of(hash, 8), HEX(challenge_hash));
    ntlm_key_nt_hash(bytes_of(password_utf16, sizeof(password_utf16)), &nt);
    assert_bytes_equal(bytes_of(nt.b, 16), HEX(nt_hash));
    ntlm_key_v1_response(&nt, hash, response);
    assert_bytes_equal(bytes_of(response, 24), HEX(nt_response));
    ntlm_key_v1_session(&nt, &of_nt);
    assert_bytes_equal(bytes_of(of_nt.b, 16), HEX(hash_of_hash));
}

static void
test_mschap_key_authenticator__rfc2759_9_2_gives_the_answer(void **state)
{
    struct secret16 of_nt = secret_of(hash_of_hash);
    uint8_t answer[MSCHAP_AUTHENTICATOR_BYTES];

    mschap_key_authenticator(&of_nt, HEX(nt_response).p, HEX(challenge_hash).p, answer);
    assert_bytes_equal(bytes_of(answer, sizeof(answer)), HEX(authenticator));
}

/* RFC 3079 3.5.3. */
static void
test_mschap_key_mppe_v2__rfc3079_3_5_3_gives_the_start_key(void **state)
{
    struct secret16 of_nt = secret_of(hash_of_hash), send, receive;

    mschap_key_mppe_v2(&of_nt, HEX(nt_response).p, &send, &receive);
    assert_bytes_equal(bytes_of(send.b, 16), HEX("8b7cdc149b993a1ba118cb153f56dccb"));
    assert_memory_not_equal(send.b, receive.b, 16);
}

/* RFC 3079 2.5.3. */
static void
test_mschap_key_mppe_v1__rfc3079_2_5_3_gives_the_start_key(void **state)
{
    struct secret16 of_nt = secret_of(hash_of_hash), key;

    mschap_key_mppe_v1(&of_nt, HEX("102db5df085d3041").p, &key);
    assert_bytes_equal(bytes_of(key.b, 16), HEX("a8947850cfc0acc1d1789fb62ddcddb0"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mschap_key_challenge__rfc2759_9_2_gives_the_hash_and_the_response),
        cmocka_unit_test(test_mschap_key_authenticator__rfc2759_9_2_gives_the_answer),
        cmocka_unit_test(test_mschap_key_mppe_v2__rfc3079_3_5_3_gives_the_start_key),
        cmocka_unit_test(test_mschap_key_mppe_v1__rfc3079_2_5_3_gives_the_start_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
