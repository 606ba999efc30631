/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of vectors, written as hexadecimal text. */
#ifndef TESTS_SUPPORT_HEX_H
#define TESTS_SUPPORT_HEX_H

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static inline int
hex_digit(char c)
{
    return c <= '9' ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Decodes text (blanks pass) into the caller's memory; aborts where it does not fit. */
static inline struct bytes
hex_into(uint8_t *to, size_t capacity, const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        if (isspace((unsigned char)*text)) {
            continue;
        }
        if (n == capacity || !text[1]) {
            abort();
        }
        to[n++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        text++;
    }
    return (struct bytes){ to, n };
}

/* A view of a static buffer for each place in the source: HEX("0a0b"). */
#define HEX(text)                                         \
    __extension__({                                       \
        static uint8_t hex_buffer_[sizeof(text) / 2 + 1]; \
        hex_into(hex_buffer_, sizeof(hex_buffer_), text); \
    })

/* UTF-16LE of an ASCII literal. */
#define UTF16(text)                                              \
    __extension__({                                              \
        static uint8_t utf16_buffer_[2 * sizeof(text)];          \
        for (size_t i_ = 0; i_ + 1 < sizeof(text); i_++) {       \
            utf16_buffer_[2 * i_] = (uint8_t)(text)[i_];         \
        }                                                        \
        (struct bytes){ utf16_buffer_, 2 * (sizeof(text) - 1) }; \
    })

#define assert_bytes_equal(have, want)                  \
    do {                                                \
        struct bytes have_ = (have), want_ = (want);    \
        assert_int_equal(have_.n, want_.n);             \
        assert_memory_equal(have_.p, want_.p, want_.n); \
    } while (0)

#endif
