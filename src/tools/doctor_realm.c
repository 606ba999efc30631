/* SPDX-License-Identifier: Apache-2.0 */
/* Names, clocks, KDCs, and why no ticket is to be had. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tools/doctor.h"

enum {
    KDC_C_UNKNOWN = 6,
    KDC_S_UNKNOWN = 7,
    KDC_NOT_UNIQUE = 8,
    KDC_POLICY = 12,
    KDC_ETYPE_NOSUPP = 14,
    KDC_REVOKED = 18,
    KDC_KEY_EXPIRED = 23,
    KDC_PREAUTH_FAILED = 24,
    AP_EXPIRED = 32,
    AP_SKEW = 37,
    KDC_WRONG_REALM = 68,
    SKEW_NOTED_S = 60,
};

/* --- the host ------------------------------------------------------------------------------ */

static bool
means_yes(const char *value)
{
    return strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 ||
           strcasecmp(value, "on") == 0 || strcmp(value, "1") == 0;
}

static void
judge_canonical(struct doctor_report *r, const struct doctor_host *h)
{
    if (!h->canonical[0] || strcasecmp(h->canonical, h->host) == 0) {
        return;
    }
    if (!means_yes(h->canonicalize)) {
        doctor_find(r, DOCTOR_OK, "dns", "%s is an alias of %s; dns_canonicalize_hostname is %s",
                    h->host, h->canonical, h->canonicalize);
        return;
    }
    doctor_find(
        r, h->canonical_has_key ? DOCTOR_OK : DOCTOR_WARNING, "dns",
        "%s is an alias: clients that have dns_canonicalize_hostname = true, as it is here, "
        "ask for a ticket for %s instead",
        h->host, h->canonical);
    if (!h->canonical_has_key) {
        doctor_remedy(r,
                      "register both names on the same account and export both (setspn -S "
                      "HTTP/%s ACCOUNT), or set dns_canonicalize_hostname = fallback",
                      h->canonical);
    }
}

static void
judge_mapping(struct doctor_report *r, const struct doctor_host *h)
{
    const char *own = h->key_realm[0] ? h->key_realm : h->default_realm;

    if (h->realm[0] && own[0] && strcmp(h->realm, own) != 0) {
        doctor_find(r, DOCTOR_FAULT, "realm",
                    "krb5.conf maps %s to realm %s, and the service's is %s: clients ask for "
                    "krbtgt/%s",
                    h->host, h->realm, own, h->realm);
        doctor_remedy(r,
                      "under [domain_realm] put %s = %s, or take the line away and let the KDC "
                      "refer",
                      h->host, own);
    }
    if (!h->default_realm[0]) {
        doctor_find(r, DOCTOR_FAULT, "realm", "krb5.conf has no default_realm");
        doctor_remedy(r, "set default_realm under [libdefaults]");
    }
}

void
doctor_judge_host(struct doctor_report *r, const struct doctor_host *h)
{
    if (h->is_address) {
        doctor_find(r, DOCTOR_FAULT, "dns", "%s names an address: no ticket is made out to one",
                    h->spn);
        doctor_remedy(r, "use the server's DNS name in links, and send who comes by address there "
                         "before asking for a logon");
        return;
    }
    if (!h->resolves) {
        doctor_find(r, DOCTOR_WARNING, "dns", "%s does not resolve: %s", h->host, h->resolve_error);
        doctor_remedy(r, "mend the name in DNS or in the SPN: clients must find the host by the "
                         "name that the SPN has");
    } else {
        judge_canonical(r, h);
    }
    judge_mapping(r, h);
}

/* --- the KDC ------------------------------------------------------------------------------- */

bool
doctor_judge_kdc(struct doctor_report *r, const struct doctor_kdc *k)
{
    long long ahead = k->ahead_s, off = ahead < 0 ? -ahead : ahead;

    if (!k->answers) {
        doctor_find(r, DOCTOR_FAULT, "kdc", "no KDC of %s answers: %s", k->realm, k->reason);
        doctor_remedy(r,
                      "open port 88, TCP and UDP, to the domain controllers; check %s%s%s and the "
                      "SRV records _kerberos._udp.%s and _kerberos._tcp.%s",
                      k->kdcs[0] ? "the line kdc = " : "the kdc lines of krb5.conf", k->kdcs,
                      k->kdcs[0] ? " of krb5.conf" : "", k->realm, k->realm);
        return false;
    }
    if (k->krb_error == KDC_WRONG_REALM) {
        doctor_find(r, DOCTOR_FAULT, "realm", "the KDC that answers is not one of %s", k->realm);
        doctor_remedy(r, "mend the kdc lines of %s in krb5.conf, or default_realm", k->realm);
        return false;
    }
    if (!k->has_time) {
        doctor_find(r, DOCTOR_OK, "kdc", "a KDC of %s answers", k->realm);
    } else if (off > k->skew_s) {
        doctor_find(r, DOCTOR_FAULT, "clock",
                    "this machine's clock is %lld s %s the KDC's of %s; %u s are let pass", off,
                    ahead > 0 ? "ahead of" : "behind", k->realm, k->skew_s);
        doctor_remedy(r, "run chrony against the domain controllers; do not widen clock_skew");
    } else if (off > SKEW_NOTED_S) {
        doctor_find(r, DOCTOR_WARNING, "clock", "this machine's clock is %lld s %s the KDC's of %s",
                    off, ahead > 0 ? "ahead of" : "behind", k->realm);
        doctor_remedy(r, "run chrony against the domain controllers, before it is more");
    } else {
        doctor_find(r, DOCTOR_OK, "kdc", "a KDC of %s answers; clocks differ by %lld s", k->realm,
                    off);
    }
    return true;
}

/* --- refusals ------------------------------------------------------------------------------ */

static const struct {
    int32_t code;
    const char *check, *text, *remedy; /* # is the SPN */
} refusals[] = {
    { KDC_S_UNKNOWN, "spn", "no account has the SPN #",
      "setspn -S # ACCOUNT (or samba-tool spn add), then add its key to the keytab; clients send "
      "NTLM or nothing until then" },
    { KDC_NOT_UNIQUE, "spn", "more than one account has the SPN #",
      "setspn -X finds them; take it from all but one (setspn -D # ACCOUNT)" },
    { KDC_ETYPE_NOSUPP, "enctype", "the KDC has no encryption type for # in common with the client",
      "set msDS-SupportedEncryptionTypes to 24 on the account, set its password anew for AES keys, "
      "export again; see permitted_enctypes in krb5.conf" },
    { AP_SKEW, "clock", "the KDC finds the clocks too far apart",
      "run chrony against the domain controllers; do not widen clock_skew" },
    { KDC_REVOKED, "account", "the account that asks is disabled or locked",
      "Enable-ADAccount or samba-tool user enable, if it is to be let in" },
    { KDC_KEY_EXPIRED, "account", "the password of the account that asks has run out",
      "set it anew (kpasswd; for a service: no expiry), and export the keytab again" },
    { KDC_PREAUTH_FAILED, "key", "the KDC takes the keytab's key for a wrong password",
      "the account's password was set after the export, or by hand with another salt: export the "
      "keytab again" },
    { KDC_POLICY, "account", "the KDC's policy refuses the ticket for #",
      "see the authentication policies and Protected Users for this account" },
};

static void
judge_no_ticket(struct doctor_report *r, const struct doctor_refusal *f)
{
    bool expired = f->krb_error == AP_EXPIRED || (f->reason && strstr(f->reason, "expired"));

    doctor_find(
        r, DOCTOR_WARNING, "ticket", "%s in %s, so what the KDC makes for %s is not known: %s",
        expired ? "the ticket has run out" : "there is no ticket", f->cache, f->spn, f->reason);
    doctor_remedy(r,
                  "%s; check klist as the same user, and that KRB5CCNAME is a cache that the "
                  "program can see; services: a client keytab (KRB5_CLIENT_KTNAME) or k5start",
                  expired ? "kinit again" : "kinit");
}

/* krbtgt/OTHER@REALM was not found: the host's realm is wrong, not its SPN. Where no realm was
 * configured OTHER is libkrb5's guess, made when the client's own realm knew no such SPN. */
static bool
judge_other_realm(struct doctor_report *r, const struct doctor_refusal *f)
{
    if (f->krb_error != KDC_S_UNKNOWN || !f->realm[0] || !strstr(f->reason, "krbtgt/")) {
        return false;
    }
    doctor_find(r, DOCTOR_FAULT, "realm", "the client looks for %s in another realm: %s", f->spn,
                f->reason);
    doctor_remedy(r,
                  "map the host under [domain_realm] of the client's krb5.conf: %s = "
                  "REALM-OF-THE-SERVICE",
                  f->host);
    return true;
}

/* # as the SPN. */
static void
put_text(char *to, size_t n, const char *text, const char *spn)
{
    size_t used = 0;

    for (; *text && used < n - 1; text++) {
        if (*text == '#') {
            used += (size_t)snprintf(to + used, n - used, "%s", spn);
        } else {
            to[used++] = *text;
        }
    }
    to[used < n ? used : n - 1] = 0;
}

static void
put_refusal(struct doctor_report *r, size_t i, const struct doctor_refusal *f)
{
    char text[DOCTOR_TEXT_BYTES], remedy[DOCTOR_REMEDY_BYTES];

    put_text(text, sizeof(text), refusals[i].text, f->spn);
    put_text(remedy, sizeof(remedy), refusals[i].remedy, f->spn);
    doctor_find(r, DOCTOR_FAULT, refusals[i].check, "%s (%s)", text, f->reason);
    doctor_remedy(r, "%s", remedy);
}

void
doctor_judge_refusal(struct doctor_report *r, const struct doctor_refusal *f)
{
    if (judge_other_realm(r, f)) {
        return;
    }
    for (size_t i = 0; i < SEC_ARRAY_LEN(refusals); i++) {
        if (refusals[i].code == f->krb_error) {
            put_refusal(r, i, f);
            return;
        }
    }
    if (f->status == SEC_E_NO_CREDENTIALS || (f->by_keytab && f->krb_error == KDC_C_UNKNOWN)) {
        judge_no_ticket(r, f);
        return;
    }
    doctor_find(r, DOCTOR_FAULT, "ticket", "no ticket for %s: %s", f->spn, f->reason);
    doctor_remedy(r,
                  "kinit, then kvno %s shows what the KDC says; KRB5_TRACE=/dev/stderr shows each "
                  "step",
                  f->spn);
}

/* --- settings ------------------------------------------------------------------------------ */

static bool
lists_kerberos(const struct doctor_policy *p)
{
    const char *at = strcasestr(p->packages, "kerberos");

    if (strcasecmp(p->package, "NTLM") == 0) {
        return false;
    }
    if (strcasecmp(p->package, "Kerberos") == 0) {
        return true;
    }
    if (!at) {
        return strchr(p->packages, '!') != NULL; /* a list of what is excluded */
    }
    while (at > p->packages && (at[-1] == ' ' || at[-1] == '\t')) {
        at--;
    }
    return at == p->packages || at[-1] != '!';
}

void
doctor_judge_policy(struct doctor_report *r, const struct doctor_policy *p)
{
    bool denied = strcasecmp(p->ntlm, "deny") == 0;

    if (!lists_kerberos(p)) {
        doctor_find(r, denied ? DOCTOR_FAULT : DOCTOR_WARNING, "policy",
                    "%s: Kerberos is not among the packages: every client sends NTLM%s", p->where,
                    denied ? ", which is denied" : "");
        doctor_remedy(r,
                      "package = Negotiate and packages = Kerberos,NTLM let clients with tickets "
                      "use them");
    } else if (denied) {
        doctor_find(r, DOCTOR_OK, "policy",
                    "%s: NTLM is denied: a client without a ticket is refused", p->where);
    }
    if (p->lm_level >= 0 && p->lm_level < 5) {
        doctor_find(r, DOCTOR_WARNING, "policy",
                    "%s: lm_compatibility_level %d takes %s from clients", p->where, p->lm_level,
                    p->lm_level < 4 ? "LM and NTLMv1" : "NTLMv1");
        doctor_remedy(r, "set it to 5, and old clients to LmCompatibilityLevel 5 or update them");
    }
}
