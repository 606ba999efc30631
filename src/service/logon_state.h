/* SPDX-License-Identifier: Apache-2.0 */
/* A logon as bytes, for another process that serves the same client. */
#ifndef SERVICE_LOGON_STATE_H
#define SERVICE_LOGON_STATE_H

#include <opensspi/opensspi.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/wire.h"

/* Appends what an NTLM logon says; of Kerberos, which is proven with each request, there is nothing. */
void logon_state_put(const OPENSSPI_LOGON *logon, struct wire_writer *w);
/* The reverse. NULL: not such bytes, or no memory. Owned by the caller: mem_free. */
SEC_NODISCARD OPENSSPI_LOGON *logon_state_take(struct bytes from);

#endif
