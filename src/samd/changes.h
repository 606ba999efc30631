/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators ask for, and who wants a new password for the old one, one after the other in a
 * thread of its own: keys are derived from passwords, which takes long, and logons do not wait for
 * it. */
#ifndef SAMD_CHANGES_H
#define SAMD_CHANGES_H

#include "account/admin.h"
#include "base/log.h"
#include "daemon/account_events.h"
#include "samd/connection.h"

struct changes;

/* All are borrowed until changes_stop; without events nobody is told. NULL: no memory or no
 * thread. */
SEC_NODISCARD struct changes *changes_start(struct account_authority *,
                                            const struct account_admin_options *,
                                            struct account_events *, const struct log *);
/* Copies the frame and holds the connection until it is answered. false: too many wait; an
 * administrator's request finds room where others' find none. */
SEC_NODISCARD bool changes_put(struct changes *, struct connection *, struct bytes frame,
                               bool by_administrator);
/* What waits is not done. NULL is a no-op. */
void changes_stop(struct changes *);

#endif
