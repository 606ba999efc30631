/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes. HOTP of a counter is TOTP with a time step of one second at that second, so that
 * one function of liboath does for both, with any of the digests. */
#include <liboath/oath.h>

#include "account/one_time_code.h"
#include "base/clock.h"
#include "base/secret.h"
#include "crypto/random.h"

enum { LIBRARY_STACK_BYTES = 4096, WINDOW_MAX = 2 + ONE_TIME_CODE_LOOK_AHEAD };

size_t
one_time_code_secret_bytes(enum one_time_code_algorithm algorithm)
{
    return algorithm == ONE_TIME_CODE_SHA512 ? 64 : algorithm == ONE_TIME_CODE_SHA256 ? 32 : 20;
}

bool
one_time_code_new_secret(struct one_time_code *c)
{
    c->n = one_time_code_secret_bytes(c->algorithm);
    return random_bytes(c->secret, c->n);
}

const char *
one_time_code_fault(const struct one_time_code *c)
{
    if (c->type != ONE_TIME_CODE_TOTP && c->type != ONE_TIME_CODE_HOTP) {
        return "its type is neither totp nor hotp";
    }
    if (c->algorithm < ONE_TIME_CODE_SHA1 || c->algorithm > ONE_TIME_CODE_SHA512) {
        return "its algorithm is none of sha1, sha256 and sha512";
    }
    if (c->digits < ONE_TIME_CODE_DIGITS_MIN || c->digits > ONE_TIME_CODE_DIGITS_MAX) {
        return "it has not 6 to 8 digits";
    }
    if (c->type == ONE_TIME_CODE_TOTP &&
        (c->period_s < ONE_TIME_CODE_PERIOD_MIN || c->period_s > ONE_TIME_CODE_PERIOD_MAX)) {
        return "its period is not of 10 to 300 seconds";
    }
    if (c->n < ONE_TIME_CODE_SECRET_MIN || c->n > ONE_TIME_CODE_SECRET_MAX) {
        return "its secret has not 16 to 64 bytes";
    }
    return c->next > INT64_MAX - WINDOW_MAX ? "its counter is at its end" : NULL;
}

/* liboath leaves the blocks of its HMAC, which hold the secret, where its frames were. */
static __attribute__((noinline)) void
wipe_library_stack(void)
{
    uint8_t frames[LIBRARY_STACK_BYTES];

    secret_wipe(frames, sizeof(frames));
}

static bool
generate(const struct one_time_code *c, uint64_t moment, char *digits)
{
    static const int flags[] = {
        [ONE_TIME_CODE_SHA1] = 0,
        [ONE_TIME_CODE_SHA256] = OATH_TOTP_HMAC_SHA256,
        [ONE_TIME_CODE_SHA512] = OATH_TOTP_HMAC_SHA512,
    };

    for (size_t i = 0; i <= ONE_TIME_CODE_DIGITS_MAX; i++) {
        digits[i] = 0;
    }
    return oath_totp_generate2((const char *)c->secret, c->n, (time_t)moment, 1, 0, c->digits,
                               flags[c->algorithm], digits) == OATH_OK;
}

bool
one_time_code_make(const struct one_time_code *c, uint64_t moment,
                   char digits[static ONE_TIME_CODE_DIGITS_MAX + 1])
{
    bool made = !one_time_code_fault(c) && moment <= INT64_MAX && oath_init() == OATH_OK &&
                generate(c, moment, digits);

    wipe_library_stack();
    return made;
}

/* --- checking ------------------------------------------------------------------------------ */

/* Which moments count. It begins a step early, for TOTP's clocks, and for HOTP with the counter that
 * is used up, so that it can be told. */
struct window {
    uint64_t first, last;
};

static struct window
window_of(const struct one_time_code *c, uint64_t now_100ns)
{
    int64_t now_s = clock_to_unix(now_100ns);
    uint64_t at = c->next, ahead = ONE_TIME_CODE_LOOK_AHEAD;

    if (c->type == ONE_TIME_CODE_TOTP) {
        at = now_s > 0 ? (uint64_t)now_s / c->period_s : 0;
        ahead = ONE_TIME_CODE_STEPS;
    }
    return (struct window){ at ? at - ONE_TIME_CODE_STEPS : 0, at + ahead };
}

static void
judge(const struct one_time_code *c, uint64_t moment, struct one_time_code_verdict *out)
{
    if (moment < c->next) {
        out->used = true;
    } else if (!out->right) {
        out->right = true;
        out->moment = moment;
    }
}

bool
one_time_code_check(const struct one_time_code *c, struct bytes given, uint64_t now_100ns,
                    struct one_time_code_verdict *out)
{
    char sent[ONE_TIME_CODE_DIGITS_MAX + 1] = "", wanted[ONE_TIME_CODE_DIGITS_MAX + 1];
    bool computed = !one_time_code_fault(c) && oath_init() == OATH_OK;
    struct window w = computed ? window_of(c, now_100ns) : (struct window){ 0 };

    *out = (struct one_time_code_verdict){ 0 };
    bytes_copy(sent, given.p, given.n < sizeof(sent) ? given.n : 0);
    for (uint64_t by = 0; computed && by < WINDOW_MAX; by++) {
        bool equal;

        computed = generate(c, w.first + by, wanted);
        equal = secret_equal(sent, wanted, sizeof(sent));
        if (equal && given.n == c->digits && w.first + by <= w.last) {
            judge(c, w.first + by, out);
        }
    }
    wipe_library_stack();
    secret_wipe(sent, sizeof(sent));
    secret_wipe(wanted, sizeof(wanted));
    out->right = out->right && computed;
    out->used = out->used && !out->right;
    return computed;
}
