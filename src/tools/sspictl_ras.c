/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl ras: asks a running rasd over its control socket (docs/INTERFACES.md). */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/wire.h"
#include "tools/sspictl.h"

enum { TIME_S = 10, DURATION_BYTES = 32 };

#define DEFAULT_SOCKET "/run/opensspi-ras/control"

/* --- the socket ---------------------------------------------------------------------------- */

static bool
take_socket(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    char **path = user;

    (void)why;
    (void)why_n;
    if (strcmp(e->section, "ras") == 0 && e->key && strcmp(e->key, "control_socket") == 0) {
        mem_free(*path);
        *path = mem_dup(e->value, strlen(e->value));
        return *path != NULL;
    }
    return true; /* rasd judges the rest */
}

/* The default file may be absent; one that was named may not. */
static char *
find_socket(const char *config_file)
{
    const char *file = config_file ? config_file : config_default_file();
    struct config_error error = { 0 };
    char *path = mem_dup(DEFAULT_SOCKET, strlen(DEFAULT_SOCKET));

    if (!config_file && access(file, F_OK) && errno == ENOENT) {
        return path;
    }
    if (!config_read(file, take_socket, &path, &error)) {
        (void)fprintf(stderr, "sspictl: %s\n", error.text);
        mem_free(path);
        return NULL;
    }
    return path;
}

static int
connect_to(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const struct timeval limit = { .tv_sec = TIME_S };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(to.sun_path)) {
        errno = ENAMETOOLONG;
    } else {
        bytes_copy(to.sun_path, path, strlen(path));
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0) {
            return fd;
        }
    }
    (void)fprintf(stderr, "sspictl: rasd does not answer: %s: %s\n", path, strerror(errno));
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

static bool
converse(int fd, const char *request, struct wire_writer *answer)
{
    char part[4096];
    ssize_t n = (ssize_t)strlen(request);

    if (send(fd, request, (size_t)n, MSG_NOSIGNAL) != n) {
        return false;
    }
    while ((n = recv(fd, part, sizeof(part), 0)) > 0) {
        wire_put(answer, part, (size_t)n);
    }
    return n == 0 && wire_writer_status(answer) == WIRE_OK;
}

/* The answer; NULL: stderr was told why. *result is the exit status then. */
static json_t *
ask(const char *config_file, const char *request, int *result)
{
    SEC_AUTO(wire_writer) answer = wire_writer_growing(NULL, 0);
    char *path = find_socket(config_file);
    json_t *object = NULL;
    int fd;

    *result = SSPICTL_USAGE;
    if (!path) {
        return NULL;
    }
    *result = SSPICTL_FAILED;
    fd = connect_to(path);
    mem_free(path);
    if (fd < 0) {
        return NULL;
    }
    if (converse(fd, request, &answer)) {
        object = json_loadb((const char *)answer.p, answer.len, 0, NULL);
    }
    (void)close(fd);
    if (!object) {
        (void)fprintf(stderr, "sspictl: rasd gives no answer (only root and its own user get "
                              "one)\n");
    }
    return object;
}

/* --- status -------------------------------------------------------------------------------- */

static const char *
text_of(const json_t *port, const char *name)
{
    const char *text = json_string_value(json_object_get(port, name));

    return text ? text : "";
}

static json_int_t
number_of(const json_t *port, const char *name)
{
    return json_integer_value(json_object_get(port, name));
}

/* "12s", "3m07s", "2h05m", "4d03h" */
static void
write_duration(char *to, size_t n, json_int_t s)
{
    if (s < 60) {
        (void)snprintf(to, n, "%llds", (long long)s);
    } else if (s < 3600) {
        (void)snprintf(to, n, "%lldm%02llds", (long long)(s / 60), (long long)(s % 60));
    } else if (s < 86400) {
        (void)snprintf(to, n, "%lldh%02lldm", (long long)(s / 3600), (long long)(s / 60 % 60));
    } else {
        (void)snprintf(to, n, "%lldd%02lldh", (long long)(s / 86400), (long long)(s / 3600 % 24));
    }
}

/* A caller may have chosen what a name is. */
static void
print_text(const char *text)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    text_put_escaped(&w, bytes_of_string(text));
    (void)printf("%.*s", (int)w.len, w.p ? (const char *)w.p : "");
}

static void
print_port(const json_t *port)
{
    const char *domain = text_of(port, "domain"), *user = text_of(port, "user");
    const char *address = text_of(port, "remote_address");
    char duration[DURATION_BYTES];

    write_duration(duration, sizeof(duration), number_of(port, "seconds"));
    (void)printf("%-16s %-7s %-14s %8s  ", text_of(port, "port"), text_of(port, "type"),
                 text_of(port, "state"), duration);
    if (json_object_get(port, "call")) {
        (void)printf("%10lld %10lld  ", (long long)number_of(port, "bytes_in"),
                     (long long)number_of(port, "bytes_out"));
    } else {
        (void)printf("%10s %10s  ", "-", "-");
    }
    print_text(*address ? address : text_of(port, "peer"));
    if (*user) {
        (void)printf("  ");
        print_text(domain);
        (void)printf("%s", *domain ? "\\" : "");
        print_text(user);
    }
    (void)printf("\n");
}

static int
print_status(const json_t *answer, bool json)
{
    const json_t *ports = json_object_get(answer, "ports");
    size_t i;
    json_t *port;

    if (json) {
        int failed = json_dumpf(answer, stdout, JSON_INDENT(2));

        (void)printf("\n");
        return failed ? SSPICTL_FAILED : SSPICTL_DONE;
    }
    (void)printf("%-16s %-7s %-14s %8s  %10s %10s  %s\n", "PORT", "TYPE", "STATE", "SINCE", "IN",
                 "OUT", "PEER OR ADDRESS, USER");
    json_array_foreach(ports, i, port)
    {
        print_port(port);
    }
    return SSPICTL_DONE;
}

static int
run_status(const char *config_file, int argc, char **argv)
{
    static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
    bool json = false;
    json_t *answer;
    int option, result;

    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j') {
            return SSPICTL_USAGE; /* getopt has said why */
        }
        json = true;
    }
    if (optind != argc) {
        return sspictl_usage("ras status takes no name");
    }
    answer = ask(config_file, "status\n", &result);
    if (answer) {
        result = print_status(answer, json);
        json_decref(answer);
    }
    return result;
}

/* --- hangup -------------------------------------------------------------------------------- */

static int
run_hangup(const char *config_file, int argc, char **argv)
{
    char request[128];
    const char *error;
    json_t *answer;
    int result;

    if (argc != 2 || strlen(argv[1]) > 64 || strchr(argv[1], '\n')) {
        return sspictl_usage("ras hangup takes the name of one port");
    }
    (void)snprintf(request, sizeof(request), "hangup %s\n", argv[1]);
    answer = ask(config_file, request, &result);
    if (!answer) {
        return result;
    }
    error = json_string_value(json_object_get(answer, "error"));
    if (error) {
        (void)fprintf(stderr, "sspictl: %s: %s\n", argv[1], error);
    } else {
        (void)printf("%lld\n", (long long)number_of(answer, "hung_up"));
        result = SSPICTL_DONE;
    }
    json_decref(answer);
    return result;
}

int
sspictl_ras(const char *config_file, int argc, char **argv)
{
    static const struct sspictl_command commands[] = {
        { "status", run_status },
        { "hangup", run_hangup },
        { 0 },
    };

    return sspictl_dispatch(commands, "ras command", config_file, argc - 1, argv + 1);
}
