/* SPDX-License-Identifier: Apache-2.0 */
/* An account authority for packages under test: the functions of account/account.h that packages
 * call, over a fixed table of users and passwords. Linked in place of src/account. */
#ifndef TESTS_SUPPORT_FAKE_ACCOUNT_H
#define TESTS_SUPPORT_FAKE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/account.h"

/* ASCII alone: tests of other characters are the account store's. */
struct fake_user {
    const char *user, *domain, *password;
    uint32_t refused_as; /* an NTSTATUS: right password or not, this is the answer; 0: none */
};

/* Safe from any thread once it is set up. */
struct account_authority {
    const struct fake_user *users; /* borrowed */
    size_t n_users;
    bool keeps_lm_hashes;
    sec_status broken;  /* other than SEC_E_OK: what every call answers */
    bool locks_out;     /* each refusal says that it has locked the account */
    atomic_uint calls;  /* of account_prove */
    atomic_uint proven; /* of those, answered with SEC_E_OK */
    /* Handed out and not yet given back: 0 at the end, or it leaks. Copies by account_identity_new
     * are not among them. */
    atomic_int identities;
    char new_password[64]; /* UTF-8: what account_change_password was last told */
};

/* One user, "User" of "Domain" with the password "Password", as in [MS-NLMP] 4.2. */
void fake_account_init(struct account_authority *authority);

#endif
