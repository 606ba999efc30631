/* SPDX-License-Identifier: Apache-2.0 */
/* A proof in this process beside the same one asked of samd: what a logon through samd costs more. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/harness.h"
#include "tests/support/account_store.h"

enum { READY_TRIES = 500, READY_US = 20000, BATCH = 16 };

static void
must(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_samd: %s\n", what);
        exit(1);
    }
}

struct proofs {
    struct account_authority *authority;
    struct test_claim claim;
};

static double
prove(void *state, long n)
{
    struct proofs *p = state;
    double began = harness_now();

    for (long i = 0; i < n; i++) {
        struct account_proof proof;

        must(account_prove(p->authority, &p->claim.claim, &proof) == SEC_E_OK, sec_reason());
        account_proof_clear(&proof);
    }
    return harness_now() - began;
}

static void
write_config(const struct test_store *t, const char *path)
{
    FILE *f = fopen(path, "w");

    must(f != NULL, path);
    (void)fprintf(f,
                  "[server]\ndomain = TESTS\n[samd]\nsocket = %s/auth\nstore = %s\nkey_file = %s\n"
                  "requests_per_second = 0\n",
                  t->folder, t->store, t->key_file);
    (void)fclose(f);
}

static pid_t
start(const char *config)
{
    pid_t pid = fork();

    must(pid >= 0, "fork");
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr)) {
            _exit(127);
        }
        (void)execl(BENCH_SAMD, "samd", "--config", config, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static struct account_authority *
open_authority(const struct test_store *t, const char *store)
{
    struct account_options options = t->options.accounts;
    struct account_authority *a = NULL;

    options.store = store;
    must(account_authority_open(&options, &a) == SEC_E_OK, store);
    return a;
}

/* Nobody waits here but until samd is there, and until both caches know the account. */
static void
warm(struct proofs *p)
{
    struct account_proof proof;
    sec_status status = SEC_E_NO_AUTHENTICATING_AUTHORITY;

    test_claim_make(&p->claim, "demo", "TESTS", "pw123456");
    for (int i = 0; i < READY_TRIES && status != SEC_E_OK; i++) {
        status = account_prove(p->authority, &p->claim.claim, &proof);
        account_proof_clear(&proof);
        if (status != SEC_E_OK) {
            (void)usleep(READY_US);
        }
    }
    must(status == SEC_E_OK, sec_reason());
}

/* The lowest of many: what else runs on the machine only adds. */
static double
least_us(struct proofs *p)
{
    double least = 1;

    for (int i = 0; i < 20000; i++) {
        double seconds = prove(p, BATCH) / BATCH;

        least = seconds < least ? seconds : least;
    }
    return least * 1e6;
}

/* --- what a caller waits ------------------------------------------------------------------- */

enum { WAITS = 4000, PAUSE_US = 1000 };

/* One thread's waits, one after the other, or with a pause before each. */
struct waits {
    struct proofs *proofs;
    unsigned pause_us;
    double us[WAITS];
    pthread_barrier_t *start;
};

static void *
wait_often(void *arg)
{
    struct waits *w = arg;

    if (w->start) {
        (void)pthread_barrier_wait(w->start);
    }
    for (int i = 0; i < WAITS; i++) {
        if (w->pause_us) {
            (void)usleep(w->pause_us);
        }
        w->us[i] = prove(w->proofs, 1) * 1e6;
    }
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median_us(struct waits *w)
{
    qsort(w->us, WAITS, sizeof(*w->us), compare);
    return w->us[WAITS / 2];
}

static double
median_of_one(struct proofs *p, unsigned pause_us)
{
    static struct waits w;

    w = (struct waits){ .proofs = p, .pause_us = pause_us };
    (void)wait_often(&w);
    return median_us(&w);
}

static double
median_of_two(struct proofs *a, struct proofs *b)
{
    static struct waits one, two;
    pthread_barrier_t start;
    pthread_t thread;

    (void)pthread_barrier_init(&start, NULL, 2);
    one = (struct waits){ .proofs = a, .start = &start };
    two = (struct waits){ .proofs = b, .start = &start };
    must(pthread_create(&thread, NULL, wait_often, &two) == 0, "pthread_create");
    (void)wait_often(&one);
    (void)pthread_join(thread, NULL);
    (void)pthread_barrier_destroy(&start);
    return (median_us(&one) + median_us(&two)) / 2;
}

static void
wait_group(struct proofs *in_process, struct proofs *asked)
{
    harness_row("what samd adds, median, one thread back to back",
                median_of_one(&asked[0], 0) - median_of_one(&in_process[0], 0), "us", 0, NULL);
    harness_row("what samd adds, median, one thread, 1 ms between",
                median_of_one(&asked[0], PAUSE_US) - median_of_one(&in_process[0], PAUSE_US), "us",
                0, NULL);
    harness_row("what samd adds, median, 2 threads back to back",
                median_of_two(&asked[0], &asked[1]) - median_of_two(&in_process[0], &in_process[1]),
                "us", 0, NULL);
}

int
main(void)
{
    struct proofs in_process[2], asked[2];
    const struct harness_job jobs[] = {
        { "account_prove in process", prove, &in_process[0], NULL, 1, "proofs/s", NULL },
        { "account_prove through samd", prove, &asked[0], NULL, 1, "proofs/s",
          "account_prove in process" },
        { "account_prove in process, 2 threads", prove, &in_process[0], &in_process[1], 1,
          "proofs/s", "account_prove in process" },
        { "account_prove through samd, 2 threads", prove, &asked[0], &asked[1], 1, "proofs/s",
          "account_prove through samd" },
    };
    struct test_store t;
    char config[160], store[160];
    double here, there;
    pid_t pid;

    test_store_make(&t);
    must(test_store_add(&t, "demo", "pw123456") == SEC_E_OK, sec_reason());
    (void)snprintf(config, sizeof(config), "%s/opensspi.conf", t.folder);
    (void)snprintf(store, sizeof(store), "authority:%s/auth", t.folder);
    write_config(&t, config);
    pid = start(config);
    in_process[0].authority = in_process[1].authority = open_authority(&t, t.store);
    asked[0].authority = asked[1].authority = open_authority(&t, store);
    for (int i = 0; i < 2; i++) {
        warm(&in_process[i]);
        warm(&asked[i]);
    }
    harness_group(jobs, SEC_ARRAY_LEN(jobs));
    here = least_us(&in_process[0]);
    there = least_us(&asked[0]);
    harness_row("account_prove in process, least of many", here, "us", 0, NULL);
    harness_row("what samd adds, least of many", there - here, "us", 0, NULL);
    wait_group(in_process, asked);
    account_authority_close(in_process[0].authority);
    account_authority_close(asked[0].authority);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
    test_store_remove(&t);
    return 0;
}
