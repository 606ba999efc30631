/* SPDX-License-Identifier: Apache-2.0 */
/* Names for groups that a PAC names by SID alone. */
#ifndef KERBEROS_GROUP_NAME_H
#define KERBEROS_GROUP_NAME_H

#include "codec/sid.h"

/* The fixed English name of a well-known group, or of one that every domain has and whose domain is
 * the account's own: a rule for "Domain Admins" must not meet those of another domain. NULL: only
 * the domain's controllers know what it is called. Static. */
const char *krb_group_name(const struct sid *sid, const struct sid *domain);

#endif
