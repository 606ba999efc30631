/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: ntlm_step of an acceptor, ntlm_policy_choose_proof, ntlm_policy_check_pairs */
/* The first byte says how the rest is used, the second what policy is in force:
 * RAW: a 16-bit length, a NEGOTIATE of that length, an AUTHENTICATE.
 * PATCH: changes to the messages of an exchange that would succeed: 8 bits of which message, 16 of
 * where, 8 of what. With a MIC, none may pass.
 * PROVE: such changes of the AUTHENTICATE by who knows the password: behind the proof. */
#include <string.h>

#include "fuzz.h"
#include "ntlm/ntlm.h"
#include "tests/support/hex.h"
#include "tests/support/ntlm_pair.h"

enum mode { RAW, PATCH, PROVE, MODES };

enum policy {
    ALLOW_ANONYMOUS = 1,
    REQUIRE_MIC = 2,
    BINDINGS_GIVEN = 4,
    BINDINGS_REQUIRED = 8,
    OLD_LEVEL = 16,
    PROTECT = 32,
    DATAGRAM = 64,
    TARGET_REQUIRED = 128,
};

struct input {
    struct wire_reader r;
    enum mode mode;
    uint8_t policy;
    bool changed;
};

static const struct bytes nothing;

static void
set_policy(struct ntlm_pair *p, uint8_t policy)
{
    static struct bytes spn;
    struct sec_settings *s = &p->server_host.settings;

    spn = UTF16("HTTP/server");
    s->allow_anonymous = policy & ALLOW_ANONYMOUS;
    s->require_mic = policy & REQUIRE_MIC;
    s->channel_bindings =
        policy & BINDINGS_REQUIRED ? SEC_BINDINGS_REQUIRED : SEC_BINDINGS_ALLOW_MISSING;
    s->lm_level_server = policy & OLD_LEVEL ? 0 : 5;
    p->client_host.settings.lm_level_client = policy & OLD_LEVEL ? 1 : 3;
    p->accounts.keeps_lm_hashes = policy & OLD_LEVEL;
    p->client_args.target = spn;
    p->client_args.bindings = (struct sec_bindings){ policy & BINDINGS_GIVEN, { 1, 2, 3 } };
    p->server_args.bindings = p->client_args.bindings;
    p->client_args.wanted = policy & PROTECT ? SEC_INTEGRITY | SEC_CONFIDENTIALITY : 0;
    if (policy & DATAGRAM) {
        p->client_args.wanted |= SEC_DATAGRAM;
        p->server_args.wanted |= SEC_DATAGRAM;
    }
    if (policy & TARGET_REQUIRED) {
        s->spns = &spn;
        s->n_spns = 1;
        s->service_binding = SEC_BINDINGS_REQUIRED;
    }
}

static void
patch(struct ntlm_pair *p, enum ntlm_pair_message which, struct wire_writer *w)
{
    struct input *in = p->tamper_user;
    uint8_t *before = malloc(w->len + 1);

    fuzz_must(before != NULL);
    bytes_copy(before, w->p, w->len);
    while (wire_left(&in->r) >= 4) {
        struct wire_reader at_patch = in->r;
        unsigned message = wire_u8(&in->r) % 3;
        size_t at = wire_le16(&in->r);
        uint8_t by = wire_u8(&in->r);

        if (in->mode == PROVE) {
            message = NTLM_PAIR_AUTHENTICATE;
        }
        if (message > (unsigned)which) { /* a later message's turn */
            in->r = at_patch;
            break;
        }
        if (message == (unsigned)which && w->len) {
            w->p[at % w->len] ^= by;
        }
    }
    in->changed = in->changed || !bytes_equal(wire_written(w), bytes_of(before, w->len));
    free(before);
    if (in->mode == PROVE && which == NTLM_PAIR_AUTHENTICATE) {
        (void)ntlm_pair_prove_again(p);
    }
}

/* Whatever the way there: a server that is established has kept its policy. */
static void
check_server(struct ntlm_pair *p, const struct input *in)
{
    struct sec_facts facts = sec_pair_facts(p->server);
    bool established = facts.phase == SEC_PHASE_ESTABLISHED;

    fuzz_must(established == (p->server_status == SEC_E_OK));
    fuzz_must(facts.claimed_user.n <= 512 && facts.claimed_domain.n <= 512);
    if (!established) {
        fuzz_must(facts.user.n == 0 && !facts.identity && facts.session_key.n == 0);
        fuzz_must(facts.flags == 0);
        return;
    }
    if (facts.anonymous) {
        fuzz_must(in->policy & ALLOW_ANONYMOUS);
        fuzz_must(!facts.identity && facts.user.n == 0 && facts.session_key.n == 0);
        fuzz_must(!(facts.flags & (SEC_INTEGRITY | SEC_CONFIDENTIALITY)));
        return;
    }
    fuzz_must(in->mode != RAW); /* nobody guesses a proof */
    fuzz_must(facts.identity && bytes_equal(facts.user, UTF16("User")));
    fuzz_must(facts.mic_verified || !(in->policy & REQUIRE_MIC));
    fuzz_must(facts.ntlm_version == SEC_NTLM_V2 || in->policy & OLD_LEVEL);
    fuzz_must(facts.bindings_verified || !(in->policy & BINDINGS_REQUIRED));
    fuzz_must(facts.target.n || !(in->policy & TARGET_REQUIRED));
    if (in->mode == PATCH && facts.mic_verified) {
        fuzz_must(!in->changed);
    }
    (void)ntlm_pair_messages_pass(p, facts.flags & SEC_CONFIDENTIALITY);
}

static void
run_raw(struct ntlm_pair *p, struct input *in)
{
    struct wire_writer challenge = wire_writer_growing(NULL, 0);
    struct wire_writer none = wire_writer_growing(NULL, 0);
    struct bytes negotiate = wire_take(&in->r, wire_le16(&in->r));
    struct bytes authenticate = wire_rest(&in->r);

    if (ntlm_pair_open(p)) {
        p->server_status = sec_pair_step(p->server, &p->server_args,
                                         in->policy & DATAGRAM ? nothing : negotiate, &challenge);
        if (p->server_status == SEC_I_CONTINUE_NEEDED) {
            p->server_status = sec_pair_step(p->server, &p->server_args, authenticate, &none);
            fuzz_must(none.len == 0);
        }
        check_server(p, in);
    }
    wire_writer_clear(&challenge);
    wire_writer_clear(&none);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct input in = { .r = wire_reader_of(bytes_of(data, n)) };
    struct ntlm_pair p;

    in.mode = (enum mode)(wire_u8(&in.r) % MODES);
    in.policy = wire_u8(&in.r);
    ntlm_pair_init(&p);
    set_policy(&p, in.policy);
    if (in.mode == RAW) {
        run_raw(&p, &in);
    } else {
        p.tamper = patch;
        p.tamper_user = &in;
        (void)ntlm_pair_run(&p);
        check_server(&p, &in);
    }
    ntlm_pair_clear(&p);
    fuzz_must(p.accounts.identities == 0);
    return 0;
}
