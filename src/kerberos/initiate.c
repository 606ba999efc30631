/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of the AP exchange, up to its AP-REQ. RFC 4120 3.2.2, 5.5.1; RFC 4121 4.1.1;
 * RFC 4537; [MS-KILE] 3.2.5.8; draft-swift-win2k-krb-user2user-03. */
#include "kerberos/initiate.h"

#include "base/der.h"
#include "base/mem.h"
#include "base/utf16.h"

enum {
    NAME_ROOM = 256,
    AUTHENTICATOR_ROOM = 1024, /* on the stack; what carries a TGT goes to the heap */
    KRB_CRED_MAX = UINT16_MAX, /* RFC 4121 4.1.1: Dlgth has two octets */
    CUSEC_100NS = 10,          /* KerberosTime counts microseconds */
};

/* --- flags --------------------------------------------------------------------------------- */

/* What of the caller's wishes is granted when all goes well; delegation is decided with the ticket
 * at hand. */
static uint32_t
offered_flags(uint32_t wanted)
{
    uint32_t flags = SEC_CONNECTION;

    flags |=
        wanted & (SEC_MUTUAL_AUTH | SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT | SEC_CONFIDENTIALITY |
                  SEC_IDENTIFY | SEC_EXTENDED_ERROR | SEC_DCE_STYLE | SEC_USE_SESSION_KEY);
    /* SSPI: "REPLAY_DETECT and SEQUENCE_DETECT imply INTEGRITY"; what is sealed has it anyway. */
    if ((wanted & SEC_INTEGRITY && !(wanted & SEC_NO_INTEGRITY)) ||
        (flags & (SEC_REPLAY_DETECT | SEC_SEQUENCE_DETECT | SEC_CONFIDENTIALITY))) {
        flags |= SEC_INTEGRITY;
    }
    /* [MS-KILE] 3.2.5.8: three legs prove both sides. */
    if (flags & SEC_DCE_STYLE) {
        flags |= SEC_MUTUAL_AUTH;
    }
    return flags;
}

static uint32_t
checksum_flags(uint32_t offered)
{
    static const struct {
        uint32_t flag, gss;
    } pairs[] = {
        { SEC_DELEGATE, GSS_KRB_DELEG },
        { SEC_MUTUAL_AUTH, GSS_KRB_MUTUAL },
        { SEC_REPLAY_DETECT, GSS_KRB_REPLAY },
        { SEC_SEQUENCE_DETECT, GSS_KRB_SEQUENCE },
        { SEC_CONFIDENTIALITY, GSS_KRB_CONF },
        { SEC_INTEGRITY, GSS_KRB_INTEG },
        { SEC_DCE_STYLE, GSS_KRB_DCE_STYLE },
        { SEC_IDENTIFY, GSS_KRB_IDENTIFY },
        { SEC_EXTENDED_ERROR, GSS_KRB_EXTENDED_ERROR },
    };
    uint32_t flags = 0;

    for (size_t i = 0; i < SEC_ARRAY_LEN(pairs); i++) {
        flags |= offered & pairs[i].flag ? pairs[i].gss : 0;
    }
    return flags;
}

/* --- the ticket ---------------------------------------------------------------------------- */

/* A principal's name as the KDC spells it, in UTF-16LE: appended to w, and where it lies. */
static struct bytes
put_name(struct wire_writer *w, const struct krb_name *name, struct bytes realm)
{
    uint8_t room[NAME_ROOM];
    SEC_AUTO(wire_writer) utf8 = wire_writer_growing(room, sizeof(room));
    size_t start = w->len;

    krb_name_put(&utf8, name, realm);
    utf16_put_utf8(w, wire_written(&utf8));
    if (wire_writer_status(&utf8) != WIRE_OK || wire_writer_status(w) != WIRE_OK) {
        w->err = wire_writer_status(w) != WIRE_OK ? wire_writer_status(w) : WIRE_NO_MEMORY;
        return (struct bytes){ 0 };
    }
    return (struct bytes){ (const uint8_t *)(uintptr_t)start, w->len - start };
}

static sec_status
keep_ticket_names(struct krb_context *c, const struct ticket *t)
{
    uint8_t room[4 * NAME_ROOM];
    SEC_AUTO(wire_writer) w = wire_writer_growing(room, sizeof(room));
    struct bytes names[KRB_NAMES] = { 0 };
    static const struct bytes no_realm = { 0 };

    names[KRB_CLIENT] = put_name(&w, &t->cname, t->crealm);
    names[KRB_SERVICE] = put_name(&w, &t->sname, t->realm);
    names[KRB_USER] = put_name(&w, &t->cname, no_realm);
    names[KRB_DOMAIN].p = (const uint8_t *)(uintptr_t)w.len;
    utf16_put_utf8(&w, t->crealm);
    names[KRB_DOMAIN].n = w.len - (uintptr_t)names[KRB_DOMAIN].p;
    if (wire_writer_status(&w) != WIRE_OK) {
        return krb_refuse(wire_writer_status(&w), "names of the ticket", "name", 0);
    }
    for (unsigned i = 0; i < KRB_NAMES; i++) {
        names[i].p = w.p + (uintptr_t)names[i].p; /* the writer no longer moves */
    }
    names[KRB_TARGET] = krb_context_name(c, KRB_TARGET);
    return krb_context_keep_names(c, names);
}

/* The ticket's own fields in the clear: what its service's key is. */
static sec_status
note_ticket(struct krb_context *c, const struct ticket *t)
{
    struct krb_ticket clear;
    enum wire_err err = krb_ticket_decode(&clear, t->der);

    if (err != WIRE_OK) {
        return krb_refuse(err, "Ticket", clear.fault.field, clear.fault.at);
    }
    c->ticket_enctype = clear.enc.enctype;
    c->session_enctype = t->key.enctype;
    c->has_kvno = clear.enc.has_kvno;
    c->kvno = clear.enc.has_kvno ? clear.enc.kvno : 0;
    c->ticket_flags = t->flags;
    /* By our clock. */
    c->start_100ns =
        t->start_100ns ? t->start_100ns - t->kdc_offset_100ns : krb_host(c)->now_100ns(krb_host(c));
    c->expires_100ns = t->end_100ns - t->kdc_offset_100ns;
    return keep_ticket_names(c, t);
}

static bool
has_ended(const struct krb_context *c, const struct ticket *t)
{
    return krb_host(c)->now_100ns(krb_host(c)) + t->kdc_offset_100ns >= t->end_100ns;
}

static sec_status
check_ticket(const struct krb_context *c, const struct ticket *t)
{
    if (has_ended(c, t)) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: the ticket has run out");
    }
    if (t->flags & KRB_TICKET_INVALID) {
        return sec_fail(SEC_E_NO_CREDENTIALS,
                        "kerberos: the ticket is postdated and not yet valid");
    }
    if (!krb_context_permits(c, t->key.enctype)) {
        return sec_fail(SEC_E_KDC_UNKNOWN_ETYPE,
                        "kerberos: encryption type %d of the session key is not permitted",
                        t->key.enctype);
    }
    return SEC_E_OK;
}

static bool
may_delegate(const struct krb_handshake *h)
{
    return h->wanted & SEC_DELEGATE && h->offered & SEC_MUTUAL_AUTH;
}

sec_status
krb_initiator_get_ticket(struct krb_context *c, struct bytes peer_tgt, bool fresh)
{
    struct krb_handshake *h = c->handshake;
    struct ticket_request request = {
        .target = krb_context_name(c, KRB_TARGET),
        .peer_tgt = peer_tgt,
        .delegate = may_delegate(h),
        .fresh = fresh,
    };
    struct ticket t = { 0 };
    sec_status status = ticket_get(c->cred->holder, &request, &t, &c->error_code);

    if (status == SEC_E_OK && !fresh && has_ended(c, &t)) {
        ticket_clear(&t);
        request.fresh = true;
        status = ticket_get(c->cred->holder, &request, &t, &c->error_code);
    }
    if (status == SEC_E_OK) {
        status = check_ticket(c, &t);
    }
    if (status == SEC_E_OK) {
        status = note_ticket(c, &t);
    }
    if (status != SEC_E_OK) {
        ticket_clear(&t);
        return status;
    }
    ticket_clear(&h->ticket);
    h->ticket = t;
    h->session_key = t.key;
    secret_wipe(&t, sizeof(t));
    return SEC_E_OK;
}

/* --- delegation ---------------------------------------------------------------------------- */

/* SSPI lets the context succeed without what was asked for: the reason is what the caller has. */
static sec_status
refuse_delegation(struct krb_context *c)
{
    const char *reason = sec_reason();

    mem_free(c->delegation_refused);
    c->delegation_refused = mem_dup(reason, strlen(reason));
    sec_reason_clear();
    return c->delegation_refused ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* The forwarded TGT is appended to out and SEC_DELEGATE offered; or neither. */
static sec_status
delegate(struct krb_context *c, struct wire_writer *out)
{
    struct krb_handshake *h = c->handshake;
    sec_status status = SEC_E_OK;

    h->offered &= ~(uint32_t)SEC_DELEGATE;
    if (!(h->wanted & SEC_DELEGATE)) {
        return SEC_E_OK;
    }
    if (!(h->offered & SEC_MUTUAL_AUTH)) {
        status =
            sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: no delegation without mutual authentication");
    } else if (!(h->ticket.flags & KRB_TICKET_OK_AS_DELEGATE)) {
        /* RFC 4120 2.8: the KDC does not trust the service with it. */
        status = sec_fail(SEC_E_NO_CREDENTIALS,
                          "kerberos: no delegation: the ticket is not ok-as-delegate");
    } else {
        status = ticket_forward(c->cred->holder, &h->ticket, out);
    }
    if (status == SEC_E_OK && out->len > KRB_CRED_MAX) {
        status = sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: no delegation: KRB-CRED of %zu bytes",
                          out->len);
    }
    if (status == SEC_E_OK) {
        h->offered |= SEC_DELEGATE;
        return SEC_E_OK;
    }
    return status == SEC_E_INSUFFICIENT_MEMORY ? status : refuse_delegation(c);
}

/* --- the authenticator --------------------------------------------------------------------- */

/* RFC 4537 3: EtypeList, "in decreasing preference order", of what the acceptor's subkey may have
 * rather than the type of a session key that the KDC chose. Empty where that is the best we have. */
static void
put_enctypes(const struct krb_context *c, struct wire_writer *w)
{
    const struct sec_kerberos_settings *s = &krb_host(c)->settings->kerberos;
    size_t n = 0;

    while (n < s->n_enctypes && s->enctypes[n] != c->handshake->session_key.enctype) {
        n++;
    }
    if (n == 0 || n == s->n_enctypes) {
        return;
    }
    der_put_header(w, DER_SEQUENCE, (n + 1) * der_size(1));
    for (size_t i = 0; i <= n; i++) {
        uint8_t enctype = (uint8_t)s->enctypes[i]; /* ours have one octet, all positive */

        der_put(w, DER_INTEGER, bytes_of(&enctype, 1));
    }
}

/* [MS-KILE] 3.2.5.8: in the first AD-IF-RELEVANT, for the acceptor to hold channel bindings and
 * target against. We say that we know of channel bindings where the caller gave some. */
static void
put_authorization_data(struct krb_context *c, struct wire_writer *w)
{
    const struct krb_handshake *h = c->handshake;
    uint8_t options[4], enctype_room[64], inner_room[4 * NAME_ROOM];
    struct wire_writer enctypes = wire_writer_fixed(enctype_room, sizeof(enctype_room));
    SEC_AUTO(wire_writer) inner = wire_writer_growing(inner_room, sizeof(inner_room));
    struct krb_ad_element elements[3], relevant = { .type = KRB_AD_IF_RELEVANT };
    uint32_t set = (h->bindings.given ? KRB_AD_AP_OPTION_CBT : 0u) |
                   (h->wanted & SEC_UNVERIFIED_TARGET ? KRB_AD_AP_OPTION_UNVERIFIED_TARGET : 0u);
    size_t n = 0;

    if (set) {
        wire_store_le32(options, set);
        elements[n++] =
            (struct krb_ad_element){ KRB_AD_AP_OPTIONS, bytes_of(options, sizeof(options)) };
    }
    elements[n++] =
        (struct krb_ad_element){ KRB_AD_CLIENT_TARGET, krb_context_name(c, KRB_SERVICE) };
    put_enctypes(c, &enctypes);
    if (enctypes.len) {
        elements[n++] =
            (struct krb_ad_element){ KRB_AD_ETYPE_NEGOTIATION, wire_written(&enctypes) };
    }
    krb_ad_encode(&inner, elements, n);
    relevant.data = wire_written(&inner);
    if (wire_writer_status(&inner) != WIRE_OK) {
        w->err = WIRE_NO_MEMORY;
        return;
    }
    krb_ad_encode(w, &relevant, 1);
}

/* KerberosTime of the acceptor's clock, as far as we know it. */
static uint64_t
authenticator_time(const struct krb_context *c)
{
    const struct krb_handshake *h = c->handshake;
    uint64_t offset = h->clock_offset_100ns ? h->clock_offset_100ns : h->ticket.kdc_offset_100ns;
    uint64_t now = krb_host(c)->now_100ns(krb_host(c)) + offset;

    return now - now % CUSEC_100NS;
}

static sec_status
make_keys(struct krb_context *c)
{
    struct krb_handshake *h = c->handshake;
    sec_status status = krb_context_new_subkey(c, &h->session_key, &h->initiator_subkey);

    return status == SEC_E_OK ? krb_context_new_sequence(c, &h->initiator_sequence) : status;
}

static sec_status
put_authenticator(struct krb_context *c, struct wire_writer *out)
{
    struct krb_handshake *h = c->handshake;
    uint8_t ad_room[4 * NAME_ROOM];
    SEC_AUTO(wire_writer) krb_cred = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) checksum = wire_writer_growing(NULL, 0);
    SEC_AUTO(wire_writer) ad = wire_writer_growing(ad_room, sizeof(ad_room));
    static const uint8_t no_bindings[16];
    struct gss_krb_checksum sum = {
        .bindings = bytes_of(h->bindings.given ? h->bindings.md5 : no_bindings, 16),
    };
    struct krb_authenticator a = {
        .crealm = h->ticket.crealm,
        .cname = h->ticket.cname,
        .checksum_type = GSS_KRB_CHECKSUM_TYPE,
        .ctime_100ns = authenticator_time(c),
        .has_sequence = true,
    };
    sec_status status = make_keys(c);

    if (status == SEC_E_OK) {
        status = delegate(c, &krb_cred);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    sum.flags = checksum_flags(h->offered);
    sum.krb_cred = h->offered & SEC_DELEGATE ? wire_written(&krb_cred) : (struct bytes){ 0 };
    gss_krb_checksum_encode(&checksum, &sum);
    put_authorization_data(c, &ad);
    if (wire_writer_status(&checksum) != WIRE_OK || wire_writer_status(&ad) != WIRE_OK) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    a.checksum = wire_written(&checksum);
    a.authorization_data = wire_written(&ad);
    a.subkey = (struct krb_keyblock){ h->initiator_subkey.enctype,
                                      bytes_of(h->initiator_subkey.b, h->initiator_subkey.n) };
    a.sequence = h->initiator_sequence;
    h->ctime_100ns = a.ctime_100ns;
    krb_authenticator_encode(out, &a);
    return wire_writer_status(out) == WIRE_OK
               ? SEC_E_OK
               : krb_refuse(wire_writer_status(out), "Authenticator", NULL, 0);
}

/* --- AP-REQ -------------------------------------------------------------------------------- */

static sec_status
put_ap_req(struct krb_context *c, struct wire_writer *out)
{
    struct krb_handshake *h = c->handshake;
    uint8_t plain_room[AUTHENTICATOR_ROOM], cipher_room[AUTHENTICATOR_ROOM];
    SEC_AUTO(wire_writer) plain = wire_writer_secret(plain_room, sizeof(plain_room));
    SEC_AUTO(wire_writer) cipher = wire_writer_growing(cipher_room, sizeof(cipher_room));
    SEC_AUTO(wire_writer) body = wire_writer_growing(NULL, 0);
    struct krb_ap_req m = {
        .options = (h->offered & SEC_MUTUAL_AUTH ? KRB_AP_MUTUAL_REQUIRED : 0u) |
                   (h->user_to_user ? KRB_AP_USE_SESSION_KEY : 0u),
        .ticket = { .whole = h->ticket.der },
        .authenticator = { .enctype = h->session_key.enctype },
    };
    sec_status status = put_authenticator(c, &plain);

    if (status == SEC_E_OK) {
        status = krb_context_encrypt(c, &h->session_key, KRB_USAGE_AUTHENTICATOR,
                                     wire_written(&plain), &cipher);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    m.authenticator.cipher = wire_written(&cipher);
    krb_ap_req_encode(&body, &m);
    if (wire_writer_status(&body) != WIRE_OK) {
        return krb_refuse(wire_writer_status(&body), "AP-REQ", NULL, 0);
    }
    krb_context_put_token(c, GSS_KRB_AP_REQ, h->offered & SEC_DCE_STYLE, wire_written(&body), out);
    return wire_writer_status(out) == WIRE_OK
               ? SEC_E_OK
               : krb_refuse(wire_writer_status(out), "AP-REQ", NULL, 0);
}

sec_status
krb_initiator_send_ap_req(struct krb_context *c, struct sec_step_args *args,
                          struct wire_writer *out)
{
    sec_status status = put_ap_req(c, out);

    if (status != SEC_E_OK) {
        return status;
    }
    if (c->handshake->offered & SEC_MUTUAL_AUTH) {
        c->state = KRB_WAIT_AP_REP;
        return SEC_I_CONTINUE_NEEDED;
    }
    return krb_context_establish(c, c->handshake->offered, args);
}

/* --- the first leg ------------------------------------------------------------------------- */

static sec_status
check_wishes(const struct sec_step_args *args)
{
    if (args->wanted & SEC_DATAGRAM) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION, "kerberos: no datagram contexts");
    }
    if (args->wanted & SEC_NULL_SESSION) {
        return sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: nobody has no ticket (null session)");
    }
    if (args->wanted & SEC_USE_SESSION_KEY && args->wanted & SEC_DCE_STYLE) {
        return sec_fail(SEC_E_UNSUPPORTED_FUNCTION,
                        "kerberos: user-to-user has more legs than DCE style");
    }
    if (args->target.n == 0) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "kerberos: no target name to get a ticket for");
    }
    return SEC_E_OK;
}

/* "service/host@REALM": its parts, in the caller's room; what stands between the slashes goes over
 * the wire as it is, since the acceptor only chooses among its own TGTs by it. */
static void
split_target(struct bytes utf8, struct krb_tgt_req *out)
{
    struct bytes name = utf8;

    for (size_t i = utf8.n; i > 0; i--) {
        if (utf8.p[i - 1] == '@') {
            name.n = i - 1;
            out->realm = bytes_of(utf8.p + i, utf8.n - i);
            break;
        }
    }
    out->server.type = KRB_NT_UNKNOWN;
    for (size_t i = 0, start = 0; i <= name.n && out->server.n < KRB_NAME_PARTS_MAX; i++) {
        if (i == name.n || name.p[i] == '/') {
            out->server.parts[out->server.n++] = bytes_of(name.p + start, i - start);
            start = i + 1;
        }
    }
}

/* Whose TGT is wanted. */
static sec_status
send_tgt_req(struct krb_context *c, struct wire_writer *out)
{
    uint8_t name_room[NAME_ROOM], room[2 * NAME_ROOM];
    SEC_AUTO(wire_writer) name = wire_writer_growing(name_room, sizeof(name_room));
    SEC_AUTO(wire_writer) body = wire_writer_growing(room, sizeof(room));
    struct krb_tgt_req m = { 0 };

    utf8_put_utf16(&name, krb_context_name(c, KRB_TARGET));
    if (wire_writer_status(&name) == WIRE_BAD_VALUE) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "kerberos: the target name is not UTF-16");
    }
    split_target(wire_written(&name), &m);
    krb_tgt_req_encode(&body, &m);
    krb_context_put_token(c, GSS_KRB_TGT_REQ, false, wire_written(&body), out);
    if (wire_writer_status(&name) != WIRE_OK || wire_writer_status(&body) != WIRE_OK ||
        wire_writer_status(out) != WIRE_OK) {
        return krb_refuse(wire_writer_status(out) != WIRE_OK ? wire_writer_status(out)
                                                             : WIRE_NO_MEMORY,
                          "TGT-REQ", NULL, 0);
    }
    c->state = KRB_WAIT_TGT_REP;
    return SEC_I_CONTINUE_NEEDED;
}

sec_status
krb_initiator_begin(struct krb_context *c, struct sec_step_args *args, struct wire_writer *out)
{
    struct krb_handshake *h = c->handshake;
    const struct bytes names[KRB_NAMES] = { [KRB_TARGET] = args->target };
    sec_status status = check_wishes(args);

    if (status == SEC_E_OK) {
        status = krb_context_keep_names(c, names);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    c->target_sent = true;
    h->wanted = args->wanted;
    h->offered = offered_flags(args->wanted);
    h->user_to_user = args->wanted & SEC_USE_SESSION_KEY;
    if (h->user_to_user) {
        return send_tgt_req(c, out);
    }
    status = krb_initiator_get_ticket(c, (struct bytes){ 0 }, false);
    return status == SEC_E_OK ? krb_initiator_send_ap_req(c, args, out) : status;
}
