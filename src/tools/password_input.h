/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that a person types or a script sends. */
#ifndef TOOLS_PASSWORD_INPUT_H
#define TOOLS_PASSWORD_INPUT_H

#include "base/secret.h"
#include "base/status.h"

/* The first line of standard input, without its end. */
SEC_NODISCARD sec_status password_input_stdin(struct secret *out);
/* The first line of a regular file that is the caller's or root's and that nobody else may read or
 * write. */
SEC_NODISCARD sec_status password_input_file(const char *path, struct secret *out);
/* Asked for on the terminal, with echo off; where again is not NULL, a second time under that
 * prompt, and both must be the same. */
SEC_NODISCARD sec_status password_input_terminal(const char *prompt, const char *again,
                                                 struct secret *out);

#endif
