/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed views of memory, and the few operations on memory that the project allows itself. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed view: valid as long as what it points into; never freed through. p may be NULL
 * where n is 0. */
struct bytes {
    const uint8_t *p;
    size_t n;
};

static inline struct bytes
bytes_of(const void *p, size_t n)
{
    return (struct bytes){ p, n };
}

/* The characters of a C string, without its NUL. */
static inline struct bytes
bytes_of_string(const char *s)
{
    return (struct bytes){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

/* Not in constant time: for what is public. Secrets go through secret_equal(). */
static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline uint8_t
bytes_lower_(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* Without case, for words of ours, which are ASCII: in a Turkish locale strcasecmp has it that
 * NEGOTIATE is not Negotiate. */
static inline bool
bytes_equal_nocase(struct bytes a, struct bytes b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (bytes_lower_(a.p[i]) != bytes_lower_(b.p[i])) {
            return false;
        }
    }
    return true;
}

static inline bool
bytes_starts_with(struct bytes a, struct bytes prefix)
{
    return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

/* memcpy that may be given NULL with a length of 0. */
static inline void
bytes_copy(void *to, const void *from, size_t n)
{
    if (n) {
        memcpy(to, from, n);
    }
}

/* The same where the two may overlap. */
static inline void
bytes_move(void *to, const void *from, size_t n)
{
    if (n) {
        memmove(to, from, n);
    }
}

#endif
