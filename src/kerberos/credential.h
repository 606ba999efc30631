/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos' credential: who asks for tickets, and the keys that open them. */
#ifndef KERBEROS_CREDENTIAL_H
#define KERBEROS_CREDENTIAL_H

#include "package.h"
#include "ticket/ticket.h"

/* Immutable once acquired. */
struct krb_credential {
    struct sec_cred base;
    enum sec_use use;
    struct ticket_holder *holder; /* outbound; inbound too, for user-to-user: NULL where none */
    struct ticket_keytab *keytab; /* inbound */
};

sec_status krb_credential_acquire(const struct sec_host *, const struct sec_acquire_args *,
                                  struct sec_cred **out);
void krb_credential_free(struct sec_cred *);
sec_status krb_credential_name(const struct sec_cred *, struct wire_writer *out);
sec_status krb_credential_change_password(const struct sec_host *, const struct sec_identity *,
                                          struct bytes password);
sec_status krb_credential_check_service(const struct sec_cred *, const char *service);

#endif
