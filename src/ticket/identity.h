/* SPDX-License-Identifier: Apache-2.0 */
/* From the names that people give to principals, and from those to a TGT. */
#ifndef TICKET_IDENTITY_H
#define TICKET_IDENTITY_H

#include "ticket/authority.h"

enum { IDENTITY_CANDIDATES_MAX = 2 };

/* Spellings to try in turn. */
struct identity_candidates {
    krb5_principal name[IDENTITY_CANDIDATES_MAX];
    size_t n;
};

/* Whether user and domain (UTF-8) can be a principal's. SEC_E_UNKNOWN_CREDENTIALS: they cannot. */
SEC_NODISCARD sec_status identity_check(const char *user, const char *domain);

/* user@REALM is that principal, and then, as a UPN, an enterprise name of the default realm. Of
 * DOMAIN\user, a DNS name's realm is its upper case; a NetBIOS name that begins the default realm
 * means it, and any other is left to the default realm's KDC to make sense of. Clear also after a
 * failure. SEC_E_NO_AUTHENTICATING_AUTHORITY: there is no default realm to ask. */
SEC_NODISCARD sec_status identity_candidates(krb5_context, const char *user, const char *domain,
                                             struct identity_candidates *out);
void identity_candidates_clear(krb5_context, struct identity_candidates *);

struct identity_password {
    const char *user, *domain, *password; /* UTF-8 */
    const char *service;                  /* NULL: the realm's own, for a TGT */
};

/* AS exchanges; they block. *out is the caller's: krb5_free_cred_contents. *kdc_error: the code of
 * the KRB-ERROR that came instead, where one did. */
SEC_NODISCARD sec_status identity_log_on(const struct ticket_authority *, krb5_context,
                                         const struct identity_password *, krb5_creds *out,
                                         int32_t *kdc_error);
krb5_error_code identity_log_on_by_keytab(const struct ticket_authority *, krb5_context,
                                          krb5_principal, krb5_keytab, krb5_creds *tgt);
/* The client keytab, and its first entry's principal. Both are the caller's. */
krb5_error_code identity_of_client_keytab(krb5_context, krb5_keytab *, krb5_principal *);

#endif
