/* SPDX-License-Identifier: Apache-2.0 */
/* The environment and the command line. Source: the public documentation of processenv.h. */
#ifndef OPENSSPI_COMPAT_PROCESSENV_H
#define OPENSSPI_COMPAT_PROCESSENV_H

#include "windows.h"

OPENSSPI_BEGIN

/*
 * The value of a variable: of that very name, else of one that differs in A to Z's case alone. How many
 * characters it has, without the NUL; where nSize is too small, the size that is needed with it, and nothing
 * is written (ERROR_INSUFFICIENT_BUFFER). 0: an empty value, which leaves the last error alone, or
 * ERROR_ENVVAR_NOT_FOUND, ERROR_NOT_ENOUGH_MEMORY or ERROR_NO_UNICODE_TRANSLATION.
 * Calls of these functions do not disturb each other; the C library's getenv() and setenv() in another
 * thread do.
 */
SEC_EXPORT DWORD WINAPI GetEnvironmentVariableW(LPCWSTR lpName, LPWSTR lpBuffer, DWORD nSize);
SEC_EXPORT DWORD WINAPI GetEnvironmentVariableA(LPCSTR lpName, LPSTR lpBuffer, DWORD nSize);
/* Sets the variable that GetEnvironmentVariable finds, or a new one; NULL removes it, if it is there. FALSE:
 * ERROR_INVALID_PARAMETER for a name that is empty or has a '=', ERROR_ENVVAR_NOT_FOUND without one,
 * ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_UNICODE_TRANSLATION. */
SEC_EXPORT BOOL WINAPI SetEnvironmentVariableW(LPCWSTR lpName, LPCWSTR lpValue);
SEC_EXPORT BOOL WINAPI SetEnvironmentVariableA(LPCSTR lpName, LPCSTR lpValue);

/* The process's arguments in one string, with the quotation marks and backslashes by which Windows' C
 * library would divide it again; "" where they cannot be read. Borrowed, for ever. */
SEC_EXPORT LPWSTR WINAPI GetCommandLineW(void);
SEC_EXPORT LPSTR WINAPI GetCommandLineA(void);

#ifdef UNICODE
#define GetEnvironmentVariable GetEnvironmentVariableW
#define SetEnvironmentVariable SetEnvironmentVariableW
#define GetCommandLine         GetCommandLineW
#else
#define GetEnvironmentVariable GetEnvironmentVariableA
#define SetEnvironmentVariable SetEnvironmentVariableA
#define GetCommandLine         GetCommandLineA
#endif

OPENSSPI_END

#endif
