/* SPDX-License-Identifier: Apache-2.0 */
/* Both doors through samd: what comes out is what comes out of the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "account/authority_msg.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "tests/support/account_code.h"
#include "tests/unit/samd/served.h"

struct doors {
    struct served served;
    struct account_authority *asked;
    struct account_admin *direct, *admin; /* the store's, and samd's */
};

static int
set_up(void **state)
{
    struct doors *d = calloc(1, sizeof(*d));
    struct account_admin_options options;

    assert_non_null(d);
    served_make(&d->served);
    served_start(&d->served);
    options = d->served.store.options;
    assert_int_equal(account_admin_open(&options, &d->direct), SEC_E_OK);
    options.accounts.store = d->served.name;
    assert_int_equal(account_admin_open(&options, &d->admin), SEC_E_OK);
    assert_int_equal(account_authority_open(&options.accounts, &d->asked), SEC_E_OK);
    *state = d;
    return 0;
}

static int
tear_down(void **state)
{
    struct doors *d = *state;

    account_authority_close(d->asked);
    account_admin_close(d->admin);
    account_admin_close(d->direct);
    served_stop(&d->served);
    served_clear(&d->served);
    free(d);
    return 0;
}

/* --- proofs -------------------------------------------------------------------------------- */

static void
assert_same_identity(const struct account_identity *a, const struct account_identity *b)
{
    assert_true(bytes_equal(a->user, b->user) && bytes_equal(a->domain, b->domain));
    assert_string_equal(a->sid, b->sid);
    assert_int_equal(a->n_groups, b->n_groups);
    for (size_t i = 0; i < a->n_groups; i++) {
        assert_string_equal(a->groups[i], b->groups[i]);
        assert_string_equal(a->group_sids[i], b->group_sids[i]);
    }
    assert_true(!a->group_attributes == !b->group_attributes);
    assert_true(!a->unix_user == !b->unix_user);
    if (a->unix_user) {
        assert_string_equal(a->unix_user, b->unix_user);
    }
    assert_int_equal(a->password_expires_100ns, b->password_expires_100ns);
    assert_int_equal(a->may_dial_in, b->may_dial_in);
}

/* The same claim at both doors. */
static sec_status
prove_twice(struct doors *d, const struct account_claim *claim)
{
    struct account_proof here, there;
    sec_status status = account_prove(d->served.accounts, claim, &here);
    char reason[SEC_REASON_BYTES];

    (void)snprintf(reason, sizeof(reason), "%s", sec_reason());
    assert_int_equal(account_prove(d->asked, claim, &there), status);
    if (status != SEC_E_OK) {
        assert_string_equal(sec_reason(), reason);
        assert_string_equal(here.sid, there.sid);
    }
    assert_memory_equal(&here.session_base_key, &there.session_base_key, 16);
    assert_memory_equal(&here.lm_session_key, &there.lm_session_key, 16);
    assert_memory_equal(&here.mppe_send, &there.mppe_send, 16);
    assert_memory_equal(&here.mppe_receive, &there.mppe_receive, 16);
    assert_memory_equal(here.authenticator, there.authenticator, sizeof(here.authenticator));
    assert_int_equal(here.has_lm_session_key, there.has_lm_session_key);
    assert_int_equal(here.sub_status, there.sub_status);
    assert_int_equal(here.no_clear_text, there.no_clear_text);
    assert_int_equal(here.no_code, there.no_code);
    assert_true(!here.identity == !there.identity);
    if (here.identity) {
        assert_same_identity(here.identity, there.identity);
    }
    account_proof_clear(&here);
    account_proof_clear(&there);
    assert_int_equal(account_admin_unlock(d->direct, "jo"), SEC_E_OK);
    assert_int_equal(account_admin_unlock(d->direct, "user"), SEC_E_OK);
    return status;
}

static void
test_account_prove__each_kind__is_as_from_the_store(void **state)
{
    static const char *const groups[] = { "Staff", "Ops" };
    struct doors *d = *state;
    struct test_claim t;
    struct account_claim claim;
    uint8_t response[16], user[16];
    const uint8_t challenge[16] = { 1, 2, 3 }, another[16] = { 3, 2, 1 }, chap_id = 7;

    assert_int_equal(
        account_admin_add(d->direct,
                          &(struct account_new){ .name = "jo",
                                                 .password = bytes_of_string("Dial 1"),
                                                 .groups = groups,
                                                 .n_groups = 2,
                                                 .unix_user = "daemon",
                                                 .expires_100ns = CLOCK_NEVER_100NS,
                                                 .password_expires_100ns = CLOCK_NEVER_100NS - 1,
                                                 .may_dial_in = true,
                                                 .keeps_clear_text = true }),
        SEC_E_OK);
    test_claim_make(&t, "jo", "TESTS", "Dial 1");
    assert_int_equal(prove_twice(d, &t.claim), SEC_E_OK);
    test_claim_make(&t, "jo", "TESTS", "Dial 1");
    t.claim.dial_in = true;
    assert_int_equal(prove_twice(d, &t.claim), SEC_E_OK);
    test_claim_make(&t, "user", "TESTS", "p1");
    t.claim.dial_in = true;
    assert_int_equal(prove_twice(d, &t.claim), SEC_E_LOGON_DENIED);
    test_claim_make(&t, "nobody", "TESTS", "p1");
    assert_int_equal(prove_twice(d, &t.claim), SEC_E_LOGON_DENIED);

    claim = (struct account_claim){ .kind = ACCOUNT_PASSWORD,
                                    .user = test_utf16_(user, sizeof(user), "jo"),
                                    .password = bytes_of_string("Dial 1"),
                                    .now_100ns = clock_now_100ns() };
    assert_int_equal(prove_twice(d, &claim), SEC_E_OK);
    claim.password = bytes_of_string("Dial 2");
    assert_int_equal(prove_twice(d, &claim), SEC_E_LOGON_DENIED);
    claim.kind = ACCOUNT_ONE_TIME_CODE;
    assert_int_equal(prove_twice(d, &claim), SEC_E_LOGON_DENIED);

    /* RFC 1994 4.1 */
    digest_md5((const struct bytes[]){ bytes_of(&chap_id, 1), bytes_of_string("Dial 1"),
                                       bytes_of(challenge, 16) },
               3, response);
    claim.kind = ACCOUNT_CHAP_MD5;
    claim.chap_id = chap_id;
    claim.challenge = bytes_of(challenge, 16);
    claim.chap_response = bytes_of(response, 16);
    assert_int_equal(prove_twice(d, &claim), SEC_E_OK);
    claim.challenge = bytes_of(another, 16);
    claim.user = test_utf16_(user, sizeof(user), "user"); /* keeps no clear text */
    assert_int_equal(prove_twice(d, &claim), SEC_E_LOGON_DENIED);
}

/* Who asks cannot have samd believe another time. */
static void
test_account_prove__a_claim_from_the_future__does_not_end_a_lock_out(void **state)
{
    struct doors *d = *state;
    struct test_claim t;
    struct account_proof proof;
    uint32_t sub_status = 0;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_logon(d->asked, "user", "wrong", &sub_status), SEC_E_LOGON_DENIED);
    }
    test_claim_make(&t, "user", "TESTS", "p1");
    t.claim.now_100ns += 3600 * CLOCK_SECOND_100NS;
    assert_int_equal(account_prove(d->asked, &t.claim, &proof), SEC_E_LOGON_DENIED);
    assert_int_equal(proof.sub_status, ACCOUNT_LOCKED_OUT);
    account_proof_clear(&proof);
}

static void
test_account_prove__asked_too_often__is_no_verdict(void **state)
{
    struct doors *d = *state;
    unsigned refused = 0;

    served_stop(&d->served);
    d->served.requests_per_second = 2;
    served_start(&d->served);
    for (int i = 0; i < 50; i++) {
        sec_status status = test_logon(d->asked, "user", "p1", NULL);

        if (status != SEC_E_OK) {
            assert_int_equal(status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
            assert_non_null(strstr(sec_reason(), "more often than it may"));
            refused++;
        }
    }
    assert_in_range(refused, 1, 48);
}

static void
test_server_answers__with_threads_that_wait__does(void **state)
{
    struct doors *d = *state;

    assert_int_equal(test_logon(d->asked, "user", "p1", NULL), SEC_E_OK);
    assert_true(server_answers(d->served.server));
}

/* A response that was captured, shown again by who names the challenge itself. */
static void
test_account_prove__a_response_shown_again__proves_nothing(void **state)
{
    struct doors *d = *state;
    struct account_proof proof;
    struct test_claim t;

    test_claim_make(&t, "user", "TESTS", "p1");
    assert_int_equal(account_prove(d->asked, &t.claim, &proof), SEC_E_OK);
    assert_non_null(proof.identity->assertion);
    account_proof_clear(&proof);
    for (int i = 0; i < 5; i++) { /* above the threshold */
        assert_int_equal(account_prove(d->asked, &t.claim, &proof), SEC_E_LOGON_DENIED);
        assert_int_equal(proof.sub_status, ACCOUNT_CHALLENGE_USED);
        assert_null(proof.identity);
        assert_false(proof.locked_out_now);
    }
    assert_int_equal(test_logon(d->asked, "user", "p1", NULL), SEC_E_OK);
}

/* Who could have wrong passwords forgotten by it would guess for ever. */
static void
test_account_prove__a_response_shown_again__forgets_no_wrong_password(void **state)
{
    struct doors *d = *state;
    struct account_proof proof;
    struct test_claim t;
    uint32_t sub_status = 0;

    test_claim_make(&t, "user", "TESTS", "p1");
    assert_int_equal(account_prove(d->asked, &t.claim, &proof), SEC_E_OK);
    account_proof_clear(&proof);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_logon(d->asked, "user", "wrong", &sub_status), SEC_E_LOGON_DENIED);
        assert_int_equal(sub_status, ACCOUNT_WRONG_PASSWORD);
        assert_int_equal(account_prove(d->asked, &t.claim, &proof), SEC_E_LOGON_DENIED);
    }
    assert_int_equal(test_logon(d->asked, "user", "p1", &sub_status), SEC_E_LOGON_DENIED);
    assert_int_equal(sub_status, ACCOUNT_LOCKED_OUT);
}

/* A wrong password is counted where its challenge is its own. */
static void
test_account_prove__a_claim_of_another_time__is_not_judged(void **state)
{
    struct doors *d = *state;
    struct account_proof proof;
    struct test_claim t;

    test_claim_make(&t, "user", "TESTS", "wrong");
    test_blob_(t.nt + 16, sizeof(t.nt) - 16, t.claim.now_100ns - 1000 * CLOCK_SECOND_100NS);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(account_prove(d->asked, &t.claim, &proof), SEC_E_LOGON_DENIED);
        assert_int_equal(proof.sub_status, ACCOUNT_NOT_OF_NOW);
    }
    assert_int_equal(test_logon(d->asked, "user", "p1", NULL), SEC_E_OK);
}

/* samd ends between a CHALLENGE and its response, or while a connection is idle. */
static void
test_account_prove__samd_restarted_after_the_challenge__proves(void **state)
{
    struct doors *d = *state;
    struct account_proof proof;
    struct test_claim t;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_logon(d->asked, "user", "p1", NULL), SEC_E_OK);
        test_claim_make(&t, "user", "TESTS", "p1");
        served_stop(&d->served);
        served_start(&d->served);
        assert_int_equal(account_prove(d->asked, &t.claim, &proof), SEC_E_OK);
        account_proof_clear(&proof);
    }
}

struct counted_terms {
    struct terms terms;
    atomic_uint *released;
};

static void
count_release(struct terms *terms)
{
    struct counted_terms *t = (struct counted_terms *)terms;

    atomic_fetch_add(t->released, 1);
    free(t);
}

/* Each set of terms goes when nobody works under it any more, and requests never see one that is
 * gone. */
static void
test_server_change__while_requests_go_on__answers_them(void **state)
{
    enum { CHANGES = 50 };
    struct doors *d = *state;
    atomic_uint released = 0;

    for (int i = 0; i < CHANGES; i++) {
        struct counted_terms *t = calloc(1, sizeof(*t));

        assert_non_null(t);
        t->terms = d->served.terms;
        t->terms.references = 1;
        t->terms.release = count_release;
        t->released = &released;
        server_change(d->served.server, &t->terms);
        terms_unref(&t->terms);
        assert_int_equal(test_logon(d->asked, "user", "p1", NULL), SEC_E_OK);
        assert_int_equal(account_admin_unlock(d->admin, "user"), SEC_E_OK);
    }
    server_change(d->served.server, &d->served.terms);
    assert_int_equal(account_admin_unlock(d->admin, "user"), SEC_E_OK);
    assert_int_equal(released, CHANGES);
}

/* --- management ---------------------------------------------------------------------------- */

struct seen {
    char text[2048];
    size_t n;
};

static void
see(void *user, const struct account_view *v)
{
    struct seen *s = user;

    s->n += (size_t)snprintf(
        s->text + s->n, sizeof(s->text) - s->n,
        "%s %s %s %u %d%d%d %ju %ju %ju %ju %ju %u %ju %ju %u %s %s", v->name, v->sid,
        v->unix_user ? v->unix_user : "-", v->rid, v->disabled, v->locked, v->may_dial_in,
        (uintmax_t)v->expires_100ns, (uintmax_t)v->password_expires_100ns,
        (uintmax_t)v->password_set_100ns, (uintmax_t)v->created_100ns, (uintmax_t)v->changed_100ns,
        v->failures, (uintmax_t)v->last_failure_100ns, (uintmax_t)v->locked_until_100ns,
        v->key_version, v->key_salt, v->one_time_code ? v->one_time_code : "-");
    for (size_t i = 0; i < v->n_groups; i++) {
        s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, " %s=%s", v->groups[i],
                                 v->group_sids[i]);
    }
    for (size_t i = 0; i < v->n_keys; i++) {
        s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, " %s", v->keys[i]);
    }
    s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "\n");
    assert_in_range(s->n, 1, sizeof(s->text) - 1);
}

static void
assert_same_views(struct doors *d)
{
    struct seen here = { .n = 0 }, there = { .n = 0 };

    assert_int_equal(account_admin_list(d->direct, see, &here), SEC_E_OK);
    assert_int_equal(account_admin_list(d->admin, see, &there), SEC_E_OK);
    assert_string_equal(here.text, there.text);
}

static void
test_account_admin__every_request__is_as_at_the_store(void **state)
{
    static const char *const groups[] = { "Staff", "Ops" };
    const struct one_time_code code = test_code(ONE_TIME_CODE_TOTP);
    const bool yes = true;
    const uint64_t time_100ns = clock_now_100ns() + 3600 * CLOCK_SECOND_100NS;
    struct doors *d = *state;
    struct seen seen = { .n = 0 };

    assert_int_equal(
        account_admin_add(d->admin, &(struct account_new){ .name = "Jörg",
                                                           .password = bytes_of_string("Pw 1"),
                                                           .groups = groups,
                                                           .n_groups = 2,
                                                           .unix_user = "daemon",
                                                           .expires_100ns = time_100ns,
                                                           .password_expires_100ns = time_100ns,
                                                           .may_dial_in = true,
                                                           .keeps_clear_text = true }),
        SEC_E_OK);
    assert_same_views(d);
    assert_int_equal(account_admin_set_password(d->admin, "JÖRG", bytes_of_string("Pw 2"), false),
                     SEC_E_OK);
    assert_int_equal(test_logon(d->asked, "jörg", "Pw 2", NULL), SEC_E_OK);
    assert_int_equal(test_logon(d->asked, "jörg", "Pw 1", NULL), SEC_E_LOGON_DENIED);
    assert_same_views(d);
    assert_int_equal(
        account_admin_change(d->admin, "user",
                             &(struct account_change){ .disabled = &yes,
                                                       .may_dial_in = &yes,
                                                       .expires_100ns = &time_100ns,
                                                       .password_expires_100ns = &time_100ns,
                                                       .unix_user = "bin",
                                                       .join = groups,
                                                       .n_join = 2 }),
        SEC_E_OK);
    assert_same_views(d);
    assert_int_equal(account_admin_change(d->admin, "user",
                                          &(struct account_change){
                                              .leave = groups, .n_leave = 1, .unix_user = "" }),
                     SEC_E_OK);
    assert_same_views(d);
    assert_int_equal(account_admin_enroll_code(d->admin, "user", &code), SEC_E_OK);
    assert_same_views(d);
    assert_int_equal(account_admin_remove_code(d->admin, "user"), SEC_E_OK);
    assert_int_equal(account_admin_unlock(d->admin, "Jörg"), SEC_E_OK);
    assert_same_views(d);
    assert_int_equal(account_admin_show(d->admin, "user", see, &seen), SEC_E_OK);
    assert_non_null(strstr(seen.text, "user S-1-5-21-"));
    assert_int_equal(account_admin_remove(d->admin, "user"), SEC_E_OK);
    assert_same_views(d);
}

static void
test_account_admin__refused__says_what_the_store_says(void **state)
{
    struct doors *d = *state;
    char reason[SEC_REASON_BYTES];

    assert_int_equal(account_admin_remove(d->direct, "ghost"), SEC_E_UNKNOWN_CREDENTIALS);
    (void)snprintf(reason, sizeof(reason), "%s", sec_reason());
    assert_int_equal(account_admin_remove(d->admin, "ghost"), SEC_E_UNKNOWN_CREDENTIALS);
    assert_string_equal(sec_reason(), reason);
    assert_int_equal(
        account_admin_add(
            d->admin, &(struct account_new){ .name = "user", .password = bytes_of_string("x") }),
        SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(sec_reason(), "the name user is in use"));
}

/* --- names and SIDs ------------------------------------------------------------------------ */

/* The same from both doors; what is found. */
static struct account_entry
look_up_twice(struct doors *d, struct bytes name, const char *sid, sec_status expected)
{
    struct account_entry here, there;
    char reason[SEC_REASON_BYTES];

    assert_int_equal(account_look_up(d->served.accounts, name, sid, &here), expected);
    (void)snprintf(reason, sizeof(reason), "%s", sec_reason());
    assert_int_equal(account_look_up(d->asked, name, sid, &there), expected);
    if (expected != SEC_E_OK) {
        assert_string_equal(sec_reason(), reason);
    }
    assert_string_equal(here.sid, there.sid);
    assert_string_equal(here.name, there.name);
    assert_int_equal(here.is_group, there.is_group);
    return there;
}

static void
test_account_look_up__by_name_and_by_sid__is_as_from_the_store(void **state)
{
    static const char *const groups[] = { "Night Shift" };
    struct doors *d = *state;
    struct account_entry user, group;

    assert_int_equal(account_admin_change(d->direct, "user",
                                          &(struct account_change){ .join = groups, .n_join = 1 }),
                     SEC_E_OK);
    user = look_up_twice(d, UTF16("USER"), NULL, SEC_E_OK);
    assert_string_equal(user.name, "user");
    assert_false(user.is_group);
    group = look_up_twice(d, UTF16("NIGHT shift"), NULL, SEC_E_OK);
    assert_string_equal(group.name, groups[0]);
    assert_true(group.is_group);
    assert_string_equal(look_up_twice(d, UTF16(""), user.sid, SEC_E_OK).name, "user");
    assert_true(look_up_twice(d, UTF16(""), group.sid, SEC_E_OK).is_group);
    (void)look_up_twice(d, UTF16("ghost"), NULL, SEC_E_TARGET_UNKNOWN);
    (void)look_up_twice(d, UTF16(""), NULL, SEC_E_TARGET_UNKNOWN);
    (void)look_up_twice(d, UTF16(""), "S-1-5-21-1-2-3-1001", SEC_E_TARGET_UNKNOWN);
    served_stop(&d->served);
    assert_int_equal(account_look_up(d->asked, UTF16("user"), NULL, &user),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    served_start(&d->served);
}

/* --- a new password for the old one --------------------------------------------------------- */

static sec_status
change_password(struct account_authority *a, const char *old, const char *wanted,
                struct account_proof *out)
{
    return account_change_password(
        a,
        &(struct account_new_password){ .user = UTF16("USER"),
                                        .domain = UTF16("TESTS"),
                                        .old_password = bytes_of_string(old),
                                        .password = bytes_of_string(wanted),
                                        .now_100ns = clock_now_100ns() },
        out);
}

static void
test_account_change_password__the_old_one_is_right__is_the_password(void **state)
{
    struct doors *d = *state;
    struct account_proof out;

    assert_int_equal(change_password(d->asked, "p1", "p2", &out), SEC_E_OK);
    assert_int_equal(out.sub_status, 0);
    assert_int_equal(test_logon(d->asked, "user", "p2", NULL), SEC_E_OK);
    assert_int_equal(test_logon(d->served.accounts, "user", "p1", NULL), SEC_E_LOGON_DENIED);
}

static void
test_account_change_password__refused__says_what_the_store_says(void **state)
{
    struct doors *d = *state;
    struct account_proof here, there;
    char reason[SEC_REASON_BYTES];

    for (int i = 0; i < 2; i++) {
        const char *old = i ? "p1" : "wrong", *wanted = i ? "" : "p2";
        sec_status status = change_password(d->served.accounts, old, wanted, &here);

        assert_int_equal(status, i ? ACCOUNT_PASSWORD_RESTRICTION : SEC_E_LOGON_DENIED);
        (void)snprintf(reason, sizeof(reason), "%s", sec_reason());
        assert_int_equal(change_password(d->asked, old, wanted, &there), status);
        assert_string_equal(sec_reason(), reason);
        assert_string_equal(there.sid, here.sid);
        assert_int_equal(there.sub_status, here.sub_status);
    }
    assert_int_equal(change_password(d->asked, "a", "p2", &there), SEC_E_LOGON_DENIED);
    assert_int_equal(change_password(d->asked, "b", "p2", &there), SEC_E_LOGON_DENIED);
    assert_false(there.locked_out_now);
    assert_int_equal(change_password(d->asked, "c", "p2", &there), SEC_E_LOGON_DENIED);
    assert_true(there.locked_out_now);
    assert_int_equal(change_password(d->asked, "p1", "p2", &there), SEC_E_LOGON_DENIED);
    assert_int_equal(there.sub_status, ACCOUNT_LOCKED_OUT);
}

static void
test_account_change_password__no_samd__is_no_verdict(void **state)
{
    struct doors *d = *state;
    struct account_proof out;
    uint8_t *large = calloc(1, AUTHORITY_MSG_BLOB_MAX + 1);
    struct account_new_password wanted = { .user = UTF16("user"),
                                           .old_password =
                                               bytes_of(large, AUTHORITY_MSG_BLOB_MAX + 1) };

    assert_int_equal(account_change_password(d->asked, &wanted, &out), SEC_E_LOGON_DENIED);
    free(large);
    served_stop(&d->served);
    assert_int_equal(change_password(d->asked, "p1", "p2", &out),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(out.sub_status, 0);
    served_start(&d->served);
    assert_int_equal(change_password(d->asked, "p1", "p2", &out), SEC_E_OK);
}

/* Where proofs are refused for coming too often, these are, too. */
static void
test_account_change_password__asked_too_often__is_no_verdict(void **state)
{
    struct doors *d = *state;
    struct account_proof out;
    unsigned refused = 0;

    served_stop(&d->served);
    d->served.requests_per_second = 2;
    served_start(&d->served);
    for (int i = 0; i < 12 && !refused; i++) {
        sec_status status = change_password(d->asked, "p1", "p1", &out);

        if (status == SEC_E_NO_AUTHENTICATING_AUTHORITY) {
            assert_non_null(strstr(sec_reason(), "more often than it may"));
            refused++;
        }
    }
    assert_int_not_equal(refused, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_account_prove__each_kind__is_as_from_the_store),
        TEST(test_account_prove__a_claim_from_the_future__does_not_end_a_lock_out),
        TEST(test_account_prove__asked_too_often__is_no_verdict),
        TEST(test_server_answers__with_threads_that_wait__does),
        TEST(test_account_prove__a_response_shown_again__proves_nothing),
        TEST(test_account_prove__a_response_shown_again__forgets_no_wrong_password),
        TEST(test_account_prove__a_claim_of_another_time__is_not_judged),
        TEST(test_account_prove__samd_restarted_after_the_challenge__proves),
        TEST(test_server_change__while_requests_go_on__answers_them),
        TEST(test_account_admin__every_request__is_as_at_the_store),
        TEST(test_account_admin__refused__says_what_the_store_says),
        TEST(test_account_look_up__by_name_and_by_sid__is_as_from_the_store),
        TEST(test_account_change_password__the_old_one_is_right__is_the_password),
        TEST(test_account_change_password__refused__says_what_the_store_says),
        TEST(test_account_change_password__no_samd__is_no_verdict),
        TEST(test_account_change_password__asked_too_often__is_no_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
