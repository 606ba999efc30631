/* SPDX-License-Identifier: Apache-2.0 */
/* A pair with the one account of a store made for it. Includes cmocka's headers before. */
#ifndef TESTS_SUPPORT_DEMO_PAIR_H
#define TESTS_SUPPORT_DEMO_PAIR_H

#include "tests/support/api_pair.h"
#include "tests/support/demo_store.h"

#define PROTECTED \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

static const char *const demo_packages[] = { "NTLM", "Negotiate" };
enum { N_DEMO_PACKAGES = sizeof(demo_packages) / sizeof(demo_packages[0]) };

static inline void
demo_establish(struct api_pair *p, const char *package, ULONG client, ULONG server)
{
    assert_int_equal(api_acquire(p, package, "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_establish(p, client, server), SEC_E_OK);
}

static inline int
demo_load(void **state)
{
    const char *file = demo_store_make("DOMAIN", "demo", "Passw0rd!", NULL);

    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

#endif
