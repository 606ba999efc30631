/* SPDX-License-Identifier: Apache-2.0 */
/* What a package of others offers, and what it is offered. */
#include "sspi/loaded_package.h"

#include "base/clock.h"
#include "crypto/random.h"
#include "sspi/packages.h"

/* No table of this version has reason to be larger, also when it has grown. */
enum { TABLE_BYTES_MAX = 4096, REASON_BYTES = 400 };

/* What no function shows, and the library keeps for a package. */
static const uint32_t own_capabilities =
    SECPKG_FLAG_TOKEN_ONLY | SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED |
    SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_IMPERSONATION | SECPKG_FLAG_ACCEPT_WIN32_NAME |
    SECPKG_FLAG_LOGON | SECPKG_FLAG_MUTUAL_AUTH | SECPKG_FLAG_READONLY_WITH_CHECKSUM;

/* --- what it is offered -------------------------------------------------------------------- */

static BOOLEAN WINAPI
host_random(void *to, ULONG n)
{
    return random_bytes(to, n);
}

static ULONGLONG WINAPI
host_now(void)
{
    return clock_now_100ns();
}

static void WINAPI
host_reason(const char *reason)
{
    if (reason) {
        (void)sec_fail(SEC_E_INTERNAL_ERROR, "%.*s", REASON_BYTES, reason);
    }
}

const OPENSSPI_PACKAGE_HOST loaded_package_host = {
    .cbSize = sizeof(OPENSSPI_PACKAGE_HOST),
    .Version = OPENSSPI_PACKAGE_VERSION,
    .Random = host_random,
    .Now = host_now,
    .Reason = host_reason,
};

/* --- what it offers ------------------------------------------------------------------------ */

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Names stand in lists and in configuration files. */
static sec_status
take_name(struct loaded_package *p, const char *name)
{
    size_t n = name ? strnlen(name, sizeof(p->name)) : 0;
    bool good = n > 0 && n < sizeof(p->name) && is_letter(name[0]);

    for (size_t i = 0; good && i < n; i++) {
        good = is_letter(name[i]) || (name[i] >= '0' && name[i] <= '9') || name[i] == '-' ||
               name[i] == '_' || name[i] == '.';
    }
    if (!good) {
        return sec_fail(SEC_E_CANNOT_INSTALL,
                        "its name is none: expected 1 to %d letters, digits, "
                        "'-', '_' and '.', a letter first",
                        OPENSSPI_PACKAGE_NAME_MAX);
    }
    bytes_copy(p->name, name, n);
    return SEC_E_OK;
}

static sec_status
take_comment(struct loaded_package *p, const char *comment)
{
    size_t n = comment ? strnlen(comment, sizeof(p->comment)) : 0;
    bool good = comment && n < sizeof(p->comment);

    for (size_t i = 0; good && i < n; i++) {
        good = comment[i] >= ' ' && comment[i] <= '~';
    }
    if (!good) {
        return sec_fail(SEC_E_CANNOT_INSTALL,
                        "its comment is none: expected up to %d printable "
                        "characters of ASCII",
                        OPENSSPI_PACKAGE_COMMENT_MAX);
    }
    bytes_copy(p->comment, comment, n);
    return SEC_E_OK;
}

static sec_status
check_functions(const OPENSSPI_PACKAGE *t)
{
    if (!t->AcquireCredential || !t->FreeCredential || !t->OpenContext || !t->InitializeContext ||
        !t->AcceptContext || !t->DeleteContext || !t->QueryContext) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "a function is missing in its table");
    }
    if (!t->MakeSignature != !t->VerifySignature || !t->EncryptMessage != !t->DecryptMessage) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "one function of a pair is missing in its table");
    }
    return SEC_E_OK;
}

/* Behind the size and the version. */
static sec_status
check_values(struct loaded_package *p)
{
    const OPENSSPI_PACKAGE *t = &p->table;

    if (t->Capabilities & ~own_capabilities ||
        !packages_traits(t->Capabilities, &p->package.traits)) {
        return sec_fail(SEC_E_CANNOT_INSTALL,
                        "its capabilities are 0x%x, of which 0x%x are not a "
                        "package's to claim",
                        t->Capabilities, t->Capabilities & ~own_capabilities);
    }
    if (t->cbMaxToken == 0 || t->cbMaxToken > OPENSSPI_PACKAGE_TOKEN_MAX) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "its tokens have up to %u bytes: expected 1 to %d",
                        t->cbMaxToken, OPENSSPI_PACKAGE_TOKEN_MAX);
    }
    for (size_t i = 0; i < packages_count; i++) {
        if (t->RpcId == packages_all[i]->rpc_id && t->RpcId != SECPKG_ID_NONE) {
            return sec_fail(SEC_E_CANNOT_INSTALL, "its RPC id is %u, which is that of %s", t->RpcId,
                            packages_all[i]->name);
        }
    }
    return check_functions(t);
}

sec_status
loaded_package_take(const OPENSSPI_PACKAGE *offered, struct loaded_package *p)
{
    ULONG size = offered->cbSize;
    sec_status status;

    if (size < sizeof(p->table) || size > TABLE_BYTES_MAX) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "its table has %u bytes: expected %zu or more", size,
                        sizeof(p->table));
    }
    if (offered->Version != OPENSSPI_PACKAGE_VERSION) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "its table is of version %u: expected %d",
                        offered->Version, OPENSSPI_PACKAGE_VERSION);
    }
    p->table = *offered;
    status = take_name(p, p->table.pszName);
    if (status == SEC_E_OK) {
        status = take_comment(p, p->table.pszComment);
    }
    if (status == SEC_E_OK) {
        status = check_values(p);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    p->package.name = p->name;
    p->package.comment = p->comment;
    p->package.rpc_id = p->table.RpcId;
    p->package.max_token_bytes = p->table.cbMaxToken;
    p->package.ops = &p->ops;
    loaded_package_set_ops(p);
    return SEC_E_OK;
}
