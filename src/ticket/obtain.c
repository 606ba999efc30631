/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets to services: the TGS exchange, and what the AP exchange needs of its result. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "ticket/convert.h"
#include "ticket/holder.h"
#include "ticket/library_error.h"
#include "ticket/target.h"

/* --- the service's name -------------------------------------------------------------------- */

/* The realm of a host, as [domain_realm] has it; "" leaves it to the client's KDC to refer us. */
static krb5_error_code
realm_of_host(krb5_context context, struct bytes host, char **out)
{
    char *name = mem_dup(host.p, host.n);
    char **realms = NULL;
    krb5_error_code error = name ? krb5_get_host_realm(context, name, &realms) : ENOMEM;

    if (!error) {
        *out = mem_dup(realms[0], strlen(realms[0]));
        krb5_free_host_realm(context, realms);
        error = *out ? 0 : ENOMEM;
    }
    mem_free(name);
    return error;
}

/* service@host: krb5.conf says whether and how host is made canonical. */
static krb5_error_code
host_based(krb5_context context, const struct target *t, krb5_principal *out)
{
    char *service = mem_dup(t->name.parts[0].p, t->name.parts[0].n);
    char *host = mem_dup(t->host.p, t->host.n);
    krb5_error_code error = ENOMEM;

    if (service && host) {
        error = krb5_sname_to_principal(context, host, service, KRB5_NT_SRV_HST, out);
    }
    mem_free(service);
    mem_free(host);
    return error;
}

/* A realm that was named counts; then a host's; then the client's own. */
static krb5_error_code
realm_of(krb5_context context, const struct target *t, krb5_principal client, char **out)
{
    if (t->realm.n) {
        *out = mem_dup(t->realm.p, t->realm.n);
    } else if (t->host.n) {
        return realm_of_host(context, t->host, out);
    } else {
        *out = mem_dup(client->realm.data, client->realm.length);
    }
    return *out ? 0 : ENOMEM;
}

static krb5_error_code
build_server(krb5_context context, const struct target *t, krb5_principal client,
             krb5_principal *out)
{
    char *realm = NULL;
    krb5_error_code error;

    if (t->kind == TARGET_HOST_BASED) {
        return host_based(context, t, out);
    }
    error = realm_of(context, t, client, &realm);
    if (!error) {
        error = convert_principal_make(context, &t->name, bytes_of_string(realm), out);
    }
    mem_free(realm);
    return error;
}

/* --- the exchange -------------------------------------------------------------------------- */

static sec_status
describe_failure(struct holder_session *s, krb5_creds *wanted, krb5_error_code error)
{
    char *client = NULL, *server = NULL;
    sec_status status;

    if (krb5_unparse_name(s->context, wanted->client, &client)) {
        client = NULL;
    }
    if (krb5_unparse_name(s->context, wanted->server, &server)) {
        server = NULL;
    }
    status = library_error_fail(s->context, error, "ticket of %s for %s", client ? client : "?",
                                server ? server : "?");
    krb5_free_unparsed_name(s->context, client);
    krb5_free_unparsed_name(s->context, server);
    return status;
}

/* The ticket that the cache has is not wanted: the service refused it. */
static void
drop_cached(struct holder_session *s, krb5_creds *wanted)
{
    krb5_creds found = { 0 };

    if (krb5_cc_retrieve_cred(s->context, s->cache, 0, wanted, &found) == 0) {
        (void)krb5_cc_remove_cred(s->context, s->cache, 0, &found);
        krb5_free_cred_contents(s->context, &found);
    }
}

static sec_status
exchange(struct holder_session *s, const struct ticket_request *r, krb5_principal server,
         struct ticket *out, int32_t *krb_error)
{
    krb5_creds wanted = { .client = s->client, .server = server }, *got = NULL;
    krb5_flags options = r->delegate ? KRB5_GC_FORWARDABLE : 0;
    krb5_error_code error;
    sec_status status;

    if (r->peer_tgt.n) {
        wanted.second_ticket = (krb5_data){ .data = (char *)(uintptr_t)r->peer_tgt.p,
                                            .length = (unsigned)r->peer_tgt.n };
        wanted.is_skey = 1;
        options |= KRB5_GC_USER_USER | KRB5_GC_NO_STORE;
    } else if (r->fresh) {
        drop_cached(s, &wanted);
    }
    error = krb5_get_credentials(s->context, options, s->cache, &wanted, &got);
    if (error) {
        *krb_error = library_error_kdc_code(error);
        return describe_failure(s, &wanted, error);
    }
    status = convert_ticket(s->context, got, out);
    krb5_free_creds(s->context, got);
    return status;
}

/* --- requests ------------------------------------------------------------------------------ */

static sec_status
parse_request(const struct ticket_request *r, struct wire_writer *text, struct target *t)
{
    enum target_fault fault = TARGET_MALFORMED;

    utf8_put_utf16(text, r->target);
    if (wire_writer_status(text) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (wire_writer_status(text) == WIRE_OK) {
        fault = target_parse(t, wire_written(text), r->peer_tgt.n != 0);
    }
    if (fault != TARGET_GOOD) {
        char *shown = utf8_from_utf16(r->target);
        sec_status status = sec_fail(SEC_E_TARGET_UNKNOWN, "ticket: target \"%s\" %s",
                                     shown ? shown : "?", target_fault_text(fault));

        mem_free(shown);
        return status;
    }
    return SEC_E_OK;
}

sec_status
ticket_get(struct ticket_holder *h, const struct ticket_request *r, struct ticket *out,
           int32_t *krb_error)
{
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    krb5_principal server = NULL;
    struct holder_session s;
    struct target t;
    int32_t code = 0;
    krb5_error_code error;
    sec_status status = parse_request(r, &text, &t);

    *out = (struct ticket){ 0 };
    if (krb_error) {
        *krb_error = 0;
    }
    if (status != SEC_E_OK) {
        return status;
    }
    status = holder_begin(h, &s, &code);
    if (status == SEC_E_OK) {
        error = build_server(s.context, &t, s.client, &server);
        status = error ? library_error_fail(s.context, error, "the service's name")
                       : exchange(&s, r, server, out, &code);
        krb5_free_principal(s.context, server);
    }
    holder_end(&s);
    if (krb_error) {
        *krb_error = code;
    }
    return status;
}

sec_status
ticket_get_tgt(struct ticket_holder *h, struct ticket *out)
{
    const struct ticket_request plain = { 0 };
    krb5_principal server = NULL;
    struct holder_session s;
    int32_t code;
    krb5_error_code error;
    sec_status status = holder_begin(h, &s, &code);

    *out = (struct ticket){ 0 };
    if (status == SEC_E_OK) {
        const krb5_data *realm = &s.client->realm;

        error = krb5_build_principal(s.context, &server, realm->length, realm->data, KRB5_TGS_NAME,
                                     realm->data, (char *)NULL);
        status = error ? library_error_fail(s.context, error, "the name of the KDC's service")
                       : exchange(&s, &plain, server, out, &code);
        krb5_free_principal(s.context, server);
    }
    holder_end(&s);
    return status;
}

void
ticket_clear(struct ticket *t)
{
    secret_clear(&t->block);
    secret_wipe(t, sizeof(*t));
}
