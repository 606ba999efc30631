/* SPDX-License-Identifier: Apache-2.0 */
/* Whose an initiator's context is that was exported half-way. The keys that its next leg needs are the
 * credential's and stay with it; who imports brings a credential of the same identity. */
#ifndef SSPI_EXPORT_OWNER_H
#define SSPI_EXPORT_OWNER_H

#include "base/wire.h"
#include "sspi/objects.h"

/* A name under a key of its own: whoever reads it learns whether a name fits, and none. */
struct export_owner;
void export_owner_free(struct export_owner *); /* NULL is a no-op */

/* Of any context: appends whose it is where that will matter. c->step is held. */
SEC_NODISCARD sec_status export_owner_save(const struct context *c, struct wire_writer *out);
/* The reverse, into a context that nobody knows yet. */
SEC_NODISCARD sec_status export_owner_load(struct context *c, struct wire_reader *in);

/* The credential that a leg is called with, or OpenSspiImportContext; an empty reference: none. From
 * then on the context goes on with it. c->step is held. A refusal leaves the context as it was.
 * SEC_E_INVALID_HANDLE: none where one is due, or another package's; SEC_E_NO_CREDENTIALS: it is not
 * a client's, or lacks a mechanism; SEC_E_UNKNOWN_CREDENTIALS: it is somebody else's. */
SEC_NODISCARD sec_status export_owner_check(struct context *c, struct handle_ref credential);

#endif
