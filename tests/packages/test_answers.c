/* SPDX-License-Identifier: Apache-2.0 */
/* What a package answers is looked at before a caller sees it: each rule, broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/packages/staged.h"
#include "tests/support/api_pair.h"

static int
stage(void **state)
{
    return staged_make(NULL);
}

static int
play(void **state)
{
    (void)setenv("HOSTILE", "none", 1);
    return AddSecurityPackageA(staged_path("hostile.so"), NULL);
}

static int
end(void **state)
{
    (void)setenv("HOSTILE", "none", 1);
    return DeleteSecurityPackageA(API_NAME("Hostile"));
}

static char reason[512]; /* of the last failure */

static SECURITY_STATUS
keep(SECURITY_STATUS status)
{
    (void)snprintf(reason, sizeof(reason), "%s", OpenSspiReason());
    return status;
}

static SECURITY_STATUS
establish(struct api_pair *p)
{
    SECURITY_STATUS status = keep(api_acquire(p, "Hostile", "alice", "", "x"));

    if (status == SEC_E_OK) {
        status = keep(api_establish(p, 0, 0));
        if (status != SEC_E_OK) {
            api_release(p);
        }
    }
    return status;
}

static void
expect(const char *mode, SECURITY_STATUS status, SECURITY_STATUS wanted, const char *why)
{
    if (status != wanted || !strstr(reason, why)) {
        fail_msg("%s: 0x%08x: %s", mode, (unsigned)status, reason);
    }
}

static void
test_a_good_one__is_established(void **state)
{
    SecPkgContext_NamesA names;
    POPENSSPI_LOGON logon;
    struct api_pair p;

    assert_int_equal(establish(&p), SEC_E_OK);
    assert_int_equal(p.client_flags, ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY);
    assert_int_equal(QueryContextAttributesA(&p.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, "somebody");
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    assert_int_equal(OpenSspiQueryLogon(&p.server, &logon), SEC_E_OK);
    assert_string_equal(logon->UserSid, "S-1-5-21-1-2-3-4");
    assert_int_equal(logon->GroupCount, 1);
    assert_string_equal(logon->Groups[0], "one");
    assert_string_equal(logon->PackageName, "Hostile");
    assert_int_equal(FreeContextBuffer(logon), SEC_E_OK);
    api_release(&p);
}

static void
test_exchanges__that_break_a_rule__are_refused(void **state)
{
    static const struct {
        const char *mode;
        SECURITY_STATUS status;
        const char *reason;
    } modes[] = {
        { "acquire-null", SEC_E_INTERNAL_ERROR, "Hostile: AcquireCredential gave no credential" },
        { "acquire-code", SEC_E_INTERNAL_ERROR, "answered 0x000004d2" },
        { "acquire-continue", SEC_E_INTERNAL_ERROR, "answered 0x00090312" },
        { "acquire-not-found", SEC_E_INTERNAL_ERROR, "answered 0x80090305" },
        { "open-null", SEC_E_INTERNAL_ERROR, "OpenContext gave no context" },
        { "open-code", SEC_E_INTERNAL_ERROR, "OpenContext answered 0x80090301" },
        { "leg-complete", SEC_E_INTERNAL_ERROR, "InitializeContext answered" },
        { "leg-renegotiate", SEC_E_INTERNAL_ERROR, "InitializeContext answered" },
        { "leg-positive", SEC_E_INTERNAL_ERROR, "InitializeContext answered 0x00000007" },
        { "leg-too-small", SEC_E_INTERNAL_ERROR, "InitializeContext answered 0x80090321" },
        { "leg-handle", SEC_E_INTERNAL_ERROR, "InitializeContext answered 0x80090301" },
        { "leg-denied", SEC_E_LOGON_DENIED, "InitializeContext refused, and gave no reason" },
        { "leg-continue", SEC_E_INTERNAL_ERROR, "AcceptContext wrote no token" },
        { "client-empty", SEC_E_INTERNAL_ERROR, "InitializeContext wrote no token" },
        { "client-beyond", SEC_E_INTERNAL_ERROR, "wrote 65 bytes, and had room for 64" },
        { "client-huge", SEC_E_INTERNAL_ERROR, "wrote 4294967295 bytes" },
        { "server-beyond", SEC_E_INTERNAL_ERROR, "AcceptContext wrote 65 bytes" },
        { "granted-unknown", SEC_E_INTERNAL_ERROR, "granted 0xffffffff" },
        { "granted-memory", SEC_E_INTERNAL_ERROR, "it granted" },
        { "granted-delegation", SEC_E_INTERNAL_ERROR, "it granted" },
        { "granted-mutual", SEC_E_INTERNAL_ERROR, "it granted" },
        { "granted-undocumented", SEC_E_INTERNAL_ERROR, "it granted" },
        { "query-code", SEC_E_INTERNAL_ERROR, "QueryContext answered" },
        { "signature-0", SEC_E_INTERNAL_ERROR, "signatures of 0" },
        { "signature-huge", SEC_E_INTERNAL_ERROR, "signatures of 2147483647" },
        { "trailer-0", SEC_E_INTERNAL_ERROR, "trailers of 0" },
        { "trailer-huge", SEC_E_INTERNAL_ERROR, "trailers of 4097" },
        { "anonymous", SEC_E_LOGON_DENIED, "anonymous clients are not admitted" },
        { "user-none", SEC_E_INTERNAL_ERROR, "did not say who the client is" },
        { "user-empty", SEC_E_INTERNAL_ERROR, "did not say who the client is" },
        { "user-not-utf8", SEC_E_INTERNAL_ERROR, "a user that is no name" },
        { "user-long", SEC_E_INTERNAL_ERROR, "a user of more than" },
        { "domain-long", SEC_E_INTERNAL_ERROR, "a domain of more than" },
        { "sid-bad", SEC_E_INTERNAL_ERROR, "a SID that is none" },
        { "sid-long", SEC_E_INTERNAL_ERROR, "a SID of more than" },
        { "unix-long", SEC_E_INTERNAL_ERROR, "a Unix user of more than" },
        { "groups-many", SEC_E_INTERNAL_ERROR, "gave 4294967295 groups" },
        { "groups-none", SEC_E_INTERNAL_ERROR, "gave 1 groups, and no list" },
        { "group-null", SEC_E_INTERNAL_ERROR, "a group without a name" },
        { "group-sid-null", SEC_E_INTERNAL_ERROR, "a SID that is none" },
        { "group-sid-bad", SEC_E_INTERNAL_ERROR, "a SID that is none" },
        { "key-huge", SEC_E_INTERNAL_ERROR, "a session key of 100000 bytes" },
        { "key-none", SEC_E_INTERNAL_ERROR, "a session key of 16 bytes" },
        { "algorithm-long", SEC_E_INTERNAL_ERROR, "an algorithm's name" },
        { "algorithm-control", SEC_E_INTERNAL_ERROR, "an algorithm's name" },
    };
    struct api_pair p;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        (void)setenv("HOSTILE", modes[i].mode, 1);
        expect(modes[i].mode, establish(&p), modes[i].status, modes[i].reason);
    }
}

/* Without the functions nothing of them is granted; there are no messages then. */
static void
test_a_package_without_messages__grants_none(void **state)
{
    struct api_pair p;

    assert_int_equal(end(state), SEC_E_OK);
    (void)setenv("HOSTILE", "messages-none", 1);
    assert_int_equal(AddSecurityPackageA(staged_path("hostile.so"), NULL), SEC_E_OK);
    expect("messages-none", establish(&p), SEC_E_INTERNAL_ERROR, "it granted");
}

static void
test_names__that_are_none__are_refused(void **state)
{
    static const char *const modes[] = { "name-empty", "name-not-utf8", "name-unended" };
    SecPkgCredentials_NamesA names;
    struct api_pair p;

    assert_int_equal(api_acquire(&p, "Hostile", "alice", "", "x"), SEC_E_OK);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        (void)setenv("HOSTILE", modes[i], 1);
        expect(modes[i],
               keep(QueryCredentialsAttributesA(&p.client_cred, SECPKG_CRED_ATTR_NAMES, &names)),
               SEC_E_INTERNAL_ERROR, "gave no name");
    }
    (void)setenv("HOSTILE", "none", 1);
    assert_int_equal(QueryCredentialsAttributesA(&p.client_cred, SECPKG_CRED_ATTR_NAMES, &names),
                     SEC_E_OK);
    assert_string_equal(names.sUserName, "somebody");
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
    api_release(&p);
}

static SECURITY_STATUS
make(struct api_pair *p, ULONG room)
{
    uint8_t token[64], data[4] = "abc";
    SecBuffer b[2] = { { room, SECBUFFER_TOKEN, token }, { 4, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    return keep(MakeSignature(&p->client, 0, &d, 0));
}

static SECURITY_STATUS
check(struct api_pair *p)
{
    uint8_t token[16] = { 0 }, data[4] = "abc";
    SecBuffer b[2] = { { sizeof(token), SECBUFFER_TOKEN, token }, { 4, SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    return keep(DecryptMessage(&p->server, &d, 0, NULL));
}

/* A message that fails is one thing; an answer that is none ends the context. */
static void
test_messages__that_break_a_rule__end_the_context(void **state)
{
    static const struct {
        const char *mode, *reason;
    } modes[] = {
        { "make-beyond", "wrote 17 bytes, and had room for 16" },
        { "make-nothing", "wrote 0 bytes" },
        { "make-code", "MakeSignature answered" },
    };
    struct api_pair p;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        (void)setenv("HOSTILE", "none", 1);
        assert_int_equal(establish(&p), SEC_E_OK);
        expect("little room", make(&p, 15), SEC_E_BUFFER_TOO_SMALL, "16 are needed");
        assert_int_equal(make(&p, 64), SEC_E_OK);
        (void)setenv("HOSTILE", modes[i].mode, 1);
        expect(modes[i].mode, make(&p, 64), SEC_E_INTERNAL_ERROR, modes[i].reason);
        (void)setenv("HOSTILE", "none", 1);
        expect(modes[i].mode, make(&p, 64), SEC_E_OUT_OF_SEQUENCE, "dead");
        (void)setenv("HOSTILE", "check-altered", 1);
        assert_int_equal(check(&p), SEC_E_MESSAGE_ALTERED);
        (void)setenv("HOSTILE", "none", 1);
        assert_int_equal(check(&p), SEC_E_OK);
        (void)setenv("HOSTILE", "check-code", 1);
        expect("check-code", check(&p), SEC_E_INTERNAL_ERROR, "DecryptMessage answered 0x80090301");
        api_release(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_good_one__is_established, play, end),
        cmocka_unit_test_setup_teardown(test_exchanges__that_break_a_rule__are_refused, play, end),
        cmocka_unit_test_setup_teardown(test_a_package_without_messages__grants_none, play, end),
        cmocka_unit_test_setup_teardown(test_names__that_are_none__are_refused, play, end),
        cmocka_unit_test_setup_teardown(test_messages__that_break_a_rule__end_the_context, play,
                                        end),
    };

    return cmocka_run_group_tests_name("packages/answers", tests, stage, staged_remove);
}
