/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's AV pairs and the NTLMv2 response. [MS-NLMP] 2.2.2.1, 2.2.2.7, 2.2.2.8. */
#include "codec/ntlm_msg.h"

enum {
    LAST_KNOWN_AV = NTLM_AV_CHANNEL_BINDINGS,
    PROOF_BYTES = 16,
    V2_BLOB_HEADER_BYTES = 28,
    /* a proof, the blob's header and MsvAvEOL; 24 bytes are NTLMv1 */
    V2_RESPONSE_MIN_BYTES = PROOF_BYTES + V2_BLOB_HEADER_BYTES + 4,
};

/* The pairs whose length is fixed. A short one would let its reader run on into the next. */
static bool
length_is_right(uint16_t id, uint16_t len)
{
    switch (id) {
    case NTLM_AV_EOL: return len == 0;
    case NTLM_AV_FLAGS: return len == 4;
    case NTLM_AV_TIMESTAMP: return len == 8;
    case NTLM_AV_CHANNEL_BINDINGS: return len == NTLM_BINDINGS_BYTES;
    default: return true;
    }
}

static void
take_pair(struct ntlm_av_pairs *out, uint16_t id, struct bytes value)
{
    switch (id) {
    case NTLM_AV_NB_COMPUTER_NAME: out->nb_computer = value; break;
    case NTLM_AV_NB_DOMAIN_NAME: out->nb_domain = value; break;
    case NTLM_AV_DNS_COMPUTER_NAME: out->dns_computer = value; break;
    case NTLM_AV_DNS_DOMAIN_NAME: out->dns_domain = value; break;
    case NTLM_AV_DNS_TREE_NAME: out->dns_tree = value; break;
    case NTLM_AV_FLAGS: out->flags = wire_load_le32(value.p); break;
    case NTLM_AV_TIMESTAMP: out->timestamp_100ns = wire_load_le64(value.p); break;
    case NTLM_AV_SINGLE_HOST: out->single_host = value; break;
    case NTLM_AV_TARGET_NAME: out->target_name = value; break;
    case NTLM_AV_CHANNEL_BINDINGS: out->channel_bindings = value; break;
    default: break;
    }
}

/* One pair. false: the end of the list, or r->err. */
static bool
next_pair(struct wire_reader *r, uint16_t *id, struct bytes *value)
{
    uint16_t len;

    *id = wire_le16(r);
    len = wire_le16(r);
    if (wire_status(r) == WIRE_OK && !length_is_right(*id, len)) {
        wire_fail(r, WIRE_BAD_VALUE);
    }
    *value = wire_take(r, len);
    return wire_status(r) == WIRE_OK && *id != NTLM_AV_EOL;
}

enum wire_err
ntlm_av_pairs_decode(struct ntlm_av_pairs *out, struct bytes in, struct bytes *rest)
{
    struct wire_reader r = wire_reader_of(in);
    struct bytes value;
    uint16_t id;

    *out = (struct ntlm_av_pairs){ 0 };
    while (next_pair(&r, &id, &value)) {
        if (id > LAST_KNOWN_AV) {
            continue;
        }
        if (out->present & 1u << id) {
            wire_fail(&r, WIRE_BAD_VALUE);
            break;
        }
        out->present |= 1u << id;
        take_pair(out, id, value);
    }
    if (rest) {
        *rest = wire_rest(&r);
    }
    return wire_status(&r);
}

void
ntlm_av_put(struct wire_writer *w, enum ntlm_av_id id, struct bytes value)
{
    if (value.n > UINT16_MAX && w->err == WIRE_OK) {
        w->err = WIRE_LIMIT;
    }
    wire_put_le16(w, (uint16_t)id);
    wire_put_le16(w, (uint16_t)value.n);
    wire_put_bytes(w, value);
}

static void
put_le32(struct wire_writer *w, enum ntlm_av_id id, uint32_t value)
{
    wire_put_le16(w, (uint16_t)id);
    wire_put_le16(w, 4);
    wire_put_le32(w, value);
}

void
ntlm_av_put_le64(struct wire_writer *w, enum ntlm_av_id id, uint64_t value)
{
    wire_put_le16(w, (uint16_t)id);
    wire_put_le16(w, 8);
    wire_put_le64(w, value);
}

/* Pairs that are the client's to say: a server's own of that kind do not pass on. */
static bool
is_the_clients(const struct ntlm_av_answer *answer, uint16_t id)
{
    return (id == NTLM_AV_CHANNEL_BINDINGS && answer->channel_bindings) ||
           (id == NTLM_AV_TARGET_NAME && answer->has_target_name);
}

enum wire_err
ntlm_av_pairs_answer(struct wire_writer *w, struct bytes server_pairs,
                     const struct ntlm_av_answer *answer)
{
    struct wire_reader r = wire_reader_of(server_pairs);
    uint32_t flags = answer->set_flags;
    struct bytes value;
    uint16_t id;

    while (next_pair(&r, &id, &value)) {
        if (id == NTLM_AV_FLAGS) {
            put_le32(w, NTLM_AV_FLAGS, wire_load_le32(value.p) | flags);
            flags = 0;
        } else if (!is_the_clients(answer, id)) {
            ntlm_av_put(w, (enum ntlm_av_id)id, value);
        }
    }
    if (wire_status(&r) != WIRE_OK) {
        return wire_status(&r);
    }
    if (flags) {
        put_le32(w, NTLM_AV_FLAGS, flags);
    }
    if (answer->channel_bindings) {
        ntlm_av_put(w, NTLM_AV_CHANNEL_BINDINGS,
                    bytes_of(answer->channel_bindings, NTLM_BINDINGS_BYTES));
    }
    if (answer->has_target_name) {
        ntlm_av_put(w, NTLM_AV_TARGET_NAME, answer->target_name);
    }
    ntlm_av_put(w, NTLM_AV_EOL, (struct bytes){ 0 });
    return wire_writer_status(w);
}

bool
ntlm_v2_response_is(struct bytes nt_response)
{
    return nt_response.n >= V2_RESPONSE_MIN_BYTES;
}

enum wire_err
ntlm_v2_response_decode(struct ntlm_v2_response *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct wire_reader blob;
    uint8_t type, highest;

    *out = (struct ntlm_v2_response){ 0 };
    out->proof = wire_take(&r, PROOF_BYTES);
    out->blob = wire_rest(&r);
    if (wire_status(&r) != WIRE_OK) {
        return wire_status(&r);
    }
    blob = wire_reader_of(out->blob);
    type = wire_u8(&blob);
    highest = wire_u8(&blob);
    wire_skip(&blob, 6);
    out->timestamp_100ns = wire_le64(&blob);
    out->client_challenge = wire_take(&blob, 8);
    wire_skip(&blob, 4);
    if (wire_status(&blob) != WIRE_OK) {
        return wire_status(&blob);
    }
    if (type != 1 || highest != 1) {
        return WIRE_BAD_VALUE;
    }
    return ntlm_av_pairs_decode(&out->av, wire_rest(&blob), NULL);
}

void
ntlm_v2_blob_encode(struct wire_writer *w, uint64_t timestamp_100ns,
                    const uint8_t client_challenge[static 8], struct bytes av_pairs)
{
    wire_put_u8(w, 1);
    wire_put_u8(w, 1);
    wire_put_zero(w, 6);
    wire_put_le64(w, timestamp_100ns);
    wire_put(w, client_challenge, 8);
    wire_put_zero(w, 4);
    wire_put_bytes(w, av_pairs);
    wire_put_zero(w, 4);
}
