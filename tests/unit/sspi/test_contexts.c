/* SPDX-License-Identifier: Apache-2.0 */
/* The interface as its callers use it: handles, legs, flags, attributes, packages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <opensspi/security.h>

#include "base/clock.h"
#include "tests/support/demo_pair.h"

/* --- handles ------------------------------------------------------------------------------- */

/* What every function is given by somebody, sooner or later. */
static const SecHandle garbage[] = {
    { 0, 0 },
    { (ULONG_PTR)-1, (ULONG_PTR)-1 },
    { (ULONG_PTR)-2, (ULONG_PTR)-2 },
    { 0x4142434445464748, 0x1112131415161718 },
};

static void
each_function_refuses(SecHandle *h)
{
    uint8_t room[64];
    SecBuffer b[2] = { { 16, SECBUFFER_TOKEN, room }, { 16, SECBUFFER_DATA, room + 16 } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    SecPkgContext_Sizes sizes;
    SecPkgCredentials_NamesA names;
    POPENSSPI_LOGON logon;
    POPENSSPI_NEGOTIATION negotiation;
    CtxtHandle fresh;
    ULONG attributes;

    assert_int_equal(FreeCredentialsHandle(h), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(h), SEC_E_INVALID_HANDLE);
    assert_int_equal(CompleteAuthToken(h, &d), SEC_E_INVALID_HANDLE);
    assert_int_equal(MakeSignature(h, 0, &d, 0), SEC_E_INVALID_HANDLE);
    assert_int_equal(VerifySignature(h, &d, 0, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(EncryptMessage(h, 0, &d, 0), SEC_E_INVALID_HANDLE);
    assert_int_equal(DecryptMessage(h, &d, 0, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesA(h, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesW(h, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryCredentialsAttributesA(h, SECPKG_CRED_ATTR_NAMES, &names),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiQueryLogon(h, &logon), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiQueryNegotiation(h, &negotiation), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiCreateContext(h, SECPKG_CRED_INBOUND, &fresh), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiCheckService(h, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(
        InitializeSecurityContextA(h, NULL, NULL, 0, 0, 0, NULL, 0, &fresh, &d, &attributes, NULL),
        SEC_E_INVALID_HANDLE);
    assert_int_equal(
        InitializeSecurityContextA(NULL, h, NULL, 0, 0, 0, NULL, 0, &fresh, &d, &attributes, NULL),
        h ? SEC_E_INVALID_HANDLE : SEC_E_INVALID_HANDLE);
    assert_int_equal(AcceptSecurityContext(h, NULL, &d, 0, 0, &fresh, &d, &attributes, NULL),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(AcceptSecurityContext(NULL, h, &d, 0, 0, &fresh, &d, &attributes, NULL),
                     SEC_E_INVALID_HANDLE);
}

static void
test_every_function__given_a_garbage_handle__refuses_it(void **state)
{
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        SecHandle h = garbage[i];

        each_function_refuses(&h);
    }
    each_function_refuses(NULL);
}

static void
test_every_function__given_the_other_kind_of_handle__refuses_it(void **state)
{
    struct api_pair p;
    SecPkgContext_Sizes sizes;

    demo_establish(&p, "NTLM", PROTECTED, 0);
    assert_int_equal(FreeCredentialsHandle(&p.client), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&p.client_cred), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesA(&p.client_cred, SECPKG_ATTR_SIZES, &sizes),
                     SEC_E_INVALID_HANDLE);
    api_release(&p);
}

static void
test_free__twice__is_refused_and_harms_nobody(void **state)
{
    struct api_pair p;
    SecPkgContext_Sizes sizes;

    demo_establish(&p, "NTLM", PROTECTED, 0);
    assert_int_equal(FreeCredentialsHandle(&p.client_cred), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&p.client_cred), SEC_E_INVALID_HANDLE);
    /* The context outlives its credential's handle. */
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&p.client), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&p.client), SEC_E_INVALID_HANDLE);
    p.have_client = 0;
    api_release(&p);
}

static void
test_sides__swapped__are_refused(void **state)
{
    struct api_pair p;
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer b = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };
    CtxtHandle fresh;
    ULONG attributes;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(InitializeSecurityContextA(&p.server_cred, NULL, NULL, 0, 0, 0, NULL, 0,
                                                &fresh, &d, &attributes, NULL),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(
        AcceptSecurityContext(&p.client_cred, NULL, &d, 0, 0, &fresh, &d, &attributes, NULL),
        SEC_E_NO_CREDENTIALS);
    api_release(&p);
}

/* --- legs ---------------------------------------------------------------------------------- */

static void
test_exchange__right_password__names_the_user_on_both_sides(void **state)
{
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        SecPkgContext_NamesA names;

        demo_establish(&p, demo_packages[i], PROTECTED, 0);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        assert_string_equal(names.sUserName, "DOMAIN\\demo");
        assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        assert_string_equal(names.sUserName, "DOMAIN\\demo");
        assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
        api_release(&p);
    }
}

/* NAMES is the authority's word, NATIVE_NAMES the client's (docs/decisions/0006). */
static void
test_names__of_a_client_that_claims_another_domain__are_the_authority_s(void **state)
{
    struct api_pair p;
    SecPkgContext_NamesA names;
    SecPkgContext_NativeNamesA native;

    assert_int_equal(api_acquire(&p, "NTLM", "DEMO", "Elsewhere", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_establish(&p, PROTECTED, 0), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, "DOMAIN\\demo");
    assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NATIVE_NAMES, &native),
                     SEC_E_OK);
    assert_string_equal(native.sClientName, "Elsewhere\\DEMO");
    assert_string_equal(native.sServerName, "HTTP/server.domain.test");
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(native.sClientName), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(native.sServerName), SEC_E_OK);
    api_release(&p);
}

static void
test_exchange__wrong_password__is_denied_and_reported(void **state)
{
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        POPENSSPI_LOGON logon;
        SecPkgContext_NamesA names;

        assert_int_equal(api_acquire(&p, demo_packages[i], "demo", "DOMAIN", "wrong"), SEC_E_OK);
        assert_int_equal(api_establish(&p, PROTECTED, 0), SEC_E_LOGON_DENIED);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NAMES, &names),
                         SEC_E_INVALID_HANDLE);
        assert_int_equal(OpenSspiQueryLogon(&p.server, &logon), SEC_E_OK);
        assert_int_equal(logon->Status, SEC_E_LOGON_DENIED);
        assert_int_equal(logon->SubStatus, 0xC000006A);
        assert_string_equal(logon->UserName, "demo");
        assert_string_equal(logon->UserSid, "");
        assert_int_equal(logon->GroupCount, 0);
        assert_string_equal(logon->NtlmVersion, "NTLM V2");
        assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
        api_release(&p);
    }
}

static void
test_logon__granted__is_described(void **state)
{
    struct api_pair p;
    POPENSSPI_LOGON logon;

    demo_establish(&p, "Negotiate", PROTECTED, 0);
    assert_int_equal(OpenSspiQueryLogon(&p.server, &logon), SEC_E_OK);
    assert_int_equal(logon->Status, SEC_E_OK);
    assert_string_equal(logon->PackageName, "NTLM");
    assert_string_equal(logon->UserName, "demo");
    assert_string_equal(logon->DomainName, "DOMAIN");
    assert_string_equal(logon->TargetName, "HTTP/server.domain.test");
    assert_int_equal(strncmp(logon->UserSid, "S-1-5-21-", 9), 0);
    assert_int_equal(logon->KeyLength, 128);
    assert_true(logon->MicVerified);
    assert_false(logon->Anonymous);
    assert_int_equal(logon->GroupCount, 2);
    for (ULONG i = 0; i < logon->GroupCount; i++) {
        assert_true(strcmp(logon->Groups[i], "staff") == 0 ||
                    strcmp(logon->Groups[i], "night shift") == 0);
        assert_int_equal(strncmp(logon->GroupSids[i], "S-1-5-21-", 9), 0);
        assert_int_equal(logon->GroupAttributes[i], 7); /* mandatory, enabled */
    }
    assert_string_equal(logon->ClientPrincipal, "");
    assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    assert_int_equal(OpenSspiQueryLogon(&p.client, &logon), SEC_E_UNSUPPORTED_FUNCTION);
    api_release(&p);
}

/* A first client leg without room for its token, in each way, leaves the credential usable. */
static void
test_initialize__no_room_for_the_first_token__is_too_small(void **state)
{
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer none = { 0, SECBUFFER_TOKEN, room };
    SecBuffer small = { 8, SECBUFFER_TOKEN, room };
    SecBuffer data = { sizeof(room), SECBUFFER_DATA, room };
    SecBufferDesc empty = { SECBUFFER_VERSION, 0, NULL };
    SecBufferDesc no_bytes = { SECBUFFER_VERSION, 1, &none };
    SecBufferDesc few_bytes = { SECBUFFER_VERSION, 1, &small };
    SecBufferDesc no_token = { SECBUFFER_VERSION, 1, &data };
    PSecBufferDesc outputs[] = { NULL, &empty, &no_bytes, &few_bytes, &no_token };

    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        CtxtHandle h = { 7, 7 };
        ULONG attributes;

        assert_int_equal(api_acquire(&p, demo_packages[i], "demo", "DOMAIN", "Passw0rd!"),
                         SEC_E_OK);
        for (size_t o = 0; o < sizeof(outputs) / sizeof(outputs[0]); o++) {
            assert_int_equal(InitializeSecurityContextA(&p.client_cred, NULL, NULL, 0, 0, 0, NULL,
                                                        0, &h, outputs[o], &attributes, NULL),
                             SEC_E_BUFFER_TOO_SMALL);
            assert_int_equal(h.dwLower, 7);
        }
        assert_int_equal(none.cbBuffer, 0);
        assert_int_equal(api_establish(&p, PROTECTED, 0), SEC_E_OK);
        api_release(&p);
    }
}

/* A later leg whose buffer is too small can be repeated with a larger one. */
static void
test_accept__small_buffer__delivers_when_asked_again(void **state)
{
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        uint8_t to_server[API_TOKEN_BYTES], to_client[API_TOKEN_BYTES];
        SecBuffer in, out;
        SecBufferDesc in_d = { SECBUFFER_VERSION, 1, &in }, out_d = { SECBUFFER_VERSION, 1, &out };
        ULONG attributes;

        assert_int_equal(api_acquire(&p, demo_packages[i], "demo", "DOMAIN", "Passw0rd!"),
                         SEC_E_OK);
        out = (SecBuffer){ sizeof(to_server), SECBUFFER_TOKEN, to_server };
        assert_int_equal(InitializeSecurityContextA(&p.client_cred, NULL, NULL, PROTECTED, 0, 0,
                                                    NULL, 0, &p.client, &out_d, &attributes, NULL),
                         SEC_I_CONTINUE_NEEDED);
        in = out;
        out = (SecBuffer){ sizeof(to_client), SECBUFFER_TOKEN, to_client };
        assert_int_equal(AcceptSecurityContext(&p.server_cred, NULL, &in_d, 0, 0, &p.server, &out_d,
                                               &attributes, NULL),
                         SEC_I_CONTINUE_NEEDED);
        in = out;
        out = (SecBuffer){ 8, SECBUFFER_TOKEN, to_server };
        assert_int_equal(InitializeSecurityContextA(NULL, &p.client, NULL, PROTECTED, 0, 0, &in_d,
                                                    0, &p.client, &out_d, &attributes, NULL),
                         SEC_E_BUFFER_TOO_SMALL);
        out = (SecBuffer){ sizeof(to_server), SECBUFFER_TOKEN, to_server };
        assert_true(InitializeSecurityContextA(NULL, &p.client, NULL, PROTECTED, 0, 0, &in_d, 0,
                                               NULL, &out_d, &attributes, NULL) >= 0);
        in = out;
        out = (SecBuffer){ sizeof(to_client), SECBUFFER_TOKEN, to_client };
        assert_int_equal(
            AcceptSecurityContext(NULL, &p.server, &in_d, 0, 0, NULL, &out_d, &attributes, NULL),
            SEC_E_OK);
        p.have_client = p.have_server = 1;
        api_release(&p);
    }
}

static void
test_initialize__allocate_memory__gives_the_token(void **state)
{
    struct api_pair p;
    SecBuffer out = { 0, SECBUFFER_TOKEN, NULL };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &out };
    ULONG attributes = 0;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(InitializeSecurityContextA(&p.client_cred, NULL, NULL, ISC_REQ_ALLOCATE_MEMORY,
                                                0, 0, NULL, 0, &p.client, &d, &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(attributes & ISC_RET_ALLOCATED_MEMORY);
    assert_true(out.cbBuffer >= 32);
    assert_memory_equal(out.pvBuffer, "NTLMSSP", 8);
    assert_int_equal(FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    p.have_client = 1;
    api_release(&p);
}

static void
test_accept__the_last_leg_without_a_token__says_so(void **state)
{
    struct api_pair p;
    uint8_t to_server[API_TOKEN_BYTES], to_client[API_TOKEN_BYTES];
    SecBuffer in[3], out[2];
    SecBufferDesc in_d = { SECBUFFER_VERSION, 3, in }, out_d = { SECBUFFER_VERSION, 2, out };
    SecBufferDesc one = { SECBUFFER_VERSION, 1, in };
    ULONG attributes;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    in[0] = (SecBuffer){ sizeof(to_server), SECBUFFER_TOKEN, to_server };
    assert_int_equal(InitializeSecurityContextA(&p.client_cred, NULL, NULL, 0, 0, 0, NULL, 0,
                                                &p.client, &one, &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED);
    /* The token is found by its type, at any index. */
    in[2] = in[0];
    in[0] = in[1] = (SecBuffer){ 0, SECBUFFER_EMPTY, NULL };
    out[0] = (SecBuffer){ 3, SECBUFFER_DATA, (void *)(uintptr_t) "abc" };
    out[1] = (SecBuffer){ sizeof(to_client), SECBUFFER_TOKEN, to_client };
    assert_int_equal(AcceptSecurityContext(&p.server_cred, NULL, &in_d, 0, 0, &p.server, &out_d,
                                           &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED);
    in[2] = out[1];
    out[1] = (SecBuffer){ sizeof(to_server), SECBUFFER_TOKEN, to_server };
    assert_int_equal(InitializeSecurityContextA(NULL, &p.client, NULL, 0, 0, 0, &in_d, 0, &p.client,
                                                &out_d, &attributes, NULL),
                     SEC_E_OK);
    in[2] = out[1];
    out[1] = (SecBuffer){ sizeof(to_client), SECBUFFER_TOKEN, to_client };
    assert_int_equal(
        AcceptSecurityContext(NULL, &p.server, &in_d, 0, 0, &p.server, &out_d, &attributes, NULL),
        SEC_E_OK);
    assert_int_equal(out[1].cbBuffer, 0);
    p.have_client = p.have_server = 1;
    api_release(&p);
}

/* Input and output in one buffer: the token out is copied when the token in is done with. */
static void
test_exchange__in_one_buffer__works(void **state)
{
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        uint8_t room[API_TOKEN_BYTES];
        SecBuffer in, out;
        SecBufferDesc in_d = { SECBUFFER_VERSION, 1, &in }, out_d = { SECBUFFER_VERSION, 1, &out };
        ULONG attributes;
        SECURITY_STATUS c, s = SEC_I_CONTINUE_NEEDED;

        assert_int_equal(api_acquire(&p, demo_packages[i], "demo", "DOMAIN", "Passw0rd!"),
                         SEC_E_OK);
        out = (SecBuffer){ sizeof(room), SECBUFFER_TOKEN, room };
        c = InitializeSecurityContextA(&p.client_cred, NULL, NULL, PROTECTED, 0, 0, NULL, 0,
                                       &p.client, &out_d, &attributes, NULL);
        while (s == SEC_I_CONTINUE_NEEDED) {
            in = (SecBuffer){ out.cbBuffer, SECBUFFER_TOKEN, room };
            out = (SecBuffer){ sizeof(room), SECBUFFER_TOKEN, room };
            s = AcceptSecurityContext(&p.server_cred, p.have_server ? &p.server : NULL, &in_d, 0, 0,
                                      &p.server, &out_d, &attributes, NULL);
            p.have_server = 1;
            assert_true(s >= 0);
            if (c == SEC_I_CONTINUE_NEEDED) {
                in = (SecBuffer){ out.cbBuffer, SECBUFFER_TOKEN, room };
                out = (SecBuffer){ sizeof(room), SECBUFFER_TOKEN, room };
                c = InitializeSecurityContextA(&p.client_cred, &p.client, NULL, PROTECTED, 0, 0,
                                               &in_d, 0, &p.client, &out_d, &attributes, NULL);
                assert_true(c >= 0);
            }
        }
        assert_int_equal(c, SEC_E_OK);
        p.have_client = 1;
        api_release(&p);
    }
}

static void
test_descriptors__that_are_none__are_refused(void **state)
{
    struct api_pair p;
    uint8_t room[64];
    SecBuffer b = { sizeof(room), SECBUFFER_TOKEN, room },
              null_token = { 8, SECBUFFER_TOKEN, NULL };
    SecBufferDesc good = { SECBUFFER_VERSION, 1, &b };
    SecBufferDesc bad[] = {
        { 1, 1, &b },
        { SECBUFFER_VERSION, 1, NULL },
        { SECBUFFER_VERSION, 0x10000000, &b },
        { SECBUFFER_VERSION, 1, &null_token },
    };
    CtxtHandle h;
    ULONG attributes;

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(AcceptSecurityContext(&p.server_cred, NULL, &bad[i], 0, 0, &h, &good,
                                               &attributes, NULL),
                         SEC_E_INVALID_TOKEN);
    }
    api_release(&p);
}

static void
test_contexts__half_open__answer_only_what_they_can(void **state)
{
    struct api_pair p;
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer b[2] = { { sizeof(room), SECBUFFER_TOKEN, room }, { 0, SECBUFFER_DATA, room } };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, b }, both = { SECBUFFER_VERSION, 2, b };
    SecPkgContext_Sizes sizes;
    ULONG attributes = 0xFFFFFFFF;

    assert_int_equal(api_acquire(&p, "Negotiate", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(InitializeSecurityContextA(&p.client_cred, NULL, NULL, PROTECTED, 0, 0, NULL,
                                                0, &p.client, &d, &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED);
    /* Security bits are final on the last leg only. */
    assert_int_equal(attributes & (ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY), 0);
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_SIZES, &sizes),
                     SEC_E_INVALID_HANDLE);
    b[0].cbBuffer = 16;
    assert_int_equal(MakeSignature(&p.client, 0, &both, 0), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(EncryptMessage(&p.client, 0, &both, 0), SEC_E_OUT_OF_SEQUENCE);
    p.have_client = 1;
    api_release(&p);
}

static void
is_negotiating(CtxtHandle *context, const char *package, ULONG expected)
{
    SecPkgContext_NegotiationInfoA info;

    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &info),
                     SEC_E_OK);
    assert_string_equal(info.PackageInfo->Name, package);
    assert_int_equal(info.NegotiationState, expected);
    assert_int_equal(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
}

/* After each leg of both: a client's first choice is a guess until the server has agreed to it. */
static void
test_negotiation_info__leg_by_leg(void **state)
{
    static const ULONG first[N_DEMO_PACKAGES] = { SECPKG_NEGOTIATION_IN_PROGRESS,
                                                  SECPKG_NEGOTIATION_OPTIMISTIC };
    uint8_t room[2][API_TOKEN_BYTES];
    SecBuffer to_server = { 0, SECBUFFER_TOKEN, room[0] },
              to_client = { 0, SECBUFFER_TOKEN, room[1] };
    SecBufferDesc server_in = { SECBUFFER_VERSION, 1, &to_server };
    SecBufferDesc client_in = { SECBUFFER_VERSION, 1, &to_client };
    struct api_pair p;

    (void)state;
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        assert_int_equal(api_acquire(&p, demo_packages[i], "demo", "DOMAIN", "Passw0rd!"),
                         SEC_E_OK);
        to_server.cbBuffer = to_client.cbBuffer = API_TOKEN_BYTES;
        assert_int_equal(InitializeSecurityContextA(&p.client_cred, NULL, NULL, PROTECTED, 0, 0,
                                                    NULL, 0, &p.client, &server_in, &p.client_flags,
                                                    NULL),
                         SEC_I_CONTINUE_NEEDED);
        p.have_client = 1;
        is_negotiating(&p.client, demo_packages[i], first[i]);
        assert_int_equal(AcceptSecurityContext(&p.server_cred, NULL, &server_in, 0, 0, &p.server,
                                               &client_in, &p.server_flags, NULL),
                         SEC_I_CONTINUE_NEEDED);
        p.have_server = 1;
        is_negotiating(&p.server, "NTLM", SECPKG_NEGOTIATION_IN_PROGRESS);
        to_server.cbBuffer = API_TOKEN_BYTES;
        p.client_status =
            InitializeSecurityContextA(&p.client_cred, &p.client, NULL, PROTECTED, 0, 0, &client_in,
                                       0, &p.client, &server_in, &p.client_flags, NULL);
        assert_int_equal(p.client_status, i == 0 ? SEC_E_OK : SEC_I_CONTINUE_NEEDED);
        is_negotiating(&p.client, "NTLM",
                       i == 0 ? SECPKG_NEGOTIATION_COMPLETE : SECPKG_NEGOTIATION_IN_PROGRESS);
        to_client.cbBuffer = API_TOKEN_BYTES;
        assert_int_equal(AcceptSecurityContext(&p.server_cred, &p.server, &server_in, 0, 0,
                                               &p.server, &client_in, &p.server_flags, NULL),
                         SEC_E_OK);
        is_negotiating(&p.server, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
        api_release(&p);
    }
}

/* --- flags --------------------------------------------------------------------------------- */

/* What a client asks for, and what each side is then told. NTLM has no mutual authentication and
 * no delegation: those bits stay away, and asking is no error. */
static void
test_flags__each_request__gives_what_is_true(void **state)
{
    static const struct {
        ULONG request, client, server;
    } table[] = {
        { 0, 0, 0 },
        { ISC_REQ_INTEGRITY, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY },
        { ISC_REQ_REPLAY_DETECT, ISC_RET_REPLAY_DETECT | ISC_RET_INTEGRITY,
          ASC_RET_REPLAY_DETECT | ASC_RET_INTEGRITY },
        { ISC_REQ_SEQUENCE_DETECT, ISC_RET_SEQUENCE_DETECT | ISC_RET_INTEGRITY,
          ASC_RET_SEQUENCE_DETECT | ASC_RET_INTEGRITY },
        { ISC_REQ_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY },
        { ISC_REQ_IDENTIFY, ISC_RET_IDENTIFY, ASC_RET_IDENTIFY },
        { ISC_REQ_CONNECTION, ISC_RET_CONNECTION, ASC_RET_CONNECTION },
        { ISC_REQ_MUTUAL_AUTH, 0, 0 },
        { ISC_REQ_DELEGATE, 0, 0 },
        { ISC_REQ_USE_SESSION_KEY, 0, 0 },
        { ISC_REQ_USE_DCE_STYLE, 0, 0 },
        { ISC_REQ_EXTENDED_ERROR, 0, 0 },
        { ISC_REQ_STREAM, 0, 0 },
    };
    const ULONG never_client = ISC_RET_MUTUAL_AUTH | ISC_RET_DELEGATE | ISC_RET_USE_SESSION_KEY |
                               ISC_RET_USED_DCE_STYLE | ISC_RET_DATAGRAM | ISC_RET_STREAM;
    const ULONG never_server = ASC_RET_MUTUAL_AUTH | ASC_RET_DELEGATE | ASC_RET_USE_SESSION_KEY |
                               ASC_RET_USED_DCE_STYLE | ASC_RET_DATAGRAM | ASC_RET_STREAM;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct api_pair p;

        demo_establish(&p, "NTLM", table[i].request, 0);
        assert_int_equal(p.client_flags & table[i].client, table[i].client);
        assert_int_equal(p.server_flags & table[i].server, table[i].server);
        assert_int_equal(p.client_flags & never_client, 0);
        assert_int_equal(p.server_flags & never_server, 0);
        if (!(table[i].request & ISC_REQ_CONFIDENTIALITY)) {
            assert_int_equal(p.client_flags & ISC_RET_CONFIDENTIALITY, 0);
            assert_int_equal(p.server_flags & ASC_RET_CONFIDENTIALITY, 0);
        }
        api_release(&p);
    }
}

/* What a server asks for does not become true by its asking. */
static void
test_flags__server_requests__promise_nothing_the_client_did_not_offer(void **state)
{
    static const ULONG requests[] = { ASC_REQ_CONFIDENTIALITY, ASC_REQ_INTEGRITY,
                                      ASC_REQ_REPLAY_DETECT,   ASC_REQ_SEQUENCE_DETECT,
                                      ASC_REQ_MUTUAL_AUTH,     ASC_REQ_DELEGATE,
                                      ASC_REQ_IDENTIFY,        ASC_REQ_STREAM };

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct api_pair p;

        demo_establish(&p, "NTLM", 0, requests[i]);
        assert_int_equal(p.server_flags & requests[i], 0);
        api_release(&p);
    }
}

/* --- attributes ---------------------------------------------------------------------------- */

static void
test_attributes__of_an_established_context__are_as_on_windows(void **state)
{
    for (size_t i = 0; i < N_DEMO_PACKAGES; i++) {
        struct api_pair p;
        SecPkgContext_Sizes sizes;
        SecPkgContext_KeyInfoA key;
        SecPkgContext_NegotiationInfoA info;
        SecPkgContext_SessionKey client_key, server_key;
        SecPkgContext_Lifespan life;
        SecPkgContext_ClientSpecifiedTarget target;
        SecPkgContext_Flags flags;
        uint64_t now = clock_to_local_100ns(clock_now_100ns());

        demo_establish(&p, demo_packages[i], PROTECTED, 0);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbMaxSignature, 16);
        assert_int_equal(sizes.cbSecurityTrailer, 16);
        assert_int_equal(sizes.cbBlockSize, 0);
        if (i == 0) {
            assert_int_equal(sizes.cbMaxToken, 2888);
        }
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
        assert_string_equal(key.sSignatureAlgorithmName, "HMAC-MD5");
        assert_string_equal(key.sEncryptAlgorithmName, "RSADSI RC4");
        assert_int_equal(key.KeySize, 128);
        assert_int_equal(key.SignatureAlgorithm, 0xFFFFFF76);
        assert_int_equal(key.EncryptAlgorithm, 0x6801);
        assert_int_equal(FreeContextBuffer(key.sSignatureAlgorithmName), SEC_E_OK);
        assert_int_equal(FreeContextBuffer(key.sEncryptAlgorithmName), SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NEGOTIATION_INFO, &info),
                         SEC_E_OK);
        assert_string_equal(info.PackageInfo->Name, "NTLM");
        assert_int_equal(info.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
        assert_int_equal(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_SESSION_KEY, &client_key),
                         SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_SESSION_KEY, &server_key),
                         SEC_E_OK);
        assert_int_equal(client_key.SessionKeyLength, 16);
        assert_memory_equal(client_key.SessionKey, server_key.SessionKey, 16);
        assert_int_equal(FreeContextBuffer(client_key.SessionKey), SEC_E_OK);
        assert_int_equal(FreeContextBuffer(server_key.SessionKey), SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_LIFESPAN, &life), SEC_E_OK);
        assert_int_equal(life.tsExpiry.QuadPart, INT64_MAX);
        assert_true((uint64_t)life.tsStart.QuadPart >= now - CLOCK_SECOND_100NS);
        assert_int_equal(
            QueryContextAttributesA(&p.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
            SEC_E_OK);
        assert_memory_equal(target.sTargetName, u"HTTP/server.domain.test",
                            sizeof(u"HTTP/server.domain.test"));
        assert_int_equal(FreeContextBuffer(target.sTargetName), SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
        assert_int_equal(flags.Flags, p.client_flags);
        api_release(&p);
    }
}

static void
test_attributes__unknown_or_without_room__are_refused(void **state)
{
    struct api_pair p;
    SecPkgContext_Sizes sizes;

    demo_establish(&p, "NTLM", PROTECTED, 0);
    assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_STREAM_SIZES, &sizes),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesA(&p.server, 0x7777, &sizes),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_SIZES, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(
        QueryContextAttributesExA(&p.server, SECPKG_ATTR_SIZES, &sizes, sizeof(sizes) - 1),
        SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(QueryContextAttributesExW(&p.server, SECPKG_ATTR_SIZES, NULL, sizeof(sizes)),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(QueryCredentialsAttributesExA(&p.client_cred, SECPKG_CRED_ATTR_NAMES, &sizes,
                                                   sizeof(char *) - 1),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(
        QueryCredentialsAttributesExW(&p.client_cred, SECPKG_CRED_ATTR_NAMES, NULL, sizeof(char *)),
        SEC_E_INVALID_PARAMETER);
    assert_int_equal(QueryContextAttributesExA(&p.server, SECPKG_ATTR_SIZES, &sizes, sizeof(sizes)),
                     SEC_E_OK);
    api_release(&p);
}

/* --- packages ------------------------------------------------------------------------------ */

static void
test_packages__are_enumerated_with_windows_values(void **state)
{
    PSecPkgInfoA all, one;
    PSecPkgInfoW wide;
    ULONG n = 0;

    assert_int_equal(EnumerateSecurityPackagesA(&n, &all), SEC_E_OK);
    assert_true(n >= 2);
    assert_int_equal(FreeContextBuffer(all), SEC_E_OK);
    assert_int_equal(QuerySecurityPackageInfoA(API_NAME("NTLM"), &one), SEC_E_OK);
    assert_int_equal(one->fCapabilities, 0x42B37);
    assert_int_equal(one->wVersion, 1);
    assert_int_equal(one->wRPCID, 10);
    assert_int_equal(one->cbMaxToken, 2888);
    assert_int_equal(FreeContextBuffer(one), SEC_E_OK);
    assert_int_equal(QuerySecurityPackageInfoW((SEC_WCHAR *)(uintptr_t)u"Negotiate", &wide),
                     SEC_E_OK);
    assert_memory_equal(wide->Name, u"Negotiate", sizeof(u"Negotiate"));
    assert_int_equal(wide->fCapabilities, 0x43BB3);
    assert_int_equal(wide->wRPCID, 9);
    assert_int_equal(FreeContextBuffer(wide), SEC_E_OK);
    one = (PSecPkgInfoA)state;
    assert_int_equal(QuerySecurityPackageInfoA(API_NAME("none"), &one), SEC_E_SECPKG_NOT_FOUND);
    assert_ptr_equal(one, state);
    assert_int_equal(QuerySecurityPackageInfoA(NULL, &one), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(EnumerateSecurityPackagesA(NULL, NULL), SEC_E_INVALID_PARAMETER);
}

static void
test_function_table__has_every_entry(void **state)
{
    PSecurityFunctionTableA a = InitSecurityInterfaceA();
    PSecurityFunctionTableW w = InitSecurityInterfaceW();
    void *const *entries = (void *const *)a;

    assert_int_equal(a->dwVersion, 5);
    assert_int_equal(w->dwVersion, 5);
    for (size_t i = 1; i < sizeof(*a) / sizeof(void *); i++) {
        bool reserved = i == 5 || i == 23; /* Reserved2, Reserved8 */

        assert_true(reserved == (entries[i] == NULL));
        assert_true(reserved == (((void *const *)w)[i] == NULL));
    }
    assert_ptr_equal(a->Reserved3, (void *)(uintptr_t)a->EncryptMessage);
    assert_ptr_equal(a->Reserved4, (void *)(uintptr_t)a->DecryptMessage);
    assert_ptr_equal((void *)(uintptr_t)a->AcceptSecurityContext,
                     (void *)(uintptr_t)AcceptSecurityContext);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_function__given_a_garbage_handle__refuses_it),
        cmocka_unit_test(test_every_function__given_the_other_kind_of_handle__refuses_it),
        cmocka_unit_test(test_free__twice__is_refused_and_harms_nobody),
        cmocka_unit_test(test_sides__swapped__are_refused),
        cmocka_unit_test(test_exchange__right_password__names_the_user_on_both_sides),
        cmocka_unit_test(test_names__of_a_client_that_claims_another_domain__are_the_authority_s),
        cmocka_unit_test(test_exchange__wrong_password__is_denied_and_reported),
        cmocka_unit_test(test_logon__granted__is_described),
        cmocka_unit_test(test_initialize__no_room_for_the_first_token__is_too_small),
        cmocka_unit_test(test_accept__small_buffer__delivers_when_asked_again),
        cmocka_unit_test(test_initialize__allocate_memory__gives_the_token),
        cmocka_unit_test(test_accept__the_last_leg_without_a_token__says_so),
        cmocka_unit_test(test_exchange__in_one_buffer__works),
        cmocka_unit_test(test_descriptors__that_are_none__are_refused),
        cmocka_unit_test(test_contexts__half_open__answer_only_what_they_can),
        cmocka_unit_test(test_negotiation_info__leg_by_leg),
        cmocka_unit_test(test_flags__each_request__gives_what_is_true),
        cmocka_unit_test(test_flags__server_requests__promise_nothing_the_client_did_not_offer),
        cmocka_unit_test(test_attributes__of_an_established_context__are_as_on_windows),
        cmocka_unit_test(test_attributes__unknown_or_without_room__are_refused),
        cmocka_unit_test(test_packages__are_enumerated_with_windows_values),
        cmocka_unit_test(test_function_table__has_every_entry),
    };

    return cmocka_run_group_tests(tests, demo_load, NULL);
}
