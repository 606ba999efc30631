/* SPDX-License-Identifier: Apache-2.0 */
/* Asks a running daemon over its control socket (docs/INTERFACES.md). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/wire.h"
#include "tools/control_client.h"
#include "tools/sspictl.h"

enum { TIME_S = 10 };

struct search {
    const char *section;
    char *path;
};

static bool
take_socket(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    struct search *search = user;

    (void)why;
    (void)why_n;
    if (strcmp(e->section, search->section) == 0 && e->key &&
        strcmp(e->key, "control_socket") == 0) {
        mem_free(search->path);
        search->path = mem_dup(e->value, strlen(e->value));
        return search->path != NULL;
    }
    return true; /* the daemon judges the rest */
}

/* The default file may be absent; one that was named may not. */
static char *
find_socket(const struct control_service *service, const char *config_file)
{
    const char *file = config_file ? config_file : config_default_file();
    struct config_error error = { 0 };
    struct search search = { service->section,
                             mem_dup(service->default_socket, strlen(service->default_socket)) };

    if (!config_file && access(file, F_OK) && errno == ENOENT) {
        return search.path;
    }
    if (!config_read(file, take_socket, &search, &error)) {
        (void)fprintf(stderr, "sspictl: %s\n", error.text);
        mem_free(search.path);
        return NULL;
    }
    return search.path;
}

/* -1: errno. */
static int
connect_to(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const struct timeval limit = { .tv_sec = TIME_S };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

    if (strlen(path) >= sizeof(to.sun_path)) {
        errno = ENAMETOOLONG;
    } else {
        bytes_copy(to.sun_path, path, strlen(path));
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0) {
            return fd;
        }
    }
    error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = error;
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

/* NULL: no good answer. fd is closed. */
static json_t *
answer_from(int fd, const char *request)
{
    SEC_AUTO(wire_writer) answer = wire_writer_growing(NULL, 0);
    json_t *object = NULL;

    if (converse(fd, request, &answer)) {
        object = json_loadb((const char *)answer.p, answer.len, 0, NULL);
    }
    (void)close(fd);
    return object;
}

json_t *
control_client_ask(const struct control_service *service, const char *config_file,
                   const char *request, int *result)
{
    char *path = find_socket(service, config_file);
    json_t *object;
    int fd;

    *result = SSPICTL_USAGE;
    if (!path) {
        return NULL;
    }
    *result = SSPICTL_FAILED;
    fd = connect_to(path);
    if (fd < 0) {
        (void)fprintf(stderr, "sspictl: %s does not answer: %s: %s\n", service->name, path,
                      strerror(errno));
    }
    mem_free(path);
    if (fd < 0) {
        return NULL;
    }
    object = answer_from(fd, request);
    if (!object) {
        (void)fprintf(stderr, "sspictl: %s gives no answer (only root and its own user get one)\n",
                      service->name);
    }
    return object;
}

json_t *
control_client_try(const struct control_service *service, const char *config_file,
                   const char *request)
{
    char *path = find_socket(service, config_file);
    json_t *object;
    int fd;

    if (!path) {
        errno = EPROTO;
        return NULL;
    }
    fd = connect_to(path);
    mem_free(path);
    if (fd < 0) {
        return NULL;
    }
    object = answer_from(fd, request);
    errno = EPROTO;
    return object;
}

const char *
control_client_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

int
control_client_print(const json_t *answer)
{
    int failed = json_dumpf(answer, stdout, JSON_INDENT(2));

    (void)printf("\n");
    return failed ? SSPICTL_FAILED : SSPICTL_DONE;
}

/* "12s", "3m07s", "2h05m", "4d03h" */
void
control_client_duration(char *to, size_t n, json_int_t s)
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
