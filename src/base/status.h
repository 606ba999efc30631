/* SPDX-License-Identifier: Apache-2.0 */
/* What every function above the codecs returns, and the reason that goes with a failure. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include <opensspi/secstatus.h>

#include "base/attributes.h"

/* A SECURITY_STATUS: SEC_E_* are negative, SEC_E_OK is 0, SEC_I_* are outcomes and positive. */
typedef int32_t sec_status;

static inline bool
sec_failed(sec_status status)
{
    return status < 0;
}

enum { SEC_REASON_BYTES = 512 }; /* Negotiate tells what each mechanism says */

/* Keeps why the call fails, for this thread, and returns status. The reason goes to the log and
 * to tools, never to the peer and never with a secret in it. It is one line of text, whatever was
 * put into it: a terminal that it is shown on obeys none of it. The last one given stays: outer
 * layers should return what inner ones said. */
SEC_PRINTF(2, 3) sec_status sec_fail(sec_status status, const char *format, ...);

/* The reason of this thread's last failure; "" when there was none since sec_reason_clear(). */
const char *sec_reason(void);
void sec_reason_clear(void);

/* "SEC_E_INVALID_TOKEN" and the like; "unknown status" for what is not in the table. */
const char *sec_status_name(sec_status status);

#endif
