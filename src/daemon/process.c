/* SPDX-License-Identifier: Apache-2.0 */
/* What every daemon's process begins with. */
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "daemon/notify.h"
#include "daemon/process.h"

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

struct log
process_log(const char *program, bool verbose, struct log_counted *counted)
{
    struct log log = log_on_stderr(program, verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);

    log.counted = counted;
    return log;
}

void
process_prepare(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    json_set_alloc_funcs(mem_new, mem_free);
}

void
process_tell_started(struct event_log *events)
{
    event_log_service(events, &(struct event_service){ .id = EVENT_SERVICE_STARTED,
                                                       .version = OPENSSPI_VERSION });
}

void
process_tell_stopped(struct event_log *events)
{
    event_log_service(events, &(struct event_service){ .id = EVENT_SERVICE_STOPPED });
}

void
process_tell_reloaded(struct event_log *events, const struct log *log, const char *config_file)
{
    event_log_service(events, &(struct event_service){ .id = EVENT_SERVICE_RELOADED });
    log_info(log, "the configuration is read anew", log_text("file", config_file));
    notify_systemd("READY=1\nSTATUS=");
}

void
process_refuse_reload(struct event_log *events, const struct log *log, const char *why)
{
    event_log_service(events, &(struct event_service){
                                  .id = EVENT_SERVICE_RELOADED, .failure = true, .reason = why });
    log_error(log, "the configuration is refused, and the old one stays", log_text("error", why));
    notify_systemd("READY=1\nSTATUS=The last reload was refused: see the log");
}
