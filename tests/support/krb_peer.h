/* SPDX-License-Identifier: Apache-2.0 */
/* An acceptor under a test's control: it opens what an initiator sends, with the service's key, and
 * answers what it is told to. */
#ifndef TESTS_SUPPORT_KRB_PEER_H
#define TESTS_SUPPORT_KRB_PEER_H

#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "crypto/krb_crypt.h"

enum { KRB_PEER_ROOM = 16384 };

/* An AP-REQ, opened: views into the token and into room. */
struct krb_peer_request {
    struct gss_krb_token token;
    struct krb_ap_req ap_req;
    struct krb_enc_ticket ticket;
    struct krb_authenticator authenticator;
    struct gss_krb_checksum checksum;
    struct krb_key session, subkey; /* subkey n 0: none */
    uint8_t ticket_room[KRB_PEER_ROOM], authenticator_room[KRB_PEER_ROOM];
};

/* key NULL: the long-term key of the ticket's own service. false: something of it is not as it
 * should be. */
bool krb_peer_open(struct krb_peer_request *out, struct bytes token, const struct krb_key *key);
/* The element of the authenticator's first AD-IF-RELEVANT; p NULL: none. */
struct bytes krb_peer_ad(const struct krb_peer_request *, int32_t type);

struct krb_peer_reply {
    const struct krb_key *key; /* the ticket's session key */
    struct krb_enc_ap_rep part;
    bool bare;
    const struct bytes *oid; /* NULL: Kerberos' own */
    int32_t enctype;         /* that it says it has; 0: the key's */
};
void krb_peer_put_ap_rep(struct wire_writer *w, const struct krb_peer_reply *);
/* What answers a request as it should be answered, without subkey or sequence number. */
struct krb_peer_reply krb_peer_reply_to(const struct krb_peer_request *);
void krb_peer_put_error(struct wire_writer *w, const struct krb_error *, bool bare);
void krb_peer_put_tgt_rep(struct wire_writer *w, struct bytes ticket_der);

#endif
