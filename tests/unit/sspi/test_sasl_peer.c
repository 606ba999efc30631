/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4752's two messages from a peer that knows the keys and not the rules, and altered on their
 * way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <opensspi/security.h>

#include "base/bytes.h"
#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"
#include "tests/support/sasl_pair.h"

static int
load(void **state)
{
    char extra[256];

    demo_realm_make();
    (void)snprintf(extra, sizeof(extra), "[kerberos]\nkeytab = %s\n", demo_realm_keytab());
    return OpenSspiLoadConfiguration(demo_store_make("DOMAIN", "demo", "Passw0rd!", extra), NULL,
                                     0) == SEC_E_OK
               ? 0
               : -1;
}

/* The other side is a context of the package alone, which wraps what it likes. */
static void
establish_with_plain(struct sasl_both *b, bool client_is_plain, ULONG ours)
{
    ULONG plain = CONFIDENTIAL | ISC_REQ_MUTUAL_AUTH | ISC_REQ_SEQUENCE_DETECT;

    begin(b, gssapi, client_is_plain ? plain : ours, client_is_plain ? ours : 0);
    (client_is_plain ? &b->client : &b->server)->plain = true;
    /* Four legs of SASL's are three of the package's and an empty one. */
    expect(sasl_leg(&b->client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    expect(sasl_leg(&b->server, b->client.said, b->client.n),
           client_is_plain ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
    expect(sasl_leg(&b->client, b->server.said, b->server.n),
           client_is_plain ? SEC_E_OK : SEC_I_CONTINUE_NEEDED);
    assert_int_equal(b->client.n, 0);
    if (client_is_plain) {
        expect(sasl_leg(&b->server, NULL, 0), SEC_I_CONTINUE_NEEDED);
    }
}

static void
wrap(struct sasl_end *e, struct bytes plain)
{
    uint8_t token[128], data[SASL_ROOM - 256], padding[16];
    SecBuffer buffers[3] = { { sizeof(token), SECBUFFER_TOKEN, token },
                             { (ULONG)plain.n, SECBUFFER_DATA, data },
                             { sizeof(padding), SECBUFFER_PADDING, padding } };
    SecBufferDesc d = { SECBUFFER_VERSION, 3, buffers };

    assert_true(plain.n <= sizeof(data));
    bytes_copy(data, plain.p, plain.n);
    expect(EncryptMessage(&e->context, SECQOP_WRAP_NO_ENCRYPT, &d, 0), SEC_E_OK);
    e->n = 0;
    for (size_t i = 0; i < 3; i++) {
        memcpy(e->said + e->n, buffers[i].pvBuffer, buffers[i].cbBuffer);
        e->n += buffers[i].cbBuffer;
    }
}

/* What the other side wrapped: a view into said. */
static struct bytes
unwrap(struct sasl_end *e, struct sasl_end *from)
{
    SecBuffer buffers[2] = { { from->n, SECBUFFER_STREAM, from->said },
                             { 0, SECBUFFER_DATA, NULL } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, buffers };
    ULONG qop = 0;

    expect(DecryptMessage(&e->context, &d, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
    return bytes_of(buffers[1].pvBuffer, buffers[1].cbBuffer);
}

struct script {
    const char *bytes;
    size_t n;
    ULONG request;
    SECURITY_STATUS status;
    const char *answer; /* of a client that goes along */
};
#define BYTES(text) text, sizeof(text) - 1

static void
test_offers__good_and_bad(void **state)
{
    static const struct script table[] = {
        { BYTES("\7\0\377\377"), CONFIDENTIAL, SEC_E_OK, "\4\0\377\377" },
        { BYTES("\7\0\377\377"), INTEGRAL, SEC_E_OK, "\2\0\377\377" },
        { BYTES("\5\0\377\377"), INTEGRAL, SEC_E_QOP_NOT_SUPPORTED, NULL },
        { BYTES("\1\0\0\0"), 0, SEC_E_OK, "\1\0\0\0" },
        { BYTES("\7\0\377\377"), 0, SEC_E_OK, "\1\0\0\0" },
        { BYTES("\6\0\377\377"), 0, SEC_E_OK, "\2\0\377\377" },
        { BYTES("\377\0\377\377"), CONFIDENTIAL, SEC_E_OK, "\4\0\377\377" },
        { BYTES("\1\0\0\0"), INTEGRAL, SEC_E_QOP_NOT_SUPPORTED, NULL },
        { BYTES("\3\0\377\377"), CONFIDENTIAL, SEC_E_QOP_NOT_SUPPORTED, NULL },
        { BYTES("\1\0\0\1"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\0\0\0\0"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\7\0\0\0"), INTEGRAL, SEC_E_INVALID_TOKEN, NULL }, /* nothing fits into 0 */
        { BYTES("\7\0\0\50"), INTEGRAL, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\7\0\377"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES(""), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\7\0\377\377x"), 0, SEC_E_INVALID_TOKEN, NULL },
    };

    for (size_t i = 0; i < N_OF(table); i++) {
        struct sasl_both b;

        establish_with_plain(&b, false, table[i].request);
        wrap(&b.server, bytes_of(table[i].bytes, table[i].n));
        expect(sasl_leg(&b.client, b.server.said, b.server.n), table[i].status);
        if (table[i].status == SEC_E_OK) {
            struct bytes answer = unwrap(&b.server, &b.client);

            assert_int_equal(answer.n, 4);
            assert_memory_equal(answer.p, table[i].answer, 4);
        } else {
            size_t whole;

            expect(seal(&b.client, 0, 10, &whole), SEC_E_OUT_OF_SEQUENCE);
            expect(sasl_leg(&b.client, b.server.said, b.server.n), SEC_E_OUT_OF_SEQUENCE);
        }
        sasl_release(&b);
    }
}

static void
test_choices__good_and_bad(void **state)
{
    static const struct script table[] = {
        { BYTES("\4\0\377\377"), 0, SEC_E_OK, "" },
        { BYTES("\2\0\377\377alice"), 0, SEC_E_OK, "alice" },
        { BYTES("\1\0\0\0dn:cn=Zo\303\253"), 0, SEC_E_OK, "dn:cn=Zo\303\253" },
        { BYTES("\1\0\0\0"), ASC_REQ_INTEGRITY, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\2\0\377\377"), ASC_REQ_CONFIDENTIALITY, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\1\0\0\1"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\7\0\377\377"), 0, SEC_E_OK, "" }, /* Samba's client */
        { BYTES("\3\0\377\377"), ASC_REQ_CONFIDENTIALITY, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\0\0\377\377"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\10\0\377\377"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\4\0\0\50"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\4\0\0\50bob"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\4\0\377\377bob\0"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\4\0\377\377\377\376"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES("\4\0\377"), 0, SEC_E_INVALID_TOKEN, NULL },
        { BYTES(""), 0, SEC_E_INVALID_TOKEN, NULL },
    };

    for (size_t i = 0; i < N_OF(table); i++) {
        SecPkgContext_NamesA names;
        struct sasl_both b;
        char authzid[64];
        ULONG n = 0;

        establish_with_plain(&b, true, table[i].request);
        (void)unwrap(&b.client, &b.server);
        wrap(&b.client, bytes_of(table[i].bytes, table[i].n));
        expect(sasl_leg(&b.server, b.client.said, b.client.n), table[i].status);
        if (table[i].status == SEC_E_OK) {
            expect(SaslGetContextOption(&b.server.context, SASL_OPTION_AUTHZ_STRING, authzid,
                                        sizeof(authzid), &n),
                   SEC_E_OK);
            assert_int_equal(n, strlen(table[i].answer));
            assert_memory_equal(authzid, table[i].answer, n);
        } else {
            expect(QueryContextAttributesA(&b.server.context, SECPKG_ATTR_NAMES, &names),
                   SEC_E_INVALID_HANDLE);
            expect(SaslGetContextOption(&b.server.context, SASL_OPTION_AUTHZ_STRING, authzid,
                                        sizeof(authzid), &n),
                   SEC_E_OK);
            assert_int_equal(n, 0);
            expect(sasl_leg(&b.server, b.client.said, b.client.n), SEC_E_OUT_OF_SEQUENCE);
        }
        sasl_release(&b);
    }
}

/* A server that asks for a layer when it has made its offer. */
static void
test_choice__of_less_than_was_asked_for_since__is_refused(void **state)
{
    static const struct script table[] = {
        { BYTES("\1\0\0\0"), ASC_REQ_INTEGRITY, SEC_E_QOP_NOT_SUPPORTED, NULL },
        { BYTES("\2\0\377\377"), ASC_REQ_CONFIDENTIALITY, SEC_E_QOP_NOT_SUPPORTED, NULL },
        { BYTES("\4\0\377\377"), ASC_REQ_CONFIDENTIALITY, SEC_E_OK, NULL },
    };

    for (size_t i = 0; i < N_OF(table); i++) {
        struct sasl_both b;
        size_t whole;

        establish_with_plain(&b, true, 0);
        (void)unwrap(&b.client, &b.server);
        wrap(&b.client, bytes_of(table[i].bytes, table[i].n));
        b.server.request = table[i].request;
        expect(sasl_leg(&b.server, b.client.said, b.client.n), table[i].status);
        expect(seal(&b.server, 0, 10, &whole),
               table[i].status == SEC_E_OK ? SEC_E_OK : SEC_E_OUT_OF_SEQUENCE);
        sasl_release(&b);
    }
}

/* A clear message under CONFIDENTIALITY, from a peer that has the key. */
static void
test_message__of_a_lesser_layer__is_not_taken(void **state)
{
    struct sasl_both b;
    size_t whole;

    establish_with_plain(&b, false, CONFIDENTIAL);
    wrap(&b.server, bytes_of("\7\0\377\377", 4));
    expect(sasl_leg(&b.client, b.server.said, b.server.n), SEC_E_OK);
    (void)unwrap(&b.server, &b.client);
    expect(seal(&b.server, SECQOP_WRAP_NO_ENCRYPT, 100, &whole), SEC_E_OK);
    expect(unseal(&b.client, whole, 100), SEC_E_MESSAGE_ALTERED);
    for (size_t i = 0; i + 16 < whole; i++) { /* and what it said is nowhere */
        assert_memory_not_equal(message + i, "\0\7\16\25\34\43\52\61", 8);
    }
    expect(seal(&b.server, 0, 100, &whole), SEC_E_OK);
    expect(unseal(&b.client, whole, 100), SEC_E_OK);
    sasl_release(&b);
}

/* Runs an exchange to the leg with this number and hands that one to attempt, altered. */
static void
alter_leg(unsigned leg, size_t at, bool cut, size_t *n)
{
    struct sasl_both b;
    struct sasl_end *e, *from;

    begin(&b, gssapi, CONFIDENTIAL, 0);
    expect(sasl_run(&b, leg), SEC_I_CONTINUE_NEEDED);
    e = leg % 2 ? &b.server : &b.client;
    from = leg % 2 ? &b.client : &b.server;
    *n = from->n;
    if (at < *n && (cut || (at != 6 && at != 7))) { /* nothing covers RRC: RFC 4121 4.2.4 */
        from->said[at] ^= cut ? 0 : 1;
        assert_true(sasl_leg(e, from->said, cut ? (ULONG)at : from->n) < 0);
        expect(e->status, SEC_E_INVALID_TOKEN);
    }
    sasl_release(&b);
}

/* The offer and the choice: leg 4 is the client's with the offer, leg 5 the server's. */
static void
test_wrapped__each_prefix_and_flipped_byte__is_refused(void **state)
{
    for (unsigned leg = 4; leg <= 5; leg++) {
        for (size_t at = 0, n = 1; at < n; at++) {
            alter_leg(leg, at, true, &n);
            alter_leg(leg, at, false, &n);
            assert_true(n > 30);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers__good_and_bad),
        cmocka_unit_test(test_choices__good_and_bad),
        cmocka_unit_test(test_choice__of_less_than_was_asked_for_since__is_refused),
        cmocka_unit_test(test_message__of_a_lesser_layer__is_not_taken),
        cmocka_unit_test(test_wrapped__each_prefix_and_flipped_byte__is_refused),
    };

    return cmocka_run_group_tests_name("sspi/sasl_peer", tests, load, NULL);
}
