/* SPDX-License-Identifier: Apache-2.0 */
#include "base/boot_id.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

bool
boot_id_read(const char *file, uint8_t id[static BOOT_ID_BYTES])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, id, BOOT_ID_BYTES);

    if (fd >= 0) {
        (void)close(fd);
    }
    return n == BOOT_ID_BYTES;
}

bool
boot_id_file_is_of_this_boot(int fd)
{
    struct statfs st;

    return fstatfs(fd, &st) == 0 && (st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC);
}
