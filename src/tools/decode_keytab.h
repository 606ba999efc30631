/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode --keytab: tickets opened with the keys of a keytab. */
#ifndef TOOLS_DECODE_KEYTAB_H
#define TOOLS_DECODE_KEYTAB_H

#include "base/status.h"
#include "tools/decode.h"

struct ticket_authority;
struct ticket_keytab;

struct decode_keytab {
    struct ticket_authority *authority;
    struct ticket_keytab *keytab;
    struct decode_keys keys; /* for decode_token */
};

/* SEC_E_NO_CREDENTIALS: missing, unreadable, empty; the reason says which. Clear in any case. */
SEC_NODISCARD sec_status decode_keytab_open(struct decode_keytab *, const char *name);
void decode_keytab_clear(struct decode_keytab *);

#endif
