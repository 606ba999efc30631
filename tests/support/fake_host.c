/* SPDX-License-Identifier: Apache-2.0 */
/* A host for packages under test. */
#include "tests/support/fake_host.h"
#include "tests/support/hex.h"

static uint64_t
fake_now(const struct sec_host *host)
{
    return ((const struct fake_host *)host)->now_100ns;
}

/* splitmix64: well spread, and the same on every machine. */
static uint8_t
next_byte(struct fake_host *fake)
{
    uint64_t z = (fake->random_state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint8_t)(z ^ z >> 31);
}

static bool
fake_random(const struct sec_host *host, void *to, size_t n)
{
    struct fake_host *fake = (struct fake_host *)(uintptr_t)host;
    uint8_t *p = to;

    memset(to, 0, n);
    if (n > fake->random_limit - fake->random_taken) {
        return false;
    }
    for (size_t i = 0; i < n; i++, fake->random_taken++) {
        p[i] = fake->random_taken < fake->random_script.n
                   ? fake->random_script.p[fake->random_taken]
                   : next_byte(fake);
    }
    return true;
}

void
fake_host_init(struct fake_host *fake)
{
    *fake = (struct fake_host){
        .host = { .settings = &fake->settings, .now_100ns = fake_now, .random = fake_random },
        .settings = {
            .computer = UTF16("Server"),
            .domain = UTF16("Domain"),
            .packages = "Kerberos,NTLM",
            .lm_level_client = 3,
            .lm_level_server = 5,
            .require_128bit = true,
            .max_response_age_100ns = UINT64_C(36) * 3600 * 10000000,
        },
        .now_100ns = FAKE_HOST_NOW_100NS,
        .random_state = 1,
        .random_limit = SIZE_MAX,
    };
}
