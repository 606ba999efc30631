/* SPDX-License-Identifier: Apache-2.0 */
/* What counts of a configuration file's text, and what does not. */
#include "base/config_digest.h"

#include "base/bytes.h"
#include "tests/support/settings_file.h"

static const char *const sections[] = { "service", "listener", NULL };

static uint64_t
digest_of(const char *text)
{
    uint64_t digest = 0;

    settings_file_write(text);
    assert_true(config_digest(settings_file, sections, &digest));
    return digest;
}

#define TEXT "[service]\ncontrol_socket = /run/c\n[listener web]\nprotocol = http\n"

static void
test_digest__what_does_not_count(void **state)
{
    static const char *const same[] = {
        TEXT,
        "# why\n[service]\n\ncontrol_socket=/run/c ; where\n[listener web]\nprotocol   =   http\n",
        TEXT "[port com1]\ntype = serial\n",
        "[ras]\npppd = /usr/sbin/pppd\n" TEXT,
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(same); i++) {
        assert_int_equal(digest_of(same[i]), digest_of(TEXT));
    }
}

static void
test_digest__what_counts(void **state)
{
    static const char *const other[] = {
        "",
        "[service]\ncontrol_socket = /run/d\n[listener web]\nprotocol = http\n",
        "[service]\n[listener web]\ncontrol_socket = /run/c\nprotocol = http\n",
        "[service]\ncontrol_socket = /run/c\n[listener web2]\nprotocol = http\n",
        "[service]\ncontrol_socket = /run/c\n[listener web]\nprotocol = framed\n",
        "[listener web]\nprotocol = http\n[service]\ncontrol_socket = /run/c\n",
        TEXT "metrics = yes\n",
        TEXT "[listener other]\n",
        "[service]\ncontrol_socketx = /run/c\n[listener web]\nprotocol = http\n",
    };

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(other); i++) {
        assert_int_not_equal(digest_of(other[i]), digest_of(TEXT));
    }
}

static void
test_digest__no_such_file(void **state)
{
    uint64_t digest = 7;

    (void)state;
    assert_false(config_digest("/nonexistent/file", sections, &digest));
    settings_file_write("[service\n");
    assert_false(config_digest(settings_file, sections, &digest));
    assert_int_equal(digest, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest__what_does_not_count),
        cmocka_unit_test(test_digest__what_counts),
        cmocka_unit_test(test_digest__no_such_file),
    };

    return cmocka_run_group_tests(tests, settings_file_make, settings_file_remove);
}
