/* SPDX-License-Identifier: Apache-2.0 */
/* The library's own sections of the configuration: [server], [accounts], [policy], [kerberos],
 * [export], [packages] and [names]. */
#ifndef SSPI_SETTINGS_H
#define SSPI_SETTINGS_H

#include "account/account.h"
#include "base/config.h"
#include "package.h"
#include "token/unix_account.h"

/* Of [kerberos], what is no text. */
struct settings_kerberos {
    unsigned clock_skew_s;
    enum sec_pac_policy pac;
    int replay; /* enum ticket_replay_scope */
    unsigned replay_capacity;
    int32_t enctypes[SEC_ENCTYPES_MAX];
    size_t n_enctypes;
};

/* What a file, or its absence, and a credential's own options say. Strings are UTF-8 and owned. */
struct settings_text {
    char *computer, *domain, *dns_computer, *dns_domain;
    char *store, *key_file;
    char *packages, *spn;
    char *load;                             /* of [packages] */
    char *directory;                        /* of [names] */
    char *keytab, *principal, *replay_file; /* "": none */
    char *export_key, *export_spent;        /* "": none */
    unsigned export_lifetime_s;
    unsigned authority_timeout_s;
    bool lm_hashes;
    enum sec_ntlm_policy ntlm;
    enum sec_bindings_policy channel_bindings, service_binding;
    bool require_mic, require_128bit, anonymous;
    bool impersonate_root;
    unsigned impersonate_min_uid;
    enum unix_account_bare impersonate_bare_name;
    unsigned lm_level_client, lm_level_server;
    unsigned lockout_threshold, lockout_minutes;
    unsigned password_min_length;
    struct settings_kerberos kerberos;
};

/* Defaults; the computer's name is the host's. SEC_E_INSUFFICIENT_MEMORY. */
sec_status settings_init(struct settings_text *);
void settings_clear(struct settings_text *);
/* *to is initialised from nothing. */
sec_status settings_copy(struct settings_text *to, const struct settings_text *from);

/* Takes the sections above from file; other programs' sections pass. false: error says why. */
SEC_NODISCARD bool settings_read(struct settings_text *, const char *file, struct config_error *);
/* One key of [policy], or keytab, principal or pac of [kerberos], as a credential's own. false: why
 * says what was expected. */
SEC_NODISCARD bool settings_take_option(struct settings_text *, const char *key, const char *value,
                                        char *why, size_t why_n);

/* The form that packages see: names in UTF-16LE. */
struct settings {
    struct sec_settings sec;
    char *packages;
    struct bytes *spns;
};

/* text must outlive *out. SEC_E_INVALID_PARAMETER: a name is not UTF-8. */
sec_status settings_compile(struct settings *out, const struct settings_text *text);
void settings_free(struct settings *);

/* Whom impersonation is for; own_domains is its room, and both are borrowed from. */
enum { SETTINGS_OWN_DOMAINS = 3 };
struct unix_account_policy settings_unix_policy(
    const struct settings_text *, const char *own_domains[static SETTINGS_OWN_DOMAINS]);

/* What both say of accounts; borrowed from them. */
struct account_options settings_account_options(const struct settings_text *,
                                                const struct settings *);

#endif
