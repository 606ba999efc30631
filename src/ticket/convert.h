/* SPDX-License-Identifier: Apache-2.0 */
/* Between libkrb5's structures and ours. */
#ifndef TICKET_CONVERT_H
#define TICKET_CONVERT_H

#include <krb5.h>

#include "ticket/ticket.h"

/* *out is the caller's: krb5_free_principal. */
krb5_error_code convert_principal_make(krb5_context, const struct krb_name *, struct bytes realm,
                                       krb5_principal *out);
/* Views into libkrb5's structure. false: more parts than a krb_name has. */
SEC_NODISCARD bool convert_principal(krb5_const_principal, struct krb_name *, struct bytes *realm);
/* A copy. *out must be cleared also after a failure. */
SEC_NODISCARD sec_status convert_ticket(krb5_context, const krb5_creds *, struct ticket *out);
/* A view of the key. */
krb5_keyblock convert_key(const struct krb_key *);

#endif
