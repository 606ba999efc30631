/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and its plugin in pppd: docs/INTERFACES.md. A type is a list of fields,
 * each with what it may hold; reading and writing walk the same list. */
#include "ras/ppp_msg.h"

enum form { END, U8, U32, U64, TEXT, BLOB };

struct field {
    const char *name;
    enum form form;
    size_t offset; /* in struct ppp_msg */
    size_t min, max;
    bool or_none; /* a BLOB of no bytes will do, too */
};

#define NUMBER(form, member)                            \
    {                                                   \
#member, form, offsetof(struct ppp_msg, member) \
    }
#define SIZED(form, member, min, max)                             \
    {                                                             \
#member, form, offsetof(struct ppp_msg, member), min, max \
    }
#define OPTIONAL(member, n)                                         \
    {                                                               \
#member, BLOB, offsetof(struct ppp_msg, member), n, n, true \
    }

enum { FIELDS_MAX = 6 };

static const struct field fields[][FIELDS_MAX] = {
    [PPP_MSG_HELLO] = { NUMBER(U32, version),
                        SIZED(BLOB, token, PPP_MSG_TOKEN_BYTES, PPP_MSG_TOKEN_BYTES) },
    [PPP_MSG_PROVE] = { NUMBER(U8, algorithm), NUMBER(U8, id),
                        SIZED(TEXT, user, 0, PPP_MSG_USER_MAX),
                        SIZED(BLOB, challenge, 0, PPP_MSG_CHALLENGE_MAX),
                        SIZED(BLOB, response, 0, PPP_MSG_RESPONSE_MAX) },
    [PPP_MSG_UP] = { SIZED(TEXT, interface_name, 1, PPP_MSG_INTERFACE_MAX),
                     SIZED(TEXT, local, 0, PPP_MSG_ADDRESS_MAX),
                     SIZED(TEXT, remote, 0, PPP_MSG_ADDRESS_MAX) },
    [PPP_MSG_DOWN] = { NUMBER(U64, seconds), NUMBER(U64, bytes_in), NUMBER(U64, bytes_out) },
    [PPP_MSG_WELCOME] = { NUMBER(U32, version), SIZED(TEXT, remote, 0, PPP_MSG_ADDRESS_MAX) },
    [PPP_MSG_VERDICT] = { NUMBER(U32, error), SIZED(TEXT, text, 0, PPP_MSG_TEXT_MAX),
                          OPTIONAL(send_key, PPP_MSG_KEY_BYTES),
                          OPTIONAL(receive_key, PPP_MSG_KEY_BYTES) },
};

static bool
is_algorithm(uint8_t algorithm)
{
    return algorithm == PPP_MSG_PAP || algorithm == PPP_MSG_CHAP_MD5 ||
           algorithm == PPP_MSG_MSCHAP || algorithm == PPP_MSG_MSCHAP_V2;
}

/* --- reading ------------------------------------------------------------------------------- */

static enum wire_err
judge(const struct field *f, struct bytes b)
{
    if (b.n > f->max) {
        return WIRE_LIMIT;
    }
    if (b.n < f->min && !(f->or_none && b.n == 0)) {
        return WIRE_SHORT;
    }
    return f->form == TEXT && b.n && memchr(b.p, 0, b.n) ? WIRE_BAD_VALUE : WIRE_OK;
}

static void
read_field(struct wire_reader *r, const struct field *f, void *to)
{
    struct wire_reader at = *r;
    enum wire_err err;
    struct bytes *b = to;
    uint64_t *u64 = to;
    uint32_t *u32 = to;
    uint8_t *u8 = to;

    switch (f->form) {
    case U8: *u8 = wire_u8(r); break;
    case U32: *u32 = wire_le32(r); break;
    case U64: *u64 = wire_le64(r); break;
    default:
        *b = wire_take(r, wire_le16(r));
        err = judge(f, *b);
        if (wire_status(r) == WIRE_OK && err != WIRE_OK) {
            wire_fail(&at, err);
            *r = at;
        }
    }
}

static enum wire_err
refuse(struct ppp_msg *out, enum wire_err err, const char *field, uint32_t at)
{
    *out = (struct ppp_msg){ .fault = { field, at } };
    return err;
}

enum wire_err
ppp_msg_decode(struct ppp_msg *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    const char *fault = NULL;

    *out = (struct ppp_msg){ 0 };
    if (in.n > PPP_MSG_BYTES_MAX) {
        return refuse(out, WIRE_LIMIT, "frame", 0);
    }
    out->type = wire_u8(&r);
    if (wire_status(&r) != WIRE_OK) {
        return refuse(out, wire_status(&r), "type", 0);
    }
    if (out->type >= SEC_ARRAY_LEN(fields) || !fields[out->type][0].name) {
        return refuse(out, WIRE_BAD_VALUE, "type", 0);
    }
    for (const struct field *f = fields[out->type]; f->form != END && !fault; f++) {
        read_field(&r, f, (char *)out + f->offset);
        fault = wire_status(&r) == WIRE_OK ? NULL : f->name;
    }
    if (fault) {
        return refuse(out, wire_status(&r), fault, r.err_at);
    }
    if (!is_algorithm(out->algorithm)) {
        return refuse(out, WIRE_BAD_VALUE, "algorithm", 1);
    }
    return wire_finish(&r) == WIRE_OK ? WIRE_OK
                                      : refuse(out, wire_finish(&r), "end", wire_offset(&r));
}

/* --- writing ------------------------------------------------------------------------------- */

static void
put_field(struct wire_writer *w, const struct field *f, const void *from)
{
    const struct bytes *b = from;
    const uint64_t *u64 = from;
    const uint32_t *u32 = from;
    const uint8_t *u8 = from;

    switch (f->form) {
    case U8: wire_put_u8(w, *u8); break;
    case U32: wire_put_le32(w, *u32); break;
    case U64: wire_put_le64(w, *u64); break;
    default: wire_put_le16(w, (uint16_t)b->n); wire_put_bytes(w, *b);
    }
}

void
ppp_msg_encode(struct wire_writer *w, const struct ppp_msg *m)
{
    size_t mark = wire_hold_le32(w);

    wire_put_u8(w, m->type);
    for (const struct field *f = fields[m->type]; f->form != END; f++) {
        put_field(w, f, (const char *)m + f->offset);
    }
    wire_fill_len32(w, mark);
}
