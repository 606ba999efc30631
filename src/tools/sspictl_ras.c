/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl ras: asks a running rasd over its control socket (docs/INTERFACES.md). */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"
#include "tools/control_client.h"
#include "tools/sspictl.h"

static const struct control_service rasd = { "rasd", "ras", "/run/opensspi-ras/control" };

/* --- status -------------------------------------------------------------------------------- */

static json_int_t
number_of(const json_t *port, const char *name)
{
    return json_integer_value(json_object_get(port, name));
}

/* A caller may have chosen what a name is. */
static void
print_text(const char *text)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);

    text_put_escaped(&w, bytes_of_string(text));
    (void)printf("%.*s", (int)w.len, w.p ? (const char *)w.p : "");
}

static void
print_port(const json_t *port)
{
    const char *domain = control_client_text(port, "domain"),
               *user = control_client_text(port, "user");
    const char *address = control_client_text(port, "remote_address");
    char duration[CONTROL_DURATION_BYTES];

    control_client_duration(duration, sizeof(duration), number_of(port, "seconds"));
    (void)printf("%-16s %-7s %-14s %8s  ", control_client_text(port, "port"),
                 control_client_text(port, "type"), control_client_text(port, "state"), duration);
    if (json_object_get(port, "call")) {
        (void)printf("%10lld %10lld  ", (long long)number_of(port, "bytes_in"),
                     (long long)number_of(port, "bytes_out"));
    } else {
        (void)printf("%10s %10s  ", "-", "-");
    }
    print_text(*address ? address : control_client_text(port, "peer"));
    if (*user) {
        (void)printf("  ");
        print_text(domain);
        (void)printf("%s", *domain ? "\\" : "");
        print_text(user);
    }
    (void)printf("\n");
}

static int
print_status(const json_t *answer, bool json)
{
    const json_t *ports = json_object_get(answer, "ports");
    size_t i;
    json_t *port;

    if (json) {
        return control_client_print(answer);
    }
    (void)printf("%-16s %-7s %-14s %8s  %10s %10s  %s\n", "PORT", "TYPE", "STATE", "SINCE", "IN",
                 "OUT", "PEER OR ADDRESS, USER");
    json_array_foreach(ports, i, port)
    {
        print_port(port);
    }
    return SSPICTL_DONE;
}

static int
run_status(const char *config_file, int argc, char **argv)
{
    bool json = false;
    json_t *answer;
    int result;

    if (!sspictl_take_json(argc, argv, "ras status", &json)) {
        return SSPICTL_USAGE;
    }
    answer = control_client_ask(&rasd, config_file, "status\n", &result);
    if (answer) {
        result = print_status(answer, json);
        json_decref(answer);
    }
    return result;
}

/* --- hangup -------------------------------------------------------------------------------- */

static int
run_hangup(const char *config_file, int argc, char **argv)
{
    char request[128];
    const char *error;
    json_t *answer;
    int result;

    if (argc != 2 || strlen(argv[1]) > 64 || strchr(argv[1], '\n')) {
        return sspictl_usage("ras hangup takes the name of one port");
    }
    (void)snprintf(request, sizeof(request), "hangup %s\n", argv[1]);
    answer = control_client_ask(&rasd, config_file, request, &result);
    if (!answer) {
        return result;
    }
    error = json_string_value(json_object_get(answer, "error"));
    if (error) {
        (void)fprintf(stderr, "sspictl: %s: %s\n", argv[1], error);
    } else {
        (void)printf("%lld\n", (long long)number_of(answer, "hung_up"));
        result = SSPICTL_DONE;
    }
    json_decref(answer);
    return result;
}

int
sspictl_ras(const char *config_file, int argc, char **argv)
{
    static const struct sspictl_command commands[] = {
        { "status", run_status },
        { "hangup", run_hangup },
        { 0 },
    };

    return sspictl_dispatch(commands, "ras command", config_file, argc - 1, argv + 1);
}
