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
    /* Inbound: the services whose keys are used; none: the one of the settings, or any. */
    const char **principals;
    size_t n_principals;
    char *own_principal;                 /* the last of them, if this credential brought it */
    bool borrows_holder, borrows_keytab; /* another credential's, which lives longer */
};

sec_status krb_credential_acquire(const struct sec_host *, const struct sec_acquire_args *,
                                  struct sec_cred **out);
void krb_credential_free(struct sec_cred *);
sec_status krb_credential_add(const struct sec_cred *from, const struct sec_package *,
                              const struct sec_acquire_args *, struct sec_cred **out);
/* SEC_E_NO_CREDENTIALS: it is not one for that side. */
sec_status krb_credential_check_role(const struct krb_credential *, enum sec_role);
/* The service at an index, for ticket_keys_hold; the 0th is NULL where any will do. */
size_t krb_credential_n_services(const struct krb_credential *);
const char *krb_credential_service(const struct krb_credential *, size_t index);
sec_status krb_credential_name(const struct sec_cred *, struct wire_writer *out);
sec_status krb_credential_change_password(const struct sec_host *, const struct sec_identity *,
                                          struct bytes password);
sec_status krb_credential_check_service(const struct sec_cred *, const char *service);

#endif
