/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: what a caller hands to AcquireCredentialsHandle, in any of its public layouts, as
 * one structure. */
#ifndef SSPI_IDENTITY_H
#define SSPI_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/secret.h"
#include "base/status.h"

/* In UTF-16 code units. User and password: the documented limits of NTLM and Negotiate; a domain
 * may be a DNS name, so it has the same and not the 15 of a NetBIOS name. The list of packages:
 * room for the names of all that there are. */
enum { IDENTITY_MAX_UNITS = 256, IDENTITY_MAX_LIST_UNITS = 1024 };

/* Texts are UTF-16LE without a terminator. { 0 } is an empty identity. */
struct identity {
    struct secret user, domain, password, package_list;
    bool null_user, null_domain, null_password; /* not given at all, which is not empty */
    uint32_t flags; /* SEC_WINNT_AUTH_IDENTITY_*, as given, but for the width of the text */
};

enum identity_layout { IDENTITY_PLAIN, IDENTITY_EX, IDENTITY_EX2, IDENTITY_NONE };

/* Which structure it is. NONE: NULL, or a version followed by an impossible length. */
enum identity_layout identity_layout_of(const void *auth_data);

/* Reads a SEC_WINNT_AUTH_IDENTITY, _EX or _EX2; wide_call: whether a structure without ANSI and
 * UNICODE flags holds UTF-16. *out is owned by the caller (identity_clear) and empty on failure.
 * What texts may hold: identity_text.h. SEC_E_UNKNOWN_CREDENTIALS: not an identity, or one that
 * another process encrypted; SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status identity_decode(const void *auth_data, bool wide_call,
                                         struct identity *out);

/* Whether the structure's flags say that its secrets are encrypted, by whomever. */
bool identity_is_encrypted(const void *auth_data);

void identity_clear(struct identity *identity);
void identity_auto(struct identity *identity);

#endif
