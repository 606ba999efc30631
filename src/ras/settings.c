/* SPDX-License-Identifier: Apache-2.0 */
/* rasd's part of the configuration file. */
#include "ras/settings.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "daemon/key.h"
#include "ras/settings_port.h"

enum {
    SECOND_MS = 1000,
    PROCESSES_MAX = 64,
    SERVICE_MAX = 64,
    PORTS_MAX = 65535, /* calls in all: the number of a call has so much room for its port */
};

#ifndef RAS_LIBEXECDIR
#define RAS_LIBEXECDIR "/usr/libexec/opensspi"
#endif

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
    return settings_port_init(&ports[s->n_ports++], e, why, why_n);
}

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    const struct key_table of_ras = { ras_keys, SEC_ARRAY_LEN(ras_keys), NULL };
    const struct key_table of_port = settings_port_keys(NULL);
    struct reading *r = user;
    size_t last = r->out->n_ports - 1;

    if (!key_check_section(e, why, why_n)) {
        return false;
    }
    if (strcmp(e->section, "port") == 0 && !e->key) {
        return add_port(r, e, why, why_n);
    }
    if (strcmp(e->section, "port") == 0) {
        const struct key_table own = settings_port_keys(&r->out->ports[last]);

        return take_any(e, &own, &r->ports[last], why, why_n) ||
               key_is_elsewhere(e->key, &of_ras, "ras", why, why_n);
    }
    if (strcmp(e->section, "ras") == 0) {
        const struct key_table own = { ras_keys, SEC_ARRAY_LEN(ras_keys), r->out };

        return !e->key || take_any(e, &own, &r->ras, why, why_n) ||
               key_is_elsewhere(e->key, &of_port, "port NAME", why, why_n);
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

static bool
check_ports(struct reading *r, struct config_error *error)
{
    struct ras_settings *s = r->out;
    size_t calls = 0;

    for (size_t i = 0; i < s->n_ports; i++) {
        struct port_settings *p = &s->ports[i];
        const char *text = settings_port_check(p);

        if (!text && is_taken(s, p)) {
            text = "expected a device that no port above has";
        }
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

void
ras_settings_clear(struct ras_settings *settings)
{
    for (size_t i = 0; i < settings->n_ports; i++) {
        settings_port_clear(&settings->ports[i]);
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
