/* SPDX-License-Identifier: Apache-2.0 */
/* Tells systemd how the service is, where systemd started it (sd_notify(3), without the library). */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* "READY=1", "STOPPING=1". Nothing happens where NOTIFY_SOCKET is not set. */
void notify_systemd(const char *state);

#endif
