/* SPDX-License-Identifier: Apache-2.0 */
/* EnumerateSecurityPackages, QuerySecurityPackageInfo. */
#include "sspi/package_info.h"

#include "base/bytes.h"
#include "sspi/given.h"
#include "sspi/package_list.h"
#include "sspi/packages.h"
#include "sspi/text.h"

_Static_assert(sizeof(SecPkgInfoA) == sizeof(SecPkgInfoW), "only the strings differ");

/* Names and comments are ASCII: a character is a unit. */
static size_t
string_bytes(const char *s, bool wide)
{
    return (strlen(s) + 1) * (wide ? sizeof(SEC_WCHAR) : 1);
}

static void *
put_string(uint8_t **at, const char *s, bool wide)
{
    size_t n = strlen(s) + 1;
    uint8_t *start = *at;

    if (wide) {
        for (size_t i = 0; i < n; i++) {
            wire_store_le16(start + 2 * i, (uint8_t)s[i]);
        }
    } else {
        bytes_copy(start, s, n);
    }
    *at += string_bytes(s, wide);
    return start;
}

sec_status
package_info_give(const struct sec_package *const *packages, size_t n, bool wide, void **out)
{
    size_t total = n * sizeof(SecPkgInfoW);
    SecPkgInfoW *info;
    uint8_t *strings;

    for (size_t i = 0; i < n; i++) {
        total += string_bytes(packages[i]->name, wide) + string_bytes(packages[i]->comment, wide);
    }
    info = given_new(total);
    if (!info) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    strings = (uint8_t *)(info + n);
    for (size_t i = 0; i < n; i++) {
        info[i] = (SecPkgInfoW){
            .fCapabilities = packages_capabilities(packages[i]),
            .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
            .wRPCID = packages[i]->rpc_id,
            .cbMaxToken = packages[i]->max_token_bytes,
            .Name = put_string(&strings, packages[i]->name, wide),
            .Comment = put_string(&strings, packages[i]->comment, wide),
        };
    }
    *out = info;
    return SEC_E_OK;
}

static sec_status
enumerate(ULONG *count, void **out, bool wide)
{
    const struct sec_package **all;
    sec_status status;
    size_t n;

    sec_reason_clear();
    if (!count || !out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the packages");
    }
    status = package_list_hold_all(&all, &n);
    if (status != SEC_E_OK) {
        return status;
    }
    status = package_info_give(all, n, wide, out);
    if (status == SEC_E_OK) {
        *count = (ULONG)n;
    }
    package_list_release_all(all, n);
    return status;
}

static sec_status
query(struct bytes name, void **out, bool wide)
{
    const struct sec_package *package = NULL;
    sec_status status;

    sec_reason_clear();
    status = package_list_find(name, &package);
    if (status == SEC_E_OK && !out) {
        status = sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the package");
    }
    if (status == SEC_E_OK) {
        status = package_info_give(&package, 1, wide, out);
    }
    package_list_release(package);
    return status;
}

SECURITY_STATUS SEC_ENTRY
EnumerateSecurityPackagesW(ULONG *count, PSecPkgInfoW *out)
{
    return enumerate(count, (void **)out, true);
}

SECURITY_STATUS SEC_ENTRY
EnumerateSecurityPackagesA(ULONG *count, PSecPkgInfoA *out)
{
    return enumerate(count, (void **)out, false);
}

SECURITY_STATUS SEC_ENTRY
QuerySecurityPackageInfoW(SEC_WCHAR *name, PSecPkgInfoW *out)
{
    struct text_name room;

    return query(text_name_of(&room, name), (void **)out, true);
}

SECURITY_STATUS SEC_ENTRY
QuerySecurityPackageInfoA(SEC_CHAR *name, PSecPkgInfoA *out)
{
    return query(bytes_of_string(name), (void **)out, false);
}
