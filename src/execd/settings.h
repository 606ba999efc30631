/* SPDX-License-Identifier: Apache-2.0 */
/* opensspi-execd's part of the configuration file: [execd], and an [exec NAME] for each command. */
#ifndef EXECD_SETTINGS_H
#define EXECD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/config.h"
#include "sspi/settings.h"

struct execd_command {
    char *name;
    unsigned line;
    char **argv;            /* the first is the program's path */
    char **users, **groups; /* names of this system; NULL: none are listed */
    bool everybody;         /* users = *: who is not below minimum_uid */
    bool trusts_sspid;      /* that a client is there; else samd is asked */
    char *directory;        /* NULL: the user's own */
    char *path;             /* PATH */
    char **environment;     /* NAME=VALUE; NULL: none */
    unsigned umask;
    int errors;            /* enum execd_errors */
    unsigned long grace_s; /* from SIGHUP to SIGKILL */
    unsigned long cpu_s;   /* these four: 0: as it comes */
    unsigned long memory_mib;
    unsigned long processes, files;
};

/* Where what it says on standard error goes. */
enum execd_errors { EXECD_ERRORS_TO_LOG, EXECD_ERRORS_TO_STREAM };

struct execd_settings {
    char *socket, *user;
    uid_t user_id;    /* whose processes may ask, beside root's */
    gid_t user_group; /* his, which the socket is for */
    unsigned long minimum_uid, max_commands, max_per_user;
    struct execd_command *commands;
    size_t n_commands;
    struct settings_text text;
};

/* false: error says why, and *out is cleared. */
SEC_NODISCARD bool execd_settings_read(const char *file, struct execd_settings *out,
                                       struct config_error *error);
void execd_settings_clear(struct execd_settings *);

/* samd's socket; NULL: accounts are not samd's. Borrowed. */
const char *execd_settings_authority(const struct execd_settings *);

/* NULL: there is none. */
const struct execd_command *execd_settings_find(const struct execd_settings *, struct bytes name);

#endif
