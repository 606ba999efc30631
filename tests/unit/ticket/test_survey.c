/* SPDX-License-Identifier: Apache-2.0 */
/* What krb5.conf says of a host, and a KDC that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ticket/ticket.h"

static const char conf[] = "[libdefaults]\n"
                           "    default_realm = EXAMPLE.TEST\n"
                           "    dns_lookup_kdc = false\n"
                           "    dns_canonicalize_hostname = fallback\n"
                           "    default_keytab_name = FILE:/nowhere/x.keytab\n"
                           "[realms]\n"
                           "    EXAMPLE.TEST = {\n"
                           "        kdc = 127.0.0.1:1\n"
                           "        kdc = 127.0.0.2:1\n"
                           "    }\n"
                           "[domain_realm]\n"
                           "    .mapped.test = WRONG.TEST\n";

struct fixture {
    char path[64];
    struct ticket_authority *authority;
};

static void
use_file(struct fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    int fd;

    (void)snprintf(f->path, sizeof(f->path), "/tmp/opensspi-survey-XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    (void)close(fd);
    use_file(f, conf);
    assert_int_equal(setenv("KRB5_CONFIG", f->path, 1), 0);
    assert_int_equal(unsetenv("KRB5_KTNAME"), 0);
    assert_int_equal(setenv("KRB5CCNAME", "FILE:/nowhere/cache", 1), 0);
    assert_int_equal(ticket_authority_open(&(struct ticket_options){ .replay = TICKET_REPLAY_OFF },
                                           &f->authority),
                     SEC_E_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    ticket_authority_close(f->authority);
    (void)unlink(f->path);
    free(f);
    return 0;
}

static void
test_survey__tells_what_krb5_conf_has(void **state)
{
    struct fixture *f = *state;
    struct ticket_survey s;

    assert_int_equal(ticket_survey(f->authority, "web.example.test", &s), SEC_E_OK);
    assert_string_equal(s.default_realm, "EXAMPLE.TEST");
    assert_string_equal(s.realm, "");
    assert_string_equal(s.kdcs, "127.0.0.1:1, 127.0.0.2:1");
    assert_string_equal(s.canonicalize, "fallback");
    assert_string_equal(s.cache, "FILE:/nowhere/cache");
    assert_string_equal(s.keytab, "FILE:/nowhere/x.keytab");
    assert_int_equal(ticket_survey(f->authority, "web.mapped.test", &s), SEC_E_OK);
    assert_string_equal(s.realm, "WRONG.TEST");
    assert_string_equal(s.kdcs, "");
    use_file(f, "[libdefaults\n");
    assert_int_not_equal(ticket_survey(f->authority, "web.example.test", &s), SEC_E_OK);
    assert_non_null(strstr(sec_reason(), "configuration"));
}

static void
test_ask_kdc__nobody_there__says_so(void **state)
{
    struct fixture *f = *state;
    struct ticket_kdc kdc;

    assert_int_equal(ticket_ask_kdc(f->authority, "EXAMPLE.TEST", &kdc),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_false(kdc.answers);
    assert_non_null(strstr(sec_reason(), "EXAMPLE.TEST"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_survey__tells_what_krb5_conf_has, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ask_kdc__nobody_there__says_so, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
