/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the library, and how the configuration file spells them. */
#include "sspi/settings.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/settings_kerberos.h"

enum {
    NETBIOS_NAME_MAX = 15,
    HOST_NAME_BYTES = 256,
    LM_LEVEL_MAX = 5,
    LM_LEVEL_CLIENT = 3,
    LM_LEVEL_SERVER = 5,
    LOCKOUT_THRESHOLD = 10,
    LOCKOUT_MINUTES = 10,
    MINUTES_MAX = 525600, /* a year */
    EXPORT_LIFETIME_S = 60,
    EXPORT_LIFETIME_MAX_S = 3600,
    OWNED_STRINGS = 14, /* of a settings_text, and the NULL at their end */
};

/* A response's time stamp may be this far off: 36 hours, as Windows has it ([MS-NLMP] 3.1.1.1). */
#define RESPONSE_AGE_MAX_100NS (36 * 3600 * CLOCK_SECOND_100NS)

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
    list[13] = NULL;
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
        !set_string(&t->export_spent, "")) {
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

typedef bool (*take_value)(struct settings_text *, const char *value, char *why, size_t why_n);

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
take_text(char **to, const char *value, char *why, size_t why_n)
{
    return set_string(to, value) || expected(why, why_n, "memory");
}

/* Account names of the computer and of its domain: what goes before the backslash. */
static bool
take_netbios(char **to, const char *value, char *why, size_t why_n)
{
    size_t n = strlen(value);

    if (n == 0 || n > NETBIOS_NAME_MAX || strpbrk(value, "\\/:*?\"<>|@ ")) {
        return expected(why, why_n, "a name of 1 to 15 characters, none of \\/:*?\"<>|@ or blank");
    }
    return take_text(to, value, why, why_n);
}

static bool
take_computer(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_netbios(&t->computer, value, why, why_n);
}

static bool
take_domain(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_netbios(&t->domain, value, why, why_n);
}

static bool
take_dns_computer(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_text(&t->dns_computer, value, why, why_n);
}

static bool
take_dns_domain(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_text(&t->dns_domain, value, why, why_n);
}

static bool
take_store(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    if (strncmp(value, "sqlite:/", 8) != 0 && strncmp(value, "authority:/", 11) != 0) {
        return expected(why, why_n, "sqlite: or authority:, and an absolute path");
    }
    return take_text(&t->store, value, why, why_n);
}

static bool
take_path(char **to, const char *value, char *why, size_t why_n)
{
    if (value[0] != '/') {
        return expected(why, why_n, "an absolute path");
    }
    return take_text(to, value, why, why_n);
}

static bool
take_key_file(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_path(&t->key_file, value, why, why_n);
}

static bool
take_export_key(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_path(&t->export_key, value, why, why_n);
}

static bool
take_export_spent(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_path(&t->export_spent, value, why, why_n);
}

static bool
take_export_lifetime(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    unsigned long n;

    if (!config_number(value, 1, EXPORT_LIFETIME_MAX_S, &n, why, why_n)) {
        return false;
    }
    t->export_lifetime_s = (unsigned)n;
    return true;
}

static bool
take_authority_timeout(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    unsigned long seconds;

    if (!config_number(value, 1, 60, &seconds, why, why_n)) {
        return false;
    }
    t->authority_timeout_s = (unsigned)seconds;
    return true;
}

static bool
take_lm_hashes(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return config_flag(value, &t->lm_hashes, why, why_n);
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
take_packages(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    const char *at = value;
    bool good = skip_package(&at);

    while (good && *at == ',') {
        at++;
        good = skip_package(&at);
    }
    if (!good || *at) {
        return expected(why, why_n,
                        "a list of Kerberos and NTLM, with commas, each with ! in "
                        "front to exclude it");
    }
    return take_text(&t->packages, value, why, why_n);
}

static bool
take_ntlm(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    static const char *const choices[] = { "allow", "audit", "deny", NULL };
    int i;

    if (!config_choice(value, choices, &i, why, why_n)) {
        return false;
    }
    t->ntlm = (enum sec_ntlm_policy)i;
    return true;
}

static bool
take_lm_level(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    unsigned long level;

    if (!config_number(value, 0, LM_LEVEL_MAX, &level, why, why_n)) {
        return false;
    }
    t->lm_level_client = t->lm_level_server = (unsigned)level;
    return true;
}

static bool
take_bindings(enum sec_bindings_policy *to, const char *value, char *why, size_t why_n)
{
    static const char *const choices[] = { "off", "allow-missing", "required", NULL };
    int i;

    if (!config_choice(value, choices, &i, why, why_n)) {
        return false;
    }
    *to = (enum sec_bindings_policy)(SEC_BINDINGS_OFF + i);
    return true;
}

static bool
take_channel_bindings(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_bindings(&t->channel_bindings, value, why, why_n);
}

static bool
take_service_binding(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return take_bindings(&t->service_binding, value, why, why_n);
}

static bool
take_require_mic(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return config_flag(value, &t->require_mic, why, why_n);
}

static bool
take_require_128bit(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return config_flag(value, &t->require_128bit, why, why_n);
}

static bool
take_anonymous(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return config_flag(value, &t->anonymous, why, why_n);
}

static bool
take_impersonate_root(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    return config_flag(value, &t->impersonate_root, why, why_n);
}

static bool
take_impersonate_bare_name(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    static const char *const words[] = {
        [UNIX_ACCOUNT_BARE_NEVER] = "no",
        [UNIX_ACCOUNT_BARE_OWN_DOMAIN] = "own-domain",
        [UNIX_ACCOUNT_BARE_ALWAYS] = "yes",
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(words); i++) {
        if (same(value, words[i])) {
            t->impersonate_bare_name = (enum unix_account_bare)i;
            return true;
        }
    }
    return expected(why, why_n, "no, own-domain or yes");
}

static bool
take_spn(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    for (const char *at = value + strspn(value, " \t"); *at;) {
        size_t n = strcspn(at, " \t");
        const char *slash = memchr(at, '/', n);

        if (!slash || slash == at || slash + 1 == at + n) {
            return expected(why, why_n,
                            "names such as HTTP/web1.example.test, with blanks between");
        }
        at += n;
        at += strspn(at, " \t");
    }
    return take_text(&t->spn, value, why, why_n);
}

static bool
take_lockout_threshold(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    unsigned long n;

    if (!config_number(value, 0, UINT16_MAX, &n, why, why_n)) {
        return false;
    }
    t->lockout_threshold = (unsigned)n;
    return true;
}

static bool
take_lockout_minutes(struct settings_text *t, const char *value, char *why, size_t why_n)
{
    unsigned long n;

    if (!config_number(value, 1, MINUTES_MAX, &n, why, why_n)) {
        return false;
    }
    t->lockout_minutes = (unsigned)n;
    return true;
}

struct setting {
    const char *section, *key;
    take_value take;
    const char *shared; /* why no credential has its own; NULL: each may */
};

#define OF_STORE   "it in [policy] alone: lock-outs are the account store's"
#define OF_PROCESS "it in [kerberos] alone: credentials share what asks for tickets and remembers"

static const struct setting known_settings[] = {
    { "server", "computer", take_computer },
    { "server", "domain", take_domain },
    { "server", "dns_computer", take_dns_computer },
    { "server", "dns_domain", take_dns_domain },
    { "accounts", "store", take_store },
    { "accounts", "key_file", take_key_file },
    { "accounts", "authority_timeout", take_authority_timeout },
    { "accounts", "lm_hashes", take_lm_hashes },
    { "export", "key_file", take_export_key },
    { "export", "spent_file", take_export_spent },
    { "export", "lifetime", take_export_lifetime },
    { "policy", "packages", take_packages },
    { "policy", "ntlm", take_ntlm },
    { "policy", "lm_compatibility_level", take_lm_level },
    { "policy", "require_mic", take_require_mic },
    { "policy", "require_128bit", take_require_128bit },
    { "policy", "anonymous", take_anonymous },
    { "policy", "channel_bindings", take_channel_bindings },
    { "policy", "service_binding", take_service_binding },
    { "policy", "spn", take_spn },
    { "policy", "impersonate_root", take_impersonate_root },
    { "policy", "impersonate_bare_name", take_impersonate_bare_name },
    { "policy", "lockout_threshold", take_lockout_threshold, OF_STORE },
    { "policy", "lockout_minutes", take_lockout_minutes, OF_STORE },
    { "kerberos", "keytab", settings_kerberos_keytab },
    { "kerberos", "principal", settings_kerberos_principal },
    { "kerberos", "clock_skew", settings_kerberos_clock_skew, OF_PROCESS },
    { "kerberos", "pac", settings_kerberos_pac },
    { "kerberos", "permitted_enctypes", settings_kerberos_enctypes, OF_PROCESS },
    { "kerberos", "replay_cache", settings_kerberos_replay_cache, OF_PROCESS },
    { "kerberos", "replay_capacity", settings_kerberos_replay_capacity, OF_PROCESS },
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
take_setting(struct settings_text *t, const char *section, const char *key, const char *value,
             char *why, size_t why_n)
{
    const struct setting *s = find_setting(section, key);

    return s ? s->take(t, value, why, why_n) : unknown_key(section, key, why, why_n);
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
    return s->shared ? expected(why, why_n, s->shared) : s->take(t, value, why, why_n);
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

/* --- compiled ------------------------------------------------------------------------------ */

static sec_status
compile_name(struct bytes *out, struct bytes utf8)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes written;

    utf16_put_utf8(&w, utf8);
    if (wire_writer_status(&w) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (wire_writer_status(&w) != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "settings: a name is not UTF-8");
    }
    written = wire_written(&w);
    out->p = mem_dup(written.p, written.n);
    out->n = written.n;
    return out->p ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static sec_status
compile_spns(struct settings *out, const char *text)
{
    sec_status status = SEC_E_OK;

    out->spns = mem_new_array(strlen(text) / 2 + 1, sizeof(*out->spns));
    if (!out->spns) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    out->sec.spns = out->spns;
    for (const char *at = text + strspn(text, " \t"); *at && status == SEC_E_OK;) {
        size_t n = strcspn(at, " \t");

        status = compile_name(&out->spns[out->sec.n_spns], bytes_of(at, n));
        out->sec.n_spns += out->spns[out->sec.n_spns].p != NULL;
        at += n;
        at += strspn(at, " \t");
    }
    return status;
}

sec_status
settings_compile(struct settings *out, const struct settings_text *t)
{
    sec_status status;

    *out = (struct settings){
        .packages = mem_dup(t->packages, strlen(t->packages)),
        .sec = {
            .ntlm = t->ntlm,
            .lm_level_client = t->lm_level_client,
            .lm_level_server = t->lm_level_server,
            .require_mic = t->require_mic,
            .require_128bit = t->require_128bit,
            .allow_anonymous = t->anonymous,
            .channel_bindings = t->channel_bindings,
            .service_binding = t->service_binding,
            .max_response_age_100ns = RESPONSE_AGE_MAX_100NS,
            .kerberos = settings_kerberos_compile(t),
        },
    };
    out->sec.packages = out->packages;
    status = out->packages ? compile_name(&out->sec.computer, bytes_of_string(t->computer))
                           : SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK) {
        status = compile_name(&out->sec.domain, bytes_of_string(t->domain));
    }
    if (status == SEC_E_OK) {
        status = compile_name(&out->sec.dns_computer, bytes_of_string(t->dns_computer));
    }
    if (status == SEC_E_OK) {
        status = compile_name(&out->sec.dns_domain, bytes_of_string(t->dns_domain));
    }
    if (status == SEC_E_OK) {
        status = compile_spns(out, t->spn);
    }
    if (status != SEC_E_OK) {
        settings_free(out);
    }
    return status;
}

static void
free_name(struct bytes *name)
{
    mem_free((void *)(uintptr_t)name->p);
    *name = (struct bytes){ 0 };
}

void
settings_free(struct settings *s)
{
    free_name(&s->sec.computer);
    free_name(&s->sec.domain);
    free_name(&s->sec.dns_computer);
    free_name(&s->sec.dns_domain);
    for (size_t i = 0; i < s->sec.n_spns; i++) {
        free_name(&s->spns[i]);
    }
    mem_free(s->spns);
    mem_free(s->packages);
    *s = (struct settings){ 0 };
}

struct account_options
settings_account_options(const struct settings_text *text, const struct settings *settings)
{
    return (struct account_options){
        .store = text->store,
        .key_file = text->key_file,
        .timeout_ms = text->authority_timeout_s * 1000,
        .domain = settings->sec.domain,
        .lockout_threshold = text->lockout_threshold,
        .lockout_minutes = text->lockout_minutes,
        .keep_lm_hashes = text->lm_hashes,
    };
}
