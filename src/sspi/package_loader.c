/* SPDX-License-Identifier: Apache-2.0 */
/* The file that was looked at is the file that is mapped: the linker is given its descriptor. */
#include "sspi/package_loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/trusted_file.h"

enum { DIFFERENT_BYTES = 2 * 64 + 1, NAME_BYTES = DIFFERENT_BYTES + 32 };

static void
unmap(struct loaded_package *p)
{
    if (p->library) {
        (void)dlclose(p->library);
    }
    mem_free(p->path);
    mem_free(p);
}

static sec_status
open_file(const struct loaded_package *p, int *file)
{
    char why[384];

    errno = 0;
    *file = trusted_file_open(p->path, why, sizeof(why));
    if (*file >= 0) {
        return SEC_E_OK;
    }
    return sec_fail(access(p->path, F_OK) != 0 && errno == ENOENT ? SEC_E_SECPKG_NOT_FOUND
                                                                  : SEC_E_CANNOT_INSTALL,
                    "%s", why);
}

/* One that was never given before: by a name that it knows the linker takes what it has, and a library
 * that cannot be unloaded is still there when its descriptor's number is another file's. */
static void
name_file(int file, char to[static NAME_BYTES])
{
    char different[DIFFERENT_BYTES] = "";
    size_t n = 0;

    /* One thread loads at a time, and needs more than a microsecond. */
    for (uint64_t bits = clock_monotonic_us(); bits; bits >>= 1) {
        different[n++] = '/';
        if (bits & 1) {
            different[n++] = '.';
        }
    }
    (void)snprintf(to, NAME_BYTES, "/proc/self%s/fd/%d", different, file);
}

static sec_status
map_file(struct loaded_package *p, const struct loaded_package *loaded)
{
    char name[NAME_BYTES];
    int file;
    sec_status status = open_file(p, &file);

    if (status != SEC_E_OK) {
        return status;
    }
    name_file(file, name);
    p->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    (void)close(file);
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
    p->path = mem_dup(path, strlen(path));
    status = p->path ? map_file(p, loaded) : SEC_E_INSUFFICIENT_MEMORY;
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
