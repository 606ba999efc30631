/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as programs of Windows ask about them: sizes, classes, members, names; and threads that act
 * as clients, which takes root. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include <sddl.h>
#include <windows.h>
#include <security.h>

#include "tests/support/api_pair.h"
#include "tests/support/demo_store.h"
#include "tests/support/own_users.h"

static int
load(void **state)
{
    const char *file =
        demo_store_make("DOMAIN", "demo", "Passw0rd!", "[policy]\nanonymous = yes\n");

    demo_store_add("user0", "Passw0rd!", NULL);
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static HANDLE
token_of(struct api_pair *p, const char *user)
{
    HANDLE token = NULL;

    assert_int_equal(api_acquire(p, "NTLM", user, "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_establish(p, 0, 0), SEC_E_OK);
    assert_int_equal(QuerySecurityContextToken(&p->server, &token), SEC_E_OK);
    return token;
}

/* --- information --------------------------------------------------------------------------- */

/* What is asked of every class: nothing, one byte too few, the exact size, more than that. */
static void *
ask(HANDLE token, TOKEN_INFORMATION_CLASS what)
{
    BYTE small[4096];
    DWORD size = 0, again = 0;
    void *room;

    assert_false(GetTokenInformation(token, what, NULL, 0, &size));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_in_range(size, 1, sizeof(small) - 1);
    memset(small, 0x5a, sizeof(small));
    assert_false(GetTokenInformation(token, what, small, size - 1, &again));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(again, size);
    assert_int_equal(small[0], 0x5a);
    assert_true(GetTokenInformation(token, what, small, sizeof(small), &again));
    assert_int_equal(again, size);
    assert_int_equal(small[size], 0x5a);
    room = LocalAlloc(LPTR, size);
    assert_non_null(room);
    assert_true(GetTokenInformation(token, what, room, size, &again));
    assert_int_equal(again, size);
    return room;
}

static void
assert_sid(PSID sid, const char *text)
{
    LPSTR is = NULL;

    assert_true(ConvertSidToStringSidA(sid, &is));
    if (strncmp(is, text, strlen(text)) != 0) {
        fail_msg("%s, not %s", is, text);
    }
    assert_null(LocalFree(is));
}

static void
test_information__each_class_of_a_client(void **state)
{
    struct api_pair p;
    HANDLE token = token_of(&p, "demo");
    TOKEN_USER *user = ask(token, TokenUser);
    TOKEN_OWNER *owner = ask(token, TokenOwner);
    TOKEN_PRIMARY_GROUP *primary = ask(token, TokenPrimaryGroup);
    TOKEN_GROUPS *groups = ask(token, TokenGroups), *logon = ask(token, TokenLogonSid);
    TOKEN_PRIVILEGES *privileges = ask(token, TokenPrivileges);
    TOKEN_SOURCE *source = ask(token, TokenSource);
    TOKEN_TYPE *type = ask(token, TokenType);
    SECURITY_IMPERSONATION_LEVEL *level = ask(token, TokenImpersonationLevel);
    TOKEN_STATISTICS *statistics = ask(token, TokenStatistics);
    TOKEN_ORIGIN *origin = ask(token, TokenOrigin);
    DWORD *session = ask(token, TokenSessionId), size;
    bool everyone = false;

    assert_sid(user->User.Sid, "S-1-5-21-");
    assert_int_equal(user->User.Attributes, 0);
    assert_true(EqualSid(owner->Owner, user->User.Sid));
    assert_true(IsValidSid(primary->PrimaryGroup));
    for (DWORD i = 0; i < groups->GroupCount; i++) {
        everyone = everyone || IsWellKnownSid(groups->Groups[i].Sid, WinWorldSid);
        assert_int_equal(groups->Groups[i].Attributes & SE_GROUP_ENABLED, SE_GROUP_ENABLED);
    }
    assert_true(everyone);
    assert_int_equal(statistics->GroupCount, groups->GroupCount);
    assert_int_equal(logon->GroupCount, 1);
    assert_sid(logon->Groups[0].Sid, "S-1-5-5-");
    assert_int_equal(logon->Groups[0].Attributes, SE_GROUP_LOGON_ID | 7);
    assert_int_equal(privileges->PrivilegeCount, 0);
    assert_memory_equal(source->SourceName, "NtLmSsp ", 8);
    assert_int_equal(*type, TokenImpersonation);
    assert_int_equal(*level, SecurityImpersonation);
    assert_int_equal(statistics->TokenType, TokenImpersonation);
    assert_int_equal(statistics->ExpirationTime.QuadPart >> 62, 1);
    assert_int_equal(origin->OriginatingLogonSession.LowPart, 0);
    assert_int_equal(*session, 0);
    assert_false(GetTokenInformation(token, TokenDefaultDacl, NULL, 0, &size));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_false(GetTokenInformation(token, MaxTokenInfoClass, NULL, 0, &size));
    assert_false(GetTokenInformation(token, TokenUser, NULL, 0, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_true(CloseHandle(token));
    assert_false(GetTokenInformation(token, TokenUser, NULL, 0, &size));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    for (void **at = (void *[]){ user, owner, primary, groups, logon, privileges, source, type,
                                 level, statistics, origin, session, NULL };
         *at; at++) {
        assert_null(LocalFree(*at));
    }
    api_release(&p);
}

static void
test_information__of_the_process(void **state)
{
    TOKEN_USER *user = ask(GetCurrentProcessToken(), TokenUser);
    TOKEN_STATISTICS *statistics = ask(GetCurrentThreadEffectiveToken(), TokenStatistics);
    char text[32];
    HANDLE token;
    DWORD size;

    (void)snprintf(text, sizeof(text), "S-1-22-1-%u", geteuid());
    assert_sid(user->User.Sid, text);
    assert_int_equal(statistics->TokenType, TokenPrimary);
    assert_false(
        GetTokenInformation(GetCurrentProcessToken(), TokenImpersonationLevel, NULL, 0, &size));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_false(GetTokenInformation(GetCurrentThreadToken(), TokenUser, NULL, 0, &size));
    assert_int_equal(GetLastError(), ERROR_NO_TOKEN);
    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    assert_true(CloseHandle(token));
    assert_false(OpenProcessToken((HANDLE)(LONG_PTR)77, TOKEN_QUERY, &token));
    assert_int_equal(GetLastError(), ERROR_NOT_SUPPORTED);
    assert_false(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
    assert_int_equal(GetLastError(), ERROR_NO_TOKEN);
    assert_null(LocalFree(user));
    assert_null(LocalFree(statistics));
}

/* --- members ------------------------------------------------------------------------------- */

static BOOL
is_member(HANDLE token, WELL_KNOWN_SID_TYPE type)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(sid);
    BOOL member = 2;

    assert_true(CreateWellKnownSid(type, NULL, sid, &size));
    assert_true(CheckTokenMembership(token, sid, &member));
    return member;
}

static void
test_membership(void **state)
{
    struct api_pair p;
    HANDLE token = token_of(&p, "demo"), primary = NULL;
    BYTE none[12] = { 0 };
    BOOL member = 2;

    assert_true(is_member(token, WinAuthenticatedUserSid));
    assert_true(is_member(token, WinNTLMAuthenticationSid));
    assert_true(is_member(token, WinNetworkSid));
    assert_false(is_member(token, WinBuiltinAdministratorsSid));
    assert_false(is_member(token, WinAnonymousSid));
    assert_true(is_member(NULL, WinAuthenticatedUserSid)); /* this process's */
    assert_false(is_member(NULL, WinNetworkSid));
    assert_false(CheckTokenMembership(token, none, &member));
    assert_int_equal(GetLastError(), ERROR_INVALID_SID);
    assert_int_equal(member, FALSE);
    assert_true(DuplicateTokenEx(token, 0, NULL, SecurityImpersonation, TokenPrimary, &primary));
    assert_true(CreateWellKnownSid(WinWorldSid, NULL, none, &(DWORD){ sizeof(none) }));
    assert_false(CheckTokenMembership(primary, none, &member));
    assert_int_equal(GetLastError(), ERROR_NO_IMPERSONATION_TOKEN);
    assert_true(CloseHandle(primary));
    assert_true(CloseHandle(token));
    assert_false(CloseHandle(token));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    api_release(&p);
}

static void
test_duplicate__levels(void **state)
{
    struct api_pair p;
    HANDLE token = token_of(&p, "demo"), copy = NULL, other = NULL;
    SECURITY_IMPERSONATION_LEVEL *level;

    assert_true(DuplicateToken(token, SecurityIdentification, &copy));
    level = ask(copy, TokenImpersonationLevel);
    assert_int_equal(*level, SecurityIdentification);
    assert_null(LocalFree(level));
    assert_false(DuplicateToken(copy, SecurityImpersonation, &other));
    assert_int_equal(GetLastError(), ERROR_BAD_IMPERSONATION_LEVEL);
    assert_false(DuplicateTokenEx(copy, 0, NULL, SecurityIdentification, TokenPrimary, &other));
    assert_int_equal(GetLastError(), ERROR_BAD_IMPERSONATION_LEVEL);
    assert_false(ImpersonateLoggedOnUser(copy));
    assert_int_equal(GetLastError(), ERROR_CANNOT_IMPERSONATE);
    assert_false(DuplicateToken(NULL, SecurityIdentification, &other));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_false(DuplicateToken(token, SecurityIdentification, NULL));
    assert_null(other);
    assert_true(CloseHandle(copy));
    assert_true(CloseHandle(token));
    api_release(&p);
}

/* --- names --------------------------------------------------------------------------------- */

/* There and back, with the sizes that are asked for first. */
static void
assert_account(const char *name, const char *bare, const char *domain, SID_NAME_USE expected)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    char text[256] = "", of[256] = "";
    WCHAR wide[256], wide_of[256], wide_name[256];
    DWORD sid_size = 0, of_size = 0, size = 0;
    SID_NAME_USE use = SidTypeInvalid;

    assert_false(LookupAccountNameA(NULL, name, NULL, &sid_size, NULL, &of_size, &use));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(of_size, strlen(domain) + 1);
    assert_true(LookupAccountNameA("", name, sid, &sid_size, of, &of_size, &use));
    assert_int_equal(sid_size, GetLengthSid(sid));
    assert_int_equal(of_size, strlen(domain));
    assert_string_equal(of, domain);
    assert_int_equal(use, expected);
    of_size = 0;
    assert_false(LookupAccountSidA(NULL, sid, NULL, &size, NULL, &of_size, &use));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(size, strlen(bare) + 1);
    assert_int_equal(of_size, strlen(domain) + 1);
    assert_true(LookupAccountSidA(NULL, sid, text, &size, of, &of_size, &use));
    assert_int_equal(size, strlen(bare));
    assert_string_equal(text, bare);
    assert_string_equal(of, domain);
    assert_int_equal(use, expected);
    size = of_size = 256;
    assert_true(LookupAccountSidW(NULL, sid, wide, &size, wide_of, &of_size, &use));
    assert_int_equal(size, strlen(bare));
    assert_int_equal(wide[0], bare[0]);
    for (size_t i = 0; i <= strlen(name); i++) {
        wide_name[i] = (WCHAR)name[i];
    }
    sid_size = sizeof(sid);
    of_size = 256;
    assert_true(LookupAccountNameW(u"", wide_name, sid, &sid_size, wide_of, &of_size, &use));
    assert_int_equal(of_size, strlen(domain));
}

static void
test_names__well_known_of_the_system_and_of_clients(void **state)
{
    struct api_pair p;
    HANDLE token = token_of(&p, "demo");
    BYTE sid[SECURITY_MAX_SID_SIZE];
    char of[64];
    DWORD sid_size = sizeof(sid), of_size = sizeof(of);
    SID_NAME_USE use;

    assert_account("Everyone", "Everyone", "", SidTypeWellKnownGroup);
    assert_account("builtin\\ADMINISTRATORS", "Administrators", "BUILTIN", SidTypeAlias);
    assert_account("root", "root", "Unix User", SidTypeUser);
    assert_account("Unix User\\user1", "user1", "Unix User", SidTypeUser);
    assert_account("both", "both", "Unix Group", SidTypeGroup);
    assert_account("DOMAIN\\demo", "demo", "DOMAIN", SidTypeUser);
    assert_account("domain\\Night Shift", "night shift", "DOMAIN", SidTypeAlias);
    assert_false(LookupAccountNameA("elsewhere", "root", sid, &sid_size, of, &of_size, &use));
    assert_int_equal(GetLastError(), ERROR_NONE_MAPPED);
    assert_false(LookupAccountNameA(NULL, "", sid, &sid_size, of, &of_size, &use));
    assert_int_equal(GetLastError(), ERROR_NONE_MAPPED);
    assert_true(CloseHandle(token));
    api_release(&p);
    assert_false(LookupAccountNameA(NULL, "ELSEWHERE\\demo", sid, &sid_size, of, &of_size, &use));
    assert_int_equal(GetLastError(), ERROR_NONE_MAPPED);
    assert_false(LookupAccountNameA(NULL, "DOMAIN\\nobody", sid, &sid_size, of, &of_size, &use));
    assert_int_equal(GetLastError(), ERROR_NONE_MAPPED);
}

/* expected NULL: there is none. */
static void
assert_form(const char *from, EXTENDED_NAME_FORMAT format, EXTENDED_NAME_FORMAT wanted,
            const char *expected)
{
    char name[256] = "";
    WCHAR wide_from[256], wide[256] = { 0 };
    ULONG size = sizeof(name), length = 256;

    assert_int_equal(TranslateNameA(from, format, wanted, name, &size), expected != NULL);
    if (!expected) {
        assert_int_equal(GetLastError(), ERROR_NONE_MAPPED);
    }
    assert_string_equal(name, expected ? expected : "");
    assert_true(MultiByteToWideChar(CP_UTF8, 0, from, -1, wide_from, 256) > 0);
    assert_int_equal(TranslateNameW(wide_from, format, wanted, wide, &length), expected != NULL);
    if (expected) {
        assert_int_equal(size, strlen(expected) + 1);
        assert_int_equal(length, size);
        assert_true(WideCharToMultiByte(CP_UTF8, 0, wide, -1, name, sizeof(name), NULL, NULL) > 0);
        assert_string_equal(name, expected);
    }
}

static void
assert_translated(const char *from, EXTENDED_NAME_FORMAT format, const char *expected)
{
    assert_form(from, format, NameSamCompatible, expected);
    assert_form(from, format, NameFullyQualifiedDN, NULL);
}

/* Whoever is logged on: the store knows its own. */
static void
test_names__of_the_account_store(void **state)
{
    assert_translated("DEMO", NameUnknown, "DOMAIN\\demo");
    assert_translated("domain\\Demo", NameSamCompatible, "DOMAIN\\demo");
    assert_translated(".\\demo", NameUnknown, "DOMAIN\\demo");
    assert_translated("root", NameUnknown, "Unix User\\root");
    assert_translated("Demo@EXAMPLE.test", NameUnknown, "DOMAIN\\demo");
    assert_translated("demo@example.test", NameUserPrincipal, "DOMAIN\\demo");
    assert_form("DOMAIN\\DEMO", NameSamCompatible, NameUserPrincipal, "demo@example.test");
    assert_form("DEMO@example.test", NameUserPrincipal, NameUserPrincipal, "demo@example.test");
    assert_form("demo", NameUnknown, NameUserPrincipal, "demo@example.test");
    assert_form("demo", NameUserPrincipal, NameSamCompatible, NULL);
    assert_form("demo@server", NameUserPrincipal, NameSamCompatible, NULL);
    assert_form("demo@example.tes", NameUserPrincipal, NameSamCompatible, NULL);
    assert_form("demo@example.test@example.test", NameUserPrincipal, NameSamCompatible, NULL);
    assert_form("@example.test", NameUserPrincipal, NameSamCompatible, NULL);
    assert_form("nobody@example.test", NameUserPrincipal, NameSamCompatible, NULL);
    /* Groups have no principal name. */
    assert_form("DOMAIN\\staff", NameSamCompatible, NameUserPrincipal, NULL);
    assert_form("staff@example.test", NameUserPrincipal, NameSamCompatible, NULL);
    assert_form("staff@example.test", NameUnknown, NameSamCompatible, NULL);
    /* What the store has only a group of is another's, and nothing of the group is in it. */
    assert_account(OWN_USERS_OF_A_DOMAIN, OWN_USERS_OF_A_DOMAIN, "Unix User", SidTypeUser);
    assert_translated(OWN_USERS_OF_A_DOMAIN, NameUnknown, "Unix User\\" OWN_USERS_OF_A_DOMAIN);
    assert_account("demo", "demo", "DOMAIN", SidTypeUser);
    assert_account("demo@example.test", "demo", "DOMAIN", SidTypeUser);
    assert_account("DOMAIN\\DEMO", "demo", "DOMAIN", SidTypeUser);
    assert_account(".\\demo", "demo", "DOMAIN", SidTypeUser);
    assert_account("server\\demo", "demo", "DOMAIN", SidTypeUser);
    assert_account("staff", "staff", "DOMAIN", SidTypeAlias);
    assert_account("domain\\night shift", "night shift", "DOMAIN", SidTypeAlias);
}

/* Of a process whose user is in no list of names. */
static void
test_names__for_a_process_without_one(void **state)
{
    char name[64];
    ULONG size = sizeof(name);

    assert_int_equal(seteuid(OWN_USERS_UID - 1), 0);
    assert_false(GetUserNameExA(NameSamCompatible, name, &size));
    assert_int_equal(GetLastError(), ERROR_NONE_MAPPED);
    assert_translated("Unix User\\user1", NameSamCompatible, "Unix User\\user1");
    assert_int_equal(seteuid(0), 0);
}

/* --- acting -------------------------------------------------------------------------------- */

static void
assert_user(const char *user, const char *domain)
{
    char name[256], whole[256];
    WCHAR wide[256];
    DWORD size = sizeof(name);

    assert_true(GetUserNameA(name, &size));
    assert_string_equal(name, user);
    assert_int_equal(size, strlen(user) + 1);
    size = 256;
    assert_true(GetUserNameW(wide, &size));
    size = sizeof(name);
    assert_true(GetUserNameExA(NameSamCompatible, name, &size));
    (void)snprintf(whole, sizeof(whole), "%s\\%s", domain, user);
    if (domain[0]) {
        assert_string_equal(name, whole);
    }
}

static void
test_thread__acts_as_the_client_and_says_its_name(void **state)
{
    struct api_pair p;
    HANDLE token = token_of(&p, "user0"), seen = NULL;
    char name[32];
    DWORD size = sizeof(name);
    TOKEN_USER *user;

    assert_user("root", "");
    assert_true(ImpersonateLoggedOnUser(token));
    assert_int_equal(geteuid(), OWN_USERS_UID);
    assert_user("user0", "DOMAIN");
    assert_true(GetUserNameExA(NameUserPrincipal, name, &size));
    assert_string_equal(name, "user0@example.test");
    assert_int_equal(size, strlen(name));
    assert_form("domain\\USER0", NameSamCompatible, NameSamCompatible, "DOMAIN\\user0");
    assert_form("domain\\USER0", NameSamCompatible, NameUserPrincipal, "user0@example.test");
    assert_form("user0@EXAMPLE.test", NameUserPrincipal, NameSamCompatible, "DOMAIN\\user0");
    size = sizeof(name);
    /* The store is opened with the client's rights. */
    assert_false(TranslateNameA("root", NameUnknown, NameSamCompatible, name, &size));
    assert_int_equal(GetLastError(), ERROR_NO_SUCH_DOMAIN);
    assert_true(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, FALSE, &seen));
    assert_true(CloseHandle(seen));
    assert_true(is_member(NULL, WinNTLMAuthenticationSid));
    user = ask(GetCurrentProcessToken(), TokenUser); /* the process is who it was */
    assert_sid(user->User.Sid, "S-1-22-1-0");
    assert_null(LocalFree(user));
    assert_true(RevertToSelf());
    assert_int_equal(geteuid(), 0);
    assert_user("root", "");
    assert_true(SetThreadToken(NULL, token));
    assert_int_equal(geteuid(), OWN_USERS_UID);
    assert_true(SetThreadToken(&(HANDLE){ GetCurrentThread() }, NULL));
    assert_int_equal(geteuid(), 0);
    assert_false(SetThreadToken(&(HANDLE){ token }, NULL));
    assert_int_equal(GetLastError(), ERROR_NOT_SUPPORTED);
    assert_true(ImpersonateSelf(SecurityImpersonation));
    assert_user("root", "");
    assert_true(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, FALSE, &seen));
    assert_true(CloseHandle(seen));
    assert_true(RevertToSelf());
    assert_true(CloseHandle(token));
    api_release(&p);
}

static DWORD WINAPI
look(LPVOID uid)
{
    HANDLE token;

    *(uid_t *)uid = geteuid();
    return OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) ? 0 : GetLastError();
}

/* As on Windows, and not as the kernel would have it. */
static void
test_create_thread__as_a_client__begins_as_the_process(void **state)
{
    struct api_pair p;
    HANDLE token = token_of(&p, "user0"), thread;
    uid_t uid = 7;
    DWORD code = 0;

    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_OK);
    thread = CreateThread(NULL, 0, look, &uid, 0, NULL);
    assert_non_null(thread);
    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(thread, &code));
    assert_int_equal(code, ERROR_NO_TOKEN);
    assert_int_equal(uid, 0);
    assert_int_equal(geteuid(), OWN_USERS_UID);
    assert_user("user0", "DOMAIN");
    assert_true(CloseHandle(thread));
    assert_int_equal(DeleteSecurityContext(&p.server), SEC_E_OK);
    p.have_server = 0;
    assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK); /* it is known all the same */
    assert_int_equal(geteuid(), 0);
    assert_true(CloseHandle(token));
    api_release(&p);
}

static void
test_names__where_the_account_store_cannot_be_asked(void **state)
{
    char file[] = "/tmp/opensspi-token-XXXXXX", of[64];
    DWORD sid_size = 0, of_size = sizeof(of);
    int fd = mkstemp(file);
    SID_NAME_USE use;

    assert_true(fd >= 0);
    assert_true(dprintf(fd, "[accounts]\nstore = authority:%s.samd\n", file) > 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(OpenSspiLoadConfiguration(file, NULL, 0), SEC_E_OK);
    assert_false(LookupAccountNameA(NULL, "root", NULL, &sid_size, of, &of_size, &use));
    assert_int_equal(GetLastError(), ERROR_CANT_ACCESS_DOMAIN_INFO);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(load(state), 0);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_information__each_class_of_a_client),
        cmocka_unit_test(test_information__of_the_process),
        cmocka_unit_test(test_membership),
        cmocka_unit_test(test_duplicate__levels),
        cmocka_unit_test(test_names__well_known_of_the_system_and_of_clients),
        cmocka_unit_test(test_names__of_the_account_store),
        cmocka_unit_test(test_names__for_a_process_without_one),
        cmocka_unit_test(test_names__where_the_account_store_cannot_be_asked),
        cmocka_unit_test(test_thread__acts_as_the_client_and_says_its_name),
        cmocka_unit_test(test_create_thread__as_a_client__begins_as_the_process),
    };

    own_users_make(argv);
    return cmocka_run_group_tests(tests, load, NULL);
}
