/* SPDX-License-Identifier: Apache-2.0 */
/* "HOST:PORT" and "[ADDRESS]:PORT". */
#include <stdio.h>
#include <string.h>

#include "base/host_port.h"

bool
host_port_split(const char *text, char host[static HOST_PORT_HOST_BYTES], const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';

    if (!n || !colon[1] || n >= HOST_PORT_HOST_BYTES || (!brackets && memchr(text, ':', n))) {
        return false;
    }
    (void)snprintf(host, HOST_PORT_HOST_BYTES, "%.*s", (int)(brackets ? n - 2 : n),
                   text + brackets);
    *port = colon + 1;
    return host[0] != 0;
}
