/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of callers: NUL-terminated, UTF-8 in A functions and UTF-16 in W ones. */
#ifndef SSPI_TEXT_H
#define SSPI_TEXT_H

#include <opensspi/sspi.h>

#include "base/bytes.h"
#include "base/status.h"
#include "base/wire.h"

enum { TEXT_NAME_BYTES = 256, TEXT_TARGET_BYTES = 4096 };

/* A package's name as UTF-8; empty for NULL and for what is none. */
struct text_name {
    char utf8[TEXT_NAME_BYTES];
};

struct bytes text_name_of(struct text_name *room, const SEC_WCHAR *name);

/* UTF-16 of a caller's string, up to its NUL, as a view of it. NULL is empty. */
struct bytes text_of_w(const SEC_WCHAR *s);

/* A target name as UTF-16LE in w. SEC_E_TARGET_UNKNOWN: not UTF-8, or beyond TEXT_TARGET_BYTES. */
sec_status text_target_a(struct wire_writer *w, const SEC_CHAR *s);

#endif
