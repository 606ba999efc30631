/* SPDX-License-Identifier: Apache-2.0 */
/* Messages under RC4 keys: RFC 4757 7, with the frames of [MS-KILE] 3.4.5.4.1 in DCE style. */
#include "kerberos/session.h"

#include "base/secret.h"
#include "codec/gss_krb.h"

enum { CONFOUNDER_BYTES = 8, CHECKSUM_BYTES = 8, SEQUENCE_BYTES = 8, RC4_HEADER_BYTES = 8 };

/* RFC 4757 7.3: one byte, whatever the data. */
enum { PADDING_BYTE = 1 };

/* What the decoder points at lies in our own buffer. */
static uint8_t *
writable(const uint8_t *p)
{
    return (uint8_t *)(uintptr_t)p;
}

/* SND_SEQ in the clear: 32 bits, the most significant first, then who sends. */
static void
put_sequence(uint8_t to[static SEQUENCE_BYTES], uint64_t sequence, bool by_acceptor)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(sequence >> (24 - 8 * i));
        to[4 + i] = by_acceptor ? 0xFF : 0;
    }
}

/* Of 32 bits, the number next to the one that is due. */
static uint64_t
widen(uint64_t due, uint32_t sequence)
{
    return due + (uint64_t)(int64_t)(int32_t)(sequence - (uint32_t)due);
}

static void
checksum(const struct krb_rc4_gss *key, const struct gss_rc4_token *t, const struct sec_msg *m,
         size_t padding, uint8_t out[static CHECKSUM_BYTES])
{
    struct bytes parts[SEC_SEGMENTS_MAX + 3];
    size_t n = 0;

    parts[n++] = bytes_of(t->header, RC4_HEADER_BYTES);
    if (t->id == GSS_RC4_WRAP) {
        parts[n++] = bytes_of(t->confounder, CONFOUNDER_BYTES);
    }
    n += krb_session_data_parts(m, parts + n);
    parts[n++] = bytes_of(m->padding.p, padding);
    krb_rc4_gss_checksum(key, t->id == GSS_RC4_WRAP ? KRB_RC4_USAGE_WRAP : KRB_RC4_USAGE_MIC, parts,
                         n, out);
}

static void
crypt(const struct krb_rc4_gss *key, const struct gss_rc4_token *t, const struct sec_msg *m,
      size_t padding, uint32_t sequence)
{
    struct krb_piece pieces[SEC_SEGMENTS_MAX + 2];
    size_t n = 0;

    pieces[n++] = (struct krb_piece){ .p = writable(t->confounder), .n = CONFOUNDER_BYTES };
    n += krb_session_data_pieces(m, pieces + n);
    pieces[n++] = (struct krb_piece){ .p = m->padding.p, .n = padding };
    krb_rc4_gss_crypt(key, sequence, pieces, n);
}

/* --- sent ---------------------------------------------------------------------------------- */

/* A token that is written but for its checksum and its sequence number. */
static void
finish(struct krb_session *s, const struct gss_rc4_token *t, const struct sec_msg *m)
{
    uint8_t *sequence = writable(t->sequence), *sum = writable(t->checksum);
    struct krb_rc4_gss key;

    krb_rc4_gss_init(&key, &s->key);
    checksum(&key, t, m, m->padding_n, sum);
    if (t->id == GSS_RC4_WRAP && t->seal == GSS_RC4_SEAL_RC4) {
        crypt(&key, t, m, m->padding_n, (uint32_t)s->send_sequence);
    }
    put_sequence(sequence, s->send_sequence, s->acceptor);
    krb_rc4_gss_sequence(&key, sum, sequence);
    secret_wipe(&key, sizeof(key));
    s->send_sequence++;
}

sec_status
krb_session_rc4_sign(struct krb_session *s, struct sec_msg *m)
{
    struct gss_rc4_token t;
    sec_status status = krb_session_require_room(m, GSS_RC4_MIC_BYTES);

    if (status != SEC_E_OK) {
        return status;
    }
    m->padding_n = 0;
    gss_rc4_token_write(&t, m->token, GSS_RC4_MIC, 0, 0);
    finish(s, &t, m);
    m->token_n = GSS_RC4_MIC_BYTES;
    return SEC_E_OK;
}

sec_status
krb_session_rc4_seal(struct krb_session *s, struct sec_msg *m)
{
    uint8_t confounder[CONFOUNDER_BYTES];
    size_t framed = 0, padding = !s->dce_style && m->padding.n ? 1 : 0, n;
    struct gss_rc4_token t;
    sec_status status;

    if (!s->dce_style) {
        framed = krb_session_sealed_bytes(m) + padding;
        if (framed > UINT32_MAX - GSS_RC4_WRAP_LONG_BYTES) {
            return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: message of %zu bytes", framed);
        }
    }
    n = gss_rc4_token_bytes(GSS_RC4_WRAP, framed);
    status = krb_session_require_room(m, n);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!s->host->random(s->host, confounder, sizeof(confounder))) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "kerberos: no random");
    }
    gss_rc4_token_write(&t, m->token, GSS_RC4_WRAP,
                        m->no_encrypt ? GSS_RC4_SEAL_NONE : GSS_RC4_SEAL_RC4, framed);
    bytes_copy(writable(t.confounder), confounder, sizeof(confounder));
    if (padding) {
        *m->padding.p = PADDING_BYTE;
    }
    m->padding_n = padding;
    finish(s, &t, m);
    m->token_n = n;
    return SEC_E_OK;
}

/* --- received ------------------------------------------------------------------------------ */

static sec_status
read_token(const struct sec_msg *m, uint16_t id, struct gss_rc4_token *t)
{
    enum wire_err err = gss_rc4_token_decode(t, bytes_of(m->token, m->token_n));

    if (err == WIRE_SHORT && m->stream) {
        return sec_fail(SEC_E_INCOMPLETE_MESSAGE, "kerberos: message of %zu bytes", m->token_n);
    }
    if (err != WIRE_OK || t->id != id || (!m->stream && t->bytes != m->token_n)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: token of %zu bytes is malformed",
                        m->token_n);
    }
    return SEC_E_OK;
}

/* The frame counts what is sealed, n bytes, or none of it. */
static sec_status
check_frame(const struct sec_msg *m, const struct gss_rc4_token *t, size_t n)
{
    if (t->framed && t->framed != n) {
        return sec_fail(m->stream && t->framed > n ? SEC_E_INCOMPLETE_MESSAGE : SEC_E_INVALID_TOKEN,
                        "kerberos: a frame of %zu bytes of data where there are %zu", t->framed, n);
    }
    return SEC_E_OK;
}

/* Deciphers and verifies. *sequence: the message's number. */
static sec_status
open_token(const struct krb_session *s, const struct gss_rc4_token *t, const struct sec_msg *m,
           size_t padding, uint64_t *sequence)
{
    uint8_t have[SEQUENCE_BYTES], want[SEQUENCE_BYTES], sum[CHECKSUM_BYTES];
    struct krb_rc4_gss key;
    bool good;

    bytes_copy(have, t->sequence, sizeof(have));
    krb_rc4_gss_init(&key, &s->key);
    krb_rc4_gss_sequence(&key, t->checksum, have);
    *sequence =
        (uint64_t)have[0] << 24 | (uint64_t)have[1] << 16 | (uint64_t)have[2] << 8 | have[3];
    *sequence = widen(s->window.next, (uint32_t)*sequence);
    if (t->id == GSS_RC4_WRAP && t->seal == GSS_RC4_SEAL_RC4) {
        crypt(&key, t, m, padding, (uint32_t)*sequence);
    }
    checksum(&key, t, m, padding, sum);
    secret_wipe(&key, sizeof(key));
    put_sequence(want, *sequence, !s->acceptor);
    good = secret_equal(sum, t->checksum, sizeof(sum));
    good &= secret_equal(have, want, sizeof(want));
    if (!good) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "kerberos: a message does not verify");
    }
    return SEC_E_OK;
}

sec_status
krb_session_rc4_verify(struct krb_session *s, struct sec_msg *m)
{
    struct gss_rc4_token t;
    uint64_t sequence;
    sec_status status = read_token(m, GSS_RC4_MIC, &t);

    if (status == SEC_E_OK) {
        status = open_token(s, &t, m, 0, &sequence);
    }
    return status == SEC_E_OK ? krb_session_take_sequence(s, sequence) : status;
}

/* Of a message that came whole: the padding is the last byte of what was sealed. */
static sec_status
take_padding(struct sec_segment *data)
{
    if (!data->n || data->p[data->n - 1] != PADDING_BYTE) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: a message without its padding");
    }
    data->n--;
    return SEC_E_OK;
}

sec_status
krb_session_rc4_unseal(struct krb_session *s, struct sec_msg *m)
{
    struct sec_msg split = *m;
    struct gss_rc4_token t;
    uint64_t sequence;
    size_t padding;
    sec_status status = read_token(m, GSS_RC4_WRAP, &t);

    if (status != SEC_E_OK) {
        return status;
    }
    if (m->stream) {
        split.opened = (struct sec_segment){ .p = m->token + t.bytes, .n = m->token_n - t.bytes };
        split.segments = &split.opened;
        split.n_segments = 1;
    }
    padding = !m->stream && !s->dce_style && m->padding.n == 1 ? 1 : 0;
    status = check_frame(m, &t, krb_session_sealed_bytes(&split) + padding);
    if (status != SEC_E_OK) {
        return status;
    }
    status = open_token(s, &t, &split, padding, &sequence);
    /* DCE style has no padding; what GSS_Wrap makes has, and a frame that counts it. */
    if (status == SEC_E_OK && m->stream && (!s->dce_style || t.framed)) {
        status = take_padding(&split.opened);
    }
    if (status == SEC_E_OK && padding) {
        status = take_padding(&(struct sec_segment){ .p = m->padding.p, .n = 1 });
    }
    if (status == SEC_E_OK) {
        status = krb_session_take_sequence(s, sequence);
    }
    if (status != SEC_E_OK) {
        krb_session_wipe_opened(m);
        return status;
    }
    m->no_encrypt = t.seal == GSS_RC4_SEAL_NONE;
    m->opened = split.opened;
    return SEC_E_OK;
}
