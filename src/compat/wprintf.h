/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of 16-bit characters as Windows reads them. */
#ifndef COMPAT_WPRINTF_H
#define COMPAT_WPRINTF_H

#include <stdarg.h>
#include <windows.h>

#include "base/wire.h"

/* Appends in UTF-16LE. ERROR_SUCCESS, ERROR_INVALID_PARAMETER for no such format, or
 * ERROR_NOT_ENOUGH_MEMORY. */
DWORD compat_wprintf_put(struct wire_writer *utf16, const WCHAR *format, va_list arguments);

#endif
