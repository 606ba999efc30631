/* SPDX-License-Identifier: Apache-2.0 */
/* The Unix identity of one thread. */
#include "token/thread_identity.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "token/unix_account.h"

typedef const struct thread_identity_system *system_calls;

#define UNCHANGED ((uintptr_t)-1)

static long
kernel_call(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
    return syscall(number, a, b, c);
}

const struct thread_identity_system thread_identity_kernel = { kernel_call, abort };

/* --- reading ------------------------------------------------------------------------------- */

static int
compare_ids(const void *a, const void *b)
{
    gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

    return x < y ? -1 : x > y;
}

static bool
read_groups(system_calls s, struct thread_identity *out)
{
    long n = s->call(SYS_getgroups, 0, 0, 0);

    if (n < 0) {
        return false;
    }
    out->groups = mem_new_array((size_t)n + 1, sizeof(*out->groups));
    if (!out->groups) {
        errno = ENOMEM;
        return false;
    }
    n = s->call(SYS_getgroups, (uintptr_t)n, (uintptr_t)out->groups, 0);
    if (n < 0) {
        return false;
    }
    out->n_groups = (size_t)n;
    qsort(out->groups, out->n_groups, sizeof(*out->groups), compare_ids);
    return true;
}

static bool
read_capabilities(system_calls s, struct thread_identity *out)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

    if (s->call(SYS_capget, (uintptr_t)&header, (uintptr_t)data, 0) != 0) {
        return false;
    }
    out->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    out->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    out->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
    return true;
}

/* setfsuid(-1) changes nothing and answers what is. */
static bool
read_ids(system_calls s, struct thread_identity *out)
{
    if (s->call(SYS_getresuid, (uintptr_t)&out->ruid, (uintptr_t)&out->euid,
                (uintptr_t)&out->suid) != 0 ||
        s->call(SYS_getresgid, (uintptr_t)&out->rgid, (uintptr_t)&out->egid,
                (uintptr_t)&out->sgid) != 0) {
        return false;
    }
    out->fsuid = (uid_t)s->call(SYS_setfsuid, UNCHANGED, 0, 0);
    out->fsgid = (gid_t)s->call(SYS_setfsgid, UNCHANGED, 0, 0);
    return true;
}

sec_status
thread_identity_read(const struct thread_identity_system *s, struct thread_identity *out)
{
    *out = (struct thread_identity){ 0 };
    if (read_ids(s, out) && read_capabilities(s, out) && read_groups(s, out)) {
        return SEC_E_OK;
    }
    thread_identity_clear(out);
    return errno == ENOMEM
               ? SEC_E_INSUFFICIENT_MEMORY
               : sec_fail(SEC_E_INTERNAL_ERROR,
                          "token: the thread's identity cannot be read: error %d", errno);
}

void
thread_identity_clear(struct thread_identity *i)
{
    mem_free(i->groups);
    *i = (struct thread_identity){ 0 };
}

/* --- comparing ----------------------------------------------------------------------------- */

static bool
are_groups(const gid_t *sorted, size_t n, const gid_t *groups, size_t n_groups)
{
    /* Doubles count once; who is in one list must be in the other. */
    for (size_t i = 0; i < n_groups; i++) {
        if (!n || !bsearch(&groups[i], sorted, n, sizeof(*sorted), compare_ids)) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        bool found = false;

        for (size_t k = 0; k < n_groups && !found; k++) {
            found = groups[k] == sorted[i];
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

bool
thread_identity_is(const struct thread_identity *i, const struct unix_account *a)
{
    return i->euid == a->uid && i->fsuid == a->uid && i->egid == a->gid && i->fsgid == a->gid &&
           (a->uid == 0 || i->effective == 0) &&
           are_groups(i->groups, i->n_groups, a->groups, a->n_groups);
}

static bool
is_same(const struct thread_identity *a, const struct thread_identity *b)
{
    return a->ruid == b->ruid && a->euid == b->euid && a->suid == b->suid && a->fsuid == b->fsuid &&
           a->rgid == b->rgid && a->egid == b->egid && a->sgid == b->sgid && a->fsgid == b->fsgid &&
           a->effective == b->effective && a->permitted == b->permitted &&
           are_groups(a->groups, a->n_groups, b->groups, b->n_groups);
}

/* --- changing ------------------------------------------------------------------------------ */

static bool
set_effective(system_calls s, const struct thread_identity *before, uint64_t effective)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].effective = (uint32_t)(effective >> 32 * i);
        data[i].permitted = (uint32_t)(before->permitted >> 32 * i);
        data[i].inheritable = (uint32_t)(before->inheritable >> 32 * i);
    }
    return s->call(SYS_capset, (uintptr_t)&header, (uintptr_t)data, 0) == 0;
}

static bool
set_groups(system_calls s, const gid_t *groups, size_t n)
{
    return s->call(SYS_setgroups, n, (uintptr_t)groups, 0) == 0;
}

static bool
set_gid(system_calls s, gid_t gid)
{
    return s->call(SYS_setresgid, UNCHANGED, gid, UNCHANGED) == 0;
}

static bool
set_uid(system_calls s, uid_t uid)
{
    return s->call(SYS_setresuid, UNCHANGED, uid, UNCHANGED) == 0;
}

void
thread_identity_end(const struct thread_identity_system *s)
{
    const int error = errno;
    const struct log log = log_on_stderr("opensspi", LOG_LEVEL_ERROR);

    log_error(&log, "a thread cannot be made whom it was again: the process ends",
              log_number("errno", error));
    s->abort();
}

/* Capabilities first: an identity that is not root's has no other right to the rest. They are set
 * again behind the uid, which gives root all that are permitted. */
void
thread_identity_restore(const struct thread_identity_system *s,
                        const struct thread_identity *before)
{
    struct thread_identity now;
    bool restored = set_effective(s, before, before->effective) && set_uid(s, before->euid) &&
                    set_gid(s, before->egid) && set_groups(s, before->groups, before->n_groups) &&
                    set_effective(s, before, before->effective);

    if (restored && thread_identity_read(s, &now) == SEC_E_OK) {
        restored = is_same(&now, before);
        thread_identity_clear(&now);
        if (restored) {
            return;
        }
    }
    thread_identity_end(s);
}

/* What is left behind must be a real or a saved id: then there is a way back. File-system ids that
 * are not the effective ones are somebody else's doing, and would be lost. */
static bool
has_way_back(const struct thread_identity *i)
{
    return (i->euid == i->ruid || i->euid == i->suid) &&
           (i->egid == i->rgid || i->egid == i->sgid) && i->fsuid == i->euid && i->fsgid == i->egid;
}

static bool
change(system_calls s, const struct thread_identity *before, const struct unix_account *a)
{
    struct thread_identity now;
    bool is;

    if (!set_gid(s, a->gid) || !set_uid(s, a->uid) ||
        (a->uid != 0 && !set_effective(s, before, 0))) {
        return false;
    }
    if (thread_identity_read(s, &now) != SEC_E_OK) {
        return false;
    }
    is = thread_identity_is(&now, a) && now.permitted == before->permitted;
    thread_identity_clear(&now);
    return is;
}

sec_status
thread_identity_take(const struct thread_identity_system *s, const struct thread_identity *before,
                     const struct unix_account *a)
{
    int error;

    if (thread_identity_is(before, a)) {
        return SEC_E_OK;
    }
    if (!has_way_back(before)) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: there would be no way back to this process's identity");
    }
    if (!set_groups(s, a->groups, a->n_groups)) {
        return sec_fail(SEC_E_NO_IMPERSONATION,
                        "token: this process may not act as %.100s: error %d at its groups",
                        a->name, errno);
    }
    if (change(s, before, a)) {
        return SEC_E_OK;
    }
    error = errno;
    thread_identity_restore(s, before);
    return sec_fail(SEC_E_NO_IMPERSONATION, "token: this process may not act as %.100s: error %d",
                    a->name, error);
}
