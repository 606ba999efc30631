/* SPDX-License-Identifier: Apache-2.0 */
/* The credential cache file format, version 4: MIT's "Credential cache file format". Numbers are big
 * endian. */
#include "ticket/cache_file.h"

#include <errno.h>
#include <krb5.h>

enum { FORMAT = 0x0504, NO_HEADER_FIELDS = 0 };

/* --- the format ---------------------------------------------------------------------------- */

static void
put_data(struct wire_writer *w, const void *p, size_t n)
{
    wire_put_be32(w, (uint32_t)n);
    wire_put_bytes(w, bytes_of(p, n));
}

static void
put_principal(struct wire_writer *w, krb5_const_principal p)
{
    wire_put_be32(w, (uint32_t)p->type);
    wire_put_be32(w, (uint32_t)p->length);
    put_data(w, p->realm.data, p->realm.length);
    for (krb5_int32 i = 0; i < p->length; i++) {
        put_data(w, p->data[i].data, p->data[i].length);
    }
}

static void
put_addresses(struct wire_writer *w, krb5_address *const *all)
{
    uint32_t n = 0;

    while (all && all[n]) {
        n++;
    }
    wire_put_be32(w, n);
    for (uint32_t i = 0; i < n; i++) {
        wire_put_be16(w, (uint16_t)all[i]->addrtype);
        put_data(w, all[i]->contents, all[i]->length);
    }
}

static void
put_authorization(struct wire_writer *w, krb5_authdata *const *all)
{
    uint32_t n = 0;

    while (all && all[n]) {
        n++;
    }
    wire_put_be32(w, n);
    for (uint32_t i = 0; i < n; i++) {
        wire_put_be16(w, (uint16_t)all[i]->ad_type);
        put_data(w, all[i]->contents, all[i]->length);
    }
}

static void
put_credential(struct wire_writer *w, const krb5_creds *c)
{
    put_principal(w, c->client);
    put_principal(w, c->server);
    wire_put_be16(w, (uint16_t)c->keyblock.enctype);
    put_data(w, c->keyblock.contents, c->keyblock.length);
    wire_put_be32(w, (uint32_t)c->times.authtime);
    wire_put_be32(w, (uint32_t)c->times.starttime);
    wire_put_be32(w, (uint32_t)c->times.endtime);
    wire_put_be32(w, (uint32_t)c->times.renew_till);
    wire_put_u8(w, c->is_skey != 0);
    wire_put_be32(w, (uint32_t)c->ticket_flags);
    put_addresses(w, c->addresses);
    put_authorization(w, c->authdata);
    put_data(w, c->ticket.data, c->ticket.length);
    put_data(w, c->second_ticket.data, c->second_ticket.length);
}

/* --- the cache ----------------------------------------------------------------------------- */

static krb5_error_code
put_credentials(krb5_context context, krb5_ccache cache, struct wire_writer *out)
{
    krb5_cc_cursor cursor;
    krb5_error_code error = krb5_cc_start_seq_get(context, cache, &cursor);
    krb5_creds creds;

    if (error) {
        return error;
    }
    while ((error = krb5_cc_next_cred(context, cache, &cursor, &creds)) == 0) {
        put_credential(out, &creds);
        krb5_free_cred_contents(context, &creds); /* wipes the key */
    }
    (void)krb5_cc_end_seq_get(context, cache, &cursor);
    return error == KRB5_CC_END ? 0 : error;
}

static krb5_error_code
put_cache(krb5_context context, const char *name, struct wire_writer *out)
{
    krb5_principal client = NULL;
    krb5_ccache cache;
    krb5_error_code error = krb5_cc_resolve(context, name, &cache);

    if (error) {
        return error;
    }
    error = krb5_cc_get_principal(context, cache, &client);
    if (!error) {
        wire_put_be16(out, FORMAT);
        wire_put_be16(out, NO_HEADER_FIELDS);
        put_principal(out, client);
        krb5_free_principal(context, client);
        error = put_credentials(context, cache, out);
    }
    (void)krb5_cc_close(context, cache);
    return error;
}

sec_status
cache_file_write(const char *cache, struct wire_writer *out)
{
    krb5_context context;
    krb5_error_code error = krb5_init_context(&context);

    if (error) {
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "ticket: no context for a credential cache");
    }
    error = put_cache(context, cache, out);
    krb5_free_context(context);
    if (error == ENOMEM || wire_writer_status(out) != WIRE_OK) {
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "ticket: no memory for a credential cache");
    }
    return error ? sec_fail(SEC_E_NO_CREDENTIALS,
                            "ticket: the delegated credentials cannot be read: error %ld",
                            (long)error)
                 : SEC_E_OK;
}
