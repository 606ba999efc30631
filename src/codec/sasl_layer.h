/* SPDX-License-Identifier: Apache-2.0 */
/* What the last two messages of SASL's GSSAPI mechanism hold (RFC 4752 3.1, 3.2), once they are
 * unwrapped: the security layers that a server offers, and the one that its client chooses. Pure. */
#ifndef CODEC_SASL_LAYER_H
#define CODEC_SASL_LAYER_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

/* RFC 4752 3.3. */
enum sasl_layer {
    SASL_LAYER_NONE = 1,
    SASL_LAYER_INTEGRITY = 2,
    SASL_LAYER_CONFIDENTIALITY = 4,
};
enum {
    SASL_LAYERS_PROTECTED = SASL_LAYER_INTEGRITY | SASL_LAYER_CONFIDENTIALITY,
    SASL_LAYERS_ALL = SASL_LAYER_NONE | SASL_LAYERS_PROTECTED,
    SASL_SIZE_MAX = 0xFFFFFF, /* what three octets hold */
    /* No limit in the RFC; LDAP's longest form, "dn:", is a name in a directory. */
    SASL_AUTHZID_MAX_BYTES = 4096,
    SASL_OFFER_BYTES = 4,
};

struct sasl_offer {
    uint8_t layers; /* enum sasl_layer, ored; at least one */
    uint32_t
        max_bytes; /* the longest wrapped message that the server takes; 0 where it wraps none */
};

struct sasl_choice {
    enum sasl_layer layer;
    uint32_t max_bytes;   /* that the client takes; 0 with SASL_LAYER_NONE */
    struct bytes authzid; /* UTF-8 without a NUL; empty: the client acts as itself */
};

/* Layers that the RFC does not know are passed by; an offer of none that it does, sizes beside no
 * layer, and bytes behind are refused. */
SEC_NODISCARD enum wire_err sasl_offer_decode(struct sasl_offer *out, struct bytes in);
void sasl_offer_encode(struct wire_writer *w, const struct sasl_offer *);

/* No layer or one that there is not, sizes beside no layer, an authorization identity that is longer
 * than SASL_AUTHZID_MAX_BYTES (WIRE_LIMIT) or no text are refused. Of several layers, the strongest
 * is the choice. The view lives as long as in. */
SEC_NODISCARD enum wire_err sasl_choice_decode(struct sasl_choice *out, struct bytes in);
void sasl_choice_encode(struct wire_writer *w, const struct sasl_choice *);

/* What the decoders ask of an authorization identity (RFC 4422 3.4.1). */
SEC_NODISCARD enum wire_err sasl_authzid_check(struct bytes authzid);

#endif
