/* SPDX-License-Identifier: Apache-2.0 */
/* [kerberos]: the service's keys, what tickets may be like, what is remembered of them. */
#include "sspi/settings_kerberos.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    SKEW_SECONDS = 300, /* as KDCs of Microsoft's and MIT's have it */
    REPLAY_CAPACITY = 1000000,
};

/* RFC 3961's numbers as IANA names them, and as krb5.conf shortens them. */
static const struct {
    int32_t enctype;
    const char *name, *alias;
} known_enctypes[] = {
    { 18, "aes256-cts-hmac-sha1-96", "aes256-cts" },
    { 17, "aes128-cts-hmac-sha1-96", "aes128-cts" },
    { 20, "aes256-cts-hmac-sha384-192", "aes256-sha2" },
    { 19, "aes128-cts-hmac-sha256-128", "aes128-sha2" },
    { 23, "rc4-hmac", "arcfour-hmac" },
};

void
settings_kerberos_init(struct settings_kerberos *k)
{
    *k = (struct settings_kerberos){
        .clock_skew_s = SKEW_SECONDS,
        .pac = SEC_PAC_VERIFY,
        .replay_capacity = REPLAY_CAPACITY,
    };
}

static bool
expected(char *why, size_t why_n, const char *what)
{
    (void)snprintf(why, why_n, "%s", what);
    return false;
}

static bool
set_text(char **to, const char *value, char *why, size_t why_n)
{
    char *copy = mem_dup(value, strlen(value));

    if (!copy) {
        return expected(why, why_n, CONFIG_NO_MEMORY);
    }
    mem_free(*to);
    *to = copy;
    return true;
}

bool
settings_kerberos_keytab(void *at, const char *value, char *why, size_t why_n)
{
    const char *path = strncmp(value, "FILE:", 5) == 0 ? value + 5 : value;

    if (path[0] != '/') {
        return expected(why, why_n, "FILE: and an absolute path");
    }
    return set_text(at, value, why, why_n);
}

/* service/host, with a realm or without. */
bool
settings_kerberos_principal(void *at, const char *value, char *why, size_t why_n)
{
    const char *slash = strchr(value, '/');

    if (!slash || slash == value || !slash[1] || slash[1] == '@' || strpbrk(value, " \t")) {
        return expected(why, why_n, "a name such as HTTP/web1.example.test, or with @REALM behind");
    }
    return set_text(at, value, why, why_n);
}

bool
settings_kerberos_pac(void *at, const char *value, char *why, size_t why_n)
{
    static const char *const choices[] = { "verify", "required", "ignore", NULL };
    enum sec_pac_policy *to = at;
    int i;

    if (!config_choice(value, choices, &i, why, why_n)) {
        return false;
    }
    *to = (enum sec_pac_policy)i;
    return true;
}

static int32_t
enctype_of(struct bytes name)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(known_enctypes); i++) {
        if (bytes_equal_nocase(name, bytes_of_string(known_enctypes[i].name)) ||
            bytes_equal_nocase(name, bytes_of_string(known_enctypes[i].alias))) {
            return known_enctypes[i].enctype;
        }
    }
    return 0;
}

bool
settings_kerberos_enctypes(void *kerberos, const char *value, char *why, size_t why_n)
{
    static const char separators[] = ", \t";
    struct settings_kerberos *to = kerberos, k = *to;

    k.n_enctypes = 0;
    for (const char *at = value + strspn(value, separators); *at; at += strspn(at, separators)) {
        size_t n = strcspn(at, separators);
        int32_t enctype = enctype_of(bytes_of(at, n));

        if (!enctype || k.n_enctypes == SEC_ENCTYPES_MAX) {
            return expected(why, why_n,
                            "encryption types, the preferred first: aes256-cts-hmac-sha1-96, "
                            "aes128-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192, "
                            "aes128-cts-hmac-sha256-128, rc4-hmac");
        }
        k.enctypes[k.n_enctypes++] = enctype;
        at += n;
    }
    if (k.n_enctypes == 0) {
        return expected(why, why_n, "at least one encryption type");
    }
    *to = k;
    return true;
}

bool
settings_kerberos_replay_cache(void *text, const char *value, char *why, size_t why_n)
{
    static const char *const choices[] = { "process", "off", NULL };
    static const char shared[] = "shared:";
    struct settings_text *t = text;
    int i;

    if (bytes_starts_with(bytes_of_string(value), bytes_of_string(shared)) &&
        value[strlen(shared)] == '/') {
        t->kerberos.replay = TICKET_REPLAY_SHARED;
        return set_text(&t->replay_file, value + strlen(shared), why, why_n);
    }
    if (!config_choice(value, choices, &i, why, why_n)) {
        return expected(why, why_n, "process, off, or shared: and an absolute path");
    }
    t->kerberos.replay = i == 0 ? TICKET_REPLAY_PROCESS : TICKET_REPLAY_OFF;
    return true;
}

/* --- compiled ------------------------------------------------------------------------------ */

/* "" is none. */
static const char *
text_or_none(const char *text)
{
    return text && *text ? text : NULL;
}

struct sec_kerberos_settings
settings_kerberos_compile(const struct settings_text *t)
{
    struct sec_kerberos_settings out = {
        .keytab = text_or_none(t->keytab),
        .principal = text_or_none(t->principal),
        .skew_100ns = t->kerberos.clock_skew_s * CLOCK_SECOND_100NS,
        .pac = t->kerberos.pac,
        .n_enctypes = t->kerberos.n_enctypes,
    };

    bytes_copy(out.enctypes, t->kerberos.enctypes, sizeof(out.enctypes));
    return out;
}

struct ticket_options
settings_kerberos_options(const struct settings_text *t)
{
    return (struct ticket_options){
        .keytab = text_or_none(t->keytab),
        .replay_file = text_or_none(t->replay_file),
        .replay = (enum ticket_replay_scope)t->kerberos.replay,
        .replay_capacity = t->kerberos.replay_capacity,
        .skew_100ns = t->kerberos.clock_skew_s * CLOCK_SECOND_100NS,
        .enctypes = t->kerberos.enctypes,
        .n_enctypes = t->kerberos.n_enctypes,
    };
}

static bool
same_text(const char *a, const char *b)
{
    return bytes_equal(bytes_of_string(a), bytes_of_string(b));
}

bool
settings_kerberos_same(const struct settings_text *a, const struct settings_text *b)
{
    const struct settings_kerberos *x = &a->kerberos, *y = &b->kerberos;

    return same_text(a->keytab, b->keytab) && same_text(a->replay_file, b->replay_file) &&
           x->replay == y->replay && x->replay_capacity == y->replay_capacity &&
           x->clock_skew_s == y->clock_skew_s &&
           bytes_equal(bytes_of(x->enctypes, x->n_enctypes * sizeof(x->enctypes[0])),
                       bytes_of(y->enctypes, y->n_enctypes * sizeof(y->enctypes[0])));
}
