/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CBC with ciphertext stealing as Kerberos has it (RFC 3962 5: the last two blocks change
 * places, whole or not; the vector is zero), in place over pieces, and the digest of a MAC in the
 * same pass: AES and SHA each wait for themselves most of the time, so that a processor does both
 * at once where they take turns in short strides. */
#ifndef CRYPTO_KRB_CTS_H
#define CRYPTO_KRB_CTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nettle/aes.h>

#include "crypto/hmac_sha.h"
#include "crypto/krb_crypt.h"

/* What it is done with, borrowed. */
struct krb_cts {
    /* One of the two, made for the direction that it is used in. */
    const struct aes128_ctx *aes128;
    const struct aes256_ctx *aes256;
    /* Takes in all pieces in their order; NULL: none. */
    struct hmac_sha *mac;
    bool mac_of_result; /* what the cipher made, not what it was given */
};

/* Pieces with mac_only are for the MAC alone; the others have a block together at least. */
void krb_cts_encrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t n);
void krb_cts_decrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t n);

/* How much of the pieces is not mac_only. */
size_t krb_cts_bytes(const struct krb_piece *pieces, size_t n);

#endif
