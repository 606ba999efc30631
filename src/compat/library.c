/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamic loading: LoadLibrary and its kin on dlopen. */
#include <dlfcn.h>
#include <windows.h>
#include <opensspi/sspi.h>

#include "base/attributes.h"
#include "base/mem.h"
#include "compat/text.h"

/* The libraries that are one of these two here. */
static const struct {
    const char *name, *soname;
} libraries[] = {
    { "secur32", OPENSSPI_SONAME }, { "security", OPENSSPI_SONAME }, { "sspicli", OPENSSPI_SONAME },
    { "kernel32", COMPAT_SONAME },  { "advapi32", COMPAT_SONAME },
};

/* The last part of a path as Windows writes it, without ".dll". A path with "/" names a file of
 * this system, so it is left alone. */
static struct bytes
windows_name(const char *file)
{
    const char *last = strrchr(file, '\\');
    size_t n;

    if (strchr(file, '/')) {
        return (struct bytes){ NULL, 0 };
    }
    file = last ? last + 1 : file;
    n = strlen(file);
    if (n > 4 && strcasecmp(file + n - 4, ".dll") == 0) {
        n -= 4;
    }
    return bytes_of(file, n);
}

static bool
is_named(const char *file, const char *library)
{
    return bytes_equal_nocase(windows_name(file), bytes_of_string(library));
}

/* NULL: it has its own name here. */
static const char *
soname_of(const char *file)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(libraries); i++) {
        if (is_named(file, libraries[i].name)) {
            return libraries[i].soname;
        }
    }
    return NULL;
}

/* What modules take for Rasman.dll is the program that they were loaded by. */
static void *
open_rasman(void)
{
    void *program = dlopen(NULL, RTLD_NOW);

    if (program && !dlsym(program, "RasSecurityDialogSend")) {
        dlclose(program);
        return NULL;
    }
    return program;
}

static void *
open_library(const char *file, int flags)
{
    const char *soname = soname_of(file);

    if (soname) {
        /* The call is what keeps libopensspi loaded with this library, so that its name finds the
         * very one that this process uses. */
        return InitSecurityInterfaceA() ? dlopen(soname, flags) : NULL;
    }
    return is_named(file, "rasman") ? open_rasman() : dlopen(file, flags);
}

HMODULE
LoadLibraryA(LPCSTR lpLibFileName)
{
    void *library;

    if (!lpLibFileName || !*lpLibFileName) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    library = open_library(lpLibFileName, RTLD_NOW);
    if (!library) {
        SetLastError(ERROR_MOD_NOT_FOUND);
    }
    return library;
}

static HMODULE
with_utf8(HMODULE (*get)(LPCSTR), LPCWSTR name)
{
    char *utf8 = NULL;
    HMODULE module = NULL;
    const DWORD error = compat_text_to_utf8(name, &utf8);

    if (error == ERROR_SUCCESS) {
        module = get(utf8);
    } else {
        SetLastError(error);
    }
    mem_free(utf8);
    return module;
}

HMODULE
LoadLibraryW(LPCWSTR lpLibFileName)
{
    return with_utf8(LoadLibraryA, lpLibFileName);
}

HMODULE
GetModuleHandleA(LPCSTR lpModuleName)
{
    void *module = NULL;

    if (!lpModuleName) {
        module = dlopen(NULL, RTLD_NOW);
    } else if (lpModuleName[0]) { /* dlopen would take "" for the program */
        module = open_library(lpModuleName, RTLD_NOW | RTLD_NOLOAD);
    }
    if (!module) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    dlclose(module); /* whoever loaded it keeps it */
    return module;
}

HMODULE
GetModuleHandleW(LPCWSTR lpModuleName)
{
    return with_utf8(GetModuleHandleA, lpModuleName);
}

/* dlsym gives an object pointer; POSIX says that it can hold a function's. */
static FARPROC
function_of(void *symbol)
{
    FARPROC function;

    _Static_assert(sizeof(function) == sizeof(symbol), "POSIX: one size for both");
    bytes_copy(&function, &symbol, sizeof(function));
    return function;
}

/* secext.h's functions are secur32's on Windows and this library's here. */
static void *
find_in_secext(HMODULE module, const char *name)
{
    void *sspi = dlopen(OPENSSPI_SONAME, RTLD_NOW | RTLD_NOLOAD);
    void *compat = module == sspi ? dlopen(COMPAT_SONAME, RTLD_NOW | RTLD_NOLOAD) : NULL;
    void *symbol = compat ? dlsym(compat, name) : NULL;

    if (sspi) {
        dlclose(sspi);
    }
    if (compat) {
        dlclose(compat);
    }
    return symbol;
}

FARPROC
GetProcAddress(HMODULE hModule, LPCSTR lpProcName)
{
    /* Below 64 KiB it is an ordinal, which shared objects do not have. */
    const bool named = (uintptr_t)lpProcName >= 0x10000;
    void *symbol = hModule && named ? dlsym(hModule, lpProcName) : NULL;

    if (!symbol && hModule && named) {
        symbol = find_in_secext(hModule, lpProcName);
    }

    if (!symbol) {
        SetLastError(hModule ? ERROR_PROC_NOT_FOUND : ERROR_INVALID_HANDLE);
        return NULL;
    }
    return function_of(symbol);
}

BOOL
FreeLibrary(HMODULE hLibModule)
{
    if (!hLibModule || dlclose(hLibModule) != 0) {
        SetLastError(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    return TRUE;
}
