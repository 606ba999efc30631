/* SPDX-License-Identifier: Apache-2.0 */
/* What rasd is asked and told over its control socket: docs/INTERFACES.md. */
#ifndef RAS_REQUESTS_H
#define RAS_REQUESTS_H

#include <stddef.h>

#include <jansson.h>

#include "base/log.h"
#include "daemon/in_effect.h"
#include "ras/port.h"

struct requests {
    const struct log *log;
    struct port *const *ports; /* borrowed */
    size_t n_ports;
    const struct in_effect *in_effect; /* borrowed */
};

/* user: struct requests. For struct control_requests. */
json_t *requests_answer(void *user, const char *request);

#endif
