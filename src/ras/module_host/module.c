/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the module. Checked before the first byte of it runs. */
#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include <windows.h>

#include "base/bytes.h"
#include "base/trusted_file.h"
#include "ras/module_host/module.h"

/* The exports are one library's: the module's own, or all of them one's that it is a cover of. */
static void *
find_export(void *library, const char *name)
{
    void *symbol = dlsym(library, name), *begin = dlsym(library, "RasSecurityDialogBegin");
    Dl_info here, there;

    if (!symbol || !begin || !dladdr(begin, &here) || !dladdr(symbol, &there) ||
        here.dli_fbase != there.dli_fbase) {
        return NULL;
    }
    return symbol;
}

/* POSIX: an object pointer can hold a function's. */
#define TAKE_EXPORT(to, library, name)                \
    do {                                              \
        void *symbol_ = find_export(library, name);   \
        bytes_copy(&(to), &symbol_, sizeof(symbol_)); \
    } while (0)

static uint32_t
refuse(char *why, size_t n, uint32_t error, const char *what, const char *path)
{
    (void)snprintf(why, n, "%s %s", path, what);
    return error;
}

static uint32_t
find_exports(struct module *m, const char *path, char *why, size_t n)
{
    TAKE_EXPORT(m->begin, m->library, "RasSecurityDialogBegin");
    TAKE_EXPORT(m->end, m->library, "RasSecurityDialogEnd");
    TAKE_EXPORT(m->dll_main, m->library, "DllMain");
    if (!m->begin) {
        return refuse(why, n, ERROR_PROC_NOT_FOUND, "does not export RasSecurityDialogBegin", path);
    }
    if (!m->end) {
        return refuse(why, n, ERROR_PROC_NOT_FOUND, "does not export RasSecurityDialogEnd", path);
    }
    if (m->dll_main && !m->dll_main(m->library, DLL_PROCESS_ATTACH, NULL)) {
        return refuse(why, n, ERROR_DLL_INIT_FAILED, "failed in its DllMain", path);
    }
    return 0;
}

/* The path of what is open, with no link in it. Nobody but root and this user can have that lead to
 * another file, since each folder on the way was looked at; and the module finds by $ORIGIN what lies
 * beside it, which it would not by its descriptor. */
static bool
resolve(int file, char to[static PATH_MAX])
{
    char link[32];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    n = readlink(link, to, PATH_MAX);
    if (n <= 0 || n == PATH_MAX) {
        return false;
    }
    to[n] = 0;
    return true;
}

uint32_t
module_load(struct module *m, const char *path, char *why, size_t n)
{
    int file = trusted_file_open(path, why, n);
    char resolved[PATH_MAX];

    *m = (struct module){ 0 };
    if (file < 0) {
        return path[0] == '/' && access(path, F_OK) == 0 ? ERROR_ACCESS_DENIED
                                                         : ERROR_MOD_NOT_FOUND;
    }
    if (resolve(file, resolved)) {
        m->library = dlopen(resolved, RTLD_NOW | RTLD_LOCAL);
        (void)snprintf(why, n, "%s", m->library ? "" : dlerror());
    } else {
        (void)refuse(why, n, ERROR_BAD_EXE_FORMAT, "has no path", path);
    }
    (void)close(file);
    return m->library ? find_exports(m, path, why, n) : ERROR_BAD_EXE_FORMAT;
}

void
module_detach(struct module *m)
{
    if (m->dll_main) {
        (void)m->dll_main(m->library, DLL_PROCESS_DETACH, NULL);
    }
}
