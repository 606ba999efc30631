/* SPDX-License-Identifier: Apache-2.0 */
/* KERB_VALIDATION_INFO: [MS-PAC] 2.5, marshalled as [MS-RPCE] 2.2.6 (type serialization version 1)
 * and [C706] 14 (NDR) have it. */
#include "codec/pac.h"

#define NDR_FILLER UINT32_C(0xCCCCCCCC)

enum {
    NDR_VERSION = 1,
    NDR_LITTLE_ENDIAN = 0x10,
    NDR_HEADER_BYTES = 8, /* each of the two */
    NDR_ALIGNMENT = 4,    /* nothing in the structure needs more */
    NDR_PADDING = 8,      /* [MS-RPCE] 2.2.6.2: the whole is a multiple of it */
    NDR_FIRST_REFERENT = 0x20000,
    ENTRY_BYTES = 8, /* of the arrays: RID and attributes, or pointer and attributes */
    SESSION_KEY_BYTES = 16,
};

/* RPC_UNICODE_STRING; pointer 0: none. */
struct ndr_string {
    uint16_t length, maximum; /* bytes */
    uint32_t pointer;
};

struct ndr_array {
    uint32_t count, pointer;
};

/* What the fixed part says of the referents behind it. */
struct ndr_pointers {
    struct ndr_string user, full_name, script, profile, home, home_drive, logon_server, domain;
    struct ndr_array groups, extra_sids, resource_groups;
    uint32_t domain_sid, resource_domain_sid;
};

/* --- reading ------------------------------------------------------------------------------- */

static void
note_fault(struct pac_logon_info *out, const struct wire_reader *r, const char *field)
{
    if (wire_status(r) != WIRE_OK && !out->fault.field) {
        out->fault = (struct pac_fault){ field, r->err_at };
    }
}

static void
require(struct wire_reader *r, bool holds, enum wire_err err)
{
    if (wire_status(r) == WIRE_OK && !holds) {
        wire_fail(r, err);
    }
}

static void
skip_alignment(struct wire_reader *r)
{
    wire_skip(r, (NDR_ALIGNMENT - wire_offset(r) % NDR_ALIGNMENT) % NDR_ALIGNMENT);
}

static struct ndr_string
read_string_header(struct wire_reader *r)
{
    struct ndr_string s;

    s.length = wire_le16(r);
    s.maximum = wire_le16(r);
    s.pointer = wire_le32(r);
    return s;
}

static struct ndr_array
read_array_header(struct wire_reader *r)
{
    struct ndr_array a;

    a.count = wire_le32(r);
    a.pointer = wire_le32(r);
    return a;
}

static void
read_fixed(struct wire_reader *r, struct pac_logon_info *out, struct ndr_pointers *p)
{
    out->logon_100ns = wire_le64(r);
    out->logoff_100ns = wire_le64(r);
    out->kickoff_100ns = wire_le64(r);
    out->password_last_set_100ns = wire_le64(r);
    out->password_can_change_100ns = wire_le64(r);
    out->password_must_change_100ns = wire_le64(r);
    p->user = read_string_header(r);
    p->full_name = read_string_header(r);
    p->script = read_string_header(r);
    p->profile = read_string_header(r);
    p->home = read_string_header(r);
    p->home_drive = read_string_header(r);
    wire_skip(r, 4); /* LogonCount, BadPasswordCount */
    out->user_rid = wire_le32(r);
    out->primary_group_rid = wire_le32(r);
    p->groups = read_array_header(r);
    out->user_flags = wire_le32(r);
    out->user_session_key = wire_take(r, SESSION_KEY_BYTES);
    p->logon_server = read_string_header(r);
    p->domain = read_string_header(r);
    p->domain_sid = wire_le32(r);
    wire_skip(r, 8); /* Reserved1 */
    out->user_account_control = wire_le32(r);
    wire_skip(r, 4 + 8 + 8 + 4 + 4); /* SubAuthStatus to Reserved3 */
    p->extra_sids = read_array_header(r);
    p->resource_domain_sid = wire_le32(r);
    p->resource_groups = read_array_header(r);
    note_fault(out, r, "KERB_VALIDATION_INFO");
}

/* A conformant varying array of WCHAR: how many there is room for, the offset of the first that is
 * sent, how many are. All three say again what the header said. */
static struct bytes
read_string(struct wire_reader *r, struct pac_logon_info *out, struct ndr_string s,
            const char *field)
{
    struct bytes value = { 0 };

    require(r, s.length % 2 == 0 && s.length <= s.maximum, WIRE_BAD_VALUE);
    if (s.pointer) {
        skip_alignment(r);
        require(r, wire_le32(r) == s.maximum / 2u, WIRE_BAD_VALUE);
        require(r, wire_le32(r) == 0, WIRE_BAD_VALUE);
        require(r, wire_le32(r) == s.length / 2u, WIRE_BAD_VALUE);
        value = wire_take(r, s.length);
    } else {
        require(r, s.length == 0, WIRE_BAD_VALUE);
    }
    note_fault(out, r, field);
    return value;
}

/* The conformance of an array and its elements. */
static struct bytes
read_array(struct wire_reader *r, struct ndr_array a)
{
    require(r, a.count <= PAC_GROUPS_MAX, WIRE_LIMIT);
    if (!a.pointer) {
        require(r, a.count == 0, WIRE_BAD_VALUE);
        return (struct bytes){ 0 };
    }
    skip_alignment(r);
    require(r, wire_le32(r) == a.count, WIRE_BAD_VALUE);
    return wire_take(r, (size_t)a.count * ENTRY_BYTES);
}

static struct bytes
read_groups(struct wire_reader *r, struct pac_logon_info *out, struct ndr_array a,
            const char *field)
{
    struct bytes groups = read_array(r, a);

    note_fault(out, r, field);
    return groups;
}

/* RPC_SID: the number of its parts stands before it once more. */
static void
read_sid(struct wire_reader *r, struct sid *sid)
{
    uint32_t conformance;

    skip_alignment(r);
    conformance = wire_le32(r);
    sid_read(r, sid);
    require(r, conformance == sid->n, WIRE_BAD_VALUE);
}

static bool
read_domain_sid(struct wire_reader *r, struct pac_logon_info *out, uint32_t pointer,
                struct sid *sid)
{
    if (!pointer) {
        return false;
    }
    read_sid(r, sid);
    /* a RID has to go behind it */
    require(r, sid->n < SID_PARTS_MAX, WIRE_BAD_VALUE);
    note_fault(out, r, sid == &out->domain_sid ? "LogonDomainId" : "ResourceGroupDomainSid");
    return wire_status(r) == WIRE_OK;
}

static void
read_extra_sids(struct wire_reader *r, struct pac_logon_info *out, struct ndr_array a)
{
    struct bytes entries = read_array(r, a);
    struct wire_reader pointers = wire_reader_of(entries);
    uint32_t sids_at = wire_offset(r);
    struct sid sid;

    for (uint32_t i = 0; i < a.count && wire_status(r) == WIRE_OK; i++) {
        require(r, wire_le32(&pointers) != 0, WIRE_BAD_VALUE);
        wire_skip(&pointers, 4);
        read_sid(r, &sid);
    }
    note_fault(out, r, "ExtraSids");
    if (wire_status(r) == WIRE_OK) {
        out->n_extra_sids = a.count;
        out->extra_ = bytes_of(entries.p, entries.n + (wire_offset(r) - sids_at));
    }
}

/* [C706] 14.3.12.3: what pointers lead to stands behind the structure, in the pointers' order. */
static void
read_referents(struct wire_reader *r, struct pac_logon_info *out, const struct ndr_pointers *p)
{
    out->user = read_string(r, out, p->user, "EffectiveName");
    out->full_name = read_string(r, out, p->full_name, "FullName");
    (void)read_string(r, out, p->script, "LogonScript");
    (void)read_string(r, out, p->profile, "ProfilePath");
    (void)read_string(r, out, p->home, "HomeDirectory");
    (void)read_string(r, out, p->home_drive, "HomeDirectoryDrive");
    out->groups = read_groups(r, out, p->groups, "GroupIds");
    out->logon_server = read_string(r, out, p->logon_server, "LogonServer");
    out->domain = read_string(r, out, p->domain, "LogonDomainName");
    out->has_domain_sid = read_domain_sid(r, out, p->domain_sid, &out->domain_sid);
    read_extra_sids(r, out, p->extra_sids);
    out->has_resource_domain_sid =
        read_domain_sid(r, out, p->resource_domain_sid, &out->resource_domain_sid);
    out->resource_groups = read_groups(r, out, p->resource_groups, "ResourceGroupIds");
    /* RIDs are relative to something */
    require(r, out->has_domain_sid || (out->groups.n == 0 && out->user_rid == 0), WIRE_BAD_VALUE);
    note_fault(out, r, "LogonDomainId");
    require(r, out->has_resource_domain_sid || out->resource_groups.n == 0, WIRE_BAD_VALUE);
    note_fault(out, r, "ResourceGroupDomainSid");
    require(r, wire_left(r) < NDR_PADDING, WIRE_TRAILING);
    note_fault(out, r, "KERB_VALIDATION_INFO");
}

/* [MS-RPCE] 2.2.6.1, 2.2.6.2: the common header and that of the one object, behind which the reader
 * then ends; the fillers mean nothing. */
static void
read_headers(struct wire_reader *r, struct pac_logon_info *out)
{
    uint32_t object_bytes;

    require(r, wire_u8(r) == NDR_VERSION, WIRE_BAD_VALUE);
    require(r, wire_u8(r) == NDR_LITTLE_ENDIAN, WIRE_BAD_VALUE);
    require(r, wire_le16(r) == NDR_HEADER_BYTES, WIRE_BAD_VALUE);
    wire_skip(r, 4);
    note_fault(out, r, "common header");
    object_bytes = wire_le32(r);
    wire_skip(r, 4);
    require(r, object_bytes <= wire_left(r), WIRE_SHORT);
    require(r, wire_left(r) - object_bytes < NDR_PADDING, WIRE_TRAILING);
    note_fault(out, r, "ObjectBufferLength");
    if (wire_status(r) == WIRE_OK) {
        *r = wire_reader_of(bytes_of(r->base, 2u * NDR_HEADER_BYTES + object_bytes));
        wire_skip(r, 2u * NDR_HEADER_BYTES);
    }
}

enum wire_err
pac_logon_info_decode(struct pac_logon_info *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct ndr_pointers pointers = { 0 };

    *out = (struct pac_logon_info){ 0 };
    read_headers(&r, out);
    require(&r, wire_le32(&r) != 0, WIRE_BAD_VALUE); /* the pointer to the structure itself */
    read_fixed(&r, out, &pointers);
    read_referents(&r, out, &pointers);
    if (wire_status(&r) != WIRE_OK) {
        *out = (struct pac_logon_info){ .fault = out->fault };
    }
    return wire_status(&r);
}

/* --- writing ------------------------------------------------------------------------------- */

/* A writer of NDR: where the object begins, and the next pointer's name. */
struct ndr_writer {
    struct wire_writer *w;
    size_t start;
    uint32_t pointer;
};

static void
put_pointer(struct ndr_writer *n)
{
    wire_put_le32(n->w, n->pointer);
    n->pointer += 4;
}

static void
put_optional_pointer(struct ndr_writer *n, bool present)
{
    if (present) {
        put_pointer(n);
    } else {
        wire_put_le32(n->w, 0);
    }
}

static void
put_string_header(struct ndr_writer *n, struct bytes value)
{
    wire_put_le16(n->w, (uint16_t)value.n);
    wire_put_le16(n->w, (uint16_t)value.n);
    put_optional_pointer(n, value.p != NULL);
}

static void
put_array_header(struct ndr_writer *n, size_t count)
{
    wire_put_le32(n->w, (uint32_t)count);
    put_optional_pointer(n, count != 0);
}

static void
put_string(struct ndr_writer *n, struct bytes value)
{
    if (value.p) {
        wire_put_le32(n->w, (uint32_t)(value.n / 2));
        wire_put_le32(n->w, 0);
        wire_put_le32(n->w, (uint32_t)(value.n / 2));
        wire_put_bytes(n->w, value);
        wire_put_zero(n->w,
                      (NDR_ALIGNMENT - (n->w->len - n->start) % NDR_ALIGNMENT) % NDR_ALIGNMENT);
    }
}

static void
put_groups(struct ndr_writer *n, struct bytes groups)
{
    if (groups.n) {
        wire_put_le32(n->w, (uint32_t)(groups.n / ENTRY_BYTES));
        wire_put_bytes(n->w, groups);
    }
}

static void
put_sid(struct ndr_writer *n, const struct sid *sid)
{
    wire_put_le32(n->w, sid->n);
    sid_put(n->w, sid);
}

static void
put_fixed(struct ndr_writer *n, const struct pac_logon_info *info, size_t n_extra)
{
    static const uint8_t no_key[SESSION_KEY_BYTES];

    put_pointer(n);
    wire_put_le64(n->w, info->logon_100ns);
    wire_put_le64(n->w, info->logoff_100ns);
    wire_put_le64(n->w, info->kickoff_100ns);
    wire_put_le64(n->w, info->password_last_set_100ns);
    wire_put_le64(n->w, info->password_can_change_100ns);
    wire_put_le64(n->w, info->password_must_change_100ns);
    put_string_header(n, info->user);
    put_string_header(n, info->full_name);
    wire_put_zero(n->w, 4 * 8 + 4); /* LogonScript to BadPasswordCount */
    wire_put_le32(n->w, info->user_rid);
    wire_put_le32(n->w, info->primary_group_rid);
    put_array_header(n, info->groups.n / ENTRY_BYTES);
    wire_put_le32(n->w, info->user_flags);
    wire_put(n->w,
             info->user_session_key.n == SESSION_KEY_BYTES ? info->user_session_key.p : no_key,
             SESSION_KEY_BYTES);
    put_string_header(n, info->logon_server);
    put_string_header(n, info->domain);
    put_optional_pointer(n, info->has_domain_sid);
    wire_put_zero(n->w, 8); /* Reserved1 */
    wire_put_le32(n->w, info->user_account_control);
    wire_put_zero(n->w, 4 + 8 + 8 + 4 + 4); /* SubAuthStatus to Reserved3 */
    put_array_header(n, n_extra);
    put_optional_pointer(n, info->has_resource_domain_sid);
    put_array_header(n, info->resource_groups.n / ENTRY_BYTES);
}

static void
put_extra_sids(struct ndr_writer *n, const struct pac_group *extra, size_t n_extra)
{
    if (n_extra == 0) {
        return;
    }
    wire_put_le32(n->w, (uint32_t)n_extra);
    for (size_t i = 0; i < n_extra; i++) {
        put_pointer(n);
        wire_put_le32(n->w, extra[i].attributes);
    }
    for (size_t i = 0; i < n_extra; i++) {
        put_sid(n, &extra[i].sid);
    }
}

static void
put_object(struct ndr_writer *n, const struct pac_logon_info *info, const struct pac_group *extra,
           size_t n_extra)
{
    put_fixed(n, info, n_extra);
    put_string(n, info->user);
    put_string(n, info->full_name);
    put_groups(n, info->groups);
    put_string(n, info->logon_server);
    put_string(n, info->domain);
    if (info->has_domain_sid) {
        put_sid(n, &info->domain_sid);
    }
    put_extra_sids(n, extra, n_extra);
    if (info->has_resource_domain_sid) {
        put_sid(n, &info->resource_domain_sid);
    }
    put_groups(n, info->resource_groups);
    wire_put_zero(n->w, (NDR_PADDING - (n->w->len - n->start) % NDR_PADDING) % NDR_PADDING);
}

void
pac_logon_info_encode(struct wire_writer *w, const struct pac_logon_info *info,
                      const struct pac_group *extra, size_t n_extra)
{
    struct wire_writer measure = wire_writer_measuring();
    struct ndr_writer n = { .w = &measure, .pointer = NDR_FIRST_REFERENT };

    put_object(&n, info, extra, n_extra);
    wire_put_u8(w, NDR_VERSION);
    wire_put_u8(w, NDR_LITTLE_ENDIAN);
    wire_put_le16(w, NDR_HEADER_BYTES);
    wire_put_le32(w, NDR_FILLER);
    wire_put_le32(w, (uint32_t)measure.len);
    wire_put_le32(w, 0);
    n = (struct ndr_writer){ .w = w, .start = w->len, .pointer = NDR_FIRST_REFERENT };
    put_object(&n, info, extra, n_extra);
}
