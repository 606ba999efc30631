/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of contexts: what they say per package, their handles, and who has none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pwd.h>
#include <unistd.h>

#include <opensspi/opensspi.h>

#include "tests/support/alloc_fail.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_realm.h"
#include "tests/support/demo_store.h"

static char own_name[64];

static int
load(void **state)
{
    const struct passwd *own = getpwuid(geteuid());
    char extra[512];
    const char *file;

    (void)snprintf(own_name, sizeof(own_name), "%s", own ? own->pw_name : "?");
    demo_realm_make();
    (void)snprintf(extra, sizeof(extra), "[policy]\nanonymous = yes\n[kerberos]\nkeytab = %s\n",
                   demo_realm_keytab());
    file = demo_store_make("DOMAIN", "demo", "Passw0rd!", extra);
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static void
establish(struct api_pair *p, const char *package, const char *user, ULONG flags)
{
    assert_int_equal(
        api_acquire(p, package, user, user[0] ? "DOMAIN" : "", user[0] ? "Passw0rd!" : ""),
        SEC_E_OK);
    if (api_establish(p, flags, user[0] ? 0 : ASC_REQ_ALLOW_NULL_SESSION) != SEC_E_OK) {
        fail_msg("%s", OpenSspiReason());
    }
}

static POPENSSPI_TOKEN
query(HANDLE token)
{
    POPENSSPI_TOKEN t = NULL;

    assert_int_equal(OpenSspiQueryToken(token, &t), SEC_E_OK);
    return t;
}

static bool
has_group(const OPENSSPI_TOKEN *t, const char *sid, const char *name, ULONG attributes)
{
    for (ULONG i = 0; i < t->GroupCount; i++) {
        if (strcmp(t->GroupSids[i], sid) == 0) {
            return strcmp(t->GroupNames[i], name) == 0 && t->GroupAttributes[i] == attributes;
        }
    }
    return false;
}

static bool
has_named(const OPENSSPI_TOKEN *t, const char *domain, const char *name)
{
    for (ULONG i = 0; i < t->GroupCount; i++) {
        if (strcmp(t->GroupNames[i], name) == 0 && strcmp(t->GroupDomains[i], domain) == 0) {
            return strncmp(t->GroupSids[i], t->UserSid, strrchr(t->UserSid, '-') - t->UserSid) == 0;
        }
    }
    return false;
}

static void
test_token__of_ntlm(void **state)
{
    static const char *const packages[] = { "NTLM", "Negotiate" };

    for (size_t i = 0; i < 2; i++) {
        struct api_pair p;
        POPENSSPI_TOKEN t;
        HANDLE token, again;

        establish(&p, packages[i], "demo", 0);
        assert_int_equal(QuerySecurityContextToken(&p.server, &token), SEC_E_OK);
        assert_int_equal(QuerySecurityContextToken(&p.server, &again), SEC_E_OK);
        assert_true(token != again);
        assert_true((uintptr_t)token > UINT32_MAX && (uintptr_t)token % 4 == 0);
        assert_int_equal(OpenSspiCloseToken(again), SEC_E_OK);
        t = query(token);
        assert_int_equal(t->Type, OPENSSPI_TOKEN_IMPERSONATION);
        assert_int_equal(t->Level, 2);
        assert_string_equal(t->UserName, "demo");
        assert_string_equal(t->DomainName, "DOMAIN");
        assert_string_equal(t->PackageName, "NTLM");
        assert_string_equal(t->UnixUser, "");
        assert_true(strncmp(t->UserSid, "S-1-5-21-", 9) == 0);
        assert_true(has_named(t, "DOMAIN", "staff"));
        assert_true(has_named(t, "DOMAIN", "night shift"));
        assert_true(has_group(t, "S-1-1-0", "Everyone", 7));
        assert_true(has_group(t, "S-1-5-2", "NETWORK", 7));
        assert_true(has_group(t, "S-1-5-11", "Authenticated Users", 7));
        assert_true(has_group(t, "S-1-5-64-10", "NTLM Authentication", 7));
        assert_true(strncmp(t->GroupSids[t->LogonGroup], "S-1-5-5-", 8) == 0);
        assert_true(t->LogonId.HighPart > 0);
        assert_false(t->Anonymous);
        assert_int_equal(FreeContextBuffer(t), SEC_E_OK);
        assert_int_equal(OpenSspiCloseToken(token), SEC_E_OK);
        api_release(&p);
    }
}

/* One logon, one id; one token, one id. */
static void
test_token__ids(void **state)
{
    struct api_pair p, q;
    HANDLE handles[4];
    POPENSSPI_TOKEN t[4];

    establish(&p, "NTLM", "demo", 0);
    establish(&q, "NTLM", "demo", 0);
    assert_int_equal(QuerySecurityContextToken(&p.server, &handles[0]), SEC_E_OK);
    assert_int_equal(QuerySecurityContextToken(&p.server, &handles[1]), SEC_E_OK);
    assert_int_equal(
        OpenSspiDuplicateToken(handles[0], OPENSSPI_TOKEN_IMPERSONATION, 1, &handles[2]), SEC_E_OK);
    assert_int_equal(QuerySecurityContextToken(&q.server, &handles[3]), SEC_E_OK);
    for (int i = 0; i < 4; i++) {
        t[i] = query(handles[i]);
        assert_int_equal(OpenSspiCloseToken(handles[i]), SEC_E_OK);
    }
    assert_int_equal(t[0]->LogonId.LowPart, t[1]->LogonId.LowPart);
    assert_int_equal(t[0]->LogonId.LowPart, t[2]->LogonId.LowPart);
    assert_int_not_equal(t[0]->LogonId.LowPart, t[3]->LogonId.LowPart);
    assert_int_equal(t[0]->TokenId.LowPart, t[1]->TokenId.LowPart);
    assert_int_not_equal(t[0]->TokenId.LowPart, t[2]->TokenId.LowPart);
    assert_int_equal(t[2]->Level, 1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(FreeContextBuffer(t[i]), SEC_E_OK);
    }
    api_release(&p);
    api_release(&q);
}

static void
test_token__levels(void **state)
{
    struct api_pair p;
    POPENSSPI_TOKEN t;
    HANDLE token;

    establish(&p, "NTLM", "demo", ISC_REQ_IDENTIFY);
    assert_int_equal(QuerySecurityContextToken(&p.server, &token), SEC_E_OK);
    t = query(token);
    assert_int_equal(t->Level, 1);
    assert_int_equal(FreeContextBuffer(t), SEC_E_OK);
    assert_int_equal(OpenSspiImpersonateToken(token), SEC_E_NO_IMPERSONATION);
    assert_int_equal(OpenSspiCloseToken(token), SEC_E_OK);
    api_release(&p);
    establish(&p, "NTLM", "", ISC_REQ_NULL_SESSION);
    assert_int_equal(QuerySecurityContextToken(&p.server, &token), SEC_E_OK);
    t = query(token);
    assert_int_equal(t->Level, 0);
    assert_true(t->Anonymous);
    assert_string_equal(t->UserSid, "S-1-5-7");
    assert_string_equal(t->UserName, "ANONYMOUS LOGON");
    assert_string_equal(t->DomainName, "NT AUTHORITY");
    assert_false(has_group(t, "S-1-1-0", "Everyone", 7));
    assert_int_equal(FreeContextBuffer(t), SEC_E_OK);
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_NO_IMPERSONATION);
    assert_int_equal(OpenSspiCloseToken(token), SEC_E_OK);
    api_release(&p);
}

/* alice@DOMAIN.TEST has no PAC, and so no SID: she is who she maps to here, and nobody here is called
 * alice. */
static void
test_token__of_a_ticket_without_a_pac(void **state)
{
    struct api_pair p = { 0 };
    HANDLE token = NULL;

    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("Kerberos"), SECPKG_CRED_OUTBOUND,
                                               NULL, NULL, NULL, NULL, &p.client_cred, NULL),
                     SEC_E_OK);
    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("Kerberos"), SECPKG_CRED_INBOUND,
                                               NULL, NULL, NULL, NULL, &p.server_cred, NULL),
                     SEC_E_OK);
    assert_int_equal(api_establish(&p, 0, 0), SEC_E_OK);
    assert_int_equal(QuerySecurityContextToken(&p.server, &token), SEC_E_NO_IMPERSONATION);
    assert_non_null(strstr(OpenSspiReason(), "alice"));
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_NO_IMPERSONATION);
    assert_null(token);
    api_release(&p);
}

static void
test_token__who_has_none(void **state)
{
    struct api_pair p;
    HANDLE token = NULL;
    CtxtHandle half;

    establish(&p, "NTLM", "demo", 0);
    assert_int_equal(QuerySecurityContextToken(&p.client, &token), SEC_E_NO_IMPERSONATION);
    assert_int_equal(QuerySecurityContextToken(&p.server, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(QuerySecurityContextToken(&p.server_cred, &token), SEC_E_INVALID_HANDLE);
    assert_int_equal(QuerySecurityContextToken(NULL, &token), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiCreateContext(&p.server_cred, SECPKG_CRED_INBOUND, &half), SEC_E_OK);
    assert_int_equal(QuerySecurityContextToken(&half, &token), SEC_E_INVALID_HANDLE);
    assert_int_equal(ImpersonateSecurityContext(&half), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&half), SEC_E_OK);
    assert_null(token);
    api_release(&p);
}

static void
test_access_token__is_the_contexts(void **state)
{
    SecPkgContext_AccessToken first, second;
    struct api_pair p;
    POPENSSPI_TOKEN t;

    establish(&p, "NTLM", "demo", 0);
    assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_ACCESS_TOKEN, &first),
                     SEC_E_OK);
    assert_int_equal(QueryContextAttributesW(&p.server, SECPKG_ATTR_ACCESS_TOKEN, &second),
                     SEC_E_OK);
    assert_ptr_equal(first.AccessToken, second.AccessToken);
    t = query(first.AccessToken);
    assert_string_equal(t->UserName, "demo");
    assert_int_equal(FreeContextBuffer(t), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_ACCESS_TOKEN, &first),
                     SEC_E_NO_IMPERSONATION);
    api_release(&p);
    assert_int_equal(OpenSspiQueryToken(second.AccessToken, &t), SEC_E_INVALID_HANDLE);
}

static void
test_token_functions__given_what_is_no_token__refuse_it(void **state)
{
    static const uintptr_t garbage[] = {
        0, 4, 8, (uintptr_t)-1, (uintptr_t)-4, 0x100000001, 0x100000000, 0x4142434445464748
    };
    HANDLE out = NULL;
    POPENSSPI_TOKEN t = NULL;

    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        HANDLE h = (HANDLE)(garbage[i] ? garbage[i] : 1);

        assert_int_equal(OpenSspiCloseToken(h), SEC_E_INVALID_HANDLE);
        assert_int_equal(OpenSspiQueryToken(h, &t), SEC_E_INVALID_HANDLE);
        assert_int_equal(OpenSspiImpersonateToken(h), SEC_E_INVALID_HANDLE);
        assert_int_equal(OpenSspiDuplicateToken(h, 1, 0, &out), SEC_E_INVALID_HANDLE);
    }
    assert_int_equal(OpenSspiCloseToken(NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiOpenThreadToken(NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiOpenProcessToken(NULL), SEC_E_INVALID_PARAMETER);
    assert_null(out);
    assert_null(t);
}

static void
test_process_token__is_its_unix_user(void **state)
{
    POPENSSPI_TOKEN t, again;
    HANDLE token, copy;
    char sid[64];

    assert_int_equal(OpenSspiOpenProcessToken(&token), SEC_E_OK);
    t = query(token);
    assert_int_equal(OpenSspiOpenProcessToken(&copy), SEC_E_OK);
    again = query(copy);
    assert_int_equal(t->LogonId.LowPart, again->LogonId.LowPart);
    assert_int_not_equal(t->TokenId.LowPart, again->TokenId.LowPart);
    assert_int_equal(FreeContextBuffer(again), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(copy), SEC_E_OK);
    (void)snprintf(sid, sizeof(sid), "S-1-22-1-%u", geteuid());
    assert_int_equal(t->Type, OPENSSPI_TOKEN_PRIMARY);
    assert_string_equal(t->UserSid, sid);
    assert_string_equal(t->UserName, own_name);
    assert_string_equal(t->DomainName, "Unix User");
    assert_true(has_group(t, "S-1-5-11", "Authenticated Users", 7));
    assert_false(has_group(t, "S-1-5-2", "NETWORK", 7));
    (void)snprintf(sid, sizeof(sid), "S-1-22-2-%u", getegid());
    assert_true(has_group(t, sid, "", 7));
    assert_string_equal(t->GroupDomains[0], "Unix Group");
    assert_int_equal(FreeContextBuffer(t), SEC_E_OK);
    /* Acting as itself changes nothing, whoever it is. */
    assert_int_equal(OpenSspiDuplicateToken(token, OPENSSPI_TOKEN_IMPERSONATION, 2, &copy),
                     SEC_E_OK);
    assert_int_equal(OpenSspiImpersonateToken(copy), SEC_E_OK);
    assert_int_equal(OpenSspiImpersonateToken(NULL), SEC_E_OK);
    assert_int_equal(OpenSspiDuplicateToken(token, 3, 0, &copy), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiDuplicateToken(token, 1, 4, &copy), SEC_E_INVALID_PARAMETER);
    assert_int_equal(OpenSspiCloseToken(copy), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(token), SEC_E_OK);
}

/* --- without memory ------------------------------------------------------------------------ */

static bool
survived(SECURITY_STATUS status, bool failing)
{
    assert_true(status == SEC_E_OK || failing);
    return status == SEC_E_OK;
}

static void
ask_and_act(HANDLE token, bool failing)
{
    POPENSSPI_ACCOUNT account = NULL;
    POPENSSPI_TOKEN t = NULL;
    HANDLE copy = NULL, own = NULL, thread = NULL;

    if (survived(OpenSspiQueryToken(token, &t), failing)) {
        if (survived(OpenSspiLookupSid(t->UserSid, &account), failing)) {
            assert_int_equal(FreeContextBuffer(account), SEC_E_OK);
        }
        assert_int_equal(FreeContextBuffer(t), SEC_E_OK);
    }
    if (survived(OpenSspiLookupName("BUILTIN\\Users", &account), failing)) {
        assert_string_equal(account->Sid, "S-1-5-32-545");
        assert_int_equal(FreeContextBuffer(account), SEC_E_OK);
    }
    if (survived(OpenSspiDuplicateToken(token, OPENSSPI_TOKEN_IMPERSONATION, 1, &copy), failing)) {
        assert_int_equal(OpenSspiCloseToken(copy), SEC_E_OK);
    }
    if (survived(OpenSspiOpenProcessToken(&own), failing)) {
        if (survived(OpenSspiImpersonateToken(own), failing)) {
            if (survived(OpenSspiOpenThreadToken(&thread), failing)) {
                assert_int_equal(OpenSspiCloseToken(thread), SEC_E_OK);
            }
            (void)survived(OpenSspiImpersonateToken(own), failing); /* once more, in its place */
            assert_int_equal(OpenSspiImpersonateToken(NULL), SEC_E_OK);
        }
        assert_int_equal(OpenSspiCloseToken(own), SEC_E_OK);
    }
}

static void
make_and_ask(void *user, bool failing)
{
    SecPkgContext_AccessToken lent;
    struct api_pair p;
    HANDLE token = NULL;

    if (!survived(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), failing)) {
        return;
    }
    if (survived(api_establish(&p, 0, 0), failing)) {
        if (survived(QuerySecurityContextToken(&p.server, &token), failing)) {
            ask_and_act(token, failing);
            assert_int_equal(OpenSspiCloseToken(token), SEC_E_OK);
        }
        (void)survived(QueryContextAttributesA(&p.server, SECPKG_ATTR_ACCESS_TOKEN, &lent),
                       failing);
    }
    api_release(&p);
}

static void
test_tokens__without_memory__fail_and_leak_nothing(void **state)
{
    HANDLE thread;

    make_and_ask(NULL, false); /* the account is in the cache from here on */
    assert_true(alloc_fail_each(make_and_ask, NULL) > 40);
    assert_int_equal(OpenSspiOpenThreadToken(&thread), SEC_E_NO_IMPERSONATION);
}

/* --- other attributes ---------------------------------------------------------------------- */

static void
assert_authority(CtxtHandle *context, const char *expected)
{
    SecPkgContext_AuthorityA authority = { NULL };
    SECURITY_STATUS status = QueryContextAttributesA(context, SECPKG_ATTR_AUTHORITY, &authority);

    if (!expected) {
        assert_int_equal(status, SEC_E_UNSUPPORTED_FUNCTION);
        return;
    }
    assert_int_equal(status, SEC_E_OK);
    assert_string_equal(authority.sAuthorityName, expected);
    assert_int_equal(FreeContextBuffer(authority.sAuthorityName), SEC_E_OK);
}

static void
test_authority__of_each_package(void **state)
{
    struct api_pair p = { 0 };

    establish(&p, "NTLM", "demo", 0);
    assert_authority(&p.server, "DOMAIN");
    assert_authority(&p.client, NULL);
    api_release(&p);
    establish(&p, "NTLM", "", ISC_REQ_NULL_SESSION);
    assert_authority(&p.server, NULL);
    api_release(&p);
    assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME("Negotiate"), SECPKG_CRED_BOTH, NULL,
                                               NULL, NULL, NULL, &p.client_cred, NULL),
                     SEC_E_OK);
    p.server_cred = p.client_cred;
    assert_int_equal(api_establish(&p, ISC_REQ_MUTUAL_AUTH, 0), SEC_E_OK);
    assert_authority(&p.server, DEMO_REALM);
    assert_authority(&p.client, DEMO_REALM);
    api_delete_contexts(&p);
    assert_int_equal(FreeCredentialsHandle(&p.client_cred), SEC_E_OK);
}

static SECURITY_STATUS
last_token(CtxtHandle *context, SECPKG_ATTR_LCT_STATUS *out)
{
    SecPkgContext_LastClientTokenStatus answer;
    SECURITY_STATUS status =
        QueryContextAttributesA(context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &answer);

    if (status == SEC_E_OK) {
        *out = answer.LastClientTokenStatus;
    }
    return status;
}

static void
test_last_client_token__before_and_after(void **state)
{
    static const struct {
        const char *package;
        SECPKG_ATTR_LCT_STATUS first;
    } table[] = { { "NTLM", SecPkgAttrLastClientTokenNo },
                  { "Negotiate", SecPkgAttrLastClientTokenMaybe } };

    for (size_t i = 0; i < 2; i++) {
        uint8_t room[API_TOKEN_BYTES];
        SecBuffer out = { sizeof(room), SECBUFFER_TOKEN, room };
        SecBufferDesc desc = { SECBUFFER_VERSION, 1, &out };
        SECPKG_ATTR_LCT_STATUS last;
        CtxtHandle half;
        struct api_pair p;
        ULONG attributes;

        establish(&p, table[i].package, "demo", 0);
        assert_int_equal(last_token(&p.client, &last), SEC_E_OK);
        assert_int_equal(last, SecPkgAttrLastClientTokenYes);
        assert_int_equal(last_token(&p.server, &last), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(InitializeSecurityContextA(
                             &p.client_cred, NULL, API_NAME("HTTP/server.domain.test"), 0, 0,
                             SECURITY_NATIVE_DREP, NULL, 0, &half, &desc, &attributes, NULL),
                         SEC_I_CONTINUE_NEEDED);
        assert_int_equal(last_token(&half, &last), SEC_E_OK);
        assert_int_equal(last, table[i].first);
        assert_int_equal(DeleteSecurityContext(&half), SEC_E_OK);
        api_release(&p);
    }
}

/* With a password that no KDC knows Kerberos was preferred, and not used. */
static void
test_negotiation_status__of_what_was_preferred(void **state)
{
    SecPkgContext_NegoStatus status;
    struct api_pair p;

    establish(&p, "Negotiate", "demo", 0);
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_NEGO_STATUS, &status),
                     SEC_E_OK);
    assert_true((SECURITY_STATUS)status.LastStatus < 0);
    api_release(&p);
    establish(&p, "NTLM", "demo", 0);
    assert_int_equal(QueryContextAttributesA(&p.client, SECPKG_ATTR_NEGO_STATUS, &status),
                     SEC_E_UNSUPPORTED_FUNCTION);
    api_release(&p);
}

/* What a bare name means must not hang on whether the store answers: the system may have the name,
 * too. A SID is nobody else's. */
static void
test_lookup__where_the_store_cannot_be_asked__makes_no_system_user_of_a_name(void **state)
{
    char folder[] = "/tmp/opensspi-tokens-XXXXXX", file[64];
    POPENSSPI_ACCOUNT account = NULL;
    FILE *f;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof(file), "%s/conf", folder);
    f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fprintf(f, "[accounts]\nstore = authority:%s/samd\n", folder) > 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(OpenSspiLoadConfiguration(file, NULL, 0), SEC_E_OK);
    assert_int_equal(OpenSspiLookupName(own_name, &account), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_null(account);
    assert_int_equal(OpenSspiLookupName("Everyone", &account), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(account), SEC_E_OK);
    assert_int_equal(OpenSspiLookupSid("S-1-22-1-0", &account), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(account), SEC_E_OK);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(load(state), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token__of_ntlm),
        cmocka_unit_test(test_token__ids),
        cmocka_unit_test(test_token__levels),
        cmocka_unit_test(test_token__of_a_ticket_without_a_pac),
        cmocka_unit_test(test_token__who_has_none),
        cmocka_unit_test(test_access_token__is_the_contexts),
        cmocka_unit_test(test_token_functions__given_what_is_no_token__refuse_it),
        cmocka_unit_test(test_process_token__is_its_unix_user),
        cmocka_unit_test(test_tokens__without_memory__fail_and_leak_nothing),
        cmocka_unit_test(test_authority__of_each_package),
        cmocka_unit_test(test_last_client_token__before_and_after),
        cmocka_unit_test(test_negotiation_status__of_what_was_preferred),
        cmocka_unit_test(
            test_lookup__where_the_store_cannot_be_asked__makes_no_system_user_of_a_name),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
