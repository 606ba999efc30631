/* SPDX-License-Identifier: Apache-2.0 */
/* What a good configuration names and this machine may not have: files and their folders. None is a
 * fault of the configuration's: what is missing may come later. As far as it can be seen with this
 * process's rights. */
#ifndef DAEMON_SURROUNDINGS_H
#define DAEMON_SURROUNDINGS_H

#include <stdbool.h>

#include "base/attributes.h"

struct surroundings_report {
    void (*tell)(void *user, const char *text);
    void *user;
};

SEC_PRINTF(2, 3) void surroundings_say(const struct surroundings_report *, const char *format, ...);

/* The folder that path is in; mode: access(2)'s. false: it was told, as "[key]: the folder …". */
bool surroundings_check_folder(const struct surroundings_report *, const char *key,
                               const char *path, int mode);
/* The folder that a socket is to be made in; not below /run, where systemd makes it with the service. */
void surroundings_check_socket(const struct surroundings_report *, const char *key,
                               const char *path);
/* The account store: "sqlite:PATH", whose file is not there before the first account is, and its key;
 * or the socket of "authority:PATH". section: where it stands, as in "[accounts]". key_file may be
 * NULL. */
void surroundings_check_store(const struct surroundings_report *, const char *section,
                              const char *store, const char *key_file);

#endif
