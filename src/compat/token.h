/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, which are libopensspi's (docs/decisions/0028). */
#ifndef COMPAT_TOKEN_H
#define COMPAT_TOKEN_H

#include <stdbool.h>
#include <windows.h>
#include <opensspi/opensspi.h>

#include "base/attributes.h"

/* What libopensspi answers, as a Win32 code. */
DWORD compat_token_error(SECURITY_STATUS status);

/* Also of GetCurrentProcessToken's and its like. *out: FreeContextBuffer. A Win32 code. */
SEC_NODISCARD DWORD compat_token_query(HANDLE token, POPENSSPI_TOKEN *out);

/* Whether it may be a token's: objects of this library have handles below 2^32. */
bool compat_token_is(HANDLE handle);
BOOL compat_token_close(HANDLE handle);

#endif
