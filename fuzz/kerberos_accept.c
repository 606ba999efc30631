/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: krb_step of an acceptor, krb_acceptor_begin, krb_acceptor_take_ap_req,
 * krb_acceptor_take_third, krb_authorize */
/* The first byte says how the rest is used, the next two what service and client are like.
 * RAW: tokens, each after 16 bits of length, legs of one context.
 * PATCH: an AP-REQ with the keys known: 8 bits of which part, 16 of where, 8 of what is changed in
 * it before it is signed, encrypted and put into the next. What is outside all encryption is left
 * as it is.
 * REPLACE: the same, each part as a whole: 8 bits of which, 16 of length, the part. */
#include <string.h>

#include "fuzz.h"
#include "tests/support/hex.h"
#include "tests/support/krb_forge.h"
#include "tests/support/pac_vectors.h"

enum mode { RAW, PATCH, REPLACE, MODES };

enum policy {
    BINDINGS_GIVEN = 1,
    BINDINGS_REQUIRED = 2,
    ALLOW_MISSING = 4,
    SPNS = 8,
    TARGET_REQUIRED = 16,
    EXTENDED_ERROR = 32,
    PAC_REQUIRED = 64,
    AES_ALONE = 128,
};

enum client {
    HAS_PAC = 1,
    BOUND = 2,
    AWARE = 4,
    DCE = 8,
    DELEGATES = 16,
    NAMES_TARGET = 32,
    LISTS_ENCTYPES = 64,
    RC4 = 128,
};

struct input {
    struct wire_reader r;
    enum mode mode;
    uint8_t policy, client;
};

static const uint8_t bindings[16] = { 1, 2, 3 };

static void
set_policy(struct krb_forge_acceptor *a, uint8_t policy)
{
    static struct bytes spn;
    struct sec_settings *s = &a->host.settings;

    spn = UTF16(KRB_FORGE_SERVICE);
    a->args.bindings.given = policy & BINDINGS_GIVEN;
    bytes_copy(a->args.bindings.md5, bindings, sizeof(bindings));
    if (policy & BINDINGS_REQUIRED) {
        s->channel_bindings = SEC_BINDINGS_REQUIRED;
    }
    a->args.wanted = (policy & ALLOW_MISSING ? SEC_ALLOW_MISSING_BINDINGS : 0u) |
                     (policy & EXTENDED_ERROR ? SEC_EXTENDED_ERROR : 0u);
    s->spns = policy & SPNS ? &spn : NULL;
    s->n_spns = policy & SPNS ? 1 : 0;
    s->service_binding =
        policy & TARGET_REQUIRED ? SEC_BINDINGS_REQUIRED : SEC_BINDINGS_ALLOW_MISSING;
    s->kerberos.pac = policy & PAC_REQUIRED ? SEC_PAC_REQUIRED : SEC_PAC_VERIFY;
    if (policy & AES_ALONE) {
        s->kerberos.enctypes[0] = KRB_AES256_SHA384;
        s->kerberos.enctypes[1] = KRB_AES256_SHA1;
        s->kerberos.n_enctypes = 2;
    }
}

/* What set_client points into. */
struct client_parts {
    struct krb_ad_element ad[3];
    struct wire_writer cred;
    uint8_t pac[4096];
};

static void
set_client(struct krb_forge *f, uint8_t client, struct client_parts *p)
{
    static const uint8_t aware[4] = { 0, 0x40 };
    static const uint8_t enctypes[] = { 0x30, 3, 2, 1, KRB_AES256_SHA384 };
    char text[64];

    if (client & RC4) {
        krb_forge_enctype(f, KRB_RC4_HMAC);
    }
    if (client & HAS_PAC) {
        f->pac = hex_into(p->pac, sizeof(p->pac), PAC_AD_USER);
        f->ticket.authtime_100ns = PAC_AD_USER_AUTHTIME;
    }
    if (client & BOUND) {
        f->checksum.bindings = bytes_of(bindings, sizeof(bindings));
    }
    if (client & DCE) {
        f->checksum.flags |= GSS_KRB_DCE_STYLE;
        f->oid = bytes_of(NULL, 0);
    }
    if (client & AWARE) {
        p->ad[f->n_ad++] = (struct krb_ad_element){ KRB_AD_AP_OPTIONS, { aware, 4 } };
    }
    if (client & NAMES_TARGET) {
        p->ad[f->n_ad++] = (struct krb_ad_element){ KRB_AD_CLIENT_TARGET,
                                                    UTF16(KRB_FORGE_SERVICE "@EXAMPLE.TEST") };
    }
    if (client & LISTS_ENCTYPES) {
        p->ad[f->n_ad++] =
            (struct krb_ad_element){ KRB_AD_ETYPE_NEGOTIATION, { enctypes, sizeof(enctypes) } };
    }
    f->ad = p->ad;
    if (client & DELEGATES) {
        size_t n = fake_ticket_forwarded(&f->ticket.cname, f->ticket.crealm, text, sizeof(text));

        fake_ticket_encrypt(f->tickets, &f->subkey, KRB_USAGE_KRB_CRED, bytes_of(text, n),
                            &p->cred);
        f->checksum.flags |= GSS_KRB_DELEG;
        f->checksum.krb_cred = wire_written(&p->cred);
    }
}

/* Each part passes here once: the changes are looked through for those that are meant for it. */
static void
change(struct krb_forge *f, enum krb_forge_part part, struct wire_writer *w)
{
    const struct input *in = f->tamper_user;
    struct wire_reader r = in->r;

    while (wire_left(&r) >= 4) {
        unsigned which = wire_u8(&r) % (KRB_FORGE_AUTHENTICATOR + 1);
        size_t at = wire_le16(&r);

        if (in->mode == PATCH) {
            uint8_t by = wire_u8(&r);

            if (which == (unsigned)part && w->len) {
                w->p[at % w->len] ^= by;
            }
        } else {
            struct bytes whole = wire_take(&r, at < wire_left(&r) ? at : wire_left(&r));

            if (which == (unsigned)part) {
                w->len = 0;
                wire_put_bytes(w, whole);
            }
        }
    }
}

/* Whatever the way there: an acceptor that is established has kept its policy, and one that is not
 * knows nobody. */
static void
check(struct krb_forge_acceptor *a, const struct input *in)
{
    struct sec_facts facts = krb_forge_facts(a);
    struct gss_krb_token token;
    struct krb_error error;
    bool established = facts.phase == SEC_PHASE_ESTABLISHED;

    fuzz_must(established == (a->status == SEC_E_OK));
    fuzz_must(a->tickets.held_keys == 0);
    if (!established) {
        fuzz_must(facts.user.n == 0 && !facts.identity && facts.session_key.n == 0);
        fuzz_must(facts.flags == 0 && a->args.granted == 0);
        if (facts.phase == SEC_PHASE_FAILED) {
            fuzz_must(!facts.kerberos.delegated_cache && !facts.kerberos.pac_verified);
            fuzz_must(a->reason[0] != 0 || a->status == SEC_E_INSUFFICIENT_MEMORY);
            fuzz_must(!a->out.len ||
                      (gss_krb_token_decode(&token, wire_written(&a->out)) == WIRE_OK &&
                       token.id == GSS_KRB_ERROR &&
                       krb_error_decode(&error, token.body) == WIRE_OK &&
                       error.code == facts.kerberos.error_code && error.text.n == 0));
        }
        return;
    }
    fuzz_must(in->mode != RAW); /* nobody guesses a key */
    fuzz_must(facts.identity && facts.session_key.n);
    fuzz_must(facts.kerberos.client.n && facts.kerberos.service.n);
    fuzz_must(!(facts.kerberos.ticket_flags & (KRB_TICKET_INVALID | KRB_TICKET_ANONYMOUS)));
    fuzz_must(facts.expires_100ns + a->host.settings.kerberos.skew_100ns >= a->host.now_100ns);
    fuzz_must(facts.bindings_verified || !(in->policy & BINDINGS_REQUIRED));
    fuzz_must(facts.kerberos.pac_verified || !(in->policy & PAC_REQUIRED));
    fuzz_must(facts.target.n || !(in->policy & TARGET_REQUIRED));
    if (in->policy & AES_ALONE) {
        fuzz_must(facts.kerberos.session_enctype != KRB_RC4_HMAC);
    }
}

static void
run_raw(struct krb_forge_acceptor *a, struct input *in)
{
    do {
        size_t n = wire_le16(&in->r);
        struct bytes token = wire_take(&in->r, n < wire_left(&in->r) ? n : wire_left(&in->r));

        (void)krb_forge_accept(a, token);
        fuzz_must(a->status != SEC_E_OK);
    } while (a->status == SEC_I_CONTINUE_NEEDED && wire_left(&in->r));
    check(a, in);
}

/* The third leg is what the second was, changed by what input is left. */
static void
run_third(struct krb_forge_acceptor *a, struct krb_forge *f, const struct input *in)
{
    struct wire_writer third = wire_writer_growing(NULL, 0);
    struct krb_enc_ap_rep m;
    uint8_t room[512];

    if (krb_forge_open_ap_rep(f, wire_written(&a->out), room, &m)) {
        if (!(in->policy & SPNS)) {
            m.subkey = (struct krb_keyblock){ 0 };
        }
        m.sequence ^= in->policy & TARGET_REQUIRED ? 1u : 0u;
        krb_forge_put_third(f, &m, &third);
        (void)krb_forge_accept(a, wire_written(&third));
        fuzz_must((a->status == SEC_E_OK) == !(in->policy & (SPNS | TARGET_REQUIRED)));
        check(a, in);
    }
    wire_writer_clear(&third);
}

static void
run_forged(struct krb_forge_acceptor *a, struct input *in)
{
    struct client_parts parts = { .cred = wire_writer_growing(NULL, 0) };
    struct krb_forge f;

    krb_forge_init(&f, &a->tickets);
    set_client(&f, in->client, &parts);
    f.tamper = change;
    f.tamper_user = in;
    (void)krb_forge_try(a, &f);
    check(a, in);
    if (a->status == SEC_I_CONTINUE_NEEDED) {
        run_third(a, &f, in);
    } else if (a->status == SEC_E_OK) { /* and never again */
        a->tickets.replay_verdict = TICKET_REPLAYED;
        krb_forge_acceptor_restart(a);
        fuzz_must(krb_forge_try(a, &f) == SEC_E_LOGON_DENIED);
    }
    wire_writer_clear(&parts.cred);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct krb_forge_acceptor a; /* large; made anew each time */
    struct input in = { .r = wire_reader_of(bytes_of(data, n)) };

    in.mode = (enum mode)(wire_u8(&in.r) % MODES);
    in.policy = wire_u8(&in.r);
    in.client = wire_u8(&in.r);
    krb_forge_acceptor_init(&a);
    set_policy(&a, in.policy);
    if (in.mode == RAW) {
        run_raw(&a, &in);
    } else {
        run_forged(&a, &in);
    }
    fuzz_must(krb_forge_acceptor_clear(&a));
    return 0;
}
