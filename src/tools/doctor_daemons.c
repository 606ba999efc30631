/* SPDX-License-Identifier: Apache-2.0 */
/* Daemons are asked over their control sockets which configuration they run under. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/config_digest.h"
#include "tools/control_client.h"
#include "tools/doctor_gather.h"

static const struct control_service services[] = {
    { "sspid", "service", "/run/opensspi-sspid/control" },
    { "rasd", "ras", "/run/opensspi-ras/control" },
    { "samd", "samd", "/run/opensspi/samd-control" },
};

static bool
is_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Whether the sections that it reads are as they were. */
static bool
is_current(const json_t *in_effect, const char *file)
{
    const json_t *names = json_object_get(in_effect, "sections");
    const char *sections[DOCTOR_SECTIONS_MAX + 1] = { NULL };
    char text[17];
    uint64_t digest;

    for (size_t i = 0; i < json_array_size(names) && i < DOCTOR_SECTIONS_MAX; i++) {
        sections[i] = json_string_value(json_array_get(names, i));
    }
    if (!config_digest(file, sections, &digest)) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%016" PRIx64, digest);
    return strcmp(text, control_client_text(in_effect, "digest")) == 0;
}

static void
examine(struct doctor_report *r, const struct control_service *service, const char *file)
{
    json_t *answer = control_client_try(service, file, "status\n");
    const int error = answer ? 0 : errno;
    const json_t *in_effect = json_object_get(answer, "in_effect");
    char ago[CONTROL_DURATION_BYTES];
    struct doctor_daemon d = {
        .name = service->name,
        .file = file,
        .its_file = control_client_text(in_effect, "file"),
        .ago = ago,
        .error = error,
        .tells = json_is_object(in_effect),
    };

    control_client_duration(ago, sizeof(ago),
                            (json_int_t)time(NULL) -
                                json_integer_value(json_object_get(in_effect, "read")));
    d.reads_file = d.tells && is_same_file(file, d.its_file);
    d.is_current = d.reads_file && is_current(in_effect, file);
    doctor_judge_daemon(r, &d);
    json_decref(answer);
}

void
doctor_daemons_examine(struct doctor_report *r, const char *file)
{
    for (size_t i = 0; i < SEC_ARRAY_LEN(services); i++) {
        examine(r, &services[i], file);
    }
}
