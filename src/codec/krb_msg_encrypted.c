/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of Kerberos' messages that are encrypted, once they are decrypted: RFC 4120 5.3
 * (EncTicketPart), 5.5.1 (Authenticator), 5.5.2 (EncAPRepPart). */
#include "base/der.h"
#include "codec/krb_fields.h"

#include "codec/krb_msg.h"

/* RFC 4120 5.10. */
enum {
    AUTHENTICATOR = DER_APPLICATION_0 + 2,
    ENC_TICKET_PART = DER_APPLICATION_0 + 3,
    ENC_AP_REP_PART = DER_APPLICATION_0 + 27,
};

/* --- EncTicketPart ------------------------------------------------------------------------- */

enum wire_err
krb_enc_ticket_decode(struct krb_enc_ticket *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_enc_ticket){ 0 };
    f = krb_fields_enter(&r, ENC_TICKET_PART, &out->fault, "EncTicketPart");
    out->flags = krb_fields_flags(&f, 0, "flags");
    krb_fields_key(&f, 1, "key", &out->key);
    out->crealm = krb_fields_string(&f, 2, "crealm");
    krb_fields_name(&f, 3, "cname", false, &out->cname);
    krb_fields_typed(&f, 4, "transited", 0, &out->transited_type, &out->transited);
    out->authtime_100ns = krb_fields_time(&f, 5, "authtime");
    if (krb_fields_has(&f, 6)) {
        out->starttime_100ns = krb_fields_time(&f, 6, "starttime");
    }
    out->endtime_100ns = krb_fields_time(&f, 7, "endtime");
    if (krb_fields_has(&f, 8)) {
        out->renew_till_100ns = krb_fields_time(&f, 8, "renew-till");
    }
    if (krb_fields_has(&f, 9)) {
        out->addresses = krb_fields_whole(&f, 9, "caddr", DER_SEQUENCE);
    }
    if (krb_fields_has(&f, 10)) {
        out->authorization_data = krb_fields_auth_data(&f, 10, "authorization-data");
    }
    return krb_fields_finish(&f, &r, "EncTicketPart", true);
}

void
krb_enc_ticket_encode(struct wire_writer *w, const struct krb_enc_ticket *m)
{
    size_t application = der_open(w, ENC_TICKET_PART);
    size_t sequence = der_open(w, DER_SEQUENCE);

    krb_fields_put_flags(w, 0, m->flags);
    krb_fields_put_key(w, 1, &m->key);
    krb_fields_put_string(w, 2, m->crealm);
    krb_fields_put_name(w, 3, &m->cname);
    krb_fields_put_typed(w, 4, 0, m->transited_type, m->transited);
    krb_fields_put_time(w, 5, m->authtime_100ns);
    if (m->starttime_100ns) {
        krb_fields_put_time(w, 6, m->starttime_100ns);
    }
    krb_fields_put_time(w, 7, m->endtime_100ns);
    if (m->renew_till_100ns) {
        krb_fields_put_time(w, 8, m->renew_till_100ns);
    }
    if (m->addresses.p) {
        krb_fields_put_whole(w, 9, m->addresses);
    }
    if (m->authorization_data.p) {
        krb_fields_put_whole(w, 10, m->authorization_data);
    }
    der_close(w, sequence);
    der_close(w, application);
}

/* --- Authenticator ------------------------------------------------------------------------- */

enum wire_err
krb_authenticator_decode(struct krb_authenticator *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_authenticator){ 0 };
    f = krb_fields_enter(&r, AUTHENTICATOR, &out->fault, "Authenticator");
    krb_fields_constant(&f, 0, "authenticator-vno", KRB_PVNO);
    out->crealm = krb_fields_string(&f, 1, "crealm");
    krb_fields_name(&f, 2, "cname", false, &out->cname);
    if (krb_fields_has(&f, 3)) {
        krb_fields_typed(&f, 3, "cksum", 0, &out->checksum_type, &out->checksum);
    }
    out->ctime_100ns = krb_fields_micros(&f, 4, "cusec");
    out->ctime_100ns += krb_fields_time(&f, 5, "ctime");
    if (krb_fields_has(&f, 6)) {
        krb_fields_key(&f, 6, "subkey", &out->subkey);
    }
    out->has_sequence = krb_fields_has(&f, 7);
    if (out->has_sequence) {
        out->sequence = krb_fields_sequence_number(&f, 7, "seq-number");
    }
    if (krb_fields_has(&f, 8)) {
        out->authorization_data = krb_fields_auth_data(&f, 8, "authorization-data");
    }
    return krb_fields_finish(&f, &r, "Authenticator", true);
}

void
krb_authenticator_encode(struct wire_writer *w, const struct krb_authenticator *m)
{
    size_t application = der_open(w, AUTHENTICATOR);
    size_t sequence = der_open(w, DER_SEQUENCE);

    krb_fields_put_int32(w, 0, KRB_PVNO);
    krb_fields_put_string(w, 1, m->crealm);
    krb_fields_put_name(w, 2, &m->cname);
    if (m->checksum.p) {
        krb_fields_put_typed(w, 3, 0, m->checksum_type, m->checksum);
    }
    krb_fields_put_micros(w, 4, m->ctime_100ns);
    krb_fields_put_time(w, 5, m->ctime_100ns);
    if (m->subkey.value.p) {
        krb_fields_put_key(w, 6, &m->subkey);
    }
    if (m->has_sequence) {
        krb_fields_put_uint32(w, 7, m->sequence);
    }
    if (m->authorization_data.p) {
        krb_fields_put_whole(w, 8, m->authorization_data);
    }
    der_close(w, sequence);
    der_close(w, application);
}

/* --- EncAPRepPart -------------------------------------------------------------------------- */

enum wire_err
krb_enc_ap_rep_decode(struct krb_enc_ap_rep *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    struct krb_fields f;

    *out = (struct krb_enc_ap_rep){ 0 };
    f = krb_fields_enter(&r, ENC_AP_REP_PART, &out->fault, "EncAPRepPart");
    out->ctime_100ns = krb_fields_time(&f, 0, "ctime");
    out->ctime_100ns += krb_fields_micros(&f, 1, "cusec");
    if (krb_fields_has(&f, 2)) {
        krb_fields_key(&f, 2, "subkey", &out->subkey);
    }
    out->has_sequence = krb_fields_has(&f, 3);
    if (out->has_sequence) {
        out->sequence = krb_fields_sequence_number(&f, 3, "seq-number");
    }
    return krb_fields_finish(&f, &r, "EncAPRepPart", true);
}

void
krb_enc_ap_rep_encode(struct wire_writer *w, const struct krb_enc_ap_rep *m)
{
    size_t application = der_open(w, ENC_AP_REP_PART);
    size_t sequence = der_open(w, DER_SEQUENCE);

    krb_fields_put_time(w, 0, m->ctime_100ns);
    krb_fields_put_micros(w, 1, m->ctime_100ns);
    if (m->subkey.value.p) {
        krb_fields_put_key(w, 2, &m->subkey);
    }
    if (m->has_sequence) {
        krb_fields_put_uint32(w, 3, m->sequence);
    }
    der_close(w, sequence);
    der_close(w, application);
}
