/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of the security module: which one has a call, which one is in Begin, and when one
 * that ended is started anew. A process that breaks down takes its calls with it, and nothing
 * else. */
#ifndef RAS_MODULE_POOL_H
#define RAS_MODULE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/call.h"
#include "ras/module_child.h"

struct module_pool;
struct module_process;

enum { MODULE_SLOT_BITS = 16 }; /* of a call's number: the port */

/* One for each port; the pool's while the module has the call. */
struct module_call {
    void *owner;
    uint64_t id;
    struct module_process *process; /* NULL: none has it */
    bool queued;                    /* until a process is out of Begin */
    struct module_call *next, **at; /* of the same process, or in the queue */
    const struct call_rules *rules;
    const char *device;
};

struct module_pool_events {
    /* Of a call: BEGUN, SEND, RECEIVE, COMPLETE, ENDED, OTP_CHECK. */
    void (*message)(void *call_owner, const struct host_msg *);
    void (*died)(void *call_owner);
    void (*ready)(void *owner); /* a call can be taken */
    /* For the event log: a process runs, or why it does not. */
    void (*process)(void *owner, int pid, bool up, const char *why);
};

struct module_pool_args {
    struct module_child_args child;
    size_t processes, slots;
    const struct module_pool_events *events;
    void *owner;
};

/* Starts the processes, and runs the loop until each of them has loaded the module. NULL with why
 * filled in where one could not. */
struct module_pool *module_pool_open(const struct module_pool_args *, char *why, size_t why_n);
/* Some process runs that is not in Begin. */
bool module_pool_is_free(const struct module_pool *);
/* Begin, in the process with the fewest calls that is not in one; where there is none, later. */
void module_pool_begin(struct module_pool *, struct module_call *);
/* A message of this call. */
void module_pool_send(struct module_call *, struct host_msg *);
/* FORGET. */
void module_pool_forget(struct module_pool *, struct module_call *);
/* The call's process is killed; its other calls die. */
void module_pool_kill(struct module_pool *, struct module_call *, const char *why);
/* The processes are told to leave. */
void module_pool_close(struct module_pool *, bool at_once);

#endif
