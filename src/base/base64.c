/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, RFC 4648 section 4. */
#include "base/base64.h"

#include "base/secret.h"

/* A letter's value, and one more: 0 is none. */
#define ROW(a, b, c, d, from) [a] = (from) + 1, [b] = (from) + 2, [c] = (from) + 3, [d] = (from) + 4
static const uint8_t values[256] = {
    ROW('A', 'B', 'C', 'D', 0),  ROW('E', 'F', 'G', 'H', 4),  ROW('I', 'J', 'K', 'L', 8),
    ROW('M', 'N', 'O', 'P', 12), ROW('Q', 'R', 'S', 'T', 16), ROW('U', 'V', 'W', 'X', 20),
    ROW('Y', 'Z', 'a', 'b', 24), ROW('c', 'd', 'e', 'f', 28), ROW('g', 'h', 'i', 'j', 32),
    ROW('k', 'l', 'm', 'n', 36), ROW('o', 'p', 'q', 'r', 40), ROW('s', 't', 'u', 'v', 44),
    ROW('w', 'x', 'y', 'z', 48), ROW('0', '1', '2', '3', 52), ROW('4', '5', '6', '7', 56),
    ROW('8', '9', '+', '/', 60),
};
#undef ROW

/* How many bytes four letters stand for: 3, or fewer where the last ones are padding. */
static size_t
size_of(const uint8_t *letters, bool last)
{
    if (last && letters[3] == '=') {
        return letters[2] == '=' ? 1 : 2;
    }
    return 3;
}

/* Four letters that stand for n bytes. false: they are not base64. */
static bool
decode_four(const uint8_t letters[static 4], size_t n, uint8_t to[static 3])
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        uint8_t v = i <= n ? values[letters[i]] : 1;

        if (v == 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(v - 1);
    }
    to[0] = (uint8_t)(bits >> 16);
    to[1] = (uint8_t)(bits >> 8);
    to[2] = (uint8_t)bits;
    /* RFC 4648 3.5: bits that no byte takes are zero, or two texts would mean the same. */
    return (bits & (0xFFFFFFu >> (8 * n))) == 0;
}

bool
base64_decode(struct bytes text, struct wire_writer *w)
{
    enum { BLOCK = 192 }; /* bytes that are put at once */
    uint8_t block[BLOCK];
    size_t filled = 0;
    bool good = text.n % 4 == 0;

    for (size_t at = 0; at < text.n && good; at += 4) {
        size_t n = size_of(text.p + at, at + 4 == text.n);

        good = decode_four(text.p + at, n, block + filled);
        filled += good ? n : 0;
        if (filled == BLOCK || at + 4 == text.n) {
            wire_put(w, block, filled);
            filled = 0;
        }
    }
    secret_wipe(block, sizeof(block)); /* it may be a password's */
    return good;
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
