/* SPDX-License-Identifier: Apache-2.0 */
/* Service principal names, as configured and as sent: "HTTP/www.example.test:8080". */
#ifndef BASE_SPN_H
#define BASE_SPN_H

#include <stdbool.h>

#include "base/bytes.h"

/* Whether a name that a client sent is one of the service's: class and host without case; a port
 * or a service name where both have one. UTF-16LE. */
bool spn_matches(struct bytes own, struct bytes sent);

#endif
