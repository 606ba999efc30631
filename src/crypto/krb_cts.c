/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CBC with ciphertext stealing. */
#include <nettle/cbc.h>
#include <nettle/memxor.h>

#include "base/secret.h"
#include "crypto/krb_cts.h"

enum {
    BLOCK = AES_BLOCK_SIZE,
    CHUNK_BYTES = 1024, /* of ciphertext that is kept while it is decrypted in place */
};

/* --- where in the pieces ------------------------------------------------------------------- */

struct place {
    const struct krb_piece *piece;
    size_t at;
};

/* What lies in one run from here on; there is something. */
static struct krb_piece
run_at(struct place *place)
{
    while (place->piece->mac_only || place->at == place->piece->n) {
        place->piece++;
        place->at = 0;
    }
    return (struct krb_piece){ place->piece->p + place->at, place->piece->n - place->at, false };
}

static void
gather(struct place *place, uint8_t *to, size_t n)
{
    for (size_t done = 0; done < n;) {
        struct krb_piece run = run_at(place);
        size_t part = run.n < n - done ? run.n : n - done;

        bytes_copy(to + done, run.p, part);
        place->at += part;
        done += part;
    }
}

static void
scatter(struct place *place, const uint8_t *from, size_t n)
{
    for (size_t done = 0; done < n;) {
        struct krb_piece run = run_at(place);
        size_t part = run.n < n - done ? run.n : n - done;

        bytes_copy(run.p, from + done, part);
        place->at += part;
        done += part;
    }
}

/* --- whole blocks -------------------------------------------------------------------------- */

static void
cbc_encrypt_run(const struct krb_cts *c, uint8_t *iv, uint8_t *p, size_t n)
{
    if (c->aes256) {
        cbc_aes256_encrypt(c->aes256, iv, n, p, p);
    } else {
        cbc_aes128_encrypt(c->aes128, iv, n, p, p);
    }
}

static void
decrypt_blocks(const struct krb_cts *c, uint8_t *p, size_t n)
{
    if (c->aes256) {
        aes256_decrypt(c->aes256, n, p, p);
    } else {
        aes128_decrypt(c->aes128, n, p, p);
    }
}

/* nettle's own leaves the plaintext in a buffer of its own; this one leaves ciphertext. */
static void
cbc_decrypt_run(const struct krb_cts *c, uint8_t *iv, uint8_t *p, size_t n)
{
    uint8_t before[BLOCK + CHUNK_BYTES]; /* the ciphertext, one block late */

    bytes_copy(before, iv, BLOCK);
    while (n) {
        size_t part = n < CHUNK_BYTES ? n : CHUNK_BYTES;

        bytes_copy(before + BLOCK, p, part);
        decrypt_blocks(c, p, part);
        memxor(p, before, part);
        bytes_copy(before, before + part, BLOCK);
        p += part;
        n -= part;
    }
    bytes_copy(iv, before, BLOCK);
}

typedef void (*cbc_run)(const struct krb_cts *, uint8_t *iv, uint8_t *p, size_t n);

/* n bytes, a multiple of a block: in place as far as they lie together, through a block of the
 * stack where a block lies in several pieces. */
static void
crypt_blocks(const struct krb_cts *c, cbc_run crypt, struct place *place, uint8_t *iv, size_t n)
{
    while (n) {
        struct krb_piece run = run_at(place);
        size_t whole = (run.n < n ? run.n : n) & ~(size_t)(BLOCK - 1);

        if (whole) {
            crypt(c, iv, run.p, whole);
            place->at += whole;
        } else {
            struct place from = *place;
            uint8_t block[BLOCK];

            whole = BLOCK;
            gather(place, block, BLOCK);
            crypt(c, iv, block, BLOCK);
            scatter(&from, block, BLOCK);
            secret_wipe(block, sizeof(block));
        }
        n -= whole;
    }
}

/* --- the last two blocks ------------------------------------------------------------------- */

/* How much the last block has: it is never empty. */
static size_t
rest_of(size_t total)
{
    return (total - 1) % BLOCK + 1;
}

void
krb_cts_encrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t total)
{
    struct place place = { pieces, 0 }, from;
    uint8_t iv[BLOCK] = { 0 }, tail[2 * BLOCK] = { 0 };
    size_t rest = rest_of(total);

    if (total <= BLOCK) {
        crypt_blocks(c, cbc_encrypt_run, &place, iv, total);
        return;
    }
    crypt_blocks(c, cbc_encrypt_run, &place, iv, total - BLOCK - rest);
    from = place;
    gather(&place, tail, BLOCK + rest);
    cbc_encrypt_run(c, iv, tail, sizeof(tail)); /* the plaintext is overwritten */
    scatter(&from, tail + BLOCK, BLOCK);
    scatter(&from, tail, rest);
}

void
krb_cts_decrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t total)
{
    struct place place = { pieces, 0 }, from;
    uint8_t iv[BLOCK] = { 0 }, tail[2 * BLOCK], last[BLOCK];
    size_t rest = rest_of(total);

    if (total <= BLOCK) {
        crypt_blocks(c, cbc_decrypt_run, &place, iv, total);
        return;
    }
    crypt_blocks(c, cbc_decrypt_run, &place, iv, total - BLOCK - rest);
    from = place;
    gather(&place, tail, BLOCK + rest);
    /* The last block of the chain stands first. What it was xored with is the other one, whose
     * stolen end is what the zeros of the padding were xored with. */
    decrypt_blocks(c, tail, BLOCK);
    bytes_copy(last, tail, BLOCK);
    memxor(last, tail + BLOCK, rest);
    bytes_copy(tail + BLOCK + rest, tail + rest, BLOCK - rest);
    decrypt_blocks(c, tail + BLOCK, BLOCK);
    memxor(tail + BLOCK, iv, BLOCK);
    scatter(&from, tail + BLOCK, BLOCK);
    scatter(&from, last, rest);
    secret_wipe(tail, sizeof(tail));
    secret_wipe(last, sizeof(last));
}
