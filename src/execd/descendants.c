/* SPDX-License-Identifier: Apache-2.0 */
/* The processes below this one. A child's number is its own until we have waited for it. */
#include "execd/descendants.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { AGAIN_MS = 2 };

bool
descendants_has_others(void)
{
    siginfo_t one;

    return getpid() == 1 || waitid(P_ALL, 0, &one, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool
descendants_adopt(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

void
descendants_reap(pid_t but)
{
    siginfo_t one = { 0 };

    while (waitid(P_ALL, 0, &one, WEXITED | WNOHANG | WNOWAIT) == 0 && one.si_pid != 0 &&
           one.si_pid != but) {
        (void)waitpid(one.si_pid, NULL, WNOHANG);
        one.si_pid = 0;
    }
}

/* Those of a process of one thread. */
static FILE *
open_list(void)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    return fopen(path, "re");
}

bool
descendants_kill(bool (*is_spared)(const void *user, pid_t), const void *user)
{
    FILE *list = open_list();
    pid_t pid;

    if (!list) {
        return false;
    }
    while (fscanf(list, "%d", &pid) == 1) {
        if (!is_spared || !is_spared(user, pid)) {
            (void)kill(pid, SIGKILL);
        }
    }
    (void)fclose(list);
    return true;
}

/* What comes to be while the list is read may not be in it: so until there is nobody. */
bool
descendants_end(uint64_t deadline_ms)
{
    for (;;) {
        bool listed = descendants_kill(NULL, NULL);
        pid_t pid;

        do {
            pid = waitpid(-1, NULL, WNOHANG);
        } while (pid > 0 || (pid < 0 && errno == EINTR));
        if (pid < 0) {
            return true; /* ECHILD */
        }
        if (!listed || clock_monotonic_ms() >= deadline_ms) {
            return false;
        }
        (void)poll(NULL, 0, AGAIN_MS);
    }
}
