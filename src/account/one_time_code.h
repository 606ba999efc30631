/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes: HOTP (RFC 4226) and TOTP (RFC 6238), computed by liboath. */
#ifndef ACCOUNT_ONE_TIME_CODE_H
#define ACCOUNT_ONE_TIME_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"

/* The numbers are the store's. */
enum one_time_code_type { ONE_TIME_CODE_TOTP = 1, ONE_TIME_CODE_HOTP = 2 };
enum one_time_code_algorithm {
    ONE_TIME_CODE_SHA1 = 1,
    ONE_TIME_CODE_SHA256 = 2,
    ONE_TIME_CODE_SHA512 = 3,
};

enum {
    ONE_TIME_CODE_SECRET_MIN = 16, /* RFC 4226 4, R6: at least 128 bits */
    ONE_TIME_CODE_SECRET_MAX = 64, /* the longest that RFC 6238 has: a digest of SHA-512 */
    ONE_TIME_CODE_DIGITS_MIN = 6,
    ONE_TIME_CODE_DIGITS_MAX = 8,
    ONE_TIME_CODE_PERIOD_MIN = 10,
    ONE_TIME_CODE_PERIOD_MAX = 300,
    /* RFC 6238 5.2: one time step for the way and for clocks, to either side. */
    ONE_TIME_CODE_STEPS = 1,
    /* RFC 4226 7.4: how far a token may be ahead, its button having been pressed for nothing. */
    ONE_TIME_CODE_LOOK_AHEAD = 10,
};

/* What both sides know. A secret as a whole. */
struct one_time_code {
    enum one_time_code_type type;
    enum one_time_code_algorithm algorithm;
    unsigned digits;
    unsigned period_s; /* TOTP */
    uint64_t next;     /* the first time step or counter that has not been used up */
    size_t n;          /* of secret */
    uint8_t secret[ONE_TIME_CODE_SECRET_MAX];
};

/* How long a secret of an algorithm is where it is made here: as its digest. */
size_t one_time_code_secret_bytes(enum one_time_code_algorithm);
/* Makes one. false: no random bytes. */
SEC_NODISCARD bool one_time_code_new_secret(struct one_time_code *);
/* NULL, or which of the values is out of range, with the range. Static. */
SEC_NODISCARD const char *one_time_code_fault(const struct one_time_code *);

/* The code of a time step or counter, with a NUL behind, and zeroes where it is short. false: not
 * computed. */
SEC_NODISCARD bool one_time_code_make(const struct one_time_code *, uint64_t moment,
                                      char digits[static ONE_TIME_CODE_DIGITS_MAX + 1]);

struct one_time_code_verdict {
    bool right;      /* and not used up: moment and what is before it are to be */
    bool used;       /* it would have been right but for that */
    uint64_t moment; /* of right: the time step or counter */
};
/* As much work for any type, and whatever comes of it. false: not computed. */
SEC_NODISCARD bool one_time_code_check(const struct one_time_code *, struct bytes given,
                                       uint64_t now_100ns, struct one_time_code_verdict *out);

#endif
