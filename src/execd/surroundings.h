/* SPDX-License-Identifier: Apache-2.0 */
/* What a good configuration names and this machine may not have: programs, users, groups. */
#ifndef EXECD_SURROUNDINGS_H
#define EXECD_SURROUNDINGS_H

#include "execd/settings.h"

/* Tells of each thing for which clients of a command are going to be refused: "[exec a] command: …".
 * None is a fault of the configuration's: it may be put right without it, and one command keeps no
 * other from running. The name service is asked, which may block. */
void execd_surroundings_check(const struct execd_settings *settings,
                              void (*tell)(void *user, const char *text), void *user);

#endif
