/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers between a caller's memory, where they are as on the wire, and our own form. */
#ifndef COMPAT_SID_H
#define COMPAT_SID_H

#include <windows.h>

#include "codec/sid.h"

/* false: it is none. */
SEC_NODISCARD bool compat_sid_of(PSID sid, struct sid *out);
DWORD compat_sid_bytes(const struct sid *sid);
/* to has room for compat_sid_bytes. */
void compat_sid_put(PSID to, const struct sid *sid);
/* From text that libopensspi gave. */
struct sid compat_sid_of_text(const char *text);

#endif
