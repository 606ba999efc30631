/* SPDX-License-Identifier: Apache-2.0 */
/* Locally unique ids: of tokens and of logons. */
#ifndef TOKEN_LUID_H
#define TOKEN_LUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

/* Another one than any before it in this process; that two processes have the same one is unlikely,
 * for its upper half begins at random. Never one of Windows' own (SYSTEM's 0x3e7 and its like).
 * false: there is no random to begin with. */
SEC_NODISCARD bool luid_next(uint64_t *out);

#endif
