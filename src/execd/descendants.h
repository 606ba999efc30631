/* SPDX-License-Identifier: Apache-2.0 */
/* The processes below this one: whose parents are gone are its children, wherever they have put their
 * sessions and groups. The kernel lists children where it has CONFIG_PROC_CHILDREN, as Debian's does;
 * where it has not they live as long as they like. For processes of one thread. */
#ifndef EXECD_DESCENDANTS_H
#define EXECD_DESCENDANTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"

/* Whether there are others than those that this process will begin or adopt: it took the place of one that had
 * children, or has everybody's, as the first process of all. To be asked before either. */
bool descendants_has_others(void);
/* From now on they come to this process, and no further. Not inherited by fork(). */
SEC_NODISCARD bool descendants_adopt(void);
/* Waits for those that are dead, but not for this one, whose status somebody wants. */
void descendants_reap(pid_t but);
/* Kills the children that nobody wants spared (NULL: all); theirs come to be ours. false: the kernel does not
 * list them. */
bool descendants_kill(bool (*is_spared)(const void *user, pid_t), const void *user);
/* Kills them all, and theirs, and waits for them. false: some are left at the deadline, or the kernel
 * does not list them. */
SEC_NODISCARD bool descendants_end(uint64_t deadline_ms);

#endif
