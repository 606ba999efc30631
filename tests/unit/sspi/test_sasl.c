/* SPDX-License-Identifier: Apache-2.0 */
/* SASL's legs through the public interface: each profile and layer, options, contexts that move
 * half-way, failed allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <opensspi/security.h>

#include "codec/sasl_layer.h"
#include "crypto/krb_crypt.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/demo_export.h"
#include "tests/support/sasl_pair.h"

static ULONG
option(struct sasl_end *e, ULONG id)
{
    ULONG value = 0xDEAD, needed = 0;

    expect(SaslGetContextOption(&e->context, id, &value, sizeof(value), &needed), SEC_E_OK);
    assert_int_equal(needed, sizeof(value));
    return value;
}

static SECURITY_STATUS
set_option(struct sasl_end *e, ULONG id, ULONG value)
{
    return SaslSetContextOption(&e->context, id, &value, sizeof(value));
}

static SECURITY_STATUS
sign(struct sasl_end *e)
{
    uint8_t token[64], data[4] = "abc";
    SecBuffer buffers[2] = { { sizeof(token), SECBUFFER_TOKEN, token },
                             { sizeof(data), SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, buffers };

    return MakeSignature(&e->context, 0, &d, 0);
}

static ULONG
qop_of(unsigned layer)
{
    return layer == SASL_LAYER_INTEGRITY ? SECQOP_WRAP_NO_ENCRYPT : 0;
}

static unsigned
layer_told(ULONG flags, ULONG confidentiality, ULONG integrity)
{
    return flags & confidentiality ? SASL_LAYER_CONFIDENTIALITY
           : flags & integrity     ? SASL_LAYER_INTEGRITY
                                   : SASL_LAYER_NONE;
}

/* Both know the layer, and messages of that layer alone pass. */
static void
assert_layer(struct sasl_both *b, unsigned layer)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 65000 };
    SecPkgContext_Flags told[2];
    size_t whole;

    expect(QueryContextAttributesA(&b->client.context, SECPKG_ATTR_FLAGS, &told[0]), SEC_E_OK);
    expect(QueryContextAttributesA(&b->server.context, SECPKG_ATTR_FLAGS, &told[1]), SEC_E_OK);
    assert_int_equal(layer_told(b->client.flags, ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY),
                     layer);
    assert_int_equal(layer_told(told[0].Flags, ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY), layer);
    assert_int_equal(layer_told(b->server.flags, ASC_RET_CONFIDENTIALITY, ASC_RET_INTEGRITY),
                     layer);
    assert_int_equal(layer_told(told[1].Flags, ASC_RET_CONFIDENTIALITY, ASC_RET_INTEGRITY), layer);
    for (unsigned way = 0; way < 2; way++) {
        struct sasl_end *from = way ? &b->client : &b->server, *to = way ? &b->server : &b->client;

        if (layer == SASL_LAYER_NONE) {
            expect(seal(from, 0, 10, &whole), SEC_E_QOP_NOT_SUPPORTED);
            expect(seal(from, SECQOP_WRAP_NO_ENCRYPT, 10, &whole), SEC_E_QOP_NOT_SUPPORTED);
            expect(unseal(to, 100, 10), SEC_E_QOP_NOT_SUPPORTED);
            expect(sign(from), SEC_E_QOP_NOT_SUPPORTED);
            continue;
        }
        expect(seal(from, layer == SASL_LAYER_INTEGRITY ? 0 : SECQOP_WRAP_NO_ENCRYPT, 10, &whole),
               SEC_E_QOP_NOT_SUPPORTED);
        for (size_t i = 0; i < N_OF(sizes); i++) {
            expect(seal(from, qop_of(layer), sizes[i], &whole), SEC_E_OK);
            expect(unseal(to, whole, sizes[i]), SEC_E_OK);
        }
    }
}

/* --- profiles and layers ------------------------------------------------------------------- */

static void
test_profiles__each_layer__whoever_speaks_first(void **state)
{
    static const struct {
        ULONG request;
        unsigned layer;
    } table[] = {
        { CONFIDENTIAL, SASL_LAYER_CONFIDENTIALITY },
        { CONFIDENTIAL | INTEGRAL | ISC_REQ_MUTUAL_AUTH, SASL_LAYER_CONFIDENTIALITY },
        { INTEGRAL, SASL_LAYER_INTEGRITY },
        { ISC_REQ_SEQUENCE_DETECT, SASL_LAYER_INTEGRITY },
        { ISC_REQ_MUTUAL_AUTH, SASL_LAYER_NONE },
        { INTEGRAL | ISC_REQ_NO_INTEGRITY, SASL_LAYER_NONE },
        { ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_NO_INTEGRITY, SASL_LAYER_NONE },
        { 0, SASL_LAYER_NONE },
    };

    for (size_t k = 0; k < N_OF(sasl_kinds); k++) {
        for (size_t i = 0; i < 2 * N_OF(table); i++) {
            struct sasl_both b;

            begin(&b, &sasl_kinds[k], table[i / 2].request, 0);
            b.client_speaks_first = i % 2;
            expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
            assert_layer(&b, table[i / 2].layer);
            sasl_release(&b);
        }
    }
}

/* What the server asks for is a demand, too. In GSSAPI the client yields where it may; elsewhere the
 * server refuses what the flags came to. */
static void
test_server__demands(void **state)
{
    static const struct {
        ULONG client, server;
        unsigned layer;   /* of GSSAPI; 0: none in common */
        bool flags_agree; /* of the others */
    } table[] = {
        { 0, ASC_REQ_INTEGRITY, SASL_LAYER_INTEGRITY, false },
        { INTEGRAL, ASC_REQ_INTEGRITY, SASL_LAYER_INTEGRITY, true },
        { CONFIDENTIAL, ASC_REQ_INTEGRITY, SASL_LAYER_CONFIDENTIALITY, true },
        { CONFIDENTIAL, ASC_REQ_CONFIDENTIALITY, SASL_LAYER_CONFIDENTIALITY, true },
        { INTEGRAL, ASC_REQ_CONFIDENTIALITY, 0, false },
        { ISC_REQ_NO_INTEGRITY, ASC_REQ_INTEGRITY, 0, false },
    };

    for (size_t k = 0; k < N_OF(sasl_kinds); k++) {
        for (size_t i = 0; i < N_OF(table); i++) {
            bool good = sasl_kinds[k].offers_layers ? table[i].layer != 0 : table[i].flags_agree;
            struct sasl_both b;
            SECURITY_STATUS status;

            begin(&b, &sasl_kinds[k], table[i].client, table[i].server);
            status = sasl_run(&b, SASL_LEGS_MAX);
            if (good) {
                expect(status, SEC_E_OK);
                assert_layer(&b, table[i].layer);
            } else if (sasl_kinds[k].offers_layers) {
                expect(status, SEC_E_QOP_NOT_SUPPORTED);
            } else {
                assert_true(status < 0); /* the package's own refusal, or ours */
                assert_int_equal(b.server.n, 0);
            }
            sasl_release(&b);
        }
    }
}

/* "A client that asks for integrity and a server that offers none": RECV_SIZE 0 is such a server. */
static void
test_receive_size_of_0__no_layer(void **state)
{
    static const ULONG requests[] = { 0, INTEGRAL, CONFIDENTIAL };

    for (size_t i = 0; i < 2 * N_OF(requests); i++) {
        bool at_server = i % 2;
        struct sasl_both b;

        begin(&b, gssapi, requests[i / 2], 0);
        b.client_speaks_first = false; /* so that the server's options come before its offer */
        expect(sasl_run(&b, 2), SEC_I_CONTINUE_NEEDED);
        expect(set_option(at_server ? &b.server : &b.client, SASL_OPTION_RECV_SIZE, 0), SEC_E_OK);
        expect(sasl_run(&b, SASL_LEGS_MAX), requests[i / 2] ? SEC_E_QOP_NOT_SUPPORTED : SEC_E_OK);
        if (!requests[i / 2]) {
            assert_layer(&b, SASL_LAYER_NONE);
        }
        sasl_release(&b);
    }
}

static void
test_exchange__tokens_where_none_are_due__and_none_where_one_is(void **state)
{
    uint8_t large[SASL_AUTHZID_MAX_BYTES + 512] = { 0 };
    struct sasl_both b;

    begin(&b, gssapi, INTEGRAL, 0);
    expect(sasl_run(&b, 3), SEC_I_CONTINUE_NEEDED);
    expect(sasl_leg(&b.server, "x", 1), SEC_E_INVALID_TOKEN); /* an empty message is due */
    sasl_release(&b);
    begin(&b, gssapi, INTEGRAL, 0);
    expect(sasl_run(&b, 5), SEC_I_CONTINUE_NEEDED);
    expect(sasl_leg(&b.server, large, sizeof(large)), SEC_E_INVALID_TOKEN);
    sasl_release(&b);
    for (size_t k = 0; k < N_OF(sasl_kinds); k++) { /* done is done */
        establish(&b, &sasl_kinds[k], INTEGRAL, 0);
        expect(sasl_leg(&b.server, NULL, 0), SEC_E_OUT_OF_SEQUENCE);
        expect(sasl_leg(&b.client, NULL, 0), SEC_E_OUT_OF_SEQUENCE);
        sasl_release(&b);
    }
}

/* --- not before the end -------------------------------------------------------------------- */

static void
assert_tells_nothing(struct sasl_end *e)
{
    SecPkgContext_NamesA names;
    POPENSSPI_LOGON logon;
    size_t whole;
    HANDLE token;

    expect(QueryContextAttributesA(&e->context, SECPKG_ATTR_NAMES, &names), SEC_E_INVALID_HANDLE);
    expect(seal(e, 0, 10, &whole), SEC_E_OUT_OF_SEQUENCE);
    expect(unseal(e, 100, 10), SEC_E_OUT_OF_SEQUENCE);
    if (!e->client) {
        expect(QuerySecurityContextToken(&e->context, &token), SEC_E_INVALID_HANDLE);
        expect(ImpersonateSecurityContext(&e->context), SEC_E_INVALID_HANDLE);
        expect(OpenSspiQueryLogon(&e->context, &logon), SEC_E_OK);
        assert_int_equal(logon->UserSid[0], 0);
        (void)FreeContextBuffer(logon);
    }
}

static void
test_context__before_the_choice__tells_nothing(void **state)
{
    for (unsigned legs = 2; legs <= 5; legs++) {
        struct sasl_both b;

        begin(&b, gssapi, CONFIDENTIAL, 0);
        expect(sasl_run(&b, legs), SEC_I_CONTINUE_NEEDED);
        assert_tells_nothing(&b.server);
        if (legs < 5) { /* with leg 5 the client is done */
            assert_tells_nothing(&b.client);
        }
        sasl_release(&b);
    }
}

static void
test_context__is_one_of_sasls_or_is_not(void **state)
{
    for (size_t k = 0; k < N_OF(sasl_kinds); k++) {
        struct sasl_both b;
        ULONG value;

        begin(&b, &sasl_kinds[k], INTEGRAL | ISC_REQ_MUTUAL_AUTH, 0);
        expect(sasl_run(&b, 2), SEC_I_CONTINUE_NEEDED);
        b.client.plain = true;
        expect(sasl_leg(&b.client, b.server.said, b.server.n), SEC_E_INVALID_HANDLE);
        b.client.plain = false;
        expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
        sasl_end_context(&b.client);
        b.client.plain = true;
        expect(sasl_leg(&b.client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        b.client.plain = false;
        expect(sasl_leg(&b.client, "x", 1), SEC_E_INVALID_HANDLE);
        expect(set_option(&b.client, SASL_OPTION_SEND_SIZE, 1), SEC_E_INVALID_HANDLE);
        expect(SaslGetContextOption(&b.client.context, SASL_OPTION_SEND_SIZE, &value, 4, NULL),
               SEC_E_INVALID_HANDLE);
        expect(SaslGetContextOption(NULL, SASL_OPTION_SEND_SIZE, &value, 4, NULL),
               SEC_E_INVALID_HANDLE);
        sasl_release(&b);
    }
}

static void
test_output__without_a_token_buffer__and_with_one_that_is_too_small(void **state)
{
    SecBuffer out = { 4, SECBUFFER_TOKEN, (uint8_t[4]){ 0 } };
    SecBufferDesc nothing = { SECBUFFER_VERSION, 0, NULL };
    SecBufferDesc small = { SECBUFFER_VERSION, 1, &out };
    char *target = API_NAME("HTTP/server.domain.test");
    struct sasl_both b;
    SecBuffer in;
    SecBufferDesc from = { SECBUFFER_VERSION, 1, &in };

    begin(&b, gssapi, CONFIDENTIAL, 0);
    expect(SaslInitializeSecurityContextA(&b.client.cred, NULL, target, 0, 0, 0, NULL, 0,
                                          &b.client.context, &nothing, &b.client.flags, NULL),
           SEC_E_INVALID_TOKEN);
    expect(SaslInitializeSecurityContextA(&b.client.cred, NULL, target, 0, 1, 0, NULL, 0,
                                          &b.client.context, &small, &b.client.flags, NULL),
           SEC_E_INVALID_PARAMETER);
    expect(sasl_run(&b, 4), SEC_I_CONTINUE_NEEDED);
    in = (SecBuffer){ b.server.n, SECBUFFER_TOKEN, b.server.said };
    expect(SaslInitializeSecurityContextA(&b.client.cred, &b.client.context, target, CONFIDENTIAL,
                                          0, 0, &from, 0, &b.client.context, &small,
                                          &b.client.flags, NULL),
           SEC_E_BUFFER_TOO_SMALL);
    /* The choice is made, and waits. */
    expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
    assert_layer(&b, SASL_LAYER_CONFIDENTIALITY);
    sasl_release(&b);
}

/* --- sizes --------------------------------------------------------------------------------- */

static void
test_sizes__are_agreed_on_and_bind(void **state)
{
    for (unsigned layer = SASL_LAYER_INTEGRITY; layer <= SASL_LAYER_CONFIDENTIALITY; layer *= 2) {
        SecPkgContext_Sizes sizes;
        struct sasl_both b;
        ULONG limit;
        size_t whole;

        begin(&b, gssapi, layer == SASL_LAYER_INTEGRITY ? INTEGRAL : CONFIDENTIAL, 0);
        expect(sasl_run(&b, 2), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(option(&b.client, SASL_OPTION_RECV_SIZE), 0xFFFF);
        assert_int_equal(option(&b.client, SASL_OPTION_SEND_SIZE), 0xFFFF);
        expect(set_option(&b.server, SASL_OPTION_RECV_SIZE, 5000), SEC_E_OK);
        expect(set_option(&b.client, SASL_OPTION_RECV_SIZE, SASL_SIZE_MAX), SEC_E_OK);
        expect(set_option(&b.client, SASL_OPTION_RECV_SIZE, SASL_SIZE_MAX + 1),
               SEC_E_INVALID_PARAMETER);
        expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
        expect(QueryContextAttributesA(&b.client.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        limit = 5000 - sizes.cbBlockSize - sizes.cbSecurityTrailer - sizes.cbMaxSignature;
        assert_int_equal(option(&b.client, SASL_OPTION_SEND_SIZE), limit);
        expect(seal(&b.client, qop_of(layer), limit + 1, &whole), SEC_E_BUFFER_TOO_SMALL);
        expect(seal(&b.client, qop_of(layer), limit, &whole), SEC_E_OK);
        assert_true(whole <= 5000);
        expect(unseal(&b.server, 5001, limit), SEC_E_INVALID_TOKEN);
        expect(unseal(&b.server, whole, limit), SEC_E_OK);
        expect(seal(&b.server, qop_of(layer), 150000, &whole), SEC_E_OK);
        expect(unseal(&b.client, whole, 150000), SEC_E_OK);
        /* Less than agreed is the application's to want, more is not. */
        expect(set_option(&b.client, SASL_OPTION_SEND_SIZE, 10), SEC_E_OK);
        expect(seal(&b.client, qop_of(layer), 11, &whole), SEC_E_BUFFER_TOO_SMALL);
        expect(set_option(&b.client, SASL_OPTION_SEND_SIZE, 0xFFFFFF), SEC_E_OK);
        assert_int_equal(option(&b.client, SASL_OPTION_SEND_SIZE), limit);
        expect(set_option(&b.client, SASL_OPTION_RECV_SIZE, 10), SEC_E_OUT_OF_SEQUENCE);
        expect(set_option(&b.server, SASL_OPTION_RECV_SIZE, 10), SEC_E_OUT_OF_SEQUENCE);
        sasl_release(&b);
    }
}

static void
test_sizes__that_nobody_agreed_on__bind_once_they_are_set(void **state)
{
    for (size_t k = 1; k < N_OF(sasl_kinds); k++) {
        struct sasl_both b;
        size_t whole;

        establish(&b, &sasl_kinds[k], CONFIDENTIAL, 0);
        assert_int_equal(option(&b.client, SASL_OPTION_SEND_SIZE), 0xFFFF);
        expect(seal(&b.client, 0, 150000, &whole), SEC_E_OK);
        expect(unseal(&b.server, whole, 150000), SEC_E_OK);
        expect(set_option(&b.client, SASL_OPTION_SEND_SIZE, 1000), SEC_E_OK);
        expect(set_option(&b.server, SASL_OPTION_RECV_SIZE, 1000), SEC_E_OK);
        expect(seal(&b.client, 0, 1001, &whole), SEC_E_BUFFER_TOO_SMALL);
        expect(seal(&b.client, 0, 1000, &whole), SEC_E_OK);
        expect(unseal(&b.server, whole, 1000), SEC_E_INVALID_TOKEN); /* with its trailer */
        expect(set_option(&b.server, SASL_OPTION_RECV_SIZE, (ULONG)whole), SEC_E_OK);
        expect(unseal(&b.server, whole, 1000), SEC_E_OK);
        sasl_release(&b);
    }
}

/* --- whom the client acts as --------------------------------------------------------------- */

static SECURITY_STATUS
set_authzid(struct sasl_end *e, const char *authzid)
{
    return SaslSetContextOption(&e->context, SASL_OPTION_AUTHZ_STRING, API_NAME(authzid),
                                (ULONG)strlen(authzid));
}

static SECURITY_STATUS
get_authzid(struct sasl_end *e, char *to, ULONG room, ULONG *n)
{
    return SaslGetContextOption(&e->context, SASL_OPTION_AUTHZ_STRING, to, room, n);
}

static void
test_authzid__reaches_a_server_that_takes_it(void **state)
{
    char got[32] = "";
    struct sasl_both b;
    ULONG n = 0;

    begin(&b, gssapi, CONFIDENTIAL, 0);
    expect(sasl_run(&b, 2), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(option(&b.server, SASL_OPTION_AUTHZ_PROCESSING), Sasl_AuthZIDProcessed);
    expect(set_authzid(&b.client, "u:nobody"), SEC_E_OK);
    expect(set_authzid(&b.client, "\377"), SEC_E_INVALID_PARAMETER);
    expect(set_authzid(&b.client, "u:bob"), SEC_E_OK);
    expect(get_authzid(&b.client, got, sizeof(got), &n), SEC_E_OK);
    assert_int_equal(n, 5);
    expect(get_authzid(&b.server, got, sizeof(got), &n), SEC_E_OK);
    assert_int_equal(n, 0);
    expect(set_authzid(&b.server, "u:bob"), SEC_E_UNSUPPORTED_FUNCTION);
    expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
    expect(get_authzid(&b.server, got, 4, &n), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(n, 5);
    expect(get_authzid(&b.server, NULL, 5, &n), SEC_E_INVALID_PARAMETER);
    expect(get_authzid(&b.server, got, 5, NULL), SEC_E_OK);
    assert_memory_equal(got, "u:bob", 5);
    expect(set_authzid(&b.client, "u:eve"), SEC_E_OUT_OF_SEQUENCE);
    expect(set_option(&b.server, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDForbidden),
           SEC_E_OUT_OF_SEQUENCE);
    sasl_release(&b);
}

static void
test_authzid__forbidden__by_either_side(void **state)
{
    for (unsigned at_server = 0; at_server < 2; at_server++) {
        char got[32];
        struct sasl_both b;
        struct sasl_end *e = at_server ? &b.server : &b.client;

        begin(&b, gssapi, INTEGRAL, 0);
        expect(sasl_run(&b, 2), SEC_I_CONTINUE_NEEDED);
        expect(set_authzid(&b.client, "u:bob"), SEC_E_OK);
        expect(set_option(e, SASL_OPTION_AUTHZ_PROCESSING, 2), SEC_E_INVALID_PARAMETER);
        expect(set_option(e, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDForbidden), SEC_E_OK);
        assert_int_equal(option(e, SASL_OPTION_AUTHZ_PROCESSING), Sasl_AuthZIDForbidden);
        expect(get_authzid(e, got, sizeof(got), NULL), SEC_E_UNSUPPORTED_FUNCTION);
        expect(set_authzid(e, "u:eve"), SEC_E_UNSUPPORTED_FUNCTION);
        expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_ALGORITHM_MISMATCH);
        expect(e->status, SEC_E_ALGORITHM_MISMATCH);
        sasl_release(&b);
        /* Without a name, nothing is wrong. */
        begin(&b, gssapi, INTEGRAL, 0);
        expect(sasl_run(&b, 2), SEC_I_CONTINUE_NEEDED);
        expect(set_option(e, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDForbidden), SEC_E_OK);
        expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
        sasl_release(&b);
    }
}

static void
test_options__errors(void **state)
{
    struct sasl_both b;
    ULONG value = 1, needed;

    begin(&b, spnego, INTEGRAL, 0);
    expect(sasl_run(&b, 1), SEC_I_CONTINUE_NEEDED);
    expect(set_authzid(&b.client, "u:bob"), SEC_E_UNSUPPORTED_FUNCTION); /* nothing carries it */
    expect(set_option(&b.client, 0, 1), SEC_E_UNSUPPORTED_FUNCTION);
    expect(set_option(&b.client, 5, 1), SEC_E_UNSUPPORTED_FUNCTION);
    expect(SaslGetContextOption(&b.client.context, 5, &value, sizeof(value), &needed),
           SEC_E_UNSUPPORTED_FUNCTION);
    expect(SaslSetContextOption(&b.client.context, SASL_OPTION_SEND_SIZE, &value, 3),
           SEC_E_BUFFER_TOO_SMALL);
    expect(SaslSetContextOption(&b.client.context, SASL_OPTION_SEND_SIZE, NULL, 4),
           SEC_E_INVALID_PARAMETER);
    expect(SaslGetContextOption(&b.client.context, SASL_OPTION_SEND_SIZE, &value, 3, &needed),
           SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(needed, sizeof(value));
    expect(SaslSetContextOption(&b.client.cred, SASL_OPTION_SEND_SIZE, &value, 4),
           SEC_E_INVALID_HANDLE);
    sasl_release(&b);
}

/* A context that was made before its first leg takes options first. */
static void
test_options__before_the_first_leg(void **state)
{
    struct sasl_both b;

    begin(&b, gssapi, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct sasl_end *e = i ? &b.server : &b.client;

        expect(OpenSspiCreateContext(&e->cred, i ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                                     &e->context),
               SEC_E_OK);
        e->begun = true;
        e->status = SEC_I_CONTINUE_NEEDED;
        expect(set_option(e, SASL_OPTION_RECV_SIZE, 4000), SEC_E_OK);
    }
    b.client.request = INTEGRAL;
    expect(set_authzid(&b.client, "u:bob"), SEC_E_OK);
    expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
    assert_true(option(&b.client, SASL_OPTION_SEND_SIZE) < 4000);
    assert_true(option(&b.server, SASL_OPTION_SEND_SIZE) < 4000);
    sasl_release(&b);
}

/* --- keys of the old type ------------------------------------------------------------------ */

static void
test_rc4_keys__pad(void **state)
{
    demo_realm_write_cache(KRB_RC4_HMAC, 0);
    for (size_t i = 0; i < 2; i++) {
        struct sasl_both b;

        establish(&b, gssapi, i ? CONFIDENTIAL : INTEGRAL, 0);
        assert_layer(&b, i ? SASL_LAYER_CONFIDENTIALITY : SASL_LAYER_INTEGRITY);
        sasl_release(&b);
    }
    demo_realm_write_cache(KRB_AES256_SHA1, 0);
}

/* --- moved --------------------------------------------------------------------------------- */

static SECURITY_STATUS
move(struct sasl_end *e, const char *package, ULONG flags)
{
    SecBuffer packed = { 0 };
    CtxtHandle moved;
    SECURITY_STATUS status = ExportSecurityContext(&e->context, flags, &packed, NULL);

    if (status != SEC_E_OK) {
        return status;
    }
    status = ImportSecurityContextA(API_NAME(package), &packed, NULL, &moved);
    (void)FreeContextBuffer(packed.pvBuffer);
    if (status == SEC_E_OK) {
        (void)DeleteSecurityContext(&e->context);
        e->context = moved;
    }
    return status;
}

/* Either side after each of its legs. */
static void
test_move__at_each_leg__goes_on(void **state)
{
    for (size_t k = 0; k < N_OF(sasl_kinds); k++) {
        for (unsigned legs = 2; legs <= 6; legs++) {
            struct sasl_both b;
            char got[8];
            ULONG n;

            begin(&b, &sasl_kinds[k], CONFIDENTIAL, 0);
            expect(sasl_run(&b, 2), SEC_I_CONTINUE_NEEDED);
            expect(set_option(&b.server, SASL_OPTION_RECV_SIZE, 70000), SEC_E_OK);
            if (sasl_kinds[k].offers_layers) {
                expect(set_authzid(&b.client, "u:bob"), SEC_E_OK);
            }
            assert_true(sasl_run(&b, legs) >= 0);
            expect(move(&b.server, sasl_kinds[k].package, 0), SEC_E_OK);
            expect(move(&b.client, sasl_kinds[k].package, 0), SEC_E_OK);
            expect(sasl_run(&b, SASL_LEGS_MAX), SEC_E_OK);
            assert_layer(&b, SASL_LAYER_CONFIDENTIALITY);
            assert_int_equal(option(&b.server, SASL_OPTION_RECV_SIZE), 70000);
            if (sasl_kinds[k].offers_layers) {
                expect(get_authzid(&b.server, got, sizeof(got), &n), SEC_E_OK);
                assert_int_equal(n, 5);
                /* The layers' own messages were messages. */
                expect(move(&b.server, sasl_kinds[k].package, SECPKG_CONTEXT_EXPORT_RESET_NEW),
                       SEC_E_OUT_OF_SEQUENCE);
            }
            sasl_release(&b);
        }
    }
}

static void
test_move__exported_context__takes_no_options(void **state)
{
    SecBuffer packed = { 0 };
    struct sasl_both b;

    establish(&b, gssapi, CONFIDENTIAL, 0);
    expect(ExportSecurityContext(&b.server.context, 0, &packed, NULL), SEC_E_OK);
    expect(set_option(&b.server, SASL_OPTION_SEND_SIZE, 10), SEC_E_CONTEXT_EXPIRED);
    (void)FreeContextBuffer(packed.pvBuffer);
    sasl_release(&b);
}

/* --- failed allocations -------------------------------------------------------------------- */

static void
talk_once(void *user, bool failing)
{
    const struct sasl_kind *k = user;
    SECURITY_STATUS status;
    struct sasl_both b;
    size_t whole;

    if (sasl_acquire(&b, k->package, k->user) != SEC_E_OK) {
        assert_true(failing);
        return;
    }
    b.client.request = CONFIDENTIAL;
    status = sasl_run(&b, 2);
    if (status == SEC_I_CONTINUE_NEEDED && k->offers_layers) {
        status = set_authzid(&b.client, "u:bob");
    }
    if (status >= 0) {
        status = sasl_run(&b, SASL_LEGS_MAX);
    }
    if (status == SEC_E_OK) {
        status = seal(&b.client, 0, 100, &whole);
    }
    if (status == SEC_E_OK) {
        status = unseal(&b.server, whole, 100);
    }
    assert_true(status == SEC_E_OK || (failing && status < 0));
    sasl_release(&b);
}

static void
test_legs__under_failed_allocations__fail_whole(void **state)
{
    for (size_t k = 0; k < N_OF(sasl_kinds); k++) {
        assert_true(alloc_fail_each(talk_once, (void *)(uintptr_t)&sasl_kinds[k]) > 20);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles__each_layer__whoever_speaks_first),
        cmocka_unit_test(test_server__demands),
        cmocka_unit_test(test_receive_size_of_0__no_layer),
        cmocka_unit_test(test_exchange__tokens_where_none_are_due__and_none_where_one_is),
        cmocka_unit_test(test_context__before_the_choice__tells_nothing),
        cmocka_unit_test(test_context__is_one_of_sasls_or_is_not),
        cmocka_unit_test(test_output__without_a_token_buffer__and_with_one_that_is_too_small),
        cmocka_unit_test(test_sizes__are_agreed_on_and_bind),
        cmocka_unit_test(test_sizes__that_nobody_agreed_on__bind_once_they_are_set),
        cmocka_unit_test(test_authzid__reaches_a_server_that_takes_it),
        cmocka_unit_test(test_authzid__forbidden__by_either_side),
        cmocka_unit_test(test_options__errors),
        cmocka_unit_test(test_options__before_the_first_leg),
        cmocka_unit_test(test_rc4_keys__pad),
        cmocka_unit_test(test_move__at_each_leg__goes_on),
        cmocka_unit_test(test_move__exported_context__takes_no_options),
        cmocka_unit_test(test_legs__under_failed_allocations__fail_whole),
    };

    return cmocka_run_group_tests_name("sspi/sasl", tests, demo_export_load, demo_export_remove);
}
