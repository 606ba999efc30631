/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a whole exchange through the interface fails in turn: the call that needed
 * it says so, nothing leaks, nothing is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_export.h"

/* Who asks for what, and who that is then. */
struct exchange {
    const char *package, *name;
    bool default_identity; /* alice, who has a ticket; else the account of the store */
    ULONG trailer;
};

static const struct exchange exchanges[] = {
    { "NTLM", "DOMAIN\\demo", false, 16 },
    { "Negotiate", "DOMAIN\\demo", false, 16 },
    { "Kerberos", DEMO_REALM "\\alice", true, 60 },
    { "Negotiate", DEMO_REALM "\\alice", true, 60 },
};

static SECURITY_STATUS
acquire(struct api_pair *p, const struct exchange *e)
{
    SECURITY_STATUS status;

    if (!e->default_identity) {
        return api_acquire(p, e->package, "demo", "DOMAIN", "Passw0rd!");
    }
    memset(p, 0, sizeof(*p));
    status = AcquireCredentialsHandleA(NULL, API_NAME(e->package), SECPKG_CRED_OUTBOUND, NULL, NULL,
                                       NULL, NULL, &p->client_cred, NULL);
    if (status != SEC_E_OK) {
        return status;
    }
    status = AcquireCredentialsHandleA(NULL, API_NAME(e->package), SECPKG_CRED_INBOUND, NULL, NULL,
                                       NULL, NULL, &p->server_cred, NULL);
    if (status != SEC_E_OK) {
        (void)FreeCredentialsHandle(&p->client_cred);
    }
    return status;
}

static void
ask_about(struct api_pair *p, const struct exchange *e, bool failing)
{
    SecPkgContext_NamesA names = { NULL };
    POPENSSPI_LOGON logon = NULL;
    POPENSSPI_NEGOTIATION negotiation = NULL;

    if (QueryContextAttributesA(&p->server, SECPKG_ATTR_NAMES, &names) == SEC_E_OK) {
        assert_string_equal(names.sUserName, e->name);
        assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    } else {
        assert_true(failing);
    }
    if (OpenSspiQueryLogon(&p->server, &logon) == SEC_E_OK) {
        assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    } else {
        assert_true(failing);
    }
    if (OpenSspiQueryNegotiation(&p->client, &negotiation) == SEC_E_OK) {
        assert_int_equal(FreeContextBuffer(negotiation), SEC_E_OK);
    } else {
        assert_true(failing);
    }
}

static void
exchange(void *user, bool failing)
{
    const struct exchange *e = user;
    uint8_t token[64], data[8] = "message";
    SecBuffer b[2] = { { e->trailer, SECBUFFER_TOKEN, token }, { 8, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    struct api_pair p;

    if (acquire(&p, e) != SEC_E_OK) {
        assert_true(failing);
        return;
    }
    if (api_establish(&p, ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH, 0) ==
        SEC_E_OK) {
        SECURITY_STATUS sealed;

        ask_about(&p, e, failing);
        /* NTLM's messages allocate nothing, Kerberos' the keys of their direction. */
        sealed = EncryptMessage(&p.client, 0, &d, 0);
        assert_true(sealed == SEC_E_OK ||
                    (failing && e->default_identity && sealed == SEC_E_INSUFFICIENT_MEMORY));
        if (sealed == SEC_E_OK) {
            SECURITY_STATUS opened = DecryptMessage(&p.server, &d, 0, NULL);

            assert_true(opened == SEC_E_OK ||
                        (failing && e->default_identity && opened == SEC_E_INSUFFICIENT_MEMORY));
        }
    } else {
        assert_true(failing);
    }
    api_release(&p);
}

static void
test_exchange__without_memory__fails_and_leaks_nothing(void **state)
{
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        void *e = (void *)(uintptr_t)&exchanges[i];

        exchange(e, false); /* the account is in the cache from here on */
        assert_true(alloc_fail_each(exchange, e) > 10);
    }
}

/* Handles of the table's first chunk, all taken: the next one needs memory. */
enum { CHUNK_HANDLES = 1024 };

static CtxtHandle taken[3 * CHUNK_HANDLES];
static size_t n_taken;

static void
begin(void *credential, bool failing)
{
    SecBuffer out = { 0, SECBUFFER_TOKEN, NULL };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &out };
    CtxtHandle h;
    ULONG attributes;
    SECURITY_STATUS status = InitializeSecurityContextA(
        credential, NULL, NULL, ISC_REQ_ALLOCATE_MEMORY, 0, 0, NULL, 0, &h, &d, &attributes, NULL);

    if (status != SEC_I_CONTINUE_NEEDED) {
        assert_true(failing);
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_null(out.pvBuffer);
        assert_int_equal(out.cbBuffer, 0);
        return;
    }
    assert_int_equal(FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    assert_true(n_taken < sizeof(taken) / sizeof(taken[0]));
    taken[n_taken++] = h;
}

/* More contexts at once than there is room for: none of them leaves its token behind. */
static void
test_contexts__without_memory_for_a_handle__give_no_token(void **state)
{
    struct api_pair p;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    while (n_taken < CHUNK_HANDLES - 2) { /* the credentials have two */
        begin(&p.client_cred, false);
    }
    assert_true(alloc_fail_each(begin, &p.client_cred) >= 4);
    while (n_taken) {
        assert_int_equal(DeleteSecurityContext(&taken[--n_taken]), SEC_E_OK);
    }
    api_release(&p);
}

/* What is exported, and where each run of the import puts it. */
struct transfer {
    SecBuffer packed;
    CtxtHandle context;
    bool imported;
};

static void
import(void *user, bool failing)
{
    struct transfer *t = user;
    SECURITY_STATUS status;

    if (t->imported) {
        return;
    }
    status = ImportSecurityContextA(API_NAME("NTLM"), &t->packed, NULL, &t->context);
    t->imported = status == SEC_E_OK;
    if (!t->imported) {
        assert_true(failing);
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
    }
}

/* Takes all handles there is memory for but one, which goes to the imported context's credential. The last one of the
 * first chunk is the last one that is free: this test comes first. */
static void
take_handles(struct api_pair *p)
{
    n_taken = 0;
    do {
        assert_true(n_taken < sizeof(taken) / sizeof(taken[0]));
        assert_int_equal(
            OpenSspiCreateContext(&p->server_cred, SECPKG_CRED_INBOUND, &taken[n_taken]), SEC_E_OK);
    } while ((uint32_t)taken[n_taken++].dwLower % CHUNK_HANDLES != CHUNK_HANDLES - 1);
    assert_int_equal(DeleteSecurityContext(&taken[--n_taken]), SEC_E_OK);
}

/* It can be imported once: a failure must not be that once. */
static void
test_import__without_memory__can_be_made_again(void **state)
{
    struct transfer t = { .imported = false };
    struct api_pair p;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_establish(&p, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
    take_handles(&p);
    assert_int_equal(ExportSecurityContext(&p.server, 0, &t.packed, NULL), SEC_E_OK);
    (void)alloc_fail_each(import, &t);
    assert_true(t.imported);
    assert_int_equal(DeleteSecurityContext(&t.context), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(t.packed.pvBuffer), SEC_E_OK);
    while (n_taken) {
        assert_int_equal(DeleteSecurityContext(&taken[--n_taken]), SEC_E_OK);
    }
    api_release(&p);
}

static void
log_on(void *user, bool failing)
{
    OPENSSPI_LOGON *logon = NULL;
    SECURITY_STATUS status = OpenSspiLogonPasswordA("demo", "DOMAIN", "Passw0rd!", &logon);

    (void)user;
    assert_true(status == SEC_E_OK || failing);
    assert_int_equal(status == SEC_E_OK && !logon, 0);
    if (logon) {
        assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    }
}

static void
test_logon_password__without_memory__is_refused(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(log_on, NULL) > 4);
}

static void
configure(void *user, bool failing)
{
    SECURITY_STATUS status = OpenSspiLoadConfiguration(demo_export_file, NULL, 0);

    assert_true(status == SEC_E_OK || failing);
}

static void
test_configuration__without_memory__stays_as_it_was(void **state)
{
    assert_true(alloc_fail_each(configure, NULL) > 5);
    exchange((void *)(uintptr_t)&exchanges[0], false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import__without_memory__can_be_made_again),
        cmocka_unit_test(test_exchange__without_memory__fails_and_leaks_nothing),
        cmocka_unit_test(test_contexts__without_memory_for_a_handle__give_no_token),
        cmocka_unit_test(test_logon_password__without_memory__is_refused),
        cmocka_unit_test(test_configuration__without_memory__stays_as_it_was),
    };

    return cmocka_run_group_tests(tests, demo_export_load, demo_export_remove);
}
