/* SPDX-License-Identifier: Apache-2.0 */
/* Strings between the A functions' UTF-8 and the W functions' UTF-16, which is WCHARs in the
 * machine's byte order, and the rules by which names are copied out. */
#ifndef COMPAT_TEXT_H
#define COMPAT_TEXT_H

#include <stdbool.h>
#include <windows.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

size_t compat_text_units(const WCHAR *s);

/* Appends in UTF-16LE and in UTF-8 what the other holds; the writer takes the error. */
void compat_text_put_units(struct wire_writer *utf16, const WCHAR *s, size_t units);

/* NUL-terminated copies on the heap (mem_free). ERROR_SUCCESS, ERROR_NO_UNICODE_TRANSLATION or
 * ERROR_NOT_ENOUGH_MEMORY. NULL in gives NULL out. */
SEC_NODISCARD DWORD compat_text_to_utf8(const WCHAR *s, char **out);
SEC_NODISCARD DWORD compat_text_to_utf16(const char *s, WCHAR **out);

/* UTF-16LE bytes as WCHARs with a NUL, on the heap; NULL without memory. */
SEC_NODISCARD WCHAR *compat_text_units_of(struct bytes utf16);

/* How one function copies a name out: its error where the buffer is too small, and whether the
 * size that it answers counts the NUL. */
struct compat_text_rule {
    DWORD too_small;
    bool counts_nul;
};

/* Copies text to the caller's buffer of *size characters, or only writes the size that is needed.
 * A Win32 code. */
SEC_NODISCARD DWORD compat_text_answer_a(const char *text, struct compat_text_rule rule, LPSTR to,
                                         LPDWORD size);
SEC_NODISCARD DWORD compat_text_answer_w(const char *text, struct compat_text_rule rule, LPWSTR to,
                                         LPDWORD size);

#endif
