/* SPDX-License-Identifier: Apache-2.0 */
/* A Negotiate context: its states, what lives for the handshake only, and what stays. */
#ifndef NEGOTIATE_CONTEXT_H
#define NEGOTIATE_CONTEXT_H

#include "codec/spnego_msg.h"
#include "negotiate/attempts.h"
#include "negotiate/credential.h"
#include "negotiate/offer.h"
#include "package.h"

enum nego_state {
    NEGO_START,
    NEGO_HINTED,        /* acceptor: has spoken first, with a NegTokenInit2 */
    NEGO_OFFERED,       /* initiator: list sent, and the first choice's first token */
    NEGO_OFFERED_WHOLE, /* the same, and that token was all that the mechanism has to say */
    NEGO_RUNNING,       /* a mechanism is chosen and awaits the peer's token */
    NEGO_RAW,           /* acceptor: a mechanism without SPNEGO around it */
    NEGO_AWAIT_VERDICT, /* initiator: the mechanism is done; no MIC of ours was due */
    NEGO_AWAIT_MIC,     /* the mechanism is done and our MIC sent; the peer's is due */
    NEGO_ESTABLISHED,
    NEGO_FAILED,
};

enum {
    /* Calls of one side. NTLM takes two, Kerberos at most two, a second choice one more. */
    NEGO_LEGS_MAX = 16,
    /* A Kerberos token may have 65535 bytes (MaxTokenSize); SPNEGO adds a list and a MIC. */
    NEGO_INPUT_BYTES_MAX = 65535 + 4096,
    /* On the stack; longer tokens go to the heap. */
    NEGO_TOKEN_ROOM = 4096,
    NEGO_MIC_ROOM = 64,
    NEGO_LIST_ROOM = 128, /* five mechanisms take 60 bytes */
};

/* How much hangs on the MICs over the list of mechanisms (RFC 4178 5); it only ever grows. */
enum nego_mic_need {
    NEGO_MIC_OPTIONAL,
    NEGO_MIC_WISHED,    /* by the mechanism itself, once it is done */
    NEGO_MIC_REQUESTED, /* request-mic was sent or received */
    NEGO_MIC_VITAL,     /* the initiator's first choice was not taken */
};

/* Wiped and freed when the context is established or fails. */
struct nego_handshake {
    unsigned legs;
    enum nego_mic_need mic_need;
    bool begun;       /* the mechanism has had its first token, or made it */
    bool integrity;   /* it is done and can make and check MICs */
    uint8_t first;    /* initiator: index of the sub-credential whose mechanism heads the list */
    uint8_t offered;  /* initiator: the mask of those in the list */
    uint32_t granted; /* by the mechanism, at its last step */
    uint64_t expires_100ns;
    struct wire_writer mech_list; /* the initiator's MechTypeList exactly as sent */
    uint8_t list_room[NEGO_LIST_ROOM];
};

struct nego_context {
    struct sec_ctx base;
    const struct nego_credential *cred;
    struct nego_handshake *handshake;
    struct sec_ctx *mech;           /* its package is the mechanism */
    struct nego_attempts *attempts; /* NULL: none, beside those of the credential */
    uint32_t hidden;        /* enum sec_flag: on for our MICs alone, not by the caller's wish */
    uint8_t state, role;    /* enum nego_state, sec_role */
    struct sec_offer offer; /* acceptor */
};

/* One call of step. */
struct nego_leg {
    struct sec_step_args *args;
    struct wire_writer *out;
    enum nego_state next; /* after SEC_I_CONTINUE_NEEDED; the rule's, unless the handler differs */
};

static inline struct nego_context *
nego_context_of(const struct sec_ctx *ctx)
{
    return (struct nego_context *)(uintptr_t)ctx;
}

/* --- context.c ----------------------------------------------------------------------------- */

sec_status nego_context_open(const struct sec_cred *, enum sec_role, struct sec_ctx **out);
void nego_context_free(struct sec_ctx *);
void nego_context_end_handshake(struct nego_context *);
void nego_context_describe(const struct sec_ctx *, struct sec_facts *out);
/* The mechanism was tried and is not used, for this thread's reason. SEC_E_OK, or no memory. */
sec_status nego_context_note(struct nego_context *, const struct sec_package *, sec_status);

/* --- move.c -------------------------------------------------------------------------------- */

sec_status nego_context_save(const struct sec_ctx *, struct wire_writer *out);
sec_status nego_context_load(const struct sec_cred *, enum sec_role, struct wire_reader *in,
                             struct sec_ctx **out);
sec_status nego_context_identify(const struct sec_ctx *, const struct sec_cred *,
                                 struct wire_writer *out);
sec_status nego_context_resume(struct sec_ctx *, const struct sec_cred *);

/* --- mechanism.c --------------------------------------------------------------------------- */

/* Opens the mechanism of a sub-credential in place of the one before. */
sec_status nego_mech_open(struct nego_context *, size_t index);
/* One step of the mechanism. SEC_E_OK, SEC_I_CONTINUE_NEEDED, or an error with what may be its
 * error token in out. */
sec_status nego_mech_step(struct nego_context *, struct sec_step_args *, struct bytes token,
                          struct wire_writer *out);
void nego_mic_raise(struct nego_context *, enum nego_mic_need);
/* Whether the MICs must be exchanged, the mechanism being done; an error where they must and
 * cannot be. */
sec_status nego_mic_due(const struct nego_context *, bool *due);
/* RFC 4178 5 a): over the list of mechanisms as the initiator sent it. */
sec_status nego_mic_make(struct nego_context *, struct wire_writer *out);
sec_status nego_mic_check(struct nego_context *, struct bytes mic);

/* --- messages: step.c ---------------------------------------------------------------------- */

/* Decodes, and keeps a request for MICs in mind. */
sec_status nego_resp_read(struct nego_context *, struct bytes token, struct spnego_resp *out);
/* Appends a NegTokenResp. token and mic stay away where they are empty. */
sec_status nego_resp_send(struct nego_leg *, enum spnego_neg_state, struct bytes mech,
                          struct bytes token, struct bytes mic);
/* What became of a message that was appended to out. */
sec_status nego_sent(const struct wire_writer *out);

/* --- handlers of the table in step.c ------------------------------------------------------- */

sec_status nego_initiator_offer(struct nego_context *, struct nego_leg *);
sec_status nego_initiator_take_hint(struct nego_context *, struct nego_leg *);
sec_status nego_initiator_first_reply(struct nego_context *, struct nego_leg *);
sec_status nego_initiator_reply(struct nego_context *, struct nego_leg *);
sec_status nego_initiator_verdict(struct nego_context *, struct nego_leg *);
sec_status nego_initiator_mic(struct nego_context *, struct nego_leg *);

sec_status nego_acceptor_hint(struct nego_context *, struct nego_leg *);
sec_status nego_acceptor_init(struct nego_context *, struct nego_leg *);
sec_status nego_acceptor_reply(struct nego_context *, struct nego_leg *);
sec_status nego_acceptor_mic(struct nego_context *, struct nego_leg *);
sec_status nego_acceptor_raw(struct nego_context *, struct nego_leg *);
sec_status nego_acceptor_raw_reply(struct nego_context *, struct nego_leg *);

#endif
