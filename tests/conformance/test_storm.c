/* SPDX-License-Identifier: Apache-2.0 */
/* Threads at random on the same handles and on different ones, the stale ones among them; what was exported while it was
 * in use; one blob that several import at once; one client that several go on with. What a thread finds is counted, and judged by the main thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "tests/conformance/scene.h"
#include "tests/support/demo_store.h"

enum {
    THREADS = 4,
    STEPS = 600,
    CREDENTIALS = 4,
    CONTEXTS = 12,
    PACKED = 4,
    MESSAGES = 200,
    RACES = 24
};

#define FLAGS \
    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

static atomic_uint failures;

/* --- one blob, several who import it ------------------------------------------------------- */

static struct race {
    pthread_barrier_t start;
    const char *package;
    SecBuffer packed;
    atomic_uint won, late;
} race;

static void *
import_once(void *unused)
{
    SecBuffer packed = race.packed;
    CtxtHandle h;
    SECURITY_STATUS status;

    (void)pthread_barrier_wait(&race.start);
    status = ImportSecurityContextA(API_NAME(race.package), &packed, NULL, &h);
    atomic_fetch_add(&race.won, status == SEC_E_OK);
    atomic_fetch_add(&race.late, status == SEC_E_CONTEXT_EXPIRED);
    if (status == SEC_E_OK && DeleteSecurityContext(&h) != SEC_E_OK) {
        atomic_fetch_add(&failures, 1);
    }
    return NULL;
}

static void
run_threads(void *(*run)(void *), void *args[], unsigned n)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, args ? args[i] : NULL), 0);
    }
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void
test_import__of_one_blob_by_threads_at_once__one_wins(void **state)
{
    assert_int_equal(pthread_barrier_init(&race.start, NULL, THREADS), 0);
    atomic_store(&failures, 0);
    for (int i = 0; i < RACES; i++) {
        struct scene s;

        scene_open(&s, (enum mechanism)(i % MECHANISMS), i % 2 ? CLIENT : SERVER, ESTABLISHED);
        race.package = package_name(s.mechanism);
        race.packed = (SecBuffer){ 0 };
        atomic_store(&race.won, 0);
        atomic_store(&race.late, 0);
        assert_int_equal(ExportSecurityContext(&s.context, 0, &race.packed, NULL), SEC_E_OK);
        run_threads(import_once, NULL, THREADS);
        assert_int_equal(atomic_load(&race.won), 1);
        assert_int_equal(atomic_load(&race.late), THREADS - 1);
        assert_int_equal(FreeContextBuffer(race.packed.pvBuffer), SEC_E_OK);
        scene_close(&s);
    }
    assert_int_equal(pthread_barrier_destroy(&race.start), 0);
    assert_int_equal(atomic_load(&failures), 0);
}

/* A child imports when the pipe is closed, and exits with 0 where it won, 1 where it came late. */
static pid_t
fork_importer(int go[2])
{
    pid_t child = fork();
    CtxtHandle h;
    char byte;

    assert_true(child >= 0);
    if (child == 0) {
        SECURITY_STATUS status;

        (void)close(go[1]);
        (void)alarm(60);
        (void)!read(go[0], &byte, 1);
        status = ImportSecurityContextA(API_NAME(race.package), &race.packed, NULL, &h);
        _exit(status == SEC_E_OK ? 0 : status == SEC_E_CONTEXT_EXPIRED ? 1 : 2);
    }
    return child;
}

static void
test_import__of_one_blob_by_processes_at_once__one_wins(void **state)
{
    for (int i = 0; i < RACES; i++) {
        unsigned ended[3] = { 0 };
        pid_t children[2];
        struct scene s;
        int go[2];

        scene_open(&s, (enum mechanism)(i % MECHANISMS), SERVER, ESTABLISHED);
        race.package = package_name(s.mechanism);
        race.packed = (SecBuffer){ 0 };
        assert_int_equal(ExportSecurityContext(&s.context, 0, &race.packed, NULL), SEC_E_OK);
        assert_int_equal(pipe(go), 0);
        for (int c = 0; c < 2; c++) {
            children[c] = fork_importer(go);
        }
        (void)close(go[0]);
        (void)close(go[1]);
        for (int c = 0; c < 2; c++) {
            int status = 0;

            assert_int_equal(waitpid(children[c], &status, 0), children[c]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 2);
            ended[WEXITSTATUS(status)]++;
        }
        assert_int_equal(ended[0], 1);
        assert_int_equal(ended[1], 1);
        assert_int_equal(FreeContextBuffer(race.packed.pvBuffer), SEC_E_OK);
        scene_close(&s);
    }
}

/* --- one client that was imported half-way, several who go on with it ------------------------ */

static struct take_up {
    struct scene scene;
    CredHandle other; /* somebody else's */
    atomic_uint went_on, late, refused;
} take_up;

static void *
go_on(void *arg)
{
    bool stranger = arg == &take_up.other;
    PCredHandle cred = stranger ? &take_up.other : &take_up.scene.credential;
    uint8_t token[API_TOKEN_BYTES], room[API_TOKEN_BYTES];
    SecBuffer in = { take_up.scene.token_bytes, SECBUFFER_TOKEN, token },
              out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc from = { SECBUFFER_VERSION, 1, &in }, to = { SECBUFFER_VERSION, 1, &out };
    CtxtHandle h = take_up.scene.context;
    SECURITY_STATUS status;
    ULONG attributes;

    memcpy(token, take_up.scene.token, sizeof(token));
    (void)pthread_barrier_wait(&race.start);
    status = InitializeSecurityContextA(cred, &h, API_NAME("HTTP/server.domain.test"), FLAGS, 0, 0,
                                        &from, 0, &h, &to, &attributes, NULL);
    atomic_fetch_add(&take_up.went_on, status >= 0 && !stranger);
    atomic_fetch_add(&take_up.refused, status == SEC_E_UNKNOWN_CREDENTIALS && stranger);
    /* A stranger who comes after it has gone on is told of the end, as everybody: the token that
     * comes again has no place in Negotiate's next state. */
    atomic_fetch_add(&take_up.late,
                     status == SEC_E_OUT_OF_SEQUENCE || status == SEC_E_INVALID_TOKEN);
    return NULL;
}

static SECURITY_STATUS
acquire_other(enum mechanism m)
{
    struct api_pair p;
    SECURITY_STATUS status = api_acquire(&p, package_name(m), "worker", "DOMAIN", "Passw0rd!");

    if (status == SEC_E_OK) {
        (void)FreeCredentialsHandle(&p.server_cred);
        take_up.other = p.client_cred;
    }
    return status;
}

/* The credentials end while the context lives: it has what it took. */
static void
test_leg__of_one_imported_client_by_threads_at_once__one_goes_on(void **state)
{
    assert_int_equal(pthread_barrier_init(&race.start, NULL, THREADS), 0);
    for (int i = 0; i < RACES; i++) {
        void *args[THREADS] = { &take_up.other, NULL, NULL, &take_up.other };

        scene_open(&take_up.scene, (enum mechanism)(i % MECHANISMS), CLIENT, MOVED_HALF);
        assert_int_equal(acquire_other(take_up.scene.mechanism), SEC_E_OK);
        atomic_store(&take_up.went_on, 0);
        atomic_store(&take_up.late, 0);
        atomic_store(&take_up.refused, 0);
        run_threads(go_on, args, THREADS);
        assert_int_equal(atomic_load(&take_up.went_on), 1);
        assert_int_equal(atomic_load(&take_up.late) + atomic_load(&take_up.refused), THREADS - 1);
        assert_int_equal(FreeCredentialsHandle(&take_up.other), SEC_E_OK);
        scene_close(&take_up.scene);
    }
    assert_int_equal(pthread_barrier_destroy(&race.start), 0);
}

/* --- exported while it seals --------------------------------------------------------------- */

struct sealed {
    uint8_t token[SCENE_TRAILER_BYTES], data[SCENE_DATA_BYTES];
    ULONG n;
};

static struct stream {
    CtxtHandle from;
    ULONG trailer;
    struct sealed messages[MESSAGES + 1];
    atomic_uint made;
    SECURITY_STATUS last;
} stream;

static SECURITY_STATUS
seal_one(PCtxtHandle h, struct sealed *m)
{
    SecBuffer b[2] = { { stream.trailer, SECBUFFER_TOKEN, m->token },
                       { SCENE_DATA_BYTES, SECBUFFER_DATA, m->data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };
    SECURITY_STATUS status = EncryptMessage(h, 0, &d, 0);

    m->n = b[0].cbBuffer;
    return status;
}

static void *
seal_until_gone(void *unused)
{
    unsigned i = 0;

    while (i < MESSAGES &&
           (stream.last = seal_one(&stream.from, &stream.messages[i])) == SEC_E_OK) {
        atomic_store(&stream.made, ++i);
    }
    return NULL;
}

/* Every message has its place in one row, whoever sealed it: none is sealed twice, none is lost. */
static void
follow(const struct scene *s, PCtxtHandle imported)
{
    unsigned n = atomic_load(&stream.made);

    assert_true(stream.last == SEC_E_CONTEXT_EXPIRED || (stream.last == SEC_E_OK && n == MESSAGES));
    assert_int_equal(seal_one(imported, &stream.messages[n]), SEC_E_OK);
    for (unsigned i = 0; i <= n; i++) {
        struct sealed *m = &stream.messages[i];
        SecBuffer b[2] = { { m->n, SECBUFFER_TOKEN, m->token },
                           { SCENE_DATA_BYTES, SECBUFFER_DATA, m->data } };
        SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

        assert_int_equal(DecryptMessage((PCtxtHandle)(uintptr_t)&s->peer, &d, 0, NULL), SEC_E_OK);
    }
}

static void
test_export__while_a_thread_seals__cuts_the_stream_in_two(void **state)
{
    for (int i = 0; i < RACES; i++) {
        SecBuffer packed = { 0 };
        SecPkgContext_Sizes sizes;
        CtxtHandle imported;
        struct scene s;
        pthread_t sealer;

        scene_open(&s, (enum mechanism)(i % MECHANISMS), SERVER, ESTABLISHED);
        memset(&stream, 0, sizeof(stream));
        stream.from = s.context;
        assert_int_equal(QueryContextAttributesA(&s.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        stream.trailer = sizes.cbSecurityTrailer;
        assert_int_equal(pthread_create(&sealer, NULL, seal_until_gone, NULL), 0);
        while (atomic_load(&stream.made) < (unsigned)i) {
        }
        assert_int_equal(ExportSecurityContext(&s.context, 0, &packed, NULL), SEC_E_OK);
        assert_int_equal(pthread_join(sealer, NULL), 0);
        assert_int_equal(
            ImportSecurityContextA(API_NAME(package_name(s.mechanism)), &packed, NULL, &imported),
            SEC_E_OK);
        follow(&s, &imported);
        assert_int_equal(DeleteSecurityContext(&imported), SEC_E_OK);
        assert_int_equal(FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
        scene_close(&s);
    }
}

/* --- at random ----------------------------------------------------------------------------- */

/* What the threads share: handles, of which many are stale by the time that they are used. One word each, without an
 * order of its own, so that nothing but the library stands between the threads. */
struct slot {
    _Atomic uint64_t packed;
};

static struct slot credentials[CREDENTIALS], contexts[CONTEXTS];
static uint64_t credential_tag,
    context_tag; /* the halves of their lower words that do not change */
static struct {
    pthread_mutex_t lock;
    uint8_t bytes[8192];
    ULONG n;
    enum mechanism mechanism;
} packed[PACKED];
static atomic_uint made, ended;

struct walker {
    uint64_t state;
    unsigned steps;
};

static unsigned
below(struct walker *w, unsigned n)
{
    w->state ^= w->state << 13;
    w->state ^= w->state >> 7;
    w->state ^= w->state << 17;
    return (unsigned)(w->state >> 33) % n;
}

static SecHandle
handle_of(uint64_t slot, uint64_t tag)
{
    return slot ? (SecHandle){ (ULONG_PTR)(tag | slot >> 32), (ULONG_PTR)(uint32_t)slot }
                : (SecHandle){ 0, 0 };
}

static SecHandle
look(struct slot *slot, uint64_t tag)
{
    return handle_of(atomic_load_explicit(&slot->packed, memory_order_relaxed), tag);
}

/* Who puts a handle into a slot ends the one that was there. */
static SecHandle
swap(struct slot *slot, SecHandle h, uint64_t tag)
{
    return handle_of(atomic_exchange_explicit(&slot->packed,
                                              (uint64_t)h.dwLower << 32 | (uint32_t)h.dwUpper,
                                              memory_order_relaxed),
                     tag);
}

static void
judge(const char *what, SECURITY_STATUS status)
{
    switch (status) {
    case SEC_E_OK:
    case SEC_I_CONTINUE_NEEDED:
    case SEC_E_INVALID_HANDLE:
    case SEC_E_INVALID_TOKEN:
    case SEC_E_OUT_OF_SEQUENCE:
    case SEC_E_CONTEXT_EXPIRED:
    case SEC_E_MESSAGE_ALTERED:
    case SEC_E_UNSUPPORTED_FUNCTION:
    case SEC_E_NO_IMPERSONATION:
    case SEC_E_NO_CREDENTIALS:
    case SEC_E_UNKNOWN_CREDENTIALS:
    case SEC_E_BUFFER_TOO_SMALL: return;
    default:
        print_error("%s: %s: %s\n", what, OpenSspiStatusName(status), OpenSspiReason());
        atomic_fetch_add(&failures, 1);
    }
}

static void
finish(PCtxtHandle h)
{
    SECURITY_STATUS first = DeleteSecurityContext(h), again = DeleteSecurityContext(h);

    atomic_fetch_add(&ended, first == SEC_E_OK);
    atomic_fetch_add(&failures, again != SEC_E_INVALID_HANDLE);
}

static void
step_acquire(struct walker *w)
{
    struct slot *slot = &credentials[below(w, CREDENTIALS)];
    CredHandle h, old;
    SECURITY_STATUS status =
        scene_acquire((enum mechanism)below(w, MECHANISMS), SECPKG_CRED_BOTH, &h);

    judge("acquire", status);
    if (status == SEC_E_OK) {
        old = swap(slot, h, credential_tag);
        atomic_fetch_add(&failures, old.dwUpper && FreeCredentialsHandle(&old) != SEC_E_OK);
        atomic_fetch_add(&failures, FreeCredentialsHandle(&old) != SEC_E_INVALID_HANDLE);
    }
}

static void
step_begin(struct walker *w)
{
    CredHandle cred = look(&credentials[below(w, CREDENTIALS)], credential_tag);
    struct slot *slot = &contexts[below(w, CONTEXTS)];
    uint8_t room[API_TOKEN_BYTES];
    SecBuffer out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc d = { SECBUFFER_VERSION, 1, &out };
    CtxtHandle h, old;
    ULONG attributes;
    SECURITY_STATUS status =
        InitializeSecurityContextA(&cred, NULL, API_NAME("HTTP/server.domain.test"), FLAGS, 0, 0,
                                   NULL, 0, &h, &d, &attributes, NULL);

    judge("begin", status);
    if (status >= 0) {
        atomic_fetch_add(&made, 1);
        old = swap(slot, h, context_tag);
        finish(&old);
    }
}

static void
step_establish(struct walker *w)
{
    struct slot *slot = &contexts[below(w, CONTEXTS)];
    CtxtHandle old;
    struct scene s;

    scene_open(&s, (enum mechanism)below(w, MECHANISMS), below(w, 2) ? CLIENT : SERVER,
               ESTABLISHED);
    atomic_fetch_add(&made, 1);
    old = swap(slot, s.context, context_tag);
    finish(&old);
    *(s.side == CLIENT ? &s.pair.have_client : &s.pair.have_server) = 0;
    scene_close(&s);
}

static void
step_leg(struct walker *w)
{
    CtxtHandle h = look(&contexts[below(w, CONTEXTS)], context_tag);
    CredHandle some = look(&credentials[below(w, CREDENTIALS)], credential_tag);
    PCredHandle cred = below(w, 2) ? &some : NULL;
    uint8_t room[API_TOKEN_BYTES], token[64] = "NTLMSSP";
    SecBuffer in = { sizeof(token), SECBUFFER_TOKEN, token },
              out = { sizeof(room), SECBUFFER_TOKEN, room };
    SecBufferDesc from = { SECBUFFER_VERSION, 1, &in }, to = { SECBUFFER_VERSION, 1, &out };
    ULONG attributes;

    judge("leg", below(w, 2)
                     ? InitializeSecurityContextA(cred, &h, NULL, 0, 0, 0, &from, 0, &h, &to,
                                                  &attributes, NULL)
                     : AcceptSecurityContext(cred, &h, &from, 0, 0, &h, &to, &attributes, NULL));
}

static void
step_query(struct walker *w)
{
    CtxtHandle h = look(&contexts[below(w, CONTEXTS)], context_tag);
    CredHandle cred = look(&credentials[below(w, CREDENTIALS)], credential_tag);
    SecPkgContext_NamesA names = { NULL };
    SecPkgCredentials_NamesA whose = { NULL };
    SecPkgContext_NegotiationInfoA info = { NULL, 0 };
    HANDLE token = NULL;

    judge("names", QueryContextAttributesA(&h, SECPKG_ATTR_NAMES, &names));
    judge("negotiation", QueryContextAttributesA(&h, SECPKG_ATTR_NEGOTIATION_INFO, &info));
    judge("credential", QueryCredentialsAttributesA(&cred, SECPKG_CRED_ATTR_NAMES, &whose));
    judge("token", QuerySecurityContextToken(&h, &token));
    (void)FreeContextBuffer(names.sUserName);
    (void)FreeContextBuffer(info.PackageInfo);
    (void)FreeContextBuffer(whose.sUserName);
    if (token) {
        judge("close", OpenSspiCloseToken(token));
        atomic_fetch_add(&failures, OpenSspiCloseToken(token) != SEC_E_INVALID_HANDLE);
    }
}

static void
step_message(struct walker *w)
{
    CtxtHandle h = look(&contexts[below(w, CONTEXTS)], context_tag);
    uint8_t token[SCENE_TRAILER_BYTES] = { 0 }, data[SCENE_DATA_BYTES] = { 0 };
    SecBuffer b[2] = { { sizeof(token), SECBUFFER_TOKEN, token },
                       { sizeof(data), SECBUFFER_DATA, data } };
    SecBufferDesc d = { SECBUFFER_VERSION, 2, b };

    switch (below(w, 4)) {
    case 0: judge("sign", MakeSignature(&h, 0, &d, 0)); break;
    case 1: judge("verify", VerifySignature(&h, &d, 0, NULL)); break;
    case 2: judge("seal", EncryptMessage(&h, 0, &d, 0)); break;
    default: judge("unseal", DecryptMessage(&h, &d, 0, NULL)); break;
    }
}

static void
step_export(struct walker *w)
{
    CtxtHandle h = look(&contexts[below(w, CONTEXTS)], context_tag);
    unsigned at = below(w, PACKED);
    SecBuffer out = { 0 };
    SECURITY_STATUS status = ExportSecurityContext(&h, 0, &out, NULL);

    judge("export", status);
    if (status == SEC_E_OK && out.cbBuffer <= sizeof(packed[at].bytes)) {
        (void)pthread_mutex_lock(&packed[at].lock);
        memcpy(packed[at].bytes, out.pvBuffer, out.cbBuffer);
        packed[at].n = out.cbBuffer;
        (void)pthread_mutex_unlock(&packed[at].lock);
    }
    (void)FreeContextBuffer(out.pvBuffer);
}

static void
step_import(struct walker *w)
{
    static const char *const packages[] = { "NTLM", "Negotiate", "Kerberos" };
    unsigned at = below(w, PACKED);
    struct slot *slot = &contexts[below(w, CONTEXTS)];
    uint8_t bytes[sizeof(packed[0].bytes)];
    SecBuffer in = { 0, SECBUFFER_TOKEN, bytes };
    CtxtHandle h, old;
    SECURITY_STATUS status;

    (void)pthread_mutex_lock(&packed[at].lock);
    in.cbBuffer = packed[at].n;
    memcpy(bytes, packed[at].bytes, packed[at].n);
    (void)pthread_mutex_unlock(&packed[at].lock);
    status = ImportSecurityContextA(API_NAME(packages[below(w, 3)]), &in, NULL, &h);
    judge("import", status);
    if (status == SEC_E_OK) {
        atomic_fetch_add(&made, 1);
        old = swap(slot, h, context_tag);
        finish(&old);
    }
}

/* As whoever the handle's client is, who maps to nobody; and as one who maps to a user, while the others go on. */
static void
step_impersonate(struct walker *w)
{
    CtxtHandle h = look(&contexts[below(w, CONTEXTS)], context_tag);
    const SECURITY_STATUS wanted = geteuid() == 0 ? SEC_E_OK : SEC_E_NO_IMPERSONATION;
    struct api_pair p;

    judge("impersonate", ImpersonateSecurityContext(&h));
    if (api_acquire(&p, "NTLM", "worker", "DOMAIN", "Passw0rd!") != SEC_E_OK ||
        api_establish(&p, FLAGS, 0) != SEC_E_OK ||
        ImpersonateSecurityContext(&p.server) != wanted) {
        print_error("a worker: %s\n", OpenSspiReason());
        atomic_fetch_add(&failures, 1);
    }
    judge("revert", RevertSecurityContext(&p.server));
    api_release(&p);
}

static void
step_delete(struct walker *w)
{
    CtxtHandle h = look(&contexts[below(w, CONTEXTS)], context_tag);

    finish(&h);
}

static void *
walk(void *arg)
{
    static void (*const steps[])(struct walker *) = {
        step_acquire, step_begin,  step_establish, step_leg,         step_query,  step_message,
        step_message, step_export, step_import,    step_impersonate, step_delete,
    };
    struct walker *w = arg;

    for (unsigned i = 0; i < w->steps; i++) {
        steps[below(w, sizeof(steps) / sizeof(steps[0]))](w);
    }
    return NULL;
}

static void
learn_tags(void)
{
    struct scene s;

    scene_open(&s, NTLM, CLIENT, ESTABLISHED);
    credential_tag = (uint64_t)s.credential.dwLower >> 32 << 32;
    context_tag = (uint64_t)s.context.dwLower >> 32 << 32;
    scene_close(&s);
}

static uint64_t
seed(void)
{
    const char *given = getenv("OPENSSPI_STORM_SEED");

    return given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid();
}

static void
test_handles__used_by_threads_at_random__end_exactly_once(void **state)
{
    uint64_t first = seed();
    struct walker walkers[THREADS];
    void *args[THREADS];

    learn_tags();
    print_message("OPENSSPI_STORM_SEED=%llu\n", (unsigned long long)first);
    atomic_store(&failures, 0);
    for (unsigned i = 0; i < PACKED; i++) {
        assert_int_equal(pthread_mutex_init(&packed[i].lock, NULL), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        walkers[i] = (struct walker){ (first + i) * UINT64_C(0x9e3779b97f4a7c15) | 1, STEPS };
        args[i] = &walkers[i];
    }
    run_threads(walk, args, THREADS);
    for (unsigned i = 0; i < CONTEXTS; i++) {
        CtxtHandle h = look(&contexts[i], context_tag);

        finish(&h);
    }
    for (unsigned i = 0; i < CREDENTIALS; i++) {
        CredHandle h = look(&credentials[i], credential_tag);

        judge("free", FreeCredentialsHandle(&h));
    }
    assert_int_equal(atomic_load(&failures), 0);
    assert_true(atomic_load(&made) > THREADS);
    assert_int_equal(atomic_load(&ended), atomic_load(&made));
}

static int
begin(void **state)
{
    int failed = scene_begin(state);

    if (!failed) {
        demo_store_add("worker", "Passw0rd!", "daemon");
    }
    return failed;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import__of_one_blob_by_processes_at_once__one_wins),
        cmocka_unit_test(test_import__of_one_blob_by_threads_at_once__one_wins),
        cmocka_unit_test(test_leg__of_one_imported_client_by_threads_at_once__one_goes_on),
        cmocka_unit_test(test_export__while_a_thread_seals__cuts_the_stream_in_two),
        cmocka_unit_test(test_handles__used_by_threads_at_random__end_exactly_once),
    };

    return cmocka_run_group_tests(tests, begin, scene_end);
}
