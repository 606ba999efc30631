/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanism inside: opened, stepped, and asked for the MICs over the list that it was chosen
 * from (RFC 4178 5, [MS-SPNG] 3.3.5.1). */
#include "negotiate/context.h"

/* What a caller must ask for to be told that messages are protected. */
enum { PROTECTION = SEC_INTEGRITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT | SEC_CONFIDENTIALITY };

sec_status
nego_mech_open(struct nego_context *c, size_t index)
{
    const struct sec_cred *cred = c->cred->mechs[index];
    struct sec_ctx *mech = NULL;
    sec_status status = cred->package->ops->open(cred, (enum sec_role)c->role, &mech);

    if (status != SEC_E_OK) {
        return status;
    }
    if (c->mech) {
        c->mech->package->ops->free_ctx(c->mech);
    }
    c->mech = mech;
    c->handshake->begun = c->handshake->integrity = false;
    return SEC_E_OK;
}

/* An initiator's mechanism is asked for integrity even where the caller did not: the list of
 * mechanisms may need a MIC ([MS-SPNG] 3.3.5.1). The caller is not told of what it did not ask
 * for. An acceptor leaves the choice to the initiator: there, a wish is a requirement. */
static uint32_t
mechanism_flags(struct nego_context *c, uint32_t wanted)
{
    wanted &= ~(uint32_t)SEC_DATAGRAM; /* SPNEGO needs a connection: not one of our abilities */
    if (c->role == SEC_ACCEPTOR || wanted & SEC_NO_LAYER) {
        return wanted;
    }
    if (wanted & SEC_NO_INTEGRITY || !(wanted & PROTECTION)) {
        c->hidden = SEC_INTEGRITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT;
    }
    return (wanted & ~(uint32_t)SEC_NO_INTEGRITY) | SEC_INTEGRITY;
}

/* What a caller of the mechanism alone would do with a token that CompleteAuthToken must amend. */
static sec_status
complete_token(struct nego_context *c, sec_status status, struct wire_writer *out, size_t start)
{
    const struct sec_package_ops *ops = c->mech->package->ops;
    sec_status then = status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;

    if (!ops->complete) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "negotiate: %s cannot complete its token",
                        c->mech->package->name);
    }
    if (wire_writer_status(out) != WIRE_OK) {
        return nego_sent(out);
    }
    status = ops->complete(c->mech, out->p + start, out->len - start);
    return status == SEC_E_OK ? then : status;
}

void
nego_mic_raise(struct nego_context *c, enum nego_mic_need need)
{
    if (c->handshake->mic_need < need) {
        c->handshake->mic_need = need;
    }
}

/* The mechanism has all that it needs. */
static void
note_done(struct nego_context *c, uint32_t granted)
{
    const struct sec_package_ops *ops = c->mech->package->ops;
    struct nego_handshake *h = c->handshake;

    h->integrity = (granted & SEC_INTEGRITY) && ops->make_mic && ops->check_mic;
    if (ops->wants_mic && ops->wants_mic(c->mech)) {
        nego_mic_raise(c, NEGO_MIC_WISHED);
    }
}

sec_status
nego_mech_step(struct nego_context *c, struct sec_step_args *args, struct bytes token,
               struct wire_writer *out)
{
    struct sec_step_args inner = *args;
    size_t start = out->len;
    sec_status status;

    inner.token = token;
    inner.wanted = mechanism_flags(c, args->wanted);
    inner.granted = 0;
    inner.expires_100ns = UINT64_MAX;
    c->handshake->begun = true;
    status = c->mech->package->ops->step(c->mech, &inner, out);
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        status = complete_token(c, status, out, start);
    }
    if (sec_failed(status)) {
        return status;
    }
    if (wire_writer_status(out) != WIRE_OK) {
        return nego_sent(out);
    }
    c->handshake->granted = inner.granted;
    c->handshake->expires_100ns = inner.expires_100ns;
    if (status == SEC_E_OK) {
        note_done(c, inner.granted);
    }
    return status;
}

/* --- MICs ---------------------------------------------------------------------------------- */

sec_status
nego_mic_due(const struct nego_context *c, bool *due)
{
    const struct nego_handshake *h = c->handshake;

    *due = h->mic_need > NEGO_MIC_OPTIONAL && h->integrity;
    /* RFC 4178 5: "If the mechanism selected by the negotiation does not support integrity
     * protection, then no mechlistMIC token is used." Taken literally, that lets anyone on the
     * way choose such a mechanism for both. Only anonymity, which protects nothing, may do so. */
    if (h->mic_need < NEGO_MIC_VITAL || h->integrity || (h->granted & SEC_NULL_SESSION)) {
        return SEC_E_OK;
    }
    return sec_fail(SEC_E_DOWNGRADE_DETECTED,
                    "negotiate: %s is not the client's first choice, and has no integrity to prove "
                    "that nobody changed the list",
                    c->mech->package->name);
}

sec_status
nego_mic_make(struct nego_context *c, struct wire_writer *out)
{
    sec_status status =
        c->mech->package->ops->make_mic(c->mech, wire_written(&c->handshake->mech_list), out);

    return status == SEC_E_OK ? nego_sent(out) : status;
}

/* Windows answers a MIC that does not verify as it does a message that was changed. */
sec_status
nego_mic_check(struct nego_context *c, struct bytes mic)
{
    sec_status status =
        c->mech->package->ops->check_mic(c->mech, wire_written(&c->handshake->mech_list), mic);

    if (status == SEC_E_OK || status == SEC_E_INSUFFICIENT_MEMORY) {
        return status;
    }
    return sec_fail(SEC_E_MESSAGE_ALTERED,
                    "negotiate: mechListMIC does not verify: the list of mechanisms was changed "
                    "on the way");
}
