/* SPDX-License-Identifier: Apache-2.0 */
/* Interleaved rounds. */
#include "bench/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_ROUNDS = 99 };

static double
setting(const char *name, double otherwise)
{
    const char *value = getenv(name);
    double number = value ? strtod(value, NULL) : 0;

    return number > 0 ? number : otherwise;
}

double
harness_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double
rate_of(harness_run run, void *state, double seconds)
{
    double total = 0;
    long n = 1, done = 0;

    while (total < seconds) {
        double took = run(state, n);

        total += took;
        done += n;
        if (took < seconds / 20) {
            n *= 2;
        }
    }
    return (double)done / total;
}

struct runner {
    const struct harness_job *job;
    void *state;
    double seconds, rate;
    pthread_barrier_t *start;
};

static void *
run_thread(void *arg)
{
    struct runner *r = arg;

    (void)pthread_barrier_wait(r->start);
    r->rate = rate_of(r->job->run, r->state, r->seconds);
    return NULL;
}

static double
measure(const struct harness_job *job, double seconds)
{
    pthread_barrier_t start;
    pthread_t thread;
    struct runner one = { job, job->state, seconds, 0, &start };
    struct runner two = { job, job->second_state, seconds, 0, &start };

    if (!job->second_state) {
        return rate_of(job->run, job->state, seconds) * job->per_operation;
    }
    (void)pthread_barrier_init(&start, NULL, 2);
    if (pthread_create(&thread, NULL, run_thread, &two)) {
        abort();
    }
    (void)run_thread(&one);
    (void)pthread_join(thread, NULL);
    (void)pthread_barrier_destroy(&start);
    return (one.rate + two.rate) * job->per_operation;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(const double *values, size_t n)
{
    double sorted[MAX_ROUNDS];

    memcpy(sorted, values, n * sizeof(*values));
    qsort(sorted, n, sizeof(*sorted), compare);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void
harness_row(const char *what, double figure, const char *unit, double ratio, const char *to_what)
{
    if (to_what) {
        printf("%s\t%.6g\t%s\t%.3f\t%s\n", what, figure, unit, ratio, to_what);
    } else {
        printf("%s\t%.6g\t%s\t\t\n", what, figure, unit);
    }
    (void)fflush(stdout);
}

static void
report(const struct harness_job *jobs, size_t n, size_t at, double rates[][MAX_ROUNDS],
       size_t rounds)
{
    double ratios[MAX_ROUNDS];

    for (size_t i = 0; jobs[at].baseline && i < n; i++) {
        if (strcmp(jobs[i].what, jobs[at].baseline) != 0) {
            continue;
        }
        for (size_t r = 0; r < rounds; r++) {
            ratios[r] = rates[at][r] / rates[i][r];
        }
        harness_row(jobs[at].what, median(rates[at], rounds), jobs[at].unit, median(ratios, rounds),
                    jobs[at].baseline);
        return;
    }
    harness_row(jobs[at].what, median(rates[at], rounds), jobs[at].unit, 0, NULL);
}

void
harness_group(const struct harness_job *jobs, size_t n)
{
    static double rates[HARNESS_MAX_JOBS][MAX_ROUNDS];
    double seconds = setting("BENCH_SECONDS", 0.5);
    size_t rounds = (size_t)setting("BENCH_ROUNDS", 5);

    if (n > HARNESS_MAX_JOBS) {
        abort();
    }
    rounds = rounds < MAX_ROUNDS ? rounds : MAX_ROUNDS;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < n; i++) {
            rates[i][r] = measure(&jobs[i], seconds);
        }
    }
    for (size_t i = 0; i < n; i++) {
        report(jobs, n, i, rates, rounds);
    }
}
