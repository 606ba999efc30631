/* SPDX-License-Identifier: Apache-2.0 */
/* An initiator that has sent its first token, and an acceptor of the test's. */
#ifndef TESTS_UNIT_KERBEROS_INITIATE_TALK_H
#define TESTS_UNIT_KERBEROS_INITIATE_TALK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kerberos/context.h"
#include "kerberos/kerberos.h"
#include "tests/support/hex.h"
#include "tests/support/krb_pair.h"
#include "tests/support/krb_peer.h"
#include "tests/support/mutate.h"

struct talk {
    struct krb_pair p;
    struct krb_peer_request request;
    struct krb_peer_reply reply; /* as it should be, to be changed */
    struct wire_writer sent, answer, last;
    char reason[SEC_REASON_BYTES];
};

static inline void
talk_init(struct talk *t, uint32_t wanted)
{
    krb_pair_init(&t->p);
    t->p.client_args.wanted = wanted;
    t->sent = t->answer = t->last = wire_writer_growing(NULL, 0);
}

static inline void
talk_begin(struct talk *t)
{
    assert_true(krb_pair_open(&t->p));
    assert_int_equal(sec_pair_step(t->p.client, &t->p.client_args, bytes_of(NULL, 0), &t->sent),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(krb_peer_open(&t->request, wire_written(&t->sent), NULL));
    t->reply = krb_peer_reply_to(&t->request);
}

static inline sec_status
talk_take(struct talk *t, struct bytes token)
{
    sec_status status;

    wire_writer_clear(&t->last);
    t->last = wire_writer_growing(NULL, 0);
    sec_reason_clear();
    status = sec_pair_step(t->p.client, &t->p.client_args, token, &t->last);
    (void)snprintf(t->reason, sizeof(t->reason), "%s", sec_reason());
    return status;
}

static inline sec_status
talk_reply(struct talk *t)
{
    wire_writer_clear(&t->answer);
    t->answer = wire_writer_growing(NULL, 0);
    krb_peer_put_ap_rep(&t->answer, &t->reply);
    return talk_take(t, wire_written(&t->answer));
}

static inline sec_status
talk_error(struct talk *t, const struct krb_error *e, bool bare)
{
    wire_writer_clear(&t->answer);
    t->answer = wire_writer_growing(NULL, 0);
    krb_peer_put_error(&t->answer, e, bare);
    return talk_take(t, wire_written(&t->answer));
}

static inline void
talk_clear(struct talk *t)
{
    wire_writer_clear(&t->sent);
    wire_writer_clear(&t->answer);
    wire_writer_clear(&t->last);
    krb_pair_clear(&t->p);
    assert_true(krb_pair_is_clean(&t->p));
}

/* A refusal leaves nothing behind: no key, no name proven, no token. */
static inline void
assert_dead(struct talk *t)
{
    struct sec_facts f = sec_pair_facts(t->p.client);

    assert_int_equal(f.phase, SEC_PHASE_FAILED);
    assert_int_equal(f.session_key.n, 0);
    assert_int_equal(f.flags, 0);
    assert_int_equal(f.user.n, 0);
    assert_int_equal(t->p.client_args.granted, 0);
    assert_int_equal(t->last.len, 0);
    assert_int_not_equal(t->reason[0], 0);
}

/* A KRB-ERROR with all that such a message must have. */
static inline struct krb_error
error_of(int32_t code)
{
    return (struct krb_error){
        .stime_100ns = FAKE_HOST_NOW_100NS,
        .code = code,
        .realm = bytes_of_string(FAKE_REALM),
        .sname = fake_ticket_name("HTTP/web.example.test", KRB_NT_SRV_INST),
    };
}

#endif
