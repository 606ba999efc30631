/* SPDX-License-Identifier: Apache-2.0 */
/* A token as text, field by field, with what is wrong with it and what to do about it: the inside
 * of sspictl decode. No I/O. */
#ifndef TOOLS_DECODE_H
#define TOOLS_DECODE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/wire.h"
#include "codec/krb_msg.h"

enum { DECODE_PLAIN_MAX = 1 << 20 };

/* Who can open tickets: a keytab, behind sspictl's --keytab. Each appends what was decrypted to
 * plain, a writer for secrets. */
struct decode_keys {
    void *user;
    /* false: why holds the reason. */
    bool (*open_ticket)(void *user, const struct krb_ticket *, struct wire_writer *plain, char *why,
                        size_t why_n);
    bool (*open_with)(void *user, const struct krb_keyblock *, uint32_t usage, struct bytes cipher,
                      struct wire_writer *plain);
};

/* Appends what a token is, in lines. keys may be NULL. true: nothing is wrong with it. */
bool decode_token(struct wire_writer *out, struct bytes token, const struct decode_keys *keys);

#endif
