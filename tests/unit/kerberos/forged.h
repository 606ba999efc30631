/* SPDX-License-Identifier: Apache-2.0 */
/* For tests with one acceptor, and one client whose ticket and request are forged: fresh for each. */
#ifndef TESTS_UNIT_KERBEROS_FORGED_H
#define TESTS_UNIT_KERBEROS_FORGED_H

#include "tests/support/krb_forge.h"

static struct krb_forge_acceptor a;
static struct krb_forge f;

static inline int
setup(void **state)
{
    krb_forge_acceptor_init(&a);
    krb_forge_init(&f, &a.tickets);
    return 0;
}

static inline int
teardown(void **state)
{
    return krb_forge_acceptor_clear(&a) ? 0 : -1;
}

#endif
