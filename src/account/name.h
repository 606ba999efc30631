/* SPDX-License-Identifier: Apache-2.0 */
/* Which names accounts and groups may have. */
#ifndef ACCOUNT_NAME_H
#define ACCOUNT_NAME_H

#include "base/bytes.h"
#include "base/status.h"
#include "base/wire.h"

enum { NAME_UNITS_MAX = 256 };

/* A name of an account or a group as Windows takes it: 1 to 256 UTF-16 units, no control
 * characters, none of "/\[]:;|=,+*?<>, no space at either end, no dot at the end. Its upper-cased
 * form in UTF-16LE, by which names are compared, is appended to upper.
 * SEC_E_INVALID_PARAMETER: not such a name. */
SEC_NODISCARD sec_status name_check(const char *what, const char *utf8, struct wire_writer *upper);

/* A Unix user's name, as far as it could be told without the system's list of users. */
SEC_NODISCARD sec_status name_check_unix(const char *utf8);

#endif
