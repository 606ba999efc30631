/* SPDX-License-Identifier: Apache-2.0 */
/* What tells this boot of the machine from others, for files that mean something in one alone. */
#ifndef BASE_BOOT_ID_H
#define BASE_BOOT_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum { BOOT_ID_BYTES = 36 };

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

/* false: it cannot be had, as where /proc has processes alone (ProcSubset=pid). */
SEC_NODISCARD bool boot_id_read(const char *file, uint8_t id[static BOOT_ID_BYTES]);
/* Whether this file or folder is gone after the boot: it is on tmpfs or ramfs. */
SEC_NODISCARD bool boot_id_file_is_of_this_boot(int fd);

#endif
