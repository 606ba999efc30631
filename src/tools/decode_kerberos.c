/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: Kerberos, in a frame of GSS-API or bare (RFC 4120 5, RFC 4121 4). */
#include <stdio.h>

#include "base/clock.h"
#include "base/der.h"
#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "tools/decode_kerberos.h"
#include "tools/decode_print.h"

enum {
    TAG_TICKET = DER_APPLICATION_0 + 1,
    TAG_AP_REQ = DER_APPLICATION_0 + 14,
    TAG_AP_REP = DER_APPLICATION_0 + 15,
    TAG_KRB_ERROR = DER_APPLICATION_0 + 30,
    MSG_TGT_REQ = 16,
    MSG_TGT_REP = 17,
};

/* --- tables -------------------------------------------------------------------------------- */

static const struct decode_name message_types[] = {
    { 14, "AP-REQ" }, { 15, "AP-REP" }, { 16, "TGT-REQ" }, { 17, "TGT-REP" }, { 30, "KRB-ERROR" },
};

static const struct decode_name name_types[] = {
    { 0, "KRB_NT_UNKNOWN" },    { 1, "KRB_NT_PRINCIPAL" },       { 2, "KRB_NT_SRV_INST" },
    { 3, "KRB_NT_SRV_HST" },    { 4, "KRB_NT_SRV_XHST" },        { 5, "KRB_NT_UID" },
    { 6, "KRB_NT_X500" },       { 7, "KRB_NT_SMTP_NAME" },       { 10, "KRB_NT_ENTERPRISE" },
    { 11, "KRB_NT_WELLKNOWN" }, { 12, "KRB_NT_SRV_HST_DOMAIN" }, { -128, "KRB_NT_MS_PRINCIPAL" },
};

static const struct decode_name ap_options[] = {
    { KRB_AP_USE_SESSION_KEY, "use-session-key" },
    { KRB_AP_MUTUAL_REQUIRED, "mutual-required" },
};

static const struct decode_name token_ids[] = {
    { GSS_KRB_AP_REQ, "AP-REQ" },   { GSS_KRB_AP_REP, "AP-REP" },   { GSS_KRB_ERROR, "KRB-ERROR" },
    { GSS_KRB_TGT_REQ, "TGT-REQ" }, { GSS_KRB_TGT_REP, "TGT-REP" }, { GSS_RC4_MIC, "MIC" },
    { GSS_RC4_WRAP, "Wrap" },       { 0x0501, "IAKERB-PROXY" },
};

/* --- values -------------------------------------------------------------------------------- */

/* PrincipalName: "HTTP/www.example.test", and its type. */
static void
show_name(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    static const struct decode_field type = {
        0, "name-type", decode_show_integer, name_types, SEC_ARRAY_LEN(name_types), NULL, 0
    };
    const uint8_t *start = value->cur;
    struct wire_reader copy = *value, sequence, field, parts, part;
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    struct krb_name name = { 0 };

    d->depth++;
    if (decode_enter(d, &copy, DER_SEQUENCE, f->name, &sequence) &&
        decode_enter(d, &sequence, DER_CONTEXT_0, f->name, &field)) {
        struct wire_reader type_value = field;

        if (decode_enter(d, &sequence, DER_CONTEXT_0 + 1, f->name, &field) &&
            decode_enter(d, &field, DER_SEQUENCE, f->name, &parts)) {
            while (wire_left(&parts) && name.n < KRB_NAME_PARTS_MAX &&
                   decode_enter(d, &parts, DER_GENERAL_STRING, f->name, &part)) {
                name.parts[name.n++] = wire_rest(&part);
            }
        }
        krb_name_put(&text, &name, (struct bytes){ 0 });
        d->depth--;
        decode_text(d, start, f->name, wire_written(&text), false);
        d->depth++;
        decode_show_integer(d, &type, &type_value);
    }
    d->depth--;
}

static void
show_named(struct decode *d, const struct decode_field *f, struct wire_reader *value,
           const char *(*name_of)(int32_t))
{
    struct wire_reader copy = *value;
    int32_t number = der_take_int32(&copy);
    const struct decode_name name = { number, name_of(number) };
    const struct decode_field named = {
        f->number, f->name, NULL, &name, name.name ? 1 : 0, NULL, 0
    };

    decode_show_integer(d, &named, value);
}

static void
show_enctype(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    show_named(d, f, value, krb_enctype_name);
}

static const struct decode_field encrypted_fields[] = {
    { 0, "etype", show_enctype, NULL, 0, NULL, 0 },
    { 1, "kvno", decode_show_integer, NULL, 0, NULL, 0 },
    { 2, "cipher", decode_show_size, NULL, 0, NULL, 0 },
};

static void show_ticket(struct decode *d, const struct decode_field *f, struct wire_reader *value);

#define ENCRYPTED(number, name)                                        \
    {                                                                  \
        number, name, decode_show_sequence, NULL, 0, encrypted_fields, \
            SEC_ARRAY_LEN(encrypted_fields)                            \
    }
#define PVNO                                             \
    {                                                    \
        0, "pvno", decode_show_integer, NULL, 0, NULL, 0 \
    }
#define MSG_TYPE                                                                                 \
    {                                                                                            \
        1, "msg-type", decode_show_integer, message_types, SEC_ARRAY_LEN(message_types), NULL, 0 \
    }

static const struct decode_field ticket_fields[] = {
    { 0, "tkt-vno", decode_show_integer, NULL, 0, NULL, 0 },
    { 1, "realm", decode_show_string, NULL, 0, NULL, 0 },
    { 2, "sname", show_name, NULL, 0, NULL, 0 },
    ENCRYPTED(3, "enc-part"),
};

static const struct decode_field ap_req_fields[] = {
    PVNO,
    MSG_TYPE,
    { 2, "ap-options", decode_show_flags, ap_options, SEC_ARRAY_LEN(ap_options), NULL, 0 },
    { 3, "ticket", show_ticket, NULL, 0, NULL, 0 },
    ENCRYPTED(4, "authenticator"),
};

static const struct decode_field ap_rep_fields[] = { PVNO, MSG_TYPE, ENCRYPTED(2, "enc-part") };

static void
show_error_code(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    show_named(d, f, value, krb_error_name);
}

static const struct decode_field error_fields[] = {
    PVNO,
    MSG_TYPE,
    { 2, "ctime", decode_show_time, NULL, 0, NULL, 0 },
    { 3, "cusec", decode_show_integer, NULL, 0, NULL, 0 },
    { 4, "stime", decode_show_time, NULL, 0, NULL, 0 },
    { 5, "susec", decode_show_integer, NULL, 0, NULL, 0 },
    { 6, "error-code", show_error_code, NULL, 0, NULL, 0 },
    { 7, "crealm", decode_show_string, NULL, 0, NULL, 0 },
    { 8, "cname", show_name, NULL, 0, NULL, 0 },
    { 9, "realm", decode_show_string, NULL, 0, NULL, 0 },
    { 10, "sname", show_name, NULL, 0, NULL, 0 },
    { 11, "e-text", decode_show_string, NULL, 0, NULL, 0 },
    { 12, "e-data", decode_show_octets, NULL, 0, NULL, 0 },
};

static const struct decode_field tgt_req_fields[] = {
    PVNO,
    MSG_TYPE,
    { 2, "server-name", show_name, NULL, 0, NULL, 0 },
    { 3, "realm", decode_show_string, NULL, 0, NULL, 0 },
};

static const struct decode_field tgt_rep_fields[] = {
    PVNO,
    MSG_TYPE,
    { 2, "ticket", show_ticket, NULL, 0, NULL, 0 },
};

static void
show_ticket(struct decode *d, const struct decode_field *f, struct wire_reader *value)
{
    const uint8_t *start = value->cur;
    struct wire_reader application;

    decode_line(d, start, f->name, "%s", "");
    d->depth++;
    if (decode_enter(d, value, TAG_TICKET, f->name, &application)) {
        decode_sequence(d, &application, ticket_fields, SEC_ARRAY_LEN(ticket_fields));
    }
    d->depth--;
}

/* --- what they tell ------------------------------------------------------------------------ */

static const struct {
    int32_t code;
    enum decode_note note;
} error_notes[] = {
    { KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN, DECODE_NOTE_NO_SPN },
    { KRB_KDC_ERR_ETYPE_NOSUPP, DECODE_NOTE_NO_ENCTYPE },
    { KRB_AP_ERR_BAD_INTEGRITY, DECODE_NOTE_OTHER_KEY },
    { KRB_AP_ERR_TKT_EXPIRED, DECODE_NOTE_EXPIRED },
    { KRB_AP_ERR_TKT_NYV, DECODE_NOTE_NOT_YET },
    { KRB_AP_ERR_REPEAT, DECODE_NOTE_REPLAY },
    { KRB_AP_ERR_NOT_US, DECODE_NOTE_NOT_US },
    { KRB_AP_ERR_SKEW, DECODE_NOTE_SKEW },
    { KRB_AP_ERR_MODIFIED, DECODE_NOTE_OTHER_KEY },
    { KRB_AP_ERR_BADKEYVER, DECODE_NOTE_KEY_VERSION },
    { KRB_AP_ERR_NOKEY, DECODE_NOTE_NO_KEY },
    { KRB_AP_ERR_USER_TO_USER_REQUIRED, DECODE_NOTE_USER_TO_USER },
};

void
decode_note_error(struct decode *d, int32_t code)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(error_notes); i++) {
        if (error_notes[i].code == code) {
            decode_note(d, error_notes[i].note);
        }
    }
}

static void
note_ticket(struct decode *d, const struct krb_ticket *ticket)
{
    if (ticket->enc.enctype == 23) {
        decode_note(d, DECODE_NOTE_RC4_TICKET);
    }
}

/* --- messages ------------------------------------------------------------------------------ */

/* The codec's word on the message, and what follows from it. */
static void
judge_ap_req(struct decode *d, struct bytes in)
{
    struct krb_ap_req req;
    enum wire_err err = krb_ap_req_decode(&req, in);

    decode_verdict(d, in, err, req.fault.field, req.fault.at);
    if (err == WIRE_OK) {
        note_ticket(d, &req.ticket);
        decode_opened(d, &req);
    }
}

static void
judge_ap_rep(struct decode *d, struct bytes in)
{
    struct krb_ap_rep rep;
    enum wire_err err = krb_ap_rep_decode(&rep, in);

    decode_verdict(d, in, err, rep.fault.field, rep.fault.at);
}

static void
show_skew(struct decode *d, const struct krb_error *m)
{
    int64_t ahead = (int64_t)(m->stime_100ns - m->ctime_100ns) / (int64_t)CLOCK_SECOND_100NS;

    if (m->ctime_100ns) {
        decode_line(d, NULL, "clocks", "the server's is %lld s %s the client's",
                    (long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of");
    }
}

static void
judge_error(struct decode *d, struct bytes in)
{
    struct krb_error error;
    enum wire_err err = krb_error_decode(&error, in);

    decode_verdict(d, in, err, error.fault.field, error.fault.at);
    if (err == WIRE_OK) {
        show_skew(d, &error);
        decode_note_error(d, error.code);
    }
}

static void
judge_tgt_req(struct decode *d, struct bytes in)
{
    struct krb_tgt_req req;
    enum wire_err err = krb_tgt_req_decode(&req, in);

    decode_verdict(d, in, err, req.fault.field, req.fault.at);
}

static void
judge_tgt_rep(struct decode *d, struct bytes in)
{
    struct krb_tgt_rep rep;
    enum wire_err err = krb_tgt_rep_decode(&rep, in);

    decode_verdict(d, in, err, rep.fault.field, rep.fault.at);
}

struct message {
    const char *name;
    uint8_t tag; /* 0: none */
    void (*judge)(struct decode *d, struct bytes in);
    const struct decode_field *fields;
    size_t n_fields;
};

#define MESSAGE(name, tag, judge, fields)               \
    {                                                   \
        name, tag, judge, fields, SEC_ARRAY_LEN(fields) \
    }

static const struct message ap_req = MESSAGE("AP-REQ", TAG_AP_REQ, judge_ap_req, ap_req_fields);
static const struct message ap_rep = MESSAGE("AP-REP", TAG_AP_REP, judge_ap_rep, ap_rep_fields);
static const struct message krb_error =
    MESSAGE("KRB-ERROR", TAG_KRB_ERROR, judge_error, error_fields);
static const struct message tgt_req = MESSAGE("TGT-REQ", 0, judge_tgt_req, tgt_req_fields);
static const struct message tgt_rep = MESSAGE("TGT-REP", 0, judge_tgt_rep, tgt_rep_fields);

static void
show_message(struct decode *d, struct bytes in, const struct message *m)
{
    struct wire_reader r = wire_reader_of(in), application;

    if (!m->tag) {
        decode_sequence(d, &r, m->fields, m->n_fields);
    } else if (decode_enter(d, &r, m->tag, m->name, &application)) {
        decode_sequence(d, &application, m->fields, m->n_fields);
    }
}

static const struct message *
message_of(uint16_t id)
{
    switch (id) {
    case GSS_KRB_AP_REQ: return &ap_req;
    case GSS_KRB_AP_REP: return &ap_rep;
    case GSS_KRB_ERROR: return &krb_error;
    case GSS_KRB_TGT_REQ: return &tgt_req;
    case GSS_KRB_TGT_REP: return &tgt_rep;
    default: return NULL;
    }
}

/* A message without a frame, by its tag; TGT-REQ and TGT-REP, which have none, by their type, be
 * they cut or not. NULL: it is none. */
static const struct message *
message_of_bare(struct bytes in)
{
    struct wire_reader r = wire_reader_of(in), field;
    size_t n;

    switch (der_peek(&r)) {
    case TAG_AP_REQ: return &ap_req;
    case TAG_AP_REP: return &ap_rep;
    case TAG_KRB_ERROR: return &krb_error;
    default: break;
    }
    (void)der_take_header(&r, DER_SEQUENCE, &n);
    (void)der_take_whole(&r, DER_CONTEXT_0);
    field = der_enter(&r, DER_CONTEXT_0 + 1);
    switch (der_take_int32(&field)) {
    case MSG_TGT_REQ: return &tgt_req;
    case MSG_TGT_REP: return &tgt_rep;
    default: return NULL;
    }
}

bool
decode_is_kerberos(struct bytes in)
{
    return message_of_bare(in) != NULL;
}

static void
decode_bare(struct decode *d, struct bytes in)
{
    const struct message *m = message_of_bare(in);

    decode_title(d, "Kerberos %s without a frame, %zu bytes", m->name, in.n);
    (void)decode_der_cut(d, in);
    show_message(d, in, m);
    m->judge(d, in);
}

static bool
is_rc4(struct bytes in)
{
    struct gss_rc4_token t;

    return gss_rc4_token_decode(&t, in) == WIRE_OK;
}

static void
decode_rc4(struct decode *d, struct bytes in)
{
    struct gss_rc4_token t;

    if (gss_rc4_token_decode(&t, in) != WIRE_OK) {
        if (!d->cut) {
            decode_broken(d, "a token of rc4-hmac (RFC 4757 7) that is malformed");
        }
        return;
    }
    decode_line(d, t.header + 2, "SGN_ALG", "0x1100 (HMAC)");
    decode_line(d, t.header + 4, "SEAL_ALG", "0x%04x (%s)", t.seal,
                t.seal == GSS_RC4_SEAL_RC4 ? "RC4" : "none");
    decode_hex(d, t.sequence, "SND_SEQ", bytes_of(t.sequence, 8));
    decode_hex(d, t.checksum, "SGN_CKSUM", bytes_of(t.checksum, 8));
    if (t.confounder) {
        decode_hex(d, t.confounder, "Confounder", bytes_of(t.confounder, 8));
    }
    if (t.confounder) {
        decode_line(d, NULL, "data", "%zu bytes here, %zu by the frame", in.n - t.bytes, t.framed);
    }
    if (in.n > t.bytes && in.n - t.bytes < t.framed) {
        decode_cut(d, t.bytes + t.framed, in.n);
    }
}

/* What the frame holds, as far as it is there. *id 0: not even a TOK_ID. */
static const struct message *
show_frame(struct decode *d, struct wire_reader *token, uint16_t *id)
{
    const struct message *m;
    const uint8_t *start;
    const char *name;

    decode_show_oid(d, &(struct decode_field){ .name = "thisMech" }, token);
    *id = 0;
    if (wire_left(token) < sizeof(*id)) {
        return NULL;
    }
    start = token->cur;
    *id = wire_be16(token);
    name = decode_name_of(token_ids, SEC_ARRAY_LEN(token_ids), *id);
    decode_line(d, start, "TOK_ID", "0x%04x (%s)", *id, name ? name : "unknown");
    m = message_of(*id);
    if (m) {
        show_message(d, wire_rest(token), m);
    }
    return m;
}

void
decode_kerberos(struct decode *d, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in), token;
    const struct message *m;
    struct gss_krb_token t;
    enum wire_err err;
    uint16_t id;

    if (in.p[0] != DER_APPLICATION_0) {
        decode_bare(d, in);
        return;
    }
    decode_title(d, "Kerberos in GSS-API, %zu bytes", in.n);
    if (!decode_enter(d, &r, DER_APPLICATION_0, "token", &token)) {
        return;
    }
    if (!is_rc4(in)) { /* the data of one may lie elsewhere: its frame is not cut */
        (void)decode_der_cut(d, in);
    }
    m = show_frame(d, &token, &id);
    if (id == GSS_RC4_MIC || id == GSS_RC4_WRAP) {
        decode_rc4(d, in);
        return;
    }
    err = gss_krb_token_decode(&t, in);
    decode_verdict(d, in, err, t.fault.field, t.fault.at);
    if (err == WIRE_OK && m) {
        m->judge(d, t.body);
    } else if (err == WIRE_OK && !decode_name_of(token_ids, SEC_ARRAY_LEN(token_ids), id)) {
        decode_broken(d, "TOK_ID 0x%04x is no message of Kerberos", id);
    }
}

/* --- per-message tokens of RFC 4121 -------------------------------------------------------- */

static const struct decode_name cfx_flags[] = {
    { GSS_CFX_BY_ACCEPTOR, "SentByAcceptor" },
    { GSS_CFX_SEALED, "Sealed" },
    { GSS_CFX_ACCEPTOR_SUBKEY, "AcceptorSubkey" },
};

void
decode_cfx(struct decode *d, struct bytes in)
{
    bool mic = in.p[0] == 0x04;
    struct gss_cfx_header h;
    enum wire_err err = gss_cfx_header_decode(&h, in);

    decode_title(d, "Kerberos %s (RFC 4121), %zu bytes", mic ? "MIC" : "Wrap", in.n);
    if (in.n < GSS_CFX_HEADER_BYTES) {
        decode_cut(d, GSS_CFX_HEADER_BYTES, in.n);
        return;
    }
    decode_line(d, in.p, "TOK_ID", "0x%04x (%s)", mic ? GSS_CFX_MIC : GSS_CFX_WRAP,
                mic ? "MIC" : "Wrap");
    decode_flags(d, in.p + 2, "Flags", in.p[2], cfx_flags, SEC_ARRAY_LEN(cfx_flags));
    if (err != WIRE_OK) {
        decode_broken(d, "a filler is not 0xff");
        return;
    }
    if (!mic) {
        decode_line(d, in.p + 4, "EC", "%u", h.ec);
        decode_line(d, in.p + 6, "RRC", "%u", h.rrc);
    }
    decode_line(d, in.p + 8, "SND_SEQ", "%llu", (unsigned long long)h.sequence);
    decode_line(d, NULL, mic ? "SGN_CKSUM" : "data", "%zu bytes", in.n - GSS_CFX_HEADER_BYTES);
}
