/* SPDX-License-Identifier: Apache-2.0 */
/* How functions of Windows answer: whether it went well, and the last error where not. */
#ifndef COMPAT_ERROR_H
#define COMPAT_ERROR_H

#include <windows.h>

/* ERROR_SUCCESS: TRUE; else FALSE, and it is the last error. */
BOOL compat_error_answer(DWORD error);
/* What GetLastError makes of an errno. */
DWORD compat_error_of_errno(int code);

#endif
