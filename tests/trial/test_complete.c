/* SPDX-License-Identifier: Apache-2.0 */
/* CompleteAuthToken in the loops of a client and a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/demo_pair.h"

/* The two ends, each with the token that it was last given room for. */
struct end {
    CredHandle cred;
    CtxtHandle context;
    int have;
    uint8_t room[256];
    ULONG n;
};

static SECURITY_STATUS
step(struct end *own, const struct end *peer, int client)
{
    uint8_t token[256];
    SecBuffer in = { peer->n, SECBUFFER_TOKEN, token };
    SecBuffer out = { sizeof(own->room), SECBUFFER_TOKEN, own->room };
    SecBufferDesc in_d = { SECBUFFER_VERSION, 1, &in }, out_d = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS status;
    ULONG attributes;

    memcpy(token, peer->room, sizeof(token));
    if (client) {
        status = InitializeSecurityContextA(&own->cred, own->have ? &own->context : NULL, NULL,
                                            ISC_REQ_INTEGRITY, 0, 0, own->have ? &in_d : NULL, 0,
                                            &own->context, &out_d, &attributes, NULL);
    } else {
        status = AcceptSecurityContext(&own->cred, own->have ? &own->context : NULL, &in_d, 0, 0,
                                       &own->context, &out_d, &attributes, NULL);
    }
    own->have = own->have || status >= 0;
    own->n = out.cbBuffer;
    return status;
}

static SECURITY_STATUS
complete(struct end *own)
{
    SecBuffer b = { own->n, SECBUFFER_TOKEN, own->room };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };

    return CompleteAuthToken(&own->context, &d);
}

static void
acquire(struct end *client, struct end *server)
{
    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("Trial"), SECPKG_CRED_OUTBOUND, NULL,
                                               NULL, NULL, NULL, &client->cred, NULL),
                     SEC_E_OK);
    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("Trial"), SECPKG_CRED_INBOUND, NULL,
                                               NULL, NULL, NULL, &server->cred, NULL),
                     SEC_E_OK);
}

static void
release(struct end *e)
{
    if (e->have) {
        assert_int_equal(DeleteSecurityContext(&e->context), SEC_E_OK);
    }
    assert_int_equal(FreeCredentialsHandle(&e->cred), SEC_E_OK);
}

static void
test_complete_auth_token__in_the_loop__ends_established(void **state)
{
    struct end client = { 0 }, server = { 0 };
    uint8_t token[16], data[4] = "abc";
    SecBuffer b[2] = { { 16, SECBUFFER_TOKEN, token }, { 4, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    acquire(&client, &server);
    assert_int_equal(step(&client, &server, 1), SEC_I_COMPLETE_AND_CONTINUE);
    assert_int_equal(complete(&client), SEC_E_OK);
    assert_int_equal(step(&server, &client, 0), SEC_I_COMPLETE_AND_CONTINUE);
    assert_int_equal(complete(&server), SEC_E_OK);
    assert_int_equal(step(&client, &server, 1), SEC_I_COMPLETE_NEEDED);
    /* Not before its token is complete is the context for use. */
    assert_int_equal(MakeSignature(&client.context, 0, &d, 0), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(complete(&client), SEC_E_OK);
    assert_int_equal(step(&server, &client, 0), SEC_E_OK);
    assert_int_equal(MakeSignature(&client.context, 0, &d, 0), SEC_E_OK);
    assert_int_equal(VerifySignature(&server.context, &d, 0, NULL), SEC_E_OK);
    assert_int_equal(complete(&client), SEC_E_OUT_OF_SEQUENCE);
    release(&client);
    release(&server);
}

static void
test_complete_auth_token__left_out__is_found_by_the_peer(void **state)
{
    struct end client = { 0 }, server = { 0 };

    acquire(&client, &server);
    assert_int_equal(step(&client, &server, 1), SEC_I_COMPLETE_AND_CONTINUE);
    assert_int_equal(step(&server, &client, 0), SEC_E_INVALID_TOKEN);
    /* Nor can a client go on that has not completed what it was told to. */
    assert_int_equal(step(&client, &server, 1), SEC_E_OUT_OF_SEQUENCE);
    release(&client);
    release(&server);
}

static void
test_complete_auth_token__without_a_token__is_refused(void **state)
{
    struct end client = { 0 }, server = { 0 };
    SecBufferDesc none = { SECBUFFER_VERSION, 0, NULL };

    acquire(&client, &server);
    assert_int_equal(step(&client, &server, 1), SEC_I_COMPLETE_AND_CONTINUE);
    assert_int_equal(CompleteAuthToken(&client.context, &none), SEC_E_INVALID_TOKEN);
    assert_int_equal(CompleteAuthToken(&client.context, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(complete(&client), SEC_E_OK);
    release(&client);
    release(&server);
}

static void
test_complete_auth_token__of_ntlm__is_unsupported(void **state)
{
    struct api_pair p;
    SecBufferDesc none = { SECBUFFER_VERSION, 0, NULL };

    for (int i = 0; i < 2; i++) {
        assert_int_equal(api_acquire(&p, i ? "Negotiate" : "NTLM", "demo", "DOMAIN", "Passw0rd!"),
                         SEC_E_OK);
        assert_int_equal(api_establish(&p, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
        assert_int_equal(CompleteAuthToken(&p.client, &none), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(CompleteAuthToken(&p.server, &none), SEC_E_UNSUPPORTED_FUNCTION);
        api_release(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete_auth_token__in_the_loop__ends_established),
        cmocka_unit_test(test_complete_auth_token__left_out__is_found_by_the_peer),
        cmocka_unit_test(test_complete_auth_token__without_a_token__is_refused),
        cmocka_unit_test(test_complete_auth_token__of_ntlm__is_unsupported),
    };

    return cmocka_run_group_tests(tests, demo_load, NULL);
}
