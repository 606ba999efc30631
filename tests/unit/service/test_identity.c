/* SPDX-License-Identifier: Apache-2.0 */
/* Who a client is, as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "service/identity.h"

static OPENSSPI_LOGON
unnamed(void)
{
    OPENSSPI_LOGON logon = identity_nobody;

    logon.Anonymous = 0;
    return logon;
}

static void
check(const OPENSSPI_LOGON *logon, ULONG attributes, const char *want)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    assert_true(identity_put_json(&w, logon, attributes));
    wire_put_u8(&w, 0);
    assert_string_equal((const char *)w.p, want);
}

static void
test_identity_put_json__ntlm(void **state)
{
    const char *const groups[] = { "staff", "night \"shift\"" };
    const char *const sids[] = { "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002" };
    const ULONG attributes[] = { 7, 7 };
    OPENSSPI_LOGON logon = unnamed();

    logon.PackageName = "NTLM";
    logon.NtlmVersion = "NTLM V2";
    logon.UserName = "alice";
    logon.DomainName = "WEB1";
    logon.UserSid = "S-1-5-21-1-2-3-1000";
    logon.KeyLength = 128;
    logon.MicVerified = 1;
    logon.Workstation = "PC7";
    logon.GroupCount = 2;
    logon.Groups = groups;
    logon.GroupSids = sids;
    logon.GroupAttributes = attributes;
    check(&logon, 0,
          "{\"user\":\"alice\",\"domain\":\"WEB1\",\"sid\":\"S-1-5-21-1-2-3-1000\","
          "\"groups\":[\"staff\",\"night \\\"shift\\\"\"],"
          "\"group_sids\":[\"S-1-5-21-1-2-3-1001\",\"S-1-5-21-1-2-3-1002\"],"
          "\"group_attributes\":[7,7],\"unix_user\":null,\"anonymous\":false,"
          "\"package\":\"NTLM\",\"ntlm_version\":\"NTLM V2\",\"key_length\":128,\"mutual\":false,"
          "\"mic_verified\":true,\"workstation\":\"PC7\",\"target_name\":null,\"upn\":null,"
          "\"logon_server\":null,\"kerberos\":null}\n");
}

static void
test_identity_put_json__kerberos(void **state)
{
    const char *const groups[] = { "Domain Users", "S-1-5-21-1-2-3-1104" };
    const char *const sids[] = { "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1104" };
    const ULONG attributes[] = { 7, 0x20000007 };
    OPENSSPI_LOGON logon = unnamed();

    logon.PackageName = "Kerberos";
    logon.UserName = "alice";
    logon.DomainName = "EXAMPLE";
    logon.UserSid = "S-1-5-21-1-2-3-1105";
    logon.KeyLength = 256;
    logon.GroupCount = 2;
    logon.Groups = groups;
    logon.GroupSids = sids;
    logon.GroupAttributes = attributes;
    logon.UserPrincipalName = "alice@example.test";
    logon.LogonServer = "DC1";
    logon.ClientPrincipal = "alice@EXAMPLE.TEST";
    logon.ServicePrincipal = "HTTP/web.example.test@EXAMPLE.TEST";
    logon.TicketEncryption = "aes256-cts-hmac-sha1-96";
    logon.SessionEncryption = "aes128-cts-hmac-sha1-96";
    logon.HasKeyVersion = 1;
    logon.KeyVersion = 3;
    logon.PacVerified = 1;
    logon.DelegatedCache = "MEMORY:of-one-context";
    check(&logon, ASC_RET_MUTUAL_AUTH,
          "{\"user\":\"alice\",\"domain\":\"EXAMPLE\",\"sid\":\"S-1-5-21-1-2-3-1105\","
          "\"groups\":[\"Domain Users\",\"S-1-5-21-1-2-3-1104\"],"
          "\"group_sids\":[\"S-1-5-21-1-2-3-513\",\"S-1-5-21-1-2-3-1104\"],"
          "\"group_attributes\":[7,536870919],\"unix_user\":null,\"anonymous\":false,"
          "\"package\":\"Kerberos\",\"ntlm_version\":null,\"key_length\":256,\"mutual\":true,"
          "\"mic_verified\":false,\"workstation\":null,\"target_name\":null,"
          "\"upn\":\"alice@example.test\",\"logon_server\":\"DC1\",\"kerberos\":{"
          "\"client\":\"alice@EXAMPLE.TEST\",\"service\":\"HTTP/web.example.test@EXAMPLE.TEST\","
          "\"ticket_encryption\":\"aes256-cts-hmac-sha1-96\","
          "\"session_encryption\":\"aes128-cts-hmac-sha1-96\",\"kvno\":3,\"pac_verified\":true,"
          "\"delegated\":true}}\n");
}

static void
test_identity_put_json__what_is_not_known_is_null(void **state)
{
    OPENSSPI_LOGON logon = unnamed();

    logon.ClientPrincipal = "alice@EXAMPLE.ORG";
    check(&logon, 0,
          "{\"user\":null,\"domain\":null,\"sid\":null,\"groups\":[],\"group_sids\":[],"
          "\"group_attributes\":[],\"unix_user\":null,\"anonymous\":false,\"package\":null,"
          "\"ntlm_version\":null,\"key_length\":0,\"mutual\":false,\"mic_verified\":false,"
          "\"workstation\":null,\"target_name\":null,\"upn\":null,\"logon_server\":null,"
          "\"kerberos\":{\"client\":\"alice@EXAMPLE.ORG\",\"service\":null,"
          "\"ticket_encryption\":null,\"session_encryption\":null,\"kvno\":null,"
          "\"pac_verified\":false,\"delegated\":false}}\n");
}

/* What is not UTF-8 is no identity that anybody could be told. */
static void
test_identity_put_json__broken_text_is_refused(void **state)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    OPENSSPI_LOGON logon = unnamed();

    logon.ClientPrincipal = "alice\xff";
    assert_false(identity_put_json(&w, &logon, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_put_json__ntlm),
        cmocka_unit_test(test_identity_put_json__kerberos),
        cmocka_unit_test(test_identity_put_json__what_is_not_known_is_null),
        cmocka_unit_test(test_identity_put_json__broken_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
