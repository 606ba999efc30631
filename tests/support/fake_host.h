/* SPDX-License-Identifier: Apache-2.0 */
/* A host for packages under test: the clock stands still, random is a fixed sequence, names are
 * those of [MS-NLMP] 4.2. An exchange under it replays byte for byte. */
#ifndef TESTS_SUPPORT_FAKE_HOST_H
#define TESTS_SUPPORT_FAKE_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "package.h"

/* 2019-06-01 12:00:00 UTC. */
#define FAKE_HOST_NOW_100NS UINT64_C(132038640000000000)

struct fake_host {
    struct sec_host host;         /* what the package is given */
    struct sec_settings settings; /* host.settings points here: change it before acquire */
    uint64_t now_100ns;
    struct bytes random_script; /* handed out first, for vectors that fix a nonce; borrowed */
    uint64_t random_state;      /* then a sequence that begins here */
    size_t random_taken;        /* bytes handed out */
    size_t random_limit;        /* past so many bytes there is no random to be had */
};

/* Settings: computer Server, domain Domain, no DNS names, packages "Kerberos,NTLM", level 3 as
 * client and 5 as server, 128 bits, 36 h, bindings and target names as the caller's flags say. No
 * accounts, no packages: the test sets host.accounts, host.packages and host.n_packages.
 * *fake must not move afterwards. */
void fake_host_init(struct fake_host *fake);

#endif
