/* SPDX-License-Identifier: Apache-2.0 */
/* Tells systemd how the service is, where systemd started it (sd_notify(3), without the library). */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1". Nothing happens where NOTIFY_SOCKET is not set. */
void notify_systemd(const char *state);

/* That the configuration is read anew; READY=1 is to follow. */
void notify_reloading(void);

/* Whether systemd ends a service that does not tell in time that it lives; from the environment. */
bool notify_is_watched(void);

#endif
