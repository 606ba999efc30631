/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between rasd and ras-module-host: docs/INTERFACES.md. Each type has some of the
 * fields, and those it has stand in one order. */
#include "ras/host_msg.h"

enum field {
    CALL = 1 << 0,
    REQUEST = 1 << 1,
    VERSION = 1 << 2,
    ERROR = 1 << 3,
    OUTCOME = 1 << 4,
    SEND_SIZE = 1 << 5,
    SIZE = 1 << 6,
    SECONDS = 1 << 7,
    TEXT = 1 << 8,
    USER = 1 << 9,
    DOMAIN = 1 << 10,
    DATA = 1 << 11, /* to the end of the frame */
};

struct layout {
    unsigned fields;
    size_t text_max, data_min, data_max;
};

static const struct layout layouts[] = {
    [HOST_MSG_HELLO] = { VERSION | TEXT, .text_max = HOST_MSG_TEXT_MAX },
    [HOST_MSG_BEGIN] = { CALL | SEND_SIZE | SIZE | TEXT, .text_max = HOST_MSG_DEVICE_MAX },
    [HOST_MSG_RECEIVED] = { CALL | ERROR | DATA, .data_max = HOST_MSG_DATA_MAX },
    [HOST_MSG_END] = { CALL },
    [HOST_MSG_FORGET] = { CALL },
    [HOST_MSG_OTP_RESULT] = { CALL | REQUEST | ERROR },
    [HOST_MSG_STOP] = { 0 },
    [HOST_MSG_READY] = { VERSION | ERROR | TEXT, .text_max = HOST_MSG_TEXT_MAX },
    [HOST_MSG_BEGUN] = { CALL | ERROR },
    [HOST_MSG_SEND] = { CALL | DATA, .data_min = 1, .data_max = HOST_MSG_DATA_MAX },
    [HOST_MSG_RECEIVE] = { CALL | SIZE | SECONDS },
    [HOST_MSG_COMPLETE] = { CALL | ERROR | OUTCOME | USER | DOMAIN },
    [HOST_MSG_ENDED] = { CALL | ERROR },
    [HOST_MSG_OTP_CHECK] = { CALL | REQUEST | USER | DOMAIN | DATA, .data_min = 1,
                             .data_max = HOST_MSG_CODE_MAX },
};

static bool
is_known(uint8_t type)
{
    return type == HOST_MSG_STOP || (type < SEC_ARRAY_LEN(layouts) && layouts[type].fields);
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
    struct wire_reader r;
    struct host_msg *out;
    unsigned fields;
};

static void
note(struct reading *in, const char *field)
{
    if (wire_status(&in->r) != WIRE_OK && !in->out->fault.field) {
        in->out->fault.field = field;
        in->out->fault.at = in->r.err_at;
    }
}

static void
read_number(struct reading *in, unsigned field, uint32_t *to, const char *name)
{
    if (in->fields & field) {
        *to = wire_le32(&in->r);
        note(in, name);
    }
}

static void
read_call(struct reading *in)
{
    if (in->fields & CALL) {
        struct wire_reader at = in->r;

        in->out->call = wire_le64(&in->r);
        if (wire_status(&in->r) == WIRE_OK && in->out->call == 0) {
            wire_fail(&at, WIRE_BAD_VALUE);
            in->r = at;
        }
        note(in, "call");
    }
}

static void
read_text(struct reading *in, unsigned field, size_t max, struct bytes *to, const char *name)
{
    struct wire_reader at = in->r;

    if (in->fields & field) {
        *to = wire_take(&in->r, wire_le16(&in->r));
        if (to->n > max || (to->n && memchr(to->p, 0, to->n))) {
            wire_fail(&at, to->n > max ? WIRE_LIMIT : WIRE_BAD_VALUE);
            in->r = at;
        }
        note(in, name);
    }
}

/* An error brings no data. */
static void
read_data(struct reading *in, const struct layout *layout)
{
    struct wire_reader at = in->r;

    if (in->fields & DATA) {
        size_t max = in->out->error ? 0 : layout->data_max;

        in->out->data = wire_rest(&in->r);
        if (in->out->data.n < layout->data_min || in->out->data.n > max) {
            wire_fail(&at, in->out->data.n < layout->data_min ? WIRE_SHORT : WIRE_LIMIT);
            in->r = at;
        }
        note(in, "data");
    }
}

static enum wire_err
refuse(struct host_msg *out, enum wire_err err)
{
    *out = (struct host_msg){ .fault = out->fault };
    return err;
}

enum wire_err
host_msg_decode(struct host_msg *out, struct bytes in)
{
    struct reading x = { .r = wire_reader_of(in), .out = out };
    enum wire_err err;

    *out = (struct host_msg){ 0 };
    if (in.n > HOST_MSG_BYTES_MAX) {
        out->fault.field = "frame";
        return refuse(out, WIRE_LIMIT);
    }
    out->type = wire_u8(&x.r);
    if (wire_status(&x.r) == WIRE_OK && !is_known(out->type)) {
        out->fault.field = "type";
        return refuse(out, WIRE_BAD_VALUE);
    }
    note(&x, "type");
    x.fields = layouts[out->type].fields;
    read_call(&x);
    read_number(&x, REQUEST, &out->request, "request");
    read_number(&x, VERSION, &out->version, "version");
    read_number(&x, ERROR, &out->error, "error");
    read_number(&x, OUTCOME, &out->outcome, "outcome");
    read_number(&x, SEND_SIZE, &out->send_size, "send_size");
    read_number(&x, SIZE, &out->size, "size");
    read_number(&x, SECONDS, &out->seconds, "seconds");
    read_text(&x, TEXT, layouts[out->type].text_max, &out->text, "text");
    read_text(&x, USER, HOST_MSG_NAME_MAX, &out->user, "user");
    read_text(&x, DOMAIN, HOST_MSG_DOMAIN_MAX, &out->domain, "domain");
    read_data(&x, &layouts[out->type]);
    err = wire_finish(&x.r);
    if (err != WIRE_OK && !out->fault.field) {
        out->fault.field = "end";
        out->fault.at = wire_offset(&x.r);
    }
    return err == WIRE_OK ? err : refuse(out, err);
}

/* --- writing ------------------------------------------------------------------------------- */

static void
put_number(struct wire_writer *w, unsigned has, uint32_t value)
{
    if (has) {
        wire_put_le32(w, value);
    }
}

static void
put_text(struct wire_writer *w, unsigned has, struct bytes text)
{
    if (has) {
        wire_put_le16(w, (uint16_t)text.n);
        wire_put_bytes(w, text);
    }
}

void
host_msg_encode(struct wire_writer *w, const struct host_msg *m)
{
    unsigned fields = layouts[m->type].fields;
    size_t mark = wire_hold_le32(w);

    wire_put_u8(w, m->type);
    if (fields & CALL) {
        wire_put_le64(w, m->call);
    }
    put_number(w, fields & REQUEST, m->request);
    put_number(w, fields & VERSION, m->version);
    put_number(w, fields & ERROR, m->error);
    put_number(w, fields & OUTCOME, m->outcome);
    put_number(w, fields & SEND_SIZE, m->send_size);
    put_number(w, fields & SIZE, m->size);
    put_number(w, fields & SECONDS, m->seconds);
    put_text(w, fields & TEXT, m->text);
    put_text(w, fields & USER, m->user);
    put_text(w, fields & DOMAIN, m->domain);
    if (fields & DATA) {
        wire_put_bytes(w, m->data);
    }
    wire_fill_len32(w, mark);
}
