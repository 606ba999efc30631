/* SPDX-License-Identifier: Apache-2.0 */
/* What each package says of itself, done: a flag that is claimed stands for something that can be done
 * here, and what can be done is claimed, but for what Windows leaves out (docs/decisions/0034). */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <opensspi/opensspi.h>
#include <opensspi/security.h>

#include "tests/support/api_pair.h"
#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"

static const struct package {
    const char *name;
    bool password; /* else Alice's ticket */
    ULONG max_token;
} packages[] = {
    { "Kerberos", false, 48000 },
    { "NTLM", true, 2888 },
    { "Negotiate", false, 48256 },
};
enum { KERBEROS = 1, NTLM = 2, NEGOTIATE = 4, N_PACKAGES = 3, DATA_BYTES = 32 };

/* Alice, whose ticket has no PAC, is an account of this system. */
int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *room, size_t n,
                      struct passwd **found);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n);

int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *room, size_t n,
                  struct passwd **found)
{
    *found = NULL;
    if (strcmp(name, "alice") == 0) {
        (void)snprintf(room, n, "%s", name);
        *entry = (struct passwd){ .pw_name = room, .pw_uid = 12345, .pw_gid = 12345 };
        *found = entry;
    }
    return 0;
}

int
__wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n)
{
    groups[0] = group;
    *n = 1;
    return 1;
}

static bool
acquire(struct api_pair *p, const char *package, bool password)
{
    if (password) {
        return api_acquire(p, package, "demo", "DOMAIN", "Passw0rd!") == SEC_E_OK;
    }
    memset(p, 0, sizeof(*p));
    return AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_OUTBOUND, NULL, NULL,
                                     NULL, NULL, &p->client_cred, NULL) == SEC_E_OK &&
           AcquireCredentialsHandleA(NULL, API_NAME(package), SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                     NULL, &p->server_cred, NULL) == SEC_E_OK;
}

/* Release p also where it fails. */
static bool
establish(struct api_pair *p, const struct package *k, ULONG client, ULONG server)
{
    assert_true(acquire(p, k->name, k->password));
    return api_establish(p, client, server) == SEC_E_OK;
}

/* --- messages ------------------------------------------------------------------------------ */

enum { PROTECTED = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT };

struct message {
    uint8_t token[256], header[DATA_BYTES], data[DATA_BYTES];
    SecBuffer b[3];
    SecBufferDesc desc;
};

/* Room for a token, a header that is covered and not sealed, and data. */
static void
compose(struct message *m, struct api_pair *p)
{
    SecPkgContext_Sizes sizes;

    assert_int_equal(QueryContextAttributesA(&p->client, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_true(sizes.cbSecurityTrailer <= sizeof(m->token));
    memset(m, 'x', sizeof(*m));
    m->b[0] = (SecBuffer){ sizes.cbSecurityTrailer, SECBUFFER_TOKEN, m->token };
    m->b[1] =
        (SecBuffer){ DATA_BYTES, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, m->header };
    m->b[2] = (SecBuffer){ DATA_BYTES, SECBUFFER_DATA, m->data };
    m->desc = (SecBufferDesc){ SECBUFFER_VERSION, 3, m->b };
}

static bool
is_plain(const uint8_t *data)
{
    static const uint8_t plain[DATA_BYTES] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    return memcmp(data, plain, DATA_BYTES) == 0;
}

static bool
can_sign(const struct package *k)
{
    struct api_pair p;
    struct message m;
    bool good = establish(&p, k, PROTECTED, 0);

    compose(&m, &p);
    good = good && MakeSignature(&p.client, 0, &m.desc, 0) == SEC_E_OK && is_plain(m.data) &&
           VerifySignature(&p.server, &m.desc, 0, NULL) == SEC_E_OK;
    compose(&m, &p);
    good = good && MakeSignature(&p.client, 0, &m.desc, 0) == SEC_E_OK;
    m.data[0] ^= 1;
    good = good && VerifySignature(&p.server, &m.desc, 0, NULL) == SEC_E_MESSAGE_ALTERED;
    api_release(&p);
    return good;
}

static bool
can_seal(const struct package *k)
{
    struct api_pair p;
    struct message m;
    bool good = establish(&p, k, PROTECTED, 0);

    compose(&m, &p);
    good = good && EncryptMessage(&p.client, 0, &m.desc, 0) == SEC_E_OK && !is_plain(m.data) &&
           DecryptMessage(&p.server, &m.desc, 0, NULL) == SEC_E_OK && is_plain(m.data);
    api_release(&p);
    return good;
}

static bool
can_cover_what_it_does_not_seal(const struct package *k)
{
    struct api_pair p;
    struct message m;
    bool good = establish(&p, k, PROTECTED, 0);

    compose(&m, &p);
    good = good && EncryptMessage(&p.client, 0, &m.desc, 0) == SEC_E_OK && is_plain(m.header);
    m.header[0] ^= 1;
    good = good && DecryptMessage(&p.server, &m.desc, 0, NULL) == SEC_E_MESSAGE_ALTERED;
    api_release(&p);
    return good;
}

/* One after the other, numbered by the package. */
static bool
can_keep_a_connection(const struct package *k)
{
    struct api_pair p;
    struct message m;
    bool good = establish(&p, k, PROTECTED, 0);

    for (int i = 0; i < 3; i++) {
        compose(&m, &p);
        good = good && EncryptMessage(&p.client, 0, &m.desc, 0) == SEC_E_OK &&
               DecryptMessage(&p.server, &m.desc, 0, NULL) == SEC_E_OK;
    }
    api_release(&p);
    return good;
}

/* --- handshakes ---------------------------------------------------------------------------- */

static bool
can_do_with_tokens_alone(const struct package *k)
{
    struct api_pair p;
    bool good = establish(&p, k, 0, 0);

    api_release(&p);
    return good;
}

static bool
can_do_datagrams(const struct package *k)
{
    struct api_pair p;
    bool good = establish(&p, k, ISC_REQ_DATAGRAM | ISC_REQ_INTEGRITY, ASC_REQ_DATAGRAM) &&
                (p.client_flags & ISC_RET_DATAGRAM) && (p.server_flags & ASC_RET_DATAGRAM);

    api_release(&p);
    return good;
}

static bool
takes_several_legs(const struct package *k)
{
    struct api_pair p;
    bool good = establish(&p, k, ISC_REQ_MUTUAL_AUTH, 0) && p.legs > 0;

    api_release(&p);
    return good;
}

static bool
authenticates_both(const struct package *k)
{
    struct api_pair p;
    bool good = establish(&p, k, ISC_REQ_MUTUAL_AUTH, 0) &&
                (p.client_flags & ISC_RET_MUTUAL_AUTH) && (p.server_flags & ASC_RET_MUTUAL_AUTH);

    api_release(&p);
    return good;
}

/* There is no KDC here to forward a ticket, which is what it then says; that one is forwarded and
 * used is for tests/peers/test_kerberos_sspi.py. */
static bool
tries_to_delegate(const struct package *k)
{
    POPENSSPI_NEGOTIATION n = NULL;
    struct api_pair p;
    bool good = establish(&p, k, ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE, 0) &&
                OpenSspiQueryNegotiation(&p.client, &n) == SEC_E_OK && n->DelegationRefused[0];

    (void)FreeContextBuffer(n);
    api_release(&p);
    return good;
}

static SECURITY_STATUS
accept_one(struct api_pair *p, uint8_t *token, ULONG n, ULONG *answered)
{
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer in = { n, SECBUFFER_TOKEN, token }, out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    CtxtHandle context = { 0 };
    SECURITY_STATUS status;
    ULONG flags;

    assert_int_equal(OpenSspiCreateContext(&p->server_cred, SECPKG_CRED_INBOUND, &context),
                     SEC_E_OK);
    status = AcceptSecurityContext(&p->server_cred, &context, &in_desc, ASC_REQ_EXTENDED_ERROR, 0,
                                   &context, &out_desc, &flags, NULL);
    *answered = out.cbBuffer;
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    return status;
}

static ULONG
first_token(struct api_pair *p, uint8_t room[static API_TOKEN_BYTES])
{
    SecBuffer out = { API_TOKEN_BYTES, SECBUFFER_TOKEN, room };
    SecBufferDesc desc = { SECBUFFER_VERSION, 1, &out };
    ULONG flags;

    assert_true(InitializeSecurityContextA(&p->client_cred, NULL, API_NAME(DEMO_SERVICE),
                                           ISC_REQ_MUTUAL_AUTH, 0, 0, NULL, 0, &p->client, &desc,
                                           &flags, NULL) >= 0);
    p->have_client = 1;
    return out.cbBuffer;
}

/* A ticket that is shown twice; to NTLM, what is no message. */
static bool
tells_the_peer_what_is_wrong(const struct package *k)
{
    uint8_t token[API_TOKEN_BYTES];
    struct api_pair p;
    ULONG n, answered = 0;
    SECURITY_STATUS status;

    assert_true(acquire(&p, k->name, k->password));
    n = first_token(&p, token);
    status = accept_one(&p, token, n, &answered);
    assert_true(status >= 0);
    token[8] ^= k->password ? 0x7F : 0;
    status = accept_one(&p, token, n, &answered);
    assert_true(status < 0);
    api_release(&p);
    return answered > 0;
}

/* RFC 2743 3.1: [APPLICATION 0] and an object identifier. */
static bool
frames_its_tokens(const struct package *k)
{
    uint8_t token[API_TOKEN_BYTES];
    struct api_pair p;
    bool framed;

    assert_true(acquire(&p, k->name, k->password));
    framed = first_token(&p, token) > 2 && token[0] == 0x60;
    api_release(&p);
    return framed;
}

static bool
can_be_negotiated(const struct package *k)
{
    SecPkgContext_PackageInfoA info;
    struct api_pair p;
    bool good;

    assert_true(acquire(&p, "Negotiate", k->password));
    good = api_establish(&p, 0, 0) == SEC_E_OK &&
           QueryContextAttributesA(&p.server, SECPKG_ATTR_PACKAGE_INFO, &info) == SEC_E_OK;
    if (good) {
        good = strcmp(info.PackageInfo->Name, k->name) == 0 || strcmp(k->name, "Negotiate") == 0;
        (void)FreeContextBuffer(info.PackageInfo);
    }
    api_release(&p);
    return good;
}

/* --- identities ---------------------------------------------------------------------------- */

static bool
lets_a_server_act_as_its_client(const struct package *k)
{
    POPENSSPI_TOKEN t = NULL;
    HANDLE token = NULL;
    struct api_pair p;
    bool good = establish(&p, k, 0, 0) &&
                QuerySecurityContextToken(&p.server, &token) == SEC_E_OK &&
                OpenSspiQueryToken(token, &t) == SEC_E_OK && t->Level == 2 && !t->Anonymous;

    (void)FreeContextBuffer(t);
    (void)OpenSspiCloseToken(token);
    api_release(&p);
    return good;
}

static bool
takes_names_of_windows(const struct package *k)
{
    SEC_WINNT_AUTH_IDENTITY_A id = { .User = (unsigned char *)API_NAME("DOMAIN\\carol"),
                                     .UserLength = 12,
                                     .Password = (unsigned char *)API_NAME("x"),
                                     .PasswordLength = 1,
                                     .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };
    SecPkgCredentials_NamesA names;
    CredHandle h;
    bool good;

    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME(k->name), SECPKG_CRED_OUTBOUND, NULL,
                                               &id, NULL, NULL, &h, NULL),
                     SEC_E_OK);
    assert_int_equal(QueryCredentialsAttributesA(&h, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK);
    good = strcmp(names.sUserName, "carol@" DEMO_REALM) == 0 ||
           strcmp(names.sUserName, "DOMAIN\\carol") == 0;
    (void)FreeContextBuffer(names.sUserName);
    (void)FreeCredentialsHandle(&h);
    return good;
}

static bool
logs_on(const struct package *k)
{
    POPENSSPI_LOGON logon = NULL;
    bool good = OpenSspiLogonPasswordA("demo", "DOMAIN", "Passw0rd!", &logon) == SEC_E_OK;

    (void)FreeContextBuffer(logon);
    return good;
}

static bool
has_streams(const struct package *k)
{
    SecPkgContext_StreamSizes sizes;
    struct api_pair p;
    bool good = establish(&p, k, PROTECTED, 0) &&
                QueryContextAttributesA(&p.client, SECPKG_ATTR_STREAM_SIZES, &sizes) == SEC_E_OK;

    api_release(&p);
    return good;
}

/* --- flag by flag -------------------------------------------------------------------------- */

#define FLAG(name) SECPKG_FLAG_##name, #name

static const struct capability {
    ULONG flag;
    const char *name;
    bool (*can)(const struct package *); /* NULL: nobody here */
    unsigned unsaid;                     /* of whom Windows does not say it */
} capabilities[] = {
    { FLAG(INTEGRITY), can_sign, 0 },
    { FLAG(PRIVACY), can_seal, 0 },
    { FLAG(TOKEN_ONLY), can_do_with_tokens_alone, NEGOTIATE },
    { FLAG(DATAGRAM), can_do_datagrams, NTLM },
    { FLAG(CONNECTION), can_keep_a_connection, 0 },
    { FLAG(MULTI_REQUIRED), takes_several_legs, 0 },
    { FLAG(CLIENT_ONLY), NULL, 0 },
    { FLAG(EXTENDED_ERROR), tells_the_peer_what_is_wrong, 0 },
    { FLAG(IMPERSONATION), lets_a_server_act_as_its_client, 0 },
    { FLAG(ACCEPT_WIN32_NAME), takes_names_of_windows, 0 },
    { FLAG(STREAM), has_streams, 0 },
    { FLAG(NEGOTIABLE), can_be_negotiated, 0 },
    { FLAG(GSS_COMPATIBLE), frames_its_tokens, 0 },
    { FLAG(LOGON), logs_on, 0 },
    { FLAG(ASCII_BUFFERS), NULL, 0 },
    { FLAG(FRAGMENT), NULL, 0 },
    { FLAG(MUTUAL_AUTH), authenticates_both, NEGOTIATE },
    { FLAG(DELEGATION), tries_to_delegate, NEGOTIATE },
    { FLAG(READONLY_WITH_CHECKSUM), can_cover_what_it_does_not_seal, 0 },
    { FLAG(RESTRICTED_TOKENS), NULL, 0 },
    { FLAG(NEGO_EXTENDER), NULL, 0 },
    { FLAG(NEGOTIABLE2), NULL, 0 },
    { FLAG(APPCONTAINER_PASSTHROUGH), NULL, 0 },
    { FLAG(APPCONTAINER_CHECKS), NULL, 0 },
    { FLAG(CREDENTIAL_ISOLATION_ENABLED), NULL, 0 },
    { FLAG(APPLY_LOOPBACK), NULL, 0 },
};
enum { N_CAPABILITIES = sizeof(capabilities) / sizeof(capabilities[0]) };

static void
test_capabilities__each_that_is_claimed_can_be_done_and_the_reverse(void **state)
{
    for (size_t i = 0; i < N_PACKAGES; i++) {
        PSecPkgInfoA info;

        assert_int_equal(QuerySecurityPackageInfoA(API_NAME(packages[i].name), &info), SEC_E_OK);
        for (size_t k = 0; k < N_CAPABILITIES; k++) {
            const struct capability *c = &capabilities[k];
            bool claims = info->fCapabilities & c->flag;
            bool can = c->can && c->can(&packages[i]);

            if (c->unsaid & (1u << i)) {
                assert_true(can && !claims);
            } else if (claims != can) {
                fail_msg("%s %s %s and %s", packages[i].name, claims ? "claims" : "does not claim",
                         c->name, can ? "can" : "cannot");
            }
        }
        assert_int_equal(FreeContextBuffer(info), SEC_E_OK);
    }
}

/* Nobody can add a flag and forget it here. */
static void
test_capabilities__of_the_header_are_all_here(void **state)
{
    static const char start[] = "#define SECPKG_FLAG_";
    char line[256];
    size_t n = 0;
    FILE *f;

    (void)snprintf(line, sizeof(line), "%s/include/opensspi/sspi_constants.h",
                   getenv("OPENSSPI_TEST_DATA"));
    f = fopen(line, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        const char *name = line + sizeof(start) - 1;

        if (strncmp(line, start, sizeof(start) - 1) == 0) {
            assert_true(n < N_CAPABILITIES);
            assert_int_equal(strlen(capabilities[n].name), strcspn(name, " "));
            assert_memory_equal(name, capabilities[n].name, strcspn(name, " "));
            n++;
        }
    }
    (void)fclose(f);
    assert_int_equal(n, N_CAPABILITIES);
}

/* The same values by each way to ask, and in both widths. */
static void
test_packages__say_the_same_however_they_are_asked(void **state)
{
    PSecPkgInfoA all, one;
    PSecPkgInfoW wide;
    ULONG n;

    assert_int_equal(EnumerateSecurityPackagesA(&n, &all), SEC_E_OK);
    assert_int_equal(n, N_PACKAGES);
    assert_int_equal(EnumerateSecurityPackagesW(&n, &wide), SEC_E_OK);
    for (ULONG i = 0; i < n; i++) {
        assert_int_equal(QuerySecurityPackageInfoA(all[i].Name, &one), SEC_E_OK);
        assert_int_equal(one->fCapabilities, all[i].fCapabilities);
        assert_int_equal(one->cbMaxToken, all[i].cbMaxToken);
        assert_int_equal(wide[i].fCapabilities, all[i].fCapabilities);
        assert_int_equal(wide[i].cbMaxToken, all[i].cbMaxToken);
        for (size_t k = 0; k < N_PACKAGES; k++) {
            if (strcmp(packages[k].name, one->Name) == 0) {
                assert_int_equal(one->cbMaxToken, packages[k].max_token);
            }
        }
        assert_int_equal(FreeContextBuffer(one), SEC_E_OK);
    }
    assert_int_equal(FreeContextBuffer(all), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(wide), SEC_E_OK);
}

/* --- cbMaxToken ---------------------------------------------------------------------------- */

/* An exchange in buffers of exactly that size. */
static SECURITY_STATUS
converse_within(struct api_pair *p, ULONG max_token)
{
    static uint8_t rooms[2][65536];
    SecBuffer in = { 0 }, out = { 0 };
    SecBufferDesc in_desc = { SECBUFFER_VERSION, 1, &in },
                  out_desc = { SECBUFFER_VERSION, 1, &out };
    ULONG flags;

    do {
        out = (SecBuffer){ max_token, SECBUFFER_TOKEN, rooms[0] };
        p->client_status = InitializeSecurityContextA(
            &p->client_cred, p->have_client ? &p->client : NULL, API_NAME(DEMO_SERVICE),
            PROTECTED | ISC_REQ_MUTUAL_AUTH, 0, 0, p->have_client ? &in_desc : NULL, 0, &p->client,
            &out_desc, &flags, NULL);
        p->have_client = p->have_client || p->client_status >= 0;
        if (p->client_status < 0 || out.cbBuffer == 0) {
            return p->client_status;
        }
        in = (SecBuffer){ out.cbBuffer, SECBUFFER_TOKEN, rooms[0] };
        out = (SecBuffer){ max_token, SECBUFFER_TOKEN, rooms[1] };
        p->server_status =
            AcceptSecurityContext(&p->server_cred, p->have_server ? &p->server : NULL, &in_desc, 0,
                                  0, &p->server, &out_desc, &flags, NULL);
        p->have_server = p->have_server || p->server_status >= 0;
        in = (SecBuffer){ out.cbBuffer, SECBUFFER_TOKEN, rooms[1] };
    } while (p->server_status >= 0 && p->client_status == SEC_I_CONTINUE_NEEDED);
    return p->server_status;
}

/* The longest name and password that an identity may have. */
static void
test_max_token__is_room_enough(void **state)
{
    char user[257], domain[16];
    SEC_WINNT_AUTH_IDENTITY_A id = { .User = (unsigned char *)user,
                                     .UserLength = 256,
                                     .Domain = (unsigned char *)domain,
                                     .DomainLength = 15,
                                     .Password = (unsigned char *)user,
                                     .PasswordLength = 256,
                                     .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI };

    memset(user, 'u', sizeof(user));
    memset(domain, 'D', sizeof(domain));
    for (size_t i = 0; i < N_PACKAGES; i++) {
        bool ntlm = packages[i].password;
        struct api_pair p;

        assert_true(acquire(&p, packages[i].name, ntlm));
        if (ntlm) {
            assert_int_equal(FreeCredentialsHandle(&p.client_cred), SEC_E_OK);
            assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME(packages[i].name),
                                                       SECPKG_CRED_OUTBOUND, NULL, &id, NULL, NULL,
                                                       &p.client_cred, NULL),
                             SEC_E_OK);
        }
        /* Nobody of that name is here: the tokens went to and fro. */
        assert_int_equal(converse_within(&p, packages[i].max_token),
                         ntlm ? SEC_E_LOGON_DENIED : SEC_E_OK);
        api_release(&p);
    }
}

/* --- set up -------------------------------------------------------------------------------- */

static int
load(void **state)
{
    char extra[256];
    const char *file;

    demo_realm_make();
    (void)snprintf(extra, sizeof(extra),
                   "[policy]\nimpersonate_bare_name = yes\n[kerberos]\nkeytab = %s\n",
                   demo_realm_keytab());
    file = demo_store_make("DOMAIN", "demo", "Passw0rd!", extra);
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities__of_the_header_are_all_here),
        cmocka_unit_test(test_capabilities__each_that_is_claimed_can_be_done_and_the_reverse),
        cmocka_unit_test(test_packages__say_the_same_however_they_are_asked),
        cmocka_unit_test(test_max_token__is_room_enough),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
