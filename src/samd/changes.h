/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators ask for, and who wants a new password for the old one, one after the other in a
 * thread of its own: keys are derived from passwords, which takes long, and logons do not wait for
 * it. */
#ifndef SAMD_CHANGES_H
#define SAMD_CHANGES_H

#include "base/log.h"
#include "samd/connection.h"
#include "samd/terms.h"

struct changes;

/* NULL: no memory or no thread. */
SEC_NODISCARD struct changes *changes_start(struct terms *, const struct log *);
/* What has not begun yet is done under these. */
void changes_change(struct changes *, struct terms *);
/* Copies the frame and holds the connection until it is answered. false: too many wait; an
 * administrator's request finds room where others' find none. */
SEC_NODISCARD bool changes_put(struct changes *, struct connection *, struct bytes frame,
                               bool by_administrator);
/* What waits is not done. NULL is a no-op. */
void changes_stop(struct changes *);

#endif
