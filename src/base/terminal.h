/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a person at the process's terminal. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/secret.h"

enum { TERMINAL_LINE_BYTES = 1024 }; /* 256 characters at four bytes */

enum terminal_result {
    TERMINAL_DONE,
    TERMINAL_NONE,      /* the process has no terminal, or none that can hide what is typed */
    TERMINAL_CANCELLED, /* end of file, or a signal, after whose effect the process goes on */
    TERMINAL_TOO_LONG,
    TERMINAL_NUL, /* there is one in the line */
    TERMINAL_FAILED,
    TERMINAL_NO_MEMORY,
};

/* /dev/tty, whatever the standard streams are. -1: there is none; close(2) else. */
SEC_NODISCARD int terminal_open(void);
/* Text for the person; control characters in it must have been escaped. */
void terminal_say(int terminal, const char *text);

/*
 * Asks, and reads a line without its end into *line, which is cleared first. With hide nothing of it is
 * shown. What was typed before the question is thrown away.
 *
 * The terminal gets back what it was before any signal takes effect that would end or stop the process
 * (but SIGKILL and SIGSTOP): while a line is awaited, handlers of SIGINT, SIGTERM, SIGHUP, SIGQUIT,
 * SIGALRM, SIGPIPE, SIGTSTP and SIGCONT stand aside, and get what has come once the terminal is as it
 * was. Signals that are ignored stay so. After a stop the question is asked again.
 *
 * One question at a time in a process; others wait.
 */
SEC_NODISCARD enum terminal_result terminal_ask(int terminal, const char *question, bool hide,
                                                struct secret *line);

/* A line of any file, likewise; an end of file without one is an empty line. */
SEC_NODISCARD enum terminal_result terminal_read_line(int fd, struct secret *line);

/* What a result other than DONE says of what was asked for ("the password could not be read"). */
const char *terminal_reason(enum terminal_result);

#endif
