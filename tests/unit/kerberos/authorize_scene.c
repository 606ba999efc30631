/* SPDX-License-Identifier: Apache-2.0 */
/* A ticket that was opened, and PACs to put into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "authorize_scene.h"
#include "base/secret.h"
#include "tests/support/hex.h"
#include "tests/support/pac_vectors.h"

void
scene_set_key(struct scene *s, int32_t enctype, struct bytes key)
{
    assert_true(krb_key_set(&s->key.key, enctype, key));
    krb_checksum_key_init(&s->pac_key, &s->key.key, KRB_USAGE_PAC);
}

void
scene_set_pac(struct scene *s, struct bytes pac)
{
    SEC_AUTO(wire_writer) inner = wire_writer_growing(NULL, 0);
    struct krb_ad_element element = { KRB_AD_WIN2K_PAC, pac };

    krb_ad_encode(&inner, &element, 1);
    element = (struct krb_ad_element){ KRB_AD_IF_RELEVANT, wire_written(&inner) };
    wire_writer_clear(&s->ad);
    s->ad = wire_writer_growing(NULL, 0);
    krb_ad_encode(&s->ad, &element, 1);
    assert_int_equal(wire_writer_status(&s->ad), WIRE_OK);
    s->ticket.authorization_data = wire_written(&s->ad);
}

void
scene_init(struct scene *s)
{
    *s = (struct scene){ 0 };
    fake_host_init(&s->host);
    s->cred.base.host = &s->host.host;
    s->c.cred = &s->cred;
    s->c.role = SEC_ACCEPTOR;
    s->key.verify_pac = &s->pac_key;
    s->ticket = (struct krb_enc_ticket){
        .crealm = bytes_of_string("EXAMPLE.TEST"),
        .cname = { KRB_NT_PRINCIPAL, 1, { bytes_of_string("alice") } },
        .authtime_100ns = PAC_AD_USER_AUTHTIME,
    };
    s->proven = (struct krb_proven){ &s->ticket, &s->clear, &s->key, NULL };
    s->room = wire_writer_growing(NULL, 0);
    scene_set_key(s, KRB_AES256_SHA1, HEX(PAC_AD_USER_KEY));
}

void
scene_clear(struct scene *s)
{
    account_identity_unref(s->c.identity);
    wire_writer_clear(&s->ad);
    wire_writer_clear(&s->room);
}

sec_status
scene_authorize(struct scene *s)
{
    wire_writer_clear(&s->room);
    s->room = wire_writer_growing(NULL, 0);
    for (size_t i = 0; i < KRB_NAMES; i++) {
        s->names[i] = (struct bytes){ 0 };
    }
    sec_reason_clear();
    return krb_authorize(&s->c, &s->proven, &s->room, s->names);
}

void
scene_denied(struct scene *s, const char *why)
{
    assert_int_equal(scene_authorize(s), SEC_E_LOGON_DENIED);
    if (!strstr(sec_reason(), why)) {
        fail_msg("\"%s\" does not say \"%s\"", sec_reason(), why);
    }
    assert_null(s->c.identity);
    assert_false(s->c.pac_verified);
    assert_int_equal(s->c.sub_status, SCENE_LOGON_FAILURE);
    for (size_t i = 0; i < KRB_NAMES; i++) {
        assert_int_equal(s->names[i].n, 0);
    }
}

void
scene_accepted(struct scene *s)
{
    sec_status status = scene_authorize(s);

    if (status != SEC_E_OK) {
        fail_msg("%s", sec_reason());
    }
    assert_non_null(s->c.identity);
    assert_int_equal(s->c.sub_status, 0);
    assert_bytes_equal(s->c.identity->user, s->names[KRB_USER]);
    assert_bytes_equal(s->c.identity->domain, s->names[KRB_DOMAIN]);
}

void
scene_again(struct scene *s)
{
    account_identity_unref(s->c.identity);
    s->c.identity = NULL;
    s->c.pac_verified = false;
}

void
scene_assert_group(const struct scene *s, size_t i, const char *sid, const char *name,
                   uint32_t attributes)
{
    assert_true(i < s->c.identity->n_groups);
    assert_string_equal(s->c.identity->group_sids[i], sid);
    assert_string_equal(s->c.identity->groups[i], name);
    assert_int_equal(s->c.identity->group_attributes[i], attributes);
}

void
scene_assert_plain(const struct scene *s, struct bytes user, struct bytes domain)
{
    assert_bytes_equal(s->c.identity->user, user);
    assert_bytes_equal(s->c.identity->domain, domain);
    assert_null(s->c.identity->sid);
    assert_int_equal(s->c.identity->n_groups, 0);
    assert_true(s->c.identity->password_expires_100ns == UINT64_MAX);
    assert_false(s->c.logon_known);
    assert_int_equal(s->names[KRB_UPN].n, 0);
    assert_int_equal(s->names[KRB_LOGON_SERVER].n, 0);
}

struct sid
scene_sid(const char *text)
{
    struct sid sid;

    assert_true(sid_parse(&sid, bytes_of_string(text)));
    return sid;
}

void
draft_init(struct draft *d)
{
    *d = (struct draft){
        .logon = { .user = UTF16("alice"),
                   .domain = UTF16("EXAMPLE"),
                   .logon_server = UTF16("DC1"),
                   .domain_sid = scene_sid("S-1-5-21-1-2-3"),
                   .has_domain_sid = true,
                   .user_rid = 1105,
                   .groups = HEX("01020000 07000000"),
                   .password_must_change_100ns = SCENE_PAC_NEVER_100NS },
        .client = { .authtime_100ns = PAC_AD_USER_AUTHTIME, .name = UTF16("alice") },
    };
}

static void
add(struct pac_buffer *buffers, size_t *n, uint32_t type, struct bytes data)
{
    buffers[(*n)++] = (struct pac_buffer){ type, data };
}

void
scene_issue(struct scene *s, const struct draft *d)
{
    const struct krb_profile *profile = krb_profile_of(s->pac_key.enctype);
    SEC_AUTO(wire_writer) logon = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) client = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) server = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct pac_buffer buffers[6];
    struct bytes parts[5];
    struct pac pac;
    size_t n = 0;

    wire_put_le32(&server, (uint32_t)profile->checksum_type);
    wire_put_zero(&server, profile->checksum_bytes);
    pac_logon_info_encode(&logon, &d->logon, d->extra, d->n_extra);
    pac_client_info_encode(&client, &d->client);
    if (!d->without_logon) {
        add(buffers, &n, PAC_LOGON_INFO, wire_written(&logon));
    }
    if (!d->without_client) {
        add(buffers, &n, PAC_CLIENT_INFO, wire_written(&client));
    }
    if (d->requestor.p) {
        add(buffers, &n, PAC_REQUESTOR, d->requestor);
    }
    if (d->upn.p) {
        add(buffers, &n, PAC_UPN_DNS_INFO, d->upn);
    }
    if (!d->without_server) {
        add(buffers, &n, PAC_SERVER_SIGNATURE, d->server.n ? d->server : wire_written(&server));
    }
    if (!d->without_kdc) {
        add(buffers, &n, PAC_KDC_SIGNATURE, HEX("10000000 000102030405060708090a0b"));
    }
    pac_encode(&w, buffers, n);
    if (pac_decode(&pac, wire_written(&w)) == WIRE_OK &&
        pac.server.value.n >= profile->checksum_bytes) {
        uint8_t sum[KRB_CHECKSUM_MAX_BYTES];

        krb_checksum(&s->pac_key, parts, pac_signed_parts(&pac, parts), sum);
        bytes_copy(w.p + pac.server.at, sum, profile->checksum_bytes);
    }
    scene_set_pac(s, wire_written(&w));
}
