/* SPDX-License-Identifier: Apache-2.0 */
/* From a fork of execd to the command: who the process is, what it has, and what it may use. */
#ifndef EXECD_CHILD_H
#define EXECD_CHILD_H

#include "execd/settings.h"
#include "token/unix_account.h"

/* Borrowed for the call. */
struct child_plan {
    const struct execd_command *command;
    const struct unix_account *account;
    char *const *environment;
    const char *credentials_path; /* "": the client delegated nothing */
    struct bytes credentials;
    int input, output, errors; /* its standard streams */
    int report;                /* a pipe's end that closes on exec */
    pid_t parent;
};

/* What goes through the report where there is no command in the end. */
struct child_fault {
    char step[48];
    int error; /* errno; 0: none */
};

/* In the forked process, of which there is one thread. Makes it the account's for good: groups, all
 * three gids and uids, no capability, no way to gain any; and runs the command, or reports and ends. */
_Noreturn void child_run(const struct child_plan *);

#endif
