/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos' messages as they go over the wire: RFC 4120 5.3 (Ticket), 5.5 (AP-REQ, AP-REP), 5.9.1
 * (KRB-ERROR), draft-ietf-cat-user2user (TGT-REQ, TGT-REP). */
#include "base/der.h"
#include "codec/krb_fields.h"

#include "codec/krb_msg.h"

/* RFC 4120 5.10, and the draft's two. */
enum {
    TICKET = DER_APPLICATION_0 + 1,
    AP_REQ = DER_APPLICATION_0 + 14,
    AP_REP = DER_APPLICATION_0 + 15,
    KRB_ERROR = DER_APPLICATION_0 + 30,
    MSG_AP_REQ = 14,
    MSG_AP_REP = 15,
    MSG_TGT_REQ = 16,
    MSG_TGT_REP = 17,
    MSG_ERROR = 30,
};

static void
read_version_and_type(struct krb_fields *f, int32_t type)
{
    krb_fields_constant(f, 0, "pvno", KRB_PVNO);
    krb_fields_constant(f, 1, "msg-type", type);
}

static void
put_version_and_type(struct wire_writer *w, int32_t type)
{
    krb_fields_put_int32(w, 0, KRB_PVNO);
    krb_fields_put_int32(w, 1, type);
}

/* --- Ticket -------------------------------------------------------------------------------- */

static void
read_ticket(struct wire_reader *r, struct krb_ticket *out)
{
    struct wire_reader start = *r;
    struct krb_fields f;

    *out = (struct krb_ticket){ 0 };
    f = krb_fields_enter(r, TICKET, &out->fault, "ticket");
    krb_fields_constant(&f, 0, "tkt-vno", KRB_PVNO);
    out->realm = krb_fields_string(&f, 1, "ticket realm");
    krb_fields_name(&f, 2, "ticket sname", false, &out->sname);
    krb_fields_encrypted(&f, 3, "ticket enc-part", &out->enc);
    krb_fields_leave(&f, r, "ticket");
    if (wire_status(r) == WIRE_OK) {
        out->whole = der_take_whole(&start, TICKET);
    }
}

enum wire_err
krb_ticket_decode(struct krb_ticket *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);

    read_ticket(&r, out);
    if (wire_status(&r) == WIRE_OK && wire_left(&r)) {
        wire_fail(&r, WIRE_TRAILING);
        out->fault = (struct krb_fault){ "ticket", r.err_at };
    }
    return wire_status(&r);
}

void
krb_ticket_encode(struct wire_writer *w, const struct krb_ticket *t)
{
    size_t application = der_open(w, TICKET);
    size_t sequence = der_open(w, DER_SEQUENCE);

    krb_fields_put_int32(w, 0, KRB_PVNO);
    krb_fields_put_string(w, 1, t->realm);
    krb_fields_put_name(w, 2, &t->sname);
    krb_fields_put_encrypted(w, 3, &t->enc);
    der_close(w, sequence);
    der_close(w, application);
}

static void
take_ticket(struct krb_fields *f, unsigned number, struct krb_ticket *out)
{
    struct wire_reader field = krb_fields_begin(f, number);

    read_ticket(&field, out);
    if (out->fault.field && !f->fault->field && wire_status(&f->sequence) == WIRE_OK) {
        *f->fault = out->fault;
    }
    krb_fields_end(f, &field, "ticket");
}

/* --- AP-REQ, AP-REP ------------------------------------------------------------------------ */

enum wire_err
krb_ap_req_decode(struct krb_ap_req *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_ap_req){ 0 };
    f = krb_fields_enter(&r, AP_REQ, &out->fault, "AP-REQ");
    read_version_and_type(&f, MSG_AP_REQ);
    out->options = krb_fields_flags(&f, 2, "ap-options");
    take_ticket(&f, 3, &out->ticket);
    krb_fields_encrypted(&f, 4, "authenticator", &out->authenticator);
    return krb_fields_finish(&f, &r, "AP-REQ", false);
}

void
krb_ap_req_encode(struct wire_writer *w, const struct krb_ap_req *m)
{
    size_t application = der_open(w, AP_REQ);
    size_t sequence = der_open(w, DER_SEQUENCE);

    put_version_and_type(w, MSG_AP_REQ);
    krb_fields_put_flags(w, 2, m->options);
    krb_fields_put_whole(w, 3, m->ticket.whole);
    krb_fields_put_encrypted(w, 4, &m->authenticator);
    der_close(w, sequence);
    der_close(w, application);
}

enum wire_err
krb_ap_rep_decode(struct krb_ap_rep *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_ap_rep){ 0 };
    f = krb_fields_enter(&r, AP_REP, &out->fault, "AP-REP");
    read_version_and_type(&f, MSG_AP_REP);
    krb_fields_encrypted(&f, 2, "enc-part", &out->enc);
    return krb_fields_finish(&f, &r, "AP-REP", false);
}

void
krb_ap_rep_encode(struct wire_writer *w, const struct krb_ap_rep *m)
{
    size_t application = der_open(w, AP_REP);
    size_t sequence = der_open(w, DER_SEQUENCE);

    put_version_and_type(w, MSG_AP_REP);
    krb_fields_put_encrypted(w, 2, &m->enc);
    der_close(w, sequence);
    der_close(w, application);
}

/* --- KRB-ERROR ----------------------------------------------------------------------------- */

enum wire_err
krb_error_decode(struct krb_error *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_error){ 0 };
    f = krb_fields_enter(&r, KRB_ERROR, &out->fault, "KRB-ERROR");
    read_version_and_type(&f, MSG_ERROR);
    if (krb_fields_has(&f, 2)) {
        out->ctime_100ns = krb_fields_time(&f, 2, "ctime");
    }
    if (krb_fields_has(&f, 3)) { /* MIT leaves one that is 0 out, and may send it without a ctime */
        uint64_t micros_100ns = krb_fields_micros(&f, 3, "cusec");

        out->ctime_100ns += out->ctime_100ns ? micros_100ns : 0;
    }
    out->stime_100ns = krb_fields_time(&f, 4, "stime");
    out->stime_100ns += krb_fields_micros(&f, 5, "susec");
    out->code = krb_fields_int32(&f, 6, "error-code");
    if (krb_fields_has(&f, 7)) {
        out->crealm = krb_fields_string(&f, 7, "crealm");
    }
    if (krb_fields_has(&f, 8)) {
        krb_fields_name(&f, 8, "cname", true, &out->cname);
    }
    out->realm = krb_fields_string(&f, 9, "realm");
    krb_fields_name(&f, 10, "sname", true, &out->sname);
    if (krb_fields_has(&f, 11)) { /* MIT of old counts the NUL behind it in */
        struct wire_reader field = krb_fields_begin(&f, 11);

        out->text = der_take(&field, DER_GENERAL_STRING);
        krb_fields_end(&f, &field, "e-text");
    }
    if (krb_fields_has(&f, 12)) {
        out->data = krb_fields_octets(&f, 12, "e-data");
    }
    return krb_fields_finish(&f, &r, "KRB-ERROR", false);
}

void
krb_error_encode(struct wire_writer *w, const struct krb_error *m)
{
    size_t application = der_open(w, KRB_ERROR);
    size_t sequence = der_open(w, DER_SEQUENCE);

    put_version_and_type(w, MSG_ERROR);
    if (m->ctime_100ns) {
        krb_fields_put_time(w, 2, m->ctime_100ns);
        krb_fields_put_micros(w, 3, m->ctime_100ns);
    }
    krb_fields_put_time(w, 4, m->stime_100ns);
    krb_fields_put_micros(w, 5, m->stime_100ns);
    krb_fields_put_int32(w, 6, m->code);
    if (m->crealm.p) {
        krb_fields_put_string(w, 7, m->crealm);
    }
    if (m->cname.n) {
        krb_fields_put_name(w, 8, &m->cname);
    }
    krb_fields_put_string(w, 9, m->realm);
    krb_fields_put_name(w, 10, &m->sname);
    if (m->text.p) {
        krb_fields_put_string(w, 11, m->text);
    }
    if (m->data.p) {
        krb_fields_put_octets(w, 12, m->data);
    }
    der_close(w, sequence);
    der_close(w, application);
}

/* --- TGT-REQ, TGT-REP ---------------------------------------------------------------------- */

enum wire_err
krb_tgt_req_decode(struct krb_tgt_req *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_tgt_req){ 0 };
    f = krb_fields_enter(&r, 0, &out->fault, "TGT-REQ");
    read_version_and_type(&f, MSG_TGT_REQ);
    if (krb_fields_has(&f, 2)) {
        krb_fields_name(&f, 2, "server-name", true, &out->server);
    }
    if (krb_fields_has(&f, 3)) {
        out->realm = krb_fields_string(&f, 3, "realm");
    }
    return krb_fields_finish(&f, &r, "TGT-REQ", false);
}

void
krb_tgt_req_encode(struct wire_writer *w, const struct krb_tgt_req *m)
{
    size_t sequence = der_open(w, DER_SEQUENCE);

    put_version_and_type(w, MSG_TGT_REQ);
    if (m->server.n) {
        krb_fields_put_name(w, 2, &m->server);
    }
    if (m->realm.p) {
        krb_fields_put_string(w, 3, m->realm);
    }
    der_close(w, sequence);
}

enum wire_err
krb_tgt_rep_decode(struct krb_tgt_rep *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_tgt_rep){ 0 };
    f = krb_fields_enter(&r, 0, &out->fault, "TGT-REP");
    read_version_and_type(&f, MSG_TGT_REP);
    take_ticket(&f, 2, &out->ticket);
    return krb_fields_finish(&f, &r, "TGT-REP", false);
}

void
krb_tgt_rep_encode(struct wire_writer *w, const struct krb_tgt_rep *m)
{
    size_t sequence = der_open(w, DER_SEQUENCE);

    put_version_and_type(w, MSG_TGT_REP);
    krb_fields_put_whole(w, 2, m->ticket.whole);
    der_close(w, sequence);
}
