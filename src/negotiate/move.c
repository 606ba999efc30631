/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate contexts as bytes, and back, with the mechanism's in them. What was tried before the
 * mechanism that is in use is not carried along. An initiator's goes on under a credential that has
 * all that its list offers: the peer may choose any. */
#include "base/mem.h"
#include "negotiate/context.h"

/* --- saved --------------------------------------------------------------------------------- */

static bool
can_move(const struct nego_context *c)
{
    switch ((enum nego_state)c->state) {
    case NEGO_ESTABLISHED:
    case NEGO_RUNNING:
    case NEGO_AWAIT_MIC: return c->mech != NULL;
    case NEGO_RAW: return c->role == SEC_ACCEPTOR && c->mech != NULL;
    case NEGO_OFFERED:
    case NEGO_OFFERED_WHOLE:
    case NEGO_AWAIT_VERDICT: return c->role == SEC_INITIATOR && c->mech != NULL;
    default: return false;
    }
}

/* An acceptor's second choice has not, before its first token comes. */
static bool
has_begun(const struct nego_context *c)
{
    return !c->handshake || c->state == NEGO_ESTABLISHED || c->handshake->begun;
}

/* By name: another process has them elsewhere in its list. The first one is the list's head. */
static void
put_offered(const struct nego_context *c, struct wire_writer *out)
{
    wire_put_u8(out, (uint8_t)__builtin_popcount(c->handshake->offered));
    for (size_t i = 0; i < c->cred->n; i++) {
        if (c->handshake->offered & 1u << i) {
            wire_put_counted(out, bytes_of_string(c->cred->mechs[i]->package->name));
        }
    }
}

static void
put_handshake(const struct nego_context *c, struct wire_writer *out)
{
    const struct nego_handshake *h = c->handshake;

    wire_put_le32(out, h->legs);
    wire_put_u8(out, (uint8_t)h->mic_need);
    wire_put_u8(out, h->begun);
    wire_put_u8(out, h->integrity);
    wire_put_le32(out, h->granted);
    wire_put_le64(out, h->expires_100ns);
    wire_put_counted(out, wire_written(&h->mech_list));
    if (c->role == SEC_INITIATOR) {
        put_offered(c, out);
    }
}

sec_status
nego_context_save(const struct sec_ctx *ctx, struct wire_writer *out)
{
    const struct nego_context *c = nego_context_of(ctx);

    if (!can_move(c) || !c->mech->package->ops->save) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "negotiate: only an established context is exported, or one whose "
                        "mechanism has begun");
    }
    wire_put_u8(out, c->state);
    wire_put_le32(out, c->hidden);
    wire_put(out, c->offer.mechanisms, sizeof(c->offer.mechanisms));
    wire_put_u8(out, c->offer.token);
    wire_put_u8(out, c->offer.raw);
    wire_put_counted(out, bytes_of_string(c->mech->package->name));
    if (c->state != NEGO_ESTABLISHED) {
        put_handshake(c, out);
    }
    return has_begun(c) ? c->mech->package->ops->save(c->mech, out) : SEC_E_OK;
}

/* --- loaded -------------------------------------------------------------------------------- */

/* Policy here decides which mechanisms there are. */
static sec_status
find_mechanism(const struct nego_credential *cred, struct bytes name, size_t *index)
{
    for (*index = 0; *index < cred->n; ++*index) {
        if (bytes_equal(bytes_of_string(cred->mechs[*index]->package->name), name)) {
            return SEC_E_OK;
        }
    }
    return sec_fail(SEC_E_NO_CREDENTIALS, "negotiate: policy or the credential has no %.*s here",
                    (int)(name.n < 32 ? name.n : 32), name.n ? (const char *)name.p : "");
}

static sec_status
take_offered(struct nego_context *c, struct wire_reader *in)
{
    struct nego_handshake *h = c->handshake;
    unsigned n = wire_u8(in);
    sec_status status = SEC_E_OK;

    for (unsigned i = 0; i < n && status == SEC_E_OK && wire_status(in) == WIRE_OK; i++) {
        struct bytes name = wire_take_counted(in);
        size_t index;

        status = find_mechanism(c->cred, name, &index);
        if (status == SEC_E_OK) {
            h->offered |= (uint8_t)(1u << index);
            h->first = i ? h->first : (uint8_t)index;
        }
    }
    return wire_status(in) == WIRE_OK ? status : SEC_E_OK; /* who reads on sees what is wrong */
}

static sec_status
take_handshake(struct nego_context *c, struct wire_reader *in)
{
    struct nego_handshake *h = c->handshake;

    h->legs = wire_le32(in);
    h->mic_need = (enum nego_mic_need)wire_u8(in);
    h->begun = wire_u8(in) != 0;
    h->integrity = wire_u8(in) != 0;
    h->granted = wire_le32(in);
    h->expires_100ns = wire_le64(in);
    wire_put_bytes(&h->mech_list, wire_take_counted(in));
    if (h->mic_need > NEGO_MIC_VITAL) {
        wire_fail(in, WIRE_BAD_VALUE);
    }
    if (wire_writer_status(&h->mech_list) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return c->role == SEC_INITIATOR ? take_offered(c, in) : SEC_E_OK;
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

static sec_status
load_mechanism(struct nego_context *c, struct bytes name, struct wire_reader *in)
{
    const struct sec_cred *cred;
    size_t index;
    sec_status status = find_mechanism(c->cred, name, &index);

    if (status != SEC_E_OK) {
        return status;
    }
    cred = c->cred->mechs[index];
    if (!has_begun(c)) {
        return cred->package->ops->open(cred, (enum sec_role)c->role, &c->mech);
    }
    return cred->package->ops->load
               ? cred->package->ops->load(cred, (enum sec_role)c->role, in, &c->mech)
               : sec_fail(SEC_E_INVALID_TOKEN, "negotiate: %s has no contexts that move",
                          cred->package->name);
}

/* Whether the mechanism is where the state has it. */
static bool
fits_state(const struct nego_context *c)
{
    struct sec_facts f;

    c->mech->package->ops->describe(c->mech, &f);
    switch ((enum nego_state)c->state) {
    case NEGO_RUNNING:
        return f.phase == SEC_PHASE_HALF_OPEN && (has_begun(c) || c->role == SEC_ACCEPTOR);
    case NEGO_RAW:
    case NEGO_OFFERED: return f.phase == SEC_PHASE_HALF_OPEN && has_begun(c);
    default: return f.phase == SEC_PHASE_ESTABLISHED;
    }
}

/* Until the peer has answered the list, it may choose any in it. */
static bool
awaits_cred(const struct nego_context *c)
{
    return c->role == SEC_INITIATOR &&
           (c->state == NEGO_OFFERED || c->state == NEGO_OFFERED_WHOLE || c->mech->awaits_cred);
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
        status = take_handshake(c, in);
    }
    if (status == SEC_E_OK && wire_status(in) == WIRE_OK) {
        status = load_mechanism(c, name, in);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (wire_status(in) != WIRE_OK || !can_move(c) || !fits_state(c)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "negotiate: exported context %s at offset %u",
                        wire_err_text(wire_status(in)), in->err_at);
    }
    c->base.awaits_cred = awaits_cred(c);
    return SEC_E_OK;
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

/* --- resumed ------------------------------------------------------------------------------- */

/* The mechanism of c at an index, in another credential. */
static sec_status
find_in(const struct nego_context *c, const struct nego_credential *cred, size_t index, size_t *at)
{
    return find_mechanism(cred, bytes_of_string(c->cred->mechs[index]->package->name), at);
}

/* Whose keys each mechanism of the list would use: another's for one of them is another's context. */
sec_status
nego_context_identify(const struct sec_ctx *ctx, const struct sec_cred *base,
                      struct wire_writer *out)
{
    const struct nego_credential *cred = (const struct nego_credential *)base;
    const struct nego_context *c = nego_context_of(ctx);
    sec_status status = SEC_E_OK;

    for (size_t i = 0; i < c->cred->n && status == SEC_E_OK; i++) {
        size_t mark, at;

        if (!(c->handshake->offered & 1u << i)) {
            continue;
        }
        status = find_in(c, cred, i, &at);
        if (status == SEC_E_OK) {
            wire_put_counted(out, bytes_of_string(cred->mechs[at]->package->name));
            mark = wire_hold_le32(out);
            status = nego_credential_put_name(cred, at, out);
            wire_fill_len32(out, mark);
        }
    }
    return status;
}

/* The list as another credential has it; the mechanism's place there. */
static sec_status
map_offered(const struct nego_context *c, const struct nego_credential *cred, uint8_t *offered,
            uint8_t *first)
{
    for (size_t i = 0; i < c->cred->n; i++) {
        sec_status status;
        size_t at;

        if (!(c->handshake->offered & 1u << i)) {
            continue;
        }
        status = find_in(c, cred, i, &at);
        if (status != SEC_E_OK) {
            return status;
        }
        *offered |= (uint8_t)(1u << at);
        *first = i == c->handshake->first ? (uint8_t)at : *first;
    }
    return SEC_E_OK;
}

sec_status
nego_context_resume(struct sec_ctx *ctx, const struct sec_cred *base)
{
    const struct nego_credential *cred = (const struct nego_credential *)base;
    struct nego_context *c = nego_context_of(ctx);
    uint8_t offered = 0, first = 0;
    size_t at;
    sec_status status = map_offered(c, cred, &offered, &first);

    if (status == SEC_E_OK && c->mech->awaits_cred) {
        status = find_mechanism(cred, bytes_of_string(c->mech->package->name), &at);
        if (status == SEC_E_OK) {
            status = c->mech->package->ops->resume(c->mech, cred->mechs[at]);
        }
    }
    if (status == SEC_E_OK) {
        c->cred = cred;
        c->handshake->offered = offered;
        c->handshake->first = first;
        c->base.awaits_cred = false;
    }
    return status;
}
