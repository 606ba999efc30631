/* SPDX-License-Identifier: Apache-2.0 */
/* A client and a server of Negotiate in one process, over the fake mechanisms. */
#ifndef TESTS_NEGOTIATE_PAIR_H
#define TESTS_NEGOTIATE_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/spnego_msg.h"
#include "negotiate/context.h"
#include "negotiate/negotiate.h"
#include "tests/support/fake_host.h"
#include "tests/support/fake_mech.h"
#include "tests/support/hex.h"

enum { SIDE_ROOM = 8192 };

struct side {
    struct fake_host host;
    const struct sec_package *packages[FAKE_MECHS + 2];
    enum sec_role role;
    uint32_t wanted;
    struct bytes target;
    struct sec_bindings bindings;
    struct sec_cred *cred;
    struct sec_ctx *ctx;

    /* of the last step */
    sec_status status;
    uint32_t granted;
    uint64_t expires_100ns;
    uint8_t room[SIDE_ROOM];
    struct bytes token;
    unsigned legs;
};

/* names: "A", "AB", …: Alpha, Beta, Gamma, Trial, in the host's order. Negotiate itself stands
 * among the host's packages, as it does in the registry. */
static inline void
side_open(struct side *s, enum sec_role role, const char *names)
{
    struct sec_acquire_args args = { .use = role == SEC_INITIATOR ? SEC_USE_OUTBOUND
                                                                  : SEC_USE_INBOUND };
    size_t n = 0;

    *s = (struct side){ .role = role };
    fake_host_init(&s->host);
    s->host.settings.packages = "";
    s->packages[n++] = &negotiate_package;
    for (; *names; names++) {
        s->packages[n++] = *names == 'T' ? &fake_trial.package : &fake_mechs[*names - 'A'].package;
    }
    s->host.host.packages = s->packages;
    s->host.host.n_packages = n;
    assert_int_equal(negotiate_package.ops->acquire(&s->host.host, &args, &s->cred), SEC_E_OK);
    assert_int_equal(negotiate_package.ops->open(s->cred, role, &s->ctx), SEC_E_OK);
}

/* Nothing to do for one that was not opened. */
static inline void
side_close(struct side *s)
{
    if (s->cred) {
        negotiate_package.ops->free_ctx(s->ctx);
        negotiate_package.ops->free_cred(s->cred);
    }
    *s = (struct side){ 0 };
}

static inline sec_status
side_step(struct side *s, struct bytes in)
{
    struct sec_step_args args = {
        .token = in, .wanted = s->wanted, .target = s->target, .bindings = s->bindings
    };
    struct wire_writer out = wire_writer_fixed(s->room, sizeof(s->room));

    sec_reason_clear();
    s->status = negotiate_package.ops->step(s->ctx, &args, &out);
    s->granted = args.granted;
    s->expires_100ns = args.expires_100ns;
    s->token = wire_written(&out);
    s->legs++;
    return s->status;
}

static inline struct sec_facts
side_facts(const struct side *s)
{
    struct sec_facts facts;

    negotiate_package.ops->describe(s->ctx, &facts);
    return facts;
}

static inline const char *
side_mechanism(const struct side *s)
{
    struct sec_facts facts = side_facts(s);

    return facts.mechanism ? facts.mechanism->name : "";
}

/* Changes what `from` has sent as its token number `leg`, before the other side sees it. */
typedef void (*meddle)(struct side *from, unsigned leg, void *user);

/* Tokens go to and fro, error tokens too, until nobody has anything to say. */
static inline void
pair_run(struct side *client, struct side *server, meddle change, void *user)
{
    struct side *from = client, *to = server;

    (void)side_step(client, (struct bytes){ 0 });
    while (from->token.n) {
        struct side *last = from;

        if (change) {
            change(from, from->legs, user);
        }
        if (to->legs && to->status != SEC_I_CONTINUE_NEEDED) {
            break; /* a token for who is done: the application would not read it */
        }
        (void)side_step(to, from->token);
        from = to;
        to = last;
    }
}

static inline void
assert_status(const struct side *s, sec_status want)
{
    if (s->status != want) {
        print_error("%s, not %s: %s\n", sec_status_name(s->status), sec_status_name(want),
                    sec_reason());
    }
    assert_int_equal(s->status, want);
}

static inline struct spnego_resp
side_resp(const struct side *s)
{
    struct spnego_resp m;

    assert_int_equal(spnego_resp_decode(&m, s->token), WIRE_OK);
    return m;
}

static inline struct spnego_init
side_init(const struct side *s)
{
    struct spnego_init m;

    assert_int_equal(spnego_init_decode(&m, s->token), WIRE_OK);
    return m;
}

/* In place of the token that was sent. */
static inline void
side_resend(struct side *s, const struct spnego_resp *resp, const struct spnego_init *init)
{
    uint8_t room[SIDE_ROOM];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    if (resp) {
        spnego_resp_encode(&w, resp);
    } else {
        spnego_init_encode(&w, init);
    }
    assert_int_equal(wire_writer_status(&w), WIRE_OK);
    memcpy(s->room, room, w.len);
    s->token = bytes_of(s->room, w.len);
}

/* Nothing of the mechanisms is left when both sides are closed. */
static inline void
assert_nothing_left(void)
{
    for (size_t i = 0; i < FAKE_MECHS; i++) {
        assert_int_equal(fake_mechs[i].live_contexts, 0);
        assert_int_equal(fake_mechs[i].live_creds, 0);
    }
    assert_int_equal(fake_trial.live_contexts, 0);
    assert_int_equal(fake_trial.live_creds, 0);
}

#endif
