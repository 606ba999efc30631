/* SPDX-License-Identifier: Apache-2.0 */
/* opensspi-execd: starts commands as the users that sspid's clients are. This process accepts and
 * counts; each connection has a process of its own (exec_session.h), which reads what comes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/secret.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "daemon/signals.h"
#include "daemon/unix_listener.h"
#include "execd/credentials.h"
#include "execd/descendants.h"
#include "execd/exec_msg.h"
#include "execd/exec_session.h"
#include "execd/places.h"
#include "execd/settings.h"
#include "execd/surroundings.h"

#define PROGRAM "opensspi-execd"

enum { WHY_BYTES = 400, ACCEPTS_AT_ONCE = 16, TOLD_APART_MS = 1000 };

struct daemon {
    const struct log *log;
    const char *file;
    struct execd_settings settings;
    struct places *places;
    char credentials[CREDENTIALS_PATH_BYTES]; /* the folder for what clients delegated */
    uv_loop_t loop;
    uv_poll_t listener;
    uv_signal_t child;
    struct signals signals;
    int fd;
    bool watched, stopping, ends_orphans;
    uint64_t told_ms; /* when a stranger, or one too many, was told of last */
    unsigned untold;
};

/* --- connections --------------------------------------------------------------------------- */

/* One line a second: who connects again and again does not fill the log. */
static void
turn_away(struct daemon *d, int fd, const char *why, int64_t uid)
{
    uint64_t now = clock_monotonic_ms();

    (void)close(fd);
    if (d->told_ms && now < d->told_ms + TOLD_APART_MS) {
        d->untold++;
        return;
    }
    log_warning(d->log, why, log_number("uid", uid), log_number("others", d->untold));
    d->told_ms = now;
    d->untold = 0;
}

static bool
is_welcome(const struct daemon *d, int fd, struct ucred *who)
{
    socklen_t n = sizeof(*who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &n) == 0 &&
           (who->uid == 0 || who->uid == d->settings.user_id);
}

/* No handler of the loop's may run in the new process: it would write into the loop's own pipe. */
static pid_t
fork_session(struct daemon *d, int fd, size_t place, uid_t asker)
{
    const struct exec_session_options options = {
        .settings = &d->settings,
        .places = d->places,
        .place = place,
        .log = d->log,
        .credentials = d->credentials,
        .parent = getpid(),
        .asker = asker,
    };
    sigset_t all, before;
    pid_t pid;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid = _Fork(); /* without libuv's handlers, which are for loops that go on */
    if (pid == 0) {
        _exit(exec_session_run(&options, fd));
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static void
take(struct daemon *d, int fd)
{
    struct ucred who = { .uid = (uid_t)-1 };
    size_t place;
    pid_t pid;

    if (!is_welcome(d, fd, &who)) {
        turn_away(d, fd, "hung up on a process that may not ask", who.uid);
    } else if (!places_find(d->places, d->settings.max_commands, &place)) {
        turn_away(d, fd, "there are max_commands already", who.uid);
    } else if ((pid = fork_session(d, fd, place, who.uid)) < 0) {
        turn_away(d, fd, "there are no more processes", who.uid);
    } else {
        places_take(d->places, place, pid);
        (void)close(fd);
    }
}

static void
on_coming(uv_poll_t *poll, int status, int events)
{
    struct daemon *d = poll->data;

    for (int i = 0; i < ACCEPTS_AT_ONCE && status == 0; i++) {
        int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            take(d, fd);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return; /* nobody is left, or no descriptor is */
        }
    }
}

/* --- the loop ------------------------------------------------------------------------------ */

static void
end_if_drained(struct daemon *d)
{
    if (d->stopping && places_taken(d->places) == 0 && !uv_is_closing((uv_handle_t *)&d->child)) {
        uv_close((uv_handle_t *)&d->child, NULL);
        signals_close(&d->signals);
    }
}

static bool
is_session(const void *user, pid_t pid)
{
    const struct daemon *d = user;

    return places_has(d->places, pid);
}

/* A session that is done has ended what was below it. Of another one all that comes to us, and of each
 * that is killed here what it began itself. */
static void
on_child(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    bool orphans = false;
    int status;
    pid_t pid;

    (void)number;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        bool was_session = places_leave(d->places, pid);

        orphans = orphans || !was_session || status != 0;
        if (was_session && WIFSIGNALED(status)) {
            credentials_sweep(d->credentials, pid);
            log_error(d->log, "a session's process was killed", log_number("process", pid),
                      log_number("signal", WTERMSIG(status)));
        }
    }
    if (orphans && d->ends_orphans) {
        (void)descendants_kill(is_session, d);
    }
    end_if_drained(d);
}

static void
on_stop(void *user, bool at_once)
{
    struct daemon *d = user;

    d->stopping = true;
    if (!uv_is_closing((uv_handle_t *)&d->listener)) {
        uv_close((uv_handle_t *)&d->listener, NULL);
    }
    places_signal(d->places, at_once ? SIGKILL : SIGTERM);
    end_if_drained(d);
}

static void
warn_in_log(void *user, const char *text)
{
    struct daemon *d = user;

    log_warning(d->log, "clients of a command will be refused", log_text("reason", text));
}

static void
warn_at_check(void *user, const char *text)
{
    (void)user;
    (void)fprintf(stderr, "%s: warning: %s\n", PROGRAM, text);
}

static void
on_reload(void *user)
{
    struct daemon *d = user;
    struct execd_settings settings;
    struct config_error error;

    if (!execd_settings_read(d->file, &settings, &error)) {
        log_error(d->log, "the configuration has a fault, what was there before stays",
                  log_text("error", error.text));
        return;
    }
    if (strcmp(settings.socket, d->settings.socket) != 0 ||
        settings.user_group != d->settings.user_group) {
        log_warning(d->log, "another socket, or one for another group, needs a restart");
    }
    execd_settings_clear(&d->settings);
    d->settings = settings;
    log_info(d->log, "the configuration is read anew",
             log_number("commands", (int64_t)settings.n_commands));
    execd_surroundings_check(&d->settings, warn_in_log, d);
}

static void
on_tick(void *user)
{
    struct daemon *d = user;

    if (d->watched) {
        notify_systemd("WATCHDOG=1");
    }
}

static bool
run(struct daemon *d)
{
    static const struct signals_events events = { on_stop, on_reload, on_tick };

    d->listener.data = d->child.data = d;
    if (uv_loop_init(&d->loop) || uv_poll_init(&d->loop, &d->listener, d->fd) ||
        uv_signal_init(&d->loop, &d->child) || uv_signal_start(&d->child, on_child, SIGCHLD) ||
        !signals_start(&d->signals, &d->loop, d->log, &events, d) ||
        uv_poll_start(&d->listener, UV_READABLE, on_coming)) {
        return false;
    }
    notify_systemd("READY=1");
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&d->loop);
    return true;
}

/* --- the process --------------------------------------------------------------------------- */

/* Sessions end what is below them by themselves; what those that are killed leave is ended here, where it
 * cannot be anybody else's. */
static void
adopt(struct daemon *d)
{
    bool others = descendants_has_others();

    d->ends_orphans = !others && descendants_adopt();
    if (!d->ends_orphans) {
        log_warning(d->log, "what a session that is killed leaves behind is not ended",
                    log_text("reason", others ? "there are processes below this one that no "
                                                "session began"
                                              : "it cannot be adopted"));
    }
}

static int
serve(struct daemon *d)
{
    char why[WHY_BYTES], socket[WHY_BYTES];
    bool good;

    (void)signal(SIGPIPE, SIG_IGN);
    if (geteuid() != 0 || getegid() != 0) {
        log_error(d->log,
                  "it must run as root, with root's group: it makes processes and files of others");
        return PROCESS_FAILED;
    }
    d->places = places_new();
    if (!d->places) {
        log_error(d->log, "not enough memory");
        return PROCESS_FAILED;
    }
    (void)snprintf(socket, sizeof(socket), "%s", d->settings.socket);
    if (!unix_listener_open(socket, d->settings.user_group, &d->fd, why, sizeof(why))) {
        log_error(d->log, "cannot listen", log_text("socket", socket), log_text("error", why));
        places_free(d->places);
        return PROCESS_FAILED;
    }
    if (!credentials_folder(socket, d->credentials) || !credentials_open(d->credentials)) {
        log_error(d->log, "there is no folder for what clients delegate",
                  log_text("folder", d->credentials), log_text("error", strerror(errno)));
        (void)unlink(socket);
        (void)close(d->fd);
        places_free(d->places);
        return PROCESS_FAILED;
    }
    adopt(d);
    log_info(d->log, "ready", log_text("socket", socket),
             log_number("commands", (int64_t)d->settings.n_commands));
    good = run(d);
    if (!good) {
        log_error(d->log, "the loop cannot be started");
    }
    credentials_close(d->credentials);
    (void)unlink(socket);
    (void)close(d->fd);
    places_free(d->places);
    log_info(d->log, "stopped");
    return good ? PROCESS_DONE : PROCESS_FAILED;
}

int
main(int argc, char **argv)
{
    const struct options_program program = { PROGRAM, OPENSSPI_VERSION, NULL, NULL };
    struct options o;
    struct daemon d = { .watched = notify_is_watched() };
    struct config_error error;
    struct log_counted counted = LOG_COUNTED;
    struct log log;
    int status;

    secret_harden_process();
    status = options_read(&o, &program, argc, argv);
    if (status >= 0) {
        return status;
    }
    d.file = o.config_file;
    if (!execd_settings_read(o.config_file, &d.settings, &error)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, error.text);
        return PROCESS_USAGE;
    }
    if (o.check_only) {
        (void)printf("%s: good\n", o.config_file);
        execd_surroundings_check(&d.settings, warn_at_check, NULL);
        status = PROCESS_DONE;
    } else {
        log = process_log(PROGRAM, o.verbose, &counted);
        d.log = &log;
        execd_surroundings_check(&d.settings, warn_in_log, &d);
        status = serve(&d);
    }
    execd_settings_clear(&d.settings);
    return status;
}
