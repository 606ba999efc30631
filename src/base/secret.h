/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: passwords, hashes, keys. Wiped when cleared, compared in constant time, never logged. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"

/* A secret on the heap, of any length. { 0 } is an empty one. */
struct secret {
    uint8_t *p;
    size_t n;
};

/* A key of 16 bytes in place: NT hashes, session keys. Clear with secret_wipe(). */
struct secret16 {
    uint8_t b[16];
};

/* Copies n bytes into *s, which is cleared first. false: no memory, and *s is empty. */
SEC_NODISCARD bool secret_set(struct secret *s, const void *from, size_t n);
/* n zeroed bytes. false: no memory, and *s is empty. */
SEC_NODISCARD bool secret_resize(struct secret *s, size_t n);
/* Wipes and frees; *s is empty afterwards. */
void secret_clear(struct secret *s);
void secret_auto(struct secret *s);

static inline struct bytes
secret_bytes(const struct secret *s)
{
    return (struct bytes){ s->p, s->n };
}

/* Wipes n bytes; the compiler cannot drop it. p may be NULL with n == 0. What is small and of a known
 * size is wiped in place, since a call would cost more than its work; what is larger is left to libc,
 * whose way is quicker than what the compiler puts in place of memset. */
static inline void
secret_wipe(void *p, size_t n)
{
    if (!n) {
        return; /* neither memset nor explicit_bzero takes NULL, not even for nothing */
    }
    if (__builtin_constant_p(n) && n <= 64) {
        memset(p, 0, n);
        __asm__ __volatile__("" : : "r"(p) : "memory");
    } else {
        explicit_bzero(p, n);
    }
}

/* In time that depends on n alone. */
SEC_NODISCARD bool secret_equal(const void *a, const void *b, size_t n);

/* Keeps a daemon's secrets out of core dumps and, as far as limits permit, out of swap. */
void secret_harden_process(void);

#endif
