/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: decode_token, decode_input_is_text, decode_input_of, decode_input_next: all of
 * sspictl decode but its I/O. The first byte says whether the rest is a token or text with tokens. */
#include "base/text.h"
#include "fuzz.h"
#include "tools/decode.h"
#include "tools/decode_input.h"

enum { BYTES_OF_TEXT_MAX = 1 << 26 };

/* Opens everything, to whatever the input says: what is inside is as hostile as what is outside. */
static int32_t
open_ticket(void *user, const struct krb_ticket *ticket, struct wire_writer *plain, char *why,
            size_t why_n)
{
    (void)user;
    (void)why;
    (void)why_n;
    wire_put_bytes(plain, ticket->enc.cipher);
    return ticket->enc.has_kvno ? 0 : KRB_AP_ERR_NOKEY;
}

static bool
open_with(void *user, const struct krb_keyblock *key, uint32_t usage, struct bytes cipher,
          struct wire_writer *plain)
{
    (void)user;
    (void)usage;
    wire_put_bytes(plain, cipher);
    return key->value.n != 0;
}

static void
print(struct bytes token)
{
    static const struct decode_keys keys = { NULL, open_ticket, open_with };
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes text;

    (void)decode_token(&w, token, &keys);
    fuzz_must(wire_writer_status(&w) == WIRE_OK);
    text = wire_written(&w);
    fuzz_must(text.n && text.n < BYTES_OF_TEXT_MAX && text.p[text.n - 1] == '\n');
    while (text.n) {
        uint32_t c;
        bool good = text_next(&text, &c);

        fuzz_must(good && (c == '\n' || !text_is_control(c)));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    struct decode_input_token t;
    struct decode_input input;
    struct bytes in;

    if (n == 0) {
        return 0;
    }
    in = bytes_of(data + 1, n - 1);
    if (data[0] & 1 && decode_input_is_text(in)) {
        input = decode_input_of(in);
        while (decode_input_next(&input, &t, &token)) {
            fuzz_view(in, t.scheme);
            print(wire_written(&token));
        }
    } else {
        print(in);
    }
    return 0;
}
