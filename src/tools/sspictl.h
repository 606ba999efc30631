/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of sspictl: each command takes its own options and answers an exit status. */
#ifndef TOOLS_SSPICTL_H
#define TOOLS_SSPICTL_H

#include <stdbool.h>

#include "base/status.h"

enum { SSPICTL_DONE = 0, SSPICTL_FAILED = 1, SSPICTL_USAGE = 2 };

/* argv[0] is the command's own name; config_file NULL: the default one. */
typedef int (*sspictl_run)(const char *config_file, int argc, char **argv);

struct sspictl_command {
    const char *name;
    sspictl_run run;
};

/* Runs the command of that name; NULL ends the list. what: "command", "account command". */
int sspictl_dispatch(const struct sspictl_command *, const char *what, const char *config_file,
                     int argc, char **argv);

int sspictl_packages(const char *config_file, int argc, char **argv);
int sspictl_status(const char *config_file, int argc, char **argv);
int sspictl_events(const char *config_file, int argc, char **argv);
int sspictl_decode(const char *config_file, int argc, char **argv);
int sspictl_doctor(const char *config_file, int argc, char **argv);
int sspictl_account(const char *config_file, int argc, char **argv);
int sspictl_otp(const char *config_file, int argc, char **argv);
int sspictl_ras(const char *config_file, int argc, char **argv);

/* "sspictl: …" on stderr; answers SSPICTL_USAGE. */
int sspictl_usage(const char *format, ...) SEC_PRINTF(1, 2);
/* The options of a command that takes --json and nothing else. false: stderr was told why not. */
SEC_NODISCARD bool sspictl_take_json(int argc, char **argv, const char *command, bool *json);
/* "sspictl: WHAT: the reason of the last failure"; answers SSPICTL_FAILED. */
int sspictl_failed(const char *what, sec_status status);

#endif
