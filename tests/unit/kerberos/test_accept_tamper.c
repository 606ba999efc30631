/* SPDX-License-Identifier: Apache-2.0 */
/* AP-REQs on their way through hands that are not the client's, and on machines without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "alloc_fail.h"
#include "tests/support/mutate.h"
#include "tests/unit/kerberos/forged.h"

/* --- each byte ----------------------------------------------------------------------------- */

struct clear_parts {
    struct bytes token, options, sname, realm, kvno;
    unsigned accepted;
};

static bool
lies_in(const struct clear_parts *p, struct bytes view, size_t at)
{
    size_t begin = (size_t)(view.p - p->token.p);

    return at >= begin && at < begin + view.n;
}

/* What is in the clear and proves nothing: ap-options, the service's names (a keytab has one key
 * for many), and the frame's object identifier. All else is refused, whatever it becomes. */
static void
try_flipped(struct bytes in, size_t at, void *user)
{
    struct clear_parts *p = user;

    a.tickets.n_replays = 0;
    if (krb_forge_accept(&a, in) == SEC_E_OK) {
        struct sec_facts facts = krb_forge_facts(&a);

        if (!lies_in(p, p->options, at) && !lies_in(p, p->sname, at) && !lies_in(p, p->realm, at)) {
            struct gss_krb_token outer;

            assert_int_equal(gss_krb_token_decode(&outer, in), WIRE_OK);
            assert_true(bytes_equal(outer.oid, gss_ms_krb5_oid) ||
                        bytes_equal(outer.oid, gss_krb5_oid) ||
                        bytes_equal(outer.oid, gss_krb5_u2u_oid));
            assert_true(at < 24);
        }
        p->accepted++;
        assert_true(bytes_equal(facts.user, wire_written(&(struct wire_writer){
                                                .p = (uint8_t *)"a\0l\0i\0c\0e", .len = 10 })));
    }
    assert_int_equal(a.tickets.held_keys, 0);
    krb_forge_acceptor_restart(&a);
}

static void
try_prefix(struct bytes in, size_t n, void *user)
{
    (void)user;
    a.tickets.n_replays = 0;
    assert_true(sec_failed(krb_forge_accept(&a, in)));
    assert_int_equal(a.out.len, 0);
    assert_int_equal(a.tickets.replay_checks, 0);
    krb_forge_acceptor_restart(&a);
}

static struct clear_parts
clear_parts_of(struct bytes token)
{
    struct gss_krb_token outer;
    struct krb_ap_req m;
    struct clear_parts p = { .token = token };

    assert_int_equal(gss_krb_token_decode(&outer, token), WIRE_OK);
    assert_int_equal(krb_ap_req_decode(&m, outer.body), WIRE_OK);
    p.realm = m.ticket.realm;
    /* With the tags between its parts, and its type. */
    p.sname = bytes_of(m.ticket.realm.p + m.ticket.realm.n,
                       (size_t)(m.ticket.sname.parts[1].p + m.ticket.sname.parts[1].n -
                                m.ticket.realm.p - m.ticket.realm.n));
    /* pvno, msg-type and ap-options stand before the ticket. */
    p.options = bytes_of(outer.body.p, (size_t)(m.ticket.whole.p - outer.body.p));
    return p;
}

static void
test_accept__each_byte_changed_is_refused_or_says_nothing(void **state)
{
    struct wire_writer token = wire_writer_growing(NULL, 0);
    struct clear_parts p;

    krb_forge_put(&f, &token);
    p = clear_parts_of(wire_written(&token));
    mutate_bytes(wire_written(&token), try_flipped, &p);
    assert_true(p.accepted > 0);
    wire_writer_clear(&token);
}

static void
test_accept__each_prefix_is_refused_and_not_answered(void **state)
{
    struct wire_writer token = wire_writer_growing(NULL, 0);

    a.args.wanted = SEC_EXTENDED_ERROR;
    krb_forge_put(&f, &token);
    mutate_prefixes(wire_written(&token), try_prefix, NULL);
    wire_writer_clear(&token);
}

/* --- by who knows the key ------------------------------------------------------------------ */

struct inner_flip {
    enum krb_forge_part part;
    size_t at, length;
    uint8_t by;
};

static void
flip_inside(struct krb_forge *forge, enum krb_forge_part part, struct wire_writer *w)
{
    struct inner_flip *flip = forge->tamper_user;

    if (part == flip->part) {
        flip->length = w->len;
        if (flip->at < w->len) {
            w->p[flip->at] ^= flip->by;
        }
    }
}

/* A KDC or a client that has gone mad: whatever is inside, it is accepted whole or refused. */
static void
test_accept__each_byte_changed_before_it_is_encrypted_is_survived(void **state)
{
    static const enum krb_forge_part parts[] = { KRB_FORGE_TICKET, KRB_FORGE_CHECKSUM,
                                                 KRB_FORGE_AUTHENTICATOR };

    f.checksum.flags |= GSS_KRB_EXTENDED_ERROR;
    f.tamper = flip_inside;
    for (size_t i = 0; i < SEC_ARRAY_LEN(parts); i++) {
        struct inner_flip flip = { .part = parts[i], .length = 1 };

        f.tamper_user = &flip;
        for (; flip.at < flip.length; flip.at++) {
            for (unsigned bit = 0; bit < 9; bit++) {
                struct sec_facts facts;

                flip.by = bit < 8 ? (uint8_t)(1u << bit) : 0xFF;
                a.tickets.n_replays = 0;
                (void)krb_forge_try(&a, &f);
                facts = krb_forge_facts(&a);
                assert_int_equal(facts.phase == SEC_PHASE_FAILED, sec_failed(a.status));
                assert_int_equal(facts.identity != NULL, a.status == SEC_E_OK);
                krb_forge_acceptor_restart(&a);
            }
        }
    }
}

/* --- no memory ----------------------------------------------------------------------------- */

struct exchange {
    struct wire_writer token;
    const struct krb_ad_element *ad;
};

static void
run_accept(void *user, bool failing)
{
    const struct exchange *e = user;
    sec_status status;

    krb_forge_acceptor_init(&a);
    a.args.wanted = SEC_EXTENDED_ERROR;
    status = krb_forge_accept(&a, wire_written(&e->token));
    if (!failing) {
        assert_int_equal(status, SEC_E_OK);
    } else if (status != SEC_E_OK) {
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
        if (a.ctx) {
            assert_null(krb_forge_facts(&a).identity);
            assert_int_equal(krb_forge_facts(&a).phase, SEC_PHASE_FAILED);
        }
    }
    assert_true(krb_forge_acceptor_clear(&a));
}

static void
test_accept__each_failed_allocation_is_survived(void **state)
{
    enum { MANY = 6000 };
    uint8_t *much = calloc(1, MANY);
    const struct krb_ad_element ad = { 200, bytes_of(much, MANY) };

    assert_non_null(much);
    for (unsigned i = 0; i < 2; i++) {
        struct exchange e = { .token = wire_writer_growing(NULL, 0) };
        struct wire_writer w = wire_writer_growing(NULL, 0), cred = wire_writer_growing(NULL, 0);
        char text[64];
        size_t n = fake_ticket_forwarded(&f.ticket.cname, f.ticket.crealm, text, sizeof(text));

        if (i) { /* rooms that do not do, and credentials */
            krb_ad_encode(&w, &ad, 1);
            f.ticket.authorization_data = wire_written(&w);
            f.ad = &ad;
            f.n_ad = 1;
            fake_ticket_encrypt(&a.tickets, &f.subkey, KRB_USAGE_KRB_CRED, bytes_of(text, n),
                                &cred);
            f.checksum.flags |= GSS_KRB_DELEG;
            f.checksum.krb_cred = wire_written(&cred);
        }
        krb_forge_put(&f, &e.token);
        assert_true(alloc_fail_each(run_accept, &e) > 3);
        wire_writer_clear(&e.token);
        wire_writer_clear(&w);
        wire_writer_clear(&cred);
    }
    krb_forge_acceptor_init(&a);
    free(much);
}

static void
run_refusal(void *user, bool failing)
{
    const struct exchange *e = user;
    sec_status status;

    krb_forge_acceptor_init(&a);
    a.args.wanted = SEC_EXTENDED_ERROR;
    a.tickets.replay_verdict = TICKET_REPLAYED;
    status = krb_forge_accept(&a, wire_written(&e->token));
    assert_true(status == SEC_E_LOGON_DENIED || (failing && status == SEC_E_INSUFFICIENT_MEMORY));
    assert_true(krb_forge_acceptor_clear(&a));
}

static void
test_accept__a_refusal_without_memory_is_a_refusal(void **state)
{
    struct exchange e = { .token = wire_writer_growing(NULL, 0) };

    krb_forge_put(&f, &e.token);
    assert_true(alloc_fail_each(run_refusal, &e) > 3);
    wire_writer_clear(&e.token);
    krb_forge_acceptor_init(&a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accept__each_byte_changed_is_refused_or_says_nothing),
        TEST(test_accept__each_prefix_is_refused_and_not_answered),
        TEST(test_accept__each_byte_changed_before_it_is_encrypted_is_survived),
        TEST(test_accept__each_failed_allocation_is_survived),
        TEST(test_accept__a_refusal_without_memory_is_a_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
