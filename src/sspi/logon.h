/* SPDX-License-Identifier: Apache-2.0 */
/* What a server knows of a logon, as one block for the caller. */
#ifndef SSPI_LOGON_H
#define SSPI_LOGON_H

#include <opensspi/opensspi.h>

#include "package.h"

/* status and reason: of the last leg, or of what was instead of one. *out is given to the caller:
 * FreeContextBuffer. SEC_E_INSUFFICIENT_MEMORY. */
SEC_NODISCARD sec_status logon_describe(sec_status status, const char *reason,
                                        const struct sec_facts *facts, POPENSSPI_LOGON *out);

#endif
