/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: Kerberos, what is in the clear and what a keytab opens. */
#ifndef TOOLS_DECODE_KERBEROS_H
#define TOOLS_DECODE_KERBEROS_H

#include "codec/krb_msg.h"
#include "tools/decode_print.h"

/* The remedy of an error that a service answers, or would. */
void decode_note_error(struct decode *d, int32_t code);

/* With --keytab: the ticket's inside and the authenticator. Keys are never printed. */
void decode_opened(struct decode *d, const struct krb_ap_req *req);

#endif
