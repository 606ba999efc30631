/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets on the heap and in place. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "base/secret.h"

bool
secret_resize(struct secret *s, size_t n)
{
    secret_clear(s);
    if (n == 0) {
        return true;
    }
    s->p = mem_new(n);
    if (!s->p) {
        return false;
    }
    s->n = n;
    return true;
}

bool
secret_set(struct secret *s, const void *from, size_t n)
{
    if (!secret_resize(s, n)) {
        return false;
    }
    bytes_copy(s->p, from, n);
    return true;
}

void
secret_clear(struct secret *s)
{
    mem_free_wiped(s->p, s->n);
    s->p = NULL;
    s->n = 0;
}

void
secret_auto(struct secret *s)
{
    secret_clear(s);
}

/* Keeps the compiler from seeing what has come of it so far, and so from ending early. */
static inline uint64_t
hidden(uint64_t v)
{
    __asm__("" : "+r"(v));
    return v;
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    uint64_t difference = 0;

    for (; n >= sizeof(uint64_t); n -= sizeof(uint64_t)) {
        uint64_t u, v;

        memcpy(&u, x, sizeof(u));
        memcpy(&v, y, sizeof(v));
        difference = hidden(difference | (u ^ v));
        x += sizeof(u);
        y += sizeof(v);
    }
    for (size_t i = 0; i < n; i++) {
        difference = hidden(difference | (uint64_t)(x[i] ^ y[i]));
    }
    return difference == 0;
}

void
secret_harden_process(void)
{
    struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
