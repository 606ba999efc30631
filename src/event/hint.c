/* SPDX-License-Identifier: Apache-2.0 */
/* Causes and remedies, as one table: the first row that fits speaks. Codes: RFC 4120 7.5.9,
 * [MS-ERREF] 2.3.1. */
#include "event/hint.h"

#include <stdio.h>
#include <string.h>

enum krb_error {
    KDC_ERR_ETYPE_NOSUPP = 14,
    AP_ERR_BAD_INTEGRITY = 31,
    AP_ERR_TKT_EXPIRED = 32,
    AP_ERR_TKT_NYV = 33,
    AP_ERR_REPEAT = 34,
    AP_ERR_NOT_US = 35,
    AP_ERR_SKEW = 37,
    AP_ERR_MODIFIED = 41,
    AP_ERR_BADKEYVER = 44,
    AP_ERR_NOKEY = 45,
};

/* --- what a row asks ----------------------------------------------------------------------- */

typedef bool (*applies)(const struct event_hint *, uint32_t value);

static bool
is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static bool
has_krb_error(const struct event_hint *f, uint32_t code)
{
    return (uint32_t)f->krb_error == code;
}

static bool
has_sub_status(const struct event_hint *f, uint32_t sub_status)
{
    return f->sub_status == sub_status;
}

static bool
has_status(const struct event_hint *f, uint32_t status)
{
    return (uint32_t)f->status == status;
}

static bool
is_no_token(const struct event_hint *f, uint32_t unused)
{
    return f->no_token;
}

/* A good ticket, to a service that this one has the key of and is not. */
static bool
is_for_another(const struct event_hint *f, uint32_t unused)
{
    return f->opened && f->status == SEC_E_WRONG_PRINCIPAL;
}

/* NTLM, whose client names no service, where service_binding wants one. */
static bool
names_no_service(const struct event_hint *f, uint32_t unused)
{
    return f->status == SEC_E_WRONG_PRINCIPAL && is(f->mechanism, "NTLM") &&
           (!f->target || !f->target[0]);
}

static bool
is_request(const struct event_hint *f, uint32_t request)
{
    return f->request == request;
}

/* A client that had to have a ticket and came with none: with nothing, or with another mechanism's
 * token that was not taken. */
static bool
lacks_ticket(const struct event_hint *f)
{
    bool other =
        is(f->first_token, "NTLM") || is(f->first_token, "NegoEx") || is(f->first_token, "IAKERB");
    bool chosen = f->mechanism && f->mechanism[0];

    return f->kerberos_here && (f->request == EVENT_REQUEST_NOTHING ||
                                f->request == EVENT_REQUEST_PROXY_NTLM || (other && !chosen));
}

static bool
lacks_ticket_for_host(const struct event_hint *f, uint32_t host)
{
    return f->host_kind == host && lacks_ticket(f);
}

static bool
sends_nothing(const struct event_hint *f, uint32_t host)
{
    return f->request == EVENT_REQUEST_NOTHING && lacks_ticket_for_host(f, host);
}

static bool
offered_kerberos(const struct event_hint *f, uint32_t unused)
{
    return f->kerberos_offered && lacks_ticket(f);
}

static bool
offered_other(const struct event_hint *f, uint32_t unused)
{
    return lacks_ticket(f);
}

/* --- the table ----------------------------------------------------------------------------- */

/* %h the host, %s the ticket's service, %u the user, as far as they are known. */
static const struct {
    applies applies;
    uint32_t value;
    const char *text;
} rows[] = {
    { is_request, EVENT_REQUEST_EMPTY,
      "The header has a scheme and no token: something on the way took it off (a proxy, a WAF, a "
      "header rule), or the client's library has no credentials. Try straight to this listener." },
    { is_request, EVENT_REQUEST_BROKEN,
      "The header was cut or rewritten on the way (a proxy's limit for headers, a WAF). Try "
      "straight to this listener; raise the proxy's header limits to 64 KiB." },
    { is_request, EVENT_REQUEST_CUT,
      "The end of the token is missing: a header that was cut on the way. Raise the proxy's limit "
      "(nginx: large_client_header_buffers 4 64k; Apache: LimitRequestFieldSize 65536); the user "
      "is in many groups." },
    { is_request, EVENT_REQUEST_TOO_LONG,
      "The user is in many groups, which the ticket carries: raise max_token of the listener, and "
      "the header limits of proxies on the way." },
    { is_request, EVENT_REQUEST_CLOSED,
      "NTLM needs one connection for several requests: turn keep-alive on in what stands between "
      "(HTTP/1.1 to the backend, no Connection: close)." },

    { is_request, EVENT_REQUEST_NTLM,
      "The client asks for NTLM, which is not taken here: make Kerberos work for it (the server's "
      "DNS name in the link, its SPN registered, the host in the client's intranet zone), or allow "
      "NTLM." },
    { is_no_token, 0,
      "What came is no token: something on the way changed it (a proxy, a WAF, a header rule), or "
      "the client is broken. Try straight to this listener; sspictl decode shows what it is." },

    { lacks_ticket_for_host, EVENT_HOST_ADDRESS,
      "No ticket is ever made out to an address: use the server's DNS name in the link, and send "
      "who comes by address (%h) there before asking for a logon." },
    { lacks_ticket_for_host, EVENT_HOST_KEYLESS,
      "There is no key for HTTP/%h here, so perhaps no account has this SPN: setspn -S HTTP/%h "
      "ACCOUNT (or samba-tool spn add), then add its key to the keytab. If %h is an alias, the "
      "client may ask for the canonical name." },
    { sends_nothing, EVENT_HOST_KEYED,
      "The client has no ticket, or does not send it here: kinit as the same user (klist shows "
      "it), a cache that the program can see (KRB5CCNAME), and in browsers this host in the list "
      "of trusted sites." },
    { offered_kerberos, 0,
      "The client knows Kerberos and could get no ticket for this service: check that the SPN of "
      "the name in its link is registered once (setspn -Q), and that it reaches a domain "
      "controller; or allow NTLM." },
    { offered_other, 0,
      "The client is not in the domain, or does not count this host to its intranet zone (Edge "
      "and Chrome: AuthServerAllowlist; Firefox: network.negotiate-auth.trusted-uris), or the SPN "
      "is not registered; or allow NTLM." },

    { is_for_another, 0,
      "The client asked for %s, which spn does not list: add the name there if it is this "
      "service's, else somebody passes logons on that are meant for another service of the same "
      "key." },
    { has_krb_error, AP_ERR_NOT_US,
      "The keytab is another account's, or lacks this name: export the key of the account that "
      "owns %s (setspn -Q finds it) and add it." },
    { has_krb_error, AP_ERR_BADKEYVER,
      "The account's password was set after the keytab was made, or the keytab lacks an "
      "encryption type: export it again with all types, keep the old keys for 10 hours beside the "
      "new, and let clients with old tickets run klist purge or kdestroy." },
    { has_krb_error, AP_ERR_NOKEY,
      "See that the keytab is where [kerberos] keytab says, that this service's user may read it "
      "and pass each folder above it and nobody else may write it (chmod 640), and that klist -k "
      "lists keys; else export it again (samba-tool domain exportkeytab, ktpass). sspictl doctor "
      "tells which." },
    { has_krb_error, AP_ERR_MODIFIED,
      "The key in the keytab is not the one that the ticket was made with: the SPN belongs to "
      "another account, or to two (setspn -X), or the password was set by hand. Export the keytab "
      "again for the account that owns %s." },
    { has_krb_error, AP_ERR_BAD_INTEGRITY,
      "The key in the keytab is not the one that the ticket was made with: export the keytab "
      "again for the account that owns %s." },
    { has_krb_error, KDC_ERR_ETYPE_NOSUPP,
      "Give the account AES keys: msDS-SupportedEncryptionTypes 24, set its password anew, export "
      "the keytab again; [kerberos] permitted_enctypes says what is taken here." },
    { has_krb_error, AP_ERR_SKEW,
      "Clocks differ: run chrony against the domain controllers, on this machine if all clients "
      "fail, else on the client. Do not widen clock_skew. Just after a start it may also be that "
      "what the client made before is not remembered: a replay_cache in a file outlives it." },
    { has_krb_error, AP_ERR_TKT_NYV,
      "This machine's clock is behind: run chrony against the domain controllers." },
    { has_krb_error, AP_ERR_TKT_EXPIRED,
      "The client used a ticket past its end (kinit again; k5start or a client keytab for "
      "services), or this machine's clock is ahead: run chrony." },
    { has_krb_error, AP_ERR_REPEAT,
      "Something sends requests twice (a retry of the proxy's, a mirror, a mesh): stop it in front "
      "of the logon (nginx: proxy_next_upstream off). Leave the replay cache on." },

    { has_status, (uint32_t)SEC_E_BAD_BINDINGS,
      "The client bound its logon to another TLS channel than this one: a proxy ends TLS on the "
      "way, or somebody is in the middle." },
    { has_sub_status, 0xC000035B,
      "The client bound its logon to another TLS channel than this one, or to none: a proxy ends "
      "TLS on the way, or somebody is in the middle." },
    { names_no_service, 0,
      "The client's NTLM names no service (curl's own is one that does not), and service_binding = "
      "required refuses that: give the client a ticket, or set allow-missing." },
    { has_status, (uint32_t)SEC_E_WRONG_PRINCIPAL,
      "The client asked for a service that spn does not list: add the name there if it is this "
      "service's, else somebody passes logons on." },
    { has_sub_status, 0xC0000072, "sspictl account enable %u, if that user is to be let in." },
    { has_sub_status, 0xC0000234,
      "sspictl account unlock %u, once it is clear who tried wrong passwords: the events before "
      "this one have their addresses." },
    { has_sub_status, 0xC0000193,
      "sspictl account modify %u --expires DATE, if that user is to be let in." },
    { has_sub_status, 0xC000006A,
      "The user types it again; an old one may be saved in a browser or a service. Many of these "
      "from one address: somebody guesses, and lock-outs (4740) follow." },
    { has_sub_status, 0xC0000071, "The user sets a new password, or sspictl account passwd %u." },
    { has_sub_status, 0xC0000224, "The user sets a new password, or sspictl account passwd %u." },
    { has_sub_status, 0xC0000133, "Clocks differ: run chrony on both machines." },
    { has_sub_status, 0xC0000418,
      "An old client: set LmCompatibilityLevel 5 there, or update it. Do not lower the server." },
    { has_sub_status, 0xC000005E,
      "The account store does not answer: see that samd runs and that this service's user is in "
      "its group, where [accounts] store = authority:; else the file's owner and mode, the disk." },
};

/* --- text ---------------------------------------------------------------------------------- */

bool
event_hint_is_name(const char *text)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "._-:/@[]";

    return text && text[0] && text[0] != '-' && strlen(text) <= 255 &&
           text[strspn(text, good)] == 0;
}

static const char *
name_of(const struct event_hint *f, char letter)
{
    const char *name = letter == 'h' ? f->host : letter == 's' ? f->service : f->user;
    const char *unknown = letter == 'h'   ? "this host"
                          : letter == 's' ? "the service's name"
                                          : "NAME";

    return event_hint_is_name(name) ? name : unknown;
}

static void
put_text(const struct event_hint *f, const char *text, char *to, size_t n)
{
    size_t used = 0;

    while (*text && used < n - 1) {
        if (*text != '%') {
            to[used++] = *text++;
            continue;
        }
        used += (size_t)snprintf(to + used, n - used, "%s", name_of(f, text[1]));
        text += 2;
    }
    to[used < n ? used : n - 1] = 0;
}

void
event_hint(const struct event_hint *facts, char *to, size_t n)
{
    to[0] = 0;
    for (size_t i = 0; i < SEC_ARRAY_LEN(rows); i++) {
        if (rows[i].applies(facts, rows[i].value)) {
            put_text(facts, rows[i].text, to, n);
            return;
        }
    }
}
