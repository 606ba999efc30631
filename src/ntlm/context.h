/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM context: its states, what lives for the handshake only, and what stays. */
#ifndef NTLM_CONTEXT_H
#define NTLM_CONTEXT_H

#include "account/account.h"
#include "codec/ntlm_msg.h"
#include "ntlm/credential.h"
#include "ntlm/session.h"
#include "package.h"

enum ntlm_state {
    NTLM_START,
    NTLM_WAIT_CHALLENGE,    /* initiator */
    NTLM_WAIT_AUTHENTICATE, /* acceptor */
    NTLM_ESTABLISHED,
    NTLM_FAILED,
};

enum {
    NTLM_MAX_TOKEN_BYTES = 2888, /* what Windows announces for its messages */
    /* Target names and AV pairs of peers may be longer; nothing that they send is. */
    NTLM_MAX_INPUT_BYTES = 65535,
    NTLM_MESSAGES_BYTES = 480, /* a usual NEGOTIATE and CHALLENGE; longer ones go to the heap */
};

/* Wiped and freed when the context is established or fails. */
struct ntlm_handshake {
    uint32_t wanted;              /* enum sec_flag, of the first leg */
    struct sec_bindings bindings; /* whichever leg brought them */
    uint32_t offered;             /* NTLMSSP flags of our own last message */
    uint8_t server_challenge[8];
    uint64_t timestamp_100ns; /* acceptor: the one in the CHALLENGE */
    /* NEGOTIATE and CHALLENGE exactly as exchanged: the MIC is over them. */
    struct wire_writer messages;
    uint8_t room[NTLM_MESSAGES_BYTES];
};

/* Names that outlive the handshake, in one block on the heap, UTF-16LE as sent. */
enum ntlm_name {
    NTLM_USER,
    NTLM_DOMAIN,
    NTLM_WORKSTATION,
    NTLM_TARGET,
    NTLM_TARGET_INFO,
    NTLM_NAMES
};

struct ntlm_context {
    struct sec_ctx base;
    const struct ntlm_credential *cred;
    struct ntlm_handshake *handshake;
    struct account_identity *identity; /* acceptor, proven */
    uint8_t *names;
    char *
        refused_sid; /* of the account that the claim was of; NULL: it was proven, or there is none */
    uint16_t name_bytes[NTLM_NAMES];
    uint8_t state, role, version; /* enum ntlm_state, sec_role, sec_ntlm_version */
    bool anonymous : 1, mic_used : 1, bindings_verified : 1, target_sent : 1, locked_out_now : 1;
    uint32_t granted, sub_status;
    uint64_t start_100ns;
    struct ntlm_session session;
};

static inline struct ntlm_context *
ntlm_context_of(const struct sec_ctx *ctx)
{
    return (struct ntlm_context *)(uintptr_t)ctx;
}

static inline const struct sec_host *
ntlm_host(const struct ntlm_context *c)
{
    return c->cred->base.host;
}

struct bytes ntlm_context_name(const struct ntlm_context *, enum ntlm_name);
/* Copies names into the context, in place of those it had. */
sec_status ntlm_context_keep_names(struct ntlm_context *, const struct bytes names[NTLM_NAMES]);

/* Whether messages would be protected with fewer bits than policy requires (require_128bit). */
bool ntlm_context_key_is_short(const struct ntlm_context *, uint32_t ntlmssp_flags);

/* NTLMSSP_NEGOTIATE_SIGN and SEAL, as far as enum sec_flag's bits ask for them. */
uint32_t ntlm_context_protection(uint32_t wanted);

/* The end of a handshake, on either side: what has become true of the context is granted. */
void ntlm_context_grant(struct ntlm_context *, struct sec_step_args *);

/* ntlm: FIELD (at OFFSET) WHAT IS WRONG, as SEC_E_INVALID_TOKEN, or what memory and buffers say. */
sec_status ntlm_refuse(enum wire_err, const char *field, uint32_t at);

/* MIC over NEGOTIATE, CHALLENGE and an AUTHENTICATE whose MIC field counts as zeros. */
void ntlm_compute_mic(const struct ntlm_context *, struct bytes authenticate,
                      uint8_t mic[static NTLM_MIC_BYTES]);

/* The handlers of the table in step.c. Each answers the status of the leg; step.c moves on to the
 * state that the table names where it is a success. */
sec_status ntlm_send_negotiate(struct ntlm_context *, struct sec_step_args *, struct wire_writer *);
sec_status ntlm_await_challenge(struct ntlm_context *, struct sec_step_args *,
                                struct wire_writer *);
sec_status ntlm_answer_challenge(struct ntlm_context *, struct sec_step_args *,
                                 struct wire_writer *);
sec_status ntlm_send_challenge(struct ntlm_context *, struct sec_step_args *, struct wire_writer *);
sec_status ntlm_check_authenticate(struct ntlm_context *, struct sec_step_args *,
                                   struct wire_writer *);

#endif
