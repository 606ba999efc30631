/* SPDX-License-Identifier: Apache-2.0 */
/* From a fork of execd to the command. */
#include "execd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "execd/credentials.h"

enum { FAILED = 127, FIRST_FREE = 3, MEBIBYTE = 1 << 20 };

_Noreturn static void
fail(const struct child_plan *p, const char *step)
{
    struct child_fault fault = { .error = errno };

    (void)snprintf(fault.step, sizeof(fault.step), "%s", step);
    (void)!write(p->report, &fault, sizeof(fault));
    _exit(FAILED);
}

static void
require(const struct child_plan *p, bool good, const char *step)
{
    if (!good) {
        fail(p, step);
    }
}

/* --- what it has --------------------------------------------------------------------------- */

static void
set_signals(const struct child_plan *p)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* KILL, STOP and the C library's own are as they are */
    }
    (void)sigemptyset(&none);
    require(p, sigprocmask(SIG_SETMASK, &none, NULL) == 0, "its signals");
}

/* Above all that are wanted first, so that none is overwritten before it is in its place. */
static void
set_descriptors(const struct child_plan *p, struct child_plan *moved)
{
    enum { ABOVE = 16 };
    int input = fcntl(p->input, F_DUPFD, ABOVE), output = fcntl(p->output, F_DUPFD, ABOVE);
    int errors = fcntl(p->errors, F_DUPFD, ABOVE), report = fcntl(p->report, F_DUPFD, ABOVE);

    require(p, input >= 0 && output >= 0 && errors >= 0 && report >= 0, "its descriptors");
    *moved = *p;
    moved->report = report;
    require(moved,
            dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
                dup2(errors, STDERR_FILENO) >= 0 && dup2(report, FIRST_FREE) >= 0,
            "its standard streams");
    moved->report = FIRST_FREE;
    require(moved,
            fcntl(FIRST_FREE, F_SETFD, FD_CLOEXEC) == 0 &&
                syscall(SYS_close_range, FIRST_FREE + 1, ~0U, 0) == 0,
            "other descriptors");
}

static bool
limit(int resource, unsigned long long value)
{
    const struct rlimit to = { (rlim_t)value, (rlim_t)value };

    return setrlimit((__rlimit_resource_t)resource, &to) == 0;
}

static void
set_limits(const struct child_plan *p)
{
    const struct execd_command *c = p->command;

    require(
        p,
        limit(RLIMIT_CORE, 0) && (!c->cpu_s || limit(RLIMIT_CPU, c->cpu_s)) &&
            (!c->memory_mib || limit(RLIMIT_AS, (unsigned long long)c->memory_mib * MEBIBYTE)) &&
            (!c->processes || limit(RLIMIT_NPROC, c->processes)) &&
            (!c->files || limit(RLIMIT_NOFILE, c->files)),
        "its limits");
}

/* Where the session is gone by then it may have been swept after already, and so nobody else removes the
 * file. */
static void
keep_credentials(const struct child_plan *p)
{
    require(p, credentials_write(p->credentials_path, p->account->uid, p->credentials),
            "what the client delegated");
    if (getppid() != p->parent) {
        (void)unlink(p->credentials_path);
        fail(p, "a death with execd");
    }
}

/* --- who it is ----------------------------------------------------------------------------- */

static bool
set_capabilities_none(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
           syscall(SYS_capset, &header, none) == 0;
}

static bool
has_no_capability(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
    uint32_t all = 0;

    if (syscall(SYS_capget, &header, now) != 0) {
        return false;
    }
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        all |= now[i].effective | now[i].permitted | now[i].inheritable;
    }
    return all == 0;
}

/* As the kernel has them; getgrouplist may have given a group twice. */
static bool
has_groups(const struct unix_account *a)
{
    int n = getgroups(0, NULL);
    gid_t *groups = n >= 0 ? mem_new_array((size_t)n + 1, sizeof(*groups)) : NULL;
    bool same = groups && getgroups(n, groups) == n && (size_t)n == a->n_groups;

    for (int i = 0; same && i < n; i++) {
        bool found = false;

        for (size_t k = 0; k < a->n_groups && !found; k++) {
            found = a->groups[k] == groups[i];
        }
        same = found;
    }
    mem_free(groups);
    return same;
}

static bool
is_account(const struct unix_account *a)
{
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;

    return getresuid(&ruid, &euid, &suid) == 0 && getresgid(&rgid, &egid, &sgid) == 0 &&
           ruid == a->uid && euid == a->uid && suid == a->uid && rgid == a->gid && egid == a->gid &&
           sgid == a->gid && has_groups(a);
}

/* All of it is read back; and where it is no longer root it must not become root again. */
static void
become(const struct child_plan *p)
{
    const struct unix_account *a = p->account;

    require(p, setgroups(a->n_groups, a->groups) == 0, "its groups");
    require(p, setresgid(a->gid, a->gid, a->gid) == 0, "its gid");
    require(p, setresuid(a->uid, a->uid, a->uid) == 0, "its uid");
    require(p, set_capabilities_none(), "its capabilities");
    require(p, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    errno = 0;
    require(p, is_account(a) && has_no_capability(), "who it was to be it is not");
    require(p, a->uid == 0 || (setuid(0) != 0 && setgid(0) != 0), "there is a way back to root");
}

/* The keyring of execd's session is root's, and all commands would have it: what one user puts there
 * the others would find. Where there are none, or they are forbidden to execd, the command has none. */
static bool
has_own_keyring(void)
{
    return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS ||
           errno == EPERM;
}

/* Whose folder is not there, or not to be entered, begins at the root. */
static void
enter_folder(const struct child_plan *p)
{
    const struct execd_command *c = p->command;

    if (c->directory) {
        require(p, chdir(c->directory) == 0, c->directory);
    } else if (!p->account->home[0] || chdir(p->account->home) != 0) {
        require(p, chdir("/") == 0, "/");
    }
}

void
child_run(const struct child_plan *given)
{
    struct child_plan p;

    set_signals(given);
    set_descriptors(given, &p);
    require(&p, setsid() >= 0, "a session of its own");
    if (p.credentials_path[0]) {
        keep_credentials(&p);
    }
    (void)umask((mode_t)p.command->umask);
    set_limits(&p);
    become(&p);
    /* Behind the change of ids, which takes it away. */
    require(&p, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == p.parent,
            "a death with execd");
    require(&p, has_own_keyring(), "a keyring of its own");
    enter_folder(&p);
    (void)execve(p.command->argv[0], p.command->argv, p.environment);
    fail(&p, p.command->argv[0]);
}
