/* SPDX-License-Identifier: Apache-2.0 */
/* The file of default credentials: whose it must be, and what it may hold. */
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

#include "base/utf16.h"
#include "sspi/default_identity.h"

static char folder[] = "/tmp/opensspi-default-XXXXXX";
static char file[64];

static int
make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    (void)snprintf(file, sizeof(file), "%s/credentials", folder);
    return setenv("OPENSSPI_CREDENTIALS", file, 1);
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void
put_file(const char *text, size_t n, mode_t mode)
{
    FILE *f = fopen(file, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(file, mode), 0);
}

static void
clear(struct sec_default_identity *d)
{
    secret_clear(&d->user);
    secret_clear(&d->domain);
    secret_clear(&d->password);
}

static sec_status
read_status(void)
{
    struct sec_default_identity d = { 0 };
    sec_status status = default_identity_read(NULL, &d);

    clear(&d);
    return status;
}

static void
check_text(const struct secret *have, const char *want)
{
    char *utf8 = utf8_from_utf16(secret_bytes(have));

    assert_non_null(utf8);
    assert_string_equal(utf8, want);
    free(utf8);
}

#define TEXT(literal) literal, sizeof(literal) - 1

static void
test_default_identity_read__a_line__is_domain_user_and_password(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *domain, *user, *password;
    } table[] = {
        { TEXT("D:u:p\n"), "D", "u", "p" },
        { TEXT("D:u:p"), "D", "u", "p" },
        { TEXT("D:u:p\r\n"), "D", "u", "p" },
        { TEXT("# a word\n\n\r\nD:u:p\nE:v:q\n"), "D", "u", "p" },
        { TEXT(":u:p:q # r \n"), "", "u", "p:q # r " },
        { TEXT("D:u:\n"), "D", "u", "" },
        { TEXT("D\xC3\xB6:\xC3\xBC:\xE2\x82\xAC\n"), "D\xC3\xB6", "\xC3\xBC", "\xE2\x82\xAC" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sec_default_identity d = { 0 };

        put_file(table[i].text, table[i].n, 0600);
        assert_int_equal(default_identity_read(NULL, &d), SEC_E_OK);
        check_text(&d.domain, table[i].domain);
        check_text(&d.user, table[i].user);
        check_text(&d.password, table[i].password);
        clear(&d);
    }
    assert_int_equal(unlink(file), 0);
}

/* What is not wholly understood is nobody: half a password locks its account out, and of USER:PASSWORD
 * the password would go out as the user's name. */
static void
test_default_identity_read__what_is_no_line__is_nobody(void **state)
{
    static const char long_file[4096] = "D:u:p\n";
    static const struct {
        const char *text;
        size_t n;
    } table[] = {
        { TEXT("") },
        { TEXT("\n\n# only words\n") },
        { TEXT("no colon\n") },
        { TEXT("D::p\n") },
        { TEXT("demo:password\n") },
        { TEXT("D:u:\xFF\n") },
        { TEXT("D:u:pass\0word\n") },
        { TEXT("D:u:p\n\0") },
        { TEXT("\0D:u:p\n") },
        { TEXT("D\0:\0u\0:\0p\0\n\0") },
        { long_file, sizeof(long_file) },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        put_file(table[i].text, table[i].n, 0600);
        sec_reason_clear();
        assert_int_equal(read_status(), SEC_E_NO_CREDENTIALS);
        assert_string_not_equal(sec_reason(), "");
        assert_null(strstr(sec_reason(), "pass"));
    }
    assert_int_equal(unlink(file), 0);
    assert_int_equal(read_status(), SEC_E_NO_CREDENTIALS);
}

static void
test_default_identity_read__what_others_can_read__is_nobody(void **state)
{
    static const mode_t open_to_others[] = { 0640, 0604, 0620, 0610, 0666 };

    (void)state;
    for (size_t i = 0; i < sizeof(open_to_others) / sizeof(open_to_others[0]); i++) {
        put_file(TEXT("D:u:p\n"), open_to_others[i]);
        assert_int_equal(read_status(), SEC_E_NO_CREDENTIALS);
    }
    assert_int_equal(chmod(file, 0400), 0);
    assert_int_equal(read_status(), SEC_E_OK);
    assert_int_equal(unlink(file), 0);
}

/* Opening one must not wait for anybody, nor act on a device. */
static void
test_default_identity_read__what_is_no_file__is_nobody(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_int_equal(read_status(), SEC_E_NO_CREDENTIALS);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkdir(file, 0700), 0);
    assert_int_equal(read_status(), SEC_E_NO_CREDENTIALS);
    assert_int_equal(rmdir(file), 0);
    assert_int_equal(symlink("/dev/zero", file), 0);
    assert_int_equal(read_status(), SEC_E_NO_CREDENTIALS);
    assert_int_equal(unlink(file), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_identity_read__a_line__is_domain_user_and_password),
        cmocka_unit_test(test_default_identity_read__what_is_no_line__is_nobody),
        cmocka_unit_test(test_default_identity_read__what_others_can_read__is_nobody),
        cmocka_unit_test(test_default_identity_read__what_is_no_file__is_nobody),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
