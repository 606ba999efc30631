/* SPDX-License-Identifier: Apache-2.0 */
/* SPNEGO's messages: NegTokenInit, NegTokenInit2, NegTokenResp (RFC 4178 4.2, [MS-SPNG] 2.2.1). */
#ifndef CODEC_SPNEGO_MSG_H
#define CODEC_SPNEGO_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

enum {
    /* Windows offers five mechanisms, others up to a dozen. */
    SPNEGO_MECHS_MAX = 64,
    /* What a MechTypeList may take, tag and length included: it is kept until the MIC is checked. */
    SPNEGO_MECH_LIST_BYTES_MAX = 2048,
};

/* RFC 4178 4.2.2. Windows leaves negState out of some replies. */
enum spnego_neg_state {
    SPNEGO_ACCEPT_COMPLETED = 0,
    SPNEGO_ACCEPT_INCOMPLETE = 1,
    SPNEGO_REJECT = 2,
    SPNEGO_REQUEST_MIC = 3,
    SPNEGO_NO_STATE = 4, /* not on the wire: the field is absent */
};

/* Where a message stopped making sense, for a reason in a log. */
struct spnego_fault {
    const char *field;
    uint32_t at;
};

/* An optional field is absent where p is NULL; present and empty where p is not and n is 0. */
struct spnego_init {
    struct bytes mech_list; /* the DER of MechTypeList, exactly as sent: what a MIC covers */
    struct bytes mech_token;
    struct bytes hint_name; /* NegTokenInit2 alone */
    struct bytes mic;
    struct spnego_fault fault;
};

struct spnego_resp {
    enum spnego_neg_state state;
    struct bytes mech; /* supportedMech, tag and length included */
    struct bytes token;
    struct bytes mic;
    struct spnego_fault fault;
};

/* SPNEGO's own object identifier, and NegoEx's, which we know only to pass it by. */
extern const struct bytes spnego_oid, spnego_negoex_oid;

/* The object identifier at the head of an initial token (RFC 2743 3.1), tag and length included:
 * SPNEGO's, or a mechanism's own where SPNEGO was left out. Empty: not such a token. */
struct bytes spnego_token_mech(struct bytes in);

/* NegTokenInit or NegTokenInit2 in its frame of RFC 2743. Both have the same outer tag, and in
 * both a field [3]: a MIC where it holds an OCTET STRING, hints where it holds a SEQUENCE. Fields
 * that we don't know are passed by, bytes after the message are not. Views into `in`. */
SEC_NODISCARD enum wire_err spnego_init_decode(struct spnego_init *out, struct bytes in);
/* With hint_name this is a NegTokenInit2. mech_list is written as it stands. */
void spnego_init_encode(struct wire_writer *w, const struct spnego_init *m);

SEC_NODISCARD enum wire_err spnego_resp_decode(struct spnego_resp *out, struct bytes in);
void spnego_resp_encode(struct wire_writer *w, const struct spnego_resp *m);

/* The mechanisms of a list, one after the other: *mech is the next one's object identifier, tag
 * and length included. false: no more. A list that was decoded holds nothing else. */
struct wire_reader spnego_mechs_of(struct bytes mech_list);
bool spnego_next_mech(struct wire_reader *r, struct bytes *mech);

#endif
