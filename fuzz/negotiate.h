/* SPDX-License-Identifier: Apache-2.0 */
/* An exchange of Negotiate in which the tokens towards one side are changed as the input says. An
 * honest peer plays on, so that the states behind the first are reached, MICs and all. */
#ifndef FUZZ_NEGOTIATE_H
#define FUZZ_NEGOTIATE_H

#include "codec/spnego_msg.h"
#include "fuzz.h"
#include "kerberos/kerberos.h"
#include "negotiate/negotiate.h"
#include "ntlm/ntlm.h"
#include "tests/support/fake_account.h"
#include "tests/support/fake_host.h"
#include "tests/support/fake_mech.h"
#include "tests/support/fake_ticket.h"

enum { FUZZ_LEGS = 8, FUZZ_ROOM = 1 << 17 };

struct fuzz_side {
    struct fake_host host;
    struct ticket_authority tickets;
    const struct sec_package *packages[4];
    struct sec_cred *cred;
    struct sec_ctx *ctx;
    sec_status status;
    uint8_t room[FUZZ_ROOM];
    struct bytes token;
};

/* Who is here: bit 0 Alpha, or Kerberos in its place, bit 1 Beta, bit 2 NTLM. */
static inline void
fuzz_open(struct fuzz_side *s, enum sec_role role, uint8_t who, bool kerberos,
          struct account_authority *accounts)
{
    static const uint8_t user[] = "U\0s\0e\0r", domain[] = "D\0o\0m\0a\0i\0n",
                         password[] = "P\0a\0s\0s\0w\0o\0r\0d", alice_name[] = "a\0l\0i\0c\0e",
                         realm[] = "E\0X\0A\0M\0P\0L\0E\0.\0T\0E\0S\0T";
    const struct sec_identity identity = { .user = { user, 8 },
                                           .domain = { domain, 12 },
                                           .password = { password, 16 } };
    const struct sec_package *all[] = { kerberos ? &kerberos_package : &fake_mechs[0].package,
                                        &fake_mechs[1].package, &ntlm_package };
    const struct sec_identity alice = { .user = { alice_name, 10 },
                                        .domain = { realm, 24 },
                                        .password = { password, 16 } };
    struct sec_acquire_args args = { .use = SEC_USE_BOTH,
                                     .identity = role == SEC_ACCEPTOR ? NULL
                                                 : kerberos           ? &alice
                                                                      : &identity };
    size_t n = 0;

    fake_host_init(&s->host);
    for (size_t i = 0; i < 3; i++) {
        if (who & 1u << i) {
            s->packages[n++] = all[i];
        }
    }
    s->host.settings.packages = "";
    s->host.host.packages = s->packages;
    s->host.host.n_packages = n;
    s->host.host.accounts = accounts;
    s->host.host.tickets = &s->tickets;
    s->host.settings.kerberos.skew_100ns = UINT64_C(3000000000);
    fake_ticket_init(&s->tickets);
    s->tickets.random_calls = role == SEC_INITIATOR ? 0 : 1000;
    s->status = SEC_I_CONTINUE_NEEDED;
    s->token = (struct bytes){ 0 };
    fuzz_must(negotiate_package.ops->acquire(&s->host.host, &args, &s->cred) == SEC_E_OK);
    fuzz_must(negotiate_package.ops->open(s->cred, role, &s->ctx) == SEC_E_OK);
}

static inline void
fuzz_close(struct fuzz_side *s)
{
    negotiate_package.ops->free_ctx(s->ctx);
    negotiate_package.ops->free_cred(s->cred);
    fuzz_must(s->tickets.holders == 0 && s->tickets.keytabs == 0);
    fuzz_must(s->tickets.held_keys == 0 && s->tickets.delegated == 0);
}

/* What must be true after each leg, whatever came in. */
static inline void
fuzz_check(const struct fuzz_side *s, enum sec_role role)
{
    struct sec_facts f;

    negotiate_package.ops->describe(s->ctx, &f);
    fuzz_must((f.phase == SEC_PHASE_ESTABLISHED) == (s->status == SEC_E_OK));
    fuzz_must((f.phase == SEC_PHASE_FAILED) == sec_failed(s->status));
    if (s->status != SEC_E_OK) {
        fuzz_must(!f.user.n && !f.session_key.n && !f.identity && !f.flags);
        fuzz_must(!f.kerberos.delegated_cache);
    } else if (role == SEC_ACCEPTOR && f.mechanism == &ntlm_package) {
        fuzz_must(f.identity != NULL);
    } else if (role == SEC_ACCEPTOR && f.mechanism == &kerberos_package) {
        fuzz_must(f.identity && f.kerberos.client.n == 36); /* alice@EXAMPLE.TEST */
    }
    for (size_t i = 0; i < f.n_attempts; i++) {
        fuzz_must(f.attempts[i].package && sec_failed(f.attempts[i].status));
        fuzz_must(strlen(f.attempts[i].reason) < SEC_REASON_BYTES);
    }
}

static inline void
fuzz_step(struct fuzz_side *s, enum sec_role role, struct bytes in, uint32_t wanted)
{
    static const uint8_t target[] = "H\0T\0T\0P\0/\0w\0e\0b\0.\0e\0x\0a\0m\0p\0l\0e\0.\0t\0e\0s\0t";
    struct sec_step_args args = { .token = in, .wanted = wanted, .target = { target, 42 } };
    struct wire_writer out = wire_writer_fixed(s->room, sizeof(s->room));

    s->status = negotiate_package.ops->step(s->ctx, &args, &out);
    s->token = wire_written(&out);
    fuzz_check(s, role);
}

/* --- changes ------------------------------------------------------------------------------- */

static inline void
fuzz_change_resp(struct wire_writer *w, struct bytes token, uint8_t how, uint8_t with)
{
    struct spnego_resp m;

    if (spnego_resp_decode(&m, token) != WIRE_OK) {
        wire_put_bytes(w, token);
        return;
    }
    if (how & 1) {
        m.state = (enum spnego_neg_state)(with % 5);
    }
    if (how & 2) {
        m.mic = with & 8 ? m.token : (struct bytes){ 0 };
    }
    if (how & 4) {
        m.mech = with & 16 ? fake_mechs[with & 1].package.oids[0] : (struct bytes){ 0 };
    }
    if (how & 8) {
        m.token = with & 32 ? m.mic : (struct bytes){ 0 };
    }
    spnego_resp_encode(w, &m);
}

static inline void
fuzz_change_init(struct wire_writer *w, struct bytes token, uint8_t how, struct bytes list)
{
    struct spnego_init m;

    if (spnego_init_decode(&m, token) != WIRE_OK) {
        wire_put_bytes(w, token);
        return;
    }
    if (how & 1) {
        m.mech_list = list;
    }
    if (how & 2) {
        m.mech_token = (struct bytes){ 0 };
    }
    if (how & 4) {
        m.mic = m.mech_token;
    }
    spnego_init_encode(w, &m);
}

/* One leg's token as it arrives. The input: what is done to it, and what that takes. */
static inline void
fuzz_change(struct wire_writer *w, struct bytes token, struct wire_reader *r)
{
    uint8_t kind = wire_u8(r), how = wire_u8(r), with = wire_u8(r);
    struct bytes own = { 0 };
    uint8_t *at;

    switch (kind % 5) {
    case 1: /* another token */
        own = wire_take(r, (size_t)(how << 8 | with) < wire_left(r) ? (size_t)(how << 8 | with)
                                                                    : wire_left(r));
        wire_put_bytes(w, own);
        return;
    case 2: /* a byte of it */
        at = wire_reserve(w, token.n);
        bytes_copy(at, token.p, token.n);
        if (token.n) {
            at[how % token.n] ^= with;
        }
        return;
    case 3: fuzz_change_resp(w, token, how, with); return;
    case 4:
        own = wire_take(r, with < wire_left(r) ? with : wire_left(r));
        fuzz_change_init(w, token, how, own);
        return;
    default: /* as it was sent */ wire_put_bytes(w, token); return;
    }
}

/* The whole exchange, tokens towards `victim` changed. */
static inline void
fuzz_negotiate(struct bytes in, enum sec_role victim)
{
    static struct fuzz_side client, server;
    struct wire_reader r = wire_reader_of(in);
    struct account_authority accounts;
    uint8_t who = wire_u8(&r), tokens = wire_u8(&r), kind = wire_u8(&r);
    uint32_t wanted = (kind & 16 ? SEC_INTEGRITY : 0u) | (kind & 128 ? SEC_MUTUAL_AUTH : 0u);

    fake_account_init(&accounts);
    fake_mech_reset();
    for (size_t i = 0; i < 2; i++) {
        fake_mechs[i].tokens = 1 + (tokens >> 2 * i) % 4;
        fake_mechs[i].integrity = !(kind & 1u << i);
        fake_mechs[i].wants_mic = kind & 4u << i;
    }
    fuzz_open(&client, SEC_INITIATOR, who & 7, kind & 64, &accounts);
    fuzz_open(&server, SEC_ACCEPTOR, who >> 3 & 7, kind & 64, &accounts);
    if (kind & 32) {
        fuzz_step(&server, SEC_ACCEPTOR, (struct bytes){ 0 }, 0);
    }
    for (unsigned leg = 0; leg < FUZZ_LEGS; leg++) {
        SEC_AUTO(wire_writer) changed = wire_writer_growing(NULL, 0);
        bool to_client = leg % 2 == 0;
        struct fuzz_side *to = to_client ? &client : &server;
        struct bytes token = to_client ? server.token : client.token;

        if (to_client == (victim == SEC_INITIATOR)) {
            fuzz_change(&changed, token, &r);
            token = wire_written(&changed);
        }
        if (to->status == SEC_I_CONTINUE_NEEDED) {
            fuzz_step(to, to_client ? SEC_INITIATOR : SEC_ACCEPTOR, token, wanted);
        }
    }
    fuzz_close(&client);
    fuzz_close(&server);
    fuzz_must(accounts.identities == 0);
    for (size_t i = 0; i < 2; i++) {
        fuzz_must(fake_mechs[i].live_contexts == 0 && fake_mechs[i].live_creds == 0);
    }
}

#endif
