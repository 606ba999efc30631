/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes of the accounts of a test_store. */
#ifndef TESTS_SUPPORT_ACCOUNT_CODE_H
#define TESTS_SUPPORT_ACCOUNT_CODE_H

#include "account/one_time_code.h"
#include "tests/support/account_store.h"

/* A Saturday; the beginning of a time step. */
#define TEST_CODE_NOW_100NS ((UINT64_C(11644473600) + UINT64_C(1795260210)) * CLOCK_SECOND_100NS)

static inline struct one_time_code
test_code(enum one_time_code_type type)
{
    struct one_time_code c = {
        .type = type, .algorithm = ONE_TIME_CODE_SHA1, .digits = 6, .period_s = 30, .n = 20
    };

    bytes_copy(c.secret, "12345678901234567890", 20);
    return c;
}

static inline sec_status
test_code_enroll(struct test_store *t, const char *name, const struct one_time_code *code)
{
    struct account_admin *admin = NULL;
    sec_status status = account_admin_open(&t->options, &admin);

    if (status == SEC_E_OK) {
        status = account_admin_enroll_code(admin, name, code);
    }
    account_admin_close(admin);
    return status;
}

/* One claim with these digits; *why may be NULL, and has but the reasons. */
static inline sec_status
test_code_prove(struct account_authority *a, const char *user, const char *digits,
                uint64_t now_100ns, struct account_proof *why)
{
    struct test_claim t;
    struct account_proof proof;
    sec_status status;

    test_claim_make(&t, user, "", "");
    t.claim.kind = ACCOUNT_ONE_TIME_CODE;
    t.claim.password = bytes_of_string(digits);
    t.claim.now_100ns = now_100ns;
    status = account_prove(a, &t.claim, &proof);
    if (why) {
        *why = proof;
        why->identity = NULL;
    }
    account_proof_clear(&proof);
    return status;
}

/* The same with the code of a counter or time step. */
static inline sec_status
test_code_prove_at(struct account_authority *a, const char *user, const struct one_time_code *code,
                   uint64_t moment, uint64_t now_100ns, struct account_proof *why)
{
    char digits[ONE_TIME_CODE_DIGITS_MAX + 1];

    if (!one_time_code_make(code, moment, digits)) {
        abort();
    }
    return test_code_prove(a, user, digits, now_100ns, why);
}

#endif
