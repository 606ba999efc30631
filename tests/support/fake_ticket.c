/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets and keys for packages under test. */
#include "tests/support/fake_ticket.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "tests/support/fake_host.h"
#include "tests/support/fake_kdc.h"

enum { NAME_BYTES = 512, PLAIN_BYTES = 256 };
#define HOUR_100NS (UINT64_C(3600) * 10000000)

struct ticket_holder {
    struct ticket_authority *authority;
    char name[NAME_BYTES]; /* "": nobody */
    bool wrong_password;
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

/* --- keys, names --------------------------------------------------------------------------- */

void
fake_ticket_key(const char *principal, int32_t enctype, uint32_t kvno, struct krb_key *out)
{
    fake_kdc_key(principal, enctype, kvno, out);
}

struct krb_name
fake_ticket_name(const char *text, int32_t type)
{
    return fake_kdc_name(text, type);
}

void
fake_ticket_encrypt(struct ticket_authority *a, const struct krb_key *key, uint32_t usage,
                    struct bytes plain, struct wire_writer *w)
{
    fake_kdc_encrypt(atomic_fetch_add(&a->random_calls, 1), key, usage, plain, w);
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
    struct wire_writer ad = wire_writer_growing(NULL, 0);
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
        .enc = { .has_kvno = o->has_kvno, .kvno = o->kvno },
    };

    if (!part.authorization_data.p && a->pac.p) {
        put_pac(&ad, a->pac);
        part.authorization_data = wire_written(&ad);
    }
    if (wire_writer_status(&ad) == WIRE_OK) {
        fake_kdc_put_ticket(out, atomic_fetch_add(&a->random_calls, 1), &t, &part, &o->seal);
    } else {
        out->err = WIRE_NO_MEMORY;
    }
    wire_writer_clear(&ad);
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
static sec_status
open_peer_tgt(struct ticket_authority *a, struct bytes der, struct order *o, char *name, size_t n)
{
    struct krb_ticket t;
    struct krb_enc_ticket part;
    struct krb_key key;
    union krb_cipher_room room;
    struct bytes plain;
    uint8_t *opened = NULL;
    bool good = false;

    if (krb_ticket_decode(&t, der) == WIRE_OK && krb_profile_of(t.enc.enctype)) {
        opened = mem_new(t.enc.cipher.n);
        if (!opened) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
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
    return good ? SEC_E_OK : sec_fail(SEC_E_TARGET_UNKNOWN, "fake ticket: not a TGT of this realm");
}

/* RFC 4120 3.3.3: a KDC gives a ticket to nobody else than whose TGT it is. */
static bool
is_target(struct bytes target, const char *client)
{
    char text[NAME_BYTES];

    if (!put_text(text, sizeof(text), target)) {
        return false;
    }
    cut_realm(text);
    return bytes_equal_nocase(bytes_of_string(text), bytes_of_string(client));
}

/* A cached ticket has the same session key each time, a fresh one its own. */
static void
make_session_key(struct ticket_authority *a, struct order *o, bool fresh)
{
    fake_kdc_session_key(fresh ? 1000 + atomic_load(&a->fresh_gets) : 1, o->service,
                         a->session_enctype, &o->session);
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
        status = open_peer_tgt(a, request->peer_tgt, &o, target, sizeof(target));
        if (status == SEC_E_OK && !is_target(request->target, o.service)) {
            status = sec_fail(SEC_E_TARGET_UNKNOWN, "fake ticket: not a TGT of the target's");
        }
        if (status != SEC_E_OK) {
            return status;
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

/* Nobody here keeps passwords. */
sec_status
ticket_change_password(struct ticket_authority *a, const struct ticket_holder_args *whose,
                       struct bytes password)
{
    return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "ticket: no password service");
}
