/* SPDX-License-Identifier: Apache-2.0 */
/* What a service makes of a client that has proven itself: the GSS checksum, channel bindings, the
 * target's name. RFC 4121 4.1.1; [MS-KILE] 3.2.5.8, 3.4.5; Microsoft's extended protection. */
#include "base/spn.h"
#include "base/utf16.h"
#include "kerberos/accept.h"

#define STATUS_BAD_BINDINGS UINT32_C(0xC000035B)

enum { TARGET_MAX_BYTES = 2048, NAME_ROOM = 512 };

/* [MS-KILE] 3.4.5 lets who sends no checksum pass as who set no flag; but then nothing says whether
 * the client knew of channel bindings, and the authenticator may have been made for something else
 * than GSS-API. It is refused, and so is another type of checksum. */
sec_status
krb_accept_read_checksum(struct krb_accept *a)
{
    const struct krb_authenticator *m = &a->authenticator;
    enum wire_err err;

    if (!m->checksum.p || m->checksum_type != GSS_KRB_CHECKSUM_TYPE) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_INAPP_CKSUM,
            sec_fail(SEC_E_INVALID_TOKEN,
                     "kerberos: authenticator of %s has %s: it was not made for GSS-API",
                     krb_accept_client(a).s,
                     m->checksum.p ? "a checksum of another type than 0x8003" : "no checksum"));
    }
    err = gss_krb_checksum_decode(&a->checksum, m->checksum);
    if (err != WIRE_OK) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_INAPP_CKSUM,
            krb_refuse(err, "checksum 0x8003", a->checksum.fault.field, a->checksum.fault.at));
    }
    if (a->bare && !(a->checksum.flags & GSS_KRB_DCE_STYLE)) {
        return krb_accept_refuse(a, KRB_AP_ERR_MSG_TYPE,
                                 sec_fail(SEC_E_INVALID_TOKEN,
                                          "kerberos: AP-REQ of %s has no GSS-API frame, and is not "
                                          "of DCE style",
                                          krb_accept_client(a).s));
    }
    return SEC_E_OK;
}

/* "HTTP/web.example.test@EXAMPLE.TEST" without the realm. */
static struct bytes
without_realm(struct bytes name)
{
    for (size_t i = name.n; i >= 2; i -= 2) {
        if (wire_load_le16(name.p + i - 2) == '@') {
            return bytes_of(name.p, i - 2);
        }
    }
    return name;
}

sec_status
krb_accept_read_authorization(struct krb_accept *a)
{
    struct bytes all = a->authenticator.authorization_data;
    enum wire_err err = WIRE_OK;
    struct bytes options, target;

    if (!all.p) {
        return SEC_E_OK;
    }
    options = krb_ad_find(all, KRB_AD_AP_OPTIONS, &err);
    if (err == WIRE_OK && options.p && options.n != 4) {
        err = WIRE_BAD_VALUE;
    }
    if (err != WIRE_OK) {
        return krb_refuse(err, "Authenticator", "AD-AUTH-DATA-AP-OPTIONS", 0);
    }
    a->ap_options = options.p ? wire_load_le32(options.p) : 0;
    target = krb_ad_find(all, KRB_AD_CLIENT_TARGET, &err);
    if (err == WIRE_OK && (target.n % 2 || target.n > TARGET_MAX_BYTES)) {
        err = WIRE_BAD_VALUE;
    }
    if (err != WIRE_OK) {
        return krb_refuse(err, "Authenticator", "KERB_AUTH_DATA_CLIENT_TARGET", 0);
    }
    a->client_target = without_realm(target);
    return SEC_E_OK;
}

/* --- channel bindings ---------------------------------------------------------------------- */

/* The level in force: what is configured, or what the flags of the call mean on Windows, where
 * bindings that are given must be matched unless ALLOW_MISSING says otherwise. */
static enum sec_bindings_policy
bindings_level(const struct krb_accept *a)
{
    enum sec_bindings_policy level = krb_host(a->c)->settings->channel_bindings;

    if (level != SEC_BINDINGS_BY_CALLER) {
        return level;
    }
    if (a->args->wanted & SEC_ALLOW_MISSING_BINDINGS) {
        return SEC_BINDINGS_ALLOW_MISSING;
    }
    return a->args->bindings.given ? SEC_BINDINGS_REQUIRED : SEC_BINDINGS_OFF;
}

static sec_status
bad_bindings(struct krb_accept *a, const char *why)
{
    a->c->sub_status = STATUS_BAD_BINDINGS;
    return krb_accept_refuse(
        a, KRB_ERR_GENERIC,
        sec_fail(SEC_E_BAD_BINDINGS, "kerberos: %s: %s", krb_accept_client(a).s, why));
}

/* Zeros come from a client that has no channel or knows of none; the AP option tells which
 * (aware): only who knows nothing of bindings may be allowed to miss. */
sec_status
krb_accept_check_bindings(struct krb_accept *a)
{
    static const uint8_t zeros[16];
    const struct sec_bindings *own = &a->args->bindings;
    enum sec_bindings_policy level = bindings_level(a);
    bool aware = a->ap_options & KRB_AD_AP_OPTION_CBT;
    bool bound = !secret_equal(a->checksum.bindings.p, zeros, sizeof(zeros));

    a->c->bindings_verified =
        bound && own->given && secret_equal(a->checksum.bindings.p, own->md5, sizeof(own->md5));
    if (a->c->bindings_verified || krb_host(a->c)->settings->channel_bindings == SEC_BINDINGS_OFF) {
        return SEC_E_OK;
    }
    if (bound && own->given) {
        return bad_bindings(a, "the client is bound to another channel");
    }
    if (a->args->wanted & SEC_PROXY_BINDINGS) {
        return bound ? SEC_E_OK : bad_bindings(a, "the client is bound to no channel");
    }
    if (level == SEC_BINDINGS_REQUIRED) {
        return bad_bindings(a, own->given ? "the client sent no channel bindings"
                                          : "this server was given none to check");
    }
    if (level == SEC_BINDINGS_ALLOW_MISSING && aware && own->given) {
        return bad_bindings(a, "the client knows of channel bindings and sent empty ones");
    }
    return SEC_E_OK;
}

/* --- the target's name --------------------------------------------------------------------- */

static bool
is_ours(const struct sec_settings *s, struct bytes name)
{
    for (size_t i = 0; i < s->n_spns; i++) {
        if (spn_matches(s->spns[i], name)) {
            return true;
        }
    }
    return false;
}

static bool
is_name_ours(const void *user, const struct krb_name *name)
{
    uint8_t utf8_room[NAME_ROOM], room[2 * NAME_ROOM];
    struct wire_writer utf8 = wire_writer_fixed(utf8_room, sizeof(utf8_room));
    struct wire_writer w = wire_writer_fixed(room, sizeof(room)); /* no heap, which may fail */

    krb_name_put(&utf8, name, bytes_of(NULL, 0));
    utf16_put_utf8(&w, wire_written(&utf8));
    return wire_writer_status(&utf8) == WIRE_OK && wire_writer_status(&w) == WIRE_OK &&
           is_ours(user, wire_written(&w));
}

/* What opened the ticket says more than the name on it: where the keytab has our names under other
 * keys, the ticket was for somebody else, whatever was written on it on the way. */
static bool
is_key_ours(const struct krb_accept *a)
{
    return !a->key || ticket_keys_owner(&a->keys, a->key, is_name_ours, krb_host(a->c)->settings) !=
                          TICKET_KEY_OTHERS;
}

static sec_status
wrong_target(struct krb_accept *a, const char *why)
{
    return krb_accept_refuse(a, KRB_AP_ERR_NOT_US,
                             sec_fail(SEC_E_WRONG_PRINCIPAL, "kerberos: ticket of %s for %s: %s",
                                      krb_accept_client(a).s, krb_accept_service(a).s, why));
}

/* The ticket's sname stands in the clear: who relays it can put another in its place that has the
 * same key. The name in the authenticator is the client's own word, and must fit as well. A ticket
 * of user-to-user is named after the user that this process acts as. */
sec_status
krb_accept_check_target(struct krb_accept *a)
{
    const struct sec_settings *s = krb_host(a->c)->settings;
    bool required = s->service_binding == SEC_BINDINGS_REQUIRED;
    bool user_to_user = a->c->handshake->user_to_user;

    if (required && (a->ap_options & KRB_AD_AP_OPTION_UNVERIFIED_TARGET)) {
        return wrong_target(a, "the client has the service's name from an untrusted source");
    }
    if (!s->n_spns && !required) {
        return SEC_E_OK;
    }
    if (!user_to_user && !is_ours(s, a->service_name)) {
        return wrong_target(a, "that is none of this service's names (spn)");
    }
    if (!user_to_user && !is_key_ours(a)) {
        return wrong_target(a, "the key that opened it is not the one that the keytab has for "
                               "this service's names (spn)");
    }
    if (a->client_target.n && !is_ours(s, a->client_target)) {
        return wrong_target(a, "the client meant a name that is none of this service's (spn)");
    }
    if (user_to_user && required && !a->client_target.n) {
        return wrong_target(a, "the client named no service");
    }
    return SEC_E_OK;
}
