/* SPDX-License-Identifier: Apache-2.0 */
/* Acting as a client, with real files of real users, in threads; takes root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <opensspi/opensspi.h>

#include "tests/support/api_pair.h"
#include "tests/support/demo_store.h"
#include "tests/support/own_users.h"

static char folder[] = "/tmp/opensspi-files-XXXXXX";

/* FOLDER/n: user n's alone. FOLDER/root: root's. FOLDER/both: the group's. */
static void
make_file(const char *name, uid_t uid, gid_t gid, mode_t mode)
{
    char path[128];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || fchown(fd, uid, gid) != 0 || fchmod(fd, mode) != 0 || close(fd) != 0) {
        abort();
    }
}

static bool
can_open(const char *name)
{
    char path[128];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

/* Whether the calling thread may do what user n may, and nothing else. */
static bool
is_user(int n)
{
    for (int i = 0; i < OWN_USERS; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "%d", i);
        if (can_open(name) != (i == n)) {
            return false;
        }
    }
    return can_open("both") && !can_open("root") && !can_open("rootgroup");
}

static bool
is_root(void)
{
    return can_open("root") && can_open("rootgroup") && can_open("0") && can_open("7") &&
           geteuid() == 0;
}

static int
load(void **state)
{
    const char *file =
        demo_store_make("DOMAIN", "demo", "Passw0rd!", "[policy]\nanonymous = yes\n");

    for (int i = 0; i < OWN_USERS; i++) {
        char user[16], name[8];

        (void)snprintf(user, sizeof(user), "user%d", i);
        (void)snprintf(name, sizeof(name), "%d", i);
        demo_store_add(user, "Passw0rd!", i % 2 ? user : NULL);
    }
    demo_store_add("root", "Passw0rd!", NULL);
    demo_store_add("admin", "Passw0rd!", "root");
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0) {
        return -1;
    }
    for (int i = 0; i < OWN_USERS; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "%d", i);
        make_file(name, OWN_USERS_UID + (uid_t)i, OWN_USERS_UID + (gid_t)i, 0600);
    }
    make_file("root", 0, 0, 0600);
    make_file("rootgroup", 0, 0, 0660);
    make_file("both", 0, OWN_USERS_BOTH, 0660);
    return OpenSspiLoadConfiguration(file, NULL, 0) == SEC_E_OK ? 0 : -1;
}

static int
clean(void **state)
{
    static const char *const names[] = { "0", "1", "2",    "3",         "4",   "5",
                                         "6", "7", "root", "rootgroup", "both" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

static void
establish_as(struct api_pair *p, const char *user, ULONG flags)
{
    assert_int_equal(api_acquire(p, "NTLM", user, "DOMAIN", "Passw0rd!"), SEC_E_OK);
    if (api_establish(p, flags, 0) != SEC_E_OK) {
        fail_msg("%s: %s", user, OpenSspiReason());
    }
}

static void
establish(struct api_pair *p, int n)
{
    char user[16];

    (void)snprintf(user, sizeof(user), "user%d", n);
    establish_as(p, user, 0);
}

/* --- system calls that fail ---------------------------------------------------------------- */

/* The fail_at-th of the library's own calls, counted from 1, fails; 0: none. */
static unsigned calls, fail_at;

long __wrap_syscall(long number, uintptr_t a, uintptr_t b, uintptr_t c);
long __real_syscall(long number, ...);

long
__wrap_syscall(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
    bool can_fail = number != SYS_setfsuid && number != SYS_setfsgid;

    if (fail_at && can_fail && ++calls == fail_at) {
        errno = EPERM;
        return -1;
    }
    return __real_syscall(number, a, b, c);
}

/* --- one thread ---------------------------------------------------------------------------- */

static void
assert_thread_is(const char *user)
{
    POPENSSPI_TOKEN t;
    HANDLE token;

    if (!user) {
        assert_int_equal(OpenSspiOpenThreadToken(&token), SEC_E_NO_IMPERSONATION);
        return;
    }
    assert_int_equal(OpenSspiOpenThreadToken(&token), SEC_E_OK);
    assert_int_equal(OpenSspiQueryToken(token, &t), SEC_E_OK);
    assert_string_equal(t->UserName, user);
    assert_int_equal(t->Level, 2);
    assert_int_equal(FreeContextBuffer(t), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(token), SEC_E_OK);
}

static void
test_impersonate__by_store_and_by_name__and_revert(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct api_pair p;

        establish(&p, i);
        assert_true(is_root());
        assert_thread_is(NULL);
        assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_OK);
        assert_true(is_user(i));
        assert_int_equal(geteuid(), OWN_USERS_UID + i);
        assert_int_equal(getuid(), 0);
        assert_thread_is(i ? "user1" : "user0");
        assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
        assert_true(is_root());
        assert_thread_is(NULL);
        assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
        api_release(&p);
    }
}

static void
test_impersonate__nested__the_newer_counts_and_revert_goes_all_the_way(void **state)
{
    struct api_pair a, b, none;

    establish(&a, 2);
    establish(&b, 3);
    establish_as(&none, "demo", 0); /* no such Unix account */
    assert_int_equal(ImpersonateSecurityContext(&a.server), SEC_E_OK);
    assert_int_equal(ImpersonateSecurityContext(&b.server), SEC_E_OK);
    assert_true(is_user(3));
    assert_int_equal(ImpersonateSecurityContext(&none.server), SEC_E_NO_IMPERSONATION);
    assert_true(is_user(3));
    assert_thread_is("user3");
    assert_int_equal(RevertSecurityContext(&a.server), SEC_E_OK);
    assert_true(is_root());
    api_release(&a);
    api_release(&b);
    api_release(&none);
}

static void
test_impersonate__who_may_not_be(void **state)
{
    static const char *const users[] = { "demo", "root", "admin" };
    struct api_pair p;

    for (size_t i = 0; i < 3; i++) {
        establish_as(&p, users[i], 0);
        assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_NO_IMPERSONATION);
        assert_true(OpenSspiReason()[0] != 0);
        assert_true(is_root());
        assert_thread_is(NULL);
        api_release(&p);
    }
    establish_as(&p, "user0", ISC_REQ_IDENTIFY);
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_NO_IMPERSONATION);
    assert_int_equal(ImpersonateSecurityContext(&p.client), SEC_E_NO_IMPERSONATION);
    assert_int_equal(ImpersonateSecurityContext(&p.server_cred), SEC_E_INVALID_HANDLE);
    assert_int_equal(ImpersonateSecurityContext(NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(RevertSecurityContext(NULL), SEC_E_INVALID_HANDLE);
    api_release(&p);
    assert_true(is_root());
}

/* A server that cleans up before it reverts goes on as itself all the same; and until then, as the
 * client. */
static void
test_revert__of_a_context_that_is_deleted(void **state)
{
    struct api_pair p;

    establish(&p, 4);
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&p.server), SEC_E_OK);
    assert_true(is_user(4));
    assert_thread_is("user4");
    assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
    assert_true(is_root());
    assert_int_equal(RevertSecurityContext(&p.server), SEC_E_INVALID_HANDLE);
    p.have_server = 0;
    api_release(&p);
}

static void
test_token__outlives_its_context_and_its_handle(void **state)
{
    struct api_pair p;
    HANDLE token, copy;

    establish(&p, 5);
    assert_int_equal(QuerySecurityContextToken(&p.server, &token), SEC_E_OK);
    api_release(&p);
    assert_int_equal(OpenSspiDuplicateToken(token, OPENSSPI_TOKEN_PRIMARY, 0, &copy), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(token), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(token), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiImpersonateToken(token), SEC_E_INVALID_HANDLE);
    assert_int_equal(OpenSspiImpersonateToken(copy), SEC_E_OK);
    assert_int_equal(OpenSspiCloseToken(copy), SEC_E_OK);
    assert_true(is_user(5));
    assert_int_equal(OpenSspiImpersonateToken(NULL), SEC_E_OK);
    assert_true(is_root());
}

/* What is the process's own is not the client's. */
static void
test_acquire__as_a_client__has_none_of_the_processs_credentials(void **state)
{
    static const char *const packages[] = { "NTLM", "Kerberos", "Negotiate" };
    struct api_pair p;

    establish(&p, 6);
    (void)setenv("OPENSSPI_CREDENTIALS", "/nonexistent", 1);
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_OK);
    for (size_t i = 0; i < 3; i++) {
        uint8_t room[API_TOKEN_BYTES];
        SecBuffer out = { sizeof(room), SECBUFFER_TOKEN, room };
        SecBufferDesc desc = { SECBUFFER_VERSION, 1, &out };
        SecPkgCredentials_NamesA names;
        CredHandle cred;
        CtxtHandle context;
        ULONG attributes;
        SECURITY_STATUS status;

        assert_int_equal(AcquireCredentialsHandleA(NULL, API_NAME(packages[i]),
                                                   SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                                   &cred, NULL),
                         SEC_E_OK);
        assert_int_equal(QueryCredentialsAttributesA(&cred, SECPKG_CRED_ATTR_NAMES, &names),
                         SEC_E_NO_CREDENTIALS);
        status = InitializeSecurityContextA(&cred, NULL, API_NAME("HTTP/server.domain.test"), 0, 0,
                                            SECURITY_NATIVE_DREP, NULL, 0, &context, &desc,
                                            &attributes, NULL);
        assert_true(status == SEC_E_NO_CREDENTIALS || status == SEC_I_CONTINUE_NEEDED);
        if (status == SEC_I_CONTINUE_NEEDED) {
            assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
        }
        assert_int_equal(FreeCredentialsHandle(&cred), SEC_E_OK);
    }
    assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
    api_release(&p);
}

/* --- other processes ----------------------------------------------------------------------- */

static void
assert_child(bool (*good)(const void *), const void *arg)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        _exit(good(arg) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool
is_user_and_reverts(const void *pair)
{
    const struct api_pair *p = pair;
    CtxtHandle h = p->server;

    return is_user(0) && RevertSecurityContext(&h) == SEC_E_OK && is_root();
}

/* The only thread of a child acts as the one that made it did, and may go back. */
static void
test_fork__the_child_acts_as_its_parents_thread(void **state)
{
    struct api_pair p;

    establish(&p, 0);
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_OK);
    assert_child(is_user_and_reverts, &p);
    assert_true(is_user(0));
    assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
    api_release(&p);
}

/* Of an ordinary user: only itself. */
static bool
as_an_ordinary_user(const void *pair)
{
    const struct api_pair *p = pair;
    CtxtHandle h = p->server;
    HANDLE own;

    if (setgroups(0, NULL) != 0 || setgid(OWN_USERS_UID + 1) != 0 ||
        setuid(OWN_USERS_UID + 1) != 0) {
        return false;
    }
    return ImpersonateSecurityContext(&h) == SEC_E_NO_IMPERSONATION &&
           geteuid() == OWN_USERS_UID + 1 && can_open("1") && !can_open("0") &&
           OpenSspiOpenProcessToken(&own) == SEC_E_OK &&
           OpenSspiImpersonateToken(own) == SEC_E_OK && can_open("1") &&
           OpenSspiImpersonateToken(NULL) == SEC_E_OK;
}

static void
test_impersonate__as_an_ordinary_user__is_refused(void **state)
{
    struct api_pair p;

    establish(&p, 0);
    assert_child(as_an_ordinary_user, &p);
    api_release(&p);
}

struct nested {
    struct api_pair first, second;
    unsigned fail_at;
};

/* 0: all calls were made; 1: one failed, and the thread is wholly whom it was; 2: a mixture. */
static int
act_in_place_of_another(const struct nested *n)
{
    CtxtHandle first = n->first.server, second = n->second.server;
    SECURITY_STATUS status;

    if (ImpersonateSecurityContext(&first) != SEC_E_OK || !is_user(2)) {
        return 2;
    }
    fail_at = n->fail_at;
    status = ImpersonateSecurityContext(&second);
    fail_at = 0;
    if (status == SEC_E_OK) {
        return is_user(3) && RevertSecurityContext(&second) == SEC_E_OK && is_root() ? 0 : 2;
    }
    return status == SEC_E_NO_IMPERSONATION && is_user(2) &&
                   RevertSecurityContext(&first) == SEC_E_OK && is_root()
               ? 1
               : 2;
}

/* Each system call in turn fails while one client takes another's place: it is the one or the other,
 * or the process ends. */
static void
test_impersonate__nested_and_a_call_fails__never_a_mixture(void **state)
{
    unsigned ended = 0, kept = 0;
    struct nested n;
    int status;

    establish(&n.first, 2);
    establish(&n.second, 3);
    assert_int_equal(ImpersonateSecurityContext(&n.second.server), SEC_E_OK); /* it is looked up */
    assert_int_equal(RevertSecurityContext(&n.second.server), SEC_E_OK);
    for (n.fail_at = 1;; n.fail_at++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            const struct rlimit none = { 0, 0 };

            (void)setrlimit(RLIMIT_CORE, &none);
            _exit(act_in_place_of_another(&n));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFSIGNALED(status)) {
            assert_int_equal(WTERMSIG(status), SIGABRT);
            ended++;
            continue;
        }
        assert_int_not_equal(WEXITSTATUS(status), 2);
        if (WEXITSTATUS(status) == 0) {
            break; /* the one that was to fail was never made */
        }
        kept++;
    }
    assert_true(ended >= 9 && kept >= 8);
    api_release(&n.first);
    api_release(&n.second);
}

/* --- other threads ------------------------------------------------------------------------- */

static void *
look(void *found)
{
    HANDLE token;

    *(uid_t *)found = geteuid();
    /* Its Unix identity comes with it; the library knows of no client there. */
    return OpenSspiOpenThreadToken(&token) == SEC_E_OK ? found : NULL;
}

/* As docs/PORTING.md tells: a thread that is made meanwhile has the maker's Unix identity for good. */
static void
test_thread_made_meanwhile__has_the_clients_files(void **state)
{
    struct api_pair p;
    pthread_t thread;
    void *result;
    uid_t uid = 0;

    establish(&p, 1);
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_OK);
    assert_int_equal(pthread_create(&thread, NULL, look, &uid), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
    assert_int_equal(uid, OWN_USERS_UID + 1);
    assert_null(result);
    api_release(&p);
}

struct worker {
    pthread_barrier_t *barrier;
    bool was_root;
};

static void *
work_later(void *arg)
{
    struct worker *w = arg;

    (void)pthread_barrier_wait(w->barrier); /* the other thread acts as its client now */
    w->was_root = is_root();
    (void)pthread_barrier_wait(w->barrier);
    return NULL;
}

static void
test_work_queued_elsewhere__is_done_by_the_process(void **state)
{
    pthread_barrier_t barrier;
    struct worker w = { .barrier = &barrier };
    struct api_pair p;
    pthread_t thread;

    establish(&p, 1);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, work_later, &w), 0);
    assert_int_equal(ImpersonateSecurityContext(&p.server), SEC_E_OK);
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    assert_true(is_user(1));
    assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(w.was_root);
    (void)pthread_barrier_destroy(&barrier);
    api_release(&p);
}

enum { ROUNDS = 200 };

struct acting {
    struct api_pair *pair;
    int user; /* -1: stays root */
    int faults;
};

static void *
act_often(void *arg)
{
    struct acting *a = arg;

    for (int i = 0; i < ROUNDS; i++) {
        if (a->user < 0) {
            a->faults += !is_root();
            continue;
        }
        a->faults += ImpersonateSecurityContext(&a->pair->server) != SEC_E_OK;
        a->faults += !is_user(a->user);
        if (i + 1 < ROUNDS) { /* the last time the thread ends as the client */
            a->faults += RevertSecurityContext(&a->pair->server) != SEC_E_OK;
            a->faults += !is_root();
        }
    }
    return NULL;
}

static void
test_threads__each_acts_as_its_client__while_others_stay(void **state)
{
    struct api_pair pairs[OWN_USERS];
    struct acting acting[OWN_USERS + 2] = { { 0 } };
    pthread_t threads[OWN_USERS + 2];

    for (int i = 0; i < OWN_USERS + 2; i++) {
        if (i < OWN_USERS) {
            establish(&pairs[i], i);
        }
        acting[i] = (struct acting){ i < OWN_USERS ? &pairs[i] : NULL, i < OWN_USERS ? i : -1, 0 };
    }
    for (int i = 0; i < OWN_USERS + 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, act_often, &acting[i]), 0);
    }
    for (int i = 0; i < OWN_USERS + 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(acting[i].faults, 0);
    }
    assert_true(is_root());
    for (int i = 0; i < OWN_USERS; i++) {
        api_release(&pairs[i]);
    }
}

/* --- policy -------------------------------------------------------------------------------- */

static void
test_policy__of_a_credential(void **state)
{
    static const struct {
        const char *user, *key, *value;
        bool good;
    } table[] = {
        { "user0", "impersonate_bare_name", "no", false },
        { "user0", "impersonate_bare_name", "own-domain", true },
        { "user0", "impersonate_bare_name", "yes", true },
        { "user1", "impersonate_bare_name", "no", true }, /* the store names it */
        { "user0", "impersonate_min_uid", "23000", true },
        { "user0", "impersonate_min_uid", "23001", false },
        { "user1", "impersonate_min_uid", "100000", true }, /* the store names it */
        { "root", "impersonate_root", "no", false },
        { "root", "impersonate_root", "yes", true },
        { "admin", "impersonate_root", "yes", true },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const OPENSSPI_OPTION option = { table[i].key, table[i].value };
        struct api_pair p;

        assert_int_equal(api_acquire(&p, "NTLM", table[i].user, "DOMAIN", "Passw0rd!"), SEC_E_OK);
        assert_int_equal(FreeCredentialsHandle(&p.server_cred), SEC_E_OK);
        assert_int_equal(OpenSspiAcquireCredentialsHandle("NTLM", SECPKG_CRED_INBOUND, NULL,
                                                          &option, 1, NULL, 0, &p.server_cred,
                                                          NULL),
                         SEC_E_OK);
        assert_int_equal(api_establish(&p, 0, 0), SEC_E_OK);
        assert_int_equal(ImpersonateSecurityContext(&p.server),
                         table[i].good ? SEC_E_OK : SEC_E_NO_IMPERSONATION);
        assert_int_equal(RevertSecurityContext(&p.server), SEC_E_OK);
        assert_true(is_root());
        api_release(&p);
    }
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_impersonate__by_store_and_by_name__and_revert),
        cmocka_unit_test(test_impersonate__nested__the_newer_counts_and_revert_goes_all_the_way),
        cmocka_unit_test(test_impersonate__who_may_not_be),
        cmocka_unit_test(test_revert__of_a_context_that_is_deleted),
        cmocka_unit_test(test_token__outlives_its_context_and_its_handle),
        cmocka_unit_test(test_acquire__as_a_client__has_none_of_the_processs_credentials),
        cmocka_unit_test(test_fork__the_child_acts_as_its_parents_thread),
        cmocka_unit_test(test_impersonate__as_an_ordinary_user__is_refused),
        cmocka_unit_test(test_impersonate__nested_and_a_call_fails__never_a_mixture),
        cmocka_unit_test(test_thread_made_meanwhile__has_the_clients_files),
        cmocka_unit_test(test_work_queued_elsewhere__is_done_by_the_process),
        cmocka_unit_test(test_threads__each_acts_as_its_client__while_others_stay),
        cmocka_unit_test(test_policy__of_a_credential),
    };

    own_users_make(argv);
    return cmocka_run_group_tests(tests, load, clean);
}
