/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to execd, in a process of its own: a START is judged, the command is started, and who
 * hangs up ends it. Where execd dies it dies, and its command with it. */
#ifndef EXECD_EXEC_SESSION_H
#define EXECD_EXEC_SESSION_H

#include <sys/types.h>

#include "base/log.h"
#include "execd/places.h"
#include "execd/settings.h"

/* Borrowed. */
struct exec_session_options {
    const struct execd_settings *settings;
    struct places *places;
    size_t place;
    const struct log *log;
    const char *credentials; /* the folder for what clients delegated */
    pid_t parent;
    uid_t asker; /* of who is at the other end */
};

/* The forked process, from beginning to end: fd is the connection. Its exit status. */
int exec_session_run(const struct exec_session_options *, int fd);

#endif
