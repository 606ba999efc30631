/* SPDX-License-Identifier: Apache-2.0 */
/* What a package can do, as SecPkgInfo says it; and finding one by name. */
#include <opensspi/sspi.h>

#include "sspi/packages.h"

const struct sec_package *
packages_find(struct bytes name)
{
    for (size_t i = 0; i < packages_count; i++) {
        if (bytes_equal_nocase(bytes_of_string(packages_all[i]->name), name)) {
            return packages_all[i];
        }
    }
    return NULL;
}

static const struct {
    uint32_t trait, flag;
} trait_flags[] = {
    { SEC_TRAIT_TOKEN_ONLY, SECPKG_FLAG_TOKEN_ONLY },
    { SEC_TRAIT_CONNECTION, SECPKG_FLAG_CONNECTION },
    { SEC_TRAIT_MULTI_REQUIRED, SECPKG_FLAG_MULTI_REQUIRED },
    { SEC_TRAIT_WIN32_NAMES, SECPKG_FLAG_ACCEPT_WIN32_NAME },
    { SEC_TRAIT_LOGON, SECPKG_FLAG_LOGON },
    { SEC_TRAIT_EXTENDED_ERROR, SECPKG_FLAG_EXTENDED_ERROR },
    { SEC_TRAIT_GSS_COMPATIBLE, SECPKG_FLAG_GSS_COMPATIBLE },
    { SEC_TRAIT_IMPERSONATION, SECPKG_FLAG_IMPERSONATION },
    { SEC_TRAIT_MUTUAL_AUTH, SECPKG_FLAG_MUTUAL_AUTH },
    { SEC_TRAIT_DELEGATION, SECPKG_FLAG_DELEGATION },
    { SEC_TRAIT_READONLY_CHECKSUM, SECPKG_FLAG_READONLY_WITH_CHECKSUM },
};

uint32_t
packages_capabilities(const struct sec_package *p)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(trait_flags); i++) {
        if (p->traits & trait_flags[i].trait) {
            flags |= trait_flags[i].flag;
        }
    }
    if (p->ops->sign && p->ops->verify) {
        flags |= SECPKG_FLAG_INTEGRITY;
    }
    if (p->ops->seal && p->ops->unseal) {
        flags |= SECPKG_FLAG_PRIVACY;
    }
    if (p->n_oids) {
        flags |= SECPKG_FLAG_NEGOTIABLE;
    }
    return flags;
}

bool
packages_traits(uint32_t flags, uint32_t *traits)
{
    *traits = 0;
    for (size_t i = 0; i < SEC_ARRAY_LEN(trait_flags); i++) {
        if (flags & trait_flags[i].flag) {
            *traits |= trait_flags[i].trait;
            flags &= ~trait_flags[i].flag;
        }
    }
    return flags == 0;
}
