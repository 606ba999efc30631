/* SPDX-License-Identifier: Apache-2.0 */
/* Text that a peer chose, made fit to be shown. */
#include <stdio.h>
#include <unistr.h>

#include "base/text.h"

bool
text_next(struct bytes *in, uint32_t *c)
{
    ucs4_t point = 0;
    int n = u8_mbtoucr(&point, in->p, in->n);

    if (n <= 0) {
        *c = in->p[0];
        *in = bytes_of(in->p + 1, in->n - 1);
        return false;
    }
    *c = point;
    *in = bytes_of(in->p + n, in->n - (size_t)n);
    return true;
}

bool
text_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

struct bytes
text_cut(struct bytes text, size_t max)
{
    size_t n = max;

    if (text.n <= max) {
        return text;
    }
    /* Back to where a character begins; bytes that are none are cut where they stand. */
    while (n > 0 && max - n < 3 && (text.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return bytes_of(text.p, (text.p[n] & 0xC0) == 0x80 ? max : n);
}

static void
put(struct wire_writer *w, struct bytes text, bool quoted)
{
    while (text.n) {
        struct bytes from = text;
        uint32_t c;
        bool good = text_next(&text, &c);
        char escape[8] = { '\\', (char)c, 0 };

        if (good && c == '\n') {
            escape[1] = 'n';
        } else if (good && c == '\t') {
            escape[1] = 't';
        } else if (!good || c < 0x20 || c == 0x7F) {
            (void)snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)c & 0xFF);
        } else if (text_is_control(c)) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c & 0xFFFF);
        } else if (!quoted || (c != '"' && c != '\\')) {
            wire_put(w, from.p, from.n - text.n);
            continue;
        }
        wire_put_bytes(w, bytes_of_string(escape));
    }
}

void
text_put_escaped(struct wire_writer *w, struct bytes text)
{
    put(w, text, true);
}

void
text_put_shown(struct wire_writer *w, struct bytes text)
{
    put(w, text, false);
}
