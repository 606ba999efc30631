/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes that a security module asks about: checked at the account authority's door, on
 * the loop's pool, since the store may block. */
#ifndef RAS_CODE_CHECK_H
#define RAS_CODE_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "account/account.h"
#include "ras/host_msg.h"

enum { CODE_CHECK_ADDRESS_BYTES = 64 };

/* Borrowed for the callback. */
struct code_answer {
    uint64_t call;       /* which may be over by now: that a code was wrong is told all the same */
    const char *address; /* of its caller */
    uint32_t request, error;   /* OTP_RESULT's */
    struct bytes user, domain; /* UTF-8, as the module gave them */
    const char *refusal;       /* why the code was refused, for the log; NULL: it was not */
    const char *locked_out;    /* the SID of the account that this locked; NULL: none */
};
typedef void (*code_check_done)(void *owner, const struct code_answer *);

/* From an OTP_CHECK; address is of the caller. false: no memory. Else done follows, once. */
SEC_NODISCARD bool code_check_start(uv_loop_t *, struct account_authority *,
                                    const struct host_msg *, const char *address,
                                    code_check_done done, void *owner);

#endif
