/* SPDX-License-Identifier: Apache-2.0 */
/* Keytab, names, KDC and a ticket from it, as the service's clients will have one. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "sspi/settings_kerberos.h"
#include "ticket/ticket.h"
#include "tools/decode_crypt.h"
#include "tools/doctor_gather.h"

struct examination {
    struct doctor_report *report;
    const struct doctor_request *request;
    const struct doctor_user *user;
    const struct settings_text *text;
    struct ticket_authority *authority; /* with the service's keytab, as a client asks */
    struct ticket_keytab *keytab;
    char keytab_name[DOCTOR_NAME_BYTES + 8], spn[DOCTOR_NAME_BYTES], host[DOCTOR_NAME_BYTES];
    struct ticket_survey survey;
    struct doctor_entry entries[DOCTOR_ENTRIES_MAX];
    struct doctor_keys keys;
    bool keytab_readable;
};

/* --- names --------------------------------------------------------------------------------- */

static void
take_entry(void *user, const struct ticket_entry *e)
{
    struct examination *x = user;
    struct doctor_entry *to = &x->entries[x->keys.n];
    struct wire_writer w = wire_writer_fixed(to->principal, sizeof(to->principal) - 1);

    if (x->keys.n == DOCTOR_ENTRIES_MAX) {
        return;
    }
    krb_name_put(&w, &e->name, e->realm);
    to->principal[wire_writer_status(&w) == WIRE_OK ? w.len : 0] = 0;
    to->kvno = e->kvno;
    to->enctype = e->enctype;
    x->keys.n++;
}

static void
copy_word(char to[static DOCTOR_NAME_BYTES], const char *from)
{
    from += strspn(from, " \t");
    (void)snprintf(to, DOCTOR_NAME_BYTES, "%.*s", (int)strcspn(from, " \t"), from);
}

/* --spn; principal; the first of spn; the keytab's first service; HTTP/ and this host. */
static void
choose_spn(struct examination *x)
{
    char host[DOCTOR_NAME_BYTES - 8] = "";

    if (x->request->spn || x->text->principal[0] || x->text->spn[0]) {
        copy_word(x->spn, x->request->spn         ? x->request->spn
                          : x->text->principal[0] ? x->text->principal
                                                  : x->text->spn);
        return;
    }
    for (size_t i = 0; i < x->keys.n; i++) {
        if (strchr(x->entries[i].principal, '/')) {
            (void)snprintf(x->spn, sizeof(x->spn), "%.*s",
                           (int)strcspn(x->entries[i].principal, "@"), x->entries[i].principal);
            return;
        }
    }
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(x->spn, sizeof(x->spn), "HTTP/%s",
                   x->text->dns_computer[0] ? x->text->dns_computer : host);
}

static void
set_host(struct examination *x)
{
    const char *slash = strchr(x->spn, '/');
    const char *from = slash ? slash + 1 : x->spn;

    if (from[0] == '[') {
        from++;
        (void)snprintf(x->host, sizeof(x->host), "%.*s", (int)strcspn(from, "]"), from);
    } else if (strchr(from, ':') != strrchr(from, ':')) {
        (void)snprintf(x->host, sizeof(x->host), "%.*s", (int)strcspn(from, "@/"), from);
    } else {
        (void)snprintf(x->host, sizeof(x->host), "%.*s", (int)strcspn(from, ":@/"), from);
    }
}

static const char *
key_realm(const struct examination *x)
{
    for (size_t i = 0; i < x->keys.n; i++) {
        const char *at = strchr(x->entries[i].principal, '@');

        if (at && doctor_same_name(x->spn, x->entries[i].principal)) {
            return at + 1;
        }
    }
    return "";
}

static bool
has_key(const struct examination *x, const char *host)
{
    char spn[2 * DOCTOR_NAME_BYTES];

    (void)snprintf(spn, sizeof(spn), "%.*s/%s", (int)strcspn(x->spn, "/"), x->spn, host);
    for (size_t i = 0; i < x->keys.n; i++) {
        if (doctor_same_name(spn, x->entries[i].principal)) {
            return true;
        }
    }
    return false;
}

static void
examine_host(struct examination *x)
{
    const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    struct in6_addr address;
    struct doctor_host h = {
        .spn = x->spn,
        .host = x->host,
        .is_address = inet_pton(AF_INET, x->host, &address) == 1 ||
                      inet_pton(AF_INET6, x->host, &address) == 1,
        .canonical = "",
        .canonicalize = x->survey.canonicalize,
        .realm = x->survey.realm,
        .key_realm = key_realm(x),
        .default_realm = x->survey.default_realm,
    };
    int error = h.is_address ? 0 : getaddrinfo(x->host, NULL, &hints, &found);

    h.resolves = error == 0;
    h.resolve_error = error ? gai_strerror(error) : "";
    if (found && found->ai_canonname) {
        h.canonical = found->ai_canonname;
        h.canonical_has_key = has_key(x, h.canonical);
    }
    doctor_judge_host(x->report, &h);
    if (found) {
        freeaddrinfo(found);
    }
}

/* What src/ticket puts before its reasons says nothing here. */
static const char *
plain_reason(void)
{
    static const char prefix[] = "ticket: ";
    const char *reason = sec_reason();

    return strncmp(reason, prefix, strlen(prefix)) == 0 ? reason + strlen(prefix) : reason;
}

/* --- keytab -------------------------------------------------------------------------------- */

static void
name_keytab(struct examination *x)
{
    const char *name = x->request->keytab   ? x->request->keytab
                       : x->text->keytab[0] ? x->text->keytab
                                            : x->survey.keytab;

    (void)snprintf(x->keytab_name, sizeof(x->keytab_name), "%s%s",
                   strchr(name, ':') ? "" : "FILE:", name);
}

static const char *
path_of(const char *keytab)
{
    return strncmp(keytab, "FILE:", 5) == 0 ? keytab + 5 : NULL;
}

/* Nobody has asked for Kerberos: neither who calls nor the configuration names what it needs, and
 * the system has no keytab either. */
static bool
is_without_kerberos(const struct examination *x)
{
    const char *path = path_of(x->keytab_name);

    return !x->request->keytab && !x->request->spn && !x->text->keytab[0] &&
           !x->text->principal[0] && !x->text->spn[0] && !getenv("KRB5_KTNAME") && path &&
           access(path, F_OK) != 0 && errno == ENOENT;
}

static bool
examine_file(struct examination *x)
{
    const char *path = path_of(x->keytab_name);
    struct doctor_file file;
    bool good;

    if (!path) {
        return true;
    }
    doctor_gather_file(&file, "keytab", path);
    good = doctor_judge_access(x->report, &file, x->user, false);
    if (!file.file.error && S_ISREG(file.file.mode)) {
        doctor_judge_secrecy(x->report, &file, x->user);
        good = doctor_judge_format(x->report, &file) && good;
    }
    return good;
}

static void
examine_keytab(struct examination *x)
{
    bool good = examine_file(x);
    sec_status status = ticket_keytab_open(x->authority, x->keytab_name, &x->keytab);

    if (status == SEC_E_OK) {
        status = ticket_keytab_list(x->keytab, take_entry, x);
    }
    x->keytab_readable = status == SEC_E_OK;
    if (status != SEC_E_OK && good) {
        doctor_find(x->report, DOCTOR_FAULT, "keytab", "%s", plain_reason());
        doctor_remedy(x->report,
                      "look at it with klist -ket; export it again to another file, then "
                      "move it here");
    }
}

/* --- the KDC and its ticket ---------------------------------------------------------------- */

static bool
examine_kdc(struct examination *x)
{
    const char *realm = key_realm(x)[0] ? key_realm(x) : x->survey.default_realm;
    struct ticket_kdc answer = { 0 };
    struct doctor_kdc kdc = { .realm = realm,
                              .kdcs = x->survey.kdcs,
                              .reason = "",
                              .skew_s = x->text->kerberos.clock_skew_s };

    if (!realm[0]) {
        return false;
    }
    sec_reason_clear();
    if (ticket_ask_kdc(x->authority, realm, &answer) != SEC_E_OK) {
        kdc.reason = plain_reason();
    }
    kdc.answers = answer.answers;
    kdc.krb_error = answer.krb_error;
    kdc.has_time = answer.time_100ns != 0;
    kdc.ahead_s = clock_to_unix(answer.asked_100ns) - clock_to_unix(answer.time_100ns);
    return doctor_judge_kdc(x->report, &kdc);
}

static bool
opens(struct examination *x, const struct krb_ticket *ticket, struct doctor_ticket *found)
{
    SEC_AUTO(wire_writer) plain = wire_writer_secret(NULL, 0);
    struct ticket_keys keys = { 0 };
    bool opened = false;

    if (!x->keytab_readable) {
        return false;
    }
    sec_reason_clear();
    ticket_keys_hold(x->keytab, NULL, ticket, &keys);
    found->reason = sec_reason();
    for (size_t i = 0; i < keys.n && !opened; i++) {
        opened = decode_crypt_open(keys.keys[i]->open_ticket, ticket->enc.cipher, &plain);
    }
    ticket_keys_release(&keys);
    return opened;
}

static void
examine_ticket(struct examination *x, const struct ticket *t)
{
    struct doctor_ticket found = { .spn = x->spn, .enctype = t->enctype, .reason = "" };
    struct krb_ticket ticket;

    if (krb_ticket_decode(&ticket, t->der) != WIRE_OK) {
        doctor_find(x->report, DOCTOR_FAULT, "ticket", "what the KDC sends is no ticket");
        return;
    }
    found.enctype = ticket.enc.enctype;
    found.kvno = ticket.enc.kvno;
    found.has_kvno = ticket.enc.has_kvno;
    found.opened = opens(x, &ticket, &found);
    if (x->keytab_readable) {
        doctor_judge_ticket(x->report, &found, &x->keys);
    }
}

static sec_status
ask(struct examination *x, int32_t *krb_error)
{
    const struct ticket_holder_args own = { 0 };
    SEC_AUTO(wire_writer) target = wire_writer_growing(NULL, 0);
    struct ticket_request request = { .fresh = true };
    struct ticket_holder *holder = NULL;
    struct ticket ticket = { 0 };
    sec_status status;

    utf16_put_utf8(&target, bytes_of_string(x->spn));
    if (wire_writer_status(&target) != WIRE_OK) {
        return sec_fail(SEC_E_TARGET_UNKNOWN, "the SPN is not UTF-8");
    }
    request.target = wire_written(&target);
    status = ticket_holder_new(x->authority, &own, &holder);
    if (status == SEC_E_OK) {
        status = ticket_get(holder, &request, &ticket, krb_error);
        if (status == SEC_E_OK) {
            examine_ticket(x, &ticket);
            ticket_clear(&ticket);
        }
        ticket_holder_free(holder);
    }
    return status;
}

/* As whoever has a ticket here, else as the keytab's own principal. */
static void
examine_tickets(struct examination *x)
{
    char first[SEC_REASON_BYTES];
    struct doctor_refusal f = {
        .spn = x->spn, .host = x->host, .cache = x->survey.cache, .realm = x->survey.realm
    };

    f.status = ask(x, &f.krb_error);
    f.reason = plain_reason();
    if (f.status == SEC_E_NO_CREDENTIALS && f.krb_error != 7 && x->keys.n) {
        (void)snprintf(first, sizeof(first), "%s", f.reason);
        f.by_keytab = setenv("KRB5CCNAME", "MEMORY:doctor", 1) == 0 &&
                      setenv("KRB5_CLIENT_KTNAME", x->keytab_name, 1) == 0;
        f.krb_error = 0;
        f.status = ask(x, &f.krb_error);
        f.reason = plain_reason();
        if (f.status != SEC_E_OK &&
            (f.krb_error == 6 || f.krb_error == 0 || f.status == SEC_E_NO_CREDENTIALS)) {
            f.reason = first;
            f.status = SEC_E_NO_CREDENTIALS;
        }
    }
    if (f.status != SEC_E_OK) {
        doctor_judge_refusal(x->report, &f);
    }
}

/* --- the whole ----------------------------------------------------------------------------- */

static void
examine(struct examination *x)
{
    sec_status status = ticket_survey(x->authority, "localhost", &x->survey);
    bool named;

    if (status != SEC_E_OK) {
        doctor_find(x->report, DOCTOR_FAULT, "krb5.conf", "%s", sec_reason());
        doctor_remedy(x->report, "mend krb5.conf (KRB5_CONFIG, /etc/krb5.conf)");
        return;
    }
    name_keytab(x);
    if (is_without_kerberos(x)) {
        doctor_find(x->report, DOCTOR_WARNING, "keytab",
                    "no keytab is configured, and there is no %s: clients log on with NTLM alone",
                    x->keytab_name);
        doctor_remedy(x->report, "for Kerberos, name one in [kerberos] keytab; to look into "
                                 "the rest, --spn");
        return;
    }
    examine_keytab(x);
    choose_spn(x);
    set_host(x);
    if (ticket_survey(x->authority, x->host, &x->survey) != SEC_E_OK) {
        return; /* it was good a moment ago: no memory */
    }
    x->keys.keytab = x->keytab_name;
    x->keys.spn = x->spn;
    x->keys.list = x->entries;
    if (x->keytab_readable && (x->keys.n || !path_of(x->keytab_name))) {
        doctor_judge_keys(x->report, &x->keys);
    }
    named = !strchr(x->host, ':') && x->host[strspn(x->host, "0123456789.")];
    examine_host(x);
    if (named && examine_kdc(x)) {
        examine_tickets(x);
    }
}

void
doctor_service_examine(struct doctor_report *report, const struct doctor_request *request,
                       const struct doctor_user *user, const struct settings_text *text)
{
    const struct ticket_options as_client = { .replay = TICKET_REPLAY_OFF };
    struct examination *x = mem_new(sizeof(*x));

    if (!x) {
        doctor_find(report, DOCTOR_FAULT, "memory", "not enough memory");
        return;
    }
    x->report = report;
    x->request = request;
    x->user = user;
    x->text = text;
    if (ticket_authority_open(&as_client, &x->authority) == SEC_E_OK) {
        if (text->kerberos.n_enctypes) {
            x->keys.n_permitted = text->kerberos.n_enctypes;
            bytes_copy(x->keys.permitted, text->kerberos.enctypes,
                       x->keys.n_permitted * sizeof(x->keys.permitted[0]));
        } else {
            x->keys.n_permitted =
                ticket_authority_enctypes(x->authority, x->keys.permitted, DOCTOR_TYPES_MAX);
        }
        examine(x);
    }
    ticket_keytab_close(x->keytab);
    ticket_authority_close(x->authority);
    mem_free(x);
}
