/* SPDX-License-Identifier: Apache-2.0 */
/* How identities are kept in a store of credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>

#include "tests/support/alloc_fail.h"

static SEC_WCHAR *
wide(const char *text)
{
    static SEC_WCHAR rooms[8][64];
    static unsigned next;
    SEC_WCHAR *to = rooms[next++ % 8];

    for (size_t i = 0; i <= strlen(text); i++) {
        to[i] = (unsigned char)text[i];
    }
    return to;
}

static int
is(PCWSTR text, const char *wanted)
{
    size_t n = strlen(wanted);

    for (size_t i = 0; i <= n; i++) {
        if (text[i] != (unsigned char)wanted[i]) {
            return 0;
        }
    }
    return 1;
}

static PSEC_WINNT_AUTH_IDENTITY_OPAQUE
identity(const char *user, const char *domain, const char *password)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id;

    assert_int_equal(SspiEncodeStringsAsAuthIdentity(user ? wide(user) : NULL,
                                                     domain ? wide(domain) : NULL,
                                                     password ? wide(password) : NULL, &id),
                     SEC_E_OK);
    return id;
}

static void
write_one(PSEC_WINNT_AUTH_IDENTITY_OPAQUE id, const char *target, const char *wanted_target,
          const char *wanted_user, const char *password)
{
    PCWSTR name = NULL, user = NULL;
    PUCHAR blob = NULL;
    ULONG type = 0, n = 99;

    assert_int_equal(
        SspiPrepareForCredWrite(id, target ? wide(target) : NULL, &type, &name, &user, &blob, &n),
        SEC_E_OK);
    assert_int_equal(type, 2);
    assert_true(is(name, wanted_target) && is(user, wanted_user));
    assert_int_equal(n, 2 * strlen(password));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(blob[i], i % 2 ? 0 : password[i / 2]);
    }
    SspiLocalFree((void *)(uintptr_t)name);
    SspiLocalFree((void *)(uintptr_t)user);
    SspiLocalFree(blob);
}

static void
test_write__what_is_kept(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity("alice", "DOMAIN", "Passw0rd");

    write_one(id, "HTTP/web1", "HTTP/web1", "DOMAIN\\alice", "Passw0rd");
    write_one(id, NULL, "DOMAIN\\alice", "DOMAIN\\alice", "Passw0rd");
    assert_int_equal(SspiEncryptAuthIdentity(id), SEC_E_OK);
    write_one(id, "web1", "web1", "DOMAIN\\alice", "Passw0rd");
    SspiFreeAuthIdentity(id);
    id = identity("alice@example.test", NULL, NULL);
    write_one(id, "web1", "web1", "alice@example.test", "");
    SspiFreeAuthIdentity(id);
}

static void
test_read__the_same_target(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity("alice", "DOMAIN", "x");
    PCWSTR name = NULL;
    ULONG type = 0;

    assert_int_equal(SspiPrepareForCredRead(id, wide("TERMSRV/web1"), &type, &name), SEC_E_OK);
    assert_true(type == 2 && is(name, "TERMSRV/web1"));
    SspiLocalFree((void *)(uintptr_t)name);
    SspiFreeAuthIdentity(id);
}

static void
test_both__what_is_wrong(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity(NULL, NULL, "x");
    SEC_WINNT_AUTH_IDENTITY_EXW bad = { .Version = SEC_WINNT_AUTH_IDENTITY_VERSION, .Length = 3 };
    PCWSTR name = NULL, user = NULL;
    PUCHAR blob = NULL;
    ULONG type = 7, n = 7;

    assert_int_equal(SspiPrepareForCredRead(id, NULL, &type, &name), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPrepareForCredRead(NULL, wide("x"), &type, &name),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPrepareForCredRead(id, wide("x"), NULL, &name), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPrepareForCredRead(id, wide("x"), &type, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPrepareForCredRead(&bad, wide("x"), &type, &name), SEC_E_INVALID_TOKEN);
    assert_int_equal(SspiPrepareForCredWrite(id, NULL, &type, &name, &user, &blob, &n),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPrepareForCredWrite(id, wide("x"), &type, &name, NULL, &blob, &n),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiPrepareForCredWrite(id, wide("x"), &type, &name, &user, &blob, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_true(type == 7 && n == 7 && !name && !user && !blob);
    SspiFreeAuthIdentity(id);
}

static void
write_once(void *id, bool failing)
{
    PCWSTR name = NULL, user = NULL;
    PUCHAR blob = NULL;
    ULONG type = 0, n = 0;
    SECURITY_STATUS status =
        SspiPrepareForCredWrite(id, wide("web1"), &type, &name, &user, &blob, &n);

    assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
    assert_true(!!name == !status && !!user == !status && !!blob == !status);
    SspiLocalFree((void *)(uintptr_t)name);
    SspiLocalFree((void *)(uintptr_t)user);
    SspiLocalFree(blob);
}

static void
test_write__under_failed_allocations__gives_all_or_nothing(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE id = identity("alice", "DOMAIN", "Passw0rd");

    assert_true(alloc_fail_each(write_once, id) >= 5);
    SspiFreeAuthIdentity(id);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__what_is_kept),
        cmocka_unit_test(test_read__the_same_target),
        cmocka_unit_test(test_both__what_is_wrong),
        cmocka_unit_test(test_write__under_failed_allocations__gives_all_or_nothing),
    };

    return cmocka_run_group_tests_name("sspi/credential_manager", tests, NULL, NULL);
}
