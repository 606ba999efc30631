/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a port. */
#include "ras/settings_port.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    CALLS_MAX = 10000,
    TYPE_UNSET = -1, /* no enum port_type: the file has yet to say */
};

static const char *const types[] = { "serial", "tcp", "pty", NULL };
static const char *const parities[] = { "none", "even", "odd", NULL };
static const char *const flows[] = { "none", "rts-cts", NULL };

bool
settings_port_init(struct port_settings *p, const struct config_entry *e, char *why, size_t why_n)
{
    *p = (struct port_settings){
        .line = e->line,
        .type = (enum port_type)TYPE_UNSET,
        .calls = 1,
        .serial = { .speed = 115200,
                    .data_bits = 8,
                    .stop_bits = 1,
                    .parity = 'n',
                    .flow_rts_cts = true,
                    .rings = 1 },
        .ppp = { .mtu = 1500, .require = PPP_MSCHAP_V2 },
    };
    if (!key_is_name(e->instance)) {
        (void)snprintf(why, why_n, "[port NAME], the name of letters, digits, \"_\", \".\", \"-\"");
        return false;
    }
    return key_set_text(&p->name, e->instance, why, why_n) &&
           key_set_text(&p->serial.init, "ATZ", why, why_n) &&
           key_set_text(&p->serial.answer, "ATA", why, why_n) &&
           key_set_text(&p->serial.hang_up, "ATH", why, why_n);
}

void
settings_port_clear(struct port_settings *p)
{
    mem_free(p->name);
    mem_free(p->device);
    mem_free(p->device_name);
    mem_free(p->serial.init);
    mem_free(p->serial.answer);
    mem_free(p->serial.hang_up);
    mem_free(p->ppp.local_address);
    mem_free(p->ppp.dns1);
    mem_free(p->ppp.dns2);
    mem_free(p->ppp.options);
}

/* --- keys ---------------------------------------------------------------------------------- */

static bool
take_ipv4(void *at, const struct key_value *v)
{
    struct in_addr address;

    if (inet_pton(AF_INET, v->text, &address) != 1) {
        (void)snprintf(v->why, v->why_n, "an IPv4 address");
        return false;
    }
    return key_set_text(at, v->text, v->why, v->why_n);
}

/* One address, or the first and the last of several. */
static bool
take_addresses(void *at, const struct key_value *v)
{
    struct ppp_settings *ppp = at;
    const char *dash = strchr(v->text, '-');
    size_t n = dash ? (size_t)(dash - v->text) : strlen(v->text);
    char text[RAS_IPV4_BYTES] = "";
    struct in_addr first, last;

    bytes_copy(text, v->text, n < sizeof(text) ? n : 0);
    if (inet_pton(AF_INET, text, &first) != 1 ||
        inet_pton(AF_INET, dash ? dash + 1 : text, &last) != 1 || !first.s_addr ||
        ntohl(last.s_addr) < ntohl(first.s_addr)) {
        (void)snprintf(v->why, v->why_n, "an IPv4 address, or a range FIRST-LAST");
        return false;
    }
    ppp->remote_first = ntohl(first.s_addr);
    ppp->remote_last = ntohl(last.s_addr);
    return true;
}

static bool
take_parity(void *at, const struct key_value *v)
{
    int i;

    if (!config_choice(v->text, parities, &i, v->why, v->why_n)) {
        return false;
    }
    *(char *)at = parities[i][0];
    return true;
}

static bool
take_flow(void *at, const struct key_value *v)
{
    int i;

    if (!config_choice(v->text, flows, &i, v->why, v->why_n)) {
        return false;
    }
    *(bool *)at = i == 1;
    return true;
}

/* yes: there is a modem. */
static bool
take_modem(void *at, const struct key_value *v)
{
    bool modem;

    if (!config_flag(v->text, &modem, v->why, v->why_n)) {
        return false;
    }
    *(bool *)at = !modem;
    return true;
}

static bool
take_type(void *at, const struct key_value *v)
{
    int i;

    if (!config_choice(v->text, types, &i, v->why, v->why_n)) {
        return false;
    }
    *(enum port_type *)at = (enum port_type)i;
    return true;
}

static bool
take_small(void *at, const struct key_value *v, unsigned long min, unsigned long max)
{
    unsigned long number;

    if (!config_number(v->text, min, max, &number, v->why, v->why_n)) {
        return false;
    }
    *(uint8_t *)at = (uint8_t)number;
    return true;
}

static bool
take_data_bits(void *at, const struct key_value *v)
{
    return take_small(at, v, 7, 8);
}

static bool
take_stop_bits(void *at, const struct key_value *v)
{
    return take_small(at, v, 1, 2);
}

/* What the driver of a tty can be set to. */
static bool
take_speed(void *at, const struct key_value *v)
{
    static const char *const speeds[] = { "300",    "1200",   "2400",  "4800",   "9600",
                                          "19200",  "38400",  "57600", "115200", "230400",
                                          "460800", "921600", NULL };
    static const unsigned long values[] = { 300,   1200,  2400,   4800,   9600,   19200,
                                            38400, 57600, 115200, 230400, 460800, 921600 };
    int i;

    if (!config_choice(v->text, speeds, &i, v->why, v->why_n)) {
        return false;
    }
    *(unsigned long *)at = values[i];
    return true;
}

/* A list of words, commas or blanks between them. */
static bool
take_methods(void *at, const struct key_value *v)
{
    static const char *const words[] = { "pap", "chap-md5", "ms-chap", "ms-chap-v2", NULL };
    const char *text = v->text;
    char word[16];
    unsigned methods = 0;

    while (*(text += strspn(text, ", \t"))) {
        size_t n = strcspn(text, ", \t");
        int i;

        (void)snprintf(word, sizeof(word), "%.*s", (int)(n < 15 ? n : 15), text);
        if (!config_choice(word, words, &i, v->why, v->why_n)) {
            return false;
        }
        methods |= 1U << i;
        text += n;
    }
    *(unsigned *)at = methods;
    if (!methods) {
        (void)snprintf(v->why, v->why_n, "some of pap, chap-md5, ms-chap, ms-chap-v2");
    }
    return methods != 0;
}

#define OF(member) offsetof(struct port_settings, member)

static const struct key keys[] = {
    { "type", OF(type), take_type, 0, 0 },
    { "device", OF(device), key_take_text, 0, 0 },
    { "device_name", OF(device_name), key_take_name, 0, 0 },
    { "telnet", OF(telnet), key_take_flag, 0, 0 },
    { "calls", OF(calls), NULL, 1, CALLS_MAX },
    { "speed", OF(serial.speed), take_speed, 0, 0 },
    { "data_bits", OF(serial.data_bits), take_data_bits, 0, 0 },
    { "stop_bits", OF(serial.stop_bits), take_stop_bits, 0, 0 },
    { "parity", OF(serial.parity), take_parity, 0, 0 },
    { "flow_control", OF(serial.flow_rts_cts), take_flow, 0, 0 },
    { "modem", OF(serial.local), take_modem, 0, 0 },
    { "init", OF(serial.init), key_take_text, 0, 0 },
    { "answer", OF(serial.answer), key_take_text, 0, 0 },
    { "hang_up", OF(serial.hang_up), key_take_text, 0, 0 },
    { "rings", OF(serial.rings), NULL, 1, 20 },
    { "local_address", OF(ppp.local_address), take_ipv4, 0, 0 },
    { "remote_address", OF(ppp), take_addresses, 0, 0 },
    { "dns1", OF(ppp.dns1), take_ipv4, 0, 0 },
    { "dns2", OF(ppp.dns2), take_ipv4, 0, 0 },
    { "mtu", OF(ppp.mtu), NULL, 128, 16384 },
    { "idle_timeout", OF(ppp.idle_seconds), NULL, 0, 604800 },
    { "session_timeout", OF(ppp.session_seconds), NULL, 0, 31536000 },
    { "authentication", OF(ppp.require), take_methods, 0, 0 },
    { "mppe", OF(ppp.mppe), key_take_flag, 0, 0 },
    { "ppp_options", OF(ppp.options), key_take_text, 0, 0 },
};

struct key_table
settings_port_keys(struct port_settings *p)
{
    return (struct key_table){ keys, SEC_ARRAY_LEN(keys), p };
}

/* --- what only all of them show ------------------------------------------------------------ */

const char *
settings_port_check(struct port_settings *p)
{
    if (p->type == (enum port_type)TYPE_UNSET) {
        return "expected a key type = serial, tcp or pty";
    }
    if (!p->device) {
        return "expected a key device";
    }
    if (p->type == PORT_TCP && !key_parse_address(p->device, &p->address)) {
        return "expected device = ADDRESS:PORT or [ADDRESS]:PORT, in numbers";
    }
    if (p->type != PORT_TCP && p->device[0] != '/') {
        return "expected device = a path that begins with \"/\"";
    }
    if (p->type != PORT_TCP && p->calls != 1) {
        return "expected no key calls: a line that is no network has one call at a time";
    }
    if (p->type != PORT_TCP && p->telnet) {
        return "expected no telnet = yes: it is for ports of type tcp";
    }
    if (p->ppp.remote_first && p->ppp.remote_last - p->ppp.remote_first < p->calls - 1) {
        return "expected remote_address = FIRST-LAST with an address for each of the calls";
    }
    if (p->ppp.mppe && p->ppp.require & (PPP_PAP | PPP_CHAP_MD5)) {
        return "expected authentication = ms-chap-v2 or ms-chap: the others give mppe no keys";
    }
    return NULL;
}
