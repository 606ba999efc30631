/* SPDX-License-Identifier: Apache-2.0 */
/* AddSecurityPackage and DeleteSecurityPackage: which files and tables are taken, and how long. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/packages/staged.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_store.h"

static int
stage(void **state)
{
    return staged_make(NULL);
}

static SECURITY_STATUS
add(const char *name)
{
    return AddSecurityPackageA(staged_path(name), NULL);
}

static int
is_there(const char *name)
{
    PSecPkgInfoA all = NULL, one = NULL;
    ULONG n = 0, found = 0;

    assert_int_equal(EnumerateSecurityPackagesA(&n, &all), SEC_E_OK);
    for (ULONG i = 0; i < n; i++) {
        found += strcmp(all[i].Name, name) == 0;
    }
    assert_int_equal(FreeContextBuffer(all), SEC_E_OK);
    assert_int_equal(QuerySecurityPackageInfoA(API_NAME(name), &one),
                     found ? SEC_E_OK : SEC_E_SECPKG_NOT_FOUND);
    if (one) {
        assert_int_equal(FreeContextBuffer(one), SEC_E_OK);
    }
    assert_true(found <= 1);
    return (int)found;
}

static void
test_AddSecurityPackage__the_example__is_there_until_it_is_deleted(void **state)
{
    PSecPkgInfoA info;

    assert_int_equal(add("shared_secret.so"), SEC_E_OK);
    assert_int_equal(is_there("SharedSecret"), 1);
    assert_int_equal(QuerySecurityPackageInfoA(API_NAME("sharedsecret"), &info), SEC_E_OK);
    assert_int_equal(info->fCapabilities, SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY |
                                              SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED |
                                              SECPKG_FLAG_MUTUAL_AUTH | SECPKG_FLAG_IMPERSONATION |
                                              SECPKG_FLAG_READONLY_WITH_CHECKSUM);
    assert_int_equal(info->wRPCID, SECPKG_ID_NONE);
    assert_int_equal(info->wVersion, 1);
    assert_true(info->cbMaxToken > 0 && info->cbMaxToken < 4096);
    assert_string_equal(info->Name, "SharedSecret");
    assert_int_equal(FreeContextBuffer(info), SEC_E_OK);
    assert_int_equal(add("shared_secret.so"), SEC_E_CANNOT_INSTALL);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SHAREDSECRET")), SEC_E_OK);
    assert_int_equal(is_there("SharedSecret"), 0);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_SECPKG_NOT_FOUND);
}

static void
test_wide_forms__do_the_same(void **state)
{
    static SEC_WCHAR name[] = { 'S', 'h', 'a', 'r', 'e', 'd', 'S', 'e', 'c', 'r', 'e', 't', 0 };
    static SEC_WCHAR lone[] = { '/', 0xD800, 0 };
    const char *path = staged_path("shared_secret.so");
    SEC_WCHAR wide[256] = { 0 };

    for (size_t i = 0; path[i]; i++) {
        wide[i] = (unsigned char)path[i];
    }
    assert_int_equal(AddSecurityPackageW(wide, NULL), SEC_E_OK);
    assert_int_equal(is_there("SharedSecret"), 1);
    assert_int_equal(DeleteSecurityPackageW(name), SEC_E_OK);
    assert_int_equal(AddSecurityPackageW(lone, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(AddSecurityPackageW(NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(DeleteSecurityPackageW(NULL), SEC_E_INVALID_PARAMETER);
}

static void
refused(SECURITY_STATUS status, SECURITY_STATUS wanted, const char *reason)
{
    if (status != wanted || !strstr(OpenSspiReason(), reason)) {
        fail_msg("0x%08x: %s (expected 0x%08x: %s)", (unsigned)status, OpenSspiReason(),
                 (unsigned)wanted, reason);
    }
}

static void
test_AddSecurityPackage__files_that_others_can_change__are_refused(void **state)
{
    char folder[256];

    refused(add("missing.so"), SEC_E_SECPKG_NOT_FOUND, "missing.so");
    refused(add("secrets"), SEC_E_CANNOT_INSTALL, "");
    refused(add("no_package.so"), SEC_E_CANNOT_INSTALL, "exports no OpenSspiPackageEntry");
    refused(AddSecurityPackageA(API_NAME("shared_secret.so"), NULL), SEC_E_INVALID_PARAMETER,
            "absolute");
    refused(AddSecurityPackageA(NULL, NULL), SEC_E_INVALID_PARAMETER, "absolute");
    assert_int_equal(chmod(staged_path("shared_secret.so"), 0664), 0);
    refused(add("shared_secret.so"), SEC_E_CANNOT_INSTALL, "can be written by others (mode 0664)");
    assert_int_equal(chmod(staged_path("shared_secret.so"), 0646), 0);
    refused(add("shared_secret.so"), SEC_E_CANNOT_INSTALL, "can be written by others (mode 0646)");
    assert_int_equal(symlink(staged_path("shared_secret.so"), staged_path("link.so")), 0);
    refused(add("link.so"), SEC_E_CANNOT_INSTALL, "shared_secret.so can be written");
    assert_int_equal(chmod(staged_path("shared_secret.so"), 0644), 0);
    (void)snprintf(folder, sizeof(folder), "%s", staged_path("."));
    assert_int_equal(chmod(folder, 0777), 0);
    refused(add("shared_secret.so"), SEC_E_CANNOT_INSTALL, "can be written by others (mode 0777)");
    assert_int_equal(chmod(folder, 0700), 0);
    refused(AddSecurityPackageA(folder, NULL), SEC_E_CANNOT_INSTALL, "");
    assert_int_equal(add("link.so"), SEC_E_OK);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
    assert_int_equal(unlink(staged_path("link.so")), 0);
}

static void
test_AddSecurityPackage__files_of_others__are_refused(void **state)
{
    if (geteuid() == 0) { /* nobody else can stage that */
        assert_int_equal(chown(staged_path("hostile.so"), 12345, 0), 0);
        refused(add("hostile.so"), SEC_E_CANNOT_INSTALL, "belongs to user 12345");
        assert_int_equal(chown(staged_path("hostile.so"), 0, 0), 0);
    }
}

static void
test_AddSecurityPackage__tables_that_break_the_rules__are_refused(void **state)
{
    static const struct {
        const char *mode, *reason;
    } tables[] = {
        { "table-none", "no table" },
        { "unwilling", "not on a Sunday" },
        { "table-small", "has 8 bytes" },
        { "table-huge", "bytes" },
        { "version-0", "version 0" },
        { "version-2", "version 2" },
        { "name-none", "its name is none" },
        { "name-nothing", "its name is none" },
        { "name-long", "its name is none" },
        { "name-digit", "its name is none" },
        { "name-comma", "its name is none" },
        { "name-bang", "its name is none" },
        { "name-blank", "its name is none" },
        { "name-taken", "another package's" },
        { "name-other", "another package's" },
        { "comment-none", "its comment" },
        { "comment-long", "its comment" },
        { "comment-control", "its comment" },
        { "claims-negotiable", "capabilities" },
        { "claims-integrity", "capabilities" },
        { "claims-all", "capabilities" },
        { "rpc-ntlm", "RPC id is 10, which is that of NTLM" },
        { "token-0", "tokens have up to 0" },
        { "token-huge", "tokens have up to 65537" },
        { "no-delete", "a function is missing" },
        { "no-verify", "a pair is missing" },
        { "no-encrypt", "a pair is missing" },
    };

    assert_int_equal(add("shared_secret.so"), SEC_E_OK);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        assert_int_equal(setenv("HOSTILE", tables[i].mode, 1), 0);
        refused(add("hostile.so"), SEC_E_CANNOT_INSTALL, tables[i].reason);
        assert_int_equal(is_there("Hostile"), 0);
    }
    assert_int_equal(unsetenv("HOSTILE"), 0);
    assert_int_equal(add("hostile.so"), SEC_E_OK);
    assert_int_equal(is_there("Hostile") + is_there("SharedSecret"), 2);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
    assert_int_equal(is_there("Hostile"), 1);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
}

static void
test_AddSecurityPackage__options__mean_what_is_written(void **state)
{
    SECURITY_PACKAGE_OPTIONS o = { sizeof(o), SECPKG_OPTIONS_TYPE_SSPI, 0, 0, NULL };
    char *path = staged_path("shared_secret.so");

    assert_int_equal(AddSecurityPackageA(path, &o), SEC_E_OK);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
    o.Type = SECPKG_OPTIONS_TYPE_UNKNOWN;
    assert_int_equal(AddSecurityPackageA(path, &o), SEC_E_OK);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
    o.Type = SECPKG_OPTIONS_TYPE_LSA;
    refused(AddSecurityPackageA(path, &o), SEC_E_UNSUPPORTED_FUNCTION, "LSA");
    o.Type = 3;
    refused(AddSecurityPackageA(path, &o), SEC_E_INVALID_PARAMETER, "type 3");
    o.Type = SECPKG_OPTIONS_TYPE_SSPI;
    o.Flags = SECPKG_OPTIONS_PERMANENT;
    refused(AddSecurityPackageA(path, &o), SEC_E_UNSUPPORTED_FUNCTION, "[packages]");
    o.Flags = 2;
    refused(AddSecurityPackageA(path, &o), SEC_E_INVALID_PARAMETER, "flags 0x2");
    o.Flags = 0;
    o.SignatureSize = 4;
    refused(AddSecurityPackageA(path, &o), SEC_E_INVALID_PARAMETER, "");
    o.Signature = path;
    refused(AddSecurityPackageA(path, &o), SEC_E_UNSUPPORTED_FUNCTION, "owner");
    o.Size = 4;
    refused(AddSecurityPackageA(path, &o), SEC_E_INVALID_PARAMETER, "of 4 bytes");
    assert_int_equal(is_there("SharedSecret"), 0);
}

static void
test_DeleteSecurityPackage__in_use__is_refused_until_nobody_uses_it(void **state)
{
    struct api_pair p;

    assert_int_equal(add("shared_secret.so"), SEC_E_OK);
    assert_int_equal(api_acquire(&p, "SharedSecret", "alice", "", STAGED_SECRET), SEC_E_OK);
    refused(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OUT_OF_SEQUENCE, "in use");
    assert_int_equal(api_establish(&p, 0, 0), SEC_E_OK);
    /* Credentials without handles live as long as their contexts. */
    assert_int_equal(FreeCredentialsHandle(&p.client_cred), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&p.server_cred), SEC_E_OK);
    refused(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OUT_OF_SEQUENCE, "in use");
    api_delete_contexts(&p);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&p.client), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeCredentialsHandle(&p.client_cred), SEC_E_INVALID_HANDLE);
    refused(DeleteSecurityPackageA(API_NAME("NTLM")), SEC_E_NOT_OWNER, "library's own");
    refused(DeleteSecurityPackageA(NULL), SEC_E_INVALID_PARAMETER, "");
}

/* What it loads would be everybody's, and whose files are trusted the client's choice. */
static void
test_AddSecurityPackage__in_a_thread_that_acts_as_a_client__is_refused(void **state)
{
    HANDLE own, client;

    assert_int_equal(OpenSspiOpenProcessToken(&own), SEC_E_OK);
    assert_int_equal(OpenSspiDuplicateToken(own, 2, 2, &client), SEC_E_OK);
    assert_int_equal(OpenSspiImpersonateToken(client), SEC_E_OK);
    refused(add("shared_secret.so"), SEC_E_NOT_OWNER, "acts as a client");
    assert_int_equal(OpenSspiImpersonateToken(NULL), SEC_E_OK);
    assert_int_equal(add("shared_secret.so"), SEC_E_OK);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(client), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(own), SEC_E_OK);
}

/* The linker knows a library by its name: another file under the same descriptor is another. */
static void
test_two_packages__one_after_the_other_and_both__are_told_apart(void **state)
{
    for (int i = 0; i < 3; i++) {
        assert_int_equal(add("shared_secret.so"), SEC_E_OK);
        assert_int_equal(add("hostile.so"), SEC_E_OK);
        assert_int_equal(is_there("Hostile") + is_there("SharedSecret"), 2);
        assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
        assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
        assert_int_equal(add("hostile.so"), SEC_E_OK);
        assert_int_equal(is_there("Hostile"), 1);
        assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
    }
}

static void
test_unloading__the_package_is_told(void **state)
{
    assert_int_equal(setenv("HOSTILE_UNLOADED", staged_path("unloaded"), 1), 0);
    assert_int_equal(add("hostile.so"), SEC_E_OK);
    assert_int_not_equal(access(staged_path("unloaded"), F_OK), 0);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
    assert_int_equal(access(staged_path("unloaded"), F_OK), 0);
    assert_int_equal(unsetenv("HOSTILE_UNLOADED"), 0);
}

/* --- the configuration --------------------------------------------------------------------- */

static SECURITY_STATUS
configure(const char *paths, char *error, ULONG n)
{
    char extra[1024];
    const char *file;

    (void)snprintf(extra, sizeof(extra), "[packages]\nload = %s\n", paths);
    file = demo_store_make("DOMAIN", "demo", "Passw0rd!", extra);
    return OpenSspiLoadConfiguration(file, error, n);
}

static void
test_configuration__what_it_names__is_loaded_and_stays(void **state)
{
    char paths[600], error[512] = "";

    (void)snprintf(paths, sizeof(paths), "%s  %s", staged_path("shared_secret.so"),
                   staged_path("hostile.so"));
    assert_int_equal(configure(paths, error, sizeof(error)), SEC_E_OK);
    assert_int_equal(is_there("Hostile") + is_there("SharedSecret"), 2);
    assert_int_equal(configure(staged_path("hostile.so"), error, sizeof(error)), SEC_E_OK);
    assert_int_equal(is_there("Hostile") + is_there("SharedSecret"), 2);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
}

static void
test_configuration__what_cannot_be_loaded__is_an_error_of_it(void **state)
{
    char error[512] = "";

    assert_int_equal(configure(staged_path("no_package.so"), error, sizeof(error)),
                     SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(error, "[packages] load"));
    assert_non_null(strstr(error, "no_package.so: it exports no"));
    assert_int_equal(configure("relative.so", error, sizeof(error)), SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(error, "absolute"));
    assert_int_equal(is_there("Hostile") + is_there("SharedSecret"), 0);
}

/* As those are that define symbols of which a process has one alone. */
static void
test_a_library_that_cannot_be_unloaded__is_not_taken_for_another(void **state)
{
    void *stays;

    (void)state;
    assert_int_equal(add("hostile.so"), SEC_E_OK);
    stays = dlopen(staged_path("hostile.so"), RTLD_NOW | RTLD_NODELETE);
    assert_non_null(stays);
    assert_int_equal(dlclose(stays), 0);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
    assert_int_equal(add("shared_secret.so"), SEC_E_OK);
    assert_int_equal(is_there("Hostile"), 0);
    assert_int_equal(is_there("SharedSecret"), 1);
    assert_int_equal(add("hostile.so"), SEC_E_OK);
    assert_int_equal(is_there("Hostile"), 1);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
    assert_int_equal(DeleteSecurityPackageA(API_NAME("SharedSecret")), SEC_E_OK);
}

/* --- failed allocations -------------------------------------------------------------------- */

static void
add_once(void *user, bool failing)
{
    SECURITY_STATUS status = add("hostile.so");
    PSecPkgInfoA all = NULL;
    ULONG n;

    if (status == SEC_E_OK) {
        status = EnumerateSecurityPackagesA(&n, &all);
        if (status == SEC_E_OK) {
            assert_int_equal(FreeContextBuffer(all), SEC_E_OK);
        }
        assert_int_equal(DeleteSecurityPackageA(API_NAME("Hostile")), SEC_E_OK);
    }
    assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
}

static void
test_adding__under_failed_allocations__fails_whole(void **state)
{
    assert_true(alloc_fail_each(add_once, NULL) >= 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_AddSecurityPackage__the_example__is_there_until_it_is_deleted),
        cmocka_unit_test(test_wide_forms__do_the_same),
        cmocka_unit_test(test_AddSecurityPackage__files_that_others_can_change__are_refused),
        cmocka_unit_test(test_AddSecurityPackage__files_of_others__are_refused),
        cmocka_unit_test(test_AddSecurityPackage__tables_that_break_the_rules__are_refused),
        cmocka_unit_test(test_AddSecurityPackage__options__mean_what_is_written),
        cmocka_unit_test(test_DeleteSecurityPackage__in_use__is_refused_until_nobody_uses_it),
        cmocka_unit_test(test_AddSecurityPackage__in_a_thread_that_acts_as_a_client__is_refused),
        cmocka_unit_test(test_two_packages__one_after_the_other_and_both__are_told_apart),
        cmocka_unit_test(test_unloading__the_package_is_told),
        cmocka_unit_test(test_adding__under_failed_allocations__fails_whole),
        cmocka_unit_test(test_configuration__what_it_names__is_loaded_and_stays),
        cmocka_unit_test(test_configuration__what_cannot_be_loaded__is_an_error_of_it),
        cmocka_unit_test(test_a_library_that_cannot_be_unloaded__is_not_taken_for_another),
    };

    return cmocka_run_group_tests_name("packages/loading", tests, stage, staged_remove);
}
