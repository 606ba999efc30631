/* SPDX-License-Identifier: Apache-2.0 */
/* Of mprapi.h, what source for security modules needs. Source: its public documentation. */
#ifndef OPENSSPI_COMPAT_MPRAPI_H
#define OPENSSPI_COMPAT_MPRAPI_H

#include <lmcons.h>

#define MAX_DEVICE_NAME 128

#endif
