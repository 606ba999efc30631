/* SPDX-License-Identifier: Apache-2.0 */
/* Why a keytab's keys do not do, in words for sec_fail. */
#ifndef TICKET_KEYTAB_REASON_H
#define TICKET_KEYTAB_REASON_H

#include "ticket/keytab_match.h"

/* What the keytab lacks for the ticket's own name, or for principal, as sec_fail's text too. */
enum ticket_key_verdict keytab_reason_explain(const struct keytab_entries *, const char *principal,
                                              const struct krb_ticket *);

/* SEC_E_OK: there is a key, and where principal is not NULL, one of its name. */
SEC_NODISCARD sec_status keytab_reason_check(const struct keytab_entries *, const char *principal);

#endif
