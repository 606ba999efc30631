/* SPDX-License-Identifier: Apache-2.0 */
/* Two processes behind one proxy: each is a fixture of its own over one folder, and requests of a
 * client's connection come to either. */
#include <arpa/inet.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/boot_id.h"
#include "base/mem.h"
#include "fake_sspi.h"
#include "http_fixture.h"
#include "service/proxied_shared.h"

#define BOTH          "401|WWW-Authenticate: Negotiate|WWW-Authenticate: NTLM|"
#define NTLM_GOES_ON  "401|WWW-Authenticate: NTLM Z28gb24=|"
#define GRANTED(name) "200|Remote-Authenticated: yes|Remote-User: " name "|"
#define FIRST         FAKE_NTLM_FIRST "more"

enum { TIMEOUT_S = 20, IDLE_S = 90 };

struct process {
    struct fixture f;
    struct proxied_shared shared;
};

static struct pair {
    char root[64], folder[96], key[96];
    struct process one, two;
} pair;

static void
start(struct process *p, uint64_t scope)
{
    const struct proxied_store_place place = { pair.folder, pair.key, BOOT_ID_FILE };
    struct in6_addr from = { 0 };
    char why[256];

    open_fixture(&p->f, "Negotiate", NULL);
    assert_true(proxy_take_addresses(&p->f.settings.http.proxies, "192.0.2.80", why, sizeof(why)));
    p->f.settings.http.proxies.connection_header = mem_dup("X-Connection", 12);
    from.s6_addr[10] = from.s6_addr[11] = 0xFF;
    assert_int_equal(inet_pton(AF_INET, "192.0.2.80", from.s6_addr + 12), 1);
    http_state_set_peer(&p->f.state, &from, &p->f.proxied);
    p->f.now_s = 1000;
    p->shared = (struct proxied_shared){
        .store = proxied_store_open(&place, why, sizeof(why)),
        .listener = "web",
        .scope = scope,
        .handshake_timeout_s = TIMEOUT_S,
        .idle_s = IDLE_S,
    };
    assert_non_null(p->shared.store);
    p->f.proxied.shared = &p->shared;
}

static int
set_up(void **state)
{
    (void)state;
    (void)snprintf(pair.root, sizeof(pair.root), "/tmp/shared-XXXXXX");
    assert_non_null(mkdtemp(pair.root));
    (void)snprintf(pair.folder, sizeof(pair.folder), "%s/folder", pair.root);
    (void)snprintf(pair.key, sizeof(pair.key), "%s/key", pair.root);
    start(&pair.one, 1);
    start(&pair.two, 1);
    return 0;
}

static int
unlink_it(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static int
tear_down(void **state)
{
    (void)state;
    /* Both share what is counted of the library's. */
    proxied_clear(&pair.one.f.proxied);
    proxied_init(&pair.one.f.proxied, 1, 1, 1, 1);
    pair.one.f.state.proxied = NULL;
    credential_clear(&pair.one.f.credential);
    credential_init(&pair.one.f.credential, &pair.one.f.settings);
    close_fixture(&pair.two.f);
    close_fixture(&pair.one.f);
    proxied_store_close(pair.one.shared.store);
    proxied_store_close(pair.two.shared.store);
    (void)nftw(pair.root, unlink_it, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static const char *
to(struct process *p, const char *connection, const char *scheme, const char *token, size_t n)
{
    struct http_field fields[] = { { "X-Connection", connection } };

    p->f.fields = (struct http_fields){ fields, 1 };
    return get(&p->f, "/auth", scheme, token, n);
}

#define ONE(connection, scheme, token) to(&pair.one, connection, scheme, token, sizeof(token) - 1)
#define TWO(connection, scheme, token) to(&pair.two, connection, scheme, token, sizeof(token) - 1)
#define ONE_NOTHING(connection)        to(&pair.one, connection, NULL, "", 0)
#define TWO_NOTHING(connection)        to(&pair.two, connection, NULL, "", 0)

static void
count(void *user, const struct proxied_store_name *name)
{
    unsigned *n = user;

    (*n)++;
}

static unsigned
left(void)
{
    unsigned n = 0;

    proxied_store_each(pair.one.shared.store, 0, count, &n);
    return n;
}

/* --- legs on either ------------------------------------------------------------------------ */

static void
test_legs__on_either__prove_the_connection_to_both(void **state)
{
    assert_string_equal(ONE_NOTHING("1"), BOTH);
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    assert_string_equal(TWO("2", "NTLM", FIRST), NTLM_GOES_ON);
    assert_int_equal(left(), 2);
    STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
    STARTS_WITH(ONE("2", "NTLM", "yes:bob"), GRANTED("bob"));
    for (int i = 0; i < 2; i++) {
        STARTS_WITH(ONE_NOTHING("1"), GRANTED("alice"));
        STARTS_WITH(TWO_NOTHING("1"), GRANTED("alice"));
        STARTS_WITH(TWO_NOTHING("2"), GRANTED("bob"));
        STARTS_WITH(ONE_NOTHING("2"), GRANTED("bob"));
    }
    assert_non_null(strstr(ONE_NOTHING("1"), "|Remote-Groups: staff"));
    assert_string_equal(ONE_NOTHING("1"), TWO_NOTHING("1"));
    assert_string_equal(ONE_NOTHING("3"), BOTH);
    assert_int_equal(left(), 2);
}

static void
test_legs__three_of_them__move_each_time(void **state)
{
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    assert_string_equal(TWO("1", "NTLM", "more"), NTLM_GOES_ON);
    assert_string_equal(ONE("1", "NTLM", "more"), NTLM_GOES_ON);
    STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
    /* max_legs counts all of them */
    assert_string_equal(ONE("2", "NTLM", FIRST), NTLM_GOES_ON);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(i % 2 ? ONE("2", "NTLM", "more") : TWO("2", "NTLM", "more"),
                            NTLM_GOES_ON);
    }
    assert_string_equal(TWO("2", "NTLM", "yes:alice"), BOTH);
    assert_string_equal(ONE_NOTHING("2"), BOTH);
}

static void
test_a_leg__that_comes_again__finds_nothing(void **state)
{
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
    assert_string_not_equal(ONE("1", "NTLM", "yes:alice"), GRANTED("alice"));
    /* and ended what was there, as any Authorization does */
    assert_string_equal(TWO_NOTHING("1"), BOTH);
    assert_int_equal(left(), 0);
}

/* --- ends ---------------------------------------------------------------------------------- */

static void
test_an_identity__ends_with_the_next_authorization_wherever_it_comes(void **state)
{
    static const char *const schemes[] = { "NTLM", "Negotiate", "Basic" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(schemes); i++) {
        assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
        STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
        (void)ONE("1", schemes[i], "no");
        assert_string_equal(TWO_NOTHING("1"), BOTH);
        assert_string_equal(ONE_NOTHING("1"), BOTH);
        assert_int_equal(left(), 0);
    }
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    STARTS_WITH(TWO("1", "NTLM", "yes:bob"), GRANTED("bob"));
    STARTS_WITH(ONE_NOTHING("1"), GRANTED("bob"));
}

static void
test_a_handshake__left_half_way__is_not_taken_up_again(void **state)
{
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    assert_string_equal(TWO_NOTHING("1"), BOTH);
    assert_int_equal(left(), 0);
    assert_string_equal(ONE("1", "NTLM", "yes:alice"), BOTH);
    /* of another scheme */
    STARTS_WITH(ONE("1", "Negotiate", FIRST), "401|WWW-Authenticate: Negotiate Z28gb24=|");
    assert_string_equal(TWO("1", "NTLM", "yes:alice"), BOTH);
    assert_string_equal(ONE_NOTHING("1"), BOTH);
    assert_int_equal(left(), 0);
}

static void
test_kerberos__leaves_nothing(void **state)
{
    STARTS_WITH(ONE("1", "Negotiate", FAKE_FIRST "krb:alice"), GRANTED("alice"));
    assert_int_equal(left(), 0);
    assert_string_equal(TWO_NOTHING("1"), BOTH);
}

/* --- time ---------------------------------------------------------------------------------- */

static void
test_a_handshake__that_takes_too_long__is_over_everywhere(void **state)
{
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    pair.two.f.now_s += TIMEOUT_S;
    assert_string_equal(TWO("1", "NTLM", "yes:alice"), BOTH);
    /* and no leg gives it more */
    pair.two.f.now_s = pair.one.f.now_s;
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    pair.two.f.now_s += TIMEOUT_S - 1;
    assert_string_equal(TWO("1", "NTLM", "more"), NTLM_GOES_ON);
    pair.one.f.now_s += TIMEOUT_S;
    assert_string_equal(ONE("1", "NTLM", "yes:alice"), BOTH);
    /* and one from the future is no good */
    assert_string_equal(ONE("2", "NTLM", FIRST), NTLM_GOES_ON);
    pair.two.f.now_s = pair.one.f.now_s - 5;
    assert_string_equal(TWO("2", "NTLM", "yes:alice"), BOTH);
}

static void
test_a_younger_connection_of_the_name__is_nobody(void **state)
{
    struct http_field fields[] = { { "X-Connection", "1" }, { "X-Age", "3.000" } };

    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
    pair.one.f.settings.http.proxies.age_header = mem_dup("X-Age", 5);
    pair.one.f.now_s += 4;
    pair.one.f.fields = (struct http_fields){ fields, 2 };
    STARTS_WITH(get(&pair.one.f, "/auth", NULL, "", 0), GRANTED("alice"));
    pair.one.f.now_s += 20;
    assert_string_equal(get(&pair.one.f, "/auth", NULL, "", 0), BOTH);
    assert_string_equal(TWO_NOTHING("1"), BOTH);
    assert_int_equal(left(), 0);
    /* nor may it go on with a handshake */
    pair.two.f.now_s = pair.one.f.now_s;
    assert_string_equal(TWO("1", "NTLM", FIRST), NTLM_GOES_ON);
    pair.one.f.now_s += 10;
    pair.one.f.fields = (struct http_fields){ fields, 2 };
    assert_string_equal(get(&pair.one.f, "/auth", "NTLM", "yes:alice", 9), BOTH);
    assert_int_equal(left(), 0);
}

static void
make_old(const char *folder)
{
    char command[200];

    (void)snprintf(command, sizeof(command), "touch -d '-200 seconds' %s/*", folder);
    assert_int_equal(system(command), 0);
}

static void
test_what_nobody_asks_for__is_swept(void **state)
{
    const struct session_client *client = pair.one.f.state.client;

    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
    assert_string_equal(ONE("2", "NTLM", FIRST), NTLM_GOES_ON);
    proxied_shared_sweep(&pair.two.shared, client, 1000);
    assert_int_equal(left(), 2);
    make_old(pair.folder);
    proxied_shared_sweep(&pair.two.shared, client, 1000);
    assert_int_equal(left(), 1); /* the handshake: by its own time it is young */
    proxied_shared_sweep(&pair.two.shared, client, 1000 + TIMEOUT_S);
    assert_int_equal(left(), 0);
    assert_string_equal(ONE_NOTHING("1"), BOTH);
    /* one that is asked for is touched */
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    STARTS_WITH(TWO("1", "NTLM", "yes:alice"), GRANTED("alice"));
    assert_int_equal(system("true"), 0);
    STARTS_WITH(ONE_NOTHING("1"), GRANTED("alice"));
    make_old(pair.folder);
    assert_string_equal(ONE_NOTHING("1"), BOTH);
    assert_int_equal(left(), 0);
}

/* --- whose --------------------------------------------------------------------------------- */

static void
test_another_configuration__finds_nothing(void **state)
{
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    pair.two.shared.scope = 2;
    assert_string_equal(TWO("1", "NTLM", "yes:alice"), BOTH);
    STARTS_WITH(ONE("1", "NTLM", "yes:alice"), GRANTED("alice"));
    assert_string_equal(TWO_NOTHING("1"), BOTH);
    pair.two.shared.scope = 1;
    pair.two.shared.listener = "other";
    assert_string_equal(TWO_NOTHING("1"), BOTH);
    STARTS_WITH(ONE_NOTHING("1"), GRANTED("alice"));
}

static void
test_a_handshake__that_cannot_be_moved__goes_nowhere(void **state)
{
    fake_moves_nothing = 1;
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    assert_int_equal(left(), 0);
    assert_string_equal(ONE("1", "NTLM", "yes:alice"), BOTH);
    fake_moves_nothing = 0;
    assert_string_equal(ONE("1", "NTLM", FIRST), NTLM_GOES_ON);
    fake_moves_nothing = 1;
    assert_string_equal(TWO("1", "NTLM", "yes:alice"), BOTH);
    fake_moves_nothing = 0;
    assert_int_equal(left(), 0);
}

/* Two handshakes of one connection at once, which no HTTP/1.1 client makes: neither stands. */
static void
test_two_requests_of_a_connection_at_once__leave_nothing(void **state)
{
    const struct proxied_key key = { .proxy = pair.one.f.state.peer, .connection = "1" };
    struct proxied *here, *there;

    assert_int_equal(proxied_enter(&pair.one.f.proxied, &key, &pair.one.f.state,
                                   pair.one.f.state.client, 1000, &here),
                     PROXIED_HERE);
    assert_int_equal(proxied_enter(&pair.two.f.proxied, &key, &pair.two.f.state,
                                   pair.two.f.state.client, 1000, &there),
                     PROXIED_HERE);
    assert_int_equal(OpenSspiLogonPasswordA("alice", "", "right", &here->state.logon), SEC_E_OK);
    assert_int_equal(OpenSspiLogonPasswordA("bob", "", "right", &there->state.logon), SEC_E_OK);
    proxied_leave(&pair.one.f.proxied, here, 1000);
    assert_int_equal(left(), 1);
    proxied_leave(&pair.two.f.proxied, there, 1000);
    assert_int_equal(left(), 0);
    assert_string_equal(ONE_NOTHING("1"), BOTH);
    assert_string_equal(TWO_NOTHING("1"), BOTH);
}

/* max_unauthenticated is 3 here: the oldest makes room, and its file with it. */
static void
test_half_open_ones__are_bounded(void **state)
{
    static const char *const names[] = { "1", "2", "3", "4", "5" };

    for (size_t i = 0; i < SEC_ARRAY_LEN(names); i++) {
        pair.one.f.proxied.limits.max_per_address = 100;
        assert_string_equal(ONE(names[i], "NTLM", FIRST), NTLM_GOES_ON);
    }
    assert_int_equal(left(), 3);
    assert_string_equal(TWO("1", "NTLM", "yes:alice"), BOTH);
    STARTS_WITH(TWO("5", "NTLM", "yes:alice"), GRANTED("alice"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_legs__on_either__prove_the_connection_to_both),
        TEST(test_legs__three_of_them__move_each_time),
        TEST(test_a_leg__that_comes_again__finds_nothing),
        TEST(test_an_identity__ends_with_the_next_authorization_wherever_it_comes),
        TEST(test_a_handshake__left_half_way__is_not_taken_up_again),
        TEST(test_kerberos__leaves_nothing),
        TEST(test_a_handshake__that_takes_too_long__is_over_everywhere),
        TEST(test_a_younger_connection_of_the_name__is_nobody),
        TEST(test_what_nobody_asks_for__is_swept),
        TEST(test_another_configuration__finds_nothing),
        TEST(test_a_handshake__that_cannot_be_moved__goes_nowhere),
        TEST(test_two_requests_of_a_connection_at_once__leave_nothing),
        TEST(test_half_open_ones__are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
