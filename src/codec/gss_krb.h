/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos in GSS-API: the frame of context tokens, the authenticator's checksum 0x8003, and the
 * headers of per-message tokens (RFC 2743 3.1, RFC 4121 4, RFC 4757 7). Pure; views into the
 * input. */
#ifndef CODEC_GSS_KRB_H
#define CODEC_GSS_KRB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

/* Object identifiers in DER: 1.2.840.113554.1.2.2, Microsoft's 1.2.840.48018.1.2.2, user-to-user
 * 1.2.840.113554.1.2.2.3, IAKERB 1.3.6.1.5.2.5. */
extern const struct bytes gss_krb5_oid, gss_ms_krb5_oid, gss_krb5_u2u_oid, gss_iakerb_oid;

struct gss_krb_fault {
    const char *field;
    uint32_t at;
};

/* --- context tokens (RFC 4121 4.1) --------------------------------------------------------- */

enum gss_krb_token_id {
    GSS_KRB_AP_REQ = 0x0100,
    GSS_KRB_AP_REP = 0x0200,
    GSS_KRB_ERROR = 0x0300,
    GSS_KRB_TGT_REQ = 0x0400,
    GSS_KRB_TGT_REP = 0x0401,
};

struct gss_krb_token {
    struct bytes oid; /* tag and length included */
    uint16_t id;
    struct bytes body;
    bool bare; /* no frame: an AP-REQ, AP-REP or KRB-ERROR as DCE style sends it; oid is empty */
    struct gss_krb_fault fault;
};

/* Frame and token id; or, told by their application tag (0x6E, 0x6F, 0x7E), bare messages. An
 * object identifier that is none of Kerberos' is WIRE_BAD_VALUE. */
SEC_NODISCARD enum wire_err gss_krb_token_decode(struct gss_krb_token *, struct bytes in);
/* The frame's head; n bytes of body must follow. Nothing where oid is empty: a bare message. */
void gss_krb_token_put(struct wire_writer *w, struct bytes oid, uint16_t id, size_t n);

/* --- the authenticator's checksum (RFC 4121 4.1.1) ----------------------------------------- */

enum { GSS_KRB_CHECKSUM_TYPE = 0x8003, GSS_KRB_CHECKSUM_BYTES = 24 };

enum gss_krb_flag {
    GSS_KRB_DELEG = 1,
    GSS_KRB_MUTUAL = 2,
    GSS_KRB_REPLAY = 4,
    GSS_KRB_SEQUENCE = 8,
    GSS_KRB_CONF = 16,
    GSS_KRB_INTEG = 32,
    GSS_KRB_DCE_STYLE = 0x1000,
    GSS_KRB_IDENTIFY = 0x2000,
    GSS_KRB_EXTENDED_ERROR = 0x4000,
};

struct gss_krb_checksum {
    struct bytes bindings; /* 16 bytes; all zero: none */
    uint32_t flags;
    struct bytes krb_cred; /* with GSS_KRB_DELEG alone */
    struct gss_krb_fault fault;
};
SEC_NODISCARD enum wire_err gss_krb_checksum_decode(struct gss_krb_checksum *, struct bytes in);
void gss_krb_checksum_encode(struct wire_writer *w, const struct gss_krb_checksum *);

/* --- per-message tokens -------------------------------------------------------------------- */

enum { GSS_CFX_HEADER_BYTES = 16, GSS_CFX_MIC = 0x0404, GSS_CFX_WRAP = 0x0504 };
enum gss_cfx_flag { GSS_CFX_BY_ACCEPTOR = 1, GSS_CFX_SEALED = 2, GSS_CFX_ACCEPTOR_SUBKEY = 4 };

/* RFC 4121 4.2.6. */
struct gss_cfx_header {
    uint16_t id;
    uint8_t flags;
    uint16_t ec, rrc; /* of a MIC: 0xFFFF, the filler */
    uint64_t sequence;
};
/* WIRE_BAD_VALUE where the filler is wrong or the id is neither. */
SEC_NODISCARD enum wire_err gss_cfx_header_decode(struct gss_cfx_header *, struct bytes in);
void gss_cfx_header_write(const struct gss_cfx_header *, uint8_t to[static GSS_CFX_HEADER_BYTES]);

enum {
    GSS_RC4_MIC = 0x0101,
    GSS_RC4_WRAP = 0x0201,
    GSS_RC4_SGN_HMAC = 0x1100,
    GSS_RC4_SEAL_RC4 = 0x1000,
    GSS_RC4_SEAL_NONE = 0xFFFF,
};

/* RFC 4757 7.2 and 7.3: the frame of RFC 2743, then this. */
struct gss_rc4_token {
    uint16_t id, seal;         /* of a MIC, seal is the filler */
    const uint8_t *header;     /* its 8 bytes from the id on: the checksum covers them */
    const uint8_t *sequence;   /* 8, encrypted */
    const uint8_t *checksum;   /* 8 */
    const uint8_t *confounder; /* 8; a MIC: NULL */
    size_t bytes;              /* of all that stands before the data */
    size_t framed;             /* bytes of data that the frame's length counts */
};
/* in begins with the token; what follows its `bytes` is data, of which none need be there: SSPI has
 * them in a buffer of their own. Of a Wrap RFC 4757 has the frame count the data with its padding;
 * in DCE style and where the data are apart it counts none: framed tells, and who has the data
 * checks that it is 0 or all of them. Of a MIC nothing may follow. */
SEC_NODISCARD enum wire_err gss_rc4_token_decode(struct gss_rc4_token *, struct bytes in);
/* Of a MIC; of a Wrap whose frame counts at most 84 bytes of data (SSPI's trailer: it counts
 * none); of the longest, whose length takes four octets more. */
enum { GSS_RC4_MIC_BYTES = 37, GSS_RC4_WRAP_BYTES = 45, GSS_RC4_WRAP_LONG_BYTES = 49 };
/* What gss_rc4_token_write writes. */
size_t gss_rc4_token_bytes(uint16_t id, size_t n);
/* The frame (whose length counts n bytes of data that follow; a MIC: 0), id, algorithms and
 * fillers; the rest is zero, at the places that *t gives. to has room for gss_rc4_token_bytes. */
void gss_rc4_token_write(struct gss_rc4_token *t, uint8_t *to, uint16_t id, uint16_t seal,
                         size_t n);

#endif
