/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode --keytab. */
#include <stdio.h>

#include "ticket/ticket.h"
#include "tools/decode_crypt.h"
#include "tools/decode_keytab.h"

static int32_t
code_of(enum ticket_key_verdict verdict)
{
    switch (verdict) {
    case TICKET_KEY_NO_KEYTAB: return KRB_AP_ERR_NOKEY;
    case TICKET_KEY_NO_PRINCIPAL: return KRB_AP_ERR_NOT_US;
    default: return KRB_AP_ERR_BADKEYVER;
    }
}

static int32_t
open_ticket(void *user, const struct krb_ticket *ticket, struct wire_writer *plain, char *why,
            size_t why_n)
{
    struct decode_keytab *k = user;
    struct ticket_keys keys = { 0 };
    int32_t code = KRB_AP_ERR_MODIFIED;

    sec_reason_clear();
    ticket_keys_hold(k->keytab, NULL, ticket, &keys);
    if (keys.n == 0) {
        code = code_of(keys.verdict);
        (void)snprintf(why, why_n, "%s", sec_reason());
    } else {
        (void)snprintf(why, why_n,
                       "none of the keytab's keys that fit it (%zu) is the one that it "
                       "was made with",
                       keys.n);
    }
    for (size_t i = 0; i < keys.n && code; i++) {
        if (decode_crypt_open(keys.keys[i]->open_ticket, ticket->enc.cipher, plain)) {
            code = 0;
        }
    }
    ticket_keys_release(&keys);
    return code;
}

sec_status
decode_keytab_open(struct decode_keytab *k, const char *name)
{
    const struct ticket_options options = { .keytab = name, .replay = TICKET_REPLAY_OFF };
    sec_status status;

    *k = (struct decode_keytab){ .keys = { k, open_ticket, decode_crypt_open_with } };
    status = ticket_authority_open(&options, &k->authority);
    if (status == SEC_E_OK) {
        status = ticket_keytab_open(k->authority, NULL, &k->keytab);
    }
    return status == SEC_E_OK ? ticket_keytab_check(k->keytab, NULL) : status;
}

void
decode_keytab_clear(struct decode_keytab *k)
{
    ticket_keytab_close(k->keytab);
    ticket_authority_close(k->authority);
    *k = (struct decode_keytab){ 0 };
}
