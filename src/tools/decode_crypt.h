/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: decryption, for who has a key. Both append to plain, a writer for secrets. */
#ifndef TOOLS_DECODE_CRYPT_H
#define TOOLS_DECODE_CRYPT_H

#include "base/wire.h"
#include "codec/krb_msg.h"

struct krb_cipher;

/* false: it does not verify, or there is no memory. */
bool decode_crypt_open(const struct krb_cipher *, struct bytes cipher, struct wire_writer *plain);
/* open_with of struct decode_keys; user is not read. */
bool decode_crypt_open_with(void *user, const struct krb_keyblock *, uint32_t usage,
                            struct bytes cipher, struct wire_writer *plain);

#endif
