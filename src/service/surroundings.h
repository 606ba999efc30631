/* SPDX-License-Identifier: Apache-2.0 */
/* What a good configuration names and this machine may not have: files, folders, addresses. */
#ifndef SERVICE_SURROUNDINGS_H
#define SERVICE_SURROUNDINGS_H

#include "service/settings.h"

/* Tells of each thing that keeps the service, or a part of its clients, from what they need, as far
 * as it can be seen with this process's rights: "[accounts] store: …". None is a fault of the
 * configuration's: what is missing may come later. */
void surroundings_check(const struct settings *settings, void (*tell)(void *user, const char *text),
                        void *user);

#endif
