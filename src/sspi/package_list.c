/* SPDX-License-Identifier: Apache-2.0 */
/* AddSecurityPackage, DeleteSecurityPackage, and the list of what they load (docs/decisions/0035). */
#include "sspi/package_list.h"

#include <pthread.h>

#include <opensspi/sspi.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/configuration.h"
#include "sspi/impersonation.h"
#include "sspi/package_loader.h"
#include "sspi/packages.h"
#include "sspi/text.h"

enum { LOADED_MAX = 32 };

/* loading: held by who loads or unloads, from beginning to end. lock: what the list's readers hold;
 * a package's code is never run under it. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct loaded_package *list; /* as they were loaded; changed under both */

static void
before_fork(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void
after_fork(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* A child has no other thread that could release them. Who loads in another thread of the parent does
 * not do so in the child. */
static void
in_child(void)
{
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_mutex_init(&loading, NULL);
}

static void
watch_fork(void)
{
    (void)pthread_atfork(before_fork, after_fork, in_child);
}

static void
begin_loading(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;

    (void)pthread_once(&watched, watch_fork);
    (void)pthread_mutex_lock(&loading);
}

static void
end_loading(void)
{
    (void)pthread_mutex_unlock(&loading);
}

/* --- looking up ---------------------------------------------------------------------------- */

static bool
is_called(const struct loaded_package *p, struct bytes name)
{
    return bytes_equal_nocase(bytes_of_string(p->name), name);
}

/* One of those two is held. */
static struct loaded_package *
find_loaded(struct bytes name)
{
    struct loaded_package *p = list;

    while (p && !is_called(p, name)) {
        p = p->next;
    }
    return p;
}

/* Only who has looked a package up under the lock makes its references more. */
static const struct sec_package *
hold_loaded(struct bytes name)
{
    struct loaded_package *p;

    (void)pthread_mutex_lock(&lock);
    p = find_loaded(name);
    if (p) {
        atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&lock);
    return p ? &p->package : NULL;
}

/* Whatever the configuration loads is in the list afterwards. */
static sec_status
read_configuration(void)
{
    struct configuration *configuration = NULL;
    sec_status status = configuration_current(&configuration);

    configuration_unref(configuration);
    return status;
}

sec_status
package_list_find(struct bytes name, const struct sec_package **out)
{
    sec_status status;

    *out = packages_find(name);
    if (*out) {
        return SEC_E_OK;
    }
    *out = hold_loaded(name);
    if (*out) {
        return SEC_E_OK;
    }
    status = read_configuration();
    *out = status == SEC_E_OK ? hold_loaded(name) : NULL;
    if (!*out && status == SEC_E_OK) {
        status = sec_fail(SEC_E_SECPKG_NOT_FOUND, "sspi: no package of that name");
    }
    return status;
}

static bool
is_builtin(const struct sec_package *p)
{
    for (size_t i = 0; i < packages_count; i++) {
        if (packages_all[i] == p) {
            return true;
        }
    }
    return false;
}

void
package_list_release(const struct sec_package *p)
{
    if (p && !is_builtin(p)) {
        struct loaded_package *loaded = (struct loaded_package *)(uintptr_t)p;

        atomic_fetch_sub_explicit(&loaded->references, 1, memory_order_release);
    }
}

sec_status
package_list_hold_all(const struct sec_package ***out, size_t *n)
{
    const struct sec_package **all = mem_new_array(packages_count + LOADED_MAX, sizeof(*all));
    sec_status status = all ? read_configuration() : SEC_E_INSUFFICIENT_MEMORY;

    if (status != SEC_E_OK) {
        mem_free(all);
        return status;
    }
    for (*n = 0; *n < packages_count; ++*n) {
        all[*n] = packages_all[*n];
    }
    (void)pthread_mutex_lock(&lock);
    for (struct loaded_package *p = list; p; p = p->next) {
        atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
        all[(*n)++] = &p->package;
    }
    (void)pthread_mutex_unlock(&lock);
    *out = all;
    return SEC_E_OK;
}

void
package_list_release_all(const struct sec_package **all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        package_list_release(all[i]);
    }
    mem_free(all);
}

/* --- adding -------------------------------------------------------------------------------- */

/* loading is held. */
static sec_status
enter(struct loaded_package *p)
{
    struct loaded_package **end = &list;
    size_t n = 0;

    if (packages_find(bytes_of_string(p->name)) || find_loaded(bytes_of_string(p->name))) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "its name, %s, is another package's", p->name);
    }
    for (; *end; end = &(*end)->next) {
        if ((*end)->package.rpc_id == p->package.rpc_id && p->package.rpc_id != SECPKG_ID_NONE) {
            return sec_fail(SEC_E_CANNOT_INSTALL, "its RPC id is %u, which is that of %s",
                            p->package.rpc_id, (*end)->name);
        }
        n++;
    }
    if (n == LOADED_MAX) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "%d packages are loaded, and no more can be",
                        LOADED_MAX);
    }
    (void)pthread_mutex_lock(&lock);
    *end = p;
    (void)pthread_mutex_unlock(&lock);
    return SEC_E_OK;
}

/* loading is held. Whose files are trusted depends on who asks, and what is loaded is loaded for all:
 * a thread that acts as a client loads nothing. */
static sec_status
load(const char *path)
{
    struct loaded_package *p = NULL;
    sec_status status;

    if (impersonation_current()) {
        return sec_fail(SEC_E_NOT_OWNER, "the calling thread acts as a client");
    }
    status = package_loader_open(path, list, &p);
    if (status == SEC_E_OK) {
        status = enter(p);
        if (status != SEC_E_OK) {
            package_loader_close(p);
        }
    }
    return status;
}

/* The reason of a failure, with the file's name in front. */
static sec_status
name_file(sec_status status, const char *where, const char *path)
{
    char reason[SEC_REASON_BYTES];
    size_t n = strlen(sec_reason());

    if (status == SEC_E_INSUFFICIENT_MEMORY) {
        return status;
    }
    bytes_copy(reason, sec_reason(), n + 1);
    return sec_fail(status, "%s%.200s: %.280s", where, path, reason);
}

static bool
is_loaded(const char *path)
{
    for (const struct loaded_package *p = list; p; p = p->next) {
        if (bytes_equal(bytes_of_string(p->path), bytes_of_string(path))) {
            return true;
        }
    }
    return false;
}

sec_status
package_list_load(const char *paths)
{
    sec_status status = SEC_E_OK;

    if (!paths[0]) {
        return SEC_E_OK;
    }
    begin_loading();
    for (const char *at = paths + strspn(paths, " \t"); *at && status == SEC_E_OK;) {
        size_t n = strcspn(at, " \t");
        char *path = mem_dup(at, n);

        if (!path) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        } else if (!is_loaded(path) && load(path) != SEC_E_OK) {
            status = name_file(SEC_E_INVALID_PARAMETER, "[packages] load: ", path);
        }
        mem_free(path);
        at += n;
        at += strspn(at, " \t");
    }
    end_loading();
    return status;
}

/* Nobody here can verify a signature, and no file of the system's is written. */
static sec_status
check_options(const SECURITY_PACKAGE_OPTIONS *o)
{
    if (!o) {
        return SEC_E_OK;
    }
    if (o->Size < sizeof(*o) || o->Type > SECPKG_OPTIONS_TYPE_SSPI ||
        o->Flags & ~(ULONG)SECPKG_OPTIONS_PERMANENT || (o->SignatureSize && !o->Signature)) {
        return sec_fail(SEC_E_INVALID_PARAMETER,
                        "sspi: package options of %u bytes, type %u, flags 0x%x", o->Size, o->Type,
                        o->Flags);
    }
    if (o->Type == SECPKG_OPTIONS_TYPE_LSA) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "sspi: there is no LSA to add a package to");
    }
    if (o->Flags & SECPKG_OPTIONS_PERMANENT) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "sspi: what is added for good stands in [packages] of opensspi.conf");
    }
    if (o->SignatureSize) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "sspi: signatures of packages mean nothing here: "
                        "the file's owner does");
    }
    return SEC_E_OK;
}

static sec_status
add(const char *path, const SECURITY_PACKAGE_OPTIONS *options)
{
    sec_status status = check_options(options);

    if (status == SEC_E_OK && path[0] != '/') {
        status = sec_fail(SEC_E_INVALID_PARAMETER,
                          "sspi: expected the absolute path of a package's file");
    }
    if (status == SEC_E_OK) {
        status = read_configuration();
    }
    if (status != SEC_E_OK) {
        return status;
    }
    begin_loading();
    status = load(path);
    end_loading();
    return status == SEC_E_OK ? status : name_file(status, "sspi: ", path);
}

SECURITY_STATUS SEC_ENTRY
AddSecurityPackageA(LPSTR pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions)
{
    sec_reason_clear();
    return add(pszPackageName ? pszPackageName : "", pOptions);
}

SECURITY_STATUS SEC_ENTRY
AddSecurityPackageW(LPWSTR pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions)
{
    SEC_AUTO(wire_writer) path = wire_writer_growing(NULL, 0);

    sec_reason_clear();
    utf8_put_utf16(&path, text_of_w(pszPackageName));
    wire_put_u8(&path, 0);
    if (wire_writer_status(&path) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return add(wire_writer_status(&path) == WIRE_OK ? (const char *)path.p : "", pOptions);
}

/* --- taking away --------------------------------------------------------------------------- */

/* Out of the list, if nobody refers to it; loading is held. */
static sec_status
take_out(struct bytes name, struct loaded_package **out)
{
    struct loaded_package **at = &list;
    unsigned references;

    while (*at && !is_called(*at, name)) {
        at = &(*at)->next;
    }
    *out = *at;
    if (!*at) {
        return sec_fail(SEC_E_SECPKG_NOT_FOUND, "sspi: no package of that name");
    }
    (void)pthread_mutex_lock(&lock);
    references = atomic_load_explicit(&(*at)->references, memory_order_acquire);
    if (references == 0) {
        *at = (*out)->next;
    }
    (void)pthread_mutex_unlock(&lock);
    return references ? sec_fail(SEC_E_OUT_OF_SEQUENCE,
                                 "sspi: the package is in use: %u credentials or calls", references)
                      : SEC_E_OK;
}

static sec_status
take_away(struct bytes name)
{
    struct loaded_package *p;
    sec_status status;

    sec_reason_clear();
    if (!name.n) {
        return sec_fail(SEC_E_INVALID_PARAMETER, "sspi: no package's name");
    }
    if (packages_find(name)) {
        return sec_fail(SEC_E_NOT_OWNER, "sspi: the library's own packages stay");
    }
    begin_loading();
    status = take_out(name, &p);
    if (status == SEC_E_OK) {
        package_loader_close(p);
    }
    end_loading();
    return status;
}

SECURITY_STATUS SEC_ENTRY
DeleteSecurityPackageA(SEC_CHAR *pszPackageName)
{
    return take_away(bytes_of_string(pszPackageName));
}

SECURITY_STATUS SEC_ENTRY
DeleteSecurityPackageW(SEC_WCHAR *pszPackageName)
{
    struct text_name name;

    return take_away(text_name_of(&name, pszPackageName));
}
