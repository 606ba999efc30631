/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration in force, and what the next one goes on with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake_sspi.h"
#include "service/site.h"

static const struct log quiet = { .fd = -1, .program = "test" };

static struct site *
site_of(const char *text, const struct site *before)
{
    char path[] = "/tmp/test_site.XXXXXX";
    int fd = mkstemp(path);
    struct settings settings;
    struct config_error error;
    struct site *site;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    assert_true(settings_read(path, &settings, &error));
    (void)unlink(path);
    site = site_new(&settings, before);
    assert_non_null(site);
    return site;
}

#define LISTENER(name, address, more) \
    "[listener " name "]\nprotocol = framed\naddress = " address "\n" more

static void
test_site_new__an_address_that_was_there__goes_on(void **state)
{
    struct site *before = site_of(LISTENER("a", "127.0.0.1:1", "") LISTENER("b", "127.0.0.1:0", "")
                                      LISTENER("c", "127.0.0.1:0", ""),
                                  NULL);
    /* Another name for the first address; a port that the system picks goes by its name. */
    struct site *now = site_of(LISTENER("other", "127.0.0.1:1", "") LISTENER("c", "127.0.0.1:0", "")
                                   LISTENER("d", "127.0.0.1:0", "") LISTENER("e", "[::1]:1", ""),
                               before);

    (void)state;
    assert_ptr_equal(now->listeners[0].endpoint, before->listeners[0].endpoint);
    assert_ptr_equal(now->listeners[1].endpoint, before->listeners[2].endpoint);
    assert_ptr_not_equal(now->listeners[2].endpoint, before->listeners[1].endpoint);
    assert_ptr_not_equal(now->listeners[3].endpoint, before->listeners[0].endpoint);
    counters_add(&before->listeners[0].endpoint->counters.accepted);
    site_unref(before);
    assert_int_equal(counters_get(&now->listeners[0].endpoint->counters.accepted), 1);
    site_unref(now);
}

static void
test_site_enter__other_limits__for_who_is_counted_already(void **state)
{
    struct site *before = site_of(LISTENER("a", "127.0.0.1:1", "max_per_address = 2\n"), NULL);
    struct site *now = site_of(LISTENER("a", "127.0.0.1:1", "max_per_address = 1\n"), before);
    struct limits *limits = &now->listeners[0].endpoint->limits;
    struct limits_ticket first = { 0 }, second = { 0 };

    (void)state;
    site_enter(before);
    assert_int_equal(limits_enter(limits, &in6addr_any, &first), LIMITS_WELCOME);
    site_enter(now);
    assert_int_equal(limits_enter(limits, &in6addr_any, &second), LIMITS_TOO_MANY_OF_ADDRESS);
    limits_leave(limits, &first);
    assert_int_equal(limits_enter(limits, &in6addr_any, &second), LIMITS_WELCOME);
    limits_leave(limits, &second);
    site_unref(before);
    site_unref(now);
}

static void
test_site_unref__credentials__go_with_the_last_reference(void **state)
{
    struct site *site = site_of(LISTENER("a", "127.0.0.1:1", "package = NTLM\n")
                                    LISTENER("b", "127.0.0.1:2", "credential = at-first-client\n"),
                                NULL);

    (void)state;
    assert_int_equal(fake_live, 0);
    assert_true(site_acquire(site, &quiet));
    assert_int_equal(fake_live, 1);
    assert_ptr_equal(site_ref(site), site);
    site_unref(site);
    assert_int_equal(fake_live, 1);
    site_unref(site);
    assert_int_equal(fake_live, 0);
}

static void
test_site_acquire__no_credential__refused(void **state)
{
    struct site *site = site_of(LISTENER("a", "127.0.0.1:1", "package = Nonsense\n"), NULL);

    (void)state;
    fake_missing = "Nonsense";
    assert_false(site_acquire(site, &quiet));
    fake_missing = NULL;
    site_unref(site);
    assert_int_equal(fake_live, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_site_new__an_address_that_was_there__goes_on),
        cmocka_unit_test(test_site_enter__other_limits__for_who_is_counted_already),
        cmocka_unit_test(test_site_unref__credentials__go_with_the_last_reference),
        cmocka_unit_test(test_site_acquire__no_credential__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
