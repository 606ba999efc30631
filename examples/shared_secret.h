/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the package SharedSecret (shared_secret.c), and what is made with them. */
#ifndef EXAMPLES_SHARED_SECRET_H
#define EXAMPLES_SHARED_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include <opensspi/sspipackage.h>

enum { KEY_BYTES = 32, NONCE_BYTES = 32, TRAILER_BYTES = 24 };

/* One direction: its keys, and the number of its next message. */
typedef struct DIRECTION {
    uint8_t sign[KEY_BYTES], seal[KEY_BYTES];
    uint64_t next;
} DIRECTION;

/* The key that a secret of any length makes. */
void KeyOfSecret(const char *secret, uint8_t key[KEY_BYTES]);

/* HMAC-SHA256 of a label, with its NUL, and of n bytes. */
void Mac(const uint8_t key[KEY_BYTES], const char *label, const uint8_t *p, size_t n,
         uint8_t mac[KEY_BYTES]);

/* In constant time. */
int IsSame(const uint8_t *a, const uint8_t *b, size_t n);

SECURITY_STATUS Sign(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m);
SECURITY_STATUS Verify(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m);
SECURITY_STATUS Seal(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m);
SECURITY_STATUS Unseal(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m);

#endif
