/* SPDX-License-Identifier: Apache-2.0 */
/* pppd's command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ras/ppp_options.h"

static const struct ppp_options_args args = {
    .pppd = "/usr/sbin/pppd",
    .plugin = "/lib/opensspi.so",
    .socket = "/run/s",
    .remote = "10.0.0.2",
    .token_fd = 3,
};

/* Where a word stands last; -1: nowhere. pppd goes by the last one. */
static int
last(const struct ppp_options *o, const char *word)
{
    for (size_t i = o->n; i-- > 0;) {
        if (strcmp(o->words[i], word) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void
assert_followed_by(const struct ppp_options *o, const char *word, const char *value)
{
    int at = last(o, word);

    assert_true(at >= 0);
    assert_string_equal(o->words[at + 1], value);
}

static void
test_ppp_options_make__defaults__require_mschap_v2_and_nothing_else(void **state)
{
    static struct ppp_options o;
    const struct port_settings port = { .type = PORT_PTY, .ppp = { .require = PPP_MSCHAP_V2 } };

    assert_true(ppp_options_make(&o, &args, &port));
    assert_string_equal(o.words[0], "/usr/sbin/pppd");
    assert_null(o.words[o.n]);
    assert_true(last(&o, "auth") > 0 && last(&o, "nodetach") > 0 && last(&o, "nolock") > 0);
    assert_true(last(&o, "require-mschap-v2") > 0 && last(&o, "refuse-pap") > 0);
    assert_int_equal(last(&o, "require-pap"), -1);
    assert_int_equal(last(&o, "require-chap"), -1);
    assert_int_equal(last(&o, "require-mppe-128"), -1);
    assert_int_equal(last(&o, "mtu"), -1);
    assert_true(last(&o, "local") > 0 && last(&o, "nocrtscts") > 0);
    assert_followed_by(&o, "plugin", "/lib/opensspi.so");
    assert_followed_by(&o, "opensspi-socket", "/run/s");
    assert_followed_by(&o, "opensspi-token-fd", "3");
}

static void
test_ppp_options_make__all_settings__are_words(void **state)
{
    static struct ppp_options o;
    const struct port_settings port = {
        .type = PORT_SERIAL,
        .serial = { .speed = 38400, .flow_rts_cts = true },
        .ppp = { .require = PPP_PAP | PPP_CHAP_MD5 | PPP_MSCHAP,
                 .mppe = true,
                 .mtu = 1400,
                 .idle_seconds = 60,
                 .session_seconds = 3600,
                 .local_address = (char *)"10.0.0.1",
                 .dns1 = (char *)"10.0.0.3",
                 .dns2 = (char *)"10.0.0.4" },
    };

    assert_true(ppp_options_make(&o, &args, &port));
    assert_true(last(&o, "38400") > 0 && last(&o, "modem") > 0 && last(&o, "crtscts") > 0);
    assert_true(last(&o, "require-pap") > 0 && last(&o, "require-chap") > 0);
    assert_true(last(&o, "require-mschap") > 0 && last(&o, "require-mppe-128") > 0);
    assert_int_equal(last(&o, "require-mschap-v2"), -1);
    assert_followed_by(&o, "mtu", "1400");
    assert_followed_by(&o, "mru", "1400");
    assert_followed_by(&o, "idle", "60");
    assert_followed_by(&o, "maxconnect", "3600");
    assert_true(last(&o, "10.0.0.1:10.0.0.2") > 0 && last(&o, "10.0.0.3") > 0);
    assert_followed_by(&o, "ms-dns", "10.0.0.4");
}

/* The operator's words do not undo that callers prove themselves. */
static void
test_ppp_options_make__the_operator_s_words__come_before_what_holds_in_any_case(void **state)
{
    static struct ppp_options o;
    const struct port_settings port = {
        .ppp = { .require = PPP_PAP,
                 .options = (char *)"  noauth\tlcp-echo-interval 5  proxyarp " },
    };

    assert_true(ppp_options_make(&o, &args, &port));
    assert_true(last(&o, "noauth") > 0 && last(&o, "noauth") < last(&o, "auth"));
    assert_followed_by(&o, "lcp-echo-interval", "5");
    assert_true(last(&o, "proxyarp") > last(&o, "noproxyarp"));
    assert_int_equal(last(&o, ""), -1);
}

static void
test_ppp_options_make__too_many_words_or_no_proof__is_refused(void **state)
{
    static struct ppp_options o;
    static char many[3 * PPP_OPTIONS_WORDS_MAX + 1], longest[PPP_OPTIONS_ROOM + 2];
    struct port_settings port = { .ppp = { .require = PPP_PAP, .options = many } };

    for (size_t i = 0; i + 1 < sizeof(many); i++) {
        many[i] = i % 3 ? 'a' : ' ';
    }
    assert_false(ppp_options_make(&o, &args, &port));
    assert_null(o.words[o.n]);
    memset(longest, 'a', sizeof(longest) - 1);
    port.ppp.options = longest;
    assert_false(ppp_options_make(&o, &args, &port));
    port.ppp = (struct ppp_settings){ .require = 0 };
    assert_false(ppp_options_make(&o, &args, &port));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ppp_options_make__defaults__require_mschap_v2_and_nothing_else),
        cmocka_unit_test(test_ppp_options_make__all_settings__are_words),
        cmocka_unit_test(
            test_ppp_options_make__the_operator_s_words__come_before_what_holds_in_any_case),
        cmocka_unit_test(test_ppp_options_make__too_many_words_or_no_proof__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
