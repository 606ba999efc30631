/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of one-time codes: what is sealed, and how a code is used up. */
#ifndef ACCOUNT_STORE_CODE_H
#define ACCOUNT_STORE_CODE_H

#include "account/one_time_code.h"
#include "account/seal.h"
#include "account/sqlite_db.h"

/* The columns that store_code_read takes. */
#define STORE_CODE_SELECT "SELECT type, algorithm, digits, period, next, sealed FROM one_time_code"

enum {
    /* Of one size, whatever the secret's length: that, the secret, zeroes. */
    STORE_CODE_PLAIN_BYTES = 1 + ONE_TIME_CODE_SECRET_MAX,
    STORE_CODE_SEALED_BYTES = STORE_CODE_PLAIN_BYTES + SEAL_OVERHEAD_BYTES,
};

/* A code as it was read. A secret as a whole. */
struct store_code {
    struct one_time_code code; /* n 0: the account has none */
    uint32_t rid;
    uint8_t sealed[STORE_CODE_SEALED_BYTES]; /* no two are alike: which enrolment it is */
};

/* Within a transaction. SEC_E_INVALID_PARAMETER: the account has one already. */
SEC_NODISCARD sec_status store_code_insert(const struct sqlite_db *, const struct seal_key *,
                                           uint32_t rid, const char *sid,
                                           const struct one_time_code *);
/* From a row; false: it is damaged. */
SEC_NODISCARD bool store_code_read(sqlite3_stmt *row, const struct seal_key *, const char *sid,
                                   struct store_code *out);
/* Uses up a moment and all before it, down to the disk, in a connection of its own. *used false:
 * another logon was quicker, or the code was removed. */
SEC_NODISCARD sec_status store_code_use(const char *path, const struct store_code *,
                                        uint64_t moment, bool *used);

#endif
