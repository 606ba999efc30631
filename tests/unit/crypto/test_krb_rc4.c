/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4757 7: tokens that MIT krb5 1.20 made of one context (gss_get_mic, gss_wrap with and without
 * confidentiality, initiator and acceptor; the key is that of gss_krb5_export_lucid_sec_context). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/krb_crypt.h"
#include "tests/support/hex.h"

#define KEY  "ebd2a402b23045cec21ac2f3a0c48f68"
#define TEXT "the quick brown fox jumps over the lazy dog"

enum { HEADER = 8, SEQUENCE = 8, CHECKSUM = 8, CONFOUNDER = 8, BEFORE_DATA = 32 };

/* From the token's id on: the framing of RFC 2743 is not of this part. */
static const struct {
    uint32_t number; /* counted from the context's first */
    bool from_acceptor;
    const char *token;
} mics[] = {
    { 0, false, "01011100ffffffffc9a4db7924d43e5c2f7619fde889e568" },
    { 0, true, "01011100ffffffffeb70017ddb2bc1a32f7619fde889e568" },
};
static const struct {
    uint32_t number;
    bool from_acceptor, sealed;
    const char *token;
} wraps[] = {
    { 1, false, true,
      "020111001000ffff8966f3eaf4e68027b46477f36228c2da4ceb0e846c04cbe2e5024e100d5cc4d853e7c5bc4384"
      "65207b9a9030d819e8229032d2d6ff92d87ca3ebb871cbf0df2f40783ead" },
    { 2, false, false,
      "02011100fffffffff3c1e658d34af9a0db8d4cc7a188bdf63b87ff4b88c9bfb874686520717569636b2062726f77"
      "6e20666f78206a756d7073206f76657220746865206c617a7920646f6701" },
    { 1, true, true,
      "020111001000ffffbc2a3f196bb5b0f81593f40d795b398bd8aa4ad7d56e2717a19c7612d3fb255bdca652e8529a"
      "42dc4e33ac3f5eef1f8fb2a336aee01134fb040f24b2946907f384b265be" },
    { 2, true, false,
      "02011100ffffffffee7a0f91f57577d076c5675ca0d2ee2c66008ba716797ed374686520717569636b2062726f77"
      "6e20666f78206a756d7073206f76657220746865206c617a7920646f6701" },
};

static struct krb_rc4_gss
gss_key(void)
{
    struct krb_key key;
    struct krb_rc4_gss g;

    assert_true(krb_key_set(&key, KRB_RC4_HMAC, HEX(KEY)));
    krb_rc4_gss_init(&g, &key);
    return g;
}

/* Decrypts SND_SEQ, which must name its sender. */
static uint32_t
sequence_of(const struct krb_rc4_gss *g, const uint8_t *token, bool from_acceptor)
{
    uint8_t s[SEQUENCE], direction = from_acceptor ? 0xFF : 0;

    bytes_copy(s, token + HEADER, sizeof(s));
    krb_rc4_gss_sequence(g, token + HEADER + SEQUENCE, s);
    for (unsigned i = 4; i < 8; i++) {
        assert_int_equal(s[i], direction);
    }
    return (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 | (uint32_t)s[2] << 8 | s[3];
}

static void
test_gss__mics_of_mit__verify(void **state)
{
    struct krb_rc4_gss g = gss_key();

    for (size_t i = 0; i < SEC_ARRAY_LEN(mics); i++) {
        uint8_t token[64], have[CHECKSUM];
        struct bytes parts[2] = { { token, HEADER }, bytes_of_string(TEXT) };

        hex_into(token, sizeof(token), mics[i].token);
        krb_rc4_gss_checksum(&g, KRB_RC4_USAGE_MIC, parts, 2, have);
        assert_memory_equal(have, token + HEADER + SEQUENCE, CHECKSUM);
        (void)sequence_of(&g, token, mics[i].from_acceptor);
    }
}

static void
test_gss__wrapped_by_mit__opens(void **state)
{
    struct krb_rc4_gss g = gss_key();
    uint8_t first[64];

    for (size_t i = 0; i < SEC_ARRAY_LEN(wraps); i++) {
        uint8_t token[128], have[CHECKSUM];
        struct bytes whole = hex_into(token, sizeof(token), wraps[i].token);
        struct bytes parts[2] = { { token, HEADER },
                                  { token + BEFORE_DATA - CONFOUNDER,
                                    whole.n - BEFORE_DATA + CONFOUNDER } };
        uint32_t sequence = sequence_of(&g, token, wraps[i].from_acceptor);

        hex_into(first, sizeof(first), mics[wraps[i].from_acceptor].token);
        assert_int_equal(sequence,
                         sequence_of(&g, first, wraps[i].from_acceptor) + wraps[i].number);
        if (wraps[i].sealed) {
            /* One stream over the confounder and the data, however they lie. */
            struct krb_piece pieces[3] = {
                { token + BEFORE_DATA - CONFOUNDER, CONFOUNDER, false },
                { token, HEADER, true },
                { token + BEFORE_DATA, whole.n - BEFORE_DATA, false },
            };

            krb_rc4_gss_crypt(&g, sequence, pieces, 3);
        }
        assert_memory_equal(token + BEFORE_DATA, TEXT "\1", sizeof(TEXT));
        krb_rc4_gss_checksum(&g, KRB_RC4_USAGE_WRAP, parts, 2, have);
        assert_memory_equal(have, token + HEADER + SEQUENCE, CHECKSUM);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gss__mics_of_mit__verify),
        cmocka_unit_test(test_gss__wrapped_by_mit__opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
