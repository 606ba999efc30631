/* SPDX-License-Identifier: Apache-2.0 */
/* Who the client of a ticket is: its PAC verified and taken over. [MS-PAC], [MS-KILE] 3.4.5.3,
 * RFC 4120 3.2.3. The ticket has been opened with a key of ours before; the PAC's signature is what
 * says that the KDC, and not whoever else has that key or may add authorization data, wrote it. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "codec/pac.h"
#include "codec/sid_name.h"
#include "kerberos/context.h"

/* STATUS_LOGON_FAILURE */
#define LOGON_FAILURE UINT32_C(0xC000006D)
/* Windows' own "never": in a PAC, where UINT64_MAX is ours. */
#define PAC_NEVER_100NS UINT64_C(0x7FFFFFFFFFFFFFFF)

enum { NAME_ROOM = 512 };

/* What a PAC says once its signature has been verified. */
struct verified {
    struct pac_logon_info logon;
    struct pac_upn_dns_info upn;
    struct sid user;
    bool has_logon;
};

/* Views that go into names. UTF-16LE. */
struct who {
    struct bytes user, domain, upn, logon_server;
};

static sec_status
deny(struct krb_context *c, const char *why)
{
    c->sub_status = LOGON_FAILURE;
    return sec_fail(SEC_E_LOGON_DENIED, "kerberos: %s", why);
}

static sec_status
deny_malformed(struct krb_context *c, const char *what, struct pac_fault fault, enum wire_err err)
{
    c->sub_status = LOGON_FAILURE;
    return sec_fail(SEC_E_LOGON_DENIED, "kerberos: PAC: %s: %s at offset %u %s", what,
                    fault.field ? fault.field : "it", fault.at, wire_err_text(err));
}

static sec_status
no_memory(void)
{
    return sec_fail(SEC_E_INSUFFICIENT_MEMORY, "kerberos: authorization: no memory");
}

/* --- the client's name --------------------------------------------------------------------- */

/* RFC 8062 3: a name that whoever asks is given, and that proves nothing. */
static bool
is_anonymous(const struct krb_enc_ticket *ticket)
{
    const struct krb_name *name = &ticket->cname;

    return (ticket->flags & KRB_TICKET_ANONYMOUS) ||
           bytes_equal(ticket->crealm, bytes_of_string("WELLKNOWN:ANONYMOUS")) ||
           (name->n == 2 && bytes_equal(name->parts[0], bytes_of_string("WELLKNOWN")) &&
            bytes_equal(name->parts[1], bytes_of_string("ANONYMOUS")));
}

/* In UTF-16. Escaped as KDCs write PAC_CLIENT_INFO (MIT; Microsoft's names have nothing to escape), a
 * name of type enterprise like any other: so two names are never one. */
static enum wire_err
put_name(struct wire_writer *w, const struct krb_name *name)
{
    uint8_t room[NAME_ROOM];
    SEC_AUTO(wire_writer) text = wire_writer_growing(room, sizeof(room));

    krb_name_put_alone(&text, name);
    if (wire_writer_status(&text) != WIRE_OK) {
        return wire_writer_status(&text);
    }
    utf16_put_utf8(w, wire_written(&text));
    return wire_writer_status(w);
}

/* --- verifying ----------------------------------------------------------------------------- */

/* [MS-PAC] 2.8.4. The KDC's own signatures (KDC, ticket, extended KDC) are made with keys that the
 * KDC alone has: what they cover is the KDC's to check when it is shown the ticket again. */
static sec_status
verify_server_signature(struct krb_context *c, const struct krb_proven *proven,
                        const struct pac *pac)
{
    const struct krb_checksum_key *key =
        proven->key ? proven->key->verify_pac : proven->tgt_pac_key;
    const struct krb_profile *profile = key ? krb_profile_of(key->enctype) : NULL;
    uint8_t computed[KRB_CHECKSUM_MAX_BYTES];
    struct bytes parts[5];
    bool equal;

    if (!profile) {
        return deny(c, "PAC: no key to verify the server signature with");
    }
    if (pac->server.value.n == 0 || pac->kdc.value.n == 0) {
        return deny(c, pac->server.value.n ? "PAC: the KDC signature is missing"
                                           : "PAC: the server signature is missing");
    }
    /* The type that belongs to the key and no other: a weaker one would lend the key to it. */
    if (pac->server.type != profile->checksum_type ||
        pac->server.value.n != profile->checksum_bytes) {
        c->sub_status = LOGON_FAILURE;
        return sec_fail(SEC_E_LOGON_DENIED,
                        "kerberos: PAC: server signature of type %d, where the key has %d",
                        pac->server.type, profile->checksum_type);
    }
    krb_checksum(key, parts, pac_signed_parts(pac, parts), computed);
    equal = secret_equal(computed, pac->server.value.p, pac->server.value.n);
    secret_wipe(computed, sizeof(computed));
    return equal ? SEC_E_OK : deny(c, "PAC: the server signature does not verify");
}

/* [MS-PAC] 2.7: that this is the PAC of this ticket, whose client's name in UTF-16 name is. */
static sec_status
check_client_info(struct krb_context *c, const struct krb_enc_ticket *ticket, struct bytes name,
                  const struct pac *pac)
{
    struct pac_client_info info;
    enum wire_err err;

    if (!pac->client_info.p) {
        return deny(c, "PAC: the client information is missing");
    }
    err = pac_client_info_decode(&info, pac->client_info);
    if (err != WIRE_OK) {
        return deny_malformed(c, "client information", (struct pac_fault){ 0 }, err);
    }
    /* A ticket's times are whole seconds. */
    if (info.authtime_100ns / CLOCK_SECOND_100NS != ticket->authtime_100ns / CLOCK_SECOND_100NS) {
        return deny(c, "PAC: the client information has another authentication time");
    }
    if (!bytes_equal(info.name, name)) {
        return deny(c, "PAC: the client information names somebody else");
    }
    return SEC_E_OK;
}

/* --- what it says -------------------------------------------------------------------------- */

/* CVE-2021-42287: an account that is renamed between two requests has the KDC fill in another's. The
 * SIDs that say whose PAC this is must all be one. */
static sec_status
check_sids(struct krb_context *c, const struct pac *pac, struct verified *v)
{
    struct sid requestor;
    enum wire_err err;

    if (!pac_user_sid(&v->logon, &v->user)) {
        return deny(c, "PAC: the logon information has no SID of the account");
    }
    if (pac->requestor.p) {
        err = pac_requestor_decode(&requestor, pac->requestor);
        if (err != WIRE_OK) {
            return deny_malformed(c, "requestor", (struct pac_fault){ 0 }, err);
        }
        if (!sid_equal(&requestor, &v->user)) {
            return deny(c, "PAC: the requestor is not the account of the logon information");
        }
    }
    if (v->upn.has_sid && !sid_equal(&v->upn.sid, &v->user)) {
        return deny(c, "PAC: the SID beside the user principal name is not the account's");
    }
    return SEC_E_OK;
}

/* Who sees a name cut at a NUL, or one character in place of another, sees another name: no NUL, and
 * surrogates in pairs alone. */
static bool
is_text(struct bytes utf16)
{
    bool within_pair = false;

    for (size_t i = 0; i + 1 < utf16.n; i += 2) {
        uint16_t unit = wire_load_le16(utf16.p + i);
        bool low = unit >> 10 == 0xDC00 >> 10;

        if (unit == 0 || low != within_pair) {
            return false;
        }
        within_pair = unit >> 10 == 0xD800 >> 10;
    }
    return !within_pair && utf16.n % 2 == 0;
}

static sec_status
read_buffers(struct krb_context *c, const struct pac *pac, struct verified *v)
{
    enum wire_err err;

    if (pac->upn_dns_info.p) {
        err = pac_upn_dns_info_decode(&v->upn, pac->upn_dns_info);
        if (err != WIRE_OK) {
            return deny_malformed(c, "user principal name", (struct pac_fault){ 0 }, err);
        }
        if (!is_text(v->upn.upn)) {
            return deny(c, "PAC: the user principal name is not UTF-16");
        }
    }
    if (!pac->logon_info.p) {
        return SEC_E_OK; /* as MIT's KDC makes them */
    }
    err = pac_logon_info_decode(&v->logon, pac->logon_info);
    if (err != WIRE_OK) {
        return deny_malformed(c, "logon information", v->logon.fault, err);
    }
    if (v->logon.user.n == 0) {
        return deny(c, "PAC: the logon information has no name of the account");
    }
    if (!is_text(v->logon.user) || !is_text(v->logon.domain) || !is_text(v->logon.logon_server)) {
        return deny(c, "PAC: a name of the logon information is not UTF-16");
    }
    v->has_logon = true;
    return check_sids(c, pac, v);
}

/* found: whether there was one to verify. */
static sec_status
verify_pac(struct krb_context *c, const struct krb_proven *proven, struct bytes name,
           struct verified *v, bool *found)
{
    enum wire_err err = WIRE_OK;
    struct bytes data = krb_ad_find(proven->ticket->authorization_data, KRB_AD_WIN2K_PAC, &err);
    struct pac pac;
    sec_status status;

    *found = data.p != NULL;
    if (err != WIRE_OK) {
        return deny(c, "the ticket's authorization data is malformed");
    }
    if (!*found) {
        return krb_host(c)->settings->kerberos.pac == SEC_PAC_REQUIRED
                   ? deny(c, "the ticket has no PAC, and policy requires one")
                   : SEC_E_OK;
    }
    err = pac_decode(&pac, data);
    if (err != WIRE_OK) {
        return deny_malformed(c, "directory", pac.fault, err);
    }
    status = verify_server_signature(c, proven, &pac);
    if (status == SEC_E_OK) {
        status = check_client_info(c, proven->ticket, name, &pac);
    }
    return status == SEC_E_OK ? read_buffers(c, &pac, v) : status;
}

/* --- the identity -------------------------------------------------------------------------- */

/* The groups in the form that an identity has them in. Most clients have few: their table is on the
 * stack, larger ones are in one piece of memory. */
struct group_table {
    const char **names, **sids;
    uint32_t *attributes;
    char (*texts)[SID_TEXT_BYTES];
    size_t n;
    void *heap;
};

enum { FEW_GROUPS = 12 };

struct few_groups {
    const char *names[FEW_GROUPS], *sids[FEW_GROUPS];
    uint32_t attributes[FEW_GROUPS];
    char texts[FEW_GROUPS][SID_TEXT_BYTES];
};

static void
group_table_auto(struct group_table *t)
{
    mem_free(t->heap);
}

static bool
make_room(struct group_table *t, struct few_groups *few, size_t most)
{
    if (most <= FEW_GROUPS) {
        *t = (struct group_table){ few->names, few->sids, few->attributes, few->texts, 0, NULL };
        return true;
    }
    t->heap =
        mem_new_array(most, 2 * sizeof(*t->names) + sizeof(*t->attributes) + sizeof(*t->texts));
    if (!t->heap) {
        return false;
    }
    t->names = t->heap;
    t->sids = t->names + most;
    t->attributes = (uint32_t *)(void *)(t->sids + most);
    t->texts = (char(*)[SID_TEXT_BYTES])(void *)(t->attributes + most);
    return true;
}

static bool
fill_group_table(const struct pac_logon_info *info, struct few_groups *few, struct group_table *t)
{
    size_t most = info->groups.n / 8 + info->n_extra_sids + info->resource_groups.n / 8;
    struct pac_groups groups = pac_groups_of(info);
    struct pac_group group;

    if (!make_room(t, few, most)) {
        return false;
    }
    for (; t->n < most && pac_next_group(&groups, &group); t->n++) {
        const char *name = sid_name_of_group(&group.sid, &info->domain_sid);

        sid_text(&group.sid, t->texts[t->n]);
        t->sids[t->n] = t->texts[t->n];
        t->names[t->n] = name ? name : t->texts[t->n];
        t->attributes[t->n] = group.attributes;
    }
    return true;
}

static uint64_t
time_of_pac(uint64_t t)
{
    return t == 0 || t >= PAC_NEVER_100NS ? UINT64_MAX : t;
}

static struct account_identity *
identity_of_pac(const struct verified *v, const struct who *who)
{
    SEC_AUTO(group_table) groups = { 0 };
    struct few_groups few;
    char sid[SID_TEXT_BYTES];

    if (!fill_group_table(&v->logon, &few, &groups)) {
        return NULL;
    }
    sid_text(&v->user, sid);
    return account_identity_new(&(struct account_identity){
        .user = who->user,
        .domain = who->domain,
        .sid = sid,
        .groups = groups.names,
        .group_sids = groups.sids,
        .group_attributes = groups.attributes,
        .n_groups = (uint32_t)groups.n,
        .password_expires_100ns = time_of_pac(v->logon.password_must_change_100ns),
    });
}

/* Views into room, behind what is there already. */
static sec_status
keep_names(const struct who *who, struct wire_writer *room, struct bytes names[KRB_NAMES])
{
    const struct bytes values[] = { who->user, who->domain, who->upn, who->logon_server };
    static const enum krb_context_name places[] = { KRB_USER, KRB_DOMAIN, KRB_UPN,
                                                    KRB_LOGON_SERVER };
    size_t start = room->len;
    struct wire_reader r;

    for (size_t i = 0; i < SEC_ARRAY_LEN(values); i++) {
        wire_put_bytes(room, values[i]);
    }
    if (wire_writer_status(room) != WIRE_OK) {
        return no_memory();
    }
    r = wire_reader_of(wire_written(room));
    wire_skip(&r, start);
    for (size_t i = 0; i < SEC_ARRAY_LEN(values); i++) {
        names[places[i]] = wire_take(&r, values[i].n);
    }
    return SEC_E_OK;
}

/* Names of the ticket alone: the whole of the client's name, for alice/admin is not alice, and the
 * realm. */
static sec_status
names_of_ticket(struct krb_context *c, const struct krb_enc_ticket *ticket,
                struct wire_writer *name, struct wire_writer *realm)
{
    enum wire_err err = put_name(name, &ticket->cname);

    utf16_put_utf8(realm, ticket->crealm);
    if (err == WIRE_OK) {
        err = wire_writer_status(realm);
    }
    if (err == WIRE_NO_MEMORY) {
        return no_memory();
    }
    if (err != WIRE_OK || name->len == 0 || realm->len == 0) {
        return deny(c, "the client's name is empty or not UTF-8");
    }
    return SEC_E_OK;
}

/* RFC 4120 2.7: who takes a client's name for what it is has to know that each realm on the ticket's
 * way may speak for that client. A KDC that has looked says so by the flag, and KDCs can be asked not to
 * look. Windows' never say so; the names and SIDs in their PACs have been filtered by each of them. */
static sec_status
check_transited(struct krb_context *c, const struct krb_enc_ticket *ticket)
{
    if (!ticket->transited.n || (ticket->flags & KRB_TICKET_TRANSITED_CHECKED)) {
        return SEC_E_OK;
    }
    return deny(c, "the ticket came through other realms, which the KDC did not check "
                   "(transited-policy-checked), and no PAC says who the client is");
}

sec_status
krb_authorize(struct krb_context *c, const struct krb_proven *proven, struct wire_writer *room,
              struct bytes names[KRB_NAMES])
{
    uint8_t name_room[NAME_ROOM], realm_room[NAME_ROOM];
    SEC_AUTO(wire_writer) name = wire_writer_growing(name_room, sizeof(name_room));
    SEC_AUTO(wire_writer) realm = wire_writer_growing(realm_room, sizeof(realm_room));
    struct verified v = { 0 };
    struct account_identity *identity;
    bool found = false;
    struct who who;
    sec_status status;

    if (is_anonymous(proven->ticket)) {
        return deny(c, "the client is anonymous");
    }
    status = names_of_ticket(c, proven->ticket, &name, &realm);
    if (status == SEC_E_OK && krb_host(c)->settings->kerberos.pac != SEC_PAC_IGNORE) {
        status = verify_pac(c, proven, wire_written(&name), &v, &found);
    }
    if (status == SEC_E_OK && !v.has_logon) {
        status = check_transited(c, proven->ticket);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    who = (struct who){
        .user = v.has_logon ? v.logon.user : wire_written(&name),
        .domain = v.has_logon && v.logon.domain.n ? v.logon.domain : wire_written(&realm),
        .upn = v.upn.upn,
        .logon_server = v.logon.logon_server,
    };
    identity = v.has_logon ? identity_of_pac(&v, &who)
                           : account_identity_new(&(struct account_identity){
                                 .user = who.user,
                                 .domain = who.domain,
                                 .password_expires_100ns = UINT64_MAX,
                             });
    if (!identity) {
        return no_memory();
    }
    status = keep_names(&who, room, names);
    if (status != SEC_E_OK) {
        account_identity_unref(identity);
        return status;
    }
    account_identity_unref(c->identity);
    c->identity = identity;
    c->pac_verified = found;
    c->logon_known = v.has_logon;
    c->logoff_100ns = time_of_pac(v.logon.logoff_100ns);
    c->user_flags = v.logon.user_flags;
    c->sub_status = 0;
    return SEC_E_OK;
}
