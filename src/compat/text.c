/* SPDX-License-Identifier: Apache-2.0 */
/* Strings between UTF-8 and WCHARs, and the rules by which names are copied out. */
#include "compat/text.h"

#include "base/mem.h"
#include "base/utf16.h"

size_t
compat_text_units(const WCHAR *s)
{
    size_t n = 0;

    while (s[n] != 0) {
        n++;
    }
    return n;
}

void
compat_text_put_units(struct wire_writer *utf16, const WCHAR *s, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        wire_put_le16(utf16, s[i]);
    }
}

static DWORD
writer_error(const struct wire_writer *w)
{
    switch (wire_writer_status(w)) {
    case WIRE_OK: return ERROR_SUCCESS;
    case WIRE_BAD_VALUE: return ERROR_NO_UNICODE_TRANSLATION;
    default: return ERROR_NOT_ENOUGH_MEMORY;
    }
}

DWORD
compat_text_to_utf8(const WCHAR *s, char **out)
{
    struct wire_writer utf16 = wire_writer_growing(NULL, 0);
    struct wire_writer utf8 = wire_writer_growing(NULL, 0);
    DWORD error;

    *out = NULL;
    if (!s) {
        return ERROR_SUCCESS;
    }
    compat_text_put_units(&utf16, s, compat_text_units(s));
    error = writer_error(&utf16);
    if (error == ERROR_SUCCESS) {
        utf8_put_utf16(&utf8, wire_written(&utf16));
        error = writer_error(&utf8);
    }
    if (error == ERROR_SUCCESS) {
        *out = mem_dup(wire_written(&utf8).p, wire_written(&utf8).n);
        error = *out ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    wire_writer_clear(&utf16);
    wire_writer_clear(&utf8);
    return error;
}

WCHAR *
compat_text_units_of(struct bytes utf16)
{
    WCHAR *units = mem_new_array(utf16.n / 2 + 1, sizeof(*units));

    for (size_t i = 0; units && i < utf16.n / 2; i++) {
        units[i] = wire_load_le16(utf16.p + 2 * i);
    }
    return units;
}

DWORD
compat_text_to_utf16(const char *s, WCHAR **out)
{
    struct wire_writer utf16 = wire_writer_growing(NULL, 0);
    DWORD error;

    *out = NULL;
    if (!s) {
        return ERROR_SUCCESS;
    }
    utf16_put_utf8(&utf16, bytes_of_string(s));
    error = writer_error(&utf16);
    if (error == ERROR_SUCCESS) {
        *out = compat_text_units_of(wire_written(&utf16));
        error = *out ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    wire_writer_clear(&utf16);
    return error;
}

/* Whether `length` characters and a NUL fit; writes the answered size either way. */
static DWORD
answer_size(size_t length, struct compat_text_rule rule, bool room, LPDWORD size)
{
    if (length >= UINT32_MAX) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    if (!room || *size <= length) {
        *size = (DWORD)length + 1;
        return rule.too_small;
    }
    *size = (DWORD)length + (rule.counts_nul ? 1 : 0);
    return ERROR_SUCCESS;
}

DWORD
compat_text_answer_a(const char *text, struct compat_text_rule rule, LPSTR to, LPDWORD size)
{
    size_t length = strlen(text);
    DWORD error;

    if (!size) {
        return ERROR_INVALID_PARAMETER;
    }
    error = answer_size(length, rule, to != NULL, size);
    if (error == ERROR_SUCCESS) {
        bytes_copy(to, text, length + 1);
    }
    return error;
}

DWORD
compat_text_answer_w(const char *text, struct compat_text_rule rule, LPWSTR to, LPDWORD size)
{
    WCHAR *wide;
    size_t length;
    DWORD error;

    if (!size) {
        return ERROR_INVALID_PARAMETER;
    }
    error = compat_text_to_utf16(text, &wide);
    if (error != ERROR_SUCCESS) {
        return error;
    }
    length = compat_text_units(wide);
    error = answer_size(length, rule, to != NULL, size);
    if (error == ERROR_SUCCESS) {
        bytes_copy(to, wide, (length + 1) * sizeof(*wide));
    }
    mem_free(wide);
    return error;
}
