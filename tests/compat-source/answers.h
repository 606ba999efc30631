/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that print what functions answer, one line each: the same lines here and under Wine. */
#ifndef TESTS_ANSWERS_H
#define TESTS_ANSWERS_H

#include <windows.h>
#include <stdio.h>
#include <string.h>

static DWORD g_answer __attribute__((unused));

/* The call's answer as a number, and the last error where it is 0 (or, for some, anything else). */
#define CALL(label, call)                                  \
    do {                                                   \
        SetLastError(0xBEEF);                              \
        g_answer = (DWORD)(call);                          \
        printf("%s: %d", label, (int)g_answer);            \
        if (g_answer == 0) {                               \
            printf(" error %u", (unsigned)GetLastError()); \
        }                                                  \
        printf("\n");                                      \
    } while (0)

#define NUMBER(label, value) printf("%s: %d\n", label, (int)(value))

static inline void
print_bytes(const char *label, const void *p, size_t n)
{
    size_t i;

    printf("%s:", label);
    for (i = 0; i < n; i++) {
        printf(" %02x", ((const unsigned char *)p)[i]);
    }
    printf("\n");
}

static inline void
print_text(const char *label, const char *s)
{
    print_bytes(label, s, strlen(s));
}

#endif
