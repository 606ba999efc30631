/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets to services: the TGS exchange, and what the AP exchange needs of its result. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "ticket/convert.h"
#include "ticket/holder.h"
#include "ticket/identity.h"
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
    char *realm = mem_dup(t->realm.p, t->realm.n);
    krb5_error_code error = ENOMEM;

    if (service && host && realm) {
        error = krb5_sname_to_principal(context, host, service, KRB5_NT_SRV_HST, out);
    }
    if (!error && t->realm.n) {
        error = krb5_set_principal_realm(context, *out, realm);
        if (error) {
            krb5_free_principal(context, *out);
        }
    }
    mem_free(service);
    mem_free(host);
    mem_free(realm);
    return error;
}

/* As it stands. A realm that was named counts; then a host's; then the client's own. */
static krb5_error_code
literal(krb5_context context, const struct target *t, krb5_const_principal client,
        krb5_principal *out)
{
    char *realm = NULL;
    krb5_error_code error;

    if (t->realm.n || t->kind == TARGET_PRINCIPAL) {
        return convert_principal_make(
            context, &t->name,
            t->realm.n ? t->realm : bytes_of(client->realm.data, client->realm.length), out);
    }
    error = realm_of_host(context, t->host, &realm);
    if (!error) {
        error = convert_principal_make(context, &t->name, bytes_of_string(realm), out);
    }
    mem_free(realm);
    return error;
}

enum { SERVERS_MAX = 1 + IDENTITY_CANDIDATES_MAX };

/* Whom the target may mean, likeliest first. */
struct servers {
    krb5_principal list[SERVERS_MAX];
    size_t n;
};

/* user@suffix is the realm's that it names, or whoever has it for a UPN. */
static sec_status
add_user(krb5_context context, const struct target *t, struct servers *out)
{
    const struct bytes user = t->name.parts[0],
                       suffix = t->kind == TARGET_PRINCIPAL ? t->realm : t->host;
    SEC_AUTO(wire_writer) upn = wire_writer_growing(NULL, 0);
    struct identity_candidates names;
    sec_status status;

    wire_put_bytes(&upn, user);
    wire_put_u8(&upn, '@');
    wire_put_bytes(&upn, suffix);
    wire_put_u8(&upn, 0);
    if (wire_writer_status(&upn) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = identity_check((const char *)upn.p, "");
    if (status != SEC_E_OK) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "ticket: the target cannot be a principal's name");
    }
    status = identity_candidates(context, (const char *)upn.p, "", &names);
    for (size_t i = 0; i < names.n; i++) {
        out->list[out->n++] = names.name[i];
    }
    return status;
}

static sec_status
make_servers(krb5_context context, const struct target *t, krb5_const_principal client,
             struct servers *out)
{
    krb5_error_code error = 0;

    *out = (struct servers){ 0 };
    if (t->kind == TARGET_PRINCIPAL && t->realm.n) {
        return add_user(context, t, out);
    }
    error = t->kind == TARGET_HOST_BASED ? host_based(context, t, out->list)
                                         : literal(context, t, client, out->list);
    if (error) {
        return library_error_fail(context, error, "the service's name");
    }
    out->n = 1;
    return t->kind == TARGET_HOST_BASED && !t->realm.n ? add_user(context, t, out) : SEC_E_OK;
}

static void
free_servers(krb5_context context, struct servers *s)
{
    for (size_t i = 0; i < s->n; i++) {
        krb5_free_principal(context, s->list[i]);
    }
}

/* --- the exchange -------------------------------------------------------------------------- */

static sec_status
describe_failure(struct holder_session *s, krb5_const_principal wanted, krb5_error_code error)
{
    char *client = NULL, *server = NULL;
    sec_status status;

    if (krb5_unparse_name(s->context, s->client, &client)) {
        client = NULL;
    }
    if (krb5_unparse_name(s->context, wanted, &server)) {
        server = NULL;
    }
    status = library_error_fail(s->context, error, "ticket of %.80s for %.80s",
                                client ? client : "?", server ? server : "?");
    krb5_free_unparsed_name(s->context, client);
    krb5_free_unparsed_name(s->context, server);
    return status;
}

static krb5_error_code
ask(struct holder_session *s, krb5_ccache cache, struct bytes peer_tgt, krb5_principal server,
    krb5_creds **out)
{
    krb5_creds wanted = { .client = s->client, .server = server };
    krb5_flags options = 0;

    if (peer_tgt.n) {
        wanted.second_ticket =
            (krb5_data){ .data = (char *)(uintptr_t)peer_tgt.p, .length = (unsigned)peer_tgt.n };
        wanted.is_skey = 1;
        options = KRB5_GC_USER_USER | KRB5_GC_NO_STORE;
    }
    return krb5_get_credentials(s->context, options, cache, &wanted, out);
}

static bool
is_tgt(const krb5_creds *creds)
{
    const krb5_data *first = creds->server->data;

    return creds->server->length == 2 &&
           bytes_equal(bytes_of(first->data, first->length), bytes_of_string(KRB5_TGS_NAME));
}

static krb5_error_code
copy_tgts(krb5_context context, krb5_ccache from, krb5_ccache to)
{
    krb5_cc_cursor cursor;
    krb5_creds creds;
    krb5_error_code error = krb5_cc_start_seq_get(context, from, &cursor);

    if (error) {
        return error;
    }
    while (!(error = krb5_cc_next_cred(context, from, &cursor, &creds))) {
        error = is_tgt(&creds) ? krb5_cc_store_cred(context, to, &creds) : 0;
        krb5_free_cred_contents(context, &creds);
        if (error) {
            break;
        }
    }
    (void)krb5_cc_end_seq_get(context, from, &cursor);
    return error == KRB5_CC_END ? 0 : error;
}

/* The fresh one in the place of the refused, as far as the cache can forget one; not all kinds
 * can. */
static void
replace(struct holder_session *s, krb5_principal server, krb5_creds *fresh)
{
    krb5_creds old = { .client = s->client, .server = server };

    (void)krb5_cc_remove_cred(s->context, s->cache, KRB5_TC_MATCH_SRV_NAMEONLY, &old);
    (void)krb5_cc_store_cred(s->context, s->cache, fresh);
}

/* Through a cache of TGTs alone, so that the KDC is asked. */
static krb5_error_code
ask_afresh(struct holder_session *s, krb5_principal server, krb5_creds **out)
{
    krb5_ccache tgts;
    krb5_error_code error = krb5_cc_new_unique(s->context, "MEMORY", NULL, &tgts);

    if (error) {
        return error;
    }
    error = krb5_cc_initialize(s->context, tgts, s->client);
    if (!error) {
        error = copy_tgts(s->context, s->cache, tgts);
    }
    if (!error) {
        error = ask(s, tgts, bytes_of(NULL, 0), server, out);
    }
    if (!error && !is_tgt(*out)) {
        replace(s, server, *out);
    }
    (void)krb5_cc_destroy(s->context, tgts);
    return error;
}

static sec_status
exchange(struct holder_session *s, const struct ticket_request *r, krb5_principal server,
         struct ticket *out, int32_t *krb_error)
{
    krb5_creds *got = NULL;
    krb5_error_code error = r->fresh && !r->peer_tgt.n
                                ? ask_afresh(s, server, &got)
                                : ask(s, s->cache, r->peer_tgt, server, &got);
    sec_status status;

    *krb_error = error ? library_error_kdc_code(error) : 0;
    if (error) {
        return describe_failure(s, server, error);
    }
    status = convert_ticket(s->context, got, out);
    krb5_free_creds(s->context, got);
    return status;
}

/* Where nobody has any of the names, it is the likeliest that people have to hear of. */
static sec_status
exchange_first(struct holder_session *s, const struct ticket_request *r,
               const struct servers *servers, struct ticket *out, int32_t *krb_error)
{
    char reason[SEC_REASON_BYTES];
    sec_status status = exchange(s, r, servers->list[0], out, krb_error);

    (void)snprintf(reason, sizeof(reason), "%s", sec_reason());
    for (size_t i = 1; i < servers->n && *krb_error == KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN; i++) {
        status = exchange(s, r, servers->list[i], out, krb_error);
    }
    return *krb_error == KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN ? sec_fail(status, "%s", reason) : status;
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
    struct servers servers;
    struct holder_session s;
    struct target t;
    int32_t code = 0;
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
        status = make_servers(s.context, &t, s.client, &servers);
        if (status == SEC_E_OK) {
            status = exchange_first(&s, r, &servers, out, &code);
        }
        free_servers(s.context, &servers);
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
