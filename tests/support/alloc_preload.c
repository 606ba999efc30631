/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: a program whose memory runs out for a moment. The file that ALLOC_PRELOAD names holds a
 * number (long), which each allocation of the program counts down; the one that makes it 0 fails. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic long *left;

static void __attribute__((constructor)) open_counter(void)
{
    const char *path = getenv("ALLOC_PRELOAD");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map;

    if (fd < 0) {
        return;
    }
    map = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    left = map == MAP_FAILED ? NULL : map;
}

static bool
fails(void)
{
    if (!left || atomic_load(left) <= 0 || atomic_fetch_sub(left, 1) != 1) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *
malloc(size_t n)
{
    static void *(*real)(size_t);

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "malloc");
    }
    return fails() ? NULL : real(n);
}

void *
calloc(size_t count, size_t n)
{
    static void *(*real)(size_t, size_t);

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "calloc");
    }
    return fails() ? NULL : real(count, n);
}

void *
realloc(void *p, size_t n)
{
    static void *(*real)(void *, size_t);

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "realloc");
    }
    return fails() ? NULL : real(p, n);
}
