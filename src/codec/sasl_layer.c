/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4752 3.1, 3.2 and 3.3. */
#include "codec/sasl_layer.h"

#include "base/text.h"

static uint32_t
read_size(struct wire_reader *r)
{
    uint32_t high = wire_u8(r);

    return high << 16 | wire_be16(r);
}

static void
put_head(struct wire_writer *w, uint8_t layers, uint32_t max_bytes)
{
    wire_put_be32(w, (uint32_t)layers << 24 | (max_bytes & SASL_SIZE_MAX));
}

enum wire_err
sasl_offer_decode(struct sasl_offer *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);

    out->layers = wire_u8(&r) & SASL_LAYERS_ALL;
    out->max_bytes = read_size(&r);
    /* RFC 4752 3.1: "The client verifies that the server maximum buffer is 0 if the server does not
     * advertise support for any security layer." */
    if (wire_status(&r) == WIRE_OK &&
        (!out->layers || (out->layers == SASL_LAYER_NONE && out->max_bytes))) {
        wire_fail(&r, WIRE_BAD_VALUE);
    }
    return wire_finish(&r);
}

void
sasl_offer_encode(struct wire_writer *w, const struct sasl_offer *o)
{
    put_head(w, o->layers, o->max_bytes);
}

enum wire_err
sasl_authzid_check(struct bytes authzid)
{
    uint32_t c;

    if (authzid.n > SASL_AUTHZID_MAX_BYTES) {
        return WIRE_LIMIT;
    }
    while (authzid.n) {
        if (!text_next(&authzid, &c) || c == 0) {
            return WIRE_BAD_VALUE;
        }
    }
    return WIRE_OK;
}

/* RFC 4752 3.2 has the client choose one. Samba's names all that it could do with, and uses this. */
static enum sasl_layer
strongest(uint8_t layers)
{
    return layers & SASL_LAYER_CONFIDENTIALITY ? SASL_LAYER_CONFIDENTIALITY
           : layers & SASL_LAYER_INTEGRITY     ? SASL_LAYER_INTEGRITY
                                               : SASL_LAYER_NONE;
}

enum wire_err
sasl_choice_decode(struct sasl_choice *out, struct bytes in)
{
    struct wire_reader r = wire_reader_of(in);
    uint8_t layer = wire_u8(&r);

    *out = (struct sasl_choice){ .max_bytes = read_size(&r) };
    out->authzid = wire_rest(&r);
    if (wire_status(&r) != WIRE_OK) {
        return wire_status(&r);
    }
    if (!layer || (layer & ~SASL_LAYERS_ALL)) {
        return WIRE_BAD_VALUE;
    }
    out->layer = strongest(layer);
    /* RFC 4752 3.2: "the client maximum buffer is 0 if no security layer was chosen". */
    if (out->layer == SASL_LAYER_NONE && out->max_bytes) {
        return WIRE_BAD_VALUE;
    }
    return sasl_authzid_check(out->authzid);
}

void
sasl_choice_encode(struct wire_writer *w, const struct sasl_choice *c)
{
    put_head(w, (uint8_t)c->layer, c->max_bytes);
    wire_put_bytes(w, c->authzid);
}
