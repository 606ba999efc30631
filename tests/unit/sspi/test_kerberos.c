/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos through the public interface, with a keytab and a credential cache on disk: flags, sizes,
 * attributes, messages, refusals; by itself and chosen by Negotiate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <opensspi/security.h>

#include "base/clock.h"
#include "codec/krb_msg.h"
#include "crypto/krb_crypt.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"

#define PROTECTED \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

enum { USUAL_FLAGS = KRB_TICKET_FORWARDABLE | KRB_TICKET_OK_AS_DELEGATE };

static const char *const packages[] = { "Kerberos", "Negotiate" };
enum { N_PACKAGES = sizeof(packages) / sizeof(packages[0]) };

static int
load_with(const char *kerberos)
{
    char extra[256];
    const char *file;

    (void)snprintf(extra, sizeof(extra), "[kerberos]\nkeytab = %s\n%s", demo_realm_keytab(),
                   kerberos);
    file = demo_store_make("DOMAIN", "demo", "Passw0rd!", extra);
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static int
load(void **state)
{
    demo_realm_make();
    return load_with("");
}

/* Alice's own tickets, the keytab's keys. */
static SECURITY_STATUS
acquire(struct api_pair *p, const char *package)
{
    SECURITY_STATUS status;

    memset(p, 0, sizeof(*p));
    status = AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_OUTBOUND, NULL, NULL,
                                       NULL, NULL, &p->client_cred, NULL);
    if (status == SEC_E_OK) {
        status = AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_INBOUND, NULL, NULL,
                                           NULL, NULL, &p->server_cred, NULL);
    }
    return status;
}

static void
establish(struct api_pair *p, const char *package, ULONG client, ULONG server)
{
    assert_int_equal(acquire(p, package), SEC_E_OK);
    if (api_establish(p, client, server) != SEC_E_OK) {
        fail_msg("%s, %s: %s", OpenSspiStatusName(p->client_status),
                 OpenSspiStatusName(p->server_status), OpenSspiReason());
    }
}

/* --- the package --------------------------------------------------------------------------- */

static void
test_package__has_windows_values(void **state)
{
    PSecPkgInfoA all, one;
    ULONG n = 0;

    assert_int_equal(QuerySecurityPackageInfoA(API_NAME("kerberos"), &one), SEC_E_OK);
    assert_string_equal(one->Name, "Kerberos");
    assert_string_equal(one->Comment, "Microsoft Kerberos V1.0");
    assert_int_equal(one->wVersion, 1);
    assert_int_equal(one->wRPCID, 16);
    assert_int_equal(one->cbMaxToken, 48000);
    /* Windows' 73BBF without DATAGRAM, which is not here. */
    assert_int_equal(one->fCapabilities, 0x73BB7);
    assert_int_equal(FreeContextBuffer(one), SEC_E_OK);
    assert_int_equal(EnumerateSecurityPackagesA(&n, &all), SEC_E_OK);
    assert_int_equal(n, 3);
    assert_string_equal(all[0].Name, "Negotiate");
    assert_string_equal(all[1].Name, "Kerberos");
    assert_string_equal(all[2].Name, "NTLM");
    assert_int_equal(FreeContextBuffer(all), SEC_E_OK);
}

/* --- flags --------------------------------------------------------------------------------- */

static void
test_flags__each_request_is_granted_to_both_as_the_table_says(void **state)
{
    static const struct {
        ULONG request, client, server;
    } table[] = {
        { 0, 0, 0 },
        { ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH },
        { ISC_REQ_INTEGRITY, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY },
        { ISC_REQ_REPLAY_DETECT, ISC_RET_REPLAY_DETECT | ISC_RET_INTEGRITY,
          ASC_RET_REPLAY_DETECT | ASC_RET_INTEGRITY },
        { ISC_REQ_SEQUENCE_DETECT, ISC_RET_SEQUENCE_DETECT | ISC_RET_INTEGRITY,
          ASC_RET_SEQUENCE_DETECT | ASC_RET_INTEGRITY },
        { ISC_REQ_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY,
          ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY },
        { ISC_REQ_IDENTIFY, ISC_RET_IDENTIFY, ASC_RET_IDENTIFY },
        { ISC_REQ_EXTENDED_ERROR, ISC_RET_EXTENDED_ERROR, ASC_RET_EXTENDED_ERROR },
        { ISC_REQ_USE_DCE_STYLE, ISC_RET_USED_DCE_STYLE | ISC_RET_MUTUAL_AUTH,
          ASC_RET_USED_DCE_STYLE | ASC_RET_MUTUAL_AUTH },
        { ISC_REQ_STREAM | ISC_REQ_USE_SUPPLIED_CREDS, 0, 0 },
        { ISC_REQ_DELEGATE, 0, 0 },
    };
    const ULONG client_all = ISC_RET_MUTUAL_AUTH | ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT |
                             ISC_RET_SEQUENCE_DETECT | ISC_RET_CONFIDENTIALITY | ISC_RET_IDENTIFY |
                             ISC_RET_EXTENDED_ERROR | ISC_RET_USED_DCE_STYLE | ISC_RET_STREAM |
                             ISC_RET_DELEGATE | ISC_RET_DATAGRAM | ISC_RET_USE_SESSION_KEY;
    const ULONG server_all = ASC_RET_MUTUAL_AUTH | ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT |
                             ASC_RET_SEQUENCE_DETECT | ASC_RET_CONFIDENTIALITY | ASC_RET_IDENTIFY |
                             ASC_RET_EXTENDED_ERROR | ASC_RET_USED_DCE_STYLE | ASC_RET_STREAM |
                             ASC_RET_DELEGATE | ASC_RET_DATAGRAM | ASC_RET_USE_SESSION_KEY;

    for (size_t i = 0; i < N_PACKAGES * sizeof(table) / sizeof(table[0]); i++) {
        size_t row = i / N_PACKAGES;
        struct api_pair p;

        establish(&p, packages[i % N_PACKAGES], table[row].request, 0);
        assert_int_equal(p.client_flags & client_all, table[row].client);
        if (i % N_PACKAGES == 0) { /* Negotiate's client asks for integrity all the same */
            assert_int_equal(p.server_flags & server_all, table[row].server);
        }
        api_release(&p);
    }
}

static void
test_flags__what_there_is_not_is_refused(void **state)
{
    static const struct {
        ULONG request;
        SECURITY_STATUS expected;
    } table[] = {
        { ISC_REQ_DATAGRAM, SEC_E_UNSUPPORTED_FUNCTION },
        { ISC_REQ_NULL_SESSION, SEC_E_NO_CREDENTIALS },
        { ISC_REQ_USE_SESSION_KEY | ISC_REQ_USE_DCE_STYLE, SEC_E_UNSUPPORTED_FUNCTION },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct api_pair p;

        assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
        assert_int_equal(api_establish(&p, table[i].request, 0), table[i].expected);
        assert_int_not_equal(OpenSspiReason()[0], 0);
        api_release(&p);
    }
}

/* Asked for and not to be had (there is no KDC to forward the ticket): the context is there, and the
 * reason can be read. */
static void
test_flags__delegation_that_fails_is_told(void **state)
{
    struct api_pair p;
    POPENSSPI_NEGOTIATION n;

    establish(&p, "Kerberos", ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH, 0);
    assert_int_equal(p.client_flags & ISC_RET_DELEGATE, 0);
    assert_int_equal(OpenSspiQueryNegotiation(&p.client, &n), SEC_E_OK);
    assert_int_not_equal(n->DelegationRefused[0], 0);
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
    api_release(&p);
    demo_realm_write_cache(KRB_AES256_SHA1, KRB_TICKET_FORWARDABLE);
    establish(&p, "Kerberos", ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH, 0);
    assert_int_equal(OpenSspiQueryNegotiation(&p.client, &n), SEC_E_OK);
    assert_string_equal(n->DelegationRefused,
                        "kerberos: no delegation: the ticket is not ok-as-delegate");
    assert_int_equal(FreeContextBuffer(n), SEC_E_OK);
    api_release(&p);
    demo_realm_write_cache(KRB_AES256_SHA1, USUAL_FLAGS);
}

/* --- attributes ---------------------------------------------------------------------------- */

static void
assert_names(CtxtHandle *context, const char *name)
{
    SecPkgContext_NamesA names;
    SecPkgContext_NativeNamesA native;

    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, name);
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_NATIVE_NAMES, &native), SEC_E_OK);
    assert_string_equal(native.sClientName, "alice@" DEMO_REALM);
    assert_string_equal(native.sServerName, DEMO_SERVICE "@" DEMO_REALM);
    assert_int_equal(FreeContextBuffer(native.sClientName), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(native.sServerName), SEC_E_OK);
}

static void
assert_lifespan(CtxtHandle *context)
{
    const uint64_t hour = 3600 * CLOCK_SECOND_100NS;
    uint64_t now = clock_to_local_100ns(clock_now_100ns());
    SecPkgContext_Lifespan life;
    SecPkgContext_PasswordExpiry password;

    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_LIFESPAN, &life), SEC_E_OK);
    assert_in_range(life.tsStart.QuadPart, now - hour - hour / 2, now);
    assert_in_range(life.tsExpiry.QuadPart, now + 8 * hour, now + 9 * hour);
    /* Without a PAC nobody has said when. */
    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_PASSWORD_EXPIRY, &password),
                     SEC_E_UNSUPPORTED_FUNCTION);
}

static void
assert_packages(CtxtHandle *context)
{
    SecPkgContext_PackageInfoA info;
    SecPkgContext_NegotiationInfoA negotiation;

    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    assert_string_equal(info.PackageInfo->Name, "Kerberos");
    assert_int_equal(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation),
                     SEC_E_OK);
    assert_string_equal(negotiation.PackageInfo->Name, "Kerberos");
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    assert_int_equal(FreeContextBuffer(negotiation.PackageInfo), SEC_E_OK);
}

static void
test_attributes__of_an_established_context(void **state)
{
    for (size_t i = 0; i < N_PACKAGES; i++) {
        struct api_pair p;
        SecPkgContext_SessionKey client_key, server_key;
        SecPkgContext_ClientSpecifiedTarget target;
        SecPkgContext_Flags flags;

        establish(&p, packages[i], PROTECTED | ISC_REQ_MUTUAL_AUTH, 0);
        assert_names(&p.client, DEMO_REALM "\\alice");
        assert_names(&p.server, DEMO_REALM "\\alice");
        assert_lifespan(&p.client);
        assert_lifespan(&p.server);
        assert_packages(&p.client);
        assert_packages(&p.server);
        assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_SESSION_KEY, &client_key),
                         SEC_E_OK);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_SESSION_KEY, &server_key),
                         SEC_E_OK);
        assert_int_equal(client_key.SessionKeyLength, 32);
        assert_memory_equal(client_key.SessionKey, server_key.SessionKey, 32);
        assert_int_equal(FreeContextBuffer(client_key.SessionKey), SEC_E_OK);
        assert_int_equal(FreeContextBuffer(server_key.SessionKey), SEC_E_OK);
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

/* The preferred type first: else an acceptor's subkey is of a better one than the ticket's (RFC
 * 4537). */
static void
prefer(int32_t enctype)
{
    char line[128];

    (void)snprintf(line, sizeof(line), "permitted_enctypes = %s aes256-cts-hmac-sha1-96",
                   krb_profile_of(enctype)->name);
    assert_int_equal(load_with(line), 0);
    demo_realm_write_cache(enctype, USUAL_FLAGS);
}

static void
test_attributes__sizes_and_keys_of_each_encryption_type(void **state)
{
    static const struct {
        int32_t enctype;
        ULONG signature, trailer, dce_trailer, bits, checksum;
        const char *seal, *sign;
    } table[] = {
        { KRB_AES256_SHA1, 28, 60, 76, 256, 16, "AES256-CTS-HMAC-SHA1-96", "HMAC-SHA1-96" },
        { KRB_AES128_SHA1, 28, 60, 76, 128, 15, "AES128-CTS-HMAC-SHA1-96", "HMAC-SHA1-96" },
        { KRB_AES256_SHA384, 40, 72, 88, 256, 20, "AES256-CTS-HMAC-SHA384-192", "HMAC-SHA384-192" },
        { KRB_AES128_SHA256, 32, 64, 80, 128, 19, "AES128-CTS-HMAC-SHA256-128", "HMAC-SHA256-128" },
    };

    for (size_t i = 0; i < 2 * sizeof(table) / sizeof(table[0]); i++) {
        bool dce = i % 2;
        size_t row = i / 2;
        struct api_pair p;
        SecPkgContext_Sizes sizes;
        SecPkgContext_KeyInfoA key;

        prefer(table[row].enctype);
        establish(&p, "Kerberos", dce ? ISC_REQ_USE_DCE_STYLE : 0, 0);
        assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbMaxToken, 48000);
        assert_int_equal(sizes.cbMaxSignature, table[row].signature);
        assert_int_equal(sizes.cbBlockSize, 1);
        assert_int_equal(sizes.cbSecurityTrailer,
                         dce ? table[row].dce_trailer : table[row].trailer);
        assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
        assert_string_equal(key.sEncryptAlgorithmName, table[row].seal);
        assert_string_equal(key.sSignatureAlgorithmName, table[row].sign);
        assert_int_equal(key.KeySize, table[row].bits);
        assert_int_equal(key.EncryptAlgorithm, table[row].enctype);
        assert_int_equal(key.SignatureAlgorithm, table[row].checksum);
        assert_int_equal(FreeContextBuffer(key.sEncryptAlgorithmName), SEC_E_OK);
        assert_int_equal(FreeContextBuffer(key.sSignatureAlgorithmName), SEC_E_OK);
        api_release(&p);
    }
    demo_realm_write_cache(KRB_AES256_SHA1, USUAL_FLAGS);
    assert_int_equal(load_with(""), 0);
}

static void
test_credential__names_its_principal(void **state)
{
    SecPkgCredentials_NamesA names;
    struct api_pair p;

    assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
    assert_int_equal(QueryCredentialsAttributesA(&p.client_cred, SECPKG_CRED_ATTR_NAMES, &names),
                     SEC_E_OK);
    assert_string_equal(names.sUserName, "alice@" DEMO_REALM);
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    assert_int_equal(OpenSspiCheckService(&p.server_cred, DEMO_SERVICE), SEC_E_OK);
    assert_int_equal(OpenSspiCheckService(&p.server_cred, "cifs/other.domain.test"),
                     SEC_E_NO_CREDENTIALS);
    api_release(&p);
}

static void
test_logon__tells_of_the_ticket(void **state)
{
    for (size_t i = 0; i < N_PACKAGES; i++) {
        POPENSSPI_LOGON logon;
        struct api_pair p;

        establish(&p, packages[i], PROTECTED, 0);
        assert_int_equal(OpenSspiQueryLogon(&p.server, &logon), SEC_E_OK);
        assert_string_equal(logon->PackageName, "Kerberos");
        assert_string_equal(logon->UserName, "alice");
        assert_string_equal(logon->DomainName, DEMO_REALM);
        assert_string_equal(logon->TicketEncryption, "aes256-cts-hmac-sha1-96");
        assert_int_equal(logon->KeyLength, 256);
        assert_int_equal(logon->KerberosError, 0);
        assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
        api_release(&p);
    }
}

/* --- messages ------------------------------------------------------------------------------ */

enum { DATA_BYTES = 100, ROOM_BYTES = 512 };

static void
seal_and_open(CtxtHandle *from, CtxtHandle *to, ULONG trailer)
{
    uint8_t token[128], data[DATA_BYTES], padding[16];
    SecBuffer b[3] = { { trailer, SECBUFFER_TOKEN, token },
                       { sizeof(data), SECBUFFER_DATA, data },
                       { sizeof(padding), SECBUFFER_PADDING, padding } };
    SecBufferDesc d = { SECBUFFER_VERSION, 3, b };
    ULONG qop = 0;

    memset(data, 'x', sizeof(data));
    assert_int_equal(EncryptMessage(from, 0, &d, 0), SEC_E_OK);
    assert_int_equal(b[0].cbBuffer, trailer);
    assert_int_equal(b[2].cbBuffer, 0);
    assert_memory_not_equal(data, "xxxxxxxx", 8);
    assert_int_equal(DecryptMessage(to, &d, 0, &qop), SEC_E_OK);
    for (size_t i = 0; i < sizeof(data); i++) {
        assert_int_equal(data[i], 'x');
    }
    assert_int_equal(qop, 0);
}

/* Covered and not encrypted, and the receiver is told. */
static void
cover_and_open(CtxtHandle *from, CtxtHandle *to, ULONG trailer)
{
    uint8_t token[128], data[DATA_BYTES] = "in the clear";
    SecBuffer b[2] = { { trailer, SECBUFFER_TOKEN, token },
                       { sizeof(data), SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    ULONG qop = 0;

    assert_int_equal(EncryptMessage(from, SECQOP_WRAP_NO_ENCRYPT, &d, 0), SEC_E_OK);
    assert_string_equal((char *)data, "in the clear");
    assert_int_equal(DecryptMessage(to, &d, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
}

/* GSS_Unwrap's form: one buffer in, and where the data lies in it. */
static void
open_stream(CtxtHandle *from, CtxtHandle *to, ULONG trailer)
{
    uint8_t room[ROOM_BYTES];
    SecBuffer sealed[2] = { { trailer, SECBUFFER_TOKEN, room },
                            { DATA_BYTES, SECBUFFER_DATA, room + trailer } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, sealed };
    SecBuffer opened[2] = { { trailer + DATA_BYTES, SECBUFFER_STREAM, room },
                            { 0, SECBUFFER_DATA, NULL } };
    SecBufferDesc s = { SECBUFFER_VERSION, 2, opened };

    memset(room + trailer, 'y', DATA_BYTES);
    assert_int_equal(EncryptMessage(from, 0, &d, 0), SEC_E_OK);
    assert_int_equal(DecryptMessage(to, &s, 0, NULL), SEC_E_OK);
    assert_int_equal(opened[1].cbBuffer, DATA_BYTES);
    assert_memory_equal(opened[1].pvBuffer, "yyyy", 4);
    assert_true((uint8_t *)opened[1].pvBuffer > room &&
                (uint8_t *)opened[1].pvBuffer < room + sizeof(room));
}

static void
sign_and_verify(CtxtHandle *from, CtxtHandle *to, ULONG signature)
{
    uint8_t token[128], data[DATA_BYTES] = "signed";
    SecBuffer b[2] = { { sizeof(data), SECBUFFER_DATA, data },
                       { sizeof(token), SECBUFFER_TOKEN, token } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    assert_int_equal(MakeSignature(from, 0, &d, 0), SEC_E_OK);
    assert_int_equal(b[1].cbBuffer, signature);
    data[0] ^= 1;
    assert_int_equal(VerifySignature(to, &d, 0, NULL), SEC_E_MESSAGE_ALTERED);
    data[0] ^= 1;
    assert_int_equal(VerifySignature(to, &d, 0, NULL), SEC_E_OK);
}

static void
test_messages__both_ways_come_through(void **state)
{
    for (size_t i = 0; i < N_PACKAGES; i++) {
        struct api_pair p;

        establish(&p, packages[i], PROTECTED | ISC_REQ_MUTUAL_AUTH, 0);
        for (unsigned n = 0; n < 3; n++) {
            seal_and_open(&p.client, &p.server, 60);
            seal_and_open(&p.server, &p.client, 60);
            cover_and_open(&p.client, &p.server, 60);
            cover_and_open(&p.server, &p.client, 60);
            open_stream(&p.client, &p.server, 60);
            open_stream(&p.server, &p.client, 60);
            sign_and_verify(&p.client, &p.server, 28);
            sign_and_verify(&p.server, &p.client, 28);
        }
        api_release(&p);
    }
}

/* --- Negotiate ----------------------------------------------------------------------------- */

/* With a ticket Kerberos; an account of the server's own has NTLM, since no KDC knows it. */
static void
test_negotiate__uses_kerberos_where_there_is_a_ticket(void **state)
{
    SecPkgContext_NegotiationInfoA info;
    struct api_pair p;

    establish(&p, "Negotiate", PROTECTED, 0);
    assert_packages(&p.client);
    api_release(&p);
    assert_int_equal(api_acquire(&p, "Negotiate", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_establish(&p, PROTECTED, 0), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_NEGOTIATION_INFO, &info),
                     SEC_E_OK);
    assert_string_equal(info.PackageInfo->Name, "NTLM");
    assert_int_equal(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
    api_release(&p);
}

/* --- refusals ------------------------------------------------------------------------------ */

/* One leg of a client for a target; the token stays in room. */
static SECURITY_STATUS
ask(struct api_pair *p, const char *target, uint8_t room[static API_TOKEN_BYTES], ULONG *n)
{
    SecBuffer out = { API_TOKEN_BYTES, SECBUFFER_TOKEN, room };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &out };
    SECURITY_STATUS status = InitializeSecurityContextA(&p->client_cred, NULL, API_NAME(target), 0,
                                                        0, SECURITY_NATIVE_DREP, NULL, 0,
                                                        &p->client, &d, &p->client_flags, NULL);

    p->have_client = status >= 0;
    *n = out.cbBuffer;
    return status;
}

static SECURITY_STATUS
give(struct api_pair *p, uint8_t *token, ULONG n, ULONG request, CtxtHandle *fresh)
{
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer in = { n, SECBUFFER_TOKEN, token }, out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc from = { SECBUFFER_VERSION, 1, &in }, to = { SECBUFFER_VERSION, 1, &out };

    return AcceptSecurityContext(&p->server_cred, NULL, &from, request, SECURITY_NATIVE_DREP, fresh,
                                 &to, &p->server_flags, NULL);
}

static void
test_client__targets_without_a_ticket(void **state)
{
    static const struct {
        const char *target;
        SECURITY_STATUS expected;
    } table[] = {
        { NULL, SEC_E_TARGET_UNKNOWN },
        { "", SEC_E_TARGET_UNKNOWN },
        /* There is no KDC to ask. */
        { "HTTP/other.domain.test", SEC_E_NO_CREDENTIALS },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint8_t room[API_TOKEN_BYTES];
        struct api_pair p;
        SECURITY_STATUS status;
        ULONG n;

        assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
        status = ask(&p, table[i].target, room, &n);
        if (status != table[i].expected) {
            fail_msg("%s: %s, %s", table[i].target, OpenSspiStatusName(status), OpenSspiReason());
        }
        api_release(&p);
    }
}

static void
test_client__without_a_cache_has_no_credentials(void **state)
{
    uint8_t room[API_TOKEN_BYTES];
    SecPkgCredentials_NamesA names;
    struct api_pair p;
    ULONG n;

    demo_realm_write_cache(0, 0);
    assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
    assert_int_equal(QueryCredentialsAttributesA(&p.client_cred, SECPKG_CRED_ATTR_NAMES, &names),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(ask(&p, DEMO_SERVICE, room, &n), SEC_E_NO_CREDENTIALS);
    /* A ticket that comes later is seen. */
    demo_realm_write_cache(KRB_AES256_SHA1, USUAL_FLAGS);
    assert_int_equal(ask(&p, DEMO_SERVICE, room, &n), SEC_E_OK);
    api_release(&p);
}

static void
test_server__same_token_twice_is_refused(void **state)
{
    uint8_t room[API_TOKEN_BYTES];
    CtxtHandle first, second;
    struct api_pair p;
    ULONG n;

    assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
    assert_int_equal(ask(&p, DEMO_SERVICE, room, &n), SEC_E_OK);
    assert_int_equal(give(&p, room, n, 0, &first), SEC_E_OK);
    assert_int_equal(give(&p, room, n, 0, &second), SEC_E_LOGON_DENIED);
    assert_int_equal(DeleteSecurityContext(&first), SEC_E_OK);
    api_release(&p);
}

/* The memory of what was seen outlives the configuration, where both say the same of it; and where
 * they do not, what came before is refused for its time. */
static void
test_server__a_token_from_before_another_configuration__is_refused(void **state)
{
    static const struct {
        const char *kerberos, *why;
        SECURITY_STATUS status;
    } table[] = {
        { "", "replay of", SEC_E_LOGON_DENIED },
        { "replay_capacity = 2000\n", "before the time", SEC_E_TIME_SKEW },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint8_t room[API_TOKEN_BYTES];
        CtxtHandle first, second;
        struct api_pair old, fresh;
        ULONG n;

        assert_int_equal(load_with(""), 0);
        assert_int_equal(acquire(&old, "Kerberos"), SEC_E_OK);
        assert_int_equal(ask(&old, DEMO_SERVICE, room, &n), SEC_E_OK);
        assert_int_equal(give(&old, room, n, 0, &first), SEC_E_OK);
        assert_int_equal(load_with(table[i].kerberos), 0);
        assert_int_equal(acquire(&fresh, "Kerberos"), SEC_E_OK);
        assert_int_equal(give(&fresh, room, n, 0, &second), table[i].status);
        if (!strstr(OpenSspiReason(), table[i].why)) {
            fail_msg("%s", OpenSspiReason());
        }
        assert_int_equal(DeleteSecurityContext(&first), SEC_E_OK);
        api_release(&old);
        api_release(&fresh);
    }
    assert_int_equal(load_with(""), 0);
}

/* A credential's own options: one listener's keytab, principal and PAC policy. */
static void
test_server__options_of_a_credential__hold_for_it_alone(void **state)
{
    static const struct {
        OPENSSPI_OPTION option;
        bool good;
    } table[] = {
        { { "keytab", "FILE:/nonexistent/keytab" }, false },
        { { "principal", "HTTP/other.domain.test" }, false },
        { { "principal", DEMO_SERVICE }, true },
        { { "pac", "required" }, false }, /* the ticket has none */
        { { "pac", "ignore" }, true },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct api_pair p;

        assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&p.server_cred), SEC_E_OK);
        assert_int_equal(OpenSspiAcquireCredentialsHandle("Kerberos", SECPKG_CRED_INBOUND, NULL,
                                                          &table[i].option, 1, NULL, 0,
                                                          &p.server_cred, NULL),
                         SEC_E_OK);
        if ((api_establish(&p, 0, 0) == SEC_E_OK) != table[i].good) {
            fail_msg("%s = %s: %s", table[i].option.pszName, table[i].option.pszValue,
                     OpenSspiReason());
        }
        api_release(&p);
    }
}

/* The keytab is read anew when it changes; what is wrong with it is told with each refusal. */
static void
test_server__keytab_that_changes(void **state)
{
    uint8_t room[API_TOKEN_BYTES];
    CtxtHandle context;
    struct api_pair p;
    ULONG n;

    demo_realm_write_keytab(DEMO_KVNO + 1);
    assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
    assert_int_equal(ask(&p, DEMO_SERVICE, room, &n), SEC_E_OK);
    assert_true(give(&p, room, n, 0, &context) < 0);
    if (!strstr(OpenSspiReason(), "kvno")) {
        fail_msg("%s", OpenSspiReason());
    }
    api_release(&p);
    demo_realm_write_keytab(DEMO_KVNO);
    establish(&p, "Kerberos", 0, 0);
    api_release(&p);
}

/* A keytab that was configured is taken as it is: the operator hears of it from each accept. */
static void
test_server__configured_keytab_that_is_missing(void **state)
{
    uint8_t room[API_TOKEN_BYTES];
    CtxtHandle context;
    struct api_pair p;
    ULONG n;

    demo_realm_write_keytab(0);
    assert_int_equal(acquire(&p, "Kerberos"), SEC_E_OK);
    assert_int_equal(OpenSspiCheckService(&p.server_cred, NULL), SEC_E_NO_CREDENTIALS);
    assert_int_equal(ask(&p, DEMO_SERVICE, room, &n), SEC_E_OK);
    assert_int_equal(give(&p, room, n, 0, &context), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(OpenSspiReason(), "keytab"));
    api_release(&p);
    demo_realm_write_keytab(DEMO_KVNO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_package__has_windows_values),
        cmocka_unit_test(test_flags__each_request_is_granted_to_both_as_the_table_says),
        cmocka_unit_test(test_flags__what_there_is_not_is_refused),
        cmocka_unit_test(test_flags__delegation_that_fails_is_told),
        cmocka_unit_test(test_attributes__of_an_established_context),
        cmocka_unit_test(test_attributes__sizes_and_keys_of_each_encryption_type),
        cmocka_unit_test(test_credential__names_its_principal),
        cmocka_unit_test(test_logon__tells_of_the_ticket),
        cmocka_unit_test(test_messages__both_ways_come_through),
        cmocka_unit_test(test_negotiate__uses_kerberos_where_there_is_a_ticket),
        cmocka_unit_test(test_client__targets_without_a_ticket),
        cmocka_unit_test(test_client__without_a_cache_has_no_credentials),
        cmocka_unit_test(test_server__same_token_twice_is_refused),
        cmocka_unit_test(test_server__a_token_from_before_another_configuration__is_refused),
        cmocka_unit_test(test_server__options_of_a_credential__hold_for_it_alone),
        cmocka_unit_test(test_server__keytab_that_changes),
        cmocka_unit_test(test_server__configured_keytab_that_is_missing),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
