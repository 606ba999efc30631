/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Unix identity of the calling thread, and of no other: Linux keeps ids, groups and
 * capabilities per thread, and it is the C library that makes a process of them. What is here asks
 * the kernel without it.
 *
 * Real and saved ids stay what they are, so that there is a way back; that way is open to whatever
 * code runs in the thread. Effective and file-system ids, supplementary groups and the effective
 * capabilities change.
 */
#ifndef TOKEN_THREAD_IDENTITY_H
#define TOKEN_THREAD_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/status.h"

struct unix_account;

struct thread_identity {
    uid_t ruid, euid, suid, fsuid;
    gid_t rgid, egid, sgid, fsgid;
    uint64_t effective; /* capabilities */
    uint64_t permitted, inheritable;
    gid_t *groups; /* in ascending order */
    size_t n_groups;
};

/* The system calls by number, for tests that let one fail. */
struct thread_identity_system {
    long (*call)(long number, uintptr_t a, uintptr_t b, uintptr_t c);
    void (*abort)(void);
};

/* Clear what was read with thread_identity_clear. SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR. */
SEC_NODISCARD sec_status thread_identity_read(const struct thread_identity_system *,
                                              struct thread_identity *out);
void thread_identity_clear(struct thread_identity *);

/* Whether it is the account's already: effective ids, groups and no capability beyond its own. */
bool thread_identity_is(const struct thread_identity *, const struct unix_account *);

/* Makes the calling thread, whose identity is `before`, act as the account: groups, gid, uid,
 * capabilities, and then looks whether it is so. SEC_E_NO_IMPERSONATION: the kernel does not let it,
 * and the thread is as it was before; where that cannot be, the process ends (abort). */
SEC_NODISCARD sec_status thread_identity_take(const struct thread_identity_system *,
                                              const struct thread_identity *before,
                                              const struct unix_account *);

/* Makes the calling thread what it was before. Where that cannot be, the process ends (abort). */
void thread_identity_restore(const struct thread_identity_system *,
                             const struct thread_identity *before);

/* A thread that is half somebody else must do nothing more: says so, and ends the process. */
void thread_identity_end(const struct thread_identity_system *);

/* The kernel itself. */
extern const struct thread_identity_system thread_identity_kernel;

#endif
