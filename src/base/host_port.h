/* SPDX-License-Identifier: Apache-2.0 */
/* "HOST:PORT" and "[ADDRESS]:PORT", as people type them. */
#ifndef BASE_HOST_PORT_H
#define BASE_HOST_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum { HOST_PORT_HOST_BYTES = 256 };

/* The host without brackets into host; *port is a view into text. false: it is none of the two. */
SEC_NODISCARD bool host_port_split(const char *text, char host[static HOST_PORT_HOST_BYTES],
                                   const char **port);

#endif
