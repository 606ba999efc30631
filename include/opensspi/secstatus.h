/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status values of the interface, and nothing else.
 *
 * A status is signed and 32 bits wide: SEC_E_* (but for SEC_E_OK) are negative and are failures,
 * SEC_I_* are positive and are outcomes of calls that succeeded. The same low word can stand in
 * both families (0x80090321 SEC_E_BUFFER_TOO_SMALL, 0x00090321 SEC_I_RENEGOTIATE), so compare whole
 * values. Sources: winerror.h values in the public documentation's status-code tables.
 */
#ifndef OPENSSPI_SECSTATUS_H
#define OPENSSPI_SECSTATUS_H

#include <stdint.h>

#ifndef __SECSTATUS_DEFINED__
#define __SECSTATUS_DEFINED__
typedef int32_t SECURITY_STATUS;
#endif

/* Done, and failures. */
/* done */
#define SEC_E_OK ((SECURITY_STATUS)0x00000000)
/* memory ran out */
#define SEC_E_INSUFFICIENT_MEMORY ((SECURITY_STATUS)0x80090300)
/* not a handle that is alive, or a NULL where one is needed */
#define SEC_E_INVALID_HANDLE ((SECURITY_STATUS)0x80090301)
/* the package does not do this */
#define SEC_E_UNSUPPORTED_FUNCTION ((SECURITY_STATUS)0x80090302)
/* no such target is known to the authority */
#define SEC_E_TARGET_UNKNOWN ((SECURITY_STATUS)0x80090303)
/* the library or the authority failed */
#define SEC_E_INTERNAL_ERROR ((SECURITY_STATUS)0x80090304)
/* no package of that name */
#define SEC_E_SECPKG_NOT_FOUND ((SECURITY_STATUS)0x80090305)
/* the caller does not own the credential */
#define SEC_E_NOT_OWNER      ((SECURITY_STATUS)0x80090306)
#define SEC_E_CANNOT_INSTALL ((SECURITY_STATUS)0x80090307)
/* malformed or unexpected token, or a buffer of a needed type is missing */
#define SEC_E_INVALID_TOKEN ((SECURITY_STATUS)0x80090308)
#define SEC_E_CANNOT_PACK   ((SECURITY_STATUS)0x80090309)
/* unknown quality of protection */
#define SEC_E_QOP_NOT_SUPPORTED ((SECURITY_STATUS)0x8009030A)
/* the client cannot be impersonated */
#define SEC_E_NO_IMPERSONATION ((SECURITY_STATUS)0x8009030B)
/* the proof of identity was refused */
#define SEC_E_LOGON_DENIED ((SECURITY_STATUS)0x8009030C)
/* the credential is not one that the package knows */
#define SEC_E_UNKNOWN_CREDENTIALS ((SECURITY_STATUS)0x8009030D)
/* there is no usable credential */
#define SEC_E_NO_CREDENTIALS ((SECURITY_STATUS)0x8009030E)
/* the signature does not fit the message */
#define SEC_E_MESSAGE_ALTERED ((SECURITY_STATUS)0x8009030F)
/* message replayed, lost or reordered, or a call out of turn */
#define SEC_E_OUT_OF_SEQUENCE ((SECURITY_STATUS)0x80090310)
/* no authority could be asked */
#define SEC_E_NO_AUTHENTICATING_AUTHORITY ((SECURITY_STATUS)0x80090311)
#define SEC_E_BAD_PKGID                   ((SECURITY_STATUS)0x80090316)
/* the context has ended */
#define SEC_E_CONTEXT_EXPIRED ((SECURITY_STATUS)0x80090317)
/* more input is needed; nothing was consumed */
#define SEC_E_INCOMPLETE_MESSAGE     ((SECURITY_STATUS)0x80090318)
#define SEC_E_INCOMPLETE_CREDENTIALS ((SECURITY_STATUS)0x80090320)
/* the caller's buffer is too small; the context has not moved */
#define SEC_E_BUFFER_TOO_SMALL ((SECURITY_STATUS)0x80090321)
/* the target is another than the one named */
#define SEC_E_WRONG_PRINCIPAL ((SECURITY_STATUS)0x80090322)
/* the clocks are too far apart */
#define SEC_E_TIME_SKEW                   ((SECURITY_STATUS)0x80090324)
#define SEC_E_UNTRUSTED_ROOT              ((SECURITY_STATUS)0x80090325)
#define SEC_E_ILLEGAL_MESSAGE             ((SECURITY_STATUS)0x80090326)
#define SEC_E_CERT_UNKNOWN                ((SECURITY_STATUS)0x80090327)
#define SEC_E_CERT_EXPIRED                ((SECURITY_STATUS)0x80090328)
#define SEC_E_ENCRYPT_FAILURE             ((SECURITY_STATUS)0x80090329)
#define SEC_E_DECRYPT_FAILURE             ((SECURITY_STATUS)0x80090330)
#define SEC_E_ALGORITHM_MISMATCH          ((SECURITY_STATUS)0x80090331)
#define SEC_E_SECURITY_QOS_FAILED         ((SECURITY_STATUS)0x80090332)
#define SEC_E_UNFINISHED_CONTEXT_DELETED  ((SECURITY_STATUS)0x80090333)
#define SEC_E_NO_TGT_REPLY                ((SECURITY_STATUS)0x80090334)
#define SEC_E_NO_IP_ADDRESSES             ((SECURITY_STATUS)0x80090335)
#define SEC_E_WRONG_CREDENTIAL_HANDLE     ((SECURITY_STATUS)0x80090336)
#define SEC_E_CRYPTO_SYSTEM_INVALID       ((SECURITY_STATUS)0x80090337)
#define SEC_E_MAX_REFERRALS_EXCEEDED      ((SECURITY_STATUS)0x80090338)
#define SEC_E_MUST_BE_KDC                 ((SECURITY_STATUS)0x80090339)
#define SEC_E_STRONG_CRYPTO_NOT_SUPPORTED ((SECURITY_STATUS)0x8009033A)
#define SEC_E_TOO_MANY_PRINCIPALS         ((SECURITY_STATUS)0x8009033B)
#define SEC_E_NO_PA_DATA                  ((SECURITY_STATUS)0x8009033C)
#define SEC_E_PKINIT_NAME_MISMATCH        ((SECURITY_STATUS)0x8009033D)
#define SEC_E_SMARTCARD_LOGON_REQUIRED    ((SECURITY_STATUS)0x8009033E)
#define SEC_E_SHUTDOWN_IN_PROGRESS        ((SECURITY_STATUS)0x8009033F)
#define SEC_E_KDC_INVALID_REQUEST         ((SECURITY_STATUS)0x80090340)
#define SEC_E_KDC_UNABLE_TO_REFER         ((SECURITY_STATUS)0x80090341)
#define SEC_E_KDC_UNKNOWN_ETYPE           ((SECURITY_STATUS)0x80090342)
#define SEC_E_UNSUPPORTED_PREAUTH         ((SECURITY_STATUS)0x80090343)
#define SEC_E_DELEGATION_REQUIRED         ((SECURITY_STATUS)0x80090345)
/* the channel bindings differ, or are missing and demanded */
#define SEC_E_BAD_BINDINGS                  ((SECURITY_STATUS)0x80090346)
#define SEC_E_MULTIPLE_ACCOUNTS             ((SECURITY_STATUS)0x80090347)
#define SEC_E_NO_KERB_KEY                   ((SECURITY_STATUS)0x80090348)
#define SEC_E_CERT_WRONG_USAGE              ((SECURITY_STATUS)0x80090349)
#define SEC_E_DOWNGRADE_DETECTED            ((SECURITY_STATUS)0x80090350)
#define SEC_E_SMARTCARD_CERT_REVOKED        ((SECURITY_STATUS)0x80090351)
#define SEC_E_ISSUING_CA_UNTRUSTED          ((SECURITY_STATUS)0x80090352)
#define SEC_E_REVOCATION_OFFLINE_C          ((SECURITY_STATUS)0x80090353)
#define SEC_E_PKINIT_CLIENT_FAILURE         ((SECURITY_STATUS)0x80090354)
#define SEC_E_SMARTCARD_CERT_EXPIRED        ((SECURITY_STATUS)0x80090355)
#define SEC_E_NO_S4U_PROT_SUPPORT           ((SECURITY_STATUS)0x80090356)
#define SEC_E_CROSSREALM_DELEGATION_FAILURE ((SECURITY_STATUS)0x80090357)
#define SEC_E_REVOCATION_OFFLINE_KDC        ((SECURITY_STATUS)0x80090358)
#define SEC_E_ISSUING_CA_UNTRUSTED_KDC      ((SECURITY_STATUS)0x80090359)
#define SEC_E_KDC_CERT_EXPIRED              ((SECURITY_STATUS)0x8009035A)
#define SEC_E_KDC_CERT_REVOKED              ((SECURITY_STATUS)0x8009035B)
#define SEC_E_INVALID_PARAMETER             ((SECURITY_STATUS)0x8009035D)
#define SEC_E_DELEGATION_POLICY             ((SECURITY_STATUS)0x8009035E)
#define SEC_E_POLICY_NLTM_ONLY              ((SECURITY_STATUS)0x8009035F)
#define SEC_E_NO_CONTEXT                    ((SECURITY_STATUS)0x80090361)
#define SEC_E_PKU2U_CERT_FAILURE            ((SECURITY_STATUS)0x80090362)
#define SEC_E_MUTUAL_AUTH_FAILED            ((SECURITY_STATUS)0x80090363)
#define SEC_E_ONLY_HTTPS_ALLOWED            ((SECURITY_STATUS)0x80090365)
#define SEC_E_APPLICATION_PROTOCOL_MISMATCH ((SECURITY_STATUS)0x80090367)
#define SEC_E_INVALID_UPN_NAME              ((SECURITY_STATUS)0x80090369)
#define SEC_E_EXT_BUFFER_TOO_SMALL          ((SECURITY_STATUS)0x8009036A)
#define SEC_E_INSUFFICIENT_BUFFERS          ((SECURITY_STATUS)0x8009036B)
#define SEC_E_NO_SPM                        SEC_E_INTERNAL_ERROR
#define SEC_E_NOT_SUPPORTED                 SEC_E_UNSUPPORTED_FUNCTION

/* Outcomes. */
/* send the token, then call again with the peer's answer */
#define SEC_I_CONTINUE_NEEDED ((SECURITY_STATUS)0x00090312)
/* call CompleteAuthToken, then send the token */
#define SEC_I_COMPLETE_NEEDED ((SECURITY_STATUS)0x00090313)
/* call CompleteAuthToken, send, then call again with the peer's answer */
#define SEC_I_COMPLETE_AND_CONTINUE      ((SECURITY_STATUS)0x00090314)
#define SEC_I_LOCAL_LOGON                ((SECURITY_STATUS)0x00090315)
#define SEC_I_GENERIC_EXTENSION_RECEIVED ((SECURITY_STATUS)0x00090316)
/* the peer has closed the protected stream */
#define SEC_I_CONTEXT_EXPIRED ((SECURITY_STATUS)0x00090317)
/* the peer asks for a credential that was not given */
#define SEC_I_INCOMPLETE_CREDENTIALS ((SECURITY_STATUS)0x00090320)
/* the peer wants a new handshake; call the context function again */
#define SEC_I_RENEGOTIATE                ((SECURITY_STATUS)0x00090321)
#define SEC_I_NO_LSA_CONTEXT             ((SECURITY_STATUS)0x00090323)
#define SEC_I_SIGNATURE_NEEDED           ((SECURITY_STATUS)0x0009035C)
#define SEC_I_NO_RENEGOTIATION           ((SECURITY_STATUS)0x00090360)
#define SEC_I_MESSAGE_FRAGMENT           ((SECURITY_STATUS)0x00090364)
#define SEC_I_CONTINUE_NEEDED_MESSAGE_OK ((SECURITY_STATUS)0x00090366)
#define SEC_I_ASYNC_CALL_PENDING         ((SECURITY_STATUS)0x00090368)

#endif
