/* SPDX-License-Identifier: Apache-2.0 */
/* Timing on shared, noisy machines: the jobs of a group run in interleaved rounds, so that each
 * round's ratios compare what ran under the same conditions; medians of rounds are what counts. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stddef.h>

/* Performs n operations; answers the seconds that count. */
typedef double (*harness_run)(void *state, long n);

struct harness_job {
    const char *what;
    harness_run run;
    void *state;
    void *second_state;   /* not NULL: a second thread runs the same at once; rates add up */
    double per_operation; /* units in one operation */
    const char *unit;
    const char *baseline; /* `what` of the job that the ratio is to; NULL: no ratio */
};

enum { HARNESS_MAX_JOBS = 64 };

/* Runs every job BENCH_ROUNDS times (5) for BENCH_SECONDS (0.5) each, then prints the rows. */
void harness_group(const struct harness_job *jobs, size_t n);

/* One row that was counted, not timed. */
void harness_row(const char *what, double figure, const char *unit, double ratio,
                 const char *to_what);

double harness_now(void);

#endif
