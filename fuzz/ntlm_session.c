/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_session_seal, ntlm_session_unseal, ntlm_session_sign, ntlm_session_verify,
 * ntlm_session_make_mic, ntlm_session_check_mic */
/* Messages, one after another: 8 bits of what is done, 16 of length, 8 each of where its segments
 * end, the text; where it is a forgery, 16 bytes of token before the text. */
#include "codec/ntlm_msg.h"
#include "fuzz.h"
#include "ntlm/session.h"

enum { SEALED = 1, FROM_SERVER = 2, FORGED = 4, CHECKSUM_ONLY = 8, MIC = 16, TEXT_MAX = 40000 };

static const uint32_t modes[] = {
    0xe28a8233,
    0xe28a8233 | NTLMSSP_NEGOTIATE_DATAGRAM,
    0x820a8233,
    0xe2028233,
    0xe2028233 | NTLMSSP_NEGOTIATE_LM_KEY,
    0xe2028233 | NTLMSSP_NEGOTIATE_DATAGRAM,
    0xe28a8213,
    0xe28a8223,
    0xe28a8203,
};

struct message {
    uint8_t what;
    struct bytes text, token;
    uint8_t cuts[2];
};

static struct message
read_message(struct wire_reader *r)
{
    struct message m = { .what = wire_u8(r) };
    size_t n = wire_le16(r);

    wire_copy(r, m.cuts, sizeof(m.cuts));
    if (m.what & FORGED) {
        m.token = wire_take(r, NTLM_SIGNATURE_BYTES);
    }
    if (n > wire_left(r)) {
        n = wire_left(r);
    }
    m.text = wire_take(r, n < TEXT_MAX ? n : TEXT_MAX);
    return m;
}

/* In three segments, the middle one perhaps for the checksum alone. */
static struct sec_msg
in_segments(const struct message *m, uint8_t *text, struct sec_segment g[3], uint8_t *token)
{
    size_t a = m->text.n ? m->cuts[0] % (m->text.n + 1) : 0;
    size_t b = a + (m->text.n - a ? m->cuts[1] % (m->text.n - a + 1) : 0);

    g[0] = (struct sec_segment){ .p = text, .n = a };
    g[1] =
        (struct sec_segment){ .p = text + a, .n = b - a, .checksum_only = m->what & CHECKSUM_ONLY };
    g[2] = (struct sec_segment){ .p = text + b, .n = m->text.n - b };
    return (
        struct sec_msg){ .segments = g, .n_segments = 3, .token = token, .token_n = 16, .seq = 9 };
}

static void
pass_mic(struct ntlm_session *from, struct ntlm_session *to, struct bytes data)
{
    uint8_t room[NTLM_SIGNATURE_BYTES];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    sec_status status = ntlm_session_make_mic(from, data, &w);

    fuzz_must((status == SEC_E_OK) == ntlm_session_protects(from));
    if (status == SEC_E_OK) {
        fuzz_must(ntlm_session_check_mic(to, data, wire_written(&w)) == SEC_E_OK);
    }
}

/* Sealed here, opened there: what comes out is what went in. */
static void
pass_message(struct ntlm_session *from, struct ntlm_session *to, const struct message *k)
{
    bool sealed = k->what & SEALED;
    uint8_t *text = malloc(k->text.n + 1), token[NTLM_SIGNATURE_BYTES];
    struct sec_segment g[3];
    struct sec_msg m = in_segments(k, text, g, token);
    sec_status status;

    bytes_copy(text, k->text.p, k->text.n);
    status = sealed ? ntlm_session_seal(from, &m) : ntlm_session_sign(from, &m);
    if (status == SEC_E_OK) {
        status = sealed ? ntlm_session_unseal(to, &m) : ntlm_session_verify(to, &m);
        fuzz_must(status == SEC_E_OK);
    } else {
        fuzz_must(status == SEC_E_UNSUPPORTED_FUNCTION);
    }
    fuzz_must(bytes_equal(bytes_of(text, k->text.n), k->text));
    free(text);
}

/* Nobody guesses a signature but the dummy, where that is what is asked for. */
static void
refuse_forgery(struct ntlm_session *to, const struct message *k)
{
    bool sealed = k->what & SEALED;
    uint8_t *text = malloc(k->text.n + 1), token[NTLM_SIGNATURE_BYTES] = { 0 };
    struct sec_segment g[3];
    struct sec_msg m = in_segments(k, text, g, token);
    sec_status status;

    bytes_copy(text, k->text.p, k->text.n);
    bytes_copy(token, k->token.p, k->token.n);
    m.token_n = k->token.n;
    status = sealed ? ntlm_session_unseal(to, &m) : ntlm_session_verify(to, &m);
    fuzz_must(sec_failed(status) || (!sealed && !ntlm_session_protects(to)));
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct secret16 key = { { 0x55, 0x55, 0x55 } };
    struct wire_reader r = wire_reader_of(bytes_of(data, n));
    uint32_t flags = modes[wire_u8(&r) % SEC_ARRAY_LEN(modes)];
    struct ntlm_session client, server;

    ntlm_session_begin(&client, &key, flags, false);
    ntlm_session_begin(&server, &key, flags, true);
    while (wire_left(&r)) {
        struct message m = read_message(&r);
        bool from_server = m.what & FROM_SERVER;
        struct ntlm_session *from = from_server ? &server : &client;
        struct ntlm_session *to = from_server ? &client : &server;

        if (m.what & FORGED) {
            refuse_forgery(to, &m);
        } else if (m.what & MIC) {
            pass_mic(from, to, m.text);
        } else {
            pass_message(from, to, &m);
        }
    }
    ntlm_session_clear(&client);
    ntlm_session_clear(&server);
    return 0;
}
