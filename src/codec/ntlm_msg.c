/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's messages. [MS-NLMP] 2.2.1.1, 2.2.1.2, 2.2.1.3. */
#include "codec/ntlm_msg.h"

enum ntlm_type { NTLM_NEGOTIATE = 1, NTLM_CHALLENGE = 2, NTLM_AUTHENTICATE = 3 };

enum {
    NEGOTIATE_HEADER_BYTES = 40,
    CHALLENGE_HEADER_BYTES = 56,
    /* up to NegotiateFlags; Version and MIC follow where the sender has them */
    AUTHENTICATE_FIXED_BYTES = 64,
    AUTHENTICATE_HEADER_BYTES = 72,
};

const struct bytes ntlm_msg_signature = { (const uint8_t *)"NTLMSSP", 8 };

/* 2.2.2.10 VERSION: for debugging, as the specification has it; the last byte is the revision of
 * NTLM, 15, which datagram key derivation goes by. The rest is what a Windows 11 peer sends. */
static const uint8_t own_version[NTLM_VERSION_BYTES] = { 10, 0, 0x5D, 0x58, 0, 0, 0, 15 };

/* A field descriptor. MaxLen is ignored on receipt. */
struct ntlm_field {
    uint16_t len;
    uint32_t offset;
};

static void
read_header(struct wire_reader *r, enum ntlm_type type)
{
    struct bytes signature = wire_take(r, ntlm_msg_signature.n);

    if (r->err == WIRE_OK && !bytes_equal(signature, ntlm_msg_signature)) {
        r->cur = r->base;
        wire_fail(r, WIRE_BAD_VALUE);
    }
    if (wire_le32(r) != (uint32_t)type && r->err == WIRE_OK) {
        wire_fail(r, WIRE_BAD_VALUE);
    }
}

static struct ntlm_field
read_field(struct wire_reader *r)
{
    struct ntlm_field f;

    f.len = wire_le16(r);
    wire_skip(r, 2);
    f.offset = wire_le32(r);
    return f;
}

static void
fail_at(struct wire_reader *r, enum wire_err err, uint32_t at)
{
    if (wire_status(r) == WIRE_OK) {
        wire_fail(r, err);
        r->err_at = at;
    }
}

/* Two fields that share bytes, or one that reaches into the header, are no sender's doing but a
 * forger's: one range would mean two things. */
static void
refuse_overlaps(struct wire_reader *r, const struct ntlm_field *f, size_t n, uint32_t header_bytes)
{
    for (size_t i = 0; i < n; i++) {
        if (f[i].len == 0) {
            continue;
        }
        if (f[i].offset < header_bytes) {
            fail_at(r, WIRE_OVERLAP, f[i].offset);
        }
        for (size_t j = 0; j < i; j++) {
            uint64_t end_i = (uint64_t)f[i].offset + f[i].len;
            uint64_t end_j = (uint64_t)f[j].offset + f[j].len;

            if (f[j].len && f[i].offset < end_j && f[j].offset < end_i) {
                fail_at(r, WIRE_OVERLAP, f[i].offset);
            }
        }
    }
}

static enum wire_err
finish(const struct wire_reader *r, uint32_t *at)
{
    if (at) {
        *at = r->err_at;
    }
    return wire_status(r); /* a payload may be followed by anything: no wire_finish */
}

static void
put_header(struct wire_writer *w, enum ntlm_type type)
{
    wire_put_bytes(w, ntlm_msg_signature);
    wire_put_le32(w, (uint32_t)type);
}

/* A descriptor of len bytes at *offset, which moves behind them. */
static void
put_field(struct wire_writer *w, size_t len, size_t *offset)
{
    if (len > UINT16_MAX && w->err == WIRE_OK) {
        w->err = WIRE_LIMIT;
    }
    wire_put_le16(w, (uint16_t)len);
    wire_put_le16(w, (uint16_t)len);
    wire_put_le32(w, (uint32_t)*offset);
    *offset += len;
}

/* --- NEGOTIATE ----------------------------------------------------------------------------- */

enum wire_err
ntlm_negotiate_decode(struct ntlm_negotiate *out, struct bytes in, uint32_t *at)
{
    static const uint32_t vouchers[] = { NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED,
                                         NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED };
    struct wire_reader r = wire_reader_of(in);
    struct ntlm_field fields[2] = { 0 }; /* domain, workstation */
    uint32_t header_bytes;

    *out = (struct ntlm_negotiate){ 0 };
    read_header(&r, NTLM_NEGOTIATE);
    out->flags = wire_le32(&r);
    header_bytes = wire_offset(&r);
    /* Old clients end here, or after the first field. A descriptor that the flags do not vouch for
     * says nothing, and another's name may stand in its place: Heimdal's does. */
    for (size_t i = 0; i < 2 && wire_left(&r) >= 8; i++) {
        struct ntlm_field f = read_field(&r);

        if (out->flags & vouchers[i]) {
            fields[i] = f;
            header_bytes = wire_offset(&r);
        }
    }
    refuse_overlaps(&r, fields, 2, header_bytes);
    out->domain = wire_at(&r, fields[0].offset, fields[0].len);
    out->workstation = wire_at(&r, fields[1].offset, fields[1].len);
    return finish(&r, at);
}

void
ntlm_negotiate_encode(struct wire_writer *w, const struct ntlm_negotiate *m)
{
    size_t offset = NEGOTIATE_HEADER_BYTES;

    put_header(w, NTLM_NEGOTIATE);
    wire_put_le32(w, m->flags);
    /* Absent names have all-zero descriptors, as Windows sends them. */
    if (m->domain.n) {
        put_field(w, m->domain.n, &offset);
    } else {
        wire_put_zero(w, 8);
    }
    if (m->workstation.n) {
        put_field(w, m->workstation.n, &offset);
    } else {
        wire_put_zero(w, 8);
    }
    wire_put(w, own_version, sizeof(own_version));
    wire_put_bytes(w, m->domain);
    wire_put_bytes(w, m->workstation);
}

/* --- CHALLENGE ----------------------------------------------------------------------------- */

enum wire_err
ntlm_challenge_decode(struct ntlm_challenge *out, struct bytes in, uint32_t *at)
{
    struct wire_reader r = wire_reader_of(in);
    struct ntlm_field fields[2] = { 0 };

    *out = (struct ntlm_challenge){ 0 };
    read_header(&r, NTLM_CHALLENGE);
    fields[0] = read_field(&r);
    out->flags = wire_le32(&r);
    wire_copy(&r, out->server_challenge, sizeof(out->server_challenge));
    /* Servers before NTLMv2 end here; Version behind the next field may be missing, too. */
    if (out->flags & NTLMSSP_NEGOTIATE_TARGET_INFO) {
        wire_skip(&r, 8); /* Reserved: ignored on receipt */
        fields[1] = read_field(&r);
    }
    refuse_overlaps(&r, fields, 2, wire_offset(&r));
    out->target_name = wire_at(&r, fields[0].offset, fields[0].len);
    out->target_info = wire_at(&r, fields[1].offset, fields[1].len);
    return finish(&r, at);
}

void
ntlm_challenge_encode(struct wire_writer *w, const struct ntlm_challenge *m)
{
    size_t offset = CHALLENGE_HEADER_BYTES;

    put_header(w, NTLM_CHALLENGE);
    put_field(w, m->target_name.n, &offset);
    wire_put_le32(w, m->flags);
    wire_put(w, m->server_challenge, sizeof(m->server_challenge));
    wire_put_zero(w, 8);
    put_field(w, m->target_info.n, &offset);
    wire_put(w, own_version, sizeof(own_version));
    wire_put_bytes(w, m->target_name);
    wire_put_bytes(w, m->target_info);
}

/* --- AUTHENTICATE -------------------------------------------------------------------------- */

enum { LM, NT, DOMAIN, USER, WORKSTATION, SESSION_KEY, N_FIELDS };

/* Where the payload begins: senders with a MIC leave its room free, others do not. */
static uint64_t
payload_start(const struct ntlm_field *f, size_t n, size_t total)
{
    uint64_t start = total;

    for (size_t i = 0; i < n; i++) {
        if (f[i].len && f[i].offset < start) {
            start = f[i].offset;
        }
    }
    return start;
}

enum wire_err
ntlm_authenticate_decode(struct ntlm_authenticate *out, struct bytes in, uint32_t *at)
{
    struct wire_reader r = wire_reader_of(in);
    struct ntlm_field f[N_FIELDS];

    *out = (struct ntlm_authenticate){ 0 };
    read_header(&r, NTLM_AUTHENTICATE);
    for (size_t i = 0; i < N_FIELDS; i++) {
        f[i] = read_field(&r);
    }
    out->flags = wire_le32(&r);
    refuse_overlaps(&r, f, N_FIELDS, AUTHENTICATE_FIXED_BYTES);
    out->lm_response = wire_at(&r, f[LM].offset, f[LM].len);
    out->nt_response = wire_at(&r, f[NT].offset, f[NT].len);
    out->domain = wire_at(&r, f[DOMAIN].offset, f[DOMAIN].len);
    out->user = wire_at(&r, f[USER].offset, f[USER].len);
    out->workstation = wire_at(&r, f[WORKSTATION].offset, f[WORKSTATION].len);
    out->session_key = wire_at(&r, f[SESSION_KEY].offset, f[SESSION_KEY].len);
    if (wire_status(&r) == WIRE_OK && payload_start(f, N_FIELDS, in.n) >= NTLM_MIC_END) {
        out->has_mic = true;
        out->mic = wire_at(&r, NTLM_MIC_OFFSET, NTLM_MIC_BYTES);
    }
    return finish(&r, at);
}

void
ntlm_authenticate_encode(struct wire_writer *w, const struct ntlm_authenticate *m)
{
    size_t offset = m->has_mic ? NTLM_MIC_END : AUTHENTICATE_HEADER_BYTES;
    size_t names = m->domain.n + m->user.n + m->workstation.n;
    size_t responses = offset + names;

    put_header(w, NTLM_AUTHENTICATE);
    put_field(w, m->lm_response.n, &responses);
    put_field(w, m->nt_response.n, &responses);
    put_field(w, m->domain.n, &offset);
    put_field(w, m->user.n, &offset);
    put_field(w, m->workstation.n, &offset);
    put_field(w, m->session_key.n, &responses);
    wire_put_le32(w, m->flags);
    wire_put(w, own_version, sizeof(own_version));
    if (m->has_mic) {
        wire_put_zero(w, NTLM_MIC_BYTES);
    }
    wire_put_bytes(w, m->domain);
    wire_put_bytes(w, m->user);
    wire_put_bytes(w, m->workstation);
    wire_put_bytes(w, m->lm_response);
    wire_put_bytes(w, m->nt_response);
    wire_put_bytes(w, m->session_key);
}
