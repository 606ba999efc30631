/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a value that was taken, and where it stands. */
#ifndef BASE_CONFIG_PLACE_H
#define BASE_CONFIG_PLACE_H

#include "base/config.h"

/* "FILE:LINE: [section] key: …" of a section that has no name; "FILE: [section] key: …" where the key is
 * not in the file, so that it is a default that does not hold here. */
SEC_PRINTF(5, 6)
void config_place_fail(struct config_error *, const char *file, const char *section,
                       const char *key, const char *format, ...);

#endif
