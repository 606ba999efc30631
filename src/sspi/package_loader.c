/* SPDX-License-Identifier: Apache-2.0 */
/* The file that was looked at is the file that is mapped: the linker is given its descriptor. */
#include "sspi/package_loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/trusted_file.h"

static void
unmap(struct loaded_package *p)
{
    if (p->library) {
        (void)dlclose(p->library);
    }
    if (p->file >= 0) {
        (void)close(p->file);
    }
    mem_free(p->path);
    mem_free(p);
}

static sec_status
open_file(struct loaded_package *p)
{
    char why[384];

    errno = 0;
    p->file = trusted_file_open(p->path, why, sizeof(why));
    if (p->file >= 0) {
        return SEC_E_OK;
    }
    return sec_fail(access(p->path, F_OK) != 0 && errno == ENOENT ? SEC_E_SECPKG_NOT_FOUND
                                                                  : SEC_E_CANNOT_INSTALL,
                    "%s", why);
}

static sec_status
map_file(struct loaded_package *p, const struct loaded_package *loaded)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", p->file);
    p->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!p->library) {
        const char *why = dlerror();

        return sec_fail(SEC_E_CANNOT_INSTALL, "%.300s", why ? why : "it cannot be loaded");
    }
    for (; loaded; loaded = loaded->next) {
        if (loaded->library == p->library) {
            return sec_fail(SEC_E_CANNOT_INSTALL, "it is loaded already, as %s", loaded->name);
        }
    }
    return SEC_E_OK;
}

static sec_status
take_table(struct loaded_package *p)
{
    OPENSSPI_PACKAGE_ENTRY entry;
    const OPENSSPI_PACKAGE *offered;
    void *symbol = dlsym(p->library, OPENSSPI_PACKAGE_ENTRY_NAME);

    if (!symbol) {
        return sec_fail(SEC_E_CANNOT_INSTALL, "it exports no " OPENSSPI_PACKAGE_ENTRY_NAME);
    }
    *(void **)&entry = symbol;
    sec_reason_clear();
    offered = entry(&loaded_package_host);
    if (!offered) {
        return sec_reason()[0] ? SEC_E_CANNOT_INSTALL
                               : sec_fail(SEC_E_CANNOT_INSTALL, "it offers no table");
    }
    return loaded_package_take(offered, p);
}

sec_status
package_loader_open(const char *path, const struct loaded_package *loaded,
                    struct loaded_package **out)
{
    struct loaded_package *p = mem_new(sizeof(*p));
    sec_status status;

    if (!p) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    p->file = -1;
    p->path = mem_dup(path, strlen(path));
    status = p->path ? open_file(p) : SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK) {
        status = map_file(p, loaded);
    }
    if (status == SEC_E_OK) {
        status = take_table(p);
    }
    if (status != SEC_E_OK) {
        unmap(p);
        return status;
    }
    *out = p;
    return SEC_E_OK;
}

void
package_loader_close(struct loaded_package *p)
{
    if (p->table.Unload) {
        p->table.Unload();
    }
    unmap(p);
}
