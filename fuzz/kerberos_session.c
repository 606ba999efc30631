/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: krb_session_seal, krb_session_unseal, krb_session_sign, krb_session_verify,
 * krb_session_make_mic, krb_session_check_mic */
/* 8 bits of encryption type, 8 of style; then messages, one after another: 8 bits of what is done, 16
 * of length, 16 of rotation (what is raw: of how much of it is TOKEN), 8 each of where its segments
 * end, the text, or where it is raw the message. */
#include "base/wire.h"
#include "fuzz.h"
#include "kerberos/session.h"

enum { DCE_STYLE = 1, REPLAY = 2, SEQUENCE = 4, SUBKEY = 8 };
enum {
    SIGNED = 1,
    FROM_ACCEPTOR = 2,
    RAW = 4,
    CHECKSUM_ONLY = 8,
    MIC = 16,
    CLEAR = 32,
    STREAM = 64,
    PADDED = 128,
};
enum { TEXT_MAX = 8192, TOKEN_ROOM = 128, HEADER_BYTES = 16 };

struct message {
    uint8_t what, cuts[2];
    uint16_t turn;
    struct bytes text;
};

static bool
no_random(const struct sec_host *host, void *to, size_t n)
{
    (void)host;
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)to)[i] = (uint8_t)(0xC0 + i);
    }
    return true;
}

static struct message
read_message(struct wire_reader *r)
{
    struct message m = { .what = wire_u8(r) };
    size_t n = wire_le16(r);

    m.turn = wire_le16(r);
    wire_copy(r, m.cuts, sizeof(m.cuts));
    n = n < wire_left(r) ? n : wire_left(r);
    m.text = wire_take(r, n < TEXT_MAX ? n : TEXT_MAX);
    return m;
}

/* In three segments, the middle one perhaps for the checksum alone. */
static void
cut(const struct message *k, uint8_t *text, size_t n, struct sec_segment g[3])
{
    size_t a = k->cuts[0] % (n + 1), b = a + k->cuts[1] % (n - a + 1);

    g[0] = (struct sec_segment){ .p = text, .n = a };
    g[1] =
        (struct sec_segment){ .p = text + a, .n = b - a, .checksum_only = k->what & CHECKSUM_ONLY };
    g[2] = (struct sec_segment){ .p = text + b, .n = n - b };
}

static uint8_t *
copy_of(struct bytes b)
{
    uint8_t *p = malloc(b.n ? b.n : 1);

    fuzz_must(p != NULL);
    bytes_copy(p, b.p, b.n);
    return p;
}

/* --- what anybody may send ----------------------------------------------------------------- */

static void
take_raw(struct krb_session *to, const struct message *k)
{
    size_t head = k->what & STREAM ? k->text.n : k->turn % (k->text.n + 1);
    uint8_t *token = copy_of(bytes_of(k->text.p, head));
    uint8_t *data = copy_of(bytes_of(head ? k->text.p + head : k->text.p, k->text.n - head));
    uint8_t padding = 1;
    struct sec_segment g[3];
    struct sec_msg m = { .segments = g,
                         .n_segments = k->what & STREAM ? 0 : 3,
                         .token = token,
                         .token_n = head,
                         .padding = { .p = &padding, .n = k->what & PADDED ? 1 : 0 },
                         .stream = k->what & STREAM };
    uint64_t due = to->window.next;
    sec_status status;

    cut(k, data, k->text.n - head, g);
    if (k->what & SIGNED) {
        m.stream = false;
        status = krb_session_verify(to, &m);
    } else {
        status = krb_session_unseal(to, &m);
        if (status == SEC_E_OK && m.stream) {
            fuzz_view(bytes_of(token, head), bytes_of(m.opened.p, m.opened.n));
        }
    }
    fuzz_must(!sec_failed(status) || to->window.next == due);
    free(token);
    free(data);
}

/* --- from one end to the other ------------------------------------------------------------- */

/* A body in one piece, turned to the right by so many bytes more than it is. */
static void
turn(uint8_t *token, size_t n, uint16_t by)
{
    size_t body = n - HEADER_BYTES, rrc = (size_t)token[6] << 8 | token[7];
    uint8_t *kept = copy_of(bytes_of(token + HEADER_BYTES, body));

    rrc += by;
    if (rrc > UINT16_MAX) {
        free(kept);
        return;
    }
    for (size_t i = 0; i < body; i++) {
        token[HEADER_BYTES + (i + by) % body] = kept[i];
    }
    token[6] = (uint8_t)(rrc >> 8);
    token[7] = (uint8_t)rrc;
    free(kept);
}

static void
open_whole(struct krb_session *to, const struct message *k, const struct sec_msg *sealed)
{
    size_t n = sealed->token_n + k->text.n + sealed->padding_n;
    uint8_t *whole = malloc(n);
    struct sec_msg m = { .token = whole, .token_n = n, .stream = true };

    fuzz_must(whole != NULL);
    bytes_copy(whole, sealed->token, sealed->token_n);
    bytes_copy(whole + sealed->token_n, sealed->segments[0].p, k->text.n);
    bytes_copy(whole + n - sealed->padding_n, sealed->padding.p, sealed->padding_n);
    if (to->key.enctype != KRB_RC4_HMAC && !to->dce_style) {
        turn(whole, n, k->turn);
    }
    fuzz_must(krb_session_unseal(to, &m) == SEC_E_OK);
    fuzz_view(bytes_of(whole, n), bytes_of(m.opened.p, m.opened.n));
    fuzz_must(bytes_equal(bytes_of(m.opened.p, m.opened.n), k->text));
    free(whole);
}

/* Sealed here, opened there: what comes out is what went in. */
static void
pass_message(struct krb_session *from, struct krb_session *to, const struct message *k)
{
    bool signed_only = k->what & SIGNED, whole = (k->what & STREAM) && !signed_only;
    uint8_t *text = copy_of(k->text), token[TOKEN_ROOM], padding;
    struct sec_segment g[3];
    struct sec_msg m = { .segments = g,
                         .n_segments = 3,
                         .token = token,
                         .token_n = sizeof(token),
                         .padding = { .p = &padding, .n = whole || k->what & PADDED ? 1 : 0 },
                         .no_encrypt = k->what & CLEAR };

    cut(k, text, k->text.n, g);
    g[1].checksum_only &= !whole;
    fuzz_must((signed_only ? krb_session_sign(from, &m) : krb_session_seal(from, &m)) == SEC_E_OK);
    if (whole) {
        open_whole(to, k, &m);
    } else {
        fuzz_must((signed_only ? krb_session_verify(to, &m) : krb_session_unseal(to, &m)) ==
                  SEC_E_OK);
        fuzz_must(bytes_equal(bytes_of(text, k->text.n), k->text));
        fuzz_must(signed_only || m.no_encrypt == ((k->what & CLEAR) != 0));
    }
    free(text);
}

static void
pass_mic(struct krb_session *from, struct krb_session *to, struct bytes data)
{
    uint8_t room[KRB_SIGNATURE_MAX_BYTES];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    fuzz_must(krb_session_make_mic(from, data, &w) == SEC_E_OK);
    fuzz_must(krb_session_check_mic(to, data, wire_written(&w)) == SEC_E_OK);
}

/* What was taken raw may have moved the window: it is put back to what comes next. */
static void
take_message(struct krb_session *from, struct krb_session *to, const struct message *k)
{
    if (k->what & RAW) {
        take_raw(to, k);
        return;
    }
    krb_window_begin(&to->window, from->send_sequence);
    if (k->what & MIC) {
        pass_mic(from, to, k->text);
    } else {
        pass_message(from, to, k);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int32_t types[] = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384,
                                     KRB_AES128_SHA256, KRB_RC4_HMAC };
    static const uint8_t bytes[KRB_KEY_MAX_BYTES] = { 0x55, 0x55, 0x55 };
    static const struct sec_host host = { .random = no_random };
    struct wire_reader r = wire_reader_of(bytes_of(data, n));
    int32_t type = types[wire_u8(&r) % SEC_ARRAY_LEN(types)];
    uint8_t style = wire_u8(&r);
    struct krb_session initiator, acceptor;
    struct krb_key key;
    struct krb_session_args args = { .host = &host,
                                     .key = &key,
                                     .acceptor_subkey = style & SUBKEY,
                                     .dce_style = style & DCE_STYLE,
                                     .replay_detect = style & REPLAY,
                                     .sequence_detect = style & SEQUENCE };

    fuzz_must(krb_key_set(&key, type, bytes_of(bytes, krb_profile_of(type)->key_bytes)));
    krb_session_begin(&initiator, &args);
    args.acceptor = true;
    krb_session_begin(&acceptor, &args);
    while (wire_left(&r)) {
        struct message m = read_message(&r);
        bool back = m.what & FROM_ACCEPTOR;

        take_message(back ? &acceptor : &initiator, back ? &initiator : &acceptor, &m);
    }
    krb_session_clear(&initiator);
    krb_session_clear(&acceptor);
    return 0;
}
