/* SPDX-License-Identifier: Apache-2.0 */
/* A tty's settings and its modem's lines. */
#ifndef RAS_TTY_MODE_H
#define RAS_TTY_MODE_H

#include <stdbool.h>

#include "ras/settings.h"

/* Raw, with these settings; DCD is for the caller to look at. */
bool tty_mode_set(int fd, const struct serial_settings *settings);
/* -1: the device does not tell. */
int tty_mode_carrier(int fd, const struct serial_settings *settings);
bool tty_mode_dtr(int fd, bool on);
bool tty_mode_blocking(int fd, bool blocking);

#endif
