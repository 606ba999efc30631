/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener has seen. */
#include "service/counters.h"

#include <opensspi/secstatus.h>

#include "base/bytes.h"
#include "service/session.h"

const uint64_t counters_bounds_us[COUNTERS_BUCKETS] = { 500,     1000,    2500,     5000,    10000,
                                                        25000,   50000,   100000,   250000,  500000,
                                                        1000000, 2500000, 10000000, 30000000 };

struct row {
    uint32_t status;
    enum counters_refusal refusal;
};

/* [MS-ERREF] 2.3.1 */
static const struct row sub_statuses[] = {
    { 0xC0000064, COUNTERS_CREDENTIALS }, /* NO_SUCH_USER */
    { 0xC000006A, COUNTERS_CREDENTIALS }, /* WRONG_PASSWORD */
    { 0xC000006D, COUNTERS_CREDENTIALS }, /* LOGON_FAILURE */
    { 0xC0000234, COUNTERS_LOCKED_OUT },  /* ACCOUNT_LOCKED_OUT */
    { 0xC000006E, COUNTERS_ACCOUNT },     /* ACCOUNT_RESTRICTION */
    { 0xC000006F, COUNTERS_ACCOUNT },     /* INVALID_LOGON_HOURS */
    { 0xC0000070, COUNTERS_ACCOUNT },     /* INVALID_WORKSTATION */
    { 0xC0000071, COUNTERS_ACCOUNT },     /* PASSWORD_EXPIRED */
    { 0xC0000072, COUNTERS_ACCOUNT },     /* ACCOUNT_DISABLED */
    { 0xC0000193, COUNTERS_ACCOUNT },     /* ACCOUNT_EXPIRED */
    { 0xC0000224, COUNTERS_ACCOUNT },     /* PASSWORD_MUST_CHANGE */
};

static const struct row statuses[] = {
    { (uint32_t)SEC_E_LOGON_DENIED, COUNTERS_CREDENTIALS },
    { (uint32_t)SEC_E_UNKNOWN_CREDENTIALS, COUNTERS_CREDENTIALS },
    { (uint32_t)SEC_E_TIME_SKEW, COUNTERS_TICKET },
    { (uint32_t)SEC_E_CONTEXT_EXPIRED, COUNTERS_TICKET },
    { (uint32_t)SEC_E_WRONG_PRINCIPAL, COUNTERS_TICKET },
    { (uint32_t)SEC_E_NO_KERB_KEY, COUNTERS_TICKET },
    { (uint32_t)SEC_E_KDC_UNKNOWN_ETYPE, COUNTERS_TICKET },
    { (uint32_t)SEC_E_DECRYPT_FAILURE, COUNTERS_TICKET },
    { (uint32_t)SEC_E_BAD_BINDINGS, COUNTERS_BINDINGS },
    { (uint32_t)SEC_E_TARGET_UNKNOWN, COUNTERS_BINDINGS },
    { (uint32_t)SEC_E_INVALID_TOKEN, COUNTERS_TOKEN },
    { (uint32_t)SEC_E_MESSAGE_ALTERED, COUNTERS_TOKEN },
    { (uint32_t)SEC_E_OUT_OF_SEQUENCE, COUNTERS_TOKEN },
    { (uint32_t)SEC_E_ILLEGAL_MESSAGE, COUNTERS_TOKEN },
    { (uint32_t)SEC_E_INCOMPLETE_MESSAGE, COUNTERS_TOKEN },
    { (uint32_t)SEC_E_UNSUPPORTED_FUNCTION, COUNTERS_POLICY },
    { (uint32_t)SEC_E_SECURITY_QOS_FAILED, COUNTERS_POLICY },
    { (uint32_t)SEC_E_STRONG_CRYPTO_NOT_SUPPORTED, COUNTERS_POLICY },
    { (uint32_t)SEC_E_DOWNGRADE_DETECTED, COUNTERS_POLICY },
    { (uint32_t)SEC_E_NO_AUTHENTICATING_AUTHORITY, COUNTERS_AUTHORITY },
    { (uint32_t)SESSION_TIMEOUT, COUNTERS_TIMEOUT },
    { (uint32_t)SESSION_OUT_OF_BOUNDS, COUNTERS_LIMIT },
};

static bool
find(const struct row *rows, size_t n, uint32_t status, enum counters_refusal *refusal)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].status == status) {
            *refusal = rows[i].refusal;
            return true;
        }
    }
    return false;
}

enum counters_refusal
counters_refusal_of(sec_status status, uint32_t sub_status)
{
    enum counters_refusal refusal = COUNTERS_OTHER;

    if (!find(sub_statuses, SEC_ARRAY_LEN(sub_statuses), sub_status, &refusal)) {
        (void)find(statuses, SEC_ARRAY_LEN(statuses), (uint32_t)status, &refusal);
    }
    return refusal;
}

const char *
counters_refusal_name(enum counters_refusal refusal)
{
    static const char *const names[COUNTERS_REFUSALS] = {
        [COUNTERS_CREDENTIALS] = "credentials",
        [COUNTERS_LOCKED_OUT] = "locked-out",
        [COUNTERS_ACCOUNT] = "account",
        [COUNTERS_TICKET] = "ticket",
        [COUNTERS_BINDINGS] = "bindings",
        [COUNTERS_TOKEN] = "token",
        [COUNTERS_POLICY] = "policy",
        [COUNTERS_AUTHORITY] = "authority",
        [COUNTERS_TIMEOUT] = "timeout",
        [COUNTERS_LIMIT] = "limit",
        [COUNTERS_OTHER] = "other",
    };

    return names[refusal];
}

const char *
counters_reason_name(enum counters_reason reason)
{
    static const char *const names[COUNTERS_REASONS] = {
        [COUNTERS_MAX_UNAUTHENTICATED] = "max_unauthenticated",
        [COUNTERS_MAX_PER_ADDRESS] = "max_per_address",
        [COUNTERS_NO_MEMORY] = "no-memory",
        [COUNTERS_NO_DESCRIPTOR] = "no-descriptor",
    };

    return names[reason];
}

void
counters_add_handshake(struct counters *counters, uint64_t us)
{
    size_t i = 0;

    while (i < COUNTERS_BUCKETS && us > counters_bounds_us[i]) {
        i++;
    }
    counters_add(&counters->took[i]);
    (void)__atomic_fetch_add(&counters->took_us, us, __ATOMIC_RELAXED);
}
