/* SPDX-License-Identifier: Apache-2.0 */
/* rasd with a thousand callers in dialogue: how long until each sees the module's first prompt,
 * what a port costs in memory and in processor time. pppd has no part in it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "harness.h"

enum { CALLS = 1000, READY_TRIES = 500, READY_MS = 20, PROMPT_BYTES = 7, PATIENCE_MS = 10000 };

static char folder[] = "/var/tmp/bench-ras-XXXXXX";

static void
give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void
path_in(char *to, size_t n, const char *name)
{
    (void)snprintf(to, n, "%s/%s", folder, name);
}

/* One that was free a moment ago. */
static uint16_t
free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
        give_up("a port");
    }
    (void)close(fd);
    return ntohs(at.sin_port);
}

static void
write_config(const char *path, uint16_t port)
{
    FILE *f = fopen(path, "w");

    if (!f) {
        give_up(path);
    }
    (void)fprintf(f,
                  "[accounts]\nstore = sqlite:%s/accounts.db\nkey_file = %s/key\n"
                  "[events]\nfile = %s/events\n"
                  "[ras]\nsecurity_module = %s/module.so\nmodule_host = %s\n%s"
                  "control_socket = %s/control\nrun_directory = %s/run\n"
                  "[port net]\ntype = tcp\ndevice = 127.0.0.1:%u\ncalls = %d\n",
                  folder, folder, folder, folder, BENCH_MODULE_HOST,
                  geteuid() == 0 ? "module_user = nobody\n" : "", folder, folder, port, CALLS);
    (void)fclose(f);
}

/* Where the module's user can read it, and nobody else can write it. */
static void
copy_module(void)
{
    char to[128], data[65536];
    int in = open(BENCH_MODULE, O_RDONLY), out;
    ssize_t n;

    path_in(to, sizeof(to), "module.so");
    out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (in < 0 || out < 0) {
        give_up(BENCH_MODULE);
    }
    while ((n = read(in, data, sizeof(data))) > 0) {
        if (write(out, data, (size_t)n) != n) {
            give_up(to);
        }
    }
    (void)close(in);
    (void)close(out);
}

static int
call(uint16_t port)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0) {
        return fd;
    }
    (void)close(fd);
    return -1;
}

static pid_t
start_server(const char *config)
{
    pid_t pid = fork();

    if (pid == 0) {
        int quiet = open("/dev/null", O_WRONLY);

        (void)dup2(quiet, 2);
        (void)execl(BENCH_RASD, BENCH_RASD, "--config", config, NULL);
        _exit(127);
    }
    return pid;
}

/* The control socket is what it opens last. */
static void
wait_until_ready(void)
{
    char path[128];

    path_in(path, sizeof(path), "control");
    for (int i = 0; i < READY_TRIES; i++) {
        if (access(path, F_OK) == 0) {
            return;
        }
        (void)usleep(READY_MS * 1000);
    }
    give_up("rasd does not come up");
}

static double
resident_bytes(pid_t pid)
{
    char path[64], text[128] = "";
    char *at;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    f = fopen(path, "r");
    if (!f || !fgets(text, sizeof(text), f)) {
        give_up(path);
    }
    (void)fclose(f);
    at = strchr(text, ' ');
    return at ? (double)strtoul(at, NULL, 10) * (double)sysconf(_SC_PAGESIZE) : 0;
}

/* utime and stime, fields 14 and 15 of proc(5)'s stat. */
static double
cpu_seconds(pid_t pid)
{
    char path[64], text[1024] = "";
    char *at;
    FILE *f;
    double user, kernel;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (!f || !fgets(text, sizeof(text), f)) {
        give_up(path);
    }
    (void)fclose(f);
    at = strrchr(text, ')');
    for (int i = 0; at && i < 12; i++) {
        at = strchr(at + 1, ' ');
    }
    if (!at) {
        give_up(path);
    }
    user = strtod(at, &at);
    kernel = strtod(at, NULL);
    return (user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void
wait_for_prompt(int fd)
{
    char prompt[PROMPT_BYTES];
    size_t n = 0;

    while (n < sizeof(prompt)) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        ssize_t got = poll(&p, 1, PATIENCE_MS) == 1 ? read(fd, prompt + n, sizeof(prompt) - n) : -1;

        if (got <= 0) {
            give_up("no prompt");
        }
        n += (size_t)got;
    }
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void
measure(pid_t server, uint16_t port)
{
    static double ms[CALLS];
    static int fds[CALLS];
    double before = resident_bytes(server), cpu = cpu_seconds(server);

    for (int i = 0; i < CALLS; i++) {
        double start = harness_now();

        fds[i] = call(port);
        if (fds[i] < 0) {
            give_up("call");
        }
        wait_for_prompt(fds[i]);
        ms[i] = 1000 * (harness_now() - start);
    }
    qsort(ms, CALLS, sizeof(ms[0]), compare);
    harness_row("ras/call to first prompt, median", ms[CALLS / 2], "ms", 0, "");
    harness_row("ras/call to first prompt, 99 of 100", ms[CALLS * 99 / 100], "ms", 0, "");
    harness_row("ras/memory of rasd, 1000 ports in dialogue",
                (resident_bytes(server) - before) / CALLS, "bytes/port", 0, "");
    harness_row("ras/memory of rasd, all in all", resident_bytes(server) / CALLS, "bytes/port", 0,
                "");
    harness_row("ras/processor time of rasd", 1e6 * (cpu_seconds(server) - cpu) / CALLS, "us/call",
                0, "");
    cpu = cpu_seconds(server);
    (void)sleep(1);
    harness_row("ras/processor time of rasd, 1000 silent callers",
                1000 * (cpu_seconds(server) - cpu), "ms/s", 0, "");
    for (int i = 0; i < CALLS; i++) {
        (void)close(fds[i]);
    }
}

static void
remove_folder(void)
{
    static const char *const names[] = { "module.so", "opensspi.conf", "events",      "control",
                                         "key",       "accounts.db",   "run/control", "run" };
    char path[128];

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        path_in(path, sizeof(path), names[i]);
        (void)remove(path);
    }
    (void)rmdir(folder);
}

int
main(void)
{
    struct rlimit limit;
    char config[128];
    uint16_t port = free_port();
    pid_t server;
    int status;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0) {
        give_up(folder);
    }
    path_in(config, sizeof(config), "opensspi.conf");
    write_config(config, port);
    copy_module();
    server = start_server(config);
    wait_until_ready();
    measure(server, port);
    (void)kill(server, SIGTERM);
    (void)waitpid(server, &status, 0);
    remove_folder();
    return 0;
}
