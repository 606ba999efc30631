/* SPDX-License-Identifier: Apache-2.0 */
/* Modules: this program and libraries. Source: the public documentation of libloaderapi.h. */
#ifndef OPENSSPI_COMPAT_LIBLOADERAPI_H
#define OPENSSPI_COMPAT_LIBLOADERAPI_H

#include "windows.h"

OPENSSPI_BEGIN

/*
 * Loads a library. "secur32", "security" and "sspicli", in any case, with or without ".dll", are
 * libopensspi; "kernel32" and "advapi32" are libopensspi-compat; "rasman" is the process itself where that
 * is a host of RAS security modules. Any other name goes to dlopen as it is. NULL and ERROR_MOD_NOT_FOUND
 * where it fails.
 */
SEC_EXPORT HMODULE WINAPI LoadLibraryW(LPCWSTR lpLibFileName);
SEC_EXPORT HMODULE WINAPI LoadLibraryA(LPCSTR lpLibFileName);
/* A function of a loaded library; NULL and ERROR_PROC_NOT_FOUND where it has none of that name. */
SEC_EXPORT FARPROC WINAPI GetProcAddress(HMODULE hModule, LPCSTR lpProcName);
/* Once for each LoadLibrary. */
SEC_EXPORT BOOL WINAPI FreeLibrary(HMODULE hLibModule);

/* The same handle of what is loaded already, which is not to be freed; of NULL, the program. */
SEC_EXPORT HMODULE WINAPI GetModuleHandleW(LPCWSTR lpModuleName);
SEC_EXPORT HMODULE WINAPI GetModuleHandleA(LPCSTR lpModuleName);

/*
 * The path of the program (NULL) or of a library's file, by a handle of these functions that has not been
 * freed; any other is not found out. The characters written, without the NUL. Where nSize is too small, as
 * much as fits, with a NUL, and nSize, and the last error is ERROR_INSUFFICIENT_BUFFER. 0:
 * ERROR_MOD_NOT_FOUND, ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_UNICODE_TRANSLATION.
 */
SEC_EXPORT DWORD WINAPI GetModuleFileNameW(HMODULE hModule, LPWSTR lpFilename, DWORD nSize);
SEC_EXPORT DWORD WINAPI GetModuleFileNameA(HMODULE hModule, LPSTR lpFilename, DWORD nSize);

#ifdef UNICODE
#define LoadLibrary       LoadLibraryW
#define GetModuleHandle   GetModuleHandleW
#define GetModuleFileName GetModuleFileNameW
#else
#define LoadLibrary       LoadLibraryA
#define GetModuleHandle   GetModuleHandleA
#define GetModuleFileName GetModuleFileNameA
#endif

OPENSSPI_END

#endif
