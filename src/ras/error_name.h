/* SPDX-License-Identifier: Apache-2.0 */
/* Remote Access' errors by name. */
#ifndef RAS_ERROR_NAME_H
#define RAS_ERROR_NAME_H

#include <stdint.h>

/* "ERROR_PORT_DISCONNECTED"; NULL: not one of raserror.h's. Static. */
const char *error_name(uint32_t error);

#endif
