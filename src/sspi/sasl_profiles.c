/* SPDX-License-Identifier: Apache-2.0 */
/* SaslEnumerateProfiles, SaslGetProfilePackage, SaslIdentifyPackage: SASL's mechanisms and the
 * packages that they are. */
#include <opensspi/sspi.h>

#include "codec/spnego_msg.h"
#include "sspi/buffers.h"
#include "sspi/given.h"
#include "sspi/package_info.h"
#include "sspi/packages.h"
#include "sspi/sasl.h"
#include "sspi/text.h"

static const struct sasl_profile profiles[] = {
    { .name = "GSS-SPNEGO", .package = "Negotiate" },
    { .name = "GSSAPI", .package = "Kerberos", .offers_layers = true },
    { .name = "NTLM", .package = "NTLM" },
};

static const struct sec_package *
package_of(const struct sasl_profile *p)
{
    return packages_find(bytes_of_string(p->package));
}

const struct sasl_profile *
sasl_profile_of(const struct sec_package *package)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(profiles); i++) {
        if (package_of(&profiles[i]) == package) {
            return &profiles[i];
        }
    }
    return NULL;
}

/* --- enumerated ---------------------------------------------------------------------------- */

/* Names are ASCII: a character is a unit. Each ends with a NUL, and so does the list. */
static void
put_list(struct wire_writer *w, bool wide, ULONG *count)
{
    *count = 0;
    for (size_t i = 0; i < SEC_ARRAY_LEN(profiles); i++) {
        const char *name = profiles[i].name;

        if (!package_of(&profiles[i])) {
            continue;
        }
        for (size_t at = 0; at <= strlen(name); at++) {
            wire_put_u8(w, (uint8_t)name[at]);
            wire_put_zero(w, wide ? 1 : 0);
        }
        *count += 1;
    }
    wire_put_zero(w, wide ? sizeof(SEC_WCHAR) : 1);
}

static sec_status
enumerate(void **list, ULONG *count, bool wide)
{
    uint8_t room[128];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    ULONG n;
    void *given;

    sec_reason_clear();
    if (!list || !count) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sasl: nowhere to put the profiles");
    }
    put_list(&w, wide, &n);
    if (wire_writer_status(&w) != WIRE_OK) {
        return sec_fail(SEC_E_INTERNAL_ERROR, "sasl: the list of profiles is too long");
    }
    given = given_new(w.len);
    if (!given) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    bytes_copy(given, w.p, w.len);
    *list = given;
    *count = n;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY
SaslEnumerateProfilesW(LPWSTR *list, ULONG *count)
{
    return enumerate((void **)list, count, true);
}

SECURITY_STATUS SEC_ENTRY
SaslEnumerateProfilesA(LPSTR *list, ULONG *count)
{
    return enumerate((void **)list, count, false);
}

/* --- by name ------------------------------------------------------------------------------- */

static sec_status
give_package(const struct sec_package *package, void **out, bool wide)
{
    if (!out) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sasl: nowhere to put the package");
    }
    return package_info_give(&package, 1, wide, out);
}

static sec_status
get_package(struct bytes name, void **out, bool wide)
{
    const struct sec_package *package = NULL;

    sec_reason_clear();
    for (size_t i = 0; i < SEC_ARRAY_LEN(profiles); i++) {
        if (bytes_equal_nocase(bytes_of_string(profiles[i].name), name)) {
            package = package_of(&profiles[i]);
        }
    }
    if (!package) {
        return sec_fail(SEC_E_SECPKG_NOT_FOUND, "sasl: no profile of that name");
    }
    return give_package(package, out, wide);
}

SECURITY_STATUS SEC_ENTRY
SaslGetProfilePackageW(LPWSTR name, PSecPkgInfoW *out)
{
    struct text_name room;

    return get_package(text_name_of(&room, name), (void **)out, true);
}

SECURITY_STATUS SEC_ENTRY
SaslGetProfilePackageA(LPSTR name, PSecPkgInfoA *out)
{
    return get_package(bytes_of_string(name), (void **)out, false);
}

/* --- by a first token ---------------------------------------------------------------------- */

static bool
has_oid(const struct bytes *oids, size_t n, struct bytes oid)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(oids[i], oid)) {
            return true;
        }
    }
    return false;
}

static bool
begins_as(const struct sec_package *p, struct bytes token, struct bytes oid)
{
    if (oid.n) {
        return has_oid(p->oids, p->n_oids, oid) || has_oid(p->other_oids, p->n_other_oids, oid);
    }
    return p->raw_token_prefix.n && bytes_starts_with(token, p->raw_token_prefix);
}

/* A frame of GSS-API names its mechanism; NTLM's messages begin with its name. */
static const struct sec_package *
identify_token(struct bytes token)
{
    struct bytes oid = spnego_token_mech(token);

    if (bytes_equal(oid, spnego_oid)) {
        return packages_find(bytes_of_string("Negotiate"));
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(profiles); i++) {
        const struct sec_package *p = package_of(&profiles[i]);

        if (p && begins_as(p, token, oid)) {
            return p;
        }
    }
    return NULL;
}

static sec_status
identify(const SecBufferDesc *input, void **out, bool wide)
{
    const struct sec_package *package;
    struct bytes token = { 0 };
    const SecBuffer *buffer;
    sec_status status;

    sec_reason_clear();
    status = buffers_check(input);
    if (status != SEC_E_OK) {
        return status;
    }
    buffer = buffers_find(input, SECBUFFER_TOKEN);
    if (!buffer) {
        return sec_fail(SEC_E_INVALID_TOKEN, "sasl: no TOKEN buffer to look at");
    }
    status = buffers_view(buffer, &token);
    if (status != SEC_E_OK) {
        return status;
    }
    package = identify_token(token);
    if (!package) {
        return sec_fail(SEC_E_SECPKG_NOT_FOUND, "sasl: no profile begins with such a token");
    }
    return give_package(package, out, wide);
}

SECURITY_STATUS SEC_ENTRY
SaslIdentifyPackageW(PSecBufferDesc input, PSecPkgInfoW *out)
{
    return identify(input, (void **)out, true);
}

SECURITY_STATUS SEC_ENTRY
SaslIdentifyPackageA(PSecBufferDesc input, PSecPkgInfoA *out)
{
    return identify(input, (void **)out, false);
}
