/* SPDX-License-Identifier: Apache-2.0 */
/* What the server of Microsoft's second socket sample says after the handshake. */
#ifndef TOOLS_CONNECT_SAMPLE_H
#define TOOLS_CONNECT_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include <opensspi/opensspi.h>

/* One sealed message, which ends with the connection, to standard output. false: said on standard
 * error. fd is non-blocking. */
bool connect_sample_run(int fd, CtxtHandle *context, uint64_t deadline_ms);

#endif
