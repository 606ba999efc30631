/* SPDX-License-Identifier: Apache-2.0 */
/* Any AP-REQ, and an acceptor for it. */
#include "tests/support/krb_forge.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/pac.h"
#include "kerberos/kerberos.h"

/* --- the client ---------------------------------------------------------------------------- */

static void
must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct krb_keyblock
keyblock_of(const struct krb_key *key)
{
    return key->n ? (struct krb_keyblock){ key->enctype, bytes_of(key->b, key->n) }
                  : (struct krb_keyblock){ 0 };
}

static void
fill_key(struct krb_key *key, int32_t enctype, uint8_t with)
{
    *key = (struct krb_key){ .enctype = enctype, .n = krb_profile_of(enctype)->key_bytes };
    for (size_t i = 0; i < key->n; i++) {
        key->b[i] = (uint8_t)(with + i);
    }
}

void
krb_forge_enctype(struct krb_forge *f, int32_t enctype)
{
    fill_key(&f->session_key, enctype, 0x10);
    fill_key(&f->subkey, enctype, 0x50);
    f->ticket.key = keyblock_of(&f->session_key);
}

void
krb_forge_init(struct krb_forge *f, struct ticket_authority *tickets)
{
    static const uint8_t zeros[16];

    *f = (struct krb_forge){
        .tickets = tickets,
        .clear = {
            .realm = bytes_of_string(FAKE_REALM),
            .sname = fake_ticket_name(KRB_FORGE_SERVICE, KRB_NT_SRV_INST),
            .enc = { .enctype = KRB_AES256_SHA1, .has_kvno = true, .kvno = tickets->kvno },
        },
        .ticket = {
            .flags = tickets->flags,
            .crealm = bytes_of_string(FAKE_REALM),
            .cname = fake_ticket_name("alice", KRB_NT_PRINCIPAL),
            .authtime_100ns = tickets->auth_100ns,
            .starttime_100ns = tickets->start_100ns,
            .endtime_100ns = tickets->end_100ns,
        },
        .authenticator = {
            .crealm = bytes_of_string(FAKE_REALM),
            .cname = fake_ticket_name("alice", KRB_NT_PRINCIPAL),
            .checksum_type = GSS_KRB_CHECKSUM_TYPE,
            .ctime_100ns = FAKE_HOST_NOW_100NS,
            .has_sequence = true,
            .sequence = 1000,
        },
        .checksum = {
            .bindings = bytes_of(zeros, sizeof(zeros)),
            .flags = GSS_KRB_MUTUAL | GSS_KRB_REPLAY | GSS_KRB_SEQUENCE | GSS_KRB_CONF |
                     GSS_KRB_INTEG,
        },
        .ap_options = KRB_AP_MUTUAL_REQUIRED,
        .oid = gss_krb5_oid,
        .id = GSS_KRB_AP_REQ,
    };
    fake_ticket_key(KRB_FORGE_SERVICE, KRB_AES256_SHA1, tickets->kvno, &f->ticket_key);
    krb_forge_enctype(f, KRB_AES256_SHA1);
}

static void
tamper(struct krb_forge *f, enum krb_forge_part part, struct wire_writer *w)
{
    must(wire_writer_status(w) == WIRE_OK);
    if (f->tamper) {
        f->tamper(f, part, w);
    }
}

/* As a KDC would, where there is room for its signature. */
static void
sign_pac(const struct krb_forge *f, struct wire_writer *w)
{
    struct krb_checksum_key key;
    struct bytes parts[5];
    struct pac pac;
    uint8_t sum[KRB_CHECKSUM_MAX_BYTES];

    krb_checksum_key_init(&key, &f->ticket_key, KRB_USAGE_PAC);
    if (pac_decode(&pac, wire_written(w)) == WIRE_OK &&
        pac.server.value.n == krb_profile_of(f->ticket_key.enctype)->checksum_bytes) {
        krb_checksum(&key, parts, pac_signed_parts(&pac, parts), sum);
        bytes_copy(w->p + pac.server.at, sum, pac.server.value.n);
    }
}

static void
put_pac(struct krb_forge *f, struct wire_writer *ad)
{
    struct wire_writer pac = wire_writer_growing(NULL, 0), inner = wire_writer_growing(NULL, 0);
    struct krb_ad_element element = { .type = KRB_AD_WIN2K_PAC };

    wire_put_bytes(&pac, f->pac);
    tamper(f, KRB_FORGE_PAC, &pac);
    sign_pac(f, &pac);
    element.data = wire_written(&pac);
    krb_ad_encode(&inner, &element, 1);
    element = (struct krb_ad_element){ KRB_AD_IF_RELEVANT, wire_written(&inner) };
    krb_ad_encode(ad, &element, 1);
    wire_writer_clear(&pac);
    wire_writer_clear(&inner);
}

static void
put_ticket(struct krb_forge *f, struct wire_writer *cipher, struct wire_writer *whole)
{
    struct wire_writer plain = wire_writer_growing(NULL, 0), ad = wire_writer_growing(NULL, 0);
    struct krb_enc_ticket m = f->ticket;

    if (f->pac.n) {
        put_pac(f, &ad);
        m.authorization_data = wire_written(&ad);
    }
    krb_enc_ticket_encode(&plain, &m);
    tamper(f, KRB_FORGE_TICKET, &plain);
    fake_ticket_encrypt(f->tickets, &f->ticket_key, KRB_USAGE_TICKET, wire_written(&plain), cipher);
    f->clear.enc.cipher = wire_written(cipher);
    krb_ticket_encode(whole, &f->clear);
    f->clear.whole = wire_written(whole);
    wire_writer_clear(&plain);
    wire_writer_clear(&ad);
}

static void
put_authenticator(struct krb_forge *f, struct wire_writer *cipher)
{
    struct wire_writer plain = wire_writer_growing(NULL, 0);
    struct wire_writer checksum = wire_writer_growing(NULL, 0);
    struct wire_writer inner = wire_writer_growing(NULL, 0);
    struct wire_writer ad = wire_writer_growing(NULL, 0);
    struct krb_authenticator m = f->authenticator;

    if (f->without_checksum) {
        m.checksum_type = 0;
    } else if (!m.checksum.p) {
        gss_krb_checksum_encode(&checksum, &f->checksum);
        tamper(f, KRB_FORGE_CHECKSUM, &checksum);
        m.checksum = wire_written(&checksum);
    }
    if (!m.subkey.value.p) {
        m.subkey = keyblock_of(&f->subkey);
    }
    if (f->n_ad) {
        struct krb_ad_element relevant = { .type = KRB_AD_IF_RELEVANT };

        krb_ad_encode(&inner, f->ad, f->n_ad);
        relevant.data = wire_written(&inner);
        krb_ad_encode(&ad, &relevant, 1);
        m.authorization_data = wire_written(&ad);
    }
    krb_authenticator_encode(&plain, &m);
    tamper(f, KRB_FORGE_AUTHENTICATOR, &plain);
    fake_ticket_encrypt(f->tickets,
                        f->authenticator_key.n ? &f->authenticator_key : &f->session_key,
                        KRB_USAGE_AUTHENTICATOR, wire_written(&plain), cipher);
    wire_writer_clear(&plain);
    wire_writer_clear(&checksum);
    wire_writer_clear(&inner);
    wire_writer_clear(&ad);
}

void
krb_forge_put(struct krb_forge *f, struct wire_writer *out)
{
    struct wire_writer sealed = wire_writer_growing(NULL, 0);
    struct wire_writer whole = wire_writer_growing(NULL, 0);
    struct wire_writer cipher = wire_writer_growing(NULL, 0);
    struct wire_writer body = wire_writer_growing(NULL, 0);
    struct krb_ap_req m = { .options = f->ap_options };

    put_ticket(f, &sealed, &whole);
    put_authenticator(f, &cipher);
    m.ticket = f->clear;
    m.authenticator.enctype =
        f->authenticator_enctype ? f->authenticator_enctype : f->session_key.enctype;
    m.authenticator.cipher = wire_written(&cipher);
    krb_ap_req_encode(&body, &m);
    tamper(f, KRB_FORGE_AP_REQ, &body);
    if (f->oid.n) {
        gss_krb_token_put(out, f->oid, f->id, body.len);
    }
    wire_put_bytes(out, wire_written(&body));
    tamper(f, KRB_FORGE_TOKEN, out);
    wire_writer_clear(&sealed);
    wire_writer_clear(&whole);
    wire_writer_clear(&cipher);
    wire_writer_clear(&body);
    f->clear.whole = f->clear.enc.cipher = bytes_of(NULL, 0);
}

bool
krb_forge_open_ap_rep(const struct krb_forge *f, struct bytes token, uint8_t room[static 512],
                      struct krb_enc_ap_rep *out)
{
    struct gss_krb_token outer;
    struct krb_ap_rep m;
    union krb_cipher_room cipher;
    struct bytes plain;

    return gss_krb_token_decode(&outer, token) == WIRE_OK && outer.id == GSS_KRB_AP_REP &&
           outer.bare == (f->oid.n == 0) && krb_ap_rep_decode(&m, outer.body) == WIRE_OK &&
           m.enc.enctype == f->session_key.enctype && m.enc.cipher.n <= 512 &&
           krb_decrypt(krb_cipher_init(&cipher, &f->session_key, KRB_USAGE_AP_REP, KRB_DECRYPT),
                       m.enc.cipher, room, &plain) &&
           krb_enc_ap_rep_decode(out, plain) == WIRE_OK;
}

void
krb_forge_put_third(struct krb_forge *f, const struct krb_enc_ap_rep *m, struct wire_writer *out)
{
    struct wire_writer plain = wire_writer_growing(NULL, 0);
    struct wire_writer cipher = wire_writer_growing(NULL, 0);
    struct krb_ap_rep whole = { .enc = { .enctype = f->session_key.enctype } };

    krb_enc_ap_rep_encode(&plain, m);
    fake_ticket_encrypt(f->tickets, &f->session_key, KRB_USAGE_AP_REP, wire_written(&plain),
                        &cipher);
    whole.enc.cipher = wire_written(&cipher);
    krb_ap_rep_encode(out, &whole);
    must(wire_writer_status(out) == WIRE_OK);
    wire_writer_clear(&plain);
    wire_writer_clear(&cipher);
}

/* --- the acceptor -------------------------------------------------------------------------- */

void
krb_forge_acceptor_init(struct krb_forge_acceptor *a)
{
    *a = (struct krb_forge_acceptor){ .out = wire_writer_growing(NULL, 0) };
    fake_host_init(&a->host);
    fake_ticket_init(&a->tickets);
    fake_account_init(&a->accounts);
    a->host.host.tickets = &a->tickets;
    a->host.host.accounts = &a->accounts;
    a->host.settings.kerberos.skew_100ns = UINT64_C(300) * 10000000;
    a->tickets.random_calls = 1000;
}

static sec_status
open_acceptor(struct krb_forge_acceptor *a)
{
    const struct sec_package_ops *ops = kerberos_package.ops;
    const struct sec_acquire_args inbound = { .use = SEC_USE_INBOUND };
    sec_status status = SEC_E_OK;

    if (!a->cred) {
        status = ops->acquire(&a->host.host, &inbound, &a->cred);
    }
    if (status == SEC_E_OK && !a->ctx) {
        status = ops->open(a->cred, SEC_ACCEPTOR, &a->ctx);
    }
    return status;
}

sec_status
krb_forge_accept(struct krb_forge_acceptor *a, struct bytes token)
{
    sec_reason_clear();
    a->status = open_acceptor(a);
    if (a->status == SEC_E_OK) {
        wire_writer_clear(&a->out);
        a->out = wire_writer_growing(NULL, 0);
        a->args.token = token;
        a->status = kerberos_package.ops->step(a->ctx, &a->args, &a->out);
    }
    (void)snprintf(a->reason, sizeof(a->reason), "%s", sec_reason());
    return a->status;
}

sec_status
krb_forge_try(struct krb_forge_acceptor *a, struct krb_forge *f)
{
    struct wire_writer token = wire_writer_growing(NULL, 0);
    sec_status status;

    krb_forge_put(f, &token);
    status = krb_forge_accept(a, wire_written(&token));
    wire_writer_clear(&token);
    return status;
}

struct sec_facts
krb_forge_facts(const struct krb_forge_acceptor *a)
{
    struct sec_facts facts;

    a->ctx->package->ops->describe(a->ctx, &facts);
    return facts;
}

void
krb_forge_acceptor_restart(struct krb_forge_acceptor *a)
{
    kerberos_package.ops->free_ctx(a->ctx);
    a->ctx = NULL;
}

bool
krb_forge_acceptor_clear(struct krb_forge_acceptor *a)
{
    const struct ticket_authority *t = &a->tickets;

    krb_forge_acceptor_restart(a);
    kerberos_package.ops->free_cred(a->cred);
    a->cred = NULL;
    wire_writer_clear(&a->out);
    return t->holders == 0 && t->keytabs == 0 && t->held_keys == 0 && t->delegated == 0 &&
           a->accounts.identities == 0;
}
