/* SPDX-License-Identifier: Apache-2.0 */
/* Security packages under a test's control. */
#include "tests/support/fake_mech.h"

#include "base/mem.h"
#include "base/wire.h"

/* A token: 8 bytes of name | number | flags | 2 bytes of nothing | le32 checksum | padding. */
enum { NAME_BYTES = 8, NUMBER_AT = 8, FLAGS_AT = 9, SUM_AT = 12, TOKEN_BYTES = 16 };
enum { FLAG_INTEGRITY = 1 };
enum { SIGNATURE_BYTES = 16, MASK = 0x5A };

struct fake_ctx {
    struct sec_ctx base;
    struct fake_mech *mech;
    enum sec_role role;
    unsigned next; /* number of the token that is due */
    bool established, failed, protects;
    uint32_t sent, received;
};

struct fake_mech fake_mechs[FAKE_MECHS];
struct fake_mech fake_trial;

static struct fake_mech *
mech_of(const struct sec_package *p)
{
    return (struct fake_mech *)(uintptr_t)p;
}

/* FNV-1a */
static uint32_t
sum_of(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum = (sum ^ p[i]) * UINT32_C(16777619);
    }
    return sum;
}

/* Over the whole token but the checksum's own place. */
static uint32_t
token_sum(const uint8_t *token, size_t n)
{
    uint32_t sum = sum_of(UINT32_C(2166136261), token, SUM_AT);

    return sum_of(sum, token + TOKEN_BYTES, n - TOKEN_BYTES);
}

/* --- credentials --------------------------------------------------------------------------- */

static sec_status
acquire(struct fake_mech *m, const struct sec_host *host, struct sec_cred **out)
{
    struct sec_cred *cred;

    if (m->acquire_fails) {
        return sec_fail(m->acquire_fails, "%s: as the test wants it", m->package.name);
    }
    cred = mem_new(sizeof(*cred));
    if (!cred) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *cred = (struct sec_cred){ .package = &m->package, .host = host };
    m->live_creds++;
    *out = cred;
    return SEC_E_OK;
}

/* acquire is not told for which package it is called, so each has its own. */
#define ACQUIRE(name, mech)                                                                  \
    static sec_status name(const struct sec_host *host, const struct sec_acquire_args *args, \
                           struct sec_cred **out)                                            \
    {                                                                                        \
        return acquire(&(mech), host, out);                                                  \
    }

ACQUIRE(acquire_alpha, fake_mechs[0])
ACQUIRE(acquire_beta, fake_mechs[1])
ACQUIRE(acquire_gamma, fake_mechs[2])
ACQUIRE(acquire_trial, fake_trial)

static void
free_cred(struct sec_cred *cred)
{
    if (cred) {
        mech_of(cred->package)->live_creds--;
        mem_free(cred);
    }
}

static sec_status
cred_name(const struct sec_cred *cred, struct wire_writer *out)
{
    if (mech_of(cred->package)->names_nobody) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "nobody");
    }
    for (const char *p = cred->package->name; *p; p++) {
        wire_put_le16(out, (uint8_t)*p);
    }
    return SEC_E_OK;
}

/* --- contexts ------------------------------------------------------------------------------ */

static sec_status
open_ctx(const struct sec_cred *cred, enum sec_role role, struct sec_ctx **out)
{
    struct fake_ctx *c = mem_new(sizeof(*c));

    if (!c) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    c->base.package = cred->package;
    c->mech = mech_of(cred->package);
    c->role = role;
    c->next = 1;
    c->mech->live_contexts++;
    *out = &c->base;
    return SEC_E_OK;
}

static void
free_ctx(struct sec_ctx *ctx)
{
    struct fake_ctx *c = (struct fake_ctx *)ctx;

    if (c) {
        c->mech->live_contexts--;
        mem_free(c);
    }
}

static sec_status
fail(struct fake_ctx *c, sec_status status, const char *why, struct wire_writer *out)
{
    c->failed = true;
    if (c->mech->error_token) {
        wire_put(out, "sorry", 5);
    }
    return sec_fail(status, "%s: token %u: %s", c->mech->package.name, c->next, why);
}

static const char *
check_token(struct fake_ctx *c, struct bytes token)
{
    uint8_t name[NAME_BYTES] = { 0 };

    bytes_copy(name, c->mech->package.name, strlen(c->mech->package.name));
    if (token.n < TOKEN_BYTES || memcmp(token.p, name, NAME_BYTES) != 0) {
        return "not ours";
    }
    if (token.p[NUMBER_AT] != c->next) {
        return "another was due";
    }
    if (wire_load_le32(token.p + SUM_AT) != token_sum(token.p, token.n)) {
        return "its checksum is wrong";
    }
    if (c->next == 1) {
        c->protects = c->mech->integrity && (token.p[FLAGS_AT] & FLAG_INTEGRITY);
    }
    return NULL;
}

static void
put_token(struct fake_ctx *c, struct wire_writer *out)
{
    size_t n = c->mech->token_bytes > TOKEN_BYTES ? c->mech->token_bytes : TOKEN_BYTES;
    uint8_t *token = wire_reserve(out, n);

    if (token) {
        bytes_copy(token, c->mech->package.name, strlen(c->mech->package.name));
        token[NUMBER_AT] = (uint8_t)c->next;
        token[FLAGS_AT] = c->protects ? FLAG_INTEGRITY : 0;
        if (!c->mech->amends) {
            wire_store_le32(token + SUM_AT, token_sum(token, n));
        }
    }
}

static sec_status
finish(struct fake_ctx *c, struct sec_step_args *args)
{
    c->established = true;
    c->base.half_duplex = c->mech->half_duplex;
    args->granted = SEC_CONNECTION | c->mech->grants | (c->protects ? SEC_INTEGRITY : 0);
    args->expires_100ns = 1000;
    return SEC_E_OK;
}

static sec_status
step(struct sec_ctx *ctx, struct sec_step_args *args, struct wire_writer *out)
{
    struct fake_ctx *c = (struct fake_ctx *)ctx;
    struct fake_mech *m = c->mech;
    bool takes = c->role == SEC_ACCEPTOR || c->next > 1;

    m->steps++;
    m->wanted = args->wanted;
    if (c->failed || c->established) {
        return sec_fail(SEC_E_OUT_OF_SEQUENCE, "%s: over", m->package.name);
    }
    if (c->role == SEC_INITIATOR && c->next == 1) {
        c->protects = m->integrity && (args->wanted & SEC_INTEGRITY);
    }
    if (takes) {
        const char *fault = check_token(c, args->token);

        if (fault) {
            return fail(c, SEC_E_INVALID_TOKEN, fault, out);
        }
        if (m->fails_at == c->next) {
            return fail(c, m->fails_with, "as the test wants it", out);
        }
        if (c->next++ == m->tokens) {
            return finish(c, args);
        }
    }
    if (m->fails_at == c->next) {
        return fail(c, m->fails_with, "as the test wants it", out);
    }
    put_token(c, out);
    if (c->next++ == m->tokens) {
        (void)finish(c, args);
        return m->amends ? SEC_I_COMPLETE_NEEDED : SEC_E_OK;
    }
    return m->amends ? SEC_I_COMPLETE_AND_CONTINUE : SEC_I_CONTINUE_NEEDED;
}

static sec_status
complete(struct sec_ctx *ctx, uint8_t *token, size_t n)
{
    struct fake_ctx *c = (struct fake_ctx *)ctx;

    if (n < TOKEN_BYTES || token[NUMBER_AT] != c->next - 1) {
        return sec_fail(SEC_E_INVALID_TOKEN, "%s: not the token to complete",
                        c->mech->package.name);
    }
    wire_store_le32(token + SUM_AT, token_sum(token, n));
    return SEC_E_OK;
}

/* --- messages ------------------------------------------------------------------------------ */

static uint32_t
message_sum(const struct sec_msg *m, enum sec_role sender, uint32_t seq)
{
    uint8_t head[5] = { (uint8_t)sender };
    uint32_t sum;

    wire_store_le32(head + 1, seq);
    sum = sum_of(UINT32_C(2166136261), head, sizeof(head));
    for (size_t i = 0; i < m->n_segments; i++) {
        sum = sum_of(sum, m->segments[i].p, m->segments[i].n);
    }
    return sum;
}

static void
mask(const struct sec_msg *m)
{
    for (size_t i = 0; i < m->n_segments; i++) {
        for (size_t k = 0; k < m->segments[i].n && !m->segments[i].checksum_only; k++) {
            m->segments[i].p[k] ^= MASK;
        }
    }
}

static sec_status
sign(struct sec_ctx *ctx, struct sec_msg *m)
{
    struct fake_ctx *c = (struct fake_ctx *)ctx;

    if (!c->established) {
        return SEC_E_OUT_OF_SEQUENCE;
    }
    if (m->token_n < SIGNATURE_BYTES) {
        return SEC_E_BUFFER_TOO_SMALL;
    }
    wire_store_le32(m->token, message_sum(m, c->role, c->sent));
    wire_store_le32(m->token + 4, c->sent++);
    wire_store_le64(m->token + 8, 0);
    m->token_n = SIGNATURE_BYTES;
    return SEC_E_OK;
}

static sec_status
verify(struct sec_ctx *ctx, struct sec_msg *m)
{
    struct fake_ctx *c = (struct fake_ctx *)ctx;
    enum sec_role sender = c->role == SEC_INITIATOR ? SEC_ACCEPTOR : SEC_INITIATOR;

    if (!c->established) {
        return SEC_E_OUT_OF_SEQUENCE;
    }
    if (m->token_n != SIGNATURE_BYTES) {
        return SEC_E_INVALID_TOKEN;
    }
    if (wire_load_le32(m->token + 4) != c->received) {
        return SEC_E_OUT_OF_SEQUENCE;
    }
    if (wire_load_le32(m->token) != message_sum(m, sender, c->received)) {
        return SEC_E_MESSAGE_ALTERED;
    }
    c->received++;
    return SEC_E_OK;
}

static sec_status
seal(struct sec_ctx *ctx, struct sec_msg *m)
{
    sec_status status = sign(ctx, m);

    if (status == SEC_E_OK && !m->no_encrypt) {
        mask(m);
    }
    return status;
}

static sec_status
unseal(struct sec_ctx *ctx, struct sec_msg *m)
{
    mask(m);
    return verify(ctx, m);
}

/* --- for Negotiate ------------------------------------------------------------------------- */

/* "MIC", the sender, le32 checksum. */
enum { MIC_BYTES = 8 };

static void
mic_of(enum sec_role sender, struct bytes data, uint8_t mic[static MIC_BYTES])
{
    uint8_t head = (uint8_t)sender;

    bytes_copy(mic, "MIC", 3);
    mic[3] = head;
    wire_store_le32(mic + 4, sum_of(sum_of(UINT32_C(2166136261), &head, 1), data.p, data.n));
}

static sec_status
make_mic(struct sec_ctx *ctx, struct bytes data, struct wire_writer *out)
{
    struct fake_ctx *c = (struct fake_ctx *)ctx;
    uint8_t mic[MIC_BYTES];

    c->mech->mics_made++;
    if (!c->established || !c->protects) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    mic_of(c->role, data, mic);
    wire_put(out, mic, sizeof(mic));
    return SEC_E_OK;
}

static sec_status
check_mic(struct sec_ctx *ctx, struct bytes data, struct bytes mic)
{
    struct fake_ctx *c = (struct fake_ctx *)ctx;
    uint8_t want[MIC_BYTES];

    c->mech->mics_checked++;
    if (!c->established || !c->protects) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    mic_of(c->role == SEC_INITIATOR ? SEC_ACCEPTOR : SEC_INITIATOR, data, want);
    return bytes_equal(mic, bytes_of(want, sizeof(want))) ? SEC_E_OK : SEC_E_MESSAGE_ALTERED;
}

static bool
wants_mic(const struct sec_ctx *ctx)
{
    return ((const struct fake_ctx *)ctx)->mech->wants_mic;
}

static void
describe(const struct sec_ctx *ctx, struct sec_facts *out)
{
    static const uint8_t user[] = { 'u', 0 };
    const struct fake_ctx *c = (const struct fake_ctx *)ctx;

    *out = (struct sec_facts){
        .phase = c->failed        ? SEC_PHASE_FAILED
                 : c->established ? SEC_PHASE_ESTABLISHED
                                  : SEC_PHASE_HALF_OPEN,
        .mechanism = &c->mech->package,
        .max_token = 100,
        .max_signature = SIGNATURE_BYTES,
        .security_trailer = SIGNATURE_BYTES,
        .claimed_user = bytes_of(user, sizeof(user)),
        .expires_100ns = 1000,
        .kerberos = { .error_code = c->failed ? c->mech->krb_error : 0 },
    };
    if (c->established) {
        out->flags = SEC_CONNECTION | c->mech->grants | (c->protects ? SEC_INTEGRITY : 0);
        out->user = bytes_of(user, sizeof(user));
        out->session_key = bytes_of("0123456789abcdef", 16);
    }
}

/* --- the packages -------------------------------------------------------------------------- */

static const struct sec_package_ops fake_ops = {
    .free_cred = free_cred,
    .cred_name = cred_name,
    .open = open_ctx,
    .step = step,
    .free_ctx = free_ctx,
    .sign = sign,
    .verify = verify,
    .seal = seal,
    .unseal = unseal,
    .describe = describe,
    .make_mic = make_mic,
    .check_mic = check_mic,
    .wants_mic = wants_mic,
};

static void
make(struct fake_mech *m, const char *name, const char *oids,
     sec_status (*acquire_it)(const struct sec_host *, const struct sec_acquire_args *,
                              struct sec_cred **))
{
    *m = (struct fake_mech){ .ops = fake_ops, .tokens = 2, .integrity = true };
    m->ops.acquire = acquire_it;
    m->oids[0] = bytes_of(oids, 5);
    m->oids[1] = bytes_of(oids + 5, 5);
    m->package = (struct sec_package){
        .name = name,
        .comment = "A package under a test's control",
        .rpc_id = (uint16_t)(0x7F00 + (uint8_t)oids[4]),
        .max_token_bytes = 12000,
        .traits = SEC_TRAIT_CONNECTION | SEC_TRAIT_LOGON,
        .oids = m->oids,
        .n_oids = oids[5] ? 2 : 1,
        .raw_token_prefix = bytes_of(name, strlen(name) + 1),
        .ops = &m->ops,
    };
}

void
fake_mech_reset(void)
{
    make(&fake_mechs[0], "Alpha", "\x06\x03\x2a\x03\x01\x06\x03\x2a\x03\x0b", acquire_alpha);
    make(&fake_mechs[1], "Beta", "\x06\x03\x2a\x03\x02", acquire_beta);
    make(&fake_mechs[2], "Gamma", "\x06\x03\x2a\x03\x03", acquire_gamma);
    make(&fake_trial, "Trial", "\x06\x03\x2a\x03\x09", acquire_trial);
    fake_trial.tokens = 3;
    fake_trial.amends = true;
    fake_trial.ops.complete = complete;
}

void
fake_mech_play_windows(void)
{
    static const uint8_t ms_krb5[] = { 0x06, 0x09, 0x2A, 0x86, 0x48, 0x82,
                                       0xF7, 0x12, 0x01, 0x02, 0x02 };
    static const uint8_t krb5[] = {
        0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02
    };
    static const uint8_t u2u[] = { 0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86,
                                   0xF7, 0x12, 0x01, 0x02, 0x02, 0x03 };
    static const uint8_t ntlm[] = { 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04,
                                    0x01, 0x82, 0x37, 0x02, 0x02, 0x0A };
    struct fake_mech *k = &fake_mechs[0], *n = &fake_mechs[1];

    k->oids[0] = bytes_of(ms_krb5, sizeof(ms_krb5));
    k->oids[1] = bytes_of(krb5, sizeof(krb5));
    k->other_oid = bytes_of(u2u, sizeof(u2u));
    k->package.other_oids = &k->other_oid;
    k->package.n_other_oids = 1;
    k->package.name = "Kerberos";
    k->package.raw_token_prefix = bytes_of("Kerberos", 8);
    n->oids[0] = bytes_of(ntlm, sizeof(ntlm));
    n->package.name = "NTLM";
    n->package.rpc_id = 10;
    n->package.raw_token_prefix = bytes_of("NTLM", 5);
}
