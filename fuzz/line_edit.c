/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: line_edit_init, line_edit_begin, line_edit_take, line_edit_clear. The first byte
 * says telnet or not, echo or not, and how large the pieces are; the rest is typed. However it is
 * cut up, the lines are the same. */
#include "line_edit.h"
#include "fuzz.h"

struct state {
    struct line_edit e;
    uint64_t lines; /* a hash of all of them */
};

static void
mix(struct state *s, uint8_t byte)
{
    s->lines = (s->lines ^ byte) * UINT64_C(0x100000001B3);
}

static void
check(const struct line_edit *e)
{
    fuzz_must(e->length <= LINE_EDIT_MAX && e->line[e->length] == 0);
    fuzz_must(e->show_length <= LINE_EDIT_SHOW);
    for (size_t i = 0; i < e->length; i++) {
        uint8_t c = (uint8_t)e->line[i];

        fuzz_must(c >= ' ' && c != 127);
    }
}

static void
type_in(struct state *s, struct bytes typed, size_t piece, uint8_t how)
{
    size_t used;

    s->lines = 1;
    line_edit_init(&s->e, how & 1);
    line_edit_begin(&s->e, how & 2);
    for (size_t at = 0; at < typed.n; at += used) {
        size_t n = typed.n - at < piece ? typed.n - at : piece;
        enum line_edit_result result = line_edit_take(&s->e, typed.p + at, n, &used);

        check(&s->e);
        fuzz_must(used > 0 && used <= n);
        fuzz_must((how & 2) || result != LINE_EDIT_MORE || s->e.show_length <= n);
        if (result != LINE_EDIT_MORE) {
            fuzz_must(result == LINE_EDIT_LINE || s->e.length == 0);
            mix(s, (uint8_t)result);
            for (size_t i = 0; i < s->e.length; i++) {
                mix(s, (uint8_t)s->e.line[i]);
            }
            line_edit_begin(&s->e, how & 2);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct state whole, pieces;

    if (n == 0) {
        return 0;
    }
    type_in(&whole, bytes_of(data + 1, n - 1), n, data[0]);
    type_in(&pieces, bytes_of(data + 1, n - 1), 1 + data[0] / 4, data[0]);
    fuzz_must(whole.lines == pieces.lines && whole.e.length == pieces.e.length);
    fuzz_must(bytes_equal(bytes_of(whole.e.line, whole.e.length),
                          bytes_of(pieces.e.line, pieces.e.length)));
    line_edit_clear(&whole.e);
    fuzz_must(whole.e.length == 0 && whole.e.show_length == 0);
    return 0;
}
