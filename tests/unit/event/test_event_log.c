/* SPDX-License-Identifier: Apache-2.0 */
/* The event log: what a logon, a refusal and a lock-out look like, and what trouble looks like. */
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/event/event_file.h"

/* Every line of the file, each proven to be one object. Owned by the caller: json_decref. */
static json_t *
events(void)
{
    json_t *all = json_array();
    FILE *file = fopen(path, "r");
    char line[16384];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        json_t *event = json_loads(line, 0, NULL);

        assert_true(json_is_object(event));
        assert_int_equal(json_array_append_new(all, event), 0);
    }
    assert_int_equal(fclose(file), 0);
    return all;
}

static json_t *
event_at(json_t *all, size_t i, int id)
{
    json_t *event = json_array_get(all, i);

    assert_non_null(event);
    assert_int_equal(json_integer_value(json_object_get(event, "EventID")), id);
    return event;
}

static void
assert_number(json_t *event, const char *name, int number)
{
    assert_true(json_is_integer(json_object_get(event, name)));
    assert_int_equal(json_integer_value(json_object_get(event, name)), number);
}

static const struct event_logon granted = {
    .status = SEC_E_OK,
    .mic_verified = true,
    .listener = "front",
    .protocol = "http",
    .address = "192.0.2.7",
    .port = 4711,
    .package = "Negotiate",
    .mechanism = "NTLM",
    .ntlm_version = "NTLM V2",
    .key_bits = 128,
    .user = "J\xC3\xBCrgen",
    .domain = "WEB1",
    .claimed_user = "J\xC3\x9CRGEN",
    .claimed_domain = ".",
    .workstation = "PC7",
    .target = "HTTP/web1",
    .sid = "S-1-5-21-1-2-3-1000",
    .unix_user = "juergen",
};

static struct event_logon
refused_logon(sec_status status, uint32_t sub_status)
{
    struct event_logon logon = granted;

    logon.status = status;
    logon.sub_status = sub_status;
    logon.sid = logon.unix_user = "";
    logon.user = logon.claimed_user;
    logon.domain = logon.claimed_domain;
    logon.key_bits = 0;
    logon.reason = "the response does not prove the password";
    return logon;
}

static void
test_event_log_logon__a_password_is_logon_type_8(void **state)
{
    struct event_log *log = open_log(0);
    struct event_logon logon = granted;
    json_t *all;

    (void)state;
    logon.clear_text = true;
    logon.mechanism = logon.ntlm_version = "";
    event_log_logon(log, &logon);
    event_log_close(log);
    all = events();
    assert_int_equal(json_array_size(all), 1);
    assert_number(event_at(all, 0, EVENT_LOGON), "LogonType", 8);
    json_decref(all);
}

static void
test_event_log_logon__granted_is_4776_and_4624(void **state)
{
    struct event_log *log = open_log(0);
    json_t *all, *e;

    (void)state;
    event_log_logon(log, &granted);
    event_log_close(log);
    all = events();
    assert_int_equal(json_array_size(all), 2);
    e = event_at(all, 0, EVENT_NTLM_VALIDATION);
    assert_text(e, "PackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0");
    assert_text(e, "TargetUserName", "J\xC3\x9CRGEN");
    assert_text(e, "Workstation", "PC7");
    assert_text(e, "Status", "0x0");
    e = event_at(all, 1, EVENT_LOGON);
    assert_text(e, "Keywords", "Audit Success");
    assert_text(e, "TargetUserSid", "S-1-5-21-1-2-3-1000");
    assert_text(e, "TargetUserName", "J\xC3\xBCrgen");
    assert_text(e, "TargetDomainName", "WEB1");
    assert_number(e, "LogonType", 3);
    assert_text(e, "LogonProcessName", "NtLmSsp");
    assert_text(e, "AuthenticationPackageName", "NTLM");
    assert_text(e, "WorkstationName", "PC7");
    assert_text(e, "LmPackageName", "NTLM V2");
    assert_number(e, "KeyLength", 128);
    assert_text(e, "IpAddress", "192.0.2.7");
    assert_number(e, "IpPort", 4711);
    assert_text(e, "listener", "front");
    assert_text(e, "package", "Negotiate");
    assert_text(e, "unix_user", "juergen");
    assert_text(e, "reason", NULL);
    assert_number(e, "EventRecordID", 2);
    assert_number(e, "ProcessID", getpid());
    assert_int_equal(strlen(json_string_value(json_object_get(e, "TimeCreated"))), 27);
    json_decref(all);
}

static const struct event_kerberos ticket = {
    .client = "alice@EXAMPLE.TEST",
    .service = "HTTP/web1.example.test@EXAMPLE.TEST",
    .upn = "alice@example.test",
    .logon_server = "DC1",
    .ticket_enctype = 18,
    .session_enctype = 17,
    .kvno = 4,
    .has_kvno = true,
    .pac_verified = true,
    .delegated = true,
};

static struct event_logon
kerberos_logon(void)
{
    struct event_logon logon = granted;

    logon.mechanism = "Kerberos";
    logon.ntlm_version = logon.workstation = "";
    logon.key_bits = 256;
    logon.mic_verified = false;
    logon.kerberos = ticket;
    logon.host = "web1.example.test";
    return logon;
}

static void
test_event_log_logon__kerberos_granted_is_4624_alone(void **state)
{
    struct event_logon logon = kerberos_logon();
    struct event_log *log = open_log(0);
    json_t *all, *e;

    (void)state;
    event_log_logon(log, &logon);
    event_log_close(log);
    all = events();
    assert_int_equal(json_array_size(all), 1);
    e = event_at(all, 0, EVENT_LOGON);
    assert_text(e, "LogonProcessName", "Kerberos");
    assert_text(e, "AuthenticationPackageName", "Kerberos");
    assert_text(e, "LmPackageName", "-");
    assert_text(e, "WorkstationName", "-");
    assert_number(e, "KeyLength", 0);
    assert_text(e, "ServiceName", "HTTP/web1.example.test@EXAMPLE.TEST");
    assert_text(e, "TicketEncryptionType", "0x12");
    assert_text(e, "session_encryption_type", "0x11");
    assert_number(e, "kvno", 4);
    assert_text(e, "client_principal", "alice@EXAMPLE.TEST");
    assert_text(e, "upn", "alice@example.test");
    assert_text(e, "logon_server", "DC1");
    assert_text(e, "host", "web1.example.test");
    assert_true(json_is_true(json_object_get(e, "pac_verified")));
    assert_true(json_is_true(json_object_get(e, "delegated")));
    assert_null(json_object_get(e, "krb_error"));
    json_decref(all);
}

/* No password was judged: what Windows says of a wrong one does not fit. */
static void
test_event_log_logon__kerberos_refused_tells_of_the_ticket(void **state)
{
    struct event_logon logon = kerberos_logon();
    struct event_log *log = open_log(0);
    json_t *all, *e;

    (void)state;
    logon.status = SEC_E_LOGON_DENIED;
    logon.sub_status = 0xC000006D;
    logon.user = logon.domain = "";
    logon.reason = "ticket for HTTP/web1.example.test kvno 4, keytab has kvno 3";
    logon.hint = "export it again";
    logon.offered = "MS-Kerberos, Kerberos, NTLM";
    logon.first_token = "Kerberos";
    logon.kerberos.error = 44;
    event_log_logon(log, &logon);
    event_log_close(log);
    all = events();
    assert_int_equal(json_array_size(all), 1);
    e = event_at(all, 0, EVENT_REFUSED);
    assert_text(e, "TargetUserName", "-");
    assert_text(e, "Status", "0xc000006d");
    assert_text(e, "FailureReason", "An Error occured during Logon.");
    assert_text(e, "status_name", "SEC_E_LOGON_DENIED");
    assert_text(e, "reason", "ticket for HTTP/web1.example.test kvno 4, keytab has kvno 3");
    assert_text(e, "hint", "export it again");
    assert_text(e, "offered", "MS-Kerberos, Kerberos, NTLM");
    assert_text(e, "first_token", "Kerberos");
    assert_text(e, "ServiceName", "HTTP/web1.example.test@EXAMPLE.TEST");
    assert_number(e, "kvno", 4);
    assert_number(e, "krb_error", 44);
    assert_null(json_object_get(e, "pac_verified"));
    json_decref(all);
}

static void
test_event_log_logon__refusals_as_windows_tells_them(void **state)
{
    static const struct {
        sec_status status;
        uint32_t sub_status;
        const char *told, *sub, *text;
    } rows[] = {
        { SEC_E_LOGON_DENIED, 0xC0000064, "0xc000006d", "0xc0000064",
          "Unknown user name or bad password." },
        { SEC_E_LOGON_DENIED, 0xC000006A, "0xc000006d", "0xc000006a",
          "Unknown user name or bad password." },
        { SEC_E_LOGON_DENIED, 0, "0xc000006d", "0x0", "Unknown user name or bad password." },
        { SEC_E_LOGON_DENIED, 0xC0000072, "0xc000006e", "0xc0000072",
          "Account currently disabled." },
        { SEC_E_LOGON_DENIED, 0xC0000234, "0xc0000234", "0xc0000234", "Account locked out." },
        { SEC_E_INVALID_TOKEN, 0, "0x80090308", "0x0", "An Error occured during Logon." },
        { SEC_E_LOGON_DENIED, 0xC000035B, "0x8009030c", "0xc000035b",
          "An Error occured during Logon." },
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        struct event_logon logon = refused_logon(rows[i].status, rows[i].sub_status);
        struct event_log *log = open_log(0);
        json_t *all, *e;

        assert_int_equal(truncate(path, 0), 0);
        event_log_logon(log, &logon);
        event_log_close(log);
        all = events();
        e = event_at(all, rows[i].sub_status ? 1 : 0, EVENT_REFUSED);
        assert_text(e, "Keywords", "Audit Failure");
        assert_text(e, "TargetUserSid", "S-1-0-0");
        assert_text(e, "TargetUserName", "J\xC3\x9CRGEN");
        assert_text(e, "Status", rows[i].told);
        assert_text(e, "SubStatus", rows[i].sub);
        assert_text(e, "FailureReason", rows[i].text);
        assert_text(e, "reason", "the response does not prove the password");
        json_decref(all);
    }
}

static void
test_event_log_logon__lock_out_is_4740_too(void **state)
{
    struct event_log *log = open_log(0);
    struct event_logon logon = refused_logon(SEC_E_LOGON_DENIED, 0xC000006A);
    json_t *all, *e;

    (void)state;
    logon.locked_out_now = true;
    logon.refused_sid = "S-1-5-21-1-2-3-1000";
    event_log_logon(log, &logon);
    event_log_close(log);
    all = events();
    assert_int_equal(json_array_size(all), 3);
    e = event_at(all, 2, EVENT_LOCKED_OUT);
    assert_text(e, "TargetSid", "S-1-5-21-1-2-3-1000");
    assert_text(e, "TargetUserName", "J\xC3\x9CRGEN");
    assert_text(e, "TargetDomainName", "PC7");
    assert_text(e, "IpAddress", "192.0.2.7");
    json_decref(all);
}

static void
test_event_log_logon__anonymous_and_nothing_known(void **state)
{
    struct event_log *log = open_log(0);
    struct event_logon logon = { .anonymous = true, .mechanism = "NTLM" };
    json_t *all, *e;

    (void)state;
    event_log_logon(log, &logon);
    logon = (struct event_logon){ .status = SEC_E_INVALID_TOKEN };
    event_log_logon(log, &logon);
    event_log_close(log);
    all = events();
    e = event_at(all, 0, EVENT_LOGON);
    assert_text(e, "TargetUserSid", "S-1-5-7");
    assert_text(e, "TargetUserName", "ANONYMOUS LOGON");
    e = event_at(all, 1, EVENT_REFUSED);
    assert_text(e, "TargetUserName", "-");
    assert_text(e, "IpAddress", "-");
    json_decref(all);
}

static void
test_event_log_logon__floods_become_a_number(void **state)
{
    struct event_log *log = open_log(5);
    struct event_logon logon = refused_logon(SEC_E_INVALID_TOKEN, 0);
    json_t *all;
    size_t written = 0, told = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        event_log_logon(log, &logon);
        event_log_logon(log, &granted);
    }
    event_log_close(log);
    all = events();
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *e = json_array_get(all, i);
        json_int_t id = json_integer_value(json_object_get(e, "EventID"));

        written += id == EVENT_REFUSED;
        if (id == EVENT_DROPPED) {
            told += (size_t)json_integer_value(json_object_get(e, "EventsDropped"));
            assert_number(e, "DroppedEventID", EVENT_REFUSED);
            assert_text(e, "IpAddress", "192.0.2.7");
        }
    }
    assert_int_equal(written + told, 100);
    assert_in_range(written, 5, 10); /* the clock may have struck in between */
    assert_in_range(json_array_size(all) - written, 201, 202);
    json_decref(all);
}

static void
test_event_log_open__no_folder_is_refused(void **state)
{
    const struct event_settings settings = { .file = "/nonexistent/e",
                                             .program = "x",
                                             .log = &quiet };

    (void)state;
    assert_null(event_log_open(&settings));
}

#define TEST(f) cmocka_unit_test_teardown(f, empty_file)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_event_log_logon__granted_is_4776_and_4624),
        TEST(test_event_log_logon__a_password_is_logon_type_8),
        TEST(test_event_log_logon__kerberos_granted_is_4624_alone),
        TEST(test_event_log_logon__kerberos_refused_tells_of_the_ticket),
        TEST(test_event_log_logon__refusals_as_windows_tells_them),
        TEST(test_event_log_logon__lock_out_is_4740_too),
        TEST(test_event_log_logon__anonymous_and_nothing_known),
        TEST(test_event_log_logon__floods_become_a_number),
        TEST(test_event_log_open__no_folder_is_refused),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
