/* SPDX-License-Identifier: Apache-2.0 */
/* rasd's part of the configuration file. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "daemon/key.h"
#include "ras/settings.h"

enum {
    SECOND_MS = 1000,
    PROCESSES_MAX = 64,
    CALLS_MAX = 10000,
    SERVICE_MAX = 64,
    PORTS_MAX = 65535, /* calls in all: the number of a call has so much room for its port */
};

#ifndef RAS_LIBEXECDIR
#define RAS_LIBEXECDIR "/usr/libexec/opensspi"
#endif

static const char *const types[] = { "serial", "tcp", "pty", NULL };
static const char *const parities[] = { "none", "even", "odd", NULL };
static const char *const flows[] = { "none", "rts-cts", NULL };
static const char *const early[] = { "refuse", "log", NULL };
static const char *const same[] = { "ignore", "log", "require", NULL };

/* What [ras] says for all ports and [port NAME] for one; UNSET: it does not say. */
enum { UNSET = -1 };
struct policy {
    long answer, begin, dialog, end, authenticate, hang_up; /* seconds */
    long send_buffer, receive_buffer;
    int ppp_early, same_user;
};

static const struct policy unset = { UNSET, UNSET, UNSET, UNSET, UNSET,
                                     UNSET, UNSET, UNSET, UNSET, UNSET };
static const struct policy defaults = {
    .answer = 60,
    .begin = 5,
    .dialog = 120,
    .end = 10,
    .authenticate = 60,
    .hang_up = 15,
    .send_buffer = 1024,
    .receive_buffer = 1024,
    .ppp_early = PPP_EARLY_REFUSE,
    .same_user = SAME_USER_LOG,
};

struct reading {
    const char *file;
    struct ras_settings *out;
    struct policy ras;
    struct policy *ports; /* one for each of out->ports */
};

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

/* The name of a file below /etc/pam.d. */
static bool
take_service(void *at, const struct key_value *v)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t n = strspn(v->text, good);

    if (n == 0 || v->text[n] || v->text[0] == '.' || n > SERVICE_MAX) {
        (void)snprintf(v->why, v->why_n, "the name of a PAM service: a to z, digits, - _ .");
        return false;
    }
    return key_set_text(at, v->text, v->why, v->why_n);
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

static bool
take_early(void *at, const struct key_value *v)
{
    return config_choice(v->text, early, at, v->why, v->why_n);
}

static bool
take_same(void *at, const struct key_value *v)
{
    return config_choice(v->text, same, at, v->why, v->why_n);
}

#define OF_RAS(member)    offsetof(struct ras_settings, member)
#define OF_PORT(member)   offsetof(struct port_settings, member)
#define OF_POLICY(member) offsetof(struct policy, member)
#define SECONDS(name, member)                   \
    {                                           \
        name, OF_POLICY(member), NULL, 1, 86400 \
    }

static const struct key ras_keys[] = {
    { "security_module", OF_RAS(security_module), key_take_path, 0, 0 },
    { "module_host", OF_RAS(module_host), key_take_path, 0, 0 },
    { "module_processes", OF_RAS(module_processes), NULL, 1, PROCESSES_MAX },
    { "module_user", OF_RAS(module_user), key_take_name, 0, 0 },
    { "pam_service", OF_RAS(pam_service), take_service, 0, 0 },
    { "control_socket", OF_RAS(control_socket), key_take_path, 0, 0 },
    { "run_directory", OF_RAS(run_directory), key_take_path, 0, 0 },
    { "pppd", OF_RAS(pppd), key_take_path, 0, 0 },
    { "plugin", OF_RAS(plugin), key_take_path, 0, 0 },
};

static const struct key port_keys[] = {
    { "type", OF_PORT(type), take_type, 0, 0 },
    { "device", OF_PORT(device), key_take_text, 0, 0 },
    { "device_name", OF_PORT(device_name), key_take_name, 0, 0 },
    { "telnet", OF_PORT(telnet), key_take_flag, 0, 0 },
    { "calls", OF_PORT(calls), NULL, 1, CALLS_MAX },
    { "speed", OF_PORT(serial.speed), take_speed, 0, 0 },
    { "data_bits", OF_PORT(serial.data_bits), take_data_bits, 0, 0 },
    { "stop_bits", OF_PORT(serial.stop_bits), take_stop_bits, 0, 0 },
    { "parity", OF_PORT(serial.parity), take_parity, 0, 0 },
    { "flow_control", OF_PORT(serial.flow_rts_cts), take_flow, 0, 0 },
    { "modem", OF_PORT(serial.local), take_modem, 0, 0 },
    { "init", OF_PORT(serial.init), key_take_text, 0, 0 },
    { "answer", OF_PORT(serial.answer), key_take_text, 0, 0 },
    { "hang_up", OF_PORT(serial.hang_up), key_take_text, 0, 0 },
    { "rings", OF_PORT(serial.rings), NULL, 1, 20 },
    { "local_address", OF_PORT(ppp.local_address), take_ipv4, 0, 0 },
    { "remote_address", OF_PORT(ppp), take_addresses, 0, 0 },
    { "dns1", OF_PORT(ppp.dns1), take_ipv4, 0, 0 },
    { "dns2", OF_PORT(ppp.dns2), take_ipv4, 0, 0 },
    { "mtu", OF_PORT(ppp.mtu), NULL, 128, 16384 },
    { "idle_timeout", OF_PORT(ppp.idle_seconds), NULL, 0, 604800 },
    { "session_timeout", OF_PORT(ppp.session_seconds), NULL, 0, 31536000 },
    { "authentication", OF_PORT(ppp.require), take_methods, 0, 0 },
    { "mppe", OF_PORT(ppp.mppe), key_take_flag, 0, 0 },
    { "ppp_options", OF_PORT(ppp.options), key_take_text, 0, 0 },
};

/* In [ras], and in [port NAME] for it alone. */
static const struct key policy_keys[] = {
    SECONDS("answer_timeout", answer),
    SECONDS("begin_timeout", begin),
    SECONDS("dialog_timeout", dialog),
    SECONDS("end_timeout", end),
    SECONDS("authenticate_timeout", authenticate),
    SECONDS("hang_up_timeout", hang_up),
    { "send_buffer", OF_POLICY(send_buffer), NULL, 64, 65535 },
    { "receive_buffer", OF_POLICY(receive_buffer), NULL, 64, 65535 },
    { "ppp_early", OF_POLICY(ppp_early), take_early, 0, 0 },
    { "same_user", OF_POLICY(same_user), take_same, 0, 0 },
};

static bool
take_any(const struct config_entry *e, const struct key_table *own, struct policy *policy,
         char *why, size_t why_n)
{
    const struct key_table tables[] = { *own, { policy_keys, SEC_ARRAY_LEN(policy_keys), policy } };

    return key_take_entry(e, tables, SEC_ARRAY_LEN(tables), why, why_n);
}

/* --- sections ------------------------------------------------------------------------------ */

static bool
add_port(struct reading *r, const struct config_entry *e, char *why, size_t why_n)
{
    struct ras_settings *s = r->out;
    struct port_settings *ports = mem_resize(s->ports, (s->n_ports + 1) * sizeof(*ports));
    struct policy *policies;

    if (ports) {
        s->ports = ports;
    }
    policies = mem_resize(r->ports, (s->n_ports + 1) * sizeof(*policies));
    if (policies) {
        r->ports = policies;
    }
    if (!ports || !policies) {
        return key_no_memory(why, why_n);
    }
    policies[s->n_ports] = unset;
    ports += s->n_ports++;
    *ports = (struct port_settings){
        .line = e->line,
        .type = (enum port_type)UNSET,
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
    return key_set_text(&ports->name, e->instance, why, why_n) &&
           key_set_text(&ports->serial.init, "ATZ", why, why_n) &&
           key_set_text(&ports->serial.answer, "ATA", why, why_n) &&
           key_set_text(&ports->serial.hang_up, "ATH", why, why_n);
}

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    struct reading *r = user;
    size_t last = r->out->n_ports - 1;

    if (!key_check_section(e, why, why_n)) {
        return false;
    }
    if (strcmp(e->section, "port") == 0 && !e->key) {
        return add_port(r, e, why, why_n);
    }
    if (strcmp(e->section, "port") == 0) {
        const struct key_table own = { port_keys, SEC_ARRAY_LEN(port_keys), &r->out->ports[last] };

        return take_any(e, &own, &r->ports[last], why, why_n);
    }
    if (strcmp(e->section, "ras") == 0) {
        const struct key_table own = { ras_keys, SEC_ARRAY_LEN(ras_keys), r->out };

        return !e->key || take_any(e, &own, &r->ras, why, why_n);
    }
    return strcmp(e->section, "events") != 0 || events_section_take(&r->out->events, e, why, why_n);
}

/* --- what only the whole shows ------------------------------------------------------------- */

static long
first_set(long a, long b, long c)
{
    return a != UNSET ? a : b != UNSET ? b : c;
}

static void
compile_rules(struct call_rules *to, const struct policy *p, const struct policy *ras)
{
#define SET(member) first_set(p->member, ras->member, defaults.member)
#define MS(member)  ((uint32_t)SET(member) * SECOND_MS)
    to->answer_ms = MS(answer);
    to->begin_ms = MS(begin);
    to->dialog_ms = MS(dialog);
    to->end_guard_ms = MS(end);
    to->authenticate_ms = MS(authenticate);
    to->hang_up_ms = MS(hang_up);
    to->send_size = (uint32_t)SET(send_buffer);
    to->receive_size = (uint32_t)SET(receive_buffer);
    to->ppp_early = (enum call_ppp_early)SET(ppp_early);
    to->same_user = (enum call_same_user)SET(same_user);
#undef MS
#undef SET
}

static bool
is_taken(const struct ras_settings *s, const struct port_settings *p)
{
    for (const struct port_settings *o = s->ports; o < p; o++) {
        bool both_tcp = o->type == PORT_TCP && p->type == PORT_TCP;

        if (both_tcp ? key_is_same_address(&o->address, &p->address)
                     : strcmp(o->device, p->device) == 0) {
            return true;
        }
    }
    return false;
}

static const char *
check_port(const struct ras_settings *s, struct port_settings *p)
{
    if (p->type == (enum port_type)UNSET) {
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
    return is_taken(s, p) ? "expected a device that no port above has" : NULL;
}

static bool
check_ports(struct reading *r, struct config_error *error)
{
    struct ras_settings *s = r->out;
    size_t calls = 0;

    for (size_t i = 0; i < s->n_ports; i++) {
        struct port_settings *p = &s->ports[i];
        const char *text = check_port(s, p);

        calls += p->calls;
        if (!text && calls > PORTS_MAX) {
            text = "expected at most 65535 calls in all ports";
        }
        if (text) {
            (void)snprintf(error->text, sizeof(error->text), "%s:%u: [port %s]: %s", r->file,
                           p->line, p->name, text);
            return false;
        }
        compile_rules(&p->rules, &r->ports[i], &r->ras);
        p->rules.has_module = s->security_module != NULL;
    }
    if (s->n_ports == 0) {
        (void)snprintf(error->text, sizeof(error->text),
                       "%s: expected at least one section [port NAME]", r->file);
    }
    return s->n_ports > 0;
}

static bool
fill_defaults(struct ras_settings *s)
{
    char why[64];
    bool good = true;

    good &=
        s->module_host || key_set_text(&s->module_host, RAS_LIBEXECDIR "/ras-module-host", why, 64);
    good &=
        s->control_socket || key_set_text(&s->control_socket, "/run/opensspi-ras/control", why, 64);
    good &= s->run_directory || key_set_text(&s->run_directory, "/run/opensspi-ras", why, 64);
    good &= s->pppd || key_set_text(&s->pppd, "/usr/sbin/pppd", why, 64);
    good &= s->plugin || key_set_text(&s->plugin, "/usr/lib/pppd/2.4.9/opensspi.so", why, 64);
    for (size_t i = 0; i < s->n_ports; i++) {
        struct port_settings *p = &s->ports[i];

        good &= p->device_name || key_set_text(&p->device_name, p->name, why, 64);
    }
    return good;
}

bool
ras_settings_read(const char *file, struct ras_settings *settings, struct config_error *error)
{
    struct reading r = { .file = file, .out = settings, .ras = unset };
    bool good;

    *settings = (struct ras_settings){ .module_processes = 1 };
    good = config_read(file, take, &r, error) && check_ports(&r, error);
    if (good && !fill_defaults(settings)) {
        (void)snprintf(error->text, sizeof(error->text), "%s: not enough memory", file);
        good = false;
    }
    mem_free(r.ports);
    if (!good) {
        ras_settings_clear(settings);
    }
    return good;
}

static void
clear_port(struct port_settings *p)
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

void
ras_settings_clear(struct ras_settings *settings)
{
    for (size_t i = 0; i < settings->n_ports; i++) {
        clear_port(&settings->ports[i]);
    }
    mem_free(settings->ports);
    mem_free(settings->security_module);
    mem_free(settings->module_host);
    mem_free(settings->module_user);
    mem_free(settings->pam_service);
    mem_free(settings->control_socket);
    mem_free(settings->run_directory);
    mem_free(settings->pppd);
    mem_free(settings->plugin);
    events_section_clear(&settings->events);
    *settings = (struct ras_settings){ 0 };
}

bool
ras_settings_remote(const struct port_settings *port, size_t instance,
                    char text[static RAS_IPV4_BYTES])
{
    struct in_addr address = { .s_addr = htonl(port->ppp.remote_first + (uint32_t)instance) };

    return port->ppp.remote_first && inet_ntop(AF_INET, &address, text, RAS_IPV4_BYTES);
}

/* --- other settings ------------------------------------------------------------------------ */

static bool
same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
same_serial(const struct serial_settings *a, const struct serial_settings *b)
{
    return a->speed == b->speed && a->data_bits == b->data_bits && a->stop_bits == b->stop_bits &&
           a->parity == b->parity && a->flow_rts_cts == b->flow_rts_cts && a->local == b->local &&
           same_text(a->init, b->init) && same_text(a->answer, b->answer) &&
           same_text(a->hang_up, b->hang_up) && a->rings == b->rings;
}

/* Callers of before and of after share a port's addresses. */
static const char *
port_needs_restart(const struct port_settings *a, const struct port_settings *b)
{
    if (!same_text(a->name, b->name) || a->type != b->type || !same_text(a->device, b->device)) {
        return "a port, its type or its device";
    }
    if (a->calls != b->calls || a->ppp.remote_first != b->ppp.remote_first ||
        a->ppp.remote_last != b->ppp.remote_last) {
        return "calls or remote_address of a port";
    }
    return a->telnet == b->telnet && same_serial(&a->serial, &b->serial)
               ? NULL
               : "telnet or a serial line's keys of a port";
}

const char *
ras_settings_needs_restart(const struct ras_settings *a, const struct ras_settings *b)
{
    const char *what = a->n_ports == b->n_ports ? NULL : "the number of ports";

    if (!same_text(a->security_module, b->security_module) ||
        a->module_processes != b->module_processes || !same_text(a->module_host, b->module_host) ||
        !same_text(a->pam_service, b->pam_service) || !same_text(a->module_user, b->module_user)) {
        return "security_module, pam_service or a key of [ras] that begins with module_";
    }
    if (!same_text(a->control_socket, b->control_socket) ||
        !same_text(a->run_directory, b->run_directory) || !same_text(a->pppd, b->pppd) ||
        !same_text(a->plugin, b->plugin)) {
        return "control_socket, run_directory, pppd or plugin";
    }
    for (size_t i = 0; i < a->n_ports && !what; i++) {
        what = port_needs_restart(&a->ports[i], &b->ports[i]);
    }
    return what;
}
