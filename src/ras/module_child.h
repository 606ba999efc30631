/* SPDX-License-Identifier: Apache-2.0 */
/* One ras-module-host from its start to its end: the process, and the frames to and from it. What
 * makes no sense ends it. */
#ifndef RAS_MODULE_CHILD_H
#define RAS_MODULE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/log.h"
#include "ras/host_msg.h"

struct module_child;

struct module_child_args {
    uv_loop_t *loop;
    const struct log *log;
    const char *program, *module; /* ras-module-host, and what it is to load */
    const char *config_file;      /* for what the module itself reads of it */
    const char *pam_service;      /* for a module that PAM is behind; NULL: its default */
    bool drops;                   /* to uid and gid, and no further groups */
    uv_uid_t uid;
    uv_gid_t gid;
};

struct module_child_events {
    void (*message)(void *owner, const struct host_msg *);
    /* Once; nothing follows. Not after module_child_end. */
    void (*ended)(void *owner, const char *why);
};

/* Says HELLO. NULL with why filled in. It frees itself, when the process is gone. */
struct module_child *module_child_start(const struct module_child_args *,
                                        const struct module_child_events *, void *owner, char *why,
                                        size_t why_n);
int module_child_pid(const struct module_child *);
void module_child_send(struct module_child *, const struct host_msg *);
/* STOP, and the process has a moment to leave; or at once. */
void module_child_end(struct module_child *, bool at_once);

#endif
