/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the program and of its libraries. */
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <windows.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "compat/text.h"

struct path {
    char text[PATH_MAX + 1];
};

/* What the kernel says after the path of a file that has gone. */
static const char gone[] = " (deleted)";

static bool
put_program(struct path *to)
{
    const ssize_t n = readlink("/proc/self/exe", to->text, sizeof(to->text) - 1);
    const size_t tail = sizeof(gone) - 1;

    if (n <= 0) {
        return false;
    }
    to->text[n] = '\0';
    if ((size_t)n > tail && strcmp(to->text + n - tail, gone) == 0 && access(to->text, F_OK) != 0) {
        to->text[(size_t)n - tail] = '\0';
    }
    return true;
}

static bool
put_file(HMODULE module, struct path *to)
{
    struct link_map *map = NULL;

    if (module && dlinfo(module, RTLD_DI_LINKMAP, &map) != 0) {
        return false;
    }
    if (!module || !map->l_name[0]) {
        return put_program(to);
    }
    if (map->l_name[0] != '/') {
        return realpath(map->l_name, to->text) != NULL;
    }
    if (strlen(map->l_name) >= sizeof(to->text)) {
        return false;
    }
    bytes_copy(to->text, map->l_name, strlen(map->l_name) + 1);
    return true;
}

/* Characters of `unit` bytes, as many as fit. */
static DWORD
answer(const void *text, size_t n, size_t unit, void *to, DWORD size)
{
    const size_t fits = n < size ? n : size - (size > 0);

    bytes_copy(to, text, fits * unit);
    if (size > 0) {
        bytes_copy((char *)to + fits * unit, "\0", unit);
    }
    SetLastError(n < size ? ERROR_SUCCESS : ERROR_INSUFFICIENT_BUFFER);
    return n < size ? (DWORD)n : size;
}

DWORD
GetModuleFileNameA(HMODULE hModule, LPSTR lpFilename, DWORD nSize)
{
    struct path path;

    if (!put_file(hModule, &path)) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return 0;
    }
    return answer(path.text, strlen(path.text), sizeof(CHAR), lpFilename, nSize);
}

DWORD
GetModuleFileNameW(HMODULE hModule, LPWSTR lpFilename, DWORD nSize)
{
    struct path path;
    WCHAR *wide = NULL;
    DWORD error =
        put_file(hModule, &path) ? compat_text_to_utf16(path.text, &wide) : ERROR_MOD_NOT_FOUND;
    DWORD n;

    if (error != ERROR_SUCCESS) {
        SetLastError(error);
        return 0;
    }
    n = answer(wide, compat_text_units(wide), sizeof(WCHAR), lpFilename, nSize);
    mem_free(wide);
    return n;
}
