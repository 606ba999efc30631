/* SPDX-License-Identifier: Apache-2.0 */
/* What libopensspi asks of libopensspi-directory, which it loads when it first has something to ask:
 * LDAP comes into the process with it. */
#ifndef DIRECTORY_DIRECTORY_H
#define DIRECTORY_DIRECTORY_H

#include <stddef.h>

#include <opensspi/sspi.h>

enum { DIRECTORY_WHY_BYTES = 512 };

struct directory_question {
    size_t size;            /* of this structure, as who asks was compiled with it */
    PCredHandle credential; /* outbound, Kerberos' */
    const char *principal;  /* whose it is: "alice@EXAMPLE.TEST" */
    const char *servers;    /* [names] directory: "dns", or "ldap://HOST[:PORT] …" */
    ULONG format, wanted;   /* EXTENDED_NAME_FORMAT */
    const char *name;       /* UTF-8; NULL: the credential's own */
    void (*take)(void *user, const char *name); /* called once, before SEC_E_OK; UTF-8 */
    void *user;
    char *why; /* DIRECTORY_WHY_BYTES: the reason of a failure */
};

/*
 * Who in the credential's domain goes by a name, and what it is called in the format wanted. Blocks, for
 * seconds at most, but for what the resolver and libkrb5 take.
 *   SEC_E_TARGET_UNKNOWN               nobody, or several; or it has no such name
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY  no domain controller answers
 *   SEC_E_NO_CREDENTIALS               there is no ticket for it
 *   SEC_E_LOGON_DENIED                 it is none, or does not believe us; or what it says is nothing
 *   SEC_E_INVALID_PARAMETER, SEC_E_INSUFFICIENT_MEMORY
 */
typedef SECURITY_STATUS (*directory_ask)(const struct directory_question *);
#define DIRECTORY_ENTRY  "opensspi_directory_ask"
#define DIRECTORY_SONAME "libopensspi-directory.so.0"

#endif
