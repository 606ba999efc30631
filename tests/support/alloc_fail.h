/* SPDX-License-Identifier: Apache-2.0 */
/* Fails each allocation in turn. A test that links alloc_fail_dep has malloc and its kin, as the
 * project's own code calls them, pass through here; other libraries' calls do not. */
#ifndef SUPPORT_ALLOC_FAIL_H
#define SUPPORT_ALLOC_FAIL_H

#include <stdbool.h>

/* What is to be survived. failing: an allocation of this run may fail, so that an error is a
 * right answer (what was asked for must then be left as if it had not been); else none fails and
 * the run must succeed. The run asserts all that itself, and frees what it made. */
typedef void (*alloc_fail_run)(void *user, bool failing);

/* Runs once for each allocation of this thread that the run makes, with that one failing, once
 * more for each with all from there on failing, and at last with none failing. Gives the number
 * of allocations, so that a test can see that there were some. */
unsigned long alloc_fail_each(alloc_fail_run, void *user);

/* For what a run prepares and what it puts away: while this thread's allocations are spared, none fails and none
 * counts; calls nest. */
void alloc_fail_spare(bool spare);

#endif
