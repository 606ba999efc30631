/* SPDX-License-Identifier: Apache-2.0 */
/* An acceptor's checks of ticket and authenticator. RFC 4120 3.2.3, 5.5.1; [MS-KILE] 3.4.5. */
#include <stdio.h>

#include "base/clock.h"
#include "kerberos/accept.h"

/* --- the ticket ---------------------------------------------------------------------------- */

/* By its name where we have one; what policy lacks is said before any key is looked for. */
static sec_status
refuse_enctype(struct krb_accept *a, const char *what, int32_t enctype)
{
    return krb_accept_refuse(
        a, KRB_KDC_ERR_ETYPE_NOSUPP,
        sec_fail(SEC_E_KDC_UNKNOWN_ETYPE,
                 "kerberos: %s of the ticket for %s is %s, not in permitted_enctypes: give the "
                 "account AES keys (msDS-SupportedEncryptionTypes 24, new password, new keytab)",
                 what, krb_accept_service(a).s, krb_accept_enctype(enctype).s));
}

/* The reason is what ticket_keys_hold or ticket_keys_explain has said. */
static sec_status
refuse_without_key(struct krb_accept *a, enum ticket_key_verdict verdict)
{
    switch (verdict) {
    case TICKET_KEY_NO_MEMORY: return SEC_E_INSUFFICIENT_MEMORY;
    case TICKET_KEY_NO_PRINCIPAL:
        return krb_accept_refuse(a, KRB_AP_ERR_NOT_US, SEC_E_WRONG_PRINCIPAL);
    case TICKET_KEY_NO_KVNO:
    case TICKET_KEY_NO_ENCTYPE:
        return krb_accept_refuse(a, KRB_AP_ERR_BADKEYVER, SEC_E_LOGON_DENIED);
    default: return krb_accept_refuse(a, KRB_AP_ERR_NOKEY, SEC_E_NO_CREDENTIALS);
    }
}

/* Keys there were, those of other names too, and none opened it. */
static sec_status
refuse_unopened(struct krb_accept *a, const char *principal)
{
    const struct krb_ticket *t = &a->req.ticket;
    enum ticket_key_verdict verdict = ticket_keys_explain(&a->keys, principal, t);

    if (verdict != TICKET_KEY_FOUND) {
        return refuse_without_key(a, verdict);
    }
    return krb_accept_refuse(
        a, KRB_AP_ERR_MODIFIED,
        sec_fail(SEC_E_LOGON_DENIED,
                 "kerberos: ticket for %s (kvno %u, %s) opens with none of %zu keys in the keytab: "
                 "another account's, or of another password; export it again for the account of "
                 "that name",
                 krb_accept_service(a).s, t->enc.kvno, krb_accept_enctype(t->enc.enctype).s,
                 a->keys.n));
}

/* How long this takes tells how many keys there are, and nothing of any of them. */
static sec_status
open_as(struct krb_accept *a, const char *principal, uint8_t *to, struct bytes *plain)
{
    const struct krb_encrypted *enc = &a->req.ticket.enc;

    ticket_keys_hold(a->c->cred->keytab, principal, &a->req.ticket, &a->keys);
    if (!a->keys.n) {
        return refuse_without_key(a, a->keys.verdict);
    }
    for (size_t i = 0; i < a->keys.n; i++) {
        const struct ticket_key *key = a->keys.keys[i];

        if (key->key.enctype == enc->enctype &&
            krb_decrypt(key->open_ticket, enc->cipher, to, plain)) {
            a->key = key;
            return SEC_E_OK;
        }
    }
    return refuse_unopened(a, principal);
}

/* Which of several services is tried last, and so explains itself: the one that the ticket names. */
static size_t
service_of_ticket(const struct krb_accept *a)
{
    const struct krb_credential *cred = a->c->cred;
    const struct krb_accept_text service = krb_accept_service(a);
    struct bytes name = bytes_of(service.s, strcspn(service.s, "@"));

    for (size_t i = 1; i < krb_credential_n_services(cred); i++) {
        const char *own = krb_credential_service(cred, i);

        if (bytes_equal_nocase(bytes_of(own, strcspn(own, "@")), name)) {
            return i;
        }
    }
    return 0;
}

static sec_status
open_with_keytab(struct krb_accept *a, uint8_t *to, struct bytes *plain)
{
    const struct krb_credential *cred = a->c->cred;
    size_t n = krb_credential_n_services(cred), named = n > 1 ? service_of_ticket(a) : 0;
    uint32_t sub_status = a->c->sub_status;

    if (!cred->keytab) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_NOKEY,
            sec_fail(SEC_E_NO_CREDENTIALS, "kerberos: the credential has no keytab"));
    }
    for (size_t i = 1; i < n; i++) {
        if (open_as(a, krb_credential_service(cred, (named + i) % n), to, plain) == SEC_E_OK) {
            sec_reason_clear();
            a->c->error_code = 0;
            a->c->sub_status = sub_status;
            return SEC_E_OK;
        }
        ticket_keys_release(&a->keys);
    }
    return open_as(a, krb_credential_service(cred, named), to, plain);
}

static sec_status
open_with_tgt(struct krb_accept *a, uint8_t *to, struct bytes *plain)
{
    const struct krb_key *key = &a->c->handshake->ticket.key;
    const struct krb_encrypted *enc = &a->req.ticket.enc;
    union krb_cipher_room room;
    bool opened = false;

    if (key->enctype == enc->enctype) {
        opened = krb_decrypt(krb_cipher_init(&room, key, KRB_USAGE_TICKET, KRB_DECRYPT),
                             enc->cipher, to, plain);
        secret_wipe(&room, sizeof(room));
    }
    if (!opened) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_MODIFIED,
            sec_fail(SEC_E_LOGON_DENIED,
                     "kerberos: user-to-user ticket for %s is not of the TGT that was offered",
                     krb_accept_service(a).s));
    }
    return SEC_E_OK;
}

/* The option stands in the clear: it decides which key is tried, and nothing more. */
static sec_status
check_user_to_user(struct krb_accept *a)
{
    bool asked = a->req.options & KRB_AP_USE_SESSION_KEY;

    if (asked == a->c->handshake->user_to_user) {
        return SEC_E_OK;
    }
    return krb_accept_refuse(
        a, asked ? KRB_AP_ERR_NOKEY : KRB_AP_ERR_MSG_TYPE,
        sec_fail(SEC_E_INVALID_TOKEN, "kerberos: AP-REQ: ap-options %s use-session-key, %s",
                 asked ? "have" : "lack",
                 asked ? "and no TGT was asked for" : "after a TGT was asked for"));
}

sec_status
krb_accept_open_ticket(struct krb_accept *a)
{
    const struct krb_encrypted *enc = &a->req.ticket.enc;
    struct krb_context *c = a->c;
    struct bytes plain;
    enum wire_err err;
    uint8_t *to;
    sec_status status = check_user_to_user(a);

    c->ticket_enctype = enc->enctype;
    c->has_kvno = enc->has_kvno;
    c->kvno = enc->kvno;
    if (status != SEC_E_OK) {
        return status;
    }
    if (!krb_context_permits(c, enc->enctype)) {
        return refuse_enctype(a, "encryption type", enc->enctype);
    }
    to = wire_reserve(a->ticket_room, enc->cipher.n);
    if (!to) {
        return krb_refuse(wire_writer_status(a->ticket_room), "ticket", NULL, 0);
    }
    status =
        c->handshake->user_to_user ? open_with_tgt(a, to, &plain) : open_with_keytab(a, to, &plain);
    if (status != SEC_E_OK) {
        return status;
    }
    err = krb_enc_ticket_decode(&a->ticket, plain);
    if (err != WIRE_OK) {
        return krb_refuse(err, "EncTicketPart", a->ticket.fault.field, a->ticket.fault.at);
    }
    a->opened = true;
    return SEC_E_OK;
}

/* "12:34:56" */
static struct krb_accept_text
duration(uint64_t time_100ns)
{
    unsigned long long s = time_100ns / CLOCK_SECOND_100NS;
    struct krb_accept_text out;

    (void)snprintf(out.s, sizeof(out.s), "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    return out;
}

static sec_status
check_times(struct krb_accept *a)
{
    const struct krb_enc_ticket *t = &a->ticket;
    uint64_t skew = krb_accept_settings(a)->skew_100ns;
    /* RFC 4120 5.3: without a starttime it is the authtime. */
    uint64_t start = t->starttime_100ns ? t->starttime_100ns : t->authtime_100ns;

    if (start > a->now_100ns + skew) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_TKT_NYV,
            sec_fail(SEC_E_TIME_SKEW,
                     "kerberos: ticket of %s for %s is not valid for another %s: this machine's "
                     "clock is behind the KDC's; synchronize it",
                     krb_accept_client(a).s, krb_accept_service(a).s,
                     duration(start - a->now_100ns).s));
    }
    if (a->now_100ns > t->endtime_100ns + skew) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_TKT_EXPIRED,
            sec_fail(SEC_E_LOGON_DENIED,
                     "kerberos: ticket of %s for %s ran out %s ago: the client must get another, "
                     "or this machine's clock is ahead of the KDC's",
                     krb_accept_client(a).s, krb_accept_service(a).s,
                     duration(a->now_100ns - t->endtime_100ns).s));
    }
    a->c->start_100ns = start;
    a->c->expires_100ns = t->endtime_100ns;
    return SEC_E_OK;
}

/* What is not looked at. Addresses (caddr): nobody here knows the peer's, and through a proxy or
 * NAT it would not be the client's; they bind a stolen ticket to nothing that its thief could not
 * have. Transited realms: krb_authorize does, where the ticket's name is all that there is. */
sec_status
krb_accept_check_ticket(struct krb_accept *a)
{
    const struct krb_enc_ticket *t = &a->ticket;
    sec_status status;

    a->c->ticket_flags = t->flags;
    if (t->flags & KRB_TICKET_INVALID) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_TKT_NYV,
            sec_fail(SEC_E_LOGON_DENIED,
                     "kerberos: ticket of %s for %s is flagged invalid: postdated, and not "
                     "validated by the KDC yet",
                     krb_accept_client(a).s, krb_accept_service(a).s));
    }
    if (t->flags & KRB_TICKET_ANONYMOUS) {
        return krb_accept_refuse(a, KRB_ERR_GENERIC,
                                 sec_fail(SEC_E_LOGON_DENIED,
                                          "kerberos: ticket for %s is anonymous: it says of nobody "
                                          "who that is",
                                          krb_accept_service(a).s));
    }
    status = check_times(a);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!krb_context_permits(a->c, t->key.enctype)) {
        return refuse_enctype(a, "session key", t->key.enctype);
    }
    if (!krb_key_set(&a->c->handshake->session_key, t->key.enctype, t->key.value)) {
        return krb_refuse(WIRE_BAD_VALUE, "EncTicketPart", "keyvalue", 0);
    }
    return SEC_E_OK;
}

/* --- the authenticator --------------------------------------------------------------------- */

sec_status
krb_accept_open_authenticator(struct krb_accept *a)
{
    const struct krb_key *key = &a->c->handshake->session_key;
    const struct krb_encrypted *enc = &a->req.authenticator;
    union krb_cipher_room room;
    struct bytes plain;
    bool opened = false;
    enum wire_err err;
    uint8_t *to = wire_reserve(a->authenticator_room, enc->cipher.n);

    if (!to) {
        return krb_refuse(wire_writer_status(a->authenticator_room), "authenticator", NULL, 0);
    }
    if (enc->enctype == key->enctype) {
        opened = krb_decrypt(krb_cipher_init(&room, key, KRB_USAGE_AUTHENTICATOR, KRB_DECRYPT),
                             enc->cipher, to, &plain);
        secret_wipe(&room, sizeof(room));
    }
    if (!opened) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_MODIFIED,
            sec_fail(SEC_E_LOGON_DENIED,
                     "kerberos: authenticator of %s for %s was not made with the ticket's session "
                     "key: altered on its way, or the ticket is stolen",
                     krb_accept_client(a).s, krb_accept_service(a).s));
    }
    err = krb_authenticator_decode(&a->authenticator, plain);
    if (err != WIRE_OK) {
        return krb_refuse(err, "Authenticator", a->authenticator.fault.field,
                          a->authenticator.fault.at);
    }
    a->proven = true;
    return SEC_E_OK;
}

/* The client's name and realm must be the ticket's, and its subkey one that policy permits. */
sec_status
krb_accept_check_client(struct krb_accept *a)
{
    const struct krb_authenticator *m = &a->authenticator;
    struct krb_handshake *h = a->c->handshake;

    if (!bytes_equal(m->crealm, a->ticket.crealm) || !krb_name_equal(&m->cname, &a->ticket.cname)) {
        return krb_accept_refuse(
            a, KRB_AP_ERR_BADMATCH,
            sec_fail(SEC_E_LOGON_DENIED,
                     "kerberos: authenticator names another client than the ticket of %s for %s",
                     krb_accept_client(a).s, krb_accept_service(a).s));
    }
    h->ctime_100ns = m->ctime_100ns;
    h->initiator_sequence = m->has_sequence ? m->sequence : 0;
    if (!m->subkey.value.p) {
        return SEC_E_OK;
    }
    if (!krb_context_permits(a->c, m->subkey.enctype)) {
        return refuse_enctype(a, "authenticator's subkey", m->subkey.enctype);
    }
    if (!krb_key_set(&h->initiator_subkey, m->subkey.enctype, m->subkey.value)) {
        return krb_refuse(WIRE_BAD_VALUE, "Authenticator", "subkey", 0);
    }
    return SEC_E_OK;
}

sec_status
krb_accept_check_clock(struct krb_accept *a)
{
    uint64_t ctime = a->authenticator.ctime_100ns, now = a->now_100ns;
    uint64_t away = ctime > now ? ctime - now : now - ctime;
    uint64_t skew = krb_accept_settings(a)->skew_100ns;

    if (away <= skew) {
        return SEC_E_OK;
    }
    return krb_accept_refuse(
        a, KRB_AP_ERR_SKEW,
        sec_fail(SEC_E_TIME_SKEW,
                 "kerberos: authenticator of %s is %llu s %s this machine's clock; clock_skew "
                 "allows %llu: synchronize both with the KDC",
                 krb_accept_client(a).s, (unsigned long long)(away / CLOCK_SECOND_100NS),
                 ctime > now ? "ahead of" : "behind",
                 (unsigned long long)(skew / CLOCK_SECOND_100NS)));
}

/* An authenticator goes by the last bytes of its ciphertext. They are those of its MAC (RC4's stands
 * in front, and is the key of what stands behind), which is over a confounder: no two are alike by
 * chance, and who has not got the key can alter none of them. */
static const uint8_t *
replay_hash(const struct krb_accept *a)
{
    struct bytes cipher = a->req.authenticator.cipher;

    return cipher.n >= TICKET_REPLAY_HASH_BYTES ? cipher.p + cipher.n - TICKET_REPLAY_HASH_BYTES
                                                : NULL;
}

void
krb_accept_expect_replay_check(const struct krb_accept *a)
{
    const uint8_t *hash = replay_hash(a);

    if (hash) {
        ticket_replay_expect(krb_host(a->c)->tickets, hash);
    }
}

/* From here on this authenticator is used up, whatever comes of it. */
sec_status
krb_accept_check_replay(struct krb_accept *a)
{
    const uint8_t *hash = replay_hash(a);
    uint64_t ctime = a->authenticator.ctime_100ns;

    if (!hash) {
        return krb_refuse(WIRE_SHORT, "AP-REQ", "authenticator", 0);
    }
    switch (ticket_replay_check(krb_host(a->c)->tickets, hash, ctime, a->now_100ns)) {
    case TICKET_FRESH: return SEC_E_OK;
    case TICKET_REPLAYED:
        return krb_accept_refuse(
            a, KRB_AP_ERR_REPEAT,
            sec_fail(SEC_E_LOGON_DENIED,
                     "kerberos: replay of an authenticator of %s for %s, made %llu s ago: is the "
                     "request retried or mirrored?",
                     krb_accept_client(a).s, krb_accept_service(a).s,
                     (unsigned long long)(a->now_100ns > ctime ? a->now_100ns - ctime : 0) /
                         CLOCK_SECOND_100NS));
    /* Of these the cache has said why. */
    case TICKET_BEFORE_START: return krb_accept_refuse(a, KRB_AP_ERR_SKEW, SEC_E_TIME_SKEW);
    case TICKET_REPLAY_FULL:
    case TICKET_REPLAY_BROKEN: break;
    }
    return krb_accept_refuse(a, KRB_ERR_GENERIC, SEC_E_NO_AUTHENTICATING_AUTHORITY);
}
