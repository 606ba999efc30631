/* SPDX-License-Identifier: Apache-2.0 */
/* AES-CBC with ciphertext stealing. */
#include <nettle/cbc.h>

#include "base/secret.h"
#include "crypto/krb_cts.h"

enum {
    BLOCK = AES_BLOCK_SIZE,
    STRIDE_BYTES = 64, /* where no block of the digest ends at a block of the cipher */
    CHUNK_BYTES = 128, /* of what is decrypted at a time */
};

static const uint8_t zero[BLOCK];

/* --- where in the pieces ------------------------------------------------------------------- */

/* Goes over the pieces from the first byte to the last. A MAC that goes with it takes in what it
 * passes, and the pieces that are the MAC's alone at their place. */
struct place {
    const struct krb_piece *piece;
    size_t at;
};

/* To where the next byte is; there is one. */
static inline void
go_to_byte(struct place *place, struct hmac_sha *mac)
{
    while (place->piece->mac_only || place->at == place->piece->n) {
        if (mac && place->piece->mac_only) {
            hmac_sha_add(mac, bytes_of(place->piece->p, place->piece->n));
        }
        place->piece++;
        place->at = 0;
    }
}

static inline void
pass(struct place *place, struct hmac_sha *mac, size_t n)
{
    if (mac) {
        hmac_sha_add(mac, bytes_of(place->piece->p + place->at, n));
    }
    place->at += n;
}

/* How much of n bytes lies together. */
static inline size_t
run_of(const struct place *place, size_t n)
{
    size_t run = place->piece->n - place->at;

    return run < n ? run : n;
}

SEC_ALWAYS_INLINE void
gather(struct place *place, struct hmac_sha *mac, uint8_t *to, size_t n)
{
    for (size_t done = 0, part; done < n; done += part) {
        go_to_byte(place, mac);
        part = run_of(place, n - done);
        bytes_copy(to + done, place->piece->p + place->at, part);
        pass(place, mac, part);
    }
}

SEC_ALWAYS_INLINE void
scatter(struct place *place, struct hmac_sha *mac, const uint8_t *from, size_t n)
{
    for (size_t done = 0, part; done < n; done += part) {
        go_to_byte(place, mac);
        part = run_of(place, n - done);
        bytes_copy(place->piece->p + place->at, from + done, part);
        pass(place, mac, part);
    }
}

/* What only the MAC covers behind the last byte. */
static void
finish(const struct place *place, const struct krb_piece *end, struct hmac_sha *mac)
{
    for (const struct krb_piece *p = place->piece + 1; mac && p < end; p++) {
        if (p->mac_only) {
            hmac_sha_add(mac, bytes_of(p->p, p->n));
        }
    }
}

size_t
krb_cts_bytes(const struct krb_piece *pieces, size_t n)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        total += pieces[i].mac_only ? 0 : pieces[i].n;
    }
    return total;
}

/* --- whole blocks -------------------------------------------------------------------------- */

/* The vector, and what is on its way through the stack. */
struct chain {
    uint8_t iv[BLOCK];
    uint8_t apart[3 * BLOCK]; /* blocks that do not lie together */
    uint8_t work[CHUNK_BYTES];
};

typedef void (*cbc_run)(const struct krb_cts *, struct chain *, uint8_t *p, size_t n);

static void
cbc_encrypt_run(const struct krb_cts *c, struct chain *chain, uint8_t *p, size_t n)
{
    if (c->aes256) {
        cbc_aes256_encrypt(c->aes256, chain->iv, n, p, p);
    } else {
        cbc_aes128_encrypt(c->aes128, chain->iv, n, p, p);
    }
}

static void
decrypt_blocks(const struct krb_cts *c, uint8_t *to, const uint8_t *from, size_t n)
{
    if (c->aes256) {
        aes256_decrypt(c->aes256, n, to, from);
    } else {
        aes128_decrypt(c->aes128, n, to, from);
    }
}

struct block {
    uint64_t b[2];
};

static inline struct block
block_at(const uint8_t *p)
{
    struct block block;

    bytes_copy(block.b, p, BLOCK);
    return block;
}

static inline void
put_xor(uint8_t *to, struct block a, struct block b)
{
    a.b[0] ^= b.b[0];
    a.b[1] ^= b.b[1];
    bytes_copy(to, a.b, BLOCK);
}

/* Not nettle's cbc_decrypt: in place it leaves the plaintext on its stack, and over the few blocks
 * of a stride its calls cost as much as the blocks. */
static void
cbc_decrypt_run(const struct krb_cts *c, struct chain *chain, uint8_t *p, size_t n)
{
    struct block before = block_at(chain->iv);

    while (n) {
        size_t part = n < CHUNK_BYTES ? n : CHUNK_BYTES;

        decrypt_blocks(c, chain->work, p, part);
        for (size_t i = 0; i < part; i += BLOCK) {
            struct block cipher = block_at(p + i);

            put_xor(p + i, block_at(chain->work + i), before);
            before = cipher;
        }
        p += part;
        n -= part;
    }
    bytes_copy(chain->iv, before.b, BLOCK);
}

/* How much is done before the digest has its turn: to the end of its block. */
static size_t
stride_of(const struct hmac_sha *mac, size_t n)
{
    size_t stride = hmac_sha_room(mac) & ~(size_t)(BLOCK - 1);

    stride = stride ? stride : STRIDE_BYTES;
    return stride < n ? stride : n;
}

/* n bytes, a multiple of a block, that lie together. */
static void
crypt_run(const struct krb_cts *c, cbc_run crypt, struct chain *chain, uint8_t *p, size_t n)
{
    if (!c->mac) {
        crypt(c, chain, p, n);
        return;
    }
    while (n) {
        size_t part = stride_of(c->mac, n);

        if (c->mac_of_result) {
            crypt(c, chain, p, part);
            hmac_sha_add(c->mac, bytes_of(p, part));
        } else {
            hmac_sha_add(c->mac, bytes_of(p, part));
            crypt(c, chain, p, part);
        }
        p += part;
        n -= part;
    }
}

/* The MAC, where it is of what is read and of what is written. */
static struct hmac_sha *
mac_of_input(const struct krb_cts *c)
{
    return c->mac_of_result ? NULL : c->mac;
}

static struct hmac_sha *
mac_of_output(const struct krb_cts *c)
{
    return c->mac_of_result ? c->mac : NULL;
}

/* n bytes, a multiple of a block: in place as far as they lie together, through the stack where a
 * block lies in several pieces. */
static void
crypt_blocks(const struct krb_cts *c, cbc_run crypt, struct chain *chain, struct place *place,
             size_t n)
{
    while (n) {
        struct place from;
        size_t whole;

        go_to_byte(place, c->mac);
        whole = run_of(place, n) & ~(size_t)(BLOCK - 1);
        if (whole) {
            crypt_run(c, crypt, chain, place->piece->p + place->at, whole);
            place->at += whole;
            n -= whole;
            continue;
        }
        from = *place;
        gather(&from, mac_of_input(c), chain->apart, BLOCK);
        crypt(c, chain, chain->apart, BLOCK);
        scatter(place, mac_of_output(c), chain->apart, BLOCK);
        n -= BLOCK;
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
krb_cts_encrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t n)
{
    struct place place = { pieces, 0 }, from;
    size_t total = krb_cts_bytes(pieces, n), rest = rest_of(total);
    uint8_t tail[2 * BLOCK] = { 0 };
    struct chain chain; /* no plaintext is left in it, and none in tail */

    bytes_copy(chain.iv, zero, BLOCK);
    if (total <= BLOCK) {
        crypt_blocks(c, cbc_encrypt_run, &chain, &place, total);
    } else {
        crypt_blocks(c, cbc_encrypt_run, &chain, &place, total - BLOCK - rest);
        from = place;
        gather(&from, mac_of_input(c), tail, BLOCK + rest);
        cbc_encrypt_run(c, &chain, tail, sizeof(tail));
        scatter(&place, mac_of_output(c), tail + BLOCK, BLOCK);
        scatter(&place, mac_of_output(c), tail, rest);
    }
    finish(&place, pieces + n, c->mac);
}

/* Two blocks, of the second so many bytes, as they were sent; the plaintext, from the second block
 * on, when it is done. */
static void
decrypt_tail(const struct krb_cts *c, struct chain *chain, size_t rest)
{
    uint8_t *first = chain->apart, *second = first + BLOCK, *third = second + BLOCK;

    /* The last block of the chain stands first. What it was xored with is the other one, whose
     * stolen end is what the zeros of the padding were xored with. */
    decrypt_blocks(c, first, first, BLOCK);
    bytes_copy(second + rest, first + rest, BLOCK - rest);
    put_xor(third, block_at(first), block_at(second));
    decrypt_blocks(c, second, second, BLOCK);
    put_xor(second, block_at(second), block_at(chain->iv));
}

void
krb_cts_decrypt(const struct krb_cts *c, const struct krb_piece *pieces, size_t n)
{
    struct place place = { pieces, 0 }, from;
    size_t total = krb_cts_bytes(pieces, n), rest = rest_of(total);
    struct chain chain;

    bytes_copy(chain.iv, zero, BLOCK);
    if (total <= BLOCK) {
        crypt_blocks(c, cbc_decrypt_run, &chain, &place, total);
    } else {
        crypt_blocks(c, cbc_decrypt_run, &chain, &place, total - BLOCK - rest);
        from = place;
        gather(&from, mac_of_input(c), chain.apart, BLOCK + rest);
        decrypt_tail(c, &chain, rest);
        scatter(&place, mac_of_output(c), chain.apart + BLOCK, BLOCK + rest);
    }
    finish(&place, pieces + n, c->mac);
    secret_wipe(&chain, sizeof(chain));
}
