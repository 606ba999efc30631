/* SPDX-License-Identifier: Apache-2.0 */
/* AES-SIV under a key that the process makes when it first needs one. */
#include "sspi/identity_seal.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/random.h"

_Static_assert(IDENTITY_SEAL_BYTES == AEAD_NONCE_BYTES + AEAD_TAG_BYTES, "what sealing adds");

struct key {
    uint8_t b[AEAD_KEY_BYTES];
};

/* Made once and kept: what it opens may be around until the process ends. A child of fork() has
 * it too, as it has the identities that are under it. */
static struct key *_Atomic process_key;

static sec_status
get_key(const struct key **out)
{
    struct key *key = atomic_load(&process_key);
    struct key *made;

    if (key) {
        *out = key;
        return SEC_E_OK;
    }
    made = mem_new(sizeof(*made));
    if (!made) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!random_bytes(made->b, sizeof(made->b))) {
        mem_free(made);
        return sec_fail(SEC_E_INTERNAL_ERROR, "identity: no random bytes for a key");
    }
    /* Another thread may have been faster: then its key is the one, and key now points to it. */
    if (atomic_compare_exchange_strong(&process_key, &key, made)) {
        key = made;
    } else {
        mem_free_wiped(made, sizeof(*made));
    }
    *out = key;
    return SEC_E_OK;
}

sec_status
identity_seal(struct bytes associated, struct bytes plain, uint8_t *sealed)
{
    const struct key *key = NULL;
    sec_status status = get_key(&key);

    if (status != SEC_E_OK) {
        return status;
    }
    if (!random_bytes(sealed, AEAD_NONCE_BYTES)) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "identity: no random bytes for a nonce");
    }
    aead_seal(key->b, sealed, associated, plain, sealed + AEAD_NONCE_BYTES);
    return SEC_E_OK;
}

sec_status
identity_open(struct bytes associated, struct bytes sealed, struct secret *plain)
{
    const struct key *key = NULL;
    sec_status status = get_key(&key);

    *plain = (struct secret){ 0 };
    if (status != SEC_E_OK) {
        return status;
    }
    if (sealed.n <= IDENTITY_SEAL_BYTES) {
        return sec_fail(SEC_E_DECRYPT_FAILURE, "identity: encrypted part of %zu bytes", sealed.n);
    }
    if (!secret_resize(plain, sealed.n - IDENTITY_SEAL_BYTES)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!aead_open(key->b, sealed.p, associated,
                   bytes_of(sealed.p + AEAD_NONCE_BYTES, sealed.n - AEAD_NONCE_BYTES), plain->p)) {
        secret_clear(plain);
        return sec_fail(SEC_E_DECRYPT_FAILURE,
                        "identity: not encrypted by this process, or altered");
    }
    return SEC_E_OK;
}
