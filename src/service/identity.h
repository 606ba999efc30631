/* SPDX-License-Identifier: Apache-2.0 */
/* Who a client is, and that as JSON: what whoami answers, framed and over HTTP. */
#ifndef SERVICE_IDENTITY_H
#define SERVICE_IDENTITY_H

#include <stdbool.h>

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "base/wire.h"

/* Of whom nothing is known: anonymous, and each text "". */
extern const OPENSSPI_LOGON identity_nobody;

/* Appends one JSON object and a newline. attributes: ASC_RET_* of the context. false: no memory. */
SEC_NODISCARD bool identity_put_json(struct wire_writer *w, const OPENSSPI_LOGON *logon,
                                     ULONG attributes);

#endif
