/* SPDX-License-Identifier: Apache-2.0 */
/* What sspictl doctor looks at. */
#ifndef TOOLS_DOCTOR_GATHER_H
#define TOOLS_DOCTOR_GATHER_H

#include "sspi/settings.h"
#include "tools/doctor.h"

struct doctor_request {
    const char *config_file, *spn, *listener, *keytab, *user; /* NULL: not given */
};

/* --- files and users ----------------------------------------------------------------------- */

/* name NULL: sspid's user where root asks, else who asks. false: there is no such user. */
SEC_NODISCARD bool doctor_gather_user(struct doctor_user *, const char *name);
void doctor_gather_file(struct doctor_file *, const char *check, const char *path);

/* --- listeners ----------------------------------------------------------------------------- */

enum { DOCTOR_LISTENERS_MAX = 32 };

struct doctor_listener {
    char name[DOCTOR_NAME_BYTES], address[DOCTOR_NAME_BYTES];
    char package[64], packages[64], ntlm[16], spn[DOCTOR_NAME_BYTES]; /* "": not given */
    int lm_level;                                                     /* -1: not given */
};
struct doctor_listeners {
    struct doctor_listener list[DOCTOR_LISTENERS_MAX];
    size_t n;
};
/* What the library's settings leave out. */
SEC_NODISCARD bool doctor_listeners_read(struct doctor_listeners *, const char *file,
                                         struct config_error *);
/* Its address, and what it takes. */
void doctor_listener_examine(struct doctor_report *, const struct doctor_listener *,
                             const struct settings_text *);

/* The same of programs that are no listener, clients above all. */
void doctor_policy_examine(struct doctor_report *, const struct settings_text *);

/* --- the daemons --------------------------------------------------------------------------- */

/* Those that run, and whether they run under what the file says. */
void doctor_daemons_examine(struct doctor_report *, const char *file);

/* --- the service --------------------------------------------------------------------------- */

/* Keytab, names, KDC, ticket. */
void doctor_service_examine(struct doctor_report *, const struct doctor_request *,
                            const struct doctor_user *, const struct settings_text *);

#endif
