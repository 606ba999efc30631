/* SPDX-License-Identifier: Apache-2.0 */
/* The process that a RAS security module lives in: started by rasd, without privileges, with its
 * end of a socket pair as descriptor 3. man/ras-module-host.8. */
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <windows.h>

#include "ras/module_host/dialog.h"
#include "ras/module_host/guard.h"
#include "ras/module_host/link.h"
#include "ras/module_host/module.h"
#include "ras/module_host/server.h"

enum {
    GIVEN_SOCKET = 3,
    /* Out of the way of a module that closes what it did not open, from 3 on. */
    OWN_SOCKET_MIN = 200,
    OPEN_FILES_MAX = 4096,
};

#ifdef __SANITIZE_ADDRESS__
SEC_EXPORT int __lsan_is_turned_off(void);

/* The search for leaks traces the process, which does not let itself be traced. */
SEC_EXPORT int
__lsan_is_turned_off(void)
{
    return 1;
}
#endif

static void
say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        return; /* there is nobody else to tell */
    }
}

/* SA_RESETHAND: what faulted is tried again, and ends the process. */
static void
on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    say(guard_was_retired(info->si_addr)
            ? "ras-module-host: the module touched a buffer of a call that is over\n"
            : "ras-module-host: the module touched memory that is not there\n");
}

static void
handle_signals(void)
{
    struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_RESETHAND };
    struct sigaction ignored = { .sa_handler = SIG_IGN };

    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGBUS, &fault, NULL);
    /* Windows has none; and the terminal's are for rasd, which ends its calls in order. */
    sigaction(SIGPIPE, &ignored, NULL);
    sigaction(SIGINT, &ignored, NULL);
}

/* Nothing is left to gain from the process but what its user may do. */
static const char *
drop_privileges(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[2] = { 0 };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        syscall(SYS_capset, &header, none) != 0) {
        return "cannot drop its privileges";
    }
    /* Not to be traced, nor dumped: it sees what callers type. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        return "cannot keep itself from being traced";
    }
    return getuid() == 0 || geteuid() == 0 ? "is started as root, which no module may be" : NULL;
}

static bool
limit(__rlimit_resource_t resource, rlim_t most)
{
    struct rlimit now;

    if (getrlimit(resource, &now) != 0) {
        return false;
    }
    now.rlim_max = now.rlim_max < most ? now.rlim_max : most;
    now.rlim_cur = now.rlim_cur < now.rlim_max ? now.rlim_cur : now.rlim_max;
    return setrlimit(resource, &now) == 0;
}

/* The socket alone, and standard error: what a module prints goes there too. -1: it cannot be. */
static int
arrange_descriptors(void)
{
    int fd = fcntl(GIVEN_SOCKET, F_DUPFD_CLOEXEC, OWN_SOCKET_MIN);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int flags = fcntl(GIVEN_SOCKET, F_GETFL);

    /* Its threads wait for the socket, whatever the other end's loop does. */
    if (fd < 0 || null < 0 || flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
        close_range(3, (unsigned)fd - 1, 0) != 0 || close_range((unsigned)fd + 1, ~0U, 0) != 0 ||
        !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, OPEN_FILES_MAX)) {
        return -1;
    }
    return fd;
}

static bool
load(struct module *module, const char *privileged)
{
    struct host_msg hello = link_receive(), ready = { .type = HOST_MSG_READY };
    char why[MODULE_WHY_BYTES] = "", path[HOST_MSG_TEXT_MAX + 1];

    if (hello.type != HOST_MSG_HELLO) {
        link_nonsense("something before HELLO");
    }
    snprintf(path, sizeof(path), "%.*s", (int)hello.text.n, (const char *)hello.text.p);
    ready.version = HOST_MSG_VERSION;
    if (hello.version != HOST_MSG_VERSION) {
        snprintf(why, sizeof(why), "ras-module-host is of another version than rasd");
        ready.error = ERROR_REVISION_MISMATCH;
    } else if (privileged) {
        snprintf(why, sizeof(why), "ras-module-host %s", privileged);
        ready.error = ERROR_ACCESS_DENIED;
    } else {
        ready.error = module_load(module, path, why, sizeof(why));
    }
    ready.text = bytes_of_string(why);
    link_answer(&ready);
    return ready.error == 0;
}

static int
usage(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("ras-module-host " OPENSSPI_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: ras-module-host\n"
             "Loads the security module that rasd names. Started by rasd alone.");
        return 0;
    }
    fputs("usage: ras-module-host\n", stderr);
    return 2;
}

int
main(int argc, char **argv)
{
    struct log log = log_on_stderr("ras-module-host", LOG_LEVEL_INFO);
    struct module module = { 0 };
    int kind = 0, fd;
    socklen_t n = sizeof(kind);
    const char *privileged;
    size_t left;

    if (argc > 1) {
        return usage(argc, argv);
    }
    if (getsockopt(GIVEN_SOCKET, SOL_SOCKET, SO_TYPE, &kind, &n) != 0 || kind != SOCK_STREAM) {
        fputs("ras-module-host: is started by rasd alone\n", stderr);
        return 2;
    }
    privileged = drop_privileges();
    handle_signals();
    fd = arrange_descriptors();
    if (fd < 0) {
        fputs("ras-module-host: its descriptors cannot be put in order\n", stderr);
        return 1;
    }
    link_open(fd, &log);
    dialog_open(&log);
    if (!load(&module, privileged)) {
        link_flush();
        return 1;
    }
    left = server_run(&module, &log);
    link_flush();
    if (left) {
        _exit(0); /* what its calls' threads use is left alone */
    }
    module_detach(&module);
    return 0;
}
