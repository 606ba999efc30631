/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users and of the computer, as this system and the library have them. UTF-8; functions
 * answer a Win32 code. */
#ifndef COMPAT_NAME_H
#define COMPAT_NAME_H

#include <stddef.h>
#include <windows.h>

#include "base/attributes.h"

/* A name's longest form: DNS gives 255, user names and display names are shorter. */
#define COMPAT_NAME_BYTES 1024

struct compat_name {
    char text[COMPAT_NAME_BYTES];
};

/* ERROR_BUFFER_OVERFLOW: it is longer. */
SEC_NODISCARD DWORD compat_name_put(struct compat_name *, const char *text, size_t n);

/* A user of this system, or, where user is NULL, the effective one: its name, and its full name (the
 * first part of GECOS). ERROR_NONE_MAPPED: there is no such user. */
SEC_NODISCARD DWORD compat_name_of_user(const char *user, struct compat_name *bare,
                                        struct compat_name *display);

/* The client that the calling thread acts as; ERROR_NO_TOKEN: it acts as the process. */
SEC_NODISCARD DWORD compat_name_of_client(struct compat_name *bare, struct compat_name *domain,
                                          struct compat_name *principal);

/* The first label in upper case, at most 15 characters: NetBIOS' limit. */
SEC_NODISCARD DWORD compat_name_of_computer(struct compat_name *);

#endif
