/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate contexts as bytes, and back, with the mechanism's in them. What was tried before the
 * mechanism that is in use is not carried along. */
#include "base/mem.h"
#include "negotiate/context.h"

/* --- saved --------------------------------------------------------------------------------- */

/* Initiators begin with a mechanism that cannot be moved before it is established, either. */
static bool
can_move(const struct nego_context *c)
{
    switch ((enum nego_state)c->state) {
    case NEGO_ESTABLISHED: return c->mech != NULL;
    case NEGO_RUNNING:
    case NEGO_RAW:
    case NEGO_AWAIT_MIC: return c->role == SEC_ACCEPTOR && c->mech != NULL;
    default: return false;
    }
}

static void
put_handshake(const struct nego_handshake *h, struct wire_writer *out)
{
    wire_put_le32(out, h->legs);
    wire_put_u8(out, (uint8_t)h->mic_need);
    wire_put_u8(out, h->integrity);
    wire_put_le32(out, h->granted);
    wire_put_le64(out, h->expires_100ns);
    wire_put_counted(out, wire_written(&h->mech_list));
}

sec_status
nego_context_save(const struct sec_ctx *ctx, struct wire_writer *out)
{
    const struct nego_context *c = nego_context_of(ctx);

    if (!can_move(c) || !c->mech->package->ops->save) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "negotiate: only an established context is exported, or an acceptor's "
                        "whose mechanism has begun");
    }
    wire_put_u8(out, c->state);
    wire_put_le32(out, c->hidden);
    wire_put(out, c->offer.mechanisms, sizeof(c->offer.mechanisms));
    wire_put_u8(out, c->offer.token);
    wire_put_u8(out, c->offer.raw);
    wire_put_counted(out, bytes_of_string(c->mech->package->name));
    if (c->state != NEGO_ESTABLISHED) {
        put_handshake(c->handshake, out);
    }
    return c->mech->package->ops->save(c->mech, out);
}

/* --- loaded -------------------------------------------------------------------------------- */

static sec_status
take_handshake(struct nego_handshake *h, struct wire_reader *in)
{
    h->legs = wire_le32(in);
    h->mic_need = (enum nego_mic_need)wire_u8(in);
    h->integrity = wire_u8(in) != 0;
    h->granted = wire_le32(in);
    h->expires_100ns = wire_le64(in);
    wire_put_bytes(&h->mech_list, wire_take_counted(in));
    if (h->mic_need > NEGO_MIC_VITAL) {
        wire_fail(in, WIRE_BAD_VALUE);
    }
    return wire_writer_status(&h->mech_list) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* They become names by number. */
static void
take_offer(struct sec_offer *o, struct wire_reader *in)
{
    wire_copy(in, o->mechanisms, sizeof(o->mechanisms));
    o->token = wire_u8(in);
    o->raw = wire_u8(in) != 0;
    for (size_t i = 0; i < SEC_OFFERED_MAX; i++) {
        if (o->mechanisms[i] >= SEC_MECHANISMS || o->token >= SEC_MECHANISMS) {
            wire_fail(in, WIRE_BAD_VALUE);
            *o = (struct sec_offer){ 0 };
        }
    }
}

/* Policy here decides which mechanisms there are. */
static sec_status
load_mechanism(struct nego_context *c, struct bytes name, struct wire_reader *in)
{
    for (size_t i = 0; i < c->cred->n; i++) {
        const struct sec_package *p = c->cred->mechs[i]->package;

        if (bytes_equal(bytes_of_string(p->name), name) && p->ops->load) {
            return p->ops->load(c->cred->mechs[i], (enum sec_role)c->role, in, &c->mech);
        }
    }
    return sec_fail(SEC_E_NO_CREDENTIALS, "negotiate: policy here has no mechanism %.*s",
                    (int)(name.n < 32 ? name.n : 32), (const char *)name.p);
}

static sec_status
take_context(struct nego_context *c, struct wire_reader *in)
{
    struct bytes name;
    sec_status status = SEC_E_OK;

    c->state = wire_u8(in);
    c->hidden = wire_le32(in);
    take_offer(&c->offer, in);
    name = wire_take_counted(in);
    if (c->state != NEGO_ESTABLISHED) {
        status = take_handshake(c->handshake, in);
    }
    if (status == SEC_E_OK && wire_status(in) == WIRE_OK) {
        status = load_mechanism(c, name, in);
    }
    if (status == SEC_E_OK && (wire_status(in) != WIRE_OK || !can_move(c))) {
        status = sec_fail(SEC_E_INVALID_TOKEN, "negotiate: exported context %s at offset %u",
                          wire_err_text(wire_status(in)), in->err_at);
    }
    return status;
}

sec_status
nego_context_load(const struct sec_cred *cred, enum sec_role role, struct wire_reader *in,
                  struct sec_ctx **out)
{
    struct nego_context *c;
    struct sec_ctx *ctx;
    sec_status status = nego_context_open(cred, role, &ctx);

    if (status != SEC_E_OK) {
        return status;
    }
    c = nego_context_of(ctx);
    status = take_context(c, in);
    if (status != SEC_E_OK) {
        nego_context_free(ctx);
        return status;
    }
    if (c->state == NEGO_ESTABLISHED) {
        nego_context_end_handshake(c);
    }
    c->base.half_duplex = c->mech->half_duplex;
    *out = ctx;
    return SEC_E_OK;
}
