/* SPDX-License-Identifier: Apache-2.0 */
/* A proof in this process beside the same one asked of samd: what a logon through samd costs more. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/authority_link.h"
#include "account/authority_msg.h"
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
    struct test_claim claims[BATCH];
};

/* A challenge is answered once: each proof is of a claim of its own, which is made before the time
 * is taken. */
static void
make_claims(struct proofs *p, long n)
{
    for (long i = 0; i < n; i++) {
        test_claim_make(&p->claims[i], "demo", "TESTS", "pw123456");
    }
}

static double
prove_claims(const struct proofs *p, long n)
{
    double began = harness_now();

    for (long i = 0; i < n; i++) {
        struct account_proof proof;

        must(account_prove(p->authority, &p->claims[i].claim, &proof) == SEC_E_OK, sec_reason());
        account_proof_clear(&proof);
    }
    return harness_now() - began;
}

static double
prove(void *state, long n)
{
    struct proofs *p = state;
    double took = 0;

    while (n > 0) {
        long some = n < BATCH ? n : BATCH;

        make_claims(p, some);
        took += prove_claims(p, some);
        n -= some;
    }
    return took;
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

    for (int i = 0; i < READY_TRIES && status != SEC_E_OK; i++) {
        make_claims(p, 1);
        status = account_prove(p->authority, &p->claims[0].claim, &proof);
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

/* --- the floor ----------------------------------------------------------------------------- */

enum { SIDES_MAX = 2, ANSWER_BYTES_MAX = 4096 };

/* The bytes of a request and its answer, to another process and back: each side blocks in recv, and
 * nothing is looked at. What the machine takes for that is no fault of samd's. */
struct echo {
    size_t request, answer;
    int fd;
};

static void
send_whole(int fd, size_t n)
{
    static const uint8_t bytes[ANSWER_BYTES_MAX];

    must(send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n, "send");
}

static bool
receive_whole(int fd, size_t n)
{
    uint8_t bytes[ANSWER_BYTES_MAX];

    return recv(fd, bytes, n, MSG_WAITALL) == (ssize_t)n;
}

static void *
answer_all(void *user)
{
    const struct echo *e = user;

    while (receive_whole(e->fd, e->request)) {
        send_whole(e->fd, e->answer);
    }
    return NULL;
}

/* A process that answers, with a thread for each connection. */
static pid_t
start_echo(struct echo here[SIDES_MAX], size_t request, size_t answer)
{
    struct echo there[SIDES_MAX];
    pthread_t thread;
    pid_t pid;

    for (int i = 0; i < SIDES_MAX; i++) {
        int fds[2];

        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
        here[i] = (struct echo){ request, answer, fds[0] };
        there[i] = (struct echo){ request, answer, fds[1] };
    }
    pid = fork();
    must(pid >= 0, "fork");
    for (int i = 0; i < SIDES_MAX; i++) {
        (void)close(pid ? there[i].fd : here[i].fd);
    }
    if (pid == 0) {
        must(pthread_create(&thread, NULL, answer_all, &there[1]) == 0, "pthread_create");
        (void)answer_all(&there[0]);
        _exit(0);
    }
    return pid;
}

static double
ask_echo(void *state)
{
    const struct echo *e = state;
    double began = harness_now();

    send_whole(e->fd, e->request);
    must(receive_whole(e->fd, e->answer), "recv");
    return harness_now() - began;
}

/* How long a proof's request and its answer are. */
static void
measure_messages(const char *socket_path, struct proofs *p, size_t *request, size_t *answer)
{
    struct authority_msg m = { .type = AUTHORITY_MSG_HELLO, .version = AUTHORITY_MSG_VERSION };
    uint8_t room[ANSWER_BYTES_MAX];
    char why[AUTHORITY_LINK_REASON_BYTES];
    struct authority_inbox in;
    int fd;

    must(authority_link_open(socket_path, 10000, &fd, why) == AUTHORITY_LINK_OK, why);
    authority_inbox_init(&in);
    for (int i = 0; i < 2; i++) {
        struct wire_writer w = wire_writer_fixed(room, sizeof(room));
        struct bytes frame;

        must(authority_msg_encode(&w, &m) == WIRE_OK &&
                 authority_link_send(fd, wire_written(&w)) == AUTHORITY_LINK_OK &&
                 authority_link_receive(fd, &in, clock_monotonic_ms() + 10000, &frame) ==
                     AUTHORITY_LINK_OK,
             "no answer");
        *request = w.len;
        *answer = AUTHORITY_MSG_LENGTH_BYTES + frame.n;
        make_claims(p, 1);
        m = (struct authority_msg){ .type = AUTHORITY_MSG_PROVE,
                                    .kind = ACCOUNT_NTLM_V2,
                                    .claim = p->claims[0].claim };
    }
    must(*answer <= ANSWER_BYTES_MAX, "an answer that is longer than any");
    authority_inbox_clear(&in);
    (void)close(fd);
}

/* --- what a caller waits ------------------------------------------------------------------- */

enum { WAITS = 1000, WAIT_ROUNDS = 7, PAUSE_US = 1000 };
enum who { IN_PROCESS, ECHO, SAMD, WHO_MAX };

/* Whom a thread asks. */
struct asked {
    double (*ask)(void *state);
    void *state;
};

/* One thread's waits, one after the other, or with a pause before each. */
struct waits {
    struct asked asked;
    struct proofs *claims; /* are made before each wait, whoever is asked */
    unsigned pause_us;
    double us[WAITS];
    pthread_barrier_t *start;
};

static double
ask_authority(void *state)
{
    return prove_claims(state, 1);
}

static void *
wait_often(void *arg)
{
    struct waits *w = arg;

    (void)pthread_barrier_wait(w->start);
    for (int i = 0; i < WAITS; i++) {
        if (w->pause_us) {
            (void)usleep(w->pause_us);
        }
        make_claims(w->claims, 1);
        w->us[i] = w->asked.ask(w->asked.state) * 1e6;
    }
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct figures {
    double median, mean;
};

static struct figures
figures_of(double *us, size_t n)
{
    struct figures f = { 0, 0 };

    qsort(us, n, sizeof(*us), compare);
    for (size_t i = 0; i < n; i++) {
        f.mean += us[i] / (double)n;
    }
    f.median = us[n / 2];
    return f;
}

static struct figures
wait_in_threads(const struct asked asked[SIDES_MAX], struct proofs claims[SIDES_MAX],
                unsigned threads, unsigned pause_us)
{
    static struct waits w[SIDES_MAX];
    static double all[SIDES_MAX * WAITS];
    pthread_barrier_t start;
    pthread_t thread;

    (void)pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        w[i] = (struct waits){
            .asked = asked[i], .claims = &claims[i], .pause_us = pause_us, .start = &start
        };
    }
    if (threads > 1) {
        must(pthread_create(&thread, NULL, wait_often, &w[1]) == 0, "pthread_create");
    }
    (void)wait_often(&w[0]);
    if (threads > 1) {
        (void)pthread_join(thread, NULL);
    }
    (void)pthread_barrier_destroy(&start);
    for (size_t i = 0; i < (size_t)threads * WAITS; i++) {
        all[i] = w[i / WAITS].us[i % WAITS];
    }
    return figures_of(all, (size_t)threads * WAITS);
}

struct rhythm {
    const char *name;
    unsigned threads, pause_us;
};

static double
median_of(const struct figures *rounds, bool means)
{
    double values[WAIT_ROUNDS];

    for (int i = 0; i < WAIT_ROUNDS; i++) {
        values[i] = means ? rounds[i].mean : rounds[i].median;
    }
    return figures_of(values, WAIT_ROUNDS).median;
}

static void
report(const struct rhythm *r, struct figures rounds[WHO_MAX][WAIT_ROUNDS], bool means)
{
    const char *kind = means ? "mean" : "median";
    struct figures adds[WAIT_ROUNDS], above[WAIT_ROUNDS], ratio[WAIT_ROUNDS];
    char floor[120], what[120];

    for (int i = 0; i < WAIT_ROUNDS; i++) {
        const struct figures *f[] = { &rounds[IN_PROCESS][i], &rounds[ECHO][i], &rounds[SAMD][i] };

        adds[i] = (struct figures){ f[2]->median - f[0]->median, f[2]->mean - f[0]->mean };
        above[i] = (struct figures){ adds[i].median - f[1]->median, adds[i].mean - f[1]->mean };
        ratio[i] = (struct figures){ adds[i].median / f[1]->median, adds[i].mean / f[1]->mean };
    }
    (void)snprintf(floor, sizeof(floor), "to another process and back, %s, %s", kind, r->name);
    harness_row(floor, median_of(rounds[ECHO], means), "us", 0, NULL);
    (void)snprintf(what, sizeof(what), "what samd adds, %s, %s", kind, r->name);
    harness_row(what, median_of(adds, means), "us", median_of(ratio, means), floor);
    (void)snprintf(what, sizeof(what), "of it above that floor, %s, %s", kind, r->name);
    harness_row(what, median_of(above, means), "us", 0, NULL);
}

/* Each round asks all three, so that its differences are of the same moment of the machine. */
static void
wait_group(const struct asked asked[WHO_MAX][SIDES_MAX], struct proofs *claims[WHO_MAX])
{
    static const struct rhythm rhythms[] = {
        { "one thread back to back", 1, 0 },
        { "one thread, 1 ms between", 1, PAUSE_US },
        { "2 threads back to back", 2, 0 },
    };
    static struct figures rounds[SEC_ARRAY_LEN(rhythms)][WHO_MAX][WAIT_ROUNDS];

    for (int round = 0; round < WAIT_ROUNDS; round++) {
        for (size_t i = 0; i < SEC_ARRAY_LEN(rhythms); i++) {
            for (int who = 0; who < WHO_MAX; who++) {
                rounds[i][who][round] = wait_in_threads(asked[who], claims[who], rhythms[i].threads,
                                                        rhythms[i].pause_us);
            }
        }
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(rhythms); i++) {
        report(&rhythms[i], rounds[i], false);
        report(&rhythms[i], rounds[i], true);
    }
}

static void
compare_waits(const char *socket_path, struct proofs in_process[SIDES_MAX],
              struct proofs asked[SIDES_MAX])
{
    struct asked all[WHO_MAX][SIDES_MAX];
    struct proofs *claims[WHO_MAX] = { in_process, in_process, asked };
    struct echo echo[SIDES_MAX];
    size_t request, answer;
    pid_t pid;

    measure_messages(socket_path, &asked[0], &request, &answer);
    pid = start_echo(echo, request, answer);
    for (int i = 0; i < SIDES_MAX; i++) {
        all[IN_PROCESS][i] = (struct asked){ ask_authority, &in_process[i] };
        all[ECHO][i] = (struct asked){ ask_echo, &echo[i] };
        all[SAMD][i] = (struct asked){ ask_authority, &asked[i] };
    }
    wait_group(all, claims);
    for (int i = 0; i < SIDES_MAX; i++) {
        (void)close(echo[i].fd);
    }
    (void)waitpid(pid, NULL, 0);
}

int
main(void)
{
    static struct proofs in_process[SIDES_MAX], asked[SIDES_MAX];
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
    compare_waits(store + strlen("authority:"), in_process, asked);
    account_authority_close(in_process[0].authority);
    account_authority_close(asked[0].authority);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
    test_store_remove(&t);
    return 0;
}
