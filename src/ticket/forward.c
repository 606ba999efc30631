/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarded TGTs, for delegation (RFC 4121 4.1.1.1). */
#include <errno.h>

#include "base/mem.h"
#include "ticket/convert.h"
#include "ticket/holder.h"
#include "ticket/library_error.h"

/* The KRB-CRED is under the session key, which every acceptor tries. No addresses: a ticket that is
 * bound to one is of no use behind a translator of addresses. */
static krb5_error_code
forward(struct holder_session *s, const struct ticket *service, krb5_principal server,
        krb5_data *out)
{
    krb5_keyblock key = convert_key(&service->key);
    krb5_auth_context auth = NULL;
    krb5_error_code error = krb5_auth_con_init(s->context, &auth);

    if (error) {
        return error;
    }
    error = krb5_auth_con_setflags(s->context, auth, 0);
    if (!error) {
        error = krb5_auth_con_setuseruserkey(s->context, auth, &key);
    }
    if (!error) {
        error = krb5_fwd_tgt_creds(s->context, auth, "", s->client, server, s->cache, 1, out);
    }
    (void)krb5_auth_con_free(s->context, auth);
    return error;
}

/* Says why there can be none: libkrb5 only has what the KDC answers. */
static sec_status
check_tgt(struct holder_session *s, const struct ticket *service)
{
    const krb5_data *realm = &s->client->realm;
    krb5_creds wanted = { .client = s->client }, tgt = { 0 };
    struct krb_name client;
    struct bytes crealm;
    krb5_error_code error;

    if (!convert_principal(s->client, &client, &crealm) ||
        !krb_name_equal(&client, &service->cname) || !bytes_equal(crealm, service->crealm)) {
        return sec_fail(SEC_E_NO_CREDENTIALS,
                        "ticket: the cache is another client's than the ticket");
    }
    error = krb5_build_principal(s->context, &wanted.server, realm->length, realm->data,
                                 KRB5_TGS_NAME, realm->data, (char *)NULL);
    if (!error) {
        error = krb5_cc_retrieve_cred(s->context, s->cache, 0, &wanted, &tgt);
        krb5_free_principal(s->context, wanted.server);
    }
    if (error) {
        (void)library_error_fail(s->context, error, "the TGT to forward");
        return error == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_NO_CREDENTIALS;
    }
    krb5_free_cred_contents(s->context, &tgt);
    return tgt.ticket_flags & TKT_FLG_FORWARDABLE
               ? SEC_E_OK
               : sec_fail(SEC_E_NO_CREDENTIALS,
                          "ticket: no forwarded TGT: the TGT is not forwardable (kinit -f)");
}

static sec_status
forward_to(struct holder_session *s, const struct ticket *service, struct wire_writer *out)
{
    krb5_principal server = NULL;
    krb5_data message = { 0 };
    krb5_error_code error =
        convert_principal_make(s->context, &service->sname, service->realm, &server);

    if (!error) {
        error = forward(s, service, server, &message);
    }
    krb5_free_principal(s->context, server);
    if (error) {
        (void)library_error_fail(s->context, error, "a forwarded TGT");
        return error == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_NO_CREDENTIALS;
    }
    wire_put(out, message.data, message.length);
    krb5_free_data_contents(s->context, &message);
    return wire_writer_status(out) == WIRE_OK ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

sec_status
ticket_forward(struct ticket_holder *h, const struct ticket *service, struct wire_writer *out)
{
    struct holder_session s;
    int32_t code;
    sec_status status = holder_begin(h, &s, &code);

    if (status == SEC_E_OK) {
        status = check_tgt(&s, service);
    }
    if (status == SEC_E_OK) {
        status = forward_to(&s, service, out);
    }
    holder_end(&s);
    return status;
}
