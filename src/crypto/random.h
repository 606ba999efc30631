/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the kernel, taken in blocks per thread. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Fills n bytes. Each byte of a block is wiped as it is handed out, and a child process never
 * sees what its parent held. false: the kernel gave none; *to is zeroed and must not be used. */
SEC_NODISCARD bool random_bytes(void *to, size_t n);

#endif
