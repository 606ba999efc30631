/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a samd that is down, slow, gone in the middle, or talks nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/authority_msg.h"
#include "tests/support/account_store.h"

enum { TIMEOUT_MS = 300, PATIENT_MS = 20000, TRIES = 1000, TRY_US = 10000, FRAME_BYTES = 8192 };

/* What the other side does once it was greeted. */
enum manner {
    PROVES,          /* everybody is right */
    REFUSES,         /* everybody is wrong */
    HANGS,           /* answers nothing, not even a greeting */
    IS_SLOW,         /* nothing but the greeting */
    TAKES_ITS_TIME,  /* longer than one who looks whether it is back waits */
    IS_LATE,         /* an answer after the time is up */
    HANGS_UP,        /* at once */
    CUTS,            /* in the middle of an answer */
    MISTAKES,        /* the number of another request */
    BABBLES,         /* a frame of no message */
    SHOUTS,          /* a frame longer than any */
    TALKS_ON,        /* something after the answer */
    IS_OUT_OF_TURN,  /* an answer to another question */
    CLAIMS_TOO_MUCH, /* a refusal that is none */
};

struct server {
    char folder[64], path[96], store[128];
    int fd;
    _Atomic enum manner manner;
    atomic_int connections, guests, last_fd; /* guests: threads */
    pthread_t thread;
    struct account_authority *authority;
};

struct guest {
    struct server *server;
    int fd;
};

/* --- the other side ------------------------------------------------------------------------ */

static bool
read_frame(int fd, uint8_t frame[static FRAME_BYTES], size_t *n)
{
    uint8_t length[4];

    if (recv(fd, length, 4, MSG_WAITALL) != 4) {
        return false;
    }
    *n = wire_load_le32(length);
    return *n <= FRAME_BYTES && recv(fd, frame, *n, MSG_WAITALL) == (ssize_t)*n;
}

static void
reply(int fd, struct authority_msg m, uint64_t id, size_t cut)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    m.id = id;
    if (authority_msg_encode(&w, &m) != WIRE_OK) {
        abort();
    }
    (void)send(fd, w.p, w.len - cut, MSG_NOSIGNAL);
}

static const char *const groups[] = { "Staff", "Ops" };
static const char *const group_sids[] = { "S-1-5-21-1-1", "S-1-5-21-1-2" };
static const uint32_t attributes[] = { 7, 16 };

static const struct authority_msg proven = {
    .type = AUTHORITY_MSG_PROVEN,
    .proof = { .session_base_key = { { 9, 8, 7 } }, .authenticator = { 6 } },
    .identity = { .user = { (const uint8_t *)"u\0", 2 },
                  .domain = { (const uint8_t *)"d\0", 2 },
                  .sid = "S-1-5-21-1-1000",
                  .password_expires_100ns = 77,
                  .may_dial_in = true },
    .groups = { .items = groups, .n = 2 },
    .group_sids = { .items = group_sids, .n = 2 },
    .group_attributes = { .items = attributes, .n = 2 },
};
static const struct authority_msg refused = {
    .type = AUTHORITY_MSG_REFUSED,
    .status = (uint32_t)SEC_E_LOGON_DENIED,
    .proof = { .sub_status = ACCOUNT_LOCKED_OUT, .locked_out_now = true, .no_clear_text = true },
    .refused_sid = "S-1-5-21-1-1000",
    .reason = "",
};

/* false: the connection ends. */
static bool
answer(struct server *s, int fd, uint64_t id)
{
    struct authority_msg pleased = refused;
    const uint8_t babble[] = { 9, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0 };
    const uint8_t shout[] = { 255, 255, 255, 127 };

    pleased.status = 0;
    switch (atomic_load(&s->manner)) {
    case PROVES: reply(fd, proven, id, 0); return true;
    case REFUSES: reply(fd, refused, id, 0); return true;
    case TAKES_ITS_TIME:
        (void)usleep(230 * 1000);
        reply(fd, proven, id, 0);
        return true;
    case IS_LATE:
        (void)usleep((TIMEOUT_MS + 100) * 1000);
        reply(fd, proven, id, 0);
        return true;
    case CUTS: reply(fd, proven, id, 5); return false;
    case MISTAKES: reply(fd, proven, id + 1, 0); return true;
    case BABBLES: (void)send(fd, babble, sizeof(babble), MSG_NOSIGNAL); return true;
    case SHOUTS: (void)send(fd, shout, sizeof(shout), MSG_NOSIGNAL); return true;
    case TALKS_ON: {
        SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
        struct authority_msg m = refused;

        m.id = id;
        assert_int_equal(authority_msg_encode(&w, &m), WIRE_OK);
        wire_put_le32(&w, 77);
        (void)send(fd, w.p, w.len, MSG_NOSIGNAL);
        return true;
    }
    case IS_OUT_OF_TURN:
        reply(fd, (struct authority_msg){ .type = AUTHORITY_MSG_DONE }, id, 0);
        return true;
    case CLAIMS_TOO_MUCH: reply(fd, pleased, id, 0); return true;
    default: return true;
    }
}

static void *
serve(void *user)
{
    struct guest *g = user;
    uint8_t frame[FRAME_BYTES];
    struct authority_msg m;
    bool good = atomic_load(&g->server->manner) != HANGS_UP;
    size_t n;

    while (good && read_frame(g->fd, frame, &n)) {
        if (authority_msg_decode(&m, bytes_of(frame, n)) != WIRE_OK) {
            abort();
        }
        if (m.type != AUTHORITY_MSG_HELLO) {
            good = answer(g->server, g->fd, m.id);
        } else if (atomic_load(&g->server->manner) != HANGS) {
            reply(g->fd,
                  (struct authority_msg){ .type = AUTHORITY_MSG_WELCOME,
                                          .version = AUTHORITY_MSG_VERSION },
                  m.id, 0);
        }
    }
    (void)close(g->fd);
    atomic_fetch_sub(&g->server->guests, 1);
    free(g);
    return NULL;
}

static void *
accept_all(void *user)
{
    struct server *s = user;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        struct guest *g = malloc(sizeof(*g));
        pthread_t thread;

        if (!g) {
            abort();
        }
        *g = (struct guest){ s, fd };
        atomic_store(&s->last_fd, fd);
        atomic_fetch_add(&s->guests, 1);
        atomic_fetch_add(&s->connections, 1);
        if (pthread_create(&thread, NULL, serve, g) || pthread_detach(thread)) {
            abort();
        }
    }
    return NULL;
}

static void
begin(struct server *s, enum manner manner)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
    atomic_store(&s->manner, manner);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(bind(s->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_return_code(listen(s->fd, 64), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, accept_all, s), 0);
}

/* Connections that there are go on. */
static void
end(struct server *s)
{
    (void)shutdown(s->fd, SHUT_RDWR);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->fd);
    (void)unlink(s->path);
    s->fd = -1;
}

static void
open_authority(struct server *s, unsigned timeout_ms)
{
    struct account_options options = { .store = s->store, .timeout_ms = timeout_ms };

    account_authority_close(s->authority);
    assert_int_equal(account_authority_open(&options, &s->authority), SEC_E_OK);
}

static int
set_up(void **state)
{
    struct server *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    (void)snprintf(s->folder, sizeof(s->folder), "/tmp/authority-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->path, sizeof(s->path), "%s/auth", s->folder);
    (void)snprintf(s->store, sizeof(s->store), "authority:%s", s->path);
    s->fd = -1;
    open_authority(s, PATIENT_MS);
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    struct server *s = *state;

    account_authority_close(s->authority);
    if (s->fd >= 0) {
        end(s);
    }
    (void)rmdir(s->folder);
    while (atomic_load(&s->guests)) {
        (void)usleep(TRY_US); /* they look at it still */
    }
    free(s);
    return 0;
}

static sec_status
logon(struct server *s)
{
    uint32_t sub_status;
    sec_status status = test_logon(s->authority, "alice", "password", &sub_status);

    if (status == SEC_E_NO_AUTHENTICATING_AUTHORITY) {
        assert_int_equal(sub_status, 0);
        print_message("%s\n", sec_reason());
    }
    return status;
}

static sec_status
logon_in_time(struct server *s)
{
    sec_status status = SEC_E_NO_AUTHENTICATING_AUTHORITY;

    for (int i = 0; i < TRIES && status == SEC_E_NO_AUTHENTICATING_AUTHORITY; i++) {
        status = test_logon(s->authority, "alice", "password", NULL);
        if (status == SEC_E_NO_AUTHENTICATING_AUTHORITY) {
            (void)usleep(TRY_US);
        }
    }
    return status;
}

/* --- answers ------------------------------------------------------------------------------- */

static void
test_account_prove__proven__gives_keys_and_identity(void **state)
{
    struct server *s = *state;
    struct test_claim t;
    struct account_proof proof;

    begin(s, PROVES);
    test_claim_make(&t, "alice", "TESTS", "password");
    assert_int_equal(account_prove(s->authority, &t.claim, &proof), SEC_E_OK);
    assert_int_equal(proof.session_base_key.b[2], 7);
    assert_int_equal(proof.authenticator[0], 6);
    assert_string_equal(proof.identity->sid, "S-1-5-21-1-1000");
    assert_int_equal(proof.identity->n_groups, 2);
    assert_string_equal(proof.identity->groups[1], "Ops");
    assert_string_equal(proof.identity->group_sids[1], "S-1-5-21-1-2");
    assert_int_equal(proof.identity->group_attributes[1], 16);
    assert_int_equal(proof.identity->password_expires_100ns, 77);
    assert_true(proof.identity->may_dial_in);
    assert_null(proof.identity->unix_user);
    account_proof_clear(&proof);
}

static void
test_account_prove__refused__gives_the_reasons_alone(void **state)
{
    struct server *s = *state;
    struct test_claim t;
    struct account_proof proof;

    begin(s, REFUSES);
    test_claim_make(&t, "alice", "TESTS", "password");
    assert_int_equal(account_prove(s->authority, &t.claim, &proof), SEC_E_LOGON_DENIED);
    assert_int_equal(proof.sub_status, ACCOUNT_LOCKED_OUT);
    assert_true(proof.locked_out_now && proof.no_clear_text);
    assert_null(proof.identity);
    assert_string_equal(sec_reason(), "accounts: the account is locked out");
}

/* No response is so long that is right; samd need not be asked. */
static void
test_account_prove__a_claim_longer_than_a_message__is_denied(void **state)
{
    static uint8_t response[AUTHORITY_MSG_BLOB_MAX + 1];
    struct server *s = *state;
    struct account_claim claim = { .nt_response = bytes_of(response, sizeof(response)) };
    struct account_proof proof;

    assert_int_equal(account_prove(s->authority, &claim, &proof), SEC_E_LOGON_DENIED);
    assert_int_equal(proof.sub_status, ACCOUNT_WRONG_PASSWORD);
}

static void
test_account_prove__asked_again__has_its_connection_still(void **state)
{
    struct server *s = *state;

    begin(s, PROVES);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(logon(s), SEC_E_OK);
    }
    assert_int_equal(atomic_load(&s->connections), 1);
}

/* --- none, or none that makes sense -------------------------------------------------------- */

static void
test_account_prove__nobody_there__says_so(void **state)
{
    struct server *s = *state;

    assert_int_equal(logon(s), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_non_null(strstr(sec_reason(), "there is no such socket: is samd running?"));
    assert_non_null(strstr(sec_reason(), s->path));
}

static void
test_account_prove__every_fault__refuses_and_says_which(void **state)
{
    static const struct {
        enum manner manner;
        const char *reason;
        unsigned timeout_ms; /* 0: nothing is waited for */
    } cases[] = {
        { IS_SLOW, "timed out", TIMEOUT_MS },
        { IS_LATE, "timed out", TIMEOUT_MS },
        { HANGS, "timed out", TIMEOUT_MS },
        { HANGS_UP, "hung up at once" },
        { CUTS, "closed the connection before it answered" },
        { MISTAKES, "answered nonsense: the number of another request, at offset 1" },
        { BABBLES, "answered nonsense: type, at offset 0" },
        { SHOUTS, "answered nonsense: a frame longer than any" },
        { TALKS_ON, "answered nonsense: bytes after the answer" },
        { IS_OUT_OF_TURN, "answered nonsense: a message out of turn" },
        { CLAIMS_TOO_MUCH, "answered nonsense: a message out of turn" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(cases); i++) {
        struct server *s;
        void *own;

        (void)set_up(&own);
        s = own;
        open_authority(s, cases[i].timeout_ms ? cases[i].timeout_ms : PATIENT_MS);
        begin(s, cases[i].manner);
        assert_int_equal(logon(s), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_non_null(strstr(sec_reason(), cases[i].reason));
        atomic_store(&s->manner, PROVES); /* and then it is well again */
        assert_int_equal(logon_in_time(s), SEC_E_OK);
        (void)tear_down(&own);
    }
}

/* Who has hung is not waited for again at once: the socket is left alone meanwhile. */
static void
test_account_prove__after_a_fault__does_not_ask_for_a_while(void **state)
{
    struct server *s = *state;
    int connections;

    open_authority(s, TIMEOUT_MS);
    begin(s, IS_SLOW);
    assert_int_equal(logon(s), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    connections = atomic_load(&s->connections);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(logon(s), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_non_null(strstr(sec_reason(), "timed out"));
    }
    assert_in_range(atomic_load(&s->connections), connections, connections + 3);
}

/* Nobody is refused where another samd is there already. */
static void
test_account_prove__restarted_meanwhile__asks_the_one_that_is_there(void **state)
{
    struct server *s = *state;

    begin(s, PROVES);
    assert_int_equal(logon(s), SEC_E_OK);
    end(s);
    assert_return_code(shutdown(atomic_load(&s->last_fd), SHUT_RDWR), 0);
    begin(s, PROVES);
    assert_int_equal(logon(s), SEC_E_OK);
    assert_int_equal(atomic_load(&s->connections), 2);
}

static void
test_account_prove__gone_and_back__proves_again(void **state)
{
    struct server *s = *state;

    begin(s, CUTS); /* ends the connection, once asked */
    assert_int_equal(logon(s), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    end(s);
    assert_int_equal(test_logon(s->authority, "alice", "password", NULL),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    begin(s, PROVES);
    assert_int_equal(logon_in_time(s), SEC_E_OK);
}

/* Whoever looks whether it is back does not wait long; who asks then does. */
static void
test_account_prove__back_and_slow__is_waited_for(void **state)
{
    struct server *s = *state;

    begin(s, CUTS);
    assert_int_equal(logon(s), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    atomic_store(&s->manner, TAKES_ITS_TIME);
    assert_int_equal(logon_in_time(s), SEC_E_OK);
}

static void
test_account_prove__a_folder_for_everybody__is_believed_of_one_self_alone(void **state)
{
    struct server *s = *state;

    assert_return_code(chmod(s->folder, 0777), 0);
    begin(s, PROVES);
    assert_int_equal(logon(s), SEC_E_OK); /* it runs as this process does */
}

/* --- fork ---------------------------------------------------------------------------------- */

static void
test_account_prove__in_a_child__has_a_connection_of_its_own(void **state)
{
    struct server *s = *state;
    int status = 0;
    pid_t child;

    begin(s, PROVES);
    assert_int_equal(logon(s), SEC_E_OK);
    child = fork();
    if (child == 0) {
        _exit(test_logon(s->authority, "alice", "password", NULL) == SEC_E_OK ? 7 : 8);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(atomic_load(&s->connections), 2);
    assert_int_equal(logon(s), SEC_E_OK);
    assert_int_equal(atomic_load(&s->connections), 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_account_prove__proven__gives_keys_and_identity),
        TEST(test_account_prove__refused__gives_the_reasons_alone),
        TEST(test_account_prove__a_claim_longer_than_a_message__is_denied),
        TEST(test_account_prove__asked_again__has_its_connection_still),
        TEST(test_account_prove__nobody_there__says_so),
        TEST(test_account_prove__every_fault__refuses_and_says_which),
        TEST(test_account_prove__after_a_fault__does_not_ask_for_a_while),
        TEST(test_account_prove__restarted_meanwhile__asks_the_one_that_is_there),
        TEST(test_account_prove__gone_and_back__proves_again),
        TEST(test_account_prove__back_and_slow__is_waited_for),
        TEST(test_account_prove__a_folder_for_everybody__is_believed_of_one_self_alone),
        TEST(test_account_prove__in_a_child__has_a_connection_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
