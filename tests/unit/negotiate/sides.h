/* SPDX-License-Identifier: Apache-2.0 */
/* For tests with one side of each kind: both are closed after each, and nothing may be left. */
#ifndef TESTS_UNIT_NEGOTIATE_SIDES_H
#define TESTS_UNIT_NEGOTIATE_SIDES_H

#include "tests/unit/negotiate/pair.h"

static struct side client, server;

static int
setup(void **state)
{
    (void)state;
    fake_mech_reset();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    if (client.ctx) {
        side_close(&client);
    }
    if (server.ctx) {
        side_close(&server);
    }
    assert_nothing_left();
    return 0;
}

#endif
