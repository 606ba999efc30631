/* SPDX-License-Identifier: Apache-2.0 */
/* What rasd is asked and told over its control socket. */
#include <string.h>

#include "daemon/control.h"
#include "ras/requests.h"

static void
put(json_t *object, const char *name, const char *text)
{
    if (text && *text) {
        (void)json_object_set_new(object, name, json_string(text));
    }
}

static json_t *
json_of(const struct port *port)
{
    json_t *object = json_object();
    struct port_status s;

    port_describe(port, &s);
    put(object, "port", s.name);
    put(object, "type", s.type);
    put(object, "device", s.device);
    put(object, "state", s.waiting ? "Waiting" : s.state);
    (void)json_object_set_new(object, "seconds", json_integer((json_int_t)s.seconds));
    if (s.call) {
        (void)json_object_set_new(object, "call", json_integer((json_int_t)s.call));
        (void)json_object_set_new(object, "bytes_in", json_integer((json_int_t)s.bytes_in));
        (void)json_object_set_new(object, "bytes_out", json_integer((json_int_t)s.bytes_out));
        put(object, "user", s.user);
        put(object, "domain", s.domain);
        put(object, "interface", s.interface_name);
        put(object, "local_address", s.local_address);
        put(object, "remote_address", s.remote_address);
    }
    put(object, "peer", s.peer);
    return object;
}

static json_t *
tell_status(const struct requests *r)
{
    json_t *ports = json_array(), *all = json_object();

    for (size_t i = 0; i < r->n_ports; i++) {
        (void)json_array_append_new(ports, json_of(r->ports[i]));
    }
    (void)json_object_set_new(all, "ports", ports);
    in_effect_put(r->in_effect, all);
    return all;
}

static json_t *
hang_up(const struct requests *r, const char *name)
{
    json_t *answer;
    json_int_t known = 0, calls = 0;

    for (size_t i = 0; i < r->n_ports; i++) {
        if (port_has_name(r->ports[i], name)) {
            known++;
            calls += port_hang_up(r->ports[i]);
        }
    }
    if (!known) {
        return control_error("there is no such port");
    }
    log_info(r->log, "hung up by the operator", log_text("port", name),
             log_number("calls", (int64_t)calls));
    answer = json_object();
    (void)json_object_set_new(answer, "hung_up", json_integer(calls));
    return answer;
}

json_t *
requests_answer(void *user, const char *request)
{
    const struct requests *r = user;

    if (strcmp(request, "status") == 0) {
        return tell_status(r);
    }
    if (strncmp(request, "hangup ", 7) == 0) {
        return hang_up(r, request + 7);
    }
    return control_error("no such request");
}
