/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl doctor: from facts to a level, a cause and a remedy. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tools/doctor.h"

#define SPN   "HTTP/web.example.test"
#define REALM "@EXAMPLE.TEST"

static struct doctor_report report;

/* The last finding; text and remedy must have these words. */
static void
expect(enum doctor_level level, const char *text, const char *remedy)
{
    const struct doctor_finding *f = &report.list[report.n - 1];

    assert_true(report.n > 0);
    if (f->level != level || !strstr(f->text, text) || !strstr(f->remedy, remedy)) {
        fail_msg("level %d: %s: %s\nexpected %d: %s: %s", (int)f->level, f->text, f->remedy,
                 (int)level, text, remedy);
    }
    assert_true(level == DOCTOR_OK || f->remedy[0]);
    assert_null(strchr(f->text, '\n'));
    assert_null(strchr(f->remedy, '\n'));
    report = (struct doctor_report){ 0 };
}

static void
expect_nothing(void)
{
    if (report.n) {
        fail_msg("%s: %s", report.list[0].text, report.list[0].remedy);
    }
}

/* --- files --------------------------------------------------------------------------------- */

static const struct doctor_user www = {
    .name = "www-data", .uid = 33, .groups = { 33, 50 }, .n_groups = 2
};

static struct doctor_file
keytab_file(mode_t mode, uid_t uid, gid_t gid)
{
    return (struct doctor_file){
        .check = "keytab",
        .file = { .path = "/etc/web/k", .mode = S_IFREG | mode, .uid = uid, .gid = gid },
        .folders = { { .path = "/", .mode = S_IFDIR | 0755 },
                     { .path = "/etc", .mode = S_IFDIR | 0755 },
                     { .path = "/etc/web", .mode = S_IFDIR | 0755 } },
        .n_folders = 3,
        .size = 100,
        .start = { 5, 2 },
        .n_start = 2,
    };
}

static void
test_access__each_way_of_not_being_readable(void **state)
{
    struct doctor_file f = keytab_file(0640, 0, 33);

    assert_true(doctor_judge_access(&report, &f, &www, false));
    expect_nothing();
    f = keytab_file(0600, 0, 0);
    assert_false(doctor_judge_access(&report, &f, &www, false));
    expect(DOCTOR_FAULT, "user www-data may not read it (mode 600, owner 0", "chgrp www-data");
    f = keytab_file(0047, 33, 0); /* its owner's bits count, not everybody's */
    assert_false(doctor_judge_access(&report, &f, &www, false));
    expect(DOCTOR_FAULT, "may not read it (mode 047", "chmod 640");
    f = keytab_file(0640, 0, 33);
    assert_false(doctor_judge_access(&report, &f, &www, true));
    expect(DOCTOR_FAULT, "may not write it", "chmod 660");
    f.file.error = ENOENT;
    assert_false(doctor_judge_access(&report, &f, &www, false));
    expect(DOCTOR_FAULT, "keytab /etc/web/k: there is no such file", "exportkeytab");
    f.folders[2].error = ENOENT;
    assert_false(doctor_judge_access(&report, &f, &www, false));
    expect(DOCTOR_FAULT, "there is no folder /etc/web", "make the folder");
    f = keytab_file(0640, 0, 33);
    f.folders[1].mode = S_IFDIR | 0700;
    assert_false(doctor_judge_access(&report, &f, &www, false));
    expect(DOCTOR_FAULT, "www-data may not enter /etc (mode 700, owner 0, group 0)",
           "chmod o+x /etc");
    f.folders[1].gid = 50;
    f.folders[1].mode = S_IFDIR | 0710;
    assert_true(doctor_judge_access(&report, &f, &www, false));
    f.folders[1].error = EACCES;
    assert_false(doctor_judge_access(&report, &f, &www, false));
    expect(DOCTOR_WARNING, "/etc: ", "as root");
    f = keytab_file(0755, 0, 0);
    f.file.mode = S_IFDIR | 0755;
    assert_false(doctor_judge_access(&report, &f, &www, false));
    expect(DOCTOR_FAULT, "it is a directory, not a file", "name the file itself");
}

static void
test_place__a_file_that_is_made(void **state)
{
    struct doctor_file f = keytab_file(0600, 33, 33);

    assert_true(doctor_judge_place(&report, &f, &www));
    f.file.error = ENOENT;
    assert_false(doctor_judge_place(&report, &f, &www));
    expect(DOCTOR_FAULT, "may not make files in /etc/web", "chown www-data /etc/web");
    f.folders[2].uid = 33;
    assert_true(doctor_judge_place(&report, &f, &www));
    expect_nothing();
}

static void
test_secrecy__others_who_may(void **state)
{
    struct doctor_file f = keytab_file(0666, 0, 33);

    doctor_judge_secrecy(&report, &f, &www);
    expect(DOCTOR_FAULT, "everybody may write it (mode 666)", "keys anew");
    f = keytab_file(0644, 0, 33);
    doctor_judge_secrecy(&report, &f, &www);
    expect(DOCTOR_FAULT, "everybody may read it", "chmod 640 /etc/web/k, and change its keys");
    f = keytab_file(0640, 0, 1000);
    doctor_judge_secrecy(&report, &f, &www);
    expect(DOCTOR_WARNING, "group 1000 may read it", "chgrp www-data");
    f = keytab_file(0660, 0, 33);
    doctor_judge_secrecy(&report, &f, &www);
    expect(DOCTOR_WARNING, "its group may write it", "chmod 640");
    f = keytab_file(0640, 0, 33);
    doctor_judge_secrecy(&report, &f, &www);
    expect_nothing();
}

static void
test_format__what_is_no_keytab(void **state)
{
    struct doctor_file f = keytab_file(0640, 0, 33);

    assert_true(doctor_judge_format(&report, &f));
    f.start[0] = 'M';
    assert_false(doctor_judge_format(&report, &f));
    expect(DOCTOR_FAULT, "does not begin with 05 02", "klist -ket");
    f = keytab_file(0640, 0, 33);
    f.size = 2;
    assert_false(doctor_judge_format(&report, &f));
    expect(DOCTOR_FAULT, "a header without an entry", "export it again");
    f.size = f.n_start = 1;
    assert_false(doctor_judge_format(&report, &f));
    expect(DOCTOR_FAULT, "cut off", "export it again");
    f.size = f.n_start = 0;
    assert_false(doctor_judge_format(&report, &f));
    expect(DOCTOR_FAULT, "empty (0 bytes)", "export it again");
}

/* --- keys ---------------------------------------------------------------------------------- */

static const struct doctor_entry entries[] = { { SPN REALM, 3, 17 },
                                               { SPN REALM, 3, 23 },
                                               { "host/web" REALM, 3, 18 } };

static struct doctor_keys
keys_of(size_t n, int32_t permitted)
{
    return (struct doctor_keys){ .keytab = "FILE:/k",
                                 .spn = SPN,
                                 .list = entries,
                                 .n = n,
                                 .permitted = { permitted },
                                 .n_permitted = permitted ? 1 : 0 };
}

static void
test_same_name__host_without_case_and_realm_where_both_have_one(void **state)
{
    assert_true(doctor_same_name(SPN, "HTTP/WEB.example.test" REALM));
    assert_true(doctor_same_name(SPN REALM, SPN REALM));
    assert_false(doctor_same_name(SPN "@OTHER", SPN REALM));
    assert_false(doctor_same_name(SPN, SPN "2" REALM));
    assert_false(doctor_same_name(SPN, "host/web.example.test" REALM));
}

static void
test_keys__what_the_keytab_lacks(void **state)
{
    struct doctor_keys k = keys_of(3, 0);

    doctor_judge_keys(&report, &k);
    expect(DOCTOR_OK, "kvno 3, aes128-cts-hmac-sha1-96, rc4-hmac", "");
    k.spn = "HTTP/other.example.test";
    doctor_judge_keys(&report, &k);
    expect(DOCTOR_FAULT,
           "no key for HTTP/other.example.test; there are keys of " SPN REALM ", host/web",
           "setspn -Q HTTP/other.example.test");
    k = keys_of(0, 0);
    doctor_judge_keys(&report, &k);
    expect(DOCTOR_FAULT, "it is empty", "export");
    k = keys_of(3, 18);
    doctor_judge_keys(&report, &k);
    expect(DOCTOR_FAULT, "permitted are aes256-cts-hmac-sha1-96", "msDS-SupportedEncryptionTypes");
    k = keys_of(3, 0);
    k.list = entries + 1;
    k.n = 1;
    doctor_judge_keys(&report, &k);
    assert_int_equal(report.list[0].level, DOCTOR_WARNING);
    assert_non_null(strstr(report.list[0].remedy, "24"));
    report.n = 0;
}

static void
test_ticket__against_the_keytab(void **state)
{
    struct doctor_keys k = keys_of(3, 0);
    struct doctor_ticket t = {
        .spn = SPN, .kvno = 3, .has_kvno = true, .enctype = 17, .reason = ""
    };

    t.opened = true;
    doctor_judge_ticket(&report, &t, &k);
    expect(DOCTOR_OK, "opens with the keytab", "");
    t.opened = false;
    doctor_judge_ticket(&report, &t, &k);
    expect(DOCTOR_FAULT, "another key of kvno 3", "another account");
    t.enctype = 18;
    doctor_judge_ticket(&report, &t, &k);
    expect(DOCTOR_FAULT, "aes256-cts-hmac-sha1-96, which the keytab lacks", "ktpass /crypto All");
    t.kvno = 4;
    doctor_judge_ticket(&report, &t, &k);
    expect(DOCTOR_FAULT, "kvno 4, the keytab has 3", "password was set after the export");
    t.kvno = 2;
    doctor_judge_ticket(&report, &t, &k);
    expect(DOCTOR_FAULT, "kvno 2, the keytab has 3", "klist purge");
    t.spn = "HTTP/other";
    doctor_judge_ticket(&report, &t, &k);
    expect(DOCTOR_FAULT, "HTTP/other", "setspn -Q");
    k = keys_of(3, 18);
    t = (struct doctor_ticket){
        .spn = SPN, .enctype = 23, .kvno = 3, .opened = true, .reason = ""
    };
    doctor_judge_ticket(&report, &t, &k);
    assert_int_equal(report.list[0].level, DOCTOR_FAULT);
    assert_non_null(strstr(report.list[0].text, "rc4-hmac, which is not permitted"));
    assert_true(doctor_has_fault(&report));
    report.n = 0;
}

static void
test_refusal__each_code_has_its_remedy(void **state)
{
    static const struct {
        int32_t code;
        sec_status status;
        const char *reason, *text, *remedy;
        enum doctor_level level;
    } rows[] = {
        { 7, SEC_E_TARGET_UNKNOWN, "", "no account has the SPN " SPN, "setspn -S " SPN,
          DOCTOR_FAULT },
        { 8, SEC_E_TARGET_UNKNOWN, "", "more than one account", "setspn -X", DOCTOR_FAULT },
        { 7, SEC_E_TARGET_UNKNOWN, "Server krbtgt/WRONG@EXAMPLE.TEST not found", "another realm",
          "[domain_realm]", DOCTOR_FAULT },
        { 14, SEC_E_KDC_UNKNOWN_ETYPE, "", "no encryption type", "24", DOCTOR_FAULT },
        { 37, SEC_E_TIME_SKEW, "", "clocks", "chrony", DOCTOR_FAULT },
        { 18, SEC_E_LOGON_DENIED, "", "disabled or locked", "enable", DOCTOR_FAULT },
        { 23, SEC_E_LOGON_DENIED, "", "run out", "kpasswd", DOCTOR_FAULT },
        { 24, SEC_E_LOGON_DENIED, "", "wrong password", "export the keytab again", DOCTOR_FAULT },
        { 0, SEC_E_NO_CREDENTIALS, "no cache", "there is no ticket in FILE:/c",
          "kinit; check klist", DOCTOR_WARNING },
        { 32, SEC_E_NO_CREDENTIALS, "Ticket expired", "run out in FILE:/c", "kinit again",
          DOCTOR_WARNING },
        { 60, SEC_E_NO_AUTHENTICATING_AUTHORITY, "odd", "odd", "KRB5_TRACE", DOCTOR_FAULT },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        const struct doctor_refusal f = { .status = rows[i].status,
                                          .krb_error = rows[i].code,
                                          .reason = rows[i].reason,
                                          .spn = SPN,
                                          .host = "web.example.test",
                                          .cache = "FILE:/c",
                                          .realm = i == 2 ? "WRONG" : "" };

        doctor_judge_refusal(&report, &f);
        expect(rows[i].level, rows[i].text, rows[i].remedy);
    }
}

/* --- names, clock, settings ---------------------------------------------------------------- */

static void
test_host__names_that_lead_elsewhere(void **state)
{
    struct doctor_host h = { .spn = SPN,
                             .host = "web.example.test",
                             .resolves = true,
                             .canonical = "WEB.example.test",
                             .canonicalize = "true",
                             .realm = "",
                             .key_realm = "EXAMPLE.TEST",
                             .default_realm = "EXAMPLE.TEST" };

    doctor_judge_host(&report, &h);
    expect_nothing();
    h.canonical = "canon.example.test";
    doctor_judge_host(&report, &h);
    expect(DOCTOR_WARNING, "ask for a ticket for canon.example.test",
           "dns_canonicalize_hostname = fallback");
    h.canonical_has_key = true;
    doctor_judge_host(&report, &h);
    expect(DOCTOR_OK, "alias", "");
    h.canonicalize = "false";
    doctor_judge_host(&report, &h);
    expect(DOCTOR_OK, "is an alias of canon.example.test", "");
    h.canonical = "";
    h.realm = "WRONG.TEST";
    doctor_judge_host(&report, &h);
    expect(DOCTOR_FAULT, "maps web.example.test to realm WRONG.TEST",
           "web.example.test = EXAMPLE.TEST");
    h.realm = h.key_realm = h.default_realm = "";
    doctor_judge_host(&report, &h);
    expect(DOCTOR_FAULT, "no default_realm", "[libdefaults]");
    h.default_realm = "EXAMPLE.TEST";
    h.resolves = false;
    h.resolve_error = "Name or service not known";
    doctor_judge_host(&report, &h);
    expect(DOCTOR_WARNING, "does not resolve", "DNS");
    h.is_address = true;
    doctor_judge_host(&report, &h);
    expect(DOCTOR_FAULT, "names an address", "DNS name");
}

static void
test_kdc__silence_and_clocks(void **state)
{
    struct doctor_kdc k = {
        .realm = "EXAMPLE.TEST", .kdcs = "127.0.0.99", .reason = "Cannot contact", .skew_s = 300
    };

    assert_false(doctor_judge_kdc(&report, &k));
    expect(DOCTOR_FAULT, "no KDC of EXAMPLE.TEST answers", "kdc = 127.0.0.99");
    k.kdcs = "";
    assert_false(doctor_judge_kdc(&report, &k));
    expect(DOCTOR_FAULT, "no KDC", "_kerberos._tcp.EXAMPLE.TEST");
    k.answers = k.has_time = true;
    k.ahead_s = 600;
    assert_true(doctor_judge_kdc(&report, &k));
    expect(DOCTOR_FAULT, "600 s ahead of", "chrony");
    k.ahead_s = -1200;
    assert_true(doctor_judge_kdc(&report, &k));
    expect(DOCTOR_FAULT, "1200 s behind", "do not widen");
    k.ahead_s = -100;
    assert_true(doctor_judge_kdc(&report, &k));
    expect(DOCTOR_WARNING, "100 s behind", "chrony");
    k.ahead_s = 1;
    assert_true(doctor_judge_kdc(&report, &k));
    expect(DOCTOR_OK, "answers", "");
    k.krb_error = 68;
    assert_false(doctor_judge_kdc(&report, &k));
    expect(DOCTOR_FAULT, "not one of EXAMPLE.TEST", "kdc lines");
}

static void
test_policy__who_sends_ntlm(void **state)
{
    struct doctor_policy p = { "[listener web]", "Negotiate", "Kerberos,NTLM", "allow", 5 };

    doctor_judge_policy(&report, &p);
    expect_nothing();
    p.packages = "NTLM";
    doctor_judge_policy(&report, &p);
    expect(DOCTOR_WARNING, "every client sends NTLM", "Kerberos,NTLM");
    p.packages = "! Kerberos";
    p.ntlm = "deny";
    doctor_judge_policy(&report, &p);
    expect(DOCTOR_FAULT, "which is denied", "Negotiate");
    p.packages = "!ntlm";
    doctor_judge_policy(&report, &p);
    expect(DOCTOR_OK, "NTLM is denied", "");
    p = (struct doctor_policy){ "[policy]", "Kerberos", "NTLM", "allow", 3 };
    doctor_judge_policy(&report, &p);
    expect(DOCTOR_WARNING, "lm_compatibility_level 3 takes LM and NTLMv1",
           "LmCompatibilityLevel 5");
}

static void
test_report__is_full_at_its_end(void **state)
{
    for (size_t i = 0; i < DOCTOR_FINDINGS_MAX + 3; i++) {
        doctor_find(&report, DOCTOR_OK, "x", "finding %zu", i);
        doctor_remedy(&report, "remedy %zu", i);
    }
    assert_int_equal(report.n, DOCTOR_FINDINGS_MAX);
    assert_string_equal(report.list[DOCTOR_FINDINGS_MAX - 1].remedy, "remedy 47");
    assert_false(doctor_has_fault(&report));
    report.n = 0;
}

/* --- the daemons --------------------------------------------------------------------------- */

static void
test_judge_daemon__what_it_runs_under(void **state)
{
    struct doctor_daemon d = { .name = "rasd",
                               .file = "/etc/o.conf",
                               .its_file = "/srv/o.conf",
                               .ago = "2h05m",
                               .tells = true,
                               .reads_file = true,
                               .is_current = true };

    (void)state;
    doctor_judge_daemon(&report, &d);
    expect(DOCTOR_OK, "rasd runs under what /etc/o.conf says", "");
    d.is_current = false;
    doctor_judge_daemon(&report, &d);
    expect(DOCTOR_WARNING, "what /etc/o.conf said 2h05m ago: it says something else now",
           "rasd -n, then systemctl reload rasd");
    d.reads_file = false;
    doctor_judge_daemon(&report, &d);
    expect(DOCTOR_WARNING, "rasd runs under /srv/o.conf, not under /etc/o.conf",
           "--config /srv/o.conf");
    d.tells = false;
    doctor_judge_daemon(&report, &d);
    expect(DOCTOR_WARNING, "not of this version", "systemctl restart rasd");
}

static void
test_judge_daemon__nobody_who_answers(void **state)
{
    static const int absent[] = { ENOENT, ECONNREFUSED, ENOTDIR };
    struct doctor_daemon d = { .name = "samd", .file = "/etc/o.conf", .its_file = "", .ago = "" };

    (void)state;
    for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++) {
        d.error = absent[i];
        doctor_judge_daemon(&report, &d);
        expect_nothing();
    }
    d.error = EACCES;
    doctor_judge_daemon(&report, &d);
    expect(DOCTOR_WARNING, "samd cannot be asked what it runs under: Permission denied", "as root");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access__each_way_of_not_being_readable),
        cmocka_unit_test(test_place__a_file_that_is_made),
        cmocka_unit_test(test_secrecy__others_who_may),
        cmocka_unit_test(test_format__what_is_no_keytab),
        cmocka_unit_test(test_same_name__host_without_case_and_realm_where_both_have_one),
        cmocka_unit_test(test_keys__what_the_keytab_lacks),
        cmocka_unit_test(test_ticket__against_the_keytab),
        cmocka_unit_test(test_refusal__each_code_has_its_remedy),
        cmocka_unit_test(test_host__names_that_lead_elsewhere),
        cmocka_unit_test(test_kdc__silence_and_clocks),
        cmocka_unit_test(test_policy__who_sends_ntlm),
        cmocka_unit_test(test_report__is_full_at_its_end),
        cmocka_unit_test(test_judge_daemon__what_it_runs_under),
        cmocka_unit_test(test_judge_daemon__nobody_who_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
