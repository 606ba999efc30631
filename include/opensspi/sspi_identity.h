/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities: the user, domain and password that a caller hands to AcquireCredentialsHandle.
 *
 * Four layouts share one pointer. A reader tells them apart by the first 32 bits: 0x200 is an _EX,
 * 0x201 an _EX2, anything else is the plain one, which begins with a pointer. The ANSI and UNICODE
 * flags say what the strings are, whichever of the A and W functions is called; ANSI is UTF-8 here.
 * Source: the public pages of the SEC_WINNT_AUTH_IDENTITY structures. Included by sspi.h.
 */
#ifndef OPENSSPI_SSPI_IDENTITY_H
#define OPENSSPI_SSPI_IDENTITY_H

#include <opensspi/secstatus.h>
#include <opensspi/wintypes.h>

OPENSSPI_BEGIN

/* Flags of every layout. */
#define SEC_WINNT_AUTH_IDENTITY_ANSI                               0x1
#define SEC_WINNT_AUTH_IDENTITY_UNICODE                            0x2
#define SEC_WINNT_AUTH_IDENTITY_MARSHALLED                         0x4
#define SEC_WINNT_AUTH_IDENTITY_ONLY                               0x8
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED            0x10
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED             0x20
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED               0x40
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED             0x80
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED                     0x10000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER                    0x20000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN                  0x40000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER                  0x80000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_USE_MASK             0xff000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE 0x80000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_BY_CALLER \
    SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_CHECKED    0x40000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX          0x20000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD 0x10000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_VALID_SSPIPFC_FLAGS         \
    (SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE | \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_CHECKED |    \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX |          \
     SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD)

/* Options of SspiEncryptAuthIdentityEx and SspiDecryptAuthIdentityEx. */
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON   1
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS 2
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM   4

/* dwFlags of SspiPromptForCredentials. */
#define SSPIPFC_CREDPROV_DO_NOT_SAVE 0x00000001
#define SSPIPFC_SAVE_CRED_BY_CALLER  SSPIPFC_CREDPROV_DO_NOT_SAVE
#define SSPIPFC_NO_CHECKBOX          0x00000002
#define SSPIPFC_CREDPROV_DO_NOT_LOAD 0x00000004
#define SSPIPFC_USE_CREDUIBROKER     0x00000008
#define SSPIPFC_VALID_FLAGS                                                              \
    (SSPIPFC_CREDPROV_DO_NOT_SAVE | SSPIPFC_NO_CHECKBOX | SSPIPFC_CREDPROV_DO_NOT_LOAD | \
     SSPIPFC_USE_CREDUIBROKER)

/* The plain layout. Lengths are in characters without the terminator, which need not be there. */
typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
    unsigned short *User;
    ULONG UserLength;
    unsigned short *Domain;
    ULONG DomainLength;
    unsigned short *Password;
    ULONG PasswordLength;
    ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_W, *PSEC_WINNT_AUTH_IDENTITY_W;

typedef struct _SEC_WINNT_AUTH_IDENTITY_A {
    unsigned char *User;
    ULONG UserLength;
    unsigned char *Domain;
    ULONG DomainLength;
    unsigned char *Password;
    ULONG PasswordLength;
    ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_A, *PSEC_WINNT_AUTH_IDENTITY_A;

/* The plain layout with a version and a list of packages ("kerberos,ntlm" or "!ntlm"). */
#define SEC_WINNT_AUTH_IDENTITY_VERSION 0x200

typedef struct _SEC_WINNT_AUTH_IDENTITY_EXW {
    ULONG Version; /* SEC_WINNT_AUTH_IDENTITY_VERSION */
    ULONG Length;  /* sizeof the structure */
    unsigned short *User;
    ULONG UserLength;
    unsigned short *Domain;
    ULONG DomainLength;
    unsigned short *Password;
    ULONG PasswordLength;
    ULONG Flags;
    unsigned short *PackageList;
    ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXW, *PSEC_WINNT_AUTH_IDENTITY_EXW;

typedef struct _SEC_WINNT_AUTH_IDENTITY_EXA {
    ULONG Version;
    ULONG Length;
    unsigned char *User;
    ULONG UserLength;
    unsigned char *Domain;
    ULONG DomainLength;
    unsigned char *Password;
    ULONG PasswordLength;
    ULONG Flags;
    unsigned char *PackageList;
    ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXA, *PSEC_WINNT_AUTH_IDENTITY_EXA;

/* One block: lengths in bytes, offsets in bytes from its start. The strings are always UTF-16. */
#define SEC_WINNT_AUTH_IDENTITY_VERSION_2 0x201

typedef struct _SEC_WINNT_AUTH_IDENTITY_EX2 {
    ULONG Version; /* SEC_WINNT_AUTH_IDENTITY_VERSION_2 */
    USHORT cbHeaderLength;
    ULONG cbStructureLength; /* the header and all that follows it */
    ULONG UserOffset;
    USHORT UserLength;
    ULONG DomainOffset;
    USHORT DomainLength;
    ULONG PackedCredentialsOffset; /* a SEC_WINNT_AUTH_PACKED_CREDENTIALS */
    USHORT PackedCredentialsLength;
    ULONG Flags;
    ULONG PackageListOffset;
    USHORT PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EX2, *PSEC_WINNT_AUTH_IDENTITY_EX2;

typedef union _SEC_WINNT_AUTH_IDENTITY_INFO {
    SEC_WINNT_AUTH_IDENTITY_EXW AuthIdExw;
    SEC_WINNT_AUTH_IDENTITY_EXA AuthIdExa;
    SEC_WINNT_AUTH_IDENTITY_A AuthId_a;
    SEC_WINNT_AUTH_IDENTITY_W AuthId_w;
    SEC_WINNT_AUTH_IDENTITY_EX2 AuthIdEx2;
} SEC_WINNT_AUTH_IDENTITY_INFO, *PSEC_WINNT_AUTH_IDENTITY_INFO;

#ifdef UNICODE
#define SEC_WINNT_AUTH_IDENTITY     SEC_WINNT_AUTH_IDENTITY_W
#define PSEC_WINNT_AUTH_IDENTITY    PSEC_WINNT_AUTH_IDENTITY_W
#define _SEC_WINNT_AUTH_IDENTITY    _SEC_WINNT_AUTH_IDENTITY_W
#define SEC_WINNT_AUTH_IDENTITY_EX  SEC_WINNT_AUTH_IDENTITY_EXW
#define PSEC_WINNT_AUTH_IDENTITY_EX PSEC_WINNT_AUTH_IDENTITY_EXW
#else
#define SEC_WINNT_AUTH_IDENTITY     SEC_WINNT_AUTH_IDENTITY_A
#define PSEC_WINNT_AUTH_IDENTITY    PSEC_WINNT_AUTH_IDENTITY_A
#define _SEC_WINNT_AUTH_IDENTITY    _SEC_WINNT_AUTH_IDENTITY_A
#define SEC_WINNT_AUTH_IDENTITY_EX  SEC_WINNT_AUTH_IDENTITY_EXA
#define PSEC_WINNT_AUTH_IDENTITY_EX PSEC_WINNT_AUTH_IDENTITY_EXA
#endif

/* An identity of any layout, made and read by the Sspi* functions below. */
typedef PVOID PSEC_WINNT_AUTH_IDENTITY_OPAQUE;

/* Packed credentials: what an _EX2 carries in place of a password string. */

/* Where bytes stand: offset from the start of the enclosing structure, length in bytes. */
typedef struct _SEC_WINNT_AUTH_BYTE_VECTOR {
    ULONG ByteArrayOffset;
    USHORT ByteArrayLength;
} SEC_WINNT_AUTH_BYTE_VECTOR, *PSEC_WINNT_AUTH_BYTE_VECTOR;

/* The same for 16-bit and for context elements: the count is of elements. */
typedef struct _SEC_WINNT_AUTH_SHORT_VECTOR {
    ULONG ShortArrayOffset;
    USHORT ShortArrayCount;
} SEC_WINNT_AUTH_SHORT_VECTOR, *PSEC_WINNT_AUTH_SHORT_VECTOR;

typedef struct _SEC_WINNT_CREDUI_CONTEXT_VECTOR {
    ULONG CredUIContextArrayOffset;
    USHORT CredUIContextCount;
} SEC_WINNT_CREDUI_CONTEXT_VECTOR, *PSEC_WINNT_CREDUI_CONTEXT_VECTOR;

typedef struct _SEC_WINNT_AUTH_DATA {
    GUID CredType; /* SEC_WINNT_AUTH_DATA_TYPE_* */
    SEC_WINNT_AUTH_BYTE_VECTOR CredData;
} SEC_WINNT_AUTH_DATA, *PSEC_WINNT_AUTH_DATA;

typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS {
    USHORT cbHeaderLength;
    USHORT cbStructureLength;
    SEC_WINNT_AUTH_DATA AuthData;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS;

typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX {
    USHORT cbHeaderLength;
    ULONG Flags;
    SEC_WINNT_AUTH_BYTE_VECTOR PackedCredentials;
    SEC_WINNT_AUTH_SHORT_VECTOR PackageList;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS_EX;

typedef struct _SEC_WINNT_AUTH_DATA_PASSWORD {
    SEC_WINNT_AUTH_BYTE_VECTOR UnicodePassword;
} SEC_WINNT_AUTH_DATA_PASSWORD, *PSEC_WINNT_AUTH_DATA_PASSWORD;

typedef struct _SEC_WINNT_AUTH_CERTIFICATE_DATA {
    USHORT cbHeaderLength;
    USHORT cbStructureLength;
    SEC_WINNT_AUTH_BYTE_VECTOR Certificate;
} SEC_WINNT_AUTH_CERTIFICATE_DATA, *PSEC_WINNT_AUTH_CERTIFICATE_DATA;

/* What a prompt hands to a credential provider, and its flat form. */
typedef struct _CREDUIWIN_MARSHALED_CONTEXT {
    GUID StructureType;
    USHORT cbHeaderLength;
    LUID LogonId;
    GUID MarshaledDataType;
    ULONG MarshaledDataOffset;
    USHORT MarshaledDataLength;
} CREDUIWIN_MARSHALED_CONTEXT, *PCREDUIWIN_MARSHALED_CONTEXT;

typedef struct _SEC_WINNT_CREDUI_CONTEXT {
    USHORT cbHeaderLength;
    HANDLE CredUIContextHandle;
    PVOID UIInfo;
    ULONG dwAuthError;
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE pInputAuthIdentity;
    PUNICODE_STRING TargetName;
} SEC_WINNT_CREDUI_CONTEXT, *PSEC_WINNT_CREDUI_CONTEXT;

/* SEC_WINNT_AUTH_DATA.CredType. */
#define OPENSSPI_GUID(name) static const GUID __attribute__((unused)) name
OPENSSPI_GUID(SEC_WINNT_AUTH_DATA_TYPE_PASSWORD) = {
    0x28bfc32f, 0x10f6, 0x4738, { 0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a }
};
OPENSSPI_GUID(SEC_WINNT_AUTH_DATA_TYPE_CERT) = {
    0x235f69ad, 0x73fb, 0x4dbc, { 0x82, 0x03, 0x06, 0x29, 0xe7, 0x39, 0x33, 0x9b }
};
OPENSSPI_GUID(SEC_WINNT_AUTH_DATA_TYPE_CREDMAN_CERT) = {
    0x7cb72412, 0x1016, 0x491a, { 0x8c, 0x87, 0x4d, 0x2a, 0xa1, 0xb7, 0xdd, 0x3a }
};
OPENSSPI_GUID(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB) = {
    0xd587aae8, 0xf78f, 0x4455, { 0xa1, 0x12, 0xc9, 0x34, 0xbe, 0xee, 0x7c, 0xe1 }
};
OPENSSPI_GUID(SEC_WINNT_AUTH_DATA_TYPE_CSP_DATA) = {
    0x68fd9879, 0x079c, 0x4dfe, { 0x82, 0x81, 0x57, 0x8a, 0xad, 0xc1, 0xc1, 0x00 }
};
OPENSSPI_GUID(SEC_WINNT_AUTH_DATA_TYPE_SMARTCARD_CONTEXTS) = {
    0xb86c4ff3, 0x49d7, 0x4dc4, { 0xb5, 0x60, 0xb1, 0x16, 0x36, 0x85, 0xb2, 0x36 }
};
OPENSSPI_GUID(CREDUIWIN_STRUCTURE_TYPE_SSPIPFC) = {
    0x3c3e93d9, 0xd96b, 0x49b5, { 0x94, 0xa7, 0x45, 0x85, 0x92, 0x08, 0x83, 0x37 }
};
OPENSSPI_GUID(SSPIPFC_STRUCTURE_TYPE_CREDUI_CONTEXT) = {
    0xc2fffe6f, 0x503d, 0x4c3d, { 0xa9, 0x5e, 0xbc, 0xe8, 0x21, 0x21, 0x3d, 0x44 }
};

/*
 * Functions. All strings are NUL-terminated UTF-16; every function may be called from any thread,
 * as long as no two threads write the same identity. Source of each: its page in the public
 * documentation of sspi.h.
 */

/*
 * Makes an identity of strings, any of which may be NULL: *ppAuthIdentity is owned by the caller
 * (SspiFreeAuthIdentity). The third string is the password, or an encoded packed credential.
 * SEC_E_INVALID_TOKEN where all three are NULL; *ppAuthIdentity is then untouched.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SspiEncodeStringsAsAuthIdentity(
    PCWSTR pszUserName, PCWSTR pszDomainName, PCWSTR pszPackedCredentialsString,
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

/*
 * The way back. The strings are owned by the caller (SspiLocalFree each, which wipes them); a part
 * that the identity lacks comes back as NULL. 0xC000000D (STATUS_INVALID_PARAMETER): the identity
 * is encrypted.
 */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiEncodeAuthIdentityAsStrings(PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity, PCWSTR *ppszUserName,
                                PCWSTR *ppszDomainName, PCWSTR *ppszPackedCredentialsString);

/* SEC_E_OK if lengths, offsets and flags are those of an identity, else SEC_E_INVALID_TOKEN. */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiValidateAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/* A copy, owned by the caller (SspiFreeAuthIdentity). */
SEC_EXPORT SECURITY_STATUS WINAPI SspiCopyAuthIdentity(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData, PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy);

/* Wipes and frees an identity that one of these functions made. NULL does nothing. */
SEC_EXPORT void WINAPI SspiFreeAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/*
 * Wipes the password of an identity of any origin and leaves the rest, which is no identity to
 * log on with any more. NULL does nothing.
 */
SEC_EXPORT void WINAPI SspiZeroAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/* Wipes and frees a string or byte array that one of these functions gave. NULL does nothing. */
SEC_EXPORT void WINAPI SspiLocalFree(PVOID DataBuffer);

/*
 * Are these the same user, and the same user with the same secret? NULL stands for the caller's
 * default credentials. Both answers (either may be NULL) are written on SEC_E_OK. Names are
 * compared without case, and lists of packages not at all.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SspiCompareAuthIdentities(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1, PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2,
    PBOOLEAN SameSuppliedUser, PBOOLEAN SameSuppliedIdentity);

/*
 * A flat copy for storage or transport, which holds the password: length in bytes; owned by the
 * caller (SspiLocalFree).
 */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiMarshalAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, ULONG *AuthIdentityLength,
                        char **AuthIdentityByteArray);

/* The way back, from untrusted bytes: SEC_E_INVALID_TOKEN where they make no identity. */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiUnmarshalAuthIdentity(ULONG AuthIdentityLength, char *AuthIdentityByteArray,
                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

/*
 * A copy whose list of packages excludes the one named, too; owned by the caller
 * (SspiFreeAuthIdentity).
 */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiExcludePackage(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszPackageName,
                   PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity);

/*
 * Encrypts the password of an identity in place, for this process; Options:
 * SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, others are SEC_E_UNSUPPORTED_FUNCTION. So is an
 * identity that none of these functions made: it has no room for it, a copy has. What is encrypted
 * can be used wherever an identity can. SEC_E_INVALID_PARAMETER: it is encrypted already.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SspiEncryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);
SEC_EXPORT SECURITY_STATUS WINAPI
SspiEncryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/*
 * Decrypts in place what the function above encrypted, with the same Options.
 * SEC_E_DECRYPT_FAILURE: another process did, or it was altered; SEC_E_INVALID_PARAMETER: it is
 * not encrypted.
 */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiDecryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);
SEC_EXPORT SECURITY_STATUS WINAPI
SspiDecryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

/* Nonzero if the secrets of this identity are encrypted. */
SEC_EXPORT BOOLEAN WINAPI
SspiIsAuthIdentityEncrypted(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

/* The host of a target name "class/host[:port][/name]"; owned by the caller (SspiLocalFree). */
SEC_EXPORT SECURITY_STATUS WINAPI SspiGetTargetHostName(PCWSTR pszTargetName, PWSTR *pszHostName);

/* Nonzero if this status means that other credentials from the user might help. */
SEC_EXPORT BOOLEAN WINAPI SspiIsPromptingNeeded(ULONG ErrorOrNtStatus);

/*
 * Asks for a name and a password at the terminal of the process (/dev/tty, whatever its standard
 * streams are), the password unseen. Once: whoever asks again says by dwAuthError why.
 *
 *   pszTargetName: what the credentials are for, shown; may be NULL.
 *   pUiInfo: NULL, or a CREDUI_INFO of the function's width, whose caption and message are shown.
 *   dwAuthError: 0, or why the last try failed, shown: a SECURITY_STATUS, an NTSTATUS, a Win32 error.
 *   pszPackage: the package that they are for.
 *   pInputAuthIdentity: NULL, or an identity whose user is the default; its password is none.
 *   ppAuthIdentity: receives the identity, owned by the caller (SspiFreeAuthIdentity). "DOMAIN\user" is
 *       taken apart; all else, "user@domain" too, is the user.
 *   pfSave: may be NULL; receives 0, since there is no store here to save in.
 *   dwFlags: SSPIPFC_*, which get into the identity's own flags; else without effect here.
 *
 * SEC_E_OK; ERROR_CANCELLED (1223): no answer, or a signal came that did not end the process;
 * ERROR_NO_SUCH_LOGON_SESSION (1312): there is no terminal, or it is gone; SEC_E_UNKNOWN_CREDENTIALS: what was typed is
 * too long or no text; SEC_E_SECPKG_NOT_FOUND; SEC_E_INVALID_PARAMETER. The terminal gets back what it
 * was before a signal takes effect, but SIGKILL and SIGSTOP; handlers of the program's run once it has.
 */
SEC_EXPORT ULONG WINAPI SspiPromptForCredentialsW(
    PCWSTR pszTargetName, PVOID pUiInfo, ULONG dwAuthError, PCWSTR pszPackage,
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE pInputAuthIdentity,
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity, int *pfSave, ULONG dwFlags);
SEC_EXPORT ULONG WINAPI SspiPromptForCredentialsA(
    PCSTR pszTargetName, PVOID pUiInfo, ULONG dwAuthError, PCSTR pszPackage,
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE pInputAuthIdentity,
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity, int *pfSave, ULONG dwFlags);

/*
 * How an identity is kept in a store of credentials, for programs that have one: as type 2
 * (CRED_TYPE_DOMAIN_PASSWORD), under the target's name as it is, or the user's where it is NULL; the
 * user as "domain\user", the blob the password in UTF-16LE without a NUL, NULL where there is none.
 * What is given out is owned by the caller (SspiLocalFree), and the blob is a secret.
 */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiPrepareForCredRead(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
                       PULONG pCredmanCredentialType, PCWSTR *ppszCredmanTargetName);
SEC_EXPORT SECURITY_STATUS WINAPI SspiPrepareForCredWrite(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
    PULONG pCredmanCredentialType, PCWSTR *ppszCredmanTargetName, PCWSTR *ppszCredmanUserName,
    PUCHAR *ppCredentialBlob, PULONG pCredentialBlobSize);

/*
 * What a desktop's credential providers and those who ask them tell each other. There are none here:
 * SEC_E_UNSUPPORTED_FUNCTION.
 */
SEC_EXPORT SECURITY_STATUS WINAPI
SspiGetCredUIContext(HANDLE ContextHandle, GUID *CredType, LUID *LogonId,
                     PSEC_WINNT_CREDUI_CONTEXT_VECTOR *CredUIContexts, HANDLE *TokenHandle);
SEC_EXPORT SECURITY_STATUS WINAPI SspiUpdateCredentials(HANDLE ContextHandle, GUID *CredType,
                                                        ULONG FlatCredUIContextLength,
                                                        PUCHAR FlatCredUIContext);
SEC_EXPORT SECURITY_STATUS WINAPI
SspiUnmarshalCredUIContext(PUCHAR MarshaledCredUIContext, ULONG MarshaledCredUIContextLength,
                           PSEC_WINNT_CREDUI_CONTEXT *CredUIContext);

#ifdef UNICODE
#define SspiPromptForCredentials SspiPromptForCredentialsW
#else
#define SspiPromptForCredentials SspiPromptForCredentialsA
#endif

/* The layout that binaries and bindings rely on. */
#if UINTPTR_MAX > 0xffffffff
OPENSSPI_STATIC_ASSERT(sizeof(SEC_WINNT_AUTH_IDENTITY_W) == 48, "SEC_WINNT_AUTH_IDENTITY");
OPENSSPI_STATIC_ASSERT(sizeof(SEC_WINNT_AUTH_IDENTITY_EXW) == 72, "SEC_WINNT_AUTH_IDENTITY_EX");
#endif
OPENSSPI_STATIC_ASSERT(sizeof(SEC_WINNT_AUTH_IDENTITY_EX2) == 48, "SEC_WINNT_AUTH_IDENTITY_EX2");

OPENSSPI_END

#endif
