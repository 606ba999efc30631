/* SPDX-License-Identifier: Apache-2.0 */
/* Base32, RFC 4648 section 6. */
#include "base/base32.h"

enum { LETTER_BITS = 5, GROUP_LETTERS = 8 };

static int
value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a';
    }
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Without its padding, which fills the last group; false: it does not. Blanks and dashes do not
 * count. */
static bool
cut_padding(struct bytes *text)
{
    size_t letters = 0, padding = 0;

    for (size_t i = 0; i < text->n; i++) {
        uint8_t c = text->p[i];

        if (c == '=') {
            padding++;
        } else if (padding && c != ' ') {
            return false;
        } else if (c != ' ' && c != '-') {
            letters++;
        }
    }
    for (size_t left = padding; left;) {
        text->n--;
        left -= text->p[text->n] == '=';
    }
    return !padding || (padding < GROUP_LETTERS && (letters + padding) % GROUP_LETTERS == 0);
}

bool
base32_decode(struct bytes text, struct wire_writer *w)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;

    if (!cut_padding(&text)) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        int v = value_of(text.p[i]);

        if (text.p[i] == ' ' || text.p[i] == '-') {
            continue;
        }
        if (v < 0) {
            return false;
        }
        bits = bits << LETTER_BITS | (uint32_t)v;
        n_bits += LETTER_BITS;
        if (n_bits >= 8) {
            n_bits -= 8;
            wire_put_u8(w, (uint8_t)(bits >> n_bits));
            bits &= (1u << n_bits) - 1;
        }
    }
    /* No letter that adds nothing, and zeroes where no byte takes a bit: or two texts would mean
     * the same. */
    return n_bits < LETTER_BITS && bits == 0;
}

void
base32_encode(struct bytes bytes, struct wire_writer *w)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < bytes.n; i++) {
        bits = bits << 8 | bytes.p[i];
        for (n_bits += 8; n_bits >= LETTER_BITS;) {
            n_bits -= LETTER_BITS;
            wire_put_u8(w, (uint8_t)letters[bits >> n_bits & 31]);
            bits &= (1u << n_bits) - 1;
        }
    }
    if (n_bits) {
        wire_put_u8(w, (uint8_t)letters[bits << (LETTER_BITS - n_bits) & 31]);
    }
}
