/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A security package of one's own, not for Windows: SharedSecret, whose client and server prove to
 * each other that they know the same secret, with HMAC-SHA256 from libnettle.
 *
 *     client                                            server
 *     "SSP1", 32 random bytes, the user's name  ->
 *                                               <-      "SSP2", 32 random bytes
 *     "SSP3", channel bindings, proof           ->      (proof: over all that was said so far)
 *                                               <-      "SSP4", proof
 *
 * What it is not: a password protocol. Who sees an exchange, or plays the server in one, can try
 * secrets against it at leisure, so that only long random ones are of use; who learns a secret can
 * read what was recorded before. The server keeps the secrets themselves, in the file that
 * SHARED_SECRETS names (else /etc/opensspi/shared-secrets): a line for each user, the name, a blank, the
 * secret. Nobody else may be able to read that file.
 *
 *     cc -shared -fPIC $(pkg-config --cflags opensspi nettle) shared_secret.c shared_secret_keys.c \
 *         $(pkg-config --libs nettle) -o shared_secret.so
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* secure_getenv */
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared_secret.h"

enum {
    MARK_BYTES = 4,
    NAME_MAX_BYTES = 64,
    BINDINGS_BYTES = 16,
    TEXT_BYTES = 1024, /* of a line of the file, and of a secret */
    FIRST_MIN = MARK_BYTES + NONCE_BYTES + 1,
    FIRST_MAX = FIRST_MIN + NAME_MAX_BYTES - 1,
    SECOND_BYTES = MARK_BYTES + NONCE_BYTES,
    THIRD_BYTES = MARK_BYTES + 1 + BINDINGS_BYTES + KEY_BYTES,
    FOURTH_BYTES = MARK_BYTES + KEY_BYTES,
    SAID_MAX = FIRST_MAX + SECOND_BYTES + THIRD_BYTES,
};

typedef struct CREDENTIAL {
    char user[NAME_MAX_BYTES + 1]; /* a client's */
    uint8_t key[KEY_BYTES];
} CREDENTIAL;

typedef struct CONTEXT {
    const CREDENTIAL *credential;
    BOOLEAN is_client;
    int legs;
    ULONG request;
    char user[NAME_MAX_BYTES + 1];
    uint8_t key[KEY_BYTES];
    uint8_t said[SAID_MAX]; /* all tokens so far, as they went over the wire */
    size_t n_said;
    DIRECTION sending, receiving;
} CONTEXT;

static const OPENSSPI_PACKAGE_HOST *g_Host;

static SECURITY_STATUS
Refuse(SECURITY_STATUS status, const char *reason)
{
    g_Host->Reason(reason);
    return status;
}

static BOOLEAN
IsName(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7F) {
            return 0;
        }
    }
    return n > 0 && n <= NAME_MAX_BYTES;
}

/* --- the server's secrets ------------------------------------------------------------------ */

static FILE *
OpenSecrets(void)
{
    const char *named = secure_getenv("SHARED_SECRETS");
    FILE *f = fopen(named ? named : "/etc/opensspi/shared-secrets", "re");
    struct stat at;

    if (!f) {
        g_Host->Reason("SharedSecret: the file of secrets cannot be opened");
        return NULL;
    }
    if (fstat(fileno(f), &at) != 0 || !S_ISREG(at.st_mode) || at.st_mode & 077 ||
        (at.st_uid != 0 && at.st_uid != geteuid())) {
        g_Host->Reason("SharedSecret: the file of secrets is not the service's alone (mode 0600)");
        fclose(f);
        return NULL;
    }
    setvbuf(f, NULL, _IONBF, 0); /* no copy of it stays in a buffer */
    return f;
}

/* The key of a user. One that nobody has is random, so that the exchange goes on and fails where a
 * wrong secret does. */
static SECURITY_STATUS
FindKey(const char *user, uint8_t key[KEY_BYTES])
{
    FILE *f = OpenSecrets();
    char line[TEXT_BYTES];

    if (!f) {
        return SEC_E_NO_AUTHENTICATING_AUTHORITY;
    }
    if (!g_Host->Random(key, KEY_BYTES)) {
        fclose(f);
        return SEC_E_INTERNAL_ERROR;
    }
    while (fgets(line, sizeof(line), f)) {
        char *secret = strchr(line, ' ');

        line[strcspn(line, "\r\n")] = 0;
        if (secret && secret[1]) {
            *secret = 0;
            if (strcmp(line, user) == 0) {
                KeyOfSecret(secret + 1, key);
                break;
            }
        }
    }
    explicit_bzero(line, sizeof(line));
    fclose(f);
    return SEC_E_OK;
}

/* --- credentials --------------------------------------------------------------------------- */

static SECURITY_STATUS WINAPI
Acquire(const OPENSSPI_PACKAGE_ACQUIRE *arguments, void **credential)
{
    const OPENSSPI_PACKAGE_IDENTITY *identity = arguments->pIdentity;
    CREDENTIAL *c;

    if (arguments->Use & SECPKG_CRED_OUTBOUND) {
        if (!identity || !identity->pszUser || !identity->pszPassword) {
            return Refuse(SEC_E_NO_CREDENTIALS, "SharedSecret: a client names its user and secret");
        }
        if (!IsName(identity->pszUser, strlen(identity->pszUser))) {
            return Refuse(SEC_E_UNKNOWN_CREDENTIALS, "SharedSecret: the user is no name");
        }
    }
    c = calloc(1, sizeof(*c));
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (arguments->Use & SECPKG_CRED_OUTBOUND) {
        memcpy(c->user, identity->pszUser, strlen(identity->pszUser));
        KeyOfSecret(identity->pszPassword, c->key);
    }
    *credential = c;
    return SEC_E_OK;
}

static void WINAPI
FreeCredential(void *credential)
{
    explicit_bzero(credential, sizeof(CREDENTIAL));
    free(credential);
}

static SECURITY_STATUS WINAPI
QueryName(void *credential, char *name, ULONG n)
{
    const CREDENTIAL *c = credential;

    if (!c->user[0]) {
        return Refuse(SEC_E_NO_CREDENTIALS, "SharedSecret: a server's credential has no name");
    }
    snprintf(name, n, "%s", c->user);
    return SEC_E_OK;
}

/* --- the exchange -------------------------------------------------------------------------- */

static SECURITY_STATUS WINAPI
Open(void *credential, ULONG use, void **context)
{
    CONTEXT *c = calloc(1, sizeof(*c));

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->credential = credential;
    c->is_client = use == SECPKG_CRED_OUTBOUND;
    *context = c;
    return SEC_E_OK;
}

static void WINAPI
Delete(void *context)
{
    explicit_bzero(context, sizeof(CONTEXT));
    free(context);
}

static void
Say(CONTEXT *c, const uint8_t *p, size_t n)
{
    memcpy(c->said + c->n_said, p, n);
    c->n_said += n;
}

/* What comes from the peer: of that length, and with that mark. */
static BOOLEAN
IsToken(const OPENSSPI_PACKAGE_LEG *leg, const char *mark, size_t n)
{
    return leg->pInput && leg->cbInput == n && memcmp(leg->pInput, mark, MARK_BYTES) == 0;
}

static void
MakeKeys(CONTEXT *c)
{
    DIRECTION *client = c->is_client ? &c->sending : &c->receiving;
    DIRECTION *server = c->is_client ? &c->receiving : &c->sending;

    Mac(c->key, "client signs", c->said, c->n_said, client->sign);
    Mac(c->key, "client seals", c->said, c->n_said, client->seal);
    Mac(c->key, "server signs", c->said, c->n_said, server->sign);
    Mac(c->key, "server seals", c->said, c->n_said, server->seal);
}

/* Both sides have proven themselves, and messages are protected whoever asked for it. */
static SECURITY_STATUS
Finish(CONTEXT *c, OPENSSPI_PACKAGE_LEG *leg)
{
    MakeKeys(c);
    leg->Granted = c->is_client
                       ? ISC_RET_MUTUAL_AUTH | ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY |
                             ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT | ISC_RET_CONNECTION
                       : ASC_RET_MUTUAL_AUTH | ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY |
                             ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT | ASC_RET_CONNECTION;
    return SEC_E_OK;
}

static SECURITY_STATUS
ClientBegins(CONTEXT *c, OPENSSPI_PACKAGE_LEG *leg)
{
    size_t n = strlen(c->credential->user);

    memcpy(c->user, c->credential->user, n);
    memcpy(c->key, c->credential->key, KEY_BYTES);
    memcpy(leg->pOutput, "SSP1", MARK_BYTES);
    if (!g_Host->Random(leg->pOutput + MARK_BYTES, NONCE_BYTES)) {
        return SEC_E_INTERNAL_ERROR;
    }
    memcpy(leg->pOutput + MARK_BYTES + NONCE_BYTES, c->user, n);
    leg->cbOutput = (ULONG)(MARK_BYTES + NONCE_BYTES + n);
    Say(c, leg->pOutput, leg->cbOutput);
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS
ServerAnswers(CONTEXT *c, OPENSSPI_PACKAGE_LEG *leg)
{
    const size_t head = MARK_BYTES + NONCE_BYTES;
    SECURITY_STATUS status;

    if (leg->cbInput < FIRST_MIN || leg->cbInput > FIRST_MAX ||
        !IsToken(leg, "SSP1", leg->cbInput) ||
        !IsName((const char *)leg->pInput + head, leg->cbInput - head)) {
        return Refuse(SEC_E_INVALID_TOKEN, "SharedSecret: the first token is none");
    }
    memcpy(c->user, leg->pInput + head, leg->cbInput - head);
    status = FindKey(c->user, c->key);
    if (status != SEC_E_OK) {
        return status;
    }
    Say(c, leg->pInput, leg->cbInput);
    memcpy(leg->pOutput, "SSP2", MARK_BYTES);
    if (!g_Host->Random(leg->pOutput + MARK_BYTES, NONCE_BYTES)) {
        return SEC_E_INTERNAL_ERROR;
    }
    leg->cbOutput = SECOND_BYTES;
    Say(c, leg->pOutput, leg->cbOutput);
    return SEC_I_CONTINUE_NEEDED;
}

/* Who proves what: all that was said, and what comes before the proof in its token. */
static void
Prove(CONTEXT *c, const char *label, const uint8_t *token, size_t n, uint8_t proof[KEY_BYTES])
{
    uint8_t all[SAID_MAX + THIRD_BYTES];

    memcpy(all, c->said, c->n_said);
    memcpy(all + c->n_said, token, n);
    Mac(c->key, label, all, c->n_said + n, proof);
}

static SECURITY_STATUS
ClientProves(CONTEXT *c, OPENSSPI_PACKAGE_LEG *leg)
{
    const size_t head = THIRD_BYTES - KEY_BYTES;

    if (!IsToken(leg, "SSP2", SECOND_BYTES)) {
        return Refuse(SEC_E_INVALID_TOKEN, "SharedSecret: the second token is none");
    }
    Say(c, leg->pInput, leg->cbInput);
    memcpy(leg->pOutput, "SSP3", MARK_BYTES);
    leg->pOutput[MARK_BYTES] = leg->pBindings != NULL;
    memset(leg->pOutput + MARK_BYTES + 1, 0, BINDINGS_BYTES);
    if (leg->pBindings) {
        memcpy(leg->pOutput + MARK_BYTES + 1, leg->pBindings, BINDINGS_BYTES);
    }
    Prove(c, "client", leg->pOutput, head, leg->pOutput + head);
    leg->cbOutput = THIRD_BYTES;
    Say(c, leg->pOutput, leg->cbOutput);
    return SEC_I_CONTINUE_NEEDED;
}

/* The server's channel is the client's, where both know one. */
static BOOLEAN
IsBound(const OPENSSPI_PACKAGE_LEG *leg)
{
    const uint8_t *theirs = leg->pInput + MARK_BYTES;

    if (!leg->pBindings) {
        return 1;
    }
    if (theirs[0]) {
        return IsSame(theirs + 1, leg->pBindings, BINDINGS_BYTES) != 0;
    }
    return (leg->Request & ASC_REQ_ALLOW_MISSING_BINDINGS) != 0;
}

static SECURITY_STATUS
ServerProves(CONTEXT *c, OPENSSPI_PACKAGE_LEG *leg)
{
    const size_t head = THIRD_BYTES - KEY_BYTES;
    uint8_t proof[KEY_BYTES];

    if (!IsToken(leg, "SSP3", THIRD_BYTES)) {
        return Refuse(SEC_E_INVALID_TOKEN, "SharedSecret: the third token is none");
    }
    Prove(c, "client", leg->pInput, head, proof);
    if (!IsSame(proof, leg->pInput + head, KEY_BYTES)) {
        return Refuse(SEC_E_LOGON_DENIED, "SharedSecret: no such user, or another secret");
    }
    if (!IsBound(leg)) {
        return Refuse(SEC_E_BAD_BINDINGS, "SharedSecret: the client's channel is another");
    }
    Say(c, leg->pInput, leg->cbInput);
    memcpy(leg->pOutput, "SSP4", MARK_BYTES);
    Prove(c, "server", leg->pOutput, MARK_BYTES, leg->pOutput + MARK_BYTES);
    leg->cbOutput = FOURTH_BYTES;
    return Finish(c, leg);
}

static SECURITY_STATUS
ClientEnds(CONTEXT *c, OPENSSPI_PACKAGE_LEG *leg)
{
    uint8_t proof[KEY_BYTES];

    if (!IsToken(leg, "SSP4", FOURTH_BYTES)) {
        return Refuse(SEC_E_INVALID_TOKEN, "SharedSecret: the fourth token is none");
    }
    Prove(c, "server", leg->pInput, MARK_BYTES, proof);
    if (!IsSame(proof, leg->pInput + MARK_BYTES, KEY_BYTES)) {
        return Refuse(SEC_E_MUTUAL_AUTH_FAILED,
                      "SharedSecret: the server does not know the secret");
    }
    leg->cbOutput = 0;
    return Finish(c, leg);
}

static SECURITY_STATUS WINAPI
Initialize(void *context, OPENSSPI_PACKAGE_LEG *leg)
{
    CONTEXT *c = context;

    switch (c->legs++) {
    case 0: return ClientBegins(c, leg);
    case 1: return ClientProves(c, leg);
    default: return ClientEnds(c, leg);
    }
}

static SECURITY_STATUS WINAPI
Accept(void *context, OPENSSPI_PACKAGE_LEG *leg)
{
    CONTEXT *c = context;

    return c->legs++ == 0 ? ServerAnswers(c, leg) : ServerProves(c, leg);
}

static SECURITY_STATUS WINAPI
Query(void *context, OPENSSPI_PACKAGE_CONTEXT *answer)
{
    const CONTEXT *c = context;

    answer->cbMaxSignature = answer->cbSecurityTrailer = TRAILER_BYTES;
    answer->pszUser = c->user;
    answer->KeyBits = 8 * KEY_BYTES;
    answer->pszSignatureAlgorithm = "HMAC-SHA256";
    answer->pszEncryptAlgorithm = "ChaCha20-Poly1305";
    return SEC_E_OK;
}

/* --- messages ------------------------------------------------------------------------------ */

static SECURITY_STATUS WINAPI
MakeOne(void *context, OPENSSPI_PACKAGE_MESSAGE *m)
{
    return Sign(&((CONTEXT *)context)->sending, m);
}

static SECURITY_STATUS WINAPI
VerifyOne(void *context, OPENSSPI_PACKAGE_MESSAGE *m)
{
    return Verify(&((CONTEXT *)context)->receiving, m);
}

static SECURITY_STATUS WINAPI
EncryptOne(void *context, OPENSSPI_PACKAGE_MESSAGE *m)
{
    return Seal(&((CONTEXT *)context)->sending, m);
}

static SECURITY_STATUS WINAPI
DecryptOne(void *context, OPENSSPI_PACKAGE_MESSAGE *m)
{
    return Unseal(&((CONTEXT *)context)->receiving, m);
}

/* --- the table ----------------------------------------------------------------------------- */

const OPENSSPI_PACKAGE *WINAPI
OpenSspiPackageEntry(const OPENSSPI_PACKAGE_HOST *host)
{
    static const OPENSSPI_PACKAGE table = {
        .cbSize = sizeof(table),
        .Version = OPENSSPI_PACKAGE_VERSION,
        .pszName = "SharedSecret",
        .pszComment = "Both sides know a secret: an example of a security package",
        .Capabilities = SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED |
                        SECPKG_FLAG_MUTUAL_AUTH | SECPKG_FLAG_IMPERSONATION |
                        SECPKG_FLAG_READONLY_WITH_CHECKSUM,
        .RpcId = SECPKG_ID_NONE,
        .cbMaxToken = SAID_MAX,
        .AcquireCredential = Acquire,
        .FreeCredential = FreeCredential,
        .QueryCredentialName = QueryName,
        .OpenContext = Open,
        .InitializeContext = Initialize,
        .AcceptContext = Accept,
        .DeleteContext = Delete,
        .QueryContext = Query,
        .MakeSignature = MakeOne,
        .VerifySignature = VerifyOne,
        .EncryptMessage = EncryptOne,
        .DecryptMessage = DecryptOne,
    };

    g_Host = host;
    return &table;
}
