/* SPDX-License-Identifier: Apache-2.0 */
/* The events beside a logon's own: its end, a replayed ticket, accounts, a program's life. */
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

/* The one event of this id. Owned by the caller: json_decref. */
static json_t *
event_of(int id)
{
    FILE *file = fopen(path, "r");
    char line[16384];
    json_t *found = NULL;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        json_t *event = json_loads(line, 0, NULL);

        assert_true(json_is_object(event));
        if (json_integer_value(json_object_get(event, "EventID")) == id) {
            assert_null(found);
            found = json_incref(event);
        }
        json_decref(event);
    }
    assert_int_equal(fclose(file), 0);
    assert_non_null(found);
    return found;
}

static void
test_logoff__has_the_number_of_its_logon(void **state)
{
    const struct event_logon logon = { .mechanism = "NTLM", .user = "demo", .sid = "S-1-5-21-1" };
    struct event_log *log = open_log(0);
    json_t *granted, *ended;
    uint64_t id = event_log_logon(log, &logon), other = event_log_logon(log, &logon);
    char text[32];

    (void)state;
    assert_true(id && other && id != other);
    assert_int_equal(event_log_logon(log, &(struct event_logon){ .status = SEC_E_LOGON_DENIED }),
                     0);
    assert_int_equal(event_log_logon(NULL, &logon), 0);
    event_log_close(log);
    assert_int_equal(truncate(path, 0), 0);
    log = open_log(0);
    id = event_log_logon(log, &logon);
    event_log_logoff(log, &(struct event_logoff){ .logon = id,
                                                  .user = "demo",
                                                  .domain = "WEB1",
                                                  .sid = "S-1-5-21-1",
                                                  .address = "192.0.2.7",
                                                  .port = 7,
                                                  .listener = "front" });
    event_log_close(log);
    (void)snprintf(text, sizeof(text), "0x%llx", (unsigned long long)id);
    granted = event_of(EVENT_LOGON);
    assert_text(granted, "TargetLogonId", text);
    assert_text(granted, "SubjectUserSid", "S-1-0-0");
    assert_text(granted, "SubjectLogonId", "0x0");
    assert_text(granted, "ImpersonationLevel", "Impersonation");
    ended = event_of(EVENT_LOGOFF);
    assert_text(ended, "TargetLogonId", text);
    assert_text(ended, "TargetUserSid", "S-1-5-21-1");
    assert_text(ended, "TargetUserName", "demo");
    assert_text(ended, "TargetDomainName", "WEB1");
    assert_int_equal(json_integer_value(json_object_get(ended, "LogonType")), 3);
    assert_text(ended, "Keywords", "Audit Success");
    json_decref(granted);
    json_decref(ended);
}

static void
test_replay__is_4649_before_the_refusal(void **state)
{
    struct event_log *log = open_log(0);
    json_t *event;

    (void)state;
    (void)event_log_logon(
        log, &(struct event_logon){ .status = SEC_E_LOGON_DENIED,
                                    .mechanism = "Kerberos",
                                    .user = "alice",
                                    .domain = "EXAMPLE.TEST",
                                    .address = "192.0.2.7",
                                    .kerberos = { .error = 34, .service = "HTTP/web1" } });
    event_log_close(log);
    event = event_of(EVENT_REPLAY);
    assert_text(event, "Keywords", "Audit Failure");
    assert_text(event, "TargetUserName", "alice");
    assert_text(event, "RequestType", "KRB_AP_REQ");
    assert_text(event, "AuthenticationPackage", "Kerberos");
    assert_text(event, "ServiceName", "HTTP/web1");
    json_decref(event);
    event = event_of(EVENT_REFUSED);
    assert_int_equal(json_integer_value(json_object_get(event, "EventRecordID")), 2);
    json_decref(event);
}

static void
test_account__names_who_did_it(void **state)
{
    struct event_account a = { .id = EVENT_ACCOUNT_CHANGED,
                               .user = "demo",
                               .domain = "WEB1",
                               .sid = "S-1-5-21-1",
                               .by_uid = 4711,
                               .by_user = "root",
                               .expires = "never",
                               .changed = "expires" };
    struct event_log *log = open_log(0);
    json_t *event;

    (void)state;
    event_log_account(log, &a);
    a.id = EVENT_GROUP_JOINED;
    a.group = "users";
    a.group_sid = "S-1-5-21-2";
    a.by_user = NULL;
    event_log_account(log, &a);
    a.id = EVENT_PASSWORD_RESET;
    a.failure = true;
    a.reason = "too short";
    event_log_account(log, &a);
    event_log_account(NULL, &a);
    event_log_close(log);
    event = event_of(EVENT_ACCOUNT_CHANGED);
    assert_text(event, "TargetUserName", "demo");
    assert_text(event, "TargetSid", "S-1-5-21-1");
    assert_text(event, "SubjectUserSid", "S-1-22-1-4711");
    assert_text(event, "SubjectUserName", "root");
    assert_text(event, "AccountExpires", "never");
    assert_text(event, "changed", "expires");
    json_decref(event);
    event = event_of(EVENT_GROUP_JOINED);
    assert_text(event, "MemberSid", "S-1-5-21-1");
    assert_text(event, "MemberName", "WEB1\\demo");
    assert_text(event, "TargetUserName", "users");
    assert_text(event, "TargetSid", "S-1-5-21-2");
    assert_text(event, "SubjectUserName", "4711");
    json_decref(event);
    event = event_of(EVENT_PASSWORD_RESET);
    assert_text(event, "Keywords", "Audit Failure");
    assert_text(event, "reason", "too short");
    assert_null(json_object_get(event, "changed"));
    json_decref(event);
}

static void
test_service__begins_ends_and_reads_its_files_anew(void **state)
{
    struct event_log *log = open_log(0);
    json_t *event;

    (void)state;
    event_log_service(log, &(struct event_service){ .id = EVENT_SERVICE_STARTED, .version = "1" });
    event_log_service(log, &(struct event_service){ .id = EVENT_SERVICE_RELOADED,
                                                    .failure = true,
                                                    .reason = "a fault" });
    event_log_service(log, &(struct event_service){ .id = EVENT_SERVICE_STOPPED });
    event_log_service(log, &(struct event_service){ .id = EVENT_SERVICE_BACKEND,
                                                    .failure = true,
                                                    .listener = "web",
                                                    .backend = "db:1",
                                                    .reason = "refused" });
    event_log_close(log);
    event = event_of(EVENT_SERVICE_STARTED);
    assert_text(event, "version", "1");
    json_decref(event);
    event = event_of(EVENT_SERVICE_RELOADED);
    assert_text(event, "reason", "a fault");
    assert_text(event, "Keywords", "Audit Failure");
    json_decref(event);
    json_decref(event_of(EVENT_SERVICE_STOPPED));
    event = event_of(EVENT_SERVICE_BACKEND);
    assert_text(event, "listener", "web");
    assert_text(event, "backend", "db:1");
    assert_text(event, "reason", "refused");
    json_decref(event);
}

static void
test_command__has_windows_fields_of_a_process(void **state)
{
    struct event_command c = { .id = EVENT_COMMAND_STARTED,
                               .command = "shell",
                               .logon = 7,
                               .user = "demo",
                               .domain = "WEB1",
                               .sid = "S-1-5-21-1",
                               .address = "192.0.2.7",
                               .process = 255 };
    struct event_log *log = open_log(0);
    json_t *event;

    (void)state;
    event_log_command(log, &c);
    c.id = EVENT_COMMAND_ENDED;
    c.failure = true;
    c.signal = 9;
    c.to_client = 5;
    event_log_command(log, &c);
    c.id = EVENT_COMMAND_REFUSED;
    c.refusal = "not-permitted";
    c.reason = "why";
    event_log_command(log, &c);
    event_log_command(NULL, &c);
    event_log_close(log);
    event = event_of(EVENT_COMMAND_STARTED);
    assert_text(event, "NewProcessId", "0xff");
    assert_text(event, "SubjectUserSid", "S-1-5-18");
    assert_text(event, "TargetUserSid", "S-1-5-21-1");
    assert_text(event, "TargetLogonId", "0x7");
    assert_text(event, "Keywords", "Audit Success");
    json_decref(event);
    event = event_of(EVENT_COMMAND_ENDED);
    assert_text(event, "ProcessId", "0xff");
    assert_int_equal(json_integer_value(json_object_get(event, "signal")), 9);
    assert_int_equal(json_integer_value(json_object_get(event, "to_client")), 5);
    assert_text(event, "Keywords", "Audit Failure");
    json_decref(event);
    event = event_of(EVENT_COMMAND_REFUSED);
    assert_text(event, "command", "shell");
    assert_text(event, "refusal", "not-permitted");
    assert_text(event, "reason", "why");
    assert_text(event, "Keywords", "Audit Failure");
    json_decref(event);
}

#define TEST(f) cmocka_unit_test_teardown(f, empty_file)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_logoff__has_the_number_of_its_logon),
        TEST(test_replay__is_4649_before_the_refusal),
        TEST(test_account__names_who_did_it),
        TEST(test_command__has_windows_fields_of_a_process),
        TEST(test_service__begins_ends_and_reads_its_files_anew),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
