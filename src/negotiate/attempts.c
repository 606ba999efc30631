/* SPDX-License-Identifier: Apache-2.0 */
/* What was tried and not used (docs/decisions/0015). */
#include "negotiate/attempts.h"

#include <stdio.h>

#include "base/mem.h"

enum { KDC_ERR_C_PRINCIPAL_UNKNOWN = 6 }; /* RFC 4120 7.5.9 */

/* "It cannot be used by one of the systems involved", or the target is not enough for it
 * (Microsoft, "Microsoft Negotiate"). What is not here is a definite answer: a wrong password, a
 * clock that is off, must not be tried again in a weaker way. Who answers in the KDC's place could
 * have made it silent as well. */
static const struct {
    sec_status status;
    int32_t krb_error; /* 0: any */
} not_usable_here[] = {
    { SEC_E_NO_CREDENTIALS, 0 },              /* no ticket, no password to get one with */
    { SEC_E_UNKNOWN_CREDENTIALS, 0 },         /* an identity that is no principal's name */
    { SEC_E_TARGET_UNKNOWN, 0 },              /* no SPN, or nobody has it */
    { SEC_E_NO_AUTHENTICATING_AUTHORITY, 0 }, /* no KDC to be found or reached */
    { SEC_E_KDC_UNKNOWN_ETYPE, 0 },           /* no encryption type that both have */
    /* The KDC knows no such user: it may be an account of the server's own. */
    { SEC_E_LOGON_DENIED, KDC_ERR_C_PRINCIPAL_UNKNOWN },
};

bool
nego_attempts_may_go_on(sec_status status, int32_t krb_error)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(not_usable_here); i++) {
        if (not_usable_here[i].status == status &&
            (!not_usable_here[i].krb_error || not_usable_here[i].krb_error == krb_error)) {
            return true;
        }
    }
    return false;
}

static sec_status
add(struct nego_attempts *a, const struct sec_package *package, sec_status status,
    const char *reason)
{
    char *kept;

    if (a->n == NEGO_MECHS_MAX) {
        return SEC_E_OK;
    }
    kept = mem_dup(reason, strlen(reason));
    if (!kept) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    a->list[a->n++] = (struct sec_attempt){ package, status, kept };
    return SEC_E_OK;
}

sec_status
nego_attempts_add(struct nego_attempts *a, const struct sec_package *package, sec_status status)
{
    return add(a, package, status, *sec_reason() ? sec_reason() : sec_status_name(status));
}

sec_status
nego_attempts_copy(struct nego_attempts *to, const struct nego_attempts *from)
{
    sec_status status = SEC_E_OK;

    for (size_t i = 0; i < from->n && status == SEC_E_OK; i++) {
        status = add(to, from->list[i].package, from->list[i].status, from->list[i].reason);
    }
    return status;
}

void
nego_attempts_clear(struct nego_attempts *a)
{
    for (size_t i = 0; i < a->n; i++) {
        mem_free((void *)(uintptr_t)a->list[i].reason);
    }
    a->n = 0;
}

/* "kerberos: no ticket" names its package already. */
static const char *
without_name(const struct sec_attempt *t)
{
    size_t n = strlen(t->package->name);
    bool named = strlen(t->reason) > n + 2 && t->reason[n] == ':' &&
                 bytes_equal_nocase(bytes_of(t->reason, n), bytes_of(t->package->name, n));

    return t->reason + (named ? n + 2 : 0);
}

sec_status
nego_attempts_fail(const struct nego_attempts *a)
{
    char text[SEC_REASON_BYTES] = "";
    size_t used = 0;

    if (a->n == 0) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "negotiate: no mechanism may be used");
    }
    /* Each has its share of what those before it left. */
    for (size_t i = 0; i < a->n; i++) {
        const struct sec_attempt *t = &a->list[i];
        size_t share = (sizeof(text) - used) / (a->n - i);
        size_t n = (size_t)snprintf(text + used, share, "%s%s: %s", i ? "; " : "", t->package->name,
                                    without_name(t));

        used += n < share ? n : share - 1;
    }
    return sec_fail(a->list[0].status, "%s", text);
}
