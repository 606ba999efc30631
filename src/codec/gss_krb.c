/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos in GSS-API: RFC 2743 3.1, RFC 4121 4.1 and 4.2.6, RFC 4757 7.2 and 7.3. */
#include "base/der.h"

#include "codec/gss_krb.h"

/* Application tags of the messages that travel bare in DCE style (RFC 4120 5.10). */
enum {
    TAG_AP_REQ = DER_APPLICATION_0 + 14,
    TAG_AP_REP = DER_APPLICATION_0 + 15,
    TAG_KRB_ERROR = DER_APPLICATION_0 + 30,
};

static const uint8_t krb5_der[] = {
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02,
};
static const uint8_t ms_krb5_der[] = {
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02,
};
static const uint8_t u2u_der[] = {
    0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, 0x03,
};
static const uint8_t iakerb_der[] = {
    0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x02, 0x05,
};

const struct bytes gss_krb5_oid = { krb5_der, sizeof(krb5_der) };
const struct bytes gss_ms_krb5_oid = { ms_krb5_der, sizeof(ms_krb5_der) };
const struct bytes gss_krb5_u2u_oid = { u2u_der, sizeof(u2u_der) };
const struct bytes gss_iakerb_oid = { iakerb_der, sizeof(iakerb_der) };

static void
note_fault(struct gss_krb_fault *fault, const struct wire_reader *r, const char *field)
{
    if (wire_status(r) != WIRE_OK && !fault->field) {
        *fault = (struct gss_krb_fault){ field, r->err_at };
    }
}

/* --- context tokens ------------------------------------------------------------------------ */

static struct bytes
take_kerberos_oid(struct wire_reader *r)
{
    struct wire_reader start = *r;
    struct bytes oid = der_take_whole(r, DER_OID);

    if (wire_status(r) == WIRE_OK && !bytes_equal(oid, gss_krb5_oid) &&
        !bytes_equal(oid, gss_ms_krb5_oid) && !bytes_equal(oid, gss_krb5_u2u_oid) &&
        !bytes_equal(oid, gss_iakerb_oid)) {
        wire_fail(&start, WIRE_BAD_VALUE);
        *r = start;
    }
    return oid;
}

static uint16_t
id_of_bare(uint8_t tag)
{
    switch (tag) {
    case TAG_AP_REQ: return GSS_KRB_AP_REQ;
    case TAG_AP_REP: return GSS_KRB_AP_REP;
    case TAG_KRB_ERROR: return GSS_KRB_ERROR;
    default: return 0;
    }
}

enum wire_err
gss_krb_token_decode(struct gss_krb_token *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    uint16_t bare = id_of_bare(der_peek(&r));

    *out = (struct gss_krb_token){ 0 };
    if (bare) {
        out->bare = true;
        out->id = bare;
        out->body = der_take_whole(&r, 0);
        note_fault(&out->fault, &r, "message");
    } else {
        struct wire_reader token = der_enter(&r, DER_APPLICATION_0);

        note_fault(&out->fault, &token, "token");
        out->oid = take_kerberos_oid(&token);
        note_fault(&out->fault, &token, "thisMech");
        out->id = wire_be16(&token);
        note_fault(&out->fault, &token, "TOK_ID");
        out->body = wire_rest(&token);
        der_leave(&r, &token);
    }
    if (wire_finish(&r) == WIRE_TRAILING) {
        wire_fail(&r, WIRE_TRAILING);
        note_fault(&out->fault, &r, "token");
    }
    return wire_status(&r);
}

void
gss_krb_token_put(struct wire_writer *w, struct bytes oid, uint16_t id, size_t n)
{
    if (oid.n) {
        der_put_header(w, DER_APPLICATION_0, oid.n + sizeof(id) + n);
        wire_put_bytes(w, oid);
        wire_put_be16(w, id);
    }
}

/* --- the authenticator's checksum ---------------------------------------------------------- */

enum { BINDINGS_BYTES = 16, DELEGATION_OPTION = 1 };

enum wire_err
gss_krb_checksum_decode(struct gss_krb_checksum *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);

    *out = (struct gss_krb_checksum){ 0 };
    if (wire_le32(&r) != BINDINGS_BYTES) {
        wire_fail(&r, WIRE_BAD_VALUE);
    }
    note_fault(&out->fault, &r, "Lgth");
    out->bindings = wire_take(&r, BINDINGS_BYTES);
    note_fault(&out->fault, &r, "Bnd");
    out->flags = wire_le32(&r);
    note_fault(&out->fault, &r, "Flags");
    if (out->flags & GSS_KRB_DELEG) {
        if (wire_le16(&r) != DELEGATION_OPTION) {
            wire_fail(&r, WIRE_BAD_VALUE);
        }
        note_fault(&out->fault, &r, "DlgOpt");
        out->krb_cred = wire_take(&r, wire_le16(&r));
        note_fault(&out->fault, &r, "Deleg");
    }
    return wire_status(&r); /* RFC 4121 4.1.1: what follows are extensions */
}

void
gss_krb_checksum_encode(struct wire_writer *w, const struct gss_krb_checksum *m)
{
    wire_put_le32(w, BINDINGS_BYTES);
    if (m->bindings.n == BINDINGS_BYTES) {
        wire_put_bytes(w, m->bindings);
    } else {
        wire_put_zero(w, BINDINGS_BYTES);
    }
    wire_put_le32(w, m->flags);
    if (m->flags & GSS_KRB_DELEG) {
        if (m->krb_cred.n > UINT16_MAX) {
            w->err = w->err == WIRE_OK ? WIRE_LIMIT : w->err;
            return;
        }
        wire_put_le16(w, DELEGATION_OPTION);
        wire_put_le16(w, (uint16_t)m->krb_cred.n);
        wire_put_bytes(w, m->krb_cred);
    }
}

/* --- per-message tokens of RFC 4121 -------------------------------------------------------- */

enum { FILLER = 0xFF };

static uint16_t
load_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* In one piece: each message pays for this. */
enum wire_err
gss_cfx_header_decode(struct gss_cfx_header *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    const uint8_t *p = wire_take(&r, GSS_CFX_HEADER_BYTES).p;

    *out = (struct gss_cfx_header){ 0 };
    if (wire_status(&r) != WIRE_OK) {
        return wire_status(&r);
    }
    out->id = load_be16(p);
    out->flags = p[2];
    out->ec = load_be16(p + 4);
    out->rrc = load_be16(p + 6);
    for (unsigned i = 8; i < GSS_CFX_HEADER_BYTES; i++) {
        out->sequence = out->sequence << 8 | p[i];
    }
    if ((out->id != GSS_CFX_MIC && out->id != GSS_CFX_WRAP) || p[3] != FILLER ||
        (out->id == GSS_CFX_MIC && (out->ec != 0xFFFF || out->rrc != 0xFFFF))) {
        return WIRE_BAD_VALUE;
    }
    return WIRE_OK; /* the message follows */
}

static void
store_be16(uint8_t *to, uint16_t v)
{
    to[0] = (uint8_t)(v >> 8);
    to[1] = (uint8_t)v;
}

void
gss_cfx_header_write(const struct gss_cfx_header *h, uint8_t to[static GSS_CFX_HEADER_BYTES])
{
    bool mic = h->id == GSS_CFX_MIC;

    store_be16(to, h->id);
    to[2] = h->flags;
    to[3] = FILLER;
    store_be16(to + 4, mic ? 0xFFFF : h->ec);
    store_be16(to + 6, mic ? 0xFFFF : h->rrc);
    for (unsigned i = 0; i < 4; i++) {
        store_be16(to + 8 + 2 * (size_t)i, (uint16_t)(h->sequence >> (48 - 16 * i)));
    }
}

/* --- per-message tokens of RFC 4757 -------------------------------------------------------- */

enum {
    RC4_HEADER_BYTES = 8, /* TOK_ID, SGN_ALG, SEAL_ALG, filler */
    RC4_FIELD_BYTES = 8,  /* SND_SEQ, SGN_CKSUM, Confounder */
};

/* Of a token from its id on. */
static size_t
rc4_bytes(uint16_t id)
{
    return RC4_HEADER_BYTES + (id == GSS_RC4_WRAP ? 3 : 2) * RC4_FIELD_BYTES;
}

static void
read_rc4_header(struct gss_rc4_token *out, struct wire_reader *r)
{
    out->header = r->cur;
    out->id = wire_be16(r);
    if ((out->id != GSS_RC4_MIC && out->id != GSS_RC4_WRAP) || wire_be16(r) != GSS_RC4_SGN_HMAC) {
        wire_fail(r, WIRE_BAD_VALUE);
    }
    out->seal = wire_be16(r);
    if (wire_be16(r) != 0xFFFF || (out->seal != GSS_RC4_SEAL_NONE &&
                                   (out->id == GSS_RC4_MIC || out->seal != GSS_RC4_SEAL_RC4))) {
        wire_fail(r, WIRE_BAD_VALUE);
    }
}

enum wire_err
gss_rc4_token_decode(struct gss_rc4_token *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    size_t length, counted;
    struct bytes oid;

    (void)der_take_header(&r, DER_APPLICATION_0, &length);
    *out = (struct gss_rc4_token){ 0 };
    oid = take_kerberos_oid(&r);
    read_rc4_header(out, &r);
    counted = oid.n + rc4_bytes(out->id);
    out->sequence = wire_take(&r, RC4_FIELD_BYTES).p;
    out->checksum = wire_take(&r, RC4_FIELD_BYTES).p;
    if (out->id == GSS_RC4_WRAP) {
        out->confounder = wire_take(&r, RC4_FIELD_BYTES).p;
    }
    if (length < counted || (out->id == GSS_RC4_MIC && (length != counted || wire_left(&r) != 0))) {
        wire_fail(&r, WIRE_BAD_VALUE);
    }
    out->bytes = wire_offset(&r);
    out->framed = length - counted;
    return wire_status(&r);
}

size_t
gss_rc4_token_bytes(uint16_t id, size_t n)
{
    return der_size(gss_krb5_oid.n + rc4_bytes(id) + n) - n;
}

void
gss_rc4_token_write(struct gss_rc4_token *t, uint8_t *to, uint16_t id, uint16_t seal, size_t n)
{
    size_t bytes = gss_rc4_token_bytes(id, n);
    struct wire_writer w = wire_writer_fixed(to, bytes);
    const uint8_t *fields;

    der_put_header(&w, DER_APPLICATION_0, gss_krb5_oid.n + rc4_bytes(id) + n);
    wire_put_bytes(&w, gss_krb5_oid);
    *t = (struct gss_rc4_token){
        .id = id, .seal = seal, .header = to + w.len, .bytes = bytes, .framed = n
    };
    wire_put_be16(&w, id);
    wire_put_be16(&w, GSS_RC4_SGN_HMAC);
    wire_put_be16(&w, id == GSS_RC4_MIC ? GSS_RC4_SEAL_NONE : seal);
    wire_put_be16(&w, 0xFFFF);
    fields = to + w.len;
    wire_put_zero(&w, bytes - w.len);
    t->sequence = fields;
    t->checksum = fields + RC4_FIELD_BYTES;
    t->confounder = id == GSS_RC4_WRAP ? fields + 2 * RC4_FIELD_BYTES : NULL;
}
