/* SPDX-License-Identifier: Apache-2.0 */
/* An account authority for packages under test. */
#include "tests/support/fake_account.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "crypto/ntlm_key.h"

#define STATUS_WRONG_PASSWORD UINT32_C(0xC000006A)
#define STATUS_NO_SUCH_USER   UINT32_C(0xC0000064)

enum { NAME_BYTES = 512 };

struct fake_identity {
    struct account_identity identity;
    struct account_authority *authority; /* NULL: a copy, whose strings are its own */
    atomic_uint references;
    uint8_t names[NAME_BYTES];
};

/* What is known of a user, and what the response ought to be. */
struct expected {
    struct secret16 nt_hash, lm_hash;
    bool has_lm_hash;
    struct secret16 session;
    uint8_t response[NTLM_RESPONSE_BYTES];
    size_t response_n;
    struct bytes given;
};

void
fake_account_init(struct account_authority *authority)
{
    static const struct fake_user users[] = { { "User", "Domain", "Password", 0 } };

    *authority = (struct account_authority){ .users = users, .n_users = 1 };
}

struct account_identity *
account_identity_ref(const struct account_identity *identity)
{
    struct fake_identity *f = (struct fake_identity *)(uintptr_t)identity;

    atomic_fetch_add(&f->references, 1);
    return &f->identity;
}

static void
free_const(const void *p)
{
    mem_free((void *)(uintptr_t)p);
}

static void
free_copies(struct account_identity *i)
{
    free_const(i->user.p);
    free_const(i->domain.p);
    free_const(i->sid);
    free_const(i->unix_user);
    for (size_t k = 0; k < i->n_groups; k++) {
        free_const(i->groups ? i->groups[k] : NULL);
        free_const(i->group_sids ? i->group_sids[k] : NULL);
    }
    free_const(i->groups);
    free_const(i->group_sids);
    free_const(i->group_attributes);
}

void
account_identity_unref(const struct account_identity *identity)
{
    struct fake_identity *f = (struct fake_identity *)(uintptr_t)identity;

    if (f && atomic_fetch_sub(&f->references, 1) == 1) {
        if (f->authority) {
            atomic_fetch_sub(&f->authority->identities, 1);
        } else {
            free_copies(&f->identity);
        }
        mem_free(f);
    }
}

/* Each takes what there is; *whole turns false without memory. */
static const void *
copy_of(const void *from, size_t n, bool *whole)
{
    const void *copy = from ? mem_dup(from, n) : NULL;

    *whole = *whole && (copy || !from);
    return copy;
}

static const char *const *
copy_of_strings(const char *const *from, size_t n, bool *whole)
{
    const char **copy = mem_new_array(n, sizeof(*copy));

    *whole = *whole && copy;
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = copy_of(from[i], strlen(from[i]), whole);
    }
    return copy;
}

struct account_identity *
account_identity_new(const struct account_identity *from)
{
    struct fake_identity *f = mem_new(sizeof(*f));
    bool whole = true;

    if (!f) {
        return NULL;
    }
    f->identity = *from;
    f->identity.user.p = copy_of(from->user.p, from->user.n, &whole);
    f->identity.domain.p = copy_of(from->domain.p, from->domain.n, &whole);
    f->identity.sid = copy_of(from->sid, from->sid ? strlen(from->sid) : 0, &whole);
    f->identity.unix_user =
        copy_of(from->unix_user, from->unix_user ? strlen(from->unix_user) : 0, &whole);
    f->identity.groups = copy_of_strings(from->groups, from->n_groups, &whole);
    f->identity.group_sids = copy_of_strings(from->group_sids, from->n_groups, &whole);
    f->identity.group_attributes =
        copy_of(from->group_attributes, from->n_groups * sizeof(*from->group_attributes), &whole);
    f->references = 1;
    if (!whole) {
        account_identity_unref(&f->identity);
        return NULL;
    }
    return &f->identity;
}

static struct account_identity *
identity_new(struct account_authority *authority, const struct fake_user *user)
{
    struct fake_identity *f = mem_new(sizeof(*f));
    struct wire_writer w;
    size_t user_n;

    if (!f) {
        return NULL;
    }
    w = wire_writer_fixed(f->names, sizeof(f->names));
    utf16_put_utf8(&w, bytes_of_string(user->user));
    user_n = w.len;
    utf16_put_utf8(&w, bytes_of_string(user->domain));
    f->identity = (struct account_identity){
        .user = bytes_of(f->names, user_n),
        .domain = bytes_of(f->names + user_n, w.len - user_n),
        .sid = "S-1-5-21-1-2-3-1001",
        .password_expires_100ns = UINT64_MAX,
    };
    f->authority = authority;
    f->references = 1;
    atomic_fetch_add(&authority->identities, 1);
    return &f->identity;
}

static bool
is_named(struct bytes utf16, const char *ascii)
{
    uint8_t room[NAME_BYTES];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));

    utf16_put_utf8(&w, bytes_of_string(ascii));
    return utf16_equal_nocase(utf16, wire_written(&w));
}

static const struct fake_user *
find_user(const struct account_authority *authority, const struct account_claim *claim)
{
    for (size_t i = 0; i < authority->n_users; i++) {
        const struct fake_user *u = &authority->users[i];

        if (is_named(claim->user, u->user) &&
            (claim->domain.n == 0 || is_named(claim->domain, u->domain))) {
            return u;
        }
    }
    return NULL;
}

static void
expect_v2(const struct account_claim *claim, struct expected *e)
{
    bool lm = claim->kind == ACCOUNT_LM_V2;
    struct bytes given = lm ? claim->lm_response : claim->nt_response;
    uint8_t room[NAME_BYTES];
    struct wire_writer upper = wire_writer_fixed(room, sizeof(room));
    struct secret16 v2;

    if (given.n < NTLM_RESPONSE_BYTES) {
        return;
    }
    utf16_put_upper(&upper, claim->user);
    ntlm_key_v2(&e->nt_hash, wire_written(&upper), claim->domain, &v2);
    ntlm_key_v2_proof(&v2, claim->server_challenge,
                      bytes_of(given.p + NTLM_PROOF_BYTES, given.n - NTLM_PROOF_BYTES),
                      e->response);
    ntlm_key_v2_session(&v2, e->response, &e->session);
    e->response_n = NTLM_PROOF_BYTES;
    e->given = bytes_of(given.p, NTLM_PROOF_BYTES);
}

static void
expect_v1(const struct account_claim *claim, struct expected *e)
{
    ntlm_key_v1_session(&e->nt_hash, &e->session);
    e->given = claim->kind == ACCOUNT_LM_V1 ? claim->lm_response : claim->nt_response;
    e->response_n = NTLM_RESPONSE_BYTES;
    switch (claim->kind) {
    case ACCOUNT_NTLM_V1_ESS:
        ntlm_key_v1_ess_response(&e->nt_hash, claim->server_challenge, claim->lm_response.p,
                                 e->response);
        break;
    case ACCOUNT_LM_V1:
        ntlm_key_v1_response(&e->lm_hash, claim->server_challenge, e->response);
        e->response_n = e->has_lm_hash ? NTLM_RESPONSE_BYTES : 0;
        break;
    default: ntlm_key_v1_response(&e->nt_hash, claim->server_challenge, e->response); break;
    }
}

static bool
proves(const struct account_authority *authority, const struct fake_user *user,
       const struct account_claim *claim, struct expected *e)
{
    uint8_t room[NAME_BYTES];
    struct wire_writer password = wire_writer_fixed(room, sizeof(room));

    *e = (struct expected){ 0 };
    utf16_put_utf8(&password, bytes_of_string(user->password));
    ntlm_key_nt_hash(wire_written(&password), &e->nt_hash);
    e->has_lm_hash =
        authority->keeps_lm_hashes && ntlm_key_lm_hash(wire_written(&password), &e->lm_hash);
    if (claim->kind == ACCOUNT_NTLM_V2 || claim->kind == ACCOUNT_LM_V2) {
        expect_v2(claim, e);
    } else {
        expect_v1(claim, e);
    }
    return e->response_n && e->given.n == e->response_n &&
           secret_equal(e->given.p, e->response, e->response_n);
}

sec_status
account_prove(struct account_authority *authority, const struct account_claim *claim,
              struct account_proof *out)
{
    const struct fake_user *user = find_user(authority, claim);
    struct expected e;

    *out = (struct account_proof){ 0 };
    atomic_fetch_add(&authority->calls, 1);
    if (authority->broken != SEC_E_OK) {
        return sec_fail(authority->broken, "fake account: broken");
    }
    if (!user || !proves(authority, user, claim, &e) || user->refused_as) {
        out->sub_status = !user              ? STATUS_NO_SUCH_USER
                          : user->refused_as ? user->refused_as
                                             : STATUS_WRONG_PASSWORD;
        out->locked_out_now = authority->locks_out;
        return sec_fail(SEC_E_LOGON_DENIED, "fake account: refused");
    }
    out->identity = identity_new(authority, user);
    if (!out->identity) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    out->session_base_key = e.session;
    out->has_lm_session_key = e.has_lm_hash;
    bytes_copy(out->lm_session_key.b, e.lm_hash.b, e.has_lm_hash ? 8 : 0);
    atomic_fetch_add(&authority->proven, 1);
    return SEC_E_OK;
}

sec_status
account_change_password(struct account_authority *authority,
                        const struct account_new_password *wanted, struct account_proof *out)
{
    const struct account_claim claim = { .user = wanted->user };
    const struct fake_user *user = find_user(authority, &claim);

    *out = (struct account_proof){ 0 };
    if (authority->broken != SEC_E_OK) {
        return sec_fail(authority->broken, "fake account: broken");
    }
    if (!user || !bytes_equal(wanted->old_password, bytes_of_string(user->password))) {
        out->sub_status = user ? STATUS_WRONG_PASSWORD : STATUS_NO_SUCH_USER;
        return sec_fail(SEC_E_LOGON_DENIED, "fake account: refused");
    }
    (void)snprintf(authority->new_password, sizeof(authority->new_password), "%.*s",
                   (int)wanted->password.n, (const char *)wanted->password.p);
    return SEC_E_OK;
}

sec_status
account_look_up(struct account_authority *authority, struct bytes name, const char *sid,
                struct account_entry *out)
{
    return sec_fail(SEC_E_TARGET_UNKNOWN, "fake account: nobody is known by name");
}

void
account_proof_clear(struct account_proof *proof)
{
    account_identity_unref(proof->identity);
    secret_wipe(proof, sizeof(*proof));
}
