/* SPDX-License-Identifier: Apache-2.0 */
/* A Kerberos context: its states, what lives for the handshake only, and what stays. */
#ifndef KERBEROS_CONTEXT_H
#define KERBEROS_CONTEXT_H

#include "account/account.h"
#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "kerberos/credential.h"
#include "kerberos/session.h"
#include "package.h"
#include "ticket/ticket.h"

enum krb_state {
    KRB_START,
    KRB_WAIT_TGT_REP,    /* initiator, user-to-user */
    KRB_WAIT_AP_REP,     /* initiator, mutual */
    KRB_WAIT_AP_REQ,     /* acceptor, user-to-user: its TGT has been sent */
    KRB_WAIT_DCE_AP_REP, /* acceptor, DCE style: the third leg */
    KRB_ESTABLISHED,
    KRB_FAILED,
};

enum {
    KRB_MAX_TOKEN_BYTES = 48000, /* what Windows announces */
    KRB_MAX_INPUT_BYTES = 65535,
};

/* Wiped and freed when the context is established or fails. */
struct krb_handshake {
    uint32_t wanted;              /* enum sec_flag, of the first leg */
    uint32_t offered;             /* initiator: what of that is granted when all goes well */
    struct sec_bindings bindings; /* whichever leg brought them */
    struct ticket ticket;         /* initiator: in use. Acceptor of user-to-user: its own TGT */
    struct krb_key session_key;   /* of the ticket */
    struct krb_key initiator_subkey, acceptor_subkey; /* n 0: none */
    uint64_t ctime_100ns; /* of the authenticator: the AP-REP repeats it */
    uint32_t initiator_sequence, acceptor_sequence;
    uint64_t clock_offset_100ns; /* initiator: the server's clock less ours, from a KRB-ERROR */
    bool retried;                /* that happens once */
    bool bare;                   /* acceptor: the AP-REQ came without a frame (DCE style) */
    bool user_to_user;
};

/* Names that outlive the handshake, in one block on the heap, UTF-16LE. */
enum krb_context_name {
    KRB_CLIENT,       /* alice@EXAMPLE.TEST */
    KRB_SERVICE,      /* HTTP/web.example.test@EXAMPLE.TEST */
    KRB_USER,         /* NAMES: alice, as the PAC or the ticket has it */
    KRB_DOMAIN,       /* EXAMPLE from the PAC; without one, the realm */
    KRB_TARGET,       /* CLIENT_SPECIFIED_TARGET */
    KRB_UPN,          /* from the PAC */
    KRB_LOGON_SERVER, /* from the PAC */
    KRB_NAMES
};

struct krb_context {
    struct sec_ctx base;
    const struct krb_credential *cred;
    struct krb_handshake *handshake;
    struct account_identity *identity;  /* acceptor, proven */
    struct ticket_delegated *delegated; /* acceptor */
    char *delegation_refused;           /* initiator: why what was asked for is not granted */
    uint8_t *names;
    uint16_t name_bytes[KRB_NAMES];
    uint8_t state;    /* enum krb_state */
    uint8_t role : 1; /* enum sec_role */
    bool bindings_verified : 1, pac_verified : 1, target_sent : 1, has_kvno : 1, logon_known : 1;
    uint32_t granted, kvno, ticket_flags, sub_status;
    uint32_t user_flags; /* acceptor, from the PAC's logon information where logon_known */
    int32_t ticket_enctype, session_enctype, error_code;
    uint64_t start_100ns, expires_100ns;
    uint64_t logoff_100ns; /* as user_flags */
    struct krb_session session;
};

static inline struct krb_context *
krb_context_of(const struct sec_ctx *ctx)
{
    return (struct krb_context *)(uintptr_t)ctx;
}

static inline const struct sec_host *
krb_host(const struct krb_context *c)
{
    return c->cred->base.host;
}

/* --- context.c ----------------------------------------------------------------------------- */

struct bytes krb_context_name(const struct krb_context *, enum krb_context_name);
/* Copies names into the context, in place of those it had: UTF-16LE, empty for none. */
sec_status krb_context_keep_names(struct krb_context *, const struct bytes names[KRB_NAMES]);
/* "kerberos: FIELD (at OFFSET) WHAT IS WRONG" as SEC_E_INVALID_TOKEN, or what memory says. */
sec_status krb_refuse(enum wire_err, const char *message, const char *field, uint32_t at);
/* Whether [kerberos] permits an encryption type; where it names none, whether it is one of ours. */
bool krb_context_permits(const struct krb_context *, int32_t enctype);
/* A fresh subkey of the type of `like`, from the host's random. */
sec_status krb_context_new_subkey(struct krb_context *, const struct krb_key *like,
                                  struct krb_key *out);
/* A fresh sequence number, below 2^30: peers of old read it with a sign. */
sec_status krb_context_new_sequence(struct krb_context *, uint32_t *out);
/* The end of a handshake, on either side: the session begins from the handshake's keys and
 * sequence numbers with what was granted (enum sec_flag; replay and sequence detection included),
 * and args are told. */
sec_status krb_context_establish(struct krb_context *, uint32_t granted, struct sec_step_args *);
/* Appends the ciphertext of plain, under a fresh confounder. */
sec_status krb_context_encrypt(struct krb_context *, const struct krb_key *, uint32_t usage,
                               struct bytes plain, struct wire_writer *out);
/* Appends body, in a frame unless bare; user-to-user's has an object identifier of its own. */
void krb_context_put_token(const struct krb_context *, enum gss_krb_token_id, bool bare,
                           struct bytes body, struct wire_writer *out);
/* Appends an AP-REP of the handshake's ctime; framed unless bare. Whose subkey and sequence it
 * carries: the caller's (subkey n 0: none). */
sec_status krb_context_put_ap_rep(struct krb_context *, const struct krb_key *subkey,
                                  const uint32_t *sequence, bool bare, struct wire_writer *out);
/* The reverse: decrypts an AP-REP under the session key into room; an initiator's must repeat ctime.
 * Views into room, which is a secret of KRB_AP_REP_ROOM bytes, the caller's to wipe.
 * SEC_E_INVALID_TOKEN; and where it is not the peer's, SEC_E_WRONG_PRINCIPAL for an initiator,
 * SEC_E_LOGON_DENIED for an acceptor. */
enum { KRB_AP_REP_ROOM = 512 };
sec_status krb_context_open_ap_rep(struct krb_context *, struct bytes ap_rep,
                                   uint8_t room[static KRB_AP_REP_ROOM],
                                   struct krb_enc_ap_rep *out);

/* --- the handlers of the table in step.c ----------------------------------------------------
 * Each answers the status of the leg: SEC_E_OK when the context is established,
 * SEC_I_CONTINUE_NEEDED after setting c->state to what it awaits, or an error, with or without a
 * token for the peer in out. */

sec_status krb_initiator_begin(struct krb_context *, struct sec_step_args *, struct wire_writer *);
sec_status krb_initiator_take_tgt_rep(struct krb_context *, struct sec_step_args *,
                                      struct wire_writer *);
sec_status krb_initiator_take_ap_rep(struct krb_context *, struct sec_step_args *,
                                     struct wire_writer *);

/* AP-REQ, or TGT-REQ; framed, or bare as DCE style has it. */
sec_status krb_acceptor_begin(struct krb_context *, struct sec_step_args *, struct wire_writer *);
sec_status krb_acceptor_take_ap_req(struct krb_context *, struct sec_step_args *,
                                    struct wire_writer *);
sec_status krb_acceptor_take_third(struct krb_context *, struct sec_step_args *,
                                   struct wire_writer *);

/* --- authorize.c: the PAC (acceptor) ------------------------------------------------------- */

/* What accept knows of a ticket that was opened and checked. Borrowed for the call. */
struct krb_proven {
    const struct krb_enc_ticket *ticket;
    const struct krb_ticket *clear;
    const struct ticket_key *key; /* the key that opened it; NULL: user-to-user */
    /* User-to-user: KRB_USAGE_PAC of the TGT's session key, which opened it. NULL otherwise. */
    const struct krb_checksum_key *tgt_pac_key;
};

/* Who the client is: from the ticket, and from its PAC where policy has it looked at: its
 * signature verified with the service's key, its names checked against the ticket's. Sets the
 * context's identity, pac_verified, sub_status and, in names, KRB_USER, KRB_DOMAIN, KRB_UPN and
 * KRB_LOGON_SERVER (views into room, which the caller clears after krb_context_keep_names).
 * Without a PAC, or where it has no logon information (MIT's KDC), the user is the whole of the
 * client's name and the domain its realm; there is no SID and no group then.
 * SEC_E_LOGON_DENIED: the PAC does not verify, is somebody else's, or is missing where required; or
 * the client is anonymous, or its name came through realms that nobody has checked. */
sec_status krb_authorize(struct krb_context *, const struct krb_proven *, struct wire_writer *room,
                         struct bytes names[KRB_NAMES]);

#endif
