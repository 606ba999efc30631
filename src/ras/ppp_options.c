/* SPDX-License-Identifier: Apache-2.0 */
/* pppd's command line: docs/decisions/0022. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "ras/ppp_options.h"

static void
add(struct ppp_options *o, const char *word)
{
    if (o->n == PPP_OPTIONS_WORDS_MAX) {
        o->full = true;
        return;
    }
    o->words[o->n++] = word;
    o->words[o->n] = NULL;
}

static void
add_all(struct ppp_options *o, const char *const *words)
{
    for (; *words; words++) {
        add(o, *words);
    }
}

SEC_PRINTF(2, 3)
static void
add_text(struct ppp_options *o, const char *format, ...)
{
    char *at = o->room + o->used;
    size_t left = sizeof(o->room) - o->used;
    va_list values;
    int n;

    va_start(values, format);
    n = vsnprintf(at, left, format, values);
    va_end(values);
    if (n < 0 || (size_t)n >= left) {
        o->full = true;
        return;
    }
    o->used += (size_t)n + 1;
    add(o, at);
}

static void
add_number(struct ppp_options *o, const char *name, unsigned long n)
{
    if (n) {
        add(o, name);
        add_text(o, "%lu", n);
    }
}

/* The operator's words, at blanks. */
static void
add_words(struct ppp_options *o, const char *text)
{
    while (text && *text) {
        size_t n;

        text += strspn(text, " \t");
        n = strcspn(text, " \t");
        if (n) {
            add_text(o, "%.*s", (int)n, text);
        }
        text += n;
    }
}

/* An echo every half minute finds a caller that is gone without a word; compression that nobody
 * asked for is code that need not run. */
static const char *const defaults[] = {
    "lcp-echo-interval", "30",         "lcp-echo-failure", "4",         "asyncmap",  "0",
    "nodefaultroute",    "noproxyarp", "noipv6",           "nodeflate", "nobsdcomp", NULL,
};

/* The caller proves itself to us; we prove ourselves to nobody, and give no secret of /etc/ppp. rasd
 * holds the lock of the line already. */
static const char *const fixed[] = {
    "nodetach",   "logfd",          "2",           "nolock",        "auth",
    "nopersist",  "refuse-pap",     "refuse-chap", "refuse-mschap", "refuse-mschap-v2",
    "refuse-eap", "nodefaultroute", NULL,
};

static void
add_proofs(struct ppp_options *o, const struct ppp_settings *ppp)
{
    static const struct {
        unsigned bit;
        const char *word;
    } proofs[] = {
        { PPP_PAP, "require-pap" },
        { PPP_CHAP_MD5, "require-chap" },
        { PPP_MSCHAP, "require-mschap" },
        { PPP_MSCHAP_V2, "require-mschap-v2" },
    };

    for (size_t i = 0; i < SEC_ARRAY_LEN(proofs); i++) {
        if (ppp->require & proofs[i].bit) {
            add(o, proofs[i].word);
        }
    }
    if (ppp->mppe) {
        add(o, "require-mppe-128");
    }
}

static void
add_line(struct ppp_options *o, const struct port_settings *port)
{
    bool modem = port->type == PORT_SERIAL && !port->serial.local;
    bool crtscts = port->type == PORT_SERIAL && port->serial.flow_rts_cts;

    if (port->type == PORT_SERIAL && port->serial.speed) {
        add_text(o, "%lu", port->serial.speed);
    }
    add(o, modem ? "modem" : "local");
    add(o, crtscts ? "crtscts" : "nocrtscts");
}

static void
add_addresses(struct ppp_options *o, const struct ppp_settings *ppp, const char *remote)
{
    if (ppp->local_address || *remote) {
        add_text(o, "%s:%s", ppp->local_address ? ppp->local_address : "", remote);
    }
    if (ppp->dns1) {
        add(o, "ms-dns");
        add(o, ppp->dns1);
    }
    if (ppp->dns2) {
        add(o, "ms-dns");
        add(o, ppp->dns2);
    }
}

bool
ppp_options_make(struct ppp_options *o, const struct ppp_options_args *args,
                 const struct port_settings *port)
{
    const struct ppp_settings *ppp = &port->ppp;

    o->n = o->used = 0;
    o->full = false;
    add(o, args->pppd);
    add_all(o, defaults);
    add_words(o, ppp->options);
    add_all(o, fixed);
    add_line(o, port);
    add_proofs(o, ppp);
    add_number(o, "mtu", ppp->mtu);
    add_number(o, "mru", ppp->mtu);
    add_number(o, "idle", ppp->idle_seconds);
    add_number(o, "maxconnect", ppp->session_seconds);
    add_addresses(o, ppp, args->remote);
    add(o, "plugin");
    add(o, args->plugin);
    add(o, "opensspi-socket");
    add(o, args->socket);
    add(o, "opensspi-token-fd");
    add_text(o, "%d", args->token_fd);
    return !o->full && (ppp->require & (PPP_PAP | PPP_CHAP_MD5 | PPP_MSCHAP | PPP_MSCHAP_V2));
}
