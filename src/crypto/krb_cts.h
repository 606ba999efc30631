/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CBC with ciphertext stealing as Kerberos has it (RFC 3962 5: the last two blocks change
 * places, whole or not; the vector is zero), in place over pieces. */
#ifndef CRYPTO_KRB_CTS_H
#define CRYPTO_KRB_CTS_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/aes.h>

#include "crypto/krb_crypt.h"

/* One of the two, borrowed; made for the direction that it is used in. */
struct krb_cts {
    const struct aes128_ctx *aes128;
    const struct aes256_ctx *aes256;
};

/* Pieces with mac_only are passed over; the others have total bytes, a block at least. */
void krb_cts_encrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t total);
void krb_cts_decrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t total);

#endif
