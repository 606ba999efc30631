/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode --keytab: what was encrypted in an AP-REQ. It has no offsets in the token; keys
 * are named by their type. */
#include <stdio.h>

#include "base/text.h"
#include "codec/gss_krb.h"
#include "codec/krb_msg.h"
#include "codec/pac.h"
#include "tools/decode_kerberos.h"

enum { PLAIN_BYTES = 4096, WHY_BYTES = 256, ELEMENTS_MAX = 64 };

static const struct decode_name ticket_flags[] = {
    { KRB_TICKET_FORWARDABLE, "forwardable" },
    { KRB_TICKET_FORWARDED, "forwarded" },
    { KRB_TICKET_PROXIABLE, "proxiable" },
    { 0x08000000, "proxy" },
    { 0x04000000, "may-postdate" },
    { 0x02000000, "postdated" },
    { KRB_TICKET_INVALID, "invalid" },
    { KRB_TICKET_RENEWABLE, "renewable" },
    { KRB_TICKET_INITIAL, "initial" },
    { KRB_TICKET_PRE_AUTHENT, "pre-authent" },
    { 0x00100000, "hw-authent" },
    { 0x00080000, "transited-policy-checked" },
    { KRB_TICKET_OK_AS_DELEGATE, "ok-as-delegate" },
    { 0x00010000, "enc-pa-rep" },
    { KRB_TICKET_ANONYMOUS, "anonymous" },
};

static const struct decode_name gss_flags[] = {
    { GSS_KRB_DELEG, "DELEG" },
    { GSS_KRB_MUTUAL, "MUTUAL" },
    { GSS_KRB_REPLAY, "REPLAY" },
    { GSS_KRB_SEQUENCE, "SEQUENCE" },
    { GSS_KRB_CONF, "CONF" },
    { GSS_KRB_INTEG, "INTEG" },
    { GSS_KRB_DCE_STYLE, "DCE_STYLE" },
    { GSS_KRB_IDENTIFY, "IDENTIFY" },
    { GSS_KRB_EXTENDED_ERROR, "EXTENDED_ERROR" },
    { 0x40, "ANON" },
    { 0x100, "TRANS" },
};

static const struct decode_name ad_types[] = {
    { KRB_AD_IF_RELEVANT, "AD-IF-RELEVANT" },
    { KRB_AD_KDC_ISSUED, "AD-KDCIssued" },
    { KRB_AD_AND_OR, "AD-AND-OR" },
    { KRB_AD_MANDATORY_FOR_KDC, "AD-MANDATORY-FOR-KDC" },
    { KRB_AD_WIN2K_PAC, "AD-WIN2K-PAC: the PAC" },
    { KRB_AD_ETYPE_NEGOTIATION, "AD-ETYPE-NEGOTIATION" },
    { KRB_AD_TOKEN_RESTRICTIONS, "KERB-AUTH-DATA-TOKEN-RESTRICTIONS" },
    { KRB_AD_LOCAL, "KERB-LOCAL" },
    { KRB_AD_AP_OPTIONS, "AD-AUTH-DATA-AP-OPTIONS" },
    { KRB_AD_CLIENT_TARGET, "KERB-AUTH-DATA-CLIENT-TARGET" },
};

static const struct decode_name ap_option_bits[] = {
    { KRB_AD_AP_OPTION_CBT, "KERB_AP_OPTIONS_CBT" },
    { KRB_AD_AP_OPTION_UNVERIFIED_TARGET, "KERB_AP_OPTIONS_UNVERIFIED_TARGET_NAME" },
};

static void
show_principal(struct decode *d, const char *name, const struct krb_name *principal,
               struct bytes realm)
{
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);

    krb_name_put(&text, principal, realm);
    decode_text(d, NULL, name, wire_written(&text), false);
}

static void
show_key(struct decode *d, const char *name, const struct krb_keyblock *key)
{
    const char *type = krb_enctype_name(key->enctype);

    if (key->value.p) {
        decode_line(d, NULL, name, "%d (%s), not shown", key->enctype, type ? type : "unknown");
    }
}

static void
show_element(struct decode *d, const struct krb_ad_element *element)
{
    const char *name = decode_name_of(ad_types, SEC_ARRAY_LEN(ad_types), element->type);

    decode_line(d, NULL, "ad-type", "%d (%s), %zu bytes", element->type, name ? name : "unknown",
                element->data.n);
    d->depth++;
    if (element->type == KRB_AD_AP_OPTIONS && element->data.n == 4) {
        decode_flags(d, NULL, "options", wire_load_le32(element->data.p), ap_option_bits,
                     SEC_ARRAY_LEN(ap_option_bits));
    } else if (element->type == KRB_AD_CLIENT_TARGET) {
        decode_text(d, NULL, "target", element->data, true);
    }
    d->depth--;
}

/* Those in AD-IF-RELEVANT are indented below it. */
static void
show_authorization_data(struct decode *d, struct bytes data, unsigned levels)
{
    struct wire_reader r = wire_reader_of(data);
    struct krb_ad_element element;
    unsigned count = 0;

    d->depth++;
    while (count++ < ELEMENTS_MAX && krb_ad_next(&r, &element)) {
        show_element(d, &element);
        if (element.type == KRB_AD_IF_RELEVANT && levels) {
            show_authorization_data(d, element.data, levels - 1);
        }
    }
    if (wire_status(&r) != WIRE_OK) {
        decode_broken(d, "authorization data %s", wire_err_text(wire_status(&r)));
    }
    d->depth--;
}

static void
show_all_authorization_data(struct decode *d, struct bytes data)
{
    if (data.p) {
        decode_line(d, NULL, "authorization-data", "%zu bytes", data.n);
        show_authorization_data(d, data, KRB_AUTH_DATA_DEPTH_MAX);
    }
}

/* --- the PAC ------------------------------------------------------------------------------- */

static size_t
count_groups(const struct pac_logon_info *info)
{
    struct pac_groups groups = pac_groups_of(info);
    struct pac_group group;
    size_t count = 0;

    while (pac_next_group(&groups, &group)) {
        count++;
    }
    return count;
}

static void
show_logon_info(struct decode *d, struct bytes buffer)
{
    struct pac_logon_info info;

    if (!buffer.p) {
        return;
    }
    if (pac_logon_info_decode(&info, buffer) != WIRE_OK) {
        decode_broken(d, "the PAC's logon information: %s (offset %u in it)", info.fault.field,
                      info.fault.at);
        return;
    }
    decode_text(d, NULL, "user", info.user, true);
    decode_text(d, NULL, "domain", info.domain, true);
    decode_line(d, NULL, "groups", "%zu", count_groups(&info));
}

/* Whose it is and what it weighs; its signatures are not verified here. */
static void
show_pac(struct decode *d, struct bytes whole)
{
    struct pac_client_info client;
    struct pac pac;

    if (!whole.p) {
        decode_line(d, NULL, "PAC", "none");
        return;
    }
    decode_line(d, NULL, "PAC", "%zu bytes, not verified", whole.n);
    d->depth++;
    if (pac_decode(&pac, whole) != WIRE_OK) {
        decode_broken(d, "the PAC's %s (offset %u in it)", pac.fault.field, pac.fault.at);
    } else {
        if (pac.client_info.p && pac_client_info_decode(&client, pac.client_info) == WIRE_OK) {
            decode_text(d, NULL, "client", client.name, true);
        }
        show_logon_info(d, pac.logon_info);
        decode_line(d, NULL, "signatures", "server %s, KDC %s, ticket %s, full %s",
                    pac.server.value.n ? "yes" : "no", pac.kdc.value.n ? "yes" : "no",
                    pac.ticket.value.n ? "yes" : "no", pac.full.value.n ? "yes" : "no");
    }
    d->depth--;
}

/* --- the ticket ---------------------------------------------------------------------------- */

static void
show_enc_ticket(struct decode *d, const struct krb_enc_ticket *m)
{
    enum wire_err err;

    decode_title(d, "the ticket, opened");
    d->depth++;
    decode_flags(d, NULL, "flags", m->flags, ticket_flags, SEC_ARRAY_LEN(ticket_flags));
    show_key(d, "session key", &m->key);
    show_principal(d, "client", &m->cname, m->crealm);
    decode_text(d, NULL, "transited", m->transited, false);
    decode_time(d, NULL, "authtime", m->authtime_100ns);
    if (m->starttime_100ns) {
        decode_time(d, NULL, "starttime", m->starttime_100ns);
    }
    decode_time(d, NULL, "endtime", m->endtime_100ns);
    if (m->renew_till_100ns) {
        decode_time(d, NULL, "renew-till", m->renew_till_100ns);
    }
    if (m->addresses.p) {
        decode_line(d, NULL, "caddr", "%zu bytes", m->addresses.n);
    }
    show_all_authorization_data(d, m->authorization_data);
    show_pac(d, krb_ad_find(m->authorization_data, KRB_AD_WIN2K_PAC, &err));
    d->depth--;
}

/* --- the authenticator --------------------------------------------------------------------- */

static bool
all_zero(struct bytes b)
{
    uint8_t any = 0;

    for (size_t i = 0; i < b.n; i++) {
        any |= b.p[i];
    }
    return any == 0;
}

static void
show_checksum(struct decode *d, const struct krb_authenticator *m)
{
    struct gss_krb_checksum checksum;

    if (m->checksum_type != GSS_KRB_CHECKSUM_TYPE) {
        decode_line(d, NULL, "cksum", "type %d, %zu bytes", m->checksum_type, m->checksum.n);
        return;
    }
    decode_line(d, NULL, "cksum", "0x8003 (GSS-API), %zu bytes", m->checksum.n);
    d->depth++;
    if (gss_krb_checksum_decode(&checksum, m->checksum) != WIRE_OK) {
        decode_broken(d, "the checksum's %s", checksum.fault.field);
    } else {
        if (all_zero(checksum.bindings)) {
            decode_line(d, NULL, "Bnd", "none");
        } else {
            decode_hex(d, NULL, "Bnd", checksum.bindings);
        }
        decode_flags(d, NULL, "Flags", checksum.flags, gss_flags, SEC_ARRAY_LEN(gss_flags));
        if (checksum.krb_cred.p) {
            decode_line(d, NULL, "Deleg", "KRB-CRED, %zu bytes", checksum.krb_cred.n);
        }
    }
    d->depth--;
}

static void
show_authenticator(struct decode *d, const struct krb_authenticator *m)
{
    decode_title(d, "the authenticator, opened");
    d->depth++;
    show_principal(d, "client", &m->cname, m->crealm);
    if (m->checksum.p) {
        show_checksum(d, m);
    }
    decode_time(d, NULL, "ctime", m->ctime_100ns);
    show_key(d, "subkey", &m->subkey);
    if (m->has_sequence) {
        decode_line(d, NULL, "seq-number", "%u", m->sequence);
    }
    show_all_authorization_data(d, m->authorization_data);
    d->depth--;
}

static void
open_authenticator(struct decode *d, const struct krb_ap_req *req,
                   const struct krb_enc_ticket *ticket)
{
    uint8_t room[PLAIN_BYTES];
    SEC_AUTO(wire_writer) plain = wire_writer_secret(room, sizeof(room));
    struct krb_authenticator m;

    if (req->authenticator.enctype != ticket->key.enctype ||
        !d->keys->open_with(d->keys->user, &ticket->key, KRB_USAGE_AUTHENTICATOR,
                            req->authenticator.cipher, &plain)) {
        decode_broken(d, "the authenticator does not open with the ticket's session key");
        return;
    }
    if (krb_authenticator_decode(&m, wire_written(&plain)) != WIRE_OK) {
        decode_broken(d, "the authenticator's %s (offset %u in it)", m.fault.field, m.fault.at);
        return;
    }
    show_authenticator(d, &m);
    if (!krb_name_equal(&m.cname, &ticket->cname) || !bytes_equal(m.crealm, ticket->crealm)) {
        decode_broken(d, "ticket and authenticator name different clients (KRB_AP_ERR_BADMATCH)");
    }
}

/* The reason may have the ticket's names in it. */
static void
say_why(struct decode *d, int32_t code, const char *why)
{
    char escaped[4 * WHY_BYTES + 1] = "";
    struct wire_writer w = wire_writer_fixed(escaped, sizeof(escaped) - 1);

    text_put_escaped(&w, bytes_of_string(why));
    decode_broken(d, "the ticket does not open (%s): %s", krb_error_name(code), escaped);
    decode_note_error(d, code);
}

void
decode_opened(struct decode *d, const struct krb_ap_req *req)
{
    uint8_t room[PLAIN_BYTES];
    SEC_AUTO(wire_writer) plain = wire_writer_secret(room, sizeof(room));
    struct krb_enc_ticket ticket;
    char why[WHY_BYTES] = "";
    int32_t code;

    if (!d->keys) {
        return;
    }
    d->depth++;
    code = d->keys->open_ticket(d->keys->user, &req->ticket, &plain, why, sizeof(why));
    if (code) {
        say_why(d, code, why);
    } else if (krb_enc_ticket_decode(&ticket, wire_written(&plain)) != WIRE_OK) {
        decode_broken(d, "the ticket's %s (offset %u in it)", ticket.fault.field, ticket.fault.at);
    } else {
        show_enc_ticket(d, &ticket);
        open_authenticator(d, req, &ticket);
    }
    d->depth--;
}
