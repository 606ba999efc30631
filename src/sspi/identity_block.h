/* SPDX-License-Identifier: Apache-2.0 */
/* SEC_WINNT_AUTH_IDENTITY_EX2: an identity in one block, which is what the opaque identities of
 * this library are. Behind the password stand IDENTITY_SEAL_BYTES zero bytes, so that it can be
 * encrypted in place. */
#ifndef SSPI_IDENTITY_BLOCK_H
#define SSPI_IDENTITY_BLOCK_H

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/status.h"
#include "sspi/identity.h"

/* Reads a block whose memory is known to end with the view; one that this process encrypted is
 * opened, and keeps its flag. As identity_decode. */
SEC_NODISCARD sec_status identity_block_decode(struct bytes block, struct identity *out);

/* Writes one; encrypted where the identity's flags say so. *out is owned by the caller
 * (given_free) and written on success only. */
SEC_NODISCARD sec_status identity_block_encode(const struct identity *identity, void **out);

/* As much as a block in the caller's memory says it is: for those who know no better. */
struct bytes identity_block_bytes(const void *block);

/* Encrypts and decrypts the password in place. SEC_E_INVALID_PARAMETER: it is so already;
 * SEC_E_UNSUPPORTED_FUNCTION: no room behind the password; SEC_E_DECRYPT_FAILURE;
 * SEC_E_UNKNOWN_CREDENTIALS: not a block. The block is untouched on failure. */
SEC_NODISCARD sec_status identity_block_encrypt(void *block);
SEC_NODISCARD sec_status identity_block_decrypt(void *block);

/* Wipes the packed credentials, encrypted or not, where there are any. */
void identity_block_wipe(void *block);

#endif
