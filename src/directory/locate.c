/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2782, and the name under which a domain's controllers are published ([MS-ADTS] 6.3.2.3). */
#include "directory/locate.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/wire.h"

enum { ANSWER_BYTES = 8192, ATTEMPTS = 2, ATTEMPT_S = 2 };

/* Letters, digits, hyphens and dots: a host's name, and nothing else of what a DNS answer, or
 * somebody's configuration, may hold. */
static bool
is_host(const char *s)
{
    for (const char *p = s; *p; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              *p == '-' || *p == '.')) {
            return false;
        }
    }
    return s[0] && s[0] != '.' && s[0] != '-';
}

/* --- as configured ------------------------------------------------------------------------- */

static bool
take_url(struct locate_server *s, const char *url, size_t n)
{
    static const char scheme[] = "ldap://";
    const size_t skipped = sizeof(scheme) - 1;
    char text[HOST_PORT_HOST_BYTES + 8], *end;
    const char *port;
    unsigned long number;

    if (n <= skipped || n - skipped >= sizeof(text) || strncmp(url, scheme, skipped) != 0) {
        return false;
    }
    bytes_copy(text, url + skipped, n - skipped);
    text[n - skipped] = '\0';
    *s = (struct locate_server){ .port = LOCATE_PORT };
    if (!strchr(text, ':')) {
        bytes_copy(s->host, text, strlen(text) < sizeof(s->host) ? strlen(text) : 0);
        return is_host(s->host);
    }
    if (!host_port_split(text, s->host, &port) || !is_host(s->host)) {
        return false;
    }
    number = strtoul(port, &end, 10);
    s->port = (uint16_t)number;
    return *end == '\0' && number > 0 && number <= UINT16_MAX;
}

static sec_status
take_list(struct locate_list *list, const char *servers)
{
    for (const char *s = servers + strspn(servers, " \t"); *s;) {
        const size_t n = strcspn(s, " \t");

        if (list->n == LOCATE_SERVERS_MAX || !take_url(&list->at[list->n], s, n)) {
            return sec_fail(SEC_E_INVALID_PARAMETER,
                            "directory: expected up to %d of ldap://HOST or ldap://HOST:PORT",
                            LOCATE_SERVERS_MAX);
        }
        list->n++;
        s += n;
        s += strspn(s, " \t");
    }
    return SEC_E_OK;
}

/* --- by DNS -------------------------------------------------------------------------------- */

/* Before whom a server is asked: a lower priority first, then more weight. Not drawn by lot, as RFC
 * 2782 would have it: one name is asked for at a time. */
static bool
comes_first(const struct locate_server *a, const struct locate_server *b)
{
    return a->priority < b->priority || (a->priority == b->priority && a->weight > b->weight);
}

static void
insert(struct locate_list *list, const struct locate_server *s)
{
    size_t i = list->n;

    if (i == LOCATE_SERVERS_MAX) {
        if (!comes_first(s, &list->at[--i])) {
            return;
        }
    } else {
        list->n++;
    }
    for (; i > 0 && comes_first(s, &list->at[i - 1]); i--) {
        list->at[i] = list->at[i - 1];
    }
    list->at[i] = *s;
}

/* "." is RFC 2782's "there is no such service". */
static bool
take_record(struct locate_list *list, ns_msg *message, const ns_rr *record)
{
    struct wire_reader r = wire_reader_of(bytes_of(ns_rr_rdata(*record), ns_rr_rdlen(*record)));
    struct locate_server s = { 0 };

    s.priority = wire_be16(&r);
    s.weight = wire_be16(&r);
    s.port = wire_be16(&r);
    if (wire_status(&r) != WIRE_OK || wire_left(&r) == 0 ||
        dn_expand(ns_msg_base(*message), ns_msg_end(*message), r.cur, s.host, (int)sizeof(s.host)) <
            0) {
        return false;
    }
    if (s.port && is_host(s.host)) {
        insert(list, &s);
    }
    return true;
}

bool
locate_take_answer(struct locate_list *list, struct bytes answer)
{
    ns_msg message;
    ns_rr record;

    if (answer.n > ANSWER_BYTES || ns_initparse(answer.p, (int)answer.n, &message) != 0) {
        return false;
    }
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        if (ns_parserr(&message, ns_s_an, i, &record) != 0) {
            return false;
        }
        if (ns_rr_type(record) == ns_t_srv && ns_rr_class(record) == ns_c_in &&
            !take_record(list, &message, &record)) {
            return false;
        }
    }
    return true;
}

static sec_status
ask_dns(struct locate_list *list, const char *domain)
{
    struct __res_state resolver = { 0 };
    uint8_t answer[ANSWER_BYTES];
    char name[NS_MAXDNAME];
    int n = snprintf(name, sizeof(name), "_ldap._tcp.dc._msdcs.%s", domain);

    if (n < 0 || (size_t)n >= sizeof(name) || res_ninit(&resolver) != 0) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "directory: no resolver for the domain");
    }
    resolver.retrans = ATTEMPT_S;
    resolver.retry = ATTEMPTS;
    n = res_nquery(&resolver, name, ns_c_in, ns_t_srv, answer, (int)sizeof(answer));
    res_nclose(&resolver);
    /* The length is the whole answer's, also where not all of it was taken. */
    if (n < 0 || (size_t)n > sizeof(answer) || !locate_take_answer(list, bytes_of(answer, n))) {
        return sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY, "directory: DNS tells nothing of %s",
                        name);
    }
    return SEC_E_OK;
}

sec_status
locate(const char *servers, const char *domain, struct locate_list *out)
{
    sec_status status;

    *out = (struct locate_list){ .n = 0 };
    status = strcmp(servers, "dns") == 0 ? ask_dns(out, domain) : take_list(out, servers);
    if (status == SEC_E_OK && out->n == 0) {
        status = sec_fail(SEC_E_NO_AUTHENTICATING_AUTHORITY,
                          "directory: no domain controller is known of %s", domain);
    }
    return status;
}
