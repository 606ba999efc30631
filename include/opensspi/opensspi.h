/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSPI's own additions to the interface: configuration, policy per credential, and why a
 * logon was refused. Strings here are UTF-8. All functions are safe from any thread.
 */
#ifndef OPENSSPI_OPENSSPI_H
#define OPENSSPI_OPENSSPI_H

#include <opensspi/sspi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0", of the library that is loaded. Static. */
SEC_EXPORT const char *SEC_ENTRY OpenSspiVersion(void);

/*
 * Reads the configuration file for this process: the sections [server], [accounts], [policy],
 * [kerberos], [export], [packages] and [names]. pszFile NULL: OPENSSPI_CONFIG, or
 * /etc/opensspi/opensspi.conf where that is not set. Without this call the first function that needs a
 * configuration does it. Where /etc/opensspi/opensspi.conf is absent there are defaults; a file that was
 * named must be there. Credentials that exist keep the settings they were acquired under. Sections that
 * belong to programs ([events], [listener NAME] and so on) pass.
 *
 * pszError (may be NULL): cbError bytes for "FILE:LINE: what was expected"; always terminated.
 * SEC_E_OK; SEC_E_INVALID_PARAMETER: the file or a value in it is not good (nothing changed);
 * SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiLoadConfiguration(const char *pszFile, char *pszError,
                                                               ULONG cbError);

/* One key of [policy] or of [kerberos] and its value, spelled as in the file. */
typedef struct _OPENSSPI_OPTION {
    const char *pszName;
    const char *pszValue;
} OPENSSPI_OPTION, *POPENSSPI_OPTION;

/*
 * AcquireCredentialsHandle with policy of its own: each option overrides the key of that name for
 * contexts of this credential ("channel_bindings" = "required", "spn" = "HTTP/web1.example.test
 * HTTP/web1"). pAuthData as for AcquireCredentialsHandleA. pszError as above. phCredential NULL: only
 * checks the package's name and the options. Errors beside AcquireCredentialsHandle's:
 * SEC_E_INVALID_PARAMETER: an option is unknown or its value not good, or it is one that credentials
 * share: the account store's (lockout_threshold, lockout_minutes, password_min_length), or of [kerberos]
 * any but keytab, principal and pac.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiAcquireCredentialsHandle(
    const char *pszPackage, ULONG fCredentialUse, void *pAuthData, const OPENSSPI_OPTION *pOptions,
    ULONG cOptions, char *pszError, ULONG cbError, PCredHandle phCredential, PTimeStamp ptsExpiry);

/* What a server knows of a logon, granted or refused. */
typedef struct _OPENSSPI_LOGON {
    SECURITY_STATUS Status; /* of the context's last leg */
    ULONG SubStatus;        /* NTSTATUS of a refusal (0xC000006A wrong password …); 0: none */
    BOOLEAN Anonymous;
    BOOLEAN LockedOutNow; /* this refusal locked the account */
    BOOLEAN MicVerified;
    BOOLEAN BindingsVerified;
    const char *PackageName; /* the mechanism that was used: "NTLM"; "" when none was chosen */
    const char *NtlmVersion; /* "NTLM V2", "NTLM V1", "LM", or "" */
    ULONG KeyLength;         /* bits of the session key; 0: none */
    const char *UserName;    /* proven; on a refusal, what the client claimed */
    const char *DomainName;
    const char *ClaimedUserName; /* as the client sent them, on success too */
    const char *ClaimedDomainName;
    const char *Workstation; /* what the client says of itself: never proof of anything */
    const char *TargetName;  /* the service name that the client asked for */
    const char *UserSid;     /* "" when refused or anonymous */
    const char *UnixUser;
    ULONG GroupCount;
    const char *const *Groups;
    const char *const *GroupSids;
    const char *Reason; /* for the operator's log; never for the peer */

    /* Kerberos; 0, FALSE or "" otherwise. What is known of a refused ticket stands here too, as far
     * as it could be read. */
    const char *ClientPrincipal; /* "alice@EXAMPLE.TEST" */
    const char
        *ServicePrincipal; /* whom the ticket is for: "HTTP/web1.example.test@EXAMPLE.TEST" */
    const char *TicketEncryption; /* "aes256-cts-hmac-sha1-96" */
    const char *SessionEncryption;
    LONG TicketEncryptionType; /* the same as numbers, 18 */
    LONG SessionEncryptionType;
    ULONG KeyVersion;   /* of the service's key, as the ticket has it */
    LONG KerberosError; /* of the KRB-ERROR that the client was sent: 37 KRB_AP_ERR_SKEW, … */
    BOOLEAN HasKeyVersion;
    BOOLEAN PacVerified;
    /* A credential cache with what the client delegated, "MEMORY:…": for krb5_cc_resolve or
     * gss_acquire_cred_from in this process. It is gone when the context is deleted. */
    const char *DelegatedCache;
    const char *UserPrincipalName; /* from the PAC */
    const char *LogonServer;       /* from the PAC: the domain controller that knew the user */

    /* SE_GROUP_* of each group, in the order of Groups. A group counts towards what a user may do if
     * 4 (SE_GROUP_ENABLED) is set and 0x10 (SE_GROUP_USE_FOR_DENY_ONLY) is not. */
    const ULONG *GroupAttributes;

    const char
        *RefusedSid; /* of the account that was refused, for an event log; "" where there is none */
    /* samd's word that this client has just proven who it is, for opensspi-execd, which asks samd whether
     * that is so: good once, and for half a minute. "" where no samd was asked. */
    const char *Assertion;
} OPENSSPI_LOGON, *POPENSSPI_LOGON;

/*
 * Describes a server context, before or after AcceptSecurityContext failed on it. One block:
 * *ppLogon is owned by the caller, FreeContextBuffer. Strings are never NULL. Members are added at
 * the end alone: a caller that knows fewer reads what it knows.
 * SEC_E_INVALID_HANDLE; SEC_E_UNSUPPORTED_FUNCTION: a client's context;
 * SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiQueryLogon(PCtxtHandle phContext,
                                                        POPENSSPI_LOGON *ppLogon);

/*
 * Proves a name and a password to the account store, as protocols do that send the password itself
 * (HTTP's Basic, say): counted towards the lock-out, and refused for whatever refuses another logon.
 * It may wait for the store. pszDomain NULL or "": none, and the name may be "user@domain".
 *
 * SEC_E_OK: the account's name is proven, and *ppLogon, as of OpenSspiQueryLogon, says whose it is.
 * SEC_E_LOGON_DENIED: wrong, unknown, disabled, expired or locked; SEC_E_NO_AUTHENTICATING_AUTHORITY:
 * the store cannot answer. *ppLogon says of both what is known, for an event log; it is NULL where
 * there was no memory for it. SEC_E_INVALID_PARAMETER: an argument is missing or ill-formed text;
 * SEC_E_INSUFFICIENT_MEMORY. PackageName is "": no package took part.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiLogonPasswordA(const SEC_CHAR *pszUser,
                                                            const SEC_CHAR *pszDomain,
                                                            const SEC_CHAR *pszPassword,
                                                            POPENSSPI_LOGON *ppLogon);
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiLogonPasswordW(const SEC_WCHAR *pszUser,
                                                            const SEC_WCHAR *pszDomain,
                                                            const SEC_WCHAR *pszPassword,
                                                            POPENSSPI_LOGON *ppLogon);
#ifdef UNICODE
#define OpenSspiLogonPassword OpenSspiLogonPasswordW
#else
#define OpenSspiLogonPassword OpenSspiLogonPasswordA
#endif

/*
 * A context before its first leg, so that there is a handle to ask what is known even where the
 * first leg fails: InitializeSecurityContext and AcceptSecurityContext are then given it as
 * phContext from the first leg on (with pInput NULL for a client's first). fUse:
 * SECPKG_CRED_INBOUND for a server's, SECPKG_CRED_OUTBOUND for a client's. Owned by the caller:
 * DeleteSecurityContext, also after a failure.
 * SEC_E_INVALID_HANDLE; SEC_E_NO_CREDENTIALS: the credential is not for this side;
 * SEC_E_INVALID_PARAMETER; SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiCreateContext(PCredHandle phCredential, ULONG fUse,
                                                           PCtxtHandle phContext);

/*
 * ImportSecurityContext under a credential of the caller's, whose package and whose own policy
 * (OpenSspiAcquireCredentialsHandle) then hold for the legs that are left; imported otherwise a
 * context lives under the process's policy. The credential may be freed while the context lives.
 * A client's context half-way goes on with it, and its next leg needs no other.
 * SEC_E_INVALID_HANDLE; SEC_E_NO_CREDENTIALS: the credential is for the other side;
 * SEC_E_UNKNOWN_CREDENTIALS: a client's context half-way, of another identity;
 * SEC_E_INVALID_TOKEN: not a context of that package; and else as ImportSecurityContext.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiImportContext(PCredHandle phCredential,
                                                           PSecBuffer pPackedContext,
                                                           PCtxtHandle phContext);

/* A mechanism that was tried and not used. */
typedef struct _OPENSSPI_ATTEMPT {
    const char *PackageName;
    const char *Reason; /* for the operator; at most 255 bytes */
    SECURITY_STATUS Status;
} OPENSSPI_ATTEMPT, *POPENSSPI_ATTEMPT;

/* How a mechanism came to be used. */
typedef struct _OPENSSPI_NEGOTIATION {
    SECURITY_STATUS Status;  /* of the context's last leg */
    const char *PackageName; /* the mechanism that is used; "" when none was chosen */
    /* Mechanisms of this side that were not used, in the order of preference: not to be had, not
     * able to begin, or not what the server chose. */
    ULONG AttemptCount;
    const OPENSSPI_ATTEMPT *Attempts;
    /* A server: what the client lists, its first choice first, at most eight: "Kerberos",
     * "MS-Kerberos", "Kerberos-U2U", "IAKERB", "NTLM", "NegoEx", "other". No proof of anything. */
    ULONG OfferedCount;
    const char *const *Offered;
    const char *FirstToken; /* a server: the mechanism whose token came first, named as above; "" */
    BOOLEAN Raw;            /* a server: that token came without SPNEGO around it */
    const char *DelegationRefused; /* a client: why ISC_REQ_DELEGATE was not granted; "" */
} OPENSSPI_NEGOTIATION, *POPENSSPI_NEGOTIATION;

/*
 * Tells of a context, a client's or a server's, at any time in its life. With a package other than
 * Negotiate there is PackageName and nothing else. One block: *ppNegotiation is owned by the
 * caller, FreeContextBuffer. Strings are never NULL.
 * SEC_E_INVALID_HANDLE; SEC_E_INVALID_PARAMETER; SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiQueryNegotiation(PCtxtHandle phContext,
                                                              POPENSSPI_NEGOTIATION *ppNegotiation);

/*
 * Whether a server's credential has a key for clients that ask for this service:
 * "HTTP/web1.example.test", or NULL for any. The keytab is looked into, nobody is asked.
 * SEC_E_OK; SEC_E_NO_CREDENTIALS: no, and OpenSspiReason says why; SEC_E_UNSUPPORTED_FUNCTION: the
 * credential has no Kerberos, and to NTLM names do not matter; SEC_E_INVALID_HANDLE.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiCheckService(PCredHandle phCredential,
                                                          const char *pszService);

/* --- tokens -------------------------------------------------------------------------------- */

enum { OPENSSPI_TOKEN_PRIMARY = 1, OPENSSPI_TOKEN_IMPERSONATION = 2 };

/* What a security token says: QuerySecurityContextToken gives one for a client. */
typedef struct _OPENSSPI_TOKEN {
    ULONG Type;  /* OPENSSPI_TOKEN_*: PRIMARY is a process's */
    ULONG Level; /* of an impersonation token: 0 anonymous, 1 identify, 2 impersonate, 3 delegate */
    LUID TokenId;
    LUID LogonId;         /* the same for all tokens of one context */
    LARGE_INTEGER Expiry; /* FILETIME in UTC, of the context; INT64_MAX: never */
    const char *UserSid;  /* "S-1-5-21-…"; of a user of this system alone "S-1-22-1-UID" */
    const char *UserName;
    const char *DomainName;
    const char *UserPrincipalName; /* "" where nobody told */
    const char *PackageName;       /* "NTLM", "Kerberos"; of a process "" */
    const char *UnixUser;          /* what the account store says; "" */
    ULONG GroupCount;
    ULONG LogonGroup; /* the index of the logon's own SID, S-1-5-5-X-Y */
    const char *const *GroupSids;
    const char *const *GroupNames; /* "" where nobody told */
    const char *const *GroupDomains;
    const ULONG *GroupAttributes; /* SE_GROUP_* */
    BOOLEAN Anonymous;
} OPENSSPI_TOKEN, *POPENSSPI_TOKEN;

/*
 * Describes a token. One block: *ppToken is owned by the caller, FreeContextBuffer. Strings are never
 * NULL. Members are added at the end alone.
 * SEC_E_INVALID_HANDLE; SEC_E_INVALID_PARAMETER; SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiQueryToken(HANDLE Token, POPENSSPI_TOKEN *ppToken);

/* Closes a token's handle, as CloseHandle of opensspi-compat does. A thread that acts by the token
 * goes on. SEC_E_INVALID_HANDLE. */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiCloseToken(HANDLE Token);

/*
 * Another token of the same logon. Type: OPENSSPI_TOKEN_*; Level: as above, of a PRIMARY 0.
 * SEC_E_NO_IMPERSONATION: a level above the token's own, or a PRIMARY of one below 2;
 * SEC_E_INVALID_HANDLE; SEC_E_INVALID_PARAMETER; SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiDuplicateToken(HANDLE Token, ULONG Type, ULONG Level,
                                                            HANDLE *phToken);

/* The token by which the calling thread acts as a client. SEC_E_NO_IMPERSONATION: it acts as the
 * process; SEC_E_INVALID_PARAMETER; SEC_E_INSUFFICIENT_MEMORY. */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiOpenThreadToken(HANDLE *phToken);

/* This process's own token: its Unix user S-1-22-1-UID and groups S-1-22-2-GID, also while the thread
 * acts as a client. SEC_E_INVALID_PARAMETER; SEC_E_INSUFFICIENT_MEMORY; SEC_E_INTERNAL_ERROR. */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiOpenProcessToken(HANDLE *phToken);

/*
 * Makes the calling thread, and no other, act as the token's user, as ImpersonateSecurityContext does
 * for a context; NULL: makes it the process again, whoever it acted as. docs/PORTING.md tells what
 * acting as somebody means, and what of threads and processes that are made meanwhile.
 * SEC_E_NO_IMPERSONATION: the client maps to no Unix account, the process may not, or the token is
 * anonymous or identifies alone; nothing has changed, and OpenSspiReason says which.
 * SEC_E_INVALID_HANDLE; SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiImpersonateToken(HANDLE Token);

/* Who knows an account. */
#define OPENSSPI_ACCOUNT_WELL_KNOWN 1 /* it is the same everywhere */
#define OPENSSPI_ACCOUNT_STORE      2 /* this server's account store */
#define OPENSSPI_ACCOUNT_CLIENT     3 /* a client whose token is there is it, or is in it */
#define OPENSSPI_ACCOUNT_SYSTEM     4 /* this system's name service */

/* An account or a group. Strings are never NULL. Members are added at the end alone. */
typedef struct _OPENSSPI_ACCOUNT {
    const char *Sid;
    const char *Name;
    const char *Domain; /* "BUILTIN", "EXAMPLE", "Unix User" and so on; "" */
    ULONG Use;          /* SID_NAME_USE: 1 user, 2 group, 4 alias, 5 well-known group … */
    const char *UserPrincipalName; /* "someone@example.test" of a user; "" where it has none */
    ULONG Source;                  /* OPENSSPI_ACCOUNT_* */
} OPENSSPI_ACCOUNT, *POPENSSPI_ACCOUNT;

/*
 * By SID ("S-1-5-32-544") and by name ("BUILTIN\\Administrators"). Known are what is the same
 * everywhere; accounts and groups of the account store; users and groups of contexts whose tokens
 * are there; and what the name service, which may take its time, says of this system (S-1-22-1-UID
 * "Unix User", S-1-22-2-GID "Unix Group"). No directory is asked. A name without a domain is a
 * well-known one, the store's or else this system's; "." is the store, too. "name@dns.domain" is a user
 * principal name: of the store's user "name" where the domain is [server]'s dns_domain, of a client whose
 * domain told it, and nobody's else. A user of the store has one where dns_domain is set; a name with an
 * @ in it that the store has is that account. One block: *ppAccount is owned by the caller,
 * FreeContextBuffer.
 * SEC_E_TARGET_UNKNOWN: nobody knows it; SEC_E_NO_AUTHENTICATING_AUTHORITY: the store does not answer,
 * without which a name that has no domain means nobody; SEC_E_INVALID_PARAMETER;
 * SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiLookupSid(const char *pszSid,
                                                       POPENSSPI_ACCOUNT *ppAccount);
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiLookupName(const char *pszName,
                                                        POPENSSPI_ACCOUNT *ppAccount);

/*
 * What the caller's domain calls an account, by its directory: the name in one format of secext.h's
 * EXTENDED_NAME_FORMAT into another. The domain is the realm of the calling thread's Kerberos ticket, which
 * is a client's, where the thread acts as one that delegated it, and it is asked as that ticket's owner, over a
 * connection to one of its controllers that both ends have authenticated and that is sealed
 * (opensspi.conf(5), [names]). pszName NULL: the ticket's owner; of NameSamCompatible a bare name is
 * one in the domain.
 *
 * IT BLOCKS, for seconds where a server does not answer: not for a loop that serves others. *ppszResult is
 * owned by the caller, FreeContextBuffer; UTF-8.
 *
 * SEC_E_TARGET_UNKNOWN: nobody in the domain goes by that name, or several do, or it has none of that format,
 * or no directory is asked here; SEC_E_NO_CREDENTIALS: the caller has no ticket, and so no domain;
 * SEC_E_NO_AUTHENTICATING_AUTHORITY: no controller of the domain, or no KDC, answers; SEC_E_LOGON_DENIED:
 * what answers is no controller of the domain, or does not let the caller in, or makes no sense;
 * SEC_E_UNSUPPORTED_FUNCTION: libopensspi-directory is not installed; SEC_E_INVALID_PARAMETER;
 * SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS SEC_ENTRY OpenSspiTranslateName(const char *pszName, ULONG NameFormat,
                                                           ULONG DesiredFormat, char **ppszResult);

/*
 * Why this thread's last call failed: the field, the offset, the limit. For logs; nothing secret,
 * but it may hold bytes that a peer chose. "" after a success. Valid until the thread's next call;
 * FreeContextBuffer, which is called on the way to the log, leaves it unless it fails itself.
 */
SEC_EXPORT const char *SEC_ENTRY OpenSspiReason(void);

/* "SEC_E_LOGON_DENIED" and so on; static. */
SEC_EXPORT const char *SEC_ENTRY OpenSspiStatusName(SECURITY_STATUS Status);

#ifdef __cplusplus
}
#endif

#endif
