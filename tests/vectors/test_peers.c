/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges with peers that nobody here wrote, from peers.txt: decoded, and replayed against this
 * library under a host whose clock and random are those of the exchange. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/ntlm_msg.h"
#include "codec/spnego_msg.h"
#include "negotiate/negotiate.h"
#include "ntlm/ntlm.h"
#include "tests/support/fake_account.h"
#include "tests/support/fake_host.h"
#include "tests/support/hex.h"
#include "tests/support/mutate.h"

enum { MAX_CAPTURES = 64, MAX_TOKENS = 4, ROOM = 4096 };

#define PROTECTED (SEC_INTEGRITY | SEC_CONFIDENTIALITY | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT)

static struct capture {
    char peer[128];
    bool peer_is_server, negotiate, strong;
    unsigned level;
    struct bytes tokens[MAX_TOKENS]; /* the client's first; they alternate */
    size_t n_tokens;
    struct bytes session_key;
} captures[MAX_CAPTURES];
static size_t n_captures;

/* --- peers.txt ----------------------------------------------------------------------------- */

static struct bytes
unhex(const char *text)
{
    size_t n = strlen(text) / 2;
    uint8_t *p = malloc(n);

    assert_non_null(p);
    return hex_into(p, n, text);
}

static void
take_line(const char *key, const char *value)
{
    struct capture *c = &captures[n_captures - 1];

    assert_true(n_captures > 0);
    if (strcmp(key, "role") == 0) {
        c->peer_is_server = strcmp(value, "server") == 0;
    } else if (strcmp(key, "package") == 0) {
        c->negotiate = strcmp(value, "Negotiate") == 0;
    } else if (strcmp(key, "level") == 0) {
        c->level = (unsigned)strtoul(value, NULL, 10);
    } else if (strcmp(key, "128") == 0) {
        c->strong = strcmp(value, "1") == 0;
    } else if (strcmp(key, "token") == 0) {
        assert_true(c->n_tokens < MAX_TOKENS);
        c->tokens[c->n_tokens++] = unhex(value);
    } else if (strcmp(key, "session_key") == 0) {
        c->session_key = unhex(value);
    } else {
        fail_msg("peers.txt: %s", key);
    }
}

static int
read_captures(void **state)
{
    char path[1024], *line = NULL;
    size_t capacity = 0;
    FILE *f;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/peers.txt", getenv("OPENSSPI_TEST_DATA"));
    f = fopen(path, "r");
    if (!f) {
        print_error("%s: %s\n", path, strerror(errno));
        return -1;
    }
    while (getline(&line, &capacity, f) > 0) {
        char *value = strstr(line, " = ");

        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '[') {
            assert_true(n_captures < MAX_CAPTURES);
            (void)snprintf(captures[n_captures++].peer, sizeof(captures[0].peer), "%s", line);
        } else if (line[0] != '#' && value) {
            *value = '\0';
            take_line(line, value + 3);
        }
    }
    free(line);
    (void)fclose(f);
    return 0;
}

static int
forget_captures(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_captures; i++) {
        for (size_t j = 0; j < captures[i].n_tokens; j++) {
            free((void *)(uintptr_t)captures[i].tokens[j].p);
        }
        free((void *)(uintptr_t)captures[i].session_key.p);
    }
    return 0;
}

/* --- what is in a token -------------------------------------------------------------------- */

/* NTLM's message, out of SPNEGO's where it is in one; empty: a message of SPNEGO's alone. */
static struct bytes
ntlm_of(const struct capture *c, size_t which)
{
    struct spnego_init init;
    struct spnego_resp resp;

    if (!c->negotiate) {
        return c->tokens[which];
    }
    if (which == 0) {
        assert_int_equal(spnego_init_decode(&init, c->tokens[which]), WIRE_OK);
        return init.mech_token;
    }
    assert_int_equal(spnego_resp_decode(&resp, c->tokens[which]), WIRE_OK);
    return resp.token;
}

static void
test_decode__peers_messages_read(void **state)
{
    (void)state;
    assert_true(n_captures > 20);
    for (size_t i = 0; i < n_captures; i++) {
        const struct capture *c = &captures[i];
        struct ntlm_negotiate negotiate;
        struct ntlm_challenge challenge;
        struct ntlm_authenticate authenticate;
        struct ntlm_v2_response v2;

        print_message("%s\n", c->peer);
        assert_true(c->n_tokens >= 3);
        assert_int_equal(ntlm_negotiate_decode(&negotiate, ntlm_of(c, 0), NULL), WIRE_OK);
        assert_int_equal(ntlm_challenge_decode(&challenge, ntlm_of(c, 1), NULL), WIRE_OK);
        assert_int_equal(ntlm_authenticate_decode(&authenticate, ntlm_of(c, 2), NULL), WIRE_OK);
        assert_int_equal(ntlm_v2_response_is(authenticate.nt_response), c->level >= 3);
        if (c->level >= 3) {
            assert_int_equal(ntlm_v2_response_decode(&v2, authenticate.nt_response), WIRE_OK);
        }
        if (c->n_tokens == 4) {
            assert_int_equal(ntlm_of(c, 3).n, 0);
        }
    }
}

/* Whatever it says: that it says something is what counts. */
static void
pass(enum wire_err err)
{
    (void)err;
}

static void
survive(struct bytes in, size_t at, void *user)
{
    struct ntlm_negotiate negotiate;
    struct ntlm_challenge challenge;
    struct ntlm_authenticate authenticate;
    struct spnego_init init;
    struct spnego_resp resp;

    (void)at;
    (void)user;
    pass(ntlm_negotiate_decode(&negotiate, in, NULL));
    pass(ntlm_challenge_decode(&challenge, in, NULL));
    if (ntlm_authenticate_decode(&authenticate, in, NULL) == WIRE_OK) {
        struct ntlm_v2_response v2;

        assert_true(mutate_is_inside(in, authenticate.nt_response));
        pass(ntlm_v2_response_decode(&v2, authenticate.nt_response));
    }
    if (spnego_init_decode(&init, in) == WIRE_OK) {
        assert_true(mutate_is_inside(in, init.mech_token));
    }
    if (spnego_resp_decode(&resp, in) == WIRE_OK) {
        assert_true(mutate_is_inside(in, resp.token));
    }
}

static void
test_decode__each_prefix_and_byte_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_captures; i++) {
        for (size_t j = 0; j < captures[i].n_tokens; j++) {
            mutate_prefixes(captures[i].tokens[j], survive, NULL);
            mutate_bytes(captures[i].tokens[j], survive, NULL);
        }
    }
}

/* --- our side of it, again ----------------------------------------------------------------- */

static const struct fake_user users[] = { { "alice", "WORKGROUP", "Secret123!x", 0 } };
static const struct sec_package *const packages[] = { &negotiate_package, &ntlm_package };

struct replay {
    const struct sec_package *package;
    struct fake_host host;
    struct account_authority accounts;
    uint8_t script[24];
    struct sec_cred *cred;
    struct sec_ctx *ctx;
    struct sec_step_args args;
    uint8_t room[ROOM];
};

/* The clock and the random numbers of the exchange. */
static void
script(struct replay *r, const struct capture *c)
{
    struct ntlm_challenge challenge;
    struct ntlm_authenticate authenticate;
    struct ntlm_v2_response v2;
    struct ntlm_av_pairs av;

    assert_int_equal(ntlm_challenge_decode(&challenge, ntlm_of(c, 1), NULL), WIRE_OK);
    assert_int_equal(ntlm_av_pairs_decode(&av, challenge.target_info, NULL), WIRE_OK);
    r->host.now_100ns = av.timestamp_100ns;
    if (!c->peer_is_server) {
        bytes_copy(r->script, challenge.server_challenge, sizeof(challenge.server_challenge));
        r->host.random_script = bytes_of(r->script, sizeof(challenge.server_challenge));
        return;
    }
    assert_int_equal(ntlm_authenticate_decode(&authenticate, ntlm_of(c, 2), NULL), WIRE_OK);
    assert_int_equal(ntlm_v2_response_decode(&v2, authenticate.nt_response), WIRE_OK);
    bytes_copy(r->script, v2.client_challenge.p, v2.client_challenge.n);
    bytes_copy(r->script + v2.client_challenge.n, c->session_key.p, c->session_key.n);
    r->host.random_script = bytes_of(r->script, sizeof(r->script));
}

static void
replay_open(struct replay *r, const struct capture *c)
{
    struct sec_identity alice = { .user = UTF16("alice"),
                                  .domain = UTF16("WORKGROUP"),
                                  .password = UTF16("Secret123!x") };
    bool client = c->peer_is_server;
    struct sec_acquire_args args = { .use = client ? SEC_USE_OUTBOUND : SEC_USE_INBOUND,
                                     .identity = client ? &alice : NULL };

    *r = (struct replay){ .package = c->negotiate ? &negotiate_package : &ntlm_package };
    fake_host_init(&r->host);
    r->accounts = (struct account_authority){ .users = users, .n_users = 1 };
    r->host.settings.computer = UTF16("WEB1");
    r->host.settings.domain = UTF16("WORKGROUP");
    r->host.settings.lm_level_client = r->host.settings.lm_level_server = c->level;
    r->host.settings.require_128bit = c->strong;
    r->host.host.accounts = &r->accounts;
    r->host.host.packages = packages;
    r->host.host.n_packages = SEC_ARRAY_LEN(packages);
    script(r, c);
    r->args =
        (struct sec_step_args){ .wanted = PROTECTED, .target = UTF16("HTTP/web1.example.test") };
    assert_int_equal(r->package->ops->acquire(&r->host.host, &args, &r->cred), SEC_E_OK);
    assert_int_equal(r->package->ops->open(r->cred, client ? SEC_INITIATOR : SEC_ACCEPTOR, &r->ctx),
                     SEC_E_OK);
}

static struct bytes
replay_step(struct replay *r, struct bytes in, sec_status want)
{
    struct wire_writer out = wire_writer_fixed(r->room, sizeof(r->room));
    sec_status status;

    r->args.token = in;
    status = r->package->ops->step(r->ctx, &r->args, &out);
    if (status != want) {
        print_error("%s\n", sec_reason());
    }
    assert_int_equal(status, want);
    return wire_written(&out);
}

static void
replay_close(struct replay *r, const struct capture *c)
{
    struct sec_facts facts;

    r->package->ops->describe(r->ctx, &facts);
    assert_int_equal(facts.phase, SEC_PHASE_ESTABLISHED);
    assert_bytes_equal(facts.session_key, c->session_key);
    assert_bytes_equal(facts.user, UTF16("alice"));
    r->package->ops->free_ctx(r->ctx);
    r->package->ops->free_cred(r->cred);
    assert_int_equal(r->accounts.identities, 0);
}

static void
test_accept__peers_replayed_byte_for_byte(void **state)
{
    static struct replay r;

    (void)state;
    for (size_t i = 0; i < n_captures; i++) {
        const struct capture *c = &captures[i];
        struct bytes last;

        if (c->peer_is_server) {
            continue;
        }
        print_message("%s\n", c->peer);
        replay_open(&r, c);
        assert_bytes_equal(replay_step(&r, c->tokens[0], SEC_I_CONTINUE_NEEDED), c->tokens[1]);
        last = replay_step(&r, c->tokens[2], SEC_E_OK);
        assert_int_equal(last.n != 0, c->n_tokens == 4);
        if (c->n_tokens == 4) {
            assert_bytes_equal(last, c->tokens[3]);
        }
        replay_close(&r, c);
    }
}

static void
test_initiate__peers_replayed_byte_for_byte(void **state)
{
    static struct replay r;

    (void)state;
    for (size_t i = 0; i < n_captures; i++) {
        const struct capture *c = &captures[i];
        sec_status third = c->negotiate ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;

        if (!c->peer_is_server) {
            continue;
        }
        print_message("%s\n", c->peer);
        replay_open(&r, c);
        assert_bytes_equal(replay_step(&r, bytes_of(NULL, 0), SEC_I_CONTINUE_NEEDED), c->tokens[0]);
        assert_bytes_equal(replay_step(&r, c->tokens[1], third), c->tokens[2]);
        if (c->n_tokens == 4) {
            assert_int_equal(replay_step(&r, c->tokens[3], SEC_E_OK).n, 0);
        }
        replay_close(&r, c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__peers_messages_read),
        cmocka_unit_test(test_decode__each_prefix_and_byte_survived),
        cmocka_unit_test(test_accept__peers_replayed_byte_for_byte),
        cmocka_unit_test(test_initiate__peers_replayed_byte_for_byte),
    };

    return cmocka_run_group_tests(tests, read_captures, forget_captures);
}
