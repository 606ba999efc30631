/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kerberos' messages between client and server (RFC 4120 5): AP-REQ, AP-REP, KRB-ERROR, the parts
 * of them that are encrypted, authorization data, and user-to-user's TGT-REQ and TGT-REP. Decoded
 * structures are views into the input; nothing to free. Times are FILETIME (100 ns, UTC), 0 where
 * the field is absent. Encryption is the caller's business; bytes after a part that was encrypted
 * are its padding, after anything else they are WIRE_TRAILING. After an error only fault is good.
 */
#ifndef CODEC_KRB_MSG_H
#define CODEC_KRB_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum {
    KRB_NAME_PARTS_MAX = 8,
    KRB_AUTH_DATA_DEPTH_MAX = 4, /* AD-IF-RELEVANT within AD-IF-RELEVANT */
};

/* RFC 4120 5.5.1, 5.4.1: bit 0 is the highest of the first octet; here as the 32 bits read big-
 * endian. */
enum krb_ap_options {
    KRB_AP_USE_SESSION_KEY = 0x40000000,
    KRB_AP_MUTUAL_REQUIRED = 0x20000000,
};
#define KRB_TICKET_FORWARDABLE       UINT32_C(0x40000000)
#define KRB_TICKET_FORWARDED         UINT32_C(0x20000000)
#define KRB_TICKET_PROXIABLE         UINT32_C(0x10000000)
#define KRB_TICKET_INVALID           UINT32_C(0x01000000)
#define KRB_TICKET_RENEWABLE         UINT32_C(0x00800000)
#define KRB_TICKET_INITIAL           UINT32_C(0x00400000)
#define KRB_TICKET_PRE_AUTHENT       UINT32_C(0x00200000)
#define KRB_TICKET_TRANSITED_CHECKED UINT32_C(0x00080000)
#define KRB_TICKET_OK_AS_DELEGATE    UINT32_C(0x00040000)
#define KRB_TICKET_ANONYMOUS         UINT32_C(0x00008000)

/* RFC 4120 7.5.9, those that an AP exchange meets. */
enum krb_error_code {
    KRB_ERR_NONE = 0,
    KRB_KDC_ERR_C_PRINCIPAL_UNKNOWN = 6,
    KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN = 7,
    KRB_KDC_ERR_ETYPE_NOSUPP = 14,
    KRB_AP_ERR_BAD_INTEGRITY = 31,
    KRB_AP_ERR_TKT_EXPIRED = 32,
    KRB_AP_ERR_TKT_NYV = 33,
    KRB_AP_ERR_REPEAT = 34,
    KRB_AP_ERR_NOT_US = 35,
    KRB_AP_ERR_BADMATCH = 36,
    KRB_AP_ERR_SKEW = 37,
    KRB_AP_ERR_BADADDR = 38,
    KRB_AP_ERR_BADVERSION = 39,
    KRB_AP_ERR_MSG_TYPE = 40,
    KRB_AP_ERR_MODIFIED = 41,
    KRB_AP_ERR_BADORDER = 42,
    KRB_AP_ERR_BADKEYVER = 44,
    KRB_AP_ERR_NOKEY = 45,
    KRB_AP_ERR_MUT_FAIL = 46,
    KRB_AP_ERR_METHOD = 48,
    KRB_AP_ERR_INAPP_CKSUM = 50,
    KRB_ERR_GENERIC = 60,
    KRB_AP_ERR_USER_TO_USER_REQUIRED = 69,
};
/* "KRB_AP_ERR_SKEW" and so on; "unknown error" for what is not in the table. Static. */
const char *krb_error_name(int32_t code);

/* "aes256-cts-hmac-sha1-96" and so on, also of types that are none of ours; NULL for what is not in
 * the table. Static. */
const char *krb_enctype_name(int32_t enctype);

/* RFC 4120 6.2. */
enum krb_name_type {
    KRB_NT_UNKNOWN = 0,
    KRB_NT_PRINCIPAL = 1,
    KRB_NT_SRV_INST = 2,
    KRB_NT_SRV_HST = 3,
    KRB_NT_ENTERPRISE = 10,
    KRB_NT_WELLKNOWN = 11,
};

/* RFC 4120 7.5.1; RFC 4121 2. */
enum krb_usage {
    KRB_USAGE_TICKET = 2,
    KRB_USAGE_AUTHENTICATOR_CHECKSUM = 10,
    KRB_USAGE_AUTHENTICATOR = 11,
    KRB_USAGE_AP_REP = 12,
    KRB_USAGE_KRB_CRED = 14,
    KRB_USAGE_PAC = 17,
    KRB_USAGE_ACCEPTOR_SEAL = 22,
    KRB_USAGE_ACCEPTOR_SIGN = 23,
    KRB_USAGE_INITIATOR_SEAL = 24,
    KRB_USAGE_INITIATOR_SIGN = 25,
};

/* Where a message stopped making sense, for a reason in a log. */
struct krb_fault {
    const char *field;
    uint32_t at;
};

/* PrincipalName: KerberosStrings as they stand (RFC 4120 has them ASCII, Microsoft UTF-8), without
 * NULs. Of tickets and authenticators it has at least one part; more than KRB_NAME_PARTS_MAX are
 * WIRE_LIMIT. */
struct krb_name {
    int32_t type;
    size_t n;
    struct bytes parts[KRB_NAME_PARTS_MAX];
};
bool krb_name_equal(const struct krb_name *, const struct krb_name *); /* types do not count */
/* "HTTP/www.example.test@EXAMPLE.TEST", UTF-8, with '/', '@' and '\' in a part escaped by '\'; realm
 * empty: without "@…". */
void krb_name_put(struct wire_writer *w, const struct krb_name *, struct bytes realm);
/* A name that no realm comes behind: '@' is a character like any other. */
void krb_name_put_alone(struct wire_writer *w, const struct krb_name *);

struct krb_encrypted {
    int32_t enctype;
    bool has_kvno;
    uint32_t kvno; /* RFC 1510 had it signed: negative ones are taken as the 32 bits they are */
    struct bytes cipher;
};

struct krb_keyblock {
    int32_t enctype; /* 0 with value.p NULL: absent */
    struct bytes value;
};

struct krb_ticket {
    struct bytes whole; /* its DER */
    struct bytes realm;
    struct krb_name sname;
    struct krb_encrypted enc;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_ticket_decode(struct krb_ticket *, struct bytes in);
void krb_ticket_encode(struct wire_writer *w, const struct krb_ticket *); /* whole is not read */

struct krb_ap_req {
    uint32_t options; /* enum krb_ap_options */
    struct krb_ticket ticket;
    struct krb_encrypted authenticator;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_ap_req_decode(struct krb_ap_req *, struct bytes in);
/* Of the ticket, whole is written as it stands. */
void krb_ap_req_encode(struct wire_writer *w, const struct krb_ap_req *);

struct krb_ap_rep {
    struct krb_encrypted enc;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_ap_rep_decode(struct krb_ap_rep *, struct bytes in);
void krb_ap_rep_encode(struct wire_writer *w, const struct krb_ap_rep *);

struct krb_enc_ticket {
    uint32_t flags;
    struct krb_keyblock key;
    struct bytes crealm;
    struct krb_name cname;
    int32_t transited_type;
    struct bytes transited;
    uint64_t authtime_100ns, starttime_100ns, endtime_100ns, renew_till_100ns;
    struct bytes addresses;          /* HostAddresses, DER; p NULL: absent */
    struct bytes authorization_data; /* AuthorizationData, DER; p NULL: absent */
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_enc_ticket_decode(struct krb_enc_ticket *, struct bytes in);
void krb_enc_ticket_encode(struct wire_writer *w, const struct krb_enc_ticket *);

struct krb_authenticator {
    struct bytes crealm;
    struct krb_name cname;
    int32_t checksum_type; /* 0 with checksum.p NULL: absent */
    struct bytes checksum;
    uint64_t ctime_100ns; /* cusec included: always a multiple of 10 */
    struct krb_keyblock subkey;
    bool has_sequence;
    uint32_t sequence; /* MIT of old wrote it with a sign: both are taken */
    struct bytes authorization_data;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_authenticator_decode(struct krb_authenticator *, struct bytes in);
void krb_authenticator_encode(struct wire_writer *w, const struct krb_authenticator *);

struct krb_enc_ap_rep {
    uint64_t ctime_100ns;
    struct krb_keyblock subkey;
    bool has_sequence;
    uint32_t sequence;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_enc_ap_rep_decode(struct krb_enc_ap_rep *, struct bytes in);
void krb_enc_ap_rep_encode(struct wire_writer *w, const struct krb_enc_ap_rep *);

struct krb_error {
    uint64_t ctime_100ns; /* 0: absent */
    uint64_t stime_100ns;
    int32_t code;
    struct bytes crealm;
    struct krb_name cname; /* n 0: absent */
    struct bytes realm;
    struct krb_name sname;
    struct bytes text, data;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_error_decode(struct krb_error *, struct bytes in);
void krb_error_encode(struct wire_writer *w, const struct krb_error *);

/* User-to-user (draft-ietf-cat-user2user, [MS-KILE] 3.4.5): who asks may say whose TGT it wants;
 * the answer carries the TGT. */
struct krb_tgt_req {
    struct krb_name server; /* n 0: absent */
    struct bytes realm;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_tgt_req_decode(struct krb_tgt_req *, struct bytes in);
void krb_tgt_req_encode(struct wire_writer *w, const struct krb_tgt_req *);
struct krb_tgt_rep {
    struct krb_ticket ticket;
    struct krb_fault fault;
};
SEC_NODISCARD enum wire_err krb_tgt_rep_decode(struct krb_tgt_rep *, struct bytes in);
void krb_tgt_rep_encode(struct wire_writer *w, const struct krb_tgt_rep *);

/* --- authorization data -------------------------------------------------------------------- */

/* RFC 4120 5.2.6; [MS-KILE] 2.2.5 and 3.4.5. */
enum krb_ad_type {
    KRB_AD_IF_RELEVANT = 1,
    KRB_AD_KDC_ISSUED = 4,
    KRB_AD_AND_OR = 5,
    KRB_AD_MANDATORY_FOR_KDC = 8,
    KRB_AD_WIN2K_PAC = 128,
    KRB_AD_ETYPE_NEGOTIATION = 129,
    KRB_AD_TOKEN_RESTRICTIONS = 141,
    KRB_AD_LOCAL = 142,
    KRB_AD_AP_OPTIONS = 143,
    KRB_AD_CLIENT_TARGET = 144,
};
enum {
    KRB_AD_AP_OPTION_CBT = 0x4000,
    KRB_AD_AP_OPTION_UNVERIFIED_TARGET = 0x8000,
};

struct krb_ad_element {
    int32_t type;
    struct bytes data;
};
/* The elements of an AuthorizationData (its DER, SEQUENCE included), one after the other; *r from
 * wire_reader_of. false: no more, or an error that wire_status tells. */
bool krb_ad_next(struct wire_reader *r, struct krb_ad_element *out);
/* The first element of a type, at the top or inside AD-IF-RELEVANT (never inside AD-KDC-ISSUED or
 * AND-OR). p NULL: none. err: the whole is malformed. */
struct bytes krb_ad_find(struct bytes authorization_data, int32_t type, enum wire_err *err);
void krb_ad_encode(struct wire_writer *w, const struct krb_ad_element *, size_t n);

#endif
