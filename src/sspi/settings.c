/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the library, and how the configuration file spells them. */
#include "sspi/settings.h"

#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "sspi/settings_kerberos.h"

enum {
    NETBIOS_NAME_MAX = 15,
    HOST_NAME_BYTES = 256,
    LM_LEVEL_MAX = 5,
    LM_LEVEL_CLIENT = 3,
    LM_LEVEL_SERVER = 5,
    LOCKOUT_THRESHOLD = 10,
    LOCKOUT_MINUTES = 10,
    MINUTES_MAX = 525600,       /* a year */
    IMPERSONATE_MIN_UID = 1000, /* UID_MIN of login.defs(5) */
    PASSWORD_LENGTH_MAX = 256,
    EXPORT_LIFETIME_S = 60,
    EXPORT_LIFETIME_MAX_S = 3600,
    OWNED_STRINGS = 16, /* of a settings_text, and the NULL at their end */
};

#define DEFAULT_STORE    "sqlite:/var/lib/opensspi/accounts.db"
#define DEFAULT_KEY_FILE "/etc/opensspi/accounts.key"

/* --- text ---------------------------------------------------------------------------------- */

static char **const *
owned_strings(struct settings_text *t, char **list[static OWNED_STRINGS])
{
    list[0] = &t->computer;
    list[1] = &t->domain;
    list[2] = &t->dns_computer;
    list[3] = &t->dns_domain;
    list[4] = &t->store;
    list[5] = &t->key_file;
    list[6] = &t->packages;
    list[7] = &t->spn;
    list[8] = &t->keytab;
    list[9] = &t->principal;
    list[10] = &t->replay_file;
    list[11] = &t->export_key;
    list[12] = &t->export_spent;
    list[13] = &t->load;
    list[14] = &t->directory;
    list[15] = NULL;
    return list;
}

void
settings_clear(struct settings_text *t)
{
    char **list[OWNED_STRINGS];

    for (char **const *s = owned_strings(t, list); *s; s++) {
        mem_free(**s);
    }
    *t = (struct settings_text){ 0 };
}

static bool
set_string(char **to, const char *value)
{
    char *copy = mem_dup(value, strlen(value));

    if (!copy) {
        return false;
    }
    mem_free(*to);
    *to = copy;
    return true;
}

/* The host's name: WEB1 of web1.example.test, and both parts where it has them. */
static bool
set_host_names(struct settings_text *t)
{
    char host[HOST_NAME_BYTES] = "", computer[NETBIOS_NAME_MAX + 1];
    const char *domain;
    size_t n;

    (void)gethostname(host, sizeof(host) - 1);
    domain = strchr(host, '.');
    n = strcspn(host, ".");
    n = n < NETBIOS_NAME_MAX ? n : NETBIOS_NAME_MAX;
    for (size_t i = 0; i < n; i++) {
        computer[i] = (char)(host[i] >= 'a' && host[i] <= 'z' ? host[i] - 'a' + 'A' : host[i]);
    }
    computer[n] = 0;
    return set_string(&t->computer, n ? computer : "LOCALHOST") &&
           set_string(&t->dns_computer, domain ? host : "") &&
           set_string(&t->dns_domain, domain ? domain + 1 : "");
}

sec_status
settings_init(struct settings_text *t)
{
    *t = (struct settings_text){
        .require_128bit = true,
        .impersonate_bare_name = UNIX_ACCOUNT_BARE_OWN_DOMAIN,
        .impersonate_min_uid = IMPERSONATE_MIN_UID,
        .lm_level_client = LM_LEVEL_CLIENT,
        .lm_level_server = LM_LEVEL_SERVER,
        .lockout_threshold = LOCKOUT_THRESHOLD,
        .lockout_minutes = LOCKOUT_MINUTES,
        .export_lifetime_s = EXPORT_LIFETIME_S,
        .authority_timeout_s = ACCOUNT_TIMEOUT_MS / 1000,
    };
    settings_kerberos_init(&t->kerberos);
    if (!set_host_names(t) || !set_string(&t->domain, "WORKGROUP") ||
        !set_string(&t->store, DEFAULT_STORE) || !set_string(&t->key_file, DEFAULT_KEY_FILE) ||
        !set_string(&t->packages, "Kerberos,NTLM") || !set_string(&t->spn, "") ||
        !set_string(&t->keytab, "") || !set_string(&t->principal, "") ||
        !set_string(&t->replay_file, "") || !set_string(&t->export_key, "") ||
        !set_string(&t->export_spent, "") || !set_string(&t->load, "") ||
        !set_string(&t->directory, "dns")) {
        settings_clear(t);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return SEC_E_OK;
}

sec_status
settings_copy(struct settings_text *to, const struct settings_text *from)
{
    char **list[OWNED_STRINGS];

    *to = *from;
    for (char **const *s = owned_strings(to, list); *s; s++) {
        const char *original = **s;

        **s = NULL;
        **s = mem_dup(original, strlen(original));
        if (!**s) {
            /* What is still the original's must not be freed with the copy. */
            for (char **const *rest = s + 1; *rest; rest++) {
                **rest = NULL;
            }
            settings_clear(to);
            return SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    return SEC_E_OK;
}

/* --- keys ---------------------------------------------------------------------------------- */

static bool
expected(char *why, size_t why_n, const char *what)
{
    (void)snprintf(why, why_n, "%s", what);
    return false;
}

static bool
same(const char *a, const char *b)
{
    return bytes_equal_nocase(bytes_of_string(a), bytes_of_string(b));
}

static bool
take_text(void *at, const char *value, char *why, size_t why_n)
{
    return set_string(at, value) || expected(why, why_n, CONFIG_NO_MEMORY);
}

/* Account names of the computer and of its domain: what goes before the backslash. */
static bool
take_netbios(void *at, const char *value, char *why, size_t why_n)
{
    size_t n = strlen(value);

    if (n == 0 || n > NETBIOS_NAME_MAX || strpbrk(value, "\\/:*?\"<>|@ ")) {
        return expected(why, why_n, "a name of 1 to 15 characters, none of \\/:*?\"<>|@ or blank");
    }
    return take_text(at, value, why, why_n);
}

static bool
take_store(void *at, const char *value, char *why, size_t why_n)
{
    if (strncmp(value, "sqlite:/", 8) != 0 && strncmp(value, "authority:/", 11) != 0) {
        return expected(why, why_n, "sqlite: or authority:, and an absolute path");
    }
    return take_text(at, value, why, why_n);
}

static bool
take_path(void *at, const char *value, char *why, size_t why_n)
{
    if (value[0] != '/') {
        return expected(why, why_n, "an absolute path");
    }
    return take_text(at, value, why, why_n);
}

static bool
take_paths(void *at, const char *value, char *why, size_t why_n)
{
    for (const char *path = value; path; path = strpbrk(path, " \t")) {
        path += strspn(path, " \t");
        if (*path != '/') {
            return expected(why, why_n, "absolute paths, with blanks between");
        }
    }
    return take_text(at, value, why, why_n);
}

/* What is wrong with a host's name libopensspi-directory tells. */
static bool
take_directory(void *at, const char *value, char *why, size_t why_n)
{
    const bool word = same(value, "dns") || same(value, "off");

    for (const char *s = word ? NULL : value; s; s = strpbrk(s, " \t")) {
        s += strspn(s, " \t");
        if (*s && (strncmp(s, "ldap://", 7) != 0 || !s[7])) {
            return expected(why, why_n, "dns, off, or ldap://HOST[:PORT] with blanks between");
        }
    }
    return take_text(at,
                     same(value, "dns")   ? "dns"
                     : same(value, "off") ? "off"
                                          : value,
                     why, why_n);
}

static bool
take_flag(void *at, const char *value, char *why, size_t why_n)
{
    return config_flag(value, at, why, why_n);
}

/* One name of a list, with a ! in front or without; *at moves past it. */
static bool
skip_package(const char **at)
{
    static const char *const names[] = { "Kerberos", "NTLM" };
    size_t n;

    *at += strspn(*at, " \t");
    if (**at == '!') {
        *at += 1 + strspn(*at + 1, " \t");
    }
    n = strcspn(*at, ", \t");
    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        if (bytes_equal_nocase(bytes_of_string(names[i]), bytes_of(*at, n))) {
            *at += n + strspn(*at + n, " \t");
            return true;
        }
    }
    return false;
}

/* "Kerberos,NTLM", "!ntlm": the form of a PackageList. What is none would exclude nothing. */
static bool
take_packages(void *at, const char *value, char *why, size_t why_n)
{
    const char *rest = value;
    bool good = skip_package(&rest);

    while (good && *rest == ',') {
        rest++;
        good = skip_package(&rest);
    }
    if (!good || *rest) {
        return expected(why, why_n,
                        "a list of Kerberos and NTLM, with commas, each with ! in "
                        "front to exclude it");
    }
    return take_text(at, value, why, why_n);
}

static bool
take_ntlm(void *at, const char *value, char *why, size_t why_n)
{
    static const char *const choices[] = { "allow", "audit", "deny", NULL };
    enum sec_ntlm_policy *to = at;
    int i;

    if (!config_choice(value, choices, &i, why, why_n)) {
        return false;
    }
    *to = (enum sec_ntlm_policy)i;
    return true;
}

static bool
take_lm_level(void *text, const char *value, char *why, size_t why_n)
{
    struct settings_text *t = text;
    unsigned long level;

    if (!config_number(value, 0, LM_LEVEL_MAX, &level, why, why_n)) {
        return false;
    }
    t->lm_level_client = t->lm_level_server = (unsigned)level;
    return true;
}

static bool
take_bindings(void *at, const char *value, char *why, size_t why_n)
{
    static const char *const choices[] = { "off", "allow-missing", "required", NULL };
    enum sec_bindings_policy *to = at;
    int i;

    if (!config_choice(value, choices, &i, why, why_n)) {
        return false;
    }
    *to = (enum sec_bindings_policy)(SEC_BINDINGS_OFF + i);
    return true;
}

static bool
take_bare_name(void *at, const char *value, char *why, size_t why_n)
{
    static const char *const words[] = {
        [UNIX_ACCOUNT_BARE_NEVER] = "no",
        [UNIX_ACCOUNT_BARE_OWN_DOMAIN] = "own-domain",
        [UNIX_ACCOUNT_BARE_ALWAYS] = "yes",
    };
    enum unix_account_bare *to = at;

    for (size_t i = 0; i < SEC_ARRAY_LEN(words); i++) {
        if (same(value, words[i])) {
            *to = (enum unix_account_bare)i;
            return true;
        }
    }
    return expected(why, why_n, "no, own-domain or yes");
}

static bool
take_spn(void *at, const char *value, char *why, size_t why_n)
{
    for (const char *name = value + strspn(value, " \t"); *name;) {
        size_t n = strcspn(name, " \t");
        const char *slash = memchr(name, '/', n);

        if (!slash || slash == name || slash + 1 == name + n || name[n - 1] == ',') {
            return expected(
                why, why_n,
                "names such as HTTP/web1.example.test, with blanks and no commas between");
        }
        name += n;
        name += strspn(name, " \t");
    }
    return take_text(at, value, why, why_n);
}

struct setting {
    const char *section, *key;
    size_t at; /* in struct settings_text */
    bool (*take)(void *at, const char *value, char *why, size_t why_n); /* NULL: an unsigned */
    unsigned long min, max;                                             /* of that */
    const char *shared; /* why no credential has its own; NULL: each may */
};

#define OF_STORE   "it in [policy] alone: lock-outs and passwords are the account store's"
#define OF_PROCESS "it in [kerberos] alone: credentials share what asks for tickets and remembers"

#define OF(member) offsetof(struct settings_text, member)

static const struct setting known_settings[] = {
    { "server", "computer", OF(computer), take_netbios, 0, 0, NULL },
    { "server", "domain", OF(domain), take_netbios, 0, 0, NULL },
    { "server", "dns_computer", OF(dns_computer), take_text, 0, 0, NULL },
    { "server", "dns_domain", OF(dns_domain), take_text, 0, 0, NULL },
    { "accounts", "store", OF(store), take_store, 0, 0, NULL },
    { "accounts", "key_file", OF(key_file), take_path, 0, 0, NULL },
    { "accounts", "authority_timeout", OF(authority_timeout_s), NULL, 1, 60, NULL },
    { "accounts", "lm_hashes", OF(lm_hashes), take_flag, 0, 0, NULL },
    { "export", "key_file", OF(export_key), take_path, 0, 0, NULL },
    { "export", "spent_file", OF(export_spent), take_path, 0, 0, NULL },
    { "export", "lifetime", OF(export_lifetime_s), NULL, 1, EXPORT_LIFETIME_MAX_S, NULL },
    { "names", "directory", OF(directory), take_directory, 0, 0, NULL },
    { "packages", "load", OF(load), take_paths, 0, 0, NULL },
    { "policy", "packages", OF(packages), take_packages, 0, 0, NULL },
    { "policy", "ntlm", OF(ntlm), take_ntlm, 0, 0, NULL },
    { "policy", "lm_compatibility_level", 0 /* the whole */, take_lm_level, 0, 0, NULL },
    { "policy", "require_mic", OF(require_mic), take_flag, 0, 0, NULL },
    { "policy", "require_128bit", OF(require_128bit), take_flag, 0, 0, NULL },
    { "policy", "anonymous", OF(anonymous), take_flag, 0, 0, NULL },
    { "policy", "channel_bindings", OF(channel_bindings), take_bindings, 0, 0, NULL },
    { "policy", "service_binding", OF(service_binding), take_bindings, 0, 0, NULL },
    { "policy", "spn", OF(spn), take_spn, 0, 0, NULL },
    { "policy", "impersonate_root", OF(impersonate_root), take_flag, 0, 0, NULL },
    { "policy", "impersonate_min_uid", OF(impersonate_min_uid), NULL, 0, INT32_MAX, NULL },
    { "policy", "impersonate_bare_name", OF(impersonate_bare_name), take_bare_name, 0, 0, NULL },
    { "policy", "lockout_threshold", OF(lockout_threshold), NULL, 0, UINT16_MAX, OF_STORE },
    { "policy", "lockout_minutes", OF(lockout_minutes), NULL, 1, MINUTES_MAX, OF_STORE },
    { "policy", "password_min_length", OF(password_min_length), NULL, 0, PASSWORD_LENGTH_MAX,
      OF_STORE },
    { "kerberos", "keytab", OF(keytab), settings_kerberos_keytab, 0, 0, NULL },
    { "kerberos", "principal", OF(principal), settings_kerberos_principal, 0, 0, NULL },
    { "kerberos", "clock_skew", OF(kerberos.clock_skew_s), NULL, 1, SETTINGS_CLOCK_SKEW_MAX_S,
      OF_PROCESS },
    { "kerberos", "pac", OF(kerberos.pac), settings_kerberos_pac, 0, 0, NULL },
    { "kerberos", "permitted_enctypes", OF(kerberos), settings_kerberos_enctypes, 0, 0,
      OF_PROCESS },
    { "kerberos", "replay_cache", 0 /* the whole */, settings_kerberos_replay_cache, 0, 0,
      OF_PROCESS },
    { "kerberos", "replay_capacity", OF(kerberos.replay_capacity), NULL,
      SETTINGS_REPLAY_CAPACITY_MIN, SETTINGS_REPLAY_CAPACITY_MAX, OF_PROCESS },
};

/* Of which sections credentials may have keys of their own. */
static bool
is_of_credentials(const struct setting *s)
{
    return same(s->section, "policy") || same(s->section, "kerberos");
}

/* section NULL: of a credential. */
static bool
unknown_key(const char *section, const char *key, char *why, size_t why_n)
{
    const char *known[SEC_ARRAY_LEN(known_settings) + 1] = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(known_settings); i++) {
        const struct setting *s = &known_settings[i];

        if (section ? same(s->section, section) : is_of_credentials(s) && !s->shared) {
            known[n++] = s->key;
        }
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(known_settings); i++) {
        if (same(known_settings[i].key, key)) {
            (void)snprintf(why, why_n, "unknown key; it is one of [%s]", known_settings[i].section);
            return false;
        }
    }
    return config_unknown("key", key, known, why, why_n);
}

static const struct setting *
find_setting(const char *section, const char *key)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(known_settings); i++) {
        if (same(known_settings[i].section, section) && same(known_settings[i].key, key)) {
            return &known_settings[i];
        }
    }
    return NULL;
}

static bool
take_value(const struct setting *s, struct settings_text *t, const char *value, char *why,
           size_t why_n)
{
    void *at = (char *)t + s->at;
    unsigned *to = at;
    unsigned long n;

    if (s->take) {
        return s->take(at, value, why, why_n);
    }
    if (!config_number(value, s->min, s->max, &n, why, why_n)) {
        return false;
    }
    *to = (unsigned)n;
    return true;
}

static bool
take_setting(struct settings_text *t, const char *section, const char *key, const char *value,
             char *why, size_t why_n)
{
    const struct setting *s = find_setting(section, key);

    return s ? take_value(s, t, value, why, why_n) : unknown_key(section, key, why, why_n);
}

bool
settings_take_option(struct settings_text *t, const char *key, const char *value, char *why,
                     size_t why_n)
{
    const struct setting *s = find_setting("policy", key);

    s = s ? s : find_setting("kerberos", key);
    if (!s) {
        return unknown_key(NULL, key, why, why_n);
    }
    return s->shared ? expected(why, why_n, s->shared) : take_value(s, t, value, why, why_n);
}

static bool
is_own(const char *section)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(known_settings); i++) {
        if (same(section, known_settings[i].section)) {
            return true;
        }
    }
    return false;
}

static bool
take_entry(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    const char *const *sections = config_sections();

    if (is_own(e->section)) {
        if (e->key) {
            return take_setting(user, e->section, e->key, e->value, why, why_n);
        }
        (void)snprintf(why, why_n, "[%s] without a name", e->section);
        return !e->instance[0];
    }
    for (size_t i = 0; sections[i]; i++) {
        if (same(e->section, sections[i])) {
            return true; /* a program's */
        }
    }
    return config_unknown("section", e->section, sections, why, why_n);
}

bool
settings_read(struct settings_text *t, const char *file, struct config_error *error)
{
    return config_read(file, take_entry, t, error);
}
