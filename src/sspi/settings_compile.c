/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as packages, tokens and accounts take them. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/settings.h"
#include "sspi/settings_kerberos.h"

/* A response's time stamp may be this far off: 36 hours, as Windows has it ([MS-NLMP] 3.1.1.1). */
#define RESPONSE_AGE_MAX_100NS (36 * 3600 * CLOCK_SECOND_100NS)

static sec_status
compile_name(struct bytes *out, const char *key, struct bytes utf8)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct bytes written;

    utf16_put_utf8(&w, utf8);
    if (wire_writer_status(&w) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (wire_writer_status(&w) != WIRE_OK) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "%s: expected text in UTF-8", key);
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

        status = compile_name(&out->spns[out->sec.n_spns], "[policy] spn", bytes_of(at, n));
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
    status = out->packages ? compile_name(&out->sec.computer, "[server] computer",
                                          bytes_of_string(t->computer))
                           : SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK) {
        status = compile_name(&out->sec.domain, "[server] domain", bytes_of_string(t->domain));
    }
    if (status == SEC_E_OK) {
        status = compile_name(&out->sec.dns_computer, "[server] dns_computer",
                              bytes_of_string(t->dns_computer));
    }
    if (status == SEC_E_OK) {
        status = compile_name(&out->sec.dns_domain, "[server] dns_domain",
                              bytes_of_string(t->dns_domain));
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

struct unix_account_policy
settings_unix_policy(const struct settings_text *t,
                     const char *own_domains[static SETTINGS_OWN_DOMAINS])
{
    own_domains[0] = t->domain;
    own_domains[1] = t->computer;
    own_domains[2] = t->dns_domain;
    return (struct unix_account_policy){
        .root = t->impersonate_root,
        .min_uid = t->impersonate_min_uid,
        .bare = t->impersonate_bare_name,
        .own_domains = own_domains,
        .n_own_domains = SETTINGS_OWN_DOMAINS,
    };
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
        .password_min_length = text->password_min_length,
        .keep_lm_hashes = text->lm_hashes,
    };
}
