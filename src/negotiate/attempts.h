/* SPDX-License-Identifier: Apache-2.0 */
/* Mechanisms that were tried and not used, and which failures let the next one have its turn. */
#ifndef NEGOTIATE_ATTEMPTS_H
#define NEGOTIATE_ATTEMPTS_H

#include "package.h"

enum {
    NEGO_MECHS_MAX = 8, /* packages of one host that Negotiate chooses from */
};

struct nego_attempts {
    size_t n;
    struct sec_attempt list[NEGO_MECHS_MAX]; /* each reason on the heap */
};

/* Keeps this thread's reason with it. SEC_E_OK, or no memory. */
sec_status nego_attempts_add(struct nego_attempts *, const struct sec_package *, sec_status);
sec_status nego_attempts_copy(struct nego_attempts *to, const struct nego_attempts *from);
void nego_attempts_clear(struct nego_attempts *);
/* None could begin: the first one's status, with what each of them said for a reason. */
sec_status nego_attempts_fail(const struct nego_attempts *);

/* Whether a mechanism that failed at its first token says that it cannot be used here, so that the
 * next in the list may be tried; any other failure is the answer. krb_error: a KDC's code, or 0. */
bool nego_attempts_may_go_on(sec_status, int32_t krb_error);

#endif
