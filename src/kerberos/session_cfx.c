/* SPDX-License-Identifier: Apache-2.0 */
/* Messages under AES keys: RFC 4121 4.2 with the rotations of [MS-KILE] 3.4.5.4.1. */
#include "kerberos/session.h"

#include "base/secret.h"
#include "codec/gss_krb.h"

/*
 * What goes over the wire is a header and a body, the body rotated to the right by some bytes:
 *
 *   sealed:  E(confounder | data | filler | copy of the header) | MAC
 *   clear:   data | checksum
 *
 * What stands behind the data is the tail. Rotated by the tail's length, all but the data comes
 * before the data, and the data is sealed where it is:
 *
 *   TOKEN: header | filler | copy | MAC | confounder     DATA: data
 *   TOKEN: header | checksum                             DATA: data
 */
enum { HEADER_BYTES = GSS_CFX_HEADER_BYTES };

/* Where the parts of a sealed body are. */
struct sealed {
    uint8_t *confounder, *filler, *copy, *mac;
    size_t confounder_n, filler_n;
};

static const struct krb_profile *
profile_of(const struct krb_session *s)
{
    return krb_profile_of(s->key.enctype);
}

static size_t
sealed_tail(const struct krb_profile *p, size_t filler)
{
    return filler + HEADER_BYTES + p->mac_bytes;
}

size_t
krb_session_cfx_overhead(const struct krb_profile *p, size_t filler)
{
    return HEADER_BYTES + sealed_tail(p, filler) + p->confounder_bytes;
}

/* A body that is rotated by its tail. */
static struct sealed
rotated_parts(const struct krb_profile *p, uint8_t *body, size_t filler)
{
    return (struct sealed){
        .filler = body,
        .filler_n = filler,
        .copy = body + filler,
        .mac = body + filler + HEADER_BYTES,
        .confounder = body + sealed_tail(p, filler),
        .confounder_n = p->confounder_bytes,
    };
}

/* A body that is not, with n bytes of data. */
static struct sealed
plain_parts(const struct krb_profile *p, uint8_t *body, size_t filler, size_t n)
{
    return (struct sealed){
        .confounder = body,
        .confounder_n = p->confounder_bytes,
        .filler = body + p->confounder_bytes + n,
        .filler_n = filler,
        .copy = body + p->confounder_bytes + n + filler,
        .mac = body + p->confounder_bytes + n + filler + HEADER_BYTES,
    };
}

/* RFC 4121 4.2.4, in its order. */
static size_t
put_pieces(struct krb_piece *pieces, const struct sealed *b, const struct sec_msg *m)
{
    size_t n = 0;

    pieces[n++] = (struct krb_piece){ .p = b->confounder, .n = b->confounder_n };
    n += krb_session_data_pieces(m, pieces + n);
    pieces[n++] = (struct krb_piece){ .p = b->filler, .n = b->filler_n };
    pieces[n++] = (struct krb_piece){ .p = b->copy, .n = HEADER_BYTES };
    return n;
}

enum { PIECES_MAX = SEC_SEGMENTS_MAX + 3 };

static uint8_t
flags_of(const struct krb_session *s, bool by_acceptor)
{
    return (uint8_t)((by_acceptor ? GSS_CFX_BY_ACCEPTOR : 0) |
                     (s->acceptor_subkey ? GSS_CFX_ACCEPTOR_SUBKEY : 0));
}

/* RFC 4121 4.2.4: over the data, then the header with neither EC nor RRC. */
static void
checksum(const struct krb_checksum_key *key, const struct sec_msg *m, struct gss_cfx_header header,
         uint8_t out[static KRB_CHECKSUM_MAX_BYTES])
{
    struct bytes parts[SEC_SEGMENTS_MAX + 1];
    size_t n = krb_session_data_parts(m, parts);
    uint8_t head[HEADER_BYTES];

    if (header.id == GSS_CFX_WRAP) {
        header.ec = header.rrc = 0;
    }
    gss_cfx_header_write(&header, head);
    parts[n++] = bytes_of(head, sizeof(head));
    krb_checksum(key, parts, n, out);
}

/* --- sent ---------------------------------------------------------------------------------- */

/* A header and a checksum: a MIC token, or a message that is not encrypted. */
static sec_status
protect(struct krb_session *s, struct sec_msg *m, bool mic)
{
    uint8_t sum[KRB_CHECKSUM_MAX_BYTES];
    uint16_t n = profile_of(s)->checksum_bytes;
    struct gss_cfx_header header = {
        .id = mic ? GSS_CFX_MIC : GSS_CFX_WRAP,
        .flags = flags_of(s, s->acceptor),
        .ec = mic ? 0xFFFF : n,
        .rrc = mic ? 0xFFFF : n,
        .sequence = s->send_sequence,
    };
    const struct krb_checksum_key *key;
    sec_status status = krb_session_require_room(m, HEADER_BYTES + (size_t)n);

    if (status == SEC_E_OK) {
        status = krb_session_checksum_key(s, true, mic, &key);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    checksum(key, m, header, sum);
    gss_cfx_header_write(&header, m->token);
    bytes_copy(m->token + HEADER_BYTES, sum, n);
    m->token_n = HEADER_BYTES + (size_t)n;
    s->send_sequence++;
    return SEC_E_OK;
}

sec_status
krb_session_cfx_sign(struct krb_session *s, struct sec_msg *m)
{
    return protect(s, m, true);
}

sec_status
krb_session_cfx_seal(struct krb_session *s, struct sec_msg *m)
{
    const struct krb_profile *p = profile_of(s);
    size_t filler = s->dce_style ? KRB_DCE_FILLER_BYTES : 0,
           n = krb_session_cfx_overhead(p, filler);
    struct krb_piece pieces[PIECES_MAX];
    const struct krb_cipher *cipher;
    struct gss_cfx_header header;
    struct sealed b;
    sec_status status;

    if (m->no_encrypt) {
        return protect(s, m, false);
    }
    status = krb_session_require_room(m, n);
    if (status == SEC_E_OK) {
        status = krb_session_cipher(s, true, &cipher);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    b = rotated_parts(p, m->token + HEADER_BYTES, filler);
    if (!s->host->random(s->host, b.confounder, b.confounder_n)) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "kerberos: no random");
    }
    header = (struct gss_cfx_header){
        .id = GSS_CFX_WRAP,
        .flags = flags_of(s, s->acceptor) | GSS_CFX_SEALED,
        .ec = (uint16_t)filler,
        .sequence = s->send_sequence,
    };
    gss_cfx_header_write(&header, b.copy);
    /* [MS-KILE] 3.4.5.4.1: the rotation is by RRC and EC. */
    header.rrc = (uint16_t)sealed_tail(p, 0);
    gss_cfx_header_write(&header, m->token);
    for (size_t i = 0; i < filler; i++) {
        b.filler[i] = 0;
    }
    krb_encrypt_pieces(cipher, pieces, put_pieces(pieces, &b, m), b.mac);
    m->token_n = n;
    s->send_sequence++;
    return SEC_E_OK;
}

/* --- received: rotation -------------------------------------------------------------------- */

/* Of a body of n bytes with such a tail, by how much it is rotated; 0 to n - 1. */
static size_t
rotation_of(const struct krb_session *s, const struct gss_cfx_header *h, size_t tail, size_t n)
{
    size_t by = h->rrc;

    /* [MS-KILE]'s reading, where the peer is not seen to hold RFC 4121's. */
    if (s->dce_style && (h->flags & GSS_CFX_SEALED) && by && by != tail) {
        by += h->ec;
    }
    return by % n;
}

/* Byte i of the body, which begins in TOKEN behind the header and goes on in DATA. */
static uint8_t *
body_at(const struct sec_msg *m, size_t i)
{
    size_t left = m->token_n - HEADER_BYTES;

    if (i < left) {
        return m->token + HEADER_BYTES + i;
    }
    i -= left;
    for (size_t k = 0; k < m->n_segments; k++) {
        const struct sec_segment *g = &m->segments[k];

        if (!g->checksum_only) {
            if (i < g->n) {
                return g->p + i;
            }
            i -= g->n;
        }
    }
    return NULL;
}

static void
reverse(const struct sec_msg *m, size_t from, size_t to)
{
    for (; from + 1 < to; from++) {
        uint8_t *a = body_at(m, from), *b = body_at(m, --to), kept = *a;

        *a = *b;
        *b = kept;
    }
}

/* Turns a body of n bytes to the left by `by`, in place. No peer that is known to us rotates other
 * than by nothing or by the tail, so that this need not be quick. */
static void
turn(const struct sec_msg *m, size_t by, size_t n)
{
    reverse(m, 0, by);
    reverse(m, by, n);
    reverse(m, 0, n);
}

/* A body that begins with its tail, or, of a stream, one that is not rotated at all: the answer is
 * whether it is that. */
static bool
settle_rotation(const struct krb_session *s, const struct sec_msg *m,
                const struct gss_cfx_header *h, size_t tail)
{
    size_t n = m->token_n - HEADER_BYTES + krb_session_sealed_bytes(m);
    size_t by = rotation_of(s, h, tail, n), wanted = tail % n;

    if (by == 0 && m->stream) {
        return true;
    }
    if (by != wanted) {
        turn(m, (by + n - wanted) % n, n);
    }
    return false;
}

/* --- received ------------------------------------------------------------------------------ */

/* n bytes are due; with fewer than least, none that came whole has so few. */
static sec_status
require_length(const struct sec_msg *m, size_t n, size_t least)
{
    if (m->stream ? m->token_n >= n : m->token_n == n) {
        return SEC_E_OK;
    }
    return sec_fail(m->stream && m->token_n < least ? SEC_E_INCOMPLETE_MESSAGE
                                                    : SEC_E_INVALID_TOKEN,
                    "kerberos: token of %zu bytes where %zu are due", m->token_n, n);
}

/* RFC 4121 4.2.6. */
static sec_status
read_header(const struct krb_session *s, const struct sec_msg *m, uint16_t id,
            struct gss_cfx_header *h)
{
    const uint8_t told = GSS_CFX_BY_ACCEPTOR | GSS_CFX_ACCEPTOR_SUBKEY;

    if (m->token_n < HEADER_BYTES) {
        return sec_fail(m->stream ? SEC_E_INCOMPLETE_MESSAGE : SEC_E_INVALID_TOKEN,
                        "kerberos: message of %zu bytes", m->token_n);
    }
    if (gss_cfx_header_decode(h, bytes_of(m->token, HEADER_BYTES)) != WIRE_OK || h->id != id) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: header of a message is malformed");
    }
    /* Flags that are none of these are the future's, and to be ignored. */
    if ((h->flags & told) != flags_of(s, !s->acceptor) ||
        (id == GSS_CFX_MIC && (h->flags & GSS_CFX_SEALED))) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "kerberos: flags 0x%x of a message", h->flags);
    }
    return SEC_E_OK;
}

/* The checksum at `have`, then the order. */
static sec_status
check_sum(struct krb_session *s, const struct krb_checksum_key *key, const struct sec_msg *m,
          const struct gss_cfx_header *h, const uint8_t *have)
{
    uint8_t want[KRB_CHECKSUM_MAX_BYTES];

    checksum(key, m, *h, want);
    if (!secret_equal(have, want, profile_of(s)->checksum_bytes)) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "kerberos: checksum of message %llu does not verify",
                        (unsigned long long)h->sequence);
    }
    return krb_session_take_sequence(s, h->sequence);
}

sec_status
krb_session_cfx_verify(struct krb_session *s, struct sec_msg *m)
{
    size_t n = HEADER_BYTES + (size_t)profile_of(s)->checksum_bytes;
    const struct krb_checksum_key *key;
    struct gss_cfx_header h;
    sec_status status = read_header(s, m, GSS_CFX_MIC, &h);

    if (status == SEC_E_OK) {
        status = require_length(m, n, n);
    }
    if (status == SEC_E_OK) {
        status = krb_session_checksum_key(s, false, true, &key);
    }
    return status == SEC_E_OK ? check_sum(s, key, m, &h, m->token + HEADER_BYTES) : status;
}

/* A message that its sender did not encrypt. */
static sec_status
open_clear(struct krb_session *s, struct sec_msg *m, const struct gss_cfx_header *h)
{
    size_t tail = profile_of(s)->checksum_bytes, least = HEADER_BYTES + tail;
    uint8_t *body = m->token + HEADER_BYTES;
    const struct krb_checksum_key *key;
    struct sec_msg split = *m;
    sec_status status;

    if (h->ec != tail) {
        return sec_fail(SEC_E_INVALID_TOKEN, "kerberos: EC %u of a checksum of %zu bytes", h->ec,
                        tail);
    }
    status = require_length(m, least, least);
    if (status == SEC_E_OK) {
        status = krb_session_checksum_key(s, false, false, &key);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (settle_rotation(s, m, h, tail)) {
        split.opened = (struct sec_segment){ .p = body, .n = m->token_n - least };
        body += split.opened.n;
    } else {
        split.opened = (struct sec_segment){ .p = body + tail, .n = m->token_n - least };
    }
    if (m->stream) {
        split.segments = &split.opened;
        split.n_segments = 1;
    }
    status = check_sum(s, key, &split, h, body);
    if (status == SEC_E_OK) {
        m->no_encrypt = true;
        m->opened = split.opened;
    }
    return status;
}

/* Decrypts, and holds the copy of the header against the header. */
static sec_status
decrypt(struct krb_session *s, const struct krb_cipher *cipher, const struct sec_msg *m,
        struct gss_cfx_header header, const struct sealed *b)
{
    struct krb_piece pieces[PIECES_MAX];
    uint8_t want[HEADER_BYTES];

    header.rrc = 0;
    gss_cfx_header_write(&header, want);
    if (!krb_decrypt_pieces(cipher, pieces, put_pieces(pieces, b, m), b->mac) ||
        !secret_equal(b->copy, want, sizeof(want))) {
        return sec_fail(SEC_E_MESSAGE_ALTERED, "kerberos: message %llu does not verify",
                        (unsigned long long)header.sequence);
    }
    return krb_session_take_sequence(s, header.sequence);
}

static sec_status
open_sealed(struct krb_session *s, struct sec_msg *m, const struct gss_cfx_header *h)
{
    const struct krb_profile *p = profile_of(s);
    size_t least = krb_session_cfx_overhead(p, h->ec);
    uint8_t *body = m->token + HEADER_BYTES;
    const struct krb_cipher *cipher;
    struct sec_msg split = *m;
    struct sealed b;
    sec_status status;

    status = require_length(m, least, krb_session_cfx_overhead(p, 0));
    if (status == SEC_E_OK) {
        status = krb_session_cipher(s, false, &cipher);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    split.opened.n = m->token_n - least;
    if (settle_rotation(s, m, h, sealed_tail(p, h->ec))) {
        b = plain_parts(p, body, h->ec, split.opened.n);
    } else {
        b = rotated_parts(p, body, h->ec);
    }
    split.opened.p = b.confounder + b.confounder_n;
    if (m->stream) {
        split.segments = &split.opened;
        split.n_segments = 1;
    }
    status = decrypt(s, cipher, &split, *h, &b);
    if (status != SEC_E_OK) {
        krb_session_wipe_opened(m);
        return status;
    }
    m->no_encrypt = false;
    m->opened = split.opened;
    return SEC_E_OK;
}

sec_status
krb_session_cfx_unseal(struct krb_session *s, struct sec_msg *m)
{
    struct gss_cfx_header h;
    sec_status status = read_header(s, m, GSS_CFX_WRAP, &h);

    if (status != SEC_E_OK) {
        return status;
    }
    return h.flags & GSS_CFX_SEALED ? open_sealed(s, m, &h) : open_clear(s, m, &h);
}
