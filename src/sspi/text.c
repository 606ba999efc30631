/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of callers. */
#include "sspi/text.h"

#include "base/utf16.h"

struct bytes
text_of_w(const SEC_WCHAR *s)
{
    size_t n = 0;

    while (s && s[n]) {
        n++;
    }
    return bytes_of(s, 2 * n);
}

struct bytes
text_name_of(struct text_name *room, const SEC_WCHAR *name)
{
    struct wire_writer w = wire_writer_fixed(room->utf8, sizeof(room->utf8));

    utf8_put_utf16(&w, text_of_w(name));
    return wire_writer_status(&w) == WIRE_OK ? wire_written(&w) : bytes_of(NULL, 0);
}

sec_status
text_target_a(struct wire_writer *w, const SEC_CHAR *s)
{
    utf16_put_utf8(w, bytes_of_string(s));
    if (wire_writer_status(w) == WIRE_NO_MEMORY) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (wire_writer_status(w) != WIRE_OK || w->len > TEXT_TARGET_BYTES) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "sspi: the target name is not UTF-8, or too long");
    }
    return SEC_E_OK;
}
