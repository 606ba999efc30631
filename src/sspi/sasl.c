/* SPDX-License-Identifier: Apache-2.0 */
/* SASL's legs: the package's, then, in the GSSAPI mechanism, the two messages of RFC 4752 3.1 and
 * 3.2, which agree on a security layer. Who asks for a layer gets it or no context. */
#include "sspi/sasl.h"

#include <opensspi/sspi.h>

#include "base/mem.h"

enum {
    PROTECTED = SEC_INTEGRITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT,
    TRAILER_MAX_BYTES = 128, /* of any key; the longest is 72, of 24 bytes of checksum */
    PADDING_MAX_BYTES = 16,
    WRAPPED_MAX_BYTES =
        SASL_OFFER_BYTES + SASL_AUTHZID_MAX_BYTES + TRAILER_MAX_BYTES + PADDING_MAX_BYTES,
};

/* One leg, and the state behind it. */
struct sasl_leg {
    struct context *c;
    struct sec_step_args *args;
    struct wire_writer *out;
    enum sasl_state next;
};

sec_status
sasl_begin(struct context *c)
{
    const struct sasl_profile *profile = sasl_profile_of(c->ctx->package);
    struct sasl *s;

    if (c->last_status != SEC_E_OK || atomic_load_explicit(&c->established, memory_order_relaxed)) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sasl: the context did not begin as one of SASL's");
    }
    if (!profile) {
        return sec_fail(SEC_E_SECPKG_NOT_FOUND, "sasl: no profile for package %s",
                        c->ctx->package->name);
    }
    s = mem_new(sizeof(*s));
    if (!s) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *s = (struct sasl){ .profile = profile,
                        .send_own = SASL_SIZE_DEFAULT,
                        .receive_size = SASL_SIZE_DEFAULT };
    c->sasl = s;
    return SEC_E_OK;
}

void
sasl_free(struct sasl *s)
{
    if (s) {
        mem_free(s->authzid);
        mem_free(s);
    }
}

sec_status
sasl_set_authzid(struct sasl *s, struct bytes authzid)
{
    uint8_t *copy = authzid.n ? mem_dup(authzid.p, authzid.n) : NULL;

    if (authzid.n && !copy) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    mem_free(s->authzid);
    s->authzid = copy;
    s->authzid_n = authzid.n;
    return SEC_E_OK;
}

/* --- layers -------------------------------------------------------------------------------- */

/* What the application's flags leave to choose from. Who can receive nothing has no layer. */
static unsigned
permitted_layers(const struct sasl *s)
{
    unsigned layers = SASL_LAYERS_ALL;

    if (s->wanted & SEC_CONFIDENTIALITY) {
        layers = SASL_LAYER_CONFIDENTIALITY;
    } else if (s->wanted & SEC_NO_INTEGRITY) {
        layers = SASL_LAYER_NONE;
    } else if (s->wanted & PROTECTED) {
        layers = SASL_LAYERS_PROTECTED;
    }
    return s->receive_size ? layers : layers & SASL_LAYER_NONE;
}

/* What the package's exchange leaves to choose from. */
static unsigned
possible_layers(const struct sasl *s)
{
    return SASL_LAYER_NONE | (s->granted & SEC_INTEGRITY ? SASL_LAYER_INTEGRITY : 0) |
           (s->granted & SEC_CONFIDENTIALITY ? SASL_LAYER_CONFIDENTIALITY : 0);
}

static sec_status
no_layer(const struct sasl *s, unsigned theirs)
{
    return sec_fail(SEC_E_QOP_NOT_SUPPORTED,
                    "sasl: no security layer in common (asked for 0x%x, possible 0x%x, the peer's "
                    "0x%x)",
                    permitted_layers(s), possible_layers(s), theirs);
}

/* Of what was granted, what the layer holds. */
static uint32_t
flags_of_layer(const struct sasl *s)
{
    switch (s->layer) {
    case SASL_LAYER_NONE: return s->granted & ~(uint32_t)(PROTECTED | SEC_CONFIDENTIALITY);
    case SASL_LAYER_INTEGRITY: return s->granted & ~(uint32_t)SEC_CONFIDENTIALITY;
    default: return s->granted;
    }
}

/* Microsoft's SASL_OPTION_SEND_SIZE: "the maximum buffer size that can be transmitted to the remote
 * SASL process minus the block size, the trailer size, and the maximum signature size". */
static sec_status
agree_on_size(struct context *c, uint32_t max_bytes)
{
    struct sec_facts f;
    uint32_t overhead;

    c->ctx->package->ops->describe(c->ctx, &f);
    overhead = f.block_size + f.security_trailer + f.max_signature;
    if (max_bytes <= overhead) {
        return sec_fail(SEC_E_INVALID_TOKEN,
                        "sasl: the peer takes %u bytes, of which %u are no data", max_bytes,
                        overhead);
    }
    c->sasl->send_agreed = max_bytes - overhead;
    c->sasl->sizes_agreed = true;
    return SEC_E_OK;
}

uint32_t
sasl_send_size(const struct sasl *s)
{
    if (!s->sizes_agreed || (s->send_set && s->send_own < s->send_agreed)) {
        return s->send_own;
    }
    return s->send_agreed;
}

/* --- the wrapped messages ------------------------------------------------------------------ */

/* GSS_Wrap with conf_flag FALSE. plain may be written to. */
static sec_status
wrap(struct context *c, struct wire_writer *plain, struct wire_writer *out)
{
    uint8_t trailer[TRAILER_MAX_BYTES], padding[PADDING_MAX_BYTES];
    const struct sec_segment data = { .p = plain->p, .n = plain->len };
    struct sec_msg m = {
        .segments = &data,
        .n_segments = 1,
        .token = trailer,
        .token_n = sizeof(trailer),
        .padding = { .p = padding, .n = sizeof(padding) },
        .no_encrypt = true,
    };
    sec_status status;

    if (wire_writer_status(plain) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    atomic_store_explicit(&c->has_messages, true, memory_order_relaxed);
    status = c->ctx->package->ops->seal(c->ctx, &m);
    if (status == SEC_E_OK) {
        wire_put(out, trailer, m.token_n);
        wire_put(out, data.p, data.n);
        wire_put(out, padding, m.padding_n);
    }
    return status;
}

/* GSS_Unwrap, in a copy, which is the caller's to free whatever the answer. Any failure is
 * SEC_E_INVALID_TOKEN, as documented. */
static sec_status
unwrap(struct context *c, struct bytes in, uint8_t **copy, struct bytes *plain)
{
    const struct sec_segment none = { 0 };
    struct sec_msg m = { .segments = &none, .token_n = in.n, .stream = true };
    sec_status status;

    *copy = NULL;
    if (in.n > WRAPPED_MAX_BYTES) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sasl: a message of %zu bytes for a security layer",
                        in.n);
    }
    *copy = mem_dup(in.p, in.n);
    if (!*copy) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    m.token = *copy;
    atomic_store_explicit(&c->has_messages, true, memory_order_relaxed);
    status = c->ctx->package->ops->unseal(c->ctx, &m);
    *plain = bytes_of(m.opened.p, m.opened.n);
    return status == SEC_E_OK || status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_INVALID_TOKEN;
}

static sec_status
malformed(const char *what, enum wire_err err)
{
    return sec_fail(SEC_E_INVALID_TOKEN, "sasl: %s: %s", what, wire_err_text(err));
}

/* --- legs: after the package's ------------------------------------------------------------- */

static sec_status
finish(struct sasl_leg *l)
{
    struct sasl *s = l->c->sasl;

    l->next = SASL_DONE;
    l->args->granted = flags_of_layer(s);
    l->args->expires_100ns = s->expires_100ns;
    return SEC_E_OK;
}

static sec_status
go_on(struct sasl_leg *l, enum sasl_state next)
{
    l->next = next;
    l->args->granted = l->c->sasl->granted;
    l->args->expires_100ns = l->c->sasl->expires_100ns;
    return SEC_I_CONTINUE_NEEDED;
}

/* Server: RFC 4752 3.2. */
static sec_status
send_offer(struct sasl_leg *l)
{
    struct sasl *s = l->c->sasl;
    struct sasl_offer offer = { .layers = (uint8_t)(permitted_layers(s) & possible_layers(s)) };
    uint8_t room[SASL_OFFER_BYTES];
    struct wire_writer plain = wire_writer_fixed(room, sizeof(room));
    sec_status status;

    if (!offer.layers) {
        return no_layer(s, SASL_LAYERS_ALL);
    }
    offer.max_bytes = offer.layers & SASL_LAYERS_PROTECTED ? s->receive_size : 0;
    sasl_offer_encode(&plain, &offer);
    status = wrap(l->c, &plain, l->out);
    s->offered = offer.layers;
    return status == SEC_E_OK ? go_on(l, SASL_AWAIT_CHOICE) : status;
}

static sec_status
await_empty(struct sasl_leg *l)
{
    if (l->args->token.n) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sasl: %zu bytes where the client has nothing to say",
                        l->args->token.n);
    }
    return send_offer(l);
}

/* Client: RFC 4752 3.1. The weakest layer that was asked for: what is not asked for costs. */
static sec_status
choose(struct sasl_leg *l, const struct sasl_offer *offer)
{
    struct sasl *s = l->c->sasl;
    unsigned common = permitted_layers(s) & possible_layers(s) & offer->layers;
    struct sasl_choice choice = { .layer = (enum sasl_layer)(common & (0u - common)),
                                  .authzid = bytes_of(s->authzid, s->authzid_n) };
    SEC_AUTO(wire_writer) plain = wire_writer_growing(NULL, 0);
    sec_status status = SEC_E_OK;

    if (!common) {
        return no_layer(s, offer->layers);
    }
    if (s->forbids_authzid && s->authzid_n) {
        return sec_fail(SEC_E_ALGORITHM_MISMATCH, "sasl: an authorization identity is forbidden");
    }
    s->layer = (uint8_t)choice.layer;
    if (choice.layer != SASL_LAYER_NONE) {
        choice.max_bytes = s->receive_size;
        status = agree_on_size(l->c, offer->max_bytes);
    }
    if (status == SEC_E_OK) {
        sasl_choice_encode(&plain, &choice);
        status = wrap(l->c, &plain, l->out);
    }
    return status == SEC_E_OK ? finish(l) : status;
}

static sec_status
await_offer(struct sasl_leg *l)
{
    struct sasl_offer offer;
    struct bytes plain;
    uint8_t *copy;
    sec_status status = unwrap(l->c, l->args->token, &copy, &plain);

    if (status == SEC_E_OK) {
        enum wire_err err = sasl_offer_decode(&offer, plain);

        status = err == WIRE_OK ? choose(l, &offer) : malformed("the server's layers", err);
    }
    mem_free(copy);
    return status;
}

static sec_status
take_choice(struct sasl_leg *l, const struct sasl_choice *choice)
{
    struct sasl *s = l->c->sasl;
    sec_status status;

    if (!(choice->layer & s->offered)) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sasl: the client chose layer 0x%x, of 0x%x",
                        choice->layer, s->offered);
    }
    if (!(choice->layer & permitted_layers(s))) { /* of what was asked for since the offer */
        return no_layer(s, choice->layer);
    }
    if (s->forbids_authzid && choice->authzid.n) {
        return sec_fail(SEC_E_ALGORITHM_MISMATCH, "sasl: an authorization identity is forbidden");
    }
    s->layer = (uint8_t)choice->layer;
    status = choice->layer != SASL_LAYER_NONE ? agree_on_size(l->c, choice->max_bytes) : SEC_E_OK;
    if (status == SEC_E_OK) { /* last: of an exchange that fails, nobody is told it */
        status = sasl_set_authzid(s, choice->authzid);
    }
    return status == SEC_E_OK ? finish(l) : status;
}

static sec_status
await_choice(struct sasl_leg *l)
{
    struct sasl_choice choice;
    struct bytes plain;
    uint8_t *copy;
    sec_status status = unwrap(l->c, l->args->token, &copy, &plain);

    if (status == SEC_E_OK) {
        enum wire_err err = sasl_choice_decode(&choice, plain);

        status = err == WIRE_OK ? take_choice(l, &choice) : malformed("the client's layer", err);
    }
    mem_free(copy);
    return status;
}

/* --- legs: the package's ------------------------------------------------------------------- */

/* RFC 4752 3.1 wants integrity always, for the layers' own messages, and mutual authentication and
 * sequence detection for a layer. Elsewhere the flags are the layer, and none may be set that was
 * not asked for: the server would take it for a layer. */
static uint32_t
flags_for_package(const struct sasl *s, enum sec_role role)
{
    uint32_t wanted = s->wanted & ~(uint32_t)SEC_DATAGRAM;

    if (role == SEC_ACCEPTOR) {
        return wanted;
    }
    if (s->profile->offers_layers) {
        return (wanted & ~(uint32_t)(SEC_NO_INTEGRITY | SEC_DCE_STYLE)) | SEC_INTEGRITY |
               SEC_MUTUAL_AUTH | SEC_SEQUENCE_DETECT;
    }
    if (permitted_layers(s) & SASL_LAYER_NONE) {
        return (wanted & ~(uint32_t)PROTECTED) | SEC_NO_LAYER;
    }
    return wanted;
}

/* Of GSS-SPNEGO and NTLM, whose flags have agreed on the layer. */
static sec_status
layer_by_flags(struct sasl_leg *l)
{
    struct sasl *s = l->c->sasl;
    unsigned possible = possible_layers(s), layer = SASL_LAYER_NONE;

    if (possible & SASL_LAYER_CONFIDENTIALITY) {
        layer = SASL_LAYER_CONFIDENTIALITY;
    } else if (possible & SASL_LAYER_INTEGRITY) {
        layer = SASL_LAYER_INTEGRITY;
    }
    if (!(layer & permitted_layers(s))) {
        return no_layer(s, layer);
    }
    s->layer = (uint8_t)layer;
    return finish(l);
}

/* RFC 4752 3.1 and 3.2: the side whose exchange ends without a token says nothing (the client), or
 * makes its offer at once (the server). */
static sec_status
after_exchange(struct sasl_leg *l)
{
    if (!l->c->sasl->profile->offers_layers) {
        return layer_by_flags(l);
    }
    if (l->c->role == SEC_INITIATOR) {
        return go_on(l, SASL_AWAIT_OFFER);
    }
    return wire_written(l->out).n ? go_on(l, SASL_AWAIT_EMPTY) : send_offer(l);
}

static sec_status
exchange(struct sasl_leg *l)
{
    struct sasl *s = l->c->sasl;
    sec_status status;

    /* RFC 4422 5: of a mechanism whose client speaks first, the server's first challenge is empty
     * where the protocol has no initial response. */
    if (l->c->role == SEC_ACCEPTOR && !s->begun && !l->args->token.n) {
        s->begun = true;
        s->expires_100ns = UINT64_MAX;
        return go_on(l, SASL_EXCHANGE);
    }
    s->begun = true;
    l->args->wanted = flags_for_package(s, (enum sec_role)l->c->role);
    status = l->c->ctx->package->ops->step(l->c->ctx, l->args, l->out);
    if (sec_failed(status)) {
        return status;
    }
    s->granted = l->args->granted;
    s->expires_100ns = l->args->expires_100ns;
    if (status == SEC_I_CONTINUE_NEEDED) {
        return go_on(l, SASL_EXCHANGE);
    }
    if (status != SEC_E_OK) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sasl: a token that is to be completed");
    }
    status = after_exchange(l);
    if (sec_failed(status)) {
        wire_writer_clear(l->out); /* nobody is to be told that all went well */
    }
    return status;
}

/* --- the driver ---------------------------------------------------------------------------- */

static sec_status (*const handlers[SASL_STATES])(struct sasl_leg *) = {
    [SASL_EXCHANGE] = exchange,
    [SASL_AWAIT_OFFER] = await_offer,
    [SASL_AWAIT_EMPTY] = await_empty,
    [SASL_AWAIT_CHOICE] = await_choice,
};

sec_status
sasl_step(struct context *c, struct sec_step_args *args, struct wire_writer *out)
{
    struct sasl_leg l = { .c = c, .args = args, .out = out, .next = SASL_FAILED };
    struct sasl *s = c->sasl;
    sec_status status;

    if (!handlers[s->state]) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "sasl: the exchange is over");
    }
    s->wanted |= args->wanted;
    status = handlers[s->state](&l);
    s->state = (uint8_t)(sec_failed(status) ? SASL_FAILED : l.next);
    return status;
}

/* The package may be established where SASL is not yet, or never will be. */
void
sasl_describe(const struct sasl *s, struct sec_facts *f)
{
    if (s->state == SASL_FAILED) {
        f->phase = SEC_PHASE_FAILED;
    } else if (s->state != SASL_DONE && f->phase == SEC_PHASE_ESTABLISHED) {
        f->phase = SEC_PHASE_HALF_OPEN;
    } else if (s->state == SASL_DONE) {
        f->flags = flags_of_layer(s);
    }
}
