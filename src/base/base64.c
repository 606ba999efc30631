/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, RFC 4648 section 4. */
#include "base/base64.h"

static int
value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* How many bytes four letters stand for: 3, or fewer where the last ones are padding. */
static size_t
size_of(const uint8_t *letters, bool last)
{
    if (last && letters[3] == '=') {
        return letters[2] == '=' ? 1 : 2;
    }
    return 3;
}

bool
base64_decode(struct bytes text, struct wire_writer *w)
{
    if (text.n % 4 != 0) {
        return false;
    }
    for (size_t at = 0; at < text.n; at += 4) {
        const uint8_t *letters = text.p + at;
        size_t n = size_of(letters, at + 4 == text.n);
        uint32_t bits = 0;
        uint8_t bytes[3];

        for (size_t i = 0; i < 4; i++) {
            int v = i <= n ? value_of(letters[i]) : 0;

            if (v < 0) {
                return false;
            }
            bits = bits << 6 | (uint32_t)v;
        }
        /* RFC 4648 3.5: bits that no byte takes are zero, or two texts would mean the same. */
        if (bits & (0xFFFFFFu >> (8 * n))) {
            return false;
        }
        bytes[0] = (uint8_t)(bits >> 16);
        bytes[1] = (uint8_t)(bits >> 8);
        bytes[2] = (uint8_t)bits;
        wire_put(w, bytes, n);
    }
    return true;
}

void
base64_encode(struct bytes bytes, struct wire_writer *w)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t at = 0; at < bytes.n; at += 3) {
        size_t n = bytes.n - at < 3 ? bytes.n - at : 3;
        uint32_t bits = 0;
        uint8_t text[4];

        for (size_t i = 0; i < 3; i++) {
            bits = bits << 8 | (i < n ? bytes.p[at + i] : 0u);
        }
        for (size_t i = 0; i < 4; i++) {
            text[i] = i <= n ? (uint8_t)letters[bits >> (18 - 6 * i) & 63] : '=';
        }
        wire_put(w, text, 4);
    }
}
