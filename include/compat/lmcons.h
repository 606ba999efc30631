/* SPDX-License-Identifier: Apache-2.0 */
/* Longest names, in characters without the NUL. Source: the public documentation of lmcons.h. */
#ifndef OPENSSPI_COMPAT_LMCONS_H
#define OPENSSPI_COMPAT_LMCONS_H

#include <opensspi/wintypes.h>

#define CNLEN                   15    /* a computer */
#define DNLEN                   CNLEN /* a domain */
#define UNLEN                   256   /* a user */
#define GNLEN                   UNLEN /* a group */
#define PWLEN                   256   /* a password */
#define UNCLEN                  (CNLEN + 2)
#define MAX_COMPUTERNAME_LENGTH 15

typedef DWORD NET_API_STATUS;
#define NERR_Success 0

#endif
