/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireCredentialsHandle, AddCredentials, FreeCredentialsHandle,
 * QueryCredentialsAttributes, SetCredentialsAttributes. */
#include <stdio.h>

#include <opensspi/opensspi.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/given.h"
#include "sspi/identity.h"
#include "sspi/impersonation.h"
#include "sspi/objects.h"
#include "sspi/package_list.h"
#include "sspi/text.h"

/* What the ways to acquire, and to add, have in common. */
struct acquisition {
    struct bytes package_utf8, principal_utf8;
    ULONG use;
    const void *logon_id, *get_key;
    const void *identity;
    bool wide;
    const OPENSSPI_OPTION *options;
    size_t n_options;
};

static sec_status
check_acquisition(const struct acquisition *a)
{
    if ((a->use & SECPKG_CRED_BOTH) == 0) {
        return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "sspi: credential use 0x%x", a->use);
    }
    if (a->use & SECPKG_CRED_PROCESS_POLICY_ONLY) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "sspi: a credential for policy alone");
    }
    if (a->logon_id) {
        return sec_fail(SEC_E_NOT_OWNER, "sspi: another logon session's credential");
    }
    if (a->get_key) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: a function to get keys");
    }
    return SEC_E_OK;
}

/* to: what it is added to; NULL: nothing. */
static sec_status
fill_holding(const struct sec_package *package, const struct acquisition *a,
             const struct sec_host *host, const struct holding *to, struct holding *out)
{
    struct identity id = { 0 };
    struct sec_identity view;
    struct sec_acquire_args args = {
        .package = package,
        .use = (enum sec_use)(a->use & SECPKG_CRED_BOTH),
        .restricted = (a->use & SECPKG_CRED_AUTOLOGON_RESTRICTED) != 0,
        .principal = a->principal_utf8,
    };
    const struct token_object *client = impersonation_is_foreign() ? impersonation_current() : NULL;
    sec_status status = SEC_E_OK;

    if (client && !a->identity) {
        /* What is the process's own is not the client's: only what the client delegated is. */
        args.restricted = true;
        if (client->token->level == TOKEN_LEVEL_DELEGATION && (a->use & SECPKG_CRED_OUTBOUND)) {
            args.delegated_cache = client->token->logon->delegated_cache;
            out->delegator = handle_share(client->source);
        }
    }
    if (a->identity) {
        status = identity_decode(a->identity, a->wide, &id);
        view = (struct sec_identity){
            .user = secret_bytes(&id.user),
            .domain = secret_bytes(&id.domain),
            .password = secret_bytes(&id.password),
            .package_list = secret_bytes(&id.package_list),
        };
        args.identity = &view;
    }
    if (status == SEC_E_OK) {
        status = to ? to->cred->package->ops->add(to->cred, package, &args, &out->cred)
                    : package->ops->acquire(host, &args, &out->cred);
    }
    out->use = to ? to->use | args.use : args.use;
    identity_clear(&id);
    return status;
}

static sec_status
make_credential(const struct acquisition *a, const struct sec_package *package,
                struct configuration *configuration, struct credential **out)
{
    struct credential *c;
    sec_status status = check_acquisition(a);

    if (status != SEC_E_OK) {
        return status;
    }
    c = objects_credential_new();
    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    status = fill_holding(package, a, configuration_host(configuration), NULL, &c->first);
    if (status != SEC_E_OK) {
        objects_credential_free(c);
        return status;
    }
    *out = c;
    return SEC_E_OK;
}

/* error is NULL where there are no options. handle NULL: package and options alone are checked. */
static sec_status
acquire_of(const struct sec_package *package, const struct acquisition *a,
           struct config_error *error, PCredHandle handle, PTimeStamp expiry)
{
    struct configuration *configuration = NULL, *own = NULL;
    struct credential *c = NULL;
    struct handle h;
    sec_status status = configuration_current(&configuration);

    if (status == SEC_E_OK && a->n_options) {
        status = configuration_with_options(configuration, a->options, a->n_options, &own, error);
        configuration_unref(configuration);
        configuration = own;
    }
    if (status != SEC_E_OK || !handle) {
        configuration_unref(configuration);
        return status;
    }
    status = make_credential(a, package, configuration, &c);
    if (status != SEC_E_OK) {
        configuration_unref(configuration);
        return status;
    }
    c->configuration = configuration;
    if (!handle_new(HANDLE_CREDENTIAL, c, &h)) {
        objects_credential_free(c);
        return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "sspi: no room for another handle");
    }
    handle->dwLower = h.lower;
    handle->dwUpper = h.upper;
    objects_put_time(expiry, CLOCK_NEVER_100NS);
    sec_reason_clear(); /* that nobody's credentials were found, and the like */
    return SEC_E_OK;
}

static sec_status
acquire(const struct acquisition *a, struct config_error *error, PCredHandle handle,
        PTimeStamp expiry)
{
    const struct sec_package *package = NULL;
    sec_status status;

    sec_reason_clear();
    status = package_list_find(a->package_utf8, &package);
    if (status == SEC_E_OK) {
        status = acquire_of(package, a, error, handle, expiry);
    }
    package_list_release(package);
    return status;
}

static sec_status
read_principal(const SEC_WCHAR *principal, struct wire_writer *utf8)
{
    utf8_put_utf16(utf8, text_of_w(principal));
    switch (wire_writer_status(utf8)) {
    case WIRE_OK: return SEC_E_OK;
    case WIRE_NO_MEMORY: return SEC_E_INSUFFICIENT_MEMORY;
    default: return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "sspi: the principal is not UTF-16");
    }
}

SECURITY_STATUS SEC_ENTRY
AcquireCredentialsHandleA(SEC_CHAR *principal, SEC_CHAR *package, ULONG use, void *logon_id,
                          void *auth_data, SEC_GET_KEY_FN get_key, void *get_key_argument,
                          PCredHandle handle, PTimeStamp expiry)
{
    const struct acquisition a = {
        .package_utf8 = bytes_of_string(package),
        .principal_utf8 = bytes_of_string(principal),
        .use = use,
        .logon_id = logon_id,
        .get_key = (const void *)(uintptr_t)get_key,
        .identity = auth_data,
    };

    if (!handle) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: nowhere to put the handle");
    }
    return acquire(&a, NULL, handle, expiry);
}

SECURITY_STATUS SEC_ENTRY
AcquireCredentialsHandleW(SEC_WCHAR *principal, SEC_WCHAR *package, ULONG use, void *logon_id,
                          void *auth_data, SEC_GET_KEY_FN get_key, void *get_key_argument,
                          PCredHandle handle, PTimeStamp expiry)
{
    SEC_AUTO(wire_writer) utf8 = wire_writer_growing(NULL, 0);
    struct text_name name;
    sec_status status = read_principal(principal, &utf8);
    const struct acquisition a = {
        .package_utf8 = text_name_of(&name, package),
        .principal_utf8 = wire_written(&utf8),
        .use = use,
        .logon_id = logon_id,
        .get_key = (const void *)(uintptr_t)get_key,
        .identity = auth_data,
        .wide = true,
    };

    if (!handle) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: nowhere to put the handle");
    }
    return status == SEC_E_OK ? acquire(&a, NULL, handle, expiry) : status;
}

SECURITY_STATUS SEC_ENTRY
OpenSspiAcquireCredentialsHandle(const char *package, ULONG use, void *auth_data,
                                 const OPENSSPI_OPTION *options, ULONG n_options, char *error,
                                 ULONG error_n, PCredHandle handle, PTimeStamp expiry)
{
    struct config_error why = { "" };
    const struct acquisition a = {
        .package_utf8 = bytes_of_string(package),
        .use = use,
        .identity = auth_data,
        .options = options,
        .n_options = n_options,
    };
    sec_status status = options || !n_options ? acquire(&a, &why, handle, expiry)
                                              : sec_fail(SEC_E_INVALID_PARAMETER,
                                                         "sspi: %u options at NULL", n_options);

    if (error && error_n) {
        (void)snprintf(error, error_n, "%s",
                       status == SEC_E_OK ? ""
                       : why.text[0]      ? why.text
                                          : sec_reason());
    }
    return status;
}

/* --- adding -------------------------------------------------------------------------------- */

/* c->adding is held. */
static sec_status
add_locked(const struct acquisition *a, const struct sec_package *package, struct credential *c)
{
    struct holding *now = atomic_load(&c->now), *more;
    sec_status status;

    if (!now->cred->package->ops->add) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: nothing is added to credentials of %s",
                        now->cred->package->name);
    }
    more = mem_new(sizeof(*more));
    if (!more) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    package = package ? package : now->cred->package;
    status = fill_holding(package, a, configuration_host(c->configuration), now, more);
    if (status != SEC_E_OK) {
        handle_release(more->delegator);
        mem_free(more);
        return status;
    }
    more->before = now;
    atomic_store_explicit(&c->now, more, memory_order_release);
    return SEC_E_OK;
}

/* Contexts that have begun go on with what they began with. */
static sec_status
add(PCredHandle handle, const struct acquisition *a, bool own_package, PTimeStamp expiry)
{
    const struct sec_package *package = NULL;
    SEC_AUTO(handle_ref) ref = { 0 };
    struct credential *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_credential(&ref, handle, &c);
    if (status == SEC_E_OK) {
        status = check_acquisition(a);
    }
    if (status == SEC_E_OK && !own_package) {
        status = package_list_find(a->package_utf8, &package);
    }
    if (status == SEC_E_OK && !(a->use & SECPKG_CRED_INBOUND) && a->principal_utf8.n &&
        !a->identity) {
        status = sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "sspi: a client is named by its identity");
    }
    if (status == SEC_E_OK) {
        (void)pthread_mutex_lock(&c->adding);
        status = add_locked(a, package, c);
        (void)pthread_mutex_unlock(&c->adding);
    }
    package_list_release(package);
    if (status == SEC_E_OK) {
        objects_put_time(expiry, CLOCK_NEVER_100NS);
        sec_reason_clear();
    }
    return status;
}

SECURITY_STATUS SEC_ENTRY
AddCredentialsA(PCredHandle handle, SEC_CHAR *principal, SEC_CHAR *package, ULONG use,
                void *auth_data, SEC_GET_KEY_FN get_key, void *get_key_argument, PTimeStamp expiry)
{
    const struct acquisition a = {
        .package_utf8 = bytes_of_string(package),
        .principal_utf8 = bytes_of_string(principal),
        .use = use,
        .get_key = (const void *)(uintptr_t)get_key,
        .identity = auth_data,
    };

    return add(handle, &a, !package, expiry);
}

SECURITY_STATUS SEC_ENTRY
AddCredentialsW(PCredHandle handle, SEC_WCHAR *principal, SEC_WCHAR *package, ULONG use,
                void *auth_data, SEC_GET_KEY_FN get_key, void *get_key_argument, PTimeStamp expiry)
{
    SEC_AUTO(wire_writer) utf8 = wire_writer_growing(NULL, 0);
    struct text_name name;
    sec_status status = read_principal(principal, &utf8);
    const struct acquisition a = {
        .package_utf8 = text_name_of(&name, package),
        .principal_utf8 = wire_written(&utf8),
        .use = use,
        .get_key = (const void *)(uintptr_t)get_key,
        .identity = auth_data,
        .wide = true,
    };

    return status == SEC_E_OK ? add(handle, &a, !package, expiry) : status;
}

SECURITY_STATUS SEC_ENTRY
FreeCredentialsHandle(PCredHandle handle)
{
    sec_reason_clear();
    if (!handle_delete(HANDLE_CREDENTIAL, objects_handle(handle))) {
        return sec_fail(SEC_E_INVALID_HANDLE, "sspi: not a credential's handle");
    }
    return SEC_E_OK;
}

/* --- attributes ---------------------------------------------------------------------------- */

static sec_status
give_name(const struct credential *c, bool wide, void *buffer)
{
    const struct sec_cred *cred = objects_holding(c)->cred;
    SEC_AUTO(wire_writer) name = wire_writer_growing(NULL, 0);
    sec_status status;

    if (!cred->package->ops->cred_name) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: the package names no credentials");
    }
    status = cred->package->ops->cred_name(cred, &name);
    if (status == SEC_E_OK && wire_writer_status(&name) != WIRE_OK) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status != SEC_E_OK) {
        return status;
    }
    return wide ? given_string_w(wire_written(&name),
                                 &((SecPkgCredentials_NamesW *)buffer)->sUserName)
                : given_string_a(wire_written(&name),
                                 &((SecPkgCredentials_NamesA *)buffer)->sUserName);
}

static sec_status
query(PCredHandle handle, ULONG attribute, void *buffer, size_t n, bool wide)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    struct credential *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_credential(&ref, handle, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    if (attribute != SECPKG_CRED_ATTR_NAMES) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: credential attribute %u", attribute);
    }
    if (!buffer) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: nowhere to put the attribute");
    }
    if (n < sizeof(SecPkgCredentials_NamesW)) {
        return sec_fail(SEC_E_BUFFER_TOO_SMALL, "sspi: a structure of %zu bytes", n);
    }
    return give_name(c, wide, buffer);
}

SECURITY_STATUS SEC_ENTRY
QueryCredentialsAttributesW(PCredHandle handle, ULONG attribute, void *buffer)
{
    return query(handle, attribute, buffer, SIZE_MAX, true);
}

SECURITY_STATUS SEC_ENTRY
QueryCredentialsAttributesA(PCredHandle handle, ULONG attribute, void *buffer)
{
    return query(handle, attribute, buffer, SIZE_MAX, false);
}

SECURITY_STATUS SEC_ENTRY
QueryCredentialsAttributesExW(PCredHandle handle, ULONG attribute, void *buffer, ULONG n)
{
    return query(handle, attribute, buffer, n, true);
}

SECURITY_STATUS SEC_ENTRY
QueryCredentialsAttributesExA(PCredHandle handle, ULONG attribute, void *buffer, ULONG n)
{
    return query(handle, attribute, buffer, n, false);
}

/* A credential is what it was acquired as: a name is not given to it, nor another one's
 * certificate; and libkrb5 takes a KDC's proxy from krb5.conf (kdc = https://...), for a realm and not
 * for a credential. */
static sec_status
set(PCredHandle handle, ULONG attribute)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    struct credential *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_credential(&ref, handle, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: credential attribute %u is not to be set%s",
                    attribute,
                    attribute == SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS
                        ? ": the realm's kdc in krb5.conf may be a proxy's https://"
                        : "");
}

SECURITY_STATUS SEC_ENTRY
SetCredentialsAttributesW(PCredHandle handle, ULONG attribute, void *buffer, ULONG n)
{
    return set(handle, attribute);
}

SECURITY_STATUS SEC_ENTRY
SetCredentialsAttributesA(PCredHandle handle, ULONG attribute, void *buffer, ULONG n)
{
    return set(handle, attribute);
}

/* --- services ------------------------------------------------------------------------------ */

SECURITY_STATUS SEC_ENTRY
OpenSspiCheckService(PCredHandle handle, const char *service)
{
    SEC_AUTO(handle_ref) ref = { 0 };
    const struct holding *held;
    struct credential *c;
    sec_status status;

    sec_reason_clear();
    status = objects_hold_credential(&ref, handle, &c);
    if (status != SEC_E_OK) {
        return status;
    }
    held = objects_holding(c);
    if (!held->cred->package->ops->check_service || !(held->use & SEC_USE_INBOUND)) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "sspi: a credential to which a service's name does not matter");
    }
    return held->cred->package->ops->check_service(held->cred, service);
}
