/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of [kerberos]. */
#ifndef SSPI_SETTINGS_KERBEROS_H
#define SSPI_SETTINGS_KERBEROS_H

#include "sspi/settings.h"
#include "ticket/ticket.h"

/* krb5.conf's encryption types; 5 minutes; a PAC that is there must be good; what was seen is
 * remembered by this process. */
void settings_kerberos_init(struct settings_kerberos *);

/* One key each; as in settings.c. */
bool settings_kerberos_keytab(struct settings_text *, const char *value, char *why, size_t why_n);
bool settings_kerberos_principal(struct settings_text *, const char *value, char *why,
                                 size_t why_n);
bool settings_kerberos_clock_skew(struct settings_text *, const char *value, char *why,
                                  size_t why_n);
bool settings_kerberos_pac(struct settings_text *, const char *value, char *why, size_t why_n);
bool settings_kerberos_enctypes(struct settings_text *, const char *value, char *why, size_t why_n);
bool settings_kerberos_replay_cache(struct settings_text *, const char *value, char *why,
                                    size_t why_n);
bool settings_kerberos_replay_capacity(struct settings_text *, const char *value, char *why,
                                       size_t why_n);

/* For packages, and for ticket_authority_open. Borrowed from the text, which outlives them. */
struct sec_kerberos_settings settings_kerberos_compile(const struct settings_text *);
struct ticket_options settings_kerberos_options(const struct settings_text *);
/* Whether both say the same of a ticket authority. */
bool settings_kerberos_same(const struct settings_text *, const struct settings_text *);

#endif
