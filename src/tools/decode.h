/* SPDX-License-Identifier: Apache-2.0 */
/* A token as text, field by field, with what is wrong with it and what to do about it: the inside
 * of sspictl decode. No I/O. */
#ifndef TOOLS_DECODE_H
#define TOOLS_DECODE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/wire.h"
#include "codec/krb_msg.h"

/* Who can open tickets: a keytab, behind sspictl's --keytab. What was decrypted is appended to
 * plain, a writer for secrets. */
struct decode_keys {
    void *user;
    /* 0, or an enum krb_error_code that a service would answer; why then holds the reason. */
    int32_t (*open_ticket)(void *user, const struct krb_ticket *, struct wire_writer *plain,
                           char *why, size_t why_n);
    /* With a key that came out of the ticket. false: it does not open. */
    bool (*open_with)(void *user, const struct krb_keyblock *, uint32_t usage, struct bytes cipher,
                      struct wire_writer *plain);
};

/* Appends what a token is, in lines. keys may be NULL. true: nothing is wrong with it. */
bool decode_token(struct wire_writer *out, struct bytes token, const struct decode_keys *keys);

#endif
