/* SPDX-License-Identifier: Apache-2.0 */
/* rasd's side of a call to pppd. This program is its own pppd: started with a plugin on its command
 * line, it does what the operator's words "do=…" say, in order, as our plugin would or would not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "ras/ppp.h"
#include "ras/ppp_msg.h"
#include "ras/ppp_status.h"
#include "ras/settings.h"
#include "tests/support/account_store.h"

/* --- pppd ---------------------------------------------------------------------------------- */

enum { EXIT_SURPRISED = 99 };

static const char *socket_path;
static uint8_t token[PPP_MSG_TOKEN_BYTES];
static int rasd = -1;

static void
expect(bool as_expected, const char *what)
{
    if (!as_expected) {
        (void)fprintf(stderr, "surprised by: %s\n", what);
        exit(EXIT_SURPRISED);
    }
}

static void
come(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    if (rasd >= 0) {
        (void)close(rasd);
    }
    rasd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
    expect(connect(rasd, (const struct sockaddr *)&to, sizeof(to)) == 0, "connect");
}

static void
say(const struct ppp_msg *m)
{
    uint8_t frame[PPP_MSG_BYTES_MAX + 4];
    struct wire_writer w = wire_writer_fixed(frame, sizeof(frame));

    ppp_msg_encode(&w, m);
    /* In two pieces: a frame may come so. */
    (void)send(rasd, frame, 3, MSG_NOSIGNAL);
    (void)send(rasd, frame + 3, w.len - 3, MSG_NOSIGNAL);
}

static struct ppp_msg
hear(uint8_t type)
{
    static uint8_t frame[PPP_MSG_BYTES_MAX];
    struct ppp_msg m = { 0 };
    uint8_t length[4];

    expect(recv(rasd, length, 4, MSG_WAITALL) == 4, "no answer");
    expect(recv(rasd, frame, wire_load_le32(length), MSG_WAITALL) ==
               (ssize_t)wire_load_le32(length),
           "half an answer");
    expect(ppp_msg_decode(&m, bytes_of(frame, wire_load_le32(length))) == WIRE_OK, "nonsense");
    expect(m.type == type, "another type");
    return m;
}

static void
hear_nothing(void)
{
    uint8_t byte;

    expect(recv(rasd, &byte, 1, 0) <= 0, "an answer");
}

static void
hello(const uint8_t with[static PPP_MSG_TOKEN_BYTES], uint32_t version)
{
    come();
    say(&(struct ppp_msg){
        .type = PPP_MSG_HELLO, .version = version, .token = bytes_of(with, PPP_MSG_TOKEN_BYTES) });
}

static uint32_t
pap(const char *user, const char *password)
{
    say(&(struct ppp_msg){ .type = PPP_MSG_PROVE,
                           .user = bytes_of_string(user),
                           .response = bytes_of_string(password) });
    return hear(PPP_MSG_VERDICT).error;
}

static void
do_hello(void)
{
    hello(token, PPP_MSG_VERSION);
    expect(bytes_equal(hear(PPP_MSG_WELCOME).remote, bytes_of_string("10.0.0.2")), "remote");
}

static void
do_again(void)
{
    hello(token, PPP_MSG_VERSION);
    hear_nothing();
}

static void
do_guess(void)
{
    uint8_t wrong[PPP_MSG_TOKEN_BYTES];

    memcpy(wrong, token, sizeof(wrong));
    wrong[31] ^= 1;
    hello(wrong, PPP_MSG_VERSION);
    hear_nothing();
    memset(wrong, 0, sizeof(wrong));
    hello(wrong, PPP_MSG_VERSION);
    hear_nothing();
}

static void
do_version(void)
{
    hello(token, 2);
    hear_nothing();
}

static void
do_prove_first(void)
{
    come();
    say(&(struct ppp_msg){ .type = PPP_MSG_PROVE,
                           .user = bytes_of_string("User"),
                           .response = bytes_of_string("Password") });
    hear_nothing();
}

static void
do_right(void)
{
    expect(pap("User", "Password") == 0, "verdict");
}

static void
do_wrong(void)
{
    expect(pap("User", "password") == 691, "verdict");
}

static void
do_many(void)
{
    for (unsigned i = 0; i < 5; i++) {
        expect(pap("nobody", "x") == 691, "verdict");
    }
    say(&(struct ppp_msg){ .type = PPP_MSG_PROVE, .user = bytes_of_string("nobody") });
    hear_nothing();
}

static void
do_once_more(void)
{
    say(&(struct ppp_msg){ .type = PPP_MSG_PROVE, .user = bytes_of_string("User") });
    hear_nothing();
}

static void
do_other_proof(void)
{
    say(&(struct ppp_msg){
        .type = PPP_MSG_PROVE, .algorithm = PPP_MSG_CHAP_MD5, .user = bytes_of_string("User") });
    hear_nothing();
}

static void
do_nonsense(void)
{
    (void)send(rasd, "\x02\x00\x00\x00\xff\xff", 6, MSG_NOSIGNAL);
    hear_nothing();
}

static void
do_long(void)
{
    (void)send(rasd, "\xff\xff\xff\xff", 4, MSG_NOSIGNAL);
    hear_nothing();
}

static void
do_ask_and_leave(void)
{
    say(&(struct ppp_msg){ .type = PPP_MSG_PROVE,
                           .user = bytes_of_string("User"),
                           .response = bytes_of_string("Password") });
    exit(0);
}

static void
do_up_down(void)
{
    say(&(struct ppp_msg){ .type = PPP_MSG_UP,
                           .interface_name = bytes_of_string("ppp7"),
                           .local = bytes_of_string("10.0.0.1"),
                           .remote = bytes_of_string("10.0.0.2") });
    say(&(struct ppp_msg){ .type = PPP_MSG_DOWN, .bytes_in = 5, .bytes_out = UINT64_C(1) << 40 });
}

static void
do_wait(void)
{
    (void)pause();
}

static void
do_crash(void)
{
    (void)kill(getpid(), SIGKILL);
}

static void
do_hangup(void)
{
    exit(5);
}

static void
do_idle(void)
{
    exit(12);
}

static const struct {
    const char *word;
    void (*act)(void);
} acts[] = {
    { "do=hello", do_hello },
    { "do=again", do_again },
    { "do=guess", do_guess },
    { "do=version", do_version },
    { "do=prove-first", do_prove_first },
    { "do=right", do_right },
    { "do=wrong", do_wrong },
    { "do=many", do_many },
    { "do=once-more", do_once_more },
    { "do=other-proof", do_other_proof },
    { "do=nonsense", do_nonsense },
    { "do=long", do_long },
    { "do=ask-and-leave", do_ask_and_leave },
    { "do=up-down", do_up_down },
    { "do=wait", do_wait },
    { "do=crash", do_crash },
    { "do=hangup", do_hangup },
    { "do=idle", do_idle },
};

static int
be_pppd(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "opensspi-socket") == 0) {
            socket_path = argv[i + 1];
        }
    }
    expect(read(3, token, sizeof(token)) == (ssize_t)sizeof(token), "token");
    expect(isatty(0) == 0 && getsid(0) == getpid(), "session");
    (void)fprintf(stderr, "a line\nhalf of another");
    for (int i = 1; i < argc; i++) {
        for (size_t j = 0; j < SEC_ARRAY_LEN(acts); j++) {
            if (strcmp(argv[i], acts[j].word) == 0) {
                acts[j].act();
            }
        }
    }
    return 0;
}

/* --- rasd ---------------------------------------------------------------------------------- */

struct fixture {
    struct test_store store;
    struct account_authority *authority;
    uv_loop_t loop;
    struct log log;
    struct ppp_server *server;
    struct ppp *call;
    char told[512], reason[100], self[512];
    int exit_status;
    bool refuses, stops, frees;
    struct ppp_accounting accounting;
};

static void
note(struct fixture *f, const char *kind, const char *a, const char *b)
{
    size_t n = strlen(f->told);

    (void)snprintf(f->told + n, sizeof(f->told) - n, "%s(%s,%s) ", kind, a, b);
}

static bool
authenticated(void *owner, const char *user, const char *domain, const char *sid)
{
    struct fixture *f = owner;

    note(f, "yes", user, strstr(sid, "-1001") ? "1001" : sid);
    if (f->stops) {
        ppp_stop(f->call);
    }
    if (f->frees) {
        ppp_free(f->call);
    }
    return !f->refuses;
}

static void
refused(void *owner, const char *user, const char *domain, const char *why, const char *locked_out)
{
    note(owner, "no", user, why);
    if (locked_out) {
        note(owner, "locked", user, strstr(locked_out, "-1001") ? "1001" : locked_out);
    }
}

static void
up(void *owner, const char *interface_name, const char *local, const char *remote)
{
    note(owner, "up", interface_name, remote);
}

static void
ended(void *owner, int exit_status, const struct ppp_accounting *accounting)
{
    struct fixture *f = owner;

    f->exit_status = exit_status;
    f->accounting = *accounting;
    ppp_free(f->call);
    ppp_server_close(f->server);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct account_admin *admin = NULL;
    const bool yes = true;
    char why[200];

    test_store_make(&f->store);
    assert_int_equal(test_store_add(&f->store, "User", "Password"), SEC_E_OK);
    assert_int_equal(account_admin_open(&f->store.options, &admin), SEC_E_OK);
    assert_int_equal(
        account_admin_change(admin, "User", &(struct account_change){ .may_dial_in = &yes }),
        SEC_E_OK);
    account_admin_close(admin);
    assert_int_equal(account_authority_open(&f->store.options.accounts, &f->authority), SEC_E_OK);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_true(readlink("/proc/self/exe", f->self, sizeof(f->self) - 1) > 0);
    f->log = log_on_stderr("test_ppp", LOG_LEVEL_ERROR);
    f->server = ppp_server_open(&(struct ppp_server_args){ .loop = &f->loop,
                                                           .log = &f->log,
                                                           .pppd = f->self,
                                                           .plugin = "plugin",
                                                           .run_directory = f->store.folder },
                                why, sizeof(why));
    assert_non_null(f->server);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    ppp_server_close(f->server);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0); /* nothing is left on it */
    account_authority_close(f->authority);
    test_store_remove(&f->store);
    free(f);
    return 0;
}

static struct ppp *
start(struct fixture *f, const char *words)
{
    static const struct ppp_events events = { authenticated, refused, up, ended };
    const struct port_settings port = {
        .name = (char *)"p",
        .type = PORT_PTY,
        .ppp = { .require = PPP_PAP, .options = (char *)(uintptr_t)words },
    };
    char why[200] = "";
    int line[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line), 0);
    f->call =
        ppp_start(f->server, line[0], &port,
                  (struct ppp_call){ .id = 3, .remote = "10.0.0.2", .accounts = f->authority },
                  &events, f, why, sizeof(why));
    (void)close(line[1]);
    return f->call;
}

static void
run(struct fixture *f, const char *words)
{
    assert_non_null(start(f, words));
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    f->server = NULL; /* closed with the call */
}

static void
assert_ended(const struct fixture *f, int exit_status)
{
    assert_int_equal(f->exit_status, exit_status);
    assert_string_equal(f->accounting.reason, ppp_status_text(exit_status));
}

static void
test_ppp__right_password__is_told_with_addresses_and_bytes(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=right do=up-down do=idle");
    assert_string_equal(f->told, "yes(User,1001) up(ppp7,10.0.0.2) ");
    assert_ended(f, 12);
    assert_int_equal(f->accounting.bytes_in, 5);
    assert_int_equal(f->accounting.bytes_out, UINT64_C(1) << 40);
    assert_string_equal(f->accounting.local, "10.0.0.1");
}

static void
test_ppp__wrong_password__is_told_with_the_reason(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=wrong");
    assert_string_equal(f->told, "no(User,the password is wrong) ");
    assert_int_equal(f->exit_status, 0); /* the caller's own doing, in pppd's eyes */
    assert_string_equal(f->accounting.reason, "the caller failed to authenticate");
}

static void
test_ppp__wrong_password_that_locks__is_told_with_the_sid(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=wrong do=wrong do=wrong do=wrong");
    assert_string_equal(f->told, "no(User,the password is wrong) no(User,the password is wrong) "
                                 "no(User,the password is wrong) locked(User,1001) "
                                 "no(User,the account is locked out) ");
}

static void
test_ppp__owner_that_says_no__refuses(void **state)
{
    struct fixture *f = *state;

    f->refuses = true;
    run(f, "do=hello do=right"); /* which is surprised */
    assert_string_equal(f->told, "yes(User,1001) ");
    assert_int_equal(f->exit_status, EXIT_SURPRISED);
}

static void
test_ppp__token__is_good_for_one_connection(void **state)
{
    struct fixture *f = *state;

    run(f, "do=guess do=version do=prove-first do=hello do=again");
    assert_string_equal(f->told, "");
    assert_ended(f, 0);
}

/* The socket is no place to try passwords at. */
static void
test_ppp__more_than_five_proofs__are_too_many(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=many");
    assert_non_null(strstr(f->told, "no(nobody,there is no such account) "));
    assert_int_equal(f->exit_status, 0);
}

static void
test_ppp__proof_after_a_good_one__is_refused(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=right do=once-more");
    assert_string_equal(f->told, "yes(User,1001) ");
    assert_ended(f, 0);
}

static void
test_ppp__proof_that_the_port_does_not_require__is_refused(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=other-proof");
    assert_string_equal(f->told, "");
    assert_ended(f, 0);
}

static void
test_ppp__nonsense__is_hung_up_on(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=nonsense");
    assert_ended(f, 0);
}

static void
test_ppp__frame_without_end__is_hung_up_on(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=long");
    assert_ended(f, 0);
}

static void
test_ppp__pppd_that_leaves_while_its_proof_is_looked_at__ends(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=ask-and-leave");
    assert_ended(f, 0);
}

static void
test_ppp__pppd_that_crashes__ends(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=crash");
    assert_ended(f, PPP_STATUS_KILLED);
}

/* SIGHUP and SIGTERM are one exit status of pppd's: who sent nothing has lost the line. */
static void
test_ppp__signal_that_nobody_here_sent__is_a_line_lost(void **state)
{
    struct fixture *f = *state;

    run(f, "do=hello do=hangup");
    assert_int_equal(f->exit_status, 5);
    assert_string_equal(f->accounting.reason, "the line was lost");
}

static void
test_ppp_stop__in_a_callback__ends_pppd(void **state)
{
    struct fixture *f = *state;

    f->stops = true;
    run(f, "do=hello do=right do=wait");
    assert_ended(f, PPP_STATUS_KILLED);
}

/* Nobody is called back from then on. */
static void
test_ppp_free__in_a_callback__ends_pppd_silently(void **state)
{
    struct fixture *f = *state;

    f->frees = true;
    f->exit_status = 77;
    assert_non_null(start(f, "do=hello do=right do=wait"));
    while (!f->told[0]) {
        (void)uv_run(&f->loop, UV_RUN_ONCE);
    }
    ppp_server_close(f->server);
    f->server = NULL;
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->exit_status, 77);
}

static void
test_ppp_start__without_a_pppd__says_why(void **state)
{
    struct fixture *f = *state;
    char why[200] = "", nowhere[] = "/nonexistent/pppd";
    static const struct ppp_events events;
    const struct port_settings port = { .ppp = { .require = PPP_PAP } };
    struct ppp_server *server =
        ppp_server_open(&(struct ppp_server_args){ .loop = &f->loop,
                                                   .log = &f->log,
                                                   .pppd = nowhere,
                                                   .plugin = "plugin",
                                                   .run_directory = f->store.folder },
                        why, sizeof(why));

    assert_non_null(server);
    assert_null(ppp_start(server, dup(0), &port,
                          (struct ppp_call){ .id = 1, .remote = "", .accounts = f->authority },
                          &events, NULL, why, sizeof(why)));
    assert_non_null(strstr(why, "/nonexistent/pppd"));
    ppp_server_close(server);
}

static void
test_ppp_server_open__socket__is_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    char path[200], why[200] = "";
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/ppp.socket", f->store.folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_null(ppp_server_open(&(struct ppp_server_args){ .loop = &f->loop,
                                                           .log = &f->log,
                                                           .pppd = "p",
                                                           .plugin = "p",
                                                           .run_directory = "/nonexistent" },
                                why, sizeof(why)));
    assert_non_null(strstr(why, "/nonexistent/ppp.socket"));
}

int
main(int argc, char **argv)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_ppp__right_password__is_told_with_addresses_and_bytes),
        WITH_SERVER(test_ppp__wrong_password__is_told_with_the_reason),
        WITH_SERVER(test_ppp__wrong_password_that_locks__is_told_with_the_sid),
        WITH_SERVER(test_ppp__owner_that_says_no__refuses),
        WITH_SERVER(test_ppp__token__is_good_for_one_connection),
        WITH_SERVER(test_ppp__more_than_five_proofs__are_too_many),
        WITH_SERVER(test_ppp__proof_after_a_good_one__is_refused),
        WITH_SERVER(test_ppp__proof_that_the_port_does_not_require__is_refused),
        WITH_SERVER(test_ppp__nonsense__is_hung_up_on),
        WITH_SERVER(test_ppp__frame_without_end__is_hung_up_on),
        WITH_SERVER(test_ppp__pppd_that_leaves_while_its_proof_is_looked_at__ends),
        WITH_SERVER(test_ppp__pppd_that_crashes__ends),
        WITH_SERVER(test_ppp__signal_that_nobody_here_sent__is_a_line_lost),
        WITH_SERVER(test_ppp_stop__in_a_callback__ends_pppd),
        WITH_SERVER(test_ppp_free__in_a_callback__ends_pppd_silently),
        WITH_SERVER(test_ppp_start__without_a_pppd__says_why),
        WITH_SERVER(test_ppp_server_open__socket__is_for_its_owner_alone),
    };

    if (argc > 1) {
        return be_pppd(argc, argv);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
