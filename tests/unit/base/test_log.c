/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's log: a line is a line, whatever a peer puts into it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

struct piped {
    struct log log;
    int from;
};

static struct piped
piped_log(enum log_level most)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    return (struct piped){ { ends[1], most, true, "test", NULL }, ends[0] };
}

/* What was logged, in to. */
static const char *
logged(struct piped *p, char *to, size_t n)
{
    ssize_t got;

    assert_int_equal(close(p->log.fd), 0);
    got = read(p->from, to, n - 1);
    assert_true(got >= 0);
    to[got] = 0;
    assert_int_equal(close(p->from), 0);
    return to;
}

static void
test_log_write__typed_fields_in_order(void **state)
{
    struct piped p = piped_log(LOG_LEVEL_DEBUG);
    char text[512];

    (void)state;
    log_info(&p.log, "refused", log_text("peer", "127.0.0.1:5"), log_number("legs", -3),
             log_status("status", SEC_E_LOGON_DENIED), log_text("user", "a b"), log_text("x", ""),
             log_text("y", NULL));
    log_error(&p.log, "plain");
    assert_string_equal(logged(&p, text, sizeof(text)),
                        "<6>refused peer=127.0.0.1:5 legs=-3 status=SEC_E_LOGON_DENIED "
                        "user=\"a b\" x=\"\" y=\"\"\n<3>plain\n");
}

static void
test_log_write__peer_bytes_stay_in_their_field(void **state)
{
    struct piped p = piped_log(LOG_LEVEL_INFO);
    char text[512];

    (void)state;
    log_info(&p.log, "x", log_text("user", "a\" user=b\n<3>forged \x1b[2J"),
             log_bytes("raw", bytes_of("\xFF\x00", 2)));
    assert_string_equal(logged(&p, text, sizeof(text)),
                        "<6>x user=\"a\\\" user=b\\n<3>forged \\x1b[2J\" raw=\"\\xff\\x00\"\n");
}

static void
test_log_write__less_than_the_level_is_silent(void **state)
{
    struct piped p = piped_log(LOG_LEVEL_WARNING);
    char text[512];

    (void)state;
    log_info(&p.log, "x");
    log_debug(&p.log, "x");
    log_warning(&p.log, "y");
    assert_string_equal(logged(&p, text, sizeof(text)), "<4>y\n");
}

static void
test_log_write__long_lines_are_cut(void **state)
{
    static char value[100000], text[100000];
    struct piped p = piped_log(LOG_LEVEL_INFO);

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(value); i++) {
        value[i] = '\x01';
    }
    for (int i = 0; i < 3; i++) {
        log_info(&p.log, "x", log_text("a", value), log_text("b", value), log_text("c", value));
    }
    (void)logged(&p, text, sizeof(text));
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_in_range(strlen(text), 3 * 2048, 3 * 4096);
}

static void
test_log_write__time_and_program_outside_the_journal(void **state)
{
    struct piped p = piped_log(LOG_LEVEL_INFO);
    char text[512];

    (void)state;
    p.log.to_journal = false;
    log_warning(&p.log, "hello");
    (void)logged(&p, text, sizeof(text));
    assert_int_equal(text[4], '-');
    assert_non_null(strstr(text, "Z test["));
    assert_non_null(strstr(text, "]: warning: hello\n"));
}

/* What one peer can cause without end is counted; what others say, and what has no address, is not
 * held up by it. */
static void
test_log_write__what_repeats_is_counted(void **state)
{
    enum { LINES = 1000, ROOM = 65536 };
    static struct log_counted counted_lines = LOG_COUNTED;
    static char got[ROOM];
    struct piped p = piped_log(LOG_LEVEL_INFO);
    unsigned lines = 0, counted = 0, told = 0;

    (void)state;
    assert_true(fcntl(p.from, F_SETFL, O_NONBLOCK) == 0);
    p.log.counted = &counted_lines;
    for (int i = 0; i < LINES; i++) {
        log_info(&p.log, "refused", log_text("address", "192.0.2.7"));
        log_info(&p.log, "a call fails", log_text("port", "com1"));
        if (i % 100 == 99) {
            log_info(&p.log, "refused", log_text("address", "192.0.2.8"));
        }
    }
    for (ssize_t n = 1, used = 0; n > 0; used += n) {
        n = read(p.from, got + used, (size_t)(ROOM - 1 - used));
    }
    for (const char *at = got; (at = strstr(at, "refused address=192.0.2.7\n")); at++) {
        lines++;
    }
    for (const char *at = got; (at = strstr(at, "counted instead of written")); at++) {
        told++;
        counted += (unsigned)strtoul(strstr(at, "lines=") + 6, NULL, 10);
    }
    assert_in_range(lines, 100, 201); /* a second may have ended in between */
    assert_true(lines + counted <= LINES && counted <= LINES - 100 && told <= 2);
    lines = 0;
    for (const char *at = got; (at = strstr(at, "refused address=192.0.2.8\n")); at++) {
        lines++;
    }
    assert_int_equal(lines, 10);
    lines = 0;
    for (const char *at = got; (at = strstr(at, "a call fails port=com1\n")); at++) {
        lines++;
    }
    assert_int_equal(lines, LINES);
    log_tick(NULL);
    assert_int_equal(close(p.from) | close(p.log.fd), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_write__typed_fields_in_order),
        cmocka_unit_test(test_log_write__peer_bytes_stay_in_their_field),
        cmocka_unit_test(test_log_write__less_than_the_level_is_silent),
        cmocka_unit_test(test_log_write__long_lines_are_cut),
        cmocka_unit_test(test_log_write__time_and_program_outside_the_journal),
        cmocka_unit_test(test_log_write__what_repeats_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
