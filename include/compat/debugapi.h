/* SPDX-License-Identifier: Apache-2.0 */
/* What is told a debugger. Source: the public documentation of debugapi.h. */
#ifndef OPENSSPI_COMPAT_DEBUGAPI_H
#define OPENSSPI_COMPAT_DEBUGAPI_H

#include "windows.h"

OPENSSPI_BEGIN

/* Whether another process traces this one (gdb, strace). */
SEC_EXPORT BOOL WINAPI IsDebuggerPresent(void);
/* To standard error while IsDebuggerPresent, and else nowhere, as on Windows without a debugger. */
SEC_EXPORT void WINAPI OutputDebugStringW(LPCWSTR lpOutputString);
SEC_EXPORT void WINAPI OutputDebugStringA(LPCSTR lpOutputString);

#ifdef UNICODE
#define OutputDebugString OutputDebugStringW
#else
#define OutputDebugString OutputDebugStringA
#endif

OPENSSPI_END

#endif
