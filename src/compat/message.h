/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that FormatMessage finds. */
#ifndef COMPAT_MESSAGE_H
#define COMPAT_MESSAGE_H

#include <windows.h>

/* A sentence without a line break, with FormatMessage's inserts; NULL for a code that has none. */
const char *compat_message_text(DWORD code);

#endif
