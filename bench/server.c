/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are measured. */
#include "bench/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <netinet/tcp.h>

enum { PATIENCE_MS = 10000, MAX_CHILDREN = 8 };

static pid_t children[MAX_CHILDREN];
static size_t n_children;
static pid_t program; /* which is to end what it started, and nobody else */

static void __attribute__((constructor)) note_program(void)
{
    program = getpid();
}

void
server_check(int good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
        if (getpid() != program) {
            _exit(1);
        }
        exit(1);
    }
}

void
server_stop_all(void)
{
    for (size_t i = 0; i < n_children; i++) {
        (void)kill(children[i], SIGTERM);
        (void)waitpid(children[i], NULL, 0);
    }
    n_children = 0;
}

pid_t
server_start(const char *const argv[], const char *log)
{
    pid_t child = fork();

    server_check(child >= 0, "fork");
    if (child == 0) {
        FILE *out = freopen(log, "w", stderr);

        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a signal that ends us runs nothing at exit */
        if (out && freopen(log, "a", stdout)) {
            (void)execv(argv[0], (char *const *)(uintptr_t)argv);
        }
        _exit(127);
    }
    children[n_children++] = child;
    return child;
}

int
server_connect_from(uint16_t port, uint32_t address)
{
    const struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
    const struct sockaddr_in a = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    server_check(fd >= 0, "socket");
    server_check(!address ||
                     (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) == 0 &&
                      bind(fd, (const struct sockaddr *)&from, sizeof(from)) == 0),
                 "an address of loopback's");
    if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
        (void)close(fd);
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

int
server_connect(uint16_t port)
{
    return server_connect_from(port, 0);
}

void
server_await(uint16_t port, const char *what)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
        const struct timespec nap = { .tv_nsec = 20000000 };
        int fd = server_connect(port);

        if (fd >= 0) {
            (void)close(fd);
            return;
        }
        (void)nanosleep(&nap, NULL);
    }
    server_check(0, what);
}

uint16_t
server_free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    server_check(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 &&
                     getsockname(fd, (struct sockaddr *)&a, &n) == 0,
                 "a free port");
    (void)close(fd);
    return ntohs(a.sin_port);
}
