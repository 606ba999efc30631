/* SPDX-License-Identifier: Apache-2.0 */
/* The family of Sspi* functions: strings to identities and back, copies, bytes, comparing,
 * encryption; and that a refused call leaves what it was given alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <opensspi/sspi.h>

#include "alloc_fail.h"
#include "sspi/given.h"
#include "sspi/identity.h"
#include "tests/support/hex.h"

typedef PSEC_WINNT_AUTH_IDENTITY_OPAQUE opaque;

#define UNTOUCHED ((void *)(uintptr_t)0x5a)

static opaque
identity_of(PCWSTR user, PCWSTR domain, PCWSTR password)
{
    opaque id = NULL;

    assert_int_equal(SspiEncodeStringsAsAuthIdentity(user, domain, password, &id), SEC_E_OK);
    assert_non_null(id);
    return id;
}

static bool
is_same_text(PCWSTR a, PCWSTR b)
{
    size_t i = 0;

    if (!a || !b) {
        return a == b;
    }
    while (a[i] && a[i] == b[i]) {
        i++;
    }
    return a[i] == b[i];
}

static void
assert_strings(opaque id, PCWSTR user, PCWSTR domain, PCWSTR password)
{
    PCWSTR u = UNTOUCHED, d = UNTOUCHED, p = UNTOUCHED;

    assert_int_equal(SspiEncodeAuthIdentityAsStrings(id, &u, &d, &p), SEC_E_OK);
    assert_true(is_same_text(u, user));
    assert_true(is_same_text(d, domain));
    assert_true(is_same_text(p, password));
    SspiLocalFree((void *)(uintptr_t)u);
    SspiLocalFree((void *)(uintptr_t)d);
    SspiLocalFree((void *)(uintptr_t)p);
}

static void
test_SspiEncodeStringsAsAuthIdentity__strings_come_back(void **state)
{
    static const struct {
        PCWSTR user, domain, password;
    } cases[] = {
        { u"Üser", u"DOM", u"pass 🔑" },
        { u"user", NULL, u"pass" },
        { u"user@example.test", u"", u"" },
        { NULL, NULL, u"pass" },
        { NULL, u"DOM", NULL },
        { u"user", u"DOM", NULL },
        { u"", NULL, NULL },
        { u"", u"", u"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        opaque id = identity_of(cases[i].user, cases[i].domain, cases[i].password);

        assert_strings(id, cases[i].user, cases[i].domain, cases[i].password);
        assert_int_equal(SspiValidateAuthIdentity(id), SEC_E_OK);
        assert_false(SspiIsAuthIdentityEncrypted(id));
        SspiFreeAuthIdentity(id);
    }
}

static void
test_SspiEncodeStringsAsAuthIdentity__refused_leaves_out_alone(void **state)
{
    static SEC_WCHAR too_long[258];
    opaque id = UNTOUCHED;

    (void)state;
    for (size_t i = 0; i < 257; i++) {
        too_long[i] = 'x';
    }
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(NULL, NULL, NULL, &id), SEC_E_INVALID_TOKEN);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(too_long, NULL, u"p", &id),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"u", NULL, too_long, &id),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(
        SspiEncodeStringsAsAuthIdentity((const SEC_WCHAR[]){ 0xD83D, 0 }, NULL, u"p", &id),
        SEC_E_INVALID_TOKEN);
    assert_ptr_equal(id, UNTOUCHED);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"u", NULL, NULL, NULL),
                     SEC_E_INVALID_PARAMETER);
}

static void
test_SspiEncodeAuthIdentityAsStrings__refused_leaves_out_alone(void **state)
{
    opaque id = identity_of(u"user", NULL, u"pass");
    PCWSTR u = UNTOUCHED, d = UNTOUCHED, p = UNTOUCHED;

    (void)state;
    assert_int_equal(SspiEncodeAuthIdentityAsStrings(NULL, &u, &d, &p), SEC_E_INVALID_TOKEN);
    assert_int_equal(SspiEncodeAuthIdentityAsStrings(id, NULL, &d, &p), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiEncodeAuthIdentityAsStrings(id, &u, NULL, &p), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiEncodeAuthIdentityAsStrings(id, &u, &d, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiEncryptAuthIdentity(id), SEC_E_OK);
    assert_int_equal(SspiEncodeAuthIdentityAsStrings(id, &u, &d, &p), (int32_t)0xC000000D);
    assert_true(u == UNTOUCHED && d == UNTOUCHED && p == UNTOUCHED);
    SspiFreeAuthIdentity(id);
}

/* Each layout is an identity to the family, which has W functions only. */
static void
test_SspiEncodeAuthIdentityAsStrings__layouts_of_callers(void **state)
{
    unsigned short user[] = u"user", domain[] = u"DOM", pass[] = u"pass", list[] = u"!ntlm";
    unsigned char user_a[] = "user", pass_a[] = "pass";
    SEC_WINNT_AUTH_IDENTITY_W plain = { user, 4, domain, 3, pass, 4, 0 };
    SEC_WINNT_AUTH_IDENTITY_A ansi = {
        user_a, 4, NULL, 0, pass_a, 4, SEC_WINNT_AUTH_IDENTITY_ANSI
    };
    SEC_WINNT_AUTH_IDENTITY_EXW ex = {
        SEC_WINNT_AUTH_IDENTITY_VERSION, sizeof(ex), user, 4, domain, 3, pass, 4, 2, list, 5
    };

    (void)state;
    assert_strings(&plain, u"user", u"DOM", u"pass");
    assert_strings(&ansi, u"user", NULL, u"pass");
    assert_strings(&ex, u"user", u"DOM", u"pass");
    assert_int_equal(SspiValidateAuthIdentity(&plain), SEC_E_OK);
    assert_int_equal(SspiValidateAuthIdentity(&ansi), SEC_E_OK);
    assert_int_equal(SspiValidateAuthIdentity(&ex), SEC_E_OK);
    ex.Length--;
    assert_int_equal(SspiValidateAuthIdentity(&ex), SEC_E_INVALID_TOKEN);
    assert_int_equal(SspiValidateAuthIdentity(NULL), SEC_E_INVALID_TOKEN);
}

static void
test_SspiCopyAuthIdentity__copies_live_on_their_own(void **state)
{
    opaque id = identity_of(u"user", NULL, u"pass"), copy = NULL;

    (void)state;
    assert_int_equal(SspiCopyAuthIdentity(id, &copy), SEC_E_OK);
    assert_int_equal(SspiCopyAuthIdentity(id, NULL), SEC_E_INVALID_PARAMETER);
    SspiFreeAuthIdentity(id);
    assert_strings(copy, u"user", NULL, u"pass");
    SspiFreeAuthIdentity(copy);
    copy = UNTOUCHED;
    assert_int_equal(SspiCopyAuthIdentity(NULL, &copy), SEC_E_INVALID_TOKEN);
    assert_ptr_equal(copy, UNTOUCHED);
}

static void
test_SspiFreeAuthIdentity__null_and_strangers_do_nothing(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_W mine __attribute__((aligned(16))) = { 0 };

    (void)state;
    SspiFreeAuthIdentity(NULL);
    SspiFreeAuthIdentity(&mine);
    SspiLocalFree(NULL);
    SspiLocalFree(&mine);
    SspiZeroAuthIdentity(NULL);
}

static void
test_SspiZeroAuthIdentity__password_of_each_layout(void **state)
{
    unsigned short user[] = u"user", pass[] = u"pass";
    unsigned char pass_a[] = "pass!";
    SEC_WINNT_AUTH_IDENTITY_W plain = { user, 4, NULL, 0, pass, 4, 2 };
    SEC_WINNT_AUTH_IDENTITY_A ansi = { NULL, 0, NULL, 0, pass_a, 4, 1 };
    SEC_WINNT_AUTH_IDENTITY_EXW ex = { .Version = SEC_WINNT_AUTH_IDENTITY_VERSION, .Length = 8 };
    opaque id = identity_of(u"user", NULL, u"secret");
    size_t n = given_size(id);

    (void)state;
    SspiZeroAuthIdentity(&plain);
    assert_memory_equal(pass, u"\0\0\0\0", 10);
    assert_memory_equal(user, u"user", 10);
    SspiZeroAuthIdentity(&ansi);
    assert_memory_equal(pass_a, "\0\0\0\0!", 6);
    SspiZeroAuthIdentity(&ex); /* too short to have a password: not read */
    assert_non_null(memmem(id, n, u"secret", 12));
    SspiZeroAuthIdentity(id);
    assert_null(memmem(id, n, u"secret", 12));
    assert_int_equal(SspiValidateAuthIdentity(id), SEC_E_INVALID_TOKEN);
    SspiFreeAuthIdentity(id);
}

static void
test_SspiCompareAuthIdentities__users_and_secrets(void **state)
{
    static const struct {
        PCWSTR one[3], two[3];
        bool same_user, same_identity;
    } cases[] = {
        { { u"user", u"DOM", u"pass" }, { u"user", u"DOM", u"pass" }, true, true },
        { { u"USER", u"dom", u"pass" }, { u"üser", u"DOM", u"pass" }, false, false },
        { { u"Üser", u"dom", u"pass" }, { u"üSER", u"DOM", u"pass" }, true, true },
        { { u"user", u"DOM", u"pass" }, { u"user", u"DOM", u"Pass" }, true, false },
        { { u"user", u"DOM", u"pass" }, { u"user", u"DOM", u"pas" }, true, false },
        { { u"user", u"DOM", u"pass" }, { u"user", NULL, u"pass" }, false, false },
        { { u"user", u"", u"pass" }, { u"user", NULL, u"pass" }, true, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        opaque one = identity_of(cases[i].one[0], cases[i].one[1], cases[i].one[2]);
        opaque two = identity_of(cases[i].two[0], cases[i].two[1], cases[i].two[2]);

        for (unsigned encrypted = 0; encrypted < 2; encrypted++) {
            BOOLEAN user = 2, identity = 2;

            assert_int_equal(SspiCompareAuthIdentities(one, two, &user, &identity), SEC_E_OK);
            assert_int_equal(user, cases[i].same_user);
            assert_int_equal(identity, cases[i].same_identity);
            if (!encrypted) {
                assert_int_equal(SspiEncryptAuthIdentity(one), SEC_E_OK);
            }
        }
        SspiFreeAuthIdentity(one);
        SspiFreeAuthIdentity(two);
    }
}

static void
test_SspiCompareAuthIdentities__null_is_the_default_credential(void **state)
{
    opaque id = identity_of(u"user", NULL, u"pass");
    BOOLEAN user = 2, identity = 2;

    (void)state;
    assert_int_equal(SspiCompareAuthIdentities(NULL, NULL, &user, &identity), SEC_E_OK);
    assert_true(user == 1 && identity == 1);
    assert_int_equal(SspiCompareAuthIdentities(id, NULL, &user, &identity), SEC_E_OK);
    assert_true(user == 0 && identity == 0);
    assert_int_equal(SspiCompareAuthIdentities(NULL, id, &user, NULL), SEC_E_OK);
    assert_int_equal(SspiCompareAuthIdentities(id, id, NULL, &identity), SEC_E_OK);
    assert_int_equal(identity, 1);
    SspiZeroAuthIdentity(id);
    user = 2;
    assert_int_equal(SspiCompareAuthIdentities(id, id, &user, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(user, 2);
    SspiFreeAuthIdentity(id);
}

static void
test_SspiMarshalAuthIdentity__bytes_come_back_and_each_prefix_is_refused(void **state)
{
    opaque id = identity_of(u"Üser", u"DOM", u"pass 🔑"), again = NULL;
    char *bytes = NULL;
    ULONG n = 0;

    (void)state;
    assert_int_equal(SspiMarshalAuthIdentity(id, &n, &bytes), SEC_E_OK);
    SspiFreeAuthIdentity(id);
    assert_int_equal(SspiUnmarshalAuthIdentity(n, bytes, &again), SEC_E_OK);
    assert_strings(again, u"Üser", u"DOM", u"pass 🔑");
    SspiFreeAuthIdentity(again);

    again = UNTOUCHED;
    for (ULONG cut = 0; cut < n; cut++) {
        char *part = malloc(cut ? cut : 1);

        assert_non_null(part);
        memcpy(part, bytes, cut);
        assert_int_equal(SspiUnmarshalAuthIdentity(cut, part, &again), SEC_E_INVALID_TOKEN);
        free(part);
    }
    assert_int_equal(SspiUnmarshalAuthIdentity(n, NULL, &again), SEC_E_INVALID_TOKEN);
    assert_ptr_equal(again, UNTOUCHED);
    assert_int_equal(SspiUnmarshalAuthIdentity(n, bytes, NULL), SEC_E_INVALID_PARAMETER);
    SspiLocalFree(bytes);

    id = identity_of(u"user", NULL, NULL);
    bytes = UNTOUCHED;
    assert_int_equal(SspiMarshalAuthIdentity(id, NULL, &bytes), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiMarshalAuthIdentity(id, &n, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiMarshalAuthIdentity(NULL, &n, &bytes), SEC_E_INVALID_TOKEN);
    assert_ptr_equal(bytes, UNTOUCHED);
    SspiFreeAuthIdentity(id);
}

static void
test_SspiEncryptAuthIdentity__is_used_copied_and_decrypted(void **state)
{
    opaque id = identity_of(u"user", NULL, u"secret"), copy = NULL, back = NULL;
    char *bytes = NULL;
    ULONG n = 0;

    (void)state;
    assert_int_equal(SspiEncryptAuthIdentity(id), SEC_E_OK);
    assert_true(SspiIsAuthIdentityEncrypted(id));
    assert_null(memmem(id, given_size(id), u"secret", 12));
    assert_int_equal(SspiEncryptAuthIdentity(id), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiValidateAuthIdentity(id), SEC_E_OK);

    assert_int_equal(SspiCopyAuthIdentity(id, &copy), SEC_E_OK);
    assert_true(SspiIsAuthIdentityEncrypted(copy));
    assert_null(memmem(copy, given_size(copy), u"secret", 12));

    assert_int_equal(SspiMarshalAuthIdentity(id, &n, &bytes), SEC_E_OK);
    assert_null(memmem(bytes, n, u"secret", 12));
    assert_int_equal(SspiUnmarshalAuthIdentity(n, bytes, &back), SEC_E_OK);
    SspiLocalFree(bytes);

    assert_int_equal(SspiDecryptAuthIdentity(id), SEC_E_OK);
    assert_int_equal(SspiDecryptAuthIdentity(id), SEC_E_INVALID_PARAMETER);
    assert_false(SspiIsAuthIdentityEncrypted(id));
    assert_strings(id, u"user", NULL, u"secret");
    assert_int_equal(SspiDecryptAuthIdentity(copy), SEC_E_OK);
    assert_strings(copy, u"user", NULL, u"secret");
    assert_int_equal(SspiDecryptAuthIdentity(back), SEC_E_OK);
    assert_strings(back, u"user", NULL, u"secret");
    SspiFreeAuthIdentity(id);
    SspiFreeAuthIdentity(copy);
    SspiFreeAuthIdentity(back);
}

static void
test_SspiEncryptAuthIdentityEx__options_and_layouts(void **state)
{
    static const struct {
        ULONG options;
        sec_status status;
    } cases[] = {
        { 0, SEC_E_INVALID_PARAMETER },
        { SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM, SEC_E_UNSUPPORTED_FUNCTION },
        { SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON | SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS,
          SEC_E_UNSUPPORTED_FUNCTION },
        { 8, SEC_E_INVALID_PARAMETER },
    };
    unsigned short user[] = u"user", pass[] = u"pass";
    SEC_WINNT_AUTH_IDENTITY_W plain = { user, 4, NULL, 0, pass, 4, 2 };
    opaque id = identity_of(u"user", NULL, u"secret");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(SspiEncryptAuthIdentityEx(cases[i].options, id), cases[i].status);
        assert_int_equal(SspiDecryptAuthIdentityEx(cases[i].options, id), cases[i].status);
    }
    assert_strings(id, u"user", NULL, u"secret");
    assert_int_equal(SspiEncryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, id),
                     SEC_E_OK);
    assert_int_equal(SspiDecryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, id),
                     SEC_E_OK);
    SspiFreeAuthIdentity(id);

    assert_int_equal(SspiEncryptAuthIdentity(NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(SspiDecryptAuthIdentity(NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(SspiEncryptAuthIdentity(&plain), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SspiDecryptAuthIdentity(&plain), SEC_E_UNSUPPORTED_FUNCTION);
    assert_memory_equal(pass, u"pass", 10);
    assert_false(SspiIsAuthIdentityEncrypted(NULL));
    assert_false(SspiIsAuthIdentityEncrypted(&plain));
    plain.Flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED;
    assert_true(SspiIsAuthIdentityEncrypted(&plain));
}

/* A head that lies must not be written through. */
static void
test_SspiDecryptAuthIdentity__a_head_that_lies_is_refused(void **state)
{
    opaque id = identity_of(u"user", NULL, u"secret");
    SEC_WINNT_AUTH_IDENTITY_EX2 *h = id;
    ULONG n = h->cbStructureLength, at = h->PackedCredentialsOffset;

    (void)state;
    assert_int_equal(SspiEncryptAuthIdentity(id), SEC_E_OK);
    h->cbStructureLength = n - 1;
    assert_int_equal(SspiDecryptAuthIdentity(id), SEC_E_INVALID_TOKEN);
    h->cbStructureLength = 12;
    assert_int_equal(SspiDecryptAuthIdentity(id), SEC_E_INVALID_TOKEN);
    SspiZeroAuthIdentity(id);
    h->cbStructureLength = n;
    h->PackedCredentialsOffset = 4;
    assert_int_equal(SspiDecryptAuthIdentity(id), SEC_E_INVALID_TOKEN);
    h->PackedCredentialsOffset = UINT32_MAX - 8;
    assert_int_equal(SspiDecryptAuthIdentity(id), SEC_E_INVALID_TOKEN);
    SspiZeroAuthIdentity(id);
    h->PackedCredentialsOffset = at;
    assert_int_equal(SspiDecryptAuthIdentity(id), SEC_E_OK);
    assert_strings(id, u"user", NULL, u"secret");
    SspiFreeAuthIdentity(id);
}

static void
assert_list(opaque auth_data, struct bytes list)
{
    struct identity id;

    assert_int_equal(identity_decode(auth_data, true, &id), SEC_E_OK);
    assert_bytes_equal(secret_bytes(&id.package_list), list);
    identity_clear(&id);
}

static void
test_SspiExcludePackage__adds_to_the_list_of_a_copy(void **state)
{
    opaque id = identity_of(u"user", u"DOM", u"pass"), one = NULL, two = NULL;
    unsigned short list[] = u"kerberos,ntlm";
    SEC_WINNT_AUTH_IDENTITY_EXW ex = { .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                       .Length = sizeof(ex),
                                       .Flags = 2,
                                       .PackageList = list,
                                       .PackageListLength = 13 };

    (void)state;
    assert_int_equal(SspiExcludePackage(id, u"NTLM", &one), SEC_E_OK);
    assert_list(id, bytes_of(NULL, 0));
    assert_list(one, UTF16("!NTLM"));
    assert_strings(one, u"user", u"DOM", u"pass");
    assert_int_equal(SspiEncryptAuthIdentity(one), SEC_E_OK);
    assert_int_equal(SspiExcludePackage(one, u"Kerberos", &two), SEC_E_OK);
    assert_true(SspiIsAuthIdentityEncrypted(two));
    assert_list(two, UTF16("!NTLM,!Kerberos"));
    SspiFreeAuthIdentity(two);
    assert_int_equal(SspiExcludePackage(&ex, u"NTLM", &two), SEC_E_OK);
    assert_list(two, UTF16("kerberos,ntlm,!NTLM"));
    SspiFreeAuthIdentity(one);
    SspiFreeAuthIdentity(two);
    SspiFreeAuthIdentity(id);
}

static void
test_SspiExcludePackage__refused_leaves_out_alone(void **state)
{
    static const PCWSTR bad[] = { NULL, u"", u"a,b", u"!ntlm", u"a b", u"\t" };
    static SEC_WCHAR long_name[1025], full[1021];
    opaque id = identity_of(u"user", NULL, u"pass"), out = UNTOUCHED;
    SEC_WINNT_AUTH_IDENTITY_EXW ex = { .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                       .Length = sizeof(ex),
                                       .Flags = 2,
                                       .PackageList = full,
                                       .PackageListLength = 1020 };

    (void)state;
    for (size_t i = 0; i < 1024; i++) {
        long_name[i] = 'x';
        full[i < 1020 ? i : 0] = 'x';
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(SspiExcludePackage(id, bad[i], &out), SEC_E_INVALID_PARAMETER);
    }
    assert_int_equal(SspiExcludePackage(id, long_name, &out), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiExcludePackage(&ex, u"NTLM", &out), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiExcludePackage(NULL, u"NTLM", &out), SEC_E_INVALID_TOKEN);
    assert_ptr_equal(out, UNTOUCHED);
    assert_int_equal(SspiExcludePackage(id, u"NTLM", NULL), SEC_E_INVALID_PARAMETER);
    SspiFreeAuthIdentity(id);
}

static void
whole_life(void *user, bool failing)
{
    opaque id = NULL, copy = NULL, without = NULL, back = NULL;
    PCWSTR u = NULL, d = NULL, p = NULL;
    char *bytes = NULL;
    ULONG n = 0;
    sec_status status[] = {
        SspiEncodeStringsAsAuthIdentity(u"user", u"DOM", u"pass", &id),
        id ? SspiEncodeAuthIdentityAsStrings(id, &u, &d, &p) : SEC_E_OK,
        id ? SspiEncryptAuthIdentity(id) : SEC_E_OK,
        id ? SspiCopyAuthIdentity(id, &copy) : SEC_E_OK,
        id ? SspiExcludePackage(id, u"NTLM", &without) : SEC_E_OK,
        id ? SspiMarshalAuthIdentity(id, &n, &bytes) : SEC_E_OK,
        bytes ? SspiUnmarshalAuthIdentity(n, bytes, &back) : SEC_E_OK,
        copy ? SspiCompareAuthIdentities(id, copy, NULL, NULL) : SEC_E_OK,
        copy && SspiIsAuthIdentityEncrypted(copy) ? SspiDecryptAuthIdentity(copy) : SEC_E_OK,
    };

    (void)user;
    for (size_t i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
        assert_true(status[i] == SEC_E_OK || (failing && status[i] == SEC_E_INSUFFICIENT_MEMORY));
    }
    assert_true((u && d && p) || (!u && !d && !p));
    SspiLocalFree((void *)(uintptr_t)u);
    SspiLocalFree((void *)(uintptr_t)d);
    SspiLocalFree((void *)(uintptr_t)p);
    SspiLocalFree(bytes);
    SspiFreeAuthIdentity(id);
    SspiFreeAuthIdentity(copy);
    SspiFreeAuthIdentity(without);
    SspiFreeAuthIdentity(back);
}

static void
test_auth_identity__each_allocation_fails(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(whole_life, NULL) > 40);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_SspiEncodeStringsAsAuthIdentity__strings_come_back),
        cmocka_unit_test(test_SspiEncodeStringsAsAuthIdentity__refused_leaves_out_alone),
        cmocka_unit_test(test_SspiEncodeAuthIdentityAsStrings__refused_leaves_out_alone),
        cmocka_unit_test(test_SspiEncodeAuthIdentityAsStrings__layouts_of_callers),
        cmocka_unit_test(test_SspiCopyAuthIdentity__copies_live_on_their_own),
        cmocka_unit_test(test_SspiFreeAuthIdentity__null_and_strangers_do_nothing),
        cmocka_unit_test(test_SspiZeroAuthIdentity__password_of_each_layout),
        cmocka_unit_test(test_SspiCompareAuthIdentities__users_and_secrets),
        cmocka_unit_test(test_SspiCompareAuthIdentities__null_is_the_default_credential),
        cmocka_unit_test(test_SspiMarshalAuthIdentity__bytes_come_back_and_each_prefix_is_refused),
        cmocka_unit_test(test_SspiEncryptAuthIdentity__is_used_copied_and_decrypted),
        cmocka_unit_test(test_SspiEncryptAuthIdentityEx__options_and_layouts),
        cmocka_unit_test(test_SspiDecryptAuthIdentity__a_head_that_lies_is_refused),
        cmocka_unit_test(test_SspiExcludePackage__adds_to_the_list_of_a_copy),
        cmocka_unit_test(test_SspiExcludePackage__refused_leaves_out_alone),
        cmocka_unit_test(test_auth_identity__each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
