/* SPDX-License-Identifier: Apache-2.0 */
/* What every daemon's process begins with. */
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "daemon/process.h"

enum { REFUSALS_PER_SECOND = 100 }; /* of one address, that are written one by one */

/* Each client needs one, or two. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void
process_prepare(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    json_set_alloc_funcs(mem_new, mem_free);
}

struct event_log *
process_open_events(const struct events_section *section, const struct log *log)
{
    const struct event_settings settings = { .file = section->file,
                                             .journal = EVENT_JOURNAL,
                                             .program = log->program,
                                             .refusals_per_second = REFUSALS_PER_SECOND,
                                             .log = log };

    if (!section->file) {
        log_warning(log, "no event file: [events] has no key file");
    }
    return event_log_open(&settings);
}
