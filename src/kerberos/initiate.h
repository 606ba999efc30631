/* SPDX-License-Identifier: Apache-2.0 */
/* What the initiator's first leg shares with those that answer the acceptor. */
#ifndef KERBEROS_INITIATE_H
#define KERBEROS_INITIATE_H

#include "kerberos/context.h"

/* A ticket to the context's target in place of the one before, and what is known with it.
 * peer_tgt: of user-to-user, else empty. */
sec_status krb_initiator_get_ticket(struct krb_context *, struct bytes peer_tgt, bool fresh);
/* The AP-REQ with the handshake's ticket, under a new authenticator. Without mutual authentication
 * it is the last token: the context is established. */
sec_status krb_initiator_send_ap_req(struct krb_context *, struct sec_step_args *,
                                     struct wire_writer *out);

#endif
