/* SPDX-License-Identifier: Apache-2.0 */
/* The authority: its options and its replay cache; libkrb5's contexts and errors. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ticket/authority.h"
#include "ticket/library_error.h"

#define SECOND CLOCK_SECOND_100NS

static struct ticket_authority *
must_open(const struct ticket_options *options)
{
    struct ticket_authority *a = NULL;

    assert_int_equal(ticket_authority_open(options, &a), SEC_E_OK);
    return a;
}

static enum ticket_replay_verdict
check(struct ticket_authority *a, uint8_t name, uint64_t ctime)
{
    const uint8_t hash[TICKET_REPLAY_HASH_BYTES] = { name };

    return ticket_replay_check(a, hash, ctime, clock_now_100ns());
}

static void
test_replay__in_each_scope__remembers_as_it_says(void **state)
{
    uint64_t now = clock_now_100ns();
    struct ticket_authority *process = must_open(&(struct ticket_options){ 0 });
    struct ticket_authority *off =
        must_open(&(struct ticket_options){ .replay = TICKET_REPLAY_OFF });

    assert_int_equal(check(process, 1, now - SECOND), TICKET_BEFORE_START);
    assert_int_equal(check(process, 2, now + SECOND), TICKET_FRESH);
    assert_int_equal(check(process, 2, now + SECOND), TICKET_REPLAYED);
    assert_int_equal(check(off, 2, now), TICKET_FRESH);
    assert_int_equal(check(off, 2, now), TICKET_FRESH);
    ticket_authority_close(process);
    ticket_authority_close(off);
    process = must_open(&(struct ticket_options){ .start_100ns = now - 60 * SECOND });
    assert_int_equal(check(process, 1, now - 61 * SECOND), TICKET_BEFORE_START);
    assert_int_equal(check(process, 1, now - 60 * SECOND), TICKET_FRESH);
    ticket_authority_close(process);
}

static void
test_replay__a_shared_file_that_cannot_be__refuses_until_it_can(void **state)
{
    char folder[] = "/tmp/opensspi-authority-XXXXXX", path[64];
    struct ticket_options options = { .replay = TICKET_REPLAY_SHARED, .replay_capacity = 10 };
    struct ticket_authority *a = NULL;
    uint64_t now = clock_now_100ns();

    assert_int_equal(ticket_authority_open(&options, &a), SEC_E_INVALID_PARAMETER);
    assert_null(a);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/sub/cache", folder);
    options.replay_file = path;
    options.start_100ns = now - SECOND;
    a = must_open(&options);
    assert_int_equal(check(a, 1, now), TICKET_REPLAY_BROKEN);
    assert_non_null(strstr(sec_reason(), path));
    *strrchr(path, '/') = 0;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(check(a, 1, now), TICKET_FRESH);
    assert_int_equal(check(a, 1, now), TICKET_REPLAYED);
    ticket_authority_close(a);
    path[strlen(path)] = '/';
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = 0;
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void
test_context__of_an_unknown_encryption_type__is_refused(void **state)
{
    static const int32_t good[] = { 18, 17 }, bad[] = { 4711 };
    struct ticket_authority *a = must_open(
        &(struct ticket_options){ .replay = TICKET_REPLAY_OFF, .enctypes = good, .n_enctypes = 2 });
    struct ticket_authority *b = must_open(
        &(struct ticket_options){ .replay = TICKET_REPLAY_OFF, .enctypes = bad, .n_enctypes = 1 });
    SEC_AUTO(authority_krb5) one = { NULL };
    SEC_AUTO(authority_krb5) two = { NULL };

    assert_int_equal(authority_context(a, &one.context), SEC_E_OK);
    assert_int_equal(authority_context(b, &two.context), SEC_E_KDC_UNKNOWN_ETYPE);
    assert_null(two.context);
    ticket_authority_close(a);
    ticket_authority_close(b);
}

static void
test_context__with_a_configuration_that_makes_no_sense__says_so(void **state)
{
    char path[] = "/tmp/opensspi-krb5-XXXXXX";
    struct ticket_authority *a = must_open(&(struct ticket_options){ .replay = TICKET_REPLAY_OFF });
    SEC_AUTO(authority_krb5) k = { NULL };
    int fd = mkstemp(path);

    assert_int_equal(write(fd, "[unfinished\n", 12), 12);
    assert_int_equal(close(fd), 0);
    assert_int_equal(setenv("KRB5_CONFIG", path, 1), 0);
    assert_int_equal(authority_context(a, &k.context), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_non_null(strstr(sec_reason(), "Kerberos' configuration"));
    assert_int_equal(unsetenv("KRB5_CONFIG"), 0);
    assert_int_equal(unlink(path), 0);
    ticket_authority_close(a);
}

static void
test_status__each_family__is_what_a_caller_acts_on(void **state)
{
    static const struct {
        krb5_error_code error;
        sec_status status;
        int32_t code;
    } table[] = {
        { KRB5_KDC_UNREACH, SEC_E_NO_AUTHENTICATING_AUTHORITY, 0 },
        { ASN1_BAD_ID, SEC_E_NO_AUTHENTICATING_AUTHORITY, 0 },
        { KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, SEC_E_TARGET_UNKNOWN, 7 },
        { KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, SEC_E_LOGON_DENIED, 6 },
        { KRB5KDC_ERR_PREAUTH_FAILED, SEC_E_LOGON_DENIED, 24 },
        { KRB5KDC_ERR_ETYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE, 14 },
        { KRB5KRB_AP_ERR_SKEW, SEC_E_TIME_SKEW, 37 },
        { KRB5KRB_AP_ERR_TKT_EXPIRED, SEC_E_NO_CREDENTIALS, 32 },
        { KRB5_FCC_NOFILE, SEC_E_NO_CREDENTIALS, 0 },
        { ENOMEM, SEC_E_INSUFFICIENT_MEMORY, 0 },
        { EIO, SEC_E_INTERNAL_ERROR, 0 },
        { 0, SEC_E_INTERNAL_ERROR, 0 },
        { KRB5KDC_ERR_NONE, SEC_E_INTERNAL_ERROR, 0 },
        { KRB5_ERR_RCSID, SEC_E_INTERNAL_ERROR, 0 },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(table); i++) {
        assert_int_equal(library_error_status(table[i].error), table[i].status);
        assert_int_equal(library_error_kdc_code(table[i].error), table[i].code);
    }
    assert_int_equal(library_error_fail(NULL, KRB5KDC_ERR_PREAUTH_FAILED, "of %s", "alice"),
                     SEC_E_LOGON_DENIED);
    assert_string_equal(sec_reason(), "ticket: of alice: Preauthentication failed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay__in_each_scope__remembers_as_it_says),
        cmocka_unit_test(test_replay__a_shared_file_that_cannot_be__refuses_until_it_can),
        cmocka_unit_test(test_context__of_an_unknown_encryption_type__is_refused),
        cmocka_unit_test(test_context__with_a_configuration_that_makes_no_sense__says_so),
        cmocka_unit_test(test_status__each_family__is_what_a_caller_acts_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
