/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between samd and those who ask it: docs/INTERFACES.md. A type is a list of fields,
 * each with what it may hold; reading and writing walk the same list. */
#include "account/authority_msg.h"

#include "base/secret.h"

enum form { END, FLAG, U8, U32, U64, FIXED, BLOB, TEXT, TEXT_OR_NONE, TEXTS, NUMBERS };

struct field {
    const char *name;
    enum form form;
    size_t offset; /* in struct authority_msg */
    size_t n;      /* FIXED: how many bytes */
};

#define FIELD(form, member)                                   \
    {                                                         \
#member, form, offsetof(struct authority_msg, member) \
    }
#define IN_PLACE(member)                                        \
    {                                                           \
#member, FIXED, offsetof(struct authority_msg, member), \
            sizeof((struct authority_msg){ 0 }.member)          \
    }

enum { FIELDS_MAX = 24 };

static const struct field fields[][FIELDS_MAX] = {
    [AUTHORITY_MSG_HELLO] = { FIELD(U32, version) },
    [AUTHORITY_MSG_PROVE] = { FIELD(U8, kind), FIELD(U8, claim.chap_id), FIELD(FLAG, claim.dial_in),
                              IN_PLACE(claim.server_challenge), FIELD(BLOB, claim.user),
                              FIELD(BLOB, claim.domain), FIELD(BLOB, claim.nt_response),
                              FIELD(BLOB, claim.lm_response), FIELD(BLOB, claim.password),
                              FIELD(BLOB, claim.challenge), FIELD(BLOB, claim.peer_challenge),
                              FIELD(BLOB, claim.peer_name), FIELD(BLOB, claim.chap_response) },
    [AUTHORITY_MSG_ADD] = { FIELD(TEXT, admin.name), FIELD(BLOB, admin.password),
                            FIELD(TEXT_OR_NONE, admin.unix_user), FIELD(U64, admin.expires_100ns),
                            FIELD(U64, admin.password_expires_100ns),
                            FIELD(FLAG, admin.may_dial_in), FIELD(FLAG, admin.keeps_clear_text),
                            FIELD(TEXTS, join) },
    [AUTHORITY_MSG_SET_PASSWORD] = { FIELD(TEXT, admin.name), FIELD(BLOB, admin.password),
                                     FIELD(FLAG, admin.keeps_clear_text) },
    [AUTHORITY_MSG_REMOVE] = { FIELD(TEXT, admin.name) },
    [AUTHORITY_MSG_UNLOCK] = { FIELD(TEXT, admin.name) },
    [AUTHORITY_MSG_CHANGE] = { FIELD(TEXT, admin.name), FIELD(U8, admin.changes),
                               FIELD(FLAG, admin.disabled), FIELD(FLAG, admin.may_dial_in),
                               FIELD(U64, admin.expires_100ns),
                               FIELD(U64, admin.password_expires_100ns),
                               FIELD(TEXT_OR_NONE, admin.unix_user), FIELD(TEXTS, join),
                               FIELD(TEXTS, leave) },
    [AUTHORITY_MSG_LIST] = { FIELD(U32, admin.after_rid), FIELD(U32, admin.n_max) },
    [AUTHORITY_MSG_SHOW] = { FIELD(TEXT, admin.name) },
    [AUTHORITY_MSG_ENROLL_CODE] = { FIELD(TEXT, admin.name), FIELD(U32, admin.code.type),
                                    FIELD(U32, admin.code.algorithm), FIELD(U32, admin.code.digits),
                                    FIELD(U32, admin.code.period_s), FIELD(U64, admin.code.next),
                                    FIELD(BLOB, admin.code_secret) },
    [AUTHORITY_MSG_REMOVE_CODE] = { FIELD(TEXT, admin.name) },
    [AUTHORITY_MSG_CHANGE_PASSWORD] = { FIELD(BLOB, claim.user), FIELD(BLOB, claim.domain),
                                        FIELD(BLOB, claim.password), FIELD(BLOB, new_password) },
    [AUTHORITY_MSG_LOOK_UP] = { FIELD(BLOB, claim.user), FIELD(TEXT_OR_NONE, entry_sid) },
    [AUTHORITY_MSG_REDEEM] = { FIELD(TEXT, assertion), FIELD(U32, asker) },
    [AUTHORITY_MSG_WELCOME] = { FIELD(U32, version) },
    [AUTHORITY_MSG_PROVEN] = { IN_PLACE(proof.session_base_key), IN_PLACE(proof.lm_session_key),
                               FIELD(FLAG, proof.has_lm_session_key), IN_PLACE(proof.mppe_send),
                               IN_PLACE(proof.mppe_receive), IN_PLACE(proof.authenticator),
                               FIELD(BLOB, identity.user), FIELD(BLOB, identity.domain),
                               FIELD(TEXT, identity.sid), FIELD(TEXT_OR_NONE, identity.unix_user),
                               FIELD(U64, identity.password_expires_100ns),
                               FIELD(FLAG, identity.may_dial_in), FIELD(TEXTS, groups),
                               FIELD(TEXTS, group_sids), FIELD(NUMBERS, group_attributes),
                               FIELD(TEXT_OR_NONE, identity.assertion) },
    [AUTHORITY_MSG_VOUCHED] = { FIELD(BLOB, identity.user), FIELD(BLOB, identity.domain),
                                FIELD(TEXT, identity.sid),
                                FIELD(TEXT_OR_NONE, identity.unix_user) },
    [AUTHORITY_MSG_REFUSED] = { FIELD(U32, status), FIELD(U32, proof.sub_status),
                                FIELD(FLAG, proof.locked_out_now), FIELD(FLAG, proof.no_clear_text),
                                FIELD(FLAG, proof.no_code), FIELD(FLAG, proof.used_code),
                                FIELD(TEXT, refused_sid), FIELD(TEXT, reason) },
    [AUTHORITY_MSG_DONE] = { FIELD(END, type) },
    [AUTHORITY_MSG_VIEW] = { FIELD(TEXT, view.name),
                             FIELD(TEXT, view.sid),
                             FIELD(TEXT_OR_NONE, view.unix_user),
                             FIELD(U32, view.rid),
                             FIELD(FLAG, view.disabled),
                             FIELD(FLAG, view.locked),
                             FIELD(FLAG, view.may_dial_in),
                             FIELD(U64, view.expires_100ns),
                             FIELD(U64, view.password_expires_100ns),
                             FIELD(U64, view.password_set_100ns),
                             FIELD(U64, view.created_100ns),
                             FIELD(U64, view.changed_100ns),
                             FIELD(U32, view.failures),
                             FIELD(U64, view.last_failure_100ns),
                             FIELD(U64, view.locked_until_100ns),
                             FIELD(TEXTS, groups),
                             FIELD(TEXTS, group_sids),
                             FIELD(TEXTS, keys),
                             FIELD(U32, view.key_version),
                             FIELD(TEXT, view.key_salt),
                             FIELD(TEXT_OR_NONE, view.one_time_code) },
    [AUTHORITY_MSG_FOUND] = { FIELD(TEXT, entry_sid), FIELD(TEXT, entry_name),
                              FIELD(FLAG, entry_is_group) },
};

_Static_assert(sizeof(unsigned) == sizeof(uint32_t) &&
                   sizeof(enum one_time_code_type) == sizeof(uint32_t) &&
                   sizeof(enum one_time_code_algorithm) == sizeof(uint32_t),
               "these are read and written as a U32");

/* --- reading ------------------------------------------------------------------------------- */

/* Length, characters, and a NUL, so that it can be used where it is. */
static const char *
read_text(struct wire_reader *r)
{
    struct wire_reader at = *r;
    size_t n = wire_le16(r);
    struct bytes text = wire_take(r, n + 1);

    if (wire_status(r) != WIRE_OK) {
        return NULL;
    }
    if (n > AUTHORITY_MSG_TEXT_MAX || memchr(text.p, 0, n + 1) != text.p + n) {
        wire_fail(&at, n > AUTHORITY_MSG_TEXT_MAX ? WIRE_LIMIT : WIRE_BAD_VALUE);
        *r = at;
        return NULL;
    }
    return (const char *)text.p;
}

static bool
read_flag(struct wire_reader *r)
{
    struct wire_reader at = *r;
    uint8_t flag = wire_u8(r);

    if (flag > 1) {
        wire_fail(&at, WIRE_BAD_VALUE);
        *r = at;
    }
    return flag == 1;
}

static void
read_texts(struct wire_reader *r, struct authority_texts *out)
{
    struct wire_reader begin;
    size_t n = wire_le16(r);

    begin = *r;
    for (size_t i = 0; i < n && wire_status(r) == WIRE_OK; i++) {
        (void)read_text(r);
    }
    if (wire_status(r) == WIRE_OK) {
        out->n = n;
        out->packed = wire_take(&begin, wire_offset(r) - wire_offset(&begin));
    }
}

static void
read_field(struct wire_reader *r, const struct field *f, void *to)
{
    struct authority_numbers *numbers = to;
    struct bytes *blob = to;
    const char **text = to;
    uint64_t *u64 = to;
    uint32_t *u32 = to;
    uint8_t *u8 = to;
    bool *flag = to;

    switch (f->form) {
    case FLAG: *flag = read_flag(r); break;
    case U8: *u8 = wire_u8(r); break;
    case U32: *u32 = wire_le32(r); break;
    case U64: *u64 = wire_le64(r); break;
    case FIXED: wire_copy(r, to, f->n); break;
    case BLOB: *blob = wire_take(r, wire_le16(r)); break;
    case TEXT: *text = read_text(r); break;
    case TEXT_OR_NONE: *text = read_flag(r) ? read_text(r) : NULL; break;
    case TEXTS: read_texts(r, to); break;
    default: numbers->n = wire_le16(r); numbers->packed = wire_take(r, 4 * numbers->n);
    }
}

/* What holds between fields; NULL: nothing is wrong. */
static const char *
mismatch(const struct authority_msg *m)
{
    if (m->identity.user.n % 2 || m->identity.domain.n % 2) {
        return "identity's names";
    }
    if (m->groups.n != m->group_sids.n) {
        return "group_sids";
    }
    return m->group_attributes.n && m->group_attributes.n != m->groups.n ? "group_attributes"
                                                                         : NULL;
}

static enum wire_err
refuse(struct authority_msg *out, enum wire_err err, const char *field, uint32_t at)
{
    authority_msg_wipe(out);
    out->fault.field = field;
    out->fault.at = at;
    return err;
}

enum wire_err
authority_msg_decode(struct authority_msg *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    const char *fault = NULL;

    *out = (struct authority_msg){ 0 };
    if (in.n > AUTHORITY_MSG_BYTES_MAX) {
        return refuse(out, WIRE_LIMIT, "frame", 0);
    }
    out->type = wire_u8(&r);
    out->id = wire_le64(&r);
    if (wire_status(&r) != WIRE_OK) {
        return refuse(out, wire_status(&r), "type", r.err_at);
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
    if (wire_finish(&r) != WIRE_OK) {
        return refuse(out, wire_finish(&r), "end", wire_offset(&r));
    }
    fault = mismatch(out);
    return fault ? refuse(out, WIRE_BAD_VALUE, fault, (uint32_t)in.n) : WIRE_OK;
}

void
authority_msg_wipe(struct authority_msg *m)
{
    secret_wipe(m, sizeof(*m));
}

void
authority_texts_fill(const struct authority_texts *texts, const char **to)
{
    struct wire_reader r = wire_reader_of(texts->packed);

    for (size_t i = 0; i < texts->n; i++) {
        to[i] = read_text(&r);
    }
}

void
authority_numbers_fill(const struct authority_numbers *numbers, uint32_t *to)
{
    struct wire_reader r = wire_reader_of(numbers->packed);

    for (size_t i = 0; i < numbers->n; i++) {
        to[i] = wire_le32(&r);
    }
}

/* --- writing ------------------------------------------------------------------------------- */

static enum wire_err
put_text(struct wire_writer *w, const char *text)
{
    struct bytes b = bytes_of_string(text);

    if (b.n > AUTHORITY_MSG_TEXT_MAX) {
        return WIRE_LIMIT;
    }
    wire_put_le16(w, (uint16_t)b.n);
    wire_put_bytes(w, b);
    wire_put_u8(w, 0);
    return WIRE_OK;
}

static enum wire_err
put_texts(struct wire_writer *w, const struct authority_texts *texts)
{
    enum wire_err err = texts->n > UINT16_MAX ? WIRE_LIMIT : WIRE_OK;

    wire_put_le16(w, (uint16_t)texts->n);
    if (!texts->items) { /* as it was read */
        wire_put_bytes(w, texts->packed);
        return err;
    }
    for (size_t i = 0; err == WIRE_OK && i < texts->n; i++) {
        err = put_text(w, texts->items[i]);
    }
    return err;
}

static enum wire_err
put_numbers(struct wire_writer *w, const struct authority_numbers *numbers)
{
    if (numbers->n > UINT16_MAX) {
        return WIRE_LIMIT;
    }
    wire_put_le16(w, (uint16_t)numbers->n);
    if (!numbers->items) {
        wire_put_bytes(w, numbers->packed);
        return WIRE_OK;
    }
    for (size_t i = 0; i < numbers->n; i++) {
        wire_put_le32(w, numbers->items[i]);
    }
    return WIRE_OK;
}

static enum wire_err
put_blob(struct wire_writer *w, struct bytes blob)
{
    if (blob.n > AUTHORITY_MSG_BLOB_MAX) {
        return WIRE_LIMIT;
    }
    wire_put_le16(w, (uint16_t)blob.n);
    wire_put_bytes(w, blob);
    return WIRE_OK;
}

static enum wire_err
put_field(struct wire_writer *w, const struct field *f, const void *from)
{
    const struct bytes *blob = from;
    const char *const *text = from;
    const uint64_t *u64 = from;
    const uint32_t *u32 = from;
    const uint8_t *u8 = from;
    const bool *flag = from;

    switch (f->form) {
    case FLAG: wire_put_u8(w, *flag); return WIRE_OK;
    case U8: wire_put_u8(w, *u8); return WIRE_OK;
    case U32: wire_put_le32(w, *u32); return WIRE_OK;
    case U64: wire_put_le64(w, *u64); return WIRE_OK;
    case FIXED: wire_put(w, from, f->n); return WIRE_OK;
    case BLOB: return put_blob(w, *blob);
    case TEXT: return put_text(w, *text);
    case TEXT_OR_NONE: wire_put_u8(w, *text != NULL); return *text ? put_text(w, *text) : WIRE_OK;
    case TEXTS: return put_texts(w, from);
    default: return put_numbers(w, from);
    }
}

enum wire_err
authority_msg_encode(struct wire_writer *w, const struct authority_msg *m)
{
    size_t mark = wire_hold_le32(w);
    enum wire_err err = WIRE_OK;

    wire_put_u8(w, m->type);
    wire_put_le64(w, m->id);
    for (const struct field *f = fields[m->type]; f->form != END && err == WIRE_OK; f++) {
        err = put_field(w, f, (const char *)m + f->offset);
    }
    if (err == WIRE_OK && w->len - mark - AUTHORITY_MSG_LENGTH_BYTES > AUTHORITY_MSG_BYTES_MAX) {
        err = WIRE_LIMIT;
    }
    wire_fill_len32(w, mark);
    return err == WIRE_OK ? wire_writer_status(w) : err;
}
