/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos keys from passwords: RFC 3962 and RFC 8009 (string-to-key). */
#ifndef CRYPTO_KRB_KEY_H
#define CRYPTO_KRB_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"

enum { KRB_KEY_MAX_BYTES = 32 };

/* An encryption type that keys are made for. */
struct krb_key_type {
    const char *name; /* as RFC 8009 puts it into the salt, and as stores name the key */
    int32_t id;       /* etype number */
    uint8_t key_bytes;
    uint32_t default_iterations;
};

/* aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192,
 * aes128-cts-hmac-sha256-128. */
enum { KRB_KEY_TYPES = 4 };
extern const struct krb_key_type krb_key_types[KRB_KEY_TYPES];

/* The key of a password (UTF-8, as it was typed) under a salt. iterations 0: the type's default.
 * out has room for key_bytes. false: no memory. */
SEC_NODISCARD bool krb_key_from_password(const struct krb_key_type *type, struct bytes password,
                                         struct bytes salt, uint32_t iterations, uint8_t *out);

#endif
