/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of [kerberos]. */
#ifndef SSPI_SETTINGS_KERBEROS_H
#define SSPI_SETTINGS_KERBEROS_H

#include "sspi/settings.h"
#include "ticket/ticket.h"

enum {
    SETTINGS_CLOCK_SKEW_MAX_S = 3600,
    SETTINGS_REPLAY_CAPACITY_MIN = 1000,
    SETTINGS_REPLAY_CAPACITY_MAX = 100000000,
};

/* krb5.conf's encryption types; 5 minutes; a PAC that is there must be good; what was seen is
 * remembered by this process. */
void settings_kerberos_init(struct settings_kerberos *);

/* One key each; false: why says what was expected. at: where its value goes, a char *, an enum
 * sec_pac_policy, a struct settings_kerberos, or a struct settings_text, of which two change. */
bool settings_kerberos_keytab(void *at, const char *value, char *why, size_t why_n);
bool settings_kerberos_principal(void *at, const char *value, char *why, size_t why_n);
bool settings_kerberos_pac(void *at, const char *value, char *why, size_t why_n);
bool settings_kerberos_enctypes(void *kerberos, const char *value, char *why, size_t why_n);
bool settings_kerberos_replay_cache(void *text, const char *value, char *why, size_t why_n);

/* For packages, and for ticket_authority_open. Borrowed from the text, which outlives them. */
struct sec_kerberos_settings settings_kerberos_compile(const struct settings_text *);
struct ticket_options settings_kerberos_options(const struct settings_text *);
/* Whether both say the same of a ticket authority. */
bool settings_kerberos_same(const struct settings_text *, const struct settings_text *);

#endif
