/* SPDX-License-Identifier: Apache-2.0 */
/* Identities in each layout and width; what is no identity. Those in one block: test_identity_block.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <opensspi/sspi_identity.h>

#include "alloc_fail.h"
#include "sspi/given.h"
#include "sspi/identity.h"
#include "sspi/identity_block.h"
#include "sspi/identity_seal.h"
#include "tests/unit/sspi/identity_sample.h"

static void
assert_refused(const void *auth_data, bool wide_call)
{
    struct identity id;

    assert_int_equal(identity_decode(auth_data, wide_call, &id), SEC_E_UNKNOWN_CREDENTIALS);
    assert_true(id.user.n == 0 && id.domain.n == 0 && id.password.n == 0);
    assert_string_not_equal(sec_reason(), "");
}

static void
test_identity_decode__plain_in_either_width_and_call(void **state)
{
    static const struct {
        const void *data;
        bool wide_call;
    } cases[] = {
        { &plain_w, true }, { &plain_w, false }, { &plain_a, true }, { &plain_a, false }
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct identity id;

        assert_int_equal(identity_decode(cases[i].data, cases[i].wide_call, &id), SEC_E_OK);
        assert_is_sample(&id);
        assert_int_equal(id.package_list.n, 0);
        assert_int_equal(id.flags, 0);
        identity_clear(&id);
    }
}

static void
test_identity_decode__no_flag_means_the_call_s_own_width(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_W w = plain_w;
    SEC_WINNT_AUTH_IDENTITY_A a = plain_a;
    struct identity id;

    (void)state;
    w.Flags = 0;
    a.Flags = 0;
    assert_int_equal(identity_decode(&w, true, &id), SEC_E_OK);
    assert_is_sample(&id);
    identity_clear(&id);
    assert_int_equal(identity_decode(&a, false, &id), SEC_E_OK);
    assert_is_sample(&id);
    identity_clear(&id);
}

/* SEC_WINNT_AUTH_IDENTITY_INFO: the ANSI flag is what a reader looks for first. */
static void
test_identity_decode__both_flags_are_ansi(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_A a = plain_a;
    struct identity id;

    (void)state;
    a.Flags |= SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_ONLY;
    assert_int_equal(identity_decode(&a, true, &id), SEC_E_OK);
    assert_is_sample(&id);
    assert_int_equal(id.flags, SEC_WINNT_AUTH_IDENTITY_ONLY);
    identity_clear(&id);
}

static void
test_identity_decode__ex_in_either_width(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_EXW w = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
        .Length = sizeof(w),
        .User = plain_w.User,
        .UserLength = plain_w.UserLength,
        .Domain = plain_w.Domain,
        .DomainLength = plain_w.DomainLength,
        .Password = plain_w.Password,
        .PasswordLength = plain_w.PasswordLength,
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
        .PackageList = W("!ntlm"),
        .PackageListLength = 5,
    };
    SEC_WINNT_AUTH_IDENTITY_EXA a = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
        .Length = sizeof(a),
        .User = plain_a.User,
        .UserLength = plain_a.UserLength,
        .Domain = plain_a.Domain,
        .DomainLength = plain_a.DomainLength,
        .Password = plain_a.Password,
        .PasswordLength = plain_a.PasswordLength,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
        .PackageList = A("!ntlm"),
        .PackageListLength = 5,
    };
    struct identity id;

    (void)state;
    assert_int_equal(identity_decode(&w, false, &id), SEC_E_OK);
    assert_is_sample(&id);
    assert_text(&id.package_list, "2100 6e00 7400 6c00 6d00");
    identity_clear(&id);
    assert_int_equal(identity_decode(&a, true, &id), SEC_E_OK);
    assert_is_sample(&id);
    assert_text(&id.package_list, "2100 6e00 7400 6c00 6d00");
    identity_clear(&id);

    for (w.Length = 0; w.Length < sizeof(w); w.Length++) {
        assert_refused(&w, true);
    }
}

/* Where the heap begins at a round address, a user's name may well be at 0x602000000200. */
static void
test_identity_decode__a_pointer_that_looks_like_a_version(void **state)
{
    static const ULONG versions[] = { SEC_WINNT_AUTH_IDENTITY_VERSION,
                                      SEC_WINNT_AUTH_IDENTITY_VERSION_2 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        void *at = (void *)((uintptr_t)0x500000000000 + versions[i]);
        char *page = mmap((void *)(uintptr_t)0x500000000000, 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        SEC_WINNT_AUTH_IDENTITY_A a = plain_a;
        struct identity id;

        assert_ptr_equal(page, (void *)(uintptr_t)0x500000000000);
        a.User = memcpy(at, "Üser", 5);
        assert_int_equal(identity_layout_of(&a), IDENTITY_PLAIN);
        assert_int_equal(identity_decode(&a, false, &id), SEC_E_OK);
        assert_is_sample(&id);
        identity_clear(&id);
        assert_int_equal(munmap(page, 4096), 0);
    }
}

static void
test_identity_decode__null_and_empty_are_empty_and_told_apart(void **state)
{
    static const struct {
        const char *name;
        SEC_WINNT_AUTH_IDENTITY_W in;
        bool null;
    } cases[] = {
        { "all NULL", { .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE }, true },
        { "NULL with a length",
          { .UserLength = 4, .DomainLength = 1, .PasswordLength = 100, .Flags = 2 },
          true },
        { "no length",
          { .User = W("x"), .Domain = W("x"), .Password = W("x"), .Flags = 2 },
          false },
        { "a terminator alone", { W(""), 1, W(""), 1, W(""), 1, 2 }, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct identity id;

        print_message("# %s\n", cases[i].name);
        assert_int_equal(identity_decode(&cases[i].in, true, &id), SEC_E_OK);
        assert_true(id.user.n == 0 && id.domain.n == 0 && id.password.n == 0);
        assert_int_equal(id.null_user, cases[i].null);
        assert_int_equal(id.null_domain, cases[i].null);
        assert_int_equal(id.null_password, cases[i].null);
        identity_clear(&id);
    }
    assert_refused(NULL, true);
}

static void
test_identity_decode__texts_accepted_or_refused(void **state)
{
    static const struct {
        const char *name, *hex;
        bool name_ok, password_ok;
        size_t n; /* bytes that are kept */
    } cases[] = {
        { "one letter", "6100", true, true, 2 },
        { "a counted terminator is dropped", "6100 0000", true, true, 2 },
        { "two terminators", "6100 0000 0000", false, false, 0 },
        { "a NUL within", "6100 0000 6200", false, false, 0 },
        { "a NUL first", "0000 6200", false, false, 0 },
        { "a high surrogate alone", "3dd8", false, true, 2 },
        { "a low surrogate alone", "11dd 6100", false, true, 4 },
        { "surrogates in the wrong order", "11dd 3dd8", false, true, 4 },
        { "a pair", "3dd8 11dd", true, true, 4 },
        { "a byte order mark is a letter like others", "fffe 6100", true, true, 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t room[32];
        struct bytes text = hex_into(room, sizeof(room), cases[i].hex);
        unsigned short *p = (unsigned short *)(uintptr_t)text.p;
        ULONG n = (ULONG)text.n / 2;
        SEC_WINNT_AUTH_IDENTITY_W user = { .User = p, .UserLength = n, .Flags = 2 };
        SEC_WINNT_AUTH_IDENTITY_W domain = { .Domain = p, .DomainLength = n, .Flags = 2 };
        SEC_WINNT_AUTH_IDENTITY_W password = { .Password = p, .PasswordLength = n, .Flags = 2 };
        struct identity id;

        print_message("# %s\n", cases[i].name);
        if (cases[i].name_ok) {
            assert_int_equal(identity_decode(&user, true, &id), SEC_E_OK);
            assert_int_equal(id.user.n, cases[i].n);
            identity_clear(&id);
            assert_int_equal(identity_decode(&domain, true, &id), SEC_E_OK);
            assert_int_equal(id.domain.n, cases[i].n);
            identity_clear(&id);
        } else {
            assert_refused(&user, true);
            assert_refused(&domain, true);
        }
        if (cases[i].password_ok) {
            assert_int_equal(identity_decode(&password, true, &id), SEC_E_OK);
            assert_int_equal(id.password.n, cases[i].n);
            identity_clear(&id);
        } else {
            assert_refused(&password, true);
        }
    }
}

static void
test_identity_decode__ill_formed_utf8_is_refused(void **state)
{
    static const char *const bad[] = {
        "\xff", "a\x80", "\xc3", "\xed\xa0\xbd", "\xc0\x80", "a\0b"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ULONG n = i == 5 ? 3 : (ULONG)strlen(bad[i]);
        SEC_WINNT_AUTH_IDENTITY_A user = { .User = A(bad[i]), .UserLength = n, .Flags = 1 };
        SEC_WINNT_AUTH_IDENTITY_A pass = { .Password = A(bad[i]), .PasswordLength = n, .Flags = 1 };

        assert_refused(&user, false);
        assert_refused(&pass, false);
    }
}

/* What is refused is not told: a reason goes to logs. */
static void
test_identity_decode__reasons_do_not_hold_the_texts(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_A a = { .User = A("demo"),
                                    .UserLength = 4,
                                    .Password = A("hunter2\xff"),
                                    .PasswordLength = 8,
                                    .Flags = 1 };

    (void)state;
    assert_refused(&a, false);
    assert_null(strstr(sec_reason(), "hunter2"));
    assert_null(strstr(sec_reason(), "demo"));
}

static void
test_identity_decode__256_characters_are_the_limit(void **state)
{
    static unsigned short units[300];
    static unsigned char letters[900];
    struct identity id;

    (void)state;
    for (size_t i = 0; i < 300; i++) {
        units[i] = 'x';
        memcpy(letters + 3 * i, "\u20ac", 3); /* three bytes, one unit */
    }
    for (ULONG n = 255; n <= 258; n++) {
        SEC_WINNT_AUTH_IDENTITY_W w[] = { { .User = units, .UserLength = n, .Flags = 2 },
                                          { .Domain = units, .DomainLength = n, .Flags = 2 },
                                          { .Password = units, .PasswordLength = n, .Flags = 2 } };
        SEC_WINNT_AUTH_IDENTITY_A a = { .User = letters, .UserLength = 3 * n, .Flags = 1 };

        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(identity_decode(&w[i], true, &id),
                             n <= 256 ? SEC_E_OK : SEC_E_UNKNOWN_CREDENTIALS);
            assert_int_equal(id.user.n + id.domain.n + id.password.n, n <= 256 ? 2 * n : 0);
            identity_clear(&id);
        }
        assert_int_equal(identity_decode(&a, true, &id),
                         n <= 256 ? SEC_E_OK : SEC_E_UNKNOWN_CREDENTIALS);
        identity_clear(&id);
    }
    /* Not read at all: there are not that many. */
    assert_refused(&(SEC_WINNT_AUTH_IDENTITY_W){ units, UINT32_MAX, NULL, 0, NULL, 0, 2 }, true);
    assert_refused(&(SEC_WINNT_AUTH_IDENTITY_A){ letters, UINT32_MAX, NULL, 0, NULL, 0, 1 }, true);
}

static void
test_identity_decode__encrypted_forms_it_cannot_open_are_refused(void **state)
{
    static const ULONG flags[] = {
        SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        SEC_WINNT_AUTH_IDENTITY_W w = plain_w;

        w.Flags |= flags[i];
        assert_refused(&w, true);
    }
}

static void
read_and_write(void *user, bool failing)
{
    struct identity id;
    void *block = NULL;
    sec_status status = identity_decode(&plain_a, true, &id);

    (void)user;
    if (status == SEC_E_OK) {
        id.flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
        status = identity_block_encode(&id, &block);
        assert_true((status == SEC_E_OK) == (block != NULL));
        identity_clear(&id);
    }
    if (block) {
        status = identity_decode(block, true, &id);
        if (status == SEC_E_OK) {
            assert_is_sample(&id);
        }
        identity_clear(&id);
        (void)given_free(block);
    }
    assert_true(id.user.n == 0 && id.password.n == 0);
    assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
}

static void
test_identity__each_allocation_fails(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(read_and_write, NULL) > 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_decode__plain_in_either_width_and_call),
        cmocka_unit_test(test_identity_decode__no_flag_means_the_call_s_own_width),
        cmocka_unit_test(test_identity_decode__both_flags_are_ansi),
        cmocka_unit_test(test_identity_decode__ex_in_either_width),
        cmocka_unit_test(test_identity_decode__a_pointer_that_looks_like_a_version),
        cmocka_unit_test(test_identity_decode__null_and_empty_are_empty_and_told_apart),
        cmocka_unit_test(test_identity_decode__texts_accepted_or_refused),
        cmocka_unit_test(test_identity_decode__ill_formed_utf8_is_refused),
        cmocka_unit_test(test_identity_decode__reasons_do_not_hold_the_texts),
        cmocka_unit_test(test_identity_decode__256_characters_are_the_limit),
        cmocka_unit_test(test_identity_decode__encrypted_forms_it_cannot_open_are_refused),
        cmocka_unit_test(test_identity__each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
