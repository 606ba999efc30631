/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets and keys for packages under test. */
#include "tests/support/fake_ticket.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "tests/support/fake_host.h"

enum { NAME_BYTES = 512, PLAIN_BYTES = 256 };
#define HOUR_100NS (UINT64_C(3600) * 10000000)

struct ticket_holder {
    struct ticket_authority *authority;
    char name[NAME_BYTES]; /* "": nobody */
    bool wrong_password;
};

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

struct ticket_delegated {
    struct ticket_authority *authority;
    char cache[64];
};

void
fake_ticket_init(struct ticket_authority *a)
{
    static const struct fake_principal principals[] = {
        { "alice", "Password", true, false },
        { "bob", "secret", true, false },
        { "HTTP/web.example.test", NULL, true, true },
        { "host/web.example.test", NULL, true, true },
        { "cifs/elsewhere.example.test", NULL, true, false },
    };

    *a = (struct ticket_authority){
        .principals = principals,
        .n_principals = SEC_ARRAY_LEN(principals),
        .realm = FAKE_REALM,
        .default_client = "alice",
        .ticket_enctype = KRB_AES256_SHA1,
        .session_enctype = KRB_AES256_SHA1,
        .kvno = 3,
        .flags = KRB_TICKET_FORWARDABLE | KRB_TICKET_PRE_AUTHENT | KRB_TICKET_OK_AS_DELEGATE,
        .auth_100ns = FAKE_HOST_NOW_100NS - HOUR_100NS,
        .start_100ns = FAKE_HOST_NOW_100NS - HOUR_100NS,
        .end_100ns = FAKE_HOST_NOW_100NS + 9 * HOUR_100NS,
        .forwardable = true,
        .keytab_enctypes = { KRB_AES256_SHA1, KRB_AES128_SHA1, KRB_AES256_SHA384, KRB_AES128_SHA256,
                             KRB_RC4_HMAC },
        .n_keytab_enctypes = 5,
        .replays_lock = PTHREAD_MUTEX_INITIALIZER,
    };
}

/* --- keys ---------------------------------------------------------------------------------- */

/* FNV-1a to begin with, splitmix64 to go on: the same on every machine. */
static void
fill(uint64_t seed, const char *text, uint8_t *to, size_t n)
{
    uint64_t state = UINT64_C(0xCBF29CE484222325) ^ seed;

    for (const char *c = text; *c; c++) {
        state = (state ^ (uint8_t)*c) * UINT64_C(0x100000001B3);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (state += UINT64_C(0x9E3779B97F4A7C15));

        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        to[i] = (uint8_t)(z ^ z >> 31);
    }
}

static void
make_key(uint64_t seed, const char *text, int32_t enctype, struct krb_key *out)
{
    const struct krb_profile *profile = krb_profile_of(enctype);
    uint8_t b[KRB_KEY_MAX_BYTES];

    fill(seed, text, b, sizeof(b));
    if (!profile || !krb_key_set(out, enctype, bytes_of(b, profile->key_bytes))) {
        abort();
    }
}

void
fake_ticket_key(const char *principal, int32_t enctype, uint32_t kvno, struct krb_key *out)
{
    make_key((uint64_t)enctype << 32 | kvno, principal, enctype, out);
}

void
fake_ticket_encrypt(struct ticket_authority *a, const struct krb_key *key, uint32_t usage,
                    struct bytes plain, struct wire_writer *w)
{
    const struct krb_profile *profile = krb_profile_of(key->enctype);
    uint8_t confounder[KRB_CONFOUNDER_MAX_BYTES];
    union krb_cipher_room room;
    uint8_t *to;

    fill(atomic_fetch_add(&a->random_calls, 1), "confounder", confounder, sizeof(confounder));
    to = wire_reserve(w, plain.n + profile->confounder_bytes + profile->mac_bytes);
    if (to) {
        (void)krb_encrypt(krb_cipher_init(&room, key, usage, KRB_ENCRYPT), confounder, plain, to);
    }
}

/* --- names --------------------------------------------------------------------------------- */

struct krb_name
fake_ticket_name(const char *text, int32_t type)
{
    struct krb_name name = { .type = type };
    const char *end;

    while ((end = strchr(text, '/')) && name.n + 1 < KRB_NAME_PARTS_MAX) {
        name.parts[name.n++] = bytes_of(text, (size_t)(end - text));
        text = end + 1;
    }
    name.parts[name.n++] = bytes_of_string(text);
    return name;
}

static bool
put_text(char *to, size_t n, struct bytes utf16)
{
    struct wire_writer w = wire_writer_fixed(to, n - 1);

    utf8_put_utf16(&w, utf16);
    to[w.len] = 0;
    return wire_writer_status(&w) == WIRE_OK;
}

/* "name@REALM" loses what is behind the last @. */
static void
cut_realm(char *name)
{
    char *at = strrchr(name, '@');

    if (at) {
        *at = 0;
    }
}

static const struct fake_principal *
find(const struct ticket_authority *a, const char *name)
{
    for (size_t i = 0; i < a->n_principals; i++) {
        if (bytes_equal_nocase(bytes_of_string(a->principals[i].name), bytes_of_string(name))) {
            return &a->principals[i];
        }
    }
    return NULL;
}

/* --- holders ------------------------------------------------------------------------------- */

sec_status
ticket_holder_new(struct ticket_authority *a, const struct ticket_holder_args *args,
                  struct ticket_holder **out)
{
    struct ticket_holder *h;
    char password[NAME_BYTES];
    const struct fake_principal *p;

    if (a->holder_fails != SEC_E_OK) {
        return sec_fail(a->holder_fails, "fake ticket: no holder, as ordered");
    }
    h = mem_new(sizeof(*h));
    if (!h) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    h->authority = a;
    if (args->explicit_identity) {
        if (!put_text(h->name, sizeof(h->name), args->user) ||
            !put_text(password, sizeof(password), args->password) || !h->name[0]) {
            mem_free(h);
            return sec_fail(SEC_E_UNKNOWN_CREDENTIALS, "fake ticket: not a principal's name");
        }
        cut_realm(h->name);
        p = find(a, h->name);
        h->wrong_password = !p || !p->password || strcmp(p->password, password) != 0;
    } else if (a->default_client) {
        (void)snprintf(h->name, sizeof(h->name), "%s", a->default_client);
    }
    atomic_fetch_add(&a->holders, 1);
    *out = h;
    return SEC_E_OK;
}

void
ticket_holder_free(struct ticket_holder *h)
{
    if (h) {
        atomic_fetch_sub(&h->authority->holders, 1);
        mem_free(h);
    }
}

sec_status
ticket_holder_name(struct ticket_holder *h, struct wire_writer *out)
{
    if (!h->name[0]) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "fake ticket: no cache, no client keytab");
    }
    utf16_put_utf8(out, bytes_of_string(h->name));
    utf16_put_utf8(out, bytes_of_string("@"));
    utf16_put_utf8(out, bytes_of_string(h->authority->realm));
    return SEC_E_OK;
}

/* --- tickets ------------------------------------------------------------------------------- */

static sec_status
refuse_holder(const struct ticket_holder *h)
{
    if (!h->name[0]) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "fake ticket: no cache, no client keytab");
    }
    if (h->wrong_password) {
        return sec_fail(SEC_E_LOGON_DENIED, "fake ticket: %s: wrong password", h->name);
    }
    return SEC_E_OK;
}

static void
put_pac(struct wire_writer *w, struct bytes pac)
{
    const struct krb_ad_element inner = { KRB_AD_WIN2K_PAC, pac };
    struct wire_writer room = wire_writer_growing(NULL, 0);
    struct krb_ad_element outer = { KRB_AD_IF_RELEVANT, { 0 } };

    krb_ad_encode(&room, &inner, 1);
    outer.data = wire_written(&room);
    if (wire_writer_status(&room) == WIRE_OK) {
        krb_ad_encode(w, &outer, 1);
    } else {
        w->err = WIRE_NO_MEMORY;
    }
    wire_writer_clear(&room);
}

/* A ticket on its way: for whom, to whom, under which key. */
struct order {
    const char *client, *service;
    struct krb_name sname;
    struct krb_key seal, session;
    uint32_t kvno;
    bool has_kvno;
};

/* The EncTicketPart of an order, and the Ticket around it. */
static void
put_ticket(struct ticket_authority *a, const struct order *o, struct wire_writer *out)
{
    struct wire_writer ad = wire_writer_growing(NULL, 0), plain = wire_writer_growing(NULL, 0);
    struct wire_writer cipher = wire_writer_growing(NULL, 0);
    const char *crealm = a->client_realm ? a->client_realm : a->realm;
    struct krb_enc_ticket part = {
        .flags = a->flags,
        .key = { o->session.enctype, bytes_of(o->session.b, o->session.n) },
        .crealm = bytes_of_string(crealm),
        .cname = fake_ticket_name(a->client_name ? a->client_name : o->client, KRB_NT_PRINCIPAL),
        .transited_type = a->transited_type,
        .transited = a->transited,
        .authtime_100ns = a->auth_100ns,
        .starttime_100ns = a->start_100ns,
        .endtime_100ns = a->end_100ns,
        .renew_till_100ns = a->renew_till_100ns,
        .addresses = a->addresses,
        .authorization_data = a->authorization_data,
    };
    struct krb_ticket t = {
        .realm = bytes_of_string(a->realm),
        .sname = o->sname,
        .enc = { .enctype = o->seal.enctype, .has_kvno = o->has_kvno, .kvno = o->kvno },
    };

    if (!part.authorization_data.p && a->pac.p) {
        put_pac(&ad, a->pac);
        part.authorization_data = wire_written(&ad);
    }
    krb_enc_ticket_encode(&plain, &part);
    if (wire_writer_status(&ad) == WIRE_OK && wire_writer_status(&plain) == WIRE_OK) {
        fake_ticket_encrypt(a, &o->seal, KRB_USAGE_TICKET, wire_written(&plain), &cipher);
    }
    t.enc.cipher = wire_written(&cipher);
    if (t.enc.cipher.n) {
        krb_ticket_encode(out, &t);
    } else {
        out->err = WIRE_NO_MEMORY;
    }
    wire_writer_clear(&ad);
    wire_writer_clear(&plain);
    wire_writer_clear(&cipher);
}

/* Where a view will be once its bytes are in the block. */
static struct bytes
append(struct wire_writer *w, struct bytes b)
{
    size_t at = w->len;

    wire_put_bytes(w, b);
    return (struct bytes){ (const uint8_t *)(uintptr_t)at, b.n };
}

static void
append_name(struct wire_writer *w, const struct krb_name *from, struct krb_name *to)
{
    *to = (struct krb_name){ .type = from->type, .n = from->n };
    for (size_t i = 0; i < from->n; i++) {
        to->parts[i] = append(w, from->parts[i]);
    }
}

static void
rebase(struct bytes *b, const uint8_t *block)
{
    b->p = block + (uintptr_t)b->p;
}

static void
rebase_name(struct krb_name *name, const uint8_t *block)
{
    for (size_t i = 0; i < name->n; i++) {
        rebase(&name->parts[i], block);
    }
}

static sec_status
fill_order(struct ticket_authority *a, const struct order *o, struct ticket *out)
{
    struct wire_writer w = wire_writer_growing(NULL, 0);
    const char *crealm = a->client_realm ? a->client_realm : a->realm;
    const char *client = a->client_name ? a->client_name : o->client;
    struct krb_name cname = fake_ticket_name(client, KRB_NT_PRINCIPAL);
    struct ticket t = {
        .key = o->session,
        .flags = a->flags,
        .enctype = o->seal.enctype,
        .start_100ns = a->start_100ns,
        .end_100ns = a->end_100ns,
        .renew_till_100ns = a->renew_till_100ns,
        .kdc_offset_100ns = a->kdc_offset_100ns,
    };
    bool kept;

    put_ticket(a, o, &w);
    t.der.n = w.len;
    t.crealm = append(&w, bytes_of_string(crealm));
    append_name(&w, &cname, &t.cname);
    t.realm = append(&w, bytes_of_string(a->realm));
    append_name(&w, &o->sname, &t.sname);
    kept = wire_writer_status(&w) == WIRE_OK && secret_set(&t.block, w.p, w.len);
    wire_writer_clear(&w);
    if (!kept) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    rebase(&t.der, t.block.p);
    rebase(&t.crealm, t.block.p);
    rebase_name(&t.cname, t.block.p);
    rebase(&t.realm, t.block.p);
    rebase_name(&t.sname, t.block.p);
    *out = t;
    return SEC_E_OK;
}

void
ticket_clear(struct ticket *t)
{
    secret_clear(&t->block);
    secret_wipe(t, sizeof(*t));
}

/* The acceptor's own TGT says under which key: its session key (RFC 4120 3.3.3). */
static bool
open_peer_tgt(struct ticket_authority *a, struct bytes der, struct order *o, char *name, size_t n)
{
    struct krb_ticket t;
    struct krb_enc_ticket part;
    struct krb_key key;
    union krb_cipher_room room;
    struct bytes plain;
    uint8_t *opened = NULL;
    bool good = false;

    if (krb_ticket_decode(&t, der) != WIRE_OK || !(opened = mem_new(t.enc.cipher.n))) {
        return false;
    }
    if (krb_profile_of(t.enc.enctype)) {
        fake_ticket_key("krbtgt/" FAKE_REALM, t.enc.enctype, a->kvno, &key);
        good = krb_decrypt(krb_cipher_init(&room, &key, KRB_USAGE_TICKET, KRB_DECRYPT),
                           t.enc.cipher, opened, &plain) &&
               krb_enc_ticket_decode(&part, plain) == WIRE_OK &&
               krb_key_set(&o->seal, part.key.enctype, part.key.value);
    }
    if (good) {
        struct wire_writer w = wire_writer_fixed(name, n - 1);

        krb_name_put(&w, &part.cname, (struct bytes){ 0 });
        name[w.len] = 0;
        o->service = name;
        o->sname = fake_ticket_name(name, KRB_NT_PRINCIPAL);
    }
    mem_free(opened);
    return good;
}

/* A cached ticket has the same session key each time, a fresh one its own. */
static void
make_session_key(struct ticket_authority *a, struct order *o, bool fresh)
{
    make_key(fresh ? 1000 + atomic_load(&a->fresh_gets) : 1, o->service, a->session_enctype,
             &o->session);
}

sec_status
ticket_get(struct ticket_holder *h, const struct ticket_request *request, struct ticket *out,
           int32_t *krb_error)
{
    struct ticket_authority *a = h->authority;
    struct order o = { .client = h->name };
    char target[NAME_BYTES];
    const struct fake_principal *p;
    sec_status status = refuse_holder(h);

    if (krb_error) {
        *krb_error = 0;
    }
    atomic_fetch_add(&a->gets, 1);
    atomic_fetch_add(&a->fresh_gets, request->fresh ? 1u : 0u);
    if (status == SEC_E_OK && a->get_fails != SEC_E_OK) {
        if (krb_error) {
            *krb_error = a->get_error;
        }
        status = sec_fail(a->get_fails, "fake ticket: no ticket, as ordered");
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (request->peer_tgt.n) {
        if (!open_peer_tgt(a, request->peer_tgt, &o, target, sizeof(target))) {
            return sec_fail(SEC_E_TARGET_UNKNOWN, "fake ticket: not a TGT of this realm");
        }
    } else {
        if (!put_text(target, sizeof(target), request->target)) {
            return sec_fail(SEC_E_TARGET_UNKNOWN, "fake ticket: not a name");
        }
        cut_realm(target);
        p = find(a, target);
        if (!p || !p->is_service) {
            if (krb_error) {
                *krb_error = KRB_KDC_ERR_S_PRINCIPAL_UNKNOWN;
            }
            return sec_fail(SEC_E_TARGET_UNKNOWN, "fake ticket: the realm has no %s", target);
        }
        o.service = p->name;
        o.sname = fake_ticket_name(p->name, KRB_NT_SRV_INST);
        o.kvno = a->cached_kvno && !request->fresh ? a->cached_kvno : a->kvno;
        o.has_kvno = !a->without_kvno;
        fake_ticket_key(p->name, a->ticket_enctype, o.kvno, &o.seal);
    }
    make_session_key(a, &o, request->fresh);
    status = fill_order(a, &o, out);
    secret_wipe(&o, sizeof(o));
    return status;
}

sec_status
ticket_get_tgt(struct ticket_holder *h, struct ticket *out)
{
    struct ticket_authority *a = h->authority;
    struct order o = { .client = h->name, .service = "krbtgt/" FAKE_REALM, .has_kvno = true };
    sec_status status = refuse_holder(h);

    atomic_fetch_add(&a->tgts, 1);
    if (status == SEC_E_OK && a->tgt_fails != SEC_E_OK) {
        status = sec_fail(a->tgt_fails, "fake ticket: no TGT, as ordered");
    }
    if (status != SEC_E_OK) {
        return status;
    }
    o.sname = fake_ticket_name(o.service, KRB_NT_SRV_INST);
    o.kvno = a->kvno;
    fake_ticket_key(o.service, a->ticket_enctype, o.kvno, &o.seal);
    make_session_key(a, &o, false);
    return fill_order(a, &o, out);
}

/* --- delegation ---------------------------------------------------------------------------- */

size_t
fake_ticket_forwarded(const struct krb_name *cname, struct bytes crealm, char *to, size_t n)
{
    struct wire_writer w = wire_writer_fixed(to, n);

    wire_put_bytes(&w, bytes_of_string("TGT of "));
    krb_name_put(&w, cname, crealm);
    return w.len;
}

sec_status
ticket_forward(struct ticket_holder *h, const struct ticket *service, struct wire_writer *out)
{
    struct ticket_authority *a = h->authority;
    char text[PLAIN_BYTES];
    size_t n;

    atomic_fetch_add(&a->forwards, 1);
    if (a->forward_fails != SEC_E_OK || !a->forwardable) {
        return sec_fail(a->forwardable ? a->forward_fails : SEC_E_NO_CREDENTIALS,
                        "fake ticket: the TGT is not forwardable");
    }
    n = fake_ticket_forwarded(&service->cname, service->crealm, text, sizeof(text));
    fake_ticket_encrypt(a, &service->key, KRB_USAGE_KRB_CRED, bytes_of(text, n), out);
    return SEC_E_OK;
}

sec_status
ticket_delegated_new(struct ticket_authority *a, struct bytes krb_cred,
                     const struct krb_key *const *keys, size_t n_keys, const struct krb_name *cname,
                     struct bytes crealm, struct ticket_delegated **out)
{
    char want[PLAIN_BYTES];
    struct bytes plain = { 0 };
    size_t n = fake_ticket_forwarded(cname, crealm, want, sizeof(want));
    uint8_t *opened = mem_new(krb_cred.n);
    struct ticket_delegated *d;
    bool good = false;

    for (size_t i = 0; opened && !good && i < n_keys; i++) {
        union krb_cipher_room room;

        good = keys[i]->n &&
               krb_decrypt(krb_cipher_init(&room, keys[i], KRB_USAGE_KRB_CRED, KRB_DECRYPT),
                           krb_cred, opened, &plain);
    }
    good = good && bytes_equal(plain, bytes_of(want, n));
    mem_free(opened);
    if (!opened) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!good) {
        return sec_fail(SEC_E_INVALID_TOKEN, "fake ticket: a KRB-CRED of somebody else's");
    }
    d = mem_new(sizeof(*d));
    if (!d) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    d->authority = a;
    (void)snprintf(d->cache, sizeof(d->cache), "MEMORY:fake-%u",
                   atomic_fetch_add(&a->delegations, 1) + 1);
    atomic_fetch_add(&a->delegated, 1);
    *out = d;
    return SEC_E_OK;
}

void
ticket_delegated_free(struct ticket_delegated *d)
{
    if (d) {
        atomic_fetch_sub(&d->authority->delegated, 1);
        mem_free(d);
    }
}

const char *
ticket_delegated_cache(const struct ticket_delegated *d)
{
    return d->cache;
}

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
    cut_realm(text);
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
    if (a->n_replays == FAKE_REPLAYS_MAX) {
        return TICKET_REPLAY_FULL;
    }
    memcpy(a->replays[a->n_replays++], hash, TICKET_REPLAY_HASH_BYTES);
    return TICKET_FRESH;
}

enum ticket_replay_verdict
ticket_replay_check(struct ticket_authority *a, const uint8_t hash[static TICKET_REPLAY_HASH_BYTES],
                    uint64_t ctime_100ns, uint64_t now_100ns)
{
    enum ticket_replay_verdict verdict = a->replay_verdict;

    (void)ctime_100ns;
    (void)now_100ns;
    atomic_fetch_add(&a->replay_checks, 1);
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
