/* SPDX-License-Identifier: Apache-2.0 */
/* Threads against each other: on one credential, on one context, on the handle table. What they
 * find is asserted by the main thread, since cmocka's assertions belong to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "sspi/handles.h"
#include "tests/support/api_pair.h"
#include "tests/support/demo_store.h"

enum { THREADS = 2, HANDSHAKES = 60, MESSAGES = 400, ROUNDS = 4000 };

#define PROTECTED \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

static const char *config_file;

static int
load(void **state)
{
    config_file = demo_store_make("DOMAIN", "demo", "Passw0rd!", NULL);
    return OpenSspiLoadConfiguration(config_file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static void
run_threads(void *(*run)(void *), void *args[static THREADS])
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, args[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

/* --- one credential ------------------------------------------------------------------------ */

static atomic_uint failures;

static void *
handshake_often(void *arg)
{
    const struct api_pair *shared = arg;

    for (int i = 0; i < HANDSHAKES; i++) {
        struct api_pair own = { .client_cred = shared->client_cred,
                                .server_cred = shared->server_cred };

        if (api_establish(&own, PROTECTED, 0) != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
        }
        api_delete_contexts(&own);
    }
    return NULL;
}

static void
test_credential__in_two_threads__serves_both(void **state)
{
    static const char *const packages[] = { "NTLM", "Negotiate" };

    for (size_t i = 0; i < 2; i++) {
        struct api_pair p;
        void *args[THREADS] = { &p, &p };

        assert_int_equal(api_acquire(&p, packages[i], "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
        atomic_store(&failures, 0);
        run_threads(handshake_often, args);
        assert_int_equal(atomic_load(&failures), 0);
        api_release(&p);
    }
}

/* --- one context --------------------------------------------------------------------------- */

/* Messages made by the peer beforehand, to be opened while the other thread seals. */
struct traffic {
    struct api_pair pair;
    uint8_t token[MESSAGES][16], data[MESSAGES][64];
};

static SECURITY_STATUS
run_message(struct traffic *t, unsigned i, PCtxtHandle h, int opening)
{
    SecBuffer b[2] = { { 16, SECBUFFER_TOKEN, t->token[i] }, { 64, SECBUFFER_DATA, t->data[i] } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    return opening ? DecryptMessage(h, &d, 0, NULL) : EncryptMessage(h, 0, &d, 0);
}

static void *
open_all(void *arg)
{
    struct traffic *t = arg;

    for (unsigned i = 0; i < MESSAGES; i++) {
        if (run_message(t, i, &t->pair.server, 1) != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
        }
    }
    return NULL;
}

static void *
seal_all(void *arg)
{
    static struct traffic out;
    struct traffic *t = arg;

    for (unsigned i = 0; i < MESSAGES; i++) {
        if (run_message(&out, i, &t->pair.server, 0) != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
        }
    }
    for (unsigned i = 0; i < MESSAGES; i++) {
        if (run_message(&out, i, &t->pair.client, 1) != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
        }
    }
    return NULL;
}

static void *
seal_or_open(void *arg)
{
    void **what = arg;

    return what[0] ? seal_all(what[1]) : open_all(what[1]);
}

static void
test_context__sealing_against_opening__keeps_both_streams(void **state)
{
    struct traffic *t = mem_new(sizeof(*t));
    void *seal[2] = { t, t }, *open[2] = { NULL, t };
    void *args[THREADS] = { seal, open };

    assert_non_null(t);
    assert_int_equal(api_acquire(&t->pair, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(api_establish(&t->pair, PROTECTED, 0), SEC_E_OK);
    for (unsigned i = 0; i < MESSAGES; i++) {
        assert_int_equal(run_message(t, i, &t->pair.client, 0), SEC_E_OK);
    }
    atomic_store(&failures, 0);
    run_threads(seal_or_open, args);
    assert_int_equal(atomic_load(&failures), 0);
    api_release(&t->pair);
    mem_free(t);
}

/* A leg that both threads take at once, with the same token: one answer is right, and the other is
 * that the handshake is over. Each looks at the context all the while. */
static struct {
    struct api_pair pair;
    uint8_t token[API_TOKEN_BYTES];
    ULONG n;
    pthread_barrier_t start;
    atomic_uint granted;
} race;

static void *
take_the_last_leg(void *arg)
{
    uint8_t out[API_TOKEN_BYTES];
    SecBuffer in_b = { race.n, SECBUFFER_TOKEN, race.token };
    SecBuffer out_b = { sizeof(out), SECBUFFER_TOKEN, out };
    SecBufferDesc in_d = { SECBUFFER_VERSION, 1, &in_b }, out_d = { SECBUFFER_VERSION, 1, &out_b };
    POPENSSPI_LOGON logon;
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status;
    ULONG attributes;

    (void)pthread_barrier_wait(&race.start);
    (void)QueryContextAttributesA(&race.pair.server, SECPKG_ATTR_SIZES, &sizes);
    status = AcceptSecurityContext(NULL, &race.pair.server, &in_d, 0, 0, NULL, &out_d, &attributes,
                                   NULL);
    if (status == SEC_E_OK) {
        atomic_fetch_add(&race.granted, 1);
    } else if (status != SEC_E_OUT_OF_SEQUENCE) {
        atomic_fetch_add(&failures, 1);
    }
    if (OpenSspiQueryLogon(&race.pair.server, &logon) != SEC_E_OK ||
        QueryContextAttributesA(&race.pair.server, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK) {
        atomic_fetch_add(&failures, 1);
    } else {
        (void)FreeContextBuffer(logon);
    }
    return NULL;
}

static void
open_both(void)
{
    struct api_pair *p = &race.pair;
    uint8_t reply[API_TOKEN_BYTES];
    SecBuffer from_client = { sizeof(race.token), SECBUFFER_TOKEN, race.token };
    SecBuffer from_server = { sizeof(reply), SECBUFFER_TOKEN, reply };
    SecBufferDesc client_d = { SECBUFFER_VERSION, 1, &from_client };
    SecBufferDesc server_d = { SECBUFFER_VERSION, 1, &from_server };
    ULONG attributes;

    assert_int_equal(InitializeSecurityContextA(&p->client_cred, NULL, NULL, PROTECTED, 0, 0, NULL,
                                                0, &p->client, &client_d, &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(AcceptSecurityContext(&p->server_cred, NULL, &client_d, 0, 0, &p->server,
                                           &server_d, &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED);
    from_client.cbBuffer = sizeof(race.token);
    assert_int_equal(InitializeSecurityContextA(NULL, &p->client, NULL, PROTECTED, 0, 0, &server_d,
                                                0, NULL, &client_d, &attributes, NULL),
                     SEC_E_OK);
    race.n = from_client.cbBuffer;
    p->have_client = p->have_server = 1;
}

static void
test_context__stepped_by_two_threads__is_granted_once(void **state)
{
    void *args[THREADS] = { NULL };

    assert_int_equal(api_acquire(&race.pair, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    assert_int_equal(pthread_barrier_init(&race.start, NULL, THREADS), 0);
    atomic_store(&failures, 0);
    for (int i = 0; i < HANDSHAKES; i++) {
        atomic_store(&race.granted, 0);
        open_both();
        run_threads(take_the_last_leg, args);
        assert_int_equal(atomic_load(&race.granted), 1);
        assert_int_equal(atomic_load(&failures), 0);
        api_delete_contexts(&race.pair);
    }
    assert_int_equal(pthread_barrier_destroy(&race.start), 0);
    api_release(&race.pair);
}

/* One thread deletes a context while another uses it: an answer, or SEC_E_INVALID_HANDLE. */
static void *
query_often(void *arg)
{
    struct api_pair *p = arg;
    SecPkgContext_Sizes sizes;

    for (int i = 0; i < ROUNDS; i++) {
        SECURITY_STATUS status = QueryContextAttributesA(&p->server, SECPKG_ATTR_SIZES, &sizes);

        if (status == SEC_E_INVALID_HANDLE) {
            return NULL;
        }
        if (status != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
        }
        if (i == ROUNDS / 8) {
            (void)DeleteSecurityContext(&p->server);
        }
    }
    return NULL;
}

static void
test_context__deleted_while_in_use__ends_once(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct api_pair p;
        void *args[THREADS] = { &p, &p };

        assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
        assert_int_equal(api_establish(&p, PROTECTED, 0), SEC_E_OK);
        atomic_store(&failures, 0);
        run_threads(query_often, args);
        assert_int_equal(atomic_load(&failures), 0);
        assert_int_equal(DeleteSecurityContext(&p.server), SEC_E_INVALID_HANDLE);
        p.have_server = 0;
        api_release(&p);
    }
}

/* --- the configuration --------------------------------------------------------------------- */

static void *
load_or_use(void *arg)
{
    for (int i = 0; i < HANDSHAKES; i++) {
        struct api_pair p;

        if (arg) {
            if (OpenSspiLoadConfiguration(config_file, NULL, 0) != SEC_E_OK) {
                atomic_fetch_add(&failures, 1);
            }
            continue;
        }
        if (api_acquire(&p, "Negotiate", "demo", "DOMAIN", "Passw0rd!") != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
            continue;
        }
        if (api_establish(&p, PROTECTED, 0) != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
        }
        api_release(&p);
    }
    return NULL;
}

static void
test_configuration__replaced_under_credentials__serves_them_to_their_end(void **state)
{
    int something;
    void *args[THREADS] = { &something, NULL };

    atomic_store(&failures, 0);
    run_threads(load_or_use, args);
    assert_int_equal(atomic_load(&failures), 0);
}

/* --- the handle table ---------------------------------------------------------------------- */

static _Atomic uint64_t shared_lower, shared_upper;
static atomic_uint ended;

/* Each makes, shares, uses what the other shared, and deletes: of two deletions one counts. */
static void *
churn(void *arg)
{
    CredHandle *cred = arg;

    for (int i = 0; i < ROUNDS / 8; i++) {
        uint8_t room[512];
        SecBuffer b = { sizeof(room), SECBUFFER_TOKEN, room };
        SecBufferDesc d = { SECBUFFER_VERSION, 1, &b };
        CtxtHandle own, other;
        SecPkgContext_NegotiationInfoA info;
        ULONG attributes;

        if (InitializeSecurityContextA(cred, NULL, NULL, 0, 0, 0, NULL, 0, &own, &d, &attributes,
                                       NULL) != SEC_I_CONTINUE_NEEDED) {
            atomic_fetch_add(&failures, 1);
            continue;
        }
        other.dwLower = atomic_exchange(&shared_lower, own.dwLower);
        other.dwUpper = atomic_exchange(&shared_upper, own.dwUpper);
        if (QueryContextAttributesA(&other, SECPKG_ATTR_NEGOTIATION_INFO, &info) == SEC_E_OK) {
            (void)FreeContextBuffer(info.PackageInfo);
        }
        ended += DeleteSecurityContext(&other) == SEC_E_OK;
        ended += DeleteSecurityContext(&own) == SEC_E_OK;
    }
    return NULL;
}

static void
test_handles__churned_by_two_threads__end_exactly_once(void **state)
{
    struct api_pair p;
    void *args[THREADS] = { &p.client_cred, &p.client_cred };

    assert_int_equal(api_acquire(&p, "NTLM", "demo", "DOMAIN", "Passw0rd!"), SEC_E_OK);
    atomic_store(&failures, 0);
    atomic_store(&ended, 0);
    run_threads(churn, args);
    assert_int_equal(atomic_load(&failures), 0);
    assert_int_equal(atomic_load(&ended), THREADS * (ROUNDS / 8));
    api_release(&p);
}

/* --- fork ---------------------------------------------------------------------------------- */

/* The sanitizers' own locks do not pass a fork. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
enum { FORKS = 40 };

static atomic_bool stop;

static SECURITY_STATUS
acquire_and_free(void)
{
    CredHandle h;
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, API_NAME("NTLM"), SECPKG_CRED_INBOUND,
                                                       NULL, NULL, NULL, NULL, &h, NULL);

    return status == SEC_E_OK ? FreeCredentialsHandle(&h) : status;
}

static void *
acquire_often(void *arg)
{
    while (!atomic_load(&stop)) {
        if (acquire_and_free() != SEC_E_OK) {
            atomic_fetch_add(&failures, 1);
        }
    }
    return NULL;
}

/* A child has none of the threads that may hold a lock at that moment. */
static void
test_fork__among_threads__leaves_a_child_that_works(void **state)
{
    pthread_t threads[THREADS];
    int status = 0;

    atomic_store(&failures, 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, acquire_often, NULL), 0);
    }
    for (int i = 0; i < FORKS && status == 0; i++) {
        pid_t child = fork();

        if (child == 0) {
            (void)alarm(60);
            _exit(acquire_and_free() == SEC_E_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(status, 0);
    assert_int_equal(atomic_load(&failures), 0);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credential__in_two_threads__serves_both),
        cmocka_unit_test(test_context__sealing_against_opening__keeps_both_streams),
        cmocka_unit_test(test_context__stepped_by_two_threads__is_granted_once),
        cmocka_unit_test(test_context__deleted_while_in_use__ends_once),
        cmocka_unit_test(test_configuration__replaced_under_credentials__serves_them_to_their_end),
        cmocka_unit_test(test_handles__churned_by_two_threads__end_exactly_once),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_fork__among_threads__leaves_a_child_that_works),
#endif
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
