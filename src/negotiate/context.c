/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate contexts: their life, and what is known of them. */
#include "negotiate/context.h"

#include "base/clock.h"
#include "base/mem.h"
#include "negotiate/negotiate.h"

void
nego_context_end_handshake(struct nego_context *c)
{
    if (c->handshake) {
        wire_writer_clear(&c->handshake->mech_list);
        mem_free_wiped(c->handshake, sizeof(*c->handshake));
        c->handshake = NULL;
    }
}

sec_status
nego_context_open(const struct sec_cred *cred, enum sec_role role, struct sec_ctx **out)
{
    struct nego_context *c = mem_new(sizeof(*c));
    struct nego_handshake *h = mem_new(sizeof(*h));

    if (!c || !h) {
        mem_free(c);
        mem_free(h);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    h->mech_list = wire_writer_growing(h->list_room, sizeof(h->list_room));
    c->base.package = &negotiate_package;
    c->cred = (const struct nego_credential *)cred;
    c->handshake = h;
    c->role = (uint8_t)role;
    c->state = NEGO_START;
    *out = &c->base;
    return SEC_E_OK;
}

void
nego_context_free(struct sec_ctx *ctx)
{
    struct nego_context *c = nego_context_of(ctx);

    if (!c) {
        return;
    }
    nego_context_end_handshake(c);
    if (c->mech) {
        c->mech->package->ops->free_ctx(c->mech);
    }
    if (c->attempts) {
        nego_attempts_clear(c->attempts);
        mem_free(c->attempts);
    }
    mem_free_wiped(c, sizeof(*c));
}

/* --- attempts ------------------------------------------------------------------------------ */

sec_status
nego_context_note(struct nego_context *c, const struct sec_package *package, sec_status status)
{
    sec_status kept = SEC_E_OK;

    if (!c->attempts) {
        c->attempts = mem_new(sizeof(*c->attempts));
        if (!c->attempts) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        kept = nego_attempts_copy(c->attempts, &c->cred->refused);
    }
    return kept == SEC_E_OK ? nego_attempts_add(c->attempts, package, status) : kept;
}

/* --- facts --------------------------------------------------------------------------------- */

/* Packages are known by number, never by their symbols. */
enum { RPC_ID_NTLM = 10, RPC_ID_KERBEROS = 16 };

static enum sec_phase
phase_of(const struct nego_context *c)
{
    switch ((enum nego_state)c->state) {
    case NEGO_ESTABLISHED: return SEC_PHASE_ESTABLISHED;
    case NEGO_FAILED: return SEC_PHASE_FAILED;
    default: return SEC_PHASE_HALF_OPEN;
    }
}

/* Until the acceptor has answered, the initiator's first mechanism is a guess. */
static bool
has_chosen(const struct nego_context *c)
{
    return c->mech && c->state != NEGO_OFFERED && c->state != NEGO_OFFERED_WHOLE;
}

/* The mechanism may have its proof while the MICs that protect its choice are still to come, or
 * have failed: nothing that rests on the proof is told before Negotiate itself is done. */
static void
withhold_unproven(struct sec_facts *f)
{
    f->flags = 0;
    f->user = f->domain = (struct bytes){ 0 };
    f->native_client = f->native_server = (struct bytes){ 0 };
    f->session_key = (struct bytes){ 0 };
    f->identity = NULL;
    f->anonymous = false;
    f->kerberos.delegated_cache = NULL;
    f->kerberos.pac_verified = false;
    f->kerberos.upn = f->kerberos.logon_server = (struct bytes){ 0 };
    f->logon_known = false;
    f->password_expires_100ns = CLOCK_NEVER_100NS;
}

static bool
is_told(const struct sec_offer *o)
{
    return o->mechanisms[0] != SEC_MECHANISM_NONE || o->token != SEC_MECHANISM_NONE;
}

/* What a client can do: what it lists, or, without SPNEGO, what it sent and no more. */
static bool
is_offered(const struct sec_offer *o, const struct sec_package *p)
{
    for (size_t i = 0; i < p->n_oids; i++) {
        enum sec_mechanism m = nego_offer_mechanism(p->oids[i]);

        if (o->raw ? o->token == m : memchr(o->mechanisms, m, sizeof(o->mechanisms)) != NULL) {
            return true;
        }
    }
    return false;
}

/* Policy or the caller has excluded it, it could not be had, or the client does not have it. */
static bool
is_out(const struct nego_context *c, const struct nego_attempts *attempts, uint16_t rpc_id)
{
    for (size_t i = 0; i < attempts->n; i++) {
        if (attempts->list[i].package->rpc_id == rpc_id) {
            return true;
        }
    }
    for (size_t i = 0; i < c->cred->n; i++) {
        const struct sec_package *p = c->cred->mechs[i]->package;

        if (p->rpc_id == rpc_id) {
            return is_told(&c->offer) && !is_offered(&c->offer, p);
        }
    }
    return true;
}

void
nego_context_describe(const struct sec_ctx *ctx, struct sec_facts *out)
{
    const struct nego_context *c = nego_context_of(ctx);
    const struct nego_attempts *attempts = c->attempts ? c->attempts : &c->cred->refused;

    *out = (struct sec_facts){
        .max_token = negotiate_package.max_token_bytes,
        .expires_100ns = CLOCK_NEVER_100NS,
        .password_expires_100ns = CLOCK_NEVER_100NS,
    };
    if (has_chosen(c)) {
        c->mech->package->ops->describe(c->mech, out);
        out->mechanism = c->mech->package;
    }
    out->phase = phase_of(c);
    out->flags &= ~c->hidden;
    out->attempts = attempts->list;
    out->n_attempts = attempts->n;
    out->no_kerberos = is_out(c, attempts, RPC_ID_KERBEROS);
    out->no_ntlm = is_out(c, attempts, RPC_ID_NTLM);
    out->offer = c->offer;
    if (c->state != NEGO_ESTABLISHED) {
        withhold_unproven(out);
    }
}
