/* SPDX-License-Identifier: Apache-2.0 */
/* Well-known SIDs: their fixed English names, and Windows' numbers for them ([MS-DTYP] 2.4.2.4). */
#ifndef CODEC_SID_NAME_H
#define CODEC_SID_NAME_H

#include "codec/sid.h"

/* What a SID stands for: SID_NAME_USE. */
enum sid_use {
    SID_USE_USER = 1,
    SID_USE_GROUP = 2,
    SID_USE_DOMAIN = 3,
    SID_USE_ALIAS = 4,
    SID_USE_WELL_KNOWN = 5,
    SID_USE_UNKNOWN = 8,
    SID_USE_LABEL = 10,
};

enum { SID_TYPE_NONE = -1 };

struct sid_name {
    uint32_t rid; /* the last part */
    int type;     /* WELL_KNOWN_SID_TYPE; SID_TYPE_NONE: no number */
    enum sid_use use;
    const char *name;
};

/* A well-known SID, or one that every domain has and whose domain is this one: a rule for "Domain
 * Admins" must not meet those of another domain. domain may be NULL. NULL: only the domain's
 * controllers know what it is called. Static. */
const struct sid_name *sid_name_find(const struct sid *sid, const struct sid *domain);
/* Its name; NULL too where it is a user's or a domain's and no group's. */
const char *sid_name_of_group(const struct sid *sid, const struct sid *domain);
/* What stands before the name: "BUILTIN", "NT AUTHORITY", or "". */
const char *sid_name_authority(const struct sid *sid);

/* By name, without case, "BUILTIN\Administrators" or the name alone; not those of domains. */
SEC_NODISCARD bool sid_name_parse(struct sid *out, struct bytes name);
/* By Windows' number; those of a domain are domain's, which may be NULL. */
SEC_NODISCARD bool sid_name_of_type(struct sid *out, int type, const struct sid *domain);
/* Whether a SID is the one of that number, of whatever domain. */
bool sid_name_is_of_type(const struct sid *sid, int type);

#endif
