/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8009 appendix A and what MIT krb5 1.20 encrypted; what must not open; messages in pieces. Both
 * directions against MIT, for every type, size and usage: tests/peers/test_krb_crypt.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/krb_crypt.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

enum { MAX_BYTES = 512 };

static const int32_t enctypes[] = { KRB_AES128_SHA1, KRB_AES256_SHA1, KRB_AES128_SHA256,
                                    KRB_AES256_SHA384, KRB_RC4_HMAC };

static void
fill(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(i * 9 + seed);
    }
}

/* A key for both directions of one usage. */
struct ciphers {
    const struct krb_profile *profile;
    union krb_cipher_room room[2];
    const struct krb_cipher *enc, *dec;
};

static void
ciphers_make(struct ciphers *c, int32_t enctype, struct bytes bytes, uint32_t usage)
{
    struct krb_key key;

    assert_true(krb_key_set(&key, enctype, bytes));
    c->profile = krb_profile_of(enctype);
    c->enc = krb_cipher_init(&c->room[0], &key, usage, KRB_ENCRYPT);
    c->dec = krb_cipher_init(&c->room[1], &key, usage, KRB_DECRYPT);
}

static void
ciphers_some(struct ciphers *c, int32_t enctype)
{
    uint8_t bytes[KRB_KEY_MAX_BYTES];

    fill(bytes, sizeof(bytes), 3);
    ciphers_make(c, enctype, bytes_of(bytes, krb_profile_of(enctype)->key_bytes), 11);
}

/* --- keys ---------------------------------------------------------------------------------- */

static void
test_key_set__of_another_size_or_type__is_refused(void **state)
{
    uint8_t bytes[64];

    fill(bytes, sizeof(bytes), 1);
    for (int32_t enctype = -200; enctype < 300; enctype++) {
        const struct krb_profile *profile = krb_profile_of(enctype);

        assert_int_equal(profile != NULL, krb_cipher_bytes(enctype) != 0);
        assert_true(krb_cipher_bytes(enctype) <= KRB_CIPHER_MAX_BYTES);
        for (size_t n = 0; n <= sizeof(bytes); n++) {
            struct krb_key key = { 1, 1, { 1 } }, empty = { 0 };

            if (krb_key_set(&key, enctype, bytes_of(bytes, n))) {
                assert_int_equal(n, profile->key_bytes);
                assert_int_equal(key.n, n);
                assert_int_equal(key.enctype, enctype);
                assert_memory_equal(key.b, bytes, n);
            } else {
                assert_true(!profile || n != profile->key_bytes);
                assert_memory_equal(&key, &empty, sizeof(key));
            }
        }
    }
}

/* Two of them are in every context. */
static void
test_cipher_bytes__of_aes256_sha1__are_the_schedule_and_two_digest_states(void **state)
{
    assert_true(krb_cipher_bytes(KRB_AES256_SHA1) <= 240 + 40 + 16);
}

static void
test_cipher_init__in_exactly_its_room__is_the_same_key(void **state)
{
    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        uint8_t *room = malloc(krb_cipher_bytes(enctypes[e]));
        uint8_t want[128], have[128], confounder[KRB_CONFOUNDER_MAX_BYTES] = { 0 };
        struct krb_key key;
        struct ciphers c;
        size_t n;

        ciphers_some(&c, enctypes[e]);
        fill(want, sizeof(want), 3);
        assert_non_null(room);
        assert_true(krb_key_set(&key, enctypes[e], bytes_of(want, c.profile->key_bytes)));
        n = krb_encrypt(krb_cipher_init(room, &key, 11, KRB_ENCRYPT), confounder,
                        bytes_of_string("text"), have);
        assert_int_equal(krb_encrypt(c.enc, confounder, bytes_of_string("text"), want), n);
        assert_memory_equal(have, want, n);
        free(room);
    }
}

/* --- vectors ------------------------------------------------------------------------------- */

#define AES128_KEY "3705d96080c17728a0e800eab6e0d23c"
#define AES256_KEY "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52"

static const struct {
    int32_t enctype;
    const char *key, *confounder, *plain, *cipher;
} rfc_8009[] = {
    { KRB_AES128_SHA256, AES128_KEY, "7e5895eaf2672435bad817f545a37148", "",
      "ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718" },
    { KRB_AES128_SHA256, AES128_KEY, "7bca285e2fd4130fb55b1a5c83bc5b24", "000102030405",
      "84d7f30754ed987bab0bf3506beb09cfb55402cef7e6877ce99e247e52d16ed4421dfdf8976c" },
    { KRB_AES128_SHA256, AES128_KEY, "56ab21713ff62c0a1457200f6fa9948f",
      "000102030405060708090a0b0c0d0e0f",
      "3517d640f50ddc8ad3628722b3569d2ae07493fa8263254080ea65c1008e8fc295fb4852e7d83e1e7c48c37eebe6"
      "b0d3" },
    { KRB_AES128_SHA256, AES128_KEY, "a7a4e29a4728ce10664fb64e49ad3fac",
      "000102030405060708090a0b0c0d0e0f1011121314",
      "720f73b18d9859cd6ccb4346115cd336c70f58edc0c4437c5573544c31c813bce1e6d072c186b39a413c2f92ca9b"
      "8334a287ffcbfc" },
    { KRB_AES256_SHA384, AES256_KEY, "f764e9fa15c276478b2c7d0c4e5f58e4", "",
      "41f53fa5bfe7026d91faf9be959195a058707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c" },
    { KRB_AES256_SHA384, AES256_KEY, "b80d3251c1f6471494256ffe712d0b9a", "000102030405",
      "4ed7b37c2bcac8f74f23c1cf07e62bc7b75fb3f637b9f559c7f664f69eab7b6092237526ea0d1f61cb20d69d10"
      "f2" },
    { KRB_AES256_SHA384, AES256_KEY, "53bf8a0d105265d4e276428624ce5e63",
      "000102030405060708090a0b0c0d0e0f",
      "bc47ffec7998eb91e8115cf8d19dac4bbbe2e163e87dd37f49beca92027764f68cf51f14d798c2273f35df574d1f"
      "932e40c4ff255b36a266" },
    { KRB_AES256_SHA384, AES256_KEY, "763e65367e864f02f55153c7e3b58af1",
      "000102030405060708090a0b0c0d0e0f1011121314",
      "40013e2df58e8751957d2878bcd2d6fe101ccfd556cb1eae79db3c3ee86429f2b2a602ac86fef6ecb647d6295fae"
      "077a1feb517508d2c16b4192e01f62" },
};

static void
test_encrypt__of_rfc_8009_a__matches(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(rfc_8009); i++) {
        uint8_t key[KRB_KEY_MAX_BYTES], confounder[16], plain[64], want[128], have[128];
        struct bytes in = hex_into(plain, sizeof(plain), rfc_8009[i].plain);
        struct bytes cipher = hex_into(want, sizeof(want), rfc_8009[i].cipher), opened;
        struct ciphers c;

        ciphers_make(&c, rfc_8009[i].enctype, hex_into(key, sizeof(key), rfc_8009[i].key), 2);
        hex_into(confounder, sizeof(confounder), rfc_8009[i].confounder);
        assert_int_equal(krb_encrypt(c.enc, confounder, in, have), cipher.n);
        assert_memory_equal(have, want, cipher.n);
        assert_true(krb_decrypt(c.dec, cipher, have, &opened));
        assert_bytes_equal(opened, in);
    }
}

/* krb5_c_encrypt under the key of ciphers_some, usage 11. */
static const struct {
    int32_t enctype;
    const char *plain, *cipher;
} mit[] = {
    { KRB_AES128_SHA1, "", "db239901acce25829d3e7e380ce79bb32f0d81966337f9eea5ad2596" },
    { KRB_AES128_SHA1, "nine byte",
      "416d4615bb0df6d2e48b1117508e0bddb397ed80e492ec1dbd2bd5ad4e86598463afa305af" },
    { KRB_AES128_SHA1, "thirty-three bytes, three blocks.",
      "e5003e14d794afa995b3b9386f274d1ad09c2136fad4bdb0239e69ac9821388f7c2ff827f1dd10c6ae44c2451782"
      "4662c478fa8acc45118b4731547365" },
    { KRB_AES256_SHA1, "", "17c91b9400c25afd21541bce8bdfeda2b4ff3b9f86b7b3a31f37ea21" },
    { KRB_AES256_SHA1, "nine byte",
      "dad969b5539d4d2572aa3f20fd849734902aa62cc309d8618efb1296826e682218402197d8" },
    { KRB_AES256_SHA1, "thirty-three bytes, three blocks.",
      "a6d41a47cf4217c3b0a6991c62d3477fff46fd35ca158930914bde28175d69234ce2af6f8e4e7b54792fa025fa1b"
      "b2cd255aae5e419c723aab94f032e7" },
    { KRB_RC4_HMAC, "", "8ad07a0b7f2fff784821e9e7533ac8207d1a0edcd98f5d4a" },
    { KRB_RC4_HMAC, "nine byte",
      "fb6274efd17866fd318a3f8c487554c16466b7a23f42ab15d3919bf2e906bb6057" },
    { KRB_RC4_HMAC, "thirty-three bytes, three blocks.",
      "fd8cb725595de68245a09a82a634ef311a4af637d51f04cb4d25352b5b36affa03908bd9db3e524b6d4d089fb5c9"
      "9ebc814eb41a37e6d6ce1d" },
};

static void
test_decrypt__of_what_mit_encrypted__gives_it_back(void **state)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(mit); i++) {
        uint8_t cipher[128], out[128];
        struct bytes in = hex_into(cipher, sizeof(cipher), mit[i].cipher), opened;
        struct ciphers c;

        ciphers_some(&c, mit[i].enctype);
        assert_true(krb_decrypt(c.dec, in, out, &opened));
        assert_bytes_equal(opened, bytes_of_string(mit[i].plain));
        /* Where the ciphertext is. */
        assert_true(krb_decrypt(c.dec, in, cipher, &opened));
        assert_bytes_equal(opened, bytes_of_string(mit[i].plain));
    }
}

/* --- what does not open -------------------------------------------------------------------- */

static size_t
message(const struct ciphers *c, size_t n, uint8_t *out)
{
    uint8_t plain[MAX_BYTES], confounder[KRB_CONFOUNDER_MAX_BYTES];

    fill(plain, n, 5);
    fill(confounder, sizeof(confounder), 200);
    return krb_encrypt(c->enc, confounder, bytes_of(plain, n), out);
}

static void
is_refused(struct bytes in, size_t at, void *user)
{
    const struct krb_cipher *dec = user;
    uint8_t out[MAX_BYTES], wiped[MAX_BYTES] = { 0 };
    struct bytes opened = bytes_of(out, 1);

    fill(out, in.n, 1);
    assert_false(krb_decrypt(dec, in, out, &opened));
    assert_int_equal(opened.n, 0);
    assert_memory_equal(out, wiped, in.n);
}

static void
test_decrypt__of_any_prefix_and_any_changed_byte__is_refused_and_wiped(void **state)
{
    static const size_t sizes[] = { 0, 1, 16, 33 };

    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        struct ciphers c;

        ciphers_some(&c, enctypes[e]);
        for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
            uint8_t cipher[MAX_BYTES] = { 0 };
            size_t n = message(&c, sizes[i], cipher);

            mutate_prefixes(bytes_of(cipher, n), is_refused, (void *)(uintptr_t)c.dec);
            mutate_bytes(bytes_of(cipher, n), is_refused, (void *)(uintptr_t)c.dec);
            is_refused(bytes_of(cipher, n + 1), n, (void *)(uintptr_t)c.dec);
        }
    }
}

static void
test_decrypt__under_another_usage_or_key__is_refused(void **state)
{
    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        uint8_t cipher[MAX_BYTES], key[KRB_KEY_MAX_BYTES];
        struct ciphers c, other;
        size_t n;

        fill(key, sizeof(key), 3);
        ciphers_some(&c, enctypes[e]);
        n = message(&c, 40, cipher);
        ciphers_make(&other, enctypes[e], bytes_of(key, c.profile->key_bytes), 12);
        is_refused(bytes_of(cipher, n), 0, (void *)(uintptr_t)other.dec);
        key[c.profile->key_bytes - 1] ^= 1;
        ciphers_make(&other, enctypes[e], bytes_of(key, c.profile->key_bytes), 11);
        is_refused(bytes_of(cipher, n), 0, (void *)(uintptr_t)other.dec);
    }
}

/* --- pieces -------------------------------------------------------------------------------- */

/* body: confounder and plaintext, encrypted as one piece. */
struct whole {
    struct ciphers c;
    uint8_t plain[MAX_BYTES], cipher[MAX_BYTES], mac[KRB_MAC_MAX_BYTES];
    size_t n;
};

static void
whole_make(struct whole *w, int32_t enctype, size_t n)
{
    struct krb_piece piece;

    ciphers_some(&w->c, enctype);
    w->n = w->c.profile->confounder_bytes + n;
    fill(w->plain, w->n, 17);
    bytes_copy(w->cipher, w->plain, w->n);
    piece = (struct krb_piece){ w->cipher, w->n, false };
    krb_encrypt_pieces(w->c.enc, &piece, 1, w->mac);
}

static void
test_encrypt__of_a_whole_message__is_the_pieces_and_their_mac(void **state)
{
    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        uint8_t have[MAX_BYTES];
        size_t confounder, mac, body;
        struct whole w;

        whole_make(&w, enctypes[e], 50);
        confounder = w.c.profile->confounder_bytes;
        body = w.c.profile->mac_first ? w.c.profile->mac_bytes : 0;
        mac = w.c.profile->mac_first ? 0 : w.n;
        assert_int_equal(
            krb_encrypt(w.c.enc, w.plain, bytes_of(w.plain + confounder, w.n - confounder), have),
            w.n + w.c.profile->mac_bytes);
        assert_memory_equal(have + body, w.cipher, w.n);
        assert_memory_equal(have + mac, w.mac, w.c.profile->mac_bytes);
    }
}

static void
in_three_pieces(const struct whole *w, size_t a, size_t b)
{
    uint8_t first[MAX_BYTES], second[MAX_BYTES], third[MAX_BYTES], mac[KRB_MAC_MAX_BYTES];
    struct krb_piece pieces[3] = { { first, a, false },
                                   { second, b - a, false },
                                   { third, w->n - b, false } };

    bytes_copy(first, w->plain, a);
    bytes_copy(second, w->plain + a, b - a);
    bytes_copy(third, w->plain + b, w->n - b);
    krb_encrypt_pieces(w->c.enc, pieces, 3, mac);
    assert_memory_equal(mac, w->mac, w->c.profile->mac_bytes);
    assert_memory_equal(first, w->cipher, a);
    assert_memory_equal(second, w->cipher + a, b - a);
    assert_memory_equal(third, w->cipher + b, w->n - b);
    assert_true(krb_decrypt_pieces(w->c.dec, pieces, 3, mac));
    assert_memory_equal(first, w->plain, a);
    assert_memory_equal(second, w->plain + a, b - a);
    assert_memory_equal(third, w->plain + b, w->n - b);
}

static void
test_pieces__cut_anywhere__are_the_whole(void **state)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 32, 47, 150 };

    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        for (size_t i = 0; i < SEC_ARRAY_LEN(sizes); i++) {
            struct whole w;

            whole_make(&w, enctypes[e], sizes[i]);
            for (size_t a = 0; a <= w.n; a++) {
                for (size_t b = a; b <= w.n; b += sizes[i] > 100 ? 7 : 1) {
                    in_three_pieces(&w, a, b);
                }
            }
        }
    }
}

/* A message with what is covered alone before, in the middle and behind. */
struct covered {
    uint8_t body[100], apart[3][40];
    uint8_t mac[KRB_MAC_MAX_BYTES];
    struct krb_piece pieces[6];
};

static void
covered_make(struct covered *m, size_t cut)
{
    fill(m->body, sizeof(m->body), 17);
    fill(m->apart[0], sizeof(m->apart), 99);
    m->pieces[0] = (struct krb_piece){ m->apart[0], 40, true };
    m->pieces[1] = (struct krb_piece){ m->body, cut, false };
    m->pieces[2] = (struct krb_piece){ m->apart[1], 13, true };
    m->pieces[3] = (struct krb_piece){ m->apart[1] + 13, 27, true };
    m->pieces[4] = (struct krb_piece){ m->body + cut, sizeof(m->body) - cut, false };
    m->pieces[5] = (struct krb_piece){ m->apart[2], 40, true };
}

static void
test_pieces__covered_alone__are_not_touched_and_not_to_be_changed(void **state)
{
    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        struct covered plain, m;
        struct ciphers c;

        ciphers_some(&c, enctypes[e]);
        for (size_t cut = 0; cut <= sizeof(m.body); cut++) {
            uint8_t *changed = m.apart[cut % 3] + cut % 40;

            covered_make(&plain, cut);
            covered_make(&m, cut);
            krb_encrypt_pieces(c.enc, m.pieces, 6, m.mac);
            assert_memory_equal(m.apart, plain.apart, sizeof(m.apart));
            assert_memory_not_equal(m.body, plain.body, sizeof(m.body));
            assert_true(krb_decrypt_pieces(c.dec, m.pieces, 6, m.mac));
            assert_memory_equal(m.apart, plain.apart, sizeof(m.apart));
            assert_memory_equal(m.body, plain.body, sizeof(m.body));

            krb_encrypt_pieces(c.enc, m.pieces, 6, m.mac);
            *changed ^= 0x10;
            assert_false(krb_decrypt_pieces(c.dec, m.pieces, 6, m.mac));
        }
    }
}

static void
test_decrypt_pieces__that_do_not_verify__are_wiped_or_not_decrypted(void **state)
{
    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        bool sha2 = enctypes[e] == KRB_AES128_SHA256 || enctypes[e] == KRB_AES256_SHA384;
        struct covered plain, m, sent;
        struct ciphers c;
        uint8_t zero[100] = { 0 };

        ciphers_some(&c, enctypes[e]);
        covered_make(&plain, 30);
        covered_make(&m, 30);
        krb_encrypt_pieces(c.enc, m.pieces, 6, m.mac);
        m.mac[0] ^= 1;
        sent = m;
        assert_false(krb_decrypt_pieces(c.dec, m.pieces, 6, m.mac));
        assert_memory_equal(m.body, sha2 ? sent.body : zero, sizeof(m.body));
        assert_memory_equal(m.apart, plain.apart, sizeof(m.apart));
    }
}

static void
test_pieces__without_a_whole_confounder__are_no_message(void **state)
{
    for (size_t e = 0; e < SEC_ARRAY_LEN(enctypes); e++) {
        struct ciphers c;

        ciphers_some(&c, enctypes[e]);
        for (size_t n = 0; n < c.profile->confounder_bytes; n++) {
            uint8_t body[16] = "123456789012345", covered[32], mac[KRB_MAC_MAX_BYTES];
            uint8_t zero[KRB_MAC_MAX_BYTES] = { 0 };
            struct krb_piece pieces[2] = { { body, n, false }, { covered, 32, true } };

            fill(covered, sizeof(covered), 1);
            fill(mac, sizeof(mac), 1);
            krb_encrypt_pieces(c.enc, pieces, 2, mac);
            assert_memory_equal(body, zero, n);
            assert_memory_equal(mac, zero, c.profile->mac_bytes);
            assert_false(krb_decrypt_pieces(c.dec, pieces, 2, mac));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_set__of_another_size_or_type__is_refused),
        cmocka_unit_test(test_cipher_bytes__of_aes256_sha1__are_the_schedule_and_two_digest_states),
        cmocka_unit_test(test_cipher_init__in_exactly_its_room__is_the_same_key),
        cmocka_unit_test(test_encrypt__of_rfc_8009_a__matches),
        cmocka_unit_test(test_decrypt__of_what_mit_encrypted__gives_it_back),
        cmocka_unit_test(test_decrypt__of_any_prefix_and_any_changed_byte__is_refused_and_wiped),
        cmocka_unit_test(test_decrypt__under_another_usage_or_key__is_refused),
        cmocka_unit_test(test_encrypt__of_a_whole_message__is_the_pieces_and_their_mac),
        cmocka_unit_test(test_pieces__cut_anywhere__are_the_whole),
        cmocka_unit_test(test_pieces__covered_alone__are_not_touched_and_not_to_be_changed),
        cmocka_unit_test(test_decrypt_pieces__that_do_not_verify__are_wiped_or_not_decrypted),
        cmocka_unit_test(test_pieces__without_a_whole_confounder__are_no_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
