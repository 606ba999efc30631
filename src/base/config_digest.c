/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a over what the file's reader gives, each text with its NUL. */
#include "base/config_digest.h"

#include "base/bytes.h"
#include "base/config.h"
#include "base/fnv.h"

struct sum {
    const char *const *sections;
    uint64_t value;
};

static void
add(struct sum *sum, const char *text)
{
    sum->value = fnv_add(sum->value, bytes_of(text, strlen(text) + 1));
}

static bool
take(void *user, const struct config_entry *e, char *why, size_t why_n)
{
    struct sum *sum = user;

    (void)why;
    (void)why_n;
    for (const char *const *s = sum->sections; *s; s++) {
        if (bytes_equal_nocase(bytes_of_string(*s), bytes_of_string(e->section))) {
            add(sum, e->section);
            add(sum, e->instance);
            add(sum, e->key ? e->key : "");
            add(sum, e->key ? e->value : "");
        }
    }
    return true;
}

bool
config_digest(const char *file, const char *const *sections, uint64_t *out)
{
    struct sum sum = { sections, fnv_begin() };
    struct config_error error;

    if (!config_read(file, take, &sum, &error)) {
        return false;
    }
    *out = sum.value;
    return true;
}
