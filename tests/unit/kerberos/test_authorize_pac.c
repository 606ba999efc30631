/* SPDX-License-Identifier: Apache-2.0 */
/* What of a PAC that is signed as it should be is refused, and what is taken over: [MS-PAC] 2.5 to
 * 2.10, 2.15. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "authorize_scene.h"
#include "base/clock.h"
#include "tests/support/hex.h"

static void
test_krb_authorize__each_encryption_type(void **state)
{
    static const struct {
        int32_t enctype;
        size_t key_bytes;
    } types[] = {
        { KRB_AES128_SHA1, 16 },   { KRB_AES256_SHA1, 32 }, { KRB_AES128_SHA256, 16 },
        { KRB_AES256_SHA384, 32 }, { KRB_RC4_HMAC, 16 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(types); i++) {
        struct bytes key = HEX("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        struct draft d;
        struct scene s;

        scene_init(&s);
        draft_init(&d);
        key.n = types[i].key_bytes;
        scene_set_key(&s, types[i].enctype, key);
        scene_issue(&s, &d);
        scene_accepted(&s);
        assert_true(s.c.pac_verified);
        assert_string_equal(s.c.identity->sid, "S-1-5-21-1-2-3-1105");
        scene_assert_group(&s, 0, "S-1-5-21-1-2-3-513", "Domain Users", 7);
        assert_true(s.c.identity->password_expires_100ns == UINT64_MAX);
        scene_clear(&s);
    }
}

/* [MS-PAC] 2.8.4: "The key used to protect the ciphertext part of the response is used." */
static void
test_krb_authorize__user_to_user(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    scene_issue(&s, &d);
    s.proven.key = NULL;
    s.proven.tgt_pac_key = &s.pac_key;
    scene_accepted(&s);
    assert_true(s.c.pac_verified);
    scene_clear(&s);
}

/* A key lends itself to its own type alone: HMAC-MD5 takes any key. */
static void
test_krb_authorize__another_signature_type_refused(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.server = HEX("76ffffff 00000000000000000000000000000000");
    scene_issue(&s, &d);
    scene_denied(&s, "server signature of type -138, where the key has 16");
    d.server = HEX("0f000000 000000000000000000000000");
    scene_issue(&s, &d);
    scene_denied(&s, "server signature of type 15, where the key has 16");
    d.server = HEX("07000000 00000000000000000000000000000000");
    scene_issue(&s, &d);
    scene_denied(&s, "server signature of type 7, where the key has 16");
    scene_clear(&s);
}

static void
test_krb_authorize__truncated_signature_refused(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.server = HEX("10000000 00000000000000000000");
    scene_issue(&s, &d);
    scene_denied(&s, "PAC: directory: signature at offset");
    d.server = HEX("10000000");
    scene_issue(&s, &d);
    scene_denied(&s, "PAC: directory: signature at offset");
    scene_clear(&s);
}

static void
test_krb_authorize__missing_buffers_refused(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.without_server = true;
    scene_issue(&s, &d);
    scene_denied(&s, "the server signature is missing");
    draft_init(&d);
    d.without_kdc = true;
    scene_issue(&s, &d);
    scene_denied(&s, "the KDC signature is missing");
    draft_init(&d);
    d.without_client = true;
    scene_issue(&s, &d);
    scene_denied(&s, "the client information is missing");
    scene_set_pac(&s, HEX("0000000000000000"));
    scene_denied(&s, "the server signature is missing");
    scene_set_pac(&s, HEX(""));
    scene_denied(&s, "PAC: directory");
    scene_clear(&s);
}

/* --- whose PAC it is ----------------------------------------------------------------------- */

static void
test_krb_authorize__pac_of_another_ticket_refused(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.client.authtime_100ns += CLOCK_SECOND_100NS;
    scene_issue(&s, &d);
    scene_denied(&s, "another authentication time");
    draft_init(&d);
    d.client.authtime_100ns += 1; /* a ticket's times are whole seconds */
    scene_issue(&s, &d);
    scene_accepted(&s);
    scene_again(&s);
    d.client.name = UTF16("bob");
    scene_issue(&s, &d);
    scene_denied(&s, "names somebody else");
    d.client.name = UTF16("Alice");
    scene_issue(&s, &d);
    scene_denied(&s, "names somebody else");
    d.client.name = UTF16("alic");
    scene_issue(&s, &d);
    scene_denied(&s, "names somebody else");
    d.client.name = UTF16("alice@EXAMPLE.TEST");
    scene_issue(&s, &d);
    scene_denied(&s, "names somebody else");
    d.client.name = (struct bytes){ 0 };
    scene_issue(&s, &d);
    scene_denied(&s, "names somebody else");
    d.client.name = bytes_of("a\0l\0i\0c\0e", 9);
    scene_issue(&s, &d);
    scene_denied(&s, "PAC: client information");
    scene_clear(&s);
}

static void
test_krb_authorize__client_name_of_parts(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    s.ticket.cname = (struct krb_name){
        KRB_NT_SRV_HST, 2, { bytes_of_string("host"), bytes_of_string("web.example.test") }
    };
    d.client.name = UTF16("host/web.example.test");
    scene_issue(&s, &d);
    scene_accepted(&s);
    scene_clear(&s);
    scene_init(&s);
    s.ticket.cname.parts[0] = bytes_of_string("host/web.example.test");
    scene_issue(&s, &d);
    scene_denied(&s, "names somebody else");
    d.client.name = UTF16("host\\/web.example.test");
    scene_issue(&s, &d);
    scene_accepted(&s);
    scene_clear(&s);
}

/* CVE-2021-42287. */
static void
test_krb_authorize__requestor_is_the_account(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.requestor = HEX("0105000000000005 15000000 01000000 02000000 03000000 51040000");
    scene_issue(&s, &d);
    scene_accepted(&s);
    scene_again(&s);
    d.requestor = HEX("0105000000000005 15000000 01000000 02000000 03000000 e8030000");
    scene_issue(&s, &d);
    scene_denied(&s, "the requestor is not the account");
    d.requestor = HEX("0105000000000005 15000000 01000000 02000000 04000000 51040000");
    scene_issue(&s, &d);
    scene_denied(&s, "the requestor is not the account");
    d.requestor = HEX("0105000000000005 15000000 01000000 02000000 03000000 510400");
    scene_issue(&s, &d);
    scene_denied(&s, "PAC: requestor");
    scene_clear(&s);
}

#define UPN(sid_length, sid) \
    "0200 1800 0000 0000 02000000 0200 1a00" sid_length "1c00 0000 0000 6100 6200" sid
#define UPN_SID(rid) "0105000000000005 15000000 01000000 02000000 03000000" rid

static void
test_krb_authorize__user_principal_name(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.upn = HEX(UPN("1c00", UPN_SID("51040000")));
    scene_issue(&s, &d);
    scene_accepted(&s);
    assert_bytes_equal(s.names[KRB_UPN], UTF16("a"));
    scene_again(&s);
    d.upn = HEX(UPN("1c00", UPN_SID("52040000")));
    scene_issue(&s, &d);
    scene_denied(&s, "the SID beside the user principal name is not the account's");
    d.upn = HEX(UPN("1c00", UPN_SID("510400")));
    scene_issue(&s, &d);
    scene_denied(&s, "PAC: user principal name");
    d.upn = HEX("0200 0c00 0000 0000 00000000 00d8");
    scene_issue(&s, &d);
    scene_denied(&s, "the user principal name is not UTF-16");
    scene_clear(&s);
}

/* --- the logon information ----------------------------------------------------------------- */

static void
test_krb_authorize__logon_information_refused(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.logon.user = (struct bytes){ 0 };
    scene_issue(&s, &d);
    scene_denied(&s, "no name of the account");
    d.logon.user = bytes_of("a\0\0\0b\0", 6);
    scene_issue(&s, &d);
    scene_denied(&s, "not UTF-16");
    d.logon.user = bytes_of("a\0\x00\xdc", 4);
    scene_issue(&s, &d);
    scene_denied(&s, "not UTF-16");
    draft_init(&d);
    d.logon.domain = bytes_of("D\0\0\0", 4);
    scene_issue(&s, &d);
    scene_denied(&s, "not UTF-16");
    draft_init(&d);
    d.logon.logon_server = bytes_of("\x00\xd8", 2);
    scene_issue(&s, &d);
    scene_denied(&s, "not UTF-16");
    draft_init(&d);
    d.logon.has_domain_sid = false;
    scene_issue(&s, &d);
    scene_denied(&s, "PAC: logon information: LogonDomainId at offset");
    d.logon.user_rid = 0;
    d.logon.groups = (struct bytes){ 0 };
    scene_issue(&s, &d);
    scene_denied(&s, "the logon information has no SID of the account");
    scene_clear(&s);
}

static void
test_krb_authorize__names_of_two_surrogates(void **state)
{
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        { "\x34\xd8\x1e\xdd", true },  { "\x1e\xdd\x34\xd8", false }, { "\x34\xd8\x34\xd8", false },
        { "\x34\xd8\x61\x01", false }, { "\xff\xdb\xff\xdf", true },  { "\xff\xd7\xff\xdf", false },
        { "\xff\xff\x01\xe0", true },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct draft d;
        struct scene s;

        scene_init(&s);
        draft_init(&d);
        d.logon.user = bytes_of(cases[i].name, 4);
        scene_issue(&s, &d);
        if (cases[i].good) {
            scene_accepted(&s);
            assert_bytes_equal(s.names[KRB_USER], d.logon.user);
        } else {
            scene_denied(&s, "not UTF-16");
        }
        scene_clear(&s);
    }
}

static void
test_krb_authorize__realm_where_the_domain_has_no_name(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.logon.domain = (struct bytes){ 0 };
    scene_issue(&s, &d);
    scene_accepted(&s);
    assert_bytes_equal(s.names[KRB_DOMAIN], UTF16("EXAMPLE.TEST"));
    scene_clear(&s);
}

static void
test_krb_authorize__when_the_password_expires(void **state)
{
    static const struct {
        uint64_t pac, identity;
    } cases[] = {
        { 0, UINT64_MAX },
        { SCENE_PAC_NEVER_100NS, UINT64_MAX },
        { UINT64_MAX, UINT64_MAX },
        { UINT64_C(133500000000000000), UINT64_C(133500000000000000) },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct draft d;
        struct scene s;

        scene_init(&s);
        draft_init(&d);
        d.logon.password_must_change_100ns = cases[i].pac;
        scene_issue(&s, &d);
        scene_accepted(&s);
        assert_true(s.c.identity->password_expires_100ns == cases[i].identity);
        scene_clear(&s);
    }
}

/* What else the logon information says of the logon; without it, nothing is said. */
static void
test_krb_authorize__of_the_logon(void **state)
{
    static const struct {
        uint64_t pac, logoff;
    } cases[] = {
        { 0, UINT64_MAX },
        { SCENE_PAC_NEVER_100NS, UINT64_MAX },
        { UINT64_C(133500000000000000), UINT64_C(133500000000000000) },
    };
    struct scene s;

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct draft d;

        scene_init(&s);
        draft_init(&d);
        d.logon.logoff_100ns = cases[i].pac;
        d.logon.user_flags = 0x120;
        scene_issue(&s, &d);
        assert_false(s.c.logon_known);
        scene_accepted(&s);
        assert_true(s.c.logon_known);
        assert_true(s.c.logoff_100ns == cases[i].logoff);
        assert_int_equal(s.c.user_flags, 0x120);
        scene_clear(&s);
    }
}

/* --- groups -------------------------------------------------------------------------------- */

static void
test_krb_authorize__groups_of_all_three_lists(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.extra[0] = (struct pac_group){ scene_sid("S-1-5-21-9-9-9-512"), 7 };
    d.extra[1] = (struct pac_group){ scene_sid("S-1-5-32-544"), 0x10 };
    d.extra[2] = (struct pac_group){ scene_sid("S-1-5-21-1-2-3-572"), 0x20000007 };
    d.n_extra = 3;
    d.logon.resource_domain_sid = scene_sid("S-1-5-21-4-4-4");
    d.logon.has_resource_domain_sid = true;
    d.logon.resource_groups = HEX("00020000 07000020 41060000 07000020");
    scene_issue(&s, &d);
    scene_accepted(&s);
    assert_int_equal(s.c.identity->n_groups, 6);
    scene_assert_group(&s, 0, "S-1-5-21-1-2-3-513", "Domain Users", 7);
    /* another domain's Domain Admins are not ours */
    scene_assert_group(&s, 1, "S-1-5-21-9-9-9-512", "S-1-5-21-9-9-9-512", 7);
    scene_assert_group(&s, 2, "S-1-5-32-544", "Administrators", 0x10);
    scene_assert_group(&s, 3, "S-1-5-21-1-2-3-572", "Denied RODC Password Replication Group",
                       0x20000007);
    scene_assert_group(&s, 4, "S-1-5-21-4-4-4-512", "S-1-5-21-4-4-4-512", 0x20000007);
    scene_assert_group(&s, 5, "S-1-5-21-4-4-4-1601", "S-1-5-21-4-4-4-1601", 0x20000007);
    scene_clear(&s);
}

static void
test_krb_authorize__account_by_its_first_extra_sid(void **state)
{
    struct draft d;
    struct scene s;

    scene_init(&s);
    draft_init(&d);
    d.logon.user_rid = 0;
    d.extra[0] = (struct pac_group){ scene_sid("S-1-5-21-9-9-9-1105"), 7 };
    d.extra[1] = (struct pac_group){ scene_sid("S-1-18-2"), 7 };
    d.n_extra = 2;
    scene_issue(&s, &d);
    scene_accepted(&s);
    assert_string_equal(s.c.identity->sid, "S-1-5-21-9-9-9-1105");
    assert_int_equal(s.c.identity->n_groups, 2);
    scene_assert_group(&s, 1, "S-1-18-2", "Service asserted identity", 7);
    scene_clear(&s);
}

static void
test_krb_authorize__thousands_of_groups(void **state)
{
    enum { GROUPS = 4000 };
    static uint8_t groups[GROUPS * 8];
    struct draft d;
    struct scene s;
    char sid[64];

    scene_init(&s);
    draft_init(&d);
    for (uint32_t i = 0; i < GROUPS; i++) {
        wire_store_le32(groups + 8 * i, 2000 + i);
        wire_store_le32(groups + 8 * i + 4, 7);
    }
    d.logon.groups = bytes_of(groups, sizeof(groups));
    scene_issue(&s, &d);
    scene_accepted(&s);
    assert_int_equal(s.c.identity->n_groups, GROUPS);
    for (uint32_t i = 0; i < GROUPS; i++) {
        (void)snprintf(sid, sizeof(sid), "S-1-5-21-1-2-3-%u", 2000 + i);
        scene_assert_group(&s, i, sid, sid, 7);
    }
    scene_clear(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_krb_authorize__each_encryption_type),
        cmocka_unit_test(test_krb_authorize__user_to_user),
        cmocka_unit_test(test_krb_authorize__another_signature_type_refused),
        cmocka_unit_test(test_krb_authorize__truncated_signature_refused),
        cmocka_unit_test(test_krb_authorize__missing_buffers_refused),
        cmocka_unit_test(test_krb_authorize__pac_of_another_ticket_refused),
        cmocka_unit_test(test_krb_authorize__client_name_of_parts),
        cmocka_unit_test(test_krb_authorize__requestor_is_the_account),
        cmocka_unit_test(test_krb_authorize__user_principal_name),
        cmocka_unit_test(test_krb_authorize__logon_information_refused),
        cmocka_unit_test(test_krb_authorize__names_of_two_surrogates),
        cmocka_unit_test(test_krb_authorize__realm_where_the_domain_has_no_name),
        cmocka_unit_test(test_krb_authorize__when_the_password_expires),
        cmocka_unit_test(test_krb_authorize__of_the_logon),
        cmocka_unit_test(test_krb_authorize__groups_of_all_three_lists),
        cmocka_unit_test(test_krb_authorize__account_by_its_first_extra_sid),
        cmocka_unit_test(test_krb_authorize__thousands_of_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
