/* SPDX-License-Identifier: Apache-2.0 */
/* Who the client of a ticket is: PACs of KDCs, changed in each byte, and tickets without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "authorize_scene.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"
#include "tests/support/pac_vectors.h"

enum { MANY_GROUPS = 100 };

#define AD "S-1-5-21-2293478218-2757620453-196890249"

/* --- PACs of others ------------------------------------------------------------------------ */

static void
test_krb_authorize__user_of_a_domain(void **state)
{
    struct scene s;

    scene_init(&s);
    scene_set_pac(&s, HEX(PAC_AD_USER));
    scene_accepted(&s);
    assert_true(s.c.pac_verified);
    assert_bytes_equal(s.names[KRB_USER], UTF16("alice"));
    assert_bytes_equal(s.names[KRB_DOMAIN], UTF16("EXAMPLE"));
    assert_bytes_equal(s.names[KRB_UPN], UTF16("alice@example.test"));
    assert_bytes_equal(s.names[KRB_LOGON_SERVER], UTF16("DC1"));
    assert_int_equal(s.names[KRB_CLIENT].n, 0);
    assert_string_equal(s.c.identity->sid, AD "-1102");
    assert_null(s.c.identity->unix_user);
    assert_int_equal(s.c.identity->n_groups, 4);
    scene_assert_group(&s, 0, AD "-513", "Domain Users", 7);
    scene_assert_group(&s, 1, AD "-1104", AD "-1104", 7);
    scene_assert_group(&s, 2, AD "-1106", AD "-1106", 7);
    scene_assert_group(&s, 3, "S-1-18-1", "Authentication authority asserted identity", 7);
    assert_true(s.c.identity->password_expires_100ns > PAC_AD_USER_AUTHTIME);
    assert_true(s.c.identity->password_expires_100ns < SCENE_PAC_NEVER_100NS);
    scene_clear(&s);
}

static void
test_krb_authorize__enterprise_name(void **state)
{
    struct scene s;

    scene_init(&s);
    s.ticket.cname =
        (struct krb_name){ KRB_NT_ENTERPRISE, 1, { bytes_of_string("alice@example.test") } };
    s.ticket.authtime_100ns = PAC_AD_ENTERPRISE_AUTHTIME;
    scene_set_pac(&s, HEX(PAC_AD_ENTERPRISE));
    scene_accepted(&s);
    assert_bytes_equal(s.names[KRB_USER], UTF16("alice"));
    assert_string_equal(s.c.identity->sid, AD "-1102");
    scene_clear(&s);
}

static void
test_krb_authorize__administrator(void **state)
{
    struct scene s;

    scene_init(&s);
    s.ticket.cname.parts[0] = bytes_of_string("Administrator");
    s.ticket.authtime_100ns = PAC_AD_ADMINISTRATOR_AUTHTIME;
    scene_set_pac(&s, HEX(PAC_AD_ADMINISTRATOR));
    scene_accepted(&s);
    assert_string_equal(s.c.identity->sid, AD "-500");
    assert_int_equal(s.c.identity->n_groups, 7);
    scene_assert_group(&s, 1, AD "-512", "Domain Admins", 7);
    scene_assert_group(&s, 2, AD "-572", "Denied RODC Password Replication Group", 7);
    scene_assert_group(&s, 3, AD "-518", "Schema Admins", 7);
    scene_clear(&s);
}

/* With attributes and a requestor; and the signature of AES-256 by another key than the user's. */
static void
test_krb_authorize__requestor_of_a_tgt(void **state)
{
    struct scene s;

    scene_init(&s);
    s.ticket.authtime_100ns = PAC_AD_TGT_AUTHTIME;
    scene_set_key(&s, KRB_AES256_SHA1, HEX(PAC_AD_TGT_KEY));
    scene_set_pac(&s, HEX(PAC_AD_TGT));
    scene_accepted(&s);
    assert_string_equal(s.c.identity->sid, AD "-1102");
    scene_clear(&s);
}

static void
test_krb_authorize__pac_without_logon_information(void **state)
{
    struct scene s;

    scene_init(&s);
    s.host.settings.kerberos.pac = SEC_PAC_REQUIRED;
    s.ticket.crealm = bytes_of_string("EXAMPLE.ORG");
    s.ticket.authtime_100ns = PAC_MIT_SHA2_AUTHTIME;
    scene_set_key(&s, KRB_AES256_SHA384, HEX(PAC_MIT_SHA2_KEY));
    scene_set_pac(&s, HEX(PAC_MIT_SHA2));
    scene_accepted(&s);
    assert_true(s.c.pac_verified);
    scene_assert_plain(&s, UTF16("alice"), UTF16("EXAMPLE.ORG"));
    s.ticket.authtime_100ns = PAC_MIT_RC4_AUTHTIME;
    scene_set_key(&s, KRB_RC4_HMAC, HEX(PAC_MIT_RC4_KEY));
    scene_set_pac(&s, HEX(PAC_MIT_RC4));
    scene_accepted(&s);
    scene_assert_plain(&s, UTF16("alice"), UTF16("EXAMPLE.ORG"));
    scene_clear(&s);
}

/* --- without a PAC ------------------------------------------------------------------------- */

static void
test_krb_authorize__no_pac_as_policy_has_it(void **state)
{
    struct scene s;

    scene_init(&s);
    scene_accepted(&s);
    assert_false(s.c.pac_verified);
    scene_assert_plain(&s, UTF16("alice"), UTF16("EXAMPLE.TEST"));
    scene_clear(&s);
    scene_init(&s);
    s.host.settings.kerberos.pac = SEC_PAC_REQUIRED;
    scene_denied(&s, "the ticket has no PAC, and policy requires one");
    scene_clear(&s);
}

/* Each realm on a ticket's way can make the client's name up. The KDC's flag says that they may speak for
 * it, and so does a PAC that has been filtered; that there is one, from MIT's KDC, does not. */
static void
test_krb_authorize__realms_on_the_way_that_nobody_checked(void **state)
{
    static const char why[] = "came through other realms, which the KDC did not check";
    struct draft with_logon, without_logon;
    struct scene s;

    scene_init(&s);
    s.ticket.transited_type = 1;
    s.ticket.transited = bytes_of_string("BETWEEN.TEST");
    scene_denied(&s, why);
    s.host.settings.kerberos.pac = SEC_PAC_IGNORE;
    scene_denied(&s, why);
    s.host.settings.kerberos.pac = SEC_PAC_VERIFY;
    draft_init(&without_logon);
    without_logon.without_logon = true;
    scene_issue(&s, &without_logon);
    scene_denied(&s, why);
    s.ticket.flags = KRB_TICKET_TRANSITED_CHECKED;
    scene_accepted(&s);
    scene_again(&s);
    s.ticket.flags = 0;
    draft_init(&with_logon);
    scene_issue(&s, &with_logon);
    scene_accepted(&s);
    scene_again(&s);
    s.ticket.authorization_data = (struct bytes){ 0 };
    s.ticket.flags = KRB_TICKET_TRANSITED_CHECKED;
    scene_accepted(&s);
    scene_assert_plain(&s, UTF16("alice"), UTF16("EXAMPLE.TEST"));
    scene_clear(&s);
}

/* Nothing is looked at, and nothing is taken. */
static void
test_krb_authorize__policy_ignore(void **state)
{
    struct scene s;

    scene_init(&s);
    s.host.settings.kerberos.pac = SEC_PAC_IGNORE;
    scene_set_pac(&s, HEX(PAC_AD_USER));
    scene_accepted(&s);
    assert_false(s.c.pac_verified);
    scene_assert_plain(&s, UTF16("alice"), UTF16("EXAMPLE.TEST"));
    scene_set_pac(&s, HEX("00"));
    scene_accepted(&s);
    s.ticket.authorization_data = HEX("3003");
    scene_accepted(&s);
    scene_assert_plain(&s, UTF16("alice"), UTF16("EXAMPLE.TEST"));
    scene_clear(&s);
}

/* What a client may put into its ticket is not what the KDC vouches for. */
static void
test_krb_authorize__pac_elsewhere_is_none(void **state)
{
    SEC_AUTO(wire_writer) inner = wire_writer_growing(NULL, 0);
    struct krb_ad_element element = { KRB_AD_WIN2K_PAC, HEX(PAC_AD_USER) };
    struct scene s;

    scene_init(&s);
    krb_ad_encode(&inner, &element, 1);
    element = (struct krb_ad_element){ KRB_AD_AND_OR, wire_written(&inner) };
    s.ad = wire_writer_growing(NULL, 0);
    krb_ad_encode(&s.ad, &element, 1);
    s.ticket.authorization_data = wire_written(&s.ad);
    scene_accepted(&s);
    assert_false(s.c.pac_verified);
    scene_assert_plain(&s, UTF16("alice"), UTF16("EXAMPLE.TEST"));
    scene_clear(&s);
}

static void
test_krb_authorize__malformed_authorization_data_refused(void **state)
{
    struct scene s;

    scene_init(&s);
    s.ticket.authorization_data = HEX("3003");
    scene_denied(&s, "authorization data is malformed");
    scene_clear(&s);
}

/* alice/admin is not alice. */
static void
test_krb_authorize__whole_name_without_a_pac(void **state)
{
    struct scene s;

    scene_init(&s);
    s.ticket.cname.n = 2;
    s.ticket.cname.parts[1] = bytes_of_string("admin");
    scene_accepted(&s);
    scene_assert_plain(&s, UTF16("alice/admin"), UTF16("EXAMPLE.TEST"));
    s.ticket.cname.n = 1;
    s.ticket.cname.parts[0] = bytes_of_string("alice/admin");
    scene_accepted(&s);
    scene_assert_plain(&s, UTF16("alice\\/admin"), UTF16("EXAMPLE.TEST"));
    s.ticket.cname.parts[0] = bytes_of_string("zo\xc3\xab");
    scene_accepted(&s);
    scene_assert_plain(&s, HEX("7a006f00eb00"), UTF16("EXAMPLE.TEST"));
    scene_clear(&s);
}

static void
test_krb_authorize__names_that_are_none_refused(void **state)
{
    struct scene s;

    scene_init(&s);
    s.ticket.cname.parts[0] = bytes_of_string("");
    scene_denied(&s, "empty or not UTF-8");
    s.ticket.cname.n = 0;
    scene_denied(&s, "empty or not UTF-8");
    s.ticket.cname.n = 1;
    s.ticket.cname.parts[0] = bytes_of_string("zo\xeb");
    scene_denied(&s, "empty or not UTF-8");
    s.ticket.cname.parts[0] = bytes_of_string("alice");
    s.ticket.crealm = bytes_of_string("");
    scene_denied(&s, "empty or not UTF-8");
    s.ticket.crealm = bytes_of_string("\xff");
    scene_denied(&s, "empty or not UTF-8");
    scene_clear(&s);
}

static void
test_krb_authorize__anonymous_refused_under_any_policy(void **state)
{
    static const enum sec_pac_policy policies[] = { SEC_PAC_VERIFY, SEC_PAC_REQUIRED,
                                                    SEC_PAC_IGNORE };

    for (size_t i = 0; i < SEC_ARRAY_LEN(policies); i++) {
        struct scene s;

        scene_init(&s);
        s.host.settings.kerberos.pac = policies[i];
        s.ticket.flags = KRB_TICKET_ANONYMOUS;
        scene_denied(&s, "anonymous");
        s.ticket.flags = 0;
        s.ticket.cname = (struct krb_name){
            KRB_NT_PRINCIPAL, 2, { bytes_of_string("WELLKNOWN"), bytes_of_string("ANONYMOUS") }
        };
        scene_denied(&s, "anonymous");
        s.ticket.cname = (struct krb_name){ KRB_NT_PRINCIPAL, 1, { bytes_of_string("alice") } };
        s.ticket.crealm = bytes_of_string("WELLKNOWN:ANONYMOUS");
        scene_denied(&s, "anonymous");
        scene_clear(&s);
    }
}

/* --- the signature ------------------------------------------------------------------------- */

static void
try_changed(struct bytes in, size_t at, void *user)
{
    struct scene *s = user;
    struct bytes whole = HEX(PAC_AD_USER);
    struct pac pac;

    /* The KDC's signature is the one thing that the server's does not cover. */
    assert_int_equal(pac_decode(&pac, whole), WIRE_OK);
    scene_set_pac(s, in);
    if (in.n == whole.n && at >= pac.kdc.at && at < pac.kdc.at + pac.kdc.value.n) {
        scene_accepted(s);
        scene_again(s);
        return;
    }
    scene_denied(s, "PAC");
}

static void
test_krb_authorize__each_byte_is_signed(void **state)
{
    struct bytes whole = HEX(PAC_AD_USER);
    struct scene s;

    scene_init(&s);
    for (size_t at = 0; at < whole.n; at++) {
        uint8_t *copy = mutate_copy(whole, whole.n);

        copy[at] ^= 1;
        try_changed(bytes_of(copy, whole.n), at, &s);
        copy[at] ^= 0x81;
        try_changed(bytes_of(copy, whole.n), at, &s);
        free(copy);
    }
    mutate_prefixes(whole, try_changed, &s);
    scene_clear(&s);
}

static void
test_krb_authorize__another_key_refused(void **state)
{
    struct scene s;

    scene_init(&s);
    scene_set_pac(&s, HEX(PAC_AD_USER));
    scene_set_key(&s, KRB_AES256_SHA1, HEX(PAC_AD_TGT_KEY));
    scene_denied(&s, "the server signature does not verify");
    s.proven.key = NULL;
    scene_denied(&s, "no key to verify the server signature with");
    s.key.verify_pac = NULL;
    s.proven.key = &s.key;
    scene_denied(&s, "no key to verify the server signature with");
    scene_clear(&s);
}

/* --- memory -------------------------------------------------------------------------------- */

static void
run_authorize(void *user, bool failing)
{
    struct scene *s = user;
    sec_status status = scene_authorize(s);

    if (status == SEC_E_OK) {
        assert_string_equal(s->c.identity->sid, AD "-1102");
        scene_again(s);
        return;
    }
    assert_true(failing);
    assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
    assert_null(s->c.identity);
    assert_false(s->c.pac_verified);
    assert_int_equal(s->c.sub_status, 0);
}

static void
test_krb_authorize__each_allocation_fails(void **state)
{
    struct scene s;

    scene_init(&s);
    scene_set_pac(&s, HEX(PAC_AD_USER));
    assert_true(alloc_fail_each(run_authorize, &s) >= 1);
    scene_clear(&s);
}

static void
run_many_groups(void *user, bool failing)
{
    struct scene *s = user;
    sec_status status = scene_authorize(s);

    if (status == SEC_E_OK) {
        assert_int_equal(s->c.identity->n_groups, MANY_GROUPS);
        scene_assert_group(s, MANY_GROUPS - 1, "S-1-5-21-1-2-3-2099", "S-1-5-21-1-2-3-2099", 7);
        scene_again(s);
        return;
    }
    assert_true(failing);
    assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
    assert_null(s->c.identity);
}

/* More than have room on the stack. */
static void
test_krb_authorize__many_groups__each_allocation_fails(void **state)
{
    uint8_t groups[MANY_GROUPS * 8];
    struct wire_writer w = wire_writer_fixed(groups, sizeof(groups));
    struct scene s;
    struct draft d;

    for (uint32_t i = 0; i < MANY_GROUPS; i++) {
        wire_put_le32(&w, 2000 + i);
        wire_put_le32(&w, 7);
    }
    scene_init(&s);
    draft_init(&d);
    d.logon.groups = wire_written(&w);
    scene_issue(&s, &d);
    assert_true(alloc_fail_each(run_many_groups, &s) >= 2);
    scene_clear(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_krb_authorize__user_of_a_domain),
        cmocka_unit_test(test_krb_authorize__enterprise_name),
        cmocka_unit_test(test_krb_authorize__administrator),
        cmocka_unit_test(test_krb_authorize__requestor_of_a_tgt),
        cmocka_unit_test(test_krb_authorize__pac_without_logon_information),
        cmocka_unit_test(test_krb_authorize__no_pac_as_policy_has_it),
        cmocka_unit_test(test_krb_authorize__realms_on_the_way_that_nobody_checked),
        cmocka_unit_test(test_krb_authorize__policy_ignore),
        cmocka_unit_test(test_krb_authorize__pac_elsewhere_is_none),
        cmocka_unit_test(test_krb_authorize__malformed_authorization_data_refused),
        cmocka_unit_test(test_krb_authorize__whole_name_without_a_pac),
        cmocka_unit_test(test_krb_authorize__names_that_are_none_refused),
        cmocka_unit_test(test_krb_authorize__anonymous_refused_under_any_policy),
        cmocka_unit_test(test_krb_authorize__each_byte_is_signed),
        cmocka_unit_test(test_krb_authorize__another_key_refused),
        cmocka_unit_test(test_krb_authorize__each_allocation_fails),
        cmocka_unit_test(test_krb_authorize__many_groups__each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
