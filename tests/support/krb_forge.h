/* SPDX-License-Identifier: Apache-2.0 */
/* A Kerberos client who is a KDC as well: makes any AP-REQ, right or wrong in one place, and an
 * acceptor to give it to. What an initiator of ours would never send is made here. */
#ifndef TESTS_SUPPORT_KRB_FORGE_H
#define TESTS_SUPPORT_KRB_FORGE_H

#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "package.h"
#include "tests/support/fake_account.h"
#include "tests/support/fake_host.h"
#include "tests/support/fake_ticket.h"

#define KRB_FORGE_SERVICE "HTTP/web.example.test"

/* The parts of a token, each as it is before it is encrypted or put into the next. */
enum krb_forge_part {
    KRB_FORGE_PAC,           /* before it is signed with the ticket's key */
    KRB_FORGE_TICKET,        /* EncTicketPart */
    KRB_FORGE_CHECKSUM,      /* the contents of the 0x8003 checksum */
    KRB_FORGE_AUTHENTICATOR, /* Authenticator */
    KRB_FORGE_AP_REQ,
    KRB_FORGE_TOKEN,
    KRB_FORGE_PARTS
};

struct krb_forge {
    struct ticket_authority *tickets; /* encrypts; its confounders */

    struct krb_ticket clear; /* realm, sname, enctype, kvno; the rest is filled in */
    struct krb_enc_ticket ticket;
    struct bytes
        pac; /* n 0: none. In AD-IF-RELEVANT, in place of the ticket's authorization data */
    struct krb_key ticket_key, session_key;
    struct krb_key authenticator_key; /* n 0: the session key */

    struct krb_authenticator authenticator; /* its checksum is made of the next unless p is set */
    struct gss_krb_checksum checksum;
    bool without_checksum;
    struct krb_key subkey;           /* n 0: none */
    const struct krb_ad_element *ad; /* in AD-IF-RELEVANT; n_ad 0: none */
    size_t n_ad;

    uint32_t ap_options;
    int32_t authenticator_enctype; /* as it is said in the clear; 0: the key's */
    struct bytes oid;              /* n 0: bare */
    uint16_t id;

    /* Called with each part; may change it. */
    void (*tamper)(struct krb_forge *, enum krb_forge_part, struct wire_writer *);
    void *tamper_user;
};

/* alice@EXAMPLE.TEST with a ticket of fake_ticket.h's for HTTP/web.example.test, kvno 3, AES256-SHA1;
 * everything asked for but delegation and DCE style; a subkey; FAKE_HOST_NOW_100NS. *f must not move
 * afterwards. */
void krb_forge_init(struct krb_forge *f, struct ticket_authority *tickets);
/* The session key's type, and the subkey's. */
void krb_forge_enctype(struct krb_forge *f, int32_t enctype);
/* Appends the token. */
void krb_forge_put(struct krb_forge *f, struct wire_writer *out);

/* What the acceptor sent back, decrypted with the session key: false where it is no AP-REP. Views
 * into room. */
bool krb_forge_open_ap_rep(const struct krb_forge *f, struct bytes token, uint8_t room[static 512],
                           struct krb_enc_ap_rep *out);
/* Appends the third leg of DCE style. */
void krb_forge_put_third(struct krb_forge *f, const struct krb_enc_ap_rep *m,
                         struct wire_writer *out);

/* --- an acceptor --------------------------------------------------------------------------- */

struct krb_forge_acceptor {
    struct fake_host host;
    struct ticket_authority tickets;
    struct account_authority accounts;
    struct sec_step_args args; /* token is filled in */

    struct sec_cred *cred;
    struct sec_ctx *ctx;
    struct wire_writer out; /* of the last leg */
    sec_status status;
    char reason[SEC_REASON_BYTES];
};

/* On hosts as fake_host_init makes them, of the realm of fake_ticket_init. *a must not move. */
void krb_forge_acceptor_init(struct krb_forge_acceptor *a);
/* One leg; the credential and the context are made by the first. */
sec_status krb_forge_accept(struct krb_forge_acceptor *a, struct bytes token);
/* krb_forge_put and krb_forge_accept. */
sec_status krb_forge_try(struct krb_forge_acceptor *a, struct krb_forge *f);
struct sec_facts krb_forge_facts(const struct krb_forge_acceptor *a);
/* The context alone: the next leg is the first of another. */
void krb_forge_acceptor_restart(struct krb_forge_acceptor *a);
/* All that was made. true: nothing that the authorities handed out is left. */
bool krb_forge_acceptor_clear(struct krb_forge_acceptor *a);

#endif
