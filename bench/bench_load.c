/* SPDX-License-Identifier: Apache-2.0 */
/* A hundred honest clients a second among twenty thousand that connect and say nothing, which other
 * processes hold: how much longer a logon takes, what memory a silent connection costs, and how late
 * they are closed. On loopback, each address of which counts as a client of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/harness.h"
#include "bench/kerberos_web.h"

enum {
    SILENT = 20000,
    HOLDERS = 4,       /* processes */
    PER_ADDRESS = 200, /* of them */
    SPARE = 200,       /* descriptors of sspid's own */
    TIMEOUT_S = 15,    /* longer than all that is measured before it */
    HONEST = 500,      /* logons whose time is taken, 5 s of them */
    HONEST_PER_SECOND = 100,
    PATIENCE_MS = 5000, /* beyond the deadline */
    EVENTS = 256,
};

_Static_assert((int)HONEST <= (int)KERBEROS_WEB_BATCH, "they are made before");

static int
ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* --- silent clients ------------------------------------------------------------------------ */

struct holder {
    pid_t pid;
    int pipe; /* it writes: a byte when all are connected, then a struct closed */
};

struct closed {
    double median_late, most_late; /* seconds after the deadline */
    long early, never;
};

/* Waits for the end of each, and notes in connected[] how long it lived. */
static long
await_ends(int epoll, double *connected, const int *fds, long n)
{
    double give_up = harness_now() + TIMEOUT_S + PATIENCE_MS / 1e3;
    struct epoll_event events[EVENTS];
    long left = n;

    while (left && harness_now() < give_up) {
        int got = epoll_wait(epoll, events, EVENTS, 100);

        for (int i = 0; i < got; i++) {
            uint32_t at = events[i].data.u32;

            connected[at] = harness_now() - connected[at];
            (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fds[at], NULL);
            left--;
        }
    }
    return left;
}

static struct closed
judge(double *lived, long n, long never)
{
    struct closed closed = { .never = never };

    qsort(lived, (size_t)n, sizeof(*lived), ascending);
    while (closed.early < n && lived[closed.early] < TIMEOUT_S - 0.1) {
        closed.early++;
    }
    closed.median_late = lived[n / 2] - TIMEOUT_S;
    closed.most_late = lived[n - 1 - never] - TIMEOUT_S;
    return closed;
}

static void
hold(uint16_t port, uint32_t first, long n, int out)
{
    double *connected = mem_new_array((size_t)n, sizeof(*connected));
    int *fds = mem_new_array((size_t)n, sizeof(*fds)), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct closed closed;
    long never;

    server_check(connected && fds && epoll >= 0, "memory");
    for (long i = 0; i < n; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };

        fds[i] = server_connect_from(port, first + (uint32_t)(i / PER_ADDRESS));
        server_check(fds[i] >= 0, "a silent connection");
        connected[i] = harness_now();
        server_check(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) == 0, "epoll");
    }
    server_check(write(out, "", 1) == 1, "pipe");
    never = await_ends(epoll, connected, fds, n);
    closed = judge(connected, n, never);
    server_check(write(out, &closed, sizeof(closed)) == sizeof(closed), "pipe");
}

static struct holder
start_holder(uint16_t port, unsigned number, long n)
{
    uint32_t first = 0x7F010000u + number * 0x10000u + 1; /* 127.1.0.1 and on */
    struct holder holder;
    int ends[2];

    server_check(pipe(ends) == 0, "pipe");
    holder.pid = fork();
    server_check(holder.pid >= 0, "fork");
    if (holder.pid == 0) {
        hold(port, first, n, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    holder.pipe = ends[0];
    return holder;
}

/* --- honest clients ------------------------------------------------------------------------ */

static void
sleep_until(double when)
{
    double left = when - harness_now();
    const struct timespec nap = { .tv_sec = (time_t)left,
                                  .tv_nsec = (long)((left - (double)(time_t)left) * 1e9) };

    if (left > 0) {
        (void)nanosleep(&nap, NULL);
    }
}

/* Logs on a hundred times a second; the time that all but one of a hundred took at most. */
static double
p99_of_logons(struct kerberos_web_visitor *visitor)
{
    double took[HONEST], begin;

    kerberos_web_prepare(visitor, HONEST);
    begin = harness_now();
    for (long i = 0; i < HONEST; i++) {
        double start;

        sleep_until(begin + (double)i / HONEST_PER_SECOND);
        start = harness_now();
        kerberos_web_visit(visitor, i);
        took[i] = harness_now() - start;
    }
    qsort(took, HONEST, sizeof(*took), ascending);
    return took[HONEST - 1 - HONEST / 100];
}

/* --- sspid --------------------------------------------------------------------------------- */

static double
resident_bytes(pid_t pid)
{
    char path[64], line[256];
    double bytes = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    server_check(f != NULL, path);
    while (fgets(line, sizeof(line), f)) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            bytes = strtod(line + 6, NULL) * 1024;
        }
    }
    (void)fclose(f);
    return bytes;
}

/* As many descriptors as sspid needs, or may have: how many silent clients that leaves room for. */
static long
raise_limit(void)
{
    struct rlimit limit = { SILENT + SPARE, SILENT + SPARE };

    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        server_check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "limits");
        limit.rlim_cur = limit.rlim_max;
        server_check(setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 2 * SPARE,
                     "more descriptors");
    }
    return limit.rlim_cur < SILENT + SPARE ? (long)limit.rlim_cur - SPARE : SILENT;
}

/* --- what is measured ---------------------------------------------------------------------- */

static void
put_closings(const struct holder *holders)
{
    struct closed all = { 0 }, one;

    for (size_t i = 0; i < HOLDERS; i++) {
        server_check(read(holders[i].pipe, &one, sizeof(one)) == sizeof(one), "a holder");
        (void)waitpid(holders[i].pid, NULL, 0);
        all.most_late = one.most_late > all.most_late ? one.most_late : all.most_late;
        all.median_late += one.median_late / HOLDERS;
        all.early += one.early;
        all.never += one.never;
    }
    harness_row("silent connections closed after their deadline, median", all.median_late, "s", 0,
                NULL);
    harness_row("silent connections closed after their deadline, at most", all.most_late, "s", 0,
                NULL);
    server_check(all.early == 0 && all.never == 0,
                 "silent connections were closed early, or never");
}

static struct kerberos_web_sspid
start_sspid(const char *name)
{
    char limits[256];

    (void)snprintf(limits, sizeof(limits),
                   "max_per_address = %d\nmax_unauthenticated = %d\nhandshake_timeout = %d\n",
                   HONEST + PER_ADDRESS, 2 * SILENT, TIMEOUT_S);
    return kerberos_web_start_sspid(name, "2", limits);
}

/* With an sspid of its own, whose heap is small. */
static void
measure(const char *listener, int framed, long silent)
{
    struct kerberos_web_sspid sspid = start_sspid(listener);
    uint16_t port = framed ? sspid.framed : sspid.http;
    struct kerberos_web_visitor *visitor = kerberos_web_visitor_new(port, framed, 0);
    struct holder holders[HOLDERS];
    double idle, before, loaded, bytes;
    char idle_row[64], row[64], memory_row[64];
    char byte;

    (void)snprintf(idle_row, sizeof(idle_row), "%s: a logon at rest, 99 %% within", listener);
    (void)snprintf(row, sizeof(row), "%s: a logon among %ld silent, 99 %% within", listener,
                   silent);
    (void)snprintf(memory_row, sizeof(memory_row), "%s: memory of a silent connection", listener);
    idle = p99_of_logons(visitor);
    before = resident_bytes(sspid.pid);
    for (unsigned i = 0; i < HOLDERS; i++) {
        holders[i] = start_holder(port, i, silent / HOLDERS);
    }
    for (size_t i = 0; i < HOLDERS; i++) {
        server_check(read(holders[i].pipe, &byte, 1) == 1, "a holder");
    }
    loaded = p99_of_logons(visitor);
    bytes = (resident_bytes(sspid.pid) - before) / (double)(silent / HOLDERS * HOLDERS);
    harness_row(idle_row, idle * 1e3, "ms", 0, NULL);
    harness_row(row, loaded * 1e3, "ms", loaded / idle, idle_row);
    harness_row(memory_row, bytes, "B", 0, NULL);
    put_closings(holders);
}

int
main(void)
{
    long silent;

    silent = raise_limit();
    kerberos_realm_make();
    (void)atexit(server_stop_all); /* before the folder goes */
    measure("HTTP", 0, silent);
    measure("framed", 1, silent);
    return 0;
}
