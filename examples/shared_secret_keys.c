/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the package SharedSecret, not for Windows: a trailer of 8 bytes, which are the message's
 * number with a bit for "signed, not sealed", and a tag of 16. Signatures are HMAC-SHA256, sealing is
 * ChaCha20-Poly1305 (RFC 8439) with the number as nonce. A number is good once, and in order.
 */
#include <string.h>

#include <nettle/chacha-poly1305.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include "shared_secret.h"

enum { NUMBER_BYTES = 8, TAG_BYTES = 16, HEAD_BYTES = 5 };

#define CLEAR_BIT ((uint64_t)1 << 63)

static void
PutNumber(uint8_t *to, uint64_t number)
{
    for (int i = 0; i < NUMBER_BYTES; i++) {
        to[i] = (uint8_t)(number >> (8 * i));
    }
}

static uint64_t
GetNumber(const uint8_t *from)
{
    uint64_t number = 0;

    for (int i = NUMBER_BYTES; i-- > 0;) {
        number = number << 8 | from[i];
    }
    return number;
}

void
Mac(const uint8_t key[KEY_BYTES], const char *label, const uint8_t *p, size_t n,
    uint8_t mac[KEY_BYTES])
{
    struct hmac_sha256_ctx ctx;

    hmac_sha256_set_key(&ctx, KEY_BYTES, key);
    hmac_sha256_update(&ctx, strlen(label) + 1, (const uint8_t *)label);
    hmac_sha256_update(&ctx, n, p);
    hmac_sha256_digest(&ctx, KEY_BYTES, mac);
    explicit_bzero(&ctx, sizeof(ctx));
}

void
KeyOfSecret(const char *secret, uint8_t key[KEY_BYTES])
{
    static const uint8_t zero[KEY_BYTES];

    Mac(zero, "OpenSSPI SharedSecret", (const uint8_t *)secret, strlen(secret), key);
}

int
IsSame(const uint8_t *a, const uint8_t *b, size_t n)
{
    return memeql_sec(a, b, n);
}

/* What stands before a segment in what is authenticated: its kind and its length. */
static void
PutHead(const OPENSSPI_PACKAGE_SEGMENT *s, uint8_t head[HEAD_BYTES])
{
    head[0] = s->ChecksumOnly;
    for (int i = 1; i < HEAD_BYTES; i++) {
        head[i] = (uint8_t)(s->cbData >> (8 * (i - 1)));
    }
}

static void
Tag(const DIRECTION *d, const OPENSSPI_PACKAGE_MESSAGE *m, uint64_t number, uint8_t tag[TAG_BYTES])
{
    struct hmac_sha256_ctx ctx;
    uint8_t head[NUMBER_BYTES];

    hmac_sha256_set_key(&ctx, KEY_BYTES, d->sign);
    PutNumber(head, number);
    hmac_sha256_update(&ctx, NUMBER_BYTES, head);
    for (ULONG i = 0; i < m->SegmentCount; i++) {
        PutHead(&m->pSegments[i], head);
        hmac_sha256_update(&ctx, HEAD_BYTES, head);
        hmac_sha256_update(&ctx, m->pSegments[i].cbData, m->pSegments[i].pData);
    }
    hmac_sha256_digest(&ctx, TAG_BYTES, tag);
    explicit_bzero(&ctx, sizeof(ctx));
}

static SECURITY_STATUS
PutTag(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m, uint64_t number)
{
    PutNumber(m->pToken, number);
    Tag(d, m, number, m->pToken + NUMBER_BYTES);
    m->cbToken = TRAILER_BYTES;
    d->next++;
    return SEC_E_OK;
}

static SECURITY_STATUS
CheckTag(DIRECTION *d, const OPENSSPI_PACKAGE_MESSAGE *m, uint64_t number)
{
    uint8_t tag[TAG_BYTES];

    Tag(d, m, number, tag);
    if (!IsSame(tag, m->pToken + NUMBER_BYTES, TAG_BYTES)) {
        return SEC_E_MESSAGE_ALTERED;
    }
    d->next++;
    return SEC_E_OK;
}

/* The number of a message that came, if it is the next one's. */
static SECURITY_STATUS
TakeNumber(const DIRECTION *d, const OPENSSPI_PACKAGE_MESSAGE *m, uint64_t *number)
{
    if (m->cbToken != TRAILER_BYTES) {
        return SEC_E_INVALID_TOKEN;
    }
    *number = GetNumber(m->pToken);
    return (*number & ~CLEAR_BIT) == d->next ? SEC_E_OK : SEC_E_OUT_OF_SEQUENCE;
}

SECURITY_STATUS
Sign(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m)
{
    return PutTag(d, m, d->next | CLEAR_BIT);
}

SECURITY_STATUS
Verify(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m)
{
    uint64_t number = 0;
    SECURITY_STATUS status = TakeNumber(d, m, &number);

    if (status == SEC_E_OK && !(number & CLEAR_BIT)) {
        status = SEC_E_INVALID_TOKEN; /* it was sealed */
    }
    return status == SEC_E_OK ? CheckTag(d, m, number) : status;
}

/* What is only signed comes first, as the cipher wants it; the heads keep the order in it. */
static void
Start(struct chacha_poly1305_ctx *ctx, const DIRECTION *d, const OPENSSPI_PACKAGE_MESSAGE *m,
      uint64_t number)
{
    uint8_t nonce[CHACHA_POLY1305_NONCE_SIZE] = { 0 }, head[HEAD_BYTES];

    chacha_poly1305_set_key(ctx, d->seal);
    PutNumber(nonce + sizeof(nonce) - NUMBER_BYTES, number);
    chacha_poly1305_set_nonce(ctx, nonce);
    for (ULONG i = 0; i < m->SegmentCount; i++) {
        const OPENSSPI_PACKAGE_SEGMENT *s = &m->pSegments[i];

        PutHead(s, head);
        chacha_poly1305_update(ctx, HEAD_BYTES, head);
        if (s->ChecksumOnly) {
            chacha_poly1305_update(ctx, s->cbData, s->pData);
        }
    }
}

SECURITY_STATUS
Seal(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m)
{
    struct chacha_poly1305_ctx ctx;

    if (m->NoEncrypt) {
        return Sign(d, m);
    }
    Start(&ctx, d, m, d->next);
    for (ULONG i = 0; i < m->SegmentCount; i++) {
        const OPENSSPI_PACKAGE_SEGMENT *s = &m->pSegments[i];

        if (!s->ChecksumOnly && s->cbData) {
            chacha_poly1305_encrypt(&ctx, s->cbData, s->pData, s->pData);
        }
    }
    PutNumber(m->pToken, d->next++);
    chacha_poly1305_digest(&ctx, TAG_BYTES, m->pToken + NUMBER_BYTES);
    m->cbToken = TRAILER_BYTES;
    explicit_bzero(&ctx, sizeof(ctx));
    return SEC_E_OK;
}

SECURITY_STATUS
Unseal(DIRECTION *d, OPENSSPI_PACKAGE_MESSAGE *m)
{
    struct chacha_poly1305_ctx ctx;
    uint8_t tag[TAG_BYTES];
    uint64_t number = 0;
    SECURITY_STATUS status = TakeNumber(d, m, &number);

    if (status != SEC_E_OK) {
        return status;
    }
    m->NoEncrypt = (number & CLEAR_BIT) != 0;
    if (m->NoEncrypt) {
        return CheckTag(d, m, number);
    }
    Start(&ctx, d, m, number);
    for (ULONG i = 0; i < m->SegmentCount; i++) {
        const OPENSSPI_PACKAGE_SEGMENT *s = &m->pSegments[i];

        if (!s->ChecksumOnly && s->cbData) {
            chacha_poly1305_decrypt(&ctx, s->cbData, s->pData, s->pData);
        }
    }
    chacha_poly1305_digest(&ctx, TAG_BYTES, tag);
    explicit_bzero(&ctx, sizeof(ctx));
    if (!IsSame(tag, m->pToken + NUMBER_BYTES, TAG_BYTES)) {
        return SEC_E_MESSAGE_ALTERED;
    }
    d->next++;
    return SEC_E_OK;
}
