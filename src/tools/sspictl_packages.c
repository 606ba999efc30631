/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl packages: what the library offers, asked for as any program asks. */
#include <jansson.h>
#include <stdio.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "tools/sspictl.h"

static const struct {
    ULONG bit;
    const char *name;
} capabilities[] = {
    { SECPKG_FLAG_INTEGRITY, "integrity" },
    { SECPKG_FLAG_PRIVACY, "privacy" },
    { SECPKG_FLAG_TOKEN_ONLY, "token-only" },
    { SECPKG_FLAG_DATAGRAM, "datagram" },
    { SECPKG_FLAG_CONNECTION, "connection" },
    { SECPKG_FLAG_MULTI_REQUIRED, "multiple-legs" },
    { SECPKG_FLAG_CLIENT_ONLY, "client-only" },
    { SECPKG_FLAG_EXTENDED_ERROR, "extended-error" },
    { SECPKG_FLAG_IMPERSONATION, "impersonation" },
    { SECPKG_FLAG_ACCEPT_WIN32_NAME, "win32-names" },
    { SECPKG_FLAG_STREAM, "stream" },
    { SECPKG_FLAG_NEGOTIABLE, "negotiable" },
    { SECPKG_FLAG_GSS_COMPATIBLE, "gss-compatible" },
    { SECPKG_FLAG_LOGON, "logon" },
    { SECPKG_FLAG_MUTUAL_AUTH, "mutual-authentication" },
    { SECPKG_FLAG_DELEGATION, "delegation" },
    { SECPKG_FLAG_READONLY_WITH_CHECKSUM, "checksum-only-buffers" },
    { SECPKG_FLAG_RESTRICTED_TOKENS, "restricted-tokens" },
    { SECPKG_FLAG_NEGOTIABLE2, "negotiable-2" },
};

static void
print_text(const SecPkgInfoA *p)
{
    (void)printf("%s: %s\n    token up to %u bytes, RPC id %u\n   ", p->Name, p->Comment,
                 (unsigned)p->cbMaxToken, p->wRPCID);
    for (size_t i = 0; i < SEC_ARRAY_LEN(capabilities); i++) {
        if (p->fCapabilities & capabilities[i].bit) {
            (void)printf(" %s", capabilities[i].name);
        }
    }
    (void)printf("\n");
}

static json_t *
json_of(const SecPkgInfoA *p)
{
    json_t *names = json_array();

    for (size_t i = 0; i < SEC_ARRAY_LEN(capabilities); i++) {
        if (p->fCapabilities & capabilities[i].bit) {
            (void)json_array_append_new(names, json_string(capabilities[i].name));
        }
    }
    return json_pack("{s:s, s:s, s:I, s:i, s:I, s:o}", "name", p->Name, "comment", p->Comment,
                     "max_token", (json_int_t)p->cbMaxToken, "rpc_id", (int)p->wRPCID, "flags",
                     (json_int_t)p->fCapabilities, "capabilities", names);
}

static int
print_json(const SecPkgInfoA *packages, ULONG n)
{
    json_t *all = json_array();
    int failed;

    for (ULONG i = 0; i < n; i++) {
        (void)json_array_append_new(all, json_of(&packages[i]));
    }
    failed = json_dumpf(all, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(all);
    return failed ? SSPICTL_FAILED : SSPICTL_DONE;
}

int
sspictl_packages(const char *config_file, int argc, char **argv)
{
    bool json = false;
    SecPkgInfoA *packages;
    SECURITY_STATUS status = SEC_E_OK;
    int result = SSPICTL_DONE;
    ULONG n;

    if (!sspictl_take_json(argc, argv, "packages", &json)) {
        return SSPICTL_USAGE;
    }
    if (config_file) {
        status = OpenSspiLoadConfiguration(config_file, NULL, 0);
    }
    if (status == SEC_E_OK) {
        status = EnumerateSecurityPackagesA(&n, &packages);
    }
    if (status != SEC_E_OK) {
        (void)fprintf(stderr, "sspictl: no packages: %s\n",
                      OpenSspiReason()[0] ? OpenSspiReason() : OpenSspiStatusName(status));
        return SSPICTL_FAILED;
    }
    if (json) {
        result = print_json(packages, n);
    }
    for (ULONG i = 0; i < n && !json; i++) {
        print_text(&packages[i]);
    }
    (void)FreeContextBuffer(packages);
    return result;
}
