/* SPDX-License-Identifier: Apache-2.0 */
/* The example of a package of one's own, through SSPI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/packages/staged.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/api_pair.h"

enum { TRAILER = 24 };

static int
stage(void **state)
{
    return staged_make(NULL) == 0 &&
                   AddSecurityPackageA(staged_path("shared_secret.so"), NULL) == SEC_E_OK
               ? 0
               : -1;
}

static int
unstage(void **state)
{
    return DeleteSecurityPackageA(API_NAME("SharedSecret")) == SEC_E_OK ? staged_remove(state) : -1;
}

static SECURITY_STATUS
establish(struct api_pair *p, const char *user, const char *secret)
{
    SECURITY_STATUS status = api_acquire(p, "SharedSecret", user, "", secret);

    return status == SEC_E_OK ? api_establish(p, 0, 0) : status;
}

static void
test_exchange__the_right_secret__proves_both(void **state)
{
    SecPkgContext_NegotiationInfoA info;
    SecPkgContext_KeyInfoA keys;
    SecPkgContext_NamesA names;
    SecPkgContext_Sizes sizes;
    struct api_pair p;

    assert_int_equal(establish(&p, "alice", STAGED_SECRET), SEC_E_OK);
    assert_true(p.client_flags & ISC_RET_MUTUAL_AUTH && p.server_flags & ASC_RET_MUTUAL_AUTH);
    for (int i = 0; i < 2; i++) {
        PCtxtHandle context = i ? &p.client : &p.server;

        assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        assert_string_equal(names.sUserName, "alice");
        assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbSecurityTrailer, TRAILER);
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_KEY_INFO, &keys), SEC_E_OK);
    assert_string_equal(keys.sEncryptAlgorithmName, "ChaCha20-Poly1305");
    assert_int_equal(FreeContextBuffer(keys.sEncryptAlgorithmName), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(keys.sSignatureAlgorithmName), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NEGOTIATION_INFO, &info),
                     SEC_E_OK);
    assert_string_equal(info.PackageInfo->Name, "SharedSecret");
    assert_int_equal(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
    api_release(&p);
}

static void
test_exchange__another_secret_or_user__is_denied_alike(void **state)
{
    struct api_pair p;

    assert_int_equal(establish(&p, "alice", "another secret"), SEC_E_LOGON_DENIED);
    assert_string_equal(OpenSspiReason(), "SharedSecret: no such user, or another secret");
    api_release(&p);
    assert_int_equal(establish(&p, "carol", STAGED_SECRET), SEC_E_LOGON_DENIED);
    assert_string_equal(OpenSspiReason(), "SharedSecret: no such user, or another secret");
    api_release(&p);
    assert_int_equal(establish(&p, "bob", "of another secret"), SEC_E_OK);
    api_release(&p);
}

static void
test_secrets__that_others_can_read__prove_nobody(void **state)
{
    struct api_pair p;

    assert_int_equal(chmod(staged_path("secrets"), 0640), 0);
    assert_int_equal(establish(&p, "alice", STAGED_SECRET), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    api_release(&p);
    assert_int_equal(chmod(staged_path("secrets"), 0600), 0);
}

static void
test_acquire__identities(void **state)
{
    CredHandle h;
    struct api_pair p;

    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("SharedSecret"), SECPKG_CRED_OUTBOUND,
                                               NULL, NULL, NULL, NULL, &h, NULL),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(api_acquire(&p, "SharedSecret", "al ice", "", "x"), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(api_acquire(&p, "SharedSecret", "alice", "", ""), SEC_E_NO_CREDENTIALS);
}

static void
test_what_it_has_no_function_for__is_unsupported(void **state)
{
    struct api_pair p;
    SecBuffer packed;

    assert_int_equal(ChangeAccountPasswordA(API_NAME("SharedSecret"), API_NAME(""),
                                            API_NAME("alice"), API_NAME("old"), API_NAME("new"), 0,
                                            0, NULL),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(establish(&p, "alice", STAGED_SECRET), SEC_E_OK);
    assert_int_equal(ExportSecurityContext(&p.server, 0, &packed, NULL),
                     SEC_E_UNSUPPORTED_FUNCTION);
    api_release(&p);
}

static SECURITY_STATUS
protect(CtxtHandle *context, uint8_t token[TRAILER], uint8_t *data, ULONG n, bool seals)
{
    SecBuffer b[2] = { { TRAILER, SECBUFFER_TOKEN, token }, { n, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    return seals ? EncryptMessage(context, 0, &d, 0) : MakeSignature(context, 0, &d, 0);
}

static SECURITY_STATUS
open_message(CtxtHandle *context, uint8_t token[TRAILER], uint8_t *data, ULONG n, bool seals)
{
    SecBuffer b[2] = { { TRAILER, SECBUFFER_TOKEN, token }, { n, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    return seals ? DecryptMessage(context, &d, 0, NULL) : VerifySignature(context, &d, 0, NULL);
}

static void
test_messages__both_ways__come_back(void **state)
{
    struct api_pair p;

    assert_int_equal(establish(&p, "alice", STAGED_SECRET), SEC_E_OK);
    for (int i = 0; i < 8; i++) {
        uint8_t token[TRAILER], data[12] = "hello there";
        CtxtHandle *from = i & 1 ? &p.client : &p.server, *to = i & 1 ? &p.server : &p.client;
        bool seals = i & 2;

        assert_int_equal(protect(from, token, data, sizeof(data), seals), SEC_E_OK);
        assert_int_equal(memcmp(data, "hello there", sizeof(data)) != 0, seals);
        assert_int_equal(open_message(to, token, data, sizeof(data), seals), SEC_E_OK);
        assert_string_equal(data, "hello there");
        assert_int_equal(open_message(to, token, data, sizeof(data), seals), SEC_E_OUT_OF_SEQUENCE);
    }
    api_release(&p);
}

static void
test_messages__each_byte_altered__are_found(void **state)
{
    struct api_pair p;

    assert_int_equal(establish(&p, "alice", STAGED_SECRET), SEC_E_OK);
    for (int seals = 0; seals < 2; seals++) {
        uint8_t token[TRAILER], data[5] = "data";

        assert_int_equal(protect(&p.client, token, data, sizeof(data), seals), SEC_E_OK);
        for (size_t i = 0; i < TRAILER + sizeof(data); i++) {
            uint8_t token_copy[TRAILER], data_copy[sizeof(data)];

            memcpy(token_copy, token, TRAILER);
            memcpy(data_copy, data, sizeof(data));
            (i < TRAILER ? token_copy + i : data_copy + i - TRAILER)[0] ^= 0x40;
            assert_true(open_message(&p.server, token_copy, data_copy, sizeof(data), seals) < 0);
        }
        assert_int_equal(open_message(&p.server, token, data, sizeof(data), seals), SEC_E_OK);
    }
    api_release(&p);
}

/* A sealed message is none that was signed, and the other way. */
static void
test_messages__of_the_other_kind__are_refused(void **state)
{
    uint8_t token[TRAILER], data[4] = "abc";
    struct api_pair p;

    assert_int_equal(establish(&p, "alice", STAGED_SECRET), SEC_E_OK);
    assert_int_equal(protect(&p.client, token, data, sizeof(data), true), SEC_E_OK);
    assert_int_equal(open_message(&p.server, token, data, sizeof(data), false),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(open_message(&p.server, token, data, sizeof(data), true), SEC_E_OK);
    api_release(&p);
}

/* --- tokens that somebody changes ---------------------------------------------------------- */

struct leg {
    uint8_t token[256];
    ULONG n;
};

static SECURITY_STATUS
run(struct api_pair *p, bool client, const struct leg *from, struct leg *to)
{
    SecBuffer in = { from->n, SECBUFFER_TOKEN, (void *)(uintptr_t)from->token };
    SecBuffer out = { sizeof(to->token), SECBUFFER_TOKEN, to->token };
    SecBufferDesc in_d = { SECBUFFER_VERSION, 1, &in }, out_d = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS status;
    ULONG flags;

    if (client) {
        status = InitializeSecurityContextA(&p->client_cred, p->have_client ? &p->client : NULL,
                                            NULL, 0, 0, 0, p->have_client ? &in_d : NULL, 0,
                                            &p->client, &out_d, &flags, NULL);
        p->have_client |= status >= 0;
    } else {
        status = AcceptSecurityContext(&p->server_cred, p->have_server ? &p->server : NULL, &in_d,
                                       0, 0, &p->server, &out_d, &flags, NULL);
        p->have_server |= status >= 0;
    }
    to->n = out.cbBuffer;
    return status;
}

/* The exchange with one byte of one token changed, or one token cut; 0: it went well. */
static SECURITY_STATUS
disturb(struct api_pair *p, unsigned which, size_t at, bool cut)
{
    struct leg a = { .n = 0 }, b;
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;

    for (unsigned i = 0; i < 5 && status >= 0; i++) {
        status = run(p, i % 2 == 0, &a, &b);
        if (i == which && status >= 0 && at < b.n) {
            b.token[at] ^= 1;
            b.n = cut ? (ULONG)at : b.n;
        }
        a = b;
    }
    return status;
}

static void
test_tokens__cut_or_altered_anywhere__establish_nothing(void **state)
{
    static const size_t lengths[] = { 4 + 32 + 5, 4 + 32, 4 + 1 + 16 + 32, 4 + 32 };
    struct api_pair p;

    assert_int_equal(api_acquire(&p, "SharedSecret", "alice", "", STAGED_SECRET), SEC_E_OK);
    assert_int_equal(disturb(&p, 9, 0, false), SEC_E_OK);
    api_delete_contexts(&p);
    for (unsigned which = 0; which < 4; which++) {
        for (size_t at = 0; at < lengths[which]; at++) {
            for (int cut = 0; cut < 2; cut++) {
                assert_true(disturb(&p, which, at, cut) < 0);
                api_delete_contexts(&p);
            }
        }
    }
    api_release(&p);
}

/* --- channel bindings ---------------------------------------------------------------------- */

static SECURITY_STATUS
bound(uint8_t client, uint8_t server, ULONG request)
{
    struct {
        SEC_CHANNEL_BINDINGS head;
        uint8_t data[4];
    } b[2] = { 0 };
    uint8_t tokens[2][256];
    SecBuffer in[2], out;
    SecBufferDesc in_d = { SECBUFFER_VERSION, 2, in }, out_d = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    struct api_pair p;
    ULONG n = 0, flags;

    for (int i = 0; i < 2; i++) {
        b[i].head.cbApplicationDataLength = sizeof(b[i].data);
        b[i].head.dwApplicationDataOffset = sizeof(b[i].head);
        b[i].data[0] = i ? server : client;
    }
    assert_int_equal(api_acquire(&p, "SharedSecret", "alice", "", STAGED_SECRET), SEC_E_OK);
    for (int i = 0; i < 5 && status >= 0; i++) {
        uint8_t given = i % 2 ? server : client;

        in[0] = (SecBuffer){ n, SECBUFFER_TOKEN, tokens[(i + 1) % 2] };
        in[1] = (SecBuffer){ given ? sizeof(b[0]) : 0,
                             given ? SECBUFFER_CHANNEL_BINDINGS : SECBUFFER_EMPTY, &b[i % 2] };
        out = (SecBuffer){ sizeof(tokens[0]), SECBUFFER_TOKEN, tokens[i % 2] };
        if (i % 2 == 0) {
            status = InitializeSecurityContextA(&p.client_cred, i ? &p.client : NULL, NULL, 0, 0, 0,
                                                &in_d, 0, &p.client, &out_d, &flags, NULL);
            p.have_client = 1;
        } else {
            status = AcceptSecurityContext(&p.server_cred, i > 1 ? &p.server : NULL, &in_d, request,
                                           0, &p.server, &out_d, &flags, NULL);
            p.have_server = 1;
        }
        n = out.cbBuffer;
    }
    api_release(&p);
    return status;
}

static void
test_bindings__of_another_channel__are_found(void **state)
{
    assert_int_equal(bound(1, 1, 0), SEC_E_OK);
    assert_int_equal(bound(1, 0, 0), SEC_E_OK);
    assert_int_equal(bound(0, 0, 0), SEC_E_OK);
    assert_int_equal(bound(1, 2, 0), SEC_E_BAD_BINDINGS);
    assert_int_equal(bound(0, 1, 0), SEC_E_BAD_BINDINGS);
    assert_int_equal(bound(0, 1, ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_OK);
    assert_int_equal(bound(1, 2, ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_BAD_BINDINGS);
}

/* --- failed allocations -------------------------------------------------------------------- */

static void
exchange_once(void *user, bool failing)
{
    uint8_t token[TRAILER], data[4] = "abc";
    struct api_pair p;
    SECURITY_STATUS status = api_acquire(&p, "SharedSecret", "alice", "", STAGED_SECRET);

    if (status == SEC_E_OK) {
        status = api_establish(&p, 0, 0);
        if (status == SEC_E_OK) {
            status = protect(&p.client, token, data, sizeof(data), true);
        }
        if (status == SEC_E_OK) {
            status = open_message(&p.server, token, data, sizeof(data), true);
        }
        api_release(&p);
    }
    assert_true(status == SEC_E_OK || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
}

static void
test_exchange__under_failed_allocations__fails_whole(void **state)
{
    assert_true(alloc_fail_each(exchange_once, NULL) >= 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange__the_right_secret__proves_both),
        cmocka_unit_test(test_exchange__another_secret_or_user__is_denied_alike),
        cmocka_unit_test(test_secrets__that_others_can_read__prove_nobody),
        cmocka_unit_test(test_acquire__identities),
        cmocka_unit_test(test_what_it_has_no_function_for__is_unsupported),
        cmocka_unit_test(test_messages__both_ways__come_back),
        cmocka_unit_test(test_messages__each_byte_altered__are_found),
        cmocka_unit_test(test_messages__of_the_other_kind__are_refused),
        cmocka_unit_test(test_tokens__cut_or_altered_anywhere__establish_nothing),
        cmocka_unit_test(test_bindings__of_another_channel__are_found),
        cmocka_unit_test(test_exchange__under_failed_allocations__fails_whole),
    };

    return cmocka_run_group_tests_name("packages/shared_secret", tests, stage, unstage);
}
