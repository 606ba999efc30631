/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration file says, as a number: whether it still says what it said. */
#ifndef BASE_CONFIG_DIGEST_H
#define BASE_CONFIG_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

/* Of these sections (NULL at the end) names, keys and values in their order; comments, blanks and other
 * sections do not count. No defence against somebody who looks for two files of the same number. false:
 * the file cannot be read. */
SEC_NODISCARD bool config_digest(const char *file, const char *const *sections, uint64_t *out);

#endif
