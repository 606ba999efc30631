/* SPDX-License-Identifier: Apache-2.0 */
/* Channel bindings: SEC_CHANNEL_BINDINGS and SEC_CHANNEL_BINDINGS_EX of sspi.h; RFC 4121 4.1.1.2. */
#include "base/wire.h"

#include "codec/channel_bindings.h"

enum {
    EX_MAGIC = 0x58454243, /* "CBEX"; no assigned address type has this value */
    EX_HEADER_BYTES = 48,
};

struct field {
    uint32_t type, len_bytes, offset_bytes;
};

/* The application data has no type. */
static struct field
read_field(struct wire_reader *r, bool has_type)
{
    struct field f = { 0 };

    f.type = has_type ? wire_le32(r) : 0;
    f.len_bytes = wire_le32(r);
    f.offset_bytes = wire_le32(r);
    return f;
}

/* magicNumber, flags, cbHeaderLength, cbStructureLength; then as in the plain form. */
static void
read_ex_header(struct wire_reader *r, struct channel_bindings *out)
{
    size_t whole = wire_left(r);
    uint32_t header_bytes, structure_bytes;

    wire_skip(r, 4);
    out->flags = wire_le32(r);
    header_bytes = wire_le32(r);
    structure_bytes = wire_le32(r);
    if (header_bytes < EX_HEADER_BYTES || structure_bytes < header_bytes) {
        wire_fail(r, WIRE_BAD_VALUE);
    } else if (structure_bytes > whole) {
        wire_fail(r, WIRE_SHORT);
    }
}

enum wire_err
channel_bindings_decode(struct channel_bindings *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct field initiator, acceptor, application;

    *out = (struct channel_bindings){ 0 };
    if (wire_left(&r) >= 4 && wire_load_le32(r.cur) == EX_MAGIC) {
        read_ex_header(&r, out);
    }
    initiator = read_field(&r, true);
    acceptor = read_field(&r, true);
    application = read_field(&r, false);
    out->initiator_type = initiator.type;
    out->initiator = wire_at(&r, initiator.offset_bytes, initiator.len_bytes);
    out->acceptor_type = acceptor.type;
    out->acceptor = wire_at(&r, acceptor.offset_bytes, acceptor.len_bytes);
    out->application = wire_at(&r, application.offset_bytes, application.len_bytes);
    return wire_status(&r);
}

/* No buffer that a caller can name is 4 GiB: lengths come from 32-bit fields. */
static void
put_counted(struct wire_writer *w, struct bytes b)
{
    wire_put_le32(w, (uint32_t)b.n);
    wire_put_bytes(w, b);
}

void
channel_bindings_put_hashed(struct wire_writer *w, const struct channel_bindings *b)
{
    wire_put_le32(w, b->initiator_type);
    put_counted(w, b->initiator);
    wire_put_le32(w, b->acceptor_type);
    put_counted(w, b->acceptor);
    put_counted(w, b->application);
}
