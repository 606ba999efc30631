/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl status: how a running sspid fares. */
#include <stdbool.h>
#include <stdio.h>

#include "tools/control_client.h"
#include "tools/sspictl.h"

static const struct control_service sspid = { "sspid", "service", "/run/opensspi-sspid/control" };

static long long
number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

/* "ticket 3, token 1": what is not 0. */
static void
print_parts(const char *what, json_t *parts)
{
    const char *name, *before = what;
    json_t *number;

    json_object_foreach(parts, name, number)
    {
        if (json_integer_value(number)) {
            (void)printf("%s%s %lld", before, name, (long long)json_integer_value(number));
            before = ", ";
        }
    }
    if (before != what) {
        (void)printf("\n");
    }
}

static void
print_listener(const json_t *l)
{
    (void)printf("%-16s %-7s %-22s %8lld %8lld %8lld %10lld %10lld\n",
                 control_client_text(l, "listener"), control_client_text(l, "protocol"),
                 control_client_text(l, "address"), number_of(l, "connections"),
                 number_of(l, "unauthenticated"), number_of(l, "contexts"), number_of(l, "logons"),
                 number_of(l, "refused"));
    if (number_of(l, "commands") || number_of(l, "commands_refused")) {
        (void)printf("    commands: started %lld, failed %lld, refused %lld\n",
                     number_of(l, "commands"), number_of(l, "commands_failed"),
                     number_of(l, "commands_refused"));
    }
    print_parts("    refused: ", json_object_get(l, "refusals"));
    print_parts("    turned away: ", json_object_get(l, "turned_away"));
}

static void
print_all(const json_t *answer)
{
    const json_t *listeners = json_object_get(answer, "listeners");
    const json_t *events = json_object_get(answer, "events");
    char uptime[CONTROL_DURATION_BYTES];
    size_t i;
    json_t *listener;

    control_client_duration(uptime, sizeof(uptime), number_of(answer, "uptime_seconds"));
    (void)printf("sspid %s, process %lld, up %s, loops %lld\n",
                 control_client_text(answer, "version"), number_of(answer, "pid"), uptime,
                 number_of(answer, "loops"));
    (void)printf("configuration %s: read anew %lld times, refused %lld times\n",
                 control_client_text(answer, "configuration"), number_of(answer, "reloads"),
                 number_of(answer, "reloads_refused"));
    (void)printf("events: %lld written, %lld counted instead, %lld lost\n\n",
                 number_of(events, "written"), number_of(events, "suppressed"),
                 number_of(events, "lost"));
    (void)printf("%-16s %-7s %-22s %8s %8s %8s %10s %10s\n", "LISTENER", "TYPE", "ADDRESS", "OPEN",
                 "UNKNOWN", "CONTEXTS", "LOGONS", "REFUSED");
    json_array_foreach(listeners, i, listener)
    {
        print_listener(listener);
    }
}

int
sspictl_status(const char *config_file, int argc, char **argv)
{
    int result = SSPICTL_DONE;
    bool json = false;
    json_t *answer;

    if (!sspictl_take_json(argc, argv, "status", &json)) {
        return SSPICTL_USAGE;
    }
    answer = control_client_ask(&sspid, config_file, "status\n", &result);
    if (answer && json) {
        result = control_client_print(answer);
    } else if (answer) {
        print_all(answer);
        result = SSPICTL_DONE;
    }
    json_decref(answer);
    return result;
}
