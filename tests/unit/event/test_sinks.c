/* SPDX-License-Identifier: Apache-2.0 */
/* The event log's sinks: what each of them gets, and what happens when one does not work. */
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/event.h"
#include "event/event_log.h"
#include "event/journal.h"

enum { GOT_BYTES = 65536 };

static char folder[] = "/tmp/test_sinks.XXXXXX";
static char path[64], moved[64], journal_path[64], syslog_path[64];
static struct log quiet = { .fd = -1, .most = LOG_LEVEL_ERROR, .program = "test" };

static int
make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/e", folder);
    (void)snprintf(moved, sizeof(moved), "%s/e.1", folder);
    (void)snprintf(journal_path, sizeof(journal_path), "%s/journal", folder);
    (void)snprintf(syslog_path, sizeof(syslog_path), "%s/log", folder);
    return 0;
}

static int
remove_files(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(moved);
    (void)unlink(journal_path);
    (void)unlink(syslog_path);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int
listen_at(const char *where)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", where);
    (void)unlink(where);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* The next datagram; "": there is none. */
static const char *
receive(int fd)
{
    static char got[GOT_BYTES];
    ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

    got[n > 0 ? n : 0] = 0;
    return got;
}

static struct event_log *
open_sinks(const char *file, const char *journal, const char *syslog)
{
    const struct event_settings settings = { .file = file,
                                             .journal = journal,
                                             .syslog = syslog,
                                             .facility = EVENT_FACILITY_AUTHPRIV,
                                             .program = "sspid",
                                             .log = &quiet };
    struct event_log *log = event_log_open(&settings);

    assert_non_null(log);
    return log;
}

static const struct event_logon granted = { .mechanism = "Kerberos", .user = "demo" };
static const struct event_logon refused = { .status = SEC_E_INVALID_TOKEN,
                                            .user = "a\nPRIORITY=0",
                                            .address = "192.0.2.7" };

/* Every line of the file, each proven to be one object. Owned by the caller: json_decref. */
static json_t *
events(const char *where)
{
    json_t *all = json_array();
    FILE *file = fopen(where, "r");
    static char line[GOT_BYTES];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        json_t *event = json_loads(line, 0, NULL);

        assert_true(json_is_object(event));
        assert_int_equal(json_array_append_new(all, event), 0);
    }
    assert_int_equal(fclose(file), 0);
    return all;
}

static json_int_t
id_at(json_t *all, size_t i)
{
    return json_integer_value(json_object_get(json_array_get(all, i), "EventID"));
}

static json_int_t
dropped_at(json_t *all, size_t i)
{
    return json_integer_value(json_object_get(json_array_get(all, i), "EventsDropped"));
}

static void
test_journal__has_fields(void **state)
{
    int fd = listen_at(journal_path);
    struct event_log *log = open_sinks(NULL, journal_path, NULL);
    const char *got;

    (void)state;
    event_log_logon(log, &refused);
    event_log_close(log);
    got = receive(fd);
    assert_non_null(strstr(got, "SYSLOG_IDENTIFIER=sspid\n"));
    assert_non_null(strstr(got, "\nPRIORITY=4\nEVENT_ID=4625\nMESSAGE=logon refused: "));
    assert_null(strstr(got, "\nPRIORITY=0"));
    assert_non_null(strstr(got, "\nOPENSSPI_EVENT={\"TimeCreated\":"));
    assert_int_equal(got[strlen(got) - 1], '\n');
    assert_int_equal(close(fd), 0);
}

/* What a datagram cannot hold goes as a sealed memory file. */
static void
test_journal__large_ones_go_as_a_file(void **state)
{
    static char message[1 << 20], got[(1 << 20) + 1024];
    struct event_line line = { .id = 4625, .json = bytes_of_string("{}\n") };
    char control[CMSG_SPACE(sizeof(int))];
    struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };
    int fd = listen_at(journal_path), from = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), file;
    ssize_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = 'm';
    }
    line.message = bytes_of(message, sizeof(message));
    assert_true(journal_send(from, journal_path, "sspid", &line));
    assert_int_equal(recvmsg(fd, &m, 0), 0);
    assert_non_null(CMSG_FIRSTHDR(&m));
    bytes_copy(&file, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(file));
    assert_true(fcntl(file, F_GET_SEALS) & F_SEAL_WRITE);
    n = pread(file, got, sizeof(got), 0);
    assert_true(n > (ssize_t)sizeof(message));
    assert_non_null(strstr(got, "\nEVENT_ID=4625\nMESSAGE=mmmm"));
    assert_string_equal(got + n - 19, "\nOPENSSPI_EVENT={}\n");
    assert_int_equal(close(file) | close(from) | close(fd), 0);
}

/* Up to a space; *text goes past it. */
static void
assert_word(const char **text, const char *expected)
{
    size_t n = strlen(expected);

    assert_memory_equal(*text, expected, n);
    assert_int_equal((*text)[n], ' ');
    *text += n + 1;
}

static void
test_syslog__is_rfc_5424(void **state)
{
    int fd = listen_at(syslog_path);
    struct event_log *log = open_sinks(NULL, NULL, syslog_path);
    const char *got;
    char text[256] = "";
    json_t *event;

    (void)state;
    event_log_logon(log, &refused);
    event_log_logon(log, &granted);
    event_log_close(log);
    got = receive(fd);
    assert_null(strchr(got, '\n'));
    event = json_loads(strchr(got, '{'), 0, NULL);
    assert_non_null(event);
    assert_word(&got, "<84>1");
    assert_word(&got, json_string_value(json_object_get(event, "TimeCreated")));
    assert_int_equal(gethostname(text, sizeof(text) - 1), 0);
    assert_word(&got, text);
    assert_word(&got, "sspid");
    (void)snprintf(text, sizeof(text), "%d", (int)getpid());
    assert_word(&got, text);
    assert_word(&got, "4625");
    assert_word(&got, "-");
    assert_int_equal(*got, '{');
    json_decref(event);
    assert_memory_equal(receive(fd), "<86>1 ", 6);
    assert_int_equal(close(fd), 0);
}

/* Logons go on; the log that is full is told to those that are not, and itself when it is over. */
static void
test_full_disk__is_told_elsewhere_and_counted(void **state)
{
    int fd = listen_at(journal_path);
    struct event_log *log = open_sinks(path, journal_path, NULL);
    const struct rlimit full = { 1, RLIM_INFINITY };
    struct rlimit before;
    struct event_counts counts;
    json_t *all;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    event_log_logon(log, &granted);
    assert_true(event_log_flush(log));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    event_log_logon(log, &granted);
    event_log_logon(log, &granted);
    assert_true(event_log_flush(log));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    event_log_logon(log, &granted);
    assert_true(event_log_flush(log));
    counts = event_log_counts(log);
    event_log_close(log);
    assert_int_equal(counts.written, 2);
    assert_int_equal(counts.lost, 2);
    all = events(path);
    assert_int_equal(json_array_size(all), 3);
    assert_int_equal(id_at(all, 1), EVENT_DROPPED);
    assert_int_equal(dropped_at(all, 1), 2);
    assert_non_null(json_object_get(json_array_get(all, 1), "from"));
    assert_non_null(json_object_get(json_array_get(all, 1), "to"));
    assert_int_equal(id_at(all, 2), EVENT_LOGON);
    json_decref(all);
    assert_non_null(strstr(receive(fd), "EVENT_ID=4624"));
    assert_non_null(strstr(receive(fd), "EVENT_ID=1104"));
    for (int i = 0; i < 3; i++) {
        assert_non_null(strstr(receive(fd), "EVENT_ID=4624"));
    }
    assert_string_equal(receive(fd), "");
    assert_int_equal(close(fd), 0);
}

static void
test_full_device__never_fails_a_logon(void **state)
{
    struct event_log *log = open_sinks("/dev/full", NULL, NULL);

    (void)state;
    for (int i = 0; i < 100; i++) {
        event_log_logon(log, &granted);
    }
    assert_true(event_log_flush(log));
    assert_int_equal(event_log_counts(log).lost, 100);
    event_log_close(log);
}

/* A journal that does not read takes as much as its socket holds; the rest is counted, the file
 * has all, and nobody waits. */
static void
read_journal(int fd, unsigned *logons, unsigned *dropped)
{
    for (const char *got = receive(fd); *got; got = receive(fd)) {
        const char *count = strstr(got, "\"EventsDropped\":");

        *logons += strstr(got, "EVENT_ID=4624") != NULL;
        *dropped += count ? (unsigned)strtoul(count + 16, NULL, 10) : 0;
    }
}

static void
test_journal_that_does_not_read__is_counted(void **state)
{
    enum { LOGONS = 500 };
    int fd = listen_at(journal_path);
    struct event_log *log = open_sinks(path, journal_path, NULL);
    unsigned in_journal = 0, told = 0;
    json_t *all;

    (void)state;
    for (int i = 0; i < LOGONS; i++) {
        event_log_logon(log, &granted);
    }
    assert_true(event_log_flush(log));
    read_journal(fd, &in_journal, &told);
    assert_in_range(in_journal, 1, LOGONS - 1);
    event_log_logon(log, &granted);
    event_log_close(log);
    read_journal(fd, &in_journal, &told);
    assert_int_equal(in_journal + told, LOGONS + 1);
    all = events(path);
    assert_int_equal(json_array_size(all), LOGONS + 1 + 1); /* and a 1108 of the journal */
    json_decref(all);
    assert_int_equal(close(fd), 0);
}

/* A journal that was begun anew listens at the same path. */
static void
test_journal__begun_anew_is_found_again(void **state)
{
    int fd = listen_at(journal_path), again;
    struct event_log *log = open_sinks(NULL, journal_path, NULL);

    (void)state;
    assert_int_equal(close(fd), 0);
    event_log_logon(log, &granted);
    assert_true(event_log_flush(log));
    again = listen_at(journal_path);
    event_log_logon(log, &granted);
    event_log_close(log);
    assert_non_null(strstr(receive(again), "EVENT_ID=1101"));
    assert_non_null(strstr(receive(again), "EVENT_ID=4624"));
    assert_int_equal(close(again), 0);
}

static void
test_rotation__is_told_in_the_file_that_follows(void **state)
{
    struct event_log *log = open_sinks(path, NULL, NULL);
    json_t *all;

    (void)state;
    event_log_logon(log, &granted);
    assert_true(event_log_flush(log));
    assert_int_equal(rename(path, moved), 0);
    event_log_reopen(log);
    event_log_logon(log, &granted);
    event_log_close(log);
    all = events(moved);
    assert_int_equal(json_array_size(all), 1);
    json_decref(all);
    all = events(path);
    assert_int_equal(json_array_size(all), 2);
    assert_int_equal(id_at(all, 0), EVENT_LOGON);
    assert_int_equal(id_at(all, 1), EVENT_LOG_TURNED);
    assert_string_equal(json_string_value(json_object_get(json_array_get(all, 1), "BackupPath")),
                        moved);
    json_decref(all);
}

/* A pipe that nobody reads would hang whoever opens or writes to it. */
static void
test_pipe_without_a_reader__is_an_error_at_once(void **state)
{
    const struct event_settings settings = { .file = path, .program = "x", .log = &quiet };

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(event_log_open(&settings));
}

#define TEST(f) cmocka_unit_test_teardown(f, remove_files)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_journal__has_fields),
        TEST(test_journal__large_ones_go_as_a_file),
        TEST(test_syslog__is_rfc_5424),
        TEST(test_full_disk__is_told_elsewhere_and_counted),
        TEST(test_full_device__never_fails_a_logon),
        TEST(test_journal_that_does_not_read__is_counted),
        TEST(test_journal__begun_anew_is_found_again),
        TEST(test_rotation__is_told_in_the_file_that_follows),
        TEST(test_pipe_without_a_reader__is_an_error_at_once),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
