/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between sspid and opensspi-execd: docs/INTERFACES.md. Each type has some of the
 * fields, and those it has stand in the order of this table. */
#include "execd/exec_msg.h"

enum kind { NUMBER, SHORT, FLAG, TEXT, CREDENTIALS };

struct field {
    uint8_t type;
    enum kind kind;
    const char *name;
    size_t at;
    size_t min, max; /* of a number; of a text's or the credentials' bytes */
};

#define FIELD(type, kind, member, min, max)                              \
    {                                                                    \
        type, kind, #member, offsetof(struct exec_msg, member), min, max \
    }

static const struct field fields[] = {
    FIELD(EXEC_MSG_START, NUMBER, version, 0, UINT32_MAX),
    FIELD(EXEC_MSG_START, SHORT, port, 0, UINT16_MAX),
    FIELD(EXEC_MSG_START, TEXT, command, 1, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, TEXT, user, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, TEXT, domain, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, TEXT, unix_user, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, TEXT, sid, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, TEXT, package, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, TEXT, address, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, TEXT, assertion, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_START, CREDENTIALS, credentials, 0, EXEC_MSG_CREDENTIALS_MAX),
    FIELD(EXEC_MSG_STARTED, NUMBER, version, 0, UINT32_MAX),
    FIELD(EXEC_MSG_STARTED, NUMBER, process, 1, INT32_MAX),
    FIELD(EXEC_MSG_STARTED, NUMBER, descriptors, EXEC_MSG_DESCRIPTORS - 1, EXEC_MSG_DESCRIPTORS),
    FIELD(EXEC_MSG_REFUSED, NUMBER, refusal, EXEC_MSG_NO_COMMAND, EXEC_MSG_FAILED),
    FIELD(EXEC_MSG_REFUSED, TEXT, reason, 0, EXEC_MSG_TEXT_MAX),
    FIELD(EXEC_MSG_EXITED, FLAG, signaled, 0, 1),
    FIELD(EXEC_MSG_EXITED, NUMBER, status, 0, UINT8_MAX),
};

static bool
is_known(uint8_t type)
{
    return type == EXEC_MSG_START || (type >= EXEC_MSG_STARTED && type <= EXEC_MSG_EXITED);
}

const char *
exec_msg_refusal_name(uint32_t refusal)
{
    static const char *const names[] = {
        [EXEC_MSG_NO_COMMAND] = "no-command",       [EXEC_MSG_NO_ACCOUNT] = "no-account",
        [EXEC_MSG_NOT_PERMITTED] = "not-permitted", [EXEC_MSG_NOT_PROVEN] = "not-proven",
        [EXEC_MSG_TOO_MANY] = "too-many",           [EXEC_MSG_FAILED] = "failed",
    };

    return refusal < SEC_ARRAY_LEN(names) && names[refusal] ? names[refusal] : "unknown";
}

/* --- reading ------------------------------------------------------------------------------- */

static enum wire_err
check_bytes(const struct field *f, struct bytes b)
{
    if (b.n > f->max) {
        return WIRE_LIMIT;
    }
    return b.n < f->min || (f->kind == TEXT && b.n && memchr(b.p, 0, b.n)) ? WIRE_BAD_VALUE
                                                                           : WIRE_OK;
}

static uint32_t
read_number(struct wire_reader *r, const struct field *f, void *at)
{
    uint32_t *number = at;
    uint16_t *half = at;
    uint8_t *flag = at;

    switch (f->kind) {
    case NUMBER: return *number = wire_le32(r);
    case SHORT: return *half = wire_le16(r);
    default: return *flag = wire_u8(r);
    }
}

static void
read_field(struct wire_reader *r, const struct field *f, struct exec_msg *out)
{
    struct wire_reader before = *r;
    void *at = (char *)out + f->at;
    enum wire_err err;

    if (f->kind == TEXT || f->kind == CREDENTIALS) {
        struct bytes *b = at;

        *b = f->kind == TEXT ? wire_take(r, wire_le16(r)) : wire_take_counted(r);
        err = check_bytes(f, *b);
    } else {
        uint32_t number = read_number(r, f, at);

        err = number < f->min || number > f->max ? WIRE_BAD_VALUE : WIRE_OK;
    }
    if (wire_status(r) == WIRE_OK && err != WIRE_OK) {
        wire_fail(&before, err);
        *r = before;
    }
    if (wire_status(r) != WIRE_OK && !out->fault.field) {
        out->fault.field = f->name;
        out->fault.at = r->err_at;
    }
}

static enum wire_err
refuse(struct exec_msg *out, enum wire_err err)
{
    *out = (struct exec_msg){ .fault = out->fault };
    return err;
}

enum wire_err
exec_msg_decode(struct exec_msg *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    enum wire_err err;

    *out = (struct exec_msg){ .fault = { .field = "type" } };
    if (in.n > EXEC_MSG_BYTES_MAX) {
        out->fault.field = "frame";
        return refuse(out, WIRE_LIMIT);
    }
    out->type = wire_u8(&r);
    if (wire_status(&r) != WIRE_OK || !is_known(out->type)) {
        return refuse(out, wire_status(&r) != WIRE_OK ? wire_status(&r) : WIRE_BAD_VALUE);
    }
    out->fault.field = NULL;
    for (size_t i = 0; i < SEC_ARRAY_LEN(fields); i++) {
        if (fields[i].type == out->type) {
            read_field(&r, &fields[i], out);
        }
    }
    err = wire_finish(&r);
    if (err != WIRE_OK && !out->fault.field) {
        out->fault.field = "end";
        out->fault.at = wire_offset(&r);
    }
    return err == WIRE_OK ? err : refuse(out, err);
}

/* --- writing ------------------------------------------------------------------------------- */

static bool
put_field(struct wire_writer *w, const struct field *f, const struct exec_msg *m)
{
    const void *at = (const char *)m + f->at;
    const struct bytes *b = at;
    const uint32_t *number = at;
    const uint16_t *half = at;
    const uint8_t *flag = at;

    switch (f->kind) {
    case NUMBER: wire_put_le32(w, *number); return true;
    case SHORT: wire_put_le16(w, *half); return true;
    case FLAG: wire_put_u8(w, *flag); return true;
    default: break;
    }
    if (check_bytes(f, *b) != WIRE_OK) {
        return false;
    }
    if (f->kind == TEXT) {
        wire_put_le16(w, (uint16_t)b->n);
        wire_put_bytes(w, *b);
    } else {
        wire_put_counted(w, *b);
    }
    return true;
}

bool
exec_msg_encode(struct wire_writer *w, const struct exec_msg *m)
{
    size_t mark = wire_hold_le32(w);
    bool good = true;

    wire_put_u8(w, m->type);
    for (size_t i = 0; i < SEC_ARRAY_LEN(fields); i++) {
        if (fields[i].type == m->type) {
            good = good && put_field(w, &fields[i], m);
        }
    }
    wire_fill_len32(w, mark);
    return good && wire_writer_status(w) == WIRE_OK;
}
