/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption of an identity's secrets in this process's memory: a key that no other process has
 * and that is nowhere on disk. */
#ifndef SSPI_IDENTITY_SEAL_H
#define SSPI_IDENTITY_SEAL_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"

/* What sealing adds: a nonce and a tag. */
enum { IDENTITY_SEAL_BYTES = 32 };

/* sealed has room for IDENTITY_SEAL_BYTES more than plain, and may not overlap it. The associated
 * bytes are bound to it. SEC_E_INSUFFICIENT_MEMORY; SEC_E_INTERNAL_ERROR: no random to be had. */
SEC_NODISCARD sec_status identity_seal(struct bytes associated, struct bytes plain,
                                       uint8_t *sealed);

/* *plain is owned by the caller (secret_clear) and empty on failure. SEC_E_DECRYPT_FAILURE: not
 * sealed by this process, or not with these associated bytes. */
SEC_NODISCARD sec_status identity_open(struct bytes associated, struct bytes sealed,
                                       struct secret *plain);

#endif
