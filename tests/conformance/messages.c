/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature, VerifySignature, EncryptMessage, DecryptMessage, and the last two under their first names.
 *
 * Sources: their pages, and Windows as it was seen. A context that is not established has no keys:
 * SEC_E_OUT_OF_SEQUENCE, which each of the pages has; a ticket that is over ends no context: decision
 * 0014; an exported one: decision 0026. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"

/* What is wrong with a message. */
enum fault {
    NO_FAULT,
    NO_DESCRIPTOR,
    WRONG_VERSION,
    BUFFERS_AT_NULL,
    NO_BUFFERS,
    TOO_MANY,
    NO_TOKEN,
    TWO_TOKENS,
    TOKEN_AT_NULL,
    TOKEN_TOO_SMALL,
    TOKEN_READ_ONLY,
    NO_DATA,
    DATA_AT_NULL,
    OVERLAP,
    QOP_UNKNOWN,
    QOP_NO_ENCRYPT,
    ALTERED_TOKEN,
    ALTERED_DATA,
    LATE_TYPES, /* no fault: TOKEN last, a type that nobody knows between */
};

struct message {
    uint8_t token[SCENE_TRAILER_BYTES], data[SCENE_DATA_BYTES];
    SecBuffer b[3];
    SecBufferDesc d;
    PSecBufferDesc desc;
    ULONG qop;
};

static ULONG
token_bytes(struct scene *s, bool sealed)
{
    SecPkgContext_Sizes sizes;

    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK) {
        return 16;
    }
    return sealed ? sizes.cbSecurityTrailer : sizes.cbMaxSignature;
}

static void
fill(struct message *m, ULONG n)
{
    memset(m, 0, sizeof(*m));
    memcpy(m->data, "the quick brown fox", 20);
    m->b[0] = (SecBuffer){ n, SECBUFFER_TOKEN, m->token };
    m->b[1] = (SecBuffer){ SCENE_DATA_BYTES, SECBUFFER_DATA, m->data };
    m->d = (SecBufferDesc){ SECBUFFER_VERSION, 2, m->b };
    m->desc = &m->d;
}

static void
spoil(struct message *m, enum fault fault)
{
    switch (fault) {
    case NO_DESCRIPTOR: m->desc = NULL; break;
    case WRONG_VERSION: m->d.ulVersion = 2; break;
    case BUFFERS_AT_NULL: m->d.pBuffers = NULL; break;
    case NO_BUFFERS: m->d.cBuffers = 0; break;
    case TOO_MANY: m->d.cBuffers = 0x7fffffff; break;
    case NO_TOKEN: m->b[0].BufferType = SECBUFFER_EMPTY; break;
    case TWO_TOKENS: m->b[1].BufferType = SECBUFFER_TOKEN; break;
    case TOKEN_AT_NULL: m->b[0].pvBuffer = NULL; break;
    case TOKEN_TOO_SMALL: m->b[0].cbBuffer = 3; break;
    case TOKEN_READ_ONLY: m->b[0].BufferType |= SECBUFFER_READONLY; break;
    case NO_DATA: m->b[1].BufferType = SECBUFFER_EMPTY; break;
    case DATA_AT_NULL: m->b[1].pvBuffer = NULL; break;
    case OVERLAP: m->b[1].pvBuffer = m->token; break;
    case QOP_UNKNOWN: m->qop = 2; break;
    case QOP_NO_ENCRYPT: m->qop = SECQOP_WRAP_NO_ENCRYPT; break;
    case ALTERED_TOKEN: m->token[m->b[0].cbBuffer / 2] ^= 1; break;
    case ALTERED_DATA: m->data[0] ^= 1; break;
    case LATE_TYPES:
        m->b[2] = m->b[0];
        m->b[0] = m->b[1];
        m->b[1] = (SecBuffer){ 0, SECBUFFER_EXTRA, NULL };
        m->d.cBuffers = 3;
        break;
    default: break;
    }
}

static SECURITY_STATUS
sign(struct scene *s, ULONG fault)
{
    struct message m;

    fill(&m, token_bytes(s, false));
    spoil(&m, (enum fault)fault);
    return MakeSignature(s->at, m.qop, m.desc, 0);
}

#define ENCRYPT(name, function)                               \
    static SECURITY_STATUS name(struct scene *s, ULONG fault) \
    {                                                         \
        struct message m;                                     \
                                                              \
        fill(&m, token_bytes(s, true));                       \
        spoil(&m, (enum fault)fault);                         \
        return function(s->at, m.qop, m.desc, 0);             \
    }
ENCRYPT(encrypt, EncryptMessage)
ENCRYPT(seal, SealMessage)

/* What the peer made, where there is a peer with keys; else anything. */
static void
receive(struct scene *s, struct message *m, bool sealed)
{
    fill(m, token_bytes(s, sealed));
    if (s->message.n) {
        memcpy(m->token, s->message.token, sizeof(m->token));
        memcpy(m->data, s->message.data, sizeof(m->data));
        m->b[0].cbBuffer = s->message.n;
    } else if (s->state == ESTABLISHED || s->state == EXPIRED || s->state == EXPORTED ||
               s->state == IMPORTED) {
        scene_spare(true);
        if ((sealed ? EncryptMessage(&s->peer, 0, &m->d, 0)
                    : MakeSignature(&s->peer, 0, &m->d, 0)) != SEC_E_OK) {
            abort();
        }
        scene_spare(false);
        memcpy(s->message.token, m->token, sizeof(m->token));
        memcpy(s->message.data, m->data, sizeof(m->data));
        s->message.n = m->b[0].cbBuffer;
    }
}

static SECURITY_STATUS
verify(struct scene *s, ULONG fault)
{
    struct message m;
    ULONG qop = 0;

    receive(s, &m, false);
    spoil(&m, (enum fault)fault);
    return VerifySignature(s->at, m.desc, 0, &qop);
}

#define DECRYPT(name, function)                               \
    static SECURITY_STATUS name(struct scene *s, ULONG fault) \
    {                                                         \
        struct message m;                                     \
                                                              \
        receive(s, &m, true);                                 \
        spoil(&m, (enum fault)fault);                         \
        return function(s->at, m.desc, 0, NULL);              \
    }
DECRYPT(decrypt, DecryptMessage)
DECRYPT(unseal, UnsealMessage)

CALLS(signing, "MakeSignature", sign);
CALLS(verifying, "VerifySignature", verify);
static const struct call encrypting[] = { { "EncryptMessage", encrypt },
                                          { "SealMessage", seal },
                                          { NULL, NULL } };
static const struct call decrypting[] = { { "DecryptMessage", decrypt },
                                          { "UnsealMessage", unseal },
                                          { NULL, NULL } };

#define MESSAGE(calls, what, fault, answer)                            \
    {                                                                  \
        calls, what, fault, CONTEXT, ANY, CS, WHEN_ESTABLISHED(answer) \
    }
#define EACH(what, fault, sign, verify, encrypt, decrypt)                         \
    MESSAGE(signing, what, fault, sign), MESSAGE(verifying, what, fault, verify), \
        MESSAGE(encrypting, what, fault, encrypt), MESSAGE(decrypting, what, fault, decrypt)

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    /*                                           created half-open established failed expired exported imported */
    { signing, "", NO_FAULT, CONTEXT, ANY, CS, IN_STATES(SEQ, SEQ, OK, SEQ, OK, GONE, OK) },
    { verifying, "", NO_FAULT, CONTEXT, ANY, CS, IN_STATES(SEQ, SEQ, OK, SEQ, OK, GONE, OK) },
    { encrypting, "", NO_FAULT, CONTEXT, ANY, CS, IN_STATES(SEQ, SEQ, OK, SEQ, OK, GONE, OK) },
    { decrypting, "", NO_FAULT, CONTEXT, ANY, CS, IN_STATES(SEQ, SEQ, OK, SEQ, OK, GONE, OK) },

    /*                                           sign   verify encrypt decrypt */
    EACH("no descriptor", NO_DESCRIPTOR, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("another version", WRONG_VERSION, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("buffers at NULL", BUFFERS_AT_NULL, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("no buffers", NO_BUFFERS, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("too many buffers", TOO_MANY, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("no TOKEN buffer", NO_TOKEN, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("two TOKEN buffers", TWO_TOKENS, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("a token at NULL", TOKEN_AT_NULL, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("a token too small", TOKEN_TOO_SMALL, SMALL, TOKEN, SMALL, TOKEN),
    MESSAGE(signing, "a read-only token", TOKEN_READ_ONLY, TOKEN),
    MESSAGE(encrypting, "a read-only token", TOKEN_READ_ONLY, TOKEN),
    EACH("no DATA buffer", NO_DATA, OK, ALTER, TOKEN, TOKEN),
    EACH("data at NULL", DATA_AT_NULL, TOKEN, TOKEN, TOKEN, TOKEN),
    EACH("buffers that overlap", OVERLAP, TOKEN, TOKEN, TOKEN, TOKEN),
    MESSAGE(signing, "quality of protection unknown", QOP_UNKNOWN, QOPNS),
    MESSAGE(encrypting, "quality of protection unknown", QOP_UNKNOWN, QOPNS),
    MESSAGE(signing, "not to be encrypted", QOP_NO_ENCRYPT, QOPNS),
    MESSAGE(encrypting, "not to be encrypted", QOP_NO_ENCRYPT, OK),
    MESSAGE(verifying, "an altered token", ALTERED_TOKEN, ALTER),
    MESSAGE(verifying, "altered data", ALTERED_DATA, ALTER),
    MESSAGE(decrypting, "an altered token", ALTERED_TOKEN, ALTER),
    MESSAGE(decrypting, "altered data", ALTERED_DATA, ALTER),
    EACH("the token behind all others", LATE_TYPES, OK, OK, OK, OK),
};
/* clang-format on */

const struct family message_family = FAMILY(rows);
