/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts that are there before their first leg, and what is told of a negotiation. Kerberos is
 * played by a package under the test's control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "negotiate/negotiate.h"
#include "ntlm/ntlm.h"
#include "sspi/packages.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_store.h"
#include "tests/support/fake_mech.h"
#include "tests/support/hex.h"

const struct sec_package *const packages_all[] = {
    &negotiate_package,
    &fake_mechs[0].package,
    &ntlm_package,
};
const size_t packages_count = SEC_ARRAY_LEN(packages_all);

static struct api_pair pair;

static int
load(void **state)
{
    const char *file = demo_store_make("DOMAIN", "demo", "Passw0rd!", NULL);

    (void)state;
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static int
setup(void **state)
{
    (void)state;
    fake_mech_reset();
    fake_mech_play_windows();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    api_release(&pair);
    assert_int_equal(fake_mechs[0].live_contexts, 0);
    assert_int_equal(fake_mechs[0].live_creds, 0);
    return 0;
}

static void
acquire(void)
{
    assert_int_equal(api_acquire(&pair, "Negotiate", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
}

static SECURITY_STATUS
accept_token(CtxtHandle *context, struct bytes token)
{
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer in = { (ULONG)token.n, SECBUFFER_TOKEN, (void *)(uintptr_t)token.p };
    SecBuffer out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    ULONG flags;

    return AcceptSecurityContext(&pair.server_cred, context, &in_desc, 0, 0, context, &out_desc,
                                 &flags, NULL);
}

static SECURITY_STATUS
initialize(CtxtHandle *context)
{
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc out_desc = { SECBUFFER_VERSION, 1, &out };
    ULONG flags;

    return InitializeSecurityContextA(&pair.client_cred, context, API_NAME("HTTP/web1"), 0, 0, 0,
                                      NULL, 0, context, &out_desc, &flags, NULL);
}

static POPENSSPI_NEGOTIATION
ask(CtxtHandle *context)
{
    POPENSSPI_NEGOTIATION n = NULL;

    assert_int_equal(OpenSspiQueryNegotiation(context, &n), SEC_E_OK);
    return n;
}

/* --- before the first leg ------------------------------------------------------------------ */

static void
test_create_context__exchange_on_it_is_the_usual_one(void **state)
{
    POPENSSPI_NEGOTIATION n;

    (void)state;
    acquire();
    assert_int_equal(OpenSspiCreateContext(&pair.client_cred, SECPKG_CRED_OUTBOUND, &pair.client),
                     SEC_E_OK);
    assert_int_equal(OpenSspiCreateContext(&pair.server_cred, SECPKG_CRED_INBOUND, &pair.server),
                     SEC_E_OK);
    pair.have_client = pair.have_server = 1;
    n = ask(&pair.server);
    assert_string_equal(n->PackageName, "");
    assert_int_equal(n->OfferedCount, 0);
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
    assert_int_equal(api_establish(&pair, 0, 0), SEC_E_OK);
    n = ask(&pair.server);
    assert_int_equal(n->Status, SEC_E_OK);
    assert_string_equal(n->PackageName, "Kerberos");
    assert_string_equal(n->DelegationRefused, "");
    assert_int_equal(n->AttemptCount, 0);
    assert_int_equal(n->OfferedCount, 3);
    assert_string_equal(n->Offered[0], "MS-Kerberos");
    assert_string_equal(n->Offered[1], "Kerberos");
    assert_string_equal(n->Offered[2], "NTLM");
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(n), SEC_E_INVALID_HANDLE);
}

static void
test_create_context__wrong_arguments_refused(void **state)
{
    SecHandle none = { 0, 0 }, h = { 7, 7 };

    (void)state;
    acquire();
    assert_int_equal(OpenSspiCreateContext(&pair.client_cred, SECPKG_CRED_INBOUND, &h),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(OpenSspiCreateContext(&pair.client_cred, SECPKG_CRED_BOTH, &h),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiCreateContext(&pair.client_cred, 0, &h), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiCreateContext(&pair.client_cred, SECPKG_CRED_OUTBOUND, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiCreateContext(&none, SECPKG_CRED_OUTBOUND, &h), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiCreateContext(NULL, SECPKG_CRED_OUTBOUND, &h), SEC_E_INVALID_HANDLE);
    assert_true(h.dwLower == 7 && h.dwUpper == 7);
}

/* The other side's function, on a context that was made for one. */
static void
test_create_context__has_one_side(void **state)
{
    (void)state;
    acquire();
    assert_int_equal(OpenSspiCreateContext(&pair.server_cred, SECPKG_CRED_INBOUND, &pair.server),
                     SEC_E_OK);
    pair.have_server = 1;
    assert_int_equal(initialize(&pair.server), SEC_E_INVALID_HANDLE);
}

/* --- what is told of a refusal ------------------------------------------------------------- */

static void
test_query__first_leg_refused_is_told(void **state)
{
    POPENSSPI_NEGOTIATION n;
    POPENSSPI_LOGON logon;

    (void)state;
    acquire();
    assert_int_equal(OpenSspiCreateContext(&pair.server_cred, SECPKG_CRED_INBOUND, &pair.server),
                     SEC_E_OK);
    pair.have_server = 1;
    /* Kerberos heads the list, and the token is NTLM's. */
    assert_int_equal(accept_token(&pair.server, HEX("603b06062b0601050502a031302fa01f301d"
                                                    "06092a864886f712010202"
                                                    "060a2b06010401823702020a"
                                                    "06042a030909"
                                                    "a20c040a4e544c4d535350000100")),
                     SEC_E_INVALID_TOKEN);
    n = ask(&pair.server);
    assert_int_equal(n->Status, SEC_E_INVALID_TOKEN);
    assert_string_equal(n->FirstToken, "NTLM");
    assert_false(n->Raw);
    assert_int_equal(n->OfferedCount, 3);
    assert_string_equal(n->Offered[0], "Kerberos");
    assert_string_equal(n->Offered[2], "other");
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
    assert_int_equal(OpenSspiQueryLogon(&pair.server, &logon), SEC_E_OK);
    assert_int_equal(logon->Status, SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(logon->Reason, "could not get a ticket"));
    assert_string_equal(logon->ServicePrincipal, "");
    assert_string_equal(logon->TicketEncryption, "");
    assert_string_equal(logon->DelegatedCache, "");
    assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    assert_int_equal(accept_token(&pair.server, HEX("00")), SEC_E_OUT_OF_SEQUENCE);
}

static void
test_query__raw_token_is_told(void **state)
{
    POPENSSPI_NEGOTIATION n;

    (void)state;
    acquire();
    assert_int_equal(OpenSspiCreateContext(&pair.server_cred, SECPKG_CRED_INBOUND, &pair.server),
                     SEC_E_OK);
    pair.have_server = 1;
    (void)accept_token(&pair.server, HEX("4e45474f45585453"));
    n = ask(&pair.server);
    assert_string_equal(n->FirstToken, "NegoEx");
    assert_true(n->Raw);
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
}

static void
test_query__attempts_of_a_client_are_told(void **state)
{
    POPENSSPI_NEGOTIATION n;

    (void)state;
    acquire();
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].fails_with = SEC_E_TARGET_UNKNOWN;
    assert_int_equal(OpenSspiCreateContext(&pair.client_cred, SECPKG_CRED_OUTBOUND, &pair.client),
                     SEC_E_OK);
    pair.have_client = 1;
    assert_int_equal(initialize(&pair.client), SEC_I_CONTINUE_NEEDED);
    assert_string_equal(OpenSspiReason(), "");
    n = ask(&pair.client);
    assert_string_equal(n->PackageName, ""); /* the server has not chosen yet */
    assert_int_equal(n->AttemptCount, 1);
    assert_string_equal(n->Attempts[0].PackageName, "Kerberos");
    assert_int_equal(n->Attempts[0].Status, SEC_E_TARGET_UNKNOWN);
    assert_string_equal(n->Attempts[0].Reason, "Kerberos: token 1: as the test wants it");
    assert_int_equal(n->OfferedCount, 0);
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
    fake_mechs[0].fails_at = 0;
    assert_int_equal(api_establish(&pair, 0, 0), SEC_E_INVALID_TOKEN); /* its first leg is over */
}

/* A definite failure at the first leg leaves a context that can be asked. */
static void
test_query__definite_failure_of_a_clients_first_leg_is_told(void **state)
{
    POPENSSPI_NEGOTIATION n;

    (void)state;
    acquire();
    fake_mechs[0].fails_at = 1;
    fake_mechs[0].fails_with = SEC_E_TIME_SKEW;
    assert_int_equal(OpenSspiCreateContext(&pair.client_cred, SECPKG_CRED_OUTBOUND, &pair.client),
                     SEC_E_OK);
    pair.have_client = 1;
    assert_int_equal(initialize(&pair.client), SEC_E_TIME_SKEW);
    n = ask(&pair.client);
    assert_int_equal(n->Status, SEC_E_TIME_SKEW);
    assert_int_equal(n->AttemptCount, 1);
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
}

/* Without OpenSspiCreateContext a first leg that fails leaves nothing behind, as on Windows. */
static void
test_query__first_leg_refused_without_a_context_leaves_none(void **state)
{
    uint8_t room[64];
    SecBuffer in = { 1, SECBUFFER_TOKEN, room }, out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    CtxtHandle h = { 7, 7 };
    ULONG flags;

    (void)state;
    acquire();
    room[0] = 0;
    assert_int_equal(
        AcceptSecurityContext(&pair.server_cred, NULL, &in_desc, 0, 0, &h, &out_desc, &flags, NULL),
        SEC_E_INVALID_TOKEN);
    assert_true(h.dwLower == 7 && h.dwUpper == 7);
}

static void
test_query__wrong_arguments_refused(void **state)
{
    SecHandle none = { 0, 0 };
    POPENSSPI_NEGOTIATION n = NULL;

    (void)state;
    acquire();
    assert_int_equal(OpenSspiQueryNegotiation(&none, &n), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiQueryNegotiation(NULL, &n), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiQueryNegotiation(&pair.client_cred, &n), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiQueryNegotiation(&none, NULL), SEC_E_INVALID_PARAMETER);
    assert_null(n);
}

/* --- services ------------------------------------------------------------------------------ */

static sec_status
check_service(const struct sec_cred *cred, const char *service)
{
    (void)cred;
    return service ? sec_fail(SEC_E_NO_CREDENTIALS, "no key for %s", service) : SEC_E_OK;
}

static void
test_check_service__reaches_the_package(void **state)
{
    SecHandle none = { 0, 0 };

    (void)state;
    acquire();
    assert_int_equal(OpenSspiCheckService(&pair.server_cred, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    fake_mechs[0].ops.check_service = check_service;
    assert_int_equal(OpenSspiCheckService(&pair.server_cred, NULL), SEC_E_OK);
    assert_int_equal(OpenSspiCheckService(&pair.server_cred, "HTTP/web1"), SEC_E_NO_CREDENTIALS);
    assert_string_equal(OpenSspiReason(), "no key for HTTP/web1");
    assert_int_equal(OpenSspiCheckService(&pair.client_cred, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(OpenSspiCheckService(&none, NULL), SEC_E_INVALID_HANDLE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_create_context__exchange_on_it_is_the_usual_one),
        CASE(test_create_context__wrong_arguments_refused),
        CASE(test_create_context__has_one_side),
        CASE(test_query__first_leg_refused_is_told),
        CASE(test_query__raw_token_is_told),
        CASE(test_query__attempts_of_a_client_are_told),
        CASE(test_query__definite_failure_of_a_clients_first_leg_is_told),
        CASE(test_query__first_leg_refused_without_a_context_leaves_none),
        CASE(test_query__wrong_arguments_refused),
        CASE(test_check_service__reaches_the_package),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
