/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of users and computers in the formats that directories know.
 *
 * Source: the public documentation of secext.h. These functions answer FALSE and set the last error
 * (GetLastError, compat/windows.h) where they fail. Any thread may call them.
 */
#ifndef OPENSSPI_SECEXT_H
#define OPENSSPI_SECEXT_H

#include <opensspi/sspi.h>

OPENSSPI_BEGIN

typedef enum {
    NameUnknown = 0,
    NameFullyQualifiedDN = 1,  /* CN=someone,OU=Users,DC=example,DC=test */
    NameSamCompatible = 2,     /* EXAMPLE\someone */
    NameDisplay = 3,           /* Some One */
    NameUniqueId = 6,          /* {4fa050f0-f561-11cf-bdd9-00aa003a77b6} */
    NameCanonical = 7,         /* example.test/Users/someone */
    NameUserPrincipal = 8,     /* someone@example.test */
    NameCanonicalEx = 9,       /* as NameCanonical, with a newline before the last part */
    NameServicePrincipal = 10, /* www/www.example.test@example.test */
    NameDnsDomain = 12,        /* EXAMPLE.TEST\someone */
    NameGivenName = 13,
    NameSurname = 14
} EXTENDED_NAME_FORMAT,
    *PEXTENDED_NAME_FORMAT;

/*
 * The name of the user that the calling thread acts for.
 *
 * *nSize: the buffer's size in characters in; out, the characters written without the NUL. Where
 * the buffer is too small the last error is ERROR_MORE_DATA, *nSize the size needed with the NUL,
 * and the buffer untouched. Known here are NameSamCompatible, NameDisplay of the process, and
 * NameUserPrincipal of a client that has one; the rest the directory is asked for, as for TranslateName,
 * in which the process is whom its ticket is for.
 *   ERROR_NONE_MAPPED              the user has no name of this format, or no domain
 *   ERROR_NO_SUCH_DOMAIN           no controller of the domain answers
 *   ERROR_CANT_ACCESS_DOMAIN_INFO  what answers is none, or refuses
 */
SEC_EXPORT BOOLEAN SEC_ENTRY GetUserNameExW(EXTENDED_NAME_FORMAT NameFormat, LPWSTR lpNameBuffer,
                                            PULONG nSize);
SEC_EXPORT BOOLEAN SEC_ENTRY GetUserNameExA(EXTENDED_NAME_FORMAT NameFormat, LPSTR lpNameBuffer,
                                            PULONG nSize);

/* The same for the computer's own account in the domain, with sizes and ERROR_INSUFFICIENT_BUFFER as
 * TranslateName has them. ERROR_CANT_ACCESS_DOMAIN_INFO: the caller has no ticket, too. */
SEC_EXPORT BOOLEAN SEC_ENTRY GetComputerObjectNameW(EXTENDED_NAME_FORMAT NameFormat,
                                                    LPWSTR lpNameBuffer, PULONG nSize);
SEC_EXPORT BOOLEAN SEC_ENTRY GetComputerObjectNameA(EXTENDED_NAME_FORMAT NameFormat,
                                                    LPSTR lpNameBuffer, PULONG nSize);

/*
 * A name from one format, or NameUnknown, into another. *nSize: the buffer's size in characters in;
 * out, the characters written and the NUL. Where the buffer is too small the last error is
 * ERROR_INSUFFICIENT_BUFFER, *nSize the size needed, and the buffer untouched; with no buffer and a size
 * of 0 the function succeeds with that size.
 *
 * Known here are the user that the calling thread acts for, by NameSamCompatible and,
 * where it has one, by NameUserPrincipal; and by NameSamCompatible, by NameUserPrincipal, or bare as
 * NameUnknown, what LookupAccountName knows, which becomes NameSamCompatible; of a user of the account
 * store, and of a client whose domain told it, NameUserPrincipal; and of this system's users NameDisplay.
 * Everything else but a bare name is asked of the directory of the domain that the thread's Kerberos ticket
 * is of (OpenSspiTranslateName in opensspi.h). IT MAY BLOCK, for seconds.
 *   ERROR_NONE_MAPPED              nobody goes by the name, or several do, or it has none of that
 *                                  format, or there is no ticket and so no domain
 *   ERROR_NO_SUCH_DOMAIN           no controller of the domain answers; or a name that is the account
 *                                  store's, which cannot be asked
 *   ERROR_CANT_ACCESS_DOMAIN_INFO  what answers is no controller of the domain, or refuses
 *   ERROR_INVALID_PARAMETER        no name, or NameUnknown wanted
 *   ERROR_BUFFER_OVERFLOW          the name has more than 1023 bytes
 *   ERROR_INSUFFICIENT_BUFFER, ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_UNICODE_TRANSLATION
 */
SEC_EXPORT BOOLEAN SEC_ENTRY TranslateNameW(LPCWSTR lpAccountName,
                                            EXTENDED_NAME_FORMAT AccountNameFormat,
                                            EXTENDED_NAME_FORMAT DesiredNameFormat,
                                            LPWSTR lpTranslatedName, PULONG nSize);
SEC_EXPORT BOOLEAN SEC_ENTRY TranslateNameA(LPCSTR lpAccountName,
                                            EXTENDED_NAME_FORMAT AccountNameFormat,
                                            EXTENDED_NAME_FORMAT DesiredNameFormat,
                                            LPSTR lpTranslatedName, PULONG nSize);

#ifdef UNICODE
#define GetUserNameEx         GetUserNameExW
#define GetComputerObjectName GetComputerObjectNameW
#define TranslateName         TranslateNameW
#else
#define GetUserNameEx         GetUserNameExA
#define GetComputerObjectName GetComputerObjectNameA
#define TranslateName         TranslateNameA
#endif

OPENSSPI_END

#endif
