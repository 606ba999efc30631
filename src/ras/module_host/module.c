/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the module. Checked before the first byte of it runs. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <windows.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "ras/module_host/module.h"

/* --- whom the file belongs to -------------------------------------------------------------- */

static uint32_t
refuse(char *why, size_t n, uint32_t error, const char *what, const char *path)
{
    snprintf(why, n, "%s %s", path, what);
    return error;
}

static uint32_t
refuse_errno(char *why, size_t n, const char *path)
{
    const int error = errno;

    return refuse(why, n, error == EACCES ? ERROR_ACCESS_DENIED : ERROR_MOD_NOT_FOUND,
                  strerrordesc_np(error), path);
}

/* One file, folder or symbolic link on the way; last: it is the module itself. */
static uint32_t
check_one(const char *path, bool last, char *why, size_t n)
{
    struct stat st;

    if (lstat(path, &st) != 0) {
        return refuse_errno(why, n, path);
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return refuse(why, n, ERROR_ACCESS_DENIED, "belongs to another user", path);
    }
    if (S_ISLNK(st.st_mode)) {
        return 0; /* what it points to is checked by its own path */
    }
    if (!(last ? S_ISREG(st.st_mode) : S_ISDIR(st.st_mode))) {
        return refuse(why, n, ERROR_ACCESS_DENIED, last ? "is no regular file" : "is no folder",
                      path);
    }
    /* In a sticky folder nobody can move away what belongs to another. */
    if (st.st_mode & (S_IWGRP | S_IWOTH) && (last || !(st.st_mode & S_ISVTX))) {
        return refuse(why, n, ERROR_ACCESS_DENIED, "can be written by others", path);
    }
    return 0;
}

/* Each folder from the root on, then the file. */
static uint32_t
check_way(const char *path, char *why, size_t n)
{
    char part[PATH_MAX];
    size_t length = strnlen(path, sizeof(part));

    if (path[0] != '/' || length >= sizeof(part)) {
        return refuse(why, n, ERROR_MOD_NOT_FOUND, "is no absolute path", path);
    }
    for (size_t at = 1; at <= length; at++) {
        uint32_t error;

        if (path[at] != '/' && path[at] != '\0') {
            continue;
        }
        snprintf(part, sizeof(part), "%.*s", (int)at, path);
        error = check_one(part, at == length, why, n);
        if (error) {
            return error;
        }
    }
    return check_one("/", false, why, n);
}

/* resolved: owned by caller (mem_free). */
static uint32_t
check_file(const char *path, char **resolved, char *why, size_t n)
{
    char real[PATH_MAX];
    uint32_t error = check_way(path, why, n);

    if (error) {
        return error;
    }
    if (!realpath(path, real)) {
        return refuse_errno(why, n, path);
    }
    error = check_way(real, why, n);
    if (error) {
        return error;
    }
    *resolved = mem_dup(real, strlen(real));
    return *resolved ? 0 : refuse(why, n, ERROR_NOT_ENOUGH_MEMORY, "does not fit in memory", path);
}

/* --- loading ------------------------------------------------------------------------------- */

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

uint32_t
module_load(struct module *m, const char *path, char *why, size_t n)
{
    char *resolved = NULL;
    uint32_t error = check_file(path, &resolved, why, n);

    *m = (struct module){ 0 };
    if (error) {
        return error;
    }
    m->library = dlopen(resolved, RTLD_NOW | RTLD_LOCAL);
    if (m->library) {
        error = find_exports(m, path, why, n);
    } else {
        snprintf(why, n, "%s", dlerror());
        error = ERROR_BAD_EXE_FORMAT;
    }
    mem_free(resolved);
    return error;
}

void
module_detach(struct module *m)
{
    if (m->dll_main) {
        (void)m->dll_main(m->library, DLL_PROCESS_DETACH, NULL);
    }
}
