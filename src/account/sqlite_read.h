/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of the store say. */
#ifndef ACCOUNT_SQLITE_READ_H
#define ACCOUNT_SQLITE_READ_H

#include "account/sqlite_connection.h"

/* Both under the mutex of a connection that is open; where they fail it is to be closed. */
SEC_NODISCARD sec_status sqlite_read_record(const struct sqlite_store_options *,
                                            struct sqlite_connection *, const struct bytes *names,
                                            size_t n_names, struct account_record *out,
                                            struct sqlite_wanted, bool *found);
SEC_NODISCARD sec_status sqlite_read_entry(struct sqlite_connection *, struct bytes upper,
                                           const char *sid, struct account_entry *out, bool *found);

#endif
