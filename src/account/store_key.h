/* SPDX-License-Identifier: Apache-2.0 */
/* How a database and its key file know each other, and the names of the sealed fields. */
#ifndef ACCOUNT_STORE_KEY_H
#define ACCOUNT_STORE_KEY_H

#include "account/seal.h"
#include "account/sqlite_db.h"

/* Beside these, the names of krb_key_types are fields. */
#define STORE_KEY_NT_HASH "nt-hash"
#define STORE_KEY_LM_HASH "lm-hash"
/* Of one size, whatever the password's length: that as le16, the password, zeroes. */
#define STORE_KEY_CLEAR_TEXT    "clear-text"
#define STORE_KEY_ONE_TIME_CODE "one-time-code"

/* Refuses a key file that the database was not made with. */
SEC_NODISCARD sec_status store_key_check(const struct sqlite_db *, const struct seal_key *,
                                         const char *key_file);
/* Makes this the key of a database that has none yet. */
SEC_NODISCARD sec_status store_key_adopt(const struct sqlite_db *, const struct seal_key *);
/* Whether it has one. */
SEC_NODISCARD sec_status store_key_exists(const struct sqlite_db *, bool *out);

#endif
