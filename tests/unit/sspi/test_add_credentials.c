/* SPDX-License-Identifier: Apache-2.0 */
/* AddCredentials: to servers and to clients of each package, beside contexts that run. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>
#include <opensspi/security.h>

#include "tests/support/alloc_fail.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"

#define OTHER "HTTP/other.domain.test"
#define THIRD "HTTP/third.domain.test"

static const char *const services[] = { OTHER, DEMO_SERVICE, THIRD };

static int
load(void **state)
{
    char extra[256];
    const char *file;

    demo_realm_make();
    demo_realm_write_services(services, sizeof(services) / sizeof(services[0]));
    (void)snprintf(extra, sizeof(extra), "[kerberos]\nkeytab = %s\n", demo_realm_keytab());
    file = demo_store_make("DOMAIN", "demo", "Passw0rd!", extra);
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

/* The demo account, with a PackageList or none. */
static const SEC_WINNT_AUTH_IDENTITY_EXA *
demo(const char *list)
{
    static SEC_WINNT_AUTH_IDENTITY_EXA id;

    id = (SEC_WINNT_AUTH_IDENTITY_EXA){
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
        .Length = sizeof(id),
        .User = (unsigned char *)API_NAME("demo"),
        .UserLength = 4,
        .Domain = (unsigned char *)API_NAME("DOMAIN"),
        .DomainLength = 6,
        .Password = (unsigned char *)API_NAME("Passw0rd!"),
        .PasswordLength = 9,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
        .PackageList = (unsigned char *)API_NAME(list),
        .PackageListLength = (ULONG)strlen(list),
    };
    return &id;
}

static CredHandle
acquire(const char *package, ULONG use, const char *principal, const void *identity)
{
    CredHandle h;
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(API_NAME(principal), API_NAME(package), use, NULL,
                                  (void *)(uintptr_t)identity, NULL, NULL, &h, NULL);

    if (status != SEC_E_OK) {
        fail_msg("%s: %s", package, OpenSspiReason());
    }
    return h;
}

static SECURITY_STATUS
add(CredHandle *h, const char *package, ULONG use, const char *principal, const void *identity)
{
    TimeStamp expiry = { .QuadPart = 0 };
    SECURITY_STATUS status = AddCredentialsA(h, API_NAME(principal), API_NAME(package), use,
                                             (void *)(uintptr_t)identity, NULL, NULL, &expiry);

    assert_int_equal(expiry.QuadPart, status == SEC_E_OK ? INT64_MAX : 0);
    assert_int_equal(OpenSspiReason()[0] == 0, status == SEC_E_OK);
    return status;
}

static char reason[512]; /* of the last conversation that failed */

static SECURITY_STATUS
converse(CredHandle *client, CredHandle *server, const char *expected)
{
    struct api_pair p = { .client_cred = *client, .server_cred = *server };
    SECURITY_STATUS status = api_establish(&p, ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY, 0);
    SecPkgContext_NamesA names;

    if (status == SEC_E_OK) {
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        assert_string_equal(names.sUserName, expected);
        assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    (void)snprintf(reason, sizeof(reason), "%s", OpenSspiReason());
    api_delete_contexts(&p);
    return status;
}

static void
assert_name(CredHandle *h, const char *name)
{
    SecPkgCredentials_NamesA names;

    assert_int_equal(QueryCredentialsAttributesA(h, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, name);
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
}

static const char ALICE[] = DEMO_REALM "\\alice", DEMO[] = "DOMAIN\\demo";

/* --- servers ------------------------------------------------------------------------------- */

static void
test_server__is_the_service_that_it_was_acquired_for_and_those_that_were_added(void **state)
{
    static const char *const packages[] = { "Kerberos", "Negotiate" };

    for (size_t i = 0; i < 2; i++) {
        CredHandle client = acquire("Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL);
        CredHandle server = acquire(packages[i], SECPKG_CRED_INBOUND, OTHER, NULL);

        assert_int_equal(converse(&client, &server, NULL), SEC_E_LOGON_DENIED);
        assert_int_equal(add(&server, packages[i], SECPKG_CRED_INBOUND, THIRD, NULL), SEC_E_OK);
        assert_int_equal(converse(&client, &server, NULL), SEC_E_LOGON_DENIED);
        assert_int_equal(
            add(&server, "Kerberos", SECPKG_CRED_INBOUND, DEMO_SERVICE "@" DEMO_REALM, NULL),
            SEC_E_OK);
        assert_int_equal(converse(&client, &server, ALICE), SEC_E_OK);
        assert_name(&server, OTHER);
        assert_int_equal(FreeCredentialsHandle(&server), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&client), SEC_E_OK);
    }
}

/* Wide, and by the package that the handle has. */
static void
test_server__w(void **state)
{
    static SEC_WCHAR package[] = u"Kerberos", other[] = u"HTTP/other.domain.test",
                     service[] = u"HTTP/server.domain.test", half[] = { 0xD800, 0 };
    CredHandle client = acquire("Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL), server;

    assert_int_equal(AcquireCredentialsHandleW(half, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                               NULL, &server, NULL),
                     SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(AcquireCredentialsHandleW(other, package, SECPKG_CRED_INBOUND, NULL, NULL,
                                               NULL, NULL, &server, NULL),
                     SEC_E_OK);
    assert_int_equal(
        AddCredentialsW(&server, half, NULL, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL),
        SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(converse(&client, &server, NULL), SEC_E_LOGON_DENIED);
    assert_int_equal(
        AddCredentialsW(&server, service, NULL, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL),
        SEC_E_OK);
    assert_int_equal(converse(&client, &server, ALICE), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&server), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&client), SEC_E_OK);
}

/* Of several services the reason is about the one that the client asked for. */
static void
test_server__without_that_services_key__says_so(void **state)
{
    CredHandle client = acquire("Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL), server;

    demo_realm_write_services(services, 1);
    server = acquire("Kerberos", SECPKG_CRED_INBOUND, DEMO_SERVICE, NULL);
    assert_int_equal(add(&server, NULL, SECPKG_CRED_INBOUND, OTHER, NULL), SEC_E_OK);
    assert_int_equal(converse(&client, &server, NULL), SEC_E_WRONG_PRINCIPAL);
    assert_non_null(strstr(reason, DEMO_SERVICE));
    assert_int_equal(add(&server, NULL, SECPKG_CRED_INBOUND, THIRD, NULL), SEC_E_NO_CREDENTIALS);
    demo_realm_write_services(services, 3);
    assert_int_equal(FreeCredentialsHandle(&server), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&client), SEC_E_OK);
}

/* What has begun goes on as it began. */
static void
test_server__a_context_that_has_begun__does_not_change(void **state)
{
    CredHandle client = acquire("Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL);
    CredHandle server = acquire("Kerberos", SECPKG_CRED_INBOUND, OTHER, NULL);
    struct api_pair p = { .client_cred = client, .server_cred = server, .have_server = 1 };

    assert_int_equal(OpenSspiCreateContext(&server, SECPKG_CRED_INBOUND, &p.server), SEC_E_OK);
    assert_int_equal(add(&server, NULL, SECPKG_CRED_INBOUND, DEMO_SERVICE, NULL), SEC_E_OK);
    assert_int_equal(api_establish(&p, 0, 0), SEC_E_LOGON_DENIED);
    api_delete_contexts(&p);
    /* And it outlives the handle. */
    p = (struct api_pair){ .client_cred = client, .server_cred = server, .have_server = 1 };
    assert_int_equal(OpenSspiCreateContext(&server, SECPKG_CRED_INBOUND, &p.server), SEC_E_OK);
    assert_int_equal(add(&server, NULL, SECPKG_CRED_INBOUND, THIRD, NULL), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&server), SEC_E_OK);
    p.server_cred = client; /* any that lives */
    assert_int_equal(api_establish(&p, 0, 0), SEC_E_OK);
    api_delete_contexts(&p);
    assert_int_equal(FreeCredentialsHandle(&client), SEC_E_OK);
}

/* --- clients ------------------------------------------------------------------------------- */

/* Alice's ticket, and where the server has no Kerberos the demo account's password. */
static void
test_client__of_negotiate__another_mechanism_with_an_identity_of_its_own(void **state)
{
    const OPENSSPI_OPTION ntlm = { "packages", "NTLM" };
    CredHandle client = acquire("Negotiate", SECPKG_CRED_OUTBOUND, NULL, NULL);
    CredHandle both = acquire("Negotiate", SECPKG_CRED_INBOUND, NULL, NULL), old;

    assert_int_equal(OpenSspiAcquireCredentialsHandle("Negotiate", SECPKG_CRED_INBOUND, NULL, &ntlm,
                                                      1, NULL, 0, &old, NULL),
                     SEC_E_OK);
    assert_true(converse(&client, &old, NULL) < 0);
    assert_int_equal(add(&client, "NTLM", SECPKG_CRED_OUTBOUND, NULL, demo("")), SEC_E_OK);
    assert_int_equal(converse(&client, &old, DEMO), SEC_E_OK);
    assert_int_equal(converse(&client, &both, ALICE), SEC_E_OK);
    assert_name(&client, "alice@" DEMO_REALM);
    assert_int_equal(add(&client, "NTLM", SECPKG_CRED_OUTBOUND, NULL, demo("")),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(FreeCredentialsHandle(&client), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&both), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&old), SEC_E_OK);
}

/* The other way round: what policy prefers comes first, or nobody would ever use it. */
static void
test_client__of_negotiate__what_is_preferred_is_tried_first(void **state)
{
    static const char *const packages[] = { "Kerberos", "Negotiate", NULL };

    for (size_t i = 0; i < 3; i++) {
        CredHandle client = acquire("Negotiate", SECPKG_CRED_OUTBOUND, NULL, demo("ntlm"));
        CredHandle server = acquire("Negotiate", SECPKG_CRED_INBOUND, NULL, NULL);

        assert_int_equal(converse(&client, &server, DEMO), SEC_E_OK);
        assert_int_equal(add(&client, packages[i], SECPKG_CRED_OUTBOUND, NULL, NULL), SEC_E_OK);
        assert_int_equal(converse(&client, &server, ALICE), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&client), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&server), SEC_E_OK);
    }
}

static void
test_other_side__is_added(void **state)
{
    CredHandle ntlm = acquire("NTLM", SECPKG_CRED_OUTBOUND, NULL, demo(""));
    CredHandle kerberos = acquire("Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL);
    CredHandle service = acquire("Kerberos", SECPKG_CRED_INBOUND, NULL, NULL);
    CredHandle nobody = acquire("NTLM", SECPKG_CRED_INBOUND, NULL, NULL);

    assert_int_equal(converse(&ntlm, &ntlm, NULL), SEC_E_NO_CREDENTIALS);
    assert_int_equal(add(&ntlm, "NTLM", SECPKG_CRED_INBOUND, NULL, NULL), SEC_E_OK);
    assert_int_equal(converse(&ntlm, &ntlm, DEMO), SEC_E_OK);
    assert_name(&ntlm, DEMO);
    assert_int_equal(add(&kerberos, "Kerberos", SECPKG_CRED_INBOUND, DEMO_SERVICE, NULL), SEC_E_OK);
    assert_int_equal(converse(&kerberos, &kerberos, ALICE), SEC_E_OK);
    assert_int_equal(add(&service, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL), SEC_E_OK);
    assert_int_equal(converse(&service, &service, ALICE), SEC_E_OK);
    assert_int_equal(add(&nobody, NULL, SECPKG_CRED_OUTBOUND, NULL, demo("")), SEC_E_OK);
    assert_int_equal(converse(&nobody, &nobody, DEMO), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&ntlm), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&kerberos), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&service), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&nobody), SEC_E_OK);
}

/* --- what is refused ----------------------------------------------------------------------- */

static void
test_refused__and_nothing_changes(void **state)
{
    static const struct {
        const char *package;
        ULONG use;
        bool identity; /* of the handle */
        const char *added, *principal;
        ULONG added_use;
        bool added_identity;
        SECURITY_STATUS status;
    } table[] = {
        { "Kerberos", SECPKG_CRED_OUTBOUND, false, "Kerberos", NULL, SECPKG_CRED_OUTBOUND, true,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "Kerberos", SECPKG_CRED_OUTBOUND, false, "NTLM", NULL, SECPKG_CRED_OUTBOUND, true,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "Kerberos", SECPKG_CRED_INBOUND, false, "Kerberos", NULL, SECPKG_CRED_INBOUND, false,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "Kerberos", SECPKG_CRED_INBOUND, false, "Kerberos", "alice", SECPKG_CRED_INBOUND, false,
          SEC_E_UNKNOWN_CREDENTIALS },
        { "Kerberos", SECPKG_CRED_INBOUND, false, "Kerberos", "HTTP/nobody", SECPKG_CRED_INBOUND,
          false, SEC_E_NO_CREDENTIALS },
        { "Kerberos", SECPKG_CRED_INBOUND, false, "Kerberos", "alice", SECPKG_CRED_OUTBOUND, false,
          SEC_E_UNKNOWN_CREDENTIALS },
        { "NTLM", SECPKG_CRED_OUTBOUND, true, "NTLM", NULL, SECPKG_CRED_OUTBOUND, true,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "NTLM", SECPKG_CRED_OUTBOUND, true, "NTLM", NULL, SECPKG_CRED_INBOUND, true,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "NTLM", SECPKG_CRED_OUTBOUND, true, "Kerberos", NULL, SECPKG_CRED_OUTBOUND, false,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "NTLM", SECPKG_CRED_OUTBOUND, true, "Negotiate", NULL, SECPKG_CRED_OUTBOUND, false,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "NTLM", SECPKG_CRED_INBOUND, false, "NTLM", NULL, SECPKG_CRED_INBOUND, false,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "Negotiate", SECPKG_CRED_OUTBOUND, true, "Negotiate", NULL, SECPKG_CRED_OUTBOUND, true,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "Negotiate", SECPKG_CRED_INBOUND, false, "Negotiate", NULL, SECPKG_CRED_INBOUND, false,
          SEC_E_UNSUPPORTED_FUNCTION },
        { "Negotiate", SECPKG_CRED_OUTBOUND, true, "Nothing", NULL, SECPKG_CRED_OUTBOUND, true,
          SEC_E_SECPKG_NOT_FOUND },
        { "Negotiate", SECPKG_CRED_OUTBOUND, true, "NTLM", NULL, 0, true,
          SEC_E_UNKNOWN_CREDENTIALS },
        { "Negotiate", SECPKG_CRED_OUTBOUND, true, "NTLM", NULL,
          SECPKG_CRED_OUTBOUND | SECPKG_CRED_PROCESS_POLICY_ONLY, true, SEC_E_NO_CREDENTIALS },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        CredHandle h =
            acquire(table[i].package, table[i].use, NULL, table[i].identity ? demo("") : NULL);
        SECURITY_STATUS status = add(&h, table[i].added, table[i].added_use, table[i].principal,
                                     table[i].added_identity ? demo("") : NULL);

        if (status != table[i].status) {
            fail_msg("row %zu: %s: %s", i, OpenSspiStatusName(status), OpenSspiReason());
        }
        assert_int_equal(FreeCredentialsHandle(&h), SEC_E_OK);
        assert_int_equal(add(&h, table[i].added, table[i].added_use, NULL, NULL),
                         SEC_E_INVALID_HANDLE);
    }
}

static void
test_refused__policy_of_the_handle(void **state)
{
    const OPENSSPI_OPTION option = { "packages", "NTLM" };
    CredHandle h;

    assert_int_equal(OpenSspiAcquireCredentialsHandle("Negotiate", SECPKG_CRED_INBOUND, NULL,
                                                      &option, 1, NULL, 0, &h, NULL),
                     SEC_E_OK);
    assert_int_equal(add(&h, "Kerberos", SECPKG_CRED_INBOUND, DEMO_SERVICE, NULL),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(FreeCredentialsHandle(&h), SEC_E_OK);
}

/* --- memory and threads -------------------------------------------------------------------- */

static SECURITY_STATUS
all_additions(void)
{
    CredHandle client, server;
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, API_NAME("Negotiate"), SECPKG_CRED_OUTBOUND, NULL,
                                  (void *)(uintptr_t)demo("ntlm"), NULL, NULL, &client, NULL);

    if (status != SEC_E_OK) {
        return status;
    }
    status = AcquireCredentialsHandleA(API_NAME(OTHER), API_NAME("Negotiate"), SECPKG_CRED_INBOUND,
                                       NULL, NULL, NULL, NULL, &server, NULL);
    if (status == SEC_E_OK) {
        status = AddCredentialsA(&client, NULL, API_NAME("Kerberos"), SECPKG_CRED_OUTBOUND, NULL,
                                 NULL, NULL, NULL);
        if (status == SEC_E_OK) {
            status =
                AddCredentialsA(&client, NULL, NULL, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL);
        }
        if (status == SEC_E_OK) {
            status = AddCredentialsA(&server, API_NAME(DEMO_SERVICE), NULL, SECPKG_CRED_INBOUND,
                                     NULL, NULL, NULL, NULL);
        }
        (void)FreeCredentialsHandle(&server);
    }
    (void)FreeCredentialsHandle(&client);
    return status;
}

static void
run_additions(void *unused, bool failing)
{
    SECURITY_STATUS status = all_additions();

    assert_true(status == SEC_E_OK || (failing && status < 0));
}

static void
test_memory__each_allocation_fails(void **state)
{
    assert_true(alloc_fail_each(run_additions, NULL) > 20);
}

enum { THREADS = 4, TURNS = 100 };

static CredHandle shared_client, shared_server;
static atomic_int failures;

static void *
talk(void *unused)
{
    for (int i = 0; i < TURNS; i++) {
        struct api_pair p = { .client_cred = shared_client, .server_cred = shared_server };

        if (api_establish(&p, ISC_REQ_INTEGRITY, 0) != SEC_E_OK) {
            failures++;
        }
        api_delete_contexts(&p);
    }
    return NULL;
}

static void
test_threads__contexts_run_while_credentials_are_added(void **state)
{
    pthread_t threads[THREADS];

    shared_client = acquire("Negotiate", SECPKG_CRED_OUTBOUND, NULL, demo("ntlm"));
    shared_server = acquire("Negotiate", SECPKG_CRED_INBOUND, OTHER, NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, talk, NULL), 0);
    }
    for (int i = 0; i < TURNS; i++) {
        assert_int_equal(add(&shared_server, "Kerberos", SECPKG_CRED_INBOUND,
                             i % 2 ? DEMO_SERVICE : THIRD, NULL),
                         SEC_E_OK);
    }
    assert_int_equal(add(&shared_client, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL), SEC_E_OK);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(failures, 0);
    assert_int_equal(converse(&shared_client, &shared_server, ALICE), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&shared_client), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&shared_server), SEC_E_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_server__is_the_service_that_it_was_acquired_for_and_those_that_were_added),
        cmocka_unit_test(test_server__w),
        cmocka_unit_test(test_server__without_that_services_key__says_so),
        cmocka_unit_test(test_server__a_context_that_has_begun__does_not_change),
        cmocka_unit_test(test_client__of_negotiate__another_mechanism_with_an_identity_of_its_own),
        cmocka_unit_test(test_client__of_negotiate__what_is_preferred_is_tried_first),
        cmocka_unit_test(test_other_side__is_added),
        cmocka_unit_test(test_refused__and_nothing_changes),
        cmocka_unit_test(test_refused__policy_of_the_handle),
        cmocka_unit_test(test_memory__each_allocation_fails),
        cmocka_unit_test(test_threads__contexts_run_while_credentials_are_added),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
