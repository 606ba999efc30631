/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this project reads in a PAC, for a test that has another library read the same bytes.
 *
 *   decode PAC ENCTYPE KEY    ok {JSON}     KEY verifies the server's signature; ENCTYPE 0: none
 *   encode PAC                ok PAC        its logon information, written anew, in a PAC of its own
 */
#include "base/secret.h"
#include "base/utf16.h"
#include "base/wire.h"
#include "codec/pac.h"
#include "crypto/krb_crypt.h"
#include "peers/talk.h"

static void
set_text(json_t *to, const char *key, struct bytes utf16)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    utf8_put_utf16(&w, utf16);
    if (wire_writer_status(&w) != WIRE_OK) {
        talk_die("not UTF-16", key);
    }
    (void)json_object_set_new(to, key, json_stringn(w.len ? (const char *)w.p : "", w.len));
}

static json_t *
sid_json(const struct sid *sid)
{
    char text[SID_TEXT_BYTES];

    sid_text(sid, text);
    return json_string(text);
}

static void
set_number(json_t *to, const char *key, uint64_t value)
{
    (void)json_object_set_new(to, key, json_integer((json_int_t)value));
}

static json_t *
groups_json(const struct pac_logon_info *info)
{
    struct pac_groups groups = pac_groups_of(info);
    json_t *list = json_array();
    struct pac_group group;

    while (pac_next_group(&groups, &group)) {
        (void)json_array_append_new(
            list, json_pack("[o, I]", sid_json(&group.sid), (json_int_t)group.attributes));
    }
    return list;
}

static json_t *
logon_json(const struct pac_logon_info *info)
{
    json_t *out = json_object();
    struct sid sid;

    set_number(out, "logon", info->logon_100ns);
    set_number(out, "logoff", info->logoff_100ns);
    set_number(out, "kickoff", info->kickoff_100ns);
    set_number(out, "password_last_set", info->password_last_set_100ns);
    set_number(out, "password_can_change", info->password_can_change_100ns);
    set_number(out, "password_must_change", info->password_must_change_100ns);
    set_text(out, "user", info->user);
    set_text(out, "full_name", info->full_name);
    set_text(out, "logon_server", info->logon_server);
    set_text(out, "domain", info->domain);
    set_number(out, "primary_group_rid", info->primary_group_rid);
    set_number(out, "user_flags", info->user_flags);
    set_number(out, "user_account_control", info->user_account_control);
    if (pac_user_sid(info, &sid)) {
        (void)json_object_set_new(out, "sid", sid_json(&sid));
    }
    (void)json_object_set_new(out, "groups", groups_json(info));
    return out;
}

static void
set_other_buffers(json_t *out, const struct pac *pac)
{
    struct pac_upn_dns_info upn;
    struct pac_client_info client;
    struct sid sid;

    if (pac_client_info_decode(&client, pac->client_info) == WIRE_OK) {
        set_text(out, "client", client.name);
        set_number(out, "authtime", client.authtime_100ns);
    }
    if (pac->upn_dns_info.p && pac_upn_dns_info_decode(&upn, pac->upn_dns_info) == WIRE_OK) {
        set_text(out, "upn", upn.upn);
        set_text(out, "dns_domain", upn.dns_domain);
        set_text(out, "sam_name", upn.sam_name);
        set_number(out, "upn_flags", upn.flags);
        if (upn.has_sid) {
            (void)json_object_set_new(out, "upn_sid", sid_json(&upn.sid));
        }
    }
    if (pac->requestor.p && pac_requestor_decode(&sid, pac->requestor) == WIRE_OK) {
        (void)json_object_set_new(out, "requestor", sid_json(&sid));
    }
}

static bool
verifies(const struct pac *pac, int32_t enctype, struct bytes key)
{
    struct krb_checksum_key checksum_key;
    uint8_t computed[KRB_CHECKSUM_MAX_BYTES];
    struct bytes parts[5];
    struct krb_key k;

    if (!krb_key_set(&k, enctype, key)) {
        talk_die("not a key", "decode");
    }
    krb_checksum_key_init(&checksum_key, &k, 17);
    krb_checksum(&checksum_key, parts, pac_signed_parts(pac, parts), computed);
    return pac->server.type == krb_profile_of(enctype)->checksum_type &&
           secret_equal(computed, pac->server.value.p, pac->server.value.n);
}

static void
refuse(struct pac_fault fault, enum wire_err err)
{
    talk_failed(wire_err_text(err), NULL, 0, fault.field ? fault.field : "?");
}

static void
decode(struct talk *t)
{
    struct talk_blob whole = talk_blob(t, 1), key = talk_blob(t, 3);
    int32_t enctype = (int32_t)talk_number(t, 2);
    struct pac_logon_info info = { 0 };
    json_t *out;
    struct pac pac;
    enum wire_err err = pac_decode(&pac, bytes_of(whole.p, whole.n));

    if (err != WIRE_OK) {
        refuse(pac.fault, err);
        return;
    }
    err = pac.logon_info.p ? pac_logon_info_decode(&info, pac.logon_info) : WIRE_OK;
    if (err != WIRE_OK) {
        refuse(info.fault, err);
        return;
    }
    out = pac.logon_info.p ? logon_json(&info) : json_object();
    set_other_buffers(out, &pac);
    if (enctype) {
        (void)json_object_set_new(out, "verifies",
                                  json_boolean(verifies(&pac, enctype, bytes_of(key.p, key.n))));
    }
    talk_answer_json(out);
}

static void
encode(struct talk *t)
{
    SEC_AUTO(wire_writer) logon = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct talk_blob whole = talk_blob(t, 1);
    static struct pac_group extra[PAC_GROUPS_MAX];
    struct pac_logon_info info;
    struct pac_groups groups;
    struct pac pac;

    if (pac_decode(&pac, bytes_of(whole.p, whole.n)) != WIRE_OK ||
        pac_logon_info_decode(&info, pac.logon_info) != WIRE_OK) {
        talk_die("not a PAC", "encode");
    }
    groups = pac_groups_of(&info);
    for (size_t i = 0; i < info.groups.n / 8 + info.n_extra_sids; i++) {
        /* those of the domain go first, and are written over */
        size_t place = i < info.groups.n / 8 ? 0 : i - info.groups.n / 8;

        if (!pac_next_group(&groups, &extra[place])) {
            talk_die("too few groups", "encode");
        }
    }
    pac_logon_info_encode(&logon, &info, extra, info.n_extra_sids);
    pac_encode(&w, &(struct pac_buffer){ PAC_LOGON_INFO, wire_written(&logon) }, 1);
    talk_answer("ok", wire_written(&w).p, wire_written(&w).n);
}

int
main(void)
{
    struct talk t = { 0 };

    while (talk_next(&t)) {
        if (talk_is(&t, "decode")) {
            decode(&t);
        } else if (talk_is(&t, "encode")) {
            encode(&t);
        } else {
            talk_die("no such command", t.n_words ? t.words[0] : "");
        }
    }
    talk_clear(&t);
    return 0;
}
