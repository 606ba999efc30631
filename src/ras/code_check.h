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

struct code_check;

/* Borrowed for the callback. */
struct code_answer {
    uint32_t request, error;   /* OTP_RESULT's */
    struct bytes user, domain; /* UTF-8, as the module gave them */
    const char *refusal;       /* why the code was refused, for the log; NULL: it was not */
    bool locked_out_now;       /* and that locked the account */
};
typedef void (*code_check_done)(void *owner, const struct code_answer *);

/* From an OTP_CHECK. NULL: no memory. Else done follows, unless the owner is forgotten before. */
SEC_NODISCARD struct code_check *code_check_start(uv_loop_t *, struct account_authority *,
                                                  const struct host_msg *, code_check_done done,
                                                  void *owner);
/* NULL is a no-op. The check itself goes on: it may be using the code up. */
void code_check_forget(struct code_check *);

#endif
