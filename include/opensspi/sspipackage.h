/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security packages of others: what a shared object has to offer to be one of OpenSSPI's packages
 * (AddSecurityPackage, or `load` in [packages] of opensspi.conf), and what it is offered.
 *
 * A package's code runs in the process of whoever uses it and can do what that process can: it is
 * loaded only from a file that nobody but root and the process's user can change. What it answers
 * is checked all the same, and never handed on where it breaks what is written here: a call then
 * answers SEC_E_INTERNAL_ERROR, and its context is of no more use. That finds mistakes; it is no wall.
 *
 * Memory. Nothing that one side allocates is freed by the other. What a function is given is
 * *borrowed*: valid until it returns. What it answers goes into room that it is given, or stays
 * the package's own. Strings are UTF-8 and end with a NUL.
 *
 * Structures begin with their size and grow at their ends: a member is there if the size says so.
 * Members that a package does not know it leaves alone; those behind the end of its own table are
 * taken for 0.
 *
 * Threads. Any function may be called in any thread, several at once. Of one context, the legs and
 * QueryContext never run at once with each other or with anything else; MakeSignature and
 * EncryptMessage are one direction, VerifySignature and DecryptMessage the other: within a direction
 * there is one call at a time, and both directions run at once unless QueryContext says HalfDuplex.
 * Of one credential everything may run at once. A function must not call SSPI's own
 * (InitializeSecurityContext and the like).
 *
 * Errors that a function may answer: SEC_E_INSUFFICIENT_MEMORY, _UNSUPPORTED_FUNCTION,
 * _TARGET_UNKNOWN, _INTERNAL_ERROR, _NOT_OWNER, _INVALID_TOKEN, _QOP_NOT_SUPPORTED, _LOGON_DENIED,
 * _UNKNOWN_CREDENTIALS, _NO_CREDENTIALS, _MESSAGE_ALTERED, _OUT_OF_SEQUENCE,
 * _NO_AUTHENTICATING_AUTHORITY, _CONTEXT_EXPIRED, _INCOMPLETE_CREDENTIALS, _WRONG_PRINCIPAL,
 * _TIME_SKEW, _ILLEGAL_MESSAGE, _ENCRYPT_FAILURE, _DECRYPT_FAILURE, _SECURITY_QOS_FAILED,
 * _MUTUAL_AUTH_FAILED, _BAD_BINDINGS. Others have a meaning to SSPI's callers that is the library's
 * to give.
 */
#ifndef OPENSSPI_SSPIPACKAGE_H
#define OPENSSPI_SSPIPACKAGE_H

#include <opensspi/secstatus.h>
#include <opensspi/sspi_constants.h>
#include <opensspi/wintypes.h>

OPENSSPI_BEGIN

/* Of this description. It is raised where an old package would no longer do. */
#define OPENSSPI_PACKAGE_VERSION 1

/* Limits, each including what it names. */
#define OPENSSPI_PACKAGE_NAME_MAX      32    /* characters */
#define OPENSSPI_PACKAGE_COMMENT_MAX   128   /* characters, all of them printable ASCII */
#define OPENSSPI_PACKAGE_TOKEN_MAX     65536 /* cbMaxToken */
#define OPENSSPI_PACKAGE_SIGNATURE_MAX 4096  /* cbMaxSignature, cbSecurityTrailer */
#define OPENSSPI_PACKAGE_TEXT_MAX      1024  /* bytes of a name or a SID that a package answers */
#define OPENSSPI_PACKAGE_GROUPS_MAX    1024
#define OPENSSPI_PACKAGE_KEY_MAX       256 /* bytes of a session key */

/* --- what the library offers --------------------------------------------------------------- */

/* Valid as long as the package is loaded. Its functions may be called at any time, in any thread. */
typedef struct _OPENSSPI_PACKAGE_HOST {
    ULONG cbSize;
    ULONG Version; /* OPENSSPI_PACKAGE_VERSION */
    /* Fills pBuffer with cbBuffer random bytes. 0: there are none; the call at hand must fail. */
    BOOLEAN(WINAPI *Random)(void *pBuffer, ULONG cbBuffer);
    /* What time it is: FILETIME, UTC. */
    ULONGLONG(WINAPI *Now)(void);
    /* Why the call at hand is going to fail, for the log and for tools: up to 400 bytes of text,
     * without secrets in it. The peer does not see it. */
    void(WINAPI *Reason)(const char *pszReason);
} OPENSSPI_PACKAGE_HOST;

/* --- credentials --------------------------------------------------------------------------- */

/* Whom a credential is for. NULL: not given, or empty. */
typedef struct _OPENSSPI_PACKAGE_IDENTITY {
    ULONG cbSize;
    const char *pszUser, *pszDomain, *pszPassword;
} OPENSSPI_PACKAGE_IDENTITY;

typedef struct _OPENSSPI_PACKAGE_ACQUIRE {
    ULONG cbSize;
    ULONG Use; /* SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, or both */
    /* NULL: the process's own. The library wipes what it points to; a copy of the password is the
     * package's to wipe. */
    const OPENSSPI_PACKAGE_IDENTITY *pIdentity;
    /* pIdentity is NULL, and the calling thread acts as somebody whose credentials the process's own
     * are not: they must not be used. */
    BOOLEAN NoDefaults;
} OPENSSPI_PACKAGE_ACQUIRE;

/* --- legs ---------------------------------------------------------------------------------- */

typedef struct _OPENSSPI_PACKAGE_LEG {
    ULONG cbSize;
    ULONG Request;          /* ISC_REQ_* of a client, ASC_REQ_* of a server */
    const UCHAR *pInput;    /* the peer's token; NULL: the caller gave none */
    ULONG cbInput;          /* 0 to 2^32-1: of any length that a peer sends */
    const char *pszTarget;  /* of a client, as its caller named it; "": it named none */
    const UCHAR *pBindings; /* channel bindings, hashed (RFC 4121, 4.1.1.2): 16 bytes; NULL: none */
    UCHAR *pOutput;         /* room for the token */
    ULONG cbOutput;         /* in: how much, which is the table's cbMaxToken; out: written */
    ULONG Granted;     /* out, with SEC_E_OK: ISC_RET_* or ASC_RET_*, each only if it is true */
    ULONGLONG Expires; /* out, with SEC_E_OK: FILETIME, UTC; 0: never */
} OPENSSPI_PACKAGE_LEG;

/* --- what is known of a context ------------------------------------------------------------ */

/* Zeroed but for cbSize when QueryContext is given it. What its pointers point to is the package's,
 * and stays until the context is deleted or a leg of it is run; the library copies it at once. */
typedef struct _OPENSSPI_PACKAGE_CONTEXT {
    ULONG cbSize;
    ULONG cbMaxSignature;    /* of MakeSignature; 0: it makes none */
    ULONG cbSecurityTrailer; /* of EncryptMessage, whose data keep their length */
    BOOLEAN HalfDuplex;      /* both directions share one state */
    /* Of a server's context: the client proved nothing, and meant to. Such a one is refused where
     * `anonymous` of [policy] says no. */
    BOOLEAN Anonymous;
    /* Of a client's context, whom it acts as; of a server's, who the client is *proven* to be: a name
     * is necessary there, unless it is anonymous. pszDomain may be NULL. */
    const char *pszUser, *pszDomain;
    /* The rest is of a server's context, and of its client; each NULL where nothing is known. Groups
     * come with names and SIDs ("S-1-5-21-…"), GroupCount of both. pszUnixUser is whom a thread that
     * impersonates the client becomes; without it, names decide (docs/decisions/0028). */
    const char *pszUserSid, *pszUnixUser;
    ULONG GroupCount;
    const char *const *ppszGroups, *const *ppszGroupSids;
    /* Of both: SECPKG_ATTR_SESSION_KEY and SECPKG_ATTR_KEY_INFO. NULL, 0: there are none. */
    const UCHAR *pSessionKey;
    ULONG cbSessionKey;
    ULONG KeyBits;
    const char *pszSignatureAlgorithm, *pszEncryptAlgorithm; /* printable ASCII */
} OPENSSPI_PACKAGE_CONTEXT;

/* --- messages ------------------------------------------------------------------------------ */

typedef struct _OPENSSPI_PACKAGE_SEGMENT {
    UCHAR *pData;
    ULONG cbData;
    BOOLEAN ChecksumOnly; /* covered by the signature, and neither read nor written by the cipher */
} OPENSSPI_PACKAGE_SEGMENT;

/* One message: what is signed or sealed, in order, and its signature or trailer. Data are changed in
 * place and keep their length; none of the segments overlaps another. */
typedef struct _OPENSSPI_PACKAGE_MESSAGE {
    ULONG cbSize;
    ULONG SegmentCount; /* 0 to 64 */
    const OPENSSPI_PACKAGE_SEGMENT *pSegments;
    UCHAR *pToken;
    /* Make and Encrypt: in, room (what QueryContext said); out, written. Verify and Decrypt: what came
     * from the peer, of any length. */
    ULONG cbToken;
    ULONG SequenceNumber; /* the caller's, whatever it means to the package */
    /* Encrypt: sign and do not seal. Decrypt, out: the peer did that. */
    BOOLEAN NoEncrypt;
} OPENSSPI_PACKAGE_MESSAGE;

/* --- the table ----------------------------------------------------------------------------- */

/* Credentials and contexts are the package's own: any pointer but NULL. */
typedef struct _OPENSSPI_PACKAGE {
    ULONG cbSize;
    ULONG Version; /* OPENSSPI_PACKAGE_VERSION */

    /* What SecPkgInfo says. The name is of letters, digits, '-', '_' and '.', begins with a letter,
     * and is no other package's, with any case. */
    const char *pszName, *pszComment;
    /* SECPKG_FLAG_TOKEN_ONLY, _CONNECTION, _MULTI_REQUIRED, _EXTENDED_ERROR, _IMPERSONATION,
     * _ACCEPT_WIN32_NAME, _LOGON, _MUTUAL_AUTH, _READONLY_WITH_CHECKSUM. _INTEGRITY and _PRIVACY
     * follow from the functions below; others no package of others has. */
    ULONG Capabilities;
    USHORT RpcId;     /* SECPKG_ID_NONE, or a number that no other package has */
    ULONG cbMaxToken; /* the longest token that it makes: 1 to OPENSSPI_PACKAGE_TOKEN_MAX */

    /* SEC_E_OK: *ppCredential stays until FreeCredential. */
    SECURITY_STATUS(WINAPI *AcquireCredential)
    (const OPENSSPI_PACKAGE_ACQUIRE *pArguments, void **ppCredential);
    /* Its contexts are gone by then. Wipes. */
    void(WINAPI *FreeCredential)(void *pCredential);
    /* May be NULL. The name of whom an outbound credential acts as ("DOMAIN\user"), into cbName bytes,
     * with its NUL. SEC_E_NO_CREDENTIALS: there is none. */
    SECURITY_STATUS(WINAPI *QueryCredentialName)(void *pCredential, char *pszName, ULONG cbName);

    /* A context before its first leg, of a client (Use is SECPKG_CRED_OUTBOUND) or a server
     * (SECPKG_CRED_INBOUND). SEC_E_OK: *ppContext stays until DeleteContext, and its credential stays
     * as long. */
    SECURITY_STATUS(WINAPI *OpenContext)(void *pCredential, ULONG Use, void **ppContext);
    /* One leg. SEC_I_CONTINUE_NEEDED: a token was written, and the peer's answer is awaited. SEC_E_OK:
     * established; a token may have been written, and must have been in a client's first leg. An
     * error: the context gets no further call but DeleteContext; what was written goes to the peer
     * where the caller asked for extended errors and the capability is there. */
    SECURITY_STATUS(WINAPI *InitializeContext)(void *pContext, OPENSSPI_PACKAGE_LEG *pLeg);
    SECURITY_STATUS(WINAPI *AcceptContext)(void *pContext, OPENSSPI_PACKAGE_LEG *pLeg);
    /* Wipes. */
    void(WINAPI *DeleteContext)(void *pContext);
    /* Called once, right after the leg that answered SEC_E_OK. */
    SECURITY_STATUS(WINAPI *QueryContext)(void *pContext, OPENSSPI_PACKAGE_CONTEXT *pAnswer);

    /* Each pair is there or is NULL: a package without it grants no integrity, or no confidentiality.
     * Called for established contexts only. A failure of one message does not end the context, unless
     * the package says so in the next. */
    SECURITY_STATUS(WINAPI *MakeSignature)(void *pContext, OPENSSPI_PACKAGE_MESSAGE *pMessage);
    SECURITY_STATUS(WINAPI *VerifySignature)(void *pContext, OPENSSPI_PACKAGE_MESSAGE *pMessage);
    SECURITY_STATUS(WINAPI *EncryptMessage)(void *pContext, OPENSSPI_PACKAGE_MESSAGE *pMessage);
    SECURITY_STATUS(WINAPI *DecryptMessage)(void *pContext, OPENSSPI_PACKAGE_MESSAGE *pMessage);

    /* May be NULL. The last call, before the code is unmapped: threads and handlers of the package's
     * own must be gone when it returns. Not called at the end of the process. */
    void(WINAPI *Unload)(void);
} OPENSSPI_PACKAGE;

/*
 * What the shared object exports, with C linkage, under this name. Called once, when it is loaded.
 * The table stays as it is until it is unloaded. NULL: it does not want to be a package here.
 */
#define OPENSSPI_PACKAGE_ENTRY_NAME "OpenSspiPackageEntry"
typedef const OPENSSPI_PACKAGE *(WINAPI *OPENSSPI_PACKAGE_ENTRY)(
    const OPENSSPI_PACKAGE_HOST *pHost);
__attribute__((visibility("default"))) const OPENSSPI_PACKAGE *WINAPI
OpenSspiPackageEntry(const OPENSSPI_PACKAGE_HOST *pHost);

OPENSSPI_END

#endif
