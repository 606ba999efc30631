/* SPDX-License-Identifier: Apache-2.0 */
/* Which configuration a daemon runs under. */
#include "daemon/in_effect.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config_digest.h"

struct in_effect
in_effect_read(const char *file, const char *const *sections)
{
    struct in_effect e = { file, sections, 0, clock_to_unix(clock_now_100ns()) };

    if (!config_digest(file, sections, &e.digest)) {
        e.digest = 0; /* there are no settings, either */
    }
    return e;
}

/* For who has another current folder. */
static json_t *
absolute(const char *file)
{
    char folder[PATH_MAX];

    return file[0] == '/' || !getcwd(folder, sizeof(folder)) ? json_string(file)
                                                             : json_sprintf("%s/%s", folder, file);
}

void
in_effect_put(const struct in_effect *e, json_t *answer)
{
    json_t *object = json_object(), *sections = json_array();
    char digest[17];

    for (const char *const *s = e->sections; *s; s++) {
        (void)json_array_append_new(sections, json_string(*s));
    }
    (void)snprintf(digest, sizeof(digest), "%016" PRIx64, e->digest);
    (void)json_object_set_new(object, "file", absolute(e->file));
    (void)json_object_set_new(object, "read", json_integer((json_int_t)e->read));
    (void)json_object_set_new(object, "sections", sections);
    (void)json_object_set_new(object, "digest", json_string(digest));
    (void)json_object_set_new(answer, "in_effect", object);
}
