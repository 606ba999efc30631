/* SPDX-License-Identifier: Apache-2.0 */
/* NegoEx's messages: [MS-NEGOEX] 2.2.6. */
#include "codec/negoex_msg.h"

enum {
    GUID_BYTES = 16,
    NEGO_SCHEMES_AT = NEGOEX_HEADER_BYTES + 32 + 8, /* after Random and ProtocolVersion */
};

#define SIGNATURE UINT64_C(0x535458454F47454E) /* "NEGOEXTS" */

const char *
negoex_type_name(uint32_t type)
{
    static const char *const names[] = {
        [NEGOEX_INITIATOR_NEGO] = "INITIATOR_NEGO",
        [NEGOEX_ACCEPTOR_NEGO] = "ACCEPTOR_NEGO",
        [NEGOEX_INITIATOR_META] = "INITIATOR_META_DATA",
        [NEGOEX_ACCEPTOR_META] = "ACCEPTOR_META_DATA",
        [NEGOEX_CHALLENGE] = "CHALLENGE",
        [NEGOEX_AP_REQUEST] = "AP_REQUEST",
        [NEGOEX_VERIFY] = "VERIFY",
        [NEGOEX_ALERT] = "ALERT",
    };

    return type < SEC_ARRAY_LEN(names) ? names[type] : "unknown message";
}

/* How many messages stand before the cursor: all of them were read, so their lengths are good. */
static unsigned
count_before(const struct wire_reader *r)
{
    struct wire_reader before = { .base = r->base, .cur = r->base, .end = r->cur };
    unsigned count = 0;

    while (wire_left(&before)) {
        struct wire_reader header = before;

        wire_skip(&header, 20);
        wire_skip(&before, wire_le32(&header));
        count++;
    }
    return count;
}

/* 2.2.6.3 NEGO_MESSAGE has an AUTH_SCHEME_VECTOR, whose offset counts from the message's start;
 * all others but unknown ones begin with the scheme that they belong to. */
static struct bytes
read_schemes(const struct negoex_message *m, enum wire_err *err)
{
    struct wire_reader r = wire_reader_of(m->whole);
    struct bytes schemes = { 0 };

    if (m->type == NEGOEX_INITIATOR_NEGO || m->type == NEGOEX_ACCEPTOR_NEGO) {
        uint32_t offset, count;

        wire_skip(&r, NEGO_SCHEMES_AT);
        offset = wire_le32(&r);
        count = wire_le16(&r);
        schemes = wire_at(&r, offset, count * GUID_BYTES);
    } else if (m->type <= NEGOEX_ALERT) {
        wire_skip(&r, NEGOEX_HEADER_BYTES);
        schemes = wire_take(&r, GUID_BYTES);
    }
    *err = wire_status(&r);
    return schemes;
}

bool
negoex_next(struct wire_reader *r, struct negoex_message *out)
{
    struct wire_reader start = *r, header = *r;
    enum wire_err err;

    if (wire_left(r) == 0) {
        return false;
    }
    *out = (struct negoex_message){ .at = wire_offset(r) };
    if (wire_le64(&header) != SIGNATURE) {
        wire_fail(&header, WIRE_BAD_VALUE);
    }
    out->type = wire_le32(&header);
    out->sequence = wire_le32(&header);
    out->header_bytes = wire_le32(&header);
    out->message_bytes = wire_le32(&header);
    wire_copy(&header, out->conversation, sizeof(out->conversation));
    err = wire_status(&header);
    if (err == WIRE_OK &&
        (out->header_bytes < NEGOEX_HEADER_BYTES || out->header_bytes > out->message_bytes)) {
        err = WIRE_RANGE;
    }
    if (err == WIRE_OK && count_before(r) >= NEGOEX_MESSAGES_MAX) {
        err = WIRE_LIMIT;
    }
    if (err == WIRE_OK) {
        out->whole = wire_take(&start, out->message_bytes);
        err = wire_status(&start);
    }
    if (err == WIRE_OK) {
        out->schemes = read_schemes(out, &err);
    }
    if (err != WIRE_OK) {
        wire_fail(r, err);
        return false;
    }
    *r = start;
    return true;
}
