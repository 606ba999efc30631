/* SPDX-License-Identifier: Apache-2.0 */
/* [events] of the configuration file. */
#include "base/mem.h"
#include "daemon/events_section.h"
#include "daemon/key.h"

static const struct key keys[] = {
    { "file", offsetof(struct events_section, file), key_take_path, 0, 0 },
};

bool
events_section_take(struct events_section *section, const struct config_entry *e, char *why,
                    size_t why_n)
{
    const struct key_table table = { keys, SEC_ARRAY_LEN(keys), section };

    return !e->key || key_take_entry(e, &table, 1, why, why_n);
}

void
events_section_clear(struct events_section *section)
{
    mem_free(section->file);
    *section = (struct events_section){ 0 };
}
