/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to execd, in a process of its own. */
#include "execd/exec_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/trusted_file.h"
#include "execd/child.h"
#include "execd/client.h"
#include "execd/credentials.h"
#include "execd/descendants.h"
#include "execd/environment.h"
#include "execd/exec_msg.h"
#include "execd/permit.h"

enum {
    CONNECTION = 3,  /* where the descriptors of ours are */
    START_MS = 5000, /* for a START to come, for the command to begin, for each answer to go */
    END_MS = 5000,   /* for what a command left behind to be gone */
    WHY_BYTES = 400,
    DONE = 0,
    FAILED = 1,
};

enum { INPUT, OUTPUT, ERRORS, STREAMS };

struct session {
    const struct exec_session_options *options;
    int fd;
    uint8_t frame[EXEC_MSG_LENGTH_BYTES + EXEC_MSG_BYTES_MAX];
    struct exec_msg start; /* views into the frame */
    const struct execd_command *command;
    struct client client;
    struct unix_account *account;
    char credentials[CREDENTIALS_PATH_BYTES]; /* the file of what the client delegated; "": none */
    pid_t child;
    int child_fd, signal_fd, orphan_fd;
    bool hung_up, terminated;
    uint64_t begun_ms, hung_up_ms;
};

/* --- messages ------------------------------------------------------------------------------ */

/* All of it at once, with these descriptors beside it. */
static bool
send_message(struct session *s, const struct exec_msg *m, const int *descriptors, size_t n)
{
    uint8_t room[EXEC_MSG_LENGTH_BYTES + EXEC_MSG_TEXT_MAX + 64];
    struct wire_writer w = wire_writer_fixed(room, sizeof(room));
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(EXEC_MSG_DESCRIPTORS * sizeof(int))];
    } control = { 0 };
    struct iovec bytes;
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };

    if (!exec_msg_encode(&w, m)) {
        return false;
    }
    bytes = (struct iovec){ room, w.len };
    if (n) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(n * sizeof(int));
        control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                         .cmsg_type = SCM_RIGHTS,
                                         .cmsg_len = CMSG_LEN(n * sizeof(int)) };
        bytes_copy(CMSG_DATA(&control.head), descriptors, n * sizeof(int));
    }
    return sendmsg(s->fd, &message, MSG_NOSIGNAL) == (ssize_t)w.len;
}

SEC_PRINTF(3, 4)
static int
refuse(struct session *s, enum exec_msg_refusal refusal, const char *format, ...)
{
    const struct exec_msg *m = &s->start;
    char why[WHY_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    log_warning(s->options->log, "refused", log_bytes("command", m->command),
                log_bytes("user", m->user), log_bytes("domain", m->domain),
                log_bytes("address", m->address),
                log_text("refusal", exec_msg_refusal_name(refusal)), log_text("reason", why));
    (void)send_message(s,
                       &(struct exec_msg){ .type = EXEC_MSG_REFUSED,
                                           .refusal = refusal,
                                           .reason = bytes_of_string(why) },
                       NULL, 0);
    return FAILED;
}

/* So many bytes, in time. */
static bool
receive(struct session *s, uint8_t *to, size_t n, uint64_t deadline_ms)
{
    while (n) {
        struct pollfd wait = { .fd = s->fd, .events = POLLIN };
        uint64_t now = clock_monotonic_ms();
        ssize_t got;

        if (now >= deadline_ms || poll(&wait, 1, (int)(deadline_ms - now)) <= 0) {
            return false;
        }
        got = recv(s->fd, to, n, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        n -= got > 0 ? (size_t)got : 0;
        to += got > 0 ? got : 0;
    }
    return true;
}

/* false: nothing came that could be answered. */
static bool
receive_start(struct session *s)
{
    uint64_t deadline_ms = clock_monotonic_ms() + START_MS;
    struct bytes frame = { s->frame + EXEC_MSG_LENGTH_BYTES, 0 };

    if (!receive(s, s->frame, EXEC_MSG_LENGTH_BYTES, deadline_ms)) {
        return false; /* who looks whether somebody is there says nothing */
    }
    frame.n = wire_load_le32(s->frame);
    if (frame.n > EXEC_MSG_BYTES_MAX ||
        !receive(s, s->frame + EXEC_MSG_LENGTH_BYTES, frame.n, deadline_ms) ||
        exec_msg_decode(&s->start, frame) != WIRE_OK || s->start.type != EXEC_MSG_START ||
        s->start.version != EXEC_MSG_VERSION) {
        log_warning(s->options->log, "what came is no START of this version",
                    log_text("field", s->start.fault.field), log_number("at", s->start.fault.at),
                    log_number("bytes", (int64_t)frame.n));
        return false;
    }
    return true;
}

/* --- whether, and as whom ------------------------------------------------------------------ */

/* DONE: it is known who the client is, as far as the command wants to know it. What samd says takes
 * the place of what sspid says. */
static int
identify(struct session *s)
{
    const struct exec_session_options *o = s->options;
    struct exec_msg *m = &s->start;
    bool asks = execd_settings_authority(o->settings) && m->assertion.n;
    sec_status status;

    if (!asks && !s->command->trusts_sspid) {
        return refuse(s, EXEC_MSG_NOT_PROVEN,
                      "samd has not vouched for the client (%.*s), and trust_sspid is no",
                      (int)m->package.n, (const char *)m->package.p);
    }
    status = asks ? client_of_samd(o->settings, m->assertion, o->asker, &s->client)
                  : client_of_start(m, &s->client);
    if (status != SEC_E_OK) {
        return refuse(s, asks ? EXEC_MSG_NOT_PROVEN : EXEC_MSG_FAILED, "%s", sec_reason());
    }
    m->user = bytes_of_string(s->client.user);
    m->domain = bytes_of_string(s->client.domain);
    m->unix_user = bytes_of_string(s->client.unix_user);
    m->sid = bytes_of_string(s->client.sid);
    return DONE;
}

/* By the rules of impersonation; root is the command's own list's to permit. */
static sec_status
map(struct session *s)
{
    const struct unix_account_client client = { s->client.user, s->client.domain,
                                                s->client.unix_user };
    const char *own_domains[SETTINGS_OWN_DOMAINS];
    struct unix_account_policy policy =
        settings_unix_policy(&s->options->settings->text, own_domains);

    policy.root = true;
    return unix_account_map(&client, &policy, &s->account);
}

/* Nobody but sspid says whose they are: where it is not trusted, or somebody else has said who the
 * client is, there are none. */
static int
choose_credentials(struct session *s)
{
    if (!s->start.credentials.n || !s->command->trusts_sspid || s->client.vouched) {
        return DONE;
    }
    return credentials_path(s->options->credentials, getpid(), s->credentials)
               ? DONE
               : refuse(s, EXEC_MSG_FAILED, "there is no place for what the client delegated");
}

static void
remove_credentials(struct session *s)
{
    if (s->credentials[0]) {
        (void)unlink(s->credentials);
        s->credentials[0] = 0;
    }
}

/* DONE: it may be started. */
static int
judge(struct session *s)
{
    const struct exec_session_options *o = s->options;
    char why[WHY_BYTES];

    s->command = execd_settings_find(o->settings, s->start.command);
    if (!s->command) {
        return refuse(s, EXEC_MSG_NO_COMMAND, "there is no [exec %.*s]", (int)s->start.command.n,
                      (const char *)s->start.command.p);
    }
    if (identify(s) != DONE) {
        return FAILED;
    }
    if (s->start.user.n == 0) {
        return refuse(s, EXEC_MSG_NO_ACCOUNT, "the client is anonymous");
    }
    if (map(s) != SEC_E_OK) {
        return refuse(s, EXEC_MSG_NO_ACCOUNT, "%s", sec_reason());
    }
    if (!permit_account(o->settings, s->command, s->account, why, sizeof(why))) {
        return refuse(s, EXEC_MSG_NOT_PERMITTED, "%s", why);
    }
    if (!trusted_file_check(s->command->argv[0], why, sizeof(why))) {
        return refuse(s, EXEC_MSG_FAILED, "%s", why);
    }
    if (!places_enter(o->places, o->place, s->account->uid, o->settings->max_per_user)) {
        return refuse(s, EXEC_MSG_TOO_MANY, "%.100s has max_per_user = %lu commands already",
                      s->account->name, o->settings->max_per_user);
    }
    return choose_credentials(s);
}

/* --- the child ----------------------------------------------------------------------------- */

static void
close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
}

/* The child's ends, and the other ones; with errors to the stream there are two of them. */
static bool
make_streams(int child[static STREAMS], int other[static STREAMS], bool merge)
{
    int input[2] = { -1, -1 }, output[2] = { -1, -1 }, errors[2] = { -1, -1 };
    bool good = pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0 &&
                (merge || pipe2(errors, O_CLOEXEC) == 0);

    child[INPUT] = input[0];
    child[OUTPUT] = output[1];
    child[ERRORS] = merge ? output[1] : errors[1];
    other[INPUT] = input[1];
    other[OUTPUT] = output[0];
    other[ERRORS] = errors[0];
    return good;
}

/* A home folder may let its owner's processes wait for as long as he likes. */
static bool
wait_for_report(const struct session *s, int fd)
{
    struct pollfd fds[3] = { { .fd = fd, .events = POLLIN },
                             { .fd = s->signal_fd, .events = POLLIN },
                             { .fd = s->fd, .events = POLLIN } };
    int n;

    do {
        n = poll(fds, SEC_ARRAY_LEN(fds), START_MS);
    } while (n < 0 && errno == EINTR);
    return n > 0 && fds[0].revents;
}

/* What the child reports; true where it became the command. */
static bool
read_report(const struct session *s, int fd, struct child_fault *fault)
{
    ssize_t n;

    if (!wait_for_report(s, fd)) {
        *fault = (struct child_fault){ .step = "it did not begin in time" };
        return false;
    }
    do {
        n = read(fd, fault, sizeof(*fault));
    } while (n < 0 && errno == EINTR);
    fault->step[sizeof(fault->step) - 1] = 0;
    return n == 0;
}

/* Without a descriptor of it nobody would hear of its end. */
static bool
open_child(struct session *s, struct child_fault *fault)
{
    s->child_fd = (int)syscall(SYS_pidfd_open, s->child, 0);
    if (s->child_fd < 0) {
        *fault = (struct child_fault){ .step = "its descriptor", .error = errno };
    }
    return s->child_fd >= 0;
}

/* Forks; DONE: the command runs. */
static int
run_child(struct session *s, const int streams[static STREAMS])
{
    char **environment = environment_new(s->command, s->account, &s->start, s->credentials);
    struct child_fault fault = { .step = "its process" };
    struct child_plan plan = {
        .command = s->command,
        .account = s->account,
        .environment = environment,
        .credentials_path = s->credentials,
        .credentials = s->start.credentials,
        .input = streams[INPUT],
        .output = streams[OUTPUT],
        .errors = streams[ERRORS],
        .parent = getpid(),
    };
    int report[2] = { -1, -1 };
    bool runs = false;

    if (environment && pipe2(report, O_CLOEXEC) == 0) {
        plan.report = report[1];
        s->child = _Fork(); /* libuv's handler of fork() would use descriptors that are ours now */
        if (s->child == 0) {
            child_run(&plan);
        }
        fault.error = errno;
        (void)close(report[1]);
        runs = s->child > 0 && read_report(s, report[0], &fault) && open_child(s, &fault);
        (void)close(report[0]);
    }
    mem_free(environment);
    if (!runs) {
        if (s->child > 0) {
            (void)kill(s->child, SIGKILL);
            (void)waitpid(s->child, NULL, 0);
        }
        return refuse(s, EXEC_MSG_FAILED, "it cannot be started: %s%s%s", fault.step,
                      fault.error ? ": " : "", fault.error ? strerror(fault.error) : "");
    }
    return DONE;
}

static int
start(struct session *s)
{
    bool merge = s->command->errors == EXECD_ERRORS_TO_STREAM;
    int child[STREAMS], other[STREAMS], status = FAILED;

    if (!make_streams(child, other, merge)) {
        status = refuse(s, EXEC_MSG_FAILED, "it cannot be started: %s", strerror(errno));
    } else {
        status = run_child(s, child);
    }
    close_all(child, merge ? ERRORS : STREAMS);
    secret_wipe((void *)(uintptr_t)s->start.credentials.p, s->start.credentials.n);
    s->start.credentials = (struct bytes){ 0 };
    if (status == DONE) {
        const size_t n = merge ? ERRORS : STREAMS;

        (void)!send_message(s,
                            &(struct exec_msg){ .type = EXEC_MSG_STARTED,
                                                .version = EXEC_MSG_VERSION,
                                                .process = (uint32_t)s->child,
                                                .descriptors = (uint32_t)n },
                            other, n); /* who is not there any more has hung up */
    }
    close_all(other, STREAMS);
    return status;
}

/* --- while it runs ------------------------------------------------------------------------- */

static void
signal_group(const struct session *s, int number)
{
    (void)kill(-s->child, number);
}

/* Who stopped its jobs is to hear it, too. */
static void
hang_up(struct session *s)
{
    s->hung_up = true;
    s->hung_up_ms = clock_monotonic_ms();
    signal_group(s, SIGHUP);
    signal_group(s, SIGCONT);
}

/* How long to wait at most; -1: for ever. Who is still there after half of the time of grace is asked
 * once more, and ended after all of it. */
static int
wait_ms(struct session *s)
{
    uint64_t grace_ms = s->command->grace_s * 1000, gone;

    if (!s->hung_up) {
        return -1;
    }
    gone = clock_monotonic_ms() - s->hung_up_ms;
    if (gone >= grace_ms) {
        signal_group(s, SIGKILL);
        return -1;
    }
    if (gone < grace_ms / 2) {
        return (int)(grace_ms / 2 - gone);
    }
    if (!s->terminated) {
        s->terminated = true;
        signal_group(s, SIGTERM);
    }
    return (int)(grace_ms - gone);
}

/* What the command's processes leave behind comes to this one; dead, it still counts as its user's. */
static void
reap_orphans(struct session *s)
{
    struct signalfd_siginfo told;

    while (read(s->orphan_fd, &told, sizeof(told)) > 0) {
    }
    descendants_reap(s->child);
}

/* Nothing comes on a connection after START: bytes are a fault, and hang up as an end does. */
static void
wait_for_end(struct session *s)
{
    struct pollfd fds[4] = { { .fd = s->child_fd, .events = POLLIN },
                             { .fd = s->signal_fd, .events = POLLIN },
                             { .fd = s->fd, .events = POLLIN },
                             { .fd = s->orphan_fd, .events = POLLIN } };

    for (;;) {
        fds[1].fd = s->hung_up ? -1 : s->signal_fd;
        fds[2].fd = s->hung_up ? -1 : s->fd;
        if (poll(fds, SEC_ARRAY_LEN(fds), wait_ms(s)) < 0 && errno != EINTR) {
            hang_up(s);
            signal_group(s, SIGKILL);
            return;
        }
        if (fds[0].revents) {
            return;
        }
        if (fds[3].revents) {
            reap_orphans(s);
        }
        if (!s->hung_up && (fds[1].revents || fds[2].revents)) {
            hang_up(s);
        }
    }
}

/* Its process group ends with it; as long as it is not waited for, nobody else has its number. And so do
 * those who left the group. */
static int
end(struct session *s)
{
    struct exec_msg m = { .type = EXEC_MSG_EXITED };
    int status = 0, done = DONE;

    signal_group(s, SIGKILL);
    while (waitpid(s->child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!descendants_end(clock_monotonic_ms() + END_MS)) {
        done = FAILED; /* execd goes on with it */
        log_warning(s->options->log, "processes that a command left behind do not end",
                    log_bytes("command", s->start.command),
                    log_text("unix_user", s->account->name));
    }
    remove_credentials(s);
    if (done == DONE) {
        places_exit(s->options->places, s->options->place);
    }
    m.signaled = WIFSIGNALED(status);
    m.status = (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    log_info(s->options->log, "ended", log_bytes("command", s->start.command),
             log_text("unix_user", s->account->name), log_number("process", s->child),
             log_number(m.signaled ? "signal" : "status", m.status),
             log_number("hung_up", s->hung_up),
             log_number("seconds", (int64_t)(clock_monotonic_ms() - s->begun_ms) / 1000));
    (void)!send_message(s, &m, NULL, 0);
    return done;
}

/* --- the process --------------------------------------------------------------------------- */

/* Nothing of the loop's is left but the connection: no handler, no descriptor. Where execd is gone
 * already there is nothing to do. */
static bool
separate(struct session *s, int fd)
{
    const struct timeval limit = { START_MS / 1000, 0 };
    sigset_t ends, orphans, all;

    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL);
    }
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigemptyset(&orphans);
    (void)sigaddset(&orphans, SIGCHLD);
    (void)sigorset(&all, &ends, &orphans);
    if (fd != CONNECTION && dup2(fd, CONNECTION) < 0) {
        return false;
    }
    s->fd = CONNECTION;
    if (syscall(SYS_close_range, CONNECTION + 1, ~0U, 0) != 0 ||
        sigprocmask(SIG_SETMASK, &all, NULL) != 0) {
        return false;
    }
    s->signal_fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    s->orphan_fd = signalfd(-1, &orphans, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd >= 0 && s->orphan_fd >= 0 && descendants_adopt() &&
           fcntl(s->fd, F_SETFD, FD_CLOEXEC) == 0 &&
           setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == 0 && getppid() == s->options->parent;
}

int
exec_session_run(const struct exec_session_options *options, int fd)
{
    struct session *s = mem_new(sizeof(*s));
    int status = FAILED;

    if (!s) {
        return FAILED;
    }
    s->options = options;
    s->begun_ms = clock_monotonic_ms();
    if (separate(s, fd) && receive_start(s)) {
        status = judge(s);
        status = status == DONE ? start(s) : status;
        if (status == DONE) {
            log_info(options->log, "started", log_bytes("command", s->start.command),
                     log_bytes("user", s->start.user), log_bytes("domain", s->start.domain),
                     log_bytes("address", s->start.address),
                     log_text("unix_user", s->account->name), log_number("uid", s->account->uid),
                     log_text("by", s->client.vouched ? "samd" : "sspid"),
                     log_number("delegated", s->credentials[0] != 0),
                     log_number("process", s->child));
            wait_for_end(s);
            status = end(s);
        }
    }
    remove_credentials(s);
    unix_account_free(s->account);
    client_clear(&s->client);
    secret_wipe(s->frame, sizeof(s->frame));
    mem_free(s);
    return status;
}
