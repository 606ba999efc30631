/* SPDX-License-Identifier: Apache-2.0 */
/* Identities in one block: read of another writer, written, encrypted in place; each wrong field, each
 * prefix and each changed byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sspi/given.h"
#include "sspi/identity_block.h"
#include "sspi/identity_seal.h"
#include "tests/unit/sspi/identity_sample.h"

/* A structure as another writer might lay it out: packed credentials first, a longer header, odd
 * offsets. */
struct sample {
    uint8_t b[200];
    size_t n;
};

static void
put16(uint8_t *p, size_t v)
{
    uint16_t x = (uint16_t)v;

    memcpy(p, &x, 2);
}

static void
put32(uint8_t *p, size_t v)
{
    uint32_t x = (uint32_t)v;

    memcpy(p, &x, 4);
}

static struct sample
foreign_ex2(void)
{
    struct sample s = { .n = 56 + 51 + 6 + 8 + 10 };
    uint8_t *b = s.b, *packed = b + 56;

    put32(b, SEC_WINNT_AUTH_IDENTITY_VERSION_2);
    put16(b + 4, 56); /* cbHeaderLength: a later version's header */
    put32(b + 8, s.n);
    put32(b + 12, 56 + 51 + 6);
    put16(b + 16, 8);
    put32(b + 20, 56 + 51);
    put16(b + 24, 6);
    put32(b + 28, 56);
    put16(b + 32, 51);
    put32(b + 36, SEC_WINNT_AUTH_IDENTITY_MARSHALLED);
    put32(b + 40, 56 + 51 + 6 + 8);
    put16(b + 44, 10);

    put16(packed, 28);
    put16(packed + 2, 51);
    memcpy(packed + 4, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, 16);
    put32(packed + 20, 28);
    put16(packed + 24, 23);
    put32(packed + 28, 9); /* one byte of nothing first */
    put16(packed + 32, 14);
    memcpy(packed + 37, u"pass 🔑", 14);

    memcpy(b + 56 + 51, u"DOM", 6);
    memcpy(b + 56 + 51 + 6, u"Üser", 8);
    memcpy(b + 56 + 51 + 6 + 8, u"!ntlm", 10);
    return s;
}

static void
test_identity_decode__ex2_of_another_writer(void **state)
{
    struct sample s = foreign_ex2();
    struct identity id;

    (void)state;
    for (unsigned wide_call = 0; wide_call < 2; wide_call++) {
        assert_int_equal(identity_decode(s.b, wide_call, &id), SEC_E_OK);
        assert_is_sample(&id);
        assert_text(&id.package_list, "2100 6e00 7400 6c00 6d00");
        assert_int_equal(id.flags, SEC_WINNT_AUTH_IDENTITY_MARSHALLED);
        identity_clear(&id);
    }
    /* "AuthIdEx2 does not have an ANSI version, so this check does not apply to it." */
    s.b[36] |= SEC_WINNT_AUTH_IDENTITY_ANSI;
    assert_int_equal(identity_decode(s.b, true, &id), SEC_E_OK);
    assert_is_sample(&id);
    identity_clear(&id);
}

static void
test_identity_block_decode__each_wrong_field_is_refused(void **state)
{
    static const struct {
        const char *name;
        size_t at, bytes;
        uint32_t value;
    } cases[] = {
        { "version", 0, 4, 0x200 },
        { "header too short", 4, 2, 47 },
        { "header longer than all", 4, 2, 132 },
        { "structure shorter than its header", 8, 4, 55 },
        { "structure longer than its memory", 8, 4, 132 },
        { "structure of 4 GiB", 8, 4, UINT32_MAX },
        { "user in the header", 12, 4, 40 },
        { "user past the end", 12, 4, 124 },
        { "user's offset and length wrap", 12, 4, UINT32_MAX - 3 },
        { "user of half a unit", 16, 2, 7 },
        { "user longer than the rest", 16, 2, 0xFFFE },
        { "domain past the end", 20, 4, 126 },
        { "domain of half a unit", 24, 2, 5 },
        { "packed credentials in the header", 28, 4, 0 },
        { "packed credentials past the end", 28, 4, 81 },
        { "packed credentials end early", 32, 2, 27 },
        { "packed credentials that are cut", 32, 2, 50 },
        { "encrypted elsewhere", 36, 4, SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED },
        { "protected by another system", 36, 4, SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED },
        { "list past the end", 40, 4, 122 },
        { "list in the header", 40, 4, 1 },
        { "packed structure too short", 58, 2, 27 },
        { "packed structure longer than its part", 58, 2, 52 },
        { "a certificate", 60, 4, 0x235f69ad },
        { "packed data in its header", 76, 4, 27 },
        { "packed data past the end", 76, 4, 29 },
        { "packed data's offset wraps", 76, 4, UINT32_MAX },
        { "packed data too short", 80, 2, 7 },
        { "packed data too long", 80, 2, 24 },
        { "password in its header", 84, 4, 7 },
        { "password past the end", 84, 4, 10 },
        { "password's offset wraps", 84, 4, UINT32_MAX - 13 },
        { "password of half a unit", 88, 2, 13 },
        { "password too long", 88, 2, 16 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample s = foreign_ex2();
        struct identity id;

        print_message("# %s\n", cases[i].name);
        (cases[i].bytes == 2 ? put16 : put32)(s.b + cases[i].at, cases[i].value);
        assert_int_equal(identity_block_decode(bytes_of(s.b, s.n), &id), SEC_E_UNKNOWN_CREDENTIALS);
        assert_true(id.user.n == 0 && id.domain.n == 0 && id.password.n == 0);
    }
}

/* In memory of exactly that size, so that a sanitizer sees a read past it. */
static void
test_identity_block_decode__each_prefix_is_refused(void **state)
{
    struct sample s = foreign_ex2();
    struct identity id;

    (void)state;
    for (size_t n = 0; n < s.n; n++) {
        for (unsigned says_so = 0; says_so < 2; says_so++) {
            uint8_t *cut = malloc(n + 1);

            assert_non_null(cut);
            memcpy(cut + 1, s.b, n); /* at an odd address, too */
            if (says_so && n >= 12) {
                put32(cut + 1 + 8, n);
            }
            assert_int_equal(identity_block_decode(bytes_of(cut + 1, n), &id),
                             SEC_E_UNKNOWN_CREDENTIALS);
            free(cut);
        }
    }
    assert_int_equal(identity_block_decode(bytes_of(s.b, s.n), &id), SEC_E_OK);
    identity_clear(&id);
}

static void
test_identity_block_decode__each_changed_byte_is_survived(void **state)
{
    struct sample s = foreign_ex2();

    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *changed = malloc(s.n);
            struct identity id;
            sec_status status;

            assert_non_null(changed);
            memcpy(changed, s.b, s.n);
            changed[i] ^= (uint8_t)(1u << bit);
            status = identity_block_decode(bytes_of(changed, s.n), &id);
            assert_true(status == SEC_E_OK || status == SEC_E_UNKNOWN_CREDENTIALS);
            identity_clear(&id);
            free(changed);
        }
    }
}

static void
test_identity_block_encode__reads_back_the_same(void **state)
{
    struct identity id, again;
    void *block = NULL;

    (void)state;
    for (unsigned missing = 0; missing < 16; missing++) {
        assert_int_equal(identity_decode(foreign_ex2().b, true, &id), SEC_E_OK);
        if (missing & 1) {
            secret_clear(&id.user);
            id.null_user = true;
        }
        if (missing & 2) {
            secret_clear(&id.domain);
            id.null_domain = missing & 8;
        }
        if (missing & 4) {
            secret_clear(&id.password);
            id.null_password = missing & 8;
        }
        assert_int_equal(identity_block_encode(&id, &block), SEC_E_OK);
        assert_int_equal(given_size(block), identity_block_bytes(block).n);
        assert_int_equal(identity_decode(block, false, &again), SEC_E_OK);
        assert_bytes_equal(secret_bytes(&again.user), secret_bytes(&id.user));
        assert_bytes_equal(secret_bytes(&again.domain), secret_bytes(&id.domain));
        assert_bytes_equal(secret_bytes(&again.password), secret_bytes(&id.password));
        assert_bytes_equal(secret_bytes(&again.package_list), secret_bytes(&id.package_list));
        assert_int_equal(again.null_user, id.null_user);
        assert_int_equal(again.null_domain, id.null_domain);
        assert_int_equal(again.null_password, id.null_password);
        assert_int_equal(again.flags, id.flags);
        identity_clear(&id);
        identity_clear(&again);
        assert_int_equal(given_free(block), SEC_E_OK);
    }
}

static void *
sample_block(void)
{
    struct identity id;
    void *block = NULL;

    assert_int_equal(identity_decode(&plain_w, true, &id), SEC_E_OK);
    assert_int_equal(identity_block_encode(&id, &block), SEC_E_OK);
    identity_clear(&id);
    return block;
}

static void
test_identity_block_encrypt__hides_the_password_and_comes_back(void **state)
{
    uint8_t *block = sample_block();
    size_t n = identity_block_bytes(block).n;
    uint8_t *before = malloc(n);
    struct identity id;

    (void)state;
    assert_non_null(before);
    memcpy(before, block, n);
    assert_non_null(memmem(block, n, u"pass", 8));
    assert_int_equal(identity_block_encrypt(block), SEC_E_OK);
    assert_null(memmem(block, n, u"pass", 8));
    assert_int_equal(identity_block_encrypt(block), SEC_E_INVALID_PARAMETER);

    assert_int_equal(identity_decode(block, true, &id), SEC_E_OK);
    assert_is_sample(&id);
    assert_int_equal(id.flags, SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED);
    identity_clear(&id);

    assert_int_equal(identity_block_decrypt(block), SEC_E_OK);
    assert_memory_equal(block, before, n);
    assert_int_equal(identity_block_decrypt(block), SEC_E_INVALID_PARAMETER);
    free(before);
    assert_int_equal(given_free(block), SEC_E_OK);
}

/* Names, password and tag are bound to each other; nothing changed opens. */
static void
test_identity_block_decrypt__each_changed_byte_is_refused(void **state)
{
    uint8_t *block = sample_block();
    size_t n = identity_block_bytes(block).n;
    struct identity id;

    (void)state;
    assert_int_equal(identity_block_encrypt(block), SEC_E_OK);
    for (size_t i = sizeof(SEC_WINNT_AUTH_IDENTITY_EX2); i < n; i++) {
        block[i] ^= 1;
        assert_int_not_equal(identity_decode(block, true, &id), SEC_E_OK);
        assert_int_equal(identity_block_decrypt(block), SEC_E_DECRYPT_FAILURE);
        block[i] ^= 1;
    }
    assert_int_equal(identity_block_decrypt(block), SEC_E_OK);
    assert_int_equal(given_free(block), SEC_E_OK);
}

static void
test_identity_block_encrypt__two_of_the_same_differ(void **state)
{
    uint8_t *one = sample_block(), *two = sample_block();
    size_t n = identity_block_bytes(one).n;

    (void)state;
    assert_int_equal(identity_block_encrypt(one), SEC_E_OK);
    assert_int_equal(identity_block_encrypt(two), SEC_E_OK);
    assert_memory_not_equal(one, two, n);
    assert_int_equal(given_free(one), SEC_E_OK);
    assert_int_equal(given_free(two), SEC_E_OK);
}

static void
test_identity_block_encrypt__no_room_is_told_and_nothing_changed(void **state)
{
    struct sample s = foreign_ex2(), before = s;

    (void)state;
    assert_int_equal(identity_block_encrypt(s.b), SEC_E_UNSUPPORTED_FUNCTION);
    assert_memory_equal(s.b, before.b, s.n);
}

/* Bytes behind the password that are somebody's are not written over. */
static void
test_identity_block_encrypt__room_that_is_taken_is_no_room(void **state)
{
    uint8_t *block = sample_block();
    size_t n = identity_block_bytes(block).n;

    (void)state;
    for (size_t i = 0; i < IDENTITY_SEAL_BYTES; i++) {
        block[n - 1 - i] = 1;
        assert_int_equal(identity_block_encrypt(block), SEC_E_UNSUPPORTED_FUNCTION);
        block[n - 1 - i] = 0;
    }
    assert_int_equal(identity_block_encrypt(block), SEC_E_OK);
    assert_int_equal(given_free(block), SEC_E_OK);
}

static void
test_identity_block_encrypt__no_password_is_a_flag_alone(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_W w = { .User = W("u"), .UserLength = 1, .Flags = 2 };
    struct identity id;
    void *block = NULL;

    (void)state;
    assert_int_equal(identity_decode(&w, true, &id), SEC_E_OK);
    id.flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
    assert_int_equal(identity_block_encode(&id, &block), SEC_E_OK);
    identity_clear(&id);
    assert_int_equal(identity_decode(block, true, &id), SEC_E_OK);
    assert_true(id.null_password && id.user.n == 2);
    identity_clear(&id);
    assert_int_equal(identity_block_decrypt(block), SEC_E_OK);
    assert_int_equal(given_free(block), SEC_E_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_decode__ex2_of_another_writer),
        cmocka_unit_test(test_identity_block_decode__each_wrong_field_is_refused),
        cmocka_unit_test(test_identity_block_decode__each_prefix_is_refused),
        cmocka_unit_test(test_identity_block_decode__each_changed_byte_is_survived),
        cmocka_unit_test(test_identity_block_encode__reads_back_the_same),
        cmocka_unit_test(test_identity_block_encrypt__hides_the_password_and_comes_back),
        cmocka_unit_test(test_identity_block_decrypt__each_changed_byte_is_refused),
        cmocka_unit_test(test_identity_block_encrypt__two_of_the_same_differ),
        cmocka_unit_test(test_identity_block_encrypt__no_room_is_told_and_nothing_changed),
        cmocka_unit_test(test_identity_block_encrypt__room_that_is_taken_is_no_room),
        cmocka_unit_test(test_identity_block_encrypt__no_password_is_a_flag_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
