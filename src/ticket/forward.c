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

sec_status
ticket_forward(struct ticket_holder *h, const struct ticket *service, struct wire_writer *out)
{
    krb5_principal server = NULL;
    struct holder_session s;
    krb5_data message = { 0 };
    int32_t code;
    krb5_error_code error;
    sec_status status = holder_begin(h, &s, &code);

    if (status != SEC_E_OK) {
        holder_end(&s);
        return status;
    }
    error = convert_principal_make(s.context, &service->sname, service->realm, &server);
    if (!error) {
        error = forward(&s, service, server, &message);
    }
    if (error) {
        (void)library_error_fail(s.context, error, "a forwarded TGT");
        status = error == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_NO_CREDENTIALS;
    } else {
        wire_put(out, message.data, message.length);
        krb5_free_data_contents(s.context, &message);
    }
    krb5_free_principal(s.context, server);
    holder_end(&s);
    return status;
}
