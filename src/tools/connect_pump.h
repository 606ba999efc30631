/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-connect's stream: standard input to sealed messages, sealed messages to standard output. */
#ifndef TOOLS_CONNECT_PUMP_H
#define TOOLS_CONNECT_PUMP_H

#include <stdbool.h>

#include <opensspi/opensspi.h>

/* Until both directions have ended. false: said on standard error. */
bool connect_pump_run(int fd, CtxtHandle *context);

#endif
