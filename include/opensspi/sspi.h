/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Security Support Provider Interface: functions, function-pointer types, function table.
 *
 * What holds for every function, unless its comment says otherwise:
 *  - Pointers that go in are borrowed for the call. What comes out through a pointer to a pointer
 *    is owned by the caller: FreeContextBuffer. Outputs are written only on success.
 *  - Sizes are in bytes, lengths of strings in characters. A strings are UTF-8, W strings UTF-16 in
 *    the machine's byte order; both end in NUL. UNICODE chooses what a name without a letter means.
 *  - Any thread may call with any handle, but the legs of one context are called one at a time. One
 *    thread may encrypt or sign while another decrypts or verifies on the same context.
 *  - Beside the errors named: SEC_E_INVALID_HANDLE (a handle that is not alive, or NULL where one
 *    is needed), SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR, and SEC_E_UNSUPPORTED_FUNCTION
 *    where the package does not do what is asked.
 *
 * Source: the public documentation of sspi.h; each function's page bears its name, the first three
 * have one page for each package ("AcquireCredentialsHandle (NTLM)").
 */
#ifndef OPENSSPI_SSPI_H
#define OPENSSPI_SSPI_H

#if !defined(SECURITY_WIN32) && !defined(SECURITY_KERNEL) && !defined(SECURITY_MAC)
#error "Define SECURITY_WIN32 (or, for source that did so on Windows, SECURITY_MAC) before sspi.h"
#endif
#if defined(SECURITY_KERNEL) && !defined(SECURITY_WIN32)
#error "SECURITY_KERNEL: this is the user-mode interface, there is no other; define SECURITY_WIN32"
#endif
#define ISSP_LEVEL 32
#define ISSP_MODE  1

#include <opensspi/secstatus.h>
#include <opensspi/sspi_constants.h>
#include <opensspi/sspi_identity.h>
#include <opensspi/sspi_types.h>
#include <opensspi/wintypes.h>

#define SEC_ENTRY WINAPI
#define SEC_FAR
#define __SEC_FAR
#ifdef UNICODE
#define SEC_TEXT(quote) u##quote
#else
#define SEC_TEXT(quote) quote
#endif

OPENSSPI_BEGIN

/* Packages. */

/*
 * Lists the packages there are: *ppPackageInfo is an array of *pcPackages entries, one allocation
 * with its strings, freed by one FreeContextBuffer.
 */
SEC_EXPORT SECURITY_STATUS WINAPI EnumerateSecurityPackagesW(ULONG *pcPackages,
                                                             PSecPkgInfoW *ppPackageInfo);
SEC_EXPORT SECURITY_STATUS WINAPI EnumerateSecurityPackagesA(ULONG *pcPackages,
                                                             PSecPkgInfoA *ppPackageInfo);
typedef SECURITY_STATUS(WINAPI *ENUMERATE_SECURITY_PACKAGES_FN_W)(ULONG *, PSecPkgInfoW *);
typedef SECURITY_STATUS(WINAPI *ENUMERATE_SECURITY_PACKAGES_FN_A)(ULONG *, PSecPkgInfoA *);

/*
 * Describes one package by its name, which is compared without case. Its cbMaxToken sizes a token
 * buffer that always suffices. SEC_E_SECPKG_NOT_FOUND: *ppPackageInfo is untouched. One
 * FreeContextBuffer frees the entry and its strings.
 */
SEC_EXPORT SECURITY_STATUS WINAPI QuerySecurityPackageInfoW(SEC_WCHAR *pszPackageName,
                                                            PSecPkgInfoW *ppPackageInfo);
SEC_EXPORT SECURITY_STATUS WINAPI QuerySecurityPackageInfoA(SEC_CHAR *pszPackageName,
                                                            PSecPkgInfoA *ppPackageInfo);
typedef SECURITY_STATUS(WINAPI *QUERY_SECURITY_PACKAGE_INFO_FN_W)(SEC_WCHAR *, PSecPkgInfoW *);
typedef SECURITY_STATUS(WINAPI *QUERY_SECURITY_PACKAGE_INFO_FN_A)(SEC_CHAR *, PSecPkgInfoA *);

/*
 * Adds a package of others to the calling process, until DeleteSecurityPackage.
 *
 *   pszPackageName: the absolute path of its file, which nobody but root and the process's user can
 *       change; sspipackage.h says what is in it. Its name is in its table.
 *   pOptions: NULL, or type UNKNOWN or SSPI, without flags or a signature.
 *
 * Errors: SEC_E_SECPKG_NOT_FOUND: no such file. SEC_E_CANNOT_INSTALL: others could change it, it is no
 * package, or it is there already. SEC_E_NOT_OWNER: the thread acts as a client. SEC_E_INVALID_PARAMETER;
 * SEC_E_UNSUPPORTED_FUNCTION: of the options. OpenSspiReason says more.
 */
SEC_EXPORT SECURITY_STATUS WINAPI AddSecurityPackageW(LPWSTR pszPackageName,
                                                      PSECURITY_PACKAGE_OPTIONS pOptions);
SEC_EXPORT SECURITY_STATUS WINAPI AddSecurityPackageA(LPSTR pszPackageName,
                                                      PSECURITY_PACKAGE_OPTIONS pOptions);

/*
 * Takes such a package away by its name, and unmaps it. SEC_E_OUT_OF_SEQUENCE: there are credentials of
 * it, or contexts. SEC_E_NOT_OWNER: it is the library's own. SEC_E_SECPKG_NOT_FOUND.
 */
SEC_EXPORT SECURITY_STATUS WINAPI DeleteSecurityPackageW(SEC_WCHAR *pszPackageName);
SEC_EXPORT SECURITY_STATUS WINAPI DeleteSecurityPackageA(SEC_CHAR *pszPackageName);

/* Credentials. */

/*
 * Makes a handle to credentials for one package and for one or both roles. It is no logon: a wrong
 * password shows when a context is made with it.
 *
 *   pszPrincipal: whose credentials; NULL is the caller's own. To accept with Kerberos, a service's
 *       name ("HTTP/web1.example.test"): its keys alone are used. An account's name, and any of a
 *       client, is as good as NULL: a client is named by pAuthData.
 *   pszPackage: "Negotiate", "NTLM", ...; compared without case.
 *   fCredentialUse: SECPKG_CRED_INBOUND to accept, SECPKG_CRED_OUTBOUND to initiate, or BOTH.
 *   pvLogonId: NULL; another logon session's is SEC_E_NOT_OWNER.
 *   pAuthData: an identity (sspi_identity.h) or the package's own structure; NULL is the default
 *       credential. It is copied: the caller may wipe its own when the call returns.
 *   pGetKeyFn, pvGetKeyArgument: NULL (SEC_E_UNSUPPORTED_FUNCTION).
 *   phCredential: receives the handle, owned by the caller (FreeCredentialsHandle). It serves any
 *       number of contexts in any number of threads.
 *   ptsExpiry: may be NULL; local time.
 *
 * Errors: SEC_E_SECPKG_NOT_FOUND, SEC_E_UNKNOWN_CREDENTIALS, SEC_E_NO_CREDENTIALS, SEC_E_NOT_OWNER;
 * SEC_E_INVALID_PARAMETER: the configuration file is not good.
 */
SEC_EXPORT SECURITY_STATUS WINAPI
AcquireCredentialsHandleW(SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage, ULONG fCredentialUse,
                          void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                          void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);
SEC_EXPORT SECURITY_STATUS WINAPI
AcquireCredentialsHandleA(SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage, ULONG fCredentialUse,
                          void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                          void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(WINAPI *ACQUIRE_CREDENTIALS_HANDLE_FN_W)(SEC_WCHAR *, SEC_WCHAR *, ULONG,
                                                                 void *, void *, SEC_GET_KEY_FN,
                                                                 void *, PCredHandle, PTimeStamp);
typedef SECURITY_STATUS(WINAPI *ACQUIRE_CREDENTIALS_HANDLE_FN_A)(SEC_CHAR *, SEC_CHAR *, ULONG,
                                                                 void *, void *, SEC_GET_KEY_FN,
                                                                 void *, PCredHandle, PTimeStamp);

/*
 * Adds a credential to a handle that is there already, for contexts that begin from then on. Parameters
 * as for AcquireCredentialsHandle; a NULL package is the handle's own. A server's gets one more of the
 * keytab's principals; a client's of Negotiate one more mechanism, with an identity of its own; any of
 * them the side that it does not have. SEC_E_UNSUPPORTED_FUNCTION: what nobody could ever use, such as
 * a second identity for one mechanism.
 */
SEC_EXPORT SECURITY_STATUS WINAPI AddCredentialsW(PCredHandle hCredentials, SEC_WCHAR *pszPrincipal,
                                                  SEC_WCHAR *pszPackage, ULONG fCredentialUse,
                                                  void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                  void *pvGetKeyArgument, PTimeStamp ptsExpiry);
SEC_EXPORT SECURITY_STATUS WINAPI AddCredentialsA(PCredHandle hCredentials, SEC_CHAR *pszPrincipal,
                                                  SEC_CHAR *pszPackage, ULONG fCredentialUse,
                                                  void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                  void *pvGetKeyArgument, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(WINAPI *ADD_CREDENTIALS_FN_W)(PCredHandle, SEC_WCHAR *, SEC_WCHAR *, ULONG,
                                                      void *, SEC_GET_KEY_FN, void *, PTimeStamp);
typedef SECURITY_STATUS(WINAPI *ADD_CREDENTIALS_FN_A)(PCredHandle, SEC_CHAR *, SEC_CHAR *, ULONG,
                                                      void *, SEC_GET_KEY_FN, void *, PTimeStamp);

/* Frees a credential handle. Contexts made with it go on working: they hold what they need. */
SEC_EXPORT SECURITY_STATUS WINAPI FreeCredentialsHandle(PCredHandle phCredential);
typedef SECURITY_STATUS(WINAPI *FREE_CREDENTIALS_HANDLE_FN)(PCredHandle);

/*
 * Answers one attribute of a credential (SECPKG_CRED_ATTR_*) into the caller's structure
 * (SecPkgCredentials_*), whose pointers the caller frees with FreeContextBuffer.
 */
SEC_EXPORT SECURITY_STATUS WINAPI QueryCredentialsAttributesW(PCredHandle phCredential,
                                                              ULONG ulAttribute, void *pBuffer);
SEC_EXPORT SECURITY_STATUS WINAPI QueryCredentialsAttributesA(PCredHandle phCredential,
                                                              ULONG ulAttribute, void *pBuffer);
typedef SECURITY_STATUS(WINAPI *QUERY_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle, ULONG, void *);
typedef SECURITY_STATUS(WINAPI *QUERY_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle, ULONG, void *);

/*
 * The same, told the size of the caller's structure: SEC_E_BUFFER_TOO_SMALL where it is not enough.
 */
SEC_EXPORT SECURITY_STATUS WINAPI QueryCredentialsAttributesExW(PCredHandle phCredential,
                                                                ULONG ulAttribute, void *pBuffer,
                                                                ULONG cbBuffer);
SEC_EXPORT SECURITY_STATUS WINAPI QueryCredentialsAttributesExA(PCredHandle phCredential,
                                                                ULONG ulAttribute, void *pBuffer,
                                                                ULONG cbBuffer);
typedef SECURITY_STATUS(WINAPI *QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W)(PCredHandle, ULONG, void *,
                                                                      ULONG);
typedef SECURITY_STATUS(WINAPI *QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A)(PCredHandle, ULONG, void *,
                                                                      ULONG);

/* Sets one attribute of a credential from the caller's structure. */
SEC_EXPORT SECURITY_STATUS WINAPI SetCredentialsAttributesW(PCredHandle phCredential,
                                                            ULONG ulAttribute, void *pBuffer,
                                                            ULONG cbBuffer);
SEC_EXPORT SECURITY_STATUS WINAPI SetCredentialsAttributesA(PCredHandle phCredential,
                                                            ULONG ulAttribute, void *pBuffer,
                                                            ULONG cbBuffer);
typedef SECURITY_STATUS(WINAPI *SET_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle, ULONG, void *, ULONG);
typedef SECURITY_STATUS(WINAPI *SET_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle, ULONG, void *, ULONG);

/*
 * Changes an account's password, given the old one: where the realm's KDC keeps it (Kerberos), in the
 * account store (NTLM), or in whichever of the two has it (Negotiate). A domain may be NULL; an account
 * may be user@REALM. Blocks. pOutput may be NULL; a
 * SECBUFFER_CHANGE_PASS_RESPONSE in it stays empty, and OpenSspiReason has what was answered.
 * bImpersonating and dwReserved are not looked at. Safe from any thread.
 *   SEC_E_LOGON_DENIED                 the old password is wrong, or may not be changed
 *   (SECURITY_STATUS)0xC000006C        STATUS_PASSWORD_RESTRICTION: the new one breaks a rule
 *   SEC_E_UNKNOWN_CREDENTIALS          no account is named
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY  nobody answers who could change it
 */
SEC_EXPORT SECURITY_STATUS WINAPI ChangeAccountPasswordW(
    SEC_WCHAR *pszPackageName, SEC_WCHAR *pszDomainName, SEC_WCHAR *pszAccountName,
    SEC_WCHAR *pszOldPassword, SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating, ULONG dwReserved,
    PSecBufferDesc pOutput);
SEC_EXPORT SECURITY_STATUS WINAPI
ChangeAccountPasswordA(SEC_CHAR *pszPackageName, SEC_CHAR *pszDomainName, SEC_CHAR *pszAccountName,
                       SEC_CHAR *pszOldPassword, SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating,
                       ULONG dwReserved, PSecBufferDesc pOutput);
typedef SECURITY_STATUS(WINAPI *CHANGE_PASSWORD_FN_W)(SEC_WCHAR *, SEC_WCHAR *, SEC_WCHAR *,
                                                      SEC_WCHAR *, SEC_WCHAR *, BOOLEAN, ULONG,
                                                      PSecBufferDesc);
typedef SECURITY_STATUS(WINAPI *CHANGE_PASSWORD_FN_A)(SEC_CHAR *, SEC_CHAR *, SEC_CHAR *,
                                                      SEC_CHAR *, SEC_CHAR *, BOOLEAN, ULONG,
                                                      PSecBufferDesc);

/* Contexts. */

/*
 * One leg of the client's side of a handshake.
 *
 *   phCredential: an outbound credential; NULL is accepted after the first leg, but for the first one
 *       after ImportSecurityContext of a context half-way, which needs one of the same package and of
 *       the same identity as before (Kerberos': only while it has no ticket yet).
 *   phContext: NULL on the first leg, then what the first leg put into phNewContext.
 *   pszTargetName: the service principal name ("HTTP/host.name"), from a source that is not the
 *       peer.
 *   fContextReq: ISC_REQ_*. Reserved1 and Reserved2: 0. TargetDataRep: SECURITY_NATIVE_DREP or
 *       SECURITY_NETWORK_DREP; the tokens are the same.
 *   pInput: the peer's token in a SECBUFFER_TOKEN; NULL on a first leg, but for buffers such as
 *       SECBUFFER_CHANNEL_BINDINGS, which are given on each leg.
 *   phNewContext: receives the handle; may be the same variable as phContext.
 *   pOutput: a SECBUFFER_TOKEN, whose cbBuffer is the capacity in and the size out, possibly 0.
 *       With ISC_REQ_ALLOCATE_MEMORY the library allocates pvBuffer (FreeContextBuffer).
 *   pfContextAttr: ISC_RET_*; the bits that speak of security are final on the last leg only.
 *   ptsExpiry: may be NULL; local time; final on the last leg only.
 *
 * Answers SEC_E_OK (done; send the token if there is one), SEC_I_CONTINUE_NEEDED (send, receive,
 * call again; the token may be empty), SEC_I_COMPLETE_NEEDED or SEC_I_COMPLETE_AND_CONTINUE
 * (CompleteAuthToken first). Once the first leg succeeded the caller owns the context
 * (DeleteSecurityContext), whatever the later legs answer.
 *
 * Errors: SEC_E_BUFFER_TOO_SMALL (the context has not moved: try again with more room),
 * SEC_E_INVALID_TOKEN, SEC_E_LOGON_DENIED, SEC_E_NO_CREDENTIALS, SEC_E_TARGET_UNKNOWN,
 * SEC_E_WRONG_PRINCIPAL, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_OUT_OF_SEQUENCE. Of a context that was
 * imported half-way, which is then as it was before: SEC_E_INVALID_HANDLE (no credential, or another
 * package's), SEC_E_UNKNOWN_CREDENTIALS (of another identity). After an error *pfContextAttr and *ptsExpiry
 * may have been written and mean nothing; a token that the package refused leaves a cbBuffer of 0, or an
 * error token for the peer where the caller asked for such.
 */
SEC_EXPORT SECURITY_STATUS WINAPI InitializeSecurityContextW(
    PCredHandle phCredential, PCtxtHandle phContext, SEC_WCHAR *pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
    PCtxtHandle phNewContext, PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
SEC_EXPORT SECURITY_STATUS WINAPI InitializeSecurityContextA(
    PCredHandle phCredential, PCtxtHandle phContext, SEC_CHAR *pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
    PCtxtHandle phNewContext, PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(WINAPI *INITIALIZE_SECURITY_CONTEXT_FN_W)(PCredHandle, PCtxtHandle,
                                                                  SEC_WCHAR *, ULONG, ULONG, ULONG,
                                                                  PSecBufferDesc, ULONG,
                                                                  PCtxtHandle, PSecBufferDesc,
                                                                  ULONG *, PTimeStamp);
typedef SECURITY_STATUS(WINAPI *INITIALIZE_SECURITY_CONTEXT_FN_A)(PCredHandle, PCtxtHandle,
                                                                  SEC_CHAR *, ULONG, ULONG, ULONG,
                                                                  PSecBufferDesc, ULONG,
                                                                  PCtxtHandle, PSecBufferDesc,
                                                                  ULONG *, PTimeStamp);

/*
 * One leg of the server's side of a handshake. Parameters and answers as for
 * InitializeSecurityContext, with an inbound credential, ASC_REQ_* in fContextReq (what the server
 * demands) and ASC_RET_* in *pfContextAttr.
 *
 * Send whatever token comes out, with SEC_E_OK too; with ASC_REQ_EXTENDED_ERROR there may be one
 * beside an error. A final leg without a token sets its cbBuffer to 0. Errors also:
 * SEC_E_BAD_BINDINGS, SEC_E_SECURITY_QOS_FAILED. SEC_E_NO_AUTHENTICATING_AUTHORITY says that
 * accounts could not be looked up, which is nobody's wrong password.
 */
SEC_EXPORT SECURITY_STATUS WINAPI
AcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
                      ULONG fContextReq, ULONG TargetDataRep, PCtxtHandle phNewContext,
                      PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
typedef SECURITY_STATUS(WINAPI *ACCEPT_SECURITY_CONTEXT_FN)(PCredHandle, PCtxtHandle,
                                                            PSecBufferDesc, ULONG, ULONG,
                                                            PCtxtHandle, PSecBufferDesc, ULONG *,
                                                            PTimeStamp);

/*
 * Completes a token after SEC_I_COMPLETE_NEEDED or SEC_I_COMPLETE_AND_CONTINUE, in place. Keep the
 * earlier status: it says whether the handshake goes on. SEC_E_UNSUPPORTED_FUNCTION where there is
 * nothing to complete.
 */
SEC_EXPORT SECURITY_STATUS WINAPI CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken);
typedef SECURITY_STATUS(WINAPI *COMPLETE_AUTH_TOKEN_FN)(PCtxtHandle, PSecBufferDesc);

/* Deletes a context, finished, failed or half-way, and wipes its keys. */
SEC_EXPORT SECURITY_STATUS WINAPI DeleteSecurityContext(PCtxtHandle phContext);
typedef SECURITY_STATUS(WINAPI *DELETE_SECURITY_CONTEXT_FN)(PCtxtHandle);

/* Gives a context a control token, such as Schannel's shutdown. */
SEC_EXPORT SECURITY_STATUS WINAPI ApplyControlToken(PCtxtHandle phContext, PSecBufferDesc pInput);
typedef SECURITY_STATUS(WINAPI *APPLY_CONTROL_TOKEN_FN)(PCtxtHandle, PSecBufferDesc);

/*
 * Answers one attribute of a context (SECPKG_ATTR_*) into the caller's structure (SecPkgContext_*),
 * whose pointers the caller frees with FreeContextBuffer. Most attributes are there only when the
 * handshake has ended; SECPKG_ATTR_NEGOTIATION_INFO answers before. An attribute that the package
 * does not have: SEC_E_UNSUPPORTED_FUNCTION.
 */
SEC_EXPORT SECURITY_STATUS WINAPI QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute,
                                                          void *pBuffer);
SEC_EXPORT SECURITY_STATUS WINAPI QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute,
                                                          void *pBuffer);
typedef SECURITY_STATUS(WINAPI *QUERY_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle, ULONG, void *);
typedef SECURITY_STATUS(WINAPI *QUERY_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle, ULONG, void *);

/*
 * The same, told the size of the caller's structure: SEC_E_BUFFER_TOO_SMALL where it is not enough.
 */
SEC_EXPORT SECURITY_STATUS WINAPI QueryContextAttributesExW(PCtxtHandle phContext,
                                                            ULONG ulAttribute, void *pBuffer,
                                                            ULONG cbBuffer);
SEC_EXPORT SECURITY_STATUS WINAPI QueryContextAttributesExA(PCtxtHandle phContext,
                                                            ULONG ulAttribute, void *pBuffer,
                                                            ULONG cbBuffer);
typedef SECURITY_STATUS(WINAPI *QUERY_CONTEXT_ATTRIBUTES_EX_FN_W)(PCtxtHandle, ULONG, void *,
                                                                  ULONG);
typedef SECURITY_STATUS(WINAPI *QUERY_CONTEXT_ATTRIBUTES_EX_FN_A)(PCtxtHandle, ULONG, void *,
                                                                  ULONG);

/* Sets one attribute of a context from the caller's structure. */
SEC_EXPORT SECURITY_STATUS WINAPI SetContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute,
                                                        void *pBuffer, ULONG cbBuffer);
SEC_EXPORT SECURITY_STATUS WINAPI SetContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute,
                                                        void *pBuffer, ULONG cbBuffer);
typedef SECURITY_STATUS(WINAPI *SET_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle, ULONG, void *, ULONG);
typedef SECURITY_STATUS(WINAPI *SET_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle, ULONG, void *, ULONG);

/*
 * Makes the calling thread act as the client of a finished server context. A server whose call
 * fails must not serve that client: it would act with its own rights. Errors:
 * SEC_E_NO_IMPERSONATION; SEC_E_CONTEXT_EXPIRED: the context was exported.
 */
SEC_EXPORT SECURITY_STATUS WINAPI ImpersonateSecurityContext(PCtxtHandle phContext);
typedef SECURITY_STATUS(WINAPI *IMPERSONATE_SECURITY_CONTEXT_FN)(PCtxtHandle);

/* Ends the impersonation: the calling thread acts for its process again. */
SEC_EXPORT SECURITY_STATUS WINAPI RevertSecurityContext(PCtxtHandle phContext);
typedef SECURITY_STATUS(WINAPI *REVERT_SECURITY_CONTEXT_FN)(PCtxtHandle);

/* The access token of a server context's client; owned by the caller, who closes it. Errors as of
 * ImpersonateSecurityContext, whatever the process's own rights are. */
SEC_EXPORT SECURITY_STATUS WINAPI QuerySecurityContextToken(PCtxtHandle phContext, HANDLE *Token);
typedef SECURITY_STATUS(WINAPI *QUERY_SECURITY_CONTEXT_TOKEN_FN)(PCtxtHandle, HANDLE *);

/*
 * Packs a context for another process of the same machine: an established one, or one that awaits
 * its peer's next token, one of the Sasl functions' too. Of a client's no password and no key of
 * it is in there. From then on the context is there: here its messages and legs answer
 * SEC_E_CONTEXT_EXPIRED. fFlags: SECPKG_CONTEXT_EXPORT_RESET_NEW (refused with
 * SEC_E_OUT_OF_SEQUENCE after the first message), _DELETE_OLD; others are
 * SEC_E_INVALID_PARAMETER. pPackedContext receives bytes that are sealed with [export] key_file
 * of the configuration and good for its lifetime, once; FreeContextBuffer its pvBuffer. *pToken,
 * where pToken is given, is NULL. Delegated credentials stay behind. Safe from any thread.
 *   SEC_E_NO_CREDENTIALS        [export] is not configured, or its files cannot be used
 *   SEC_E_CONTEXT_EXPIRED       it was exported before
 *   SEC_E_UNSUPPORTED_FUNCTION  before the first leg, after one that failed; the server's side of
 *                               user-to-user Kerberos half-way; _TO_KERNEL
 */
SEC_EXPORT SECURITY_STATUS WINAPI ExportSecurityContext(PCtxtHandle phContext, ULONG fFlags,
                                                        PSecBuffer pPackedContext, void **pToken);
typedef SECURITY_STATUS(WINAPI *EXPORT_SECURITY_CONTEXT_FN)(PCtxtHandle, ULONG, PSecBuffer,
                                                            void **);

/*
 * Unpacks what ExportSecurityContext packed, under the policy and the keys that are configured
 * here. Token is not looked at. The handle is the caller's: DeleteSecurityContext. A client's context
 * half-way goes on with the credential of its next InitializeSecurityContext.
 *   SEC_E_INVALID_TOKEN    altered, cut short, of another version or package, under another key
 *   SEC_E_CONTEXT_EXPIRED  imported before, by whichever process, or after its lifetime
 *   SEC_E_NO_CREDENTIALS   [export] is not configured, or policy has not the mechanism
 */
SEC_EXPORT SECURITY_STATUS WINAPI ImportSecurityContextW(SEC_WCHAR *pszPackage,
                                                         PSecBuffer pPackedContext, void *Token,
                                                         PCtxtHandle phContext);
SEC_EXPORT SECURITY_STATUS WINAPI ImportSecurityContextA(SEC_CHAR *pszPackage,
                                                         PSecBuffer pPackedContext, void *Token,
                                                         PCtxtHandle phContext);
typedef SECURITY_STATUS(WINAPI *IMPORT_SECURITY_CONTEXT_FN_W)(SEC_WCHAR *, PSecBuffer, void *,
                                                              PCtxtHandle);
typedef SECURITY_STATUS(WINAPI *IMPORT_SECURITY_CONTEXT_FN_A)(SEC_CHAR *, PSecBuffer, void *,
                                                              PCtxtHandle);

/* Delegates a context to the target. */
SEC_EXPORT SECURITY_STATUS WINAPI DelegateSecurityContext(
    PCtxtHandle phContext, SEC_CHAR *pszTarget, SecDelegationType DelegationType,
    PTimeStamp pExpiry, PSecBuffer pPackageParameters, PSecBufferDesc pOutput);

/*
 * Frees anything that a function of this interface allocated: tokens, package descriptions, members
 * of attribute structures. NULL or a pointer of other origin: an error, never a crash.
 */
SEC_EXPORT SECURITY_STATUS WINAPI FreeContextBuffer(void *pvContextBuffer);
typedef SECURITY_STATUS(WINAPI *FREE_CONTEXT_BUFFER_FN)(void *);

/* Messages. */

/*
 * Signs a message. Its buffers, in any order: one SECBUFFER_TOKEN with room for cbMaxSignature
 * bytes, whose cbBuffer becomes the signature's size, and one or more SECBUFFER_DATA. fQOP: 0.
 * MessageSeqNo is used by datagram contexts only; others count for themselves.
 *
 * Errors: SEC_E_INVALID_TOKEN (no TOKEN buffer), SEC_E_BUFFER_TOO_SMALL, SEC_E_QOP_NOT_SUPPORTED,
 * SEC_E_CONTEXT_EXPIRED, SEC_E_OUT_OF_SEQUENCE.
 */
SEC_EXPORT SECURITY_STATUS WINAPI MakeSignature(PCtxtHandle phContext, ULONG fQOP,
                                                PSecBufferDesc pMessage, ULONG MessageSeqNo);
typedef SECURITY_STATUS(WINAPI *MAKE_SIGNATURE_FN)(PCtxtHandle, ULONG, PSecBufferDesc, ULONG);

/*
 * Verifies what the peer signed, given its token and its data as for MakeSignature. pfQOP may be
 * NULL. Errors: SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE (replayed, lost or reordered, where
 * the context detects it), SEC_E_INVALID_TOKEN, SEC_E_CONTEXT_EXPIRED.
 */
SEC_EXPORT SECURITY_STATUS WINAPI VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                  ULONG MessageSeqNo, ULONG *pfQOP);
typedef SECURITY_STATUS(WINAPI *VERIFY_SIGNATURE_FN)(PCtxtHandle, PSecBufferDesc, ULONG, ULONG *);

/*
 * Encrypts and signs a message in place: a SECBUFFER_TOKEN with room for cbSecurityTrailer bytes,
 * one or more SECBUFFER_DATA, and a SECBUFFER_PADDING of cbBlockSize bytes for packages that pad.
 * What goes to the peer is each buffer's returned cbBuffer. fQOP: 0, or SECQOP_WRAP_NO_ENCRYPT to
 * sign only. Buffers marked SECBUFFER_READONLY are left alone, SECBUFFER_READONLY_WITH_CHECKSUM
 * ones are signed and not encrypted. Errors as for MakeSignature.
 */
SEC_EXPORT SECURITY_STATUS WINAPI EncryptMessage(PCtxtHandle phContext, ULONG fQOP,
                                                 PSecBufferDesc pMessage, ULONG MessageSeqNo);
typedef SECURITY_STATUS(WINAPI *ENCRYPT_MESSAGE_FN)(PCtxtHandle, ULONG, PSecBufferDesc, ULONG);

/*
 * Verifies and decrypts a message in place: SECBUFFER_TOKEN and SECBUFFER_DATA as the peer sent
 * them; or, where the package has the stream form, a SECBUFFER_STREAM with all of it and an empty
 * SECBUFFER_DATA that comes back pointing into it. *pfQOP (pfQOP may be NULL) says
 * SECQOP_WRAP_NO_ENCRYPT where the message was only signed, and is left as it was otherwise: make it
 * 0 before each call. On an error the data is not to be used. Errors as for VerifySignature.
 */
SEC_EXPORT SECURITY_STATUS WINAPI DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                 ULONG MessageSeqNo, ULONG *pfQOP);
typedef SECURITY_STATUS(WINAPI *DECRYPT_MESSAGE_FN)(PCtxtHandle, PSecBufferDesc, ULONG, ULONG *);

/* EncryptMessage and DecryptMessage under their first names. */
SEC_EXPORT SECURITY_STATUS WINAPI SealMessage(PCtxtHandle phContext, ULONG fQOP,
                                              PSecBufferDesc pMessage, ULONG MessageSeqNo);
SEC_EXPORT SECURITY_STATUS WINAPI UnsealMessage(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                                ULONG MessageSeqNo, ULONG *pfQOP);

/*
 * SASL (RFC 4422): the interface's part of an authentication in LDAP, IMAP, SMTP and the like.
 *
 * A profile is a SASL mechanism, and the package of the credential says which one it is:
 *
 *   GSS-SPNEGO  Negotiate   the flags that the exchange agreed on are the security layer, as with
 *                           Windows and Cyrus SASL
 *   GSSAPI      Kerberos    RFC 4752: two more messages agree on a layer, on sizes and on whom the
 *                           client acts as
 *   NTLM        NTLM        the flags, as with GSS-SPNEGO; mail protocols use none
 *
 * Tokens are what SASL's messages hold: the protocol frames them (base64 lines, LDAP's BindRequest).
 * An empty token is a message too, and goes to the peer as long as SEC_I_CONTINUE_NEEDED says that
 * its answer is awaited.
 *
 * The layer is in *pfContextAttr of the last leg, and in SECPKG_ATTR_FLAGS: CONFIDENTIALITY,
 * INTEGRITY alone, or neither of the two. Both sides know it; a message of another layer is neither
 * made nor taken (SEC_E_QOP_NOT_SUPPORTED, SEC_E_MESSAGE_ALTERED).
 *
 *   CONFIDENTIALITY  EncryptMessage with fQOP 0; DecryptMessage
 *   INTEGRITY        EncryptMessage with SECQOP_WRAP_NO_ENCRYPT; DecryptMessage
 *   neither          the protocol's bytes go as they are, and the functions for messages refuse
 *
 * NTLM, which has no form of a message for it, encrypts in the layer INTEGRITY too, as its peers do.
 *
 * The caller frames each message, as RFC 4422 3.7 has it: four bytes with the length of what follows,
 * the highest first, then TOKEN, DATA and PADDING, each with the cbBuffer that EncryptMessage left.
 * These functions neither write nor read the four bytes. Who receives checks the length against
 * SASL_OPTION_RECV_SIZE, takes so many bytes, and hands them to DecryptMessage as SECBUFFER_STREAM
 * with an empty SECBUFFER_DATA. MakeSignature's tokens are no part of SASL's layer; they are there
 * where there is one.
 */

/*
 * The profiles there are: their names one after the other, each with its NUL, and a NUL at the end;
 * *ProfileCount is how many. FreeContextBuffer frees the list. Errors: SEC_E_INVALID_PARAMETER,
 * SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SaslEnumerateProfilesW(LPWSTR *ProfileList, ULONG *ProfileCount);
SEC_EXPORT SECURITY_STATUS WINAPI SaslEnumerateProfilesA(LPSTR *ProfileList, ULONG *ProfileCount);

/*
 * The package behind a profile (FreeContextBuffer), whose name is taken without regard to case.
 * Errors: SEC_E_SECPKG_NOT_FOUND (there is no such profile: DIGEST-MD5, EXTERNAL, PLAIN),
 * SEC_E_INVALID_PARAMETER, SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SaslGetProfilePackageW(LPWSTR ProfileName,
                                                         PSecPkgInfoW *PackageInfo);
SEC_EXPORT SECURITY_STATUS WINAPI SaslGetProfilePackageA(LPSTR ProfileName,
                                                         PSecPkgInfoA *PackageInfo);

/*
 * The package that a client's first token, in a SECBUFFER_TOKEN, is for (FreeContextBuffer). Nothing
 * of it is verified. Errors: SEC_E_SECPKG_NOT_FOUND (no profile begins so), SEC_E_INVALID_TOKEN (no
 * TOKEN buffer), SEC_E_INVALID_PARAMETER, SEC_E_INSUFFICIENT_MEMORY.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SaslIdentifyPackageW(PSecBufferDesc pInput,
                                                       PSecPkgInfoW *PackageInfo);
SEC_EXPORT SECURITY_STATUS WINAPI SaslIdentifyPackageA(PSecBufferDesc pInput,
                                                       PSecPkgInfoA *PackageInfo);

/*
 * InitializeSecurityContext for SASL: the same arguments, of which pOutput must have a TOKEN buffer
 * in every call, and the same flags in each. Flags that ask for a layer are demands here:
 *
 *   ISC_REQ_CONFIDENTIALITY       that layer
 *   ISC_REQ_INTEGRITY, _REPLAY_DETECT, _SEQUENCE_DETECT
 *                                 a layer: integrity where the server has it, else confidentiality
 *   ISC_REQ_NO_INTEGRITY          none, as below TLS; so does a SASL_OPTION_RECV_SIZE of 0
 *   none of these                 none where the server permits it, else the weakest
 *
 * A context that begins here goes on here: InitializeSecurityContext refuses it, and this function a
 * context that began there (SEC_E_INVALID_HANDLE). Nothing tells who the peer is, and no message is
 * protected, before SEC_E_OK. ExportSecurityContext takes along, after any leg, how far the exchange
 * is, the layer and the options that were set; what is imported goes on here, too.
 *
 * Errors, beside those of InitializeSecurityContext: SEC_E_ALGORITHM_MISMATCH (an authorization
 * identity is set, and forbidden), SEC_E_INVALID_TOKEN (no TOKEN buffer in pOutput, or the server's
 * message does not unwrap or is none), SEC_E_QOP_NOT_SUPPORTED (no layer in common),
 * SEC_E_SECPKG_NOT_FOUND (no profile for the credential's package).
 */
SEC_EXPORT SECURITY_STATUS WINAPI SaslInitializeSecurityContextW(
    PCredHandle phCredential, PCtxtHandle phContext, LPWSTR pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
    PCtxtHandle phNewContext, PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);
SEC_EXPORT SECURITY_STATUS WINAPI SaslInitializeSecurityContextA(
    PCredHandle phCredential, PCtxtHandle phContext, LPSTR pszTargetName, ULONG fContextReq,
    ULONG Reserved1, ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
    PCtxtHandle phNewContext, PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);

/*
 * AcceptSecurityContext for SASL, as above. A first call with an empty token makes the context and
 * an empty challenge: for protocols whose client has not spoken yet, and for who wants to set options
 * first. ASC_REQ_CONFIDENTIALITY and ASC_REQ_INTEGRITY are demands; without them the client chooses.
 *
 * Whom the client wants to act as is told by SASL_OPTION_AUTHZ_STRING and believed by nobody: the
 * context is the authenticated client's, and who lets it act as somebody else must know that it may.
 */
SEC_EXPORT SECURITY_STATUS WINAPI
SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
                          ULONG fContextReq, ULONG TargetDataRep, PCtxtHandle phNewContext,
                          PSecBufferDesc pOutput, ULONG *pfContextAttr, PTimeStamp ptsExpiry);

/*
 * Sets an option of a context that one of the two functions above has begun, or that
 * OpenSspiCreateContext made and that has had no leg:
 *
 *   SASL_OPTION_SEND_SIZE         ULONG, default 0xFFFF: how much data a message that is sent may
 *                                 hold. What the peer takes stays the limit
 *   SASL_OPTION_RECV_SIZE         ULONG, default 0xFFFF: how long a whole message (without the four
 *                                 bytes before it) that is received may be; at most 0xFFFFFF. In
 *                                 GSSAPI the peer is told, once; 0: there is to be no layer
 *   SASL_OPTION_AUTHZ_STRING      UTF-8 without a NUL, 4096 bytes at most: whom a GSSAPI client wants
 *                                 to act as, before its last leg. Size 0: as itself
 *   SASL_OPTION_AUTHZ_PROCESSING  ULONG: Sasl_AuthZIDProcessed, the default, or
 *                                 Sasl_AuthZIDForbidden: a server refuses a client that names
 *                                 somebody, a client sends no name (SEC_E_ALGORITHM_MISMATCH)
 *
 * A size binds the messages once the peers have agreed on it (GSSAPI), or it was set: longer ones
 * are SEC_E_BUFFER_TOO_SMALL when sent, SEC_E_INVALID_TOKEN when received.
 *
 * Errors: SEC_E_UNSUPPORTED_FUNCTION (no such option; AUTHZ_STRING where it is forbidden or nobody
 * would send it), SEC_E_BUFFER_TOO_SMALL (Size), SEC_E_INVALID_HANDLE (not a context of SASL's),
 * SEC_E_INVALID_PARAMETER (the value), SEC_E_OUT_OF_SEQUENCE (the peer has been told already),
 * SEC_E_CONTEXT_EXPIRED (exported).
 */
SEC_EXPORT SECURITY_STATUS WINAPI SaslSetContextOption(PCtxtHandle ContextHandle, ULONG Option,
                                                       PVOID Value, ULONG Size);

/*
 * Answers an option of a context of SASL's; *Needed (may be NULL) is the size that it has. SEND_SIZE
 * of an established GSSAPI context is what the peer takes less block size, trailer and signature.
 * AUTHZ_STRING is what the client sent, or will; without a NUL, and empty where it acts as itself.
 *
 * Errors: SEC_E_BUFFER_TOO_SMALL (Size), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION (no such
 * option; AUTHZ_STRING where it is forbidden), SEC_E_INVALID_PARAMETER.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SaslGetContextOption(PCtxtHandle ContextHandle, ULONG Option,
                                                       PVOID Value, ULONG Size, PULONG Needed);

/* Channel bindings. */

/*
 * Turns the bindings that SECPKG_ATTR_ENDPOINT_BINDINGS or UNIQUE_BINDINGS gave into the _EX form
 * with these flags (SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS), in place: the pointer and the length may
 * change.
 */
SEC_EXPORT SECURITY_STATUS WINAPI SspiSetChannelBindingFlags(PSecPkgContext_Bindings pBindings,
                                                             ULONG flags);

/*
 * The function table. dwVersion says up to which version the members are there; a member may be
 * NULL where the library has no such function. The table is static: nobody frees it.
 */
typedef struct _SECURITY_FUNCTION_TABLE_W {
    ULONG dwVersion; /* SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_* */
    ENUMERATE_SECURITY_PACKAGES_FN_W EnumerateSecurityPackagesW;
    QUERY_CREDENTIALS_ATTRIBUTES_FN_W QueryCredentialsAttributesW;
    ACQUIRE_CREDENTIALS_HANDLE_FN_W AcquireCredentialsHandleW;
    FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
    void *Reserved2;
    INITIALIZE_SECURITY_CONTEXT_FN_W InitializeSecurityContextW;
    ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
    COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
    DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
    APPLY_CONTROL_TOKEN_FN ApplyControlToken;
    QUERY_CONTEXT_ATTRIBUTES_FN_W QueryContextAttributesW;
    IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
    REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
    MAKE_SIGNATURE_FN MakeSignature;
    VERIFY_SIGNATURE_FN VerifySignature;
    FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
    QUERY_SECURITY_PACKAGE_INFO_FN_W QuerySecurityPackageInfoW;
    void *Reserved3; /* EncryptMessage, in the first public headers */
    void *Reserved4; /* DecryptMessage, likewise */
    EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
    IMPORT_SECURITY_CONTEXT_FN_W ImportSecurityContextW;
    ADD_CREDENTIALS_FN_W AddCredentialsW;
    void *Reserved8;
    QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
    ENCRYPT_MESSAGE_FN EncryptMessage;
    DECRYPT_MESSAGE_FN DecryptMessage;
    /* from version 2 */
    SET_CONTEXT_ATTRIBUTES_FN_W SetContextAttributesW;
    /* from version 3 */
    SET_CREDENTIALS_ATTRIBUTES_FN_W SetCredentialsAttributesW;
    /* from version 4 */
    CHANGE_PASSWORD_FN_W ChangeAccountPasswordW;
    /* from version 5 */
    QUERY_CONTEXT_ATTRIBUTES_EX_FN_W QueryContextAttributesExW;
    QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W QueryCredentialsAttributesExW;
} SecurityFunctionTableW, *PSecurityFunctionTableW;

typedef struct _SECURITY_FUNCTION_TABLE_A {
    ULONG dwVersion; /* SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_* */
    ENUMERATE_SECURITY_PACKAGES_FN_A EnumerateSecurityPackagesA;
    QUERY_CREDENTIALS_ATTRIBUTES_FN_A QueryCredentialsAttributesA;
    ACQUIRE_CREDENTIALS_HANDLE_FN_A AcquireCredentialsHandleA;
    FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
    void *Reserved2;
    INITIALIZE_SECURITY_CONTEXT_FN_A InitializeSecurityContextA;
    ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
    COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
    DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
    APPLY_CONTROL_TOKEN_FN ApplyControlToken;
    QUERY_CONTEXT_ATTRIBUTES_FN_A QueryContextAttributesA;
    IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
    REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
    MAKE_SIGNATURE_FN MakeSignature;
    VERIFY_SIGNATURE_FN VerifySignature;
    FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
    QUERY_SECURITY_PACKAGE_INFO_FN_A QuerySecurityPackageInfoA;
    void *Reserved3; /* EncryptMessage, in the first public headers */
    void *Reserved4; /* DecryptMessage, likewise */
    EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
    IMPORT_SECURITY_CONTEXT_FN_A ImportSecurityContextA;
    ADD_CREDENTIALS_FN_A AddCredentialsA;
    void *Reserved8;
    QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
    ENCRYPT_MESSAGE_FN EncryptMessage;
    DECRYPT_MESSAGE_FN DecryptMessage;
    /* from version 2 */
    SET_CONTEXT_ATTRIBUTES_FN_A SetContextAttributesA;
    /* from version 3 */
    SET_CREDENTIALS_ATTRIBUTES_FN_A SetCredentialsAttributesA;
    /* from version 4 */
    CHANGE_PASSWORD_FN_A ChangeAccountPasswordA;
    /* from version 5 */
    QUERY_CONTEXT_ATTRIBUTES_EX_FN_A QueryContextAttributesExA;
    QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A QueryCredentialsAttributesExA;
} SecurityFunctionTableA, *PSecurityFunctionTableA;

/* The function table, the same at each call. Reached by name too, once the library is loaded. */
SEC_EXPORT PSecurityFunctionTableW WINAPI InitSecurityInterfaceW(void);
SEC_EXPORT PSecurityFunctionTableA WINAPI InitSecurityInterfaceA(void);
typedef PSecurityFunctionTableW(WINAPI *INIT_SECURITY_INTERFACE_W)(void);
typedef PSecurityFunctionTableA(WINAPI *INIT_SECURITY_INTERFACE_A)(void);

#define SECURITY_ENTRYPOINT_ANSIW "InitSecurityInterfaceW"
#define SECURITY_ENTRYPOINT_ANSIA "InitSecurityInterfaceA"
#define SECURITY_ENTRYPOINTW      SEC_TEXT("InitSecurityInterfaceW")
#define SECURITY_ENTRYPOINTA      SEC_TEXT("InitSecurityInterfaceA")
#define SECURITY_ENTRYPOINT16     "INITSECURITYINTERFACEA"

/* The spelling that samples use. */
#define FreeCredentialHandle FreeCredentialsHandle

#ifdef UNICODE
#define EnumerateSecurityPackages          EnumerateSecurityPackagesW
#define QuerySecurityPackageInfo           QuerySecurityPackageInfoW
#define AddSecurityPackage                 AddSecurityPackageW
#define DeleteSecurityPackage              DeleteSecurityPackageW
#define AcquireCredentialsHandle           AcquireCredentialsHandleW
#define AddCredentials                     AddCredentialsW
#define QueryCredentialsAttributes         QueryCredentialsAttributesW
#define QueryCredentialsAttributesEx       QueryCredentialsAttributesExW
#define SetCredentialsAttributes           SetCredentialsAttributesW
#define ChangeAccountPassword              ChangeAccountPasswordW
#define InitializeSecurityContext          InitializeSecurityContextW
#define QueryContextAttributes             QueryContextAttributesW
#define QueryContextAttributesEx           QueryContextAttributesExW
#define SetContextAttributes               SetContextAttributesW
#define ImportSecurityContext              ImportSecurityContextW
#define SaslEnumerateProfiles              SaslEnumerateProfilesW
#define SaslGetProfilePackage              SaslGetProfilePackageW
#define SaslIdentifyPackage                SaslIdentifyPackageW
#define SaslInitializeSecurityContext      SaslInitializeSecurityContextW
#define SecurityFunctionTable              SecurityFunctionTableW
#define PSecurityFunctionTable             PSecurityFunctionTableW
#define InitSecurityInterface              InitSecurityInterfaceW
#define SECURITY_ENTRYPOINT                SECURITY_ENTRYPOINTW
#define SECURITY_ENTRYPOINT_ANSI           SECURITY_ENTRYPOINT_ANSIW
#define ENUMERATE_SECURITY_PACKAGES_FN     ENUMERATE_SECURITY_PACKAGES_FN_W
#define QUERY_SECURITY_PACKAGE_INFO_FN     QUERY_SECURITY_PACKAGE_INFO_FN_W
#define ACQUIRE_CREDENTIALS_HANDLE_FN      ACQUIRE_CREDENTIALS_HANDLE_FN_W
#define ADD_CREDENTIALS_FN                 ADD_CREDENTIALS_FN_W
#define QUERY_CREDENTIALS_ATTRIBUTES_FN    QUERY_CREDENTIALS_ATTRIBUTES_FN_W
#define QUERY_CREDENTIALS_ATTRIBUTES_EX_FN QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W
#define SET_CREDENTIALS_ATTRIBUTES_FN      SET_CREDENTIALS_ATTRIBUTES_FN_W
#define CHANGE_PASSWORD_FN                 CHANGE_PASSWORD_FN_W
#define INITIALIZE_SECURITY_CONTEXT_FN     INITIALIZE_SECURITY_CONTEXT_FN_W
#define QUERY_CONTEXT_ATTRIBUTES_FN        QUERY_CONTEXT_ATTRIBUTES_FN_W
#define QUERY_CONTEXT_ATTRIBUTES_EX_FN     QUERY_CONTEXT_ATTRIBUTES_EX_FN_W
#define SET_CONTEXT_ATTRIBUTES_FN          SET_CONTEXT_ATTRIBUTES_FN_W
#define IMPORT_SECURITY_CONTEXT_FN         IMPORT_SECURITY_CONTEXT_FN_W
#define INIT_SECURITY_INTERFACE            INIT_SECURITY_INTERFACE_W
#else
#define EnumerateSecurityPackages          EnumerateSecurityPackagesA
#define QuerySecurityPackageInfo           QuerySecurityPackageInfoA
#define AddSecurityPackage                 AddSecurityPackageA
#define DeleteSecurityPackage              DeleteSecurityPackageA
#define AcquireCredentialsHandle           AcquireCredentialsHandleA
#define AddCredentials                     AddCredentialsA
#define QueryCredentialsAttributes         QueryCredentialsAttributesA
#define QueryCredentialsAttributesEx       QueryCredentialsAttributesExA
#define SetCredentialsAttributes           SetCredentialsAttributesA
#define ChangeAccountPassword              ChangeAccountPasswordA
#define InitializeSecurityContext          InitializeSecurityContextA
#define QueryContextAttributes             QueryContextAttributesA
#define QueryContextAttributesEx           QueryContextAttributesExA
#define SetContextAttributes               SetContextAttributesA
#define ImportSecurityContext              ImportSecurityContextA
#define SaslEnumerateProfiles              SaslEnumerateProfilesA
#define SaslGetProfilePackage              SaslGetProfilePackageA
#define SaslIdentifyPackage                SaslIdentifyPackageA
#define SaslInitializeSecurityContext      SaslInitializeSecurityContextA
#define SecurityFunctionTable              SecurityFunctionTableA
#define PSecurityFunctionTable             PSecurityFunctionTableA
#define InitSecurityInterface              InitSecurityInterfaceA
#define SECURITY_ENTRYPOINT                SECURITY_ENTRYPOINTA
#define SECURITY_ENTRYPOINT_ANSI           SECURITY_ENTRYPOINT_ANSIA
#define ENUMERATE_SECURITY_PACKAGES_FN     ENUMERATE_SECURITY_PACKAGES_FN_A
#define QUERY_SECURITY_PACKAGE_INFO_FN     QUERY_SECURITY_PACKAGE_INFO_FN_A
#define ACQUIRE_CREDENTIALS_HANDLE_FN      ACQUIRE_CREDENTIALS_HANDLE_FN_A
#define ADD_CREDENTIALS_FN                 ADD_CREDENTIALS_FN_A
#define QUERY_CREDENTIALS_ATTRIBUTES_FN    QUERY_CREDENTIALS_ATTRIBUTES_FN_A
#define QUERY_CREDENTIALS_ATTRIBUTES_EX_FN QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A
#define SET_CREDENTIALS_ATTRIBUTES_FN      SET_CREDENTIALS_ATTRIBUTES_FN_A
#define CHANGE_PASSWORD_FN                 CHANGE_PASSWORD_FN_A
#define INITIALIZE_SECURITY_CONTEXT_FN     INITIALIZE_SECURITY_CONTEXT_FN_A
#define QUERY_CONTEXT_ATTRIBUTES_FN        QUERY_CONTEXT_ATTRIBUTES_FN_A
#define QUERY_CONTEXT_ATTRIBUTES_EX_FN     QUERY_CONTEXT_ATTRIBUTES_EX_FN_A
#define SET_CONTEXT_ATTRIBUTES_FN          SET_CONTEXT_ATTRIBUTES_FN_A
#define IMPORT_SECURITY_CONTEXT_FN         IMPORT_SECURITY_CONTEXT_FN_A
#define INIT_SECURITY_INTERFACE            INIT_SECURITY_INTERFACE_A
#endif

#if UINTPTR_MAX > 0xffffffff
OPENSSPI_STATIC_ASSERT(sizeof(SecurityFunctionTableW) == 256, "SecurityFunctionTableW");
OPENSSPI_STATIC_ASSERT(sizeof(SecurityFunctionTableA) == 256, "SecurityFunctionTableA");
OPENSSPI_STATIC_ASSERT(offsetof(SecurityFunctionTableW, EncryptMessage) == 200, "table order");
#endif

OPENSSPI_END

#endif
