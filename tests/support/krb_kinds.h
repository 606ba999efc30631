/* SPDX-License-Identifier: Apache-2.0 */
/* Each of Kerberos' messages through one door: decoded, and encoded again. */
#ifndef TESTS_SUPPORT_KRB_KINDS_H
#define TESTS_SUPPORT_KRB_KINDS_H

#include "base/wire.h"
#include "codec/krb_msg.h"

enum krb_kind {
    KRB_KIND_TICKET,
    KRB_KIND_AP_REQ,
    KRB_KIND_AP_REP,
    KRB_KIND_ERROR,
    KRB_KIND_TGT_REQ,
    KRB_KIND_TGT_REP,
    KRB_KIND_ENC_TICKET,
    KRB_KIND_AUTHENTICATOR,
    KRB_KIND_ENC_AP_REP,
    KRB_KINDS,
};

#define KRB_KIND_AGAIN(kind, type, function) \
    case kind: {                             \
        struct type m;                       \
        err = function##_decode(&m, in);     \
        *fault = m.fault;                    \
        if (err == WIRE_OK) {                \
            function##_encode(w, &m);        \
        }                                    \
        break;                               \
    }

static inline enum wire_err
krb_kind_again(enum krb_kind kind, struct bytes in, struct wire_writer *w, struct krb_fault *fault)
{
    enum wire_err err = WIRE_OK;

    switch (kind) {
        KRB_KIND_AGAIN(KRB_KIND_TICKET, krb_ticket, krb_ticket)
        KRB_KIND_AGAIN(KRB_KIND_AP_REQ, krb_ap_req, krb_ap_req)
        KRB_KIND_AGAIN(KRB_KIND_AP_REP, krb_ap_rep, krb_ap_rep)
        KRB_KIND_AGAIN(KRB_KIND_ERROR, krb_error, krb_error)
        KRB_KIND_AGAIN(KRB_KIND_TGT_REQ, krb_tgt_req, krb_tgt_req)
        KRB_KIND_AGAIN(KRB_KIND_TGT_REP, krb_tgt_rep, krb_tgt_rep)
        KRB_KIND_AGAIN(KRB_KIND_ENC_TICKET, krb_enc_ticket, krb_enc_ticket)
        KRB_KIND_AGAIN(KRB_KIND_AUTHENTICATOR, krb_authenticator, krb_authenticator)
        KRB_KIND_AGAIN(KRB_KIND_ENC_AP_REP, krb_enc_ap_rep, krb_enc_ap_rep)
    default: break;
    }
    return err;
}

#endif
