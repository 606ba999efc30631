/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: a program that stands still for a moment. The file that STALL_PRELOAD names holds a number
 * (long): so many milliseconds the next write to an Internet socket takes, or the next change of the
 * folder, and then it is 0. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static _Atomic long *stall_ms;

static void __attribute__((constructor)) open_number(void)
{
    const char *path = getenv("STALL_PRELOAD");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map;

    if (fd < 0) {
        return;
    }
    map = mmap(NULL, sizeof(*stall_ms), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    stall_ms = map == MAP_FAILED ? NULL : map;
}

static void
stall(void)
{
    long ms = stall_ms ? atomic_exchange(stall_ms, 0) : 0;

    if (ms) {
        (void)nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
    }
}

static bool
is_internet(int fd)
{
    int domain = 0;
    socklen_t n = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_INET;
}

ssize_t
write(int fd, const void *from, size_t n)
{
    static ssize_t (*real)(int, const void *, size_t);
    ssize_t written;
    int error;

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    }
    written = real(fd, from, n);
    error = errno;
    if (stall_ms && atomic_load(stall_ms) && is_internet(fd)) {
        stall();
    }
    errno = error;
    return written;
}

int
chdir(const char *path)
{
    static int (*real)(const char *);

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "chdir");
    }
    stall();
    return real(path);
}
