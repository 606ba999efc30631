/* SPDX-License-Identifier: Apache-2.0 */
/* For tests with one side of each kind: both are closed after each, and nothing may be left. */
#ifndef TESTS_UNIT_NEGOTIATE_SIDES_H
#define TESTS_UNIT_NEGOTIATE_SIDES_H

#include "tests/unit/negotiate/pair.h"

static struct side client, server;

static inline int
setup(void **state)
{
    (void)state;
    fake_mech_reset();
    return 0;
}

static inline int
setup_windows(void **state)
{
    (void)state;
    fake_mech_reset();
    fake_mech_play_windows();
    return 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    side_close(&client);
    side_close(&server);
    assert_nothing_left();
    return 0;
}

#endif
