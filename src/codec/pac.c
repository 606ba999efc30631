/* SPDX-License-Identifier: Apache-2.0 */
/* The PAC: [MS-PAC] 2.3 (PACTYPE), 2.4 (PAC_INFO_BUFFER), 2.7 (PAC_CLIENT_INFO), 2.8 (signatures),
 * 2.10 (UPN_DNS_INFO), 2.15 (PAC_REQUESTOR); the groups of 2.5 (KERB_VALIDATION_INFO). */
#include "codec/pac.h"

enum {
    HEADER_BYTES = 8,
    ENTRY_BYTES = 16, /* of the directory */
    ALIGNMENT = 8,
    /* The largest digest that a checksum type nobody has thought of yet may have. */
    SIGNATURE_MAX_BYTES = 64,
    UPN_FLAG_EXTENDED = 2,
    GROUP_BYTES = 8,
};

/* --- the directory ------------------------------------------------------------------------- */

/* Where the data of a buffer stands. */
struct extent {
    uint32_t at, n;
};

static void
note_fault(struct pac_fault *fault, const struct wire_reader *r, const char *field)
{
    if (wire_status(r) != WIRE_OK && !fault->field) {
        *fault = (struct pac_fault){ field, r->err_at };
    }
}

static void
refuse(struct wire_reader *r, struct pac *out, enum wire_err err, const char *field)
{
    wire_fail(r, err);
    note_fault(&out->fault, r, field);
}

/* RFC 3962 7, RFC 4757 4, RFC 8009 5, and RFC 6803 7, with which MIT's KDC may sign as itself.
 * 0: another. */
static size_t
signature_bytes(int32_t type)
{
    switch (type) {
    case 15:
    case 16: return 12;
    case 17:
    case 18:
    case 19:
    case -138: return 16;
    case 20: return 24;
    default: return 0;
    }
}

/* [MS-PAC] 2.8. The value is as long as its type says: behind it a read-only domain controller
 * names itself (RODCIdentifier), which is signed like everything else. */
static void
read_signature(struct pac *out, struct wire_reader *r, struct extent e, struct pac_signature *to)
{
    struct wire_reader data = wire_reader_of(wire_at(r, e.at, e.n));
    size_t n;

    to->type = (int32_t)wire_le32(&data);
    n = signature_bytes(to->type);
    to->value = wire_take(&data, n ? n : wire_left(&data));
    to->at = e.at + 4;
    if (wire_status(&data) == WIRE_OK && (to->value.n == 0 || to->value.n > SIGNATURE_MAX_BYTES)) {
        wire_fail(&data, to->value.n ? WIRE_LIMIT : WIRE_SHORT);
    }
    if (wire_status(&data) != WIRE_OK) {
        refuse(r, out, wire_status(&data), "signature");
        out->fault.at = e.at;
    }
}

static void
take_buffer(struct pac *out, struct wire_reader *r, uint32_t type, struct extent e)
{
    struct bytes data = wire_at(r, e.at, e.n);

    switch (type) {
    case PAC_LOGON_INFO: out->logon_info = data; break;
    case PAC_SERVER_SIGNATURE: read_signature(out, r, e, &out->server); break;
    case PAC_KDC_SIGNATURE: read_signature(out, r, e, &out->kdc); break;
    case PAC_CLIENT_INFO: out->client_info = data; break;
    case PAC_UPN_DNS_INFO: out->upn_dns_info = data; break;
    case PAC_TICKET_SIGNATURE: read_signature(out, r, e, &out->ticket); break;
    case PAC_ATTRIBUTES: out->attributes_info = data; break;
    case PAC_REQUESTOR: out->requestor = data; break;
    case PAC_FULL_SIGNATURE: read_signature(out, r, e, &out->full); break;
    default: break;
    }
}

/* One entry of the directory: where its data stands, behind the directory and inside the PAC. */
static struct extent
read_entry(struct pac *out, struct wire_reader *r, uint32_t *type, uint32_t directory_end)
{
    struct extent e;
    uint32_t high;

    *type = wire_le32(r);
    e.n = wire_le32(r);
    e.at = wire_le32(r);
    high = wire_le32(r);
    note_fault(&out->fault, r, "Buffers");
    if (wire_status(r) != WIRE_OK) {
        return e;
    }
    if (high != 0) {
        refuse(r, out, WIRE_RANGE, "Offset");
    } else if (e.at % ALIGNMENT != 0) {
        /* [MS-PAC] 2.4: "The data offset MUST be a multiple of eight." */
        refuse(r, out, WIRE_BAD_VALUE, "Offset");
    } else if (e.at < directory_end) {
        refuse(r, out, WIRE_OVERLAP, "Offset");
    } else if (e.at > out->whole.n || e.n > out->whole.n - e.at) {
        refuse(r, out, WIRE_RANGE, "cbBufferSize");
    } else if (e.n == 0 && *type <= PAC_TYPE_LAST) {
        /* else it would pass for one that is not there */
        refuse(r, out, WIRE_SHORT, "cbBufferSize");
    }
    return e;
}

/* Two buffers that share bytes could show the one who verifies something else than the one who
 * reads. */
static bool
overlaps(const struct extent *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (e[i].n && e[n].n && (uint64_t)e[n].at + e[n].n > e[i].at &&
            (uint64_t)e[i].at + e[i].n > e[n].at) {
            return true;
        }
    }
    return false;
}

enum wire_err
pac_decode(struct pac *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct extent extents[PAC_BUFFERS_MAX];
    uint32_t n = wire_le32(&r);
    uint32_t version = wire_le32(&r);
    uint32_t seen = 0;

    *out = (struct pac){ .whole = in };
    note_fault(&out->fault, &r, "cBuffers");
    if (n > PAC_BUFFERS_MAX) {
        refuse(&r, out, WIRE_LIMIT, "cBuffers");
    } else if (version != 0) {
        refuse(&r, out, WIRE_BAD_VALUE, "Version");
    }
    for (uint32_t i = 0; i < n && wire_status(&r) == WIRE_OK; i++) {
        uint32_t type;

        extents[i] = read_entry(out, &r, &type, HEADER_BYTES + n * ENTRY_BYTES);
        if (wire_status(&r) != WIRE_OK) {
            break;
        }
        if (overlaps(extents, i)) {
            refuse(&r, out, WIRE_OVERLAP, "Buffers");
        } else if (type <= PAC_TYPE_LAST && seen & 1u << type) {
            refuse(&r, out, WIRE_BAD_VALUE, "ulType");
        } else if (type <= PAC_TYPE_LAST) {
            seen |= 1u << type;
            take_buffer(out, &r, type, extents[i]);
        }
    }
    return wire_status(&r);
}

size_t
pac_signed_parts(const struct pac *pac, struct bytes parts[static 5])
{
    static const uint8_t zeros[SIGNATURE_MAX_BYTES];
    bool kdc_first = pac->kdc.at < pac->server.at;
    const struct pac_signature *const blank[] = { kdc_first ? &pac->kdc : &pac->server,
                                                  kdc_first ? &pac->server : &pac->kdc };
    struct wire_reader r = wire_reader_of(pac->whole);
    size_t n = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(blank); i++) {
        if (blank[i]->value.n) {
            parts[n++] = wire_take(&r, blank[i]->at - wire_offset(&r));
            parts[n++] = bytes_of(zeros, blank[i]->value.n);
            wire_skip(&r, blank[i]->value.n);
        }
    }
    parts[n++] = wire_rest(&r);
    return n;
}

/* --- what is in the buffers ---------------------------------------------------------------- */

enum wire_err
pac_client_info_decode(struct pac_client_info *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    uint16_t n;

    *out = (struct pac_client_info){ 0 };
    out->authtime_100ns = wire_le64(&r);
    n = wire_le16(&r);
    if (n % 2 != 0) {
        wire_fail(&r, WIRE_BAD_VALUE);
    }
    out->name = wire_take(&r, n);
    return wire_status(&r);
}

static struct bytes
read_descriptor(struct wire_reader *r)
{
    uint16_t n = wire_le16(r);
    uint16_t at = wire_le16(r);

    return wire_at(r, at, n);
}

static struct bytes
read_name(struct wire_reader *r)
{
    struct bytes name = read_descriptor(r);

    if (name.n % 2 != 0) {
        wire_fail(r, WIRE_BAD_VALUE);
        return (struct bytes){ 0 };
    }
    return name;
}

/* A SID and nothing behind it. */
static enum wire_err
read_whole_sid(struct sid *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);

    sid_read(&r, out);
    return wire_finish(&r);
}

enum wire_err
pac_upn_dns_info_decode(struct pac_upn_dns_info *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct bytes sid;

    *out = (struct pac_upn_dns_info){ 0 };
    out->upn = read_name(&r);
    out->dns_domain = read_name(&r);
    out->flags = wire_le32(&r);
    if (!(out->flags & UPN_FLAG_EXTENDED)) {
        return wire_status(&r);
    }
    out->sam_name = read_name(&r);
    sid = read_descriptor(&r);
    if (wire_status(&r) == WIRE_OK && sid.n) {
        enum wire_err err = read_whole_sid(&out->sid, sid);

        if (err != WIRE_OK) {
            return err;
        }
        out->has_sid = true;
    }
    return wire_status(&r);
}

enum wire_err
pac_requestor_decode(struct sid *out, struct bytes in)
{
    return read_whole_sid(out, in);
}

/* --- groups -------------------------------------------------------------------------------- */

struct pac_groups
pac_groups_of(const struct pac_logon_info *info)
{
    struct pac_groups g = { .info = info, .extra = wire_reader_of(info->extra_) };

    wire_skip(&g.extra, (size_t)info->n_extra_sids * GROUP_BYTES);
    return g;
}

/* Entry i of an array of GROUP_MEMBERSHIP. */
static bool
group_at(struct bytes groups, size_t i, const struct sid *domain, struct pac_group *out)
{
    struct wire_reader r = wire_reader_of(groups);

    wire_skip(&r, i * GROUP_BYTES);
    out->sid = *domain;
    if (!sid_append(&out->sid, wire_le32(&r))) {
        return false;
    }
    out->attributes = wire_le32(&r);
    return wire_status(&r) == WIRE_OK;
}

/* The next of the extra SIDs, whose pointers and attributes come first, then they themselves, each
 * with its conformance before it. */
static bool
next_extra(struct pac_groups *g, struct pac_group *out)
{
    struct wire_reader r = wire_reader_of(g->info->extra_);

    wire_skip(&r, (size_t)g->extra_i * GROUP_BYTES + 4);
    out->attributes = wire_le32(&r);
    wire_skip(&g->extra, 4);
    sid_read(&g->extra, &out->sid);
    g->extra_i++;
    return wire_status(&g->extra) == WIRE_OK;
}

bool
pac_next_group(struct pac_groups *g, struct pac_group *out)
{
    const struct pac_logon_info *info = g->info;
    size_t n_groups = info->groups.n / GROUP_BYTES;

    if (g->i < n_groups) {
        return group_at(info->groups, g->i++, &info->domain_sid, out);
    }
    /* [MS-PAC] 2.5: without a UserId the first of the extra SIDs is the account's own. */
    if (info->user_rid == 0 && g->extra_i == 0 && info->n_extra_sids && !next_extra(g, out)) {
        return false;
    }
    if (g->extra_i < info->n_extra_sids) {
        return next_extra(g, out);
    }
    return group_at(info->resource_groups, g->i++ - n_groups, &info->resource_domain_sid, out);
}

bool
pac_user_sid(const struct pac_logon_info *info, struct sid *out)
{
    struct pac_groups g = pac_groups_of(info);
    struct pac_group first;

    if (info->user_rid) {
        *out = info->domain_sid;
        return info->has_domain_sid && sid_append(out, info->user_rid);
    }
    if (!info->n_extra_sids || !next_extra(&g, &first)) {
        return false;
    }
    *out = first.sid;
    return true;
}

/* --- building ------------------------------------------------------------------------------ */

static size_t
aligned(size_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void
pac_encode(struct wire_writer *w, const struct pac_buffer *buffers, size_t n)
{
    size_t at = HEADER_BYTES + n * ENTRY_BYTES;

    wire_put_le32(w, (uint32_t)n);
    wire_put_le32(w, 0);
    for (size_t i = 0; i < n; i++) {
        wire_put_le32(w, buffers[i].type);
        wire_put_le32(w, (uint32_t)buffers[i].data.n);
        wire_put_le64(w, at);
        at += aligned(buffers[i].data.n);
    }
    for (size_t i = 0; i < n; i++) {
        wire_put_bytes(w, buffers[i].data);
        wire_put_zero(w, aligned(buffers[i].data.n) - buffers[i].data.n);
    }
}

void
pac_client_info_encode(struct wire_writer *w, const struct pac_client_info *info)
{
    wire_put_le64(w, info->authtime_100ns);
    wire_put_le16(w, (uint16_t)info->name.n);
    wire_put_bytes(w, info->name);
}
