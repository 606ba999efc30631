/* SPDX-License-Identifier: Apache-2.0 */
/* The acceptor's half of src/ticket for packages under test: keytabs and replays. */
#include <stdio.h>

#include "base/mem.h"
#include "tests/support/fake_ticket.h"

enum { NAME_BYTES = 512 };

struct fake_key {
    struct ticket_key key;
    union krb_cipher_room cipher;
    struct krb_checksum_key pac;
};

struct ticket_keytab {
    struct ticket_authority *authority;
    struct fake_key *keys;
    size_t n_keys;
};

/* --- keytabs ------------------------------------------------------------------------------- */

static void
make_fake_key(struct ticket_authority *a, const char *name, int32_t enctype, struct fake_key *k)
{
    k->key.kvno = a->keytab_kvno ? a->keytab_kvno : a->kvno;
    fake_ticket_key(name, enctype, k->key.kvno, &k->key.key);
    k->key.open_ticket = krb_cipher_init(&k->cipher, &k->key.key, KRB_USAGE_TICKET, KRB_DECRYPT);
    krb_checksum_key_init(&k->pac, &k->key.key, KRB_USAGE_PAC);
    k->key.verify_pac = &k->pac;
    k->key.realm = bytes_of_string(a->realm);
    k->key.name = fake_ticket_name(name, KRB_NT_SRV_INST);
}

sec_status
ticket_keytab_open(struct ticket_authority *a, const char *name, struct ticket_keytab **out)
{
    struct ticket_keytab *t = mem_new(sizeof(*t));

    (void)name;
    if (t) {
        t->keys = mem_new_array(a->n_principals * a->n_keytab_enctypes, sizeof(*t->keys));
    }
    if (!t || !t->keys) {
        mem_free(t);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    t->authority = a;
    for (size_t i = 0; i < a->n_principals && !a->no_keytab; i++) {
        for (size_t k = 0; a->principals[i].in_keytab && k < a->n_keytab_enctypes; k++) {
            make_fake_key(a, a->principals[i].name, a->keytab_enctypes[k], &t->keys[t->n_keys++]);
        }
    }
    atomic_fetch_add(&a->keytabs, 1);
    *out = t;
    return SEC_E_OK;
}

void
ticket_keytab_close(struct ticket_keytab *t)
{
    if (t) {
        atomic_fetch_sub(&t->authority->keytabs, 1);
        mem_free(t->keys);
        mem_free(t);
    }
}

static bool
is_principal(const struct ticket_key *k, const char *principal)
{
    char text[NAME_BYTES];
    struct krb_name name;

    if (!principal) {
        return true;
    }
    (void)snprintf(text, sizeof(text), "%s", principal);
    text[strcspn(text, "@")] = 0;
    name = fake_ticket_name(text, KRB_NT_SRV_INST);
    return krb_name_equal(&name, &k->name);
}

sec_status
ticket_keytab_check(struct ticket_keytab *t, const char *principal)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        if (is_principal(&t->keys[i].key, principal)) {
            return SEC_E_OK;
        }
    }
    return sec_fail(SEC_E_NO_CREDENTIALS, "fake ticket: the keytab has no key");
}

static void
add_candidate(struct ticket_keys *out, const struct ticket_key *k)
{
    for (size_t i = 0; i < out->n; i++) {
        if (out->keys[i] == k) {
            return;
        }
    }
    if (out->n < TICKET_KEYS_MAX) {
        out->keys[out->n++] = k;
    }
}

void
ticket_keys_hold(struct ticket_keytab *t, const char *principal, const struct krb_ticket *ticket,
                 struct ticket_keys *out)
{
    bool named = false, of_kvno = false;

    *out = (struct ticket_keys){ .held = t };
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < t->n_keys; i++) {
            const struct ticket_key *k = &t->keys[i].key;
            bool same_name = krb_name_equal(&k->name, &ticket->sname);
            bool same_kvno = !ticket->enc.has_kvno || ticket->enc.kvno == k->kvno;

            if (!is_principal(k, principal)) {
                continue;
            }
            named = named || same_name;
            of_kvno = of_kvno || (same_name && same_kvno);
            if (same_kvno && k->key.enctype == ticket->enc.enctype && (same_name || pass)) {
                add_candidate(out, k);
            }
        }
    }
    out->verdict = out->n       ? TICKET_KEY_FOUND
                   : !t->n_keys ? TICKET_KEY_NO_KEYTAB
                   : !named     ? TICKET_KEY_NO_PRINCIPAL
                   : !of_kvno   ? TICKET_KEY_NO_KVNO
                                : TICKET_KEY_NO_ENCTYPE;
    if (out->n == 0) {
        (void)sec_fail(SEC_E_NO_CREDENTIALS, "fake ticket: the keytab has no key for this ticket");
    }
    atomic_fetch_add(&t->authority->held_keys, 1);
}

enum ticket_key_verdict
ticket_keys_explain(const struct ticket_keys *keys, const char *principal,
                    const struct krb_ticket *ticket)
{
    const struct ticket_keytab *t = keys->held;
    enum ticket_key_verdict verdict = TICKET_KEY_NO_PRINCIPAL;

    for (size_t i = 0; i < t->n_keys; i++) {
        const struct ticket_key *k = &t->keys[i].key;
        bool same_kvno = !ticket->enc.has_kvno || ticket->enc.kvno == k->kvno;

        if (!is_principal(k, principal) ||
            (!principal && !krb_name_equal(&k->name, &ticket->sname))) {
            continue;
        }
        if (same_kvno && k->key.enctype == ticket->enc.enctype) {
            verdict = TICKET_KEY_FOUND;
            break;
        }
        if (same_kvno || verdict == TICKET_KEY_NO_PRINCIPAL) {
            verdict = same_kvno ? TICKET_KEY_NO_ENCTYPE : TICKET_KEY_NO_KVNO;
        }
    }
    (void)sec_fail(SEC_E_NO_CREDENTIALS, "fake ticket: no key of the keytab opens this ticket");
    return verdict;
}

enum ticket_key_owner
ticket_keys_owner(const struct ticket_keys *keys, const struct ticket_key *key,
                  ticket_name_fits fits, const void *user)
{
    const struct ticket_keytab *t = keys->held;
    enum ticket_key_owner owner = TICKET_KEY_NAMELESS;

    for (size_t i = 0; i < t->n_keys; i++) {
        const struct ticket_key *k = &t->keys[i].key;

        if (!fits(user, &k->name)) {
            continue;
        }
        if (k->key.enctype == key->key.enctype && memcmp(k->key.b, key->key.b, k->key.n) == 0) {
            return TICKET_KEY_OWN;
        }
        owner = TICKET_KEY_OTHERS;
    }
    return owner;
}

void
ticket_keys_release(struct ticket_keys *keys)
{
    struct ticket_keytab *t = keys->held;

    if (t) {
        atomic_fetch_sub(&t->authority->held_keys, 1);
    }
    *keys = (struct ticket_keys){ 0 };
}

/* --- replays ------------------------------------------------------------------------------- */

static enum ticket_replay_verdict
remember(struct ticket_authority *a, const uint8_t *hash)
{
    for (size_t i = 0; i < a->n_replays; i++) {
        if (memcmp(a->replays[i], hash, TICKET_REPLAY_HASH_BYTES) == 0) {
            return TICKET_REPLAYED;
        }
    }
    if (a->n_replays == FAKE_REPLAYS_MAX && a->forgets) {
        a->n_replays = 0;
    }
    if (a->n_replays == FAKE_REPLAYS_MAX) {
        return TICKET_REPLAY_FULL;
    }
    memcpy(a->replays[a->n_replays++], hash, TICKET_REPLAY_HASH_BYTES);
    return TICKET_FRESH;
}

void
ticket_replay_expect(struct ticket_authority *a,
                     const uint8_t hash[static TICKET_REPLAY_HASH_BYTES])
{
    (void)a;
    (void)hash;
}

enum ticket_replay_verdict
ticket_replay_check(struct ticket_authority *a, const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                    uint64_t ctime_100ns, uint64_t now_100ns)
{
    enum ticket_replay_verdict verdict = a->replay_verdict;

    atomic_fetch_add(&a->replay_checks, 1);
    if (a->check_replay) {
        return a->check_replay(a->check_replay_user, hash, ctime_100ns, now_100ns);
    }
    if (verdict == TICKET_FRESH) {
        (void)pthread_mutex_lock(&a->replays_lock);
        verdict = remember(a, hash);
        (void)pthread_mutex_unlock(&a->replays_lock);
    }
    if (verdict != TICKET_FRESH) {
        (void)sec_fail(SEC_E_LOGON_DENIED, "fake ticket: not a fresh authenticator");
    }
    return verdict;
}

size_t
ticket_authority_enctypes(struct ticket_authority *a, int32_t *out, size_t max)
{
    static const int32_t all[] = { KRB_AES256_SHA384, KRB_AES128_SHA256, KRB_AES256_SHA1,
                                   KRB_AES128_SHA1, KRB_RC4_HMAC };
    size_t n = 0;

    while (n < max && n < SEC_ARRAY_LEN(all)) {
        out[n] = all[n];
        n++;
    }
    return n;
}
