/* SPDX-License-Identifier: Apache-2.0 */
/* The module of this process: whether its file may be trusted, and loading it. */
#ifndef RAS_MODULE_HOST_MODULE_H
#define RAS_MODULE_HOST_MODULE_H

#include <opensspi/rasshost.h>
#include <stdint.h>

#include "base/attributes.h"

struct module {
    void *library;
    DWORD(WINAPI *begin)(HPORT, PBYTE, DWORD, PBYTE, DWORD, void(WINAPI *)(SECURITY_MESSAGE *));
    DWORD(WINAPI *end)(HPORT);
    int(WINAPI *dll_main)(HANDLE, DWORD, void *); /* NULL: it has none */
};

enum { MODULE_WHY_BYTES = 1024 };

/* Loads, finds both exports, calls DllMain where there is one. Refused is a file that another than
 * root and this process's user can have written or put in its place: it must be a regular file, not
 * writable by group or others, below folders of which the same is true (a sticky folder such as /tmp
 * will do), through symbolic links of the same owners. A Win32 code, with why filled in where it is
 * not 0. */
SEC_NODISCARD uint32_t module_load(struct module *, const char *path, char *why, size_t n);
/* Tells it that the process ends. It stays loaded: threads of its own may still be in it. */
void module_detach(struct module *);

#endif
